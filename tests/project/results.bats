#!/usr/bin/env bats
# What is kept in results/ is what the program gives, to the bit, on whatever tier this CPU has.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    cd "$BATS_TEST_TMPDIR"
}

# repeats ITEM: the plotted run has the kept weights and the kept losses.
repeats() {
    "$train" --data "$root/data/mnist" --config "$root/results/$1/run.conf" --history history.csv --json --quiet >result.json
    cmp history.csv "$root/results/$1/history.csv"
    python3 - "$root/results/$1/summary.json" <<'END'
import json, sys
found, kept = json.load(open("result.json")), json.load(open(sys.argv[1]))
run = next(run for run in kept["runs"] if run["seed"] == kept["plotted_seed"])
assert found["parameters"] == kept["parameters"]
for key in found.keys() & run.keys():
    assert found[key] == run[key], (key, found[key], run[key])
assert "weights_hash" in found.keys() & run.keys()
END
}

@test "2c gives the kept losses and weights" {
    repeats 2c
}

@test "3c gives the kept losses and weights" {
    repeats 3c
}

@test "2a gives the kept numbers" {
    "$train" --data "$root/data/mnist" --config "$root/results/2a/run.conf" --stats --json >limited.json
    "$train" --data "$root/data/mnist" --stats --json >all.json
    for name in limited all; do
        python3 -c 'import json, sys; a, b = (json.load(open(f)) for f in sys.argv[1:]); assert a == b' \
            "$name.json" "$root/results/2a/$name.json"
    done
}

@test "the report is what its template and the results give" {
    "$root/results/render.py" --check
    mkdir -p changed
    cp -r "$root"/results/{2a,2b,2c,3,3a,3b,3c,4a,4b,4c,4d,4e,widths,derivation.md,report.md.in,report.md} changed
    "$root/results/render.py" --check changed
    sed -i '0,/"validation_accuracy": 0.9/s//"validation_accuracy": 0.8/; s/"best_validation_loss": 0.1/"best_validation_loss": 0.2/' changed/3c/summary.json
    run "$root/results/render.py" --check changed
    [ "$status" -eq 1 ]
    [[ $output == *"run render.py"* ]]
}

@test "machines and times of experiments stand in run.json alone" {
    run grep -rlE '"(seconds|cpu|isa|threads|gflops|samples_per_second)' "$root/results" --include='*.json' --exclude-dir=bench
    [ "$output" = "$root/results/run.json" ]
}
