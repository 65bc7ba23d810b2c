#!/usr/bin/env python3
"""Times threads that do not get the CPUs they ask for: contention.py [RUNS]. Needs two free CPUs; 7 runs of each.

What counts is the median over the runs of seconds per step, relative to another way that runs in turn with it. A line
above its limit makes the exit status 1. A quota needs a cgroup that may be made (root, version 1 or 2): without one the
line says so, and where no other line fails the exit status is 77.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import plans

NETWORK, STEPS = "784-64x2/32", 8192
PERIOD = 100000  # microseconds


def make_quota():
    """A cgroup of this process's own hierarchy with a quota of one CPU; None where it cannot be made."""
    version1, version2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
    name = f"tileprop-{os.getpid()}"
    try:
        if (version1 / "cpu.cfs_period_us").exists():
            group = version1 / name
            group.mkdir()
            (group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(PERIOD))
        else:
            group = version2 / name
            group.mkdir()
            (group / "cpu.max").write_text(f"{PERIOD} {PERIOD}")
    except OSError:
        if group.exists():
            group.rmdir()
        return None
    return group


def seconds(data, way, group=None):
    """Of one step. A run in the group starts there, so that it sees the quota."""
    if not group:
        found = plans.run(data, NETWORK, STEPS, way)
    else:
        own = Path(f"/proc/{os.getpid()}/cgroup").read_text()
        (group / "cgroup.procs").write_text(str(os.getpid()))
        try:
            found = plans.run(data, NETWORK, STEPS, way)
        finally:
            where = next(line.split(":", 2)[2] for line in own.splitlines() if "cpu" in line.split(":")[1].split(",")
                         or line.startswith("0::"))
            (group.parent / where.strip("/") / "cgroup.procs").write_text(str(os.getpid()))
    return found["seconds_training"] / found["steps"]


def compare(name, limit, first, second, runs):
    """Prints how many times as long the first takes; whether that is within the limit."""
    times = [(first(), second()) for _ in range(runs)]
    above, below = (statistics.median(column) for column in zip(*times))
    print(f"{name:58} {1e6 * above:8.1f} us {1e6 * below:8.1f} us  {above / below:6.2f}"
          + (f"  (limit {limit})" if limit else ""), flush=True)
    return not limit or above / below <= limit


def with_competitor(measure):
    """The measurement beside a process that keeps the second CPU busy."""
    cpu = sorted(os.sched_getaffinity(0))[-1]
    busy = subprocess.Popen(["taskset", "-c", str(cpu), sys.executable, "-c", "while True: pass"])
    try:
        return measure()
    finally:
        busy.kill()
        busy.wait()


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("contention.py: expected two CPUs, found one")
    passed, complete = True, True
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        plans.write_data(data / str(plans.parse(NETWORK)[0]), plans.parse(NETWORK)[0])

        def on(*way):
            return lambda: seconds(data, list(way))
        one, two = on("--threads-exact", "1"), on("--threads-exact", "2")
        auto = on("--threads", "16")
        print(f"{NETWORK}, us per step{'ratio':>75}")
        passed &= compare("16 threads at most / exactly 2", 1.05, auto, two, runs)
        passed &= compare("exactly 2, one CPU being busy / the same undisturbed", 2.2,
                          lambda: with_competitor(two), two, runs)
        passed &= compare("exactly 16 / exactly 2", None, on("--threads-exact", "16"), two, 1)
        group = make_quota()
        if group:
            try:
                passed &= compare("16 at most under a quota of one CPU / exactly 1", 1.1,
                                  lambda: seconds(data, ["--threads", "16"], group), one, runs)
                compare("exactly 2 under a quota of one CPU / exactly 1", None,
                        lambda: seconds(data, ["--threads-exact", "2"], group), one, runs)
            finally:
                group.rmdir()
        else:
            complete = False
            print("under a quota: not measured, because no cgroup can be made here")
    return 1 if not passed else 0 if complete else 77


if __name__ == "__main__":
    sys.exit(main())
