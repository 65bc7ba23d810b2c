#!/usr/bin/env python3
"""Renders results/bench with gnuplot: report.py [measure | --check].

measure first times NETWORKS on every vector tier, in several processes, and records medians: all in CPU.json, steps and
products of batch 32 in history.csv. --check writes nothing; its exit status is 1 if README.md or a plot is out of date,
but it skips plots of another version of gnuplot.
"""

import csv
import json
import math
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results/bench"
HISTORY = RESULTS / "history.csv"
BENCH = Path(os.environ.get("TP_BENCH", ROOT / "bin/bench")).resolve()
NETWORKS = [network.split("/") for network in os.environ.get("TP_NETWORKS", (  # layers, batch, processes
    "784,64,10/32/5 784,64,64,10/32/5 784,1024,1024,10/32/3 784,1024,1024,10/512/3 784,2048,2048,10/512/2")).split()]
THREADS = [1, 2, 4, 8, 16]
# Rows of the tables: steps of all networks, other whole runs of these networks, products by rows, inputs and units.
WHOLE = dict.fromkeys(("step_skipping", "evaluation", "evaluation_skipping"), ["784-64-10 batch 32"])
# Verbs in the roofline, and their names in its legend.
VERBS = {"forward": "forward", "backward": "backward", "update": "update", "step": "step",
         "step_skipping": "step, zeros skipped: counted, not computed"}
SIZES = [(32, 785, 64), (32, 64, 64), (32, 64, 10), (32, 1024, 1024), (512, 1024, 1024), (512, 2048, 2048)]
SHOWN = ["step", "step_skipping", "evaluation", "evaluation_skipping", *(product for batch, inputs, units in SIZES for product in (
    f"forward-{batch}x{units}x{inputs}", f"backward-{batch}x{inputs}x{units}",
    f"update-{inputs}x{units}x{batch}", f"update-{inputs}x{units}x{batch}-first"))]
network_name = "{network} batch {batch}".format_map
when = "commit {commit}, {date}".format_map


def fail(status, text):
    print(f"{Path(sys.argv[0]).name}: {text}", file=sys.stderr)
    sys.exit(status)


def one_line(status, function, *arguments):
    """Calls the function. Its exceptions become one line and this exit status."""
    try:
        return function(*arguments)
    except subprocess.CalledProcessError as error:
        fail(status, f"{' '.join(map(str, error.cmd))}: exit status {error.returncode}")
    except OSError as error:
        fail(status, f"{error.filename or function.__name__}: {error.strerror}")
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        fail(status, f"{' '.join([function.__name__, *map(str, arguments)])}: {error!r}")


def git(*arguments):
    """What git prints, or None if it fails."""
    done = subprocess.run(["git", "-C", ROOT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True).stdout


def start():
    """The checked-out commit, date and machine. bench must be a build of that commit; changed results do not count."""
    about = json.loads(output(BENCH, *"--layers 1,1 --batch 1 --threads 1 --rounds 1 --json".split()))["machine"]
    built, head = (git("rev-parse", "--short", of) for of in (about["version"].removesuffix("-dirty"), "HEAD"))
    if built != head:
        fail(1, f"{BENCH} is a build of {about['version']}, expected one of {head}: build it again")
    dirty = "-dirty" * (head is not None and git("diff", "--quiet", "HEAD", "--", ".", ":!results") is None)
    return {"commit": (head or "unknown") + dirty, "date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": about}


def medians(found):
    """Merges values of the same structure into medians where they differ. A key may be missing from some of them."""
    if isinstance(found[0], dict):
        return {key: medians([value[key] for value in found if key in value]) for key in set().union(*found)}
    if isinstance(found[0], list):
        return [medians(items) for items in zip(*found, strict=True)]
    return found[0] if found.count(found[0]) == len(found) else statistics.median(x for x in found if x is not None)


def replace(path, content):
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(content)
    os.replace(beside, path)


def keep(part, begun, value):
    """Replaces a part of this machine's file, or with None all but the parts. Keeps four digits; times vary more."""
    about, value = begun["machine"], {"commit": begun["commit"], "date": begun["date"], **value}
    path = RESULTS / f"{about['cpu']}.json"
    kept = (json.loads(path.read_text()) if path.exists() else {"machine": about}) | ({part: value} if part else value)
    rounded = json.loads(json.dumps(kept), parse_float=lambda text: float(f"{float(text):.4g}"))
    # One line per object of a list and per list of numbers, for readable diffs.
    text = re.sub(r"^( +)\{\n.*?^\1\}|\[\n[^{]*?\]", lambda item: (item[1] or "") + json.dumps(json.loads(item[0])),
                  json.dumps(rounded, indent=1, sort_keys=True), flags=re.M | re.S)
    replace(path, (text + "\n").encode())
    return value


def measure():
    """The outermost loop runs over processes, which spreads the runs of each figure over time."""
    begun, counts = start(), "1,2" if len(os.sched_getaffinity(0)) >= 2 else "1"
    tiers = re.search("^tiers found here: reference ?(.*)", output(BENCH, "--version"), re.M)[1].split()
    runs = [(tier, layers, batch) for turn in range(max(int(processes) for *_, processes in NETWORKS))
            for tier in tiers for layers, batch, processes in NETWORKS if turn < int(processes)]
    found, rows, text = {}, {}, HISTORY.read_text()
    for i, (tier, layers, batch) in enumerate(runs, 1):
        print(f"process {i} of {len(runs)}: {tier}, {layers}, batch {batch}", flush=True)
        options = f"--layers {layers} --batch {batch} --isa {tier} --threads {counts} --rounds 5 --json"
        found.setdefault((tier, layers, batch), []).append(json.loads(output(BENCH, *options.split())))
    for row in (row for same in found.values() for row in medians([run["rows"] for run in same])):
        network = row["network"] if row["part"] == "whole" else ""  # networks share products
        rows.setdefault((row["tier"], row["threads"], row["what"], row["part"], row["batch"], network), row)
    machines = [medians([run["machine"] for key in found if key[0] == tier for run in found[key]]) for tier in tiers]
    limits = {name: [limit for of in machines for limit in of[name]] for name in ("peaks", "bandwidths")}
    new = keep(None, begun, {"rows": list(rows.values()), "machine": {**machines[-1], **limits, "tiers": tiers}})
    for row in new["rows"]:
        if row["what"] == "step" or (row["batch"] == 32 and row["part"] not in ("product alone", "whole")):
            (kernel, _, shape), seconds, share = row["what"].partition("-"), row["seconds"], row["share_of_peak"]
            text += (f"{new['date']},{new['commit']},{new['machine']['cpu']},{row['tier']},{row['threads']},{kernel},"
                     f"{shape or network_name(row)},{1e6 * seconds:.4g},{1e-9 * row['flops'] / seconds:.4g},"
                     f"{row['peers']['naive']:.4g},{f'{share:.4g}' if share else ''}\n")
    replace(HISTORY, text.encode())


def us(seconds):
    """At least three significant digits."""
    return f"{1e6 * seconds:.{max(0, 2 - math.floor(math.log10(1e6 * seconds)))}f}"


def factor(value):
    return f"**{value:.2f}**" if round(value, 2) < 1 else f"{value:.2f}"


def libraries(peers):
    """{library: its time over ours}, by the fastest interface of each library."""
    return {name.split()[0]: peers[name] for name in sorted(peers, key=peers.get, reverse=True) if name != "naive"}


def beside_fastest(peers, alone):
    """The fastest library's factor, and that of the fastest bare product if only one of the two is below 1."""
    if not (found := libraries(peers)):
        return ""
    library = min(found, key=found.get)
    verb, product = factor(found[library]), factor(min(libraries(alone).values(), default=found[library]))
    return f"{verb} {library}" + (f" (product {product})" if ("*" in verb) != ("*" in product) else "")


def table(kept):
    best, cells, alone = kept["machine"]["tiers"][-1], {}, {}
    for row in sorted(kept["rows"], key=lambda row: (row["part"] != "product alone", row["flops"])):
        (what, *of), key, peers = row["what"].split(), (row["tier"], row["threads"]), row["peers"]
        if row["part"] == "product alone":
            alone[what, key] = peers
        elif what in SHOWN and (network_name(row) in WHOLE.get(what, [network_name(row)])):
            name = f"{what} {network_name(row)}" if row["part"] == "whole" else what
            cells.setdefault(name, {})[key] = [
                us(row["seconds"] / (int(of[1]) if of else 1)),  # evaluation of 2048 samples
                f"{100 * row['share_of_peak']:.0f}" if row["share_of_peak"] else "",
                factor(peers["naive"]) if "naive" in peers else "", beside_fastest(peers, alone.get((what, key), {}))]
    lines = [["", f"{best} us, 1 thread", "us, 2 threads", "% of peak, 1", "% of peak, 2", "naive, 1", "library, 1",
              "library, 2", "avx2 us, 1 thread", "% of peak", "library"], ["---", *["--:"] * 10]]
    for name in sorted(cells, key=lambda name: SHOWN.index(name.split()[0])):
        one, two, other = (cells[name].get(key, [""] * 4) for key in ((best, 1), (best, 2), ("avx2", 1)))
        lines.append([name, one[0], two[0], one[1], two[1], *one[2:], two[3], *other[:2], other[3]])
    return "\n".join(f"| {' | '.join(line[:8 if best == 'avx2' else 11])} |" for line in lines)


def programs(part):
    by_threads = {}
    for row in part["programs"]:
        seconds = "never" if row["seconds"] is None else f"{row['seconds']:.2f} s"
        some = f" ({row['reached']} of {row['seeds']} seeds)" if row["reached"] < row["seeds"] else ""
        by_threads.setdefault(row["threads"], []).append(
            f"{row['program'].replace(',', '')} {us(row['step_seconds'])} us, {seconds}{some}")
    texts = [f"threads {n}: " + " / ".join(rows) for n, rows in by_threads.items()]
    texts += [f"{item['program']} was not installed" for item in part["missing"]]
    return f"Whole programs, time per step and time to {part['task']['goal']:.0%} accuracy: {'; '.join(texts)}"


def serving(part):
    contenders = "ours", "ours_python", "onnxruntime", "empty"
    texts = (f"batch {row['batch']}: " + " / ".join(us(row[key]) for key in contenders) for row in part["rows"])
    return (f"Predictions of {'-'.join(map(str, part['layers']))}, 1 thread, us per call: tileprop from C / tileprop "
            f"from Python / onnxruntime {part['onnxruntime']} / its empty graph: {'; '.join(texts)}")


def threads(part):
    found = {}
    for row in part["rows"]:
        found.setdefault(f"{network_name(row)}, {row['program']}", {})[row["threads"]] = us(row["step_seconds"])
    texts = (f"{what}: " + ", ".join(times.get(n, "not measured") for n in THREADS) for what, times in found.items())
    return f"Time per step in us on {', '.join(map(str, THREADS))} threads: {'; '.join(texts)}"


def section(cpu, kept, note, plotted):
    about, here = kept["machine"], {row["threads"] for row in kept.get("rows", [])}
    caches = ", ".join(f"{name} {size / 2 ** 20:g} MiB" if size >= 2 ** 20 else f"{name} {size / 2 ** 10:g} KiB"
                       for name, size in zip(("L1d", "L2", "L3"), about["caches"]) if size)
    at = f"; measured at {when(kept)}" if "rows" in kept else ""
    lines = [f"- {show(kept[part])} ({when(kept[part])})." for part, show in
             {"programs": programs, "serving": serving, "threads": threads}.items() if part in kept]
    if "threads" not in kept:
        done, others = (", ".join(str(n) for n in THREADS if (n in here) == known) for known in (True, False))
        lines.append(f"- Thread counts: {done}. Not measured: {others}.")
    paragraphs = [f"\n## {cpu}", f"{about['cpu_name']}, {about['cpus']} CPUs; {caches}; {about['compiler']}{at}.",
                  table(kept) if at else "", plotted and f"![Roofline of {cpu}]({cpu}.svg)", note]
    return "\n\n".join([*filter(None, paragraphs), "\n".join(lines)]) + "\n"


def roofline(kept):
    panels, best = [], kept["machine"]["tiers"][-1]
    for count, top in [(peak["threads"], 1e-9 * peak["flops_per_s"]) for peak in kept["machine"]["peaks"]
                       if peak["tier"] == best and peak["flops_per_s"] and "rows" in kept]:
        series = [(f"FMA {top:.0f} GFLOP/s", [(0.05, top), (500, top)], "1:2 with lines lw 2 lc rgb '#000000'")]
        rates = {found["level"]: 1e-9 * found["bytes_per_s"] for found in kept["machine"]["bandwidths"]
                 if (found["tier"], found["threads"]) == (best, count)}
        series += [(f"{level} {rate:.0f} GB/s", [(0.05, 0.05 * rate), (top / rate, top)],
                    f"1:2 with lines dt {i} lc rgb '#555555'") for i, (level, rate) in enumerate(rates.items(), 1)]
        rows = [row for row in kept["rows"] if (row["tier"], row["threads"]) == (best, count)]
        for i, (verb, text) in enumerate(VERBS.items(), 1):
            points = [(row["flops"] / row["bytes"], 1e-9 * row["flops"] / row["seconds"]) for row in rows
                      if row["what"].split("-")[0] == verb and row["part"] != "product alone" and row["bytes"]]
            series += [(text, points, f"1:2 with points pt {2 * i + 3} ps 0.8 lc rgb colour[{i}]")] if points else []
        panels.append((f"{best}, threads: {count}", series))
    return draw(kept["machine"]["cpu"], len(panels), (560, 480), """set logscale xy; set xrange [0.05:500]
set yrange [1:1000]; set ylabel 'GFLOP/s, whole verb'; set format x '%g'; set key below maxcols 3
set xlabel "operations per byte read and written\\n"
""", panels) if panels else {}


def steps(kept):
    best, panels = kept["machine"]["tiers"][-1], {}
    rows = sorted((row for row in kept["rows"] if row["tier"] == best and row["what"].startswith("step")),
                  key=lambda row: (row["what"], row["flops"]))
    names = list(dict.fromkeys(map(network_name, rows)))
    for row in rows:
        series = panels.setdefault(f"{kept['machine']['cpu']}, {best}, threads: {row['threads']} (naive: 1)", {})
        others = {"naive": row["peers"]["naive"], "FMA limit": row["share_of_peak"]}
        for name, times in ({"tileprop": 1, **libraries(row["peers"]), **others} if row["what"] == "step" else
                            {"zeros skipped": 1}).items():
            if times:
                series.setdefault(name, []).append((names.index(network_name(row)), 1e6 * times * row["seconds"]))
    tics = ", ".join(f"\"{name.replace(' ', chr(92) + 'n', 1)}\" {i}" for i, name in enumerate(names))
    return draw("steps", 1, (900, 370), f"""set logscale y; set format y '%.0f'; set ylabel 'us per step'; unset xlabel
set bmargin 3.5; set xrange [-0.5:{len(names) - 0.5}]; set xtics font ',10.5' ({tics})
set key above maxrows 1 samplen 1 font ',12'
""", [(title, [(name, points, "1:2:(0.4) with xerrorbars pt -1 lw 2 lc rgb '#000000'" if name == "FMA limit" else
                f"($1 + {0.15 * at - 0.3:.2f}):2 with points ps 1.2 pt {2 * i + 5} lc rgb colour[{at + 1}]")
               for i, (name, points) in enumerate(series.items()) for at in [i if name != "zeros skipped" else 0]])
      for title, series in sorted(panels.items())])


def history():
    rows = [row for row in csv.DictReader(HISTORY.read_text().splitlines())
            if (row["shape"], row["threads"]) == ("784-64-10 batch 32", "1")]
    commits, lines = list(dict.fromkeys(row["commit"] for row in rows)), {}
    for row in rows:
        key, speedup = f"{row['cpu']} {row['tier']}", float(row["factor_over_naive"])
        lines.setdefault(key, []).append((commits.index(row["commit"]), speedup))
    tics = ", ".join(f"'{commit}' {i}" for i, commit in enumerate(commits))
    return draw("history", 1, (1120, 480), f"""set key below maxcols 2; unset xlabel; set yrange [0:*]
set xrange [-0.5:{len(commits) - 0.5}]; set xtics rotate by -45 ({tics})
""", [("step of 784-64-10 batch 32, 1 thread, by commit: speedup over naive loops", [
        (name, points, f"1:2 with linespoints lw 2 dt {i % 6 + 1} pt {2 * i + 5} lc rgb colour[{i % 6 + 1}]")
        for i, (name, points) in enumerate(sorted(lines.items()))])])


def draw(name, columns, size, settings, panels):
    """{file name: SVG} of panels (title, [(title, points, gnuplot's using)]), size by columns and rows."""
    rows = math.ceil(len(panels) / columns)
    script = (f"load '{RESULTS.parent}/style.gp'\nset terminal svg font 'DejaVu Sans,14' background 'white' size "
              f"{columns * size[0]},{rows * size[1]}\n{settings}set multiplot layout {rows},{columns}\n")
    for title, series in panels:
        for i, (_, points, _) in enumerate(series):
            script += f"$data{i} << END\n" + "".join(f"{x:.5g},{y:.5g}\n" for x, y in points) + "END\n"
        script += f"set title \"{title}\"\nplot " + ", ".join(
            f"$data{i} using {how} title \"{text}\"" for i, (text, _, how) in enumerate(series)) + "\n"
    return {f"{name}.svg": subprocess.check_output(["gnuplot", "-"], input=f"{script}unset multiplot\n".encode())}


def render():
    """{file name: content}"""
    kept = {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}
    opening, *parts = re.split(r"^## (.*)\n", (RESULTS / "notes.md").read_text(), flags=re.MULTILINE)
    notes = dict(zip(parts[::2], map(str.strip, parts[1::2])))
    if unknown := sorted(notes.keys() - kept.keys()):
        fail(1, f"notes.md: no results of {unknown[0]}, expected one of {', '.join(kept)}")
    last = max((of for of in kept.values() if "rows" in of), key=lambda of: (of["date"], of["commit"]))
    files, text = steps(last) | history(), opening.strip() + "\n"
    for cpu, part in kept.items():
        plots = roofline(part)
        text += section(cpu, part, notes.get(cpu), plots)
        files |= plots
    return {**files, "README.md": text.encode()}


def main(job=None):
    if job == "measure":
        measure()
    for name, content in render().items():
        path = RESULTS / name
        kept = path.read_bytes() if path.exists() else b""
        drawn_by = {re.search(b"<desc>.*?</desc>|$", text)[0] for text in (kept, content)}
        if job != "--check":
            replace(path, content)
        elif not kept or kept != content and len(drawn_by) == 1:
            fail(1, f"results/bench/{name} is out of date; run bench/report.py")


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["measure"], ["--check"]):
        fail(2, "expected no argument, measure or --check")
    one_line(1, main, *sys.argv[1:])
