#!/usr/bin/env bash
# Run by hand: checks that the project builds and works without x86-64. Builds for aarch64 with Debian's cross compiler,
# in build/aarch64, and runs under qemu: --help, the unit tests, the kernel check of the reference tier, and a short
# training that must give the weights of the native build. As root it installs its dependencies first.
set -eu
cd "$(dirname "$0")/../.."

native=${TP_TRAIN:-bin/train}
build=build/aarch64
triplet=aarch64-linux-gnu

if [[ $EUID -eq 0 ]] && ! command -v $triplet-gcc >/dev/null; then
    dpkg --add-architecture arm64
    apt-get -q update
    apt-get -q -y install --no-install-recommends gcc-aarch64-linux-gnu qemu-user libgomp1:arm64 libc6-dev:arm64 \
        libcmocka-dev:arm64 libdeflate-dev:arm64 libjansson-dev:arm64 libnuma-dev:arm64 libpng-dev:arm64 \
        libxxhash-dev:arm64 librandom123-dev pkg-config
fi

export PKG_CONFIG_LIBDIR=/usr/lib/$triplet/pkgconfig:/usr/share/pkgconfig
tests=(tests/*/test_*.c)
programs=("${tests[@]/#/$build/}" $build/tests/kernels/check_kernels)
make CC=$triplet-gcc AR=$triplet-ar BUILD=$build BIN=$build/bin $build/bin/{train,predict,sweep,export} "${programs[@]%.c}"

qemu-aarch64 $build/bin/train --help >/dev/null
options=(--data data/mnist --train-limit 2000 --val-limit 500 --epochs 1 --threads-exact 2 --quiet --json)
hash_of() { sed -n 's/.*"weights_hash": *"\([0-9a-f]*\)".*/\1/p'; }
here=$("$native" "${options[@]}" | hash_of)
there=$(qemu-aarch64 $build/bin/train "${options[@]}" | hash_of)
echo "weights native $here, aarch64 $there"
[[ -n $here && $here == "$there" ]]

# Every program through qemu, as tests/run expects programs. test_arena is left out: it reads /proc/self/smaps, which
# lists qemu's own mappings. With qemu 7.2 six tests fail: in api-test_extremes a time limit, in system-test_memory and
# system-test_threads limits that qemu does not apply, and in model-test_model (two) and model-test_safetensors the heap,
# which brk() cannot extend there: malloc() then leaves ENOMEM in errno although it succeeds.
rm -rf $build/run
mkdir -p $build/run
for program in "${programs[@]%.c}"; do
    [[ $program != */test_arena ]] || continue
    name=${program#"$build"/tests/}
    wrapper=$build/run/${name//\//-}
    printf '#!/bin/sh\nexec qemu-aarch64 %q "$@"\n' "$program" >"$wrapper"
    chmod +x "$wrapper"
done
TP_TIME_LIMIT=1800 tests/run $build/run/*
