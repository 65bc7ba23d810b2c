#!/usr/bin/env python3
"""Checks the rooms of src/: rooms.py ROOT BUILD

Reads the table of rooms in ROOT/src/README.md and prints a line for each include, and for each symbol that an object
below BUILD takes, from a room that the table does not allow; what the library exports all may take. Prints nothing where there are none.
"""
import collections
import pathlib
import re
import subprocess
import sys


def rooms(readme):
    """The table: for each room those that it may use, itself included."""
    table = {}
    for line in readme.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5 and re.fullmatch(r"\[`\w+`\]\(\w+\)", cells[1]):
            room = re.search(r"`(\w+)`", cells[1]).group(1)
            table[room] = {room, *re.findall(r"\w+", cells[3])}
    return table


def sources(root, room):
    return sorted(path for path in (root / "src" / room).rglob("*.[ch]"))


def included(path):
    return re.findall(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+/[^">]+|[^">]+)[">]', path.read_text(), re.M)


def wrong_includes(root, table):
    for room, allowed in table.items():
        for path in sources(root, room):
            for name in included(path):
                parts = name.split("/")
                of_ours = parts[0] in table or parts[0] in ("kernels", "tests", "bench", "..")
                quoted = f'"{name}"' in path.read_text()
                if parts[0] == "tileprop" or not (of_ours or quoted):
                    continue
                if parts[0] not in allowed:
                    yield f"src/{room} may not include {name}: {path.relative_to(root)}"
                elif parts[0] == "kernels" and len(parts) > 2:
                    yield f"a tier's own header: {path.relative_to(root)} includes {name}"


def symbols(objects, kind):
    """For each object the names that it defines (kind D) or takes (kind U)."""
    found = collections.defaultdict(set)
    if objects:
        option = "--defined-only" if kind == "D" else "-u"
        out = subprocess.run(["nm", "-A", "-P", "-g", option, *map(str, objects)], capture_output=True, text=True).stdout
        for line in out.splitlines():
            path, rest = line.split(": ", 1)
            found[path].add(rest.split()[0])
    return found


def objects(root, build, folder):
    """Objects whose sources still exist."""
    return [path for path in sorted((build / folder).rglob("*.o"))
            if (root / path.relative_to(build).with_suffix(".c")).exists()]


def wrong_symbols(root, build, table):
    home = {}
    for room in [*table, "kernels"]:
        folder = "kernels" if room == "kernels" else f"src/{room}"
        for names in symbols(objects(root, build, folder), "D").values():
            home.update(dict.fromkeys(names, room))
    for room, allowed in table.items():
        for path, names in symbols(objects(root, build, f"src/{room}"), "U").items():
            for name in sorted(names):
                if name in home and home[name] not in allowed and not name.startswith("tileprop_"):
                    yield f"src/{room} may not use {home[name]}'s {name}: {path}"


def main():
    root, build = map(pathlib.Path, sys.argv[1:])
    table = rooms(root / "src" / "README.md")
    folders = {path.name for path in (root / "src").iterdir() if path.is_dir()}
    for room in folders ^ set(table):
        print(f"src/{room} is not both a folder and a line of the table in src/README.md")
    for room in folders & set(table):
        if not (root / "src" / room / "README.md").exists():
            print(f"src/{room} has no README.md")
    for line in [*wrong_includes(root, table), *wrong_symbols(root, build, table)]:
        print(line)


main()
