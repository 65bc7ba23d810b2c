#!/usr/bin/env bats
# Performance guards: verdicts and errors, without timing. `make bench-selftest` measures a slow kernel.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    bench=${train%train}bench
    [ -x "$bench" ] || skip "bench is not built: Google Benchmark is not installed"
    cd "$root"
}

# conclude FACTOR NOISE [LATER]: verdicts on an update that takes FACTOR times as long as before, and the number of
# attempts. Times vary by up to NOISE in the first attempt and by up to LATER (default: NOISE) in the others.
conclude() {
    run python3 - "$@" <<'END'
import random, sys
sys.path.insert(0, "bench")
import guard
factor, noise, later = float(sys.argv[1]), float(sys.argv[2]), float(sys.argv[-1])
draw, runs = random.Random(1), []
def run(folder, bench, names):
    runs.append(bench)
    moment = 1 + draw.random() * (noise if len(runs) <= 4 * guard.ROUNDS else later)
    times = {"forward": 1e-6 * moment, "update": 2e-6 * moment * (factor if bench == "ours" else 1)}
    return {name: times[name] for name in names if name in times}
guard.run, guard.RESAMPLES = run, 200
print("concluded", *guard.compare_time(("", "ours"), ("", "theirs"), ["forward", "update"], "abc"),
      len(runs) // (4 * guard.ROUNDS))
END
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "against: equal speed passes at once; 10 % slower fails after three attempts" {
    for factor in 1 0.8 1.02; do
        conclude $factor 0.03
        [[ ${lines[-1]} == "concluded [] [] 1" ]]
    done
    conclude 1.1 0.03
    [[ ${lines[-1]} == "concluded ['update'] [] 3" ]]
    [[ $output == *"guard.py: update is more than 5% slower than in abc: 1.1"*" us, was "*" us"* ]]
}

@test "against: noise is inconclusive; a small slowdown passes in the end" {
    conclude 1.1 3 0.03
    [[ ${lines[-1]} == "concluded ['update'] [] "[3-8] ]]
    conclude 1 3
    [[ ${lines[-1]} == "concluded [] ['forward', 'update'] 8" ]]
    conclude 1.045 0.06
    [[ ${lines[-1]} == "concluded [] [] 8" ]]
}

@test "against: unknown commit or workload: exit 2; build of another tree: exit 3; no history: exit 77" {
    run --separate-stderr "$bench" --against no-such-commit --workload load-csv
    [[ $status -eq 2 && $stderr == 'guard.py: --against: expected a commit, found "no-such-commit"' ]]
    run --separate-stderr "$bench" --against HEAD --workload load-nothing
    [[ $status -eq 2 && $stderr == "bench: --workload: expected "*"load-nothing"* && ${#stderr_lines[@]} -eq 1 ]]
    cp -r bench "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR"
    git init -q . && git add bench && git -c user.name=t -c user.email=t@t commit -qm one
    run --separate-stderr "$bench" --against HEAD --workload load-csv
    [[ $status -eq 3 && $stderr == *"bench is a build of "*", expected one of "*": build it again" ]]
    rm -rf .git
    run --separate-stderr "$bench" --against baseline --workload load-csv
    [[ $status -eq 77 && $output == "# SKIP guard: no commit "*" in this history" ]]
}

@test "against: memory and program size" {
    run python3 - <<'END'
import pathlib, sys
sys.path.insert(0, "bench")
import guard
guard.PROGRAMS, guard.peak_memory = [], lambda program: int(program.parent.name) << 20
for ours in ("39", "50"):
    print("concluded", guard.compare_bytes(pathlib.Path(ours), pathlib.Path("40"), "abc"))
END
    echo "$output"
    [[ $output == *"concluded []"*"guard.py: memory of train is more than 5% larger than in abc: 52.43 MB, was 41.94 MB"* ]]
    [[ ${lines[-1]} == "concluded ['memory of train']" ]]
}

@test "unusable files and programs: exit 3 and one line; usage errors: exit 2" {
    cp -r bench "$BATS_TEST_TMPDIR"
    copy=$BATS_TEST_TMPDIR/bench
    echo '{"gcc-12.2": {"update": many}}' >"$copy/instructions"
    sed -i '/^commit/d' "$copy/baseline"
    printf '#!/bin/sh\necho "tileprop 1 (1)"; echo "tiers found here: reference avx2"\n' >"$copy/other"
    chmod +x "$copy/other"
    while IFS='|' read -r arguments message; do
        # shellcheck disable=SC2086
        run --separate-stderr $arguments
        echo "$arguments: $status: $stderr"
        [[ $status -eq 3 && -z $output && $stderr == "guard.py: "*"$message"* && ${#stderr_lines[@]} -eq 1 ]]
    done <<END
$copy/guard.py instructions $bench|/instructions: Expecting value: line 1
$copy/guard.py against $copy/other baseline all|bench/baseline: expected a match
$copy/guard.py against /bin/true baseline all|true --version: expected a match
bench/guard.py against /nope HEAD all|/nope: No such file or directory
bench/guard.py instructions /bin/false|/bin/false --version: exit status 1
END
    for arguments in "" "instructions" "instructions x --sideways" "against x HEAD"; do
        # shellcheck disable=SC2086
        run bench/guard.py $arguments
        [ "$status" -eq 2 ]
    done
}
