"""Cycles of the inner loops of a tier's kernels, as llvm-mca predicts them from the object file."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

# CPUs whose FMA units llvm-mca 14 describes as they are. Its znver3 does one multiply-add per cycle where the CPU does
# two; icelake-server and sapphirerapids give the same figures as skylake-avx512. The first knows no AVX-512.
MODELS = ("znver2", "skylake-avx512")
AVX512 = re.compile(r"%zmm|%k[0-7]|%[xy]mm(1[6-9]|2[0-9]|3[01])")
FMAS_MIN = 8  # of a loop: smaller tiles wait for their own results, whatever surrounds them
ITERATIONS = 200


def functions(path):
    """(name, [(address, mnemonic, operands)]) of each function in an object file."""
    done = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], check=True, stdout=subprocess.PIPE, text=True)
    name, code = None, []
    for line in done.stdout.splitlines():
        if head := re.match(r"[0-9a-f]+ <([^.>]+).*>:$", line):
            if code:
                yield name, code
            name, code = head[1], []
        elif part := re.match(r" *([0-9a-f]+):\t(\S+) *(.*?) *(?:# .*)?$", line):
            code.append((int(part[1], 16), part[2], part[3]))
    if code:
        yield name, code


def loops(code):
    """The straight pieces of code that end with a jump to their beginning."""
    begin = 0
    numbers = {address: number for number, (address, _, _) in enumerate(code)}
    for number, (_, mnemonic, operands) in enumerate(code):
        if mnemonic[0] != "j" and not mnemonic.startswith(("ret", "call")):
            continue
        target = re.match(r"([0-9a-f]+) <", operands)
        start = numbers.get(int(target[1], 16), number + 1) if target and mnemonic[0] == "j" else number + 1
        if begin <= start <= number:
            yield code[start:number + 1]
        begin = number + 1


def fmas(loop):
    return sum(mnemonic.startswith("vfmadd") for _, mnemonic, _ in loop)


def cycles(loop, model):
    """Of one iteration."""
    lines = [f"{mnemonic} {'loop' if mnemonic[0] == 'j' else operands}" for _, mnemonic, operands in loop]
    done = subprocess.run(["llvm-mca", f"-mcpu={model}", f"-iterations={ITERATIONS}"], check=True,
                          input="\n".join(["loop:", *lines, ""]), stdout=subprocess.PIPE, text=True)
    return int(re.search(r"Total Cycles: +(\d+)", done.stdout)[1]) / ITERATIONS


def predict(path):
    """
    {TIER/FUNCTION/FMAS.N/MODEL: (FMAs, cycles)} of one iteration of each loop in .../TIER/TIER.o. Tiles of as many
    multiply-adds are told apart by their order: the slowest is number 1.
    """
    tier = str(path).split("/")[-2]
    alike, models = {}, MODELS
    for function, code in functions(path):
        if any(AVX512.search(operands) for _, _, operands in code):
            models = MODELS[1:]
        for loop in loops(code):
            if fmas(loop) >= FMAS_MIN:
                alike.setdefault((function, fmas(loop)), []).append(loop)
    jobs = [(key, model, loop) for key, found in alike.items() for model in models for loop in found]
    with ThreadPoolExecutor(cpu_count()) as pool:
        results = pool.map(lambda job: cycles(job[2], job[1]), jobs)
    grouped = {}
    for (key, model, _), figure in zip(jobs, results):
        grouped.setdefault((*key, model), []).append(figure)
    return {f"{tier}/{function}/{count}.{number}/{model}": (count, figure)
            for (function, count, model), figures in grouped.items()
            for number, figure in enumerate(sorted(figures, reverse=True), 1)}
