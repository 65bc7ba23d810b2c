#!/usr/bin/env bats
# The guards of speed, from outside, with stand-ins for what they measure: nothing here depends on how fast anything is.
# bench.bats has --against. That a slower kernel is caught is shown by bench/selftest.

bats_require_minimum_version 1.5.0

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    cd "$BATS_TEST_TMPDIR"
    mkdir bench tools
    cp "$root"/bench/{against,cycles,gate,instructions}.py bench
    export PATH=$BATS_TEST_TMPDIR/tools:$PATH
}

# stand_in NAME: an executable made of the text on standard input.
stand_in() {
    cat >"$1"
    chmod +x "$1"
}

# bench_of 'PYTHON': a bench whose forward and update take 1 us in each round; PYTHON may change ours, peak, naive,
# cpu and best, the tier's peak before, knowing the tier, the name and the attempt, whose number the rounds tell.
bench_of() {
    stand_in tools/bench <<END
#!/usr/bin/env python3
import json, sys
def option(name): return sys.argv[sys.argv.index("--" + name) + 1]
rounds, tiers = int(option("rounds")), ["avx2", "avx512"]
attempt, cpu, best = {15: 1, 30: 2, 60: 3}[rounds], "cpu-1", 2e9
result = {}
for tier in tiers if option("isa") == "auto" else [option("isa")]:
    for name in ["forward", "update"] if option("workload") == "all" else [option("workload")]:
        ours, peak, naive = 1e-6, [2e9] * rounds, [4e-6] * rounds
        ${1:-pass}
        figures = {"flops": 1000, "ours": [ours] * rounds, "peak": peak, "naive": naive}
        result.setdefault(tier, {"peak": best, "workloads": {}})["workloads"][name] = figures
print(json.dumps({"cpu": cpu, "tiers": result}))
END
}

slow_update='ours *= 2 if (tier, name) == ("avx2", "update") else 1'

# floors LINE...: bench/floors; without lines, those of all four names.
floors() {
    [ $# -gt 0 ] || set -- avx{2,512}/{forward,update}" cpu-1 0.500 4.00"
    printf '%s\n' "$@" >bench/floors
}

gate() {
    run --separate-stderr bench/gate.py tools/bench "$@"
    echo "$status: $output $stderr"
}

@test "--gate: passes at the floor, fails below it in three attempts, naming workload, figures and floor" {
    floors
    bench_of
    gate
    [ "$status" -eq 0 ]
    [[ $output != *"attempt 2"* ]]
    bench_of 'ours /= 0.86'
    gate
    [ "$status" -eq 0 ]
    bench_of "$slow_update"
    gate
    [ "$status" -eq 1 ]
    [ "$stderr" = "gate.py: in every attempt: avx2/update share 0.250 of 0.425, factor 2.00 of 3.40 below its floor" ]
}

@test "--gate: the share and the factor are held, each alone" {
    floors
    for slow in 'peak = [2.5e9] * rounds' 'naive = [3e-6] * rounds'; do
        bench_of "$slow"
        gate
        [ "$status" -eq 1 ]
    done
}

@test "--gate: what one attempt of three finds fine is fine" {
    floors
    bench_of 'ours *= 2 if name == "update" and attempt < 3 else 1'
    gate
    [ "$status" -eq 0 ]
    [[ $output == *"attempt 3"* ]]
}

@test "--gate: noise of the peak or of the naive loops is no pass and no failure: exit 77" {
    floors
    for noisy in peak naive; do
        bench_of "$noisy = [x * (1 + r % 3) for r, x in enumerate($noisy)]; $slow_update"
        gate
        [ "$status" -eq 77 ]
        [[ $output == *"too noisy: $noisy varies by"* ]]
        [[ ${lines[-1]} == "# SKIP gate: no attempt could tell: avx2/forward"* ]]
    done
    bench_of "$slow_update; peak = [0.85 * x for x in peak]"
    gate
    [ "$status" -eq 77 ]
    [[ $output == *"too noisy: the peak is at 85% of what it was"* ]]
    bench_of "$slow_update; best = None"
    gate
    [ "$status" -eq 77 ]
    [[ $output == *"too noisy: the peak could not be proved"* ]]
    bench_of "$slow_update; naive = [x * (1 + r % 3 * (attempt == 2)) for r, x in enumerate(naive)]"
    gate
    [ "$status" -eq 77 ]
    [[ ${lines[-1]} == "# SKIP gate: no attempt could tell: avx2/update" ]]
}

@test "--gate: without a floor it says so: exit 77" {
    bench_of
    gate
    [ "$status" -eq 77 ]
    floors "avx2/forward cpu-1 0.500 4.00" "avx2/update cpu-1 0.500 4.00"
    gate
    [ "$status" -eq 77 ]
    [[ ${lines[-1]} == "# SKIP gate: no floor for avx512/forward, avx512/update" ]]
    gate --isa avx2
    [ "$status" -eq 0 ]
}

@test "--gate: a CPU is held to its own floors, an unknown one to the lowest of all" {
    floors "avx2/update cpu-1 0.500 4.00" "avx2/update cpu-2 0.300 8.00"
    bench_of 'ours *= 1.6'
    gate --isa avx2 --workload update
    [ "$status" -eq 1 ]
    bench_of 'cpu = "cpu-3"; ours *= 1.15'
    gate --isa avx2 --workload update
    [ "$status" -eq 0 ]
    [[ $output == *"share 0.435 of 0.255, factor   3.48 of   3.40"* ]]
    bench_of 'cpu = "cpu-3"; ours *= 2'
    gate --isa avx2 --workload update
    [ "$status" -eq 1 ]
}

@test "--record adds a CPU and raises, from the lowest of the attempts, and lowers nothing" {
    bench_of
    gate --record
    [ "$status" -eq 0 ]
    [ "$(grep -vc '^#' bench/floors)" -eq 4 ]
    grep -qx 'avx2/forward cpu-1 0.500 4.00' bench/floors

    bench_of 'ours /= {1: 1.4, 2: 1.2, 3: 1.3}[attempt]'
    gate --record
    [ "$status" -eq 0 ]
    grep -qx 'avx2/update cpu-1 0.600 4.80' bench/floors

    cp bench/floors before
    bench_of 'ours /= 1.1'
    gate --record
    [ "$status" -eq 0 ]
    [[ $output == *kept* ]]
    cmp bench/floors before

    bench_of "$slow_update/1.2"
    gate --record
    [ "$status" -eq 1 ]
    [[ $stderr == *"avx2/update: "*"expected --lower avx2/update"* ]]
    cmp bench/floors before

    bench_of "cpu = 'cpu-2'; ours /= 1.3; $slow_update"
    gate --record
    [ "$status" -eq 1 ]
    grep -q '^avx2/forward cpu-2 0.650' bench/floors
    run grep '^avx2/update cpu-2' bench/floors
    [ "$status" -eq 1 ]
    [[ $stderr != *forward* ]]
}

@test "--record records nothing that was measured in noise" {
    bench_of 'peak = [x * (1 + r % 3 * (name == "update" and attempt == 2)) for r, x in enumerate(peak)]'
    gate --record
    [[ $output == *"# SKIP gate: nothing recorded for avx2/update: peak varies by"* ]]
    [ "$(grep -c '^avx.*/forward' bench/floors)" -eq 2 ]
    run grep /update bench/floors
    [ "$status" -eq 1 ]
}

@test "--lower needs a name and a reason, and keeps the reason and the date" {
    floors
    bench_of "$slow_update"
    for arguments in "--lower avx2/update" "--reason because" "--lower avx2/nothing --reason because" \
        "--lower avx2/update --reason" "--lower avx2/update --reason x --record"; do
        # shellcheck disable=SC2086
        gate $arguments
        [ "$status" -eq 2 ]
    done
    gate --lower avx2/forward --reason "it is not"
    [ "$status" -eq 1 ]
    gate --lower avx2/update --reason "  a rule that
    takes longer"
    [ "$status" -eq 0 ]
    grep -Eqx 'avx2/update cpu-1 0.250 2.00 [0-9]{4}-[0-9]{2}-[0-9]{2} a rule that takes longer' bench/floors
    gate
    [ "$status" -eq 0 ]
    bench_of
    gate --record
    grep -Eqx 'avx2/update cpu-1 0.500 4.00 [0-9]{4}-[0-9]{2}-[0-9]{2} a rule that takes longer' bench/floors
}

@test "bench/floors: a line that is none is exit 3 with file and line" {
    bench_of
    for line in "avx2/update cpu-1 0.5" "avx2 cpu-1 0.5 4.0" "avx2/update cpu-1 half 4.0" "avx2/update cpu-1 0.5 -4.0" \
        "avx2/forward cpu-1 0.500 4.00"; do
        floors "# a comment" "" "avx2/forward cpu-1 0.500 4.00" "$line"
        gate
        [ "$status" -eq 3 ]
        [[ $stderr == *"bench/floors:4: expected "* ]]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}

# counts N [COMPILER]: a count of two workloads, and a valgrind that finds N instructions in the second.
counts() {
    stand_in tools/count <<END
#!/bin/sh
case \$1 in
--list) echo "forward update" ;;
--compiler) echo "${2:-gcc-12.2}" ;;
esac
END
    stand_in tools/valgrind <<END
#!/bin/bash
case \${@: -1} in
forward) echo "==1== Collected : 1000" ;;
update) echo "==1== Collected : $1" ;;
esac
END
}

instructions() {
    run --separate-stderr bench/instructions.py tools/count "$@"
    echo "$status: $output $stderr"
}

@test "instructions: as recorded passes, more than 2 % up or down fails with both counts" {
    counts 50000
    instructions --record
    [ "$status" -eq 0 ]
    grep -qx 'gcc-12.2 instructions update 50000' bench/instructions
    for count in 50000 50999 49001; do
        counts $count
        instructions
        [ "$status" -eq 0 ]
    done
    counts 51001
    instructions
    [ "$status" -eq 1 ]
    [ "$stderr" = "instructions.py: more than 2% up: update: 51001 instructions, 50000 recorded" ]
    counts 48999
    instructions
    [ "$status" -eq 1 ]
    [[ $stderr == *"RECORD=--record: update: 48999 instructions, 50000 recorded" ]]
    instructions --record
    instructions
    [ "$status" -eq 0 ]
}

@test "instructions: a workload that is new or gone asks for a record" {
    counts 1000
    for names in "forward" "forward update backward"; do
        for name in $names; do
            echo "gcc-12.2 instructions $name 1000"
        done >bench/instructions
        instructions
        [ "$status" -eq 1 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
        [[ $stderr == *"RECORD=--record: "* ]]
    done
}

commit() { # everything, and the baseline is that commit
    git add -A
    git -c user.name=t -c user.email=t@t commit -qm "$1"
    echo "commit = $(git rev-parse HEAD)" >bench/baseline
}

@test "instructions: another compiler is compared with the baseline's commit, where that can be counted" {
    counts 50000
    instructions --record
    counts 60000 clang-14.0
    git init -q .
    printf 'build/bench/count: count.sh\n\tmkdir -p build/bench\n\tcp count.sh $@\n\tchmod +x $@\n' >Makefile
    cp tools/count count.sh
    touch bench/workload.h
    commit "without count.c"
    instructions
    [ "$status" -eq 77 ]
    [[ ${lines[-1]} == "# SKIP instructions: nothing recorded for clang-14.0, and "*" has no bench/count.c to compare with" ]]

    touch bench/count.c
    commit "with count.c"
    instructions
    [ "$status" -eq 0 ]
    sed -i 's,^case,[[ $* = */against/* ]] || { echo "Collected : 1100"; exit; }\n&,' tools/valgrind
    instructions
    [ "$status" -eq 1 ]
    [[ $stderr == *"more than 2% up: forward: 1100 instructions, 1000 recorded"* ]]
    instructions --record
    [ "$(grep -c '^gcc-12.2' bench/instructions)" -eq 2 ]
    [ "$(grep -c '^clang-14.0' bench/instructions)" -eq 2 ]
}

@test "instructions: a missing tool is exit 77 with its name" {
    counts 50000
    instructions --record
    mkdir bare
    ln -s /bin/sh bare/sh
    run env PATH="$PWD/bare" "$(python3 -c 'import sys; print(sys.executable)')" bench/instructions.py tools/count
    echo "$status: $output"
    [ "$status" -eq 77 ]
    [[ ${lines[-1]} == "# SKIP instructions: not installed: valgrind" ]]
}

@test "instructions: a line that is none is exit 3 with file and line, wrong use exit 2" {
    counts 50000
    printf '%s\n' "# a comment" "gcc-12.2 instructions update many" >bench/instructions
    instructions
    [ "$status" -eq 3 ]
    [[ $stderr == *"bench/instructions:2: expected "* ]]
    instructions --sideways
    [ "$status" -eq 2 ]
    run bench/instructions.py
    [ "$status" -eq 2 ]
}

@test "cycles: straight loops of 8 FMAs and more, told apart by FMAs, the slowest first" {
    echo __x86_64__ | "${CC:-cc}" -E -P -x c - | grep -qx 1 || skip "the compiler does not target x86-64"
    mkdir avx2
    {
        echo 'f: nop'
        for loop in 1 2; do
            echo ".Lloop$loop:"
            for register in 1 2 3 4 5 6 7 8; do
                echo "vfmadd231ps %ymm14, %ymm15, %ymm$register"
            done
            [ $loop -eq 1 ] || echo "vmulps %ymm9, %ymm9, %ymm9"
            echo "jne .Lloop$loop"
        done
        echo '.Lfew: vfmadd231ps %ymm14, %ymm15, %ymm1'
        echo 'jne .Lfew'
        echo 'ret'
    } >f.s
    "${CC:-cc}" -c f.s -o avx2/gemm.o
    stand_in tools/llvm-mca <<'END'
#!/bin/sh
echo "Total Cycles:      $((200 * $(grep -c '^v')))"
END
    run python3 -c 'import sys
sys.path.insert(0, "bench")
import cycles
for name, figure in sorted(cycles.predict("avx2/gemm.o").items()):
    print(name, *figure)'
    echo "$output"
    [ "$output" = "avx2/f/8.1/skylake-avx512 8 9.0
avx2/f/8.1/znver2 8 9.0
avx2/f/8.2/skylake-avx512 8 8.0
avx2/f/8.2/znver2 8 8.0" ]
}
