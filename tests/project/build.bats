#!/usr/bin/env bats
# Builds by others: from an unpacked, read-only archive into their own folders.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    cd "$root" || return
    own="env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s ${CC:+CC=$CC}"
}

teardown() {
    [ -z "$shared" ] || rm -rf "$shared"
}

@test "a read-only tree without .git in a folder with a space builds elsewhere, for a user without a home" {
    as=()
    if [ "$(id -u)" -eq 0 ]; then # who may write anything
        as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
        "${as[@]}" true || skip "root cannot be another user here"
    fi
    shared=$(mktemp -d /tmp/tileprop-shared.XXXXXX) # the test's folder nobody else may enter
    mkdir "$shared/a tree" "$shared/out"
    tar c --exclude=./.git --exclude=./build --exclude=./bin --exclude=./lib --exclude=./data . | tar x -C "$shared/a tree"
    chmod -R a+rX,a-w "$shared/a tree"
    chmod 755 "$shared"
    chmod 777 "$shared/out"
    cd "$shared/a tree"
    umask 077
    LC_ALL=tr_TR.UTF-8 HOME=/nonexistent TMPDIR="$shared/out" "${as[@]}" $own CFLAGS=-O0 BUILD="$shared/out/build" \
        BIN="$shared/out/bin" "$shared"/out/build/{libreaders.a,src/cli/{train,version,data_path}.o}
    grep -q 'COMMIT *:= unknown' "$shared/out/build/config.mk"
    chmod -R u+w "$shared/a tree"
}

@test "folders with spaces are refused, and clean removes nothing" {
    mkdir -p "$BATS_TEST_TMPDIR/a"
    for variable in BUILD BIN LIB; do
        for target in all clean; do
            run $own "$target" "$variable=$BATS_TEST_TMPDIR/a b"
            echo "$output"
            [ "$status" -eq 2 ]
            [[ $output == *"$variable: \"$BATS_TEST_TMPDIR/a b\" found, expected a path without spaces"* ]]
        done
    done
    [ -d "$BATS_TEST_TMPDIR/a" ]
}
