#!/usr/bin/env bats
# A program uses the name it was called by in its messages: installed programs have other names.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    cd "$BATS_TEST_TMPDIR" || return
    ln -s "$train" tileprop-train
    ln -s "$predict" tileprop-predict
    ln -s "$sweep" tileprop-sweep
    ln -s "$export_model" tileprop-export
}

@test "errors and warnings begin with the name the program was called by" {
    for name in train predict sweep export; do
        refused_by "tileprop-$name" "./tileprop-$name" 2 "--none: ... option" --none
    done
    seq 60 | awk '{ print $1 % 7 "," $1 % 2 }' >table.csv
    ./tileprop-train --data table.csv --header no --hidden 4 --epochs 1 --checkpoint c >/dev/null
    run --separate-stderr ./tileprop-train --data table.csv --header no --hidden 4 --epochs 1 --checkpoint c
    [ "$status" -eq 0 ]
    [[ $stderr == "tileprop-train: warning: --checkpoint: "* ]]
}

@test "--help uses the program's name, and its prefix in examples" {
    for name in train predict sweep export; do
        run "./tileprop-$name" --help
        [ "$status" -eq 0 ]
        [[ ${lines[0]} == "Usage: tileprop-$name "* ]]
        [ -z "$(awk 'length > 80' <<<"$output")" ]
        [ "$(sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' <<<"$output" | grep -v '^--' | grep -vc '^tileprop-')" -eq 0 ]
    done
    ./tileprop-train --help | grep -qx '  tileprop-predict digits.safetensors'
    "$train" --help | grep -qx '  predict digits.safetensors'
    ln -s "$train" other
    run ./other --help
    [ "${lines[0]}" = "Usage: other [OPTION]..." ]
}
