#!/usr/bin/env python3
"""Compares a build's speed with that of another commit: against.py BENCH REF [--workload NAMES] [--rounds N].

REF is built from git history in build/against; `baseline` is the commit that bench/baseline names. Both builds time
their own workloads, in turn: in each round REF, this, this, REF. An attempt tells a workload from noise when REF
against itself, one round against the next, varies by no more than NOISE. The workload is fine when an attempt tells it
and does not find it slower; it is slower when TELLING attempts of at most ATTEMPTS find the interval of its ratio above
LIMIT; attempts after the first are about those alone that are neither. Exit status: 0 all are fine, 1 one is slower, 2
wrong use, 3 a bench or file that cannot be used, 77 nothing can be said of one, or there is no such history.
"""

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, TELLING, ATTEMPTS = 21, 3, 6
PROCESS_ROUNDS = 3  # of each workload in one process: what differs most is where a process finds its memory
LIMIT = 1.05
NOISE = 0.05  # half the width of REF's interval against itself
CONFIDENCE = 0.99
SETTLED = ("fine", TELLING)  # or the number of attempts that found a workload slower
RESAMPLES = 2000
LONG = 10  # seconds


def inconclusive(reason):
    print(f"# SKIP against: {reason}")
    sys.exit(77)


def baseline():
    path = ROOT / "bench/baseline"
    if not path.exists():
        inconclusive("bench/baseline names no commit")
    named = re.search(r"^commit *= *(\S+)", path.read_text(), re.MULTILINE)
    if not named:
        print(f"{path}: expected a line commit = HASH, found none", file=sys.stderr)
        sys.exit(3)
    return named[1]


def git(*arguments):
    done = subprocess.run(["git", "-C", ROOT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def resolve(ref):
    return git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")


def build(ref, program="bin/bench"):
    """A program of a commit, by the compiler of the environment's CC and CXX."""
    commit = resolve(ref)
    if not commit:
        inconclusive(f"no commit {ref} in this history")
    folder = ROOT / "build/against" / commit[:12]
    built = folder / program
    if not folder.exists():
        if git("cat-file", "-e", f"{commit}:bench/workload.h") is None:
            inconclusive(f"{commit[:12]} has no workloads")
        beside = folder.with_name(folder.name + ".new")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        archive = subprocess.Popen(["git", "-C", ROOT, "archive", commit], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", beside], stdin=archive.stdout, check=True)
        archive.wait()
        beside.rename(folder)
    compilers = [f"{name}={os.environ[name]}" for name in ("CC", "CXX") if os.environ.get(name)]
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
    made = subprocess.run(["make", "-C", folder, f"-j{os.cpu_count()}", *compilers, program],
                          stdout=subprocess.DEVNULL, env=environment)
    if made.returncode:
        inconclusive(f"{commit[:12]} does not build here")
    return commit, built


def run(bench, workload):
    """{workload: seconds}, the shortest of its rounds: what disturbs only adds time. Empty: the
    build has no such one."""
    command = [bench, "--workload", workload, "--rounds", str(PROCESS_ROUNDS), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode == 2 and workload != "all":
        return {}
    if done.returncode:
        print(f"against.py: {bench}: exit status {done.returncode}: {done.stderr.strip()}", file=sys.stderr)
        sys.exit(3)
    return {name: min(seconds) for name, seconds in json.loads(done.stdout)["workloads"].items()}


def run_all(bench, workloads):
    return {name: seconds for workload in workloads for name, seconds in run(bench, workload).items()}


def interval(ratios):
    """Median, and its percentile interval by resampling; the same one for the same ratios."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    cut = int((1 - CONFIDENCE) / 2 * RESAMPLES)
    return statistics.median(ratios), medians[cut], medians[-1 - cut]


def attempt(ours, theirs, workloads, count):
    """{workload: (ratio, low, high, noise, our seconds, their seconds)}."""
    rounds = []
    for _ in range(count):
        rounds.append([run_all(bench, workloads) for bench in (theirs, ours, ours, theirs)])
    found = {}
    for name in rounds[0][0].keys() & rounds[0][1].keys():
        times = [[result[name] for result in four] for four in rounds]
        alone = [min(a, d) for a, _, _, d in times]
        _, low, high = interval([before / after for before, after in zip(alone, alone[1:])])
        ratios = [min(b, c) / min(a, d) for a, b, c, d in times]
        found[name] = (*interval(ratios), (high - low) / 2,
                       statistics.median(min(b, c) for _, b, c, _ in times),
                       statistics.median(alone))
    return found, sorted(rounds[0][1].keys() - rounds[0][0].keys())


def judge(told, name, low, noise):
    """Notes what an attempt says of a workload; the word for it."""
    if noise > NOISE:
        return f"too noisy: {noise:.3f}"
    if low <= LIMIT:
        told[name] = "fine"
        return ""
    told[name] = told.get(name, 0) + 1
    return "slower"


def main():
    parser = argparse.ArgumentParser(prog="against.py", allow_abbrev=False)
    parser.add_argument("bench")
    parser.add_argument("ref")
    parser.add_argument("--workload", default="all")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    if options.rounds < 3:
        parser.error(f"--rounds: expected at least 3, found {options.rounds}")
    workloads, told = options.workload.split(","), {}
    began = time.monotonic()
    for name in workloads:
        if not run(options.bench, name):
            print(f"against.py: --workload: this build has no {name}", file=sys.stderr)
            sys.exit(2)
    if options.ref != "baseline" and git("rev-parse", "HEAD") and not resolve(options.ref):
        print(f"against.py: --against: expected a commit, found \"{options.ref}\"", file=sys.stderr)
        sys.exit(2)
    seconds = 4 * options.rounds * (time.monotonic() - began)
    if seconds > LONG:
        print(f"against.py: each attempt takes about {seconds:.0f} s", file=sys.stderr)
    commit, theirs = build(baseline() if options.ref == "baseline" else options.ref)
    for number in range(1, ATTEMPTS + 1):
        found, new = attempt(options.bench, theirs, workloads, options.rounds)
        if not found:
            inconclusive(f"{commit[:12]} has none of these workloads")
        print(f"attempt {number}, this build's time as a multiple of {commit[:12]}'s, {options.rounds} rounds")
        for name, (ratio, low, high, noise, our, their) in sorted(found.items()):
            if told.get(name) in SETTLED:
                continue
            said = judge(told, name, low, noise)
            print(f"  {name:24} {ratio:6.3f}  [{low:.3f}, {high:.3f}]  {1e6 * our:9.2f} us, was {1e6 * their:9.2f} us  "
                  + said, flush=True)
            if told.get(name) == TELLING:
                print(f"against.py: slower than {commit[:12]} by more than {LIMIT - 1:.0%} in {TELLING} attempts: "
                      f"{name}: {1e6 * our:.2f} us, was {1e6 * their:.2f} us, ratio {ratio:.3f} "
                      f"[{low:.3f}, {high:.3f}]", file=sys.stderr)
        for name in new if number == 1 else []:
            print(f"  {name:24} new")
        untold = [name for name in sorted(found) if told.get(name) not in SETTLED]
        if not untold:
            break
        if 3 * len(untold) < len(found):  # else one process for all is quicker than one for each
            workloads = untold
    if TELLING in told.values():
        sys.exit(1)
    if untold:
        inconclusive("too noisy to tell: " + ", ".join(untold))
    print("no workload is slower")


if __name__ == "__main__":
    main()
