# The rules that keep the parts separate, checked on the sources and on the objects built from them. Every check lists
# its violations: it must list none for the product, and must find the one planted for it.

setup() {
    build=${TP_BUILD:-build}
    cc=${CC:-cc}
    plant=$BATS_TEST_TMPDIR
    tiers=$(sed -n 's/^TP_VECTOR_TIER(\([a-z0-9_]*\),.*/\1/p' kernels/tiers.def | paste -sd ' ')
}

none() { # the check "$@" finds nothing, and nothing hinders it
    output=$("$@" 2>&1)
    echo "$output"
    [ -z "$output" ]
}

some() { # the check "$@" finds something
    [ -n "$("$@")" ]
}

# objects FOLDER...: the objects in these folders of the build whose sources still exist.
objects() {
    local folder object source
    for folder; do
        while read -r object; do
            source=${object#"$build"/}
            [ ! -f "${source%.o}.c" ] || echo "$object"
        done < <(find "$build/$folder" -name '*.o' | sort)
    done
}

# compile NAME [FLAG...]: an object made of the C on standard input; prints its path.
compile() {
    "$cc" -std=c11 -O2 "${@:2}" -x c -c -o "$plant/$1.o" -
    echo "$plant/$1.o"
}

on_x86() {
    echo __x86_64__ | "$cc" -E -P -x c - | grep -qx 1 || skip "the compiler does not target x86-64"
}

# instructions PATTERN OBJECT...: the instructions that match.
instructions() {
    local pattern=$1 object
    shift
    [ $# -gt 0 ] || return
    for object; do
        objdump -d --no-show-raw-insn "$object" | sed -n "s/^ *[0-9a-f]*:\t//p" | grep -E "$pattern" | sed "s,^,$object: ,"
    done
    true
}

beyond_baseline='^(\{[a-z]+\} )?v|%[yz]mm|%k[0-7]'
beyond_avx2='%zmm|%k[0-7]|%[xy]mm(1[6-9]|2[0-9]|3[01])'

@test "only the tiers' folders contain code beyond baseline x86-64" {
    on_x86
    mapfile -t list < <(objects src kernels | grep -vE "^$build/kernels/($(tr " " "|" <<<"$tiers"))/")
    [ ${#list[@]} -gt 10 ]
    none instructions "$beyond_baseline" "${list[@]}"
    object=$(compile vex -mavx <<<'double twice(double x) { return x + x; }')
    some instructions "$beyond_baseline" "$object"
}

@test "the avx2 tier contains no AVX-512 code" {
    on_x86
    mapfile -t list < <(objects kernels/avx2)
    [ ${#list[@]} -gt 0 ]
    some instructions '%ymm' "${list[@]}"
    none instructions "$beyond_avx2" "${list[@]}"
    object=$(compile evex -mavx512f <<<'#include <immintrin.h>
        void twice(float *x) { _mm512_storeu_ps(x, _mm512_add_ps(_mm512_loadu_ps(x), _mm512_loadu_ps(x))); }')
    some instructions "$beyond_avx2" "$object"
}

# undefined OBJECT|ARCHIVE...: names that it takes from elsewhere.
undefined() {
    nm -u -P "$@" | awk 'NF > 1 { print $1 }' | sort -u
}

# What is exactly defined by IEEE 754. Other functions of libm differ between versions and CPUs.
exact='fma fmaf sqrt sqrtf rint rintf floor floorf nextafter'

# inexact OBJECT...: functions they use from libm, except $exact.
inexact() {
    local libm
    libm=$("$cc" -print-file-name=libm.so.6)
    [ -f "$libm" ] || return
    comm -12 <(undefined "$@") <(nm -D --defined-only -P "$libm" | sed 's/[@ ].*//' | sort -u) |
        grep -vxE "${exact// /|}" || true
}

# No bit of a trained network comes from the gradient check, which needs exp and tanh of its own in double, nor from a
# sweep's picture, which has logarithmic axes.
@test "only exact functions of libm are used" {
    mapfile -t list < <(objects src kernels | grep -v -e "^$build/src/verify/" -e "^$build/src/cli/sweep_plot.o$")
    none inexact "${list[@]}"
    object=$(compile exp <<<'float expf(float); float f(float x) { return expf(x); }')
    some inexact "$object"
}

# helpers OBJECT...: outside symbols of a tier, except tp_ names, $exact and those that compilers insert.
helpers() {
    undefined "$@" | grep -vxE "tp_.*|${exact// /|}|mem(cpy|set|move)|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail" || true
}

@test "tiers call nothing but each other and exact functions" {
    mapfile -t list < <(objects kernels/reference $(printf "kernels/%s " $tiers))
    none helpers "${list[@]}"
    object=$(compile malloc <<<'#include <stdlib.h>
        void *f(void) { return malloc(8); }')
    some helpers "$object"
}

# unnamed OBJECT|ARCHIVE...: exported symbols outside our name space.
unnamed() {
    nm -g --defined-only -P "$@" | awk 'NF > 1 && $1 !~ /^(tp|tileprop)_/ { print $1 }'
}

@test "every exported symbol starts with tp_ or tileprop_" {
    none unnamed "$build/libtileprop.a" "$build/libreaders.a" "$build/libprogram.a"
    object=$(compile name <<<'int counter = 1;')
    some unnamed "$object"
}

# program_calls OBJECT|ARCHIVE...: what only programs may do: print, end the process, handle signals, read the
# environment or the command line.
program_calls() {
    undefined "$@" | sed 's/^__\(.*\)_chk$/\1/' |
        grep -xE 'v?printf|puts|putchar|perror|stdout|stderr|v?(err|warn)x?|(quick_|_)?exit|_Exit|abort|signal|sigaction|raise|(secure_)?getenv|getopt(_long)?' || true
}

@test "the library does not print, exit, handle signals or read the environment, except OpenMP's stack size" {
    mapfile -t list < <(objects src kernels | grep -vE "^$build/src/(cli/|system/threads.o)")
    [ ${#list[@]} -gt 10 ]
    none program_calls "${list[@]}"
    [ "$(program_calls "$build/src/system/threads.o")" = getenv ]
    [ "$(program_calls "$build/libtileprop.a" "$build/libreaders.a")" = getenv ]
    some program_calls "$build/src/cli/train.o" "$build/libprogram.a"
    object=$(compile print <<<'#include <stdio.h>
        void f(int x) { fprintf(stderr, "%d", x); }')
    some program_calls "$object"
    object=$(compile exit <<<'#include <stdlib.h>
        void f(void) { exit(1); }')
    some program_calls "$object"
}

# users PATTERN ROOT: product files that match.
users() {
    (cd "$2" && grep -rlE --include='*.[ch]' "$1" src kernels include) || true
}

openmp='^[ \t]*#[ \t]*pragma[ \t]+omp|_Pragma\("omp|<omp\.h>'

@test "only one file uses OpenMP, and only one libnuma" {
    [ "$(users "$openmp" .)" = src/system/team.c ]
    [ "$(users '<numa(if)?\.h>' .)" = src/system/numa.c ]
    mkdir -p "$plant"/{src/network,kernels,include}
    echo '  #  pragma omp barrier' >"$plant/src/network/step.c"
    echo '#include <numa.h>' >"$plant/kernels/pack.c"
    [ "$(users "$openmp" "$plant")" = src/network/step.c ]
    [ "$(users '<numa(if)?\.h>' "$plant")" = kernels/pack.c ]
}

# quoted ROOT FOLDER: for each #include "..." below the folder, `file included-file`, both relative to the root.
quoted() {
    local file target
    (cd "$1" && grep -roE --include='*.[ch]' '^[ \t]*#[ \t]*include[ \t]*"[^"]+"' "$2") | while IFS=: read -r file target; do
        target=${target#*\"}
        target=${target%\"}
        [[ $target == ../* ]] || [ ! -f "$1/include/$target" ] || { echo "$file include/$target"; continue; }
        echo "$file $(realpath -m --relative-to="$1" "$1/$(dirname "$file")/$target")"
    done
}

kernel_includes() { # of kernels below the root $1, beyond kernels/ and the freestanding parts of libc
    quoted "$1" kernels | grep -vE ' (kernels/|include/tileprop/choices.h$)'
    (cd "$1" && grep -rnE --include='*.[ch]' '^[ \t]*#[ \t]*include[ \t]*<' kernels) |
        grep -vE '<((assert|float|limits|math|stdalign|stdbool|stddef|stdint|string|cpuid|[a-z]*intrin)\.h)>'
    true
}

@test "kernels include only kernels and libc" {
    [ "$(quoted . kernels | wc -l)" -gt 10 ]
    none kernel_includes .
    mkdir -p "$plant/kernels/avx2" "$plant/src"
    echo '#include "../../src/train/trainer.h"' >"$plant/kernels/avx2/gemm.c"
    some kernel_includes "$plant"
    echo '#include <pthread.h>' >"$plant/kernels/avx2/gemm.c"
    some kernel_includes "$plant"
}

rooms=tests/project/rooms.py

@test "rooms use only what src/README.md allows" {
    listed() { "$rooms" . "$build"; }
    none listed
    # And finds the planted violations: an include of a room above, of a tier, of the tests; a symbol of another room.
    cp -r src "$plant"
    for line in 'train/trainer.h' '../tests/check.h' 'kernels/avx2/vector.h' 'trainer.h'; do
        echo "#include \"$line\"" >"$plant/src/network/planted.c"
        [[ $("$rooms" "$plant" "$build") == *src/network/planted.c* ]]
    done
    mkdir -p "$plant/build/src"/{network,train}
    echo 'int tp_trained; int *tp_there(void); int *tp_here(void) { return tp_there(); }' >"$plant/src/network/planted.c"
    echo 'int *tp_there(void) { return 0; }' >"$plant/src/train/planted.c"
    for room in network train; do
        "$cc" -c -o "$plant/build/src/$room/planted.o" "$plant/src/$room/planted.c"
    done
    [[ $("$rooms" "$plant" "$plant/build") == *"src/network may not use train's tp_there"* ]]
    mkdir "$plant/src/attic"
    [[ $("$rooms" "$plant" "$build") == *src/attic* ]]
}

# rounding FILE...: flags that let the compiler change results, or make them depend on the machine; but for the loops
# that bench writes around other libraries' products.
rounding() {
    sed '/bench\/loops.c/d' "$@" |
        grep -nE -e '-Ofast|-ffast-math|-funsafe-math|-fassociative-math|-ffp-contract=fast|-march=' || true
}

@test "the build uses no flag that changes results" {
    mapfile -t files < <(find . -maxdepth 2 -name '*.mk' -not -path "./build/*")
    [ ${#files[@]} -ge 4 ]
    none rounding Makefile "${files[@]}" .ci/run .ci/probe
    grep -q -e -ffp-contract=off Makefile
    echo 'CFLAGS := -O2 -march=native' >"$plant/Makefile"
    some rounding "$plant/Makefile"
}

# approximate ROOT: intrinsics whose result depends on the compiler or the CPU.
approximate() {
    (cd "$1" && grep -rnE --include='*.[ch]' '_mm512_reduce_|(_mm[0-9]*_|VEC\()(mask_|maskz_)?r(cp|sqrt)' kernels) || true
}

@test "kernels use no reductions or approximations whose bits differ between CPUs" {
    none approximate .
    mkdir -p "$plant/kernels"
    echo 'return _mm512_reduce_add_ps(sum);' >"$plant/kernels/loss.c"
    some approximate "$plant"
    echo 'return _mm256_rcp_ps(sum);' >"$plant/kernels/loss.c"
    some approximate "$plant"
}

long_files() { # below the root $1, C files of more than 600 lines
    (cd "$1" && find src kernels include tests bench -name '*.[ch]' -exec awk 'FNR == 601 { print FILENAME }' {} +) 2>/dev/null || true
}

@test "no file is longer than 600 lines" {
    none long_files .
    mkdir -p "$plant/src"
    seq 601 >"$plant/src/all.c"
    some long_files "$plant"
}

# code_lines FOLDER...: lines of C that are neither blank nor comments.
code_lines() {
    find "$@" -name '*.[ch]' -exec cat {} + | awk '
        inside { inside = !/\*\//; next }
        /^ *\/\*/ { inside = !/\*\//; next }
        /[^ ]/ { lines++ }
        END { print lines + 0 }'
}

@test "the parts of a step stay small: network, schedule, train and kernels have fewer than 8,000 lines of code" {
    printf '%s\n' '/* one' ' * comment */' '' '/* another */' 'int a; /* not this */' >"$plant/a.c"
    [ "$(code_lines "$plant")" -eq 1 ]
    lines=$(code_lines src/network src/schedule src/train kernels)
    echo "$lines"
    [ "$lines" -gt 1000 ]
    [ "$lines" -lt 8000 ]
}
