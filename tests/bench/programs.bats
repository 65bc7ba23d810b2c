#!/usr/bin/env bats
# Whole programs, threads and serving beside others: what is kept, what is said of what is missing, and what fails.
# Ours is the real train, often on a part of the data. Nothing here depends on how fast anything is.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    export TP_BENCH=${train%train}bench TP_SEEDS=1 TP_TRAIN=$train
    [[ -x $train && -x $TP_BENCH ]] || skip "no train or no bench here: make bin/train bin/bench"
    cd "$BATS_TEST_TMPDIR"
    mkdir -p bench results/bench
    cp "$root/bench/programs.py" "$root/bench/report.py" bench
    ln -s "$root/data" "$root/include" .
}

# on_1024_samples: train, as all that follows runs it.
on_1024_samples() {
    printf '#!/bin/sh\nexec "%s" "$@" --train-limit=1024 --val-limit=100\n' "$train" >short
    chmod +x short
    export TP_TRAIN=$PWD/short
}

# kept PART CHECKS: Python that checks this part of the kept file.
kept() {
    python3 -c "import glob, json
path, = glob.glob('results/bench/*.json')
part = json.load(open(path))['$1']
assert part['commit'] and part['date'], part
$2"
}

@test "train: ours alone reaches the goal; the others are named with their way here" {
    run --separate-stderr bench/programs.py train absent-python
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "not here: scikit-learn (Debian: python3-sklearn)" ]
    [ "${lines[1]}" = "not here: PyTorch, eager (pip install torch in a venv)" ]
    kept programs 'assert part["task"]["goal"] == 0.97
assert [item["program"] for item in part["missing"]] == ["scikit-learn", "PyTorch, eager", "PyTorch, compiled"]
for threads, row in enumerate(part["programs"], 1):
    assert (row["program"], row["threads"], row["seeds"], row["reached"]) == ("tileprop", threads, 1, 1), row
    assert 0 < row["step_seconds"] * row["steps"] < row["seconds"], row'
}

@test "threads: counts beyond the CPUs are not measured; what --threads 16 chooses is kept" {
    command -v taskset >/dev/null || skip "taskset is not installed"
    on_1024_samples
    cpu=$(python3 -c 'import os; print(min(os.sched_getaffinity(0)))')
    run --separate-stderr taskset -c "$cpu" bench/programs.py threads absent-python
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [[ $output == *"2 threads: not measured: 1 CPUs here"*"16 threads: not measured: 1 CPUs here" ]]
    kept threads 'assert [(row["program"], row["network"], row["batch"], row["threads"]) for row in part["rows"]] == [
    ("tileprop", "784-64-10", 32, 1), ("tileprop", "784-1024-1024-10", 512, 1)], part
assert [(row["network"], row["threads"]) for row in part["chosen"]] == [("784-64-10", 1), ("784-1024-1024-10", 1)], part
assert all(row["step_seconds"] > 0 for row in part["rows"] + part["chosen"]), part'
}

@test "a program that fails is exit 1 and one line, and nothing is kept" {
    on_1024_samples
    export OPENBLAS_CORETYPE=Haswell # which other programs are to run without
    # shellcheck disable=SC2016 # it is the script's
    printf '%s\n' '#!/bin/sh' '[ "$1" = -c ] || { echo a line >&2; echo "no gomp$OPENBLAS_CORETYPE" >&2; exit 5; }' >python
    chmod +x python
    while IFS='|' read -r ours expected; do
        TP_TRAIN=$ours run --separate-stderr bench/programs.py threads ./python
        echo "$output$stderr"
        [[ $status -eq 1 && $stderr == "programs.py: $expected" && -z $(ls results/bench) ]]
    done <<END_OF_CASES
$TP_TRAIN|PyTorch, eager, seed 1, 1 threads: exit status 5: no gomp
/bin/false|tileprop, seed 1, 1 threads: exit status 1
/bin/true|tileprop, seed 1, 1 threads: expected JSON as its last line, found none
/absent|tileprop, seed 1, 1 threads: /absent: No such file or directory
END_OF_CASES
}

@test "serving: without onnxruntime its way here; with it figures of three batches; wrong use is exit 2" {
    run bench/programs.py serving absent-python library
    [ "$status" -eq 1 ]
    [ "${lines[0]}" = "not here: onnxruntime (pip install onnx onnxruntime in a venv)" ]
    run --separate-stderr bench/programs.py serving python3
    [[ $status -eq 2 && -z $output && $stderr == *"programs.py serving PYTHON LIBRARY"* ]]
    python=${PYTHON:-python3} library=$root/lib/libtileprop.so
    "$python" -c "import onnx, onnxruntime" 2>/dev/null || skip "$python has no onnxruntime; set PYTHON to one that has"
    [ -e "$library" ] || skip "no library here: make all"
    bench/programs.py serving "$python" "$library"
    kept serving 'assert [row["batch"] for row in part["rows"]] == [1, 32, 1000] and part["onnxruntime"], part'
}
