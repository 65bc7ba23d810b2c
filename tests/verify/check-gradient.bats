#!/usr/bin/env bats
# train --check-gradient as a user runs it. test_gradient_check.c plants the errors that it must catch.

bats_require_minimum_version 1.5.0

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    train=${TP_TRAIN:-$root/bin/train}
    cd "$root"
}

check() {
    "$train" --data "$root/data/mnist" --train-limit 20000 --check-gradient "$@"
}

# field EXPRESSION: of the JSON object.
field() {
    python3 -c "import json, sys; r = json.load(sys.stdin); print($1)"
}

# What the course allows; a sanitizer's code takes several times as long.
course_seconds=30
[ -z "$TP_SANITIZE" ] || course_seconds=200

@test "the course's criterion is met by the recorded seed of [64, 10], in less than 30 s" {
    run --separate-stderr timeout "$course_seconds" "$train" --data "$root/data/mnist" --train-limit 20000 --check-gradient \
        --hidden 64 --activation sigmoid --seed 1 --json
    [ "$status" -eq 0 ]
    [ "$(field 'r["course"]["met"], r["course"]["difference"] <= 1e-6, r["passed"]' <<<"$output")" = \
        "True True True" ]
    [ "$(field 'sum(l["weights"] for l in r["layers"]), r["samples"]' <<<"$output")" = "50880 100" ]
}

@test "the course's criterion is met by the recorded seed of [64, 64, 10], in less than 30 s" {
    run --separate-stderr timeout "$course_seconds" "$train" --data "$root/data/mnist" --train-limit 20000 --check-gradient \
        --hidden 64,64 --activation lecun-tanh --seed 1 --json
    [ "$status" -eq 0 ]
    [ "$(field 'r["course"]["met"], r["course"]["difference"] <= 1e-6, r["passed"]' <<<"$output")" = \
        "True True True" ]
    [ "$(field 'sum(l["weights"] for l in r["layers"])' <<<"$output")" = 54976 ]
}

@test "a step has the reference's bits on every available tier, whatever --isa says" {
    run --separate-stderr check --hidden 8 --isa reference --json
    [ "$status" -eq 0 ]
    tiers=$(field 'r["tiers"]' <<<"$output")
    for tier in $("$train" --version | sed -n 's/^tiers found here: //p'); do
        [ "$tier" = reference ] || [[ $tiers == *"'$tier': True"* ]]
    done
}

@test "a tier whose step differs in its bits fails the check" { # forward is wrong: tests/bench/wrong_forward.c
    grep -qw avx2 /proc/cpuinfo || skip "the reference tier alone runs here"
    run --separate-stderr "${TP_BUILD:-$root/build}/wrong/train" --data "$root/data/mnist" --train-limit 200 --check-gradient \
        --hidden 8 --json
    [ "$status" -eq 1 ]
    [[ ${stderr_lines[-1]} == "train: --check-gradient: "* ]]
    [ "$(field 'r["passed"], r["tiers"]["avx2"], all(l["passed"] for l in r["layers"])' <<<"$output")" = "False False True" ]
}

@test "it checks the network of the options: all biases, relu, no hidden layer" {
    for options in "--hidden 6,5 --activation relu --bias all --init he" "--hidden none --bias none" \
        "--hidden 4 --activation tanh --normalize unit --seed 7" "--hidden 4 --normalize scale"; do
        # shellcheck disable=SC2086
        run check $options
        [ "$status" -eq 0 ]
        [[ $output != *WRONG* && $output != *wide* ]]
    done
}

@test "two checks print the same, for any number of threads" {
    check --hidden 8 --threads 1 --json >"$BATS_TEST_TMPDIR/first" 2>&1
    check --hidden 8 --threads-exact 3 --json >"$BATS_TEST_TMPDIR/second" 2>&1
    cmp "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"
}

@test "gradients that cannot be judged are a failure: exit 1 and one line" {
    # Sums of this size saturate the unit: its gradients are below what a difference of losses can show.
    run --separate-stderr check --hidden 1 --activation sigmoid --normalize none
    [ "$status" -eq 1 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ ${stderr_lines[-1]} == "train: --check-gradient: "* ]]
    [[ $output == *"bound too wide"* ]]
}

@test "Ctrl-C ends the check" {
    "$train" --data "$root/data/mnist" --check-gradient --hidden 1000,1000 --json >"$BATS_TEST_TMPDIR/out" 2>&1 &
    sleep 2
    kill -TERM $!
    status=0
    wait $! || status=$?
    [ "$status" -eq 143 ]
    [ "$(grep '^{' "$BATS_TEST_TMPDIR/out" | field 'r["course"], r["layers"], r["passed"]')" = "None [] None" ]
}
