#!/usr/bin/env bats
# Outputs in folders that others can also write to: no other user's file is adopted, and unwritable outputs are detected
# at once.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    [ "$(id -u)" -eq 0 ] || skip "only root can be two users"
    command -v setpriv >/dev/null || skip "setpriv is missing"
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    # Outside the test's folder, which other users cannot enter.
    shared=$(mktemp -d /tmp/tileprop-shared.XXXXXX)
    chmod 755 "$shared"
    mkdir "$shared/bin"
    cp "$train" "$shared/bin/train"
    cd "$shared" || return
    mkdir open sticky
    chmod 777 open
    chmod 1777 sticky
    echo a,b,kind >table.csv
    for i in $(seq 60); do echo "$((i % 7)),$((i % 3)),c$((i % 2))"; done >>table.csv
    few=(--data table.csv --hidden 4 --epochs 1 --batch 10 --quiet)
    "${as[@]}" bin/train --version >/dev/null || skip "nobody cannot run programs here"
}

teardown() {
    [ -z "$shared" ] || rm -r "$shared"
}

run_as_nobody() {
    "${as[@]}" bin/train "$@"
}

@test "another user's file at the temporary name is not written to, and the model belongs to the writer" {
    "${as[@]}" touch open/m.tileprop-tmp
    exec 9<open/m.tileprop-tmp
    bin/train "${few[@]}" --save open/m >/dev/null
    [ "$(stat -c %u open/m)" -eq 0 ]
    [ "$(stat -L -c %s /dev/fd/9)" -eq 0 ]
    touch open/n.tileprop-tmp
    run_as_nobody "${few[@]}" --save open/n >/dev/null
    [ "$(stat -c %u open/n)" -eq 65534 ]
    [ "$(ls open)" = $'m\nn' ]
}

@test "but a file that another user is writing is refused" {
    touch open/m.tileprop-tmp
    exec 9<open/m.tileprop-tmp
    flock 9
    refused_by train run_as_nobody 1 "--save: open/m: is already being written" "${few[@]}" --save open/m
    [ -e open/m.tileprop-tmp ]
}

@test "files of others in a sticky folder are refused before training" {
    touch sticky/m.tileprop-tmp
    refused_by train run_as_nobody 1 "--save: sticky/m: ... sticky/m.tileprop-tmp ... cannot be removed: Operation not permitted" \
        "${few[@]}" --save sticky/m
    echo old >sticky/n
    chmod 666 sticky/n
    refused_by train run_as_nobody 1 "--save: sticky/n: Operation not permitted" "${few[@]}" --save sticky/n
    [ "$(cat sticky/n)" = old ]
    run_as_nobody "${few[@]}" --save sticky/o >/dev/null
    run_as_nobody "${few[@]}" --save sticky/o >/dev/null
    [ "$(ls sticky)" = $'m.tileprop-tmp\nn\no' ]
}

@test "a model, a checkpoint and a history keep their permissions" {
    for file in m b c h; do echo old >$file && chmod 600 $file; done
    bin/train "${few[@]}" --save m --save-best b --checkpoint c --history h >/dev/null
    bin/train "${few[@]}" --save m --save-best b --checkpoint c --history h >/dev/null
    [ "$(stat -c %a m b c h | sort -u)" = 600 ]
}
