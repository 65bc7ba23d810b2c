#!/usr/bin/env python3
"""replace.py MODEL TENSOR VALUE...: puts other values, in hexadecimal, into a tensor of a safetensors file."""

import json
import struct
import sys

path, tensor, *values = sys.argv[1:]
with open(path, "r+b") as file:
    (size,) = struct.unpack("<Q", file.read(8))
    begin, end = json.loads(file.read(size))[tensor]["data_offsets"]
    assert end - begin == 4 * len(values)
    file.seek(8 + size + begin)
    file.write(struct.pack(f"<{len(values)}f", *map(float.fromhex, values)))
