#!/usr/bin/env bats
# No program writes a file that it also reads, or writes one file twice; its inputs stay unchanged.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    cd "$BATS_TEST_TMPDIR" || return
    echo a,b,kind >table.csv
    for i in $(seq 60); do echo "$((i % 7)),$((i % 3)),c$((i % 2))"; done >>table.csv
    printf 'c0,1\nc1,2\n' >weights.csv
    few=(--data table.csv --hidden 4 --epochs 1 --batch 10 --quiet)
}

refused() { # PARTS ARGUMENTS...
    refused_by train "$train" 2 "$@"
}

@test "train does not write what it reads, however the path is spelled" {
    sha256sum table.csv weights.csv >sums
    ln -s table.csv link
    ln table.csv hard
    mkdir folder
    for name in table.csv ./table.csv folder/../table.csv "$PWD/table.csv" link hard; do
        for option in save save-best checkpoint history; do
            refused "--$option: ... $name ... --data" "${few[@]}" "--$option" "$name"
        done
    done
    cp table.csv other.csv
    refused "--history: ... other.csv ... --val-data" "${few[@]}" --val-data other.csv --history other.csv
    refused "--save: ... weights.csv ... --class-weight" "${few[@]}" --class-weight weights.csv --save weights.csv
    printf 'epochs = 1\n' >run.conf
    refused "--save: ... run.conf ... --config" "${few[@]:0:4}" --config run.conf --save run.conf
    sha256sum --check --quiet sums
}

@test "train does not write the IDX files of its data folder" {
    mkdir digits
    cp "$root"/data/mnist/* digits
    refused "--save: ... digits/train-labels-idx1-ubyte.gz ... --data" \
        --data digits --save digits/train-labels-idx1-ubyte.gz
    cmp digits/train-labels-idx1-ubyte.gz "$root/data/mnist/train-labels-idx1-ubyte.gz"
    "$train" --data digits --train-limit 640 --val-limit 100 --hidden none --epochs 1 --quiet --save digits/model >/dev/null
    [ -s digits/model ]
}

@test "two outputs must be two files, including those beside a plot" {
    refused "--save-best: ... found ./m ... --save" "${few[@]}" --save m --save-best ./m
    refused "--plot: ... run.csv ... --history" "${few[@]}" --history run.csv --plot run.svg
    refused "--plot: ... run-loss.csv ... --history" "${few[@]}" --history run-loss.csv --plot run.svg
    refused "--plot: ... table.csv ... --data" "${few[@]}" --plot table.png
    [ -z "$(ls -d m run* 2>/dev/null)" ]
}

@test "a model may be overwritten by --init-from's run, a checkpoint by --resume's" {
    "$train" "${few[@]}" --save m >/dev/null
    "$train" "${few[@]}" --init-from m --save m --save-best b >/dev/null
    "$train" "${few[@]}" --checkpoint c >/dev/null
    "$train" "${few[@]}" --checkpoint c --resume c >/dev/null
    refused "--save: ... c ... --resume" "${few[@]}" --resume c --save c
    refused "--checkpoint: ... m ... --init-from" "${few[@]}" --init-from m --checkpoint m
}

@test "replacing a checkpoint without --resume is a warning" {
    unset 'few[-1]'
    run --separate-stderr "$train" "${few[@]}" --checkpoint c
    [[ $stderr != *"warning"* ]]
    run --separate-stderr "$train" "${few[@]}" --checkpoint c
    [[ $stderr == *"train: warning: --checkpoint: "* ]]
    run --separate-stderr "$train" "${few[@]}" --checkpoint c --resume auto
    [[ $stderr != *"warning"* ]]
}

@test "a dash means standard output if nothing else uses it, and is refused otherwise" {
    for option in save save-best checkpoint history; do
        refused "--$option: expected a file ... standard output has the report ... \"-\"" "${few[@]}" "--$option" -
        refused "--$option: expected a file ... \"./-\"" "${few[@]}" "--$option" ./-
    done
    refused '--plot: expected a file ... "-"' "${few[@]}" --plot -
    mkdir folder
    echo "history = -" >folder/run.conf
    refused '--history: expected a file ... "folder/-"' "${few[@]}" --config folder/run.conf
    "$train" "${few[@]}" --save m >/dev/null
    refused_by predict "$predict" 2 '--errors: expected a file ... "-"' m --data table.csv --errors -
    refused_by predict "$predict" 2 '--output: expected a file, or - for standard output ... "./-"' \
        m --data table.csv --output ./-
    refused_by predict "$predict" 2 '--json: expected --output FILE' m --data table.csv --output - --json
    refused_by export "$export_model" 2 '--c: expected a file, or - for standard output ... "folder/-"' m --c folder/-
    "$predict" m --data table.csv --output rows >/dev/null
    "$predict" m --data table.csv --output - | cmp rows
    "$export_model" m --c m.h
    "$export_model" m --c - | cmp m.h
    run --separate-stderr bash -c 'exec "$@" >/dev/full' - "$export_model" m --c -
    [ "$status" -eq 1 ]
    [ "$stderr" = "export: standard output: No space left on device" ]
    [ -z "$(find . -name -)" ]
}

@test "predict and export do not overwrite what they read" {
    "$train" "${few[@]}" --save m >/dev/null
    cp m before
    refused_by predict "$predict" 2 "--output: ... table.csv ... --data" m --data table.csv --output table.csv
    refused_by predict "$predict" 2 "--output: ... found ./m ... --model" m --data table.csv --output ./m
    refused_by predict "$predict" 2 "--errors: ... e.png ... --output" m --data table.csv --output e.png --errors e.png
    refused_by export "$export_model" 2 "--c: ... m ... --model" m --c m
    cmp m before
}
