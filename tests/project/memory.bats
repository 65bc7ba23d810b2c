#!/usr/bin/env bats
# Memory that is used before it is written, after it is freed or beyond its end, and leaks: `make memcheck`.

@test "Valgrind finds no errors: training, checking, prediction, readers of all formats" {
    run tests/project/faults/faults.py memcheck
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = '0 wrong' ]
}
