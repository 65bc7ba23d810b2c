# Shared by tests of files as found in practice: `load ../programs`, `load replayed`, then set_up_replays in setup.
# shellcheck shell=bash

# Changes to a folder for the test's files. Calls find_programs and sets quick, options for short runs.
set_up_replays() {
    find_programs
    export PYTHONPATH=$root/tests/readers PYTHONDONTWRITEBYTECODE=1
    cd "$BATS_TEST_TMPDIR" || exit
    quick=(--epochs 2 --hidden 4 --threads 1 --quiet)
}

# has_parts TEXT PARTS: the text contains the parts, separated by ` ... `, in this order.
has_parts() {
    local rest=$1 parts=$2 part
    while [ "$parts" ]; do
        part=${parts%% ... *}
        [[ $rest == *"$part"* ]] || return 1
        rest=${rest#*"$part"}
        [[ $parts == *' ... '* ]] || return 0
        parts=${parts#* ... }
    done
}

# trained PARTS ARGUMENTS...: train succeeds and prints the parts.
trained() {
    local parts=$1
    shift
    run --separate-stderr "$train" "$@" "${quick[@]}"
    echo "$* -> $status: $stderr $output"
    [ "$status" -eq 0 ]
    has_parts "$output" "$parts"
}

refused() { # CODE PARTS ARGUMENTS...
    refused_by train "$train" "$@" --quiet
}

# repeat N: standard input, N times.
repeat() {
    local lines
    lines=$(cat)
    for ((i = 0; i < $1; i++)); do printf '%s\n' "$lines"; done
}
