#!/usr/bin/env bats
# train as a black box: options, exit codes, outputs. The network and its learning are tested elsewhere; runs here are
# as short as possible.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    mnist=(--data "$root/data/mnist")
    digits=(--data "$(few_digits)")
    few=("${digits[@]}" --train-limit 640 --val-limit 100)
    small=("${few[@]}" --epochs 1 --hidden 8 --threads 1)
    mkdir "$BATS_TEST_TMPDIR/empty"
    cd "$BATS_TEST_TMPDIR/empty"
}

teardown() {
    [ -z "$child" ] || kill -KILL "$child" 2>/dev/null || true
}

refused() { # CODE PARTS ARGUMENTS...
    refused_by train "$train" "$@"
}

# json: the keys of $output; json KEY: its value.
json() {
    python3 -c '
import json, sys
result = json.load(sys.stdin, parse_constant=lambda name: sys.exit(name + " is not JSON"))
print(result[sys.argv[1]] if len(sys.argv) > 1 else "\n".join(sorted(result)))' "$@" <<<"$output"
}

@test "--help: the options that most runs need; -h does the same" {
    run --separate-stderr "$train" --help
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ -z "$(awk 'length > 80' <<<"$output")" ]
    [ "$(sed -n 's/^  --\([a-z-]*\).*/\1/p' <<<"$output" | xargs)" = "data val-data label normalize hidden activation \
init-from optimizer lr batch epochs seed early-stop threads save save-best checkpoint resume plot json quiet stats \
check-gradient help version" ]
    [ "${lines[-1]}" = 'train --help all lists all options and the exit codes.' ]
    [ "$("$train" -h)" = "$output" ]
    refused 2 '--help: ... one of off, on, all' --help=data
    refused 2 'expected an option, found "data"' --help data
    refused 2 '--bogus: no such option; --help all lists them' --bogus
}

@test "--help all: on stdout, exit 0, at most 80 columns, lists each option and the exit codes" {
    run --separate-stderr "$train" --help all
    [ "$("$train" --help=all)" = "$output" ]
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ -z "$(awk 'length > 80' <<<"$output")" ]
    for name in $("$train" --print-config | cut -d' ' -f1) config print-config help version; do
        echo "$name"
        grep -q -- "^  --$name\b" <<<"$output"
    done
    [[ $output == *"The output layer, with one unit per class,"* ]]
    [[ $output == *"[improved-sigmoid]"* ]]
    for code in 0 1 2 3 4 130 143; do
        grep -q "^  $code  *[a-z]" <<<"$output"
    done
}

@test "--version: on stdout, exit 0" {
    run --separate-stderr "$train" --version
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [[ ${lines[0]} =~ ^tileprop\ [0-9]+\.[0-9]+\.[0-9]+ ]]
    [[ $output == *"tiers built: reference"* ]]
    [[ $output == *"tiers found here: reference"* ]]
}

@test "the defaults are the documented ones" {
    run "$train" --print-config
    [ "$status" -eq 0 ]
    for line in "hidden = 64" "activation = improved-sigmoid" "optimizer = momentum" "momentum = 0.9" "lr = auto" \
        "bias = auto" "init = auto" "batch = 32" "epochs = auto" "threads = auto" "seed = 1" "shuffle = on" \
        "drop-last = auto" "normalize = auto" "label = auto" "header = auto" "missing = error" "early-stop = 0" "evals-per-epoch = 5" "eval-train = off" \
        "train-limit = all" "val-limit = all" "weight-decay = 0" "beta1 = 0.9" "beta2 = 0.999" \
        "epsilon = 1e-08" "isa = auto" "data = auto" "history = none"; do
        echo "$line"
        grep -qxF "$line" <<<"$output"
    done
}

@test "unknown options and bad values are refused before any data is read" {
    absent=(--data absent)
    refused 2 "--hiden ... --hidden" "${absent[@]}" --hiden 64
    refused 2 "--thread ... --threads" "${absent[@]}" --thread 2
    refused 2 "--threads: ... integer ... 1 ... 4096 ... auto ... \"two\"" "${absent[@]}" --threads two
    refused 2 "--threads: ... once ... twice" "${absent[@]}" --threads 1 --threads 1
    refused 2 "\"extra\"" "${absent[@]}" extra
    while read -r option value; do
        refused 2 "$option:" "${absent[@]}" "$option=$value"
    done <<'END'
--train-limit 0
--val-limit -1
--val-split 1
--normalize mean
--hidden 64,,64
--hidden 0
--hidden none,64
--activation best
--init zero
--bias some
--optimizer best
--lr 0
--lr nan
--lr 0.1x
--momentum 1
--beta1 1
--beta2 -0.1
--epsilon 0
--weight-decay -1
--batch 0
--batch 1e3
--epochs 0
--shuffle yes
--drop-last 1
--seed -1
--seed 18446744073709551616
--evals-per-epoch 0
--eval-train maybe
--log-gradients 1
--test-holdout 0
--early-stop never
--stop-at-accuracy 1.1
--stop-at-loss 0
--max-seconds inf
--threads 0
--threads 4097
--threads-exact auto
--bind socket
--isa sse
--zeros off
--history
--json yes
--config
END
}

@test "an option without effect on the optimizer is refused" {
    refused 2 "--momentum:" --optimizer sgd --momentum 0.9
    refused 2 "--momentum:" --momentum 0.9 --optimizer adam
    refused 2 "--beta1: ... adam" --beta1 0.9
    refused 2 "--beta2: ... adam" --beta2 0.9 --optimizer nesterov
    refused 2 "--epsilon: ... adam" --epsilon 1e-7 --optimizer sgd
    run "$train" --optimizer adam --beta1 0.8 --beta2 0.9 --epsilon 1e-7 --print-config
    [ "$status" -eq 0 ]
    printf 'optimizer = sgd\nmomentum = 0.5\n' >run.conf
    refused 2 "--momentum:" --config run.conf
    printf 'optimizer = nesterov\nmomentum = 0.5\n' >run.conf
    run "$train" --config run.conf --optimizer adam --print-config
    [ "$status" -eq 0 ]
    grep -qx "momentum = 0.9" <<<"$output"
}

@test "options of a file without effect on the command line's optimizer are dropped with a note" {
    dropped() { # FILE ARGUMENTS...: the notes
        "$train" --config "$1" "${@:2}" --print-config 2>&1 >/dev/null
    }
    printf 'optimizer = adam\nlr = 0.02\nbeta1 = 0.8\nepsilon = 1e-08\n' >run.conf
    cmp <(dropped run.conf --optimizer sgd) - <<'END'
train: note: --beta1 0.8 of run.conf has no effect with --optimizer sgd and is ignored
train: note: --epsilon 1e-08 of run.conf has no effect with --optimizer sgd and is ignored
END
    "$train" --config run.conf --optimizer sgd --print-config | grep -qx "lr = 0.02"
    [ -z "$(dropped run.conf --optimizer sgd --quiet)" ]
    [ -z "$(dropped run.conf --optimizer adam)" ]
    [ "$(dropped "$root/results/3c/run.conf" --optimizer sgd)" = \
        "train: note: --momentum 0.9 of $root/results/3c/run.conf has no effect with --optimizer sgd and is ignored" ]
    "$train" --optimizer nesterov --momentum 0.5 --print-config >all.conf # with the defaults of adam too
    [ "$(dropped all.conf --optimizer sgd)" = \
        "train: note: --momentum 0.5 of all.conf has no effect with --optimizer sgd and is ignored" ]
}

@test "improved-sigmoid and lecun-tanh are one activation, reported as improved-sigmoid" {
    for name in improved-sigmoid lecun-tanh; do
        "$train" --activation $name --print-config | grep -qx "activation = improved-sigmoid"
        "$train" "${small[@]}" --quiet --activation $name --save $name.model >$name
        grep -q "^network     784-8-10, improved-sigmoid, " $name
    done
    cmp lecun-tanh.model improved-sigmoid.model
}

@test "--config reads back what --print-config prints" {
    while read -r arguments; do
        "$train" $arguments --print-config >first.conf
        "$train" --config first.conf --print-config >second.conf
        cmp first.conf second.conf
    done <<'END'

--optimizer sgd --lr 0.3
--optimizer adam --beta1 0.8 --epsilon 1e-7 --hidden none --json --quiet
--hidden 1,22,333 --activation improved-sigmoid --threads 7 --threads-exact 3 --seed 18446744073709551615
--history a#b.csv --data . --val-split 0.1 --stop-at-loss 0.3333333333333333 --shuffle off
END
}

@test "the command line takes precedence over --config, in any order" {
    printf '# a run\nhidden = 8,8 # two\nseed = 5\njson = on\n' >run.conf
    run "$train" --hidden 3 --config run.conf --json=off --print-config
    [ "$status" -eq 0 ]
    grep -qx "hidden = 3" <<<"$output"
    grep -qx "seed = 5" <<<"$output"
    grep -qx "json = off" <<<"$output"
}

@test "paths in a configuration file are relative to it; those on the command line are not" {
    mkdir -p folder/deeper elsewhere
    printf 'data = ../mnist\nhistory = "h.csv" # beside it\nplot = none\n' >folder/deeper/run.conf
    ln -s "$root/data/mnist" folder/mnist
    cd elsewhere
    "$train" --config ../folder/deeper/run.conf --train-limit 64 --val-limit 10 --epochs 1 --quiet
    [ -s ../folder/deeper/h.csv ]
    "$train" --config ../folder/deeper/run.conf --train-limit 64 --val-limit 10 --epochs 1 --quiet --history h.csv
    cmp h.csv ../folder/deeper/h.csv
    run "$train" --config ../folder/deeper/run.conf --print-config
    [[ $output == *"data = $PWD/../folder/deeper/../mnist"* ]]
    [[ $output == *"history = $PWD/../folder/deeper/h.csv"* ]]
    [[ $output == *"plot = none"* ]]
    run "$train" --config <(echo "data = here") --print-config # a pipe has no folder
    [[ $output == *"data = $PWD/here"* ]]
    printf 'data = /%04095d\n' 0 >long.conf
    "$train" --config "$PWD/long.conf" --print-config >/dev/null
    printf 'data = %04096d\n' 0 >long.conf
    refused 2 "long.conf:1: data: ... PATH ... 1 ... 4096 bytes" --config "$PWD/long.conf"
}

@test "errors in a configuration file name file and line" {
    printf '\nhiden = 8\n' >run.conf
    refused 2 "run.conf:2: hiden: ... option ... --hidden" --config run.conf
    printf 'seed = 1\nseed = 1\n' >run.conf
    refused 2 "run.conf:2: seed: ... once ... twice" --config run.conf
    printf 'lr = fast\n' >run.conf
    refused 2 "run.conf:1: lr: ... number" --config run.conf --lr 0.1
    refused 2 "absent.conf: No such file" --config absent.conf
}

@test "an unavailable tier is refused, by --isa and TILEPROP_ISA, naming those available" {
    mapfile -t here < <("$train" --version | sed -n 's/^tiers found here: //p' | tr ' ' '\n')
    for tier in $("$train" --version | sed -n 's/^tiers built: //p'); do
        if [[ " ${here[*]} " != *" $tier "* ]]; then
            refused 2 "--isa: ... auto, reference" --isa "$tier"
            TILEPROP_ISA=$tier refused 2 "TILEPROP_ISA: ... auto, reference"
        fi
    done
    TILEPROP_ISA=sse refused 2 "TILEPROP_ISA: ... auto, reference"
    best=${here[-1]}
    TILEPROP_ISA=$best run --separate-stderr "$train" "${small[@]}" --isa reference --json
    [ "$(json isa)" = reference ]
    TILEPROP_ISA=reference run --separate-stderr "$train" "${small[@]}" --isa "$best" --json
    [ "$(json isa)" = reference ]
    TILEPROP_ISA= run --separate-stderr "$train" "${small[@]}" --json
    [ "$(json isa)" = "$best" ]
}

@test "bad data are exit 3" {
    mkdir folder
    refused 3 folder --data folder
    refused 3 absent --data absent
    cp "$root"/data/mnist/*.gz folder
    echo '<html>' >folder/t10k-images-idx3-ubyte.gz
    refused 3 t10k-images --data folder
    rm folder/t10k*
    printf '\0\0\010\003\0\0\0\001\0\0\0\001\0\0\0\001x' >folder/t10k-images-idx3-ubyte
    printf '\0\0\010\001\0\0\0\001\002' >folder/t10k-labels-idx1-ubyte
    for option in --stats --check-gradient --quiet; do
        refused 3 "folder: expected 784 inputs of u8 and at most 10 classes as in the train files, found 1 of u8 and 3 in the t10k files" \
            --data folder "$option"
    done
}

@test "a run opens with three lines and closes with four" {
    run --separate-stderr "$train" "${small[@]}"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 7 ]
    [[ ${lines[0]} == "data "*"640 training and 100 validation samples, 784 inputs, 10 classes, mean "* ]]
    [[ ${lines[1]} == "network "*"784-8-10, improved-sigmoid, bias input, 6360 parameters, momentum, lr 0.02, batch 32, "* ]]
    [[ ${lines[2]} == "machine "*"1 thread used of 1 asked for" ]]
    [[ ${lines[3]} =~ ^train\ .*loss\ [0-9.e-]+\ nats\ per\ sample,\ accuracy\ [0-9.]+\ %$ ]]
    [[ ${lines[4]} =~ ^validation\ .*accuracy\ [0-9.]+\ \+-\ [0-9.]+\ %$ ]]
    [[ ${lines[5]} =~ ^best\ .*accuracy\ [0-9.]+\ \+-\ [0-9.]+\ %\ \(standard\ error\),\ at\ step\ [0-9]+,\ counted\ from\ 0$ ]]
    [[ ${lines[6]} =~ ^weights\ .*[0-9a-f]{16} ]]
}

@test "the shipped data are found from any working directory" {
    shipped=$(realpath -e "$(dirname "$train")/../data/mnist") || skip "the program is not beside the data"
    run --separate-stderr "$train" --train-limit 64 --val-limit 10 --epochs 1 --hidden none --threads 1
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "data "*" $shipped, 64 training"* ]]
}

@test "progress: without a terminal a plain line for each evaluation, none with --quiet" {
    run --separate-stderr "$train" "${small[@]}"
    [ "${#stderr_lines[@]}" -eq 5 ]
    [[ $stderr != *$'\r'* ]]
    [[ ${stderr_lines[4]} == "epoch 1/1  17/20 steps  loss "*"  validation "*" samples/s "*" GFLOP/s"*" ETA "* ]]
    run --separate-stderr "$train" "${few[@]}" --epochs 1 --quiet --threads 4096
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
}

@test "--threads may exceed the number of CPUs; the report says how many are used" {
    run --separate-stderr "$train" "${few[@]}" --epochs 1 --threads 4096
    [ "$status" -eq 0 ]
    grep -qE "^machine .* [0-9]{1,3} threads? used of 4096 asked for" <<<"$output"
    ! grep -q warning <<<"$stderr"
}

@test "OMP_NUM_THREADS applies if --threads is not given" {
    run env OMP_NUM_THREADS=1 "$train" "${few[@]}" --epochs 1 --hidden 8 --json --quiet
    [ "$(json threads_used)" = 1 ]
    run env OMP_NUM_THREADS=1,4 "$train" "${few[@]}" --epochs 1 --hidden 8 --threads-exact 2 --json --quiet
    [ "$(json threads_used)" = 2 ]
    [ "$(json threads_of_steps)" = 2 ]
    for ignored in 0 -1 99999; do # libomp itself ends at what is no number
        run env OMP_NUM_THREADS="$ignored" "$train" "${few[@]}" --epochs 1 --hidden 8 --json --quiet
        [ "$status" -eq 0 ]
    done
}

@test "--explain: how work is divided, and how the time of steps is spent" {
    "$train" "${few[@]}" --epochs 1 --hidden 40,8 --threads-exact 2 --explain --json 2>explained >/dev/null
    grep -q "^plan        2 of 2 threads take part in steps" explained
    grep -qxE "kernels     [a-z0-9]+, tiles of [0-9]+x[0-9]+" explained
    for thread in 0 1; do
        grep -qx "plan        thread $thread: barrier" explained
        grep -qxE "plan        thread $thread: forward layer 3, units 0-9, rows [0-9]+-[0-9]+" explained
    done
    for verb in pack forward loss backward update; do
        grep -qE "^time +$verb +[123] +[0-9.]+ " explained
    done
    [ "$(grep -cE '^time +backward' explained)" -eq 2 ]
    grep -q "waiting at barriers" explained
    grep -qxE "zeros       evaluations (skip|multiply) them(; a sample took [0-9.]+ us multiplying, [0-9.]+ us skipping)?" \
        explained
    for zeros in skip multiply; do
        "$train" "${few[@]}" --epochs 1 --hidden 8 --explain --zeros $zeros >explained
        grep -qx "zeros       evaluations $zeros them" explained
    done
}

@test "--zeros: weights are the same whether zeros are skipped or multiplied" {
    for zeros in skip multiply; do
        "$train" "${small[@]}" --explain --zeros "$zeros" >"$zeros"
        grep -qxE "zeros +[0-9.]+ % of the inputs are 0 and can be skipped; steps $zeros them" "$zeros"
    done
    [ "$(grep '^weights' skip)" = "$(grep '^weights' multiply)" ]
}

@test "--bind: explicit, or automatic if nothing forbids it" {
    bound() { # LINE ARGUMENTS...
        run "$train" "${few[@]}" --epochs 1 --hidden 8 --explain --quiet "${@:2}"
        echo "$output" | grep "^binding"
        [[ $output == *"binding     $1 threads bound"* ]]
    }
    unset OMP_PROC_BIND OMP_PLACES GOMP_CPU_AFFINITY
    bound "0 of 2" --threads-exact 2 --bind none
    bound "1 of 1" --threads-exact 1 --bind cores
    cpu=$(taskset -cp $$ | grep -oE '[0-9]+' | tail -n 1)
    run taskset -c "$cpu" "$train" "${few[@]}" --epochs 1 --hidden 8 --explain --quiet --threads-exact 2 --bind cores
    [[ $output == *"binding     1 of 2 threads bound"* ]]
    if [ "$(nproc --all)" -gt 1 ]; then
        run taskset -c "$cpu" "$train" "${few[@]}" --epochs 1 --hidden 8 --explain --quiet --threads-exact 1
        [[ $output == *"binding     0 of 1 threads bound"* ]]
    fi
    cores=$(cat /sys/devices/system/cpu/cpu*/topology/thread_siblings_list | sort -u | wc -l)
    if [ "$(nproc)" -eq "$(nproc --all)" ]; then
        bound "$cores of $cores" --threads-exact "$cores"
    fi
    for variable in OMP_PROC_BIND=true OMP_PLACES=cores GOMP_CPU_AFFINITY=0; do
        run env "$variable" "$train" "${few[@]}" --epochs 1 --hidden 8 --explain --quiet --threads-exact "$cores"
        [[ $output == *"binding     0 of $cores threads bound"* ]]
    done
}

@test "--json: one object on stdout, the report on stderr, with --quiet none" {
    for more in --stats --check-gradient --explain ''; do
        # shellcheck disable=SC2086 # none, or one
        "$train" "${small[@]}" $more --json 2>err | python3 -m json.tool >/dev/null
        grep -q '^data  ' err
        # shellcheck disable=SC2086
        "$train" "${small[@]}" $more --json --quiet 2>err | python3 -m json.tool >/dev/null
        [ ! -s err ]
    done
}

@test "--json has all documented members" {
    run --separate-stderr "$train" "${small[@]}" --json
    [ "$status" -eq 0 ]
    json >keys
    for key in parameters steps epochs train_loss train_accuracy validation_loss validation_accuracy \
        best_validation_loss best_step best_validation_accuracy seconds_total seconds_loading seconds_training \
        seconds_planning seconds_evaluation samples_per_second isa threads_requested threads_used threads_of_steps weights_hash stopped_by \
        stop_at_accuracy; do
        echo "$key"
        grep -qx "$key" keys
    done
    [ "$(json parameters)" = 6360 ]
    [ "$(json steps)" = 20 ]
    [ "$(json epochs)" = 1 ]
    [ "$(json stopped_by)" = epochs ]
    [[ $stderr == *$'\nweights     '"$(json weights_hash)"* ]]
    [ "$(python3 -c 'print(0 < float(input()) < 1)' <<<"$(json validation_accuracy)")" = True ]
}

# goal KEY: of the JSON object's stop_at_accuracy.
goal() {
    python3 -c 'import json, sys; print(json.load(sys.stdin)["stop_at_accuracy"][sys.argv[1]])' "$1" <<<"$output"
}

@test "the report says why a run stopped before its last step" {
    stopped() { # REASON ARGUMENTS...
        run --separate-stderr "$train" "${few[@]}" --hidden 8 --threads 1 --epochs 40 "${@:2}"
        [ "$status" -eq 0 ]
        echo "${lines[3]}"
        [[ ${lines[3]} =~ ^stopped\ {5}$1,\ in\ epoch\ [0-9]+\ of\ 40$ ]]
    }
    stopped 'no better validation loss in 2 evaluations' --early-stop 2
    stopped 'no better validation loss in 1 evaluation' --early-stop 1
    stopped 'validation accuracy of 60 % reached' --stop-at-accuracy 0.6
    stopped 'validation loss of 1.2 reached' --stop-at-loss 1.2
    stopped 'after 1e-06 s' --max-seconds 1e-6
    [[ ${lines[3]} == *"in epoch 1 of 40" ]]
    run "$train" "${small[@]}"
    [[ $output != *"stopped"* ]]
}

@test "--stop-at-accuracy: ends at the first such evaluation and reports when, on any number of threads" {
    wanted=("${mnist[@]}" --train-limit 3200 --val-limit 500 --hidden 8 --epochs 20 --stop-at-accuracy 0.8 --json)
    run --separate-stderr "$train" "${wanted[@]}" --threads-exact 1 --history history.csv
    [ "$status" -eq 0 ]
    [ "$(json stopped_by)" = accuracy ]
    [ "$(goal reached)" = True ]
    steps=$(json steps)
    hash=$(json weights_hash)
    [ "$(goal step)" -eq $((steps - 1)) ]
    grep -qxE "goal        accuracy 80 % reached at step $((steps - 1)), [0-9.]+ s after the start, of which [0-9.]+ s training" \
        <<<"$stderr"
    python3 - "$steps" "$(goal seconds)" "$(json seconds_total)" "$(goal seconds_training)" "$(json seconds_training)" <<'END'
import csv, sys
steps, seconds, total, training, all_training = map(float, sys.argv[1:])
rows = list(csv.DictReader(open("history.csv")))
reached = [float(row["validation_accuracy"]) >= 0.8 for row in rows if row["validation_accuracy"]]
assert len(rows) == steps and len(reached) > 1, (len(rows), steps)
assert reached == [False] * (len(reached) - 1) + [True], reached
assert 0 < training == all_training < seconds < total, (training, all_training, seconds, total)
END
    for threads in 2 3; do
        run --separate-stderr "$train" "${wanted[@]}" --threads-exact "$threads"
        [ "$(json steps)" -eq "$steps" ]
        [ "$(json weights_hash)" = "$hash" ]
    done
}

@test "--stop-at-accuracy: an accuracy that is never reached is reported and is not a failure" {
    run --separate-stderr "$train" "${small[@]}" --stop-at-accuracy 1 --json
    [ "$status" -eq 0 ]
    [ "$(json stopped_by)" = epochs ]
    [ "$(goal reached) $(goal step) $(goal seconds) $(goal seconds_training)" = "False None None None" ]
    grep -qx "goal        accuracy 100 % not reached" <<<"$stderr"
    run --separate-stderr "$train" "${small[@]}" --json
    [ "$(json stop_at_accuracy)" = None ]
    ! grep -q "^goal" <<<"$stderr"
}

@test "--stop-at-accuracy: the evaluation after the last step counts" {
    alone=("${digits[@]}" --train-limit 3200 --val-limit 500 --hidden 8 --epochs 1 --evals-per-epoch 1 --threads 1 --json --quiet)
    run --separate-stderr "$train" "${alone[@]}" --stop-at-accuracy 0.5
    [ "$(json stopped_by)" = epochs ]
    [ "$(goal reached) $(goal step)" = "True 99" ]
}

@test "--val-split takes the validation set from the training files, before the limits" {
    run --separate-stderr "$train" "${mnist[@]}" --val-split 0.25 --val-limit 50 --train-limit 320 --epochs 1 \
        --hidden none --threads 1
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == *" 320 training and 50 validation samples"* ]]
    run --separate-stderr "$train" "${mnist[@]}" --val-split 0.25 --epochs 1 --hidden none --threads 1
    [[ ${lines[0]} == *" 45000 training and 15000 validation samples"* ]]
}

@test "--history: a row for each step, with its evaluation if there is one" {
    run --separate-stderr "$train" "${small[@]}" --eval-train on --history run.csv
    [ "$status" -eq 0 ]
    [ "$(head -n 1 run.csv)" = "step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy" ]
    python3 - <<'END'
import csv
rows = list(csv.DictReader(open("run.csv")))
assert len(rows) == 20, len(rows)
steps = [int(row["step"]) for row in rows]
assert steps == list(range(steps[0], steps[0] + 20)), steps
assert all(row["epoch"] == "1" and float(row["train_loss"]) > 0 for row in rows)
evaluated = [row for row in rows if row["validation_loss"]]
assert len(evaluated) == 5, evaluated
for row in rows:
    assert len(row) == 6 and None not in row and None not in row.values(), row
    assert bool(row["validation_loss"]) == bool(row["validation_accuracy"]) == bool(row["train_accuracy"]), row
END
    [ "$(ls)" = run.csv ]
    "$train" "${small[@]}" --history run.csv >/dev/null 2>&1
    [ "$(grep -c ',$' run.csv)" -eq 20 ]
}

@test "--log-gradients: norms per layer in rows with evaluations; no bit of the run changes" {
    run_hash() { "$train" "${few[@]}" --epochs 1 --hidden 48,20 --json --quiet "$@" |
        python3 -c 'import json,sys; print(json.load(sys.stdin)["weights_hash"])'; }
    without=$(run_hash --history plain.csv)
    [ "$(run_hash --log-gradients on --history one.csv --threads-exact 1)" = "$without" ]
    [ "$(run_hash --log-gradients on --history five.csv --threads-exact 5)" = "$without" ]
    cmp one.csv five.csv
    [ "$(cut -d, -f1-6 one.csv)" = "$(cat plain.csv)" ]
    python3 - <<'END'
import csv
for row in csv.DictReader(open("one.csv")):
    norms = [row[f"grad_norm_{l}"] for l in (1, 2, 3)]
    assert len(row) == 9, row
    assert all(norms) == any(norms) == bool(row["validation_loss"]), row
    assert all(0 < float(n) < 100 for n in norms if n), row
END
}

@test "--log-gradients and --log-activations are refused without an output for them, except in a file" {
    for name in log-gradients log-activations; do
        refused 2 "--$name: valid only with --history, --plot, --checkpoint or --resume" --data absent --$name on
        "$train" "${small[@]}" --quiet --$name off
        "$train" "${small[@]}" --quiet --$name on --checkpoint c
        "$train" "${small[@]}" --quiet --$name on --resume c
        rm c
        echo "$name = on" >run.conf
        "$train" "${small[@]}" --quiet --config run.conf
    done
}

@test "--log-activations: RMS and saturation of hidden layers; no bit of the run changes" {
    run_hash() { "$train" "${few[@]}" --epochs 1 --hidden 48,20 --init uniform --quiet "$@" | weights; }
    without=$(run_hash)
    [ "$(run_hash --log-activations on --history one.csv --threads-exact 1)" = "$without" ]
    [ "$(run_hash --log-activations on --history five.csv --threads-exact 5 --isa reference)" = "$without" ]
    cmp one.csv five.csv
    python3 - <<'END'
import csv
rows = [row for row in csv.DictReader(open("one.csv")) if row["validation_loss"]]
for row in rows:
    assert len(row) == 10, row
    assert all(0 < float(row[f"activation_rms_{l}"]) < 1.7159 and 0 <= float(row[f"saturation_{l}"]) < 1 for l in (1, 2))
assert float(rows[0]["saturation_1"]) > 0.5  # sums of 785 inputs with weights of order 1
END
}

@test "--test-holdout: samples after the training samples, evaluated at the end; nothing else changes" {
    run --separate-stderr "$train" "${small[@]}" --json
    without=$output
    run --separate-stderr "$train" "${small[@]}" --json --test-holdout 1000
    [[ $stderr == *"test        loss "* ]]
    WITHOUT=$without WITH=$output python3 - <<'END'
import json, os
a, b = json.loads(os.environ["WITHOUT"]), json.loads(os.environ["WITH"])
assert a["test_loss"] is None and a["test_accuracy"] is None
assert 0 < b["test_loss"] < 5 and 0.05 < b["test_accuracy"] < 1
for key in a:
    assert key.startswith(("test_", "seconds_", "samples_per", "gflops", "threads_")) or a[key] == b[key], key
END
    refused 2 "60000 of 60000 samples ... none" "${mnist[@]}" --test-holdout 60000
    run --separate-stderr "$train" "${mnist[@]}" --test-holdout 59000 --epochs 1 --hidden none --threads 1
    [[ ${lines[0]} == *" 1000 training and 10000 validation samples"* ]]
}

@test "--stats: mean, deviation and counts of MNIST, to five places" {
    run --separate-stderr "$train" "${mnist[@]}" --stats --train-limit 20000
    [ "$status" -eq 0 ]
    [[ $output == *"mean        33.55275"*"deviation   78.87550"* ]]
    run --separate-stderr "$train" "${mnist[@]}" --stats --json
    [ "$status" -eq 0 ]
    STATS=$output python3 - <<'END'
import json, os
stats = json.loads(os.environ["STATS"])
assert abs(stats["mean"] - 33.31842) < 1e-4 and abs(stats["deviation"] - 78.56749) < 1e-4, stats
assert (stats["images"], stats["pixels"], stats["classes"]) == (60000, 47040000, 10), stats
END
}

@test "an unwritable --history is exit 1 before data are read, and the existing file stays" {
    refused 1 "absent/run.csv: No such file or directory" --data absent --history absent/run.csv
    refused 1 "directory" --data absent --history .
    refused 1 "special file" --data absent --history /dev/null
    echo old >run.csv
    refused 3 absent --data absent --history run.csv
    [ "$(cat run.csv)" = old ]
    [ "$(ls)" = run.csv ]
}

@test "a history that does not fit is exit 1: the rows that fit are kept, or the previous file" {
    few+=(--quiet --threads 1 --hidden none --epochs 50)
    "$train" "${few[@]}" --history whole.csv >/dev/null
    for kib in 8 3; do # for each file; the history of 1000 steps is longer
        rm -f run.csv
        run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f "$1"; shift; exec "$@"' - $kib "$train" "${few[@]}" \
            --history run.csv
        echo "$stderr"
        [ "$status" -eq 1 ]
        rows=$(($(wc -l <run.csv) - 1))
        [[ $stderr == "train: --history: run.csv: File too large; the first $rows rows are written" ]]
        [ "$rows" -gt 30 ]
        cmp run.csv <(head -n $((rows + 1)) whole.csv)
        [ "$(ls)" = $'run.csv\nwhole.csv' ]
    done
    echo old >run.csv
    run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 8; exec "$@"' - "$train" "${few[@]}" --history run.csv
    [ "$status" -eq 1 ]
    [[ $stderr == "train: --history: "*"run.csv: File too large" ]]
    [ "$(cat run.csv)" = old ]
    [ "$(ls)" = $'run.csv\nwhole.csv' ]
}

@test "standard output that does not fit on the disk is exit 1" {
    [ -w /dev/full ] || skip "no /dev/full"
    run bash -c '"$0" --help 2>&1 >/dev/full' "$train"
    [ "$status" -eq 1 ]
    [[ $output == "train: standard output: No space left on device" ]]
}

@test "a reader of stdout that leaves early does not end the run" {
    { "$train" "${small[@]}" --quiet --history run.csv; echo $? >code; } | true
    [ "$(cat code)" -eq 0 ]
    [ "$(wc -l <run.csv)" -eq 21 ]
}

# start LINE ARGUMENTS...: begins a run in the background, with output in out and err, and returns when one of
# them has a line that begins with LINE. A background job of a shell ignores SIGINT unless told otherwise.
start() {
    local line=$1
    shift
    env --default-signal=INT,TERM "$train" "$@" >out 2>err &
    child=$!
    until grep -q "^$line" out err; do
        kill -0 "$child"
        sleep 0.05
    done
}

@test "Ctrl-C and SIGTERM end the run after its step, with a report" {
    for pair in INT:130 TERM:143; do
        start epoch "${few[@]}" --json --history run.csv --threads 1 --hidden none --epochs 1000000
        kill -"${pair%:*}" "$child"
        code=0
        wait "$child" || code=$?
        [ "$code" -eq "${pair#*:}" ]
        [ "$(tail -n 1 err)" = "train: stopped by SIG${pair%:*}" ]
        grep -qxE "stopped     by SIG${pair%:*}, in epoch [0-9]+ of 1000000" err
        output=$(cat out)
        [ "$(json stopped_by)" = signal ]
        [ "$(wc -l <run.csv)" -eq $(($(json steps) + 1)) ]
        ls
        [ "$(ls)" = $'err\nout\nrun.csv' ]
    done
}

@test "a suspended run continues, and its times are those of the clock" {
    start epoch "${few[@]}" --json --threads 1 --hidden none --epochs 1000000
    kill -STOP "$child"
    sleep 1
    kill -CONT "$child"
    sleep 0.1
    kill -TERM "$child"
    code=0
    wait "$child" || code=$?
    [ "$code" -eq 143 ]
    output=$(cat out)
    python3 - "$(json seconds_total)" "$(json seconds_training)" "$(json seconds_evaluation)" <<'END'
import sys
total, training, evaluation = map(float, sys.argv[1:])
assert total > 1 and 0 < training < total and 0 < evaluation < total and training + evaluation <= total
END
}

@test "a run that needs too much memory is refused before it takes any" {
    [ -z "$TP_SANITIZE" ] || skip "a sanitizer maps more than a limit allows"
    few=("${digits[@]}" --train-limit 100 --val-limit 100 --threads 1)
    for limit in v d; do
        run --separate-stderr bash -c "ulimit -$limit 300000; exec \"\$@\"" - "$train" "${few[@]}" --hidden 60000 --save m
        echo "$status $stderr"
        [ "$status" -eq 1 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
        [[ $stderr == "train: out of memory: "*" MiB needed, but RLIMIT_"*" leaves "*" MiB" ]]
        [ ! -e m ]
    done
}

@test "a small stack is enough" {
    [ -z "$TP_SANITIZE" ] || skip "a sanitizer takes more stack"
    for outputs in "--save m" "--save m --save-best b --checkpoint c --history h" "--checkpoint c --resume c"; do
        # shellcheck disable=SC2086 # several words
        run --separate-stderr bash -c "ulimit -s 64; exec \"\$@\"" - "$train" "${mnist[@]}" --train-limit 320 \
            --val-limit 100 --hidden 64,64 --optimizer adam --epochs 1 --threads 1 --quiet $outputs
        echo "$outputs: $status $stderr"
        [ "$status" -eq 0 ]
    done
}

@test "a second Ctrl-C ends at once" {
    # One step of this run takes minutes.
    start machine "${mnist[@]}" --isa reference --threads 1 --hidden 4096,4096 --batch 60000
    kill -INT "$child"
    sleep 0.2
    kill -0 "$child"
    kill -INT "$child"
    code=0
    wait "$child" || code=$?
    [ "$code" -eq 130 ]
    [ "$(grep -c "^weights" out)" -eq 0 ]
}

@test "a non-finite loss is exit 4 and says where; JSON has null for it" {
    run --separate-stderr "$train" "${few[@]}" --threads 1 --hidden 8,8 --activation relu --lr 1000 --quiet --json
    echo "$output" "$stderr"
    [ "$status" -eq 4 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "train: "*"step "*"epoch "*"layer "* ]]
    [ "$(json stopped_by)" = diverged ]
    [ "$(json train_loss)" = None ]
}
