#!/usr/bin/env bats
# The program reproduces the recorded results to the bit, on any tier that this CPU has.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    cd "$BATS_TEST_TMPDIR"
}

# repeats ITEM: seed 1 gives the recorded weights and figures.
repeats() {
    "$train" --data "$root/data/mnist" --config "$root/results/$1/run.conf" --history history.csv --json --quiet >result.json
    python3 - "$root/results/$1" <<'END'
import csv, json, sys
found, kept = json.load(open("result.json")), json.load(open(f"{sys.argv[1]}/summary.json"))
run = kept["runs"][0]
assert run["seed"] == 1 and {"weights_hash", "best_validation_loss", "validation_accuracy"} <= found.keys() & run.keys()
for key in found.keys() & run.keys():
    assert found[key] == run[key], (key, found[key], run[key])
rows = {row["step"]: row["train_accuracy"] for row in csv.DictReader(open("history.csv"))}
for row in csv.DictReader(open(f"{sys.argv[1]}/curves.csv")):
    assert rows[row["step"]] == row["train_accuracy"], row
END
}

@test "2c gives the recorded losses and weights" {
    repeats 2c
}

@test "3c gives the recorded losses and weights" {
    repeats 3c
}

@test "2a gives the recorded numbers" {
    "$train" --data "$root/data/mnist" --config "$root/results/2a/run.conf" --stats --json >limited.json
    "$train" --data "$root/data/mnist" --stats --json >all.json
    for name in limited all; do
        python3 -c 'import json, sys; a, b = (json.load(open(f)) for f in sys.argv[1:]); assert a == b' \
            "$name.json" "$root/results/2a/$name.json"
    done
}

@test "the report is up to date with its source and the results" {
    "$root/results/render.py" --check
}

@test "each figure and comparing word of the report is checked against the results" {
    python3 - "$root" <<'END'
import re, sys
root = sys.argv[1]
sys.argv = ["render.py", f"{root}/results"]
sys.path.insert(0, f"{root}/results")
import render
source = open(f"{root}/results/report.md.in").read()
render.resolve(source)
opposite = {"lower": "higher", "higher": "lower", "fewer": "more", "more": "fewer", "faster": "slower", "sooner": "later",
            "smaller": "larger", "larger": "smaller", "less": "more", "earlier": "later", "later": "earlier"}
def refused(text):
    try:
        render.resolve(text)
    except render.Wrong:
        return True
numbers = words = 0
for claim in render.MARKER.finditer(source):
    text, begin = claim[1], claim.start(1)
    changes = []
    if "about" not in text:
        for number in re.finditer(r"\d(?!.*\d)|\d(?= ±)", text):
            changes.append((number.span(), str((int(number[0]) + 2) % 10)))
    for word in re.finditer(r"[a-z]+", text):
        if word[0] in opposite:
            changes.append((word.span(), opposite[word[0]]))
    for (first, last), new in changes:
        changed = source[:begin + first] + new + source[begin + last:]
        assert refused(changed), changed[begin - 40:begin + 60]
        numbers, words = numbers + new.isdigit(), words + (not new.isdigit())
    # and without its marker
    if text[-1] in "0123456789":
        assert refused(source[:claim.start()] + text + source[claim.end():]), text
assert numbers > 40 and words > 15, (numbers, words)
print(numbers, words)
END
}

@test "machines and times of experiments are only in run.json" {
    run grep -rlE '"(seconds|cpu|isa|threads|gflops|samples_per_second)' "$root/results" --include='*.json' --exclude-dir=bench
    [ "$output" = "$root/results/run.json" ]
}
