#!/usr/bin/env python3
"""Writes samples as floats for an exported model.

    samples.py images FILE COUNT        images of an IDX file, gzip
    samples.py table FILE NAMES         a table's rows, for features of these names; an empty cell is NaN
"""

import csv
import gzip
import struct
import sys


def images(path, count):
    with gzip.open(path) as file:
        _, _, rows, columns = struct.unpack(">4i", file.read(16))
        yield from (list(file.read(rows * columns)) for _ in range(int(count)))


def value(row, name):
    if name in row:
        return float(row[name] or "nan")
    column, _, category = name.partition("=")
    return float(row[column] == category)


def table(path, names):
    with open(names, encoding="utf-8") as file:
        features = file.read().splitlines()
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield [value(row, name) for name in features]


for sample in {"images": images, "table": table}[sys.argv[1]](*sys.argv[2:]):
    sys.stdout.buffer.write(struct.pack(f"<{len(sample)}f", *sample))
