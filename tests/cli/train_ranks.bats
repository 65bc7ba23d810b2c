#!/usr/bin/env bats
# train under mpirun: the weights of one process for any number of ranks, whatever happens to them.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    find_ranks "$train"
    cd "$BATS_TEST_TMPDIR" || return
    few=(--train-limit 1010 --val-limit 300 --hidden 24 --epochs 3 --batch 50 --shards 8 --threads 1 --quiet)
    digits=(--data "$(few_digits)")
    long=("${digits[@]}" --val-limit 300 --hidden 64 --epochs 20 --batch 50 --shards 8 --threads 1 --quiet
        --optimizer adam)
}

# same OPTIONS...: with 8 shards the weights are those of one process, with each number of ranks in $counts.
same() {
    local expected
    expected=$("$train" "${digits[@]}" "${few[@]}" "$@" | weights)
    [ -n "$expected" ]
    for n in $counts; do
        echo "$* with $n ranks"
        [ "$(ranks "$n" "$train" "${digits[@]}" "${few[@]}" "$@" | weights)" = "$expected" ]
    done
}

# start COUNT: starts a long run with checkpoints; returns once one is written. Rank 2 writes its process id to ./pid.
start() {
    on_rank_2 "echo \$\$ >pid"
    rm -f c pid
    ranks "$1" ./wrap "$train" "${long[@]}" --checkpoint c --checkpoint-every 20steps >out 2>&1 &
    until [ -e c ] && [ -s pid ]; do sleep 0.05; done
}

# goes_on COUNT: from the checkpoint, to the weights of one process.
goes_on() {
    [ "$(ranks "$1" "$train" "${long[@]}" --checkpoint c --resume auto | weights)" = \
        "$("$train" "${long[@]}" | weights)" ]
    [ "$(echo c*)" = c ]
}

@test "any number of ranks gives the weights of one process" {
    for i in {0..9}; do echo "$i,$((1 + i % 3))"; done >w
    counts='2 3 5 8' same
    counts=3 same --optimizer adam --class-weight w
    counts=5 same --optimizer nesterov --drop-last on
    counts=2 same --optimizer sgd --early-stop 1 --lr 1
}

@test "ranks with different instruction sets give the same weights" {
    expected=$("$train" "${digits[@]}" "${few[@]}" | weights)
    on_rank_2 'export TILEPROP_ISA=reference'
    [ "$(ranks 3 ./wrap "$train" "${digits[@]}" "${few[@]}" | weights)" = "$expected" ]
}

@test "an error is reported once, with its rank, and ends all" {
    said train 2 'no such option' 3 "$train" --none
    said train 2 '--shards: expected at least 9, found 8' 9 "$train" "${digits[@]}" "${few[@]}"
    said train 4 'is not finite at step ' 3 "$train" "${digits[@]}" "${few[@]}" --activation relu --lr 1e3 --normalize none --weight-decay 100
    on_rank_2 'export TILEPROP_ISA=none'
    said train 2 'rank 2 on ' 3 ./wrap "$train" "${digits[@]}" "${few[@]}"
    run ranks 3 "$train" --version
    [ "$status" -eq 0 ]
    [ "$output" = "$("$train" --version)" ]
    # Giving that rank its own folder needs privileges that not every user has.
    unshare -rm true || skip 'no mount namespaces'
    cp -r "$(few_digits)" data
    cp -r data other
    printf '\1' | dd of=other/train-labels-idx1-ubyte bs=1 seek=100 conv=notrunc status=none
    printf '\2' | dd of=data/train-labels-idx1-ubyte bs=1 seek=100 conv=notrunc status=none
    on_rank_2 'exec unshare -rm bash -c "mount --bind other data && exec \"\$@\"" - "$@"'
    said train 3 'training data: expected the same as on rank 0, found others' 3 ./wrap "$train" "${few[@]}" --data data
    rm other/train-labels-idx1-ubyte
    said train 3 'rank 2 on ' 3 ./wrap "$train" "${few[@]}" --data data
}

@test "a killed rank ends all, and another number of ranks resumes" {
    start 3
    kill -KILL "$(cat pid)"
    wait $! && status=0 || status=$?
    [ "$status" -eq 137 ]
    goes_on 5
}

@test "a signal to one rank stops all at a checkpoint" {
    start 3
    kill -TERM "$(cat pid)"
    wait $! && status=0 || status=$?
    cat out
    [ "$status" -eq 143 ]
    grep -q 'stopped *by SIGTERM' out
    goes_on 2
}
