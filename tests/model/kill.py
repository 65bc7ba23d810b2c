#!/usr/bin/env python3
"""Kills training with SIGKILL at moments spread from its start to its end, resumes it, and compares what comes out.

Each trial runs `train --checkpoint ... --resume auto` with the options of a variant, kills it once, twice or three
times, and runs it to its end, each time on another number of threads. Weights, history and saved models must be those
of the same run without checkpoints that nobody killed, and nothing else may be left in the folder.

    tests/model/kill.py --trials 200 bin/train
"""
import argparse
import collections
import os
import subprocess
import sys
import tempfile
import time

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "mnist")
COMMON = ["--quiet", "--hidden", "64,32", "--val-limit", "200", "--seed", "3"]
VARIANTS = {
    "sgd": ["--optimizer", "sgd", "--epochs", "40", "--evals-per-epoch", "3", "--checkpoint-every", "40steps"],
    "momentum": ["--epochs", "30", "--eval-train", "on", "--bias", "all", "--checkpoint-every", "1epochs"],
    "adam": ["--optimizer", "adam", "--epochs", "25", "--drop-last", "off", "--batch", "35", "--log-gradients", "on",
             "--checkpoint-every", "0.01s"],
    "nesterov": ["--optimizer", "nesterov", "--lr", "0.01", "--early-stop", "40", "--epochs", "60", "--weight-decay",
                 "0.001", "--checkpoint-every", "31"],
    "relu": ["--activation", "relu", "--normalize", "feature", "--shuffle", "off", "--epochs", "25", "--test-holdout",
             "100", "--checkpoint-every", "25"],
}
FILES = ["history.csv", "last.safetensors", "best.safetensors"]
SAVING = ["--history", FILES[0], "--save", FILES[1], "--save-best", FILES[2]]
KEEPING = ["--checkpoint", "run.ckpt", "--resume", "auto"]
WRITTEN = ".tileprop-tmp"  # what train appends to the name of a file that it is writing


def start(train, options, threads, folder, keep):
    command = [train, *COMMON, *options, *SAVING, *(KEEPING if keep else []), "--threads-exact", str(threads)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    """The line with the weights' hash, of a run that must succeed."""
    output, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"exit {process.returncode}: {errors.strip().splitlines()[-1:]}")
    return next(line for line in output.splitlines() if line.startswith("weights"))


def contents(folder, names):
    result = {}
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            result[name] = file.read()
    return result


def without_keeping(options):
    at = options.index("--checkpoint-every")
    return options[:at] + options[at + 2:]


def reference(train, options):
    """Hash and files of the uninterrupted run without checkpoints, and the seconds of one with them."""
    with tempfile.TemporaryDirectory() as folder:
        expected = finish(start(train, without_keeping(options), 1, folder, False)), contents(folder, FILES)
    seconds = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            finish(start(train, options, 1, folder, True))
            seconds.append(time.monotonic() - began)
    return expected, sorted(seconds)[1]


def size(folder, name):
    path = os.path.join(folder, name)
    return os.path.getsize(path) if os.path.exists(path) else 0


def kill(train, options, threads, folder, moment, seen):
    """Runs for so many seconds, and counts in `seen` what the kill hit."""
    process = start(train, options, threads, folder, True)
    time.sleep(moment)
    process.kill()
    process.communicate()
    if process.returncode == 0:
        seen["came after the end"] += 1
        return
    seen["hit"] += 1
    seen["found a checkpoint to resume from"] += size(folder, "run.ckpt") > 0
    seen["hit the writing of a checkpoint"] += size(folder, "run.ckpt" + WRITTEN) > 0
    seen["hit the writing of models at the end"] += (
        any(size(folder, name + WRITTEN) > 0 or size(folder, name) > 0 for name in FILES[1:]))


def differences(train, options, expected, moments, first_threads, seen):
    with tempfile.TemporaryDirectory() as folder:
        for i, moment in enumerate(moments):
            kill(train, options, 1 + (first_threads + i) % 3, folder, moment, seen)
        weights = finish(start(train, options, 1 + (first_threads + len(moments)) % 3, folder, True))
        found = contents(folder, FILES)
        wrong = [name for name in FILES if found[name] != expected[1][name]]
        wrong += sorted(set(os.listdir(folder)) - {*FILES, "run.ckpt"})
        if weights != expected[0]:
            wrong.append(f"{weights} instead of {expected[0]}")
        return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train")
    parser.add_argument("--data", default=DATA)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--samples", default="3000", help="in an epoch; fewer where train is slow")
    arguments = parser.parse_args()
    COMMON.extend(["--data", os.path.abspath(arguments.data), "--train-limit", arguments.samples])
    train = os.path.abspath(arguments.train)
    references = {name: reference(train, options) for name, options in VARIANTS.items()}
    seen = collections.Counter()
    identical = 0
    names = list(VARIANTS)
    for trial in range(arguments.trials):
        name = names[trial % len(names)]
        expected, seconds = references[name]
        # First kills are spread evenly over each variant's run, and so are later ones.
        share = (trial // len(names) + 0.5) / max(1, -(-arguments.trials // len(names)))
        shares = [share, (share + 0.37) % 1, (share + 0.71) % 1][:1 + trial % 7 // 5 + trial % 7 // 6]
        seen[f"trials with {len(shares)} kills"] += 1
        try:
            wrong = differences(train, VARIANTS[name], expected, [s * seconds for s in shares], trial, seen)
        except (RuntimeError, OSError) as error:
            wrong = [str(error)]
        identical += not wrong
        if wrong:
            print(f"trial {trial}, {name}, killed at {[round(s * seconds, 4) for s in shares]} s: {', '.join(wrong)}")
    for name, (_, seconds) in references.items():
        print(f"{name}: {seconds:.3f} s a run")
    for what in sorted(w for w in seen if w.startswith("trials")):
        print(f"{seen[what]} {what}")
    print(f"{seen['hit']} kills hit a run, {seen['came after the end']} came after the end; of those that hit")
    for what in ("found a checkpoint to resume from", "hit the writing of a checkpoint",
                 "hit the writing of models at the end"):
        print(f"{seen[what]} {what}")
    print(f"{identical} of {arguments.trials} identical")
    return 0 if identical == arguments.trials else 1


if __name__ == "__main__":
    sys.exit(main())
