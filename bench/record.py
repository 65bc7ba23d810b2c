#!/usr/bin/env python3
"""Keeps what bench measures on this machine: record.py, without arguments.

Runs every product beside its peers and the networks of NETWORKS, tier by tier, and all other kernels under Google
Benchmark, which takes several minutes. Everything goes to results/bench/CPU.json, the last run on that CPU; products
with a batch of HISTORY_BATCH and whole networks are also appended to results/bench/history.csv. A product comes once,
from the first run that has it.
Exit status: 0 done, that of bench where it fails, 1 if what it says cannot be used; then nothing is written.
"""

import csv
import io
import re
import sys

import store

NETWORKS = [("784,64,10", 32), ("784,64,64,10", 32), ("784,1024,1024,10", 512)]
# Neither products nor networks, which are in the other runs; and nothing in plain C, which is there to compare with.
OTHERS = "-(tp_(forward|backward|update)_|^step/|^evaluation/|_reference/)"
OTHERS_SECONDS = "0.1"  # at least, for each of them
HOW_TIMED = r"process_time|real_time|manual_time|iterations:\d+"  # parts of a benchmark's name
HISTORY_BATCH = 32
COLUMNS = ["date", "commit", "cpu", "tier", "threads", "kernel", "shape", "us", "gflops", "factor_over_naive"]
IDENTITY = ["tier", "threads", "verb", "m", "n", "k", "activation", "optimizer", "first_layer"]


def batch_of(row):
    return row["k"] if row["verb"] == "update" else row["m"]


def distinct(rows):
    first = {}
    for row in rows:
        first.setdefault(tuple(row[key] for key in IDENTITY), row)
    return list(first.values())


def other(row, tiers):
    """What is kept of a benchmark of Google's."""
    if row.get("error_occurred"):
        sys.exit(f"record.py: {row['name']}: {row['error_message']}")
    kernel, *details = [part for part in row["name"].split("/") if not re.fullmatch(HOW_TIMED, part)]
    name = re.fullmatch(rf"(?:tp_)?(.*?)(?:_({'|'.join(tiers)}))?", kernel)
    rate = 1e9 * row["GB/s"] if "GB/s" in row else row.get("bytes_per_second")
    threads = [int(part.split(":")[1]) for part in details if part.startswith("threads:")]
    level = next((key[1:] for key in row if key in ("%L1", "%L2", "%memory")), None)
    unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[row["time_unit"]]
    return {"kernel": name[1], "tier": name[2], "threads": threads[0] if threads else 1,
            "shape": " ".join(part for part in details if not part.startswith("threads:")),
            "seconds": unit * row["real_time"],
            "bytes_per_s": rate, "level": level, "share_of_bandwidth": row[f"%{level}"] / 100 if level else None}


def measure_tier(tier):
    """In processes of its own: the libraries choose their instruction set when they are loaded."""
    print(f"record.py: {tier}, products beside their peers", flush=True)
    runs = [store.bench_json(["--compare", "--all", "--isa", tier, "--json"])]
    for layers, batch in NETWORKS:
        print(f"record.py: {tier}, {layers} with batches of {batch}", flush=True)
        runs.append(store.bench_json(["--layers", layers, "--batch", str(batch), "--isa", tier, "--json"]))
    return (runs[0]["machine"], distinct([row for run in runs for row in run["rows"]]),
            [network for run in runs for network in run["networks"]])


def measure():
    commit, date = store.commit(), store.date()
    machine, rows, networks = {"tiers": [], "peaks": [], "bandwidths": []}, [], []
    tiers = store.tiers()
    for tier in tiers:
        about, some, nets = measure_tier(tier)
        machine = {**about, **{key: machine[key] + about[key] for key in ("tiers", "peaks", "bandwidths")}}
        rows += some
        networks += nets
    print("record.py: other kernels", flush=True)
    others = store.bench_json(["--all", f"--benchmark_filter={OTHERS}", f"--benchmark_min_time={OTHERS_SECONDS}",
                               "--benchmark_format=json"], whole=True)
    return {"machine": machine, "rows": rows, "networks": networks,
            "others": [other(row, ["reference", *tiers]) for row in others["benchmarks"]], "commit": commit,
            "date": date}


def history(kept):
    """Lines for history.csv."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    start = [kept["date"], kept["commit"], kept["machine"]["cpu"]]

    def line(what, kernel, shape, seconds, flops, naive):
        writer.writerow([*start, what["tier"], what["threads"], kernel, shape, f"{1e6 * seconds:.4g}",
                         f"{1e-9 * flops / seconds:.4g}", f"{naive:.4g}"])
    for row in kept["rows"]:
        if batch_of(row) == HISTORY_BATCH:
            fused = row["optimizer"] or row["activation"] or "linear"
            line(row, f"{row['verb']} {fused}" + (" first-layer" if row["first_layer"] else ""),
                 f"{row['m']}x{row['n']}x{row['k']}", row["seconds"], row["flops"], row["peers"]["naive"]["verb"])
    for net in kept["networks"]:
        line(net, "step", "-".join(map(str, net["layers"])) + f" batch {net['batch']}", net["step_seconds"],
             net["step_flops"], net["peers"]["naive"])
    return text.getvalue()


def main():
    kept = measure()
    try:
        lines = history(kept)
    except (KeyError, TypeError, ZeroDivisionError) as error:
        sys.exit(f"record.py: bench --json: {type(error).__name__}: {error}")
    path = store.RESULTS / "history.csv"
    earlier = path.read_text() if path.exists() else ",".join(COLUMNS) + "\n"
    store.write_json(store.RESULTS / f"{kept['machine']['cpu']}.json", kept)
    store.write(path, earlier + lines)


if __name__ == "__main__":
    main()
