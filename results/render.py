#!/usr/bin/env python3
"""Renders the report: render.py [--check] [RESULTS]. Needs python3-jinja2.

RESULTS/report.md.in becomes RESULTS/report.md; RESULTS is this folder unless named. Tables are made of the files here.
The text is written by hand, and what it claims stands in markers, [[text|expression]], of which the text is kept. The
expression, of the functions below, says where the claim comes from:

    [[0.1349 +- 0.0022|loss("3a")]]     numbers, which must be the expression's, rounded as they are written; with % or
                                        percentage the expression's times 100; after "about" within a fifth of it
    [[lower|loss("3a") < loss("2c")]]   words, of a comparison that must be true

In an answer, each digit and each comparing word must stand in a marker. With --check nothing is written, and the exit
status is 1 where the report would change.
"""

import csv
import json
import math
import os
import re
import statistics
import sys
from functools import cache
from pathlib import Path

import jinja2

HERE = Path(__file__).resolve().parent
ARGUMENTS = [a for a in sys.argv[1:] if a != "--check"]
RESULTS = Path(ARGUMENTS[0] if ARGUMENTS else HERE).resolve()

# Student's t, 97.5 %, by degrees of freedom: Abramowitz and Stegun, table 26.10.
STUDENT = {4: 2.776, 9: 2.262}

# --- Figures -------------------------------------------------------------------------------------------------------


@cache
def load(name):
    return json.loads((RESULTS / name).read_text())


@cache
def rows(name):
    with open(RESULTS / name, newline="") as file:
        return list(csv.DictReader(file))


class Sample(list):
    """A figure by seed. a - b, a < b and a > b pair the seeds."""

    def numbers(self):
        return statistics.fmean(self), statistics.stdev(self)

    def __sub__(self, other):
        return Difference(a - b for a, b in zip(self, other, strict=True))

    def __lt__(self, other):
        mean, half = (self - other).numbers()
        return mean + half < 0

    def __gt__(self, other):
        mean, half = (self - other).numbers()
        return mean - half > 0


class Difference(Sample):
    def numbers(self):
        """Mean, and half the width of its 95 % interval."""
        return statistics.fmean(self), STUDENT[len(self) - 1] * statistics.stdev(self) / math.sqrt(len(self))


def same(a, b):
    """The interval of their difference contains 0."""
    return not a < b and not a > b


def within(a, b):
    """The furthest from 0 that their difference's interval reaches."""
    mean, half = (a - b).numbers()
    return abs(mean) + half


def figure(item, name):
    return Sample(run[name] for run in load(f"{item}/summary.json")["runs"])


def loss(item):
    return figure(item, "best_validation_loss")


def best_step(item):
    return figure(item, "best_step")


def train(item):
    return figure(item, "train_accuracy")


def train_loss(item):
    return figure(item, "train_loss")


def fits(item, limit):
    """The first epoch, from 1, with at most this mean training loss over all seeds."""
    losses = [float(row["mean"]) for row in rows(f"{item}/loss.csv")]
    epochs = [(int(row["step"]) // 625) for row in rows(f"{item}/loss.csv")]
    means = [statistics.fmean(x for x, e in zip(losses, epochs) if e == epoch) for epoch in range(epochs[-1] + 1)]
    return next(i for i, mean in enumerate(means, 1) if mean <= limit)


def validation(item):
    return figure(item, "validation_accuracy")


def gap(item):
    """Validation loss less training loss, of the final weights."""
    return Sample(run["validation_loss"] - run["train_loss"] for run in load(f"{item}/summary.json")["runs"])


def climb(item):
    """Validation loss of the final weights less the lowest one."""
    return Sample(run["validation_loss"] - run["best_validation_loss"] for run in load(f"{item}/summary.json")["runs"])


def steps_to(item, limit):
    return Sample(run["steps_to"][limit] for run in load(f"{item}/summary.json")["runs"])


def first(sample):
    """Seed 1's."""
    return sample[0]


def reached(item, limit):
    return sum(run["steps_to"][limit] is not None for run in load(f"{item}/summary.json")["runs"])


def swept(name, measure="best_validation_loss", **options):
    """Of the runs of a sweep with these options, by seed."""
    return Sample(float(row[measure]) for row in rows(f"sweeps/{name}.csv")
                  if all(row[key] == value for key, value in options.items()))


def layer(item, name, number, epoch=None):
    """Of layers.csv: in an epoch, from 1, or -1 for the last."""
    table = rows(f"{item}/layers.csv")
    return float(table[epoch - 1 if epoch > 0 else epoch][f"{name}_{number}"])


def spread(item, epoch):
    """The largest gradient norm of a layer over the smallest."""
    norms = [layer(item, "grad_norm", n + 1, epoch) for n in range(len(hidden(item)) + 1)]
    return max(norms) / min(norms)


def best_rate(name, **options):
    """Learning rate of a sweep with the lowest mean loss."""
    rates = {row["lr"] for row in rows(f"sweeps/{name}.csv")}
    return float(min(rates, key=lambda rate: swept(name, lr=rate, **options).numbers()[0]))


def setting(item, option):
    return float(load(f"{item}/summary.json")["config"][option])


def hidden(item):
    return [int(n) for n in load(f"{item}/summary.json")["config"]["hidden"].split(",")]


def units(item):
    return hidden(item)[0]


def test_accuracy():
    return load("test.json")["accuracy"]


def parameters(units):
    """Weights of a network with a bias among its inputs."""
    widths = [785, *units, 10]
    return sum(a * b for a, b in zip(widths, widths[1:]))


FIGURES = (same, within, first, loss, best_step, train, train_loss, fits, validation, gap, climb, steps_to, reached, swept, layer, spread, best_rate,
           setting, hidden, units, test_accuracy, parameters, load)

# --- Claims --------------------------------------------------------------------------------------------------------

MARKER = re.compile(r"\[\[(.+?)\|(.+?)\]\]", re.DOTALL)
NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?(?:[·]10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?")
LESS = {"lower", "less", "fewer", "smaller", "sooner", "earlier", "shorter", "faster", "below"}
MORE = {"higher", "more", "larger", "later", "longer", "slower", "greater", "above"}
EITHER = {"better", "worse", "same", "twice", "half", "times"}
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


class Wrong(Exception):
    pass


def read_number(text):
    """A number as it is written, and how far a rounded one may be from it."""
    text = text.replace(",", "").replace("−", "-")
    digits, _, power = text.partition("·10")
    factor = 10.0 ** int(power.translate(SUPERSCRIPTS)) if power else 1.0
    return float(digits) * factor, 0.5 * factor * 10.0 ** -len(digits.partition(".")[2])


def check_claim(text, expression):
    try:
        value = eval(expression, {f.__name__: f for f in FIGURES})  # our own text
    except Exception as error:
        raise Wrong(f"{expression}: {type(error).__name__}: {error}") from error
    words = set(re.findall(r"[a-z]+", text.lower()))
    if isinstance(value, bool):
        if not value or (words & LESS and "<" not in expression) or (words & MORE and ">" not in expression):
            raise Wrong(f"\"{text}\" is not what {expression} says")
        return
    found = value.numbers() if hasattr(value, "numbers") else (float(value),)
    written = [read_number(number) for number in NUMBER.findall(text)]
    if not written or len(written) > len(found):
        raise Wrong(f"\"{text}\" found, expected {len(found)} numbers of {expression}")
    for (number, half), true in zip(written, found):
        true *= 100 if "%" in text or "percentage" in text else 1
        allowed = 0.2 * abs(true) if "about" in words else half * (1 + 1e-9)
        if not abs(number - true) <= allowed:
            raise Wrong(f"\"{text}\" found, but {expression} is {true:.6g}")


def check_answers(text):
    """Each digit and comparative word of an answer must be in a marker."""
    in_answer = False
    for block in text.split("\n\n"):
        in_answer = block.startswith("**Answer") or (in_answer and not block.startswith(("#", "**")))
        if not in_answer or block.startswith(("|", "![", "{{")):  # tables and plots
            continue
        bare = MARKER.sub("", block)
        bare = re.sub(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|\b[2-4][a-e]\b|\bitem 3\b", "", bare)
        left = re.search(r"\d|\b(?:" + "|".join(LESS | MORE | EITHER) + r")\b", bare, re.IGNORECASE)
        if left:
            raise Wrong(f"\"{left[0]}\" in an answer is not in a marker: ...{bare[max(0, left.start() - 40):][:80]!r}")


def resolve(text):
    """The text of the report without markers. Raises Wrong for the first claim that does not hold."""
    check_answers(text)
    for match in MARKER.finditer(text):
        check_claim(*match.groups())
    text = MARKER.sub(r"\1", text)
    return re.sub(r" (±|%|µs) ?", lambda found: "\u00a0" + found[1] + ("\u00a0" if found[0][-1] == " " and found[1] == "±" else
                                                                    found[0][len(found[1]) + 1:]), text)


# --- Tables --------------------------------------------------------------------------------------------------------


def pm(sample, digits, factor=1):
    mean, spread = sample.numbers()
    return f"{mean * factor:,.{digits}f} ± {spread * factor:,.{digits}f}".replace("-0.0000", "0.0000").replace("-", "−")


def make_table(header, lines):
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, ["---", *["---:"] * (len(header) - 1)], *lines])


def results(*items, names={}):
    """One row for each item."""
    return make_table(["", "lowest validation loss", "at step", "train, %", "validation, %", "loss gap", "loss climb"],
                      [[names.get(i, i), pm(loss(i), 4), pm(best_step(i), 0), pm(train(i), 2, 100),
                        pm(validation(i), 2, 100), pm(gap(i), 4), pm(climb(i), 4)] for i in items])


def differences(*pairs):
    """Paired differences, first less second."""
    return make_table(["difference", "lowest validation loss", "at step", "train, points", "validation, points", "loss gap"],
                      [[f"{a} − {b}", pm(loss(a) - loss(b), 4), pm(best_step(a) - best_step(b), 0),
                        pm(train(a) - train(b), 2, 100), pm(validation(a) - validation(b), 2, 100),
                        pm(gap(a) - gap(b), 4)] for a, b in pairs])


def speed(items, limits, pairs=()):
    def cell(item, limit):
        runs = len(load(f"{item}/summary.json")["runs"])
        return pm(steps_to(item, limit), 0) if reached(item, limit) == runs else f"{reached(item, limit)} of {runs} seeds"

    def difference(a, b, limit):
        known = all(reached(item, limit) == len(loss(item)) for item in (a, b))
        return pm(steps_to(a, limit) - steps_to(b, limit), 0) if known else ""
    return make_table(["first step with a validation loss of at most", *limits],
                      [*([item, *(cell(item, limit) for limit in limits)] for item in items),
                       *([f"{a} − {b}", *(difference(a, b, limit) for limit in limits)] for a, b in pairs)])


def sweep(name, option, rates, labels, measure="best_validation_loss", digits=4, factor=1):
    """A row for each learning rate, a column for each value of an option."""
    return make_table(["learning rate", *labels.values()],
                      [[rate, *(pm(swept(name, measure, lr=rate, **{option: value}), digits, factor) for value in labels)]
                       for rate in rates])


def gradients(items):
    """Norms in the first and in the last epoch, a row for each layer."""
    columns = [(item, epoch) for item in items for epoch in (1, -1)]
    return make_table(["layer", *(f"{item}, {'first' if epoch == 1 else 'last'} epoch" for item, epoch in columns)],
                      [[str(n), *(f"{layer(item, 'grad_norm', n, epoch):.2g}" if item == "4e" else
                                  power(layer(item, "grad_norm", n, epoch), 0) for item, epoch in columns)]
                       for n in range(1, len(hidden(items[0])) + 2)])


def saturation(items, epochs):
    """Of the first layer, a row for each item, at some epochs and at the end."""
    return make_table(["", *(f"epoch {e}" for e in epochs), "last epoch"],
                      [[item, *(f"{100 * layer(item, 'saturation', 1, e):.1f} %" for e in (*epochs, -1))]
                       for item in items])


def saturated_layers(items):
    """A column for each hidden layer, in the last epoch."""
    most = max(len(hidden(item)) for item in items)
    return make_table(["layer", *map(str, range(1, most + 1))],
                      [[item, *(f"{100 * layer(item, 'saturation', n, -1):.0f} %" if n <= len(hidden(item)) else ""
                                for n in range(1, most + 1))] for item in items])


def power(value, everyday=1):
    """2.3e-08 as a product that Markdown sets; numbers of an everyday size as they are, unless it is 0."""
    if everyday and 0.001 <= value < 1000:
        return f"{value:.3f}"
    digits, exponent = f"{value:.1e}".split("e")
    return f"${digits} \\cdot 10^{{{int(exponent)}}}$" if value else "0"


def count(item):
    """"785·64 + 64·10 = 50,880"."""
    widths = [785, *hidden(item), 10]
    return " + ".join(f"{a}·{b}" for a, b in zip(widths, widths[1:])) + f" = {parameters(hidden(item)):,}"


def place(at, layer=True):
    """Of a weight in check.json."""
    start = "bias" if at["input"] is None else f"input {at['input']}"
    return f"{start} to unit {at['unit']}" + (f" of layer {at['layer']}" if layer else "")


def gradient_check(item):
    return make_table(["layer", "weights", "largest gradient", "$h$", "largest difference", "where", "bound"],
                      [[str(i), f"{l['weights']:,}", power(l["largest_gradient"]), f"{l['h']:g}", power(l["difference"]),
                        place(l["at"], False), power(l["truncation"] + l["rounding"])]
                       for i, l in enumerate(load(f"{item}/check.json")["layers"], 1)])


def plot(path, caption):
    """With its caption below it, which the text of an image is not on every page that shows Markdown."""
    return f"![{caption}]({path})\\\n*{caption}*"


TABLES = (plot, pm, results, differences, speed, sweep, gradients, saturation, saturated_layers, power, count, place, gradient_check)


def render():
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(RESULTS), undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.globals.update({f.__name__: f for f in (*FIGURES, *TABLES)})
    return resolve(environment.get_template("report.md.in").render())


def main():
    path = RESULTS / "report.md"
    try:
        text = render()
    except (Wrong, jinja2.TemplateError, KeyError, IndexError, OSError, ValueError) as error:
        sys.exit(f"render.py: {type(error).__name__}: {error}")
    if path.exists() and path.read_text() == text:
        return
    if "--check" in sys.argv:
        sys.exit(f"render.py: {path} is not what its sources give; run render.py")
    beside = path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, path)


if __name__ == "__main__":
    main()
