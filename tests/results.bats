#!/usr/bin/env bats
# What is kept in results/ is what the program gives, to the bit, on whatever tier this CPU has.

bats_require_minimum_version 1.5.0

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    train=${TP_TRAIN:-bin/train}
    case $train in
    /*) ;;
    *) train=$root/$train ;;
    esac
    unset TILEPROP_ISA
    cd "$BATS_TEST_TMPDIR"
}

# repeats ITEM: the plotted run has the kept weights and the kept losses.
repeats() {
    [ -z "$TP_SANITIZE" ] || skip "whole runs take minutes under a sanitizer"
    "$train" --data "$root/data/mnist" --config "$root/results/$1/run.conf" --history history.csv --json --quiet | tail -n 1 >result.json
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

@test "machines and times stand in run.json alone" {
    run grep -rlE '"(seconds|cpu|isa|threads|gflops|samples_per_second)' "$root/results" --include='*.json'
    [ "$output" = "$root/results/run.json" ]
}
