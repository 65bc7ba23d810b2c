"""Writes safetensors without the package."""
import json
import struct

CODES = {"F64": "d", "F32": "f", "F16": "e", "I64": "q"}


def encode(kind, values):
    if kind == "BF16":  # the upper halves of floats that need no more
        return b"".join(struct.pack("<f", value)[2:] for value in values)
    return struct.pack(f"<{len(values)}{CODES[kind]}", *values)


def write(name, tensors):
    """tensors: (name, type, shape, values) each."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for key, kind, shape, values in tensors:
        encoded = encode(kind, values)
        header[key] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(encoded)]}
        data += encoded
    text = json.dumps(header).encode()
    with open(name, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
