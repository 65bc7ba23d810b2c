#!/usr/bin/env bats
# From what bench says to results/bench: what is kept there is rendered, and measuring keeps what it does not measure.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    cd "$BATS_TEST_TMPDIR"
    mkdir -p bench results
    cp "$root/bench/report.py" bench
    cp -r "$root/results/bench" "$root/results/style.gp" results
    kept=results/bench
    cpu=$(basename "$(grep -l '"programs"' $kept/*.json | head -n 1)" .json)
}

@test "what is kept in results/bench is rendered" {
    bench/report.py --check
}

@test "README.md has at most 200 lines, and tables of at most 25 rows" {
    [ "$(wc -l <$kept/README.md)" -le 200 ]
    # The head of a table takes two lines.
    awk '/^\|/ { if (++lines > 27) exit 1; next } { lines = 0 }' $kept/README.md
}

@test "rendering twice gives the same, and leaves nothing else behind" {
    bench/report.py
    cp -r $kept first
    bench/report.py
    diff -r first $kept
}

@test "--check finds a changed figure, line of history, plot or README.md, and writes nothing" {
    cp -r $kept good
    for change in "s/\"step_seconds\": /&1/ $kept/$cpu.json" "s/,[0-9.]*,\$/,99,/ $kept/history.csv" \
        "s/GFLOP/FLOPG/ $kept/$cpu.svg" "s/Benchmarks/Figures/ $kept/README.md"; do
        sed -i "${change% *}" "${change##* }"
        cp -r $kept changed
        run bench/report.py --check
        echo "$change: $status: $output"
        [ "$status" -eq 1 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == "report.py: results/bench/"*" is not what its sources give; run bench/report.py" ]]
        diff -r changed $kept
        rm -r changed $kept
        cp -r good $kept
    done
}

@test "a heading in notes.md without results is an error in one line, and so is a file that is no JSON" {
    printf '\n## Maker-9-9-9\n\nNobody.\n' >>$kept/notes.md
    run bench/report.py
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == "report.py: notes.md: no results of Maker-9-9-9; here are "* ]]
    echo "{" >"$kept/$cpu.json"
    run bench/report.py --check
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
}

@test "measure: medians of a tiny network are kept and rendered, history.csv grows, other parts stay" {
    export TP_BENCH=${train%train}bench TP_NETWORKS="8,5,3/4/2"
    [ -x "$TP_BENCH" ] || skip "no bench here: Google Benchmark is not installed"
    # A part of this machine's, whether or not its results are kept here.
    (cd bench && python3 -c '
import report
report.keep("serving", {"layers": [8, 3], "onnxruntime": "1.0", "rows": []})')
    cp -r $kept before
    run bench/report.py measure
    echo "$output"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "process 1 of "*", 8,5,3, batch 4" ]]
    bench/report.py --check
    grep -q "^| step 8-5-3 batch 4 |" $kept/README.md
    python3 - <<'END'
import csv, glob, json
(name, now), = ((path, kept) for path in glob.glob("results/bench/*.json")
                if (kept := json.load(open(path))).get("serving", {}).get("onnxruntime") == "1.0")
before = json.load(open(name.replace("results/bench", "before")))
for part in before.keys() - {"commit", "date", "machine", "rows", "networks"}:
    assert now[part] == before[part], part
assert {tuple(net["layers"]) for net in now["networks"]} == {(8, 5, 3)}, now["networks"]
rows = [tuple(row[key] for key in ("tier", "threads", "verb", "m", "n", "k", "first_layer")) for row in now["rows"]]
assert rows and len(set(rows)) == len(rows), rows
earlier, lines = ([*csv.DictReader(open(f"{folder}/history.csv"))] for folder in ("before", "results/bench"))
assert lines[:len(earlier)] == earlier
assert {line["shape"] for line in lines[len(earlier):] if line["kernel"] == "step"} == {"8-5-3 batch 4"}
assert {line["cpu"] for line in lines[len(earlier):]} == {now["machine"]["cpu"]}
END
}

@test "measure: where bench fails its exit status is ours, and nothing is written" {
    export TP_BENCH=$PWD/failing
    printf '#!/bin/sh\n[ "$1" = --version ] && echo "tiers found here: reference avx2" || exit 3\n' >failing
    chmod +x failing
    cp -r $kept before
    run --separate-stderr bench/report.py measure
    [ "$status" -eq 3 ]
    [[ $stderr == "report.py: bench --layers 784,64,10 --batch 32 --isa avx2 "*": exit status 3" ]]
    [ "${#stderr_lines[@]}" -eq 1 ]
    diff -r before $kept
}
