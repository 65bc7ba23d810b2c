#!/usr/bin/env bats
# The checksum in models and checkpoints: every reader refuses damaged files.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    few=(--data "$(few_digits)" --train-limit 320 --val-limit 100 --hidden 6 --epochs 1 --quiet)
    cd "$BATS_TEST_TMPDIR" || return
    "$train" "${few[@]}" --save m --checkpoint c >/dev/null
    cat >change.py <<'END'
import json, random, struct, sys
kind, source, target = sys.argv[1:4]
data = bytearray(open(source, "rb").read())
size = 8 + struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:size])
if kind == "length":
    data[0] ^= 8
elif kind == "text":  # of __metadata__
    place = data.index(b'"validation_loss":"') + len('"validation_loss":"') + 3
    data[place] ^= 1
elif kind == "name":  # of the tensors, in their descriptions
    data[data.index(b'layers.0.weight', data.index(b'"dtype"') - 40) + 7] ^= 1
elif kind == "checksum":
    data[data.index(b'"tileprop_checksum":"') + 25] ^= 1
elif kind in header:  # a tensor: its first, its last or any bit
    begin, end = header[kind]["data_offsets"]
    place, bit = {"first": (begin, 0), "last": (end - 1, 6), "any": ((begin + end) // 2, 3)}[sys.argv[4]]
    data[size + place] ^= 1 << bit
elif kind == "without":  # the key
    del header["__metadata__"]["tileprop_checksum"]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    data[:size] = struct.pack("<Q", len(text)) + text
elif kind == "order":  # of tensors and of texts, and other blanks
    texts = dict(reversed(header.pop("__metadata__").items()))
    values, made = b"", {}
    for name, said in reversed(header.items()):
        begin, end = said["data_offsets"]
        made[name] = dict(said, data_offsets=[len(values), len(values) + end - begin])
        values += data[size + begin:size + end]
    text = json.dumps(dict(made, __metadata__=texts), indent=1).encode()
    data = struct.pack("<Q", len(text)) + text + values
elif kind == "random":
    place = random.Random(int(sys.argv[4])).randrange(8 * len(data))
    data[place // 8] ^= 1 << place % 8
open(target, "wb").write(data)
END
}

change() { # KIND SOURCE TARGET [MORE]
    python3 change.py "$@"
}

@test "a flipped bit anywhere in the file is refused" {
    for kind in length text name checksum; do
        change $kind m bad
        refused_by predict "$predict" 3 bad bad
    done
    for tensor in layers.0.weight layers.0.bias layers.1.weight input.scale input.shift; do
        for place in first last any; do
            change $tensor m bad $place
            refused_by predict "$predict" 3 "bad: __metadata__: tileprop_checksum: expected ... for this content, found ... damaged ... edited" bad
        done
    done
    change run.state0.layers.1.weight c bad any
    refused_by train "$train" 3 "bad: __metadata__: tileprop_checksum" "${few[@]}" --resume bad
    refused_by train "$train" 3 "bad: __metadata__: tileprop_checksum" "${few[@]}" --init-from bad
    refused_by export "$export_model" 3 "bad: __metadata__: tileprop_checksum" bad --c m.h
}

@test "50 files with one flipped bit: each is refused or predicts the same" {
    rows() {
        "$predict" "$1" --limit 20 --data "$(few_digits)/t10k-images-idx3-ubyte"
    }
    rows m >expected
    refused=0 count=${TP_SANITIZE:+20}
    count=${count:-50}
    for ((i = 0; i < count; i++)); do
        change random m bad $i
        if rows bad >found 2>err; then
            cmp expected found
        else
            refused=$((refused + 1))
        fi
    done
    [ "$refused" -gt 5 ]
}

@test "a file without a checksum is read, with a note" {
    change without m old
    for run in "predict $predict old --data $root/data/mnist" "export $export_model old --c m.h" "train $train ${few[*]} --init-from old"; do
        read -r name program arguments <<<"${run/ --quiet/}"
        # shellcheck disable=SC2086 # words
        run --separate-stderr "$program" $arguments
        [ "$status" -eq 0 ]
        grep -qx "$name: note: old: no checksum found.*" <<<"$stderr"
    done
    change without c old
    few[-2]=2 # epochs
    run --separate-stderr "$train" "${few[@]/--quiet/--json}" --resume old
    [ "$status" -eq 0 ]
    [[ $stderr == *"train: note: old: no checksum found"* ]]
    run --separate-stderr "$predict" m --data "$root/data/mnist"
    [ -z "$stderr" ]
}

@test "a file that another program wrote in a different order has the same checksum" {
    change order m other
    run --separate-stderr "$predict" other --data "$root/data/mnist"
    echo "$stderr"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
}
