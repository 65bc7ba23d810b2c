#!/usr/bin/env bats
# Models as a black box: what train saves, other readers of it, and starting from it.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    loud=(--data "$(few_digits)" --train-limit 640 --val-limit 100 --hidden "24,20")
    few=("${loud[@]::6}" --quiet)
    net=("${loud[@]}" --quiet)
    small=("${net[@]}" --epochs 1)
    mkdir "$BATS_TEST_TMPDIR/empty"
    cd "$BATS_TEST_TMPDIR/empty" || return
}

teardown() {
    [ -z "$child" ] || kill -KILL "$child" 2>/dev/null || true
}

refused() { # CODE PARTS ARGUMENTS...
    refused_by train "$train" "$@"
}

# standstill ARGUMENTS...: the weights of a run that changes none.
standstill() {
    "$train" "${small[@]}" --optimizer sgd --lr 1e-30 "$@" | weights
}

# json_of KEY: of $output.
json_of() {
    python3 -c 'import json, sys; print(eval("json.load(sys.stdin)" + sys.argv[1]))' "$1" <<<"$output"
}

@test "--save writes the final weights and reports path, step and validation metrics" {
    run --separate-stderr "$train" "${small[@]/--quiet/--json}" --save m.safetensors
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(ls)" = m.safetensors ]
    loss=$(sed -n 's/^validation *//p' <<<"$stderr")
    grep -qxF "saved       m.safetensors: step 19, validation $loss" <<<"$stderr"
    [[ $stderr != *"not saved"* ]]
    [ "$(json_of '["saved"]["path"]')" = m.safetensors ]
    [ "$(json_of '["saved"]["step"]')" = 19 ]
    [ "$(json_of '["saved_best"]')" = None ]
    [ "$(json_of '["saved"]["validation_loss"]')" = "$(json_of '["validation_loss"]')" ]
    [ "$(standstill --init-from m.safetensors)" = "$(weights <<<"$stderr")" ]
}

@test "--save-best writes the weights of the best validation loss, even if the run diverges" {
    # A rate so high that losses rise again.
    run --separate-stderr "$train" "${small[@]/--quiet/--json}" --lr 0.4 --evals-per-epoch 20 --save m --save-best b
    echo "$output"
    step=$(json_of '["best_step"]')
    [ "$step" -lt 19 ]
    [ "$(json_of '["saved_best"]["step"]')" = "$step" ]
    [ "$(json_of '["saved_best"]["validation_loss"]')" = "$(json_of '["best_validation_loss"]')" ]
    grep -q "^saved best  b: step $step, validation loss" <<<"$stderr"
    # The same run, ended right behind that step.
    loss=$(json_of '["best_validation_loss"]')
    stopped=$("$train" "${small[@]}" --lr 0.4 --evals-per-epoch 20 --stop-at-loss "$loss")
    [ "$(standstill --init-from b)" = "$(weights <<<"$stopped")" ]

    printf old >m
    run --separate-stderr "$train" "${small[@]}" --activation relu --lr 1000 --evals-per-epoch 20 --save m --save-best d
    echo "$output"
    [ "$status" -eq 4 ]
    [ "$(cat m)" = old ]
    [[ $output == *"saved       nothing written to m: the run diverged"* ]]
}

@test "the file is the same for any number of threads and any instruction set" {
    "$train" "${small[@]}" --save one --threads-exact 1 >/dev/null
    "$train" "${small[@]}" --save three --threads-exact 3 >/dev/null
    "$train" "${small[@]}" --save plain --isa reference >/dev/null
    cmp one three
    cmp one plain
}

@test "--init-from starts from the model's weights, with any number of threads" {
    "$train" "${small[@]}" --bias all --save m >/dev/null
    other=$("$train" "${small[@]}" --bias all --seed 2 --threads-exact 1 --init-from m | weights)
    [ "$other" != "$("$train" "${small[@]}" --bias all --seed 2 | weights)" ]
    [ "$other" = "$("$train" "${small[@]}" --bias all --seed 2 --threads-exact 5 --init-from m | weights)" ]
}

@test "--init-from refuses weights that do not fit the network, naming layer and option" {
    "$train" "${small[@]}" --bias all --save m >/dev/null
    refused 2 "layer 2 ... --bias input ... --bias all" "${small[@]}" --init-from m
    refused 2 "784-64-10 ... found 784-24-20-10" "${few[@]}" --bias all --init-from m
    refused 2 "--activation improved-sigmoid" "${small[@]}" --bias all --activation relu --init-from m
    refused 3 "absent: ... opened" "${small[@]}" --init-from absent
    head -c 100 m >cut-short
    refused 3 "cut-short: byte 0: ... header" "${small[@]}" --init-from cut-short
    gzip -k m
    refused 3 "m.gz: ... unpacked ... found gzip" "${small[@]}" --init-from m.gz
}

@test "unwritable paths are exit 1 before data are read, and existing files stay" {
    for option in --save --save-best; do
        refused 1 "$option: absent/m: No such file or directory" --data absent "$option" absent/m
        refused 1 "$option: .: ... file ... directory" --data absent "$option" .
    done
    refused 2 "--save-best: ... found m ... --save" --data absent --save m --save-best m
    printf old >m
    refused 3 absent --data absent --save m --save-best n
    [ "$(ls)" = m ]
    [ "$(cat m)" = old ]
}

@test "a model that does not fit on the disk is exit 1, and the previous file stays" {
    printf old >m
    # 8 KiB for each file; the results are written none the less.
    run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 8; exec "$@"' - "$train" "${small[@]}" --save m
    echo "$status: $output $stderr"
    [ "$status" -eq 1 ]
    [[ $stderr == "train: --save: "*"m: File too large" ]]
    [[ $output == *"saved       nothing written to m"* ]]
    [ "$(ls)" = m ]
    [ "$(cat m)" = old ]
}

@test "Ctrl-C saves the current weights" {
    # A background job of a shell ignores SIGINT unless told otherwise.
    env --default-signal=INT "$train" "${loud[@]}" --epochs 1000000 --save m --save-best b >out 2>err &
    child=$!
    until grep -q ^epoch err; do # which follows an evaluation: before one there is no best
        kill -0 "$child"
        sleep 0.05
    done
    kill -INT "$child"
    code=0
    wait "$child" || code=$?
    [ "$code" -eq 130 ]
    grep -q '^saved       m: step' out
    [ -s m ]
    [ -s b ]
    [ "$(standstill --init-from m)" = "$(weights <out)" ]
}

# header: the header of the file on standard input, read with nothing but the format's description.
header() {
    python3 -c '
import json, struct, sys
data = sys.stdin.buffer.read()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + size])
assert size % 8 == 0 and len(data) == 8 + size + max(t["data_offsets"][1] for n, t in header.items() if n[0] != "_")
for name, value in header.pop("__metadata__").items():
    print(name, "=", value)
for name, tensor in header.items():
    print(name, tensor["dtype"], tensor["shape"])'
}

@test "the file describes itself" {
    "$train" "${small[@]}" --save m --bias all --normalize feature --lr 0.1 >/dev/null
    run header <m
    echo "$output"
    for line in "layers.0.weight F32 [24, 784]" "layers.0.bias F32 [24]" "layers.2.weight F32 [10, 20]" \
        "layers.2.bias F32 [10]" "input.scale F32 [784]" "input.shift F32 [784]" "format = tileprop" \
        "format_version = 2" "activation = lecun-tanh" "normalize = feature" "classes = 10" "lr = 0.1" \
        "val-limit = 100" 'class_names = ["0","1","2","3","4","5","6","7","8","9"]' "step = 19"; do
        echo "$line"
        grep -qxF "$line" <<<"$output"
    done
    [[ $output != *"$PWD"* ]]
}

# python_with MODULE...: a Python that has these modules: $PYTHON, or one made here with what PyPI has.
python_with() {
    local venv=$root/build/python
    for python in "${PYTHON:-python3}" "$venv/bin/python"; do
        ! "$python" -c "import ${*// /,}" 2>/dev/null || return 0
    done
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q "$@"; } >&2 || skip "no PyPI here for $*"
    python=$venv/bin/python
}

@test "Python's safetensors and NumPy read it" {
    python_with numpy safetensors
    "$train" "${small[@]}" --save m >/dev/null
    run "$python" - <<'END'
import safetensors, safetensors.numpy
tensors = safetensors.numpy.load_file("m")
print(sorted((name, str(t.dtype), t.shape) for name, t in tensors.items()))
with safetensors.safe_open("m", "np") as file:
    print(file.metadata()["activation"])
# and what it writes can be read here
safetensors.numpy.save_file({n: t for n, t in tensors.items() if n.startswith("layers.")}, "layers")
END
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"('layers.0.bias', 'float32', (24,)), ('layers.0.weight', 'float32', (24, 784))"* ]]
    [[ $output == *"lecun-tanh" ]]
    [ "$(standstill --init-from layers)" = "$(standstill --init-from m)" ]
}

@test "names that do not fit into a model file are refused before training" {
    { head -c 21000000 /dev/zero | tr '\0' a && echo ,b,kind; } >wide.csv
    for i in $(seq 60); do echo "$((i % 7)),$((i % 3)),c$((i % 2))"; done >>wide.csv
    for option in save save-best checkpoint; do
        refused 3 'wide.csv: expected names and categories of at most 19865600 bytes' \
            --data wide.csv --hidden 4 --epochs 1 "--$option" m
        [ ! -e m ]
    done
}
