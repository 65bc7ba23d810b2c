#!/usr/bin/env bats
# The program on this CPU and on emulated ones without AVX-512 and without AVX, which kill a program that executes a
# missing instruction.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    [ "$(uname -m)" = x86_64 ] || skip "this machine is not x86-64"
    find_programs
    short=(--data "$root/data/mnist" --train-limit 320 --val-limit 100 --epochs 1 --hidden 16 --threads 1 --quiet
        --json)
}

# json KEY: its value in $output.
json() {
    python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$output"
}

# on CPU ARGUMENTS...: runs the program on that CPU; $errors is the program's own stderr.
on() {
    [ -z "$TP_SANITIZE" ] || skip "the sanitizers' own memory does not fit the emulator"
    command -v qemu-x86_64 >/dev/null || skip "no qemu-x86_64 here (Debian: qemu-user)"
    local cpu=$1
    shift
    run --separate-stderr qemu-x86_64 -cpu "$cpu" "$train" "$@"
    errors=$(grep -v '^qemu-x86_64: warning:' <<<"$stderr" || true)
    echo "$cpu: $status: $errors"
}

# trains_on CPU TIER: a run there takes TIER and gives the weights that this machine gives.
trains_on() {
    run --separate-stderr "$train" "${short[@]}"
    [ "$status" -eq 0 ]
    hash=$(json weights_hash)
    on "$1" "${short[@]}"
    [ "$status" -eq 0 ]
    [ -z "$errors" ]
    [ "$(json isa)" = "$2" ]
    [ "$(json weights_hash)" = "$hash" ]
}

@test "the tiers of this CPU are found" {
    tiers=" $("$train" --version | sed -n 's/^tiers found here: //p') "
    echo "$tiers"
    if grep -qw avx2 /proc/cpuinfo; then [[ $tiers == *" avx2 "* ]]; fi
    if grep -qw avx512f /proc/cpuinfo; then [[ $tiers == *" avx512 "* ]]; fi
}

@test "a CPU with AVX2 but not AVX-512 runs the avx2 tier, with the same weights" {
    trains_on Haswell avx2
}

@test "a CPU without AVX runs the reference tier, with the same weights" {
    trains_on Nehalem reference
}

@test "a CPU with AVX but not AVX2 runs the reference tier" {
    on SandyBridge --version
    [ "$status" -eq 0 ]
    grep -qx 'tiers found here: reference' <<<"$output"
}

@test "a tier that the CPU lacks is refused, naming those that it has" {
    on Haswell "${short[@]}" --isa avx512
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $errors == "train: --isa: expected one of auto, reference, avx2, which this CPU"*"found \"avx512\"" ]]
    [ "$(wc -l <<<"$errors")" -eq 1 ]
    on Nehalem "${short[@]}" --isa avx2
    [ "$status" -eq 2 ]
    [[ $errors == "train: --isa: expected one of auto, reference, which this CPU"*"found \"avx2\"" ]]
}
