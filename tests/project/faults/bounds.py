#!/usr/bin/env python3
"""Files that claim more than they hold: the readers refuse them in one line, or read them, within the memory and
time that src/README.md allows them. RLIMIT_DATA limits the memory: a reader that takes more fails with exit code 1."""

import concurrent.futures
import io
import os
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib

from faults import PROGRAMS, gzip, idx, npy, png, write

ANYWAY = 80 << 20  # of the program, and what malloc() keeps of blocks that were freed or outgrown
SECONDS = 20
GZIP = 1032  # what deflate can pack (RFC 1951)

MODEL = ('predict', '--model', '{}')
TRAIN = ('train', '--stats', '--data', '{}')


def safetensors(header, length=None, values=b''):
    return struct.pack('<Q', len(header) if length is None else length) + header + values


def npz(content, claim=None):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED) as file:
        file.writestr('X.npy', content)
    whole = archive.getvalue()
    size = whole.index(b'PK\1\2') + 24
    return whole[:size] + claim + whole[size + 4:] if claim else whole


def chunk(name, data):
    return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))


def small_png(side, more=b''):
    image = png(4, bytes(16))
    return image[:16] + struct.pack('>II', side, side) + image[24:29] + struct.pack('>I', zlib.crc32(
        image[12:16] + struct.pack('>II', side, side) + image[24:29])) + more + image[33:]


MANY = 300000


def table(row, values):
    return 'x,y\n' + ''.join(row % values(i) + '\n' for i in range(MANY))


# name, command line, content, bytes of memory for each byte of the file
CASES = [
    ('IDX with dimensions that overflow', TRAIN, idx(8, *[2**32 - 1] * 4, values=bytes(64)), 1),
    ('IDX with 4 GB announced', TRAIN, idx(8, 2**22, 1024, values=bytes(64)), 1),
    ('IDX with 255 dimensions', TRAIN, idx(13, *[1] * 255, values=bytes(8)), 1),
    ('gzip of 256 MB of zeros', TRAIN, gzip(bytes(256 << 20)), GZIP),
    ('gzip of 1 kB, then of 256 MB of zeros', TRAIN, gzip(bytes(1000)) + gzip(bytes(256 << 20)), 2 * GZIP),
    ('gzip that claims 4 GB', TRAIN, gzip(bytes(64))[:-4] + b'\xff' * 4, GZIP),
    ('gzip with 100000 empty members', TRAIN, gzip(b'') * 100000, GZIP),
    ('gzip in gzip', TRAIN, gzip(gzip(bytes(64 << 20))), GZIP),
    ('NumPy shape of 2^60 values', TRAIN, npy('<f8', (2**30, 2**30), bytes(64)), 1),
    ('NumPy shape that overflows', TRAIN, npy('<f8', (2**40, 2**40), bytes(64)), 1),
    ('NumPy header of 4 GB', TRAIN, b'\x93NUMPY\2\0\xff\xff\xff\xff{' + b' ' * 64, 1),
    ('NumPy header of brackets', TRAIN,
     b'\x93NUMPY\2\0' + struct.pack('<I', MANY) + b"{'shape':" + b'(' * (MANY - 9), 1),
    ('NumPy array of many i8 of 1 byte', TRAIN, npy('|i1', (MANY, 8), bytes(8 * MANY)), 6),
    ('zip archive of 256 MB of zeros', TRAIN, npz(npy('|u1', (256, 1 << 20), bytes(256 << 20))), GZIP),
    ('zip archive that claims 4 GB', TRAIN, npz(bytes(64), b'\xfe\xff\xff\xff'), GZIP),
    ('zip archive of entries', TRAIN, npz(bytes(64))[:-22] + struct.pack('<4s42x', b'PK\1\2') * MANY, 1),
    ('libsvm index 10^9', TRAIN, b'1 1000000000:1\n2 1:1\n', 10),
    ('libsvm with far indices in many rows', TRAIN, b'1 1:1\n' * 20000 + b'2 20000000:1\n', 10),
    ('table with many categories', TRAIN, table('c%d,%d', lambda i: (i % 1000, i % 2)), 512),
    ('table with as many texts as rows', TRAIN, table('c%d,%d', lambda i: (i, i % 2)), 512),
    ('table with as many classes as rows', TRAIN, table('%d,c%d', lambda i: (i, i)), 512),
    ('table with many columns', TRAIN, b','.join([b'a'] * MANY) + b'\n' + b','.join([b'1'] * MANY) + b'\n', 512),
    ('table with many columns of numbers', TRAIN,
     b','.join(b'c%d' % i for i in range(MANY)) + b',y\n' + (b'1,' * MANY + b'a\n' + b'2,' * MANY + b'b\n') * 2, 512),
    ('table with many empty columns', TRAIN, b',' * MANY + b'\n' + b',' * MANY, 512),
    ('table with a quote that is not closed', TRAIN, b'x,y\n1,2\n"' + b'""' * MANY, 512),
    ('table of delimiters and line breaks', TRAIN, b'a,b\n' + b'\n,' * MANY, 512),
    ('safetensors with a header of 2^63 bytes', MODEL, safetensors(b'{}', 2**63), 1),
    ('safetensors that nests', MODEL, safetensors(b'{"a":' + b'[' * MANY), 1),
    ('safetensors of many tensors', MODEL,
     safetensors(b'{' + b','.join(b'"%x":{}' % i for i in range(MANY // 4)) + b'}'), 80),
    ('safetensors of 20 MB of empty objects', MODEL,
     safetensors(b'{' + b','.join(b'"%x":{}' % i for i in range(1800000)) + b'}'), 5),
    ('safetensors of 20 MB of values in a list', MODEL, safetensors(b'{"a":[' + b'{},' * 6600000 + b'{}]}'), 5),
    ('safetensors with a long shape', MODEL,
     safetensors(b'{"a":{"dtype":"F32","shape":[' + b','.join([b'1'] * (MANY // 4)) + b'],"data_offsets":[0,4]}}',
                 values=bytes(4)), 80),
    ('safetensors with a shape that overflows', MODEL,
     safetensors(b'{"layers.0.weight":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'), 80),
    ('model of many layers without values', MODEL, safetensors(b'{' + b','.join(
        b'"layers.%d.weight":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]}' % i
        for i in range(200)) + b'}'), 80),
    ('configuration of one line', ('train', '--print-config', '--config', '{}'), b'x' * MANY, 2),
    ('configuration of many lines', ('train', '--print-config', '--config', '{}'), b'#\n' * MANY, 2),
    ('PNG of 4096 x 4096 pixels in 80 bytes', ('predict', '--model', '{m}', '--image', '{}'), small_png(4096), 8256),
    ('PNG of 2^31 x 2^31 pixels', ('predict', '--model', '{m}', '--image', '{}'), small_png(2**31 - 1), 8256),
    ('PNG with a profile of 64 MB', ('predict', '--model', '{m}', '--image', '{}'),
     small_png(4, chunk(b'iCCP', b'a\0\0' + zlib.compress(bytes(64 << 20)))), 8256),
    ('PNG with a text of 64 MB', ('predict', '--model', '{m}', '--image', '{}'),
     small_png(3, chunk(b'zTXt', b'a\0\0' + zlib.compress(bytes(64 << 20)))), 8256),
]


def main():
    with tempfile.TemporaryDirectory(prefix='tileprop-bounds-') as folder:
        write(f'{folder}/m.csv', 'a,y\n' + ''.join(f'{i},{"xy"[i % 2]}\n' for i in range(20)))
        model = f'{folder}/m'
        subprocess.run([PROGRAMS['train'], '--quiet', '--data', f'{folder}/m.csv', '--save', model], check=True,
                       stdout=subprocess.DEVNULL)

        def check(case):
            name, (program, *arguments), content, ratio = case
            path = f'{folder}/{CASES.index(case)}'
            write(path, content)
            most = ANYWAY + ratio * len(content) + len(content)
            command = [argument.replace('{m}', model).replace('{}', path) for argument in arguments]
            began = time.monotonic()
            try:
                done = subprocess.run(['prlimit', f'--data={most}', PROGRAMS[program], *command], capture_output=True,
                                      text=True, errors='replace', timeout=SECONDS)
            except subprocess.TimeoutExpired:
                return f'{name}: not done after {SECONDS} s'
            if done.returncode == 0 or (done.returncode in (2, 3) and done.stderr.count('\n') == 1):
                return None
            return (f'{name}: exit code {done.returncode} with {most} bytes after {time.monotonic() - began:.1f} s: '
                    f'{done.stderr}{done.stdout[-100:]}')

        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            wrong = [text for text in pool.map(check, CASES) if text]
    print(f'{len(CASES)} files')
    print('\n'.join([*wrong, f'{len(wrong)} wrong']))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
