#!/usr/bin/env bats
# Memory that is read before it is written, after it is freed or past its end, and leaks: `make memcheck`.

@test "Valgrind finds no errors: training, checking, prediction, readers of all formats" {
    run tests/project/faults/faults.py memcheck
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = '0 wrong' ]
}
