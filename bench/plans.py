#!/usr/bin/env python3
"""Times what `train --threads 16` chooses beside exactly one thread and exactly two: plans.py [NAME ...].

For each of NETWORKS, or those named, the three run in turn in ROUNDS rounds, on samples made here; what counts is
seconds_training, and the count of threads that is faster by its median. A row fails when the 95 % bootstrap interval of
the median ratio to that one lies wholly above LIMIT, when the weights differ, or when probe and plan took more than
PLANNING_SECONDS, or more than PLANNING_SHARE of the process's time, by their medians. Figures go to
results/bench/CPU-plans.json unless networks are named. Exit status: 0 all rows pass, 1 one fails or a run does.
"""

import json
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import store

TRAIN = Path(os.environ.get("TP_TRAIN", store.ROOT / "bin/train")).resolve()
ROUNDS = int(os.environ.get("TP_ROUNDS", 15))
RUN_SECONDS = float(os.environ.get("TP_RUN_SECONDS", 0.25))  # of steps on one thread
SAMPLES, VALIDATION, CLASSES = 16384, 64, 10
STEPS_MAX = 200000
LIMIT = 1.05
PLANNING_SECONDS, PLANNING_SHARE = 0.05, 0.02
RESAMPLES = 2000
WAYS = {"auto": ["--threads", "16"], "one": ["--threads-exact", "1"], "two": ["--threads-exact", "2"]}
# inputs-hidden layers, batch; a layer of 64x5 is five of 64
NETWORKS = """
784-none/1 784-none/32 784-none/1000 784-1/1 784-1/32 784-8/32 784-16/8 784-16/1000 784-32/32 784-45/1 784-45/32
784-46/8 784-46/32 784-46/100 784-64/1 784-64/8 784-64/32 784-64/100 784-64x2/32 784-64x10/32 784-60x2/32 784-128/1
784-128/16 784-256/1 784-256/32 784-512/1 784-512x2/8 784-1024/32 784-1024x2/100 784-2048/1 784-2048/32 784-32x10/8
784-46x5/4 784-100x5/64 16-1/1 16-16/32 16-16/1000 16-16x10/256 16-46x10/32 16-128x2/16 16-128x10/100 16-256x3/1
16-2048/4
""".split()


def parse(name):
    """(inputs, hidden as --hidden takes it, batch)"""
    shape, batch = name.split("/")
    inputs, hidden = shape.split("-")
    width, _, depth = hidden.partition("x")
    return int(inputs), ",".join([width] * int(depth or 1)), int(batch)


def write_data(folder, inputs):
    folder.mkdir()
    generator = random.Random(inputs)
    for name, count in ("train", SAMPLES), ("t10k", VALIDATION):
        (folder / f"{name}-images-idx3-ubyte").write_bytes(
            struct.pack(">IIII", 0x803, count, 1, inputs) + generator.randbytes(count * inputs))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(
            struct.pack(">II", 0x801, count) + bytes(i % CLASSES for i in range(count)))


def run(data, name, steps, way):
    """What the run says as JSON, of as many steps as come nearest to `steps`."""
    inputs, hidden, batch = parse(name)
    per_epoch = SAMPLES // batch
    limit, epochs = (SAMPLES, round(steps / per_epoch)) if steps >= per_epoch else (steps * batch, 1)
    done = subprocess.run(
        [TRAIN, "--data", data / str(inputs), "--hidden", hidden, "--batch", str(batch), "--train-limit", str(limit),
         "--epochs", str(epochs), "--evals-per-epoch", "1", "--lr", "1e-6", "--json", "--quiet", *way],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"plans.py: {name}, {' '.join(way)}: exit status {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def steps_of(data, name):
    """As many as take RUN_SECONDS on one thread."""
    steps = 4
    while True:
        seconds = run(data, name, steps, WAYS["one"])["seconds_training"]
        if seconds > RUN_SECONDS / 10 or steps >= STEPS_MAX:
            return min(STEPS_MAX, max(4, round(steps * RUN_SECONDS / seconds)))
        steps *= 4


def interval(ratios, generator):
    """The 95 % bootstrap interval of the median."""
    medians = sorted(statistics.median(generator.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    return medians[round(0.025 * RESAMPLES)], medians[round(0.975 * RESAMPLES) - 1]


def measure(data, name):
    steps = steps_of(data, name)
    runs = {way: [] for way in WAYS}
    for number in range(ROUNDS):
        for way in list(WAYS) if number % 2 else reversed(WAYS):
            runs[way].append(run(data, name, steps, WAYS[way]))
    seconds = {way: [one["seconds_training"] / one["steps"] for one in runs[way]] for way in WAYS}
    medians = {way: statistics.median(seconds[way]) for way in WAYS}
    best = min("one", "two", key=medians.get)
    ratios = [auto / other for auto, other in zip(seconds["auto"], seconds[best])]
    low, high = interval(ratios, random.Random(name))
    planning = [one["seconds_planning"] for one in runs["auto"]]
    shares = [one["seconds_planning"] / one["seconds_total"] for one in runs["auto"]]
    return {"network": name, "steps": runs["auto"][0]["steps"], "rounds": ROUNDS, "one_seconds": medians["one"],
            "two_seconds": medians["two"], "auto_seconds": medians["auto"], "ratio": statistics.median(ratios),
            "low": low, "high": high, "threads": statistics.mode(one["threads_of_steps"] for one in runs["auto"]),
            "planning_seconds": statistics.median(planning), "planning_share": statistics.median(shares),
            "hashes": len({one["weights_hash"] for way in WAYS for one in runs[way]})}


def failures(row):
    """What is wrong with a row, in words."""
    return [words for wrong, words in [
        (row["low"] > LIMIT, f"{row['ratio']:.2f} times the best, above {LIMIT}"),
        (row["hashes"] != 1, f"{row['hashes']} different weights"),
        (row["planning_seconds"] > PLANNING_SECONDS, f"planning took {1e3 * row['planning_seconds']:.0f} ms"),
        (row["planning_share"] > PLANNING_SHARE, f"planning took {row['planning_share']:.1%} of the process")] if wrong]


def main():
    names = sys.argv[1:] or NETWORKS
    rows, failed = [], 0
    print(f"{'network':18} {'one us':>9} {'two us':>9} {'auto us':>9} threads  ratio  95 %          plan ms  share")
    with tempfile.TemporaryDirectory() as folder:
        for inputs in sorted({parse(name)[0] for name in names}):
            write_data(Path(folder) / str(inputs), inputs)
        for name in names:
            row = measure(Path(folder), name)
            rows.append(row)
            wrong = failures(row)
            failed += bool(wrong)
            print(f"{name:18} {1e6 * row['one_seconds']:9.2f} {1e6 * row['two_seconds']:9.2f} "
                  f"{1e6 * row['auto_seconds']:9.2f} {row['threads']:7}  {row['ratio']:5.3f}  "
                  f"{row['low']:.3f}-{row['high']:.3f} {1e3 * row['planning_seconds']:10.2f} "
                  f"{row['planning_share']:6.2%}"
                  + "".join(f"  {words}" for words in wrong), flush=True)
    print(f"{failed} of {len(rows)} rows fail")
    if not sys.argv[1:]:
        machine = store.machine()
        store.write_json(store.RESULTS / f"{machine['cpu']}-plans.json",
                         {"commit": store.commit(), "date": store.date(), "limit": LIMIT, "rows": rows})
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
