#!/usr/bin/env bats
# The guards of speed: what they conclude, and what they refuse. That they catch a slower kernel is shown by
# `make bench-selftest`, which measures.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    bench=${train%train}bench
    [ -x "$bench" ] || skip "no bench here: Google Benchmark is not installed"
    cd "$root"
}

# conclude FACTOR NOISE [LATER]: what is said of an update that takes FACTOR times as long as before, where times vary by
# up to NOISE, after the first attempt by up to LATER, and how many attempts that takes.
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

@test "against: as fast is fine at once; 10 % slower is named, after three attempts" {
    for factor in 1 0.8 1.02; do
        conclude $factor 0.03
        [[ ${lines[-1]} == "concluded [] [] 1" ]]
    done
    conclude 1.1 0.03
    [[ ${lines[-1]} == "concluded ['update'] [] 3" ]]
    [[ $output == *"guard.py: update is slower than in abc by more than 5%: 1.1"*" us, was "*" us"* ]]
}

@test "against: noise neither passes nor fails a workload; what is hardly slower is fine in the end" {
    conclude 1.1 3 0.03
    [[ ${lines[-1]} == "concluded ['update'] [] "[3-8] ]]
    conclude 1 3
    [[ ${lines[-1]} == "concluded [] ['forward', 'update'] 8" ]]
    conclude 1.045 0.06
    [[ ${lines[-1]} == "concluded [] [] 8" ]]
}

@test "against: a commit that there is not is exit 2, a build of another tree exit 3, no history exit 77" {
    run --separate-stderr "$bench" --against no-such-commit --workload load-csv
    [[ $status -eq 2 && $stderr == 'guard.py: --against: expected a commit, found "no-such-commit"' ]]
    cp -r bench "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR"
    git init -q . && git add bench && git -c user.name=t -c user.email=t@t commit -qm one
    run --separate-stderr "$bench" --against HEAD --workload load-csv
    [[ $status -eq 3 && $stderr == *"bench is a build of "*", expected one of "*": build it again" ]]
    rm -rf .git
    run --separate-stderr "$bench" --against baseline --workload load-csv
    [[ $status -eq 77 && $output == "# SKIP guard: no commit "*" in this history" ]]
}

@test "against: memory and size" {
    run python3 - <<'END'
import pathlib, sys
sys.path.insert(0, "bench")
import guard
guard.PROGRAMS, guard.peak_memory = [], lambda program: int(program.parent.name) << 20
for ours in ("39", "50"):
    print("concluded", guard.compare_bytes(pathlib.Path(ours), pathlib.Path("40"), "abc"))
END
    echo "$output"
    [[ $output == *"concluded []"*"guard.py: memory of train is larger than in abc by more than 5%: 52.43 MB, was 41.94 MB"* ]]
    [[ ${lines[-1]} == "concluded ['memory of train']" ]]
}

@test "instructions: a line of the record that is none is exit 3 with file and line; wrong use is exit 2" {
    printf '%s\n' "# a comment" "gcc-12.2 update many" >"$BATS_TEST_TMPDIR/record"
    cd bench
    run python3 -c "import guard, pathlib
guard.RECORD = pathlib.Path('$BATS_TEST_TMPDIR/record')
guard.read_record()"
    cd ..
    [[ $status -eq 3 && $output == *'/record:2: expected compiler, workload, instructions, found "gcc-12.2 update many"' ]]
    for arguments in "" "instructions" "instructions x --sideways" "against x HEAD"; do
        # shellcheck disable=SC2086
        run bench/guard.py $arguments
        [ "$status" -eq 2 ]
    done
}
