#!/usr/bin/env bats
# results/bench: rendering of stored results, and measuring, which changes no other parts.

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

@test "README.md is up to date, with at most 200 lines and 25 rows per table" {
    bench/report.py --check
    [ "$(wc -l <$kept/README.md)" -le 200 ]
    awk '/^\|/ { if (++lines > 27) exit 1; next } { lines = 0 }' $kept/README.md # two of them are the heading
}

@test "--check detects changed figures, history, plots and README.md, and writes nothing" {
    cp -r $kept good
    for change in "s/\"seconds\": /&1/ $kept/$cpu.json" "0,/784-64-10.batch/s//784-64-11_batch/ $kept/history.csv" \
        "s/GFLOP/FLOPG/ $kept/$cpu.svg" "s/Benchmarks/Figures/ $kept/README.md"; do
        sed -i "${change% *}" "${change##* }"
        cp -r $kept changed
        run bench/report.py --check
        echo "$change: $status: $output"
        [[ $status -eq 1 && $output == "report.py: results/bench/"*" is out of date; run bench/report.py" ]]
        diff -r changed $kept
        rm -r changed $kept
        cp -r good $kept
    done
    printf '\n## Maker-9-9-9\n\nNobody.\n' >>$kept/notes.md
    run bench/report.py
    [[ $status -eq 1 && $output == "report.py: notes.md: no results of Maker-9-9-9, expected one of "* ]]
}

@test "measure: medians of a tiny network are recorded and rendered, history.csv grows, other parts stay" {
    export TP_BENCH=${train%train}bench TP_NETWORKS="8,5,3/4/1"
    [ -x "$TP_BENCH" ] || skip "bench is not built: Google Benchmark is not installed"
    # A part of this machine's file, which may not exist yet.
    (cd bench && python3 -c 'import report
report.keep("serving", report.start(), {"layers": [8, 3], "onnxruntime": "1.0", "rows": []})')
    cp $kept/history.csv before.csv
    bench/report.py measure
    bench/report.py --check
    grep -q "^| step 8-5-3 batch 4 |" $kept/README.md
    python3 - <<'END'
import csv, glob, json
(now,) = (kept for path in glob.glob("results/bench/*.json")
          if (kept := json.load(open(path))).get("serving", {}).get("onnxruntime") == "1.0")
rows = [tuple(row[key] for key in ("tier", "threads", "what", "part")) for row in now["rows"]]
assert rows and len(set(rows)) == len(rows) and {row["network"] for row in now["rows"]} == {"8-5-3"}, rows
earlier, lines = ([*csv.DictReader(open(path))] for path in ("before.csv", "results/bench/history.csv"))
assert lines[:len(earlier)] == earlier
assert {line["shape"] for line in lines[len(earlier):] if line["kernel"] == "step"} == {"8-5-3 batch 4"}
END
}

@test "measure: exit 1 and no changes if bench fails or is a build of another commit" {
    export TP_BENCH=$PWD/failing
    printf '#!/bin/sh\n[ "$1" = --version ] && echo "tiers found here: reference avx2" || exit 3\n' >failing
    chmod +x failing
    cp -r $kept before
    run --separate-stderr bench/report.py measure
    [[ $status -eq 1 && $stderr == "report.py: $TP_BENCH --layers 1,1 "*": exit status 3" ]]
    git init -q . && git add bench && git -c user.name=t -c user.email=t@t commit -qm one
    TP_BENCH=${train%train}bench run --separate-stderr bench/report.py measure
    [[ $status -eq 1 && $stderr == "report.py: "*"bench is a build of "*", expected one of "*": build it again" ]]
    diff -r before $kept
}
