#!/usr/bin/env bats
# bench from outside: names, tables, exit codes, and that its guard catches a slower build. Nothing here depends on how
# fast anything is.

bats_require_minimum_version 1.5.0

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    bench=${TP_TRAIN:-bin/train}
    bench=${bench%train}bench
    case $bench in
    /*) ;;
    *) bench=$root/$bench ;;
    esac
    [ -x "$bench" ] || skip "no bench here: Google Benchmark is not installed"
    cd "$root"
}

@test "every kernel of the list that bench can time is timed by --all" {
    "$bench" --all --list >"$BATS_TEST_TMPDIR/names"
    for kernel in $(grep -o 'tp_[a-z0-9_]*_reference' kernels/list.h | grep -vE 'tp_(exp|log)_'); do
        echo "$kernel"
        grep -q "^$kernel/" "$BATS_TEST_TMPDIR/names"
    done
    [ -z "$(sort "$BATS_TEST_TMPDIR/names" | uniq -d)" ]
}

@test "--gemm: shapes and operations as asked for, verified and timed" {
    run "$bench" --gemm 5x7x9,6x16x64 --op backward --activation relu --threads 1 --isa reference --list
    [ "$output" = "tp_backward_reference/5x7x9/relu/threads:1
tp_backward_reference/6x16x64/relu/threads:1" ]
    run --separate-stderr "$bench" --gemm 5x7x9 --threads 1,2 --benchmark_min_time=0.001 --benchmark_format=json
    [ "$status" -eq 0 ]
    python3 -c 'import json, sys
rows = json.load(sys.stdin)["benchmarks"]
assert len(rows) == 6 and all(row["GFLOP/s"] > 0 for row in rows), rows' <<<"$output"
}

@test "--layers: one row for each product of a step, on each count of threads" {
    run "$bench" --layers 20,17,5 --batch 3 --threads 1,2 --json
    [ "$status" -eq 0 ]
    tail -n 1 <<<"$output" | python3 -c 'import json, sys
rows = json.load(sys.stdin)["rows"]
assert [row["verb"] for row in rows] == 2 * ["forward", "forward", "backward", "update", "update"], rows
assert [(row["m"], row["n"], row["k"]) for row in rows[:5]] == [(3, 17, 20), (3, 5, 17), (3, 17, 5), (20, 17, 3), (17, 5, 3)]
assert all(row["seconds"] > 0 and row["times_of_peers"]["naive"] > 0 for row in rows)'
}

@test "--limits: products and steps beside the peak and naive loops, by round, on each tier that is here" {
    "$bench" --limits --rounds 2 >"$BATS_TEST_TMPDIR/limits.json"
    "$bench" --version | python3 -c 'import json, sys
found = json.load(open(sys.argv[1]))
here = [line.split()[3:] for line in sys.stdin if line.startswith("tiers found here")][0]
assert sorted(found["tiers"]) == sorted(set(here) - {"reference"}), found["tiers"].keys()
for tier in found["tiers"].values():
    assert {"forward-32x64x785", "backward-32x64x64", "update-785x64x32", "step-784-64-10"} <= tier["workloads"].keys()
    assert tier["workloads"]["forward-32x64x785"]["flops"] == 2 * 32 * 64 * 785
    for figures in tier["workloads"].values():
        assert all(len(figures[name]) == 2 and min(figures[name]) > 0 for name in ("ours", "peak", "naive")), figures' \
        "$BATS_TEST_TMPDIR/limits.json"
}

@test "wrong use is exit 2 and one line" {
    for arguments in "--gemm 5x5" "--gemm 0x1x1" "--gemm 5x5x5x5" "--op sideways" "--layers 5" "--workload nothing" "--isa sse" \
        "--benchmark_nothing"; do
        # shellcheck disable=SC2086
        run --separate-stderr "$bench" $arguments
        echo "$arguments: $status: $stderr"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}

# history_of FACTOR NOISE [QUIET]: a history whose bench is a stand-in, and a build of it that takes FACTOR times as long
# for one workload. Times vary by up to NOISE, after the first attempt's by up to QUIET.
history_of() {
    mkdir -p "$BATS_TEST_TMPDIR/history/bench"
    cd "$BATS_TEST_TMPDIR/history"
    export RUNS=$BATS_TEST_TMPDIR/runs
    cp "$root/bench/against.py" bench
    cat >Makefile <<'END'
bin/bench: fake
	mkdir -p bin
	cp fake bin/bench
	chmod +x bin/bench
END
    cat >fake <<END
#!/usr/bin/env python3
import json, os, random, sys
with open(os.environ["RUNS"], "a+") as runs:
    runs.write(".")
    noise = $2 if runs.tell() <= 37 else ${3:-$2}
moment = 1 + noise * random.random()
times = {"forward": 1e-6, "update": 2e-6 * 1.0}
asked = sys.argv[sys.argv.index("--workload") + 1]
print(json.dumps({"workloads": {name: [t * moment] for name, t in times.items() if asked in ("all", name)}}))
END
    touch bench/workload.h
    echo bin >.gitignore
    git init -q . && git add -A && git -c user.name=t -c user.email=t@t commit -qm "fast"
    sed -i "s/2e-6 \* 1.0/2e-6 * $1/" fake
    make -s bin/bench
}

@test "--against: a workload that is 10 % slower is exit 1 and named, none that is as fast" {
    history_of 1.1 0.03
    run bench/against.py bin/bench HEAD --rounds 9
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"in 3 attempts: update: "*" us, was "*", ratio 1."*"["*"]" ]]
    [ "$(grep -c '^  forward' <<<"$output")" -eq 1 ]
    run bench/against.py bin/bench HEAD --rounds 9 --workload forward
    [ "$status" -eq 0 ]
    [[ $output != *update* ]]
    git add -A && git -c user.name=t -c user.email=t@t commit -qm "slow"
    run bench/against.py bin/bench HEAD --rounds 9
    [ "$status" -eq 0 ]
    [[ $output == *"no workload is slower"* ]]
}

@test "--against: an attempt that cannot tell neither passes nor counts among the three that must find it slower" {
    history_of 1.1 3 0.03
    run bench/against.py bin/bench HEAD --rounds 9
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"too noisy"*"attempt 4"* ]]
}

@test "--against: without history, or with too much noise, nothing is said: exit 77" {
    history_of 1 2
    run bench/against.py bin/bench HEAD --rounds 9
    echo "$output"
    [ "$status" -eq 77 ]
    [[ ${lines[-1]} == "# SKIP against: too noisy to tell: forward, update" ]]
    run bench/against.py bin/bench no-such-commit
    [ "$status" -eq 77 ]
    [[ $output == "# SKIP against: no commit no-such-commit"* ]]
    run bench/against.py bin/bench baseline
    [ "$status" -eq 77 ]
    run bench/against.py bin/bench
    [ "$status" -eq 2 ]
    run bench/against.py bin/bench HEAD --workload forward,backward
    [ "$status" -eq 2 ]
    [[ $output == *"this build has no backward" ]]
}
