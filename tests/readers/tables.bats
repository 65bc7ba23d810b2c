#!/usr/bin/env bats
# Tables and arrays as data, as a black box: real tables, what a run reports about them, and invalid files. The four
# tables are from Debian's python3-sklearn.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    tables=/usr/lib/python3/dist-packages/sklearn/datasets/data
    cd "$BATS_TEST_TMPDIR" || exit
    quick=(--epochs 2 --hidden 8 --threads 1 --quiet)
    export PYTHONPATH=$root/tests/readers PYTHONDONTWRITEBYTECODE=1
}

need_tables() {
    [ -f "$tables/iris.csv" ] || skip "python3-sklearn, which has the tables, is not installed"
}

# make_iris: iris.csv with a header and names of species, as people have it.
make_iris() {
    need_tables
    {
        echo sepal_length,sepal_width,petal_length,petal_width,species
        tail -n +2 "$tables/iris.csv" | sed 's/,0$/,setosa/; s/,1$/,versicolor/; s/,2$/,virginica/'
    } >iris.csv
}

# make_small: a table of 40 rows and two classes, the second of which is rare, in the file small.csv.
make_small() {
    python3 -c '
print("x,colour,kind")
for i in range(40):
    print(i * 7 % 11, ("red", "blue")[i % 3 == 0], ("common", "rare")[i % 8 == 0], sep=",")' >small.csv
}

json() { # KEY: its value in $output
    python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$output"
}

refused() { # CODE PARTS ARGUMENTS...
    refused_by train "$train" "$@" --quiet
}

# not_predicted CODE PARTS ARGUMENTS...: as refused, of predict.
not_predicted() {
    refused_by predict "$predict" "$@"
}

# same_scores MODEL ARGUMENTS...: predict gives the last loss and accuracy that train printed to the file trained.
same_scores() {
    local loss accuracy
    output=$(<trained)
    loss=$(json validation_loss) accuracy=$(json validation_accuracy)
    run --separate-stderr "$predict" "$@" --json
    echo "$* -> $status: $stderr $output"
    [ "$status" -eq 0 ]
    [ "$(json loss) $(json accuracy)" = "$loss $accuracy" ]
}

# reaches LEAST NAME SKIP_LINES: the defaults have this mean validation accuracy over five seeds.
reaches() {
    local least=$1 name=$2 skip=$3 seed seeds=(0 1 2 3 4) found=''
    need_tables
    [ -z "$TP_SANITIZE" ] || seeds=(0)
    for seed in "${seeds[@]}"; do
        run --separate-stderr "$train" --data "$tables/$name" --skip-lines "$skip" --header no --label last \
            --seed "$seed" --quiet --json
        [ "$status" -eq 0 ]
        found+=" $(json validation_accuracy)"
    done
    [ -z "$TP_SANITIZE" ] || return 0
    # shellcheck disable=SC2086
    python3 -c '
import sys
least, name, *found = sys.argv[1:]
mean = sum(map(float, found)) / len(found)
print(f"# {name}: mean validation accuracy of seeds 0 to 4 {mean:.4f}")
sys.exit(mean < float(least))' "$least" "$name" $found >&3
}

@test "iris: 94 % on average of five seeds" {
    reaches 0.94 iris.csv 1
}

@test "wine: 96 % on average of five seeds" {
    reaches 0.96 wine_data.csv 1
}

@test "breast cancer: 96 % on average of five seeds" {
    reaches 0.96 breast_cancer.csv 1
}

@test "digits, gzipped and without the first line of counts: 96 % on average of five seeds" {
    reaches 0.96 digits.csv.gz 0
}

@test "the rows drawn are those of an independent program" {
    need_tables
    for seed in 0 1 12345678901; do
        expected=$(python3 "$root/tests/readers/drawn_rows.py" "$tables/iris.csv" 1 $seed)
        run --separate-stderr "$train" --data "$tables/iris.csv" --skip-lines 1 --header no --seed $seed --stats
        [ "$status" -eq 0 ]
        [[ $output == *"mean        $expected"* ]]
    done
}

@test "iris with a header: the first lines report label, features, classes and the split" {
    make_iris
    run --separate-stderr "$train" --data iris.csv --label species --quiet
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "table       150 rows, label species (column 5), 4 columns of numbers, 4 features" ]
    [ "${lines[1]}" = "classes     setosa 50, versicolor 50, virginica 50" ]
    [ "${lines[2]}" = "validation  30 samples of the same file, stratified by class, drawn with seed 1" ]
    [[ ${lines[3]} == "data "*"iris.csv, 120 training and 30 validation samples, 4 inputs, 3 classes, mean "* ]]
    [[ ${lines[4]} == "network     4-64-3, improved-sigmoid, bias all, "* ]]
}

@test "weights of a table match the recorded hash on every tier and number of threads" {
    make_iris
    read -ra tiers < <("$train" --version | sed -n 's/^tiers found here: //p')
    for options in "--isa ${tiers[0]}" "--isa ${tiers[-1]}" "--threads-exact 3"; do
        # shellcheck disable=SC2086
        run --separate-stderr "$train" --data iris.csv --label species --quiet --json $options
        [ "$(json weights_hash)" = 54b8482bc4c57591 ]
    done
}

@test "a first line of counts is refused, and so are data that may be a header" {
    make_iris
    hint="--skip-lines 1"
    refused 3 "iris.csv: row 1, column 1: ... found 150 above numbers ... --header no" \
        --data "$tables/iris.csv"
    refused 3 "--skip-lines N ... --header" --data "$tables/iris.csv" --label species
    for header in auto yes no; do
        refused 3 "row 1: expected 14 fields as in row 2, found 5 ... $hint" --data "$tables/wine_data.csv" \
            --header $header
        refused 3 "row 1: expected 31 fields as in row 2, found 4 ... $hint" --data "$tables/breast_cancer.csv" \
            --header $header
    done
    refused 3 "above numbers" --data "$tables/digits.csv.gz"
    refused 3 "row 2, column 1: ... text ... row 1 ... found number 5.1 ... --header yes" --data iris.csv --header no
}

@test "labels that look continuous are refused, and so is a single class" {
    make_iris
    refused 3 "iris.csv: row 2, column 1 (sepal_length): ... integer ... name ... found label 5.1 ... regression target" \
        --data iris.csv --label sepal_length
    sed '2,$s/[^,]*$/one/' iris.csv >one.csv
    refused 3 "one.csv: ... two ... found one ... --label" --data one.csv
    seq 200 | sed '1i x,y' | sed '2,$s/.*/&,&/' >many.csv
    refused 3 "many.csv: ... 200 distinct numbers ... labels ... 200 samples ... regression target" --data many.csv
}

@test "defaults depend on the data, and options take precedence" {
    make_iris
    run --separate-stderr "$train" --data iris.csv --label species --quiet --json
    [ "$(json steps)" = 2000 ] # 500 epochs of 4 steps, the last with 24 samples
    [ "$(json epochs)" = 500 ]
    run --separate-stderr "$train" --data iris.csv --label 5 --bias input --drop-last on --normalize global --epochs 3 \
        --json
    [ "$(json steps)" = 9 ]
    [[ $stderr == *", bias input, "* ]]
    run "$train" --print-config
    for line in 'bias = auto' 'drop-last = auto' 'normalize = auto' 'epochs = auto' 'val-split = none'; do
        grep -qxF "$line" <<<"$output"
    done
}

@test "without a terminal a run of 2000 evaluations prints about 50 lines of progress" {
    make_iris
    run --separate-stderr "$train" --data iris.csv --label species
    [ "$(grep -c '^epoch ' <<<"$stderr")" -ge 40 ]
    [ "$(grep -c '^epoch ' <<<"$stderr")" -le 51 ]
}

@test "--stats counts the samples and values of a table, also in JSON" {
    make_small
    run --separate-stderr "$train" --data small.csv --stats --json
    [ "$status" -eq 0 ]
    [[ $stderr == *$'\n'"samples     32"$'\n'"values      3 each, 96 in all"$'\n'* ]]
    [ "$(json samples) $(json values) $(json classes)" = '32 96 2' ]
    [[ $output != *'"images"'* ]]
}

@test "predict asks for --data if the model's columns do not fit the shipped data" {
    make_small
    "$train" --data small.csv --save model "${quick[@]}" >log
    mkdir bin
    cp "$predict" bin/predict
    ln -s "$root/data" . # what comes with it
    refused_by predict bin/predict 2 "--data ... samples ... 3 values ... model ... none" model
    refused_by predict bin/predict 2 "--data ... samples ... 3 values" model --data auto
}

@test "--val-data: columns are matched by name, and a different table is refused" {
    make_iris
    awk -F, 'NR % 5 == 1 { print $5 "," $3 ",x," $2 "," $1 "," $4 }' iris.csv >other.csv
    run --separate-stderr "$train" --data iris.csv --label species --val-data other.csv "${quick[@]}"
    [ "$status" -eq 0 ]
    [[ ${lines[2]} == "data "*"150 training and 30 validation samples"* ]]
    cut -d, -f1-3,5 iris.csv >narrow.csv
    refused 3 "narrow.csv: row 1: expected column \"petal_width\" ... training data" --data iris.csv \
        --val-data narrow.csv
    sed 's/virginica/nipponica/' iris.csv >alien.csv
    refused 3 "alien.csv: row 102, column 5 (species): ... found \"nipponica\"" --data iris.csv --val-data alien.csv
    refused 2 "--val-split: ... --val-data" --data iris.csv --val-data iris.csv --val-split 0.5
    run --separate-stderr "$train" --data iris.csv --val-split 0.5 "${quick[@]}"
    [[ ${lines[2]} == "validation  75 samples of the same file"* ]]
}

@test "options for single files are refused with a directory" {
    for option in --label=x --header=yes --skip-lines=1 --categorical=1 --leave-out=1 --missing=mean --val-data=x --labels=x \
        --val-labels=x; do
        refused 2 "${option%=*}: ... --data FILE" --data "$root/data/mnist" "$option"
    done
    refused 3 "absent.csv: ... opened: No such file" --data absent.csv --label x
}

@test "categories and missing cells" {
    make_small
    run --separate-stderr "$train" --data small.csv "${quick[@]}"
    [ "${lines[0]}" = "table       40 rows, label kind (column 3), 1 column of numbers and 1 of categories, 3 features" ]
    [ "${lines[1]}" = "classes     common 35, rare 5" ]
    run --separate-stderr "$train" --data small.csv --categorical x "${quick[@]}"
    [[ ${lines[0]} == *", 0 columns of numbers and 2 of categories, 13 features" ]]
    sed -i '5s/^[0-9]*,/NA,/; 6s/,[a-z]*,/,,/' small.csv
    refused 3 'small.csv: row 5, column 1 (x): ... value ... found "NA" ... --missing mean' --data small.csv
    run --separate-stderr "$train" --data small.csv --missing mean "${quick[@]}"
    [ "$status" -eq 0 ]
}

@test "a column that is left out is not an input, and predict does not need it" {
    make_small
    awk -F, -v OFS=, 'NR == 1 { print "row", $0; next } { print NR, $0 }' small.csv >numbered.csv
    trained() {
        run --separate-stderr "$train" --data "$@" "${quick[@]}" --save m
        [ "$status" -eq 0 ]
        weights=$(grep ^weights <<<"$output")
    }
    trained small.csv
    expected=$weights
    "$predict" m --data small.csv --output small.out >/dev/null
    trained numbered.csv --leave-out row
    [ "$weights" = "$expected" ]
    for data in numbered.csv small.csv; do
        "$predict" m --data "$data" --output "$data.out" >/dev/null
        cmp "$data.out" small.out
    done
}

@test "a missing cell becomes the mean of the training samples alone" {
    python3 -c '
print("x,kind")
for i in range(60):
    print("" if i % 3 == 0 else i * i, "ab"[i % 2], sep=",")' >gaps.csv
    for option in --val-split=0.3 --test-holdout=20 --train-limit=10; do
        run --separate-stderr "$train" --data gaps.csv --missing mean --save m $option "${quick[@]}" --json
        [ "$status" -eq 0 ]
        # What was put there leaves the mean of all where it was.
        python3 - <<'PY'
import json
data = open("m", "rb").read()
texts = json.loads(data[8:8 + int.from_bytes(data[:8], "little")])["__metadata__"]
mean, (put,) = float(texts["mean"]), json.loads(texts["schema"])["means"]
assert abs(put - mean) < 1e-6 * mean, (put, mean)
PY
    done
    # The held-out samples are there too, without gaps.
    run --separate-stderr "$train" --data gaps.csv --missing mean --test-holdout 20 "${quick[@]}" --json
    [[ $(json test_loss) == 0.* ]]
}

@test "a constant column and a missing cell at the mean are accepted" {
    make_small
    sed -i '1s/^/c,/; 2,$s/^/0.1,/' small.csv
    run --separate-stderr "$train" --data small.csv --epochs 20 --quiet --json
    [ "$status" -eq 0 ]
    [[ $(json train_loss) == 0.* ]]
}

@test "class weights: a weight of 2 doubles the learning rate, to the bit, on every tier" {
    make_small
    sgd=(--data small.csv --optimizer sgd --epochs 5 --hidden 8 --quiet --json)
    printf 'common,2\nrare,2\n' >two.csv
    printf 'rare,3.5\n' >rare.csv
    expected='' balanced='' rare=''
    for tier in $("$train" --version | sed -n 's/^tiers found here: //p'); do
        run --separate-stderr "$train" "${sgd[@]}" --lr 0.125 --isa "$tier"
        plain=$(json weights_hash)
        run --separate-stderr "$train" "${sgd[@]}" --lr 0.0625 --class-weight two.csv --isa "$tier"
        [ "$(json weights_hash)" = "$plain" ]
        [ "${expected:=$plain}" = "$plain" ]
        run --separate-stderr "$train" "${sgd[@]}" --class-weight balanced --isa "$tier" --threads-exact 3
        : "${balanced:=$(json weights_hash)}"
        [ "$(json weights_hash)" = "$balanced" ]
        run --separate-stderr "$train" "${sgd[@]}" --class-weight rare.csv --isa "$tier"
        : "${rare:=$(json weights_hash)}"
        [ "$(json weights_hash)" = "$rare" ]
    done
    [ "$balanced" != "$rare" ] && [ "$balanced" != "$expected" ]
}

@test "class weights: balanced is samples / (classes * samples of the class)" {
    make_small
    # 28 and 4 of the 32 training samples: 4/7 and 4.
    printf 'common,0.5714285714285714\nrare,4\n' >same.csv
    for weights in balanced same.csv; do
        run --separate-stderr "$train" --data small.csv --class-weight $weights "${quick[@]}" --json
        echo "$weights $(json weights_hash)"
        [ "${hash:=$(json weights_hash)}" = "$(json weights_hash)" ]
    done
    run --separate-stderr "$train" --data small.csv "${quick[@]}" --json
    [ "$hash" != "$(json weights_hash)" ]
}

@test "class weights: mismatched files, and MNIST's classes" {
    make_small
    printf 'common,1\nscarce,2\n' >w.csv
    refused 3 'w.csv: row 2: ... 2 classes, found "scarce"' --data small.csv --class-weight w.csv
    printf 'rare,1\nrare,2\n' >w.csv
    refused 3 'w.csv: row 2: class "rare" ... twice' --data small.csv --class-weight w.csv
    for row in 'rare' 'rare,-1' 'rare,x' 'rare,1,2' 'rare,nan' 'rare,1e39'; do
        echo "$row" >w.csv
        refused 3 'w.csv: row 1: ... CLASS,WEIGHT ... number ... 0' --data small.csv --class-weight w.csv
    done
    refused 3 "absent.csv: ... opened" --data small.csv --class-weight absent.csv
    printf '7,2\n' >w.csv
    run --separate-stderr "$train" --data "$(few_digits)" --train-limit 640 --val-limit 100 --class-weight w.csv "${quick[@]}"
    [ "$status" -eq 0 ]
    # In a configuration file "balanced" is a word and not a path.
    mkdir folder
    echo 'class-weight = balanced' >folder/run.conf
    run "$train" --config folder/run.conf --print-config
    grep -qx 'class-weight = balanced' <<<"$output"
    echo 'class-weight = w.csv' >folder/run.conf
    run "$train" --config folder/run.conf --print-config
    grep -qx "class-weight = $PWD/folder/w.csv" <<<"$output"
}

# make_arrays: the numbers of small.csv as x.npy and wide.npy, its labels as y.npy, and all of it as small.svm.
make_arrays() {
    python3 - <<'PY'
from array_file import write

rows = [(i * 7 % 11, i % 5) for i in range(40)]
labels = [int(i % 8 == 0) for i in range(40)]
flat = [value for row in rows for value in row]
write("x.npy", "<f4", "f", (40, 2), flat)
write("gaps.npy", "<f4", "f", (40, 2), flat[:-1] + [float("nan")])
write("wide.npy", "<f8", "d", (40, 2), flat)
write("bytes.npy", "|u1", "B", (40, 1, 2), flat)
write("y.npy", "<i8", "q", (40,), labels)
with open("small.svm", "w") as file:
    for (a, b), label in zip(rows, labels):
        file.write(f"{label}{f' 1:{a}' if a else ''}{f' 2:{b}' if b else ''}\n")
with open("numbers.csv", "w") as file:
    file.write("a,b,y\n" + "".join(f"{a},{b},{label}\n" for (a, b), label in zip(rows, labels)))
PY
}

@test "the same numbers as table, libsvm text and arrays train the same network" {
    make_arrays
    gzip -k x.npy small.svm
    hash=
    for data in "numbers.csv" "small.svm" "small.svm.gz" "x.npy --labels y.npy" "wide.npy --labels y.npy" \
        "x.npy.gz --labels y.npy"; do
        # shellcheck disable=SC2086
        run --separate-stderr "$train" --data $data "${quick[@]}" --normalize feature --json
        echo "$data: $status $stderr $(json weights_hash)"
        [ "${hash:=$(json weights_hash)}" = "$(json weights_hash)" ]
    done
    [ -n "$hash" ]
    # Bytes are images: their defaults are those of MNIST, drawn as a table is.
    run --separate-stderr "$train" --data bytes.npy --labels y.npy "${quick[@]}"
    [[ ${lines[0]} == "array       40 rows, 2 features" ]]
    [[ $output == *", bias input, "* ]]
}

# make_sparse: x.svm, val.svm, images.svm and full.svm, and the same samples as arrays.
make_sparse() {
    python3 - <<'PY'
import random
from array_file import write
random.seed(1)
def both(name, rows, features, each):
    labels = [random.randrange(2) for _ in range(rows)]
    values, lines = [0.0] * (rows * features), []
    for r, label in enumerate(labels):
        places = sorted(random.sample(range(features), each)) + [features - 1] * (r == 0)
        for j in dict.fromkeys(places):
            values[r * features + j] = random.randrange(1, 9) * (1 + label * (j % 3)) / 4
        lines.append(f"{label} " + " ".join(f"{j + 1}:{values[r * features + j]}" for j in dict.fromkeys(places)))
    open(f"{name}.svm", "w").write("\n".join(lines))
    write(f"{name}.npy", "<f4", "f", (rows, features), values)
    write(f"{name}-y.npy", "<i8", "q", (rows,), labels)
both("x", 300, 200, 5)
both("val", 100, 200, 5)
both("images", 60, 16, 3)
both("full", 60, 16, 14)
cells = [(random.randrange(9), random.randrange(300), random.randrange(200)) for _ in range(1000)]
known = [sorted({f"t{row[i]}" for row in cells}) for i in (1, 2)]
values, lines = [], ["n,t,u,y"]
for i, (n, *texts) in enumerate(cells):
    gone = i % 100 == 7
    values.append(n)
    for j, text in enumerate(texts):
        values += [float("nan") if gone and j else known[j].index(f"t{text}") == k for k in range(len(known[j]))]
    lines.append(f"{n},t{texts[0]},{'?' if gone else f't{texts[1]}'},{i % 2}")
open("many.csv", "w").write("\n".join(lines))
write("many.npy", "<f4", "f", (1000, 1 + len(known[0]) + len(known[1])), values)
write("many-y.npy", "<i8", "q", (1000,), [i % 2 for i in range(1000)])
PY
}

@test "a table with many categories is sparse, and trains the same network as an array" {
    make_sparse
    for more in "" "--normalize scale" "--optimizer adam --val-split 0.4"; do
        # shellcheck disable=SC2086
        "$train" --data many.csv --missing mean "${quick[@]}" $more --save sparse >/dev/null
        # shellcheck disable=SC2086
        "$train" --data many.npy --labels many-y.npy --missing mean "${quick[@]}" $more --save full >/dev/null
        "$predict" sparse --data many.csv --output sparse.rows >/dev/null
        "$predict" full --data many.npy --labels many-y.npy --output full.rows >/dev/null
        cmp sparse.rows full.rows
    done
}

@test "libsvm: sparse rows train the same network as an array, with other defaults" {
    make_sparse
    local more
    for more in "--normalize scale --val-split 0.3" "--normalize global" "--normalize none --zeros multiply" \
        "--normalize feature --test-holdout 40 --train-limit 150 --val-limit 50" \
        "--normalize scale --optimizer adam"; do
        echo "$more"
        # shellcheck disable=SC2206
        more=("${quick[@]}" $more)
        "$train" --data x.svm "${more[@]}" --save sparse >/dev/null
        "$train" --data x.npy --labels x-y.npy "${more[@]}" --save full >/dev/null
        "$predict" sparse --data x.svm --output sparse.rows >/dev/null
        "$predict" full --data x.npy --labels x-y.npy --output full.rows >/dev/null
        cmp sparse.rows full.rows
        "$train" --data x.svm "${more[@]/#2/1}" --checkpoint c >/dev/null
        "$train" --data x.npy --labels x-y.npy "${more[@]}" --resume c --save resumed >/dev/null
        "$predict" resumed --data x.svm --output resumed.rows >/dev/null
        cmp sparse.rows resumed.rows
        rm c
    done
    "$train" --data x.svm --val-data val.npy --val-labels val-y.npy "${quick[@]}" --json --save m >trained
    same_scores m --data val.svm
    "$train" --data x.npy --labels x-y.npy --normalize scale --val-data val.svm "${quick[@]}" --json >told
    output=$(<told) && hash=$(json weights_hash) output=$(<trained) && [ "$hash" = "$(json weights_hash)" ]
    # Most values are there, so that they are floats in memory, which changes nothing.
    "$train" --data full.svm "${quick[@]}" --json >trained
    "$train" --data full.npy --labels full-y.npy --normalize scale "${quick[@]}" --json >told
    output=$(<told) && hash=$(json weights_hash) output=$(<trained) && [ "$hash" = "$(json weights_hash)" ]
    "$train" --data full.svm --hidden 4 --quiet --check-gradient >/dev/null
    "$train" --data x.svm --hidden 4 --quiet --check-gradient >/dev/null
}

@test "libsvm: sparse samples are drawn as images" {
    make_sparse
    "$train" --data images.svm "${quick[@]}" --normalize scale --save m >/dev/null
    "$predict" m --data images.svm --errors sparse.png | grep -v ^data >sparse
    "$predict" m --data images.npy --labels images-y.npy --errors full.png | grep -v ^data >full
    diff <(grep -v png sparse) <(grep -v png full)
    cmp sparse.png full.png
}

@test "libsvm: memory is proportional to the stored values" {
    [ -z "$TP_SANITIZE" ] || skip "sanitizers take memory of their own"
    python3 -c '
import random
random.seed(1)
for r in range(5000):
    print(r % 2, *(f"{j + 1}:1" for j in sorted(random.sample(range(60000), 20))))' >words.svm
    # Text, weights and a batch: dense, the samples alone would take 1.2 GB.
    ulimit -v 300000
    "$train" --data words.svm --hidden 16 --optimizer sgd --epochs 1 --threads 1 --quiet >/dev/null
}

@test "arrays need matching labels, which other formats refuse; --val-data may be an array" {
    make_arrays
    refused 2 "--labels: ... labels ... x.npy" --data x.npy
    refused 2 "--labels: ... NumPy array ... numbers.csv" --data numbers.csv --labels y.npy
    refused 3 "x.npy: ... 40 labels ... found 80 in 2 dimensions" --data x.npy --labels x.npy
    refused 2 "--val-labels: ... --val-data" --data x.npy --labels y.npy --val-labels y.npy
    refused 3 "bytes.npy: ... f32 ... x.npy, found ... u8" --data x.npy --labels y.npy --val-data bytes.npy \
        --val-labels y.npy
    for option in --stats --check-gradient --epochs=1; do
        refused 3 "bytes.npy: expected 2 inputs of f32 ... as in gaps.npy, found 2 of u8" --data gaps.npy --labels y.npy \
            --val-data bytes.npy --val-labels y.npy --missing mean "$option"
    done
    run --separate-stderr "$train" --data x.npy --labels y.npy --val-data wide.npy --val-labels y.npy "${quick[@]}"
    [ "$status" -eq 0 ]
    [[ $output == *"40 training and 40 validation samples"* ]]
}

@test "files in other formats are recognized and named" {
    gzip -dc "$root/data/mnist/t10k-labels-idx1-ubyte.gz" | head -c 100 >idx
    refused 3 "idx: ... directory ... found an IDX file" --data idx
    printf 'PK\003\004\000\000' >both.npz
    refused 3 "both.npz: ... zip archive ... truncated" --data both.npz
    printf '<html>\n' >page.csv
    refused 3 "page.csv: row 1: ... found '<': ... HTML page" --data page.csv
}

@test "a file cannot claim more memory than its size justifies" {
    printf '1 1000000000:1\n2 1:1\n' >huge.svm
    python3 -c '
print("," * 200000 + "y")
print("\n" * 200000)' >wide.csv
    python3 -c '
print("t,y")
for i in range(4000):
    print(f"{i}a" if i < 900 else "?", i % 2, sep=",")' >categories.csv
    printf '\x93NUMPY\x01\x00\x4a\x00{"descr"' >cut.npy
    printf '\x93NUMPY\x01\x00\x46\x00%-69s\n' "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999, 999)}" >claim.npy
    [ -n "$TP_SANITIZE" ] || ulimit -v 1000000
    refused 3 "huge.svm: ... 1344, 64 for each byte ... found 1000000000" \
        --data huge.svm
    refused 3 "wide.csv: row 1: ... found one line" --data wide.csv
    refused 3 "256 times ... found 4000 rows of 900 inputs ... category" --data categories.csv --missing mean
    refused 3 "cut.npy: byte 18: truncated ... header" --data cut.npy --labels cut.npy
    refused 3 "99899999001 values ... found 0 bytes" --data claim.npy --labels cut.npy
}

@test "predict: a model finds its table's columns and classes by name" {
    make_iris
    "$train" --data iris.csv --val-data iris.csv --label species --epochs 20 --quiet --json --save m >trained
    same_scores m --data iris.csv --output rows.csv
    [ "$(json classes)" = "['setosa', 'versicolor', 'virginica']" ]
    [ "$(head -n 1 rows.csv)" = sample,label,class,p_setosa,p_versicolor,p_virginica ]
    [ "$(grep -c ',virginica,\(setosa\|versicolor\|virginica\),' rows.csv)" -eq 50 ]
    awk -F, '{ print $5 "," $3 ",x," $2 "," $1 "," $4 }' iris.csv | gzip >other.csv.gz
    same_scores m --data other.csv.gz
    { echo a note; cat iris.csv; } >noted.csv
    same_scores m --data noted.csv --skip-lines 1
    # without labels: the same classes
    cut -d, -f1-4 iris.csv >unlabelled.csv
    "$predict" m --data unlabelled.csv >unlabelled_rows.csv
    cmp unlabelled_rows.csv <(cut -d, -f1,3- rows.csv)
    "$predict" m --data unlabelled.csv --format jsonl --limit 1 | grep -q '"class": "setosa"'

    cut -d, -f1-3,5 iris.csv >narrow.csv
    not_predicted 3 "narrow.csv: row 1: expected column \"petal_width\"" m --data narrow.csv
    sed 's/virginica/nipponica/' iris.csv >alien.csv
    not_predicted 3 "alien.csv: row 102, column 5 (species): ... found \"nipponica\"" m --data alien.csv
    not_predicted 2 "--errors: ... square images, found samples of 4 values" m --data iris.csv --errors e.png
    printf '\0\0\010\003\0\0\0\1\0\0\0\2\0\0\0\2pixl' >images # as many pixels as columns
    not_predicted 3 "images: ... table ... columns of m, found IDX images" m --data images
    not_predicted 3 "mnist: ... table ... columns of m, found IDX images" m --data "$root/data/mnist"
    not_predicted 2 "--image: m: ... model of images ... table's columns" m --image any.png
    not_predicted 2 "--header: ... table ... --data" m --header no
    not_predicted 2 "--skip-lines: ... file ... samples" m --data . --skip-lines 1
}

@test "predict: columns of tables without names are found by position" {
    need_tables
    tail -n +2 "$tables/iris.csv" >bare.csv
    "$train" --data bare.csv --val-data bare.csv --header no --epochs 20 --quiet --json --save m >trained
    same_scores m --data bare.csv --header no
    cut -d, -f1-4 bare.csv >unlabelled.csv
    [ "$("$predict" m --data unlabelled.csv --header no | wc -l)" -eq 151 ]
    cut -d, -f1-3 bare.csv >narrow.csv
    not_predicted 3 "narrow.csv: row 1: ... 4 and a label ... found 3 fields" m --data narrow.csv --header no
}

@test "predict: categories, and means for missing cells" {
    make_small
    sed '5s/^[0-9]*,/NA,/; 6s/,[a-z]*,/,,/' small.csv >holes.csv
    "$train" --data holes.csv --val-data holes.csv --missing mean --epochs 20 --quiet --json --save m >trained
    same_scores m --data holes.csv
    sed 's/red/green/' small.csv >green.csv
    not_predicted 3 'green.csv: row 3, column 2 (colour): ... found "green"' m --data green.csv
    "$train" --data small.csv "${quick[@]}" --save m >/dev/null
    not_predicted 3 'holes.csv: row 5, column 1 (x): ... value, found "NA"' m --data holes.csv
}

@test "predict: arrays and libsvm text" {
    make_arrays
    "$train" --data x.npy --labels y.npy --val-data x.npy --val-labels y.npy --epochs 20 --quiet --json --save m >trained
    same_scores m --data x.npy --labels y.npy
    same_scores m --data wide.npy --labels y.npy
    same_scores m --data small.svm
    [ "$("$predict" m --data x.npy | wc -l)" -eq 41 ]
    not_predicted 3 "numbers.csv: ... format of the training data ... found a table" m --data numbers.csv
}

@test "predict: a model with forged columns is refused, and so is one with a duplicate column" {
    make_small
    "$train" --data small.csv "${quick[@]}" --save m >/dev/null
    forge() { # EXPRESSION: the model `forged`, whose schema s is changed by it, with a checksum that fits
        python3 - "$1" <<'PY'
import json, struct, sys
data = open("m", "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + size])
s = json.loads(header["__metadata__"]["schema"])
exec(sys.argv[1])
header["__metadata__"]["schema"] = s if isinstance(s, str) else json.dumps(s)
text = json.dumps(header).encode()
open("forged", "wb").write(struct.pack("<Q", len(text)) + text + data[8 + size:])
PY
        sum=$("$predict" forged 2>&1 | sed -n 's/.*tileprop_checksum: expected \([0-9a-f]\{16\}\) .*/\1/p')
        LC_ALL=C sed -i "s/\"tileprop_checksum\": \"[0-9a-f]*\"/\"tileprop_checksum\": \"$sum\"/" forged
    }
    forge 's["label_place"] = 9'
    not_predicted 3 "forged: __metadata__: schema: ... label_place" forged --data small.csv
    forge 's["columns"][1]["categories"].append("green")'
    not_predicted 3 "forged: __metadata__: schema: ... columns ... 3 inputs, found 4" forged --data small.csv
    forge 's = "[" * 100000'
    not_predicted 3 "forged: __metadata__: schema: ... object" forged --data small.csv
    forge 's["columns"][1] = s["columns"][0]; s["columns"].append(s["columns"][0])'
    not_predicted 3 'small.csv: column "x": ... often ... once' forged --data small.csv
    forge 's["label"] = "x"'
    not_predicted 3 'small.csv: column "x": ... often ... once' forged --data small.csv
}

@test "predict: names do not change the terminal's state" {
    for i in {1..20}; do printf '%d,a\e[31m\n%d,b\n' "$i" $((i + 50)); done >escape.csv
    "$train" --data escape.csv --header no "${quick[@]}" --save m >told
    "$predict" m --data escape.csv --header no --worst 3 >>told
    grep -q 'a?\[31m' told
    run grep -c $'\e' told
    [ "$output" = 0 ]
}
