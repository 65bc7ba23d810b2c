# Shared by tests of programs: `load programs`, then call find_programs in setup.
# shellcheck shell=bash

# Sets root, and the absolute paths of the programs to test: train, predict, sweep, export_model.
# shellcheck disable=SC2034 # tests use them
find_programs() {
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    train=$(absolute "${TP_TRAIN:-bin/train}")
    predict=$(absolute "${TP_PREDICT:-bin/predict}")
    sweep=$(absolute "${TP_SWEEP:-bin/sweep}")
    export_model=$(absolute "${TP_EXPORT:-bin/export}")
    unset TILEPROP_ISA
}

absolute() {
    case $1 in
    /*) echo "$1" ;;
    *) echo "$root/$1" ;;
    esac
}

# few_digits: a folder with the first 4000 training and 1000 test samples of MNIST, unpacked: they are quick to read.
few_digits() {
    local folder=$BATS_FILE_TMPDIR/mnist
    if [ ! -d "$folder" ]; then
        mkdir "$folder"
        first_samples train-images-idx3-ubyte '\0\0\x08\x03\0\0\x0f\xa0' $((8 + 784 * 4000))
        first_samples train-labels-idx1-ubyte '\0\0\x08\x01\0\0\x0f\xa0' 4000
        first_samples t10k-images-idx3-ubyte '\0\0\x08\x03\0\0\x03\xe8' $((8 + 784 * 1000))
        first_samples t10k-labels-idx1-ubyte '\0\0\x08\x01\0\0\x03\xe8' 1000
    fi
    echo "$folder"
}

first_samples() { # NAME HEAD BYTES: HEAD, and so many bytes from behind the same head of the packed file
    # shellcheck disable=SC2059
    { printf "$2"; gzip -dc "$root/data/mnist/$1.gz" | tail -c +9 | head -c "$3"; } >"$folder/$1"
}

# refused_by NAME PROGRAM CODE PARTS ARGUMENTS...: exits with CODE, nothing on stdout, one line on stderr that begins
# with NAME and has PARTS as parts.h says.
refused_by() {
    local name=$1 program=$2 code=$3 parts=$4 edge='(?!(?<=\w)\w|(?<=[.]|^-|[ ]-)\d|(?<=\d)[.]\d)' # not within a word or a number
    shift 4
    run --separate-stderr "$program" "$@"
    # shellcheck disable=SC2154 # bats sets these
    echo "$* -> $status: $stderr"
    [ "$status" -eq "$code" ]
    [ -z "$output" ]
    # shellcheck disable=SC2154
    [ "${#stderr_lines[@]}" -eq 1 ]
    LC_ALL=C grep -qP "^$name: .*$edge\\Q${parts// ... /\\E$edge.*$edge\\Q}\\E$edge" <<<"$stderr"
}

# weights: the hash of the weights of the run whose output this is.
weights() {
    sed -n 's/^weights *\([0-9a-f]\{16\}\).*/\1/p'
}

# make_own TARGET...: a make of its own in the build folder $own, not one that continues the make which runs these
# tests. Test files that share the folder wait for each other.
make_own() {
    # shellcheck disable=SC2154 # who calls it sets own
    mkdir -p "$own"
    flock "$own/lock" env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s BUILD="$own" BIN="$own/bin" ${CC:+CC="$CC"} "$@"
}

# find_ranks PROGRAM: skips the test where mpirun cannot start several of it.
find_ranks() {
    command -v mpirun >/dev/null || skip 'no mpirun'
    readelf -d "$1" | grep -q 'NEEDED.*libmpi' || skip 'built without MPI'
    mpirun --version | grep -q 'Open MPI' || skip 'mpirun is not that of Open MPI'
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
}

ranks() { timeout 120 mpirun --oversubscribe --bind-to none -n "$@"; } # COUNT PROGRAM ARGUMENTS...

# on_rank_2 SCRIPT: makes ./wrap, which runs a program after SCRIPT on that rank.
on_rank_2() {
    # shellcheck disable=SC2016
    printf '#!/bin/bash\nif [ "$OMPI_COMM_WORLD_RANK" = 2 ]; then %s\nfi\nexec "$@"\n' "$1" >wrap
    chmod +x wrap
}

# said NAME CODE TEXT COUNT ARGUMENTS...: all of COUNT ranks of the program called NAME fail with one line that has
# TEXT.
said() {
    local name=$1 code=$2 text=$3
    shift 3
    run ranks "$@"
    echo "$output"
    # shellcheck disable=SC2154
    [ "$status" -eq "$code" ]
    [ "$(grep -c "^$name[:,]" <<<"$output")" -eq 1 ]
    grep -qF -- "$text" <<<"$output"
}
