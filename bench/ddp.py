#!/usr/bin/env python3
"""Times training steps of PyTorch's DistributedDataParallel with gloo, on the network and data of programs.py.

    ddp.py --hidden 1024,1024 --batch 4096
    bench/hosts 2 1gbit mpirun python3 bench/ddp.py --hidden 1024,1024 --batch 4096

Each rank trains on its share of every batch, on one thread. Ranks come from the options or from Open MPI.
"""

import argparse
import functools
import os
import statistics
import time

for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # these may slow down NumPy's own OpenBLAS
    os.environ.pop(variable, None)
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # no warnings about addresses without a name

import torch

import programs

# After WARM steps, about SECONDS are timed, at least STEPS steps.
WARM, STEPS, SECONDS = 2, 5, 5
OPTIMIZERS = {"sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.02, fused=True),
              "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.02, momentum=0.9, fused=True),
              "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.001, fused=True)}


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hidden", default="1024,1024", help="sizes of the hidden layers")
    parser.add_argument("--batch", type=int, default=4096, help="samples per step, over all ranks")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="momentum")
    parser.add_argument("--ranks", type=int, default=os.environ.get("OMPI_COMM_WORLD_SIZE", 1))
    parser.add_argument("--rank", type=int, default=os.environ.get("OMPI_COMM_WORLD_RANK", 0))
    parser.add_argument("--master", default=os.environ.get("MASTER_ADDR", "127.0.0.1"), help="address of rank 0")
    given = parser.parse_args()
    if given.batch % given.ranks:
        parser.error(f"--batch is {given.batch}, expected a multiple of --ranks, {given.ranks}")
    return given


def run(model, optimizer, images, labels, batch, count):
    """Seconds of each of count steps."""
    seconds, order = [], torch.randperm(len(labels)).split(batch)[:len(labels) // batch]
    for step in range(count):
        part, start = order[step % len(order)], time.monotonic()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images[part]), labels[part]).backward()
        optimizer.step()
        seconds.append(time.monotonic() - start)
    return seconds


def main():
    given = options()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    images, _, labels, _ = map(torch.from_numpy, programs.load())
    sizes = [784, *map(int, given.hidden.split(",")), 10]
    layers = [layer for pair in zip(sizes, sizes[1:]) for layer in (torch.nn.Linear(*pair), torch.nn.Sigmoid())]
    model = torch.nn.Sequential(*layers[:-1])
    if given.ranks > 1:
        if given.master == "127.0.0.1":
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        torch.distributed.init_process_group("gloo", f"tcp://{given.master}:29500", rank=given.rank,
                                             world_size=given.ranks)
        model = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = OPTIMIZERS[given.optimizer](model.parameters())
    step = functools.partial(run, model, optimizer, images[given.rank::given.ranks], labels[given.rank::given.ranks],
                             given.batch // given.ranks)
    count = torch.tensor(max(STEPS, round(SECONDS / min(step(WARM)))))
    if given.ranks > 1:
        torch.distributed.broadcast(count, 0)
    timed = step(count)
    if given.rank == 0:
        print(f"ddp {'-'.join(map(str, sizes))} batch {given.batch} ranks {given.ranks}: "
              f"{statistics.median(timed):.3g} s per step", flush=True)
    if given.ranks > 1:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
