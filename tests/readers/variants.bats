#!/usr/bin/env bats
# Variants of the files in replayed.bats, in the same order: written by other programs, with other separators, types and
# sizes, compressed, or read with other options.

bats_require_minimum_version 1.5.0
load ../programs
load replayed

setup() {
    set_up_replays
}

# reads PARTS TEXT ARGUMENTS...: train takes t.csv, of which printf makes the text.
reads() {
    local parts=$1
    printf '%b' "$2" >t.csv
    shift 2
    trained "$parts" --data t.csv "$@"
}

refuses() { # CODE PARTS TEXT ARGUMENTS...
    local code=$1 parts=$2
    printf '%b' "$3" >t.csv
    shift 3
    refused "$code" "$parts" --data t.csv "$@"
}

# predicted PARTS TEXT ARGUMENTS...: predict succeeds with d.csv and prints the parts on standard output or error.
predicted() {
    local parts=$1
    printf '%b' "$2" >d.csv
    shift 2
    run --separate-stderr "$predict" m --data d.csv "$@"
    echo "$parts -> $status: $stderr $output"
    [ "$status" -eq 0 ]
    has_parts "$stderr $output" "$parts"
}

unpredicted() { # PARTS TEXT ARGUMENTS...
    local parts=$1
    printf '%b' "$2" >d.csv
    shift 2
    refused_by predict "$predict" 3 "$parts" m --data d.csv "$@"
}

numbers='a,b,y\n1,2,p\n3,4,q\n5,6,p\n7,8,q\n'

@test "1: samples in line 1, as the only line, with semicolons or CR LF, from a pipe" {
    reads 'table ... 4 rows' '1;2;a\n3;4;b\n5;6;a\n7;8;b\n' --header no --save m
    predicted '1 samples' '1,2,a\n'
    predicted 'sample,class' '1\t2'
    predicted '2 samples' '1,2,a\r\n3,4,b\r\n'
    predicted '1 samples' 'x,z,y\n1,2,a\n'
    unpredicted 'd.csv: row 1: ... found one line ... --header no' 'x,z\n'
    [ "$(printf '"5","6"\n' | gzip | "$predict" m --data - | wc -l)" -eq 2 ]
}

@test "2: --normalize unit of negative values, of constants and of sparse text" {
    local text file
    for text in 'u\tv\ty\n-5\t100\ta\n5\t300\tb\n-4\t120\ta\n4\t280\tb\n' 'u,v,y\n7,100,a\n7,300,b\n7,120,a\n7,280,b\n' \
        '1 1:10\n2 1:20\n1 1:11 2:3\n2 2:5\n'; do
        reads '2 features' "$text" --normalize none
        file=$(weights <<<"$output")
        reads '2 features' "$text" --normalize unit
        [ "$(weights <<<"$output")" != "$file" ]
    done
}

@test "3: tables that look like libsvm text, in prediction and with other options" {
    times='0 10:30 11:45\n1 10:31 11:50\n0 10:30 11:45\n1 10:31 11:50\n'
    reads 'table ... 2 of categories' "$times" --header no --label first --save m
    predicted '2 samples' '0 10:30 11:45\n1 10:31 11:50\n'
    [[ $stderr != *features* ]]
    refuses 3 't.csv: row 1, column 1 ... --header no' "$times" --label 1
    refuses 2 '--features' "$times" --header no --features 3
    refuses 3 'found "am"; --header yes or no' '1 8:30 am\n2 9:15 pm\n1 8:31 am\n2 9:16 pm\n'
    trained 'classes     am 2, pm 2' --data t.csv --header no
    printf '1 1:1\n2 2:1\n' >v.svm
    refused 3 'v.svm: row 1' --data t.csv --header no --val-data v.svm
}

@test "4: milliseconds, large floats and dates" {
    { echo id,y; for i in {10..49}; do echo "17000000000$i,$((i / 30))"; done; } >ms.csv
    trained 'table       40 rows' --data ms.csv
    [[ $output != *'note  '*float* ]]
    trained 'note ... ms.csv: column 1: 39 values' --data ms.csv --normalize scale
    reads 'note ... t.csv: column 1: 2 values' 'x,y\n0.1000000001,0\n0.1000000002,1\n0.1000000003,0\n0.2,1\n'
    python3 -c '
from array_file import write
write("ns.npy", "<i8", "q", (40, 1), [1700000000000000000 + 256 * i for i in range(40)])
write("day.npy", "<M8[D]", "q", (40, 1), range(40))
write("y.npy", "|b1", "?", (40,), [i > 19 for i in range(40)])'
    trained 'array       40 rows' --data ns.npy --labels y.npy
    refused 3 'day.npy: ... dates ... int64' --data day.npy --labels y.npy
}

@test "5: classes of one sample in sparse text, in arrays and with other fractions" {
    reads 'note ... no validation sample' '1 1:1\n1 1:2\n2 2:1\n2 2:2\n3 1:7\n'
    reads 'classes ... weiß nicht 1' '1,ja\n2,ja\n3,nein\n4,nein\n5,weiß nicht\n' --header no --val-split 0.01
    reads 'classes ... weiß nicht 1' "$(cat t.csv)" --header no --class-weight balanced
    refuses 2 '1 of 3 samples ... class without training samples; --val-data' '1,a\n2,b\n3,c\n' --header no
    trained '3 rows' --data t.csv --header no --val-data t.csv
}

@test "6: other programs' markers of missing values, and other dates and amounts, are not names" {
    local first
    for first in n/a '#N/A' '<NA>' None -inf NULL 1e5 12:30:15 31.12.2024 '£3.50' '5 %' '1.234,5' '+49 30 1234' 3/4; do
        refuses 3 't.csv: row 1, column 1 ... --header no ... --header yes' "$first;p\n5;q\n4;p\n6;q\n"
    done
    trained '3 rows, label p' --data t.csv --header yes
    for first in infrared Nancy no. '<5' '5-HT' "Größe"; do
        reads '4 rows, label kind' "$first;kind\n5;q\n4;p\n6;q\n7;p\n" || return
    done
}

@test "7: CR ends lines of tab-separated, compressed and sparse text, CR LF those of options and weights" {
    reads 'label y (column 3), 2 columns' 'a\tb\ty\r1\t2\tp\r3\t4\tq\r5\t6\tp\r7\t8\tq' --save m
    printf '\xEF\xBB\xBFa;b;y\r1;2;p\r3;4;q\r' | gzip >d.gz
    "$predict" m --data d.gz | grep -q '2 samples'
    trained 'validation' --data t.csv --val-data - <d.gz
    reads 'libsvm      4 rows, 2 features' '1 1:1\r2 2:1\r1 1:2 # text\r2 2:3\r'
    printf 'hidden = 3\r\n\r\nepochs = 1\r\n' >c.conf
    printf 'p,2\r\nq,1\r\n' >w.csv
    reads 'table ... 4 rows' "$numbers" --config c.conf --class-weight w.csv
    refuses 3 't.csv: row 1: ... fields' 'a,b,y\r1,2,p\r3,4,q\n5,6,p\n'
}

@test "8: a note says that amounts and dates, often repeated or not, become inputs" {
    local form
    # shellcheck disable=SC2059
    for form in '$%d.50' '%d kg' '0x%x' '1.000.%03d' '2024-01-%02d' '1 %03d'; do
        { echo 'r;y'; for i in {1..40}; do printf "$form;%d\n" "$i" $((i % 2)); done; } >t.csv
        trained 'note ... t.csv: column 1 (r) holds 40 different texts' --data t.csv
    done
    { echo 'r,y'; for i in {1..250}; do echo "$((i % 25)) %,$((i % 2))"; done; } >t.csv
    trained 'note ... t.csv: column 1 (r) holds 25 different texts in 250 rows' --data t.csv
    { echo 'r,x,y'; for i in {1..1001}; do echo "u$i@x.org,$i,$((i % 2))"; done; } >mail.csv
    refused 3 'mail.csv: row 1002, column 1 (r): expected numbers or categories, found more than 1000 distinct texts ... --leave-out 1' --data mail.csv
    trained '1001 rows' --data mail.csv --leave-out 1 --train-limit 32 --val-limit 32
    for form in +1 1. .5 2e3; do
        reads '1 column of numbers' "r,y\n$form,a\n2,b\n3,a\n4,b\n"
    done
}

@test "9: huge values in compressed, reordered and streamed validation data are blamed" {
    printf 'x,y\n1,a\n2,b\n3,a\n4,b\n' >t.csv
    local blamed=(--data t.csv --activation relu --hidden 4 --epochs 2 --quiet)
    diverges() { # PARTS ARGUMENTS...
        run --separate-stderr "$train" "${blamed[@]}" "${@:2}"
        echo "$* -> $status: $stderr"
        [ "$status" -eq 4 ]
        has_parts "$stderr" "$1"
    }
    printf 'x;y\r\n3e38;a\r\n1;b\r\n' | gzip >v.gz
    diverges 'v.gz: row 2, column "x": 3e+38' --val-data v.gz
    diverges 'standard input: row 2, column "x": -3e+38' --val-data - < <(printf 'x,y\n-3e38,a\n1,b\n')
    printf 'y,z,x\nb,9,1\na,9,3.4e38\n' >v.csv
    diverges 'v.csv: row 3, column "x": 3.4e+38' --val-data v.csv
    blamed[1]=w.csv
    printf 'x,w,y\n1,1,a\n2,3e38,b\n3,3e38,a\n4,1,b\n' >w.csv
    diverges 'w.csv: row 3: sample weight 3e+38' --sample-weight w
    printf 'x,y\n1e39,a\n1,b\n' >v.csv
    refused 3 'v.csv: row 2, column 1 (x): ... that is too large' --data t.csv --val-data v.csv
}

@test "10: a byte order mark before a comment, a quote, sep= or nothing" {
    local bom='\xEF\xBB\xBF'
    reads 'libsvm      4 rows' "$bom# made by hand\n1 1:0.5\n2 1:0.7\n1 1:2\n2 1:1\n"
    reads '4 rows, label y' "$bom\"a\";\"y\"\n1;p\n2;q\n3;p\n4;q\n" --label y --save m
    predicted '1 samples' 'y\ta\np\t1\n'
    reads '4 rows, label y' "${bom}sep=;\na;y\n1;p\n2;q\n3;p\n4;q\n"
    reads '4 rows, label y' 'sep=,\r\na,y\r\np,1\r\nq,2\r\np,1\r\nq,2\r\n'
    trained '4 rows, label y' --data t.csv --skip-lines 1
    refuses 3 't.csv: expected a table, found no line' "$bom"
}

@test "11: libsvm text with missing values, large indices or no labels is reported as such" {
    local pair
    for pair in 1:-inf 1:NA 1: '1:?' 2:NaN 99999999999:1 qid:1; do
        refuses 3 "t.csv: line 1: expected INDEX:VALUE ... found \"$pair\"" "1 $pair\n2 1:1\n"
    done
    refuses 3 't.csv: line 1: expected an index of 3 or more, found 1' '1 2:5 1:6\n2 1:1\n'
    refuses 3 't.csv: line 1: ... found label 0.37' '0.37 1:5\n1.52 1:1\n'
    [[ $stderr != *--label* ]]
    reads 'libsvm      4 rows, 3 features' '+1 0:1 2:.5 # c\n-1\t1:1\n+1.0 2:3 \n\n-1 0:1\r\n' --save m
    unpredicted 'd.csv: ... found a table' '3:1 4:1\n'
    predicted '1 value of features beyond' '+1 3:1\n'
}

@test "12: IDX labels of other types and shapes" {
    python3 - <<'END'
import os, struct
def idx(name, code, dimensions, data):
    with open(name, "wb") as file:
        file.write(bytes([0, 0, code, len(dimensions)]) + struct.pack(f">{len(dimensions)}I", *dimensions) + data)
labels = {"int": (12, (4,), struct.pack(">4i", 0, 1, 0, 1)), "column": (8, (4, 1), bytes([0, 1, 0, 1])),
          "short": (11, (4,), struct.pack(">4h", 0, 1, 0, 1)), "little": (12, (4, 2), struct.pack("<8i", *[1, 0] * 4)),
          "more": (12, (5,), bytes(20))}
for folder, label in labels.items():
    os.mkdir(folder)
    for part in "train", "t10k":
        idx(f"{folder}/{part}-images-idx3-ubyte", 8, (4, 2, 2), bytes(range(16)))
        idx(f"{folder}/{part}-labels-idx1-ubyte", *label)
END
    trained '4 inputs, 2 classes' --data int --drop-last off
    gzip int/*
    trained '4 inputs, 2 classes' --data int --drop-last off
    refused 3 'column/train-labels-idx1-ubyte: byte 3: expected labels (1 dimension), found 2 dimensions' --data column
    refused 3 'short/train-labels-idx1-ubyte: byte 2: ... found 0x0b (short)' --data short
    refused 3 'little/train-labels-idx1-ubyte: byte 12: ... found 16777216' --data little
    refused 3 'more/train-labels-idx1-ubyte: byte 4: expected 4 labels ... found 5' --data more
}

@test "13: trailing delimiters on some lines, several of them, and empty columns elsewhere" {
    local expected text
    reads '4 rows' "$numbers" --save m
    expected=$(weights <<<"$output")
    for text in 'a;b;y;\r\n1;2;p;\r\n3;4;q;\r\n5;6;p;\r\n7;8;q;\r\n' 'a,b,y,\n1,2,p\n3,4,q\n5,6,p\n7,8,q\n' \
        'a,b,y\n1,2,p,\n3,4,q,\n5,6,p,\n7,8,q,\n' 'a,b,y,""\n1,2,p,""\n3,4,q\n5,6,p, \n7,8,q,\n'; do
        reads 'label y (column 3), 2 columns ... note ... column 4 has neither' "$text"
        [ "$(weights <<<"$output")" = "$expected" ]
    done
    reads 'note ... columns 4 to 5 have neither' 'a,b,y,,\n1,2,p,,\n3,4,q,,\n5,6,p\n7,8,q,\n'
    [ "$(weights <<<"$output")" = "$expected" ]
    predicted 'column 4 ... 2 samples' 'a,b,y\n1,2,p,\n3,4,q,\n'
    refuses 3 't.csv: row 3, column 5: expected an empty cell, found "9"' 'a,b,y,,\n1,2,p,,\n3,4,q,,9\n'
    refuses 3 't.csv: row 3: expected 3 fields as in row 1, found 6' 'a,b,y,,\n1,2,p,,\n3,4,q,,,\n'
    refuses 3 't.csv: column 1: ... value ... --leave-out 1' ',a,b,y\n,1,2,p\n,3,4,q\n,5,6,p\n,7,8,q\n' --missing mean
    trained '2 columns of numbers' --data t.csv --leave-out 1
}

@test "14: many classes in sparse text and arrays, and with other numbers" {
    for i in {0..120}; do printf "$((10 * i)) 1:$i\n%.0s" 1 2 3; done >t.svm
    trained '363 rows ... 121 classes' --data t.svm
    for i in {0..120}; do echo "$i 1:$i"; done >few.svm
    refused 3 'few.svm: ... found 121 distinct numbers' --data few.svm
    [[ $stderr != *--label* ]]
    for i in {0..120}; do printf -- "-$i.0,$i\n%.0s" 1 2 3; done >t.csv
    trained '363 rows ... 121 classes' --data t.csv --header no --label first
    python3 -c '
from array_file import write
write("x.npy", "<f2", "e", (363, 1), range(363))
write("y.npy", ">u2", "H", (363,), [i // 3 for i in range(363)])
write("r.npy", "<f4", "f", (363,), [i / 7 for i in range(363)])'
    trained '363 rows ... 121 classes' --data x.npy --labels y.npy
    refused 3 'r.npy: label 1 ... regression target' --data x.npy --labels r.npy
}

@test "15: tables by savetxt and write.table with other options" {
    local text
    reads '4 rows' "$(tr , ' ' <<<"$numbers")" --save m
    for text in '# a b y\n1e+00 2.0 p\n3 4 q\n5 6 p\n7 8 q\n# end\n' 'a  , b  , y\n1 , 2 , p\n3 , 4 , q\n5 ,6, p\n7 , 8 , q\n' \
        'a  b  y\r\n 1   2  p\r\n 3   4  q\r\n 5   6  p\r\n 7   8  q\r\n' \
        '"a" "b" "y"\n"1" 1 2 "p"\n"2" 3 4 "q"\n"3" 5 6 "p"\n"4" 7 8 "q"\n'; do
        predicted '4 samples' "$text"
        reads 'label y' "$text"
    done
    refuses 3 't.csv: row 1: expected 3 fields as in row 2, found 4 ... --skip-lines 1' '% made by hand\n1 2 0\n3 4 1\n5 6 0\n7 8 1\n'
    trained '4 rows' --data t.csv --skip-lines 1 --header no
    refuses 3 't.csv: row 1: ... found 1 column' 'a|b|y\n1|2|p\n3|4|q\n'
    reads 'note ... 20 different texts' "$(for i in {1..20}; do echo "1.5D+$i 0 $((i % 2))"; done)" --header no
}

@test "16 and 17: the same array in any type and order" {
    python3 - <<'END'
from array_file import write
x = [[i, i * i % 50, 60 - i] for i in range(20)]
rows, columns = [v for row in x for v in row], [v for column in zip(*x) for v in column]
write("x.npy", "<f8", "d", (20, 3), rows)
for kind, code in ("<i2", "h"), (">i4", "i"), (">u8", "Q"), ("|i1", "b"), ("<f2", "e"), (">f2", "e"), (">f4", "f"):
    write(f"{code}{kind[0]}.npy".replace("<", "l").replace(">", "b"), kind, code, (20, 3), columns, fortran=True)
write("y.npy", ">u4", "I", (20,), [i // 10 for i in range(20)])
write("column.npy", ">i2", "h", (20, 1), [i // 10 for i in range(20)], fortran=True)
write("wide.npy", "<f8", "d", (3, 20), columns)
write("flat.npy", "<f8", "d", (20,), range(20))
write("huge.npy", ">u8", "Q", (20, 1), [2**63 + i for i in range(20)])
END
    trained 'array       20 rows' --data x.npy --labels y.npy --save m
    local expected file
    expected=$(weights <<<"$output")
    for file in hl ib Qb 'b|' el eb fb; do
        trained 'array       20 rows' --data "$file.npy" --labels column.npy
        [ "$(weights <<<"$output")" = "$expected" ]
    done
    gzip -c hl.npy | "$predict" m --data - --labels y.npy | grep -q '20 samples'
    refused 3 'y.npy: expected 3 labels ... found 20' --data wide.npy --labels y.npy
    refused 3 'flat.npy: expected 2 or more dimensions (samples, then features), found 1' --data flat.npy --labels y.npy
    refused 3 'huge.npy: 9223372036854775809 in sample 1' --data huge.npy --labels y.npy
    refused_by predict "$predict" 3 'wide.npy: expected 3 features as in the training data, found 20' m --data wide.npy
    refused_by predict "$predict" 3 'standard input: ... found a table' m --data - < <(echo 1,2,3)
}

@test "18: tensors of other types, names and counts" {
    printf '%b' 'x,z,y\n1,2,a\n2,1,b\n3,5,a\n4,4,b\n' >t.csv
    PYTHONPATH=$root/tests/model python3 - <<'END'
from tensor_file import write
def layers(name, names, kind, sizes=(2, 4, 2), biases=None):
    tensors = []
    for layer, before, units in zip(names, sizes, sizes[1:]):
        tensors += [(layer + ".weight", kind, [units, before], range(units * before)),
                    (layer + ".bias", biases or kind, [units], range(units))]
    write(name, tensors)
layers("f64", ["model.0", "model.2"], "F64")
layers("mixed", ["module.net.0", "module.net.2"], "F16", biases="F32")
layers("fc", ["fc1", "fc2"], "BF16")
layers("deep", [str(2 * i) for i in range(6, 13)], "F32", (2, 4, 4, 4, 4, 4, 4, 2))
layers("named", ["hidden", "out"], "F32")
layers("wide", ["0", "2"], "F32", (3, 4, 2))
END
    for file in f64 mixed fc; do
        trained 2-4-2 --data t.csv --bias all --init-from $file
    done
    quick=(--epochs 1 --hidden 4,4,4,4,4,4 --quiet)
    trained 2-4-4-4-4-4-4-2 --data t.csv --bias all --init-from deep
    refused 2 'deep: ... 2-4-4-4-4-4-4-2; --hidden' --data t.csv --bias all --init-from deep --hidden 4
    refused 3 'named: ... found hidden.weight ... more than one order' --data t.csv --bias all --init-from named --hidden 4
    refused_by train "$train" 3 'wide: ' --data t.csv --bias all --init-from wide --hidden 4 --quiet
    gzip fc
    refused 3 'fc.gz: ... unpacked ... found gzip' --data t.csv --bias all --init-from fc.gz --hidden 4
}

@test "19: features beyond those of the training data, compressed, in prediction and from 0" {
    printf '1 1:1\n2 2:1\n1 1:2\n2 2:2\n' >t.svm
    printf '+1 1:1 3:1\r\n+2 2:1\r\n' | gzip >v.gz
    trained 'note ... standard input: 1 value of features' --data t.svm --val-data - --save m <v.gz
    trained '3 features' --data t.svm --val-data v.gz --features 3
    [[ $output != *beyond* ]]
    predicted '2 values ... 2 samples' '2\n1 2:1 9:9 99:1\n'
    unpredicted 'd.csv: line 2: ... found 0 ... --index-base' '1 1:1\n2 0:1\n'
    predicted '2 samples' '1 1:1\n2 0:1\n' --index-base 0
    unpredicted 'd.csv: line 1: ... found "3"' '3 1:1\n'
}

@test "20: zeros, many or few, after gzip data of sparse text and arrays" {
    printf '%b' "$numbers" >t.csv
    { gzip -c t.csv; : | gzip; head -c 70000 /dev/zero; } >t.gz
    trained '4 rows' --data t.gz --val-data - <t.gz
    { printf '1 1:1\n2 2:1\n1 1:2\n2 2:2\n' | gzip; printf '\0'; } >s.gz
    trained 'libsvm      4 rows' --data s.gz
    { gzip -c t.csv; printf '\0\n'; } >x.gz
    refused 3 'x.gz: ... trailing bytes' --data x.gz
    gzip -c t.csv | head -c 30 >cut.gz
    refused 3 'cut.gz: ... truncated' --data cut.gz
    gzip -c t.csv | gzip >twice.gz
    refused 3 'twice.gz: ... compressed twice' --data twice.gz
}

@test "21: pipes for validation, weights, configurations and compressed data" {
    printf '%b' "$numbers" >t.csv
    trained '4 rows' --data /dev/stdin --save m < <(gzip -c t.csv)
    trained '4 rows' --data <(gzip -c t.csv) --val-data <(cat t.csv) --class-weight - < <(printf 'p,2\nq,1\n')
    quick=(--epochs 2 --quiet)
    trained 2-3-2 --data - --config <(echo hidden = 3) < <(sleep 0.1; cat t.csv)
    "$predict" m --data <(cut -d, -f 1,2 t.csv) --output - | grep -q '^3,'
    refused 2 '--val-data' --data - --val-data - <t.csv
    refused 3 'standard input: ... found no line' --data - </dev/null
    refused_by predict "$predict" 3 'expected a regular file' <(cat m) --data t.csv
}

@test "22: prediction of rows without labels or with values missing from training" {
    reads '6 rows' 'x,c,y\n1,u,a\n2,v,b\n3,u,a\n4,v,b\n5,u,a\n6,v,b\n' --save m
    local text
    for text in 'y,x,c\n,1,u\n' 'x\tc\ty\n1\tu\tNULL\n' 'x;c;y\n1;u;"" \n' 'x,c\n1, "u"\n' 'x,c,y,z\n1,u,,7\n'; do
        predicted '0,a,0.' "$text"
    done
    unpredicted 'd.csv: row 2, column 3 (y): ... found "None"' 'x,c,y\n1,u,None\n'
    unpredicted 'd.csv: row 2, column 2 (c): ... found "7" ... --unseen missing' 'x,c\n1,7\n'
    predicted 'd.csv: 1 cell' 'x,c\n1,7\n' --unseen missing
    unpredicted 'd.csv: row 2, column 2 (c): ... found "" ... --missing mean' 'x,c\n1,\n' --unseen missing
    printf 'x,c,y\n1,u,\n2,v,\n' >v.csv
    refused 3 'v.csv: row 2, column 3 (y): expected a label, found ""' --data t.csv --val-data v.csv
}

@test "23: files of statistics programs and databases, and images, as data and as models" {
    printf '%b' "$numbers" >t.csv
    named() { # BYTES PARTS
        printf '%b' "$1" | cat - <(head -c 64 /dev/zero) >f
        refused 3 "f: ... $2" --data f
        refused_by predict "$predict" 3 'f: ... safetensors' f --data t.csv
    }
    named '<stata_dta><header>' 'found a Stata file ... read_stata'
    named "\$FL2@(#) SPSS DATA FILE" 'found an SPSS file ... read_spss'
    named 'Obj\x01\x04\x14' 'found an Avro file'
    named '\0\0\0\0\0\0\0\0\0\0\0\0\xC2\xEA\x81\x60\xB3' 'found a SAS file ... read_sas'
    named 'SQLite format 3' 'found an SQLite database ... sqlite3'
    named '\xFF\xD8\xFF\xE0' 'found a JPEG'
    iconv -t UTF-32 t.csv >u32.csv
    refused 3 'u32.csv: ... found text in UTF-32 ... iconv' --data u32.csv
    refused_by predict "$predict" 3 't.csv: ... found no header' t.csv --data t.csv
}

@test "24: dark ink in any kind of PNG, also from a pipe" {
    "$train" --data "$root/data/mnist" --epochs 1 --train-limit 5000 --hidden 16 --quiet --save m >/dev/null
    python3 - "$root" <<'END'
import gzip, struct, sys, zlib
seven = gzip.open(sys.argv[1] + "/data/mnist/t10k-images-idx3-ubyte.gz").read()[16:16 + 784]
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def png(name, size, bits, kind, convert, palette=b"", width=28):
    rows = b"".join((b"\0" + convert(seven[y * 28:y * 28 + 28])) * size for y in range(28))
    head = struct.pack(">IIBBBBB", width * size, 28 * size, bits, kind, 0, 0, 0)
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + palette
                           + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
ink = lambda row: bytes(255 - v for v in row)
png("rgb.png", 1, 8, 2, lambda row: bytes(v for p in ink(row) for v in (p, p, p)))
png("clear.png", 1, 8, 6, lambda row: bytes(v for p in row for v in (0, 0, 0, p)))
png("bits.png", 1, 1, 0, lambda row: int("".join("01"[v < 128] for v in row) + "0000", 2).to_bytes(4, "big"))
png("palette.png", 1, 8, 3, ink, chunk(b"PLTE", bytes(v for i in range(256) for v in (i, i, i))))
png("large.png", 2, 8, 0, lambda row: bytes(v for p in ink(row) for v in (p, p)))
png("wide.png", 1, 8, 0, lambda row: ink(row) + b"\xff\xff", width=30)
END
    for file in rgb.png clear.png bits.png palette.png large.png -; do
        run --separate-stderr "$predict" m --image $file <rgb.png
        [ "$status" -eq 0 ]
        has_parts "$stderr" "$file: inverted"
        has_parts "$output" 'class       7,'
    done
    refused_by predict "$predict" 3 'wide.png: ... 28 x 28 pixels ... found 30 x 28' m --image wide.png
}

@test "25: learning rates too high for any optimizer, or too low" {
    few=(--data "$(few_digits)" --train-limit 3200 --val-limit 100 --hidden 8 --epochs 1 --quiet)
    guesses() { # ADVICE ARGUMENTS...
        run --separate-stderr "$train" "${few[@]}" "${@:2}"
        [ "$status" -eq 0 ]
        has_parts "$output" "note        no better than guessing ... try a $1 --lr"
    }
    guesses smaller --lr 10 --optimizer sgd
    guesses smaller --lr 1 --optimizer adam
    guesses smaller --lr 3 --activation relu
    guesses larger --lr 1e-9
    reads 'classes     p 2, q 2' "$numbers" --save m
    printf 'a,b,y\n1,2,p\n5,6,p\n' >p.csv
    run --separate-stderr "$train" --data p.csv --val-data t.csv --init-from m --hidden 4 --epochs 200 --quiet
    [ "$status" -eq 0 ]
    [[ $output == *'no training samples of 1 class'* && $output != *guessing* ]]
}
