#!/usr/bin/env python3
"""Repeats experiments: reproduce.py [ITEM ...], all but the widths without arguments.

Each item is a folder here with a run.conf. 2a says what the data are, in limited.json and all.json. 2b and 4c check
gradients, in check.json. Any other one is a run that is repeated for five seeds, as many runs at a time as there
are CPUs with one thread each (the number of threads changes no bit of a result). What is kept of an item:

    history.csv   what --history wrote for the plotted seed
    seeds.csv     the evaluations of every seed
    loss.csv      the plotted seed's training loss: mean and deviation over 10 steps
    summary.json  results by seed, their means and sample standard deviations

All runs that are there are put side by side in summary.md. None of these names a machine or a time; those are in run.json.
"""

import concurrent.futures
import csv
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TRAIN = Path(os.environ.get("TP_TRAIN", HERE.parent / "bin/train")).resolve()
STATS = ["2a"]
CHECKS = ["2b", "4c"]
ITEMS = ["2c", "3", "3a", "3b", "3c", "4a", "4b", "4d", "4e"]
WIDTHS = ["widths/256", "widths/512", "widths/1024"]
SEEDS = [1, 2, 3, 4, 5]
PLOTTED = 1  # as in every run.conf
THRESHOLDS = ["0.5", "0.3", "0.2", "0.15", "0.12", "0.1"]
MEASURES = ["steps", "epochs", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy",
            "test_loss", "test_accuracy", "best_validation_loss", "best_validation_accuracy", "best_step",
            "gap_loss", "gap_accuracy"]
BIN = 10  # steps of which the training loss is averaged


def read_config(item):
    lines = (HERE / item / "run.conf").read_text().splitlines()
    return dict(map(str.strip, line.split("=", 1)) for line in lines if line.strip() and line[0] != "#")


def ask(item, options):
    """The JSON object that train prints."""
    done = subprocess.run([TRAIN, *options, "--json", "--quiet"], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"reproduce.py: {item}: train exited with {done.returncode}")
    return json.loads(done.stdout)


def keep_stats(item):
    config = HERE / item / "run.conf"
    write_json(HERE / item / "limited.json", ask(item, ["--config", config, "--stats"]))
    write_json(HERE / item / "all.json", ask(item, ["--stats"]))


def rounded(value):
    """Two digits of each real number: exp and tanh in double differ in their last bits from one libm to the next."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return float(f"{value:.1e}") if isinstance(value, float) else value


def keep_check(item):
    began = time.monotonic()
    found = ask(item, ["--config", HERE / item / "run.conf", "--check-gradient"])
    seconds = time.monotonic() - began
    del found["tiers"]  # those of this CPU; ask() fails where one of them is wrong
    write_json(HERE / item / "check.json", rounded(found))
    known = machine()
    known["seconds"][item] = round(seconds, 2)
    write_json(HERE / "run.json", known)


def work(item):
    """A guess at the run's length, to begin with the longest: multiply-adds of a sample."""
    widths = [784, *map(int, read_config(item)["hidden"].split(",")), 10]
    return sum(a * b for a, b in zip(widths, widths[1:]))


def run(item, seed, folder):
    """Trains one seed; returns its results and its history's rows."""
    history = Path(folder) / f"{item.replace('/', '-')}-{seed}.csv"
    command = [TRAIN, "--config", HERE / item / "run.conf", "--threads-exact", "1", "--history", history,
               "--json", "--quiet"]
    if seed != PLOTTED:
        command += ["--seed", str(seed), "--eval-train", "off", "--log-gradients", "off"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"reproduce.py: {item}, seed {seed}: train exited with {done.returncode}")
    return json.loads(done.stdout), history.read_text()


def evaluations(history):
    return [row for row in csv.DictReader(history.splitlines()) if row["validation_loss"]]


def summarise(seed, result, history):
    rows = evaluations(history)
    summary = {"seed": seed, "stopped_by": result["stopped_by"], "weights_hash": result["weights_hash"]}
    result["gap_loss"] = result["validation_loss"] - result["train_loss"]
    result["gap_accuracy"] = result["train_accuracy"] - result["validation_accuracy"]
    summary.update((key, result[key]) for key in MEASURES)
    summary["steps_to"] = {
        limit: next((int(row["step"]) for row in rows if float(row["validation_loss"]) <= float(limit)), None)
        for limit in THRESHOLDS}
    return summary


def statistics_of(runs):
    columns = {key: [run[key] for run in runs] for key in MEASURES}
    reached = {limit: [run["steps_to"][limit] for run in runs if run["steps_to"][limit] is not None]
               for limit in THRESHOLDS}
    every = {limit: steps for limit, steps in reached.items() if len(steps) == len(runs)}
    def apply(function):
        return {**{key: function(values) for key, values in columns.items()},
                "steps_to": {limit: function(every[limit]) if limit in every else None for limit in THRESHOLDS}}
    return {"mean": apply(statistics.fmean), "deviation": apply(statistics.stdev),
            "reached": {limit: len(steps) for limit, steps in reached.items()}}


def write_csv(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def keep(item, runs):
    """Writes an item's files from {seed: (result, history)}."""
    folder = HERE / item
    plotted = runs[PLOTTED][1]
    (folder / "history.csv").write_text(plotted)

    columns = ["step", "epoch", "train_loss", "validation_loss", "validation_accuracy"]
    write_csv(folder / "seeds.csv", ["seed", *columns],
              [[seed, *(row[c] for c in columns)] for seed in SEEDS for row in evaluations(runs[seed][1])])

    losses = [float(row["train_loss"]) for row in csv.DictReader(plotted.splitlines())]
    bins = [losses[i:i + BIN] for i in range(0, len(losses) - BIN + 1, BIN)]
    write_csv(folder / "loss.csv", ["step", "mean", "deviation"],
              [[i * BIN + (BIN - 1) / 2, f"{statistics.fmean(b):.9g}", f"{statistics.pstdev(b):.9g}"]
               for i, b in enumerate(bins)])

    summaries = [summarise(seed, *runs[seed]) for seed in SEEDS]
    write_json(folder / "summary.json",
               {"item": item, "config": read_config(item), "parameters": runs[PLOTTED][0]["parameters"],
                "plotted_seed": PLOTTED, "runs": summaries, **statistics_of(summaries)})


def plot():
    """All figures, since many show several items."""
    for script in sorted(HERE.glob("*/*.gp")):
        subprocess.run(["gnuplot", script.name], cwd=script.parent, check=True)


def pair(summary, key, digits, factor=1):
    mean, deviation = summary["mean"][key] * factor, summary["deviation"][key] * factor
    return f"{mean:,.{digits}f} \u00b1 {deviation:,.{digits}f}"


def steps_to(summary, limit):
    if summary["reached"][limit] < len(SEEDS):
        return f"{summary['reached'][limit]} of {len(SEEDS)} seeds"
    return f"{summary['mean']['steps_to'][limit]:,.0f}"


def write_table():
    """One row for each item that has results."""
    rows = ["| item | hidden | parameters | best validation loss | at step | steps to 0.3 | to 0.15 | train % | "
            "validation % | test % | loss: validation - train |", "|---" * 11 + "|"]
    for item in ITEMS + WIDTHS:
        path = HERE / item / "summary.json"
        if not path.exists():
            continue
        s = json.loads(path.read_text())
        hidden = s["config"]["hidden"]
        cells = [f"[{item}]({item}/run.conf)", hidden.replace(",", ", "), f"{s['parameters']:,}",
                 pair(s, "best_validation_loss", 4), pair(s, "best_step", 0), steps_to(s, "0.3"), steps_to(s, "0.15"),
                 *(pair(s, f"{name}_accuracy", 2, 100) for name in ("train", "validation", "test")),
                 pair(s, "gap_loss", 4)]
        rows.append("| " + " | ".join(cells) + " |")
    (HERE / "summary.md").write_text("# Results side by side\n\nMeans and sample standard deviations of five seeds; "
                                     "accuracies are those of the final weights.\n\n" + "\n".join(rows) + "\n")


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def machine():
    """What run.json says, of this machine and this build."""
    path = HERE / "run.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    version = subprocess.run([TRAIN, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {"microseconds_per_step": {}, "seconds": {}, **known, "cpu": cpu_model(),
            "cpus": len(os.sched_getaffinity(0)), "version": version.splitlines()}


def keep_times(items, results, seconds):
    known = machine()
    for item in items:
        by_seed = [results[item, seed][0] for seed in SEEDS]
        known["microseconds_per_step"][item] = [
            round(1e6 * result["seconds_training"] / result["steps"], 2) for result in by_seed]
        known["seconds"][item] = [round(result["seconds_total"], 2) for result in by_seed]
    if items == ITEMS:
        known["seconds_of_all_runs"] = round(seconds, 1)
    write_json(HERE / "run.json", known)


def repeat(items):
    began = time.monotonic()
    # The plotted seed evaluates the training set besides, which makes its run about twice as long.
    jobs = sorted(((item, seed) for item in items for seed in SEEDS),
                  key=lambda job: -work(job[0]) * (2 if job[1] == PLOTTED else 1))
    results = {}
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        running = {pool.submit(run, *job, folder): job for job in jobs}
        for future in concurrent.futures.as_completed(running):
            item, seed = running[future]
            results[item, seed] = future.result()
            print(f"{item} seed {seed}: validation loss {results[item, seed][0]['best_validation_loss']:.4f} "
                  f"at best, {time.monotonic() - began:.1f} s", flush=True)
    for item in items:
        keep(item, {seed: results[item, seed] for seed in SEEDS})
    plot()
    write_table()
    keep_times(items, results, time.monotonic() - began)


def main():
    known = STATS + CHECKS + ITEMS + WIDTHS
    items = sys.argv[1:] or STATS + CHECKS + ITEMS
    unknown = [item for item in items if item not in known]
    if unknown:
        sys.exit(f"reproduce.py: no item {unknown[0]!r}, expected some of {' '.join(known)}")
    for item in items:
        if item in STATS:
            keep_stats(item)
        elif item in CHECKS:
            keep_check(item)
    runs = [item for item in items if item in ITEMS + WIDTHS]
    if runs:
        repeat(runs)


if __name__ == "__main__":
    main()
