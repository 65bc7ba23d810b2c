#!/usr/bin/env bats
# Files found in practice that other programs reportedly misread: each is read correctly, or an error asks what is
# meant.

bats_require_minimum_version 1.5.0
load ../programs
load replayed

setup() {
    set_up_replays
}

@test "a model trained on a table without names reads line 1 as a sample" {
    printf 'x,p\nx,p\ny,q\nx,p\ny,q\nx,p\ny,q\n' >t.csv
    trained 'table ... 7 rows' --data t.csv --header no --save m
    printf 'x,p\ny,q\n' >d.csv
    run --separate-stderr "$predict" m --data d.csv
    has_parts "$output" '2 samples'
    printf 'x\ny\n' >unlabelled.csv
    [ "$("$predict" m --data unlabelled.csv | wc -l)" -eq 3 ] # and a header
    printf 'colour,kind\nx,p\n' >named.csv
    refused_by predict "$predict" 3 'named.csv: row 1 ... --header no ... --header yes' m --data named.csv
    trained 'table ... 7 rows' --data t.csv --header no --val-data d.csv
}

@test "--normalize unit maps each column of a table to [0, 1]" {
    printf 'x,y\n2,a\n18,b\n4,a\n16,b\n' >t.csv
    for mode in unit none; do
        trained table --data t.csv --label y --normalize $mode --save $mode.st
        weights <<<"$output" >$mode
    done
    ! cmp unit none
    python3 - unit.st <<'END'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + size])
value = lambda name: struct.unpack_from("<f", data, 8 + size + header[name]["data_offsets"][0])[0]
for x in (2, 18): # of which training may have seen a part
    assert -0.2 < x * value("input.scale") + value("input.shift") < 1.2
assert value("input.scale") > 1 / 16 - 1e-6
END
}

@test "a class with one sample is trained on; a split that leaves a class none is refused" {
    for c in a b; do for i in {1..10}; do echo "$i,$c"; done; done >t.csv
    printf '11,c\n12,d\n13,e\n' >>t.csv
    for seed in 1 2 3 4 5; do
        trained 'note ... no validation samples of 3 classes: c, d, e' --data t.csv --header no --seed $seed
        [[ $output != *"no training sample"* ]]
    done
    refused 2 '21 of 23 samples ... class without training samples; --val-split ... --val-data' --data t.csv --header no \
        --val-split 0.9
    printf '1,a\n2,b\n' >u.csv
    refused 2 '1 of 2 samples ... class without training samples' --data u.csv --header no
    printf '1,a\n2,a\n' >v.csv
    trained 'no validation samples of 4 classes: b, c, d, e' --data t.csv --header no --val-data v.csv
}

@test "missing-value markers, dates and amounts in line 1 are not names" {
    printf 'NaN,p\n5,q\n4,p\n6,q\n' >t.csv
    refused 3 't.csv: row 1, column 1: ... found "NaN" ... --header no ... --header yes' --data t.csv
    local first
    for first in '?' NA '2024-01-31' '10:30' '$5' '5%' '1/2/2024' '2024-01-31T10:30:00Z' '€7' '(3)'; do
        printf '%s,p\n5,q\n4,p\n6,q\n' "$first" >t.csv
        refused 3 't.csv: row 1, column 1 ... --header no ... --header yes' --data t.csv
    done
    for first in 1stFloor x1 'size (m2)' '3D'; do
        printf '%s,kind\n5,q\n4,p\n6,q\n7,p\n' "$first" >t.csv
        trained 'table ... 4 rows, label kind' --data t.csv
    done
    printf '2019,2020,kind\n1,2,a\n3,4,b\n5,6,a\n7,8,b\n' >years.csv
    trained '4 rows, label kind' --data years.csv --label kind
    refused 3 'years.csv: row 1, column 1: ... found 2019 ... --header no ... --header yes' --data years.csv
}

@test "an option for tables makes a file a table, whatever its content" {
    printf '0\t10:30\t11:45\n1\t10:31\t11:50\n' | repeat 10 >t.tsv
    trained 'table ... 20 rows, label in column 1, 0 columns of numbers and 2 of categories' --data t.tsv --header no --label first
    trained 'libsvm ... 20 rows' --data t.tsv
}

@test "values that become equal as floats are counted" {
    { echo ts,y; for i in {0..199}; do echo "$((1600000000 + i)),$((i / 100))"; done; } >t.csv
    trained 'table ... 200 rows' --data t.csv
    [[ $output != *comments* ]]
    trained 'note ... t.csv: column 1: 197 values, such as 16000000 ... float' --data t.csv --normalize none
    printf 'x,y\n16777216,0\n16777217,1\n1,0\n2,1\n' >t.csv
    trained 'note ... t.csv: column 1: 1 value, such as 16777217 ... float' --data t.csv
}

@test "lines end with LF, CR LF, CR, CR CR LF, or blanks" {
    local end
    for end in '\n' '\r\n' '\r' '\r\r\n' '  \n' '\t \r\n'; do
        printf "a,b,y${end}1,2,p${end}3,4,q${end}5,6,p${end}7,8,q${end}${end}  ${end}" >t.csv
        trained 'table ... 4 rows, label y (column 3), 2 columns of numbers ... p 2, q 2' --data t.csv
    done
}

@test "a last column without a name or a value is left out, with a note" {
    printf 'a,b,y,\n1,2,p,\n3,4,q,\n5,6,p,\n7,8,q,\n' >t.csv
    trained 'label y (column 3), 2 columns of numbers ... note ... t.csv: column 4 has neither' --data t.csv --save m
    run --separate-stderr "$predict" m --data t.csv
    [ "$status" -eq 0 ]
    has_parts "$output" '4 samples'
    printf '1,2,p,\n3,4,q,\n5,6,p,\n7,8,q\n' >t.csv
    trained 'note ... t.csv: column 4' --data t.csv --header no
    printf 'a,b,y,\n1,2,p,\n3,4,q,5\n' >t.csv
    refused 3 't.csv: row 3, column 4: ... found "5" ... column that has neither a name nor a value' --data t.csv
}

@test "a note reports texts that are nearly all distinct" {
    { echo r,y; for i in {1..60}; do echo "$i%,$((i % 2))"; done; } >t.csv
    trained 'note ... t.csv: column 1 (r) holds 60 different texts in 60 rows, such as "1%" and "2%" ... --leave-out' --data t.csv
    trained '60 features' --data t.csv --categorical r
    [[ $output != *comments* ]]
}

@test "a byte order mark is skipped in libsvm text and configurations" {
    printf '\xEF\xBB\xBF1 1:0.5\n2 1:0.7\n2 1:0.6\n1 1:0.4\n' >t.svm
    trained 'libsvm ... 4 rows' --data t.svm
    printf '\xEF\xBB\xBFhidden = 3\n' >run.conf
    run --separate-stderr "$train" --data t.svm --config run.conf --epochs 1
    has_parts "$output" '1-3-2'
}

@test "errors in line 1 of libsvm text are reported as libsvm's" {
    printf '1 1:nan\n2 1:1\n' >t.svm
    refused 3 't.svm: line 1: ... INDEX:VALUE ... found "1:nan"' --data t.svm
}

@test "blanks separate fields, as in tables by NumPy, R and UCI" {
    for i in {1..10}; do printf '%d.5 %d 0\n%d.5 %d 1\n' "$i" "$i" "-$i" "-$i"; done >savetxt.txt
    trained 'table       20 rows, label in column 3, 2 columns of numbers' --data savetxt.txt --header no --save m
    hash=$(weights <<<"$output")
    sed 's/ /   /g; s/^/  /; s/$/ /' savetxt.txt >aligned.txt
    sed 's/ /\t  /' savetxt.txt >mixed.txt # a tab before blanks
    { printf '# made by hand\n'; sed '3i # a remark' savetxt.txt; } >remarks.txt
    tr ' ' , <savetxt.txt | sed '1i # made, by, hand, once' >remarks.csv
    for file in aligned.txt remarks.txt remarks.csv; do
        trained 'table       20 rows' --data $file --header no
        [ "$(weights <<<"$output")" = "$hash" ]
    done
    has_parts "$output" 'note ... remarks.csv: comments left out: 1 line that begins with #'
    { echo '# a b kind'; cat savetxt.txt; } >named.txt
    trained 'table       20 rows, label kind (column 3) ... note ... named.txt: row 1 ... read as the header row' --data named.txt
    [ "$(weights <<<"$output")" = "$hash" ]
    trained 'comments left out: 1 line' --data named.txt --header no
    # R: write.table(d, "r.txt") names rows, and has no name for that column.
    { echo '"a" "b" "kind"'; awk '{print "\"" NR "\" " $1, $2, "\"k" $3 "\""}' savetxt.txt; } >r.txt
    trained 'label kind (column 4) ... note ... r.txt: row 1 ... first column ... left out' --data r.txt
    "$predict" m --data aligned.txt | grep '^validation\|20 samples'
    printf '1 2 0\n3 4\n' >ragged.txt
    refused 3 'ragged.txt: row 1: expected 2 fields as in row 2, found 3' --data ragged.txt --header no
}

@test "# begins a comment unless it begins a cell" {
    printf '#,Name,Kind\n1,x,a\n2,y,b\n3,x,a\n4,y,b\n' >pokemon.csv
    trained 'table       4 rows, label Kind (column 3), 1 column of numbers and 1 of categories' --data pokemon.csv
    [[ $output != *comments* ]]
    printf 'colour,kind\n#f00,a\n#0f0,b\n#f00,a\n#0f0,b\n' >colours.csv
    trained 'table       4 rows' --data colours.csv --header yes
    printf '#f00,a\n#0f0,b\n#f00,a\n#0f0,b\n' >bare.csv
    trained 'table       4 rows' --data bare.csv --header no
    printf '#id\tkind\n1\ta\n2\tb\n3\ta\n4\tb\n' >id.tsv
    trained 'table       4 rows, label kind (column 2)' --data id.tsv --header yes
}

@test "libsvm: indices from 0, and features missing from the training data" {
    printf '1 0:0.5 3:1\n2 0:1\n1 0:0.25\n2 0:2\n' >zero.txt
    trained 'libsvm      4 rows, 4 features' --data zero.txt --save m
    printf '1 1:0.5 3:1 5:1 6:2\n2 2:1\n' >more.txt
    run --separate-stderr "$predict" m --data more.txt
    has_parts "$stderr" 'more.txt: 2 values of features beyond the 4 of the training data left out'
    trained 'note ... more.txt: 2 values of features' --data zero.txt --val-data more.txt
    trained 'libsvm      4 rows, 5 features' --data zero.txt --index-base 0 --features 5
    printf '1 1:0.5 3:1\n2 1:1\n1 1:0.25\n2 1:2\n' >one.txt
    trained 'libsvm      4 rows, 3 features' --data one.txt --save n
    trained 'libsvm      4 rows, 4 features' --data one.txt --index-base 0
    refused_by predict "$predict" 3 'zero.txt: line 1: ... found 0 ... --index-base' n --data zero.txt
    "$predict" n --data zero.txt --index-base 0 | grep -q '4 samples'
    refused 3 'line 1: expected an index of 1 or more, found 0' --data zero.txt --index-base 1
    refused 3 'one.txt: expected an index of at most 2 as set by --features, found 3' --data one.txt --features 2
    printf '1,2 1:1\n1 2:1\n' >several.txt
    refused 3 'several.txt: line 1: ... found "1,2" ... multi-label' --data several.txt
    printf 'x,y\n1,a\n2,b\n3,a\n4,b\n' >t.csv
    refused 2 '--features: ... libsvm ... t.csv' --data t.csv --features 5
    refused 2 '--index-base: ... directory' --data "$root/data/mnist" --index-base 0
}

@test "a label column without labels, and categories missing from the training data" {
    printf 'x,c,y\n1,u,a\n2,v,b\n3,u,a\n4,v,b\n5,u,a\n6,v,b\n' >t.csv
    trained 'table       6 rows' --data t.csv --save m
    trained 'table       6 rows' --data t.csv --missing mean --save n
    printf 'x,c,y\n1,u,\n2,v,\n' >empty.csv
    printf 'x,c,y\n1,u,NA\n2,v,?\n' >marked.csv
    "$predict" m --data t.csv --output all >/dev/null
    for file in empty.csv marked.csv; do
        "$predict" m --data $file >out
        cut -d, -f 2- out | cmp - <(head -n 3 all | cut -d, -f 3-)
        [ "$(wc -l <out)" -eq 3 ]
    done
    printf 'x,c,y\n1,u,a\n2,v,\n' >some.csv
    refused_by predict "$predict" 3 'some.csv: row 3, column 3 (y) ... expected a label' m --data some.csv
    printf 'x,c,y\n1,u,\n2,v,b\n' >some.csv
    refused_by predict "$predict" 3 'some.csv: row 3, column 3 (y): expected no label, as in the rows above, found "b"' m --data some.csv
    printf 'x,c\n1,u\n2,w\n3,w\n' >unseen.csv
    refused_by predict "$predict" 3 'unseen.csv: row 3, column 2 (c): ... found "w" ... --unseen missing' m --data unseen.csv
    for model in m n; do
        run --separate-stderr "$predict" $model --data unseen.csv --unseen missing
        has_parts "$stderr" 'unseen.csv: 2 cells with a category that the training data do not have, such as "w"'
        [ "$(wc -l <<<"$output")" -eq 4 ]
    done
    sed 's/3,w/3,w,a/; s/x,c/x,c,y/; s/1,u/1,u,b/; s/2,w/2,w,b/' unseen.csv >val.csv
    refused 3 'val.csv: row 3 ... category' --data t.csv --val-data val.csv
    trained 'note ... val.csv: 2 cells' --data t.csv --val-data val.csv --unseen missing
}

@test "--leave-out of tables without names, and of columns of the same name" {
    for i in {1..6}; do echo "$i,$((i % 2)).5,$((i % 3)),k$((i % 2)),$((i * i))"; done >t.csv
    trained 'table       6 rows, label in column' --data t.csv --header no --label 4 --leave-out 1,5 --save m
    hash=$(weights <<<"$output")
    cut -d, -f 2-4 t.csv >same.csv
    trained 'table       6 rows' --data same.csv --header no
    [ "$(weights <<<"$output")" = "$hash" ]
    "$predict" m --data t.csv --output rows >/dev/null
    cut -d, -f 1-3,5 t.csv >unlabelled.csv
    cut -d, -f 2,3 t.csv >inputs.csv
    for file in unlabelled inputs; do
        "$predict" m --data $file.csv >out
        cut -d, -f 2- out | cmp - <(cut -d, -f 3- rows)
    done
    cut -d, -f 2- t.csv >other.csv
    printf '1,2,3,4,5,6\n' >many.csv
    refused_by predict "$predict" 3 'many.csv: row 1: expected 4 and a label, as in the training data, found 6 fields' m --data many.csv --header no
    trained 'table       6 rows' --data t.csv --header no --label 4 --leave-out 1,5 --val-data t.csv
    { echo 'id,x,v,kind,id'; cat t.csv; } >twice.csv
    refused 3 'found "id" in columns 1 and 5' --data twice.csv --label kind
    trained 'table       6 rows, label kind' --data twice.csv --label kind --leave-out 1,5
    [ "$(weights <<<"$output")" = "$hash" ]
}

diverged() { # PARTS ARGUMENTS...
    local parts=$1
    shift
    run --separate-stderr "$train" "$@" --quiet
    echo "$* -> $status: $stderr"
    [ "$status" -eq 4 ]
    has_parts "$stderr" "train: $parts"
}

@test "a loss that is not finite is traced to the value that causes it" {
    printf 'x,y\n1,a\n2,b\n3,a\n4,b\n1,a\n' >t.csv
    printf 'x,y\n1,b\n\n3e38,a\n1,b\n' >v.csv
    diverged 'v.csv: row 4, column "x": 3e+38, which ... normalization' --data t.csv --val-data v.csv --activation relu \
        --hidden 8
    [[ $stderr != *--lr* ]]
    sed 1d v.csv >h.csv
    sed 1d t.csv >u.csv
    diverged 'h.csv: row 3, column 1: 3e+38' --data u.csv --header no --val-data h.csv --activation relu --hidden 8
    printf 'x,y\n1,a\n2,b\n3,a\n4,b\n-3e38,a\n3e38,b\n' >wild.csv
    diverged 'wild.csv: row ' --data wild.csv --normalize none --activation relu --hidden 8 --val-data t.csv
    printf '1 1:1\n2 2:1\n1 1:2\n2 2:2\n' >t.svm
    printf '1 1:1\n2 2:3e38\n' >v.svm
    diverged 'v.svm: line 2, index 2: 3e+38' --data t.svm --val-data v.svm --activation relu --hidden 8
}

@test "a network that learned nothing is reported, with useful advice" {
    few=(--data "$(few_digits)" --train-limit 3200 --val-limit 100 --hidden 8)
    run --separate-stderr "$train" "${few[@]}" --lr 5 --epochs 2 --quiet
    [ "$status" -eq 0 ]
    has_parts "$output" 'note        no better than guessing ... smaller --lr (it is 5)'
    run --separate-stderr "$train" "${few[@]}" --epochs 2 --quiet
    [[ $output != *guessing* ]]
    diverged 'the loss ... layer ... try a smaller --lr (it is 1000)' "${few[@]}" --lr 1000 --activation relu
    [[ $stderr != *fan-in* && $stderr != *--normalize* ]]
}

@test "two-dimensional labels of int are read as QMNIST's" {
    mkdir d
    python3 - <<'END'
import struct
for part, count in ("train", 4), ("t10k", 2):
    with open(f"d/{part}-images-idx3-ubyte", "wb") as file:
        file.write(struct.pack(">4B3I", 0, 0, 8, 3, count, 1, 2) + bytes(range(2 * count)))
    with open(f"d/{part}-labels-idx1-ubyte", "wb") as file:
        file.write(struct.pack(">4B2I", 0, 0, 12, 2, count, 8))
        for i in range(count):
            file.write(struct.pack(">8i", i % 2, 4, 7, 7, 7, 7, 0, 0))
END
    trained '2 inputs, 2 classes' --data d --drop-last off
    printf '\xff' | dd of=d/t10k-labels-idx1-ubyte bs=1 seek=12 conv=notrunc status=none
    refused 3 't10k-labels-idx1-ubyte: byte 12: ... found -16777216' --data d
}

@test "several files with the same column names are one table" {
    printf 'a,b,y\n1,2,p\n3,4,q\n5,6,p' >a.csv
    printf '\xEF\xBB\xBFa,b,y\r\n7,8,q\r\n9,1,r\r\n' | gzip >b.csv.gz
    printf 'a,b,y\n7,8,q\n2,1,r\n2,2,r\n' >c.csv
    printf 'a,b,y\n1,2,p\n3,4,q\n5,6,p\n7,8,q\n9,1,r\n7,8,q\n2,1,r\n2,2,r\n' >all.csv
    trained 'table       8 rows, label y ... classes     p 2, q 3, r 3' --data a.csv,b.csv.gz,c.csv --save m
    hash=$(weights <<<"$output")
    trained 'table       8 rows' --data all.csv
    [ "$(weights <<<"$output")" = "$hash" ]
    [ "$("$predict" m --data a.csv,c.csv | sed 's/a.csv,c.csv/x/')" = "$("$predict" m --data <(cat a.csv <(echo) <(sed 1d c.csv)) | sed 's:/dev/fd/[0-9]*:x:')" ]
    for file in a c; do sed 1d $file.csv >$file.txt; done
    trained 'table       6 rows' --data a.txt,c.txt --header no
    printf 'a,c,y\n7,8,q\n' >other.csv
    refused 3 'other.csv: row 1: expected the header row of a.csv (row 1), found another line' --data a.csv,other.csv
    printf 'a,b,y\n7,8,q\n\n7,x,q\n' >bad.csv
    refused 3 'bad.csv: row 4, column 2 (b): ... found "x"' --data a.csv,bad.csv
    printf 'a,b,y\n7,8,q\n7,"8,q\n' >bad.csv
    refused 3 'bad.csv: row 3: a double quote on line 3 is not closed' --data a.csv,bad.csv
    refused 3 'absent.csv: cannot be opened' --data a.csv,absent.csv
    printf 'a,b\0' >zero.csv
    refused 3 'zero.csv: byte 3: ... found a zero byte' --data a.csv,zero.csv
    refused 3 'a.csv,: expected a file'\''s name before and after each comma' --data a.csv,
    printf 'x,p\ny,q\n' >same.txt
    trained 'table       4 rows' --data same.txt,same.txt --header no --save n
    refused_by predict "$predict" 3 'same.txt begins with the same line ... --header' n --data same.txt,same.txt
    "$predict" n --data same.txt,same.txt --header no | grep -q '4 samples'
    printf '1 1:1\n2 2:1\n' >a.svm
    printf '1 1:1\n2 x\n' >b.svm
    refused 3 'b.svm: line 2: ... found "x"' --data a.svm,b.svm
    printf '1 1:1\n2 2:1 1:1\n' >b.svm
    refused 3 'b.svm: line 2: expected an index of 3 or more, found 1' --data a.svm,b.svm
    trained 'libsvm      4 rows' --data a.svm,a.svm
    mkdir sub
    mv a.csv b.csv.gz c.csv sub
    echo 'data = a.csv,b.csv.gz,c.csv' >sub/run.conf
    trained 'table       8 rows' --config sub/run.conf
    echo 'data = -,c.csv' >sub/pipe.conf
    trained 'table       6 rows' --config sub/pipe.conf <sub/a.csv
    (cd sub && "$train" --config run.conf --print-config >written.conf)
    trained 'table       8 rows' --config sub/written.conf
    [ "$(weights <<<"$output")" = "$hash" ]
    refused 2 '--save: ... found ... c.csv, which --data reads' --data sub/a.csv,sub/c.csv --save sub/c.csv
    printf 'a,b,y\r1,2,p\r3,4,q\r5,6,p' >cr.csv
    printf 'a,b,y\r7,8,q\r9,1,r\r' >more.csv
    trained 'table       8 rows' --data cr.csv,more.csv,sub/c.csv
    [ "$(weights <<<"$output")" = "$hash" ]
    sed -i s/7/x/ more.csv
    refused 3 'more.csv: row 2, column 1 (a): ... found "x"' --data cr.csv,more.csv
    cp all.csv 'with,comma.csv'
    trained 'table       8 rows' --data with,comma.csv
    [ "$(weights <<<"$output")" = "$hash" ]
}

@test "an option that a format does not use is refused" {
    printf '1 1:1\n2 2:1\n1 1:2\n2 2:2\n' >t.svm
    refused 2 "--missing: valid only with a table or an array, found with t.svm, which is libsvm text" --data t.svm --missing mean
    refused 3 't.svm: row 1' --data t.svm --label last
    printf 'x,y\n1,a\n2,b\n1,a\n2,b\n' >t.csv
    refused 2 '--labels: valid only with a NumPy array, found with t.csv' --data t.csv --labels t.csv
}

@test "lost digits, and leftovers of spreadsheets and pandas in a table, are reported" {
    for i in {10..49}; do echo "17000000000000000$i,$((i % 2))"; done >ns.csv
    trained 'note ... ns.csv: column 1: integers beyond 2^53' --data ns.csv --header no
    printf '1 1:16777216\n2 1:16777217\n1 1:3\n2 1:4\n' >t.svm
    trained 'note ... t.svm: integers rounded to floats: 1' --data t.svm
    python3 -c '
from array_file import write
write("x.npy", "<f8", "d", (4, 2), [0, 1, 16777216, 2, 16777217, 3, 5, 4])
write("y.npy", "|u1", "B", (4,), [0, 1, 0, 1])'
    trained 'note ... x.npy: feature 0 (from 0): 1 value, such as 16777217' --data x.npy --labels y.npy
    printf 'a,b,y\n1,2,p\n3,4,q\n1,2,p\n3,4,q\n,,\n , ,\r\n,,' >excel.csv
    trained 'table       4 rows ... note ... excel.csv: lines without values left out at the end: 3' --data excel.csv
    printf 'a,b,y\n1,2,p\n,,\n1,2,p\n3,4,q\n' >hole.csv
    refused 3 'hole.csv: row 3, column 1 (a): ... found ""' --data hole.csv
    printf ',a,y\n0,2,p\n1,4,q\n2,2,p\n3,4,q\n' >pandas.csv
    trained 'note ... pandas.csv: column 1 has no name ... --leave-out 1' --data pandas.csv
    trained '1 column of numbers' --data pandas.csv --leave-out 1
    [[ $output != *"has no name"* ]]
}

@test "more than 100 integers are classes if each occurs several times" {
    for i in {0..100}; do printf '%s,%s\n%s,%s\n%s,%s\n' $i $i $((i + 1)) $i $((i + 2)) $i; done >t.csv
    trained '303 rows ... 101 classes' --data t.csv --header no
    for i in {0..100}; do printf '%s,%s\n%s,%s\n' $i $i $((i + 1)) $i; done >t.csv
    refused 3 't.csv: ... found 101 distinct numbers ... 202 samples ... regression target' --data t.csv --header no
}

# make_arrays: the same 20 samples and labels in C order, in other orders and types, and in archives.
make_arrays() {
    python3 - <<'PY'
import zipfile
from array_file import write

x = [[i, 1600000000 + i * i, -i] for i in range(20)]
rows, columns = [v for row in x for v in row], [v for column in zip(*x) for v in column]
y = [i // 10 for i in range(20)]
write("x.npy", "<f8", "d", (20, 3), rows)
write("y.npy", "<i8", "q", (20,), y)
write("integers.npy", "<i8", "q", (20, 3), columns, fortran=True)
write("big.npy", ">f8", "d", (20, 3), rows)
write("column.npy", ">i2", "h", (20, 1), y)
write("large.npy", "<i8", "q", (20,), [2**53 + v for v in y])
write("one-hot.npy", "<f4", "f", (20, 2), [float(v == k) for v in y for k in range(2)])
write("rough.npy", "<i4", "i", (20, 3), rows[:-1] + [2**24 + 1])

def archive(name, members, method=zipfile.ZIP_STORED, comment=b""):
    with zipfile.ZipFile(name, "w", method) as file:
        file.comment = comment
        for member, source in members:
            with file.open(member, "w", force_zip64=True) as to: # as np.savez() does
                to.write(open(source, "rb").read())

both = [("X.npy", "x.npy"), ("y.npy", "y.npy")]
archive("stored.npz", both, comment=b"PK\5\6 is no end")
archive("packed.npz", both, zipfile.ZIP_DEFLATED)
archive("one.npz", [("arr_0.npy", "x.npy")])
archive("bzip2.npz", both, zipfile.ZIP_BZIP2)
archive("named:X", [("arr_0.npy", "x.npy")])
archive("table.zip", [("t.csv", "y.npy")])
archive("sheet.xlsx", [("[Content_Types].xml", "y.npy"), ("xl/workbook.xml", "y.npy")])
archive("model.pt", [("model/data.pkl", "y.npy"), ("model/data/0", "y.npy")])
archive("none.npz", [])
import warnings
warnings.simplefilter("ignore")
archive("twice.npz", both + both[:1])
limit, zipfile.ZIP64_LIMIT = zipfile.ZIP64_LIMIT, 1
archive("zip64.npz", both, zipfile.ZIP_DEFLATED)
zipfile.ZIP64_LIMIT = limit

whole = open("packed.npz", "rb").read()
entry = whole.index(b"PK\1\2")
def damaged(name, at, new):
    open(name, "wb").write(whole[:at] + new + whole[at + len(new):])
open("cut.npz", "wb").write(whole[:-9])
damaged("encrypted.npz", entry + 8, b"\1")
damaged("checksum.npz", entry + 16, b"abcd")
damaged("claim.npz", entry + 24, b"\xfe\xff\xff\xff")
damaged("longer.npz", entry + 24, b"\xff\7")
damaged("elsewhere.npz", entry + 42, b"\xf0\xff\xff")
damaged("entry.npz", entry + 28, b"\xff\xff")
damaged("stream.npz", whole.index(b"X.npy") + 40, b"\xff" * 20)
PY
}

@test "arrays of integers in Fortran order and big-endian floats are the same samples" {
    make_arrays
    "$train" --data x.npy --labels y.npy "${quick[@]}" --save expected >/dev/null
    for data in 'integers.npy --labels y.npy' 'big.npy --labels column.npy'; do
        # shellcheck disable=SC2086
        "$train" --data $data "${quick[@]}" --save m >/dev/null
        cmp m expected
    done
    "$predict" m --data integers.npy --labels y.npy >/dev/null
    trained 'classes ... 9007199254740992 10, 9007199254740993 10' --data x.npy --labels large.npy
    refused 3 'one-hot.npy: ... found 2 one-hot columns ... argmax(1)' --data x.npy --labels one-hot.npy
    refused 3 'rough.npy: 16777217 in sample 19, feature 2' --data rough.npy --labels y.npy
}

@test "arrays in archives, compressed or not, are named after a colon" {
    make_arrays
    "$train" --data x.npy --labels y.npy --val-data x.npy --val-labels y.npy "${quick[@]}" --save expected \
        >/dev/null
    for name in stored packed zip64; do
        "$train" --data $name.npz:X --labels $name.npz:y --val-data $name.npz:X.npy --val-labels stored.npz:y \
            "${quick[@]}" --save m >/dev/null
        cmp m expected
    done
    "$predict" m --data x.npy --labels y.npy --output rows >/dev/null
    "$predict" m --data packed.npz:X --labels packed.npz:y --output packed.rows >/dev/null
    cmp packed.rows rows
    trained '20 rows' --data one.npz --labels y.npy
    trained '20 rows' --data named:X --labels y.npy # a file of that name
    [ "$("$predict" m --data one.npz:arr_0 | wc -l)" -eq 21 ]
}

@test "a missing array of an archive is reported, with a list of its arrays" {
    make_arrays
    refused 2 '--save: expected another file, found stored.npz, which --labels reads' --data x.npy --labels stored.npz:y --save stored.npz
    refused 3 'stored.npz: ... 2 arrays ... stored.npz:X, found none; they are X, y' --data stored.npz
    refused 3 'stored.npz: ... found "Z" ... X, y' --data stored.npz:Z --labels y.npy
    refused 3 'stored.npz: ... 2 arrays ... stored.npz:X, found none; they are X, y' --data x.npy --labels stored.npz
    refused 2 '--labels: ... labels of stored.npz:X' --data stored.npz:X
    refused 3 'x.npy: ... zip archive ... "X"' --data x.npy:X
    refused 3 'nowhere.npz:X: cannot be opened' --data nowhere.npz:X
    refused 3 'twice.npz: expected one array named "X", found 2' --data twice.npz:X --labels y.npy
    refused 3 'table.zip: ... zip archive with "t.csv" ... unzip it' --data table.zip
    refused 3 'sheet.xlsx: ... Excel ... CSV' --data sheet.xlsx
    refused 3 'model.pt: ... PyTorch ... np.savez' --data model.pt
    refused 3 'none.npz: ... found an empty zip archive' --data none.npz
}

@test "damaged archives are reported as damaged" {
    make_arrays
    refused 3 'bzip2.npz: "X.npy": expected compression method 0 or 8 ... found 12' --data bzip2.npz:X --labels y.npy
    refused 3 'cut.npz: ... truncated' --data cut.npz:X --labels y.npy
    refused 3 'encrypted.npz: "X.npy": ... encrypted' --data encrypted.npz:X --labels y.npy
    refused 3 'checksum.npz: "X.npy" is damaged: its checksum' --data checksum.npz:X --labels y.npy
    refused 3 'claim.npz: "X.npy" is damaged ... 4294967294' --data claim.npz:X --labels y.npy
    refused 3 'longer.npz: "X.npy" is damaged: it does not unpack to 2047 bytes' --data longer.npz:X --labels y.npy
    refused 3 'elsewhere.npz: "X.npy" is not where' --data elsewhere.npz:X --labels y.npy
    refused 3 'entry.npz: byte ... entry' --data entry.npz:X --labels y.npy
    refused 3 'stream.npz: "X.npy" is damaged' --data stream.npz:X --labels y.npy
}

@test "BF16 and F16 tensors with numbered names form a network" {
    printf 'x,z,y\n1,2,a\n2,1,b\n3,5,a\n4,4,b\n' >t.csv
    for kind in BF16 F16; do
        PYTHONPATH=$root/tests/model python3 - $kind <<'END'
import sys
from tensor_file import write
write("f.safetensors", [("0.weight", sys.argv[1], [4, 2], range(8)), ("0.bias", sys.argv[1], [4], range(4)),
                        ("2.weight", sys.argv[1], [2, 4], range(8)), ("2.bias", sys.argv[1], [2], range(2))])
END
        trained '2-4-2' --data t.csv --bias all --init-from f.safetensors
    done
}

@test "models in other formats are reported by the format's name" {
    printf 'x,y\n1,a\n2,b\n3,a\n4,b\n' >t.csv
    python3 - <<'END'
import pickle, zipfile
for protocol in 2, 3, 4, 5:
    with open(f"p{protocol}.pt", "wb") as file:
        pickle.dump({"0.weight": [1.0] * 100}, file, protocol)
for name, first in ("new.pth", "archive/data.pkl"), ("w.npz", "0.weight.npy"), ("k.keras", "metadata.json"):
    with zipfile.ZipFile(name, "w") as file:
        file.writestr(first, "x" * 100)
open("m.onnx", "wb").write(b"\x08\x07\x12\x07pytorch\x1a\x052.1.0" + bytes(100))
open("k.h5", "wb").write(b"\x89HDF\r\n\x1a\n" + bytes(100))
open("lfs.safetensors", "w").write("version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 9\n")
END
    torch='safetensors.torch.save_file(model.state_dict(), FILE)'
    arrays='safetensors.numpy.save_file'
    named() { # FILE PARTS
        refused 3 "$1: ... $2" --data t.csv --init-from "$1"
        refused_by predict "$predict" 3 "$1: ... $2" "$1" --data t.csv
    }
    for file in p{2..5}.pt; do named "$file" "found a Python pickle ... $torch"; done
    named new.pth "found a PyTorch file (.pt or .pth); $torch"
    named k.keras "found a zip archive (such as .pt or .keras)"
    named w.npz "found a NumPy archive (.npz); $arrays"
    named m.onnx "found an ONNX file; $arrays"
    named k.h5 "found an HDF5 file (such as Keras's .h5); $arrays"
    named lfs.safetensors "found a Git LFS pointer ... git lfs pull"
}

@test "zeros after gzip data are ignored, as by gzip" {
    printf 'a,b,y\n1,2,p\n3,4,q\n5,6,p\n7,8,q\n' >t.csv
    { gzip -c t.csv; head -c 512 /dev/zero; } >t.csv.gz
    gzip -t t.csv.gz
    trained 'table ... 4 rows' --data t.csv.gz
    { gzip -c t.csv; printf '1,2,p\n' | gzip; printf '\0'; } >two.csv.gz
    trained 'table ... 5 rows' --data two.csv.gz
    { cat t.csv.gz; printf x; } >x.gz
    refused 3 'x.gz: byte ... trailing bytes' --data x.gz
    { cat t.csv.gz; gzip -c t.csv; } >later.gz
    refused 3 'later.gz: byte ... trailing bytes' --data later.gz
}

@test "data are read from standard input, a pipe and a FIFO" {
    printf 'a,b,y\n1,2,p\n3,4,q\n5,6,p\n7,8,q\n' >t.csv
    mkfifo f
    trained 'table ... 4 rows' --data - --save m <t.csv
    trained 'table ... 4 rows' --data <(cat t.csv)
    cat t.csv >f &
    trained 'table ... 4 rows' --data f
    [ "$("$predict" m --data - <t.csv)" = "$("$predict" m --data t.csv | sed 's/t\.csv/standard input/')" ]
    printf 'a,b,y\n1,2,r\n' >r.csv
    refused_by predict "$predict" 3 'standard input: row 2 ... class' m --data - <r.csv
    refused 2 '--labels: ... --data reads' --data - --labels - <t.csv
}

@test "unsupported formats are reported by name; valid tables are not mistaken for them" {
    printf 'PAR1\x15\x04\x15\0\0PAR1' >t.parquet
    refused 3 't.parquet: ... found a Parquet file ... read_parquet' --data t.parquet
    printf 'a,y\n1,p\n2,q\n3,p\n4,q\n' >t.csv
    sed 's/a,y/\xe4,y/' t.csv >latin.csv
    refused 3 'latin.csv: row 1, column 1: ... UTF-8 ... Latin-1 ... iconv' --data latin.csv
    sed 's/q/\xfc/' t.csv >label.csv
    refused 3 'label.csv: row 3, column 2 (y): ... UTF-8' --data label.csv
    iconv -f UTF-8 -t UTF-16 t.csv >wide.csv
    refused 3 'wide.csv: ... found text in UTF-16 ... iconv' --data wide.csv
    iconv -f UTF-8 -t UTF-16LE t.csv | gzip >wide.gz
    refused 3 'wide.gz: ... found text in UTF-16 ... iconv' --data wide.gz
    printf '\x80\x04\x95\0' >labels.pkl
    refused 3 'labels.pkl: ... found a Python pickle' --data t.csv --val-data labels.pkl
    trained 'table ... 4 rows' --data t.csv --save m
    refused_by predict "$predict" 3 't.parquet: ... found a Parquet file' m --data t.parquet
    refused_by predict "$predict" 3 'm: ... found a safetensors file' m --data m
    local name
    for name in PAR1 ORC ARROW1 BZh91 '{x}' '[m]' % ä MATLAB; do
        sed "s/^a/$name/" t.csv >named.csv
        trained 'table ... 4 rows, label y' --data named.csv
    done
}

@test "dark ink on light paper is inverted, with a note, for a model trained on the opposite" {
    "$train" --data "$root/data/mnist" --epochs 1 --train-limit 5000 --hidden 16 --quiet --save m >/dev/null
    python3 - "$root" <<'PY'
import gzip, struct, sys, zlib
seven = gzip.open(sys.argv[1] + "/data/mnist/t10k-images-idx3-ubyte.gz").read()[16:16 + 784]
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def png(name, pixels):
    rows = b"".join(b"\0" + pixels[y * 28:(y + 1) * 28] for y in range(28))
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0))
                           + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
png("chalk.png", seven)
png("ink.png", bytes(255 - p for p in seven))
PY
    predicted() {
        run --separate-stderr "$predict" m --image "$@"
        echo "$* -> $status: $stderr $output"
        [ "$status" -eq 0 ]
    }
    local seven
    predicted chalk.png
    [ -z "$stderr" ]
    seven=$(grep '^class ' <<<"$output")
    has_parts "$seven" 'class       7,'
    predicted ink.png
    has_parts "$stderr" 'predict: note: ink.png: inverted ... --invert=off'
    [ "$(grep '^class ' <<<"$output")" = "$seven" ]
    predicted ink.png --invert
    [ -z "$stderr" ]
    [ "$(grep '^class ' <<<"$output")" = "$seven" ]
    for way in 'ink.png --invert=off' 'chalk.png --invert'; do
        # shellcheck disable=SC2086
        predicted $way
        [ -z "$stderr" ]
        [ "$(grep '^class ' <<<"$output")" != "$seven" ]
    done
    predicted <(cat ink.png)
    [ "$(grep '^class ' <<<"$output")" = "$seven" ]
}
