"""PyTorch on the task: pytorch.py [compiled] TASK BEGAN. compiled: the model by torch.compile, which needs g++."""

import sys

import torch

from task import TASK, load, solve

torch.set_num_threads(TASK["threads"])
torch.manual_seed(TASK["seed"])
images, labels, test_images, test_labels = map(torch.from_numpy, load())
model = torch.nn.Sequential(torch.nn.Linear(784, TASK["hidden"]), torch.nn.Tanh(), torch.nn.Linear(TASK["hidden"], 10))
forward = torch.compile(model) if sys.argv[1] == "compiled" else model
loss = torch.nn.CrossEntropyLoss()
# One pass over a parameter for the whole rule: the fastest of the three ways that it has on a CPU.
optimizer = torch.optim.SGD(model.parameters(), lr=TASK["learning_rate"], momentum=TASK["momentum"], fused=True)


def train(part):
    for batch in torch.from_numpy(part).split(TASK["batch"]):
        optimizer.zero_grad()
        loss(forward(images[batch]), labels[batch]).backward()
        optimizer.step()


def accuracy():
    with torch.inference_mode():
        return (model(test_images).argmax(1) == test_labels).float().mean().item()


solve(torch.__version__, len(labels), train, accuracy)
