#!/usr/bin/env bats
# Programs started without standard input, output or error: their output never ends up in another file.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    export TILEPROP_ISA=reference # starts soonest: it has no peak that a run would measure
    cd "$BATS_TEST_TMPDIR" || return
    echo a,b,kind >table.csv
    for i in $(seq 60); do echo "$((i % 7)),$((i % 3)),c$((i % 2))"; done >>table.csv
    few=(--data "$PWD/table.csv" --hidden 4 --epochs 2 --batch 10)
    closings=('' '0<&-' '1>&-' '2>&-' '0<&- 1>&-' '0<&- 2>&-' '1>&- 2>&-' '0<&- 1>&- 2>&-')
}

# closed CLOSING PROGRAM ARGUMENTS...: exits with 1 if standard output is closed, and else with 0.
closed() {
    local closing=$1 code=0
    shift
    [[ $closing != *1* ]] || code=1
    run bash -c "exec \"\$@\" $closing" - "$@"
    echo "$closing -> $status: $output"
    [ "$status" -eq "$code" ]
}

# header_of CHECKPOINT: which says when it was written, so what it holds as a model stands for it.
header_of() {
    [ ! -e "$1" ] || { "$export_model" "$1" --c "$1.h" && rm "$1"; }
}

@test "train writes the same files whichever of its descriptors are closed" {
    for outputs in "--save m" "--save-best b" "--checkpoint c" "--history h" "--save m --save-best b --checkpoint c --history h"; do
        # shellcheck disable=SC2086 # words
        set -- "${few[@]}" $outputs
        mkdir -p expected found
        (cd expected && "$train" "$@" >/dev/null)
        header_of expected/c
        for closing in "${closings[@]}"; do
            (cd found && closed "$closing" "$train" "$@")
            header_of found/c
            diff -r expected found
            rm found/*
        done
        rm expected/*
    done
}

@test "predict and export write the same files whichever descriptors are closed" {
    "$train" "${few[@]}" --save m >/dev/null 2>&1
    "$predict" m --data table.csv --output expected.csv >/dev/null
    "$export_model" m --c expected.h
    for closing in "${closings[@]}"; do
        closed "$closing" "$predict" m --data table.csv --output rows.csv
        cmp rows.csv expected.csv
        bash -c "exec \"\$@\" $closing" - "$export_model" m --c model.h # prints nothing
        cmp model.h expected.h
        rm rows.csv model.h
    done
}

@test "an error message names a closed standard output" {
    run --separate-stderr bash -c 'exec "$@" >&-' - "$train" --help
    [ "$status" -eq 1 ]
    [ "$stderr" = "train: standard output: Bad file descriptor" ]
}
