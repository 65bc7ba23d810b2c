"""How figures are kept in results/bench: of which CPU and commit they are, and files that are replaced whole."""

import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results/bench"
BENCH = Path(os.environ.get("TP_BENCH", ROOT / "bin/bench")).resolve()
DIGITS = 4  # significant ones: no time here repeats to more


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def commit():
    """The checked-out commit, with -dirty where files differ from it; results do not change what is measured."""
    known = git("rev-parse", "--short", "HEAD").stdout.strip()
    if not known:
        return "unknown"
    return known + ("-dirty" if git("diff", "--quiet", "HEAD", "--", ".", ":!results").returncode else "")


def date():
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def bench_json(arguments, whole=False):
    """What bin/bench prints as JSON: its last line, or all of its output. Its exit status, where it fails, is ours."""
    done = subprocess.run([BENCH, *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        print(f"{Path(sys.argv[0]).name}: bench {' '.join(arguments)}: exit status {done.returncode}", file=sys.stderr)
        sys.exit(done.returncode if done.returncode > 0 else 1)
    return json.loads(done.stdout if whole else done.stdout.splitlines()[-1])


def tiers():
    """The vector tiers that this build has and this CPU runs, slowest first."""
    said = subprocess.run([BENCH, "--version"], stdout=subprocess.PIPE, text=True).stdout
    found = re.search(r"^tiers found here: (.*)", said, re.MULTILINE)
    return [tier for tier in found[1].replace(",", " ").split() if tier != "reference"] if found else []


def machine():
    """CPU, caches and the rest of what bench says of this machine, by way of its smallest table."""
    return bench_json(["--layers", "1,1", "--batch", "1", "--threads", "1", "--json"])["machine"]


def rounded(value):
    """The value with every fraction in it to DIGITS."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def write(path, text):
    beside = path.with_name(path.name + ".new")
    beside.write_text(text)
    os.replace(beside, path)


def write_json(path, members):
    """An object with an item of each of its lists to a line, so that two versions can be compared."""
    def item(value):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)

    def member(value):
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return "[\n  " + ",\n  ".join(map(item, value)) + "\n ]"
        return item(value)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, "{\n " + ",\n ".join(f"{json.dumps(key)}: {member(rounded(value))}"
                                     for key, value in sorted(members.items())) + "\n}\n")
