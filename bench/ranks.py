#!/usr/bin/env python3
"""Times training steps on one process and on two ranks over simulated networks, and compares them with PyTorch.

    sudo bench/ranks.py                                  all; records in results/bench/ranks.csv, renders ranks.md
    sudo bench/ranks.py 'batch 32,' tileprop             measurements whose names contain all of these
    bench/ranks.py render                                renders ranks.md from ranks.csv

An example of a name: "784-64-64-10 batch 32, PyTorch, 1 Gbit/s". All measurements take turns in each of ROUNDS rounds;
medians count. PyTorch is measured if this Python has it. TP_TRAIN and TP_BENCH name our programs.
"""

import csv
import importlib.util
import io
import json
import math
import os
import re
import statistics
import subprocess
import sys

import programs
import report

ROUNDS = int(os.environ.get("TP_ROUNDS", 3))
SHAPES = [("784-64-64-10", 32), ("784-1024-1024-10", 512), ("784-1024-1024-10", 4096), ("784-4096-4096-10", 4096)]
LINKS = {"loopback": None, "10 Gbit/s": "10gbit", "1 Gbit/s": "1gbit"}
# {program: options}; ranks are compared with the first.
ONE, TWO_THREADS, SHARDS = "tileprop", "tileprop with 2 threads", "tileprop with 2 shards"
RANKS, PEER = "tileprop on 2 ranks", "PyTorch"
OPTIONS = {ONE: (1, 1), TWO_THREADS: (1, 2), SHARDS: (2, 1), RANKS: (2, 1)}  # shards, threads
SAMPLES, BATCH_MAX, STEPS_MIN, SECONDS, RATE = 60000, 16384, 3, 2, 5e10  # RATE: approximate operations per second
TIE = 0.05
MORE = 4, 8, 16  # extrapolated rank counts
CSV, PAGE = report.RESULTS / "ranks.csv", report.RESULTS / "ranks.md"
KEY = "cpu", "network", "batch", "program", "ranks", "link"
# All but ms for ranks only: time of the exchange by itself, a step's wait for it, and the prediction before the run.
FIGURES = "ms", "exchange_ms", "waited_ms", "said_ms", "said_alone_ms", "said_batch"
COLUMNS = "date", "commit", "cpu", "cpu_name", *KEY[1:], *FIGURES
name_of = "{network} batch {batch}, {program}, {link}".format_map


def weights(network):
    sizes = [int(size) for size in network.split("-")]
    return sum((inputs + 1) * units for inputs, units in zip(sizes, sizes[1:]))


def command_of(row):
    """On simulated hosts, mpirun starts one rank per host."""
    hidden = row["network"].split("-", 1)[1].rsplit("-", 1)[0].replace("-", ",")
    start = []
    if row["ranks"] == 2:
        rate = LINKS[row["link"]]
        start = [report.ROOT / "bench/hosts", "2", rate, "mpirun"] if rate else "mpirun -n 2 --bind-to core".split()
    if row["program"] == PEER:
        return [*start, sys.executable, report.ROOT / "bench/ddp.py", "--hidden", hidden, "--batch", str(row["batch"])]
    shards, threads = OPTIONS[row["program"]]
    steps = max(STEPS_MIN, BATCH_MAX // row["batch"], SECONDS * RATE / (6 * weights(row["network"]) * row["batch"]))
    options = {"data": programs.DATA, "hidden": hidden, "activation": "sigmoid", "bias": "all", "lr": 0.02,
               "optimizer": "momentum", "batch": row["batch"], "shards": shards, "threads": threads, "epochs": 1,
               "train-limit": min(SAMPLES // row["batch"], int(steps)) * row["batch"], "val-limit": 100,
               "evals-per-epoch": 1}
    return [*start, programs.TRAIN, *(f"--{key}={value}" for key, value in options.items()), "--explain", "--json"]


def run(row):
    """Figures of one run."""
    done = subprocess.run([*map(str, command_of(row))], capture_output=True, text=True)
    theirs = re.search(r"(\S+) s per step", done.stdout)
    if row["program"] == PEER and theirs:  # gloo may abort at exit
        return {"ms": 1e3 * float(theirs[1])}
    if done.returncode:
        report.fail(1, ": ".join([name_of(row), f"exit status {done.returncode}", *done.stderr.splitlines()[-1:]]))
    found = json.loads(done.stdout)
    figures = {"ms": 1e3 * found["seconds_training"] / found["steps"]}
    if row["program"] == RANKS:
        said = re.search(r"a step takes (\S+) ms on 2 ranks, (\S+) ms on one alone; .* takes (\S+) ms by", done.stderr)
        figures |= dict(zip(("said_ms", "said_alone_ms", "exchange_ms"), map(float, said.groups())))
        figures["waited_ms"] = float(re.search(r"^exchange .* a step waits (\S+) ms", done.stderr, re.M)[1])
        if batch := re.search(r"faster from about --batch (\d+)", done.stderr):
            figures["said_batch"] = int(batch[1])
    return figures


def measure(rows):
    """Adds the medians of all rounds to the rows."""
    rounds = []
    for turn in range(ROUNDS):
        rounds.append([run(row) for row in rows])
        for row, found in zip(rows, rounds[-1]):
            print(f"round {turn + 1}: {name_of(row)}:", *(f"{key} {found[key]:.4g}" for key in found), flush=True)
    for row, found in zip(rows, zip(*rounds)):
        for key in FIGURES:
            if values := [one[key] for one in found if key in one]:
                row[key] = statistics.median(values)
    return rows


def rows_of(network, batch, peer=True):
    """All measurements; one process also with half the batch, to separate the time per row from the fixed time."""
    shape = {"network": network, "batch": batch}
    rows = [{**shape, "program": program, "ranks": 1, "link": "none"} for program in (ONE, TWO_THREADS, SHARDS)]
    rows.append({**rows[0], "batch": batch // 2})
    rows += [{**shape, "program": PEER, "ranks": 1, "link": "none"}] if peer else []
    rows += [{**shape, "program": program, "ranks": 2, "link": link}
             for program in ((RANKS, PEER) if peer else (RANKS,)) for link in LINKS]
    return rows


def batches_to_try(row):
    """The batch from which ranks are predicted to be faster, and twice that; none if they already are."""
    if not row.get("said_batch") or row["said_ms"] < row["said_alone_ms"]:
        return []
    first = 32 * math.ceil(row["said_batch"] / 32)
    return [batch for batch in (first, 2 * first) if batch <= BATCH_MAX]


def main(*words):
    if words != ("render",):
        peer = importlib.util.find_spec("torch") is not None
        if not peer:
            print("not installed: PyTorch (pip install torch numpy in a venv)", flush=True)
        begun, kept = report.start(), read()
        about = {"date": begun["date"], "commit": begun["commit"], "cpu": begun["machine"]["cpu"],
                 "cpu_name": begun["machine"]["cpu_name"]}
        for shape in SHAPES:
            rows = measure([row for row in rows_of(*shape, peer)
                            if all(word in name_of({**row, "batch": shape[1]}) for word in words)])
            for row in [row for row in rows if row["program"] == RANKS]:
                for batch in batches_to_try(row):
                    rows += measure([{**{key: row[key] for key in KEY[1:]}, "batch": batch},
                                     rows_of(shape[0], batch, False)[0]])
            for row in rows:
                kept[tuple(str({**about, **row}[key]) for key in KEY)] = {**about, **row}
            write(kept)
    report.replace(PAGE, render(read().values()).encode())


def read():
    """{values of KEY: row}"""
    rows = {}
    for row in csv.DictReader(CSV.read_text().splitlines() if CSV.exists() else []):
        row = {key: value for key, value in row.items() if value}
        row |= {key: float(row[key]) for key in FIGURES if key in row}
        row |= {key: int(row[key]) for key in ("batch", "ranks")}
        rows[tuple(str(row[key]) for key in KEY)] = row
    return rows


def write(kept):
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    for row in kept.values():
        table.writerow({key: f"{value:.4g}" if isinstance(value, float) else value for key, value in row.items()})
    report.replace(CSV, text.getvalue().encode())


def ms(row, key="ms"):
    return number(row[key]) if row and key in row else ""


def number(value):
    """At least three digits."""
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}" if value > 0 else "0"


def lines(head, body):
    """A table; the first two columns are text."""
    rows = [head, ["---"] * 2 + ["--:"] * (len(head) - 2), *body]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows) if body else "Not measured."


def fits(faster, row, alone):
    """Whether ranks are faster or slower, as predicted."""
    if abs(row["ms"] / alone["ms"] - 1) <= TIE:
        return "tie"
    return "yes" if faster == (row["ms"] < alone["ms"]) else "**no**"


def computed(row, alone, half, ranks):
    """Milliseconds per step: the fixed part, the rows, and the part of the exchange not hidden behind computing."""
    per_row = (alone["ms"] - half["ms"]) / (alone["batch"] - half["batch"])
    fixed, rows = max(0, alone["ms"] - per_row * alone["batch"]), per_row * row["batch"] / ranks
    exchange = row["exchange_ms"] * 2 * (ranks - 1) / ranks  # two ranks exchange as many bytes as the weights have
    hidden = min(max(0, 1 - row["waited_ms"] / row["exchange_ms"]) * exchange, rows)
    return fixed + rows + exchange - hidden


def section(kept):
    """kept: {(network, batch, program, link): row}"""
    steps, shares, larger, more = [], [], [], []
    for network, batch in SHAPES:
        def at(program, link="none", rows=batch):
            return kept.get((network, rows, program, link))
        alone, half = at(ONE), at(ONE, rows=batch // 2)
        steps.append([network, batch, *(ms(at(program)) for program in (ONE, TWO_THREADS, SHARDS)),
                      *(ms(at(RANKS, link)) for link in LINKS), *(ms(at(PEER, link)) for link in ("none", *LINKS))])
        for link in LINKS:
            if not (row := at(RANKS, link)) or not alone:
                continue
            faster = row["said_ms"] < row["said_alone_ms"]
            shares.append([f"{network} batch {batch}", link, f"{50 * alone['ms'] / row['ms']:.0f} %",
                           ms(row, "exchange_ms"), ms(row, "waited_ms"),
                           f"{100 * max(0, 1 - row['waited_ms'] / row['exchange_ms']):.0f} %",
                           f"{ms(row, 'said_ms')} / {ms(row, 'said_alone_ms')}: {'faster' if faster else 'slower'}",
                           f"{ms(row)} / {ms(alone)}", fits(faster, row, alone)])
            for tried in batches_to_try(row):
                ranks, one = at(RANKS, link, tried), at(ONE, rows=tried)
                if ranks and one:
                    larger.append([f"{network} batch {batch}", link, f"{row['said_batch']:.0f}", tried, ms(ranks),
                                   ms(one), fits(True, ranks, one)])
            if half and LINKS[link]:
                more.append([f"{network} batch {batch}", link, ms(alone), ms(row),
                             *(number(computed(row, alone, half, ranks)) for ranks in (2, *MORE))])
    return f"""### Milliseconds per step

One process with one thread and one shard, or with two of either; then two ranks with one thread each, by link.

{lines(["network", "batch", "1", "2 threads", "2 shards", *(f"2 ranks, {link}" for link in LINKS), "PyTorch, 1 rank",
        *(f"PyTorch, {link}" for link in LINKS)], steps)}

### Two ranks

*Efficiency* is the time on one process over twice the time on two ranks. *Exchange* is the exchange's time by itself;
*waited* is a step's wait for it and for slower ranks; the rest is hidden behind computing. *Predicted* is the program's
prediction for two ranks and for one process before the run. A measured ratio within {100 * TIE:.0f} % of 1 is a tie.

{lines(["shape", "link", "efficiency", "exchange ms", "waited ms", "hidden", "predicted", "measured", "correct"],
       shares)}

For the shapes predicted to be slower, the batch from which ranks are predicted to be faster, and measurements there:

{lines(["shape", "link", "predicted batch", "measured batch", "2 ranks ms", "one process ms", "ranks faster"], larger)}

### More ranks: computed, not measured

Milliseconds per step, computed from one process's time per row and fixed time per step, and from the exchange of two
ranks. Each of N ranks sends and receives 2 (N - 1) / N times the bytes of the weights. The hidden share is that of two
ranks, at most the time of computing.

{lines(["shape", "link", "one process, measured", "2 ranks, measured", "2 ranks", *(f"{n} ranks" for n in MORE)], more)}
"""


def render(rows):
    text = """# Ranks

Training on two processes with one thread each, compared with one process and with PyTorch's DistributedDataParallel on
gloo. The data are the images of `data/mnist`, the optimizer is momentum. Links of 10 and 1 Gbit/s are simulated between
hosts of one CPU each, which also does the work of the switch and the network card ([bench](../../bench/README.md)).
Figures are medians of alternating runs.

    sudo bench/ranks.py

measures them and writes this page and [ranks.csv](ranks.csv).
"""
    sections = {}
    for row in rows:
        sections.setdefault(row["cpu"], {})[row["network"], row["batch"], row["program"], row["link"]] = row
    for cpu, kept in sections.items():
        last = max(kept.values(), key=lambda row: (row["date"], row["commit"]))
        text += f"\n## {cpu}\n\n{last['cpu_name']}; {report.when(last)}.\n\n{section(kept)}"
    return text


if __name__ == "__main__":
    report.one_line(1, main, *sys.argv[1:])
