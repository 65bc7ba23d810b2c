#!/usr/bin/env python3
"""Trains, saves, reloads, trains further and predicts with libtileprop, using only ctypes and NumPy.

    digits.py [HEADERS LIBRARY DATA]     default: include/tileprop lib/libtileprop.so data/mnist
"""
import ctypes
import gzip
import os
import re
import sys
import tempfile

import numpy as np

TYPES = {"size_t": ctypes.c_size_t, "uint64_t": ctypes.c_uint64, "double": ctypes.c_double, "int": ctypes.c_int}


def read_headers(folder):
    """The constants of the headers, and a ctypes class for each struct."""
    text = "".join(open(os.path.join(folder, name)).read() for name in ("version.h", "choices.h", "tileprop.h"))
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    constants = {name: int(value) for name, value in re.findall(r"#define (TILEPROP_\w+) +(\d+)", text)}
    for body in re.findall(r"enum[^{;]*{(.*?)}", text, re.DOTALL):
        constants.update((name.split("=")[0].strip(), i) for i, name in enumerate(body.split(",")))
    structs = {}
    for body, name in re.findall(r"typedef struct \w+ {(.*?)}\s*(\w+);", text, re.DOTALL):
        fields = []
        for member in filter(None, map(str.strip, body.split(";"))):
            if "(*" in member:  # a callback
                fields.append((re.search(r"\(\*(\w+)\)", member)[1], ctypes.c_void_p))
                continue
            kind, names = re.match(r"(?:const )?(?:struct )?(\w+)(.*)", member, re.DOTALL).groups()
            for declared in names.split(","):
                own = ctypes.c_void_p if "*" in declared else TYPES.get(kind, structs.get(kind, ctypes.c_int))
                own_name, count = re.search(r"(\w+)(?:\[(\w+)\])?\s*$", declared).groups()
                fields.append((own_name, own * constants.get(count, 0) if count else own))
        structs[name] = type(name, (ctypes.Structure,), {"_fields_": fields})
    return constants, structs

HEADERS, LIBRARY, DATA = sys.argv[1:] or ["include/tileprop", "lib/libtileprop.so", "data/mnist"]
C, S = read_headers(HEADERS)
library = ctypes.CDLL(LIBRARY)


def call(function, *arguments):
    """Calls a function that returns a status; an error becomes an exception."""
    message = ctypes.create_string_buffer(256)
    if getattr(library, function)(*arguments, message, ctypes.c_size_t(len(message))):
        raise RuntimeError(message.value.decode())


def data_of(samples, labels):
    """A tileprop_data of two NumPy arrays, which must outlive it."""
    return S["tileprop_data"](
        size=ctypes.sizeof(S["tileprop_data"]), samples=samples.ctypes.data, type=C["TILEPROP_U8"], rows=len(samples),
        labels=labels.ctypes.data, label_type=C["TILEPROP_U8"], features=samples.shape[1], classes=10)


def read_idx(name, header):
    with gzip.open(os.path.join(DATA, f"{name}-ubyte.gz")) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def train(model, rate, orders):
    """Trains from another model's weights (None: random weights), with one pass over the images for each order."""
    trainer, trained, accuracy = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_double()
    options = S["tileprop_options"]()
    library.tileprop_options_init(ctypes.byref(options), ctypes.c_size_t(ctypes.sizeof(options)))
    for name, value in (("hidden", "64"), ("batch", "32"), ("lr", rate)):
        call("tileprop_options_set", ctypes.byref(options), name.encode(), value.encode())
    options.initial_weights = model
    everything = data_of(images, labels)
    call("tileprop_trainer_create", *map(ctypes.byref, (trainer, options, everything)), None, None, None)
    for order in orders:
        for rows in np.split(order, range(32, len(order), 32)):
            samples, own = images[rows], labels[rows]
            call("tileprop_trainer_step", trainer, ctypes.byref(data_of(samples, own)), None)
        test = data_of(test_images, test_labels)
        call("tileprop_trainer_evaluate", trainer, ctypes.byref(test), None, ctypes.byref(accuracy))
        print(f"learning rate {rate}: test accuracy {accuracy.value:.2%}")
    call("tileprop_trainer_model", trainer, ctypes.byref(trained))
    library.tileprop_trainer_free(trainer)
    return trained


labels, test_labels = read_idx("train-labels-idx1", 8), read_idx("t10k-labels-idx1", 8)
images, test_images = (read_idx(f"{name}-images-idx3", 16).reshape(-1, 784) for name in ("train", "t10k"))
random = np.random.default_rng(1)
first, model = train(None, "0.02", [random.permutation(len(images)) for _ in range(2)]), ctypes.c_void_p()
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "digits.safetensors").encode()
    call("tileprop_model_save", first, path)
    call("tileprop_model_load", ctypes.byref(model), path)
last = train(model, "0.005", [np.arange(len(images))])
classes = np.empty(len(test_images), np.uint16)
library.tileprop_predict_u8(last, ctypes.c_void_p(test_images.ctypes.data), ctypes.c_size_t(len(test_images)), None,
                            ctypes.c_void_p(classes.ctypes.data))
print(f"predicted from Python: {np.mean(classes == test_labels):.2%} correct")
for each in first, model, last:
    library.tileprop_model_free(each)
