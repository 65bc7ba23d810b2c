#!/usr/bin/env bats
# Checkpoints as a black box: the results of interrupted and resumed runs, and invalid use.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    few=(--data "$(few_digits)" --train-limit 640 --val-limit 100 --quiet)
    data=("${few[@]}" --hidden "24,20" --eval-train on --log-gradients on
        --log-activations on --drop-last off)
    net=("${data[@]}" --batch 33)
    kept=(--history h.csv --save m --save-best b)
    mkdir "$BATS_TEST_TMPDIR/empty"
    cd "$BATS_TEST_TMPDIR/empty" || return
}

teardown() {
    [ -z "$child" ] || kill -KILL "$child" 2>/dev/null || true
}

refused() { # CODE PARTS ARGUMENTS...
    refused_by train "$train" "$@"
}

# whole ARGUMENTS...: the weights of the uninterrupted run; its files are in whole/.
whole() {
    mkdir -p whole
    (cd whole && "$train" "${net[@]}" "$@" "${kept[@]}") | weights
}

same_files() {
    for file in h.csv m b; do
        cmp "$file" "whole/$file"
    done
}

# text FILE NAME: one of the texts of a checkpoint.
text() {
    python3 - "$@" <<'END'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
print(json.loads(data[8:8 + size])["__metadata__"][sys.argv[2]])
END
}

# change NAME VALUE: a text of the checkpoint c, which becomes `changed`, without a checksum.
change() {
    python3 - "$@" <<'END'
import json, struct, sys
data = open("c", "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + size])
header["__metadata__"][sys.argv[1]] = sys.argv[2]
del header["__metadata__"]["tileprop_checksum"]
text = json.dumps(header).encode()
open("changed", "wb").write(struct.pack("<Q", len(text)) + text + data[8 + size:])
END
}

# begin_endless ARGUMENTS...: a run in the background, child, which has begun.
begin_endless() {
    # Background jobs of a shell ignore SIGINT by default.
    env --default-signal=INT "$train" "${net[@]}" --epochs 1000000 "$@" >out 2>err &
    child=$!
    until grep -q ^machine out; do
        kill -0 "$child"
        sleep 0.05
    done
}

@test "a larger --epochs continues a finished run: weights, history and models equal those of one long run" {
    for rule in sgd momentum nesterov adam; do
        long=$(whole --optimizer $rule --epochs 3)
        "$train" "${net[@]}" "${kept[@]}" --optimizer $rule --epochs 1 --checkpoint c >/dev/null
        run --separate-stderr "$train" "${net[@]}" "${kept[@]}" --optimizer $rule --epochs 3 --resume c --threads-exact 3
        echo "$rule: $output $stderr"
        [ "$status" -eq 0 ]
        grep -qx "resumed     after step 19" <<<"$output"
        [ "$(weights <<<"$output")" = "$long" ]
        same_files
    done
}

@test "a run resumes anywhere in an epoch, on any number of threads and any instruction set" {
    long=$(whole --epochs 3 --evals-per-epoch 3)
    for every in 1 7 20 1epochs 33steps "2 epochs" 1e-9s; do
        rm -f c
        run=("${net[@]}" --epochs 3 --evals-per-epoch 3 "${kept[@]}" --checkpoint c --checkpoint-every "$every" --resume auto)
        # Ends after one step, and when it is resumed after one more.
        "$train" "${run[@]}" --max-seconds 1e-9 >/dev/null
        "$train" "${run[@]}" --max-seconds 1e-9 --isa reference >/dev/null
        "$train" "${run[@]}" --threads-exact 5 >out
        grep -qx "resumed     after step 1" out
        [ "$(weights <out)" = "$long" ]
        same_files
    done
    "$train" "${run[@]}" >out # it has ended: the same once more
    [ "$(weights <out)" = "$long" ]
    same_files
}

@test "a learning rate schedule continues where it stopped, over the same number of steps" {
    schedule=(--lr-schedule cosine --warmup 5)
    long=$(whole --epochs 2 "${schedule[@]}")
    "$train" "${net[@]}" "${kept[@]}" --epochs 2 "${schedule[@]}" --checkpoint c --max-seconds 1e-9 >/dev/null
    "$train" "${net[@]}" "${kept[@]}" --epochs 2 "${schedule[@]}" --resume c --threads-exact 3 --isa reference >out
    grep -q ' lr 0.02 cosine, ' out
    [ "$(weights <out)" = "$long" ]
    same_files
    refused 2 "--epochs: expected 2 as in c, found 3" "${net[@]}" --epochs 3 "${schedule[@]}" --resume c
    "$train" "${net[@]}" "${kept[@]}" --epochs 1 "${schedule[@]}" --lr-steps 40 --checkpoint d >/dev/null
    "$train" "${net[@]}" "${kept[@]}" --epochs 2 "${schedule[@]}" --lr-steps 40 --resume d >out
    [ "$(weights <out)" = "$long" ]
    refused 2 "--warmup: expected fewer than 40 steps, found 40" "${net[@]}" --epochs 2 --warmup 40 --history h.csv
}

@test "--resume auto starts a new run if there is no checkpoint, and leaves no other files" {
    "$train" "${net[@]}" --epochs 1 "${kept[@]}" --checkpoint c --resume auto >out
    [ "$(grep -c resumed out)" -eq 0 ]
    "$train" "${net[@]}" --epochs 2 "${kept[@]}" --checkpoint c --resume auto --bind none --numa off >out
    [ "$(weights <out)" = "$(whole --epochs 2)" ]
    same_files
    [ "$(ls)" = "$(printf '%s\n' b c h.csv m out whole)" ]
}

@test "early stopping keeps counting, and a run that it ended stays ended" {
    stopping=(--lr 0.5 --early-stop 9)
    long=$(whole "${stopping[@]}" --epochs 50)
    "$train" "${net[@]}" "${stopping[@]}" --epochs 1 "${kept[@]}" --checkpoint c >/dev/null
    [ "$(wc -l <h.csv)" -lt "$(wc -l <whole/h.csv)" ]
    for _ in 1 2; do
        "$train" "${net[@]/--quiet/--json}" "${stopping[@]}" --epochs 50 "${kept[@]}" --checkpoint c --resume c >out 2>told
        [ "$(weights <told)" = "$long" ]
        grep -q '"stopped_by": "early-stop"' out
        same_files
    done
}

@test "the best weights from before the checkpoint are saved" {
    # Nothing better comes, and with --save-best alone nothing else is shown to be saved.
    worse=("${few[@]}" --hidden 24 --lr 0.5 --bias all --epochs 2 --save-best b)
    "$train" "${worse[@]}" --checkpoint c >/dev/null
    mv b whole
    "$train" "${worse[@]}" --resume c | grep -q "^saved best  b: step 4,"
    cmp b whole
}

@test "the final checkpoint holds nothing of the final evaluation, which a longer run would lack" {
    # This run's last evaluation is its best, and that of all that follow.
    best=("${few[@]}" --hidden 24 --lr 0.3 --seed 8 --evals-per-epoch 1 --save-best b)
    mkdir whole
    (cd whole && "$train" "${best[@]}" --epochs 2) | grep -q "^saved best  b: step 0,"
    "$train" "${best[@]}" --epochs 1 --checkpoint c | grep -q "^saved best  b: step 19,"
    "$train" "${best[@]}" --epochs 2 --resume c >/dev/null
    cmp b whole/b
}

# stands_behind STEP LR EVERY: a diverging run leaves a checkpoint from after this step, or none.
stands_behind() {
    wild=("${few[@]}" --hidden 64,64 --activation relu --optimizer sgd --batch 128 --evals-per-epoch 1 --lr "$2")
    rm -f c
    run "$train" "${wild[@]}" --checkpoint c --checkpoint-every "$3"
    echo "$*: $status: $output"
    [ "$status" -eq 4 ]
    if [ "$1" = none ]; then
        [ ! -e c ]
    else
        run "$train" "${wild[@]}" --resume c
        echo "$output"
        [ "$status" -eq 4 ]
        grep -qx "resumed     after step $1" <<<"$output"
    fi
}

@test "--checkpoint-every sets the interval; a run that diverges writes no final checkpoint" {
    # The loss of step 11 is not finite; 5 steps are an epoch.
    while read -r every step; do
        stands_behind "$step" 2 "$every"
    done <<'END'
1 10
3steps 8
4 7
11steps 10
12steps none
1epochs 9
2epochs 9
3epochs none
5epochs none
1e-9s 10
1e9s none
END
    # The weights after step 10 have no finite validation loss.
    stands_behind 9 1 1
}

@test "weights that are not finite do not replace the previous checkpoint" {
    for i in {1..60}; do echo "$i,$((i % 2))"; done >t.csv
    wild=(--data t.csv --header no --hidden 5 --batch 4 --evals-per-epoch 1 --lr 1000 --weight-decay 900 --optimizer sgd)
    run --separate-stderr "$train" "${wild[@]}" --checkpoint c --checkpoint-every 1
    [ "$status" -eq 4 ]
    grep -q "^train: warning: --checkpoint: c: expected finite weights and optimizer state" <<<"$stderr"
    [[ ${stderr_lines[-1]} == "train: the loss of the batch is not finite at step "* ]]
    diverged=$(sed -n 's/.* not finite at step \([0-9]*\).*/\1/p' <<<"${stderr_lines[-1]}")
    run "$train" "${wild[@]}" --resume c
    grep -qx "resumed     after step $((diverged - 2))" <<<"$output"
}

@test "times continue from the checkpoint" {
    "$train" "${net[@]}" --epochs 1 --checkpoint c >/dev/null
    change run.seconds 1000
    "$train" "${net[@]}" --epochs 2 --max-seconds 999 --resume changed --json >out
    grep -q '"steps": 21,.*"stopped_by": "time"' out
    for part in training evaluation; do
        change "run.seconds_$part" 1000
        "$train" "${net[@]}" --epochs 2 --resume changed --json >out
        grep -q "\"seconds_$part\": 1000\.[0-9]" out
    done
    "$train" "${net[@]}" --stop-at-accuracy 0.01 --checkpoint c >/dev/null
    change run.seconds 1000
    "$train" "${net[@]}" --stop-at-accuracy 0.01 --resume changed |
        grep -q "^goal .* reached at step 0, 1000\.[0-9]* s after the start"
}

@test "a resumed run plots all of its steps" {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    mkdir whole
    (cd whole && "$train" "${net[@]}" --epochs 3 --plot p.svg >/dev/null)
    "$train" "${net[@]}" --epochs 2 --plot p.svg --checkpoint c >/dev/null
    for _ in 1 2; do # the second time no step is left
        "$train" "${net[@]}" --epochs 3 --plot p.svg --checkpoint c --resume c >/dev/null
        for file in p.csv p-loss.csv p.gp p.svg; do
            cmp "$file" "whole/$file"
        done
    done
    # The history is the same for both options.
    "$train" "${net[@]}" --epochs 3 --history h.csv --resume c >/dev/null
    cmp h.csv p.csv
}

@test "SIGINT and SIGTERM write a checkpoint and exit 130 and 143" {
    # An evaluation after each step; the one after the last step is part of the run.
    net+=(--evals-per-epoch 20)
    for signal in INT TERM; do
        step=step # the heading alone: it was stopped before its first step, so there is nothing to resume
        while [ "$step" = step ]; do
            rm -rf ./*
            begin_endless "${kept[@]}" --checkpoint c
            kill -"$signal" "$child"
            code=0
            wait "$child" || code=$?
            [ "$code" -eq "$([ $signal = INT ] && echo 130 || echo 143)" ]
            step=$(tail -n 1 h.csv | cut -d , -f 1)
        done
        epochs=$(($(tail -n 1 h.csv | cut -d , -f 2) + 1))
        "$train" "${net[@]}" --epochs "$epochs" "${kept[@]}" --resume c >out
        grep -qx "resumed     after step $step" out
        [ "$(weights <out)" = "$(whole --epochs "$epochs")" ]
        same_files
    done
}

# resumed_alike ARGUMENTS...: resuming a stopped run's checkpoint gives the results in whole/.
resumed_alike() {
    "$train" "$@" "${kept[@]}" --resume c >out
    [ "$(weights <out)" = "$(weights <whole/out)" ]
    same_files
}

# stop_and_time SIGNAL SECONDS ARGUMENTS...: sends it to a run that has begun and waited so long; the code
# that it ends with.
stop_and_time() {
    local signal=$1 seconds=$2 code=0 sent
    shift 2
    env --default-signal=INT,TERM,HUP,XCPU "$train" "$@" "${kept[@]}" --checkpoint c >out 2>err &
    child=$!
    until grep -q ^machine out; do
        kill -0 "$child"
        sleep 0.05
    done
    sleep "$seconds"
    sent=$(date +%s%N)
    kill -"$signal" "$child"
    wait "$child" || code=$?
    echo "$signal after $seconds s: ended $((($(date +%s%N) - sent) / 1000000)) ms later"
    return "$code"
}

@test "a stop between two operations of a step discards the step" {
    [ -z "$TP_SANITIZE" ] || skip "a sanitizer makes steps too long"
    # A step takes some tenths of a second on the slowest kernels.
    big=("${few[@]}" --log-gradients on --hidden 128,128 --batch 640 --epochs 2 --isa reference --zeros multiply)
    big+=(--optimizer adam)
    mkdir whole
    (cd whole && "$train" "${big[@]}" "${kept[@]}" >out)
    for pair in TERM:143:0 HUP:129:0.3 XCPU:152:0.6; do
        IFS=: read -r signal code seconds <<<"$pair"
        rm -f c m b h.csv
        run stop_and_time "$signal" "$seconds" "${big[@]}"
        echo "$output" && cat out err
        [ "$status" -eq "$code" ]
        [ -s m ] && [ -s c ]
        ! compgen -G "*.tileprop-tmp"
        resumed_alike "${big[@]}"
    done
}

@test "a stop between two blocks of an evaluation leaves it to the resumed run" {
    [ -z "$TP_SANITIZE" ] || skip "a sanitizer makes evaluations too long"
    # The evaluation takes many times as long as the step that it follows.
    big=(--data "$root/data/mnist" --train-limit 64 --val-limit 2000 --quiet --log-gradients on --hidden 160,160)
    big+=(--batch 16 --epochs 1 --isa reference --zeros multiply --evals-per-epoch 1)
    mkdir whole
    (cd whole && "$train" "${big[@]}" "${kept[@]}" >out)
    run stop_and_time TERM 0.3 "${big[@]}"
    echo "$output" && cat out err
    [ "$status" -eq 143 ]
    [ "$(tail -n 1 h.csv | cut -d , -f 1,4)" = 0, ]
    grep -q "^validation  not evaluated" out
    ! compgen -G "*.tileprop-tmp"
    [ "$(text c run.best_samples)" = 0 ]
    resumed_alike "${big[@]}"
}

@test "an ignored SIGHUP, as under nohup, does not end the run" {
    env --ignore-signal=HUP "$train" "${net[@]}" --epochs 1000000 --history h.csv >out 2>err &
    child=$!
    until grep -q ^machine out; do
        kill -0 "$child"
        sleep 0.05
    done
    kill -HUP "$child"
    sleep 0.2
    kill -TERM "$child"
    code=0
    wait "$child" || code=$?
    [ "$code" -eq 143 ]
}

@test "a run killed at any moment resumes to the same bits" {
    samples=3000 trials=20
    [ -z "$TP_SANITIZE" ] || samples=300 trials=5
    run python3 "$root/tests/model/kill.py" --data "$(few_digits)" --trials $trials --samples $samples "$train"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"$trials of $trials identical" ]]
}

@test "a checkpoint is a model: predict and --init-from accept it" {
    "$train" "${net[@]}" --epochs 1 --checkpoint c --save m >out
    "$predict" c --data "$root/data/mnist" >of-checkpoint
    "$predict" m --data "$root/data/mnist" >of-model
    grep -q "^result *loss" of-model
    [ "$(grep ^result of-checkpoint)" = "$(grep ^result of-model)" ]
    [ "$(text c step)" = 19 ]
    start=("${few[@]}" --hidden "24,20" --epochs 1)
    [ "$("$train" "${start[@]}" --optimizer sgd --lr 1e-30 --init-from c | weights)" = "$(weights <out)" ]
    # A run that began from a model does not need it any more.
    cp m other
    "$train" "${start[@]}" --init-from m --checkpoint d >/dev/null
    rm m
    for _ in 1 2; do
        "$train" "${start[@]}" --init-from m --checkpoint d --resume d >/dev/null
        "$train" "${start[@]}" --checkpoint d --resume d >/dev/null
    done
    refused 2 "--init-from: ... path ... d" "${start[@]}" --init-from other --resume d
    "$train" "${start[@]}" --checkpoint d >/dev/null
    refused 2 "--init-from: ... path ... d" "${start[@]}" --init-from other --resume d
}

@test "a different option is refused by name, exit 2" {
    base=("${few[@]}" --hidden "24,20" --epochs 2)
    "$train" "${base[@]}" --checkpoint c >/dev/null
    cp c before
    while read -r name value kept; do
        refused 2 "--$name: expected $kept as in c, found $value" "${base[@]}" "--$name" "$value" --checkpoint c --resume auto
    done <<'END'
activation tanh improved-sigmoid
init he fan-in
bias all input
optimizer sgd momentum
lr 0.03 0.02
lr-schedule cosine constant
warmup 5 0
lr-steps 100 auto
momentum 0.8 0.9
weight-decay 0.1 0
batch 33 32
shuffle off on
drop-last off on
seed 2 1
evals-per-epoch 4 5
eval-train on off
log-gradients on off
log-activations on off
early-stop 3 0
stop-at-accuracy 0.5 none
stop-at-loss 0.5 none
normalize feature global
test-holdout 10 none
END
    refused 2 "--hidden: expected 24,20 as in c, found 24" "${few[@]}" --hidden 24 --epochs 2 --resume c
    refused 2 "--epochs: ... 40 steps ... found 1, which is 20 steps" "${few[@]}" --hidden "24,20" \
        --epochs 1 --resume c
    cmp c before
}

@test "an option given explicitly equals the same value chosen by default" {
    "$train" "${few[@]}" --optimizer adam --activation relu --checkpoint c >/dev/null
    "$train" "${few[@]}" --optimizer adam --activation relu --lr 0.001 --init he --normalize global --bias input \
        --drop-last on --epochs 10 --hidden 64 --resume c | grep -qx "resumed     after step 199"
    for i in {1..60}; do echo "$i,$((i % 2))"; done >t.csv
    table=(--data t.csv --header no --quiet --save m)
    "$train" "${table[@]}" --normalize feature --bias all --drop-last off --epochs 1000 --lr 0.02 --init fan-in \
        --checkpoint c >/dev/null
    mv m named
    "$train" "${table[@]}" --resume c >/dev/null
    cmp m named
}

@test "different data are refused by name, exit 2" {
    for i in {1..60}; do echo "$i,$((i * 7 % 11)),$((i % 2))"; done >t.csv
    head -n 20 t.csv >v.csv
    base=(--header no --epochs 2 --quiet --hidden 5)
    "$train" "${base[@]}" --data t.csv --val-data v.csv --checkpoint c >/dev/null
    sed '3s/^3/4/' t.csv >other.csv
    refused 2 "--data: ... training set ... c: ... fingerprint" "${base[@]}" --data other.csv \
        --val-data v.csv --resume c
    head -n 21 t.csv >w.csv
    refused 2 "--data: ... validation set" "${base[@]}" --data t.csv --val-data w.csv --resume c
    refused 2 "--class-weight: ... set ... weights" "${base[@]}" --data t.csv --val-data v.csv \
        --class-weight balanced --resume c
    "$train" "${base[@]}" --data t.csv --val-data v.csv --test-holdout 5 --checkpoint held >/dev/null
    sed '9s/^9/4/' t.csv >other.csv # drawn for the test set
    refused 2 "--data: ... test set" "${base[@]}" --data other.csv --val-data v.csv \
        --test-holdout 5 --resume held
    mv t.csv elsewhere.csv
    "$train" "${base[@]}" --data elsewhere.csv --val-data v.csv --resume c >/dev/null
}

@test "outputs that need earlier results are refused if the checkpoint lacks them" {
    "$train" "${net[@]}" --epochs 1 --checkpoint c >/dev/null
    none="c: expected a history, found none ... --history ... --plot"
    refused 2 "--history: $none" "${net[@]}" --epochs 1 --resume c --history h.csv
    refused 2 "--plot: $none" "${net[@]}" --epochs 1 --resume c --plot p.svg
    refused 2 "--save-best: c: expected best weights, found none" "${net[@]}" --epochs 1 --resume c --save-best b
    [ "$(ls)" = c ]
}

@test "options without effect, and invalid intervals, are exit 2" {
    refused 2 "--resume: auto ... --checkpoint FILE" --data absent --resume auto
    refused 2 "--checkpoint-every: ... --checkpoint" --data absent --checkpoint-every 5
    refused 2 "--resume-inexact: ... --resume" --data absent --resume-inexact
    for every in 0 -1 1.5 1.5epochs 0s nan inf 1e99 5m "" 5stepss s; do
        refused 2 "--checkpoint-every" --data absent --checkpoint c "--checkpoint-every=$every"
    done
}

@test "a file that is not a checkpoint, or that no run can have written, is exit 3" {
    base=("${net[@]}" --epochs 2)
    "$train" "${base[@]}" --checkpoint c --save m >/dev/null
    refused 3 "absent: ... opened" "${base[@]}" --resume absent
    ln -s loop loop
    refused 1 "loop: ... regular file" "${base[@]}" --checkpoint loop --resume auto
    refused 3 "m: __metadata__: ... run.steps of a checkpoint, found none ... --init-from ... model" "${base[@]}" \
        --resume m
    for bytes in 0 7 100 3000 50000; do
        head -c $bytes c >short
        refused 3 "short:" "${base[@]}" --resume short
    done
    while read -r name value part; do
        change "$name" "$value"
        refused 3 "changed: __metadata__: $part" "${base[@]}" --resume changed
    done <<'END'
numerics_version 1 numerics_version: expected 3, found 1 ... --resume-inexact
run.steps 0 run.best_step: expected 0 to 0, found 36
run.steps -1 run.steps: ... integer
run.steps 18446744073709551615 run.steps: expected 0 to 9223372036854775807, found 18446744073709551615
run.best_step 40 run.best_step: expected 0 to 39, found 40
run.evaluations_since_best 1000 run.evaluations_since_best: expected 0 to 40, found 1000
run.beta1_power 1.5 run.beta1_power: expected 0 to 1, found 1.5
run.seconds -1 run.seconds: expected 0 or more, found -1
run.seconds inf run.seconds: ... finite number
run.ended time run.ended: ... epochs, early-stop, accuracy ... loss
run.validation xyz run.validation: ... hexadecimal number
END
    change options "lr = auto"
    refused 3 "changed: __metadata__: options: ... names" "${base[@]}" --resume changed
    change run.steps 41
    refused 2 "--epochs: ... 41 steps ... found 2, which is 40 steps" "${base[@]}" --resume changed
    change numerics_version 1
    "$train" "${base[@]}" --resume changed --resume-inexact >out
    [ "$(weights <out)" = "$("$train" "${base[@]}" --resume c | weights)" ]
}

@test "layers and optimizer state that contradict the file's options are exit 3" {
    "$train" "${few[@]}" --hidden "24,20" --epochs 1 --checkpoint c >/dev/null
    while read -r part options; do
        # shellcheck disable=SC2086 # several words
        "$train" "${few[@]}" $options --epochs 1 --checkpoint other >/dev/null
        change options "$(text other options)"
        # shellcheck disable=SC2086
        refused 3 "changed: ${part//_/ }" "${few[@]}" $options --epochs 2 --resume changed
    done <<'END'
expected_the_layers --hidden 24
expected_the_layers --hidden 24,20 --bias all
expected_2_arrays_..._found_1 --hidden 24,20 --optimizer adam
END
    flat=("${few[@]}" --hidden none --bias none --epochs 1)
    "$train" "${flat[@]}" --checkpoint c >/dev/null
    LC_ALL=C sed 's/\("run.state0.layers.0.weight":[^]]*\)\[10,784\]/\1[784,10]/; s/tileprop_checksum/tileprop_accepted/' c >changed
    refused 3 "changed: run.state0.layers: ... found others" "${flat[@]}" --resume changed
}

@test "a checkpoint that cannot be written: exit 1, the previous one stays, and the run finishes" {
    refused 1 "--checkpoint: absent/c: No such file or directory" --data absent --checkpoint absent/c
    refused 1 "--checkpoint: .: ... regular file" --data absent --checkpoint .
    refused 2 "--checkpoint: ... found c, which --save writes" --data absent --checkpoint c --save c
    "$train" "${net[@]}" --epochs 1 --checkpoint c >/dev/null
    cp c before
    # 8 KiB for each file
    run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 8; exec "$@"' - "$train" "${net[@]}" --epochs 2 \
        --checkpoint c --resume auto
    echo "$status: $output $stderr"
    [ "$status" -eq 1 ]
    [[ $stderr == "train: --checkpoint: "*"c: File too large" ]]
    grep -q ^weights <<<"$output"
    cmp c before
    [ "$(ls)" = "$(printf '%s\n' before c)" ]
}

@test "a full disk leaves the previous history, and the warning is printed once and counted" {
    "$train" "${net[@]}" --epochs 2 --history expected >/dev/null
    "$train" "${net[@]}" --epochs 1 --checkpoint c --history h.csv >/dev/null
    cp h.csv before
    # 1 KiB for each file
    run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 1; exec "$@"' - "$train" "${net[@]/--quiet/--json=off}" --epochs 2 \
        --checkpoint c --resume c --history h.csv --checkpoint-every 1steps
    echo "$stderr"
    [ "$status" -eq 1 ]
    [ "$(grep -c '^train: warning: --checkpoint: .*File too large' <<<"$stderr")" -eq 1 ]
    [ "$(grep -c '^train: warning: [0-9]* more of: --checkpoint: .*File too large' <<<"$stderr")" -eq 1 ]
    cmp h.csv before
    "$train" "${net[@]}" --epochs 2 --checkpoint c --resume c --history h.csv >/dev/null
    cmp h.csv expected
}

@test "leftovers of a killed run are replaced, and no other run may write the file meanwhile" {
    "$train" "${net[@]}" --epochs 1 --history expected >/dev/null
    for file in c h.csv; do
        head -c 1000000 /dev/zero >$file.tileprop-tmp
    done
    "$train" "${net[@]}" --epochs 1 --checkpoint c --history h.csv >/dev/null
    [ "$(ls)" = "$(printf '%s\n' c expected h.csv)" ]
    cmp h.csv expected
    "$train" "${net[@]}" --epochs 1 --resume c >/dev/null
    begin_endless --checkpoint c
    refused 1 "c: ... written" "${net[@]}" --checkpoint c
    kill -INT "$child"
    wait "$child" || true
}
