# tests/run must not report a bad run as good: each kind of failure, as a small fake program.

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    runner=$BATS_TEST_DIRNAME/../run
}

# fake NAME: a test program with the body on standard input.
fake() {
    { echo '#!/bin/bash'; cat; } >"$1"
    chmod +x "$1"
}

last_line_is() {
    echo "$output"
    [ "${lines[-1]}" = "$1" ]
}

@test "passing programs are summed" {
    fake one <<<'printf "1..2\nok 1 - a\nok 2 - b\n"'
    fake two <<<'printf "ok 1 - c\n1..1\n"'
    run "$runner" ./one ./two
    [ "$status" -eq 0 ]
    last_line_is "3 passed, 0 failed"
}

@test "a failed test fails the run and its output is shown" {
    fake bad <<<'printf "1..2\nok 1 - a\n# 0x1 != 0x2\nnot ok 2 - b\n"; exit 1'
    run "$runner" ./bad
    [ "$status" -eq 1 ]
    [[ $output == *"0x1 != 0x2"* ]]
    [[ $output == *"# FAILED ./bad: b"* ]]
    last_line_is "1 passed, 1 failed"
}

@test "a failed test fails the run whatever the exit status" {
    fake bad <<<'printf "1..1\nnot ok 1 - a\n"'
    run "$runner" ./bad
    [ "$status" -eq 1 ]
    last_line_is "0 passed, 1 failed"
}

@test "a crash after the last test is a failure" {
    fake crash <<<'printf "1..1\nok 1 - a\n"; kill -SEGV $$'
    run "$runner" ./crash
    [ "$status" -eq 1 ]
    [[ $output == *"ended by signal 11"* ]]
    last_line_is "1 passed, 1 failed"
}

@test "a nonzero exit status without a failed test is a failure" {
    fake leak <<<'printf "1..1\nok 1 - a\n"; exit 23'
    run "$runner" ./leak
    [ "$status" -eq 1 ]
    last_line_is "1 passed, 1 failed"
}

@test "a program that hangs is stopped" {
    fake hang <<<'printf "1..1\nok 1 - a\n"; sleep 60'
    TP_TIME_LIMIT=1 run "$runner" ./hang
    [ "$status" -eq 1 ]
    [[ $output == *"stopped after 1 seconds"* ]]
    last_line_is "1 passed, 1 failed"
}

@test "fewer tests than planned are a failure" {
    fake few <<<'printf "1..3\nok 1 - a\nok 2 - b\n"'
    run "$runner" ./few
    [ "$status" -eq 1 ]
    [[ $output == *"planned 3 tests, ran 2"* ]]
    last_line_is "2 passed, 1 failed"
}

@test "a missing plan, test, program or file is a failure" {
    fake silent </dev/null
    run "$runner" ./silent
    [ "$status" -eq 1 ]
    last_line_is "0 passed, 1 failed"
    fake empty <<<'echo 1..0'
    run "$runner" ./empty
    [ "$status" -eq 1 ]
    last_line_is "0 passed, 1 failed"
    run "$runner"
    [ "$status" -eq 1 ]
    last_line_is "0 passed, 1 failed"
    run "$runner" ./absent
    [ "$status" -eq 1 ]
}

@test "skips are named with their reason" {
    fake tap <<<'printf "1..2\nok 1 - a\nok 2 - b # SKIP no clang\n"'
    fake cmocka <<<'printf "1..2\nok 1 - a\n# SKIP no avx2\nnot ok 2 # SKIP kernels\n"'
    fake whole <<<'echo "1..0 # SKIP no network"'
    run "$runner" ./tap ./cmocka ./whole
    [ "$status" -eq 0 ]
    [[ $output == *"# SKIP ./tap: b: no clang"* ]]
    [[ $output == *"# SKIP ./cmocka: kernels: no avx2"* ]]
    [[ $output == *"# SKIP ./whole: all: no network"* ]]
    last_line_is "2 passed, 0 failed, 3 skipped"
}

@test "a skip without a reason is a failure" {
    fake cmocka <<<'printf "1..2\nok 1 - a\nnot ok 2 # SKIP kernels\n"'
    run "$runner" ./cmocka
    [ "$status" -eq 1 ]
    last_line_is "1 passed, 1 failed"
}

@test "a run that skips everything fails" {
    fake whole <<<'echo "1..0 # SKIP no network"'
    run "$runner" ./whole
    [ "$status" -eq 1 ]
}

@test "bats files are run" {
    printf '@test "good" { true; }\n@test "bad" { false; }\n@test "not here" { skip "no such thing"; }\n' >some.bats
    run "$runner" some.bats
    [ "$status" -eq 1 ]
    [[ $output == *"# SKIP some.bats: not here: no such thing"* ]]
    last_line_is "1 passed, 1 failed, 1 skipped"
}

@test "programs run concurrently and are shown in the order given" {
    for name in one two; do
        fake $name <<<'printf "1..1\nok 1 - a\n"; touch "$0.here"; until [[ -e one.here && -e two.here ]]; do sleep 0.1; done
            [[ $0 == *two ]] || sleep 0.5'
    done
    TP_JOBS=2 TP_TIME_LIMIT=20 run "$runner" ./one ./two
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "./one: 1 passed, 0 failed" ]
    [ "${lines[1]}" = "./two: 1 passed, 0 failed" ]
}

@test "stopping the run stops its programs" {
    fake slow <<<'echo $$ >pid; exec sleep 60'
    TP_JOBS=1 "$runner" ./slow ./slow >/dev/null &
    local runner_pid=$! patience=100
    until [ -s pid ] || [ $((patience--)) -eq 0 ]; do sleep 0.1; done
    kill "$runner_pid"
    wait "$runner_pid" || [ $? -eq 130 ]
    patience=100
    while kill -0 "$(<pid)" 2>/dev/null && [ $((patience--)) -gt 0 ]; do sleep 0.1; done
    ! kill -0 "$(<pid)"
}
