#!/usr/bin/env bats
# --numa as a black box: the same weights for every value, on this machine, on one that pretends to have two memory
# nodes, and on a system that refuses. tests/schedule/numa/two-nodes.sh checks where pages really are.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    short=(--data "$(few_digits)" --train-limit 640 --val-limit 100 --test-holdout 100 --epochs 1 --hidden '40,33'
        --json)
}

# json KEY: its value in $output.
json() {
    python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$output"
}

# trains COMMAND...: it warns of nothing and gets the same weights as every other.
trains() {
    run --separate-stderr "$@"
    echo "$*: $status: $stderr"
    [ "$status" -eq 0 ]
    [[ $stderr != *warning* ]]
    [ "$(json weights_hash)" = "${hash:=$(json weights_hash)}" ]
}

# pretending [VARIABLE=VALUE...] COMMAND...: on a machine with two nodes, odd threads on the second.
pretending() {
    [ -f "$BATS_TEST_TMPDIR/pretend.so" ] ||
        "${CC:-cc}" -std=c11 -D_GNU_SOURCE -shared -fPIC -o "$BATS_TEST_TMPDIR/pretend.so" "$root/tests/schedule/numa/pretend.c"
    rm -f "$BATS_TEST_TMPDIR/log"
    trains env LD_PRELOAD="$BATS_TEST_TMPDIR/pretend.so" PRETEND_LOG="$BATS_TEST_TMPDIR/log" "$@"
}

can_preload() {
    [[ $TP_SANITIZE != *address* ]] || skip "AddressSanitizer must be loaded first"
}

# logged PATTERN: how many calls of mbind match.
logged() {
    grep -cE "$1" "$BATS_TEST_TMPDIR/log" || true
}

@test "every --numa gives the same weights" {
    for mode in off auto interleave replicate; do
        for threads in 1 2 3; do
            trains "$train" "${short[@]}" --threads-exact "$threads" --numa "$mode"
        done
    done
}

@test "an unknown value of --numa is refused with the valid ones" {
    for value in on '' Auto; do
        run --separate-stderr "$train" "${short[@]}" --numa="$value"
        echo "$value: $stderr"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [ "$stderr" = "train: --numa: expected one of auto, off, interleave, replicate, found \"$value\"" ]
    done
}

@test "on two nodes every --numa gives the same weights and reports what it did" {
    can_preload
    for threads in 2 3; do
        trains "$train" "${short[@]}" --threads-exact "$threads"
        for mode in interleave replicate; do
            pretending "$train" "${short[@]}" --threads-exact "$threads" --numa "$mode"
            [ "$(json numa)" = "$mode" ]
            [ "$(json numa_nodes)" = 2 ]
            [[ $stderr == *"memory      2 memory nodes, weights on those of their threads, data "* ]]
            [ "$(logged '^prefer 1 ')" -ge 1 ]
            [ "$(logged '^prefer 0 ')" -ge 1 ]
            [ "$(logged '^default ')" -ge 2 ]
        done
    done
}

@test "auto replicates if the copies fit, else interleaves" {
    can_preload
    pretending PRETEND_FREE=1000000000 "$train" "${short[@]}" --threads-exact 2
    [ "$(json numa)" = replicate ]
    pretending PRETEND_FREE=500000 "$train" "${short[@]}" --threads-exact 2
    [ "$(json numa)" = interleave ]
    [ "$(logged '^interleave 0,1 ')" -ge 1 ]
}

@test "off and one thread leave memory policies alone" {
    can_preload
    pretending "$train" "${short[@]}" --threads-exact 2 --numa off
    [ "$(json numa)" = off ]
    [[ $stderr != *"memory nodes"* ]]
    [ ! -e "$BATS_TEST_TMPDIR/log" ]
    pretending "$train" "${short[@]}" --threads-exact 1 --numa replicate
    [ "$(json numa)" = off ]
    [ "$(json numa_nodes)" = 1 ]
    [ ! -e "$BATS_TEST_TMPDIR/log" ]
}

@test "a system that refuses halfway counts as one without nodes, silently" {
    can_preload
    for granted in 0 1; do
        for mode in auto interleave replicate; do
            pretending PRETEND_GRANTED=$granted "$train" "${short[@]}" --threads-exact 2 --numa "$mode"
            [ "$(logged refused)" -ge 1 ]
            [ "$(json numa)" = off ]
        done
    done
}

@test "a container that forbids all NUMA calls counts as one without nodes, silently" {
    "${CC:-cc}" -o "$BATS_TEST_TMPDIR/refuse" "$root/tests/schedule/numa/refuse.c"
    run --separate-stderr "$BATS_TEST_TMPDIR/refuse" /bin/true
    [ "$status" -eq 0 ] || skip "no filter of system calls can be set here: $stderr"
    trains "$train" "${short[@]}" --threads-exact 2
    for mode in off auto interleave replicate; do
        trains "$BATS_TEST_TMPDIR/refuse" "$train" "${short[@]}" --threads-exact 2 --numa "$mode"
        [ "$(json numa)" = off ]
    done
}
