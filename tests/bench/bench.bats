#!/usr/bin/env bats
# bench from outside: names, tables, exit codes, and that its guard catches a slower build. Nothing here depends on how
# fast anything is.

bats_require_minimum_version 1.5.0

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
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
    for kernel in $(sed -n 's/^    X(tp_[a-z]*_fn, \(.*\), tier).*/tp_\1_reference/p' kernels/verbs.h | grep -vE 'tp_(exp|log|peak|chain|softmax|apply|refresh)_'); do
        echo "$kernel"
        grep -q "^$kernel/" "$BATS_TEST_TMPDIR/names"
    done
    [ -z "$(sort "$BATS_TEST_TMPDIR/names" | uniq -d)" ]
}

@test "--gemm: shapes as asked for, verified and timed" {
    run --separate-stderr "$bench" --gemm 5x7x9 --threads 1,2 --benchmark_min_time=0.001 --benchmark_format=json
    [ "$status" -eq 0 ]
    python3 -c 'import json, sys
rows = json.load(sys.stdin)["benchmarks"]
assert len(rows) == 6 and all(row["GFLOP/s"] > 0 for row in rows), rows' <<<"$output"
}

@test "--op: these products and nothing else, of the course's networks without --gemm" {
    run "$bench" --op update --threads 1 --isa reference --list
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 3 ]
    [ "$(grep -c "^tp_update_reference/" <<<"$output")" -eq 3 ]
    run "$bench" --gemm 5x7x9,6x16x64 --op backward --activation relu --threads 1 --isa reference --list
    [ "$output" = "tp_backward_reference/5x7x9/relu/threads:1
tp_backward_reference/6x16x64/relu/threads:1" ]
}

@test "--all: cold caches too, whole steps, evaluations and loading; each shape, tier and optimizer" {
    names=$("$bench" --all --list --threads 1,2)
    cold=$(grep -c '/cold$' <<<"$names") || [ "$(uname -m)" != x86_64 ]
    kernels=$(grep -c '^tp_' <<<"$names")
    [ "$cold" -eq 0 ] || [ "$((2 * cold))" -eq "$kernels" ]
    for pattern in '^step/784-64-10/.*/threads:2$' '^evaluation/784-64-10/' '^load/.*/gzip$' '^load/.*/plain$' '^load/.*/csv$' \
        'adam/first-layer' 'nesterov' '/512x1024x1024/' '/1000x2048x2048/' '/1x10x64/' '^tp_relu_.*/512x1024/'; do
        echo "$pattern"
        grep -qE "$pattern" <<<"$names"
    done
    run "$bench" --list --threads 1
    [[ $output != *cold* ]]
}

@test "steps, evaluations and loading are verified and timed; the context says on what" {
    run --separate-stderr "$bench" --batch 2 --threads 1 --benchmark_min_time=0.0001 --benchmark_format=json
    [ "$status" -eq 0 ]
    python3 -c 'import json, sys
result = json.load(sys.stdin)
rows = {row["name"].split("/")[0]: row for row in result["benchmarks"]}
assert not any(row.get("error_occurred") for row in result["benchmarks"]), rows
assert all(rows[name]["items_per_second"] > 0 for name in ("step", "evaluation", "load")), rows
context = result["context"]
for key in ("cpu", "tiers", "cache_sizes", "threads", "binding", "compiler", "commit", "operands", "flop_convention"):
    assert context[key], key' <<<"$output"
}

# checked SCRIPT: the last line of $output is a JSON object as --compare and --layers write it, for which SCRIPT holds.
checked() {
    tail -n 1 <<<"$output" | python3 -c 'import json, sys
result = json.load(sys.stdin)
assert set(result) == {"machine", "rows", "networks"}
machine, rows, networks = result["machine"], result["rows"], result["networks"]
assert set(machine) == {"cpu", "cpu_name", "cpus", "caches", "compiler", "version", "binding", "tiers", "peaks",
    "bandwidths"}
for row in rows:
    assert set(row) == {"tier", "kernel", "threads", "layer", "verb", "m", "n", "k", "activation", "optimizer",
        "first_layer", "seconds", "product_seconds", "flops", "bytes", "share_of_peak", "product_share_of_peak", "peers"}
    assert row["seconds"] > 0 and row["product_seconds"] > 0 and row["flops"] == 2 * row["m"] * row["n"] * row["k"]
    assert row["peers"]["naive"]["product"] > 0 and row["peers"]["naive"]["verb"] > 0
    assert (row["activation"] is None) == (row["verb"] == "update") == (row["optimizer"] is not None)
'"$1"
}

@test "--compare: the products of the same calls, beside others, on each count of threads" {
    run --separate-stderr "$bench" --compare --gemm 5x7x9 --threads 1,2 --optimizer adam --json
    [ "$status" -eq 0 ]
    checked '
assert [row["verb"] for row in rows] == 2 * ["forward", "backward", "update"], rows
assert [row["threads"] for row in rows] == 3 * [1] + 3 * [2], rows
assert rows[2]["optimizer"] == "adam" and not rows[2]["first_layer"] and rows[0]["layer"] is None
assert [peak["threads"] for peak in machine["peaks"]] == [1, 2] and networks == []
assert {b["level"] for b in machine["bandwidths"]} == {"L1", "L2", "memory"}'
    run --separate-stderr "$bench" --compare --op backward --threads 1 --batch 3 --isa reference --json
    [ "$status" -eq 0 ]
    checked '
assert [(row["m"], row["n"], row["k"]) for row in rows] == [(3, 64, 64), (3, 64, 10)], rows
assert machine["tiers"] == ["reference"] and rows[0]["share_of_peak"] is None, rows'
}

@test "--layers: one row for each product of a step, whole steps and evaluations, on each count of threads" {
    run --separate-stderr "$bench" --layers 20,17,5 --batch 3 --threads 1,2 --json
    [ "$status" -eq 0 ]
    checked '
assert [row["verb"] for row in rows] == 2 * ["forward", "forward", "backward", "update", "update"], rows
shapes = [(3, 17, 20), (3, 5, 17), (3, 17, 5), (20, 17, 3), (17, 5, 3)]
assert [(row["m"], row["n"], row["k"]) for row in rows[:5]] == shapes, rows
assert [row["first_layer"] for row in rows[:5]] == [False, False, False, True, False], rows
assert [network["threads"] for network in networks] == [1, 2] and networks[0]["layers"] == [20, 17, 5]
for network in networks:
    for what in ("step", "evaluation"):
        assert network[what + "_seconds"] > 0 and network[what + "_flops"] > 0, network
    assert network["peers"]["naive"] > 0, network'
}

@test "TILEPROP_ISA is not exceeded" {
    TILEPROP_ISA=reference run "$bench" --op forward --threads 1 --list
    [ "$status" -eq 0 ]
    [ "$(grep -c "^tp_forward_reference/" <<<"$output")" -eq 3 ]
    TILEPROP_ISA=reference run "$bench" --all --threads 1 --list
    [[ $output != *_avx* ]]
    TILEPROP_ISA=sse run --separate-stderr "$bench" --list
    [ "$status" -eq 2 ]
    [[ $stderr == *TILEPROP_ISA* ]]
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
        "--benchmark_nothing" "--limits --isa reference"; do
        # shellcheck disable=SC2086
        run --separate-stderr "$bench" $arguments
        echo "$arguments: $status: $stderr"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
    run --separate-stderr "$bench" --gemm ''
    [ "$stderr" = 'bench: --gemm: expected SHAPES of 1 to 4096 bytes without control characters or double quotes, or none, found ""' ]
}

@test "a wrong kernel is exit 1 and named, before anything is timed" {
    [[ $("$bench" --version) != *$'\n''tiers found here: reference'$'\n'* ]] || skip "only kernels of vector tiers can be made wrong, and this CPU has none"
    wrong=${TP_BUILD:-build}/wrong/bench
    for arguments in "--compare --gemm 5x7x9 --op forward" "--layers 5,7,9" "--gemm 5x7x9 --op forward" \
        "--benchmark_filter=^step/784-64-10"; do
        # shellcheck disable=SC2086
        run "$wrong" --threads 1 $arguments
        echo "$arguments: $status: $output"
        [ "$status" -eq 1 ]
        [[ $output == *"forward "*": "*" does not give what reference gives"* ||
            $output == *"step: "*" does not train the weights that reference trains"* ]]
        [[ $output != *"%peak="* && $output != *GFLOP/s=* ]]
    done
}

# library NAME: a shared one of the C on standard input, that bench finds in place of the real one.
library() {
    mkdir -p "$BATS_TEST_TMPDIR/libraries"
    "${CC:-cc}" -shared -fPIC -x c -o "$BATS_TEST_TMPDIR/libraries/$1" -
    export LD_LIBRARY_PATH=$BATS_TEST_TMPDIR/libraries
}

@test "--compare: a library whose product is wrong is left out, with a line; the others stay" {
    library libopenblas.so.0 <<'END'
void cblas_sgemm(void) {}
void openblas_set_num_threads(int threads) { (void)threads; }
END
    run --separate-stderr "$bench" --compare --gemm 5x7x9 --op backward --threads 1 --json
    echo "$stderr"
    [ "$status" -eq 0 ]
    [[ $stderr == *"bench: backward 5x7x9, 1 threads: OpenBLAS left out, its result is not that of the naive loops"* ]]
    checked '
assert "OpenBLAS" not in rows[0]["peers"], rows'
}

@test "an option that means nothing beside the others is exit 2 and one line" {
    refused=0
    while IFS='|' read -r arguments message; do
        # shellcheck disable=SC2086
        run --separate-stderr "$bench" $arguments
        echo "$arguments: $status: $stderr"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [ "$stderr" = "bench: $message" ]
        refused=$((refused + 1))
    done <<'END'
--gate --compare|--compare: expected without --gate
--gate --limits|--limits: expected without --gate
--gate --rounds 3|--rounds: expected without --gate
--gate --json|--json: expected without --gate
--against HEAD --gate|--gate: expected without --against
--against HEAD --gemm 5x5x5|--gemm: expected without --against
--against HEAD --rounds 3|--rounds: expected without --against
--against HEAD --isa avx2|--isa: expected without --against
--limits --threads 2|--threads: expected without --limits
--workload all --record|--record: expected without --workload
--layers 5,5 --op forward|--op: expected without --layers
--layers 5,5 --gemm 5x5x5|--gemm: expected without --layers
--layers 5,5 --all|--all: expected without --layers
--layers 5,5 --compare|--compare: expected without --layers
--layers 5,5 --list|--list: expected without --layers
--compare --list|--list: expected without --compare
--compare --benchmark_filter=x|--benchmark_filter=x: expected without --compare
--compare --all --batch 5|--batch: expected without --all
--compare --gemm 5x5x5 --all|--all: expected without --gemm
--gemm 5x5x5 --batch 5|--batch: expected without --gemm
--list --benchmark_filter=x|--benchmark_filter=x: expected without --list
--record|--record: expected with --gate
--lower avx2/x --reason y|--lower: expected with --gate
--rounds 3|--rounds: expected with --limits or --workload
--json|--json: expected with --limits or --layers or --compare or --workload
END
    [ "$refused" -eq 25 ]
    run "$bench" --help --gate --compare
    [ "$status" -eq 0 ]
}

@test "--benchmark_filter that nothing matches is exit 1 and a line" {
    run --separate-stderr "$bench" --threads 1 --benchmark_filter=nothing
    [ "$status" -eq 1 ]
    [[ $stderr == *"Failed to match any benchmarks against regex: nothing" ]]
}

@test "--against and --gate outside the project's folder are exit 2 and a line" {
    cd "$BATS_TEST_TMPDIR"
    for arguments in "--against HEAD" "--gate"; do
        # shellcheck disable=SC2086
        run --separate-stderr "$bench" $arguments
        [ "$status" -eq 2 ]
        [[ $stderr == "bench: ${arguments% HEAD}: expected to run in the project's folder, found no bench/"*.py" here" ]]
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
    [ "$status" -eq 2 ]
    [ "$output" = 'against.py: --against: expected a commit, found "no-such-commit"' ]
    run bench/against.py bin/bench baseline
    [ "$status" -eq 77 ]
    mv .git .elsewhere
    run bench/against.py bin/bench no-such-commit
    [ "$status" -eq 77 ]
    [ "$output" = "# SKIP against: no commit no-such-commit in this history" ]
    mv .elsewhere .git
    run bench/against.py bin/bench
    [ "$status" -eq 2 ]
    run bench/against.py bin/bench HEAD --workload forward,backward
    [ "$status" -eq 2 ]
    [[ $output == *"this build has no backward" ]]
    sed -i 's/"forward"/"backward"/' fake
    make -s bin/bench
    run bench/against.py bin/bench HEAD --rounds 9 --workload backward
    [ "$status" -eq 77 ]
    [[ $output == *"has none of these workloads" ]]
    echo "date = 2026-11-24" >bench/baseline
    run bench/against.py bin/bench baseline
    [ "$status" -eq 3 ]
    [[ $output == *"bench/baseline: expected a line commit = HASH, found none" ]]
}

@test "--barrier: the team's barrier beside libgomp's, on each count of threads" {
    run --separate-stderr "$bench" --barrier --threads 1,2,3
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 5 ]
    for count in 1 2 3; do
        grep -qE "^ +$count +[0-9.]+ +[0-9.]+ +[0-9.]+$" <<<"$output"
    done
}
