"""Kills of runs on several ranks, for faults.py."""

import gzip
import os
import random
import re
import shutil
import signal
import statistics
import struct
import subprocess
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..', '..'))
MARK = 'TP_FAULTS_RUN'  # in the environment of all that belongs to one run
ALLOWED_SECONDS = 120
SECONDS_TO_END = 10  # of what is left of a run after a kill
SHARDS = 8
TRAIN = f'--hidden 64 --epochs 20 --batch 50 --seed 3 --shards {SHARDS} --data data'.split()
CHECKPOINT = ['--checkpoint', 'c', '--checkpoint-every', '0.05s']
OPTIMIZERS = ('sgd', 'momentum', 'nesterov', 'adam')


def write_digits(folder):
    """The first of MNIST, unpacked, in batches of which the last is smaller."""
    os.makedirs(folder)
    for name, size, header, count in (('train-images-idx3', 784, 16, 3020), ('train-labels-idx1', 1, 8, 3020),
                                      ('t10k-images-idx3', 784, 16, 500), ('t10k-labels-idx1', 1, 8, 500)):
        with gzip.open(f'{ROOT}/data/mnist/{name}-ubyte.gz') as packed:
            head, content = packed.read(header), packed.read(size * count)
        with open(f'{folder}/{name}-ubyte', 'wb') as file:
            file.write(head[:4] + struct.pack('>I', count) + head[8:] + content)


def processes_of(mark):
    """Process numbers and names of all that runs with this mark; zombies have none."""
    found = {}
    for number in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{number}/environ', 'rb') as file:
                if f'{MARK}={mark}'.encode() in file.read().split(b'\0'):
                    found[int(number)] = os.path.basename(os.readlink(f'/proc/{number}/exe'))
        except OSError:
            pass
    return found


class Run:
    """mpirun with so many ranks of train, in a folder."""
    number = 0

    def __init__(self, folder, train, ranks, options):
        Run.number += 1
        self.mark = f'{os.getpid()}.{Run.number}'
        self.program = os.path.basename(train)
        environment = os.environ | {MARK: self.mark, 'OMPI_ALLOW_RUN_AS_ROOT': '1',
                                    'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1'}
        command = ['mpirun', '--oversubscribe', '--bind-to', 'none', '-n', str(ranks), train, *options]
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def kill(self, after, starter):
        """SIGKILL to a rank, or to mpirun itself, so long after the start, but not before there are ranks: what
        mpirun does alone is its own. False: the run had ended before."""
        time.sleep(max(0, self.began + after - time.monotonic()))
        while not (ranks := [number for number, name in processes_of(self.mark).items() if name == self.program]):
            if self.process.poll() is not None:
                return False
        try:
            os.kill(self.process.pid if starter else random.choice(ranks), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def wait_for_all(self, seconds):
        """How long it took until no rank, and nothing of the run, was left; None: something still was."""
        began = time.monotonic()
        ranks = 0.0
        while left := processes_of(self.mark):
            passed = time.monotonic() - began
            if self.program in left.values():
                ranks = passed
            if passed > seconds:
                for number in left:
                    os.kill(number, signal.SIGKILL)
                return None
            time.sleep(0.01)
        return ranks, time.monotonic() - began

    def finish(self):
        """Exit code and what was printed."""
        output = self.process.communicate(timeout=ALLOWED_SECONDS)[0]
        return self.process.returncode, output


def hash_of(output):
    found = re.search(r'^weights +([0-9a-f]{16})', output, re.M)
    return found and found[1]


class Kills:
    def __init__(self, folder, programs):
        self.folder, self.programs = folder, programs
        self.hashes, self.lived, self.killed, self.wrong = {}, [], 0, []
        self.took = {}  # seconds, by the number of ranks
        for optimizer in OPTIMIZERS:
            done = subprocess.run([programs['train'], *TRAIN, '--optimizer', optimizer], cwd=folder, text=True,
                                  capture_output=True, timeout=ALLOWED_SECONDS, check=True)
            self.hashes[optimizer] = hash_of(done.stdout)

    def seconds_of(self, ranks):
        if ranks not in self.took:
            run = Run(self.folder, self.programs['train'], ranks, TRAIN)
            code, output = run.finish()
            assert code == 0, output
            self.took[ranks] = time.monotonic() - run.began
        return self.took[ranks]

    def start_and_kill(self, ranks, options):
        """Returns what is wrong with what is left."""
        after = random.uniform(0.05, 1.05) * self.seconds_of(ranks)
        starter = random.random() < 0.2
        run = Run(self.folder, self.programs['train'], ranks, options)
        killed = run.kill(after, starter)
        lived = run.wait_for_all(SECONDS_TO_END)
        code, output = run.finish()
        what = f'{ranks} ranks, {"mpirun" if starter else "one"} killed after {after:.3f} s: '
        self.killed += killed
        if lived is None:
            return what + f'some of them live {SECONDS_TO_END} s later'
        if killed:
            self.lived.append(lived)
        if killed and code == 0 and hash_of(output) not in self.hashes.values():
            return what + f'exit code 0: {output}'
        checkpoint = os.path.join(self.folder, 'c')
        if os.path.exists(checkpoint):
            loaded = subprocess.run([self.programs['predict'], 'c', '--data', 'data'], cwd=self.folder, text=True,
                                    capture_output=True, timeout=ALLOWED_SECONDS)
            if loaded.returncode:
                return what + loaded.stderr
        return None

    def try_one(self):
        optimizer = random.choice(OPTIMIZERS)
        options = [*TRAIN, '--optimizer', optimizer, *CHECKPOINT]
        for name in os.listdir(self.folder):
            if name != 'data':
                os.remove(os.path.join(self.folder, name))
        counts = random.sample(range(1, SHARDS + 1), 3)
        wrong = self.start_and_kill(counts[0], options)
        options += ['--resume', 'auto']
        if not wrong and random.random() < 0.3:
            wrong = self.start_and_kill(counts[1], options)
        if wrong:
            return wrong
        code, output = Run(self.folder, self.programs['train'], counts[2], options).finish()
        if code != 0 or hash_of(output) != self.hashes[optimizer]:
            return f'resumed with {counts[2]} ranks: exit code {code}: {output}'
        left = set(os.listdir(self.folder)) - {'data', 'c'}
        return f'left behind: {left}' if left else None


def kills(folder, programs, count):
    """SIGKILL to a rank or to mpirun at a random moment; what is wrong with the rest, and with going on from it."""
    if not shutil.which('mpirun'):
        print('# SKIP no mpirun')
        return []
    write_digits(os.path.join(folder, 'data'))
    tried = Kills(folder, programs)
    wrong = [found for found in (tried.try_one() for _ in range(count)) if found]
    print(f'{count} runs, {tried.killed} kills')
    for what, lived in zip(('the other ranks', 'the run'), zip(*tried.lived)):
        print(f'{what} lived {statistics.median(lived):.2f} s longer, {max(lived):.2f} s at most')
    return wrong
