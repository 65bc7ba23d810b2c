#!/usr/bin/env python3
"""Times whole programs on one task: programs.py [PYTHON ...], python3 without arguments.

The task is TASK below, on the MNIST of data/mnist. Each program trains SEEDS networks on each count of threads, the
programs in turn, seed by seed, and what counts is the median. Its seconds run from the moment when its process is
started, so imports and the reading of data are in them, to the end of the first evaluation with GOAL; its microseconds
per step are of steps alone, without evaluations. A Python program is run by the first PYTHON that has its module; one
that no PYTHON has is named, with how to install it. Figures go to results/bench/CPU-programs.json.
Exit status: 0 done, 1 a program failed, which leaves the file as it was.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import store

HERE = Path(__file__).resolve().parent
TRAIN = Path(os.environ.get("TP_TRAIN", store.ROOT / "bin/train")).resolve()
DATA = store.ROOT / "data/mnist"
SEEDS = [int(seed) for seed in os.environ.get("TP_SEEDS", "1 2 3 4 5").split()]
TASK = {"hidden": 64, "activation": "tanh", "batch": 32, "learning_rate": 0.02, "momentum": 0.9,
        "evaluations_per_epoch": 5, "epochs": 30, "goal": 0.97}
# What is set here to suit other programs would hold back the libraries below these.
HELD_BACK = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]


class Failure(Exception):
    pass


def run(command, threads):
    """(seconds of the process, the JSON object that its output ends with)"""
    environment = {key: value for key, value in os.environ.items() if key not in HELD_BACK}
    environment.update(OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    began = time.monotonic()
    done = subprocess.run([*map(str, command), *([str(began)] if command[0] != TRAIN else [])],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    seconds = time.monotonic() - began
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise Failure(f"exit status {done.returncode}" + (f": {said[-1]}" if said else ""))
    try:
        return seconds, json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise Failure("expected JSON as its last line, found none") from None


def run_ours(seed, threads):
    options = {"data": DATA, "hidden": TASK["hidden"], "activation": TASK["activation"], "bias": "all",
               "optimizer": "momentum", "lr": TASK["learning_rate"], "momentum": TASK["momentum"],
               "batch": TASK["batch"], "epochs": TASK["epochs"], "evals-per-epoch": TASK["evaluations_per_epoch"],
               "stop-at-accuracy": TASK["goal"], "seed": seed, "threads": threads}
    seconds, found = run([TRAIN, *(f"--{key}={value}" for key, value in options.items()), "--json", "--quiet"], threads)
    goal = found["stop_at_accuracy"]
    # The program's clock begins with main and its last evaluations come after the goal: only those are taken off.
    after = found["seconds_total"] - goal["seconds"] if goal["reached"] else 0
    return {"version": f"{store.commit()}, {found['isa']}", "steps": found["steps"],
            "step_seconds": found["seconds_training"] / found["steps"],
            "seconds": seconds - after if goal["reached"] else None}


def run_python(python, script, seed, threads):
    """Seconds since its process was started are reckoned by the program, on the clock that all processes share."""
    arguments = json.dumps({**TASK, "data": str(DATA), "seed": seed, "threads": threads})
    _, found = run([python, HERE / "programs" / script[0], *script[1:], arguments], threads)
    return found


def has(python, module):
    try:
        asked = f"import importlib.util, sys; sys.exit(not importlib.util.find_spec({module!r}))"
        return subprocess.run([python, "-c", asked], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def find(pythons):
    """[(name, a function of seed and threads)] of what is here, and [(name, how to install it)] of what is not."""
    here, missing = [("tileprop", run_ours)], []
    for name, module, script, how in [
            ("scikit-learn", "sklearn", ["scikit_learn.py"], "Debian: python3-sklearn"),
            ("PyTorch, eager", "torch", ["pytorch.py"], "pip install torch in a venv; make bench-programs PYTHON=..."),
            ("PyTorch, compiled", "torch", ["pytorch.py", "compiled"], "likewise")]:
        python = next((python for python in pythons if has(python, module)), None)
        if python:
            here.append((name, lambda seed, threads, python=python, script=script:
                         run_python(python, script, seed, threads)))
        else:
            missing.append((name, how))
    return here, missing


def summary(name, threads, runs):
    """Medians; a run without the goal took longer than any that has it."""
    reached = [run["seconds"] for run in runs if run["seconds"] is not None]
    seconds = statistics.median_low(reached + [float("inf")] * (len(runs) - len(reached)))
    return {"program": name, "version": runs[0]["version"], "threads": threads, "seeds": len(runs),
            "reached": len(reached), "step_seconds": statistics.median(run["step_seconds"] for run in runs),
            "steps": statistics.median_low(run["steps"] for run in runs),
            "seconds": None if seconds == float("inf") else seconds}


def line(row):
    seconds = "-" if row["seconds"] is None else f"{row['seconds']:.2f}"
    return (f"{row['program']:18} {row['version']:28} {row['threads']:7} {1e6 * row['step_seconds']:9.1f} "
            f"{row['steps']:7} {seconds:>8} {row['reached']:4} of {row['seeds']}")


def main():
    programs, missing = find(sys.argv[1:] or ["python3"])
    for name, how in missing:
        print(f"not here: {name} ({how})")
    machine = store.machine()
    counts = sorted({1, min(2, len(os.sched_getaffinity(0)))})
    print(f"784-{TASK['hidden']}-10, {TASK['activation']}, batch {TASK['batch']}, learning rate "
          f"{TASK['learning_rate']}, momentum {TASK['momentum']}; seconds to {TASK['goal']:.0%}, medians of "
          f"{len(SEEDS)} seeds\n{'program':18} {'version':28} threads   us/step   steps  seconds  reached")
    rows = []
    for threads in counts:
        runs = {name: [] for name, _ in programs}
        for seed in SEEDS:
            for name, program in programs:
                try:
                    runs[name].append(program(seed, threads))
                except (Failure, KeyError, OSError) as error:
                    sys.exit(f"programs.py: {name}, seed {seed}, {threads} threads: {error}")
        for name, _ in programs:
            rows.append(summary(name, threads, runs[name]))
            print(line(rows[-1]), flush=True)
    store.write_json(store.RESULTS / f"{machine['cpu']}-programs.json",
                     {"commit": store.commit(), "date": store.date(), "programs": rows, "task": TASK,
                      "missing": [{"program": name, "how": how} for name, how in missing]})


if __name__ == "__main__":
    main()
