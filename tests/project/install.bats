# make install and uninstall with a temporary prefix. Uses its own build folder, because bin/bench would be installed
# too.

bats_require_minimum_version 1.5.0
load ../programs

setup_file() {
    export own=${TP_BUILD:-build}/install
}

installed() {
    (cd "$1" && find . -type f | sort)
}

# What the programs are to have, below prefix; bench is there where it was built.
expected() {
    local program
    for program in train predict sweep export; do
        printf './%s\n' "bin/tileprop-$program" "share/man/man1/tileprop-$program.1" \
            "share/bash-completion/completions/tileprop-$program" "share/zsh/site-functions/_tileprop-$program"
    done
    echo ./share/man/man3/tileprop.3
    echo ./share/doc/tileprop/LICENSE
    (cd data && find mnist -type f | sed 's,^,./share/tileprop/,')
}

@test "install puts programs, pages, completion and data below prefix, and the programs find them" {
    prefix=$BATS_TEST_TMPDIR/usr
    make_own install prefix="$prefix"
    (cd "$prefix" && find bin share -type f | sed 's,^,./,' | sort) | diff - <(expected | sort)
    [ "$(stat -c %a "$prefix"/bin/* | uniq)" = 755 ]
    [ "$(find "$prefix/share" -type f -printf '%m\n' | sort -u)" = 644 ]
    grep -qF "Pa $prefix/share/tileprop/mnist" "$prefix/share/man/man1/tileprop-train.1"

    cd /
    run "$prefix/bin/tileprop-train" --version
    [ "$status" -eq 0 ]
    for program in train predict sweep export; do
        refused_by "tileprop-$program" "$prefix/bin/tileprop-$program" 2 '--none: ... option' --none
        "$prefix/bin/tileprop-$program" --help | grep -q "^Usage: tileprop-$program "
    done
    model=$BATS_TEST_TMPDIR/model
    for program in "train --train-limit 64 --val-limit 64 --epochs 1 --save $model" "predict $model --limit 64"; do
        # shellcheck disable=SC2086 # options of it
        run "$prefix/bin/tileprop-${program%% *}" ${program#* }
        echo "$output"
        [ "$status" -eq 0 ]
        [[ $output == *"$prefix/share/tileprop/mnist"* ]]
    done
    "$prefix/bin/tileprop-export" "$model" --c "$model.h"
    grep -q model_predict "$model.h"
}

trains() { # PROGRAM: on the data that it finds by itself; prints where
    cd /
    run --separate-stderr "$1" --train-limit 64 --val-limit 64 --epochs 1
    echo "$output$stderr"
    # shellcheck disable=SC2154 # bats sets it
    [ "$status" -eq 0 ]
    cd "$OLDPWD"
}

@test "DESTDIR stages the files, no file mentions it, and moved programs find their data" {
    stage=$BATS_TEST_TMPDIR/stage
    make_own install prefix=/opt/tileprop DESTDIR="$stage"
    [ -x "$stage/opt/tileprop/bin/tileprop-train" ]
    [ -f "$stage/opt/tileprop/share/tileprop/mnist/README.md" ]
    grep -qF "Pa /opt/tileprop/share/tileprop/mnist" "$stage/opt/tileprop/share/man/man1/tileprop-train.1"
    run grep -rq "$stage" "$stage/opt/tileprop"
    [ "$status" -eq 1 ]
    for place in "$stage/opt/tileprop" "$BATS_TEST_TMPDIR/moved"; do
        [ -d "$place" ] || mv "$stage/opt/tileprop" "$place"
        [[ $(trains "$place/bin/tileprop-train") == *"$place/share/tileprop/mnist"* ]]
    done
}

@test "after make, make install compiles and links nothing, whatever the prefix" {
    make_own all
    touch "$BATS_TEST_TMPDIR/before"
    for prefix in "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/another folder"; do
        make_own install prefix="$prefix"
        [ "$(find "$own" -newer "$BATS_TEST_TMPDIR/before" -type f -not -name '*.1' -not -name '*.bash' -not -name '*.zsh' \
            -not -name tileprop.pc -not -path '*/stamp/manual')" = "" ]
        [[ $(trains "$prefix/bin/tileprop-train") == *"$prefix/share/tileprop/mnist"* ]]
        flags=$(PKG_CONFIG_PATH="$prefix/lib/pkgconfig" pkg-config --cflags tileprop)
        eval "${CC:-cc} -x c -fsyntax-only $flags -" <<<'#include <tileprop/tileprop.h>'
    done
}

@test "a program without its data reports where it looked" {
    make_own all
    cp "$own/bin/train" "$BATS_TEST_TMPDIR/alone"
    run --separate-stderr "$BATS_TEST_TMPDIR/alone"
    [ "$status" -eq 3 ]
    for place in "$BATS_TEST_TMPDIR/../data/mnist" "$BATS_TEST_TMPDIR/../share/tileprop/mnist" /usr/local/share/tileprop/mnist; do
        [[ $stderr == *"--data: "*"\"$place\""* ]]
    done
}

# debugging FILE...: those that have debugging symbols.
debugging() {
    local file
    for file; do
        [[ $(readelf -SW "$file") != *.debug_info* ]] || echo "$file"
    done
}

# unhardened PROGRAM|LIBRARY...: those whose code is not at random places, whose tables of functions stay writable, or
# that use neither guards of the stack nor checked functions of libc.
unhardened() {
    local file
    for file; do
        [[ $(readelf -h "$file") == *"DYN ("* ]] || echo "$file: fixed place"
        [[ $(readelf -lW "$file") == *GNU_RELRO* && $(readelf -d "$file") == *NOW* ]] || echo "$file: writable tables"
        [[ $(nm -uD "$file") == *__stack_chk_fail* && $(nm -uD "$file") == *__snprintf_chk* ]] || echo "$file: no guards"
    done
}

@test "libraries have no debugging symbols, stripped programs no symbols; all are hardened" {
    prefix=$BATS_TEST_TMPDIR/usr
    make_own install prefix="$prefix"
    [ "$(debugging "$prefix/lib/libtileprop.so" "$prefix/lib/libtileprop.a")" = "" ]
    [ "$(debugging "$own/lib/libtileprop.so" "$own/lib/libtileprop.a" | wc -l)" -eq 2 ]
    [ "$(unhardened "$prefix"/bin/* "$prefix/lib/libtileprop.so")" = "" ]
    nm "$prefix/bin/tileprop-train" | grep -q ' T main$'
    make_own install-strip prefix="$prefix"
    for program in "$prefix"/bin/*; do
        [ "$(nm "$program" 2>/dev/null)" = "" ]
    done
    echo 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/plain.c"
    "${CC:-cc}" -no-pie -Wl,-z,norelro -g "$BATS_TEST_TMPDIR/plain.c" -o "$BATS_TEST_TMPDIR/plain"
    [ "$(unhardened "$BATS_TEST_TMPDIR/plain" | wc -l)" -eq 3 ]
}

@test "users can set the levels of _FORTIFY_SOURCE and optimization" {
    for flags in CPPFLAGS=-D_FORTIFY_SOURCE=1 CPPFLAGS=-U_FORTIFY_SOURCE CFLAGS=-O0 CFLAGS=-Og; do
        make_own "$flags" -n -W src/base/file.c "$own/src/base/file.o" >"$BATS_TEST_TMPDIR/commands"
        command=$(grep -- '-c -o .* src/base/file.c$' "$BATS_TEST_TMPDIR/commands")
        eval "${command/-MMD * src/-Werror -fsyntax-only src}"
    done
}

@test "every installation folder can be set separately" {
    stage=$BATS_TEST_TMPDIR/stage
    make_own install DESTDIR="$stage" bindir=/b datadir=/d mandir=/m bashcompletiondir=/bash zshcompletiondir=/zsh
    grep -q /d/tileprop/mnist "$stage/b/tileprop-train" # which is not beside it
    [ "$(installed "$stage" | sed 's,/[^/]*$,,' | grep -v '^./usr/local/' | sort -u)" = "$(printf '%s\n' ./b ./bash ./d/tileprop/mnist ./m/man1 ./m/man3 ./zsh)" ]
}

@test "bench is installed if it was built" {
    [ "$(make_own -n install prefix=/usr | grep -c tileprop-bench)" -eq 0 ]
    mkdir -p "$own/bin"
    touch "$own/bin/bench"
    make_own -n install prefix=/usr >"$BATS_TEST_TMPDIR/commands"
    rm "$own/bin/bench"
    [ "$(grep -oE "'/usr/.*tileprop-bench.*'" "$BATS_TEST_TMPDIR/commands" | tr '\n' ' ')" = "'/usr/bin/tileprop-bench' '/usr/share/man/man1/tileprop-bench.1' '/usr/share/bash-completion/completions/tileprop-bench' '/usr/share/zsh/site-functions/_tileprop-bench' " ]
}

@test "uninstall leaves exactly what was there before" {
    prefix=$BATS_TEST_TMPDIR/usr
    make_own install prefix="$prefix" # for its folders, which others use too
    make_own uninstall prefix="$prefix"
    [ "$(installed "$prefix")" = "" ]
    [ ! -e "$prefix/share/tileprop" ]
    touch "$prefix/bin/other" "$prefix/share/man/man1/other.1"
    find "$prefix" | sort >"$BATS_TEST_TMPDIR/before"
    make_own install prefix="$prefix"
    make_own uninstall prefix="$prefix"
    find "$prefix" | sort | diff "$BATS_TEST_TMPDIR/before" -
}

have_package() { # makes the package, unless a test before has
    version=$(sed -n 's/^#define TILEPROP_VERSION "\(.*\)"/\1/p' include/tileprop/version.h)
    command -v dpkg-shlibdeps >/dev/null || skip "no dpkg-shlibdeps (Debian: dpkg-dev)"
    package=$own/deb/tileprop_${version}_$(dpkg --print-architecture).deb
    [ -f "$BATS_FILE_TMPDIR/made" ] || make_own deb-package
    touch "$BATS_FILE_TMPDIR/made"
}

@test "the Debian package has programs, pages, completion, data, licenses and dependencies" {
    have_package
    dpkg-deb -I "$package" | grep -E '^ Depends: (.*, )?libc6 .*libjansson4 '
    dpkg-deb -I "$package" | grep -E '^ Recommends: (.*, )?libjansson-dev'
    # What is linked with 0.2 needs a package before 0.3.
    number=${version%.*}
    [ "$(dpkg-deb -I "$package" shlibs)" = "libtileprop $number tileprop (>= $version), tileprop (<< ${number%.*}.$((${number#*.} + 1)))" ]
    dpkg-deb -x "$package" "$BATS_TEST_TMPDIR/tree"
    cd "$BATS_TEST_TMPDIR/tree"
    [ -x usr/bin/tileprop-train ]
    [ -f usr/share/bash-completion/completions/tileprop-train ]
    [ -f usr/share/zsh/vendor-completions/_tileprop-train ]
    [ -f usr/include/tileprop/tileprop.h ]
    [ -f "$(echo usr/lib/*/libtileprop.so)" ] # which leads somewhere
    gzip -t usr/share/man/man1/tileprop-{train,predict,sweep,export}.1.gz usr/share/doc/tileprop/changelog.gz
    (cd usr/share/tileprop/mnist && sha256sum --quiet -c SHA256SUMS)
    zcat usr/share/doc/tileprop/changelog.gz | grep -q "^tileprop ($version)"
    grep -q '^License: Expat' usr/share/doc/tileprop/copyright
    grep -q '^License: CC-BY-SA-3.0' usr/share/doc/tileprop/copyright
}

@test "the Debian package is reproducible" {
    have_package
    cp "$package" "$BATS_TEST_TMPDIR/first"
    make_own deb-package
    cmp "$package" "$BATS_TEST_TMPDIR/first"
}

@test "lintian finds no error in the Debian package" {
    command -v lintian >/dev/null || skip "no lintian (Debian: lintian)"
    have_package
    lintian --allow-root --fail-on error "$package"
}

@test "install-library installs the library alone, which a program can use" {
    prefix=$BATS_TEST_TMPDIR/library
    make_own install-library prefix="$prefix"
    [ "$(cd "$prefix" && find . -type f | sort | grep -vE '^./(include/tileprop|lib)/')" = \
        "$(printf '%s\n' ./share/doc/tileprop/LICENSE ./share/man/man3/tileprop.3)" ]
    flags=$(PKG_CONFIG_PATH="$prefix/lib/pkgconfig" pkg-config --cflags --libs tileprop)
    eval "${CC:-cc} -x c - -o $BATS_TEST_TMPDIR/version $flags" <<<'
        #include <stdio.h>
        #include <tileprop/tileprop.h>
        int main(void) { return puts(tileprop_version()) < 0; }'
    [ "$(LD_LIBRARY_PATH=$prefix/lib "$BATS_TEST_TMPDIR/version")" = "$(sed -n 's/.*define TILEPROP_VERSION "\(.*\)"/\1/p' include/tileprop/version.h)" ]
}
