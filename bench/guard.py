#!/usr/bin/env python3
"""The guards of speed.

guard.py against BENCH REF NAMES   Is this build slower than another commit?
guard.py instructions BENCH [--record]   Does it execute other numbers of instructions than recorded?
guard.py selftest BENCH SLOW-BENCH WORKLOAD   Do both catch a slower kernel, which that workload uses?

against: builds REF from git history in build/against (`baseline` is the commit that bench/baseline names) and, where
BENCH is bin/bench, this tree. Both builds time their own workloads, in turn: in each round REF, this, this, REF. An
attempt tells a workload from noise when REF against itself, one round against the next, varies by no more than NOISE.
The workload is fine when an attempt tells it and does not find it slower; it is slower when TELLING attempts of at most
ATTEMPTS find the interval of its ratio above LIMIT. Sizes of programs and peaks of memory are compared too.

instructions: counts those of COUNTED on avx2 with callgrind and compares them with bench/instructions, by compiler; with
a compiler that is not in the file, with those of the baseline, built here.

Exit status: 0 nothing is slower, 1 something is, 2 wrong use, 3 a file or build that cannot be used, 77 nothing can be
said.
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
ROUNDS, TELLING, ATTEMPTS = 15, 3, 6
PROCESS_ROUNDS = 2  # of a workload in one process: what differs most is where a process finds its memory
LIMIT = 1.05
NOISE = 0.05  # half the width of REF's interval against itself
CONFIDENCE, RESAMPLES = 0.99, 2000
STARTS = 5  # of a program in one round, of which the fastest counts
SMALL = 1 << 20  # bytes of memory or of a program that may come on top, whatever the ratio
TRAINING = "--hidden 64 --train-limit 2000 --epochs 1 --threads 1 --quiet".split()

RECORD = ROOT / "bench/instructions"
COUNT_LIMIT = 0.02
# Workloads, and the function whose instructions are theirs.
COUNTED = {"step-784-64-10": "tp_step_run", "predict-784-64-10": "tileprop_predict_u8",
           "load-mnist-gzip": "tp_idx_load", "load-csv": "tp_data_loader_read",
           **dict.fromkeys("""forward-32x64x785 forward-32x10x64-linear backward-32x64x64 update-785x64x32-first update-64x64x32
                              update-512x512x256-adam pack_u8-32x784 pack_f32-32x784 loss-32x10 sigmoid-32x64
                              lecun_tanh-32x64""".split(), "bench_run")}


def fail(status, text):
    print(f"guard.py: {text}", file=sys.stderr)
    sys.exit(status)


def inconclusive(reason):
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


def baseline():
    path = ROOT / "bench/baseline"
    named = re.search(r"^commit *= *(\S+)", path.read_text(), re.MULTILINE)
    return named[1] if named else fail(3, f"{path}: expected a line commit = HASH, found none")


def make(folder, targets):
    """By the compilers of the environment's CC and CXX; whether that worked."""
    compilers = [f"{name}={os.environ[name]}" for name in ("CC", "CXX") if os.environ.get(name)]
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
    return subprocess.run(["make", "-C", folder, f"-j{os.cpu_count()}", *compilers, *targets],
                          stdout=subprocess.DEVNULL, env=environment).returncode == 0


def build(ref):
    """(commit, folder) of a commit whose programs are built there."""
    commit = git("rev-parse", "--verify", "--quiet", f"{baseline() if ref == 'baseline' else ref}^{{commit}}")
    if not commit and ref != "baseline" and git("rev-parse", "HEAD"):
        fail(2, f"--against: expected a commit, found \"{ref}\"")
    if not commit:
        inconclusive(f"no commit {ref} in this history")
    folder = ROOT / "build/against" / commit[:12]
    if not folder.exists():
        beside = folder.with_name(folder.name + ".new")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        archive = subprocess.Popen(["git", "-C", ROOT, "archive", commit], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", beside], stdin=archive.stdout, check=True)
        archive.wait()
        beside.rename(folder)
    if not make(folder, [f"bin/{program}" for program in ["bench", *PROGRAMS]]):
        inconclusive(f"{commit[:12]} does not build here")
    return commit[:12], folder


def check_fresh(bench):
    """Builds bin/bench and the programs; another bench has to be of this tree."""
    if bench == ROOT / "bin/bench":
        if not make(ROOT, [f"bin/{program}" for program in ["bench", *PROGRAMS]]):
            fail(3, "this tree does not build")
        return
    built = output(bench, "--version").split()[2].strip("(),")
    tree = git("describe", "--always", "--dirty")
    if tree and built != tree:
        fail(3, f"{bench} is a build of {built}, expected one of {tree}, which is checked out: build it again")


# --- Time ---------------------------------------------------------------------------------------------------


def seconds_to_start(program):
    best = float("inf")
    for _ in range(STARTS):
        began = time.perf_counter()
        output(program, "--version")
        best = min(best, time.perf_counter() - began)
    return best


def run(build, names):
    """{workload: seconds}, the shortest of its rounds: what disturbs only adds time. Without those it lacks."""
    bench, programs = build
    own = [name for name in names if not name.startswith("start-")]
    found = {name: seconds_to_start(programs / name.removeprefix("start-")) for name in names if name not in own}
    if own:
        command = [bench, "--json", "--rounds", str(PROCESS_ROUNDS), "--workload", ",".join(own)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode == 2:
            return found
        if done.returncode:
            fail(3, f"{bench}: exit status {done.returncode}: {done.stderr.strip()}")
        found |= {name: min(seconds) for name, seconds in json.loads(done.stdout)["workloads"].items()}
    return found


def interval(ratios):
    """Median, and its percentile interval by resampling; the same one for the same ratios."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    cut = int((1 - CONFIDENCE) / 2 * RESAMPLES)
    return statistics.median(ratios), medians[cut], medians[-1 - cut]


def attempt(ours, theirs, names):
    """{workload: (ratio, low, high, noise, our seconds, their seconds)}."""
    rounds = [[run(build, names) for build in (theirs, ours, ours, theirs)] for _ in range(ROUNDS)]
    found = {}
    for name in rounds[0][0].keys() & rounds[0][1].keys():
        times = [[result[name] for result in four] for four in rounds]
        alone = [min(a, d) for a, _, _, d in times]
        both = [min(b, c) for _, b, c, _ in times]
        _, low, high = interval([before / after for before, after in zip(alone, alone[1:])])
        found[name] = (*interval([our / their for our, their in zip(both, alone)]), (high - low) / 2,
                       statistics.median(both), statistics.median(alone))
    return found


def compare_time(ours, theirs, names, commit):
    """Names of workloads that are slower, and of those of which nothing can be said."""
    told, left = {}, names
    for number in range(1, ATTEMPTS + 1):
        began = time.monotonic()
        found = attempt(ours, theirs, left)
        print(f"attempt {number}: this build's time as a multiple of {commit}'s, {ROUNDS} rounds, "
              f"{time.monotonic() - began:.0f} s", flush=True)
        for name in left:
            if name not in found:
                print(f"  {name:34} new")
                told[name] = "fine"
                continue
            ratio, low, high, noise, our, their = found[name]
            slower = noise <= NOISE and low > LIMIT
            told[name] = told.get(name, 0) + slower if slower or noise > NOISE else "fine"
            print(f"  {name:34} {ratio:6.3f}  [{low:.3f}, {high:.3f}] {1e6 * our:10.2f} us, was {1e6 * their:10.2f} us"
                  + ("  slower" if slower else f"  too noisy: {noise:.3f}" if noise > NOISE else ""), flush=True)
            if told[name] == TELLING:
                print(f"guard.py: {name} is slower than in {commit} by more than {LIMIT - 1:.0%}, in {TELLING} attempts: "
                      f"{1e6 * our:.2f} us, was {1e6 * their:.2f} us, ratio {ratio:.3f} [{low:.3f}, {high:.3f}]",
                      file=sys.stderr)
        left = [name for name in left if told[name] not in ("fine", TELLING)]
        if not left:
            break
    return [name for name in names if told[name] == TELLING], left


# --- Memory and size ----------------------------------------------------------------------------------------


def peak_memory(program, arguments):
    """Bytes, the least of three runs."""
    least = float("inf")
    for _ in range(3):
        child = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = status
        if status:
            fail(3, f"{program} {' '.join(arguments)}: exit status {os.waitstatus_to_exitcode(status)}")
        least = min(least, 1024 * usage.ru_maxrss)
    return least


def compare_bytes(ours, theirs, commit):
    """What takes more bytes."""
    larger = []
    for what, measure in [(f"size of {program}", lambda folder, program=program: (folder / program).stat().st_size)
                          for program in PROGRAMS] + [
                              ("memory of train", lambda folder: peak_memory(folder / "train", TRAINING))]:
        our, their = measure(ours), measure(theirs)
        print(f"  {what:34} {our / their:6.3f}  {our / 1e6:.2f} MB, was {their / 1e6:.2f} MB")
        if our > LIMIT * their and our > their + SMALL:
            print(f"guard.py: {what} is larger than in {commit} by more than {LIMIT - 1:.0%}: {our / 1e6:.2f} MB, "
                  f"was {their / 1e6:.2f} MB", file=sys.stderr)
            larger.append(what)
    return larger


def against(bench, ref, asked):
    check_fresh(bench)
    names = list(json.loads(output(bench, "--workload", asked, "--rounds", "1", "--json"))["workloads"])
    commit, folder = build(ref)
    ours, theirs = (bench, ROOT / "bin"), (folder / "bin/bench", folder / "bin")
    larger = []
    if asked == "all":
        names += [f"start-{program}" for program in PROGRAMS]
        larger = compare_bytes(ours[1], theirs[1], commit)
    slower, untold = compare_time(ours, theirs, names, commit)
    if slower or larger:
        sys.exit(1)
    if untold:
        inconclusive("too noisy to tell: " + ", ".join(untold))
    print(f"no workload is slower than in {commit} by more than {LIMIT - 1:.0%}")


# --- Instructions -------------------------------------------------------------------------------------------


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
    with tempfile.TemporaryDirectory() as folder:
        stripped = Path(folder) / "bench"  # Debian 12's Valgrind stops at clang's lines
        subprocess.run(["objcopy", "--strip-debug", bench, stripped], check=True)
        stripped.chmod(0o755)
        environment = {"GOMP_SPINCOUNT": "1", "OPENBLAS_THREAD_TIMEOUT": "1", "KMP_BLOCKTIME": "1"}  # it starts once

        def count(item):
            name, function = item
            command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no",
                       f"--toggle-collect={function}", stripped, "--once", "--workload",
                       name if name.startswith("load") else f"avx2/{name}"]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT,
                                  env={**os.environ, **environment})
            collected = re.search(r"Collected : ([0-9]+)", done.stdout)
            if done.returncode or not collected:
                fail(3, f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}")
            return name, int(collected[1])
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(pool.map(count, COUNTED.items()))


def instructions(bench, is_recording):
    said = output(bench, "--version")
    if " avx2" not in re.search(r"^tiers found here: .*", said, re.MULTILINE)[0]:
        inconclusive("this CPU or this build has no avx2")
    if not shutil.which("valgrind"):
        inconclusive("valgrind is not installed")
    compiler = "-".join(re.search(r"(gcc|clang) ([0-9]+\.[0-9]+)", said).groups())
    found, record = count_all(bench), read_record()
    if is_recording:
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
    wrong = False
    for name in sorted(found.keys() | expected.keys()):
        ours, theirs = found.get(name, 0), expected.get(name, 0)
        is_other = abs(ours - theirs) > COUNT_LIMIT * theirs
        print(f"  {name:34} {ours:12} instructions, {theirs:12} in {source}" + ("  other" if is_other else ""))
        if is_other and (ours > theirs or source == compiler):
            wrong = True
            print(f"guard.py: {name}: {ours} instructions, expected {theirs} within {COUNT_LIMIT:.0%}, as in {source}; if "
                  "that is meant: make bench-instructions RECORD=--record", file=sys.stderr)
    if wrong:
        sys.exit(1)
    print(f"{len(found)} workloads have the instructions of {source}")


def selftest(bench, slow, workload):
    """Both guards pass this build and fail one that is slower in a kernel, which they name."""
    untold = False
    for expected, arguments in [(0, ["against", bench, "baseline", workload]), (1, ["against", slow, "baseline", workload]),
                                (0, ["instructions", bench]), (1, ["instructions", slow])]:
        done = subprocess.run([__file__, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(f"== {' '.join(map(str, arguments))}\n{done.stdout}", end="", flush=True)
        named = re.search(f"^guard.py: .*{workload.split('/')[1]}", done.stdout, re.MULTILINE)
        if done.returncode == 77:
            untold = True
        elif done.returncode != expected or bool(named) != bool(expected):
            fail(1, f"expected exit status {expected}, with {workload} named if that is 1, found {done.returncode}")
    if untold:
        inconclusive("a guard could not tell, as said above")
    print("each guard passes what is as fast and fails what is slower")


def main(arguments):
    what, paths = arguments[0] if arguments else "", [Path(a).resolve() for a in arguments[1:]]
    if what == "against" and len(arguments) == 4:
        against(paths[0], *arguments[2:])
    elif what == "instructions" and len(arguments) in (2, 3) and arguments[2:] in ([], ["--record"]):
        instructions(paths[0], len(arguments) == 3)
    elif what == "selftest" and len(arguments) == 4:
        selftest(*paths[:2], arguments[3])
    else:
        fail(2, "expected against BENCH REF NAMES, instructions BENCH [--record], or selftest BENCH SLOW-BENCH WORKLOAD")


if __name__ == "__main__":
    main(sys.argv[1:])
