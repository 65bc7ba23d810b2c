#!/usr/bin/env python3
"""Performance guards.

    guard.py against BENCH REF NAMES           Compare this build with another commit.
    guard.py instructions BENCH [--record]     Compare instruction counts with bench/instructions.
    guard.py selftest SLOW-BENCH NAME          Check that both guards detect a slow kernel, that of workload NAME.

against runs REF, this, this, REF in every round. A workload passes once the interval of its ratio is below LIMIT. It
fails if that is above LIMIT after TELLING or more attempts of ROUNDS rounds. While REF itself varies by NOISE, it does
neither.
Exit status: 0, pass; 1, regression; 2, usage error; 3, unusable file or build; 77, inconclusive.
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
import timeit
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from report import ROOT, fail, git, one_line, output

PROGRAMS = ["train", "predict", "export"]
ROUNDS, TELLING, ATTEMPTS, LIMIT, NOISE = 15, 3, 8, 1.05, 0.05
PROCESS_ROUNDS = 2  # rounds per process: memory placement differs between processes more than anything within one
RESAMPLES, INTERVAL = 2000, 200  # the interval leaves out one part in INTERVAL at each end
STARTS = 5  # per program and round; the fastest counts
TRAINING = "--hidden 64 --train-limit 2000 --epochs 1 --threads 1 --quiet".split()

RECORD, COUNT_LIMIT = ROOT / "bench/instructions", 0.02
# Workloads, and the function whose instructions are counted.
COUNTED = {"step-784-64-10": "tp_step_run", "step_skipping-784-64-10": "tp_step_run", "predict-784-64-10": "tileprop_predict_u8",
           "load-mnist-gzip": "tp_idx_load", "load-csv": "tp_data_loader_read",
           **dict.fromkeys("""forward-32x64x785 forward-32x10x64-linear backward-32x64x64 update-785x64x32-first
                              update-64x64x32 update-512x512x256-adam pack_u8-32x784 pack_f32-32x784 loss-32x10
                              sigmoid-32x64 lecun_tanh-32x64 pack_u8_marked-32x784-19% pack_f32_marked-32x784-19%
                              forward_marked-32x64x785-19% forward_bytes-32x64x785 update_marked-785x64x32-19%""".split(), "tp_team_run")}


def inconclusive(reason):
    print(f"# SKIP guard: {reason}")
    sys.exit(77)


def find(pattern, text, source):
    return re.search(pattern, text, re.MULTILINE) or fail(3, f"{source}: expected a match of {pattern}, found none")


def make(folder):
    """Builds bench and the programs there with CC and CXX of the environment. Returns whether that succeeds."""
    compilers = [f"{name}={os.environ[name]}" for name in ("CC", "CXX") if os.environ.get(name)]
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
    targets = [f"bin/{program}" for program in ["bench", *PROGRAMS]]
    command = ["make", "-C", folder, f"-j{os.cpu_count()}", *compilers, *targets]
    return subprocess.run(command, stdout=subprocess.DEVNULL, env=environment).returncode == 0


def resolve(ref):
    """The hash of a commit; `baseline` is the one in bench/baseline."""
    if is_baseline := ref == "baseline":
        ref = find(r"^commit *= *(\S+)", (ROOT / "bench/baseline").read_text(), "bench/baseline")[1]
    commit = git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    if not commit and git("rev-parse", "HEAD") and not is_baseline:
        fail(2, f"--against: expected a commit, found \"{ref}\"")
    return commit or inconclusive(f"no commit {ref} in this history")


def build(commit):
    """(short hash, folder) of a commit, built in build/against."""
    folder = ROOT / "build/against" / commit[:12]
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as own:  # another guard may build the same commit now
            archive = subprocess.run(["git", "-C", ROOT, "archive", commit], stdout=subprocess.PIPE, check=True)
            subprocess.run(["tar", "-x", "-C", own], input=archive.stdout, check=True)
            try:
                os.rename(own, folder)
            except OSError:
                if not folder.exists():
                    raise
    return (commit[:12], folder) if make(folder) else inconclusive(f"{commit[:12]} does not build here")


def time_workloads(bench, names, rounds):
    """{workload: seconds of each round}"""
    return json.loads(output(bench, "--json", "--rounds", str(rounds), "--workload", ",".join(names)))["workloads"]


def run(folder, bench, names):
    """{workload: seconds}, the minimum over rounds: noise only adds time."""
    own = [name for name in names if not name.startswith("start-")]
    found = time_workloads(bench, own, PROCESS_ROUNDS) if own else {}
    for name in (name for name in names if name not in own):
        program = folder / name.removeprefix("start-")
        found[name] = timeit.repeat(lambda: output(program, "--version"), number=1, repeat=STARTS)
    return {name: min(seconds) for name, seconds in found.items()}


def interval(ratios):
    """The median and its percentile bootstrap interval; deterministic."""
    draw = random.Random(1)
    medians = (statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    low, *_, high = statistics.quantiles(medians, n=INTERVAL)
    return statistics.median(ratios), low, high


def compare_time(ours, theirs, names, commit):
    """(slower workloads, those without a verdict)"""
    slower, left, times, number = [], names, {name: [] for name in names}, 0
    while left and number < ATTEMPTS:
        number, began = number + 1, timeit.default_timer()
        for _ in range(ROUNDS):
            four = [run(*build, left) for build in (theirs, ours, ours, theirs)]
            for name in left:
                times[name].append((min(four[1][name], four[2][name]), min(four[0][name], four[3][name])))
        print(f"{number * ROUNDS} rounds, {timeit.default_timer() - began:.0f} s: relative to {commit}", flush=True)
        todo, left = left, []
        for name in todo:
            both, alone = zip(*times[name])
            ratio, low, high = interval([our / their for our, their in times[name]])
            _, least, most = interval([before / after for before, after in zip(alone, alone[1:])])
            noisy = most - least > 2 * NOISE
            figures = (f"{ratio:.3f} [{low:.3f}, {high:.3f}]: {1e6 * statistics.median(both):.2f} us, was "
                       f"{1e6 * statistics.median(alone):.2f} us")
            print(f"  {name:34} {figures}" + noisy * f"  too noisy: {commit} itself [{least:.2f}, {most:.2f}]")
            if not noisy and low > LIMIT and number >= TELLING:
                slower.append(name)
                print(f"guard.py: {name} is more than {LIMIT - 1:.0%} slower than in {commit}: {figures}",
                      file=sys.stderr)
            elif noisy or high > LIMIT and not (number == ATTEMPTS and high - low <= NOISE):
                left.append(name)
    return slower, left


def peak_memory(program):
    """Peak bytes of a short training run, the least of three."""
    def once():
        child = subprocess.Popen([program, *TRAINING], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        return 1024 * usage.ru_maxrss if status == 0 else fail(
            3, f"{program} {' '.join(TRAINING)}: exit status {child.returncode}")
    return min(once() for _ in range(3))


def compare_bytes(ours, theirs, commit):
    """The names of what grew by more than LIMIT."""
    larger = []
    figures = {f"size of {name}": [(folder / name).stat().st_size for folder in (ours, theirs)] for name in PROGRAMS}
    figures["memory of train"] = [peak_memory(folder / "train") for folder in (ours, theirs)]
    for what, (our, their) in figures.items():
        text = f"{our / 1e6:.2f} MB, was {their / 1e6:.2f} MB"
        print(f"  {what:34} {text}, ratio {our / their:.3f}")
        if our > LIMIT * their:
            print(f"guard.py: {what} is more than {LIMIT - 1:.0%} larger than in {commit}: {text}", file=sys.stderr)
            larger.append(what)
    return larger


def against(bench, ref, asked):
    """Builds bin/bench first. Any other bench must be a build of the checked-out tree."""
    built = find(r"\((.*)\)$", output(bench, "--version"), f"{bench} --version")[1]
    tree = git("describe", "--always", "--dirty")
    if bench == ROOT / "bin/bench" and not make(ROOT):
        fail(3, "this tree does not build")
    if bench != ROOT / "bin/bench" and tree and built != tree:
        fail(3, f"{bench} is a build of {built}, expected one of {tree}: build it again")
    commit = resolve(ref)
    try:
        names = time_workloads(bench, [asked], 1)
    except subprocess.CalledProcessError as error:
        if error.returncode != 2:
            raise
        sys.exit(2)  # bench named the wrong workload
    commit, folder = build(commit)
    ours, theirs, larger = (ROOT / "bin", bench), (folder / "bin", folder / "bin/bench"), []
    known = time_workloads(theirs[1], ["all"], 1)
    print("".join(f"  {name:34} new\n" for name in names if name not in known), end="")
    names = [name for name in names if name in known] or inconclusive(f"{commit} has none of these workloads")
    if asked == "all":
        names += [f"start-{program}" for program in PROGRAMS]
        larger = compare_bytes(ours[0], theirs[0], commit)
    slower, left = compare_time(ours, theirs, names, commit)
    if slower or larger:
        sys.exit(1)
    if left:
        inconclusive(f"too noisy for a verdict on {', '.join(left)}")
    print(f"no workload is more than {LIMIT - 1:.0%} slower than in {commit}")


def count_all(bench):
    """{workload: instructions}. Under Valgrind addresses do not vary, so counts repeat."""
    os.environ.update(GOMP_SPINCOUNT="1", OPENBLAS_THREAD_TIMEOUT="1", KMP_BLOCKTIME="1")

    def count(name, function):
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no",
                   f"--toggle-collect={function}", stripped, "--once", "--workload",
                   name if name.startswith("load") else f"avx2/{name}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
        if done.returncode == 2:
            return 0  # a bench that does not know the workload
        collected = re.search(r"Collected : ([0-9]+)", done.stdout)
        if done.returncode or not collected:
            fail(3, f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}")
        return int(collected[1])
    with tempfile.TemporaryDirectory() as folder:
        stripped = Path(folder) / "bench"  # Valgrind of Debian 12 rejects clang's debug lines
        subprocess.run(["objcopy", "--strip-debug", bench, stripped], check=True)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(zip(COUNTED, pool.map(count, COUNTED, COUNTED.values())))


def instructions(bench, *options):
    try:
        record = dict(json.loads(RECORD.read_text() if RECORD.exists() else "{}"))
    except (TypeError, ValueError) as error:
        fail(3, f"{RECORD}: {error}")
    version = output(bench, "--version")
    if not re.search(r"^tiers found here: .*avx2", version, re.MULTILINE) or not shutil.which("valgrind"):
        inconclusive("avx2 or valgrind is not available")
    compiler = "-".join(find(r"(gcc|clang)\D*([0-9]+\.[0-9]+)", version.lower(), f"{bench} --version").groups())
    found = count_all(bench)
    if options:
        RECORD.write_text(json.dumps({**record, compiler: found}, indent=1, sort_keys=True) + "\n")
        return
    source, expected = compiler, record.get(compiler)
    if not expected:
        source, folder = build(resolve("baseline"))
        expected = count_all(folder / "bin/bench")
    wrong = 0
    for name in sorted(found.keys() | expected.keys()):
        ours, theirs = found.get(name, 0), expected.get(name, 0)
        print(f"  {name:34} {ours:12} instructions, {theirs:12} in {source}")
        if abs(ours - theirs) > COUNT_LIMIT * theirs and (ours > theirs > 0 or source == compiler):
            wrong = 1
            print(f"guard.py: {name}: {ours} instructions, expected {theirs} within {COUNT_LIMIT:.0%}, as in {source}; "
                  "if intended: make bench-instructions RECORD=--record", file=sys.stderr)
    sys.exit(wrong)


def selftest(slow, name):
    for arguments in ["against", slow, "baseline", name], ["instructions", slow]:
        done = subprocess.run([__file__, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(f"== {' '.join(map(str, arguments))}\n{done.stdout}", end="", flush=True)
        if done.returncode == 77:
            inconclusive("a guard above was inconclusive")
        if done.returncode != 1 or not re.search(f"^guard.py: .*{name.split('/')[1]}", done.stdout, re.MULTILINE):
            fail(1, f"expected exit status 1 and a line on {name}, found {done.returncode}")
    print("both guards detect the slow kernel")


if __name__ == "__main__":
    job, *rest = sys.argv[1:] or [""]
    takes = {"against": (against, 3, 3), "instructions": (instructions, 1, 2), "selftest": (selftest, 2, 2)}
    function, least, most = takes.get(job, (None, 0, -1))
    if not least <= len(rest) <= most or (job == "instructions" and rest[1:] not in ([], ["--record"])):
        fail(2, "\n".join(__doc__.splitlines()[2:5]))
    one_line(3, function, Path(rest[0]).resolve(), *rest[1:])
