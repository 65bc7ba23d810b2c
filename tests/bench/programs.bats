#!/usr/bin/env bats
# Whole programs: recorded results, missing programs and failures. No test depends on timing.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    export TP_BENCH=${train%train}bench TP_SEEDS=1 TP_TRAIN=$BATS_TEST_TMPDIR/short
    [[ -x $train && -x $TP_BENCH ]] || skip "not built: make bin/train bin/bench"
    cd "$BATS_TEST_TMPDIR"
    mkdir -p bench results/bench
    cp "$root/bench/programs.py" "$root/bench/report.py" bench
    ln -s "$root/data" .
    printf '#!/bin/sh\nexec "%s" "$@" --train-limit=1024 --val-limit=100\n' "$train" >short
    chmod +x short
}

@test "without peers: results of tileprop are recorded, missing programs are listed with how to install them" {
    run --separate-stderr bench/programs.py train absent-python
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [[ $output == "not installed: scikit-learn (Debian: python3-sklearn)"*"not installed: PyTorch, eager (pip install torch numpy in a venv)"* ]]
    run --separate-stderr bench/programs.py threads absent-python
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    python3 -c 'import glob, json, os
(path,) = glob.glob("results/bench/*.json")
kept, cpus = json.load(open(path)), len(os.sched_getaffinity(0))
assert [row["program"] for row in kept["programs"]["missing"]] == ["scikit-learn", "PyTorch, eager", "PyTorch, compiled"]
assert all(row["program"] == "tileprop" and row["step_seconds"] > 0 for row in kept["programs"]["programs"])
assert {row["threads"] for row in kept["threads"]["rows"]} == {n for n in (1, 2, 4, 8, 16) if n <= cpus}, kept["threads"]'
}

@test "failing programs: exit 1, one line, nothing recorded" {
    export OPENBLAS_CORETYPE=Haswell # must not reach the peers
    # shellcheck disable=SC2016 # for the script
    printf '%s\n' '#!/bin/sh' '[ "$1" = -c ] || { echo "no gomp$OPENBLAS_CORETYPE" >&2; exit 5; }' >python
    chmod +x python
    while IFS='|' read -r ours expected; do
        TP_TRAIN=$ours run --separate-stderr bench/programs.py threads ./python
        echo "$output$stderr"
        [[ $status -eq 1 && $stderr == "programs.py: $expected" && -z $(ls results/bench) ]]
    done <<END_OF_CASES
$TP_TRAIN|PyTorch, eager, seed 1, 1 threads: exit status 5: no gomp
/bin/true|tileprop, seed 1, 1 threads: expected JSON as its last line, found none
/absent|/absent: No such file or directory
END_OF_CASES
    TP_BENCH=/nope run --separate-stderr bench/programs.py train absent-python
    [[ $status -eq 1 && -z $output && $stderr == "programs.py: /nope: No such file or directory" ]]
    run bench/programs.py serving absent-python library
    [[ $status -eq 1 && ${lines[0]} == "not installed: onnxruntime (pip install onnx onnxruntime in a venv)" ]]
    run bench/programs.py serving python3
    [ "$status" -eq 2 ]
}
