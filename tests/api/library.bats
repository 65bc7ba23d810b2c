# The library as other programs use it: installed, found with pkg-config, from C and C++.
# shellcheck disable=SC2046 # the flags of pkg-config are words

load ../programs

setup_file() {
    export own=${TP_BUILD:-build}/install prefix=$BATS_FILE_TMPDIR/usr cc=${CC:-cc} cxx=${CXX:-c++}
    make_own install prefix="$prefix"
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
    for file in train-images-idx3 train-labels-idx1 t10k-images-idx3; do
        gunzip -c "data/mnist/$file-ubyte.gz" >"$BATS_FILE_TMPDIR/$file"
    done
    "$cc" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror -fopenmp tests/api/library/embed.c -o "$BATS_FILE_TMPDIR/embed" \
        $(pkg-config --cflags --libs tileprop) -lm
}

# build NAME COMPILER [FLAG...]: an example as its reader builds it, with pkg-config's flags; prints the program's path.
build() {
    local program=$BATS_TEST_TMPDIR/${1//./-}
    $2 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror "examples/$1" -o "$program" \
        $(pkg-config --cflags --libs "${@:3}" tileprop)
    echo "$program"
}

embed() { # the check $1, which prints nothing but ok
    run timeout 120 "$BATS_FILE_TMPDIR/embed" "$1"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = ok ]
}

headers() { # the installed ones, as a program includes them
    (cd "$prefix/include" && printf '#include <%s>\n' tileprop/*.h)
}

@test "the examples train and predict like the programs, bit for bit" {
    train=$(build train.c "$cc")
    model=$BATS_TEST_TMPDIR/model
    hash=$("$train" "$BATS_FILE_TMPDIR/train-images-idx3" "$BATS_FILE_TMPDIR/train-labels-idx1" "$model" 2>"$BATS_TEST_TMPDIR/errors")
    [ "$(wc -l <"$BATS_TEST_TMPDIR/errors")" -eq 10 ]
    "$prefix/bin/tileprop-train" --hidden 32,32 --epochs 2 --val-split 0.1 --quiet --json >"$BATS_TEST_TMPDIR/json"
    grep -q "\"weights_hash\": \"${hash%% *}\"" "$BATS_TEST_TMPDIR/json"

    "$prefix/bin/tileprop-predict" "$model" --data data/mnist/t10k-images-idx3-ubyte.gz --output "$BATS_TEST_TMPDIR/rows"
    tail -n +2 "$BATS_TEST_TMPDIR/rows" | cut -d, -f2- >"$BATS_TEST_TMPDIR/expected"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/expected")" -eq 10000 ]
    for program in "$(build predict.c "$cc")" "$(build predict.cpp "$cxx -std=c++17")"; do
        tail -c +17 "$BATS_FILE_TMPDIR/t10k-images-idx3" | "$program" "$model" | cmp - "$BATS_TEST_TMPDIR/expected"
    done
}

@test "examples/digits.py trains, continues, saves and predicts through ctypes" {
    /usr/bin/python3 -c 'import numpy' || skip "NumPy is missing (Debian: python3-numpy)"
    [ "$(wc -l <examples/digits.py)" -le 100 ]
    run /usr/bin/python3 examples/digits.py "$prefix/include/tileprop" "$prefix/lib/libtileprop.so" data/mnist
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"predicted from Python: 97."* ]]
}

# links_to PROGRAM LIBRARY: whether the program takes it at run time.
links_to() {
    readelf -d "$1" | grep -qF "(NEEDED)" && readelf -d "$1" | grep -qF "[$2"
}

@test "the archive links as manual/library.md says, and with gcc -static" {
    "$prefix/bin/tileprop-train" --hidden 8 --epochs 1 --train-limit 2000 --quiet --save "$BATS_TEST_TMPDIR/model" >/dev/null
    shared=$(build predict.c "$cc")
    links_to "$shared" libtileprop.so
    grep -qF "\$(pkg-config --cflags --static --libs tileprop | sed 's/-ltileprop/-l:libtileprop.a/')" manual/library.md
    program=$BATS_TEST_TMPDIR/archive
    "$cc" examples/predict.c -o "$program" $(pkg-config --cflags --static --libs tileprop | sed 's/-ltileprop/-l:libtileprop.a/')
    run links_to "$program" libtileprop
    [ "$status" -ne 0 ]
    tail -c +17 "$BATS_FILE_TMPDIR/t10k-images-idx3" | head -c 78400 >"$BATS_TEST_TMPDIR/pictures"
    "$shared" "$BATS_TEST_TMPDIR/model" <"$BATS_TEST_TMPDIR/pictures" >"$BATS_TEST_TMPDIR/expected"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/expected")" -eq 100 ]
    env -u LD_LIBRARY_PATH "$program" "$BATS_TEST_TMPDIR/model" <"$BATS_TEST_TMPDIR/pictures" | cmp - "$BATS_TEST_TMPDIR/expected"
    [[ $("$cc" --version) != *clang* ]] || return 0 # whose OpenMP has no archive in Debian
    "$cc" -static examples/predict.c -o "$program" $(pkg-config --cflags --static --libs tileprop)
    "$program" "$BATS_TEST_TMPDIR/model" <"$BATS_TEST_TMPDIR/pictures" | cmp - "$BATS_TEST_TMPDIR/expected"
}

@test "the shared library's pkg-config needs no other modules" {
    PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig PKG_CONFIG_PATH='' build predict.c "$cc"
}

@test "examples report what is wrong with a model" {
    program=$(build predict.c "$cc")
    run "$program" "$BATS_TEST_TMPDIR/none"
    [ "$status" -eq 1 ]
    [[ $output == *"none: cannot be opened: No such file or directory" ]]
    run "$program" README.md
    [ "$status" -eq 1 ]
}

@test "examples report what is wrong with their training files" {
    program=$(build train.c "$cc")
    pictures=$BATS_FILE_TMPDIR/train-images-idx3
    printf '\0\0\010\001\0\0\0\0' >"$BATS_TEST_TMPDIR/head" # and no label
    printf '\0\0\010' >"$BATS_TEST_TMPDIR/short"
    for labels in "$BATS_TEST_TMPDIR/head" "$BATS_TEST_TMPDIR/short" data/mnist/train-labels-idx1-ubyte.gz "$BATS_TEST_TMPDIR/none"; do
        run "$program" "$pictures" "$labels" "$BATS_TEST_TMPDIR/model"
        [ "$status" -eq 1 ]
        [[ $output == "usage: train "* ]]
    done
    run "$program" "$BATS_TEST_TMPDIR/short" "$BATS_FILE_TMPDIR/train-labels-idx1" "$BATS_TEST_TMPDIR/model"
    [ "$status" -eq 1 ]
}

@test "the shared library and the archive export what the headers declare" {
    headers | "$cc" -E -P $(pkg-config --cflags tileprop) -x c - |
        grep -oE 'tileprop_[a-z0-9_]+\(' | tr -d '(' | sort -u >"$BATS_TEST_TMPDIR/declared"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/declared")" -gt 10 ]
    nm -D --defined-only "$prefix/lib/libtileprop.so" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | sort |
        diff "$BATS_TEST_TMPDIR/declared" -
    nm -g --defined-only "$prefix/lib/libtileprop.a" | awk 'NF == 3 { print $3 }' | sort | diff "$BATS_TEST_TMPDIR/declared" -
    readelf -d "$prefix/lib/libtileprop.so" | grep -q 'SONAME.*\[libtileprop\.so\.0\.2\]'
}

# The library of the tag, built as this one is, in a folder of its own. Those that are installed have no types to
# compare.
@test "the interface equals that of the last tag with the same version" {
    command -v abidiff >/dev/null || skip "abidiff is missing (Debian: abigail-tools)"
    tag=$(git describe --tags --abbrev=0 --match "v$(pkg-config --modversion tileprop | cut -d. -f1-2).*" 2>/dev/null) ||
        skip "no tag of this version yet"
    mkdir "$BATS_TEST_TMPDIR/tag"
    git archive "$tag" | tar -x -C "$BATS_TEST_TMPDIR/tag"
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$BATS_TEST_TMPDIR/tag" all
    abidiff "$BATS_TEST_TMPDIR/tag/lib/libtileprop.so" "$own/lib/libtileprop.so"
}

@test "ignoring a status is a compiler warning; the version is also a number" {
    for call in 'tileprop_evaluate(0, 0, 0, 0, 0, 0);' 'if (tileprop_evaluate(0, 0, 0, 0, 0, 0)) ask();'; do
        printf '#include <tileprop/tileprop.h>\nvoid ask(void);\nvoid ask(void) { %s }\n' "$call" >"$BATS_TEST_TMPDIR/call.c"
        run "$cc" -Werror $(pkg-config --cflags tileprop) -c "$BATS_TEST_TMPDIR/call.c" -o "$BATS_TEST_TMPDIR/call.o"
        [[ $call == if* && $status -eq 0 || $call != if* && $output == *unused-result* ]]
    done
    IFS=. read -r major minor patch < <(pkg-config --modversion tileprop)
    printf '#include <tileprop/version.h>\n#if TILEPROP_VERSION_NUMBER != %d\n#error other\n#endif\n' \
        $((major * 10000 + minor * 100 + patch)) >"$BATS_TEST_TMPDIR/number.c"
    "$cc" -Werror $(pkg-config --cflags tileprop) -fsyntax-only "$BATS_TEST_TMPDIR/number.c"
}

@test "each header compiles alone and included twice, as C11 and C++17" {
    while read -r line; do
        printf '%s\n' "$line" "$line" 'extern int not_empty;' >"$BATS_TEST_TMPDIR/twice.c"
        for flags in "$cc -std=c11 -x c" "$cxx -std=c++17 -x c++"; do
            $flags -Wall -Wextra -Wpedantic -Wconversion -Werror $(pkg-config --cflags tileprop) -fsyntax-only "$BATS_TEST_TMPDIR/twice.c"
        done
    done < <(headers)
}

# both NAME ARGUMENT...: what tests/api/library/NAME.c prints, the same from C and from C++.
both() {
    local language
    for language in "$cc -std=c11 -x c" "$cxx -std=c++17 -x c++"; do
        $language -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror "tests/api/library/$1.c" -x none -o "$BATS_TEST_TMPDIR/$1" \
            $(pkg-config --cflags --libs tileprop) -lm
        "$BATS_TEST_TMPDIR/$1" "${@:2}" >"$BATS_TEST_TMPDIR/${language##* }"
    done
    cmp "$BATS_TEST_TMPDIR/c" "$BATS_TEST_TMPDIR/c++"
    cat "$BATS_TEST_TMPDIR/c"
}

# But for refusals, which says how large structs are in the library.
@test "programs compiled with the first headers of this minor version run with today's library" {
    first="-I$PWD/tests/api/headers-$(pkg-config --modversion tileprop | cut -d. -f1-2)"
    cc="$cc $first" cxx="$cxx $first"
    echo '#include <tileprop/gradients.h>' | $cc -M $(pkg-config --cflags tileprop) -x c - | grep -q 'headers-.*/gradients\.h'
    files=("$BATS_FILE_TMPDIR"/{train-images-idx3,train-labels-idx1})
    "$(build train.c "$cc")" "${files[@]}" "$BATS_TEST_TMPDIR/model" 2>/dev/null | grep -qE '^[0-9a-f]{16} '
    head -c 78416 "$BATS_FILE_TMPDIR/t10k-images-idx3" | tail -c +17 >"$BATS_TEST_TMPDIR/pictures"
    for program in "$(build predict.c "$cc")" "$(build predict.cpp "$cxx -std=c++17")"; do
        [ "$("$program" "$BATS_TEST_TMPDIR/model" <"$BATS_TEST_TMPDIR/pictures" | wc -l)" -eq 100 ]
    done
    both figures gradients "${files[@]}"
    both run "${files[@]}" "$BATS_TEST_TMPDIR"
    "$prefix/bin/tileprop-train" --hidden 20 --activation relu --epochs 1 --train-limit 2000 --quiet --save "$BATS_TEST_TMPDIR/model" >/dev/null
    [ "$(both figures weights "$BATS_TEST_TMPDIR/model" "$BATS_FILE_TMPDIR/t10k-images-idx3")" = ok ]
    $cc -std=c11 -D_GNU_SOURCE -fopenmp tests/api/library/embed.c -o "$BATS_TEST_TMPDIR/embed" $(pkg-config --cflags --libs tileprop) -lm
    for part in trainings nested fork training; do
        [ "$("$BATS_TEST_TMPDIR/embed" "$part")" = ok ]
    done
}

@test "a model predicts with the weights, biases and normalization that it returns" {
    "$prefix/bin/tileprop-train" --hidden 20 --activation relu --epochs 1 --train-limit 2000 --quiet --save "$BATS_TEST_TMPDIR/model" >/dev/null
    [ "$(both figures weights "$BATS_TEST_TMPDIR/model" "$BATS_FILE_TMPDIR/t10k-images-idx3")" = ok ]
}

@test "gradient checks give the figures of train --check-gradient, and progress can end them" {
    both figures gradients "$BATS_FILE_TMPDIR/train-images-idx3" "$BATS_FILE_TMPDIR/train-labels-idx1" >"$BATS_TEST_TMPDIR/found"
    "$prefix/bin/tileprop-train" --check-gradient --train-limit 2000 --hidden 8 --activation relu --seed 3 --json |
        python3 -c '
import json, sys
r = json.load(sys.stdin)
def line(*values):
    print(*("%.17g" % v if isinstance(v, float) else int(v) if isinstance(v, bool) else v for v in values))
line(r["samples"], r["passed"], r["course"]["difference"])
for l in r["layers"]:
    line(*(l[k] for k in ("weights", "skipped", "h", "difference", "truncation", "rounding", "largest_gradient", "passed")))
' >"$BATS_TEST_TMPDIR/expected"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/expected")" -ge 3 ]
    diff "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/found"
}

@test "a run reports itself, is interrupted, and ends with the same bits after it is resumed" {
    both run "$BATS_FILE_TMPDIR/train-images-idx3" "$BATS_FILE_TMPDIR/train-labels-idx1" "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/found"
    grep -qxE '[0-9a-f]{16}' "$BATS_TEST_TMPDIR/found"
}

@test "invalid, oversized or missing arguments are refused by name before they are read" {
    [ "$(both refusals)" = ok ]
}

@test "predictions allocate nothing" {
    embed allocations
}

@test "80 threads predict with one model at once" {
    embed threads
}

@test "two threads train at once" {
    embed trainings
}

@test "a callback trains on one thread of its own" {
    embed nested
}

@test "the child of a fork predicts and trains" {
    embed fork
}

@test "signals, affinity, OpenMP settings, rounding and locale stay unchanged, in the team's threads, too" {
    embed state
}

@test "models are the same in a locale with decimal commas" {
    localedef --no-archive -i de_DE -f UTF-8 "$BATS_TEST_TMPDIR/de_DE.UTF-8" 2>/dev/null ||
        skip "no locale can be made here (Debian: locales)"
    export LOCPATH=$BATS_TEST_TMPDIR COMMAS=de_DE.UTF-8
    embed locale
}

@test "training from arrays: options, results, models in memory, the callback, errors" {
    embed training
}

@test "floats train to the same weights as train with the options of a table" {
    cd "$BATS_TEST_TMPDIR"
    embed floats
    "$prefix/bin/tileprop-train" --data . --normalize feature --bias all --drop-last off --hidden 48 --epochs 3 \
        --optimizer adam --activation relu --weight-decay 0.01 --batch 48 --seed 9 --quiet --json >json
    grep -q "\"weights_hash\": \"$(cat hash)\"" json
}

@test "dlopen: the library is loaded, used and closed while OpenMP's threads still sleep" {
    cat >"$BATS_TEST_TMPDIR/open.c" <<'END'
#include <dlfcn.h>
#include <stdio.h>
#include <tileprop/tileprop.h>

int main(void)
{
    void *library = dlopen("libtileprop.so.0.2", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return fprintf(stderr, "%s\n", dlerror()), 1;
    void (*init)(tileprop_options *, size_t);
    tileprop_status (*train)(const tileprop_options *, const tileprop_data *, double, tileprop_model **,
                             tileprop_model **, tileprop_result *, char *, size_t);
    *(void **)&init = dlsym(library, "tileprop_options_init");
    *(void **)&train = dlsym(library, "tileprop_train_split");
    static float samples[64][4];
    static unsigned char labels[64];
    for (int i = 0; i < 64; i++)
        samples[i][i % 4] = labels[i] = (unsigned char)(i % 4);
    const tileprop_data data = {sizeof data, samples, TILEPROP_F32, labels, TILEPROP_U8, 64, 4, 0, NULL};
    tileprop_options options;
    init(&options, sizeof options);
    options.threads_exact = 2;
    options.epochs = 1;
    char message[256];
    if (train(&options, &data, 0.5, NULL, NULL, NULL, message, sizeof message))
        return fprintf(stderr, "%s\n", message), 1;
    dlclose(library);
    puts("ok");
    return 0;
}
END
    "$cc" -Wall $(pkg-config --cflags tileprop) "$BATS_TEST_TMPDIR/open.c" -o "$BATS_TEST_TMPDIR/open" -ldl
    run timeout 60 "$BATS_TEST_TMPDIR/open"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = ok ]
}
