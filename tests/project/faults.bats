#!/usr/bin/env bats
# What the programs leave behind when the system refuses something; tests/project/faults/faults.py describes the cases.

bats_require_minimum_version 1.5.0

faults() { # KIND ARGUMENTS...
    runs tests/project/faults/faults.py "$@"
}

runs() { # PROGRAM ARGUMENTS...
    run "$@"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = '0 wrong' ]
    [[ $output != *'# SKIP '* ]] || skip "$(sed -n 's/^# SKIP //p' <<<"$output")"
}

@test "a failed allocation at any call site: one line, exit 1, no leak, no damaged file" {
    faults allocations
    [[ ${lines[0]} =~ ^([0-9]+)\ places ]]
    [ "${BASH_REMATCH[1]}" -ge 200 ]
}

@test "a failed open, write, sync or rename: one line that names the file, exit 1, no damaged file" {
    command -v strace >/dev/null || skip "strace is not installed"
    strace -qq -o /dev/null true || skip "no process can be traced here"
    faults writes
}

@test "a file size limit (ulimit -f) is an ordinary error" {
    faults limits
}

@test "a full disk: one line that names the file, exit 1, no damaged file" {
    faults disk
}

@test "standard output on a full disk is exit 1 for every program" {
    faults output
}

@test "unwritable outputs are refused before data are read" {
    faults refusals
}

@test "SIGKILL at a random moment damages no file" {
    faults kills 20
}

@test "memory and time for a file are bounded by its size" {
    [ -z "$TP_SANITIZE" ] || skip "sanitizers take memory of their own"
    runs tests/project/faults/bounds.py
}
