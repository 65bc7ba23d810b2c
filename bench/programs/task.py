"""What the programs beside ours have in common: the task, its data, and when they evaluate.

A program is run as SCRIPT ... TASK BEGAN: a JSON object, and when its process was started on the monotonic clock. It
ends with a line of JSON: version, steps, step_seconds, and seconds from BEGAN to the goal, null if it was not reached.
"""

import gzip
import json
import sys
import time
from pathlib import Path

import numpy

TASK = json.loads(sys.argv[-2])
BEGAN = float(sys.argv[-1])


def read(name, header):
    """The bytes of an IDX file behind its header."""
    with gzip.open(Path(TASK["data"]) / f"{name}-ubyte.gz") as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=header)


def load():
    """(training images, labels, validation images, labels); pixels have mean 0 and deviation 1 in training."""
    train, test = (read(f"{name}-images-idx3", 16).reshape(-1, 784) for name in ("train", "t10k"))
    labels = [read(f"{name}-labels-idx1", 8).astype(numpy.int64) for name in ("train", "t10k")]
    mean, deviation = train.mean(), train.std()
    train, test = ((images.astype(numpy.float32) - numpy.float32(mean)) / numpy.float32(deviation)
                   for images in (train, test))
    return train, labels[0], test, labels[1]


def solve(version, samples, train, accuracy):
    """train(indices) takes a step for each whole batch of them, accuracy() is of the validation set."""
    shuffle = numpy.random.default_rng(TASK["seed"])
    batch, parts = TASK["batch"], TASK["evaluations_per_epoch"]
    steps = seconds_training = 0
    reached = None
    for _ in range(TASK["epochs"]):
        order = shuffle.permutation(samples)[:samples // batch * batch]
        for part in numpy.split(order, [len(order) // batch * i // parts * batch for i in range(1, parts)]):
            began = time.monotonic()
            train(part)
            seconds_training += time.monotonic() - began
            steps += len(part) // batch
            if accuracy() >= TASK["goal"]:
                reached = time.monotonic() - BEGAN
                break
        if reached:
            break
    print(json.dumps({"version": version, "steps": steps, "step_seconds": seconds_training / steps,
                      "seconds": reached}))
