# Threads that the system refuses: the program's message, not OpenMP's.

load ../programs

setup() {
    find_programs
    printf 'a,b\n1,x\n2,y\n3,x\n4,y\n' >"$BATS_TEST_TMPDIR/t.csv"
    run_on=(--data "$BATS_TEST_TMPDIR/t.csv" --epochs 1 --quiet --threads-exact)
}

# without_head PROGRAM ARGUMENTS...: runs it without the lines that it prints before it has threads.
without_head() {
    "$@" >/dev/null
}

@test "stacks that are too large or too small are refused" {
    export OMP_STACKSIZE=100G
    refused_by train without_head 1 'threads: ... 1 of 2 ... 107374182400 bytes' "$train" "${run_on[@]}" 2
    OMP_STACKSIZE=16k
    refused_by train without_head 1 'threads: ... 65536 bytes ... found 16384' "$train" "${run_on[@]}" 2
    [ -z "${TP_SANITIZE:-}" ] || OMP_STACKSIZE=1M # its frames are larger
    [ -n "${TP_SANITIZE:-}" ] || OMP_STACKSIZE=64k
    "$train" "${run_on[@]}" 2
}

@test "a caller's stack too small for the team is refused" {
    [ -z "${TP_SANITIZE:-}" ] || skip "frames are larger under a sanitizer"
    ulimit -S -s 400
    refused_by train without_head 1 'threads: ... stack ... 4096 threads' "$train" "${run_on[@]}" 4096
}

@test "memory that does not suffice for the stacks is refused" {
    [ -z "${TP_SANITIZE:-}" ] || skip "a sanitizer needs terabytes of addresses"
    ulimit -S -v 300000
    refused_by train without_head 1 'threads: ... of 64 ... RLIMIT_AS 307200000' "$train" "${run_on[@]}" 64
}
