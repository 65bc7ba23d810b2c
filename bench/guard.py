#!/usr/bin/env python3
"""The guards of speed.

    guard.py against BENCH REF NAMES           Is this build slower than another commit?
    guard.py instructions BENCH [--record]     Does it execute other numbers of instructions than recorded?
    guard.py selftest BENCH SLOW-BENCH NAME    Do both fail a build in which the kernel of this workload is slower?

against builds REF from git history in build/against (`baseline` is the commit that bench/baseline names) and, where
BENCH is bin/bench, this tree. Both time their own workloads, in turn: in each round REF, this, this, REF. A workload is
fine as soon as the interval of its ratio lies below LIMIT, and slower when it lies above after at least TELLING
attempts of ROUNDS rounds, but nothing is said while REF against itself, one round against the next, is off by more than
NOISE. One that is neither after ATTEMPTS is fine if its interval is no wider than NOISE. Memory and the sizes of
programs are compared too. instructions counts those of COUNTED on avx2 with callgrind and compares them
with bench/instructions, or for a compiler that is not there with those of the baseline.
Exit status: 0 nothing is slower, 1 something is, 2 wrong use, 3 a file or build that cannot be used, 77 cannot tell.
"""

import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ["train", "predict", "export"]
ROUNDS, TELLING, ATTEMPTS = 15, 3, 8
PROCESS_ROUNDS = 2  # of a workload in one process: what differs most is where a process finds its memory
LIMIT, NOISE = 1.05, 0.05
CONFIDENCE, RESAMPLES = 0.99, 2000
STARTS = 5  # of a program in one round, of which the fastest counts
TRAINING = "--hidden 64 --train-limit 2000 --epochs 1 --threads 1 --quiet".split()

RECORD, COUNT_LIMIT = ROOT / "bench/instructions", 0.02
# Workloads, and the function whose instructions are theirs.
COUNTED = {"step-784-64-10": "tp_step_run", "predict-784-64-10": "tileprop_predict_u8",
           "load-mnist-gzip": "tp_idx_load", "load-csv": "tp_data_loader_read",
           **dict.fromkeys("""forward-32x64x785 forward-32x10x64-linear backward-32x64x64 update-785x64x32-first
                              update-64x64x32 update-512x512x256-adam pack_u8-32x784 pack_f32-32x784 loss-32x10
                              sigmoid-32x64 lecun_tanh-32x64""".split(), "tp_team_run")}


def fail(status, text):
    print(f"guard.py: {text}", file=sys.stderr)
    sys.exit(status)


def cannot_tell(reason):
    print(f"# SKIP guard: {reason}")
    sys.exit(77)


def output(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    if done.returncode:
        fail(3, f"{' '.join(map(str, command))}: exit status {done.returncode}")
    return done.stdout


def git(*arguments):
    done = subprocess.run(["git", "-C", ROOT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def make(folder):
    """Whether bench and the programs can be built there, by the compilers of the environment's CC and CXX."""
    compilers = [f"{name}={os.environ[name]}" for name in ("CC", "CXX") if os.environ.get(name)]
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
    targets = [f"bin/{program}" for program in ["bench", *PROGRAMS]]
    return subprocess.run(["make", "-C", folder, f"-j{os.cpu_count()}", *compilers, *targets],
                          stdout=subprocess.DEVNULL, env=environment).returncode == 0


def build(ref):
    """(commit, folder) of a commit that is built there."""
    is_baseline = ref == "baseline"
    if is_baseline:
        ref = re.search(r"^commit *= *(\S+)", (ROOT / "bench/baseline").read_text(), re.MULTILINE)[1]
    commit = git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    if not commit and git("rev-parse", "HEAD") and not is_baseline:
        fail(2, f"--against: expected a commit, found \"{ref}\"")
    if not commit:
        cannot_tell(f"no commit {ref} in this history")
    folder = ROOT / "build/against" / commit[:12]
    if not folder.exists():
        beside = folder.with_name(folder.name + ".new")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        archive = subprocess.Popen(["git", "-C", ROOT, "archive", commit], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", beside], stdin=archive.stdout, check=True)
        archive.wait()
        beside.rename(folder)
    return (commit[:12], folder) if make(folder) else cannot_tell(f"{commit[:12]} does not build here")


def check_fresh(bench):
    """Builds bin/bench; another bench has to be of the tree that is checked out."""
    built, tree = output(bench, "--version").split()[2].strip("()"), git("describe", "--always", "--dirty")
    if bench == ROOT / "bin/bench":
        if not make(ROOT):
            fail(3, "this tree does not build")
    elif tree and built != tree:
        fail(3, f"{bench} is a build of {built}, expected one of {tree}: build it again")


def seconds_to_start(program):
    best = float("inf")
    for _ in range(STARTS):
        began = time.perf_counter()
        output(program, "--version")
        best = min(best, time.perf_counter() - began)
    return best


def time_workloads(bench, names, rounds):
    """{workload: seconds of each round}"""
    return json.loads(output(bench, "--json", "--rounds", str(rounds), "--workload", ",".join(names)))["workloads"]


def run(folder, bench, names):
    """{workload: seconds}, the shortest of its rounds: what disturbs only adds time."""
    starts = {name for name in names if name.startswith("start-")}
    found = {name: seconds_to_start(folder / name.removeprefix("start-")) for name in starts}
    if own := [name for name in names if name not in starts]:
        found |= {name: min(seconds) for name, seconds in time_workloads(bench, own, PROCESS_ROUNDS).items()}
    return found


def interval(ratios):
    """Median, and its percentile interval by resampling; the same one for the same ratios."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    cut = int((1 - CONFIDENCE) / 2 * RESAMPLES)
    return statistics.median(ratios), medians[cut], medians[-1 - cut]


def compare_time(ours, theirs, names, commit):
    """Workloads that are slower, and those of which nothing can be said."""
    slower, left, times = [], names, {name: [] for name in names}
    for number in range(1, ATTEMPTS + 1):
        began = time.monotonic()
        for _ in range(ROUNDS):
            four = [run(*build, left) for build in (theirs, ours, ours, theirs)]
            for name in left:
                times[name].append((min(four[1][name], four[2][name]), min(four[0][name], four[3][name])))
        print(f"after {number * ROUNDS} rounds, {time.monotonic() - began:.0f} s: this build's time as a multiple of "
              f"{commit}'s", flush=True)
        untold = []
        for name in left:
            both, alone = zip(*times[name])
            ratio, low, high = interval([our / their for our, their in times[name]])
            _, least, most = interval([before / after for before, after in zip(alone, alone[1:])])
            noisy = most - least > 2 * NOISE
            figures = (f"{ratio:.3f} [{low:.3f}, {high:.3f}]: {1e6 * statistics.median(both):.2f} us, was "
                       f"{1e6 * statistics.median(alone):.2f} us")
            print(f"  {name:34} {figures}" + noisy * f"  too noisy: was {least:.2f} to {most:.2f} of itself")
            if noisy:
                untold.append(name)
            elif low > LIMIT and number >= TELLING:
                slower.append(name)
                print(f"guard.py: {name} is slower than in {commit} by more than {LIMIT - 1:.0%}: {figures}",
                      file=sys.stderr)
            elif high > LIMIT and not (number == ATTEMPTS and high - low <= NOISE):
                untold.append(name)
        left = untold
        if not left:
            break
    return slower, left


def peak_memory(program):
    """Bytes of a short training run, the least of three."""
    least = float("inf")
    for _ in range(3):
        child = subprocess.Popen([program, *TRAINING], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = status
        if status:
            fail(3, f"{program} {' '.join(TRAINING)}: exit status {os.waitstatus_to_exitcode(status)}")
        least = min(least, 1024 * usage.ru_maxrss)
    return least


def compare_bytes(ours, theirs, commit):
    """What takes more bytes."""
    larger = []
    figures = {f"size of {name}": [(folder / name).stat().st_size for folder in (ours, theirs)] for name in PROGRAMS}
    figures["memory of train"] = [peak_memory(folder / "train") for folder in (ours, theirs)]
    for what, (our, their) in figures.items():
        print(f"  {what:34} {our / 1e6:.2f} MB, was {their / 1e6:.2f} MB, ratio {our / their:.3f}")
        if our > LIMIT * their:
            print(f"guard.py: {what} is larger than in {commit} by more than {LIMIT - 1:.0%}: {our / 1e6:.2f} MB, "
                  f"was {their / 1e6:.2f} MB", file=sys.stderr)
            larger.append(what)
    return larger


def against(bench, ref, asked):
    check_fresh(bench)
    commit, folder = build(ref)
    ours, theirs, larger = (ROOT / "bin", bench), (folder / "bin", folder / "bin/bench"), []
    names, known = (time_workloads(of, [wanted], 1) for of, wanted in ((bench, asked), (theirs[1], "all")))
    print("".join(f"  {name:34} new\n" for name in names if name not in known), end="")
    names = [name for name in names if name in known] or cannot_tell(f"{commit} has none of these workloads")
    if asked == "all":
        names += [f"start-{program}" for program in PROGRAMS]
        larger = compare_bytes(ours[0], theirs[0], commit)
    slower, untold = compare_time(ours, theirs, names, commit)
    if slower or larger:
        sys.exit(1)
    if untold:
        cannot_tell("too noisy to tell: " + ", ".join(untold))
    print(f"no workload is slower than in {commit} by more than {LIMIT - 1:.0%}")


def read_record():
    """{(compiler, workload): count}."""
    counts = {}
    for number, line in enumerate(RECORD.read_text().splitlines() if RECORD.exists() else [], 1):
        if line and line[0] != "#":
            if not re.fullmatch(r"\S+ \S+ [0-9]+", line):
                fail(3, f"{RECORD}:{number}: expected compiler, workload, instructions, found \"{line}\"")
            compiler, name, count = line.split()
            counts[compiler, name] = int(count)
    return counts


def count_all(bench):
    """{workload: instructions}. Valgrind places memory itself, at no random address."""
    environment = {**os.environ, "GOMP_SPINCOUNT": "1", "OPENBLAS_THREAD_TIMEOUT": "1", "KMP_BLOCKTIME": "1"}

    def count(item):
        name, function = item
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no",
                   f"--toggle-collect={function}", stripped, "--once", "--workload",
                   name if name.startswith("load") else f"avx2/{name}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT,
                              env=environment)
        collected = re.search(r"Collected : ([0-9]+)", done.stdout)
        if done.returncode or not collected:
            fail(3, f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}")
        return name, int(collected[1])
    with tempfile.TemporaryDirectory() as folder:
        stripped = Path(folder) / "bench"  # Debian 12's Valgrind stops at clang's lines
        subprocess.run(["objcopy", "--strip-debug", bench, stripped], check=True)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(pool.map(count, COUNTED.items()))


def instructions(bench, *options):
    said = output(bench, "--version")
    if not re.search(r"^tiers found here: .*avx2", said, re.MULTILINE) or not shutil.which("valgrind"):
        cannot_tell("this CPU or this build has no avx2, or valgrind is not installed")
    compiler = "-".join(re.search(r"(gcc|clang)\D*([0-9]+\.[0-9]+)", said.lower()).groups())
    found, record = count_all(bench), read_record()
    if options:
        record = {key: count for key, count in record.items() if key[0] != compiler}
        record |= {(compiler, name): count for name, count in found.items()}
        RECORD.write_text("# Instructions of workloads on avx2: compiler, workload, count. Written by\n"
                          "# make bench-instructions RECORD=--record.\n"
                          + "".join(f"{' '.join(key)} {count}\n" for key, count in sorted(record.items())))
        return
    source, expected = compiler, {name: count for (known, name), count in record.items() if known == compiler}
    if not expected:
        source, folder = build("baseline")
        expected = count_all(folder / "bin/bench")
    wrong = 0
    for name in sorted(found.keys() | expected.keys()):
        ours, theirs = found.get(name, 0), expected.get(name, 0)
        print(f"  {name:34} {ours:12} instructions, {theirs:12} in {source}")
        if abs(ours - theirs) > COUNT_LIMIT * theirs and (ours > theirs or source == compiler):
            wrong = 1
            print(f"guard.py: {name}: {ours} instructions, expected {theirs} within {COUNT_LIMIT:.0%}, as in {source}; "
                  "if that is meant: make bench-instructions RECORD=--record", file=sys.stderr)
    sys.exit(wrong)


def selftest(bench, slow, name):
    untold = False
    for expected, arguments in [(0, ["against", bench, "baseline", name]), (1, ["against", slow, "baseline", name]),
                                (0, ["instructions", bench]), (1, ["instructions", slow])]:
        done = subprocess.run([__file__, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(f"== {' '.join(map(str, arguments))}\n{done.stdout}", end="", flush=True)
        named = bool(re.search(f"^guard.py: .*{name.split('/')[1]}", done.stdout, re.MULTILINE))
        untold |= done.returncode == 77
        if done.returncode != 77 and (done.returncode, named) != (expected, bool(expected)):
            fail(1, f"expected exit status {expected}, with {name} named if that is 1, found {done.returncode}")
    if untold:
        cannot_tell("a guard could not, as said above")
    print("each guard passes what is as fast and fails what is slower")


if __name__ == "__main__":
    job, *rest = sys.argv[1:] or [""]
    takes = {"against": (against, 3, 3), "instructions": (instructions, 1, 2), "selftest": (selftest, 3, 3)}
    function, least, most = takes.get(job, (None, 0, -1))
    if not least <= len(rest) <= most or (job == "instructions" and rest[1:] not in ([], ["--record"])):
        fail(2, "\n".join(__doc__.splitlines()[2:5]))
    paths = 2 if job == "selftest" else 1
    function(*[Path(path).resolve() for path in rest[:paths]], *rest[paths:])
