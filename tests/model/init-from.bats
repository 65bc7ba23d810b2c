#!/usr/bin/env bats
# Continuing a model on other data: its normalization is kept, and its columns and classes are found by name.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    cd "$BATS_TEST_TMPDIR" || return
    # Columns of very different scales; class b where x + y / 1000 > 1; the second half is shifted.
    python3 - <<'END'
import random
random.seed(1)
def rows(count, offset):
    for _ in range(count):
        x, y = random.random() + offset, 1000 * random.random()
        yield dict(x=f"{x:.4f}", y=f"{y:.1f}", kind=random.choice("uv"), label="dog" if x + y / 1000 > 1 else "cat")
def write(name, rows, columns, names={}):
    with open(name, "w") as out:
        print(*columns, sep=",", file=out)
        for row in rows:
            print(*(names.get(row[c], row[c]) if c == "label" else row[c] for c in columns), sep=",", file=out)
write("a.csv", rows(600, 0), ["x", "y", "kind", "label"])
b = list(rows(600, 0.2))
write("b.csv", b, ["x", "y", "kind", "label"])
write("permuted.csv", b, ["label", "kind", "y", "x"])
write("lacking.csv", b, ["x", "kind", "label"])
write("renamed.csv", [dict(r, z=r["y"]) for r in b], ["x", "z", "kind", "label"])
write("one.csv", [r for r in b if r["label"] == "dog"], ["x", "y", "kind", "label"])
write("birds.csv", b, ["x", "y", "kind", "label"], {"cat": "bird"})
write("gaps.csv", [dict(r, y="" if i % 5 == 0 else r["y"]) for i, r in enumerate(b)], ["x", "y", "kind", "label"])
END
    net=(--hidden 8 --quiet)
    still=("${net[@]}" --optimizer sgd --lr 1e-30 --epochs 1 --val-split 0.5)
    "$train" "${net[@]}" --data a.csv --save m >/dev/null
}

# loss ARGUMENTS...: the validation loss of a run that changes no weight.
loss() {
    "$train" "${still[@]}" --json "$@" | python3 -c 'import json, sys; print(json.load(sys.stdin)["validation_loss"])'
}

refused() { # CODE PARTS ARGUMENTS...
    refused_by train "$train" "$@"
}

# tensors FILE NAME...: their bytes.
tensors() {
    python3 - "$@" <<'END'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + size])
for name in sys.argv[2:]:
    begin, end = header[name]["data_offsets"]
    print(data[8 + size + begin:8 + size + end].hex())
END
}

@test "--init-from keeps the model's normalization; --renormalize recomputes it" {
    "$train" "${still[@]}" --data b.csv --init-from m --save kept >/dev/null
    [ "$(tensors kept input.scale input.shift)" = "$(tensors m input.scale input.shift)" ]
    "$train" "${still[@]}" --data b.csv --init-from m --renormalize on --save fitted >/dev/null
    [ "$(tensors fitted input.scale)" != "$(tensors m input.scale)" ]
    "$train" "${still[@]}" --data b.csv --save fresh >/dev/null
    [ "$(tensors fitted input.scale input.shift)" = "$(tensors fresh input.scale input.shift)" ]
    refused 2 "--normalize: ... feature ... m ... found global ... --renormalize" "${still[@]}" --data b.csv --init-from m --normalize global
    refused 2 "--renormalize: ... --init-from" "${still[@]}" --data b.csv --renormalize on
}

@test "a run from a model predicts like the model before its first step" {
    "$train" "${still[@]}" --data b.csv --init-from m --save kept >/dev/null
    "$predict" m --data b.csv --output expected >/dev/null
    "$predict" kept --data b.csv --output found >/dev/null
    cmp expected found
}

@test "--init-from matches columns by name and refuses others" {
    [ "$(loss --data permuted.csv --init-from m)" = "$(loss --data b.csv --init-from m)" ]
    [ "$(loss --data b.csv --val-data permuted.csv --init-from m --val-split none)" = \
        "$(loss --data b.csv --val-data b.csv --init-from m --val-split none)" ]
    refused 3 'lacking.csv: row 1: ... "y"' "${still[@]}" --data lacking.csv --init-from m
    refused 3 'renamed.csv: row 1: ... "y"' "${still[@]}" --data renamed.csv --init-from m
    refused 2 "--leave-out: ... --init-from m" "${still[@]}" --data b.csv --init-from m --leave-out x
    refused 2 "--label: ... label ... m ... found kind" "${still[@]}" --data b.csv --init-from m --label kind
    refused 3 "columns ... m ... found IDX" "${still[@]}" --data "$root/data/mnist" --init-from m
}

@test "--init-from matches classes by name and refuses others" {
    "$train" "${still[@]}" --data one.csv --init-from m --save kept >/dev/null # dog is the second class still
    "$predict" kept --data b.csv --output found >/dev/null
    "$predict" m --data b.csv --output expected >/dev/null
    cmp expected found
    refused 3 'birds.csv: row ... "bird"' "${still[@]}" --data birds.csv --init-from m
}

@test "--init-from imputes the model's means for missing values" {
    refused 3 'gaps.csv: row 2, column 2 (y): ... found "" ... --missing mean' "${still[@]}" --data gaps.csv --init-from m
    "$train" "${net[@]}" --data gaps.csv --missing mean --save g >/dev/null
    "$train" "${still[@]}" --data gaps.csv --init-from g --save kept >/dev/null
    "$predict" g --data gaps.csv --output expected >/dev/null
    "$predict" kept --data gaps.csv --output found >/dev/null
    cmp expected found
}

@test "a run from a model resumes with its normalization and columns, even without the file" {
    run=("${net[@]}" --data permuted.csv --epochs 3)
    whole=$("$train" "${run[@]}" --init-from m --save whole | weights)
    "$train" "${net[@]}" --data permuted.csv --epochs 1 --init-from m --checkpoint c >/dev/null
    [ "$("$train" "${run[@]}" --init-from m --resume c --save again | weights)" = "$whole" ]
    cmp whole again
    mv m gone
    [ "$("$train" "${run[@]}" --resume c | weights)" = "$whole" ]
}

# foreign FILE: writes tensors as another program would: those of the Python expression on standard input, in which
# net() is a network of 2-3-2.
foreign() {
    PYTHONPATH=$root/tests/model python3 -c '
import sys
from tensor_file import write
def net(first, last, kind="F32"):
    return [(first + "weight", kind, [3, 2], [1, -2, 0.5, 4, -0.25, 3]), (first + "bias", kind, [3], [1, 2, -3]),
            (last + "weight", kind, [2, 3], [2, -1, 0.75, 5, -6, 0.125]), (last + "bias", kind, [2], [-1, 0.5])]
write(sys.argv[1], eval(sys.stdin.read().strip()))' "$1"
}

# begin FILE ARGUMENTS...: a run from the file that changes no weight, saved to s.
begin() {
    printf 'x,z,y\n1,2,a\n2,1,b\n3,5,a\n4,4,b\n' >t.csv
    "$train" --data t.csv --optimizer sgd --lr 1e-30 --epochs 1 --quiet --bias all --init-from "$@" --save s >/dev/null
}

@test "--init-from accepts layers of any name in F16, BF16, F32 and F64, with the same values" {
    foreign f <<<'net("layers.0.", "layers.1.")'
    begin f --hidden 3
    all=(layers.0.weight layers.0.bias layers.1.weight layers.1.bias)
    expected=$(tensors s "${all[@]}")
    [[ $expected == 0000803f000000c00000003f00008040000080be00004040* ]] # 1, -2, 0.5, 4, -0.25, 3: [units, inputs]
    for names in '"0.", "2."' '"net.0.", "net.2."' '"model.layers.9.", "model.layers.10."' '"fc1.", "fc2."' \
        '"0.", "2.", "BF16"' '"0.", "2.", "F16"' '"0.", "2.", "F64"'; do
        foreign f <<<"net($names)"
        begin f --hidden 3
        [ "$(tensors s "${all[@]}")" = "$expected" ]
    done
}

@test "--init-from orders layers by the numbers in their names and by shape" {
    foreign f <<<'[(f"fc{i}.weight", "F32", [2, 2], [i, 0, 0, 0]) for i in (10, 2, 9, 1)]'
    begin f --hidden 2,2,2
    [ "$(tensors s layers.{0..3}.weight | cut -c 1-8 | paste -sd ' ')" = "0000803f 00000040 00001041 00002041" ]
    foreign f <<<'[(n + ".weight", "F32", [u, i], [1] * u * i) for n, u, i in
        (("hidden1", 4, 5), ("hidden2", 3, 4), ("embed", 5, 4), ("head", 2, 3))]'
    "$train" --data a.csv --hidden 5,4,3 --epochs 1 --quiet --init-from f >/dev/null
    foreign f <<<'net("in.", "an_end.")'
    refused 3 'f: expected layers ... found an_end.weight F32 [2, 3], in.weight F32 [3, 2], which fit in more than one order ... 0.weight' \
        --data t.csv --init-from f --hidden 3
}

@test "--init-from refuses tensors that are not dense layers, by name" {
    bad() { # PARTS < TENSORS
        foreign f
        refused 3 "$1" --data a.csv --hidden 3 --init-from f
    }
    bad 'f: ... found 1.weight F32 [3], 1.bias F32 [3], 1.running_mean F32 [3], 1.num_batches_tracked I64 []' <<<'
        net("0.", "3.") + [("1." + n, "F32", [3], [1, 1, 1]) for n in ("weight", "bias", "running_mean")] + [
        ("1.num_batches_tracked", "I64", [], [7])]'
    bad '0.weight: expected F32, F16, BF16 or F64, found I64 [3, 2]' <<<'
        [("0.weight", "I64", [3, 2], [1] * 6)]'
    bad '0.weight: value 1 is not finite as a float' <<<'[("0.weight", "F64", [3, 2], [1, 1e39, 1, 1, 1, 1])]'
    bad 'f: ... found t0 F32 [1], t1 F32 [1] ... (300 in all)' <<<'[(f"t{i}", "F32", [1], [1]) for i in range(300)]'
    bad 'f: ... found conv.weight F32 [1, 1, 2, 2]' <<<'[("conv.weight", "F32", [1, 1, 2, 2], [1] * 4)]'
}

@test "a model of another program gets activation and normalization from the options" {
    foreign f <<<'net("0.", "2.")'
    begin f --hidden 3 --activation relu --normalize none
    refused 2 'f: layer 1 (from 0): ... --bias all' --data t.csv --hidden 3 --init-from f --bias input
    refused 3 'f: expected 784 inputs ... found layers 2-3-2' --data "$root/data/mnist" --hidden 3 --init-from f
    refused_by predict "$predict" 3 'f: ... found layers ... train --init-from' f --data t.csv
}
