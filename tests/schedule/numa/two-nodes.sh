#!/usr/bin/env bash
# Run by hand: checks that --numa places memory as documented on a machine with two memory nodes. Boots Debian's kernel
# in an emulator with two nodes of one CPU each, trains there on two threads with every --numa, and compares the weights
# with a run on this machine and the pages with the requested placement. KERNEL=FILE boots that kernel instead.
set -eu
cd "$(dirname "$0")/../../.."

build=${BUILD:-build}
work=$build/numa/boot
limit=120 # seconds for the whole machine, from power on to power off
samples=12000 # of the training set: 9 MiB, which is 5 of the pieces that are interleaved or 6
piece=512     # pages
options=(--hidden '32,32' --epochs 1 --evals-per-epoch 1 --threads-exact 2 --quiet --json)
failures=0

if [[ $EUID -eq 0 ]] && ! command -v qemu-system-x86_64 >/dev/null; then
    apt-get -q update
    apt-get -q -y install --no-install-recommends qemu-system-x86 busybox-static cpio
fi
rm -rf "$work"
mkdir -p "$work"/root/{bin,data,dev,proc,sys}
make "$build/numa/train" >&2

if [[ -z ${KERNEL:-} ]]; then
    package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2 }')
    (cd "$work" && apt-get -q download "$package" && dpkg-deb -x "$package"_*.deb kernel)
    KERNEL=$(echo "$work"/kernel/boot/vmlinuz-*)
fi

# The program with all that it loads, a data set that is small and many pages, and a shell.
cp "$build/numa/train" "$work/root/bin/train"
${CC:-cc} -O2 -o "$work/root/bin/refuse" tests/schedule/numa/refuse.c
cp "$(command -v busybox)" "$work/root/bin/busybox"
ldd "$build/numa/train" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$work/root$(dirname "$library")"
    cp -L "$library" "$work/root$library"
done
python3 - "$work/root/data" "$samples" <<'END'
import gzip
import struct
import sys

for name, count in (("train", int(sys.argv[2])), ("t10k", 300)):
    for kind, magic, size in (("images-idx3", 2051, 784), ("labels-idx1", 2049, 1)):
        with gzip.open(f"data/mnist/{name}-{kind}-ubyte.gz") as source:
            header = source.read(16 if size > 1 else 8)
            body = source.read(count * size)
        with open(f"{sys.argv[1]}/{name}-{kind}-ubyte", "wb") as target:
            target.write(struct.pack(">II", magic, count) + header[8:] + body)
END
cat >"$work/root/init" <<END
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t sysfs none /sys
/bin/busybox mount -t devtmpfs none /dev
export OMP_PLACES=cores OMP_PROC_BIND=spread
echo "kernel \$(/bin/busybox uname -r)"
for node in /sys/devices/system/node/node[0-9]; do
    echo "\${node##*/} cpus \$(/bin/busybox cat \$node/cpulist)"
done
for mode in auto interleave replicate off; do
    echo "run \$mode"
    /bin/train --data /data ${options[*]} --numa \$mode 2>&1
done
echo "run refused"
/bin/refuse /bin/train --data /data ${options[*]} --numa replicate 2>&1
echo "run end"
/bin/busybox poweroff -f
END
chmod +x "$work/root/init"
(cd "$work/root" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initramfs"

echo "tests/schedule/numa/two-nodes.sh, $(qemu-system-x86_64 --version | head -n 1)"
# TCG, so that it needs no permission for virtual machines and shows the same everywhere.
nice -n 10 timeout "$limit" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 512 \
    -object memory-backend-ram,id=m0,size=256M -numa node,nodeid=0,cpus=0,memdev=m0 \
    -object memory-backend-ram,id=m1,size=256M -numa node,nodeid=1,cpus=1,memdev=m1 \
    -kernel "$KERNEL" -initrd "$work/initramfs" -append 'console=ttyS0 quiet panic=-1' \
    -display none -serial stdio -monitor none -no-reboot </dev/null | tr -d '\r' | tee "$work/log"

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# part RUN: its output. json RUN KEY: a value of its JSON results.
part() { sed -n "/^run $1\$/,/^run /p" "$work/log"; }
json() { part "$1" | sed -n "s/.*\"$2\": *\"\{0,1\}\([^\",]*\).*/\1/p"; }

"$build/numa/train" --data "$work/root/data" "${options[@]}" >"$work/here"
here=$(sed -n 's/.*"weights_hash": *"\([0-9a-f]*\)".*/\1/p' "$work/here")
echo "here: weights $here"
grep -qx 'run end' "$work/log" || fail "the machine did not come to its end"

# pages RUN: of each thread, its node, the pages that it owns on nodes 0 and 1, those that it reads.
pages() { part "$1" | sed -n 's/^thread [0-9]* cpu [0-9]* node \([01]\) owns \([0-9]*\)+\([0-9]*\) reads \([0-9]*\)+\([0-9]*\)$/\1 \2 \3 \4 \5/p'; }

for run in auto interleave replicate off refused; do
    done=$run
    case $run in auto) done=replicate ;; refused) done=off ;; esac
    [[ $(json "$run" weights_hash) == "$here" ]] || fail "$run: weights $(json "$run" weights_hash), expected $here"
    [[ $(json "$run" numa) == "$done" ]] || fail "$run: did \"$(json "$run" numa)\", expected $done"
    [[ $(pages "$run" | awk '{ print $1 }' | sort -u | wc -l) -eq 2 ]] || fail "$run: threads not on both nodes"
    [[ $done != off ]] || continue
    while read -r node own0 own1 read0 read1; do
        own=("$own0" "$own1") read=("$read0" "$read1")
        [[ ${own[node]} -gt 0 && ${own[1 - node]} -eq 0 ]] ||
            fail "$run: the thread on node $node owns $own0 pages on node 0 and $own1 on node 1"
        case $done in
        replicate)
            # The pages at both ends of the caller's own data set are not all its own, and stay.
            [[ ${read[node]} -gt 0 && ${read[1 - node]} -le 2 ]] ||
                fail "$run: the thread on node $node reads $read0 pages on node 0 and $read1 on node 1"
            ;;
        interleave)
            [[ $((read0 - read1)) -ge -$piece && $((read0 - read1)) -le $piece ]] ||
                fail "$run: $read0 pages of the samples on node 0 and $read1 on node 1"
            ;;
        esac
    done < <(pages "$run")
done

[[ $failures -eq 0 ]] && echo "passed: every run placed its memory as asked, with the weights of a run here"
