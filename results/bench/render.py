#!/usr/bin/env python3
"""Renders what benchmarks gave: render.py [--check] [FOLDER]. Needs gnuplot for the plots.

FOLDER is this one unless named. CPU.json, CPU-programs.json, CPU-plans.json, CPU-serving.json,
history.csv and notes.md in it become
README.md, CPU.gp and history.gp, and those become CPU.svg, CPU.png, history.svg and history.png. With --check nothing is
written, and the exit status is 1 where README.md, a script or an .svg would change. An .svg that another version of
gnuplot drew is left alone, and so is a .png that is there.
"""

import csv
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
STYLE = HERE.parent / "style.gp"
TIERS = [*re.findall(r"^TP_\w*TIER\((\w+),", (HERE.parents[1] / "kernels/tiers.def").read_text(), re.M)[::-1], "any"]
VERBS = ["forward", "backward", "update"]
PARTS = [("product", "the product alone"), ("verb", "the whole verb")]
SLOW_PEER = 0.8           # share of the peak below which a library is to be beaten by
MARGIN = 1.1              # this factor, and from there on
EQUAL = 1.0               # by this one
LEAST_BATCH = 32          # of rows with such a goal
ABOVE_PEAK = 1.05         # more than what two medians of the same seconds differ by
LARGE = 512 * 1024 * 1024  # operations / 2 of a product from which on LARGE_SHARE of the peak is wanted
LARGE_SHARE = 0.85
FIRST_LAYERS = [("forward", 32, 64, 785), ("update", 785, 64, 32)]
FIRST_LAYER_SHARE = {"avx512": 0.75, "avx2": 0.70}
LEVELS = ["L1", "L2", "memory"]


def fail(message):
    sys.exit(f"render.py: {message}")


def table(head, rows, left=1):
    """A Markdown table; the first `left` columns are words, the others numbers."""
    lines = [head, ["---" if i < left else "--:" for i in range(len(head))], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def percent(share):
    return "" if share is None else f"{100 * share:.0f}"


def us(seconds):
    """Three digits at least, and no more behind the point than that takes."""
    value = 1e6 * seconds
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}"


def giga(rate):
    return f"{1e-9 * rate:,.0f}" if rate >= 1e10 else f"{1e-9 * rate:.2g}"


def number_of_threads(n):
    return f"{n} thread" + ("s" if n != 1 else "")


def size(count):
    if not count:
        return "unknown"
    return f"{count / 2 ** 20:g} MiB" if count >= 2 ** 20 else f"{count / 2 ** 10:g} KiB"


def groups(rows):
    """[((tier, threads), rows)], the best tier first."""
    keys = sorted({(row["tier"], row["threads"]) for row in rows}, key=lambda key: (TIERS.index(key[0]), key[1]))
    return [(key, [row for row in rows if (row["tier"], row["threads"]) == key]) for key in keys]


def shape(row):
    return f"{row['m']} x {row['n']} x {row['k']}"


def fused(row):
    name = row["optimizer"] if row["verb"] == "update" else row["activation"]
    return (name or "") + (", first layer" if row["first_layer"] else "")


def batch(row):
    return row["k"] if row["verb"] == "update" else row["m"]


def in_order(rows):
    return sorted(rows, key=lambda row: (TIERS.index(row["tier"]), row["threads"], VERBS.index(row["verb"]), batch(row),
                                         row["m"] * row["n"] * row["k"], shape(row), fused(row)))


def of_the_goal(row):
    return batch(row) >= LEAST_BATCH


def libraries(row):
    return {name: factors for name, factors in row["peers"].items() if name != "naive"}


def shortfall(row, part):
    """What the row lacks beside the fastest library: (factor, its name, wanted), None if nothing. part: "product" or
    "verb". Where no peak could be proved the library may be slow, and the higher factor is wanted."""
    factors = {name: both[part] for name, both in libraries(row).items() if both.get(part) is not None}
    ours = row["product_share_of_peak" if part == "product" else "share_of_peak"]
    if not factors:
        return None
    fastest = min(factors, key=factors.get)
    wanted = MARGIN if ours is None or ours / factors[fastest] < SLOW_PEER else EQUAL
    return None if factors[fastest] >= wanted else (factors[fastest], fastest, wanted)


def wanted_share(row):
    if (row["verb"], row["m"], row["n"], row["k"]) in FIRST_LAYERS:
        return FIRST_LAYER_SHARE.get(row["tier"])
    return LARGE_SHARE if row["m"] * row["n"] * row["k"] >= LARGE and row["tier"] in FIRST_LAYER_SHARE else None


def factors(both):
    """"1.52 / 1.31": product alone, whole verb; bold where ours is slower."""
    return " / ".join("" if value is None else f"**{value:.2f}**" if value < 1 else f"{value:.2f}"
                      for value in (both.get("product"), both.get("verb")))


def products(rows):
    text = []
    for (tier, threads), group in groups(rows):
        peers = sorted({name for row in group for name in row["peers"]}, key=lambda name: (name != "naive", name))
        lines = []
        for row in group:
            missed = [part for part, _ in PARTS if shortfall(row, part)]
            lines.append([row["verb"], shape(row), fused(row), us(row["seconds"]), giga(row["flops"] / row["seconds"]),
                          percent(row["product_share_of_peak"]), percent(row["share_of_peak"]),
                          *(factors(row["peers"].get(name, {})) for name in peers),
                          "" if not of_the_goal(row) else "not met: " + ", ".join(missed) if missed else "met"])
        text.append(f"#### Products, {tier}, {number_of_threads(threads)}\n\n"
                    + table(["verb", "M x N x K", "with", "us", "GFLOP/s", "% of peak, product", "% of peak, verb",
                             *peers, "goal"], lines, 3))
    return "\n".join(text)


def judged(rows):
    return [row for row in rows if of_the_goal(row) and libraries(row)]


def of_shares(rows):
    """[(row, wanted share of the peak)]"""
    return [(row, wanted) for row in rows if (wanted := wanted_share(row)) and row["share_of_peak"] is not None]


def judgement(rows):
    """How many rows meet the goals."""
    impossible = [row for row in rows if max(row["share_of_peak"] or 0, row["product_share_of_peak"] or 0) > ABOVE_PEAK]
    text = [f"**{len(impossible)} rows lie above the peak that was measured beside them: something else was running, "
            "and these figures say little.**\n"] if impossible else []
    text += [f"Goal beside the fastest library, for batches of {LEAST_BATCH} and more: {MARGIN:.1f} times as fast where"
             f" it is below {SLOW_PEER:.0%} of the peak, as fast elsewhere. No allowance is made for noise. Rows that "
             "fall short stand behind the tables, with the letter of the note that says why."]
    unknown = sorted({f"{row['tier']} on {number_of_threads(row['threads'])}" for row in rows
                      if row["share_of_peak"] is None})
    if unknown:
        text.append(f"\nNo peak could be proved for {', '.join(unknown)}: {MARGIN:.1f} is wanted there, and no share is "
                    "known.\n")
    for part, name in PARTS:
        met = [row for row in judged(rows) if not shortfall(row, part)]
        text.append(f"- {name}: met by {len(met)} of {len(judged(rows))} rows")
    shares = of_shares(rows)
    met = [row for row, wanted in shares if row["share_of_peak"] >= wanted]
    text.append(f"- share of the peak, whole verb (from 512 x 1024 x 1024 on {LARGE_SHARE:.0%}, first layer of 64 "
                "units, batch 32: " + ", ".join(f"{tier} {share:.0%}" for tier, share in FIRST_LAYER_SHARE.items())
                + f"): met by {len(met)} of {len(shares)} rows")
    return "\n".join(text) + "\n"


def dimensions(row):
    """What a reason can ask of a row, besides `part` and the `factor` over the fastest library."""
    inputs, units = {"forward": ("k", "n"), "backward": ("n", "k"), "update": ("m", "n")}[row["verb"]]
    return {"tier": row["tier"], "threads": row["threads"], "verb": row["verb"], "batch": batch(row),
            "inputs": row[inputs], "units": row[units], "weights": row[inputs] * row[units]}


def reasons(note):
    """[(letter, conditions)] of the bullets of a note that begin with **Title** (letter: condition; condition)."""
    return [(letter, [re.fullmatch(r"(\w+)(<=|>=|=)(.+)", condition.strip()).groups()
                      for condition in conditions.split(";")])
            for letter, conditions in re.findall(r"^- \*\*[^*]+\*\* \((\w): ([^)]+)\)", note or "", re.M)]


def holds(facts, name, sign, value):
    if name not in facts:
        fail(f"notes.md: \"{name}\" found in a condition, expected one of {', '.join(facts)}")
    if sign == "=":
        return str(facts[name]) in value.split("|")
    return facts[name] >= float(value) if sign == ">=" else facts[name] <= float(value)


def reason(row, part, factor, note):
    """" (a)": the first of the note's reasons that is one for this row, "" if none is."""
    facts = {**dimensions(row), "part": part, "factor": factor}
    return next((f" ({letter})" for letter, conditions in reasons(note)
                 if all(holds(facts, *condition) for condition in conditions)), "")


def which(row):
    """Its shape, and what tells it from others of that shape."""
    linear = not row["optimizer"] and row["activation"] == "linear"
    return shape(row) + (", first layer" if row["first_layer"] else ", linear" if linear else "")


def grouped(found):
    """A line for each tier, count of threads, verb and goal. found: [(row, wanted, text)]."""
    lines = {}
    for row, wanted, text in found:
        head = f"- {row['tier']}, {number_of_threads(row['threads'])}, {row['verb']}, wanted {wanted}: "
        lines.setdefault(head, []).append(f"{which(row)} {text}")
    return [head + "; ".join(texts) for head, texts in lines.items()]


def misses(rows, note):
    """The rows that do not meet the goals, each with the letter of the note that says why."""
    text = []
    for part, name in PARTS:
        found = [(row, f"{lacks[2]:.1f}", f"**{lacks[0]:.3f}** {lacks[1]}{reason(row, part, lacks[0], note)}")
                 for row in judged(rows) if (lacks := shortfall(row, part))]
        if found:
            text += [f"Factor over the fastest library, {name}:\n", *grouped(found), ""]
    found = [(row, f"{wanted:.0%}", f"**{row['share_of_peak']:.1%}**{reason(row, 'share', 1, note)}")
             for row, wanted in of_shares(rows) if row["share_of_peak"] < wanted]
    if found:
        text += ["Share of the peak, whole verb:\n", *grouped(found), ""]
    return "\n".join(["#### Rows that fall short\n", *text]) if text else ""


def networks(rows):
    peers = sorted({name for row in rows for name in row["peers"]}, key=lambda name: (name != "naive", name))
    lines = []
    for (tier, threads), group in groups(rows):
        for row in group:
            values = [row["peers"].get(name) for name in peers]
            lines.append(["-".join(map(str, row["layers"])), str(row["batch"]), tier, str(threads),
                          us(row["step_seconds"]), giga(row["step_flops"] / row["step_seconds"]),
                          percent(row["step_share_of_peak"]), us(row["evaluation_seconds"]),
                          percent(row["evaluation_share_of_peak"]),
                          *("" if v is None else f"**{v:.2f}**" if v < 1 else f"{v:.2f}" for v in values)])
    return "#### Whole networks\n\n" + table(
        ["network", "batch", "tier", "threads", "step us", "GFLOP/s", "% of peak", "evaluation us per sample",
         "% of peak", *peers], lines)


def others(rows):
    keys = sorted({(row["kernel"], row["shape"]) for row in rows},
                  key=lambda key: (key[0], [int(n) for n in re.findall(r"\d+", key[1])], key[1]))
    rows = [{**row, "tier": row["tier"] or "any"} for row in rows]
    columns = [key for key, _ in groups(rows)]
    found = {(row["kernel"], row["shape"], row["tier"], row["threads"]): row for row in rows}

    def cell(row):
        if not row:
            return ""
        rate = f", {giga(row['bytes_per_s'])} GB/s" if row["bytes_per_s"] else ""
        share = f", {percent(row['share_of_bandwidth'])} % {row['level']}" if row["level"] else ""
        return us(row["seconds"]) + rate + share
    head = ["kernel", "shape", *(f"{tier}, {number_of_threads(n)}" for tier, n in columns)]
    lines = [[*key, *(cell(found.get((*key, *column))) for column in columns)] for key in keys]
    return ("#### Other kernels\n\nMicroseconds, bytes per second, and their share of the bandwidth of the cache "
            "that holds the operands.\n\n" + table(head, lines, 2))


def programs(kept):
    task = kept["task"]
    lines = [[row["program"], row["version"], str(row["threads"]), us(row["step_seconds"]), str(row["steps"]),
              "" if row["seconds"] is None else f"{row['seconds']:.2f}", f"{row['reached']} of {row['seeds']}"]
             for row in kept["programs"]]
    goal = f"{task['goal']:.0%}"
    missing = "".join(f"\nNot there: {absent['program']}.\n" for absent in kept["missing"])
    return (f"#### Whole programs\n\n784-{task['hidden']}-10, {task['activation']}, a bias in every layer, batch "
            f"{task['batch']}, learning rate {task['learning_rate']}, momentum {task['momentum']}, MNIST: 60,000 "
            f"samples, validation on the 10,000 test images {task['evaluations_per_epoch']} times an epoch, at most "
            f"{task['epochs']} epochs; first weights are each program's own. us per step: of steps alone. Seconds: "
            f"from the start of the process, imports and reading of data included, to the first evaluation with "
            f"{goal}. Medians over the seeds; {stamp(kept)}.\n\n"
            + table(["program", "version", "threads", "us per step", f"steps to {goal}", f"seconds to {goal}",
                     "seeds that got there"], lines, 2) + missing)


def plans(kept):
    lines = [[row["network"], us(row["one_seconds"]), us(row["two_seconds"]), us(row["auto_seconds"]),
              str(row["threads"]), f"{row['ratio']:.3f}", f"{row['low']:.3f} to {row['high']:.3f}",
              f"{1e3 * row['planning_seconds']:.1f}", f"{100 * row['planning_share']:.1f}"] for row in kept["rows"]]
    over = [row for row in kept["rows"] if row["low"] > kept["limit"]]
    return (f"#### Threads that are chosen\n\nMicroseconds per step of `train` on exactly one thread, exactly two, and as "
            f"`--threads 16` chooses: on how many, and how many times as long as the faster of the other two takes, "
            f"median of {kept['rows'][0]['rounds']} rounds in turn with its 95 % interval. Planning: ms, and % of the "
            f"process's time. Names are inputs-hidden layers/batch, 64x5 for five of 64; made-up samples of 10 classes, "
            f"momentum. "
            f"{len(over)} of {len(kept['rows'])} rows lie wholly above {kept['limit']}; {stamp(kept)}.\n\n"
            + table(["network", "one", "two", "chosen", "threads", "ratio", "95 %", "planning ms", "%"], lines))


def serving(kept):
    lines = [[str(row["batch"]), us(row["ours"]), us(row["ours_python"]), us(row["onnxruntime"]), us(row["empty"]),
              f"{row['onnxruntime'] / row['ours']:.2f}"] for row in kept["rows"]]
    return (f"#### Predictions\n\n{'-'.join(map(str, kept['layers']))}, ReLU, f32 in, probabilities out, one thread, "
            f"beside onnxruntime {kept['onnxruntime']}: us per call, medians of {kept['rounds']} rounds in turn. Ours is "
            f"called from C and from Python; onnxruntime from Python with bound buffers, which costs it the last column "
            f"but one, a graph that only copies 10 values of each row; {stamp(kept)}.\n\n"
            + table(["batch", "ours", "ours from Python", "onnxruntime", "an empty graph", "onnxruntime / ours"], lines, 1))


def stamp(kept):
    dirty = " (**of a tree with changes that are in no commit**)" if kept["commit"].endswith("-dirty") else ""
    return f"{kept['date']}, commit {kept['commit']}{dirty}"


def machine(kept):
    m = kept["machine"]
    caches = ", ".join(f"{name} {size(count)}" for name, count in zip(("L1d", "L2", "L3"), m["caches"]))
    lines = []
    for (tier, threads), group in groups(m["bandwidths"]):
        rates = {row["level"]: row["bytes_per_s"] for row in group}
        peak = next((p["flops_per_s"] for p in m["peaks"] if (p["tier"], p["threads"]) == (tier, threads)), None)
        lines.append([tier, str(threads), "" if peak is None else giga(peak),
                      *(giga(rates[level]) if level in rates else "" for level in LEVELS)])
    return (f"{m['cpu_name']}, {m['cpus']} CPUs; caches: {caches}; binding: {m['binding']}; compiler {m['compiler']}; "
            f"tileprop {m['version']}; {stamp(kept)}.\n\n"
            + table(["tier", "threads", "peak GFLOP/s", *(f"{level} GB/s" for level in LEVELS)], lines))


def panels(kept):
    """[(title, peak, {level: bandwidth}, {verb: [(operations per byte, operations per second)]})] of a roofline."""
    m, found = kept["machine"], []
    for (tier, threads), rows in groups(kept["rows"]):
        peak = [p["flops_per_s"] for p in m["peaks"] if (p["tier"], p["threads"]) == (tier, threads)]
        rates = {b["level"]: b["bytes_per_s"] for b in m["bandwidths"] if (b["tier"], b["threads"]) == (tier, threads)}
        if rates and peak and peak[0]:
            points = {verb: sorted((row["flops"] / row["bytes"], row["flops"] / row["seconds"]) for row in rows
                                   if row["verb"] == verb) for verb in VERBS}
            found.append((f"{tier}, {number_of_threads(threads)}", peak[0], rates, points))
    return found


def drawn_twice(name, width, height, body):
    """Commands that draw body as NAME.svg and as NAME.png of twice the size."""
    look = "font 'DejaVu Sans,14' background 'white'"
    terminals = {"svg": f"svg size {width},{height} {look}",
                 "png": f"pngcairo size {2 * width},{2 * height} {look} fontscale 2 linewidth 2 pointscale 2"}
    return "".join(f"set terminal {terminal}\nset output \"{name}.{kind}\"\n{body}"
                   for kind, terminal in terminals.items())


def roofline(key, kept):
    """Columns are counts of threads, rows are tiers; both axes are common to all panels."""
    found = panels(kept)
    if not found:
        return None
    xs = [x for *_, points in found for p in points.values() for x, _ in p]
    ys = [y for *_, points in found for p in points.values() for _, y in p]
    ridges = [peak / max(rates.values()) for _, peak, rates, _ in found]
    left, right = min(xs + ridges) / 1.5, max(xs) * 1.5
    bottom, top = min(ys) / 1.5, max(peak for _, peak, _, _ in found) * 1.6
    columns = len({title.split(", ")[1] for title, *_ in found})
    rows = math.ceil(len(found) / columns)
    parts, data = [], []
    for number, (title, peak, rates, points) in enumerate(found):
        for verb in VERBS:
            lines = "".join(f"{x:.4g},{1e-9 * y:.4g}\n" for x, y in points[verb])
            data.append(f"${verb}{number} << END\n{lines}END\n")
        roofs = [f"x < {peak / rates[level]:.5g} ? {1e-9 * rates[level]:.5g} * x : 1/0 with lines lw 1.5 dt {i} "
                 f"lc rgb \"#555555\" title \"{level} {giga(rates[level])} GB/s\""
                 for i, level in enumerate(LEVELS, 1) if level in rates]
        roofs.append(f"x >= {peak / max(rates.values()):.5g} ? {1e-9 * peak:.5g} : 1/0 with lines lw 2.5 "
                     f"lc rgb \"#000000\" title \"FMA {giga(peak)} GFLOP/s\"")
        marks = [f"${verb}{number} using 1:2 with points pt {mark} ps 0.9 lc rgb colour[{i}] title \"{verb}\""
                 for i, (verb, mark) in enumerate(zip(VERBS, (7, 5, 9)), 1) if points[verb]]
        parts.append(f"set title \"{title}\"\nplot " + ", \\\n    ".join(roofs + marks) + "\n")
    body = f"set multiplot layout {rows},{columns}\n{''.join(parts)}unset multiplot\n"
    return ("load \"../style.gp\"\n" + "".join(data) + "set logscale xy\nset samples 1000\n"
            "set key below maxcols 3\nset xlabel \"operations per byte that a call reads and writes\\n\"\n"
            "set ylabel \"GFLOP/s, whole verb\"\n"
            f"set format x \"%g\"\nset xrange [{left:.4g}:{right:.4g}]\n"
            f"set yrange [{1e-9 * bottom:.4g}:{1e-9 * top:.4g}]\n"
            + drawn_twice(key, 620 * columns, 560 * rows + 20, body))


def history_lines(rows):
    """[(title, [(commit number, factor)])]: geometric mean over what all commits of a CPU and tier have, one thread."""
    commits = list(dict.fromkeys(row["commit"] for row in rows))
    lines = []
    for cpu, tier, steps in sorted({(row["cpu"], row["tier"], row["kernel"] == "step") for row in rows}):
        found = {}
        for row in rows:
            if (row["cpu"], row["tier"], row["kernel"] == "step", row["threads"]) == (cpu, tier, steps, "1"):
                found.setdefault(row["commit"], {})[row["kernel"], row["shape"]] = float(row["factor_over_naive"])
        common = sorted(set.intersection(*map(set, found.values()))) if found else []
        if common:
            mean = [(commits.index(commit), math.exp(sum(math.log(of_commit[key]) for key in common) / len(common)))
                    for commit, of_commit in found.items()]
            lines.append((f"{cpu} {tier}, " + ("steps" if steps else "products"), mean))
    return commits, lines


def history(rows):
    commits, lines = history_lines(rows)
    data = "".join(f"$line{i} << END\n" + "".join(f"{x},{y:.4g}\n" for x, y in points) + "END\n"
                   for i, (_, points) in enumerate(lines))
    tics = ", ".join(f"\"{commit}\" {i}" for i, commit in enumerate(commits))
    plots = ", \\\n    ".join(f"$line{i} using 1:2 with linespoints lc rgb colour[{i % 6 + 1}] lw 2.5 "
                              f"pt {4 + 2 * (i % 4) + 1} title \"{title}\"" for i, (title, _) in enumerate(lines))
    return ("load \"../style.gp\"\n" + data + "set xlabel \"commit, in order of appearance\"\n"
            "set ylabel \"times as fast as naive loops, 1 thread\"\n"
            f"set xrange [-0.5:{len(commits) - 0.5}]\nset yrange [0:*]\nset key outside right center\n"
            f"set xtics rotate by -45 ({tics})\n" + drawn_twice("history", 1240, 560, f"plot {plots}\n"))


def notes(folder):
    """{CPU: text} of notes.md, whose headings are keys."""
    path = folder / "notes.md"
    if not path.exists():
        return {}
    parts = [part.split("\n", 1) for part in ("\n" + path.read_text()).split("\n## ")[1:]]
    return {part[0].strip(): part[1].strip() for part in parts if len(part) == 2 and part[1].strip()}


def read_history(folder):
    path = folder / "history.csv"
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


OPENING = """# Benchmarks

One section for each CPU that was measured, by vendor, family, model and stepping; the last run on it. `make bench` and
`make bench-programs` measure yours and write all of this; edit `notes.md` and the figures' makers, never this file.
[bench](../../bench/README.md) says how things are measured; [steps](../steps) has whole steps of earlier versions on
other CPUs, as they were printed.

A product of M x N x K counts as 2 M N K operations. *us* is one call of the verb: the product with what is fused to it
(*with*). Under the name of a peer stand two factors, its time over ours in the same rounds: of the product alone
against the product alone, and of the whole verb against the peer's product and plain loops for the rest. **Bold** is
where ours is slower. Naive loops run on one thread.
"""

OVER_TIME = """## Over time

How many times as fast as naive loops, at one thread: geometric means over the verbs with a batch of 32, and over whole
steps, as far as every commit of a CPU and tier has them; from [history.csv](history.csv).

![Factor over naive loops by commit](history.svg)
"""


def section(key, kept, played, planned, served, note, plotted):
    text = [f"## {key}\n"]
    if kept:
        text += [machine(kept), judgement(in_order(kept["rows"]))]
    if note:
        text.append(f"### Notes\n\n{note}\n")
    if plotted:
        text.append(f"![Products below the limits of {key}]({key}.svg)\n")
    if kept:
        text += [networks(kept["networks"])] if kept["networks"] else []
    if played:
        text.append(programs(played))
    if planned:
        text.append(plans(planned))
    if served:
        text.append(serving(served))
    if kept:
        text.append(products(in_order(kept["rows"])))
        text += [others(kept["others"])] if kept["others"] else []
        text += [short] if (short := misses(in_order(kept["rows"]), note)) else []
    return "\n".join(text)


def render(folder):
    """{file name: text}"""
    kept, played, planned, served = {}, {}, {}, {}
    for path in sorted(folder.glob("*.json")):
        key, into = path.stem, kept
        for suffix, those in ("-programs", played), ("-plans", planned), ("-serving", served):
            if key.endswith(suffix):
                key, into = key.removesuffix(suffix), those
        into[key] = json.loads(path.read_text())
    said, rows = notes(folder), read_history(folder)
    keys = sorted(kept.keys() | played.keys() | planned.keys() | served.keys())
    if unknown := sorted(said.keys() - set(keys)):
        fail(f"notes.md: no results of {unknown[0]}; here are {', '.join(keys) or 'none'}")
    texts = {}
    for key in kept:
        if script := roofline(key, kept[key]):
            texts[f"{key}.gp"] = script
    sections = [section(key, kept.get(key), played.get(key), planned.get(key), served.get(key), said.get(key),
                        f"{key}.gp" in texts) for key in keys]
    if rows:
        texts["history.gp"] = history(rows)
        sections.append(OVER_TIME)
    texts["README.md"] = "\n".join([OPENING, *sections])
    return texts


def drawn_by(svg):
    return re.search(r"<desc>(.*?)</desc>", svg)[1]


def draw(scripts, folder):
    """Draws scripts, {file name: text}, into a folder beside a style.gp."""
    for name, text in scripts.items():
        (folder / name).write_text(text)
        try:
            subprocess.run(["gnuplot", name], cwd=folder, check=True)
        except FileNotFoundError:
            fail("gnuplot is not here, install it (Debian: gnuplot-nox)")
        except subprocess.CalledProcessError as error:
            fail(f"gnuplot {name}: exit status {error.returncode}")


def undrawn(folder, texts):
    """Scripts in the folder that nothing gives any more."""
    return [path for path in sorted(folder.glob("*.gp")) if path.name not in texts]


def stale(folder, texts, drawn):
    """The first file in the folder that is not what its sources give, None if there is none."""
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            return path
    for path in sorted(drawn.glob("*.svg")):
        kept = folder / path.name
        if not kept.exists() or not kept.with_suffix(".png").exists():
            return kept
        if drawn_by(kept.read_text()) == drawn_by(path.read_text()) and kept.read_text() != path.read_text():
            return kept
    return next(iter(undrawn(folder, texts)), None)


def main():
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    if len(arguments) > 1:
        print("render.py: expected at most one folder", file=sys.stderr)
        sys.exit(2)
    folder = Path(arguments[0] if arguments else HERE).resolve()
    try:
        texts = render(folder)
    except (KeyError, TypeError, ValueError, OSError) as error:
        fail(f"{folder}: {type(error).__name__}: {error}")
    with tempfile.TemporaryDirectory() as scratch:
        drawn = Path(scratch) / "bench"
        drawn.mkdir()
        (Path(scratch) / STYLE.name).write_text(STYLE.read_text())
        draw({name: text for name, text in texts.items() if name.endswith(".gp")}, drawn)
        if "--check" in sys.argv:
            path = stale(folder, texts, drawn)
            if path:
                fail(f"{path} is not what its sources give; run results/bench/render.py")
            return
        files = {path.name: path.read_bytes() for path in drawn.iterdir()} | {"README.md": texts["README.md"].encode()}
    for script in undrawn(folder, texts):
        for path in (script, script.with_suffix(".svg"), script.with_suffix(".png")):
            path.unlink(missing_ok=True)
    for name, content in files.items():
        path = folder / name
        if path.exists() and path.read_bytes() == content:
            continue
        beside = path.with_name(name + ".new")
        beside.write_bytes(content)
        os.replace(beside, path)


if __name__ == "__main__":
    main()
