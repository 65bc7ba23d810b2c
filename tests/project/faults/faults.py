#!/usr/bin/env python3
"""Checks what train and predict leave behind when the system refuses something.

usage: faults.py KIND, where KIND is

    allocations   each site of our own code that allocates fails, at its first call and at its last;
                  `allocations 1`: at each of its calls
    writes        each call that makes, writes, syncs, names a file fails, with each of several errors (needs strace)
    limits        a file ends at each of many lengths (RLIMIT_FSIZE), which makes writes short
    disk          a disk is full after each of many sizes (mounts a tmpfs: needs root)
    output        standard output is /dev/full
    refusals      where nothing can be written, which is said before data are looked for
    kills N       SIGKILL at N random moments
    ranks N       SIGKILL, N times at a random moment, to one of several ranks or to mpirun
    memcheck      nothing fails, and Valgrind's memcheck has nothing to say

Each time but with the last four kinds: the exit code is 1, one line on stderr names the program and what failed, no
temporary file is left, and every output is the file that was there before or the complete new one. What a run can do
without may fail unnoticed: then its exit code is 0 and its outputs are those of an undisturbed run.
"""

import concurrent.futures
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib

import ranks

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..', '..'))
BUILD = os.path.join(ROOT, os.environ.get('TP_BUILD', 'build'))
PROGRAMS = {name: os.path.join(ROOT, os.environ.get('TP_' + name.upper(), 'bin/' + name))
            for name in ('export', 'predict', 'train')}
CHECKPOINT = 'run.checkpoint'
BEFORE = b'what was there before\n'
ALLOWED_SECONDS = 120
SEED = 20
LIBRARY = 'tp_json_text_read'  # jansson 2.14 loses bytes, and crashes, where a token does not get its memory
OPTIONAL_CALLS = {'close'}  # of a file that was synced

# Errors that calls may fail with; most calls are tried only with the first.
ERRORS = {'openat': ('ENOSPC', 'EACCES'), 'write': ('ENOSPC', 'EIO'), 'fsync': ('EIO', 'ENOSPC'),
          'rename': ('ENOSPC', 'EACCES'), 'ftruncate': ('EIO',), 'close': ('EIO',)}

# The real gnuplot is slow and no part of this.
GNUPLOT = """#!/bin/sh
eval "$2"
echo drawn >"$image"
"""

TABLE = '''height,"the colour, if any",width,class
1.5,red,2,small
2.5,"blue ""dark""",3,large
0.5,red,,small
3.5,,4,large
1.25,green,2.5,small
3,green,3.5,large
1,blue,1,small
4,red,5,large
0.75,blue,1.5,small
3.25,"red",4.5,large
'''


def write(path, content):
    with open(path, 'wb') as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def idx(kind, *shape, values):
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f'>{len(shape)}I', *shape) + values


def gzip(content):
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(content) + packer.flush()


def npy(description, shape, values):
    header = f"{{'descr': '{description}', 'fortran_order': False, 'shape': {shape}, }}"
    header = header.ljust(117) + '\n'
    return b'\x93NUMPY\1\0' + struct.pack('<H', len(header)) + header.encode() + values


def png(side, pixels):
    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    rows = b''.join(b'\0' + pixels[y * side:(y + 1) * side] for y in range(side))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 0, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


class Case:
    """A command line, in a folder that has its data as ../data and what it is to overwrite."""

    def __init__(self, name, program, arguments, outputs=(), code=0):
        self.name, self.program, self.outputs, self.code = name, program, outputs, code
        self.arguments = arguments.split()
        self.after, self.lines = {}, 0

    def prepare(self, folder):
        for name in os.listdir(folder):
            os.remove(os.path.join(folder, name))
        for name in self.outputs:
            write(os.path.join(folder, name), BEFORE)

    def run(self, folder, program=None, before=(), **more):
        environment = os.environ | {
            'PATH': os.path.join(os.path.dirname(folder), 'path') + ':' + os.environ['PATH'],
            'ASAN_OPTIONS': 'exitcode=99:allocator_may_return_null=1', 'UBSAN_OPTIONS': 'exitcode=98',
            'LSAN_OPTIONS': f'exitcode=97:detect_leaks={0 if "strace" in before else 1}'} | more.pop('environment', {})
        command = [*before, program or PROGRAMS[self.program], *self.arguments]
        more.setdefault('stdout', subprocess.PIPE)
        done = subprocess.run(command, cwd=folder, env=environment, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              timeout=ALLOWED_SECONDS, text=True, errors='replace', **more)
        if '--json' in self.arguments: # the report goes to stderr; what else is there comes from us or a sanitizer
            lines = done.stderr.splitlines(True)
            done.stderr = ''.join(line for line in lines if line.startswith((self.program + ': ', '==')))
        return done

    def learn(self, folder, program=None):
        """Runs undisturbed; says what is wrong with that."""
        self.prepare(folder)
        done = self.run(folder, program)
        if done.returncode != self.code or (done.stderr and not self.code):
            sys.exit(f'{self.name}: exit code {done.returncode} of an undisturbed run: {done.stderr}')
        self.after = {name: read(os.path.join(folder, name)) for name in self.outputs}
        self.lines = done.stdout.count('\n')
        for name, content in self.after.items():
            if content == BEFORE:
                sys.exit(f'{self.name}: an undisturbed run did not write {name}')

    def is_whole(self, name, content):
        """Whether it is what was there before or what the program writes. A checkpoint says when it was written."""
        if name == CHECKPOINT and content != BEFORE and len(content) > 8:
            length = struct.unpack('<Q', content[:8])[0]
            tensors = json.loads(content[8:8 + length])
            tensors.pop('__metadata__')
            return len(content) == 8 + length + max(tensor['data_offsets'][1] for tensor in tensors.values())
        return content in (BEFORE, self.after[name])

    def files_harmed(self, folder):
        """What is wrong with the files; a temporary one that a killed run leaves is another matter."""
        for name in self.outputs:
            path = os.path.join(folder, name)
            content = read(path) if os.path.exists(path) else None
            if content is None or not self.is_whole(name, content):
                return f'{name} is ' + ('gone' if content is None else f'neither old nor new: {content[:60]!r}')
        return None

    def wrong(self, folder, done, named=None):
        """What is wrong with a run that something failed in, or None. named: one of the texts that stderr must have."""
        if done.returncode == self.code:
            same = all(read(os.path.join(folder, name)) == content if name != CHECKPOINT else
                       read(os.path.join(folder, name)) != BEFORE for name, content in self.after.items())
            if not same or (done.stdout is not None and done.stdout.count('\n') != self.lines):
                return f'exit code {self.code}, but without all it was to write'
        elif done.returncode != 1:
            return f'exit code {done.returncode}: {done.stderr}'
        elif done.stderr.count('\n') != 1 or not done.stderr.startswith(self.program + ': '):
            return f'stderr is not one line of {self.program}: {done.stderr}'
        elif named and not any(text in done.stderr for text in named):
            return f'stderr does not name {" or ".join(named)}: {done.stderr}'
        if set(os.listdir(folder)) - set(self.outputs):
            return f'left behind: {sorted(set(os.listdir(folder)) - set(self.outputs))}'
        return self.files_harmed(folder)


# Exactly two threads, so that allocations do not depend on the machine.
TRAIN = '--quiet --epochs 1 --threads-exact 2 --hidden 3 --seed 2 --data ../data/'
PLOT = ('plot.svg', 'plot.csv', 'plot-loss.csv', 'plot.gp')
WRITING = [
    Case('all files of train', 'train', TRAIN + 'images --batch 5 --save s --save-best b --history h --plot plot.svg '
         '--plot-with ../data/old.csv --log-gradients on --eval-train on --json', ('s', 'b', 'h', *PLOT)),
    Case('a history of many steps', 'train', TRAIN + 'images --batch 1 --evals-per-epoch 400 --log-gradients on '
         '--history h', ('h',)),
    Case('all files of predict', 'predict', '../data/images.model --data ../data/images --output o --errors e.png '
         '--threads-exact 2 --json', ('o', 'e.png')),
    Case('checkpoints', 'train', TRAIN + f'images --checkpoint {CHECKPOINT} --checkpoint-every 5steps --save s '
         '--save-best b --history h', (CHECKPOINT, 's', 'b', 'h')),
    Case('a C header', 'export', '../data/images.model --c net.h', ('net.h',)),
    Case('rows of a table', 'predict', '../data/table.model --data ../data/table.csv --format jsonl --output o',
         ('o',)),
]
READING = [
    Case('a table', 'train', TRAIN + 'table.csv --missing mean --class-weight ../data/weights '
         '--sample-weight height --save s', ('s',)),
    Case('libsvm', 'train', TRAIN + 'rows.svm.gz --val-data ../data/rows.svm.gz --save s', ('s',)),
    Case('arrays', 'train', TRAIN + 'x.npy --labels ../data/y.npy --optimizer adam --save s', ('s',)),
    Case('an archive', 'train', TRAIN + 'xy.npz:X --labels ../data/xy.npz:y --save s', ('s',)),
    Case('a model to begin with', 'train', '--config ../data/run.conf --init-from ../data/images.model --save s',
         ('s',)),
    Case('a run that goes on', 'train', TRAIN.replace('--epochs 1', '--epochs 2') +
         f'images --resume ../data/{CHECKPOINT} --checkpoint {CHECKPOINT} --save s --save-best b --history h',
         ('s', 'b', 'h', CHECKPOINT)),
    Case('an explanation', 'train', TRAIN + 'images --explain --numa interleave --bind cores'),
    Case('a chosen plan', 'train', TRAIN.replace('-exact', '') + 'images'),
    Case('an option that is wrong', 'train', '--hiden 3', code=2),
    Case('--print-config', 'train', '--config ../data/run.conf --print-config'),
    Case('--stats', 'train', TRAIN + 'table.csv --missing mean --stats --json'),
    Case('--check-gradient', 'train', TRAIN + 'images --check-gradient --json'),
    Case('--help', 'train', '--help all'),
    Case('--version', 'predict', '--version'),
    Case('no labels', 'predict', '../data/images.model --data ../data/images/t10k-images-idx3-ubyte'),
    Case('an image', 'predict', '../data/images.model --image ../data/image.png --invert --json'),
    Case('an array', 'predict', '../data/array.model --data ../data/x.npy --labels ../data/y.npy --json'),
]


class Work:
    """A folder with data, models, a stand-in for gnuplot, and a folder for each that runs at the same time."""

    def __init__(self, path):
        self.path = path
        self.folder = self.make_folder('0')
        random.seed(SEED)
        data = os.path.join(path, 'data')
        os.makedirs(os.path.join(data, 'images'))
        os.mkdir(os.path.join(path, 'path'))
        write(os.path.join(path, 'path', 'gnuplot'), GNUPLOT)
        os.chmod(os.path.join(path, 'path', 'gnuplot'), 0o755)
        for name, count in (('train', 400), ('t10k', 50)):
            images, labels = random.randbytes(36 * count), bytes(i % 3 for i in range(count))
            write(f'{data}/images/{name}-images-idx3-ubyte', idx(8, count, 6, 6, values=images))
            write(f'{data}/images/{name}-labels-idx1-ubyte', idx(8, count, values=labels))
        write(f'{data}/table.csv', TABLE)
        write(f'{data}/old.csv', 'step,epoch,train_loss,validation_loss,validation_accuracy,train_accuracy\n0,1,1.5,1.4,0.3,\n')
        write(f'{data}/weights', 'small,1\nlarge,2\n')
        write(f'{data}/rows.svm.gz', gzip(b'1 1:0.5 3:1\n2 2:1 # two\n1 1:0.25 2:0.5\n2 3:2\n1 1:1\n2 2:2 3:3\n'))
        write(f'{data}/x.npy', npy('<f8', (8, 2), struct.pack('<16d', *range(16))))
        write(f'{data}/y.npy', npy('<i4', (8,), struct.pack('<8i', *[0, 1] * 4)))
        with zipfile.ZipFile(f'{data}/xy.npz', 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.writestr('X.npy', npy('>i2', (8, 2), bytes(range(32))).replace(b'False', b'True '))
            archive.write(f'{data}/y.npy', 'y.npy')
        write(f'{data}/run.conf', 'data = images # beside this file\nhidden = 3\nepochs = 1\nquiet = on\n'
              'threads-exact = 2\n')
        write(f'{data}/image.png', png(6, random.randbytes(36)))
        Case('checkpoint', 'train', TRAIN + f'images --checkpoint ../data/{CHECKPOINT} --save s --save-best b --history h',
             ('s', 'b', 'h')).learn(self.folder)
        for name, options in (('images', 'images'), ('table', 'table.csv --missing mean'),
                              ('array', 'x.npy --labels ../data/y.npy')):
            Case(name, 'train', TRAIN + f'{options} --save ../data/{name}.model').learn(self.folder)

    def make_folder(self, name):
        folder = os.path.join(self.path, name)
        os.makedirs(folder, exist_ok=True)
        return folder


def at_once(work, jobs, do):
    """do(folder, job) for all jobs, on all CPUs; returns what is not None."""
    free = [work.make_folder(str(i)) for i in range(len(os.sched_getaffinity(0)))]

    def one(job):
        folder = free.pop()
        try:
            return do(folder, job)
        finally:
            free.append(folder)

    with concurrent.futures.ThreadPoolExecutor(len(free)) as pool:
        return [result for result in pool.map(one, jobs) if result is not None]


def name_frames(program, frames):
    found = subprocess.run(['addr2line', '-s', '-f', '-p', '-i', '-e', program, *frames], capture_output=True,
                           text=True)
    return ' < '.join(line for line in found.stdout.split('\n') if line)


def allocations(work, every=0):
    jobs, seen, calls = [], set(), 0
    for case in WRITING + READING:
        program = os.path.join(BUILD, 'faults', case.program)
        log = os.path.join(work.path, 'log')
        case.learn(work.folder, program)
        case.prepare(work.folder)
        case.run(work.folder, program, environment={'TP_FAULT_LOG': log})
        for line in read(log).decode().split('\n')[:-1]:
            key, count, *frames = line.split()
            if (case.program, key) not in seen:
                seen.add((case.program, key))
                calls += int(count)
                tried = range(1, int(count) + 1) if every else sorted({1, int(count)})
                jobs += [(case, program, key, n, frames) for n in tried]

    def fail_one(folder, job):
        case, program, key, n, frames = job
        case.prepare(folder)
        done = case.run(folder, program, environment={'TP_FAULT': f'{key}:{n}'})
        wrong = case.wrong(folder, done)
        if wrong and LIBRARY in name_frames(program, frames):
            wrong = case.files_harmed(folder)
        return wrong and f'{case.name}: call {n} at {name_frames(program, frames)}: {wrong}'

    sites = {(job[1], job[4][0]) for job in jobs}
    print(f'{len(sites)} places in the code, {len(seen)} with their callers, {calls} calls: {len(jobs)} failures')
    return at_once(work, jobs, fail_one)


def calls_of(case, folder, options, log):
    """The calls of the main thread that strace sees, as (name, line)."""
    names = ','.join((*ERRORS, 'pwrite64', 'renameat', 'renameat2', 'link', 'linkat'))
    case.prepare(folder)
    done = case.run(folder, before=('strace', '-qq', '-y', '-o', log, '-e', 'trace=' + names, *options))
    calls = re.findall(r'^(\w+)\((.*)$', read(log).decode(errors='replace'), re.M)
    return done, calls


def concerns(name, text, folder):
    """Whether a call is about an output: not about a folder or what is read."""
    place = re.escape(folder)
    if name == 'openat':
        return 'O_CREAT' in text
    return re.search(f'^"?[^",]*<{place}/|^\\d+<{place}/', text) is not None or name == 'rename'


def numbers_of(name, calls, folder):
    """Which of the calls of that name are about an output, counted from 1."""
    named = [text for called, text in calls if called == name]
    return [n for n, text in enumerate(named, 1) if concerns(name, text, folder)]


def writes(work):
    jobs = []
    for case in WRITING:
        case.learn(work.folder)
        _, calls = calls_of(case, work.folder, (), os.path.join(work.path, 'log'))
        for name in sorted({name for name, text in calls if concerns(name, text, work.folder)}):
            if name not in ERRORS:
                sys.exit(f'{case.name}: {name}() is not tried')
            for which, n in enumerate(numbers_of(name, calls, work.folder)):
                jobs += [(case, name, which, n, error) for error in ERRORS[name]]

    def fail_one(folder, job):
        case, name, which, n, error = job
        log = folder + '.log'
        # The calls of sanitizers and of libraries are numbered too, and these do not make as many in every run: ours is
        # looked for where it stood in the last one.
        for _ in range(10):
            done, calls = calls_of(case, folder, ('-e', f'inject={name}:error={error}:when={n}'), log)
            hit = [text for _, text in calls if text.endswith('(INJECTED)')]
            numbers = numbers_of(name, calls, folder)
            if len(hit) == 1 and numbers[which:which + 1] == [n]:
                break
            n = numbers[which] if which < len(numbers) else n
        else:
            return f'{case.name}: {name} {n}: nothing of its files failed: {hit}'
        may_pass = name in OPTIONAL_CALLS or CHECKPOINT in hit[0]  # the next checkpoint is whole
        if done.returncode == case.code and not may_pass:
            return f'{case.name}: {name} {n} with {error} was not noticed'
        wrong = case.wrong(folder, done, case.outputs)
        return wrong and f'{case.name}: {name} {n} with {error}: {wrong}'

    tried = {name: sum(job[1] == name for job in jobs) for name in ERRORS}
    print(', '.join(f'{count} {name}' for name, count in tried.items()) + f': {len(jobs)} failures')
    return at_once(work, jobs, fail_one)


def limits(work):
    jobs = []
    for case in WRITING:
        case.learn(work.folder)
        for size in map(len, case.after.values()):
            places = {0, 1, size // 2, size - 1, *range(4096, size, 4096), *(p - 1 for p in range(4096, size, 4096))}
            jobs += [(case, place) for place in sorted(places)]
    jobs = sorted(set(jobs), key=lambda job: (job[0].name, job[1]))

    def limit_one(folder, job):
        case, most = job
        case.prepare(folder)
        done = case.run(folder, before=('prlimit', f'--fsize={most}'))
        wrong = case.wrong(folder, done, case.outputs)
        return wrong and f'{case.name}: files of {most} bytes at most: {wrong}'

    print(f'{len(jobs)} failures')
    return at_once(work, jobs, limit_one)


def disk(work):
    folder, wrong, failures = work.make_folder('disk'), [], 0
    for case in WRITING:
        case.learn(work.folder)
        for pages in range(len(case.outputs), 1000):
            made = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={4 * pages}k,huge=never', 'none', folder],
                                  capture_output=True, text=True)
            if made.returncode:
                print('# SKIP no tmpfs can be mounted: ' + made.stderr.strip())
                return wrong
            try:
                case.prepare(folder)
                done = case.run(folder)
                found = case.wrong(folder, done, case.outputs)
            finally:
                subprocess.run(['umount', folder], check=True)
            wrong += [f'{case.name}: {pages} pages of disk: {found}'] if found else []
            failures += done.returncode == 1
            if done.returncode == case.code:
                break
    print(f'{failures} failures')
    return wrong


def output(work):
    wrong = []
    for case in WRITING + READING:
        if case.code:
            continue
        case.learn(work.folder)
        if case.lines == 0:
            continue
        case.prepare(work.folder)
        with open('/dev/full', 'w', encoding='utf-8') as full:
            done = case.run(work.folder, stdout=full)
        found = 'exit code 0' if done.returncode == 0 else case.wrong(work.folder, done, ('standard output: No space',))
        wrong += [f'{case.name}: {found}'] if found else []
    return wrong


def refusals(work):
    """As a user who may write nothing here, and on a read-only file system."""
    wrong, tried = [], 0
    options = {'train': ('--save', '--save-best', '--history', '--plot', '--checkpoint'),
               'predict': ('--output', '--errors'), 'export': ('--c',)}
    more = {'train': '--quiet --data ../none', 'predict': '--model ../none --data ../none', 'export': '../none'}
    os.chmod(work.path, 0o755)
    nobody = {'user': 65534, 'group': 65534, 'extra_groups': []} if os.geteuid() == 0 else {}
    folders = {name: work.make_folder(name) for name in ('closed', 'open', 'read-only')}
    for name, folder in folders.items():
        for suffix in ('svg', 'csv', 'gp', 'file'):
            write(os.path.join(folder, 'old.' + suffix), BEFORE)
            os.chmod(os.path.join(folder, 'old.' + suffix), 0o444 if name == 'open' else 0o666)
    os.chmod(folders['closed'], 0o555)
    os.chmod(folders['open'], 0o777)
    mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'ro', 'none', folders['read-only']], capture_output=True)
    if mounted.returncode:
        print('# SKIP no read-only file system can be mounted')
        del folders['read-only']
    for program, names in options.items():
        copy = shutil.copy(PROGRAMS[program], work.path)
        for option in names:
            suffix = 'svg' if option == '--plot' else 'file'
            for name, folder in folders.items():
                for file in ('old.', 'new.', 'none/x.')[:1 if name == 'open' else 3]:
                    file += suffix
                    case = Case(name, program, f'{option} {folder}/{file} {more[program]}')
                    before = {path: read(os.path.join(folder, path)) for path in os.listdir(folder)}
                    done = case.run(work.folder, copy, **nobody)
                    tried += 1
                    named = f'{option}: {folder}/' in done.stderr
                    if done.returncode != 1 or done.stderr.count('\n') != 1 or not named:
                        wrong.append(f'{option} {name}/{file}: exit code {done.returncode}: {done.stderr}')
                    if {path: read(os.path.join(folder, path)) for path in os.listdir(folder)} != before:
                        wrong.append(f'{option} {name}/{file}: files changed')
    if not mounted.returncode:
        subprocess.run(['umount', os.path.join(work.path, 'read-only')], check=True)
    print(f'{tried} refusals')
    return wrong


def kills(work, count):
    wrong, killed, took = [], 0, {}
    for case in WRITING:
        began = time.monotonic()
        case.learn(work.folder)
        took[case] = time.monotonic() - began
    for i in range(count):
        case = WRITING[i % len(WRITING)]
        after = random.uniform(0, 1.1 * took[case])
        case.prepare(work.folder)
        done = case.run(work.folder, before=('timeout', '-s', 'KILL', f'{after:.4f}'))
        killed += done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        found = case.files_harmed(work.folder)
        wrong += [f'{case.name}: killed after {after:.4f} s: {found}'] if found else []
    print(f'{killed} of {count} killed')
    return wrong


def kills_of_ranks(work, count):
    return ranks.kills(work.make_folder('ranks'), PROGRAMS, count)


def memcheck(work):
    """With the AVX2 kernels, which Valgrind knows; it is told that what libgomp leaves to the end is no leak."""
    kinds = 'definite,indirect,possible'
    valgrind = ('valgrind', '-q', '--error-exitcode=9', '--leak-check=full', '--show-leak-kinds=' + kinds,
                '--errors-for-leak-kinds=' + kinds,
                '--suppressions=' + os.path.join(ROOT, 'tests', 'project', 'faults', 'valgrind.supp'))

    def check(folder, case):
        case.prepare(folder)
        done = case.run(folder, before=valgrind, environment={'TILEPROP_ISA': 'avx2'})
        good = done.returncode == case.code and (case.code or not done.stderr)
        return None if good and '==' not in done.stderr else f'{case.name}: exit code {done.returncode}: {done.stderr}'

    print(f'{len(WRITING + READING)} runs')
    return at_once(work, WRITING + READING, check)


def main():
    kinds = {'allocations': allocations, 'writes': writes, 'limits': limits, 'disk': disk, 'output': output,
             'refusals': refusals, 'kills': kills, 'ranks': kills_of_ranks, 'memcheck': memcheck}
    if len(sys.argv) < 2 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    path = tempfile.mkdtemp(prefix='tileprop-faults-')
    try:
        wrong = kinds[sys.argv[1]](Work(path), *map(int, sys.argv[2:]))
    finally:
        shutil.rmtree(path)
    for text in wrong:
        print(text.rstrip())
    print(f'{len(wrong)} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
