#!/usr/bin/env python3
"""Compares a build with the machine.

gate.py BENCH [--isa NAME] [--workload NAMES] [--record | --lower NAME --reason TEXT]

Each workload's share of the FMA peak and its factor over the naive loops, all measured in turn in one process, must not
be below MARGIN times what bench/floors records: for this CPU, or, where it has no line for that, the lowest of all CPUs.
An attempt says nothing of a workload when the peak or the naive loops varied by more than NOISE in it, or the peak lay by
more below that of the best rounds before: then a neighbour on the same core takes its turns to issue, and a product,
which has more to issue than the peak, loses more by that. A workload is fine when an attempt finds it so, and below its
floor when every attempt does; each has more rounds than the one before.
Exit status: 0 all are fine, 1 one is below, 2 wrong use, 3 a file or bench that cannot be used, 77 nothing can be said
of one.
"""

import argparse
import datetime
import json
import re
import statistics
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

FILE = Path(__file__).resolve().parent / "floors"
ROUNDS = (15, 30, 60)
# One build's medians differ from process to process: where an update's pages lie alone changes its time by a tenth. A
# slower kernel that this lets through is for --against to find; this finds what goes down little by little.
MARGIN = 0.85
NOISE = 0.10  # quartile to quartile, of the median; a quiet machine's is 0.01 to 0.04
HEADER = """\
# What bench --gate holds builds against: tier/workload, CPU, share of the FMA peak, factor over naive loops, each the
# lowest of three attempts; where one was lowered, the date and the reason. Written by bench --gate --record or --lower.
"""

Figure = namedtuple("Figure", "share factor note", defaults=[""])
# Of one attempt; noise: what varied too much.
Measured = namedtuple("Measured", "share factor noise")


def read(path):
    """{(name, CPU): Figure}."""
    figures = {}
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        if not line.strip() or line[0] == "#":
            continue
        words = line.split(maxsplit=4)
        figure = r"[0-9]+\.[0-9]+"
        if len(words) < 4 or "/" not in words[0] or not all(re.fullmatch(figure, word) for word in words[2:4]):
            fail(3, f"{path}:{number}: expected tier/workload, CPU, share, factor, found \"{line}\"")
        if (words[0], words[1]) in figures:
            fail(3, f"{path}:{number}: expected one line for {words[0]} on {words[1]}, found a second one")
        figures[words[0], words[1]] = Figure(float(words[2]), float(words[3]), "".join(words[4:]))
    return figures


def write(path, figures):
    lines = [f"{name} {cpu} {f.share:.3f} {f.factor:.2f} {f.note}".rstrip() + "\n"
             for (name, cpu), f in sorted(figures.items())]
    path.write_text(HEADER + "".join(lines))


def fail(status, text):
    print(text, file=sys.stderr)
    sys.exit(status)


def spread(values):
    quarters = statistics.quantiles(values, n=4)
    return (quarters[2] - quarters[0]) / statistics.median(values)


def evaluate(workload, peak):
    rounds = list(zip(workload["ours"], workload["peak"], workload["naive"]))
    share = statistics.median(workload["flops"] / ours / peak for ours, peak, _ in rounds)
    factor = statistics.median(naive / ours for ours, _, naive in rounds)
    noise = [f"{name} varies by {spread(workload[name]):.0%}" for name in ("peak", "naive")
             if spread(workload[name]) > NOISE]
    if not peak:
        noise.insert(0, "the peak could not be proved")
    elif statistics.median(workload["peak"]) < (1 - NOISE) * peak:
        noise.insert(0, f"the peak is at {statistics.median(workload['peak']) / peak:.0%} of what it was")
    return Measured(share, factor, ", ".join(noise))


def measure(bench, isa, workload, rounds):
    """CPU and {tier/workload: Measured}."""
    command = [bench, "--limits", "--isa", isa, "--workload", workload, "--rounds", str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode if done.returncode == 2 else 3)
    result = json.loads(done.stdout)
    return result["cpu"], {f"{tier}/{name}": evaluate(figures, found["peak"])
                           for tier, found in result["tiers"].items() for name, figures in found["workloads"].items()}


def measure_all(bench, isa, workloads, rounds):
    cpu, found = None, {}
    for workload in workloads.split(","):
        cpu, some = measure(bench, isa, workload, rounds)
        found |= some
    return cpu, found


def lowest(figures):
    return Figure(min(figure.share for figure in figures), min(figure.factor for figure in figures))


def recorded(floors, name, cpu):
    """What the floor that applies comes from. None: nothing."""
    if (name, cpu) in floors:
        return floors[name, cpu]
    others = [figure for (other, _), figure in floors.items() if other == name]
    return lowest(others) if others else None


def below(found, record):
    return found.share < MARGIN * record.share or found.factor < MARGIN * record.factor


def describe(name, found, record):
    text = f"{name:31} share {found.share:.3f}"
    if not record:
        return f"{text}          factor {found.factor:6.2f}           no floor"
    return (f"{text} of {MARGIN * record.share:.3f}, factor {found.factor:6.2f} of {MARGIN * record.factor:6.2f}"
            + (f"  too noisy: {found.noise}" if found.noise else "  below its floor" if below(found, record) else ""))


def check(options, floors):
    """The gate. Names without an answer are tried again alone, with more rounds."""
    cpu, found = measure_all(options.bench, options.isa, options.workload, ROUNDS[0])
    times_below, open_names = dict.fromkeys(found, 0), sorted(found)
    for attempt, rounds in enumerate(ROUNDS, 1):
        if not open_names:
            break
        print(f"attempt {attempt}, {rounds} rounds, {cpu}: measured, and the floor")
        if attempt > 1:
            for name in open_names:
                found |= measure(options.bench, *name.split("/"), rounds)[1]
        for name in list(open_names):
            record = recorded(floors, name, cpu)
            print("  " + describe(name, found[name], record), flush=True)
            if record and not found[name].noise:
                times_below[name] += below(found[name], record)
                if not below(found[name], record):
                    open_names.remove(name)
        open_names = [name for name in open_names if recorded(floors, name, cpu)]
    slow = [name for name in open_names if times_below[name] == len(ROUNDS)]
    for name in slow:
        words = describe(name, found[name], recorded(floors, name, cpu)).split()
        print(f"gate.py: in every attempt: {' '.join(words)}", file=sys.stderr)
    without = [name for name in found if not recorded(floors, name, cpu)]
    if slow:
        return 1
    if open_names:
        print("# SKIP gate: no attempt could tell: " + ", ".join(open_names))
    if without or not found:
        print("# SKIP gate: no floor for " + (", ".join(without) or "any tier that is here"))
    return 77 if open_names or without or not found else 0


def measure_lowest(options, workload):
    """
    The lowest figures of as many attempts as the gate takes: a lucky one would be a floor that does not hold. Without
    those that an attempt was too noisy for.
    """
    cpu, attempts = None, []
    for rounds in ROUNDS:
        cpu, found = measure_all(options.bench, options.isa, workload, rounds)
        attempts.append(found)
    noisy = {name: found.noise for attempt in attempts for name, found in attempt.items() if found.noise}
    for name, noise in noisy.items():
        print(f"# SKIP gate: nothing recorded for {name}: {noise}")
    return cpu, {name: lowest([attempt[name] for attempt in attempts]) for name in attempts[0] if name not in noisy}


def raise_floors(options, floors):
    """Adds a CPU, or raises its figures. Nothing that applies goes down."""
    cpu, found = measure_lowest(options, options.workload)
    refused = 0
    for name, figure in sorted(found.items()):
        old, own = recorded(floors, name, cpu), (name, cpu) in floors
        if own:
            share, factor = max(old.share, figure.share), max(old.factor, figure.factor)
            floors[name, cpu] = Figure(share, factor, old.note)
            said = "raised" if (share, factor) != (old.share, old.factor) else "kept"
        elif old and (figure.share < old.share or figure.factor < old.factor):
            said = "not added"
        else:
            floors[name, cpu] = figure
            said = "added"
        print(f"  {name:31} share {figure.share:.3f}, factor {figure.factor:6.2f}: {said}")
        if said == "not added" or (own and below(figure, old)):
            refused += 1
            print(f"gate.py: {name}: share {figure.share:.3f}, factor {figure.factor:.2f} would lower the floor of "
                  f"{old.share:.3f}, {old.factor:.2f}: expected --lower {name} --reason TEXT", file=sys.stderr)
    write(FILE, floors)
    return 1 if refused else 0 if found else 77


def lower_floor(options, floors):
    tier, _, workload = options.lower.partition("/")
    if not any(name == options.lower for name, _ in floors):
        fail(2, f"gate.py: --lower: expected a name of {FILE.name}, found \"{options.lower}\"")
    options.isa = tier
    cpu, found = measure_lowest(options, workload)
    if options.lower not in found:
        return 77
    figure, old = found[options.lower], recorded(floors, options.lower, cpu)
    if figure.share >= old.share and figure.factor >= old.factor:
        fail(1, f"gate.py: {options.lower} is not below {old.share:.3f}, {old.factor:.2f}: nothing to lower")
    note = f"{datetime.date.today()} {' '.join(options.reason.split())}"
    floors[options.lower, cpu] = Figure(min(figure.share, old.share), min(figure.factor, old.factor), note)
    write(FILE, floors)
    print(f"  {options.lower} on {cpu}: share {old.share:.3f} to {figure.share:.3f}, factor {old.factor:.2f} to "
          f"{figure.factor:.2f}: {note}")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="gate.py", allow_abbrev=False)
    parser.add_argument("bench")
    parser.add_argument("--isa", default="auto")
    parser.add_argument("--workload", default="all")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--lower")
    parser.add_argument("--reason")
    options = parser.parse_args()
    if bool(options.lower) != bool((options.reason or "").strip()) or (options.lower and options.record):
        fail(2, "gate.py: expected --record, or --lower NAME and --reason TEXT together")
    floors = read(FILE)
    if options.lower:
        return lower_floor(options, floors)
    return raise_floors(options, floors) if options.record else check(options, floors)


if __name__ == "__main__":
    sys.exit(main())
