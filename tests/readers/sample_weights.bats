#!/usr/bin/env bats
# --sample-weight: its effect on the network's weights and on figures, other tables with and without sample weights, and
# invalid use.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    cd "$BATS_TEST_TMPDIR" || exit
    quick=(--epochs 3 --hidden 8 --quiet)
    python3 -c '
for name, weight in ("w", lambda i: i * 5 % 7 / 2), ("ones", lambda i: 1), ("zeros", lambda i: 0):
    with open(name + ".csv", "w") as file:
        print("x,colour,weight,kind", file=file)
        for i in range(60):
            print(i * 7 % 11, ("red", "blue")[i % 3 == 0], weight(i), ("common", "rare")[i % 8 == 0], sep=",", file=file)'
    cut -d, -f1,2,4 w.csv >plain.csv
}

json() { # KEY: its value in the last line of $output
    tail -n 1 <<<"$output" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

refused() { # CODE PARTS ARGUMENTS...
    refused_by train "$train" "$@" --quiet
}

# hash ARGUMENTS...: of the weights of a run.
hash() {
    "$train" "${quick[@]}" "$@" | weights
}

@test "sample weights of 1 change no bit; others give the same bits on every thread count and tier" {
    [ "$(hash --data plain.csv)" = "$(hash --data ones.csv --sample-weight weight)" ]
    expected=$(hash --data w.csv --sample-weight weight)
    [ -n "$expected" ]
    [ "$expected" != "$(hash --data plain.csv)" ]
    for tier in $("$train" --version | sed -n 's/^tiers found here: //p'); do
        [ "$(hash --data w.csv --sample-weight 3 --isa "$tier" --threads-exact 3)" = "$expected" ]
    done
    [ "$(hash --data w.csv --sample-weight weight --class-weight balanced)" != "$expected" ]
    printf 'common,1\nrare,1\n' >one
    [ "$(hash --data w.csv --sample-weight weight --class-weight one)" = "$expected" ]
}

@test "a weight of 2 equals a duplicate sample, and a weight of 0 a missing one" {
    printf 'x,y,w,k\n1,0,2,a\n0,1,1,b\n1,1,1,b\n3,2,0,a\n' >weighted
    printf 'x,y,k\n1,0,a\n0,1,b\n1,1,b\n1,0,a\n' >twice
    step=(--optimizer sgd --batch 4 --normalize none --hidden 3 --epochs 3 --quiet)
    "$train" --data weighted --sample-weight w --val-data weighted "${step[@]}" --save a >/dev/null
    "$train" --data twice --val-data twice "${step[@]}" --save b >/dev/null
    "$predict" a --data weighted --output a.csv >/dev/null
    "$predict" b --data weighted --output b.csv >/dev/null
    python3 -c '
a, b = ([float(x) for line in list(open(name))[1:] for x in line.split(",")[-2:]] for name in ("a.csv", "b.csv"))
assert len(a) == 8 and max(abs(x - y) for x, y in zip(a, b)) < 1e-6, (a, b)'
}

@test "the gradient with weights agrees with finite differences" {
    run --separate-stderr "$train" --data w.csv --sample-weight weight --check-gradient --hidden 8 --json
    [ "$status" -eq 0 ]
    weighted=$output
    run --separate-stderr "$train" --data ones.csv --sample-weight weight --check-gradient --hidden 8 --json
    [ "$status" -eq 0 ]
    [ "$output" != "$weighted" ]
}

@test "metrics are weighted and marked so" {
    awk -F, -v OFS=, '{print $3, "more", $4, $2, $1}' w.csv | head -n 30 >v.csv # found by their names
    run --separate-stderr "$train" --data w.csv --sample-weight weight --val-data v.csv "${quick[@]::4}" --save m --json
    [ "$status" -eq 0 ]
    [[ ${stderr_lines[0]} == *", label kind (column 4), weights weight, 1 column of numbers "* ]]
    grep -q '^validation .* % (weighted)$' <<<"$stderr"
    [ "$(json weighted)" = True ]
    "$predict" m --data v.csv --output p.csv >/dev/null # whose weights are no input
    python3 -c '
import csv, math, sys
rows, found = list(csv.DictReader(open("v.csv"))), list(csv.DictReader(open("p.csv")))
weights = [float(row["weight"]) for row in rows]
loss = sum(w * -math.log(float(p["p_" + r["kind"]])) for w, r, p in zip(weights, rows, found)) / sum(weights)
accuracy = sum(w for w, r, p in zip(weights, rows, found) if r["kind"] == p["class"]) / sum(weights)
print(loss, accuracy)
assert math.isclose(loss, float(sys.argv[1]), rel_tol=1e-5) and math.isclose(accuracy, float(sys.argv[2])), sys.argv' \
        "$(json validation_loss)" "$(json validation_accuracy)"
    run --separate-stderr "$train" --data plain.csv "${quick[@]}" --json
    [ "$(json weighted)" = False ]
    [[ $stderr != *"(weighted)"* ]]
}

@test "tables without a header: weights are in the same column as in the training table" {
    tail -n +2 plain.csv >plain.txt # x, colour, kind
    awk -F, -v OFS=, 'NR > 1 {print $1, $3, $4, $2}' w.csv >w.txt
    awk -F, -v OFS=, '{print $1, $3, $2}' plain.txt >labelled.txt
    cut -d, -f1,2 plain.txt >inputs.txt
    "$train" --data w.txt --header no --label 3 --sample-weight 2 --val-data w.txt "${quick[@]}" --save m >log
    grep -q ', label in column 3, weights in column 2, ' log
    for table in w.txt labelled.txt inputs.txt; do
        "$predict" m --data $table --output p.csv >/dev/null
        sed 's/.*,\(.*,.*\)/\1/' p.csv >$table.probabilities
        cmp w.txt.probabilities $table.probabilities
    done
    "$export_model" m --c m.h
    grep -q '"column 1"' m.h
    grep -q '"column 4=blue"' m.h
    cut -d, -f1 inputs.txt >few.txt
    refused_by predict "$predict" 3 'few.txt: row 1: expected 3 and a label, as in the training data, found 1 field' m --data few.txt
    refused 3 'labelled.txt: row 1: expected the label in column 3 as in the training data, found none' --data w.txt --header no --label 3 \
        --sample-weight 2 --val-data labelled.txt
}

@test "a run with weights is resumed to the same bits, but not with others" {
    run=(--sample-weight weight --hidden 8)
    expected=$("$train" --data w.csv "${run[@]}" --quiet --epochs 4 | weights)
    "$train" --data w.csv "${run[@]}" --quiet --epochs 2 --checkpoint c >/dev/null
    [ "$("$train" --data w.csv "${run[@]}" --quiet --epochs 4 --resume c | weights)" = "$expected" ]
    sed '9s/,[^,]*,\([a-z]*\)$/,7,\1/' w.csv >other.csv
    refused 2 '--data: ... set ... fingerprint' --data other.csv "${run[@]}" --epochs 4 --resume c
    refused 2 '--sample-weight: ... weight ... c ... found none' --data w.csv --hidden 8 --epochs 4 --resume c
    # A model whose table had weights: they are found by name, and may be absent.
    "$train" --data w.csv --sample-weight weight "${quick[@]}" --init-from c >/dev/null
    refused 3 '--sample-weight: ... found column 1 ... input' --data w.csv --sample-weight x --init-from c --hidden 8
    "$train" --data plain.csv "${quick[@]}" --init-from c >/dev/null
    # A model whose table had none.
    "$train" --data plain.csv "${quick[@]}" --save p >/dev/null
    "$train" --data w.csv --sample-weight weight "${quick[@]}" --init-from p --save q >/dev/null
    "$predict" q --data plain.csv >/dev/null
    refused 3 'w.csv: --sample-weight: ... found column 1 ... input' --data w.csv --sample-weight x --init-from p --hidden 8
}

@test "invalid sample weights are refused" {
    for cell in -1 nan inf 1e39 '' '?' x 1,5; do
        sed "5s/,[^,]*,\([a-z]*\)$/,\"$cell\",\1/" w.csv >bad.csv
        refused 3 "bad.csv: row 5, column 3 (weight): ... weight ... 0 ... found \"$cell\"" --data bad.csv --sample-weight weight
    done
    refused 3 '--sample-weight: ... found "age"' --data w.csv --sample-weight age
    refused 3 '--sample-weight: ... found column 4 ... label' --data w.csv --sample-weight last
    refused 3 '--leave-out: ... found column 3 ... --sample-weight' --data w.csv --sample-weight 3 --leave-out weight
    refused 3 '--categorical: ... found column 3 ... --sample-weight' --data w.csv --sample-weight 3 --categorical weight
    cut -d, -f3,4 w.csv >no-inputs.csv
    refused 3 'no-inputs.csv: --sample-weight: expected at least one input column' --data no-inputs.csv --sample-weight weight
    refused 3 'zeros.csv: ... 48 samples ... 0' --data zeros.csv --sample-weight weight
    refused 3 'zeros.csv: ... 60 samples ... 0' --data w.csv --val-data zeros.csv --sample-weight weight
    refused 3 'plain.csv: row 1: expected column "weight"' --data w.csv --val-data plain.csv --sample-weight weight
    refused 2 '--sample-weight: ... directory' --data "$root/data/mnist" --sample-weight 1
    printf '1 1:2\n0 1:3\n' >t.svm
    refused 3 't.svm: ... expected at least one input column' --data t.svm --header no --sample-weight 1
}
