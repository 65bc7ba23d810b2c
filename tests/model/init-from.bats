#!/usr/bin/env bats
# Going on with a model on other data: its normalization stays, and its columns and classes are found by their names.

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
    "$train" "${still[@]}" --json "$@" | tail -n 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["validation_loss"])'
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

@test "--init-from keeps the model's normalization, and --renormalize fits it" {
    "$train" "${still[@]}" --data b.csv --init-from m --save kept >/dev/null
    [ "$(tensors kept input.scale input.shift)" = "$(tensors m input.scale input.shift)" ]
    "$train" "${still[@]}" --data b.csv --init-from m --renormalize on --save fitted >/dev/null
    [ "$(tensors fitted input.scale)" != "$(tensors m input.scale)" ]
    "$train" "${still[@]}" --data b.csv --save fresh >/dev/null
    [ "$(tensors fitted input.scale input.shift)" = "$(tensors fresh input.scale input.shift)" ]
    refused 2 "--normalize: global ... feature ... m ... --renormalize" "${still[@]}" --data b.csv --init-from m --normalize global
    refused 2 "--renormalize: ... --init-from" "${still[@]}" --data b.csv --renormalize on
}

@test "before its first step a run from a model predicts as the model does" {
    "$train" "${still[@]}" --data b.csv --init-from m --save kept >/dev/null
    "$predict" m --data b.csv --output expected >/dev/null
    "$predict" kept --data b.csv --output found >/dev/null
    cmp expected found
}

@test "--init-from finds columns by their names, and refuses other ones" {
    [ "$(loss --data permuted.csv --init-from m)" = "$(loss --data b.csv --init-from m)" ]
    [ "$(loss --data b.csv --val-data permuted.csv --init-from m --val-split none)" = \
        "$(loss --data b.csv --val-data b.csv --init-from m --val-split none)" ]
    refused 3 'lacking.csv: row 1: ... "y"' "${still[@]}" --data lacking.csv --init-from m
    refused 3 'renamed.csv: row 1: ... "y"' "${still[@]}" --data renamed.csv --init-from m
    refused 2 "--leave-out: ... --init-from m" "${still[@]}" --data b.csv --init-from m --leave-out x
    refused 2 "--label: kind ... label ... m" "${still[@]}" --data b.csv --init-from m --label kind
    refused 3 "IDX ... columns ... m" "${still[@]}" --data "$root/data/mnist" --init-from m
}

@test "--init-from finds classes by their names, and refuses other ones" {
    "$train" "${still[@]}" --data one.csv --init-from m --save kept >/dev/null # dog is the second class still
    "$predict" kept --data b.csv --output found >/dev/null
    "$predict" m --data b.csv --output expected >/dev/null
    cmp expected found
    refused 3 'birds.csv: row ... (label): class "bird"' "${still[@]}" --data birds.csv --init-from m
}

@test "--init-from puts the model's means for missing values" {
    refused 3 'gaps.csv: row 2, column 2 (y): "" ... --missing mean' "${still[@]}" --data gaps.csv --init-from m
    "$train" "${net[@]}" --data gaps.csv --missing mean --save g >/dev/null
    "$train" "${still[@]}" --data gaps.csv --init-from g --save kept >/dev/null
    "$predict" g --data gaps.csv --output expected >/dev/null
    "$predict" kept --data gaps.csv --output found >/dev/null
    cmp expected found
}

@test "a run that began with a model resumes with its normalization and its columns, also without the file" {
    run=("${net[@]}" --data permuted.csv --epochs 3)
    whole=$("$train" "${run[@]}" --init-from m --save whole | weights)
    "$train" "${net[@]}" --data permuted.csv --epochs 1 --init-from m --checkpoint c >/dev/null
    [ "$("$train" "${run[@]}" --init-from m --resume c --save again | weights)" = "$whole" ]
    cmp whole again
    mv m gone
    [ "$("$train" "${run[@]}" --resume c | weights)" = "$whole" ]
}
