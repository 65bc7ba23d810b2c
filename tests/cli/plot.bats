#!/usr/bin/env bats
# --plot: what is written, where, and what is said when it cannot be drawn.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    small=("$train" --data "$root/data/mnist" --train-limit 640 --val-limit 100 --hidden 8 --threads 1 --quiet)
    mkdir "$BATS_TEST_TMPDIR/empty"
    cd "$BATS_TEST_TMPDIR/empty"
}

with_gnuplot() {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
}

@test "a name that is neither .svg nor .png is refused before data are read" {
    for name in plot plot.pdf .svg "a'b.svg" dir/.png; do
        refused_by train "$train" 2 "--plot:" --data absent --plot "$name"
    done
    [ -z "$(ls)" ]
}

@test "a folder that is not there is exit 1 before data are read" {
    run --separate-stderr "$train" --data absent --plot absent/a.svg
    [ "$status" -eq 1 ]
    [[ $stderr == "train: --plot: absent/a.csv: No such file or directory" ]]
}

@test "image, script and data, in names with blanks and in other folders; the same run draws the same" {
    with_gnuplot
    mkdir "a b"
    run --separate-stderr "${small[@]}" --epochs 30 --eval-train on --plot "a b/c d.svg"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ "$(cd "a b" && ls)" = "$(printf '%s\n' "c d-loss.csv" "c d.csv" "c d.gp" "c d.svg" | sort)" ]
    [ "$(head -c 5 "a b/c d.svg")" = "<?xml" ]
    grep -q "gradient steps" "a b/c d.svg"
    grep -q "using 'step':'train_accuracy'" "a b/c d.gp"
    cp -r "a b" first
    "${small[@]}" --epochs 30 --eval-train on --plot "a b/c d.svg"
    diff -r first "a b"
    (cd "a b" && rm "c d.svg" && gnuplot "c d.gp")
    cmp "first/c d.svg" "a b/c d.svg"
    "${small[@]}" --epochs 30 --eval-train on --history history.csv
    cmp history.csv "a b/c d.csv"
}

@test "the training loss is averaged over ten steps" {
    with_gnuplot
    "${small[@]}" --epochs 30 --plot a.png
    [ "$(head -c 4 a.png | tail -c 3)" = PNG ]
    [ "$(grep -c train_accuracy a.gp)" -eq 0 ]
    python3 - <<'END'
import csv, statistics
losses = [float(row["train_loss"]) for row in csv.DictReader(open("a.csv"))]
points = list(csv.DictReader(open("a-loss.csv")))
assert len(losses) == 600 and len(points) == 60, (len(losses), len(points))
for i, point in enumerate(points):
    part = losses[10 * i:10 * i + 10]
    assert float(point["step"]) == 10 * i + 4.5
    assert abs(float(point["mean"]) - statistics.fmean(part)) < 1e-8
    assert abs(float(point["deviation"]) - statistics.pstdev(part)) < 1e-8
END
}

@test "a run of one step and a run that diverges are drawn too" {
    with_gnuplot
    "${small[@]}" --epochs 1 --batch 640 --plot one.svg
    [ -s one.svg ]
    run --separate-stderr "$train" --data "$root/data/mnist" --train-limit 640 --val-limit 100 --hidden 64,64 \
        --activation relu --optimizer sgd --lr 900 --quiet --plot diverged.svg
    [ "$status" -eq 4 ]
    [ -s diverged.svg ]
}

@test "without gnuplot: data and script are there, one line says so, exit 1" {
    mkdir nothing
    run --separate-stderr env PATH=nothing "${small[@]}" --plot a.svg
    [ "$status" -eq 1 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "train: --plot: gnuplot was not found (Debian: gnuplot-nox)"*"gnuplot a.gp"* ]]
    [ "$(ls a*)" = "$(printf '%s\n' a-loss.csv a.csv a.gp)" ]
}

@test "a gnuplot that fails is exit 1, and no half image is left" {
    mkdir broken
    printf '#!/bin/sh\neval "$2"\necho half >"$image"\nexit 3\n' >broken/gnuplot
    chmod +x broken/gnuplot
    run --separate-stderr env PATH="$PWD/broken:$PATH" "${small[@]}" --plot a.svg
    [ "$status" -eq 1 ]
    [[ $stderr == *"exit status 3"* ]]
    [[ $(ls) != *a.svg* ]]
}
