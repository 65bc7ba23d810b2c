#!/usr/bin/env python3
"""Times predictions beside onnxruntime: serving.py PYTHON LIBRARY, a Python that has onnxruntime and onnx.

The network is 784-64-64-10 with ReLU, trained by bin/train for one epoch; onnxruntime gets the same weights, normalization
and softmax as a graph of its own operators. Both have one thread. Before anything is timed their probabilities must agree
to AGREEMENT. The contenders take turns in ROUNDS rounds, and what counts is the median of the microseconds per call.
onnxruntime is called from Python, which costs it something: `empty` is the same call of a graph that copies its
input of 10 values. Ours is called from C, in a loop compiled for it, and from Python too.
Figures go to results/bench/CPU-serving.json. Exit status: 0 done, 1 something failed or does not agree, 2 wrong use.
"""

import ctypes
import json
import os
import platform
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import store

TRAIN = Path(os.environ.get("TP_TRAIN", store.ROOT / "bin/train")).resolve()
LAYERS = [784, 64, 64, 10]
BATCHES = [1, 32, 1000]
ROUNDS = 41
SPAN = 0.01  # seconds of one contender in one round
AGREEMENT = 1e-5
LOOP = """
#include <tileprop/tileprop.h>
void loop(const tileprop_model *model, const float *samples, size_t rows, float *probabilities, size_t times)
{
    for (size_t i = 0; i < times; i++)
        tileprop_predict_f32(model, samples, rows, probabilities, NULL);
}
"""


def read_model(path):
    """{name: (shape, bytes)}"""
    data = path.read_bytes()
    size, = struct.unpack("<Q", data[:8])
    header, rest = json.loads(data[8:8 + size]), data[8 + size:]
    return {name: (said["shape"], rest[slice(*said["data_offsets"])])
            for name, said in header.items() if name != "__metadata__"}


def graph(onnx, tensors):
    """normalization, layers and softmax as a model of onnx's"""
    make, floats = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [make.make_node("Mul", ["x", "input.scale"], ["scaled"]),
             make.make_node("Add", ["scaled", "input.shift"], ["a0"])]
    last = len(LAYERS) - 2
    for layer in range(last + 1):
        names = [f"layers.{layer}.weight", f"layers.{layer}.bias"]
        nodes.append(make.make_node("Gemm", [f"a{layer}", *names], [f"z{layer}"], transB=1))
        nodes.append(make.make_node("Relu", [f"z{layer}"], [f"a{layer + 1}"]) if layer < last else
                     make.make_node("Softmax", [f"z{layer}"], ["p"], axis=1))
    constants = [make.make_tensor(name, floats, shape, values, raw=True) for name, (shape, values) in tensors.items()]
    return model(onnx, nodes, LAYERS[0], constants)


def model(onnx, nodes, inputs, constants=()):
    make, floats = onnx.helper, onnx.TensorProto.FLOAT
    made = make.make_graph(nodes, "network", [make.make_tensor_value_info("x", floats, ["rows", inputs])],
                           [make.make_tensor_value_info("p", floats, ["rows", LAYERS[-1]])], list(constants))
    return make.make_model(made, ir_version=8, opset_imports=[make.make_opsetid("", 17)]).SerializeToString()


def session(onnxruntime, serialized):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(serialized, options, providers=["CPUExecutionProvider"])


def bound(numpy, made, x, p):
    """A call without copies of input and output."""
    binding = made.io_binding()
    binding.bind_input("x", "cpu", 0, numpy.float32, x.shape, x.ctypes.data)
    binding.bind_output("p", "cpu", 0, numpy.float32, p.shape, p.ctypes.data)
    return lambda times: [made.run_with_iobinding(binding) for _ in range(times)]


def library(folder, path):
    """(our library, a loop of its calls)"""
    source, made = folder / "loop.c", folder / "loop.so"
    source.write_text(LOOP)
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", f"-I{store.ROOT / 'include'}", source, path,
                    "-o", made], check=True)
    ours, loop = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL), ctypes.CDLL(made).loop
    size = ctypes.c_size_t
    loop.argtypes = [ctypes.c_void_p, ctypes.c_void_p, size, ctypes.c_void_p, size]
    loop.restype = ours.tileprop_predict_f32.restype = None
    ours.tileprop_predict_f32.argtypes = [ctypes.c_void_p, ctypes.c_void_p, size, ctypes.c_void_p, ctypes.c_void_p]
    ours.tileprop_version.restype = ctypes.c_char_p
    return ours, loop


def times_for(call):
    """How many calls take SPAN."""
    times = 1
    while True:
        began = time.perf_counter()
        call(times)
        if (took := time.perf_counter() - began) > SPAN / 2:
            return max(1, round(times * SPAN / took))
        times *= 2


def measure(contenders):
    """{name: median seconds per call}"""
    counts = {name: times_for(call) for name, call in contenders.items()}
    found = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, call in contenders.items():
            began = time.perf_counter()
            call(counts[name])
            found[name].append((time.perf_counter() - began) / counts[name])
    return {name: statistics.median(values) for name, values in found.items()}


def run(path):
    import numpy
    import onnx
    import onnxruntime
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        saved = folder / "network"
        subprocess.run([TRAIN, "--hidden", ",".join(map(str, LAYERS[1:-1])), "--activation", "relu", "--bias", "all",
                        "--epochs", "1", "--quiet", "--save", saved], check=True, stdout=subprocess.DEVNULL)
        ours, loop = library(folder, path)
        handle, said = ctypes.c_void_p(), ctypes.create_string_buffer(256)
        if ours.tileprop_model_load(ctypes.byref(handle), str(saved).encode(), said, ctypes.c_size_t(256)):
            sys.exit(f"serving.py: {said.value.decode()}")
        theirs = session(onnxruntime, graph(onnx, read_model(saved)))
        empty = session(onnxruntime, model(onnx, [onnx.helper.make_node("Identity", ["x"], ["p"])], LAYERS[-1]))

    rows = []
    for batch in BATCHES:
        x = numpy.random.default_rng(1).integers(0, 256, (batch, LAYERS[0])).astype(numpy.float32)
        p, q = (numpy.zeros((batch, LAYERS[-1]), numpy.float32) for _ in range(2))
        address = x.ctypes.data, batch, p.ctypes.data
        loop(handle, *address, 1)
        call = bound(numpy, theirs, x, q)
        call(1)
        if (apart := float(abs(p - q).max())) > AGREEMENT:
            sys.exit(f"serving.py: batch {batch}: probabilities differ by {apart:g}, expected at most {AGREEMENT:g}")
        found = measure({
            "ours": lambda times: loop(handle, *address, times),
            "ours_python": lambda times: [ours.tileprop_predict_f32(handle, *address, None) for _ in range(times)],
            "onnxruntime": call,
            "empty": bound(numpy, empty, p.copy(), q)})
        rows.append({"batch": batch, "apart": apart, **found})
        print(f"batch {batch}: " + ", ".join(f"{name} {1e6 * seconds:.2f} us" for name, seconds in found.items()) +
              f"; probabilities differ by {apart:.1e} at most", flush=True)
    return {"rows": rows, "layers": LAYERS, "rounds": ROUNDS, "python": platform.python_version(),
            "onnxruntime": onnxruntime.__version__, "version": ours.tileprop_version().decode()}


def main():
    if len(sys.argv) == 2:
        print(json.dumps(run(sys.argv[1])), file=sys.stderr)
        return
    if len(sys.argv) != 3:
        sys.exit(2)
    python, path = sys.argv[1:]
    done = subprocess.run([python, __file__, str(Path(path).resolve())], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["failed"]
        sys.exit(f"serving.py: {python}: {said[-1]} (pip install onnxruntime onnx in a venv; PYTHON=...)")
    store.write_json(store.RESULTS / f"{store.machine()['cpu']}-serving.json",
                     {"commit": store.commit(), "date": store.date(), **json.loads(done.stderr.splitlines()[-1])})


if __name__ == "__main__":
    main()
