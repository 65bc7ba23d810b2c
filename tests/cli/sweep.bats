#!/usr/bin/env bats
# sweep: its runs equal train's, its figures agree with the runs, and it continues where it was stopped.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    cd "$BATS_TEST_TMPDIR" || return
    few=(--data "$(few_digits)" --train-limit 640 --val-limit 300 --epochs 2)
    grid=(--vary lr=0.005,0.02 --vary 'hidden=8|8,6' --seeds 3)
}

# column FILE NAME: the values of a column of a CSV file, below comments.
column() {
    python3 -c '
import csv, sys
rows = csv.DictReader(line for line in open(sys.argv[1]) if line[0] != "#")
print("\n".join(row[sys.argv[2]] for row in rows))' "$1" "$2"
}

refused() { # CODE PARTS ARGUMENTS...
    refused_by sweep "$sweep" "$@" --quiet
}

@test "each run has the bits of train, for any number of threads" {
    "$sweep" "${few[@]}" "${grid[@]}" --runs r.csv --quiet >/dev/null
    [ "$(column r.csv run | wc -l)" -eq 12 ]
    python3 -c '
import csv
for row in csv.DictReader(line for line in open("r.csv") if line[0] != "#"):
    print(row["lr"], row["hidden"], row["seed"], row["weights"])' >runs
    while read -r lr hidden seed hash; do
        [ "$("$train" "${few[@]}" --lr "$lr" --hidden "$hidden" --seed "$seed" --quiet | weights)" = "$hash" ]
    done <runs
    "$sweep" "${few[@]}" "${grid[@]}" --runs one.csv --threads 1 --quiet >/dev/null
    diff <(column r.csv weights | sort) <(column one.csv weights | sort)
}

@test "a table is split for each seed like in train" {
    for i in {1..90}; do echo "$i,$((i * i % 17)),$((i % 3))"; done >t.csv
    table=(--data t.csv --header no --hidden 4 --epochs 5 --missing mean)
    "$sweep" "${table[@]}" --vary weight-decay=0,0.1 --seeds 2 --runs r.csv --quiet >/dev/null
    column r.csv weights | sort >found
    for decay in 0 0.1; do
        for seed in 1 2; do
            "$train" "${table[@]}" --weight-decay $decay --seed $seed --quiet | weights
        done
    done | sort | diff found -
}

@test "means, deviations and intervals agree with the runs" {
    "$sweep" "${few[@]}" "${grid[@]}" --runs r.csv --table t.csv --json --quiet >found.json 2>report
    python3 - <<'END'
import csv, json, math, statistics
runs = list(csv.DictReader(line for line in open("r.csv") if line[0] != "#"))
rows, found = list(csv.DictReader(open("t.csv"))), json.load(open("found.json"))
assert len(rows) == len(found["configurations"]) == 4 and found["runs"] == 12
def values(row, name):
    mine = [r for r in runs if (r["lr"], r["hidden"]) == (row["lr"], row["hidden"])]
    return [float(r[name]) for r in sorted(mine, key=lambda r: int(r["seed"]))]
def same(a, b):
    return math.isclose(float(a), b, rel_tol=1e-9, abs_tol=1e-12)
best = values(rows[0], "validation_accuracy")
for row, configuration in zip(rows, found["configurations"]):
    assert configuration["options"] == {"lr": row["lr"], "hidden": row["hidden"]}
    for name, of in ("accuracy", "validation_accuracy"), ("loss", "validation_loss"), ("train_loss", "train_loss"):
        assert same(row[name], statistics.mean(values(row, of))) and same(configuration[name], float(row[name]))
        assert same(row[name + "_deviation"], statistics.stdev(values(row, of)))
    if row is rows[0]:
        assert row["difference"] == "" and configuration["difference"] is None
        continue
    pairs = [a - b for a, b in zip(values(row, "validation_accuracy"), best)]
    assert same(row["difference"], statistics.mean(pairs))
    assert same(row["difference_half_width"], 4.303 * statistics.stdev(pairs) / math.sqrt(3))
means = [float(row["accuracy"]) for row in rows]
assert means == sorted(means, reverse=True)
END
    [ "$(wc -l <report)" -eq 6 ]
    grep -q '  best$' report
}

@test "a sweep that is killed or stopped continues to the same runs and the same table" {
    "$sweep" "${few[@]}" "${grid[@]}" --runs whole.csv --table whole --quiet >/dev/null
    {
        head -n 5 whole.csv
        printf '5,1,epo' # as a kill in the middle of a write leaves it
    } >part.csv
    "$sweep" "${few[@]}" "${grid[@]}" --runs part.csv --table part --quiet >/dev/null
    diff <(cut -d, -f 1-11,13- whole.csv | sort) <(cut -d, -f 1-11,13- part.csv | sort)
    diff <(cut -d, -f 1-14 whole) <(cut -d, -f 1-14 part)
    refused 2 '--runs: part.csv: ... runs of a sweep with the same options and data' "${few[@]}" --seeds 3 --runs part.csv
    refused 2 '--runs: part.csv: ... runs' "${few[@]}" "${grid[@]}" --batch 33 --runs part.csv
    env --default-signal=INT "$sweep" "${few[@]:0:6}" "${grid[@]}" --epochs 100000 --runs stopped.csv >out 2>err &
    child=$!
    for _ in {1..100}; do
        [ ! -s stopped.csv ] || break
        sleep 0.05
    done
    kill -INT $child
    code=0
    wait $child || code=$?
    [ "$code" -eq 130 ]
    [ ! -s out ]
    grep -q '^sweep: stopped by SIGINT; the same command continues$' err
}

@test "runs with other sample weights or sparse indices do not count as those of a sweep" {
    { echo x,w,y; for i in {1..30}; do echo "$i,$((i % 3 + 1)),$((i % 2))"; done; } >t.csv
    sed 's/^7,.,/7,9,/' t.csv >other.csv
    for i in {1..20}; do echo "$((i % 2)) $((i % 4 + 1)):$i 300:1"; done >t.svm
    sed '1s/ 2:/ 3:/' t.svm >other.svm
    printf '0,1\n1,2\n' >c.csv
    printf '0,1\n1,3\n' >other-c.csv
    common=(--vary lr=0.01,0.02 --epochs 2)
    "$sweep" --data t.csv --sample-weight w "${common[@]}" --runs a --quiet >/dev/null
    refused 2 '--runs: a: ... runs' --data other.csv --sample-weight w "${common[@]}" --runs a
    "$sweep" --data t.svm "${common[@]}" --runs b --quiet >/dev/null
    refused 2 '--runs: b: ... runs' --data other.svm "${common[@]}" --runs b
    "$sweep" --data t.csv --class-weight c.csv "${common[@]}" --runs c --quiet >/dev/null
    refused 2 '--runs: c: ... runs' --data t.csv --class-weight other-c.csv "${common[@]}" --runs c
}

@test "a table's test samples are drawn before folds and seeds, so no run has seen them" {
    for i in {1..20}; do echo "$i,$((i % 2))"; done >t.csv
    table=(--data t.csv --header no --hidden 4 --epochs 3 --vary lr=0.01,0.02 --test-holdout 5)
    "$sweep" "${table[@]}" --folds 5 --best best.conf --json --quiet >found.json 2>report
    grep -q 'on 5 samples not used for any choice' report
    grep -q '^test-holdout = none$' best.conf
    # Exactly these rows change no run's weights.
    "$sweep" "${table[@]}" --folds 5 --runs r.csv --quiet >/dev/null
    same=0
    for i in {1..20}; do
        sed "${i}s/^/9/" t.csv >other.csv
        "$sweep" "${table[@]/t.csv/other.csv}" --folds 5 --runs "o$i.csv" --quiet >/dev/null
        ! cmp -s <(column r.csv weights | sort) <(column "o$i.csv" weights | sort) || same=$((same + 1))
    done
    [ "$same" -eq 5 ]
    refused 2 '--test-holdout: 19 of 20 samples leaves a class without training samples' --data t.csv --header no --vary lr=0.1 --test-holdout 19
    refused 2 '--folds: expected at most 15, the number of rows, found 16' "${table[@]}" --folds 16
    refused 2 '--test-holdout: 20 of 20 samples' --data t.csv --header no --test-holdout 20 --seeds 2
    "$sweep" "${table[@]}" --seeds 2 --json --quiet >seeds.json 2>/dev/null
    python3 -c '
import json
a, b = (json.load(open(f)) for f in ("found.json", "seeds.json"))
assert a["test_accuracy"] * 5 in range(6) and b["test_accuracy"] * 5 in range(6)'
}

@test "folds: each run validates on a different part" {
    for i in {1..60}; do echo "$i,$((i % 2))"; done >t.csv
    "$sweep" --data t.csv --header no --epochs 3 --folds 5 --vary lr=0.01,0.02 --runs r.csv --quiet >out
    [ "$(column r.csv fold | sort -u | wc -l)" -eq 5 ]
    grep -q 'over folds' out
    refused 2 '--folds: ... directory' "${few[@]}" --folds 3
    refused 2 '--folds: not valid with --seeds' --data t.csv --folds 3 --seeds 2
    refused 2 '--folds: not valid with --val-split' --data t.csv --folds 3 --val-split 0.5
}

@test "a run that diverges is the last row" {
    "$sweep" "${few[@]}" --vary lr=1000,0.02 --activation relu --table t.csv --quiet >out
    [ "$(column t.csv lr)" = $'0.02\n1000' ]
    [ "$(column t.csv diverged)" = $'0\n1' ]
    tail -n 1 out | grep -q '1 diverged'
    "$sweep" "${few[@]}" --vary lr=1000,900 --activation relu --test-holdout 100 --table t.csv --quiet >out
    [ "$(column t.csv diverged)" = $'1\n1' ]
}

@test "the best configuration is written for train and scored once on held-out samples" {
    "$sweep" "${few[@]}" --vary lr=0.0001,0.02 --test-holdout 500 --best best.conf --json --quiet >found.json 2>/dev/null
    "$train" --config best.conf --quiet --json >run.json
    python3 -c '
import json
sweep, run = json.load(open("found.json")), json.load(open("run.json"))
assert sweep["configurations"][0]["options"] == {"lr": "0.02"}
assert sweep["configurations"][0]["accuracy"] == run["validation_accuracy"]
assert sweep["test_accuracy"] == run["test_accuracy"] and sweep["test_loss"] == run["test_loss"]'
}

@test "--plot draws the metric against each option that varies" {
    command -v gnuplot >/dev/null || skip "no gnuplot (Debian: gnuplot-nox)"
    "$sweep" "${few[@]}" "${grid[@]}" --plot s.svg --quiet >/dev/null
    for text in lr hidden '8,6' 'validation accuracy'; do
        grep -qF ">$text<" s.svg
    done
    [ "$(ls)" = $'s.gp\ns.svg' ]
    refused 2 '--plot: expected ... s.pdf' "${few[@]}" "${grid[@]}" --plot s.pdf
    refused 2 '--plot: valid only with --vary' "${few[@]}" --seeds 2 --plot s.svg
}

@test "configuration files can vary; the command line takes precedence" {
    printf 'hidden = 8\nlr = 0.1\noptimizer = sgd\n' >a.conf
    printf 'hidden = 6\nlr = 0.01\noptimizer = momentum\nmomentum = 0.5\n' >b.conf
    "$sweep" "${few[@]}" --vary config=a.conf,b.conf --vary batch=16,32 --runs r.csv --quiet --lr 0.05 >/dev/null
    python3 -c '
import csv
for row in csv.DictReader(line for line in open("r.csv") if line[0] != "#"):
    print(row["config"], row["batch"], row["weights"])' >runs
    while read -r config batch hash; do
        [ "$("$train" "${few[@]}" --config "$config" --batch "$batch" --lr 0.05 --quiet | weights)" = "$hash" ]
    done <runs
    [ "$(wc -l <runs)" -eq 4 ]
    { cat b.conf; echo 'save = m'; } >d.conf
    refused 2 '--vary config=d.conf: --save: valid only with train' "${few[@]}" --vary config=a.conf,d.conf
    echo 'seed = 7' >>b.conf
    refused 2 '--vary config=b.conf: expected the data and seed of the first file, found others' "${few[@]}" --vary config=a.conf,b.conf
    refused 2 '--vary config=c.conf: --config: c.conf: No such file' --vary config=a.conf,c.conf
}

@test "--histories: each run's history is that of train" {
    "$sweep" "${few[@]}" --vary lr=0.01,0.02 --seeds 2 --histories h --quiet >/dev/null
    [ "$(ls h)" = $'0.csv\n1.csv\n2.csv\n3.csv' ]
    "$train" "${few[@]}" --lr 0.02 --seed 1 --history t.csv --quiet >/dev/null
    cmp t.csv h/2.csv
    rm h/1.csv h/2.csv
    "$sweep" "${few[@]}" --vary lr=0.01,0.02 --seeds 2 --runs r.csv --quiet >/dev/null
    "$sweep" "${few[@]}" --vary lr=0.01,0.02 --seeds 2 --runs r.csv --histories h --quiet >/dev/null
    cmp t.csv h/2.csv # runs without a history are done again
    touch file
    refused 2 '--log-gradients: valid only with --histories' "${few[@]}" --log-gradients on
    refused 2 '--vary log-gradients=on: --log-gradients: valid only' "${few[@]}" --vary log-gradients=off,on
    refused 1 '--histories: file: Not a directory' "${few[@]}" --histories file
}

@test "outputs in the folder of histories, and --runs on a device, are refused" {
    mkdir there
    ln -s there link
    for folder in h ./h/ "$PWD/h" new/h there link; do
        mkdir -p new
        for path in h/0.csv ./h//1.csv "$PWD/h/x" new/../h/0.csv new/h/0.csv there/1.csv link/1.csv; do
            [ "$(realpath -m "$folder")" = "$(dirname "$(realpath -m "$path")")" ] || continue
            echo "$folder $path"
            refused 2 "--runs: $path: expected a file outside the folder of --histories" --data absent --histories "$folder" --runs "$path"
        done
    done
    "$sweep" "${few[@]}" --vary lr=0.01,0.02 --histories h --runs r.csv --quiet >/dev/null
    refused 1 '--runs: /dev/full: expected a regular file' "${few[@]}" --runs /dev/full
    touch h/57.csv # of a larger sweep
    ln -s h/0.csv t.csv
    cp -a h before
    for option in runs table best plot; do
        refused 2 "--$option: h/1.csv: expected a file outside" "${few[@]}" --vary lr=0.01,0.02 --histories h --$option h/1.csv
        refused 2 "--$option: t.csv: expected a file outside" "${few[@]}" --vary lr=0.01,0.02 --histories h --$option t.csv
    done
    "$sweep" "${few[@]}" --vary lr=0.01,0.02 --histories h --runs r.csv --table h.csv --quiet >/dev/null
    diff -r before h
}

@test "a single run has the same bits on any number of threads" {
    "$sweep" "${few[@]}" --vary hidden=64 --threads 2 --runs two.csv --quiet >/dev/null
    "$sweep" "${few[@]}" --vary hidden=64 --threads 1 --runs one.csv --quiet >/dev/null
    [ "$(column one.csv weights)" = "$(column two.csv weights)" ]
}

@test "an invalid grid is refused before the first run" {
    while IFS='|' read -r value parts; do
        refused 2 "--vary$parts" --data absent --vary "$value"
    done <<'END'
lr=x| lr=x: --lr: expected a number ... "x"
rate=1|: expected one of config, normalize, hidden ... found "rate"
seed=1,2|: ... found "seed"
threads=1,2|: ... found "threads"
init-from=a|: ... found "init-from"
missing=mean|: ... found "missing"
lr|: expected lr=VALUE,VALUE,..., found "lr"
lr=1,1|: lr: 1: expected once, found twice
lr=1,|: lr: expected a value, found none
END
    refused 2 '--vary: lr: expected once, found twice' --data absent --vary lr=1 --vary lr=2
    refused 2 '--vary: lr: not valid with --lr' --data absent --lr 2 --vary lr=1
    refused 2 '--vary optimizer=sgd momentum=0.5: --momentum: valid only with momentum' --data absent \
        --vary optimizer=sgd,momentum --vary momentum=0.5
    refused 2 '--save: valid only with train' --data absent --save m
    refused 2 '--none: no such option' --none
    refused 3 'absent: cannot be opened' --data absent --vary lr=1,2
    echo 'epochs = 2' >c.conf
    refused 2 '--vary lr=1: --config: c.pipe: ... found a pipe' --config c.pipe --vary lr=1,2 < <(mkfifo c.pipe; cat c.conf >c.pipe & sleep 0.1)
    refused 2 '--vary batch=1000: --batch: 1000 is more than the 640' "${few[@]}" --vary batch=32,1000 --histories h --runs r
    refused 2 '--vary warmup=40: --warmup: ... 40 steps, found 40' "${few[@]}" --vary warmup=10,40 --histories h --runs r
    [[ ! -e h && ! -e r ]]
}
