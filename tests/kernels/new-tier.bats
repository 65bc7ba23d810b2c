#!/usr/bin/env bats
# Adding a tier takes four things: its folder, a line in tiers.def, a CPU test in cpu.c, a line of flags. The program,
# its tests and its benchmarks then include it.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    command -v git >/dev/null && git -C "$root" rev-parse 2>/dev/null || skip "no git, or no clone: no list of the tree's files"
    tree=$BATS_TEST_TMPDIR
    (cd "$root" && git ls-files -z --cached --others --exclude-standard -- ':!data' | xargs -0 cp --parents -t "$tree" 2>/dev/null) || true
    ln -s "$root/data" "$tree/data"
    cd "$tree"
}

# The tier toy: avx2 under another name, or where this CPU lacks that, reference.
add_toy() {
    local of=avx2 file
    grep -qw avx2 /proc/cpuinfo || of=reference
    cp -r "kernels/$of" kernels/toy
    [ ! -f "kernels/toy/$of.c" ] || mv "kernels/toy/$of.c" kernels/toy/toy.c
    for file in kernels/toy/*.c; do
        sed -i "s/\(tp_[a-z0-9_]*\|verb##\)_$of\b/\1_toy/" "$file"
    done
    if [ "$of" = avx2 ]; then
        sed -i '/^TP_VECTOR_TIER(avx2,/a TP_VECTOR_TIER(toy, tp_cpu_has_toy())' kernels/tiers.def
        sed -i '/^static uint64_t saved_states/i bool tp_cpu_has_toy(void)\n{\n    return tp_cpu_has_avx2();\n}\n' kernels/cpu.c
        sed -i '/^FLAGS_avx2 /a FLAGS_toy := $(FLAGS_avx2)' Makefile
    else
        sed -i '/^TP_TIER(reference,/a TP_TIER(toy, true)' kernels/tiers.def
    fi
}

# weights_of TIER: the hash that a short run with it ends with.
weights_of() {
    bin/train --data data/mnist --train-limit 320 --val-limit 100 --epochs 1 --hidden 20 --threads 1 --quiet --json \
        --isa "$1" | python3 -c 'import json, sys; r = json.load(sys.stdin); print(r["isa"], r["weights_hash"])'
}

@test "adding a tier takes its folder, a line in tiers.def, a CPU test and a line of flags" {
    add_toy
    # Unrolled tiles take most of the time to compile, and change no bit.
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -j2 ${CC:+CC="$CC"} CFLAGS='-O1 -g0 -DTP_KEEP_LOOPS' bin/train \
        build/tests/kernels/check_kernels build/libbench.a
    bin/train --version | grep '^tiers built: .*\btoy\b'
    bin/train --version | grep '^tiers found here: .*\btoy\b'
    bin/train --help all | grep '{auto, .*\btoy\b.*}'
    [ "$(weights_of toy)" = "toy $(weights_of reference | cut -d ' ' -f 2)" ]
    run build/tests/kernels/check_kernels --only _toy
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"ok 1 - tp_pack_u8_toy equals "* ]]
    [[ $output == *" - tp_update_toy equals "* ]]
    nm build/libbench.a | grep -qw loops_toy
}
