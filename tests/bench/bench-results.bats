#!/usr/bin/env bats
# From what bench and other programs say to results/bench: what is kept, what is rendered, and what is said when
# something is missing or wrong. Stand-ins take the places of all that is timed.

bats_require_minimum_version 1.5.0

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    cd "$BATS_TEST_TMPDIR"
    mkdir -p bench results/bench data kernels
    cp "$root/kernels/tiers.def" kernels
    cp -r "$root"/bench/*.py "$root/bench/programs" bench
    cp "$root/results/style.gp" results
    cp "$root/results/bench/render.py" results/bench
    kept=results/bench
    export TP_BENCH=$PWD/stand-in CPU=Maker-1-2-3 SLOW=1
    cat >stand-in <<'END'
#!/usr/bin/env python3
"""bench, without measuring: CPU is its key; SLOW, a factor, is how much slower than OpenBLAS's its products are;
NO_PEAK: none could be proved."""
import json, os, sys
if os.environ.get("FAILS") and os.environ["FAILS"] in sys.argv:
    sys.exit(3)
if "--version" in sys.argv:
    print("tileprop 0.1.0\ntiers found here: reference avx2 avx512")
    sys.exit()
slow, proved = float(os.environ["SLOW"]), "NO_PEAK" not in os.environ
peaks = {("avx512", 1): 2e11, ("avx512", 2): 4e11, ("avx2", 1): 1e11, ("avx2", 2): 2e11}
tier = sys.argv[sys.argv.index("--isa") + 1] if "--isa" in sys.argv else "avx512"
peaks = {key: peak for key, peak in peaks.items() if key[0] == tier}
machine = {"cpu": os.environ["CPU"], "cpu_name": "Maker One", "cpus": 2, "caches": [49152, 2097152, 33554432],
           "compiler": "gcc 12.2.0", "version": "0.1.0", "binding": "none", "tiers": [tier],
           "peaks": [{"tier": t, "threads": n, "flops_per_s": p if proved else None} for (t, n), p in peaks.items()],
           "bandwidths": [{"tier": t, "threads": n, "level": level, "bytes_per_s": p * share} for (t, n), p in peaks.items()
                          for level, share in (("L1", 1), ("L2", 0.4), ("memory", 0.06))]}
def row(tier, threads, layer, verb, m, n, k):
    flops, peak = 2 * m * n * k, peaks[tier, threads]
    product, whole = flops / peak / 0.75 * slow, flops / peak / 0.7 * slow
    peers = {"naive": (8, 9), "OpenBLAS": (1.25, 1.5), "BLIS": (1.5, 1.75), "oneDNN matmul": (1.3, None)}
    return {"tier": tier, "kernel": f"tp_{verb}_{tier}", "threads": threads, "layer": layer, "verb": verb, "m": m, "n": n,
            "k": k, "activation": None if verb == "update" else "lecun-tanh",
            "optimizer": "momentum" if verb == "update" else None, "first_layer": m == 785, "seconds": whole,
            "product_seconds": product, "flops": flops, "bytes": 4 * (m * n + n * k + m * k),
            "share_of_peak": 0.7 / slow if proved else None, "product_share_of_peak": 0.75 / slow if proved else None,
            "peers": {name: {"product": a / slow, "verb": b and b / slow} for name, (a, b) in peers.items()}}
said = {"machine": machine, "networks": []}
if "--compare" in sys.argv:
    shapes = [("forward", 1, 64, 785), ("forward", 32, 64, 785), ("backward", 32, 64, 64), ("update", 785, 64, 32),
              ("forward", 512, 1024, 1024)]
    said["rows"] = [row(tier, threads, None, *shape) for tier, threads in peaks for shape in shapes]
elif "--layers" in sys.argv:
    layers = [int(n) for n in sys.argv[sys.argv.index("--layers") + 1].split(",")]
    batch = int(sys.argv[sys.argv.index("--batch") + 1])
    said["rows"] = [row(tier, threads, 1, "forward", batch, layers[1], layers[0]) for threads in (1, 2)]
    said["networks"] = [{"tier": tier, "threads": threads, "layers": layers, "batch": batch, "step_seconds": 3e-5 * slow,
                         "step_flops": 6.5e6, "step_share_of_peak": 0.6, "evaluation_seconds": 7e-7,
                         "evaluation_flops": 1e5, "evaluation_share_of_peak": 0.7,
                         "peers": {"naive": 9 / slow, "OpenBLAS": 1.4 / slow}} for threads in (1, 2)]
else:
    assert any(argument.startswith("--benchmark_format") for argument in sys.argv), sys.argv
    print(json.dumps({"context": {}, "benchmarks": [
        {"name": "tp_relu_avx2/32x64/cold/iterations:200/threads:2/process_time/manual_time", "real_time": 2.0, "time_unit": "us",
         "GB/s": 50.123456, "%L1": 40.0},
        {"name": "load/mnist/gzip/process_time/real_time", "real_time": 150.0, "time_unit": "ms",
         "bytes_per_second": 3e7}]}, indent=1))
    sys.exit()
print("a table\n" + json.dumps(said))
END
    chmod +x stand-in
    git init -q . && git add -A && git -c user.name=t -c user.email=t@t commit -qm "one"
}

with_gnuplot() {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
}

# two_cpus: results of two, the second at two commits, of which the last has changes besides.
two_cpus() {
    bench/record.py
    CPU=Other-4-5-6 bench/record.py
    git -c user.name=t -c user.email=t@t commit -qm "two" --allow-empty
    echo >>bench/store.py
    CPU=Other-4-5-6 SLOW=1.5 bench/record.py
}

@test "record: everything bench says, merged; a product once; history grows, another CPU's file stays" {
    two_cpus
    [ "$(ls "$kept")" = "$(printf '%s\n' Maker-1-2-3.json Other-4-5-6.json history.csv render.py)" ]
    python3 - "$(git rev-parse --short HEAD)" <<'END'
import csv, json, sys
maker, other = (json.load(open(f"results/bench/{cpu}.json")) for cpu in ("Maker-1-2-3", "Other-4-5-6"))
assert maker["machine"]["cpu_name"] == "Maker One" and not maker["commit"].endswith("-dirty"), maker["commit"]
assert maker["date"] and other["commit"] == sys.argv[1] + "-dirty"
assert len(other["rows"]) == 4 * (5 + 2), len(other["rows"])  # 784,64,10 and 784,64,64,10 have the same first layer
assert len(other["networks"]) == 12
relu, load = other["others"]
assert relu == {"kernel": "relu", "tier": "avx2", "threads": 2, "shape": "32x64 cold", "seconds": 2e-6,
                "bytes_per_s": 5.012e10, "level": "L1", "share_of_bandwidth": 0.4}, relu
assert load == {"kernel": "load", "tier": None, "threads": 1, "shape": "mnist gzip", "seconds": 0.15,
                "bytes_per_s": 3e7, "level": None, "share_of_bandwidth": None}, load
rows = list(csv.DictReader(open("results/bench/history.csv")))
assert len(rows) == 3 * (4 * (3 + 1) + 12), len(rows)  # products with a batch of 32, and networks
assert [row["cpu"] for row in rows[:28]] == ["Maker-1-2-3"] * 28
assert {row["kernel"] for row in rows} == {"forward lecun-tanh", "backward lecun-tanh", "update momentum first-layer", "step"}
assert rows[0]["factor_over_naive"] == "9" and rows[-1]["factor_over_naive"] == "6"
assert rows[-1]["shape"] == "784-1024-1024-10 batch 512" and rows[-1]["us"] == "45"
END
}

@test "record: the same answers give the same file; what fails leaves everything as it was" {
    bench/record.py
    cp -r "$kept" before
    for argument in --compare 784,64,64,10 --benchmark_format=json; do
        FAILS=$argument run --separate-stderr bench/record.py
        [ "$status" -eq 3 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
        [[ $stderr == "record.py: bench "*"$argument"*": exit status 3" ]]
    done
    diff -r before "$kept"
    mv "$kept/history.csv" .
    git -c user.name=t -c user.email=t@t commit -qm "two" --allow-empty
    bench/record.py
    sed 's/"commit": "[^"]*"//' "$kept/Maker-1-2-3.json" | cmp - <(sed 's/"commit": "[^"]*"//' before/Maker-1-2-3.json)
}

@test "render: a section for each CPU, plots, and nothing new the second time" {
    with_gnuplot
    two_cpus
    results/bench/render.py
    [ "$(cd "$kept" && ls ./*.svg ./*.png | wc -l)" -eq 6 ]
    cp -r "$kept" first
    results/bench/render.py
    diff -r first "$kept"
    results/bench/render.py --check
    [ "$(grep -c '^## .*-.*-.*-' "$kept/README.md")" -eq 2 ]
    grep -q "^Maker One, 2 CPUs; caches: L1d 48 KiB, L2 2 MiB, L3 32 MiB; binding: none; compiler gcc 12.2.0; " "$kept/README.md"
    [ "$(grep -c "changes that are in no commit" "$kept/README.md")" -eq 1 ]
    grep -qF "| forward | 32 x 64 x 785 | lecun-tanh | 23.0 | 140 | 75 | 70 | 8.00 / 9.00 | 1.50 / 1.75 | 1.25 / 1.50 | 1.30 /  | met |" \
        "$kept/README.md"
    grep -qF "| 5.33 / 6.00 | 1.00 / 1.17 | **0.83** / 1.00 | **0.87** /  | not met: product, verb |" "$kept/README.md"
    grep -qF "| relu | 32x64 cold |" "$kept/README.md"
    grep -qF "| 784-1024-1024-10 | 512 | avx512 | 1 | 45.0 |" "$kept/README.md"
}

@test "render: the goal is judged by row, and what falls short is listed" {
    with_gnuplot
    bench/record.py
    CPU=Other-4-5-6 SLOW=1.2 bench/record.py
    results/bench/render.py
    maker=$(sed -n '/^## Maker/,/^## Other/p' "$kept/README.md")
    other=$(sed -n '/^## Other/,$p' "$kept/README.md")
    # Seven rows for each tier and count of threads, one of them of a batch of 1.
    grep -qx -- "- the product alone: met by 24 of 24 rows" <<<"$maker"
    grep -qx -- "- the product alone: met by 0 of 24 rows" <<<"$other"
    grep -qx -- "- the whole verb: met by 24 of 24 rows" <<<"$other"
    grep -qxF -- "- avx512, 2 threads, update, wanted 1.1: 785 x 64 x 32, first layer **1.042** OpenBLAS" <<<"$other"
    [ "$(grep -c "^- avx512, 1 thread, forward, wanted" <<<"$other")" -eq 3 ] # 1.1, 75% and 85%
    # Behind the last table.
    [[ ${other##*$'\n| '} == *"#### Rows that fall short"*"Factor over the fastest library, the product alone:"* ]]
    grep -qF "(from 512 x 1024 x 1024 on 85%, first layer of 64 units, batch 32: avx512 75%, avx2 70%): met by 4 of 12 rows" <<<"$maker"
    grep -qxF -- "- avx512, 1 thread, forward, wanted 75%: 32 x 64 x 785 **70.0%**" <<<"$maker"
    [[ $maker != *"Factor over the fastest library"* ]]
}

@test "render: what falls short has the letter of the first note that fits it" {
    with_gnuplot
    SLOW=1.2 bench/record.py
    cat >"$kept/notes.md" <<'END'
## Maker-1-2-3

- **Loads** (a: verb=update|backward; threads=2; factor>=1.04). Bound by them.
- **Few rows** (b: part=product; weights<=60000; verb=update). So it is.
END
    results/bench/render.py
    grep -qF -- "- avx512, 2 threads, update, wanted 1.1: 785 x 64 x 32, first layer **1.042** OpenBLAS (a)" "$kept/README.md"
    grep -qE -- "^- avx512, 1 thread, update, wanted 1.[01]: 785 x 64 x 32, first layer \*\*[0-9.]+\*\* \w+ \(b\)" "$kept/README.md"
    grep -qE -- "^- avx512, 1 thread, forward, wanted 1.[01]: [^()]*$" "$kept/README.md"
    sed -i s/threads=2/thread=2/ "$kept/notes.md"
    run results/bench/render.py
    [ "$status" -eq 1 ]
    [[ $output == 'render.py: notes.md: "thread" found in a condition, expected one of tier, threads, '* ]]
}

@test "render: figures above the peak are called what they are, and a peak that could not be proved" {
    with_gnuplot
    SLOW=0.7 bench/record.py
    results/bench/render.py
    grep -q "^\*\*28 rows lie above the peak" "$kept/README.md"
    bench/record.py
    results/bench/render.py
    run grep "above the peak\|could be proved" "$kept/README.md"
    [ "$status" -eq 1 ]
    NO_PEAK=1 SLOW=1.2 bench/record.py
    results/bench/render.py
    grep -q "^No peak could be proved for avx2 on 1 thread, avx2 on 2 threads, avx512 on 1 thread, " "$kept/README.md"
    grep -qx -- "- the product alone: met by 0 of 24 rows" "$kept/README.md"
    grep -q ": met by 0 of 0 rows$" "$kept/README.md"
    run grep "limits of" "$kept/README.md" # which are not known
    [ "$status" -eq 1 ]
    [ ! -e "$kept/Maker-1-2-3.svg" ]
    results/bench/render.py --check
}

@test "render: notes are put to their CPU; a heading without results is an error" {
    with_gnuplot
    bench/record.py
    printf '# Notes\n\n## Maker-1-2-3\n\nBound by loads.\n' >"$kept/notes.md"
    results/bench/render.py
    grep -qx "Bound by loads." "$kept/README.md"
    printf '## Maker-9-9-9\n\nNobody.\n' >>"$kept/notes.md"
    run results/bench/render.py
    [ "$status" -eq 1 ]
    [ "$output" = "render.py: notes.md: no results of Maker-9-9-9; here are Maker-1-2-3" ]
}

@test "render --check: a changed README, figure, script or plot, and one too many, are found" {
    with_gnuplot
    bench/record.py
    results/bench/render.py
    results/bench/render.py --check
    cp -r "$kept" good
    for change in "sed -i s/Maker.One/Maker.Two/ $kept/README.md" "sed -i s/785/787/ $kept/Maker-1-2-3.json" \
        "sed -i s/,9$/,8/ $kept/history.csv" "sed -i s/#000000/#000001/ $kept/Maker-1-2-3.gp" \
        "sed -i s/GFLOP/FLOPG/ $kept/Maker-1-2-3.svg" "rm $kept/history.png" "cp $kept/history.gp $kept/old.gp"; do
        $change
        run results/bench/render.py --check
        echo "$change: $status: $output"
        [ "$status" -eq 1 ]
        [[ $output == *"run results/bench/render.py" ]]
        rm -r "$kept" && cp -r good "$kept"
    done
}

@test "what is kept in results/bench is rendered" {
    with_gnuplot
    "$root/results/bench/render.py" --check
}

# programs PYTHON...: with stand-ins of ours and of Python.
programs() {
    cat >ours <<'END'
#!/usr/bin/env python3
import json, sys
seed, threads = (int(next(a for a in sys.argv if a.startswith(f"--{key}=")).split("=")[1]) for key in ("seed", "threads"))
print(json.dumps({"isa": "avx2", "steps": 1000 * seed, "seconds_training": 0.02 * seed, "seconds_total": 900.0,
                  "stop_at_accuracy": {"reached": seed < 3, "seconds": 900.0}}))
END
    cat >python <<'END'
#!/bin/sh
case $1 in
-c) case $2 in *"'sklearn'"*) exit 0 ;; *"'torch'"*) [ "$TORCH" ] ;; esac ;;
*scikit_learn.py)
    [ -z "$OPENBLAS_CORETYPE" ] && [ "$OMP_NUM_THREADS" ] || exit 9
    echo '{"version": "1.2", "steps": 5000, "step_seconds": 0.00015, "seconds": 4.5}' ;;
*pytorch.py) echo "ImportError: no libgomp" >&2; exit 5 ;;
esac
END
    chmod +x ours python
    OPENBLAS_CORETYPE=Haswell TP_TRAIN=$PWD/ours run --separate-stderr bench/programs.py "$@"
}

@test "programs: medians by program and threads; one that is missing is named with its way here" {
    programs absent-python ./python
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [[ $output == *"not here: PyTorch, eager (pip install torch "* ]]
    python3 - <<'END'
import json
kept = json.load(open("results/bench/Maker-1-2-3-programs.json"))
ours, sklearn = kept["programs"][:2]
assert ours["program"] == "tileprop" and ours["threads"] == 1 and ours["step_seconds"] == 2e-5, ours
assert ours["seeds"] == 5 and ours["reached"] == 2 and ours["seconds"] is None, ours
assert sklearn["seconds"] == 4.5 and sklearn["reached"] == 5 and sklearn["steps"] == 5000, sklearn
assert [absent["program"] for absent in kept["missing"]] == ["PyTorch, eager", "PyTorch, compiled"]
END
    with_gnuplot
    results/bench/render.py
    grep -qF "| scikit-learn | 1.2 | 1 | 150 | 5000 | 4.50 | 5 of 5 |" "$kept/README.md"
    grep -qx "Not there: PyTorch, eager." "$kept/README.md"
}

@test "programs: one that fails is exit 1 and one line, and nothing is kept" {
    export TORCH=yes
    programs ./python
    [ "$status" -eq 1 ]
    [ "$stderr" = "programs.py: PyTorch, eager, seed 1, 1 threads: exit status 5: ImportError: no libgomp" ]
    [ ! -e "$kept/Maker-1-2-3-programs.json" ]
}

# plans TIMES: with a stand-in that is so many times as slow as one thread where it may choose.
plans() {
    cat >ours <<'END'
#!/usr/bin/env python3
import json, os, sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
exact = int(options.get("--threads-exact", 0))
steps = int(options["--train-limit"]) // int(options["--batch"]) * int(options["--epochs"])
step = 1e-3 * {0: float(os.environ["TIMES"]), 1: 1, 2: 2}[exact]
print(json.dumps({"steps": steps, "seconds_training": steps * step, "seconds_total": 1, "threads_of_steps": exact or 1,
                  "seconds_planning": 0 if exact else 0.01, "weights_hash": os.environ.get("HASH", "1") if exact else "1"}))
END
    chmod +x ours
    TIMES=$1 TP_ROUNDS=3 TP_TRAIN=$PWD/ours run --separate-stderr bench/plans.py "${@:2}"
    echo "$output$stderr"
}

@test "plans: what is chosen beside exactly one and two; a row above the limit or of other weights fails" {
    plans 1.04
    [ "$status" -eq 0 ]
    [[ ${lines[1]} == "784-none/1 "*" 1000.00   2000.00   1040.00       1  1.040  1.040-1.040      10.00  1.00%" ]]
    [[ $output == *"0 of 43 rows fail" ]]
    with_gnuplot
    results/bench/render.py
    grep -qF "| 784-none/1 | 1000 | 2000 | 1040 | 1 | 1.040 | 1.040 to 1.040 | 10.0 | 1.0 |" "$kept/README.md"
    grep -q "0 of 43 rows lie wholly above 1.05" "$kept/README.md"
    rm "$kept/Maker-1-2-3-plans.json"
    plans 1.2 784-64/32
    [ "$status" -eq 1 ]
    [[ $output == *"1.20 times the best, above 1.05"*"1 of 1 rows fail" ]]
    [ ! -e "$kept/Maker-1-2-3-plans.json" ]
    HASH=2 plans 1 784-64/32
    [ "$status" -eq 1 ]
    [[ $output == *"2 different weights"* ]]
}
