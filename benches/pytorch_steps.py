"""Milliseconds of training steps, gradients and Hessian products in PyTorch.

The yardstick for `cargo bench`: the same networks and sizes, eager float32, on
random inputs (no time here depends on their values).

    python benches/pytorch_steps.py --out pytorch_steps.json

    step       forward, backward and update of plain SGD
    gradient   of the mean loss over the examples
    product    Hv by double backward: `rebuilt` builds the gradient's graph for
               each product, `kept` builds it once, outside the time, and keeps it

Each figure is the median over the repeats; what is compared takes turns, so that
other load on the machine meets all alike. `gemm` is the rate of a large square
matrix product on the same thread count: it tells whether the BLAS is a fast one.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F


def build_mlp():
    return nn.Sequential(
        nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10))


def build_simplecnn():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 6 * 6, 128), nn.ReLU(), nn.Linear(128, 10))


MODELS = {"mlp": (build_mlp, (784,)), "simplecnn": (build_simplecnn, (3, 32, 32))}


def setting(name, examples):
    """A fresh model with inputs and labels."""
    torch.manual_seed(0)
    build, shape = MODELS[name]
    return build(), torch.rand(examples, *shape), torch.randint(10, (examples,))


def training_step(name, examples):
    """A function that takes one step."""
    model, x, y = setting(name, examples)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def curvature(name, examples):
    """Functions for the gradient and for both ways to Hv, by name."""
    model, x, y = setting(name, examples)
    parameters = list(model.parameters())
    direction = [torch.randn_like(p) for p in parameters]

    def gradient(create_graph=False):
        return torch.autograd.grad(
            F.cross_entropy(model(x), y), parameters, create_graph=create_graph)

    def product(g, retain_graph):
        return torch.autograd.grad(
            g, parameters, grad_outputs=direction, retain_graph=retain_graph)

    kept = gradient(create_graph=True)
    return {
        "gradient": gradient,
        "product_rebuilt": lambda: product(gradient(create_graph=True), False),
        "product_kept": lambda: product(kept, True),
    }


def median_milliseconds(functions, repeats):
    """Median time of each function, called in turn after three rounds of warm-up."""
    times = {name: [] for name in functions}
    for repeat in range(-3, repeats):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            if repeat >= 0:
                times[name].append(1e3 * (time.perf_counter() - started))
    return {name: statistics.median(values) for name, values in times.items()}


def gemm_gigaflops(size=1024, repeats=10):
    a, b = torch.rand(size, size), torch.rand(size, size)
    milliseconds = median_milliseconds({"gemm": lambda: a @ b}, repeats)["gemm"]
    return 2 * size**3 / milliseconds / 1e6


def backend():
    """What PyTorch computes with here."""
    return {
        "torch": torch.__version__.split("+")[0],
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "mkl": torch.backends.mkl.is_available(),
        "onednn": torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled,
        "cores": os.cpu_count(),
    }


def measure(threads, repeats):
    """All figures of one thread count."""
    torch.set_num_threads(threads)
    slow_repeats = max(5, repeats // 10)
    result = {"threads": threads, "gemm_gigaflops": gemm_gigaflops()}
    result |= median_milliseconds({"mlp_step_64": training_step("mlp", 64)}, 10 * repeats)
    result |= median_milliseconds({"simplecnn_step_128": training_step("simplecnn", 128)}, slow_repeats)
    for name, examples, count in (("mlp", 1000, repeats), ("simplecnn", 256, slow_repeats)):
        times = median_milliseconds(curvature(name, examples), count)
        result |= {f"{name}_{what}_{examples}": value for what, value in times.items()}
        for what in ("product_rebuilt", "product_kept"):
            result[f"{name}_{what}_over_gradient"] = times[what] / times["gradient"]
    return result


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=100,
                        help="of the MLP's gradient; ten times as many MLP steps, a tenth of the rest")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    options = parser.parse_args()
    report = {"backend": backend(), "figures": []}
    print(*(f"{key}: {value}" for key, value in report["backend"].items()), sep=", ")
    for threads in options.threads:
        figures = measure(threads, options.repeats)
        report["figures"].append(figures)
        print(f"\n{threads} thread(s): {figures['gemm_gigaflops']:.0f} GFLOP/s in a matrix product")
        for key, value in list(figures.items())[2:]:
            unit = "" if key.endswith("over_gradient") else " ms"
            print(f"  {key:<36}{value:9.2f}{unit}")
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
