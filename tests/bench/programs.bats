#!/usr/bin/env bats
# Whole programs, threads and serving beside others: what is kept, what is missing, and what fails. Ours is the real
# train, on a part of the data. Nothing here depends on how fast anything is.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    export TP_BENCH=${train%train}bench TP_SEEDS=1 TP_TRAIN=$BATS_TEST_TMPDIR/short
    [[ -x $train && -x $TP_BENCH ]] || skip "no train or no bench here: make bin/train bin/bench"
    cd "$BATS_TEST_TMPDIR"
    mkdir -p bench results/bench
    cp "$root/bench/programs.py" "$root/bench/report.py" bench
    ln -s "$root/data" .
    printf '#!/bin/sh\nexec "%s" "$@" --train-limit=1024 --val-limit=100\n' "$train" >short
    chmod +x short
}

@test "ours alone is kept, by part; the others are named with their way here" {
    run --separate-stderr bench/programs.py train absent-python
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [[ $output == "not here: scikit-learn (Debian: python3-sklearn)"*"not here: PyTorch, eager (pip install torch in a venv)"* ]]
    run --separate-stderr bench/programs.py threads absent-python
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    python3 -c 'import glob, json, os
(path,) = glob.glob("results/bench/*.json")
kept, cpus = json.load(open(path)), len(os.sched_getaffinity(0))
assert [row["program"] for row in kept["programs"]["missing"]] == ["scikit-learn", "PyTorch, eager", "PyTorch, compiled"]
assert all(row["program"] == "tileprop" and row["step_seconds"] > 0 for row in kept["programs"]["programs"])
assert {row["threads"] for row in kept["threads"]["rows"]} == {n for n in (1, 2, 4, 8, 16) if n <= cpus}, kept["threads"]
assert len(kept["threads"]["chosen"]) == 2'
}

@test "a program that fails is exit 1 and one line, and nothing is kept; so is serving without onnxruntime" {
    export OPENBLAS_CORETYPE=Haswell # which other programs are to run without
    # shellcheck disable=SC2016 # it is the script's
    printf '%s\n' '#!/bin/sh' '[ "$1" = -c ] || { echo "no gomp$OPENBLAS_CORETYPE" >&2; exit 5; }' >python
    chmod +x python
    while IFS='|' read -r ours expected; do
        TP_TRAIN=$ours run --separate-stderr bench/programs.py threads ./python
        echo "$output$stderr"
        [[ $status -eq 1 && $stderr == "programs.py: $expected" && -z $(ls results/bench) ]]
    done <<END_OF_CASES
$TP_TRAIN|PyTorch, eager, seed 1, 1 threads: exit status 5: no gomp
/bin/true|tileprop, seed 1, 1 threads: expected JSON as its last line, found none
/absent|tileprop, seed 1, 1 threads: /absent: No such file or directory
END_OF_CASES
    run bench/programs.py serving absent-python library
    [[ $status -eq 1 && ${lines[0]} == "not here: onnxruntime (pip install onnx onnxruntime in a venv)" ]]
    run bench/programs.py serving python3
    [ "$status" -eq 2 ]
}
