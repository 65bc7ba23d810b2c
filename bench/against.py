#!/usr/bin/env python3
"""Compares a build's speed with that of another commit: against.py BENCH REF.

REF is built from git history in build/against; `baseline` is the commit that bench/baseline names. Both builds time
their own workloads, in turn: in each round REF, this, this, REF. In an attempt a workload is told apart from noise when
REF against itself, one round against the next, varies by no more than NOISE. It is fine when one of ATTEMPTS attempts
tells it and does not find it slower; it is slower when every attempt finds the interval of its ratio above LIMIT. Exit
status: 0 all are fine, 1 one is slower, 2 wrong use, 77 nothing can be said of one, or there is no such history.
"""

import json
import os
import random
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, ATTEMPTS = 15, 3
LIMIT = 1.05
NOISE = 0.05  # half the width of REF's interval against itself
CONFIDENCE = 0.99
RESAMPLES = 2000


def inconclusive(reason):
    print(f"# SKIP against: {reason}")
    sys.exit(77)


def baseline():
    path = ROOT / "bench/baseline"
    if not path.exists():
        inconclusive("bench/baseline names no commit")
    lines = [line.split("=", 1) for line in path.read_text().splitlines() if line.strip() and line[0] != "#"]
    return {key.strip(): value.strip() for key, value in lines}["commit"]


def git(*arguments):
    done = subprocess.run(["git", "-C", ROOT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def build(ref, program="bin/bench"):
    """A program of a commit, which is built once."""
    commit = git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    if not commit:
        inconclusive(f"no commit {ref} in this history")
    folder = ROOT / "build/against" / commit[:12]
    built = folder / program
    if not built.exists():
        if git("cat-file", "-e", f"{commit}:bench/workload.h") is None:
            inconclusive(f"{commit[:12]} has no workloads")
        folder.mkdir(parents=True, exist_ok=True)
        archive = subprocess.Popen(["git", "-C", ROOT, "archive", commit], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", folder], stdin=archive.stdout, check=True)
        archive.wait()
        environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
        made = subprocess.run(["make", "-C", folder, f"-j{os.cpu_count()}", program], stdout=subprocess.DEVNULL,
                              env=environment)
        if made.returncode:
            inconclusive(f"{commit[:12]} does not build here")
    return commit, built


def run(bench):
    """{workload: seconds}, the shortest of its rounds: what disturbs only adds time."""
    command = [bench, "--workload", "all", "--rounds", "7", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"against.py: {bench} exited with {done.returncode}")
    return {name: min(seconds) for name, seconds in json.loads(done.stdout)["workloads"].items()}


def interval(ratios):
    """Median, and its percentile interval by resampling; the same one for the same ratios."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    cut = int((1 - CONFIDENCE) / 2 * RESAMPLES)
    return statistics.median(ratios), medians[cut], medians[-1 - cut]


def attempt(ours, theirs):
    """{workload: (ratio, low, high, noise, our seconds, their seconds)}."""
    rounds = []
    for _ in range(ROUNDS):
        rounds.append([run(theirs), run(ours), run(ours), run(theirs)])
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


def main():
    if len(sys.argv) != 3:
        print("against.py: expected BENCH and REF", file=sys.stderr)
        sys.exit(2)
    commit, theirs = build(baseline() if sys.argv[2] == "baseline" else sys.argv[2])
    fine, found_slow = set(), {}
    for number in range(1, ATTEMPTS + 1):
        found, new = attempt(sys.argv[1], theirs)
        print(f"attempt {number}, this build's time as a multiple of {commit[:12]}'s, {ROUNDS} rounds")
        for name, (ratio, low, high, noise, our, their) in sorted(found.items()):
            said = "too noisy: {noise:.3f}" if noise > NOISE else "slower" if low > LIMIT else ""
            if noise <= NOISE and low <= LIMIT:
                fine.add(name)
            found_slow[name] = found_slow.get(name, 0) + (said == "slower")
            print(f"  {name:24} {ratio:6.3f}  [{low:.3f}, {high:.3f}]  {1e6 * our:9.2f} us, was {1e6 * their:9.2f} us  "
                  + said.format(noise=noise), flush=True)
        for name in new:
            print(f"  {name:24} new")
        if fine == found.keys():
            print("no workload is slower")
            return
    slower = sorted(name for name, times in found_slow.items() if times == ATTEMPTS)
    if slower:
        sys.exit(f"against.py: slower than {commit[:12]} by more than {LIMIT - 1:.0%} in {ATTEMPTS} attempts: "
                 + ", ".join(slower))
    inconclusive("too noisy to tell in any attempt: " + ", ".join(sorted(found.keys() - fine)))


if __name__ == "__main__":
    main()
