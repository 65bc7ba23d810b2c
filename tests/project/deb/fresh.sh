#!/usr/bin/env bash
# Run by hand as root; needs mmdebstrap. Installs, uses and removes the package in a minimal Debian 12.
#
#     make deb && tests/project/deb/fresh.sh build/deb/tileprop_*.deb
#
# The last line reports success.
set -euo pipefail

package=$(realpath "$1")
machine=$(mktemp -d)
trap 'rm -rf --one-file-system "$machine"' EXIT

inside() {
    chroot "$machine" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}

files() {
    (cd "$machine" && find . -xdev \( -path ./var -o -path ./tmp -o -path ./etc -o -path ./proc -o -path ./dev \) -prune -o -print | sort)
}

mmdebstrap --quiet --variant=minbase bookworm "$machine"
cp /etc/resolv.conf "$machine/etc/resolv.conf"
cp "$package" "$machine/tmp/tileprop.deb"
inside apt-get -qq update
files >"$machine/tmp/before"
inside apt-get -q -y install --no-install-recommends /tmp/tileprop.deb

inside tileprop-train --version
inside tileprop-train --hidden 64,64 --save /tmp/m --quiet | tee "$machine/tmp/out"
grep -q 'weights  *f58d9f8c910728a1' "$machine/tmp/out" # what README says of this network
inside tileprop-predict /tmp/m
inside tileprop-export /tmp/m --c /tmp/m.h

# A program with the library, built as manual/library.md says.
cp examples/predict.c "$machine/tmp"
inside apt-get -q -y install --no-install-recommends gcc libc6-dev pkg-config >/dev/null
# shellcheck disable=SC2016 # the machine's shell is to expand it
inside sh -c 'gcc /tmp/predict.c -o /tmp/predict $(pkg-config --cflags --libs tileprop) && ldd /tmp/predict'
IFS=', ' read -ra recommended <<<"$(dpkg-deb -f "$package" Recommends)"
inside apt-get -q -y install --no-install-recommends "${recommended[@]}" >/dev/null
# shellcheck disable=SC2016 # the same
inside sh -c 'gcc /tmp/predict.c -o /tmp/predict $(pkg-config --cflags --static --libs tileprop | sed "s/-ltileprop/-l:libtileprop.a/") &&
              ldd /tmp/predict && ! ldd /tmp/predict | grep libtileprop'

inside apt-get -q -y purge --autoremove tileprop gcc libc6-dev pkg-config "${recommended[@]}" >/dev/null
files | diff "$machine/tmp/before" -
echo "$(basename "$package"): installs, trains, predicts, exports and goes on Debian $(inside cat /etc/debian_version)"
