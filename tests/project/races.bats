#!/usr/bin/env bats
# Data races between the threads of a team, in programs under ThreadSanitizer: `make tsan`.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    few=(--data "$root/data/mnist" --train-limit 330 --val-limit 70 --quiet --batch 32)
    cd "$BATS_TEST_TMPDIR" || return
    mapfile -t tiers < <("$train" --version | sed -n 's/^tiers found here: //p' | tr ' ' '\n')
    [ ${#tiers[@]} -gt 0 ]
}

# quiet COMMAND...: does its work, and ThreadSanitizer has nothing to say, which is exit code 66.
quiet() {
    run --separate-stderr "$@"
    echo "$* -> $status: $stderr"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
}

# same ARGUMENTS...: quiet, with the same weights for 1, 2 and 4 threads.
same() {
    local count weights=
    for count in 1 2 4; do
        quiet "$train" "${few[@]}" --epochs "${epochs:-2}" --hidden 24,20 "$@" --threads-exact $count
        weights+=$(grep ^weights <<<"$output")$'\n'
    done
    [ "$(sort -u <<<"$weights" | grep -c .)" -eq 1 ]
}

@test "every optimizer, on every instruction set" {
    for isa in "${tiers[@]}"; do
        for optimizer in sgd momentum lecun-momentum nesterov adam; do
            same --isa "$isa" --optimizer $optimizer --lr 0.01
        done
    done
}

@test "orders, partial batches, evaluations of both sets, gradient norms, saved weights" {
    same --shuffle off --drop-last off --evals-per-epoch 7 --eval-train on
    same --log-gradients on --history h --save s --save-best b --bias all --activation relu
    same --checkpoint c --checkpoint-every 3steps
    epochs=3 same --resume c
    same --stop-at-accuracy 0.2 --numa interleave --explain
}

@test "divided layers, with and without a divided transposed copy" {
    for members in 2 3; do
        for hidden in 64,48 144,128; do # of the second pair the view is divided too
            quiet "$train" "${few[@]}" --epochs 2 --hidden $hidden --threads-exact $members
        done
    done
}

@test "a plan chosen by timing steps" {
    quiet "$train" --data "$root/data/mnist" --train-limit 20000 --quiet --epochs 1 --threads 2
}

@test "gradient checks" {
    quiet "$train" --data "$root/data/mnist" --train-limit 100 --hidden 4 --check-gradient --threads-exact 2
}

@test "prediction: metrics, rows, an image" {
    "$train" "${few[@]}" --epochs 1 --save m
    for count in 1 2 4; do
        quiet "$predict" m --data "$root/data/mnist" --limit 500 --threads-exact $count --output rows --errors e.png
    done
}
