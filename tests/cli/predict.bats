#!/usr/bin/env bats
# predict as a black box: labelled data, rows of data without labels, images, errors.

bats_require_minimum_version 1.5.0
load ../programs

setup_file() {
    find_programs
    export root train predict mnist=$root/data/mnist model=$BATS_FILE_TMPDIR/model
    "$train" --data "$mnist" --train-limit 6400 --val-limit 500 --epochs 1 --hidden 24 --json --save "$model" \
        >"$BATS_FILE_TMPDIR/trained" 2>"$BATS_FILE_TMPDIR/told"
}

setup() {
    images=$mnist/t10k-images-idx3-ubyte.gz
    mkdir "$BATS_TEST_TMPDIR/empty"
    cd "$BATS_TEST_TMPDIR/empty" || return
}

refused() { # CODE PARTS ARGUMENTS...
    refused_by predict "$predict" "$@"
}

# json FILE EXPRESSION: the expression, r being the object in the file.
json() {
    python3 -c '
import json, sys
r = json.load(sys.stdin, parse_constant=lambda name: sys.exit(name + " is not JSON"))
print(eval(sys.argv[1]))' "$2" <"$1"
}

@test "--help: on stdout, exit 0, at most 80 columns" {
    run --separate-stderr "$predict" --help
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ -z "$(awk 'length > 80' <<<"$output")" ]
    [[ $output == "Usage: predict MODEL"* ]]
    [[ $("$predict" --version) == tileprop\ *"libpng"* ]]
}

@test "labelled data: the loss and accuracy that train reports, for any number of threads" {
    trained=$BATS_FILE_TMPDIR/trained
    for threads in 1 2 7; do
        "$predict" "$model" --data "$mnist" --limit 500 --threads-exact $threads --json >out 2>told
        cat out told
        [ "$(json out 'r["loss"], r["accuracy"], r["weights_hash"]')" = \
            "$(json "$trained" 'r["validation_loss"], r["validation_accuracy"], r["weights_hash"]')" ]
    done
    figures=$(sed -n 's/^validation *//p' "$BATS_FILE_TMPDIR/told")
    grep -qxF "result      $figures, $(json out 'r["errors"]') errors" told
    "$predict" --model="$model" --data "$mnist" --set train --limit 6400 --isa reference --json >out
    [ "$(json out 'r["loss"], r["isa"]')" = "($(json "$trained" 'r["train_loss"]'), 'reference')" ]
}

@test "confusion matrix, precision and recall agree with the rows" {
    "$predict" "$model" --data "$mnist" --json --output rows.csv --worst 4 >out 2>told
    cat told
    python3 - <<'END'
import csv, json, math
result = json.load(open("out"))
rows = list(csv.DictReader(open("rows.csv")))
n = range(10)
assert len(rows) == result["samples"] == 10000
matrix = [[sum(r["label"] == str(i) and r["class"] == str(j) for r in rows) for j in n] for i in n]
assert result["confusion"] == matrix
assert result["class_samples"] == [sum(matrix[k]) for k in n]
assert result["recall"] == [matrix[k][k] / sum(matrix[k]) for k in n]
assert result["precision"] == [matrix[k][k] / sum(m[k] for m in matrix) for k in n]
accuracy = sum(matrix[k][k] for k in n) / 10000
assert result["accuracy"] == accuracy and result["errors"] == 10000 - sum(matrix[k][k] for k in n)
assert math.isclose(result["standard_error"], math.sqrt(accuracy * (1 - accuracy) / 10000))
losses = [-math.log(float(r["p_" + r["label"]])) for r in rows]
assert math.isclose(result["loss"], sum(losses) / 10000, rel_tol=1e-5)
for r in rows:
    p = [float(r["p_%d" % k]) for k in n]
    assert abs(sum(p) - 1) < 1e-5 and r["class"] == str(p.index(max(p)))
wrong = sorted((-losses[i], i) for i in range(10000) if rows[i]["label"] != rows[i]["class"])[:4]
assert [w["sample"] for w in result["worst"]] == [i for _, i in wrong]
assert all(w["class"] == rows[w["sample"]]["label"] and w["predicted"] == rows[w["sample"]]["class"] for w in result["worst"])
lines = open("told").read().splitlines()
start = lines.index("class " + "".join("%5d" % k for k in n))
assert [[int(x) for x in line.split()[1:]] for line in lines[start + 1:start + 11]] == matrix
assert "3  %13d    %5.2f %%    %5.2f %%" % (sum(matrix[3]), 100 * result["precision"][3], 100 * result["recall"][3]) in lines
END
}

@test "data without labels: rows on standard output or in a file, as CSV or JSONL" {
    "$predict" "$model" --data "$images" --limit 300 >rows.csv
    [ "$(head -n 1 rows.csv)" = sample,class,p_0,p_1,p_2,p_3,p_4,p_5,p_6,p_7,p_8,p_9 ]
    [ "$(wc -l <rows.csv)" -eq 301 ]
    "$predict" "$model" --data "$images" --limit 300 --threads-exact 3 --output other.csv >out
    cmp rows.csv other.csv
    grep -qx "rows        other.csv" out
    "$predict" "$model" --data "$images" --limit 300 --format jsonl --output rows.jsonl --json >out
    [ "$(json out 'r["samples"], r["output"]')" = "(300, 'rows.jsonl')" ]
    python3 - <<'END'
import csv, json
rows = [list(r.values()) for r in csv.DictReader(open("rows.csv"))]
objects = [json.loads(line) for line in open("rows.jsonl")]
assert [[o["sample"], o["class"]] for o in objects] == [[int(r[0]), r[1]] for r in rows]
assert [o["probabilities"] for o in objects] == [[float(p) for p in r[2:]] for r in rows]
END
    # with labels beside them they are evaluated
    "$predict" "$model" --data "$images" --labels "$mnist/t10k-labels-idx1-ubyte.gz" --json >one
    "$predict" "$model" --data "$mnist" --json >two
    [ "$(json one 'r["loss"]')" = "$(json two 'r["loss"]')" ]
}

@test "rows do not depend on how many are held at a time" {
    # A model of so many classes that the probabilities of 256 samples are held at once.
    python3 - <<'END'
import json, struct
classes, inputs = 4096, 4
rows = [struct.pack("<f", (i * 7919 % 1009) / 1009) for i in range(classes * inputs)]
header = {"__metadata__": dict(
    format="tileprop", format_version="1", numerics_version="1", activation="relu", normalize="none", mean="0",
    deviation="1", classes=str(classes), class_names=json.dumps([str(k) for k in range(classes)]), options="",
    data_fingerprint="0", step="1", validation_loss="0", validation_accuracy="0", validation_samples="1")}
data = b""
for name, shape, values in (("layers.0.weight", [classes, inputs], b"".join(rows)),
                            ("input.scale", [inputs], struct.pack("<4f", 1, 1, 1, 1)),
                            ("input.shift", [inputs], bytes(16))):
    header[name] = dict(dtype="F32", shape=shape, data_offsets=[len(data), len(data) + len(values)])
    data += values
text = json.dumps(header).encode()
open("wide", "wb").write(struct.pack("<Q", len(text)) + text + data)
open("samples", "wb").write(bytes([0, 0, 8, 2]) + struct.pack(">2I", 280, inputs) + bytes(i % 11 for i in range(280 * inputs)))
END
    "$predict" wide --data samples | cut -d, -f1-9 >rows
    [ "$(wc -l <rows)" -eq 281 ]
    "$predict" wide --data samples --limit 1 | cut -d, -f1-9 >first
    cmp first <(head -n 2 rows)
    # the samples repeat after 11
    tail -n +2 rows | cut -d, -f2- >repeating
    [ "$(sort -u repeating | wc -l)" -eq 11 ]
    cmp <(tail -n +12 repeating) <(head -n -11 repeating)
}

@test "a reader that leaves early is not a failure, but a full disk is" {
    "$predict" "$model" --data "$images" >/dev/null # all of it takes more than a pipe holds
    { "$predict" "$model" --data "$images"; echo $? >code; } | head -n 1 >/dev/null
    [ "$(cat code)" -eq 0 ]
    [ -w /dev/full ] || skip "no /dev/full"
    run bash -c '"$@" 2>&1 >/dev/full' - "$predict" "$model" --data "$images"
    [ "$status" -eq 1 ]
    [[ $output == "predict: standard output: No space left on device" ]]
    printf old >rows
    run bash -c 'trap "" XFSZ; ulimit -f 8; exec "$@" 2>&1' - "$predict" "$model" --data "$images" --output rows
    [ "$status" -eq 1 ]
    [[ $output == "predict: --output: "*"rows: File too large" ]]
    [ "$(cat rows)" = old ]
}

# png FILE SIDE [VALUE]: a grey PNG of this side; the pixels on standard input, or all the same.
png() {
    python3 -c '
import struct, sys, zlib
side = int(sys.argv[2])
pixels = bytes([int(sys.argv[3])]) * side ** 2 if len(sys.argv) > 3 else sys.stdin.buffer.read()
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = b"".join(b"\0" + pixels[y * side:(y + 1) * side] for y in range(side))
open(sys.argv[1], "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
                              + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))' "$@"
}

@test "--image: a PNG is classified like the same pixels, also enlarged and inverted" {
    gzip -dc "$images" | tail -c +17 | head -c 784 >pixels
    png plain.png 28 <pixels
    python3 -c 'import sys; d = open("pixels", "rb").read()
sys.stdout.buffer.write(bytes(255 - d[y // 3 * 28 + x // 3] for y in range(84) for x in range(84)))' | png large.png 84
    row=$("$predict" "$model" --data "$images" --limit 1 | tail -n 1)
    for arguments in "plain.png" "large.png --invert"; do
        # shellcheck disable=SC2086
        "$predict" "$model" --json --image $arguments >out 2>told
        cat out told
        [ "$(json out '",".join(["0", r["class"]] + ["%.9g" % p for p in r["probabilities"]])')" = "$row" ]
    done
    class=$(cut -d, -f2 <<<"$row")
    grep -q "^class       $class, probability [0-9.]* %$" told
    "$predict" "$model" --image plain.png --output one.csv >/dev/null
    [ "$(tail -n 1 one.csv)" = "$row" ]

    # Of four pixels, two of them one higher, the mean is rounded up.
    python3 -c 'import sys; d = open("pixels", "rb").read()
sys.stdout.buffer.write(bytes(min(d[y // 2 * 28 + x // 2], 254) + x % 2 for y in range(56) for x in range(56)))' | png halves.png 56
    python3 -c 'import sys; d = open("pixels", "rb").read()
sys.stdout.buffer.write(bytes(min(p, 254) + 1 for p in d))' | png upper.png 28
    "$predict" "$model" --image halves.png --output halves.csv >/dev/null
    "$predict" "$model" --image upper.png --output upper.csv >/dev/null
    cmp halves.csv upper.csv

    png odd.png 30 0
    refused 3 "odd.png: ... 28 x 28 pixels ... found 30 x 30" "$model" --image odd.png
    python3 -c '
import struct, zlib
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
open("oblong.png", "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 56, 28, 8, 0, 0, 0, 0))
                               + chunk(b"IDAT", zlib.compress(bytes(57 * 28))) + chunk(b"IEND", b""))'
    refused 3 "oblong.png: ... 28 x 28 pixels ... found 56 x 28" "$model" --image oblong.png
    head -c 60 plain.png >cut.png
    refused 3 "cut.png: ... damaged" "$model" --image cut.png
    refused 3 "pixels: ... PNG file" "$model" --image pixels
    png huge.png 4097 0
    refused 3 "huge.png: ... 4096 pixels ... found 4097 x 4097" "$model" --image huge.png
}

@test "the worst errors: drawn on a terminal, otherwise listed; a contact sheet" {
    "$predict" "$model" --data "$mnist" --worst 2 >out
    [ "$(grep -c 'taken for' out)" -eq 2 ]
    [ "$(wc -l < <(sed -n '/^worst/,$p' out))" -eq 2 ]
    python3 -c '
import pty, sys
pty.spawn(sys.argv[1:])' "$predict" "$model" --data "$mnist" --worst 2 >drawn
    cat drawn
    sample=$(sed -n 's/^worst *\(sample.*\)/\1/p' out)
    grep -qF "$sample" drawn
    [ "$(grep -cE '[%#@].* [%#@]|[%#@*+=]{2}' drawn)" -ge 8 ]
    run ! grep -q "^worst" drawn

    "$predict" "$model" --data "$mnist" --errors sheet.png --json >out 2>told
    grep -qx "errors      sheet.png, the worst 100, row by row" told
    # The first picture is that of the worst sample, two pixels for one, behind a frame of four.
    python3 - "$images" "$(json out 'r["worst"][0]["sample"]')" <<'END'
import gzip, struct, sys, zlib
data = open("sheet.png", "rb").read()
width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
assert (width, height, depth, colour) == (604, 604, 8, 0), (width, height, depth, colour)
at, packed = 8, b""
while at < len(data):
    size, kind = struct.unpack(">I4s", data[at:at + 8])
    packed += data[at + 8:at + 8 + size] if kind == b"IDAT" else b""
    at += size + 12
raw, rows = zlib.decompress(packed), [bytes(width)]
for y in range(height):
    method, line, row = raw[y * (width + 1)], raw[y * (width + 1) + 1:(y + 1) * (width + 1)], bytearray()
    for x, value in enumerate(line):
        a, b, c = row[x - 1] if x else 0, rows[-1][x], rows[-1][x - 1] if x else 0
        p = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
        row.append((value + (0, a, b, (a + b) // 2, p)[method]) % 256)
    rows.append(bytes(row))
first = int(sys.argv[2]) * 784 + 16
pixels = gzip.open(sys.argv[1]).read()[first:first + 784]
for y in range(56):
    assert rows[1 + 4 + y][4:60] == bytes(pixels[y // 2 * 28 + x // 2] for x in range(56)), y
END
}

@test "usage errors are exit 2" {
    refused 2 "model ... train --save"
    refused 2 "--model: ... once ... twice" a b
    refused 2 "--limt ... --limit" a --limt 1
    refused 2 "--image: ... --data" a --image b --data c
    refused 2 "--invert: ... --image" a --invert
    refused 2 "--labels: ... file ... samples" a --labels b
    refused 2 "--labels: ... file ... samples ... directory" "$model" --labels b --data "$mnist"
    refused 2 "--errors: ... samples ... labels" "$model" --data "$images" --errors e.png
    refused 2 "--json: ... --output" "$model" --data "$images" --json
    TILEPROP_ISA=none refused 2 "TILEPROP_ISA: ... auto, reference" "$model"
    [ -z "$(ls)" ]
}

@test "bad input is exit 3: invalid or mismatched models and data" {
    refused 3 "absent: ... opened" absent
    printf x >short
    refused 3 "short: ... safetensors file ... bytes, found 1" short
    refused 3 "absent: ... opened" "$model" --data absent
    python3 - "$model" <<'END'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + size])
def write(name, header, values):
    text = json.dumps(header).encode()
    open(name, "wb").write(struct.pack("<Q", len(text)) + text + values)
bare = {name: t for name, t in header.items() if name.startswith("layers.")}
write("bare", bare, data[8 + size:8 + size + max(t["data_offsets"][1] for t in bare.values())])
del header["__metadata__"]["tileprop_checksum"]
newer = dict(header, __metadata__=dict(header["__metadata__"], format_version="3"))
write("newer", newer, data[8 + size:])
open("samples", "wb").write(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3]))
open("one", "wb").write(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 3, 16]) + bytes(784))
open("label", "wb").write(bytes([0, 0, 8, 1, 0, 0, 0, 1, 12]))
open("labels", "wb").write(bytes([0, 0, 8, 1, 0, 0, 0, 2, 1, 2]))
END
    refused 3 "bare: ... model ... train ... found layers ... activation ... --init-from" bare
    refused 3 "newer: __metadata__: format_version: ... 2 ... 3 ... newer tileprop" newer
    refused 3 "samples: ... samples ... 784 values ... found 3" "$model" --data samples
    refused 3 "10 ... found 12" "$model" --data one --labels label
    refused 3 "labels: byte 4: ... 1 labels ... found 2" "$model" --data one --labels labels
}

@test "samples that cannot be predicted are named, exit 3, and nothing is written" {
    python3 -c 'for i in range(40): print(f"{i % 7 / 1e6},{i % 3 / 1e6},{i % 2}")' >t.csv
    "$train" --data t.csv --header no --hidden 4 --epochs 1 --quiet --save t >/dev/null
    printf '%s\n' 0,0,0 3e38,3e38,1 0,0,1 -3e38,3e38,0 >large.csv
    for more in "" "--output rows"; do
        # shellcheck disable=SC2086 # several options or none
        refused 3 "large.csv: samples 1, 3 ... missing ... infinite ... large" t --data large.csv --header no $more
    done
    cut -d, -f1,2 large.csv >unlabelled.csv
    run --separate-stderr "$predict" t --data unlabelled.csv --header no
    [ "$status" -eq 3 ]
    [[ $stderr == *"unlabelled.csv: samples 1, 3 "* ]]
    [ ! -e rows ]
}

@test "unwritable outputs are exit 1 before anything is read" {
    refused 1 "--output: absent/o: No such file or directory" absent --output absent/o
    refused 1 "--errors: .: ... file ... directory" absent --errors .
    refused 3 absent absent --output o --errors e
    [ -z "$(ls)" ]
}

@test "what is read or left out without being asked for is noted: other data than the model's, a missing label column" {
    mkdir -p tree/bin
    cp "$predict" tree/bin/predict # finds MNIST in ../data
    ln -s "$root/data" tree/data
    note() { tree/bin/predict "$@" 2>&1 >/dev/null; }
    [ -z "$(note "$model")" ]
    mkdir bright
    python3 -c '
import gzip, struct, sys
for name in "train", "t10k":
    with gzip.open(f"{sys.argv[1]}/{name}-images-idx3-ubyte.gz") as f, open(f"bright/{name}-images-idx3-ubyte", "wb") as to:
        head = f.read(16)
        to.write(head[:4] + struct.pack(">I", 200) + head[8:] + bytes(255 - b for b in f.read(200 * 784)))
    with gzip.open(f"{sys.argv[1]}/{name}-labels-idx1-ubyte.gz") as f, open(f"bright/{name}-labels-idx1-ubyte", "wb") as to:
        to.write(f.read(4) + struct.pack(">I", 200) + f.read(4 + 200)[4:])' "$mnist"
    "$train" --data bright --epochs 1 --hidden 8 --quiet --save other >/dev/null 2>&1
    [[ $(note other) == "predict: note: other: the mean of its training data is "*"; name its data with --data" ]]
    [ -z "$(note other --data bright)" ]
    printf 'a,b,k\n%s' "$(for i in {1..20}; do echo "$i,$((i % 3)),$((i % 2))"; done)" >table.csv
    "$train" --data table.csv --label k --epochs 2 --quiet --save columns >/dev/null 2>&1
    sed '1s/k/K/' table.csv >renamed.csv
    [[ $(note columns --data renamed.csv) == *'renamed.csv: no column "k", the label of the training data: nothing is evaluated' ]]
    [ -z "$(note columns --data table.csv)" ]
    cut -d, -f1,2 table.csv >unlabelled.csv
    [ -z "$(note columns --data unlabelled.csv)" ]
}
