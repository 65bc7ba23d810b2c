# make install and uninstall, into a temporary prefix. A build folder of its own, because the prefix is
# compiled into the program.

setup_file() {
    export own=${TP_BUILD:-build}/install
}

# A make of its own: not one that continues the make which runs these tests.
make_own() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s BUILD="$own" BIN="$own/bin" ${CC:+CC="$CC"} "$@"
}

installed() {
    (cd "$1" && find . -type f | sort)
}

@test "install puts programs and data below prefix, and the programs find them" {
    prefix=$BATS_TEST_TMPDIR/usr
    make_own install prefix="$prefix"
    expected=$(cd data && find mnist -type f | sed 's,^,./share/tileprop/,')
    [ "$(installed "$prefix")" = "$(printf '%s\n' ./bin/tileprop-predict ./bin/tileprop-train "$expected" | sort)" ]
    [ "$(stat -c %a "$prefix/bin/tileprop-train" "$prefix/bin/tileprop-predict" | uniq)" = 755 ]
    [ "$(find "$prefix/share" -type f -printf '%m\n' | sort -u)" = 644 ]

    cd /
    run "$prefix/bin/tileprop-train" --version
    [ "$status" -eq 0 ]
    model=$BATS_TEST_TMPDIR/model
    for program in "train --train-limit 64 --val-limit 64 --epochs 1 --save $model" "predict $model --limit 64"; do
        # shellcheck disable=SC2086 # options of it
        run "$prefix/bin/tileprop-${program%% *}" ${program#* }
        echo "$output"
        [ "$status" -eq 0 ]
        [[ $output == *"$prefix/share/tileprop/mnist"* ]]
    done
}

@test "DESTDIR stages the files without changing where the program looks" {
    stage=$BATS_TEST_TMPDIR/stage
    make_own install prefix=/opt/tileprop DESTDIR="$stage"
    [ -x "$stage/opt/tileprop/bin/tileprop-train" ]
    [ -f "$stage/opt/tileprop/share/tileprop/mnist/README.md" ]
    grep -q /opt/tileprop/share/tileprop "$stage/opt/tileprop/bin/tileprop-train"
    run grep -q "$stage" "$stage/opt/tileprop/bin/tileprop-train"
    [ "$status" -eq 1 ]
}

@test "bindir and datadir can be set apart" {
    stage=$BATS_TEST_TMPDIR/stage
    make_own install DESTDIR="$stage" bindir=/b datadir=/d
    [ "$(installed "$stage" | sed 's,/[^/]*$,,' | sort -u)" = "$(printf '%s\n' ./b ./d/tileprop/mnist)" ]
}

@test "uninstall removes all of it and nothing else" {
    prefix=$BATS_TEST_TMPDIR/usr
    make_own install prefix="$prefix"
    touch "$prefix/bin/other"
    make_own uninstall prefix="$prefix"
    [ "$(installed "$prefix")" = ./bin/other ]
    [ ! -e "$prefix/share/tileprop" ]
}
