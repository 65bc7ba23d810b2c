"""Writes NumPy arrays without NumPy."""
import struct


def write(name, kind, code, shape, values, fortran=False):
    """The values are those of the file, in its order."""
    header = repr({"descr": kind, "fortran_order": fortran, "shape": shape}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    with open(name, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
        file.write(struct.pack(f"{'>' if kind[0] == '>' else '<'}{len(values)}{code}", *values))
