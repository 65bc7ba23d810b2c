#!/usr/bin/env bats
# Tables whose values are far from 0 and close together: timestamps, Julian dates, coordinates.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    cd "$BATS_TEST_TMPDIR" || exit
    short=(--hidden 8 --threads 1 --quiet --epochs 1)
    net=(--hidden 8 --threads 1 --quiet --epochs 20 --lr 0.05)
    /usr/bin/python3 - <<'PY'
import random, struct
random.seed(1)
labels = [random.randrange(2) for _ in range(1000)]
rows = [(1600000000 + random.randrange(1000) + 500 * c, round(2451545 + random.random() / 100 + c / 250, 7),
         round(52 + 1e-5 * random.gauss(2 * c, 1), 8), random.randrange(3)) for c in labels]
def npy(name, kind, shape, values):
    text = str({"descr": "<" + kind[0], "fortran_order": False, "shape": shape}).encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    with open(name, "wb") as file:
        file.write(b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + struct.pack(f"<{len(values)}{kind[1]}", *values))
npy("t.npy", ("f8", "d"), (1000, 4), [value for row in rows for value in row])
npy("y.npy", ("u2", "H"), (1000,), labels)
with open("t.csv", "w") as file:
    file.write("time,julian,latitude,zeros,class\n")
    for row, c in zip(rows, labels):
        file.write(",".join(map(repr, row)) + f",{c}\n")
with open("t.svm", "w") as file:
    for row, c in zip(rows, labels):
        file.write(f"{c} " + " ".join(f"{i + 1}:{value!r}" for i, value in enumerate(row) if value) + "\n")
PY
}

value() { # KEY: of the JSON in standard input
    python3 -c 'import json, sys; print(json.loads(sys.stdin.read())[sys.argv[1]])' "$1"
}

@test "offsets: text, sparse text and an array give the same model, as good as scikit-learn's on doubles" {
    "$train" --data t.csv "${net[@]}" --save csv >/dev/null
    "$train" --data t.npy --labels y.npy "${net[@]}" --save npy >/dev/null
    found=$("$predict" csv --data t.csv --json | value accuracy)
    for model in csv npy; do
        grep -q '"input.offset":{"dtype":"F64","shape":\[4\]' "$model"
        "$predict" "$model" --data t.npy --output "$model.rows" >/dev/null
        cut -d, -f1-4 "$model.rows" >"$model.own"
        cmp csv.own "$model.own"
        [ "$("$predict" "$model" --data t.svm --json | value accuracy)" = "$found" ]
    done
    /usr/bin/python3 -c 'import sklearn' 2>/dev/null || skip "python3-sklearn is not installed; found $found"
    /usr/bin/python3 - "$found" <<'PY'
import sys
import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
inputs = StandardScaler().fit_transform(numpy.load("t.npy"))
peer = LogisticRegression().fit(inputs, numpy.load("y.npy")).score(inputs, numpy.load("y.npy"))
print(f"found {sys.argv[1]}, peer {peer}")
sys.exit(bool(float(sys.argv[1]) < peer - 0.01))
PY
}

@test "offsets: predictions equal the evaluation in training, for another file, too" {
    head -n 800 t.csv >a.csv
    { head -n 1 t.csv && tail -n 200 t.csv; } >b.csv
    "$train" --data a.csv --val-data b.csv "${net[@]}" --json --save m >told
    expected=$(value validation_loss <told)
    found=$("$predict" m --data b.csv --json | value loss)
    python3 -c 'import sys; sys.exit(abs(float(sys.argv[1]) - float(sys.argv[2])) > 1e-12)' "$found" "$expected"
}

@test "offsets: a missing value becomes the mean, minus the offset" {
    sed '5s/^[^,]*/NA/; 9s/,[^,]*,/,?,/' t.csv >holes.csv
    "$train" --data holes.csv --missing mean "${net[@]}" --json --save m >told
    [ "$(python3 -c 'import sys; print(float(sys.argv[1]) > 0.9)' "$(value validation_accuracy <told)")" = True ]
    "$predict" m --data holes.csv --output rows >/dev/null
}

@test "offsets: none without normalization" {
    for mode in none scale global; do
        "$train" --data t.csv "${short[@]}" --normalize "$mode" --save m >/dev/null
        run ! grep -q input.offset m
    done
}

@test "offsets: a resumed run uses those of its checkpoint, and refuses different data" {
    "$train" --data t.csv "${net[@]}" --save whole >/dev/null
    "$train" --data t.csv "${net[@]/20/7}" --checkpoint c >/dev/null
    "$train" --data t.csv "${net[@]}" --resume c --save resumed >/dev/null
    "$predict" whole --data t.csv | grep weights >expected
    "$predict" resumed --data t.csv | grep -o 'weights .*' | cmp - <(grep -o 'weights .*' expected)
    sed 's/^16/17/' t.csv >later.csv
    refused_by train "$train" 2 "--data: the training set ... differs from" --data later.csv "${net[@]}" --resume c
}

@test "offsets: initial weights keep theirs even if the rows suggest others" {
    "$train" --data t.csv "${net[@]}" --save m >/dev/null
    { head -n 1 t.csv && tail -n 300 t.csv; } >rest.csv
    "$train" --data rest.csv "${short[@]}" --lr 1e-30 --init-from m --val-split 0.5 --json --save n >told
    "$predict" m --data rest.csv --json | value accuracy >expected
    "$predict" n --data rest.csv --json | value accuracy | cmp - expected
}

@test "offsets: a model with a wrong tensor is refused in one line" {
    "$train" --data t.csv "${short[@]}" --save m >/dev/null
    forge() { # EXPRESSION: the model `forged`, whose header h and values v it changes, without a checksum
        python3 - "$1" <<'PY'
import json, struct, sys
data = open("m", "rb").read()
size = struct.unpack("<Q", data[:8])[0]
h, v = json.loads(data[8:8 + size]), bytearray(data[8 + size:])
del h["__metadata__"]["tileprop_checksum"]
exec(sys.argv[1])
text = json.dumps(h).encode()
open("forged", "wb").write(struct.pack("<Q", len(text)) + text + v)
PY
    }
    forge 'h["input.offset"]["dtype"] = "I64"'
    refused_by predict "$predict" 3 "forged: input.offset: ... F64 [4] ... I64 [4]" forged --data t.csv
    forge 'h["input.offset"]["shape"] = [2, 2]'
    refused_by predict "$predict" 3 "forged: input.offset: ... F64 [4] ... F64 [2, 2]" forged --data t.csv
    forge 'v[8:16] = struct.pack("<d", float("nan"))'
    refused_by predict "$predict" 3 "forged: input.offset[1]: ... nan" forged --data t.csv
    forge 'v[8:16] = struct.pack("<d", 1e300)'
    refused_by predict "$predict" 3 "forged: input.offset[1]: ... 1e+300" forged --data t.csv
}

@test "offsets: exported C takes doubles and computes the same as predict" {
    "$train" --data t.csv --leave-out zeros "${net[@]}" --save m >/dev/null
    "$export_model" m --c model.h
    cat >main.c <<'C'
#include "model.h"
#include <stdio.h>
int main(void)
{
    double in[model_features];
    float p[model_classes];
    while (scanf("%lf,%lf,%lf,%*d,%*d", &in[0], &in[1], &in[2]) == 3) {
        const size_t found = model_predict(in, p);
        printf("%s,%.9g,%.9g\n", model_class_names[found], p[0], p[1]);
    }
    return 0;
}
C
    "${CC:-cc}" -std=c99 -O1 -Wall -Wextra -Werror -ffp-contract=off -o embedded main.c -lm
    tail -n +2 t.csv | ./embedded >found
    "$predict" m --data t.csv --output rows >/dev/null
    tail -n +2 rows | cut -d, -f3- | cmp - found
}
