#!/usr/bin/env bats
# Restricted systems and outside interference: no /proc, control groups, stops, concurrent runs, changing files.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    cd "$BATS_TEST_TMPDIR" || return
    mnist=(--data "$root/data/mnist" --val-limit 200 --quiet)
    digits=$(few_digits)
    few=(--data "$digits" --val-limit 200 --quiet --train-limit 2000 --epochs 1 --hidden 16)
    table=(--header no --hidden 4 --epochs 1 --quiet --data)
    rows 60 >table.csv
}

teardown() {
    [ -z "$busy" ] || { kill "$busy" && wait "$busy" || true; }
    [ -z "$groups" ] || rmdir "$groups"
}

rows() { # COUNT
    seq "$1" | awk '{ print $1 "," $1 % 7 "," $1 % 2 }'
}

# without FOLDER... -- COMMAND...: runs it where the folders are empty.
without() {
    # shellcheck disable=SC2016 # for the inner shell
    unshare -m bash -c 'while [ "$1" != -- ]; do mount -t tmpfs none "$1" || exit; shift; done; shift; exec "$@"' - "$@"
}

@test "without /proc and /sys programs find their data and give the same results" {
    [ -z "$TP_SANITIZE" ] || skip "a sanitizer reads /proc"
    without /proc /sys -- true 2>/dev/null || skip "nothing can be mounted here"
    set -- --train-limit 2000 --val-limit 200 --epochs 1 --hidden 16 --quiet --threads-exact 2 --bind cores
    "$train" "$@" >with
    ln -s "$train" link
    for program in "$train" ./link; do
        for folders in /proc /sys "/proc /sys"; do
            # shellcheck disable=SC2086 # words
            without $folders -- "$program" "$@" --save m >found
            diff <(grep -v '^saved' found) <(sed 's/, not saved.*//' with)
            without $folders -- "$predict" m --limit 100 >/dev/null
            without $folders -- "$export_model" m --c m.h
        done
    done
}

@test "a run of two threads that is suspended repeatedly gives the same weights" {
    set -- "${mnist[@]}" --train-limit 20000 --epochs 3 --hidden 16 --threads-exact 2
    "$train" "$@" >expected
    "$train" "$@" >found &
    child=$!
    for _ in $(seq 10); do
        kill -STOP "$child" && sleep 0.02 && kill -CONT "$child" && sleep 0.02 || break # it is through
    done 2>/dev/null
    wait "$child"
    diff found expected
}

# side_by_side OPTION: eight runs that write FILE, each another or all the same; sets succeeded.
side_by_side() { # OPTION FILE...
    local option=$1 i code pids=()
    shift
    for i in $(seq 8); do
        "$train" "${few[@]}" --seed "$i" "--$option" "${!i}" >"out$i" 2>"err$i" &
        pids+=($!)
    done
    succeeded=()
    for i in $(seq 8); do
        code=0
        wait "${pids[i - 1]}" || code=$?
        cat "err$i"
        case $code in
        0) [ ! -s "err$i" ] && succeeded+=("$(weights <"out$i")") ;;
        1) [ "$(cat "err$i")" = "train: --$option: ${!i}: is already being written, by another program or for another option" ] ;;
        *) false ;;
        esac
    done
}

@test "eight concurrent runs write eight files, or one of them the shared file" {
    side_by_side save m1 m2 m3 m4 m5 m6 m7 m8
    [ "${#succeeded[@]}" -eq 8 ]
    for i in $(seq 8); do
        [[ $("$predict" "m$i" --data "$digits" --limit 10) == *"weights ${succeeded[i - 1]}"* ]]
    done
    for option in save checkpoint; do
        side_by_side "$option" same-$option{,,,,,,,}
        [ "${#succeeded[@]}" -ge 1 ]
        found=$("$predict" "same-$option" --data "$digits" --limit 10 | sed -n 's/.*weights //p')
        [[ " ${succeeded[*]} " == *" $found "* ]]
    done
    [ "$(find . -name '*.tileprop-tmp')" = "" ]
}

# again COMMAND: runs it in the background until `calm`.
again() {
    while :; do
        eval "$1"
    done 2>/dev/null 3>&- &
    busy=$!
}

calm() {
    kill "$busy"
    wait "$busy" || true
    busy=
}

@test "while a model is replaced, rewritten or truncated, it is read whole or refused" {
    for seed in 1 2; do
        "$train" "${few[@]::5}" --train-limit 100 --epochs 1 --hidden 256 --seed "$seed" --save "m$seed" | weights >>known
    done
    cp m1 m
    again 'cp m2 x; mv x m; cp m1 x; mv x m'
    for _ in $(seq 20); do
        "$predict" m --data "$digits" --limit 10 | sed -n 's/.*weights //p' | grep -qxFf known
    done
    calm
    again 'cat m2 >m; truncate -s 100000 m; cat m1 >m; : >m; dd if=m2 of=m bs=64k conv=notrunc status=none'
    for _ in $(seq 40); do
        run --separate-stderr "$predict" m --data "$digits" --limit 10
        echo "$status $stderr"
        if [ "$status" -eq 0 ]; then
            sed -n 's/.*weights //p' <<<"$output" | grep -qxFf known
        else
            [ "$status" -eq 3 ]
            [[ ${#stderr_lines[@]} -eq 1 && $stderr == "predict: m: "* ]]
        fi
    done
    calm
}

@test "a growing table is read up to its size when opened; a shrinking one may be refused" {
    again 'rows 100 >>table.csv' # one write: no row is cut
    for _ in $(seq 10); do
        "$train" "${table[@]}" table.csv >/dev/null
    done
    calm
    rows 100000 >whole.csv
    again 'cat whole.csv >table.csv; truncate -s 0 table.csv'
    for _ in $(seq 20); do
        run --separate-stderr "$train" "${table[@]}" table.csv
        echo "$status $stderr"
        [ "$status" -eq 0 ] || [[ $status -eq 3 && ${#stderr_lines[@]} -eq 1 && $stderr == "train: table.csv: "* ]]
    done
    calm
}

@test "pipes, FIFOs, devices and standard input are read to the end" {
    local expected
    mkfifo fifo
    gzip -k table.csv
    expected=$("$train" "${table[@]}" table.csv | weights)
    [ "$expected" ]
    cat table.csv >fifo &
    [ "$("$train" "${table[@]}" fifo | weights)" = "$expected" ]
    [ "$("$train" "${table[@]}" <(cat table.csv) | weights)" = "$expected" ]
    [ "$("$train" "${table[@]}" /dev/stdin < <(cat table.csv.gz) | weights)" = "$expected" ]
    [ "$("$train" "${table[@]}" - <table.csv | weights)" = "$expected" ]
    { read -r _; "$train" "${table[@]}" - >rest; } <table.csv
    grep -q '^data  *standard input, ' rest
    [ "$("$train" "${table[@]}" table.csv --val-data table.csv | weights)" = \
        "$("$train" "${table[@]}" table.csv --val-data - <table.csv | weights)" ]
    refused_by train "$train" 2 '--val-data: expected a file, found -: --data reads standard input' "${table[@]}" - --val-data -
    refused_by train "$train" 3 'standard input: expected a file, found a directory' "${table[@]}" - <.
    refused_by train "$train" 3 'standard input: expected a table, found no line' "${table[@]}" - </dev/null
    refused_by train "$train" 3 '/dev/null: expected a table, found no line' "${table[@]}" /dev/null
    printf 'data = -\n' >../stream.conf
    "$train" --config ../stream.conf --print-config | grep -qx 'data = -'
}

@test "an endless input is refused for lack of memory" {
    [ -z "$TP_SANITIZE" ] || skip "sanitizers need more address space than there is"
    ulimit -v 300000
    refused_by train "$train" 1 '/dev/zero: no end found ... out of memory' "${table[@]}" /dev/zero
    refused_by train "$train" 1 'standard input: no end found ... out of memory' "${table[@]}" - < <(cat /dev/zero)
}

@test "a signal ends the wait for a FIFO without a writer" {
    mkfifo silent
    local signal code pid
    for signal in INT TERM; do
        env --default-signal=INT "$train" "${table[@]}" silent --save m 2>err &
        pid=$!
        for _ in {1..100}; do [ ! -e m.tileprop-tmp ] || break; sleep 0.05; done
        kill "-$signal" $pid
        code=0
        wait $pid || code=$?
        [ "$code" -eq $((128 + $(kill -l $signal))) ]
        [ ! -e m.tileprop-tmp ]
    done
    [ "$(cat err)" = "" ] || [ "$(cat err)" = "train: stopped by SIGTERM" ]
}

@test "a file of zeros is not an IDX file" {
    truncate -s 1M zeros
    refused_by train "$train" 3 "zeros: byte 0: expected a table ... found a zero byte" "${table[@]}" zeros
}

@test "progress fits a terminal of any width" {
    command -v script >/dev/null || skip "script is missing"
    # A run of some tenths of a second.
    set -- --data "$root/data/mnist" --hidden 16 --epochs 12 --val-limit 200 --train-limit "$([ "$TP_SANITIZE" ] && echo 3000 || echo 60000)"
    for width in 0 1 5 30; do
        TERM=dumb COLUMNS=0 script -qec "stty cols $width rows 1; '$train' ${*@Q} >/dev/null" typescript </dev/null >/dev/null
        widest=$(tr '\r' '\n' <typescript | grep -v '^Script' | wc -L)
        echo "$width: $widest"
        [ "$width" -eq 1 ] || grep -q "/12" typescript # any epoch
        [ "$widest" -le "$((width ? width : 80))" ]
    done
}

# group CONTROLLER FILE VALUE: makes a control group $groups of that limit, which grouped runs a command in.
group() {
    local path=/sys/fs/cgroup/$1/tileprop-test-$$
    mkdir "$path" 2>/dev/null || skip "no control group of version 1 for $1 can be made here"
    groups=$path
    echo "$3" >"$groups/$2"
}

grouped() {
    # shellcheck disable=SC2016 # for the inner shell
    bash -c 'echo $$ >"$0/tasks"; exec "$@"' "$groups" "$@"
}

@test "a control group limited to three threads: four are refused with its limit, and two train" {
    group pids pids.max 3
    run --separate-stderr grouped "$train" "${few[@]}" --threads-exact 4
    echo "$stderr"
    [ "$status" -eq 1 ]
    [[ $stderr == "train: threads: the system granted 3 of 4 "*", pids.max 3)" ]]
    grouped "$train" "${few[@]}" --threads-exact 2 >/dev/null
}

@test "MNIST is trained on in a control group of 100 MiB" {
    [ -z "$TP_SANITIZE" ] || skip "a sanitizer takes more"
    group memory memory.limit_in_bytes 100M
    grouped "$train" "${few[@]}" >/dev/null
}
