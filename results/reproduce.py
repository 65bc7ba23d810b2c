#!/usr/bin/env python3
"""Repeats the experiments: reproduce.py [items|sweeps]; items without an argument.

An item is a folder here with a run.conf. 2a says what the data are, in limited.json and all.json. 2b and 4c check
gradients, in check.json. The others are trained with five seeds, by one `sweep` for the first seed, which also evaluates
the training set, and one for the rest. Kept of an item:

    summary.json  results by seed
    curves.csv    evaluations: means and sample standard deviations over the seeds while all of them train, and the
                  training accuracy of the first seed
    loss.csv      training loss: mean and deviation over 10 steps of all seeds
    layers.csv    by epoch and layer: gradient norm (geometric mean), RMS of activations, saturation, over all seeds

`sweeps` repeats what SWEEPS lists, and keeps the runs of each in sweeps/NAME.csv. No file but run.json names a machine
or a time.
"""

import concurrent.futures
import csv
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(os.environ.get("TP_BIN", HERE.parent / "bin")).resolve()
STATS = ["2a"]
CHECKS = ["2b", "4c"]
ITEMS = ["4e/slow", "4e", "3", "2c", "3a", "4b", "4e/sigmoid", "3c", "4d", "3b", "4a"]  # the longest first
SEEDS = 5
TEN = ",".join(["64"] * 10)
SWEEPS = {
    "momentum": ["--vary", "config=3b/run.conf,3c/run.conf", "--vary", "lr=0.002,0.005,0.01,0.02,0.05,0.1,0.2",
                 "--seeds", "10"],
    "depth": ["--config", "3c/run.conf", "--vary", f"hidden=64|60,60|{TEN}", "--vary", "lr=0.001,0.002,0.005,0.01,0.02",
              "--seeds", "5"],
    "widths": ["--config", "3c/run.conf", "--vary", "hidden=32,64,128,256,512,1024", "--vary", "lr=0.002,0.005,0.01,0.02",
               "--seeds", "5"],
}
STEPS = 10  # whose training loss is averaged
EPOCH = 625  # steps


def run_json(program, *options):
    """The JSON object that a program prints."""
    done = subprocess.run([BIN / program, *options, "--json", "--quiet"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, cwd=HERE)
    if done.returncode:
        sys.exit(f"reproduce.py: {program} {' '.join(map(str, options))}: {done.stderr}")
    return json.loads(done.stdout)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_csv(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def read_config(item):
    lines = (HERE / item / "run.conf").read_text().splitlines()
    return dict(map(str.strip, line.split("=", 1)) for line in lines if line.strip() and line[0] != "#")


def read_runs(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(line for line in file if line[0] != "#"))


def keep_stats(item):
    write_json(HERE / item / "limited.json", run_json("train", "--config", f"{item}/run.conf", "--stats"))
    write_json(HERE / item / "all.json", run_json("train", "--stats"))


def rounded(value):
    """Two digits of each real number: exp and tanh in double differ in their last bits from one libm to the next."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return float(f"{value:.1e}") if isinstance(value, float) else value


def keep_check(item):
    found = run_json("train", "--config", f"{item}/run.conf", "--check-gradient")
    del found["tiers"]  # those of this CPU; the program fails where one of them is wrong
    write_json(HERE / item / "check.json", rounded(found))


# --- Items ---------------------------------------------------------------------------------------------------------


class History:
    """Losses of all steps, and the evaluations by column."""

    def __init__(self, path):
        header, *lines = Path(path).read_text().splitlines()
        self.columns = header.split(",")
        self.losses = [float(line.split(",", 3)[2]) for line in lines]
        rows = [line.split(",") for line in lines if ",,," not in line]
        self.steps = [int(row[0]) for row in rows]
        self.of = {name: [row[i] for row in rows] for i, name in enumerate(self.columns)}

    def numbers(self, name):
        return [float(value) for value in self.of[name]]


def mean_and_deviation(values):
    return f"{statistics.fmean(values):.6g}", f"{statistics.stdev(values):.3g}"


def keep_curves(folder, histories):
    least = min(len(h.steps) for h in histories)
    names = ["validation_loss", "validation_accuracy"]
    values = {name: [h.numbers(name) for h in histories] for name in names}
    rows = [[histories[0].steps[i],
             *(text for name in names for text in mean_and_deviation([seed[i] for seed in values[name]])),
             histories[0].of["train_accuracy"][i]] for i in range(least)]
    write_csv(folder / "curves.csv",
              ["step", *(text for name in names for text in (name, f"{name}_deviation")), "train_accuracy"], rows)


def keep_losses(folder, histories):
    least = min(len(h.losses) for h in histories)
    rows = []
    for begin in range(0, least - STEPS + 1, STEPS):
        losses = [loss for h in histories for loss in h.losses[begin:begin + STEPS]]
        rows.append([begin + STEPS // 2, *mean_and_deviation(losses)])
    write_csv(folder / "loss.csv", ["step", "mean", "deviation"], rows)


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values)))


def keep_layers(folder, histories):
    """Of whole epochs in which all seeds trained."""
    epochs = min(len(h.losses) for h in histories) // EPOCH
    places = [i for i, step in enumerate(histories[0].steps) if step < epochs * EPOCH]
    means = {"grad_norm": geometric_mean, "activation_rms": statistics.fmean, "saturation": statistics.fmean}
    columns = [name for name in histories[0].columns if name.rsplit("_", 1)[0] in means]
    values = {name: [h.numbers(name) for h in histories] for name in columns}
    rows = []
    for epoch in range(epochs):
        here = [i for i in places if histories[0].steps[i] // EPOCH == epoch]
        rows.append([epoch + 1, *(f"{means[name.rsplit('_', 1)[0]]([s[i] for s in values[name] for i in here]):.4g}"
                                  for name in columns)])
    write_csv(folder / "layers.csv", ["epoch", *columns], rows)


def result_of(run, history):
    """What is kept of a row of --runs."""
    names = ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "best_validation_loss",
             "best_validation_accuracy"]
    losses = history.numbers("validation_loss")
    return {"seed": int(run["seed"]), "stopped_by": run["stopped_by"], "steps": int(run["steps"]),
            "epochs": int(run["epochs"]), **{name: float(run[name]) for name in names},
            "best_step": history.steps[losses.index(min(losses))],
            "steps_to": {limit: next((s for s, loss in zip(history.steps, losses) if loss <= float(limit)), None)
                         for limit in ("0.5", "0.3", "0.2", "0.15")},
            "weights_hash": run["weights"]}


def keep_item(item, runs, paths):
    """runs: rows of --runs by seed; paths: of their histories."""
    folder, histories = HERE / item, [History(path) for path in paths]
    write_json(folder / "summary.json", {"item": item, "config": read_config(item),
                                         "runs": [result_of(*pair) for pair in zip(runs, histories)]})
    keep_curves(folder, histories)
    keep_losses(folder, histories)
    if {"log-gradients", "log-activations"} & read_config(item).keys():
        keep_layers(folder, histories)


def sweep_items(folder, name, *options):
    """The runs of all items and the paths of their histories."""
    found = run_json("sweep", "--vary", "config=" + ",".join(f"{item}/run.conf" for item in ITEMS), *options,
                     "--runs", folder / f"{name}.csv", "--histories", folder / name)
    rows = read_runs(folder / f"{name}.csv")
    return found, {row["run"]: row for row in rows}, lambda run: folder / name / f"{run}.csv"


def keep_items():
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, concurrent.futures.ProcessPoolExecutor() as pool:
        folder = Path(name)
        found, first, first_path = sweep_items(folder, "first")
        _, others, path = sweep_items(folder, "others", "--eval-train", "off", "--seed", "2", "--seeds", str(SEEDS - 1),
                                      "--test-holdout", "none")
        kept = []
        for place, item in enumerate(ITEMS):
            rest = [str(place * (SEEDS - 1) + k) for k in range(SEEDS - 1)]
            kept.append(pool.submit(keep_item, item, [first[str(place)], *(others[run] for run in rest)],
                                    [first_path(place), *map(path, rest)]))
        for each in kept:
            each.result()
        best = found["configurations"][0]["options"]["config"].removesuffix("/run.conf")
        write_json(HERE / "test.json", {"item": best, "accuracy": found["test_accuracy"], "loss": found["test_loss"]})
        list(pool.map(draw, sorted(HERE.glob("[2-4]*/*.gp"))))
    steps = {item: [1e6 * float(row["seconds"]) / float(row["steps"]) for row in others.values()
                    if row["config"] == f"{item}/run.conf"] for item in ITEMS}
    keep_machine({"items": round(time.monotonic() - began, 1)},
                 microseconds_per_step={item: round(statistics.fmean(steps[item]), 1) for item in ITEMS})


def draw(script):
    subprocess.run(["gnuplot", script.name], cwd=script.parent, check=True)


# --- Sweeps --------------------------------------------------------------------------------------------------------


def keep_sweep(name):
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.csv"
        run_json("sweep", *SWEEPS[name], "--eval-train", "off", "--log-gradients", "off", "--log-activations", "off",
                 "--test-holdout", "none", "--runs", path)
        rows = sorted(read_runs(path), key=lambda row: int(row["run"]))
    kept = [column for column in rows[0] if column not in ("run", "seconds")]
    write_csv(HERE / "sweeps" / f"{name}.csv", kept,
              [[row[column].replace(",", "-") for column in kept] for row in rows])  # gnuplot splits at quoted commas
    keep_machine({f"sweep_{name}": round(time.monotonic() - began, 1)})


# --- All -----------------------------------------------------------------------------------------------------------


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def keep_machine(seconds, **others):
    """Steps of microseconds_per_step have their share of the evaluations in them."""
    path = HERE / "run.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    version = subprocess.run([BIN / "train", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    write_json(path, {**known, **others, "seconds": {**known.get("seconds", {}), **seconds}, "cpu": cpu_model(),
                      "cpus": len(os.sched_getaffinity(0)), "version": version.splitlines()})


def main():
    what = sys.argv[1:] or ["items"]
    if what == ["items"]:
        for item in STATS:
            keep_stats(item)
        for item in CHECKS:
            keep_check(item)
        keep_items()
    elif what == ["sweeps"]:
        for name in SWEEPS:
            keep_sweep(name)
        for script in sorted((HERE / "sweeps").glob("*.gp")):
            draw(script)
    else:
        sys.exit(f"reproduce.py: {' '.join(what)!r} found, expected items or sweeps")


if __name__ == "__main__":
    main()
