#!/usr/bin/env python3
"""Counts instructions and predicts cycles: instructions.py COUNT [OBJECT...] [--record].

COUNT is the program bench/count; its workloads' instructions are counted with callgrind. OBJECT is a .../TIER/TIER.o;
the cycles of its loops are predicted by llvm-mca. Both are compared with bench/instructions, by compiler; with another
compiler, the commit that bench/baseline names is built and compared with. Exit status: 0 all are as recorded, 1 one
went up or down by more than LIMIT, 2 wrong use, 3 a file or program that cannot be used, 77 a
tool or something to compare with is missing.
--record writes what was found into the file.
"""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import against
import cycles

ROOT = against.ROOT
FILE = ROOT / "bench/instructions"
LIMIT = 0.02
HEADER = """\
# Instructions of bench/count's workloads on the avx2 tier, and cycles of one iteration of the tiers' inner loops as
# llvm-mca predicts them: compiler, what, name, figure. Written by make bench-instructions RECORD=--record.
"""


def skip(reason):
    print(f"# SKIP instructions: {reason}")
    return 77


def read(path):
    """{(compiler, what, name): figure} of a record."""
    figures = {}
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        if not line.strip() or line[0] == "#":
            continue
        if not re.fullmatch(r"\S+ (instructions|cycles) \S+ [0-9]+(\.[0-9]+)?", line):
            print(f"{path}:{number}: expected compiler, instructions or cycles, name, figure, found \"{line}\"",
                  file=sys.stderr)
            sys.exit(3)
        *key, figure = line.split()
        figures[tuple(key)] = float(figure)
    return figures


def write(path, figures):
    lines = [f"{' '.join(key)} {figure:.{0 if key[1] == 'instructions' else 2}f}\n"
             for key, figure in sorted(figures.items())]
    path.write_text(HEADER + "".join(lines))


def output(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    if done.returncode:
        print(f"instructions.py: {' '.join(map(str, command))}: exit status {done.returncode}", file=sys.stderr)
        sys.exit(3)
    return done.stdout


def count(program, name):
    """Instructions of one workload. Valgrind places memory itself, at no random address."""
    command = [shutil.which("valgrind"), "--tool=callgrind", "--callgrind-out-file=/dev/null",
               "--cache-sim=no", "--collect-atstart=no", "--toggle-collect=tp_count_measured",
               "--toggle-collect=tp_step_run", program, name]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env={})
    if done.returncode == 77:
        sys.exit(skip("this CPU lacks avx2"))
    collected = re.search(r"Collected : ([0-9]+)", done.stdout)
    if done.returncode or not collected:
        print(f"instructions.py: {program} {name}: exit status {done.returncode}\n{done.stdout}", file=sys.stderr)
        sys.exit(3)
    return int(collected[1])


def measure(program, objects, missing):
    """{(what, name): figure} of a build, without what the missing tools would find."""
    found = {}
    if "valgrind" not in missing:
        names = output(program, "--list").split()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            counts = pool.map(lambda name: count(program, name), names)
            found.update({("instructions", name): number for name, number in zip(names, counts)})
    if "llvm-mca" not in missing:
        for path in objects:
            for name, (fmas, figure) in cycles.predict(path).items():
                found["cycles", name] = figure
                print(f"  {name:40} {fmas:3} FMAs in {figure:7.2f} cycles, {fmas / figure:.2f} per cycle, predicted",
                      flush=True)
    return found


def baseline(objects, missing):
    """The same for the commit that bench/baseline names, built with this compiler."""
    commit = against.baseline()
    if against.git("cat-file", "-e", f"{commit}:bench/count.c") is None:
        return commit, None
    _, program = against.build(commit, "build/bench/count")
    folder = program.parent.parent
    return commit, measure(program, [folder / Path(*Path(path).parts[-3:]) for path in objects], missing)


def compare(found, recorded):
    """What differs from what was recorded, in words."""
    slower, faster = [], []
    for key in sorted(found.keys() | recorded.keys()):
        what, name = key
        if key not in recorded:
            faster.append(f"{name}: {found[key]:.10g} {what}, nothing recorded")
        elif key not in found:
            faster.append(f"{name}: gone, {recorded[key]:.10g} {what} recorded")
        elif found[key] > recorded[key] * (1 + LIMIT):
            slower.append(f"{name}: {found[key]:.10g} {what}, {recorded[key]:.10g} recorded")
        elif found[key] < recorded[key] * (1 - LIMIT):
            faster.append(f"{name}: {found[key]:.10g} {what}, {recorded[key]:.10g} recorded")
    return slower, faster


def main(arguments):
    paths = [argument for argument in arguments if argument[:2] != "--"]
    if not paths or any(argument not in (*paths, "--record") for argument in arguments):
        print("instructions.py: expected COUNT [OBJECT...] [--record]", file=sys.stderr)
        return 2
    program, objects = Path(paths[0]).resolve(), [Path(path).resolve() for path in paths[1:]]
    record = read(FILE)
    tools = ["valgrind", "llvm-mca"] if objects else ["valgrind"]
    missing = [tool for tool in tools if not shutil.which(tool)]
    compiler = output(program, "--compiler").strip()
    found = measure(program, objects, missing)
    measured = {what for what, _ in found}
    if "--record" in arguments:
        kept = {key: figure for key, figure in record.items() if key[0] != compiler or key[1] not in measured}
        write(FILE, kept | {(compiler, *key): figure for key, figure in found.items()})
        return 0
    source, recorded = compiler, {key[1:]: figure for key, figure in record.items() if key[0] == compiler}
    if not recorded:
        source, recorded = baseline(objects, missing)
        if recorded is None:
            return skip(f"nothing recorded for {compiler}, and {source[:12]} has no bench/count.c to compare with")
        source = source[:12]
    slower, faster = compare(found, {key: figure for key, figure in recorded.items() if key[0] in measured})
    for text in slower:
        print(f"instructions.py: more than {LIMIT:.0%} up: {text}", file=sys.stderr)
    for text in faster if source == compiler else []:
        print(f"instructions.py: other than recorded, make bench-instructions RECORD=--record: {text}", file=sys.stderr)
    if slower or faster and source == compiler:
        return 1
    if missing:
        return skip(f"not installed: {', '.join(missing)}")
    print(f"{len(found)} figures are those of {source}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
