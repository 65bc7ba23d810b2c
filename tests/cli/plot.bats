#!/usr/bin/env bats
# --plot: what is written and where, and the messages if it cannot be drawn.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    small=("$train" --data "$(few_digits)" --train-limit 640 --val-limit 100 --hidden 8 --threads 1 --quiet)
    mkdir "$BATS_TEST_TMPDIR/empty"
    cd "$BATS_TEST_TMPDIR/empty"
}

with_gnuplot() {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
}

@test "a name without .svg or .png is refused before data are read" {
    for name in plot plot.pdf .svg "a'b.svg" dir/.png; do
        refused_by train "$train" 2 "--plot:" --data absent --plot "$name"
    done
    [ -z "$(ls)" ]
}

@test "a missing folder is exit 1 before data are read" {
    run --separate-stderr "$train" --data absent --plot absent/a.svg
    [ "$status" -eq 1 ]
    [[ $stderr == "train: --plot: absent/a.gp: No such file or directory" ]]
}

@test "image, script and data are written, also to names with blanks and other folders; equal runs draw equal plots" {
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

@test "the plotted training loss is averaged over ten steps" {
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

@test "a run of one step and a diverging run are drawn" {
    with_gnuplot
    "${small[@]}" --epochs 1 --batch 640 --plot one.svg
    [ -s one.svg ]
    run --separate-stderr "$train" --data "$(few_digits)" --train-limit 640 --val-limit 100 --hidden 64,64 \
        --activation relu --optimizer sgd --lr 900 --quiet --plot diverged.svg
    [ "$status" -eq 4 ]
    [ -s diverged.svg ]
}

@test "without gnuplot: data and script are written, one line reports it, exit 1" {
    mkdir nothing
    run --separate-stderr env PATH=nothing "${small[@]}" --plot a.svg
    [ "$status" -eq 1 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "train: --plot: gnuplot not found (Debian: gnuplot-nox)"*"run gnuplot a.gp in "* ]]
    [ "$(ls a*)" = "$(printf '%s\n' a-loss.csv a.csv a.gp)" ]
}

@test "a failing gnuplot is exit 1, and no partial image is left" {
    mkdir broken
    printf '#!/bin/sh\neval "$2"\necho half >"$image"\nexit 3\n' >broken/gnuplot
    chmod +x broken/gnuplot
    run --separate-stderr env PATH="$PWD/broken:$PATH" "${small[@]}" --plot a.svg
    [ "$status" -eq 1 ]
    [[ $stderr == *"exit status 3"* ]]
    [[ $(ls) != *a.svg* ]]
}

columns=step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy

@test "--plot-with draws earlier runs too, and the script keeps them" {
    with_gnuplot
    mkdir folder
    "${small[@]}" --epochs 10 --history "it's_old.csv" --log-gradients on
    "${small[@]}" --epochs 40 --eval-train on --plot folder/long.svg
    sed -i 's/$/\r/' folder/long.csv # as other programs leave it
    run --separate-stderr "${small[@]}" --epochs 30 --eval-train on --plot new.svg \
        --plot-with "it's_old.csv,folder/long.csv"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ "$(grep -o "<title>it's_old.csv</title>\|<title>folder/long.csv</title>" new.svg | wc -l)" -eq 4 ] # of two panels
    grep -qx 'set xrange \[0:800\]' new.gp
    grep -qx "train_evaluated = '2 '" new.gp
    [ "$(sed -n '/^\$losses1/,/^END/p' new.gp | wc -l)" -eq $((20 + 3)) ] # as of --plot, without the columns
    sed -n '/^\$losses2/,/^END/p' new.gp | sed '1d;$d' | cmp - folder/long-loss.csv
    mv new.svg first.svg
    rm "it's_old.csv" folder/*
    gnuplot new.gp
    cmp first.svg new.svg
    "${small[@]}" --epochs 30 --history alone.csv
    "${small[@]}" --epochs 30 --plot again.png --plot-with new.csv
    cmp alone.csv again.csv
    [ "$(head -c 4 again.png | tail -c 3)" = PNG ]
}

@test "--plot-with takes a run that diverged at once, and a file name that is not UTF-8" {
    with_gnuplot
    name=$(printf 'a\344.csv')
    printf '%s\n0,1,nan,inf,0.1,\n' $columns >"$name"
    run --separate-stderr "${small[@]}" --epochs 30 --plot new.svg --plot-with "$name"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    grep -q "<title>a?.csv</title>" new.svg
    iconv -f UTF-8 -t UTF-8 new.svg >/dev/null
}

@test "--plot-with refuses files that are not histories before data are read" {
    refuse_history() { # PARTS CONTENT
        printf "$2" >no.csv
        refused_by train "$train" 3 "$1" --data absent --plot a.svg --plot-with no.csv
    }
    refuse_history 'no.csv: line 1: expected "step,epoch ... found "a,b"' 'a,b\n1,2\n'
    refuse_history 'no.csv: line 1: ... found ""' ''
    refuse_history 'no.csv: expected the evaluations of a run, found none' "$columns"
    refuse_history 'no.csv: expected the evaluations of a run, found none' "$columns\n0,1,2.5,,,\n"
    refuse_history 'no.csv: line 3: expected a number, found "x"' "$columns\n0,1,2.5,2.4,0.1,\n1,1,x,,,\n"
    refuse_history 'no.csv: line 3: expected a number, found ""' "$columns\n0,1,2.5,2.4,0.1,\n1,1,"
    refuse_history 'no.csv: line 3: expected step 1, found 7' "$columns\n0,1,2.5,2.4,0.1,\n7,1,2.5,,,\n"
    refuse_history 'no.csv: expected a history as text, found a zero byte at offset 4' 'step\0'
    refused_by train "$train" 3 "absent.csv: cannot be opened" --data absent --plot a.svg --plot-with absent.csv
    printf '%s\n0,1,2.5,2.4,0.1,\n' $columns >no.csv
    refused_by train "$train" 3 "absent.csv: cannot be opened" --data absent --plot a.svg --plot-with no.csv,absent.csv
    refused_by train "$train" 2 "--plot-with: valid only with --plot" --data absent --plot-with no.csv
    refused_by train "$train" 2 "--plot-with: expected at most 5 files, found more" --data absent --plot a.svg \
        --plot-with no.csv,no.csv,no.csv,no.csv,no.csv,no.csv
    [ "$(ls)" = no.csv ]
}

@test "a run does not overwrite --plot-with files" {
    printf '%s\n0,1,2.5,2.4,0.1,\n' $columns | tee one.csv >old.csv
    refused_by train "$train" 2 "--plot: ... found old.csv ... --plot-with reads" --plot old.svg --plot-with one.csv,old.csv
    refused_by train "$train" 2 "--history: ... found ./old.csv ... --plot-with" --history ./old.csv --plot a.svg --plot-with old.csv
    refused_by train "$train" 2 "--save: ... found one.csv ... --plot-with" --save one.csv --plot a.svg --plot-with one.csv,old.csv
    cmp one.csv old.csv
    printf 'plot = a.svg\nplot-with = one.csv,old.csv\n' >run.conf
    run "$train" --config "$PWD/run.conf" --print-config
    [[ $output == *"plot-with = $PWD/one.csv,$PWD/old.csv"* ]]
}
