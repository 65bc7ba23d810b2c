#!/usr/bin/env bats
# The PyTorch code in manual/models.md, extracted from there: the same probabilities as predict's, to 1e-5, and back
# again. PYTHON must name a Python with PyTorch; installing it takes minutes.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    mnist=$root/data/mnist
    few=(--data "$mnist" --train-limit 3200 --val-limit 100 --epochs 2 --quiet)
    mkdir "$BATS_TEST_TMPDIR/empty"
    cd "$BATS_TEST_TMPDIR/empty" || return

    python=${PYTHON:-python3}
    "$python" -c 'import torch' 2>/dev/null || skip "$python has no PyTorch; set PYTHON to one that has"
    local modules=$root/build/python-modules
    export PYTHONPATH=$modules
    "$python" -c 'import safetensors.torch' 2>/dev/null ||
        "$python" -m pip install -q --no-deps --target "$modules" safetensors >&2 || skip "no PyPI here for safetensors"
}

# reader MODEL: the guide's code that reads this file.
reader() {
    awk -v model="$1" '
        /^    import torch/ { block = "" ; inside = 1 }
        inside && (/^    / || /^$/) { block = block substr($0, 5) "\n" ; next }
        inside { if (index(block, "\"" model "\"")) printf "%s", block ; inside = 0 }' "$root/manual/models.md"
}

# compare MODEL: the reader and predict, on the first 500 samples.
compare() {
    "$predict" "$1" --data "$mnist" --limit 500 --output rows.csv >/dev/null
    reader "$1" >reader.py
    cat reader.py
    [ "$(grep -c . reader.py)" -le 12 ]
    cat >>reader.py <<'END'

import csv, gzip, sys
data = gzip.open(sys.argv[1]).read()[16:16 + 500 * 784]
p = classify(torch.frombuffer(bytearray(data), dtype=torch.uint8).reshape(500, 784).float())
rows = [[float(x) for x in row[3:]] for row in list(csv.reader(open("rows.csv")))[1:]]
difference = (p - torch.tensor(rows)).abs().max().item()
print("largest difference", difference)
assert difference < 1e-5
END
    run "$python" reader.py "$mnist/t10k-images-idx3-ubyte.gz"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"largest difference"* ]]
}

@test "lecun-tanh with --bias input" {
    "$train" "${few[@]}" --hidden 64 --save digits.safetensors >/dev/null
    compare digits.safetensors
}

@test "relu with --bias all, normalized per feature; PyTorch's trained weights are read back" {
    net=(--hidden "64,64" --activation relu --bias all)
    "$train" "${few[@]}" "${net[@]}" --normalize feature --save relu.safetensors >/dev/null
    compare relu.safetensors

    reader relu.safetensors >back.py
    cat >>back.py <<'END'
import safetensors.torch
with torch.no_grad():
    net.layers[2].bias += 1
safetensors.torch.save_file(net.state_dict(), "tuned.safetensors")
END
    "$python" back.py
    standstill() {
        "$train" "${few[@]}" "${net[@]}" --epochs=1 --optimizer sgd --lr 1e-30 --init-from "$1" | sed -n 's/^weights *//p'
    }
    few=(--data "$mnist" --train-limit 3200 --val-limit 100 --quiet)
    [ -n "$(standstill tuned.safetensors)" ]
    [ "$(standstill tuned.safetensors)" != "$(standstill relu.safetensors)" ]
    # All logits moved by the same amount, so the probabilities are where they were.
    loss() {
        "$train" "${few[@]}" "${net[@]}" --normalize feature --epochs=1 --optimizer sgd --lr 1e-30 --init-from "$1" --json |
            "$python" -c 'import json, sys; print("%.5f" % json.load(sys.stdin)["validation_loss"])'
    }
    [ "$(loss tuned.safetensors)" = "$(loss relu.safetensors)" ]
}
