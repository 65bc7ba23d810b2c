#!/usr/bin/env python3
"""Compares whole programs with scikit-learn, PyTorch and onnxruntime and records the results in results/bench.

    programs.py train   [PYTHON...]     training: time per step and to 97 % accuracy on data/mnist
    programs.py threads [PYTHON...]     training steps on 1 to 16 threads, and with `--threads 16`
    programs.py serving PYTHON LIBRARY  predictions of LIBRARY and onnxruntime

Each program runs in the first PYTHON (default: python3) that has its modules, once per seed (TP_SEEDS); medians count.
TP_TRAIN and TP_BENCH name our programs. Exit status: 0, done; 1, a program failed, nothing recorded; 2, usage error.
"""

import ctypes
import functools
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from pathlib import Path

import report

TRAIN = Path(os.environ.get("TP_TRAIN", report.ROOT / "bin/train")).resolve()
DATA = report.ROOT / "data/mnist"
SEEDS = [int(seed) for seed in os.environ.get("TP_SEEDS", "1 2 3 4 5").split()]
CPUS = len(os.sched_getaffinity(0))
TASK = {"hidden": "64", "activation": "tanh", "batch": 32, "learning_rate": 0.02, "momentum": 0.9,
        "evaluations_per_epoch": 5, "epochs": 30, "goal": 0.97}
# For threads: a few hundred steps, no goal.
STEPS = [{**TASK, "evaluations_per_epoch": 1, "goal": None, **network}
         for network in ({"epochs": 1}, {"epochs": 2, "hidden": "1024-1024", "batch": 512})]
HEADING = f"{'program':22} {'version':28} {'network':18} batch threads   us/step"

# SPAN: seconds per contender and round. AGREEMENT: the largest difference of probabilities.
BATCHES, ROUNDS, SPAN, AGREEMENT = [1, 32, 1000], 41, 0.01, 1e-5
NETWORK = """network (float[rows, 784] x) => (float[rows, 10] p) { s = Mul(x, input_scale)  a0 = Add(s, input_shift)
    z0 = Gemm<transB=1>(a0, layers_0_weight, layers_0_bias)  a1 = Relu(z0)
    z1 = Gemm<transB=1>(a1, layers_1_weight, layers_1_bias)  a2 = Relu(z1)
    z2 = Gemm<transB=1>(a2, layers_2_weight, layers_2_bias)  p = Softmax<axis=1>(z2) }"""
EMPTY = "empty (float[rows, 10] x) => (float[rows, 10] p) { p = Identity(x) }"
LOOP = """#include <tileprop/tileprop.h>
void loop(const tileprop_model *model, const float *samples, size_t rows, float *probabilities, size_t times)
{ while (times-- > 0) tileprop_predict_f32(model, samples, rows, probabilities, NULL); }"""


def load():
    """Images for training and validation, normalized by the training images, and the labels of both."""
    import numpy
    files = [numpy.frombuffer(gzip.decompress((DATA / f"{name}-ubyte.gz").read_bytes()), numpy.uint8)
             for name in ("train-images-idx3", "t10k-images-idx3", "train-labels-idx1", "t10k-labels-idx1")]
    images, test_images = (file[16:].reshape(-1, 784).astype(numpy.float32) for file in files[:2])
    mean, deviation = float(images.mean()), float(images.std())
    return (images - mean) / deviation, (test_images - mean) / deviation, *(file[8:].astype(int) for file in files[2:])


def solve(task, version, samples, train, accuracy):
    """train(indices) takes one step per batch; accuracy() evaluates the validation set."""
    import numpy
    shuffle, batch, parts = numpy.random.default_rng(task["seed"]), task["batch"], task["evaluations_per_epoch"]
    found, training = {"version": version, "threads": task["threads"], "steps": 0, "seconds": None}, 0
    for _ in range(task["epochs"]):
        order = shuffle.permutation(samples)[:samples // batch * batch]
        for part in numpy.split(order, [len(order) // batch * i // parts * batch for i in range(1, parts)]):
            start = time.monotonic()
            train(part)
            training += time.monotonic() - start
            found["steps"] += len(part) // batch
            found["step_seconds"] = training / found["steps"]
            if task["goal"] and accuracy() >= task["goal"]:
                return {**found, "seconds": time.monotonic() - task["began"]}
    return found


def scikit_learn(task):
    import sklearn.neural_network
    images, test_images, labels, test_labels = load()
    model = sklearn.neural_network.MLPClassifier(
        tuple(map(int, task["hidden"].split("-"))), activation=task["activation"], solver="sgd", alpha=0,
        batch_size=task["batch"], learning_rate_init=task["learning_rate"], momentum=task["momentum"],
        nesterovs_momentum=False, shuffle=False, random_state=task["seed"])
    # This is the fastest way: partial_fit of single batches checks its arguments every time, fit copies every batch.
    return solve(task, sklearn.__version__, len(labels),
                 lambda part: model.partial_fit(images[part], labels[part], classes=list(range(10))),
                 lambda: (model.predict(test_images) == test_labels).mean())


def pytorch(task, compiled=False):
    import torch
    torch.set_num_threads(task["threads"])
    torch.manual_seed(task["seed"])
    images, test_images, labels, test_labels = map(torch.from_numpy, load())
    sizes = [784, *map(int, task["hidden"].split("-")), 10]
    layers = [layer for pair in zip(sizes, sizes[1:]) for layer in (torch.nn.Linear(*pair), torch.nn.Tanh())]
    model = torch.nn.Sequential(*layers[:-1])
    forward = torch.compile(model) if compiled else model
    # fused: a single pass over each parameter, the fastest of the three implementations on a CPU.
    optimizer = torch.optim.SGD(model.parameters(), lr=task["learning_rate"], momentum=task["momentum"], fused=True)

    def train(part):
        for batch in torch.from_numpy(part).split(task["batch"]):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(forward(images[batch]), labels[batch]).backward()
            optimizer.step()
    accuracy = torch.inference_mode()(lambda: (model(test_images).argmax(1) == test_labels).float().mean().item())
    return solve(task, torch.__version__, len(labels), train, accuracy)


def bound(graph, tensors, x, p):
    """A function that runs a graph on one thread without copying x and p, which must outlive it."""
    import onnx.parser
    import onnxruntime
    model = onnx.parser.parse_model('<ir_version: 8, opset_import: ["": 17]>' + graph)
    model.graph.initializer.extend(onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, shape, values, raw=True)
                                   for name, (shape, values) in tensors.items())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_input("x", "cpu", 0, x.dtype, x.shape, x.ctypes.data)
    binding.bind_output("p", "cpu", 0, p.dtype, p.shape, p.ctypes.data)
    return lambda times: [session.run_with_iobinding(binding) for _ in range(times)]


def onnxruntime(task):
    """Trains a network for an epoch and compares predictions; `empty` measures the overhead of calling onnxruntime."""
    import numpy
    import onnxruntime as theirs
    ours, pointer, size = ctypes.CDLL(task["library"], mode=ctypes.RTLD_GLOBAL), ctypes.c_void_p, ctypes.c_size_t
    model, said = pointer(), ctypes.create_string_buffer(256)
    with tempfile.TemporaryDirectory() as folder:
        saved, compiled = Path(folder, "network"), Path(folder, "loop.so")
        subprocess.run([TRAIN, *"--hidden 64,64 --activation relu --bias all --epochs 1 --quiet".split(),
                        "--data", DATA, "--save", saved], check=True, stdout=sys.stderr)
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", f"-I{report.ROOT}/include", "-xc", "-",
                        "-o", compiled], input=LOOP, text=True, check=True)
        if ours.tileprop_model_load(ctypes.byref(model), bytes(saved), said, size(len(said))):
            sys.exit(said.value.decode())
        data, loop = saved.read_bytes(), ctypes.CDLL(compiled).loop
    start = 8 + int.from_bytes(data[:8], "little")  # the tensors follow the header
    tensors = {name.replace(".", "_"): (one["shape"], data[start:][slice(*one["data_offsets"])])
               for name, one in json.loads(data[8:start]).items() if name != "__metadata__"}
    predict = ours.tileprop_predict_f32
    predict.argtypes = [pointer, pointer, size, pointer, pointer]
    loop.argtypes = [*predict.argtypes[:4], size]
    ours.tileprop_version.restype = ctypes.c_char_p
    rows = []
    for batch in BATCHES:
        x = numpy.random.default_rng(1).integers(0, 256, (batch, 784)).astype(numpy.float32)
        p, q = numpy.zeros((2, batch, 10), numpy.float32)
        arguments = model, x.ctypes.data, batch, p.ctypes.data
        contenders = {"ours": functools.partial(loop, *arguments),
                      "ours_python": lambda times: [predict(*arguments, None) for _ in range(times)],
                      "onnxruntime": bound(NETWORK, tensors, x, q), "empty": bound(EMPTY, {}, p, q)}
        contenders["ours"](1)
        contenders["onnxruntime"](1)
        if not (apart := float(abs(p - q).max())) <= AGREEMENT:
            sys.exit(f"batch {batch}: probabilities differ by {apart:g}, expected at most {AGREEMENT:g}")
        runs = []
        for call in contenders.values():
            calls, took = timeit.Timer(functools.partial(call, 1)).autorange()
            calls = max(1, round(calls * SPAN / took))
            runs.append((timeit.Timer(functools.partial(call, calls)), calls))
        rounds = [[timer.timeit(1) / calls for timer, calls in runs] for _ in range(ROUNDS)]
        rows.append({"batch": batch, "apart": apart, **dict(zip(contenders, map(statistics.median, zip(*rounds))))})
    return {"layers": [784, 64, 64, 10], "rounds": ROUNDS, "python": sys.version.split()[0],
            "onnxruntime": theirs.__version__, "version": ours.tileprop_version().decode(), "rows": rows}


# {program: (its modules, how to install them, what times it)}; torch.compile needs g++.
TORCH = ["torch", "numpy"], "pip install torch numpy in a venv"
PEERS = {"scikit-learn": (["sklearn"], "Debian: python3-sklearn", scikit_learn), "PyTorch, eager": (*TORCH, pytorch),
         "PyTorch, compiled": (*TORCH, functools.partial(pytorch, compiled=True)),
         "onnxruntime": (["onnx", "onnxruntime"], "pip install onnx onnxruntime in a venv", onnxruntime)}


def run(name, command, task):
    """The JSON object in the last line of a program's output. Exits if the program fails."""
    dropped = "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"  # these may slow down NumPy's own OpenBLAS
    environment = {key: value for key, value in os.environ.items() if key not in dropped}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(task["threads"]))
    given = json.dumps({**task, "began": time.monotonic()})  # the clock is the same in all processes
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, env=environment, check=True)
        return json.loads(done.stdout.splitlines()[-1])
    except subprocess.CalledProcessError as error:
        why = ": ".join([f"exit status {error.returncode}", *error.stderr.strip().splitlines()[-1:]])
    except (IndexError, ValueError):
        why = "expected JSON as its last line, found none"
    report.fail(1, f"{name}, seed {task['seed']}, {task['threads']} threads: {why}")


def run_ours(commit, option, task):
    """option: threads or threads-exact"""
    options = {"data": DATA, "hidden": task["hidden"].replace("-", ","), "activation": task["activation"],
               "bias": "all", "optimizer": "momentum", "lr": task["learning_rate"], "momentum": task["momentum"],
               "batch": task["batch"], "epochs": task["epochs"], "evals-per-epoch": task["evaluations_per_epoch"],
               "stop-at-accuracy": task["goal"] or "none", "seed": task["seed"], option: task["threads"]}
    began = time.monotonic()
    found = run("tileprop", [TRAIN, *(f"--{key}={value}" for key, value in options.items()), "--json", "--quiet"], task)
    # seconds_total starts in main and includes evaluations after the goal: exclude these, include the start.
    seconds, goal = time.monotonic() - began - found["seconds_total"], found["stop_at_accuracy"]
    return {"version": f"{commit}, {found['isa']}", "steps": found["steps"],
            "step_seconds": found["seconds_training"] / found["steps"], "threads": found["threads_of_steps"],
            "seconds": seconds + goal["seconds"] if goal and goal["reached"] else None}


def find(pythons, names):
    """[(program, function that runs it)] of those installed; [{program, how to install it}] of the others."""
    programs, missing = [], []
    for name, (modules, how, _) in ((name, PEERS[name]) for name in names):
        asked = f"from importlib.util import find_spec; exit(not all(map(find_spec, {modules})))"
        having = [python for python in filter(shutil.which, pythons or ["python3"])
                  if subprocess.run([python, "-c", asked]).returncode == 0]
        if having:
            programs.append((name, functools.partial(run, name, [having[0], __file__, "--as", name])))
        else:
            missing.append({"program": name, "how": how})
            print(f"not installed: {name} ({how})", flush=True)
    return programs, missing


def in_turn(task, contenders):
    """Runs [(program, threads, function)] once per seed. Prints and returns rows of medians."""
    runs = [[program({**task, "seed": seed, "threads": n}) for _, n, program in contenders] for seed in SEEDS]
    rows = []
    for (name, threads, _), found in zip(contenders, zip(*runs)):
        every = {key: [one[key] for one in found] for key in found[0]}
        # Runs that miss the goal count as the slowest.
        seconds = statistics.median_low(one or float("inf") for one in every["seconds"])
        row = {"program": name, "version": every["version"][0], "threads": threads, "seeds": len(SEEDS),
               "chosen": statistics.mode(every["threads"]), "reached": len(SEEDS) - every["seconds"].count(None),
               "steps": statistics.median_low(every["steps"]), "step_seconds": statistics.median(every["step_seconds"]),
               "seconds": None if seconds == float("inf") else seconds}
        goal = f"{row['steps']:8} {seconds:8.2f} {row['reached']} of {len(SEEDS)}" if task["goal"] else ""
        print(f"{name:22} {row['version']:28} 784-{task['hidden'] + '-10':14} {task['batch']:5} {row['chosen']:7} "
              f"{1e6 * row['step_seconds']:9.1f} {goal}", flush=True)
        rows.append(row)
    return rows


def train(*pythons):
    begun, (peers, missing) = report.start(), find(pythons, ["scikit-learn", "PyTorch, eager", "PyTorch, compiled"])
    programs = [("tileprop", functools.partial(run_ours, begun["commit"], "threads")), *peers]
    contenders = [(name, count, program) for count in sorted({1, min(2, CPUS)}) for name, program in programs]
    print(HEADING + f"   steps  seconds to {TASK['goal']:.0%}", flush=True)
    report.keep("programs", begun, {"task": TASK, "programs": in_turn(TASK, contenders), "missing": missing})


def threads(*pythons):
    begun, (peers, missing) = report.start(), find(pythons, ["PyTorch, eager"])
    ours, counts = functools.partial(run_ours, begun["commit"]), [n for n in report.THREADS if n <= CPUS]
    programs = [("tileprop", functools.partial(ours, "threads-exact")), *peers]
    contenders = [(name, count, program) for count in counts for name, program in programs]
    print(HEADING, flush=True)
    rows = []
    for task in STEPS:
        network = {"network": f"784-{task['hidden']}-10", "batch": task["batch"]}
        rows += [{**network, **{key: row[key] for key in ("program", "threads", "step_seconds")}}
                 for row in in_turn(task, contenders)]
    report.keep("threads", begun, {"rows": rows, "missing": missing})


def serving(python, library):
    peers, missing = find([python], ["onnxruntime"])
    if missing:
        report.fail(1, "nothing to compare with")
    begun, found = report.start(), peers[0][1]({"library": str(Path(library).resolve()), "seed": 1, "threads": 1})
    for row in found["rows"]:
        figures = [f"{name} {1e6 * row[name]:.2f} us" for name in ("ours", "ours_python", "onnxruntime", "empty")]
        print(f"batch {row['batch']}: {', '.join(figures)}; probabilities differ by at most {row['apart']:.1e}")
    report.keep("serving", begun, found)


if __name__ == "__main__":
    job, *rest = sys.argv[1:] or [""]
    if job == "--as":
        print(json.dumps(PEERS[rest[0]][2](json.load(sys.stdin))))
    elif job in ("train", "threads") or (job == "serving" and len(rest) == 2):
        report.one_line(1, {"train": train, "threads": threads, "serving": serving}[job], *rest)
    else:
        report.fail(2, "\n".join(__doc__.splitlines()[2:5]))
