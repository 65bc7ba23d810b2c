#!/usr/bin/env bats
# The command line of bench: names, tables, exit status. No test depends on timing.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    bench=${train%train}bench
    [ -x "$bench" ] || skip "bench is not built: Google Benchmark is not installed"
    cd "$root"
}

quick=--benchmark_min_time=0.0001

@test "every verb is listed for every available tier; --benchmark_filter accepts listed names" {
    names=$("$bench" --benchmark_list_tests --threads 1,2)
    for tier in $("$bench" --version | sed -n 's/^tiers found here: //p'); do
        for verb in $(sed -n 's/^    X(tp_[a-z]*_fn, \(.*\), tier).*/\1/p' kernels/verbs.h | grep -vE '^(peak|chain)$'); do
            grep -q "^$tier/$verb-" <<<"$names"
        done
        [[ $names == *"$tier/step-784-64-10/threads:2"* && $names == *"$tier/evaluation-784-64-10"* ]]
    done
    [ -z "$(sort <<<"$names" | uniq -d)" ]
    run "$bench" --benchmark_list_tests --threads 1,2 --benchmark_filter='^reference/update-785x64x32-first/manual_time$'
    [ "$output" = "reference/update-785x64x32-first/manual_time" ]
}

@test "default run: the course's layers, steps and files on the best tier, in at most 110 columns" {
    run --separate-stderr "$bench" --threads 1 $quick
    echo "$output$stderr"
    [[ $status -eq 0 && -z $stderr ]]
    best=$("$bench" --version | sed -n 's/^tiers found here: //p' | awk '{ print $NF }')
    for name in forward-32x64x785 forward_marked-32x64x785-19% step_skipping-784-64-10 update-785x64x32-first backward-32x64x64 pack_u8-32x784 loss-32x10 step-784-64-64-10; do
        grep -qE "^$best/$name +[0-9.]+ " <<<"$output"
    done
    [[ $output == *load-mnist-gzip* && $output != *DEBUG* ]]
    [ "$(awk 'length > 110' <<<"$output" | wc -l)" -eq 0 ]
}

@test "JSON of a selection, for every tier and thread count" {
    run --separate-stderr "$bench" --threads 1,2 $quick --benchmark_filter='(64x10x32|_marked-1x64x785-19%)(/|$)' \
        --benchmark_format=json
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    python3 -c 'import json, sys
result = json.load(sys.stdin)
assert result["context"]["commit"] and result["context"]["cpu"]
names = [row["name"] for row in result["benchmarks"]]
tiers = {name.split("/")[0] for name in names}
assert len(names) == len(set(names)) == len(tiers) * 2 * 2, names
assert all(row["GFLOP/s"] > 0 and row["GB/s"] > 0 for row in result["benchmarks"])' <<<"$output"
}

@test "--layers: bare products, whole verbs, steps and evaluations, with factors of peers, per thread count" {
    run --separate-stderr "$bench" --layers 20,17,5 --batch 3 --threads 1,2 --rounds 1 --json
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    python3 -c 'import json, sys
result = json.load(sys.stdin)
rows, machine = result["rows"], result["machine"]
names = "forward-3x17x21 forward-3x5x17 backward-3x17x5 update-21x17x3-first update-17x5x3".split()  # the constant 1
whole = ["step", "step_skipping", "evaluation of 2048 samples", "evaluation_skipping of 2048 samples"]
assert [row["what"] for row in rows] == 2 * ([name for name in names for _ in range(2)] + whole), rows
assert [row["threads"] for row in rows] == 14 * [1] + 14 * [2] and {row["network"] for row in rows} == {"20-17-5"}
assert [row["part"] for row in rows[6:14]] == ["product alone", "with momentum"] * 2 + ["whole"] * 4, rows
assert all(row["seconds"] > 0 and row["flops"] > 0 and row["peers"]["naive"] > 0 for row in rows), rows
assert [peak["threads"] for peak in machine["peaks"]] == [1, 2]
assert {b["level"] for b in machine["bandwidths"]} == {"L1", "L2", "memory"}' <<<"$output"
    "$bench" --layers 20,17,5 --batch 3 --threads 1 --rounds 1 >"$BATS_TEST_TMPDIR/table"
    python3 - "$BATS_TEST_TMPDIR/table" <<'END'
import sys
table = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in open(sys.argv[1]) if line[0] == "|"]
assert max(map(len, open(sys.argv[1]))) <= 160 and set("".join(table.pop(1))) == set("-:")  # Markdown
assert len(table) == 1 + 14 and "naive" in table[0] and all(len(row) == len(table[0]) for row in table), table
END
}

@test "a library that computes wrong products is excluded with a warning" {
    mkdir "$BATS_TEST_TMPDIR/libraries"
    "${CC:-cc}" -shared -fPIC -x c -o "$BATS_TEST_TMPDIR/libraries/libopenblas.so.0" - <<'END'
void cblas_sgemm(void) {}
void openblas_set_num_threads(int threads) { (void)threads; }
END
    LD_LIBRARY_PATH=$BATS_TEST_TMPDIR/libraries run --separate-stderr "$bench" --layers 5,7,9 --threads 1 --rounds 1 --json
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [[ $stderr == "bench: OpenBLAS skipped (threads: 1): its product differs from that of the naive loops" ]]
    [[ $output != *OpenBLAS* ]]
}

@test "a wrong kernel: exit 1 and its name, before any timing" {
    [[ $("$bench" --version) != *$'\n''tiers found here: reference'$'\n'* ]] || skip "this CPU has no vector tier"
    wrong=${TP_BUILD:-build}/wrong/bench
    for arguments in "--layers 5,7,9" "--benchmark_filter=avx.*/forward-1x10x64" "--benchmark_filter=^avx.*/step-784-64-10/"; do
        # shellcheck disable=SC2086
        run "$wrong" --threads 1 $arguments
        echo "$arguments: $status: $output"
        [ "$status" -eq 1 ]
        [[ $output == *"forward-"*": "*" differs from the reference tier"* ||
            $output == *"step: "*" trains different weights than the reference tier"* ]]
    done
}

@test "--workload: seconds per round of every guarded workload; --once runs them untimed" {
    run --separate-stderr "$bench" --workload all --rounds 1 --json
    [ "$status" -eq 0 ]
    python3 -c 'import json, sys
found = json.load(sys.stdin)["workloads"]
for part in ("forward-32x64x785", "forward_marked-32x64x785", "update_marked-785x64x32", "step_skipping", "backward-32x64x64", "update-785x64x32-first", "pack_u8", "pack_f32", "loss", "sigmoid",
             "step-784-64-10", "evaluation", "predict", "load-mnist-gzip", "load-csv"):
    assert any(part in name for name in found), part
assert all(len(seconds) == 1 and seconds[0] > 0 for seconds in found.values()), found' <<<"$output"
    run "$bench" --workload load-csv,load-mnist-gzip --once
    [[ $status -eq 0 && -z $output ]]
}

@test "TILEPROP_ISA limits the tiers" {
    TILEPROP_ISA=reference run "$bench" --threads 1 --benchmark_list_tests
    [[ $status -eq 0 && $output == *reference/forward-* && $output != *avx* ]]
    TILEPROP_ISA=sse run --separate-stderr "$bench"
    [[ $status -eq 2 && $stderr == *TILEPROP_ISA* ]]
}

@test "usage errors: exit 2 and one line" {
    refused=0
    while IFS='|' read -r arguments message; do
        # shellcheck disable=SC2086
        run --separate-stderr "$bench" $arguments
        echo "$arguments: $status: $stderr"
        [[ $status -eq 2 && -z $output && $stderr == *"$message"* && ${#stderr_lines[@]} -eq 1 ]]
        refused=$((refused + 1))
    done <<'END'
--layers 5|--layers: expected inputs, hidden layers, classes, found 1 sizes
--workload nothing|--workload: expected all or names from
--isa sse|--isa: expected
--benchmark_nothing|unrecognized
--against HEAD --json|--json: not valid with --against
--against HEAD --isa avx2|--isa: not valid with --against
--layers 5,5 --benchmark_filter=x|--benchmark_filter=x: not valid with --layers
--workload all --threads 2|--threads: not valid with --workload
--batch 5|--batch: valid only with --layers
--once|--once: valid only with --workload
END
    [ "$refused" -eq 10 ]
    cd "$BATS_TEST_TMPDIR"
    run "$bench" --against HEAD
    [[ $status -eq 2 && $output == "bench: --against: missing bench/guard.py; run bench in the project root" ]]
}
