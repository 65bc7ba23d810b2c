#!/usr/bin/env python3
"""Keeps and shows what is measured on this machine: report.py [measure | --check]. Plots need gnuplot.

measure times NETWORKS on every vector tier, in several processes of bench each. Medians go to results/bench/CPU.json,
beside the parts that programs.py keeps there; steps and products with batches of 32 also to history.csv. Then, as
without an argument, these and notes.md become README.md and its plots. With --check nothing is written, and the exit
status is 1 where README.md or an .svg would change; an .svg of another version of gnuplot is left alone.
"""

import csv
import datetime
import json
import math
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results/bench"
BENCH = Path(os.environ.get("TP_BENCH", ROOT / "bin/bench")).resolve()
# Layers, batch, processes.
NETWORKS = [network.split("/") for network in os.environ.get("TP_NETWORKS", (
    "784,64,10/32/5 784,64,64,10/32/5 784,1024,1024,10/32/3 784,1024,1024,10/512/3 784,2048,2048,10/512/3")).split()]
THREADS = [1, 2, 4, 8, 16]
# What the tables show beside steps: evaluations of these networks, and products of these rows, inputs and units.
EVALUATED = ["784-64-10", "784-1024-1024-10", "784-2048-2048-10"]
SIZES = [(32, 785, 64), (32, 64, 64), (32, 64, 10), (32, 1024, 1024), (512, 1024, 1024), (512, 2048, 2048)]
PRODUCTS = [product for batch, inputs, units in SIZES for product in
            (f"forward-{batch}x{units}x{inputs}", f"backward-{batch}x{inputs}x{units}", f"update-{inputs}x{units}x{batch}",
             f"update-{inputs}x{units}x{batch}-first")]


def fail(message, status=1):
    print(f"report.py: {message}", file=sys.stderr)
    sys.exit(status)


def commit():
    """The checked-out commit, with -dirty where files differ from it; results do not change what is measured."""
    git = ["git", "-C", ROOT]
    known = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = known and subprocess.run([*git, "diff", "--quiet", "HEAD", "--", ".", ":!results"]).returncode
    return (known or "unknown") + ("-dirty" if changed else "")


def date():
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def bench(*arguments):
    """What bench prints."""
    done = subprocess.run([BENCH, *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        fail(f"bench {' '.join(arguments)}: exit status {done.returncode}", max(done.returncode, 1))
    return done.stdout


def tiers():
    """The vector tiers that this build has and this CPU runs, slowest first."""
    found = re.search(r"^tiers found here: (.*)", bench("--version"), re.MULTILINE)
    return [tier for tier in found[1].replace(",", " ").split() if tier != "reference"] if found else []


def machine():
    """What bench says of this machine, by way of its smallest table."""
    return json.loads(bench("--layers", "1,1", "--batch", "1", "--threads", "1", "--rounds", "1", "--json"))["machine"]


def medians(found):
    """One value of the shape of those found: medians of what differs; a peer that some lack is that of the others."""
    if isinstance(found[0], dict):
        keys = dict.fromkeys(key for value in found for key in value)
        return {key: medians([value[key] for value in found if key in value]) for key in keys}
    if isinstance(found[0], list):
        return [medians(items) for items in zip(*found, strict=True)]
    return found[0] if found.count(found[0]) == len(found) else statistics.median(x for x in found if x is not None)


def measured():
    """Processes are the outermost loop, so that the runs of a figure are spread over time."""
    counts = "1,2" if len(os.sched_getaffinity(0)) >= 2 else "1"
    here, found = tiers(), {}
    runs = [(tier, layers, batch) for turn in range(max(int(processes) for *_, processes in NETWORKS))
            for tier in here for layers, batch, processes in NETWORKS if turn < int(processes)]
    for i, (tier, layers, batch) in enumerate(runs, 1):
        print(f"process {i} of {len(runs)}: {tier}, {layers}, batch {batch}", flush=True)
        found.setdefault((tier, layers, batch), []).append(json.loads(bench(
            "--layers", layers, "--batch", batch, "--isa", tier, "--threads", counts, "--rounds", "5", "--json")))
    merged = [medians(of_network) for of_network in found.values()]
    rows = {}
    for row in (row for run in merged for row in run["rows"]):
        rows.setdefault(tuple(row[key] for key in IDENTITY), row)
    machines = [medians([run["machine"] for key, of_network in found.items() if key[0] == tier for run in of_network])
                for tier in here]
    return {"commit": commit(), "date": date(), "rows": list(rows.values()),
            "networks": [network for run in merged for network in run["networks"]],
            "machine": {**machines[-1], "tiers": here, "peaks": [peak for of in machines for peak in of["peaks"]],
                        "bandwidths": [rate for of in machines for rate in of["bandwidths"]]}}


def replace(path, content):
    """Writes the whole file or nothing."""
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(content)
    os.replace(beside, path)


def layout(value, margin="\n"):
    """JSON with an item of each list of objects to a line, so that two versions can be compared."""
    inner = margin + " "
    if isinstance(value, dict):
        members = (f"{json.dumps(key)}: {layout(part, inner)}" for key, part in sorted(value.items()))
        return "{" + inner + f",{inner}".join(members) + margin + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[" + inner + f",{inner}".join(json.dumps(item, sort_keys=True) for item in value) + margin + "]"
    return json.dumps(value)


def put(about, members):
    """Replaces members of the file of a machine, with four significant digits: no time here repeats to more."""
    path = RESULTS / f"{about['cpu']}.json"
    kept = {**(json.loads(path.read_text()) if path.exists() else {"machine": about}), **members}
    rounded = json.loads(json.dumps(kept), parse_float=lambda text: float(f"{float(text):.4g}"))
    replace(path, (layout(rounded) + "\n").encode())


def keep(part, value):
    put(machine(), {part: {"commit": commit(), "date": date(), **value}})


def network_name(net):
    return f"{'-'.join(map(str, net['layers']))} batch {net['batch']}"


def history_lines(kept):
    """Lines for history.csv, whose first line says what is in them."""
    found = [(row, f"{row['verb']} {row['optimizer'] or row['activation'] or 'linear'}"
              + " first-layer" * row["first_layer"], f"{row['m']}x{row['n']}x{row['k']}", row["seconds"], row["flops"],
              row["peers"]["naive"]["verb"], row["share_of_peak"])
             for row in kept["rows"] if row["k" if row["verb"] == "update" else "m"] == 32]
    found += [(net, "step", network_name(net), net["step_seconds"], net["step_flops"], net["peers"]["naive"],
               net["step_share_of_peak"]) for net in kept["networks"]]
    start = f"{kept['date']},{kept['commit']},{kept['machine']['cpu']}"
    return "".join(f"{start},{of['tier']},{of['threads']},{kernel},{shape},{1e6 * seconds:.4g},"
                   f"{1e-9 * flops / seconds:.4g},{naive:.4g},{'' if share is None else f'{share:.4g}'}\n"
                   for of, kernel, shape, seconds, flops, naive, share in found)


def measure():
    new, path = measured(), RESULTS / "history.csv"
    lines = history_lines(new)
    put(new["machine"], new)
    replace(path, (path.read_text() + lines).encode())


def us(seconds):
    """Three digits at least, and no more behind the point than that takes."""
    value = 1e6 * seconds
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}"


def factor(value):
    text = f"{value:.2f}"
    return f"**{text}**" if float(text) < 1 else text


def when(part):
    return f"commit {part['commit']}, {part['date']}"


def libraries(peers):
    """{library: its time over ours}, the slowest first: of several interfaces of a library the fastest counts."""
    found = [(value, name.split()[0]) for name, value in peers.items() if name != "naive" and value is not None]
    return {library: value for value, library in sorted(found, reverse=True)}


def beside_fastest(peers, bare):
    """The fastest library beside ours, and the fastest bare product where that changes who is faster."""
    found = libraries(peers)
    if not found:
        return ""
    library = min(found, key=found.get)
    verb, product = factor(found[library]), factor(min(libraries(bare).values(), default=found[library]))
    return f"{verb} {library}" + (f" (product {product})" if ("*" in verb) != ("*" in product) else "")


def cases(kept):
    """{what: {(tier, threads): [time, share of the peak, factor over naive, over the fastest library]}}"""
    found, networks = {}, sorted(kept.get("networks", []), key=lambda net: net["step_flops"])

    def add(what, of, seconds, share, peers, bare):
        found.setdefault(what, {})[of["tier"], of["threads"]] = [
            us(seconds), "" if share is None else f"{100 * share:.0f}",
            factor(peers["naive"]) if "naive" in peers else "", beside_fastest(peers, bare)]
    for net in networks:
        add("step " + network_name(net), net, net["step_seconds"], net["step_share_of_peak"], net["peers"], {})
    for net in (net for net in networks if net["layers"] in EVALUATED):
        add("evaluation " + "-".join(map(str, net["layers"])), net, net["evaluation_seconds"],
            net["evaluation_share_of_peak"], net.get("evaluation_peers", {}), {})
    rows = [(tuple(row[key] for key in ("verb", "m", "n", "k")), row) for row in kept.get("rows", [])]
    for shape, row in sorted((item for item in rows if item[0] in PRODUCTS), key=lambda item: PRODUCTS.index(item[0])):
        add("{} {} x {} x {}".format(*shape), row, row["seconds"], row["share_of_peak"],
            *({name: both.get(part) for name, both in row["peers"].items()} for part in ("verb", "product")))
    return found


def table(kept):
    best = kept["machine"]["tiers"][-1]
    head = ["", f"{best}, us: 1 thread", "2 threads", "% of peak: 1", "2", "naive: 1", "library: 1", "2"]
    head += ["avx2, us: 1", "% of peak", "library"] if best != "avx2" else []
    text = "| " + " | ".join(head) + " |\n| --- " + "| --: " * (len(head) - 1) + "|\n"
    for what, by in cases(kept).items():
        one, two, other = (by.get(key, [""] * 4) for key in ((best, 1), (best, 2), ("avx2", 1)))
        line = [what, one[0], two[0], one[1], two[1], *one[2:], two[3], *other[:2], other[3]]
        text += "| " + " | ".join(line[:len(head)]) + " |\n"
    return text + "\n"


def programs(part):
    by_threads = {}
    for row in part["programs"]:
        seconds = "never" if row["seconds"] is None else f"{row['seconds']:.2f} s"
        some = f" ({row['reached']} of {row['seeds']} seeds)" if row["reached"] < row["seeds"] else ""
        by_threads.setdefault(row["threads"], []).append(
            f"{row['program'].replace(',', '')} {us(row['step_seconds'])} us, {seconds}{some}")
    absent = "".join(f"; {item['program']} was not installed" for item in part.get("missing", []))
    text = "; ".join(f"threads {n}: " + " / ".join(rows) for n, rows in by_threads.items())
    return f"- Whole programs, time per step and time to {part['task']['goal']:.0%}: {text}{absent} ({when(part)}).\n"


def serving(part):
    rows = "; ".join(f"batch {row['batch']}: " + " / ".join(us(row[key]) for key in
                     ("ours", "ours_python", "onnxruntime", "empty")) for row in part["rows"])
    return (f"- Predictions of {'-'.join(map(str, part['layers']))}, 1 thread, us per call of ours from C / ours from "
            f"Python / onnxruntime {part['onnxruntime']} / its empty graph: {rows} ({when(part)}).\n")


def threads(kept):
    if "threads" not in kept:
        here = {net["threads"] for net in kept.get("networks", [])}
        return (f"- Thread counts measured: {', '.join(str(n) for n in THREADS if n in here)}; "
                f"{', '.join(str(n) for n in THREADS if n not in here)}: not measured.\n")
    part, found = kept["threads"], {}
    for row in part["rows"]:
        times = found.setdefault(f"{row['network']} batch {row['batch']}, {row['program']}", {})
        times[row["threads"]] = us(row["step_seconds"])
    texts = (f"{what}: " + ", ".join(times.get(n, "not measured") for n in THREADS) for what, times in found.items())
    return f"- Us per step on {', '.join(map(str, THREADS))} threads: {'; '.join(texts)} ({when(part)}).\n"


def section(cpu, kept, note, plotted):
    about = kept["machine"]
    caches = ", ".join(f"{name} " + (f"{size / 2 ** 20:g} MiB" if size >= 2 ** 20 else f"{size / 2 ** 10:g} KiB")
                       for name, size in zip(("L1d", "L2", "L3"), about["caches"]) if size)
    text = f"\n## {cpu}\n\n{about['cpu_name']}, {about['cpus']} CPUs; {caches}; {about['compiler']}"
    text += (f"; measured at {when(kept)}.\n\n" + table(kept)) if "rows" in kept else ".\n\n"
    text += f"![Products below the limits of {cpu}]({cpu}.svg)\n\n" if plotted else ""
    text += f"{note}\n\n" if note else ""
    text += programs(kept["programs"]) if "programs" in kept else ""
    return text + (serving(kept["serving"]) if "serving" in kept else "") + threads(kept)


def roofline(kept):
    """Settings and panels of products below what the machine can do."""
    tier, panels = kept["machine"]["tiers"][-1], []
    for count, top in [(found["threads"], 1e-9 * found["flops_per_s"]) for found in kept["machine"]["peaks"]
                       if found["tier"] == tier and found["flops_per_s"] and "rows" in kept]:
        series = [(f"FMA {top:.0f} GFLOP/s", [(0.05, top), (500, top)], "1:2 with lines lw 2 lc rgb '#000000'")]
        rates = [(found["level"], 1e-9 * found["bytes_per_s"]) for found in kept["machine"]["bandwidths"]
                 if (found["tier"], found["threads"]) == (tier, count)]
        series += [(f"{level} {rate:.0f} GB/s", [(0.05, 0.05 * rate), (top / rate, top)],
                    f"1:2 with lines dt {i} lc rgb '#555555'") for i, (level, rate) in enumerate(rates, 1)]
        for i, verb in enumerate(("forward", "backward", "update"), 1):
            points = [(row["flops"] / row["bytes"], 1e-9 * row["flops"] / row["seconds"]) for row in kept["rows"]
                      if (row["tier"], row["threads"], row["verb"]) == (tier, count, verb)]
            series.append((verb, points, f"1:2 with points pt {2 * i + 3} ps 0.8 lc rgb colour[{i}]"))
        panels.append((f"{tier}, threads: {count}", series))
    return """set logscale xy; set xrange [0.05:500]; set yrange [1:1000]; set format x '%g'; set key below maxcols 3
set xlabel "operations per byte that a call reads and writes\\n"; set ylabel 'GFLOP/s, whole verb'
""", panels


def steps(kept):
    """Settings and panels of steps beside other ways to compute them."""
    tier, panels = kept["machine"]["tiers"][-1], {}
    networks = sorted((net for net in kept["networks"] if net["tier"] == tier), key=lambda net: net["step_flops"])
    names = list(dict.fromkeys(map(network_name, networks)))
    for net in networks:
        series = panels.setdefault(f"{kept['machine']['cpu']}, {tier}, threads: {net['threads']} (naive: 1)", {})
        peers = {"tileprop": 1, **libraries(net["peers"]), "naive": net["peers"]["naive"],
                 "FMA limit": net["step_share_of_peak"]}
        for name, times in peers.items():
            if times:
                series.setdefault(name, []).append((names.index(network_name(net)), 1e6 * times * net["step_seconds"]))
    tics = ", ".join(f"\"{name.replace(' ', chr(92) + 'n', 1)}\" {i}" for i, name in enumerate(names))
    return f"""set logscale y; set format y '%.0f'; set ylabel 'us per step'; unset xlabel; set bmargin 3.5
set key above maxrows 1 samplen 1 font ',12'; set xtics font ',10.5' ({tics}); set xrange [-0.5:{len(names) - 0.5}]
""", [(title, [(name, points, "1:2:(0.4) with xerrorbars pt -1 lw 2 lc rgb '#000000'" if name == "FMA limit" else
                f"($1 + {0.15 * i - 0.3:.2f}):2 with points ps 1.2 pt {2 * i + 5} lc rgb colour[{i + 1}]")
               for i, (name, points) in enumerate(series.items())]) for title, series in sorted(panels.items())]


def history(rows):
    """Settings and the panel of a step by commit beside naive loops: older commits have no share of the peak."""
    commits, lines = list(dict.fromkeys(row["commit"] for row in rows)), {}
    for row in rows:
        if (row["shape"], row["threads"]) == ("784-64-10 batch 32", "1"):
            lines.setdefault(f"{row['cpu']} {row['tier']}", []).append(
                (commits.index(row["commit"]), float(row["factor_over_naive"])))
    tics = ", ".join(f"'{commit}' {i}" for i, commit in enumerate(commits))
    return f"""set key below maxcols 2; set xrange [-0.5:{len(commits) - 0.5}]; set yrange [0:*]; unset xlabel
set xtics rotate by -45 ({tics})
""", [("step of 784-64-10 batch 32 by commit, 1 thread: times as fast as naive loops", [
        (name, points, f"1:2 with linespoints lw 2 dt {i % 6 + 1} pt {2 * i + 5} lc rgb colour[{i % 6 + 1}]")
        for i, (name, points) in enumerate(sorted(lines.items()))])]


def draw(name, columns, size, settings, panels):
    """{file name: content} of an .svg and a .png of panels of a size: (title, [(title, points, gnuplot's using)])."""
    rows = math.ceil(len(panels) / columns)
    look, body = "font 'DejaVu Sans,14' background 'white'", f"set multiplot layout {rows},{columns}\n"
    for title, series in panels:
        for i, (_, points, _) in enumerate(series):
            body += f"$data{i} << END\n" + "".join(f"{x:.5g},{y:.5g}\n" for x, y in points) + "END\n"
        body += f"set title \"{title}\"\nplot " + ", ".join(
            f"$data{i} using {how} title \"{text}\"" for i, (text, _, how) in enumerate(series)) + "\n"
    files = {}
    for suffix, scale, terminal in (("svg", 1, "svg"), ("png", 2, "pngcairo fontscale 2 linewidth 2 pointscale 2")):
        script = (f"load '{RESULTS.parent}/style.gp'\n{settings}set terminal {terminal} {look} size "
                  f"{scale * columns * size[0]},{scale * rows * size[1]}\n{body}unset multiplot\n")
        files[f"{name}.{suffix}"] = subprocess.run(["gnuplot", "-"], input=script.encode(), stdout=subprocess.PIPE,
                                                   check=True).stdout
    return files


def render():
    """{file name: content} of what the kept figures give."""
    kept = {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}
    opening, *parts = re.split(r"^## (.*)\n", (RESULTS / "notes.md").read_text(), flags=re.MULTILINE)
    notes = dict(zip(parts[::2], map(str.strip, parts[1::2])))
    if unknown := sorted(notes.keys() - kept.keys()):
        fail(f"notes.md: no results of {unknown[0]}; here are {', '.join(kept)}")
    commits = csv.DictReader((RESULTS / "history.csv").read_text().splitlines())
    files, text = draw("history", 1, (1120, 480), *history(list(commits))), opening.strip() + "\n"
    for cpu, part in kept.items():
        settings, panels = roofline(part)
        files |= draw(cpu, len(panels), (560, 480), settings, panels) if panels else {}
        text += section(cpu, part, notes.get(cpu), panels)
    last = max((of for of in kept.values() if "rows" in of), key=lambda of: (of["date"], len(of["networks"])))
    files |= draw("steps", 1, (900, 370), *steps(last))
    return {**files, "README.md": text.encode()}


def stale(name, content):
    """Whether the file is not what its sources give."""
    kept = (RESULTS / name).read_bytes() if (RESULTS / name).exists() else b""
    drawn_by = {re.search(b"<desc>.*?</desc>|$", text)[0] for text in (kept, content)}
    return not kept or kept != content and not name.endswith(".png") and len(drawn_by) == 1


def main():
    if sys.argv[1:] not in ([], ["measure"], ["--check"]):
        fail("expected nothing, measure or --check", 2)
    try:
        if "measure" in sys.argv:
            measure()
        for name, content in render().items():
            if "--check" not in sys.argv:
                replace(RESULTS / name, content)
            elif stale(name, content):
                fail(f"results/bench/{name} is not what its sources give; run bench/report.py")
    except (LookupError, TypeError, ValueError, OSError, subprocess.CalledProcessError) as error:
        fail(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
