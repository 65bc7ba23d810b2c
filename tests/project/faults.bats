#!/usr/bin/env bats
# What the programs leave behind when the system refuses something: tests/project/faults/faults.py says what is tried.

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

@test "an allocation that fails: one line, exit 1, no leak, no harm, at every place that allocates" {
    faults allocations
    [[ ${lines[0]} =~ ^([0-9]+)\ places ]]
    [ "${BASH_REMATCH[1]}" -ge 200 ]
}

@test "a call that makes, writes, syncs or renames a file fails: one line that names it, exit 1, no harm" {
    command -v strace >/dev/null || skip "strace is not installed"
    strace -qq -o /dev/null true || skip "no process can be traced here"
    faults writes
}

@test "a limit on the size of files, as of ulimit -f, is an error like others" {
    faults limits
}

@test "a full disk: one line that names the file, exit 1, no harm" {
    faults disk
}

@test "standard output on a full disk is exit 1, whatever a program was to say" {
    faults output
}

@test "what cannot be written is refused before data are looked for" {
    faults refusals
}

@test "SIGKILL at a random moment harms no file" {
    faults kills 20
}

@test "a file that asks for more than it holds gets no more than a stated multiple of its size" {
    [ -z "$TP_SANITIZE" ] || skip "sanitizers take memory of their own"
    runs tests/project/faults/bounds.py
}
