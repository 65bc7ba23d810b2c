#!/usr/bin/python3
"""The mean of the training rows' inputs: drawn_rows.py TABLE SKIP_LINES SEED.

The split is worked out here once more, from its description: Fisher and Yates' shuffle with numbers of Philox4x32-10,
then the first rows of each class, up to its quota, are those to validate on.
"""
import gzip
import math
import struct
import sys

DRAW = 2  # TP_RANDOM_SPLIT
SHARE = 0.2


def philox(seed, purpose, index):
    """The two 64-bit numbers of the block at an address."""
    key = [seed & 0xFFFFFFFF, seed >> 32]
    counter = [index & 0xFFFFFFFF, index >> 32, 0, purpose]
    for _ in range(10):
        high = 0xD2511F53 * counter[0]
        low = 0xCD9E8D57 * counter[2]
        counter = [low >> 32 ^ counter[1] ^ key[0], low & 0xFFFFFFFF, high >> 32 ^ counter[3] ^ key[1], high & 0xFFFFFFFF]
        key = [key[0] + 0x9E3779B9 & 0xFFFFFFFF, key[1] + 0xBB67AE85 & 0xFFFFFFFF]
    return counter[1] << 32 | counter[0], counter[3] << 32 | counter[2]


def split(labels, seed):
    """The places of the training and of the validation rows, in the order in which they are drawn."""
    count = len(labels)
    order = list(range(count))
    for drawn, i in enumerate(range(count, 1, -1)):
        j = philox(seed, DRAW, drawn // 2)[drawn % 2] * i >> 64
        order[i - 1], order[j] = order[j], order[i - 1]
    wanted = round(SHARE * count)
    exact = {label: wanted * labels.count(label) / count for label in sorted(set(labels))}
    quota = {label: math.floor(share) for label, share in exact.items()}
    left = wanted - sum(quota.values())
    for label in sorted(exact, key=lambda label: quota[label] - exact[label])[:left]:
        quota[label] += 1
    parts = [], []
    for row in order:
        drawn = quota[labels[row]] > 0
        quota[labels[row]] -= drawn
        parts[drawn].append(row)
    return parts


def single(text):
    """The number as train has it, in single precision."""
    return struct.unpack("f", struct.pack("f", float(text)))[0]


def read(path, skip_lines):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt") as file:
        rows = [line.strip().split(",") for line in file][skip_lines:]
    return [[single(cell) for cell in row[:-1]] for row in rows], [float(row[-1]) for row in rows]


def main(path, skip_lines, seed):
    samples, labels = read(path, int(skip_lines))
    values = [value for row in split(labels, int(seed))[0] for value in samples[row]]
    print(f"{math.fsum(values) / len(values):.5f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
