#!/usr/bin/env python3
"""Renders the report: render.py [--check] [RESULTS]. Needs python3-jinja2.

RESULTS/report.md.in becomes RESULTS/report.md; RESULTS is this folder unless named. Every measured number in the report
comes from a file in RESULTS, through the functions below. Links of the README to functions, [`name`](file.c#L1), get the
line where the function begins. With --check nothing is written, and the exit status is 1 where a file would change.
"""

import csv
import json
import math
import os
import re
import sys
from functools import cache
from pathlib import Path

import jinja2

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ARGUMENTS = [a for a in sys.argv[1:] if a != "--check"]
RESULTS = Path(ARGUMENTS[0] if ARGUMENTS else HERE).resolve()


def load(path):
    return json.loads(path.read_text()) if path.exists() else None


def summaries():
    """{folder: summary} of every item that has results."""
    return {path.parent.relative_to(RESULTS).as_posix(): load(path)
            for path in sorted(RESULTS.glob("**/summary.json"))}


ITEMS = summaries()


def thousands(n):
    return f"{n:,.0f}"


def pm(item, key, digits, factor=1):
    """Mean and sample standard deviation over the seeds."""
    mean, deviation = (ITEMS[item][part][key] * factor for part in ("mean", "deviation"))
    return f"{mean:,.{digits}f} ± {deviation:,.{digits}f}"


def pct(item, key, digits=2):
    return pm(item, key, digits, 100)


def steps_to(item, limit):
    summary = ITEMS[item]
    if summary["reached"][limit] < len(summary["runs"]):
        return f"{summary['reached'][limit]} of {len(summary['runs'])} seeds"
    return f"{summary['mean']['steps_to'][limit]:,.0f} ± {summary['deviation']['steps_to'][limit]:,.0f}"


class Difference:
    """Mean of a less mean of b with Welch's standard error, the root of s_a^2 / n_a + s_b^2 / n_b."""

    def __init__(self, a, b, key):
        part = (lambda s, p: s[p]["steps_to"][key[1]]) if isinstance(key, tuple) else (lambda s, p: s[p][key])
        self.known = None not in (part(ITEMS[a], "mean"), part(ITEMS[b], "mean"))
        if not self.known:
            return
        self.value = part(ITEMS[a], "mean") - part(ITEMS[b], "mean")
        self.error = math.sqrt(sum(part(s, "deviation") ** 2 / len(s["runs"]) for s in (ITEMS[a], ITEMS[b])))
        self.up = self.value > 2 * self.error
        self.down = -self.value > 2 * self.error


def differs(a, b, key):
    """key: a measure, or ("steps_to", limit)."""
    return Difference(a, b, key)


def verdict(a, b, key, digits, up="higher", down="lower", factor=1, unit=""):
    """How a's mean lies against b's, in words with figures; a direction only beyond two standard errors."""
    d = differs(a, b, key)
    if not d.known:
        return "not comparable, since not every seed gets there"
    error = f"standard error {d.error * factor:,.{digits}f}"
    if d.up or d.down:
        return f"{up if d.up else down} by {abs(d.value) * factor:,.{digits}f}{unit} ({error})"
    size = abs(d.value) * factor
    return f"not distinguishable ({size:,.{digits}f}{unit} apart, {error})"


def words(a, b, key, up, down, same):
    """One of three texts, by the same rule as verdict."""
    d = differs(a, b, key)
    return up if d.known and d.up else down if d.known and d.down else same


def parameters(hidden):
    """Weights of a network with a bias among its inputs, and the sum written out."""
    widths = [785, *hidden, 10]
    terms = [f"{a}·{b}" for a, b in zip(widths, widths[1:])]
    return sum(a * b for a, b in zip(widths, widths[1:])), " + ".join(terms)


def hidden(item):
    return [int(n) for n in ITEMS[item]["config"]["hidden"].split(",")]


def count(item):
    """"785·64 + 64·10 = 50,880", which must be what the program counted."""
    total, terms = parameters(hidden(item))
    if total != ITEMS[item]["parameters"]:
        sys.exit(f"render.py: {item}: {terms} is {total}, but the program counted {ITEMS[item]['parameters']}")
    return f"{terms} = {total:,}"


@cache
def norms(item):
    """[(step, [norm of layer 1, 2, ...])] of the plotted seed's evaluations."""
    with open(RESULTS / item / "history.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["validation_loss"]]
    return [(int(row["step"]), [float(row[k]) for k in row if k.startswith("grad_norm_")]) for row in rows]


def at(item, step):
    """The evaluation nearest to a step."""
    return min(norms(item), key=lambda row: abs(row[0] - step))


def norm(item, layer, step):
    return at(item, step)[1][layer - 1]


def evaluated(item, step):
    return at(item, step)[0]


def norm_mean(item, layer, part="all"):
    """Geometric mean over all evaluations, or over their last quarter."""
    rows = norms(item)
    rows = rows if part == "all" else rows[-(len(rows) // 4):]
    return math.exp(sum(math.log(row[1][layer - 1]) for row in rows) / len(rows))


def layers(item):
    return len(norms(item)[0][1])


def source(path, text):
    """A link to the only line of a file that contains text."""
    lines = [i for i, line in enumerate((ROOT / path).read_text().splitlines(), 1) if text in line]
    if len(lines) != 1:
        sys.exit(f"render.py: {path} has {len(lines)} lines with {text!r}, expected 1")
    return f"[`{path}:{lines[0]}`](../{path}#L{lines[0]})"


def power(value):
    """2.3e-08 as a product that Markdown sets."""
    digits, exponent = f"{value:.1e}".split("e")
    return f"${digits} \\cdot 10^{{{int(exponent)}}}$"


def place(at, layer=True):
    """Of a weight in check.json."""
    start = "bias" if at["input"] is None else f"input {at['input']}"
    return f"{start} to unit {at['unit']}" + (f" of layer {at['layer']}" if layer else "")


def section(name, heading, level="## "):
    """The text below a heading of another Markdown file here, up to the next heading of its level."""
    parts = [p.split("\n", 1) for p in ("\n" + (RESULTS / name).read_text()).split("\n" + level)[1:]]
    found = [p[1].strip() for p in parts if p[0] == heading]
    if len(found) != 1:
        sys.exit(f"render.py: {name} has {len(found)} headings {heading!r}, expected 1")
    return found[0]


def preface(name):
    """The text between the title and the first section of another Markdown file here."""
    return (RESULTS / name).read_text().split("\n## ", 1)[0].split("\n", 1)[1].strip()


def render():
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(RESULTS), undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    functions = (thousands, pm, pct, steps_to, differs, verdict, words, parameters, hidden, count, norm, evaluated,
                 norm_mean, layers, power, place, source, section, preface)
    environment.globals.update({f.__name__: f for f in functions}, items=ITEMS)
    checks = {name: load(RESULTS / f"{name}/check.json") for name in ("2b", "4c")}
    stats = {name: load(RESULTS / f"2a/{name}.json") for name in ("limited", "all")}
    return environment.get_template("report.md.in").render(stats=stats, checks=checks)


def with_lines(text):
    """The text with each link to a function at the line where the function begins."""
    def link(match):
        name, path = match.groups()
        lines = [i for i, line in enumerate((ROOT / path).read_text().splitlines(), 1)
                 if re.match(rf"[a-z].*\b{name}\(", line) and not line.endswith(";")]
        if len(lines) != 1:
            sys.exit(f"render.py: {path} has {len(lines)} functions {name}, expected 1")
        return f"[`{name}`]({path}#L{lines[0]})"
    return re.sub(r"\[`(\w+)`\]\(([\w/]+\.[ch])#L\d+\)", link, text)


def main():
    readme = ROOT / "README.md"
    try:
        texts = {RESULTS / "report.md": render(), readme: with_lines(readme.read_text())}
    except (jinja2.TemplateError, KeyError, IndexError, OSError, ValueError) as error:
        sys.exit(f"render.py: {type(error).__name__}: {error}")
    for path, text in texts.items():
        if path.exists() and path.read_text() == text:
            continue
        if "--check" in sys.argv:
            sys.exit(f"render.py: {path} is not what its sources give; run render.py")
        beside = path.with_suffix(".new")
        beside.write_text(text)
        os.replace(beside, path)


if __name__ == "__main__":
    main()
