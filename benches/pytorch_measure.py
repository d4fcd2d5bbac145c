"""`breakeven measure` and the same measurement as a plain PyTorch script, one after the other.

    cargo build --release
    python benches/pytorch_measure.py --data-dir DIR --breakeven target/release/breakeven

DIR holds CIFAR-10's binary files (`cifar-10-batches-bin/data_batch_1.bin`, or that file
itself). Measured are, on the first 192 training images and a SimpleCNN that was trained
for a few steps:

    H      the three largest eigenvalues: double backward with the gradient's graph kept,
           inside scipy.sparse.linalg.eigsh(k=3, which="LA", tol=1e-6)
    Tr H   Hutchinson's estimate with random signs, until its standard error is 1 % of it,
           after at least 10 and at most 100 probes
    K      gradients of all examples (torch.func.vmap over grad, a chunk at a time), centred;
           the eigenvalues and the trace come from their Gram matrix
    K^M    the Gram matrix of three gradients of 64 examples
    s^2    the variance of e^T H_i e over the examples, e the top eigenvector of H
           (torch.func.jvp of jvp)

`breakeven measure` finds the same, with the same stops; its time is that of the whole
process. PyTorch's begins after its imports, with data and network in memory. Both use all
cores unless --threads says otherwise. All rounds of PyTorch come first, then all of ours, so
that each side has its rounds but the first in memory that it used just before; the best round
of each counts, and the first is printed too. Versions and a table come first on stdout; --out
writes all as JSON.
"""

import argparse
import json
import math
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy
import torch
from safetensors.torch import save_file
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import nn
from torch.func import functional_call, grad, jvp, vmap
from torch.nn import functional as F

EXAMPLES, TOP, TOLERANCE = 192, 3, 1e-6
BATCHES, BATCH_SIZE = 3, 64  # L and M
TRACE_TOLERANCE, LEAST_PROBES, MOST_PROBES = 0.01, 10, 100
CHUNK = 32  # examples whose gradients vmap takes at once
TRAINING_EXAMPLES, TRAINING_BATCH, LEARNING_RATE = 5_000, 64, 0.05


class SimpleCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 32, 3)
        self.conv3 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv4 = nn.Conv2d(64, 64, 3)
        self.fc1 = nn.Linear(64 * 6 * 6, 128)
        self.fc2 = nn.Linear(128, 10)
        for parameter in self.parameters():
            nn.init.xavier_uniform_(parameter) if parameter.dim() > 1 else nn.init.zeros_(parameter)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        x = F.max_pool2d(F.relu(self.conv4(F.relu(self.conv3(x)))), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def load(folder, count):
    """The first `count` images [count, 3, 32, 32] in [0, 1], and labels [count]."""
    name = "data_batch_1.bin"
    file = next(f for f in (folder / "cifar-10-batches-bin" / name, folder / name) if f.exists())
    rows = np.fromfile(file, np.uint8).reshape(-1, 3073)[:count]
    images = torch.from_numpy(rows[:, 1:].reshape(-1, 3, 32, 32).astype(np.float64) / 255)
    return images.float(), torch.from_numpy(rows[:, 0].astype(np.int64))


def trained(x, y, steps):
    """A network after so many steps of plain SGD."""
    torch.manual_seed(0)
    model = SimpleCnn()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    for _ in range(steps):
        rows = torch.randint(len(x), (TRAINING_BATCH,))
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    return model


def flatten(tensors):
    return torch.cat([t.reshape(-1) for t in tensors])


class Hessian:
    """v -> H v of the mean loss, by double backward; counts its products."""

    def __init__(self, model, x, y):
        self.parameters = list(model.parameters())
        self.sizes = [p.numel() for p in self.parameters]
        self.dim = sum(self.sizes)
        loss = F.cross_entropy(model(x), y)
        self.gradient = torch.autograd.grad(loss, self.parameters, create_graph=True)
        self.products = 0

    def split(self, v):
        return [part.view_as(p) for part, p in zip(v.split(self.sizes), self.parameters)]

    def __call__(self, v):
        self.products += 1
        return flatten(torch.autograd.grad(
            self.gradient, self.parameters, grad_outputs=self.split(v), retain_graph=True))


def leading(hessian, dtype):
    """The largest eigenvalues, largest first, and the top eigenvector."""
    numpy_dtype = np.float32 if dtype == torch.float32 else np.float64

    def product(v):
        return hessian(torch.from_numpy(np.asarray(v, numpy_dtype).reshape(-1))).numpy()

    operator = LinearOperator((hessian.dim, hessian.dim), matvec=product, dtype=numpy_dtype)
    start = np.random.default_rng(0).standard_normal(hessian.dim).astype(numpy_dtype)
    values, vectors = eigsh(operator, k=TOP, which="LA", tol=TOLERANCE, v0=start)
    order = np.argsort(values)[::-1]
    return values[order].tolist(), torch.from_numpy(vectors[:, order[0]].copy())


def trace(hessian, dtype):
    """Hutchinson's estimate, its standard error and its probes."""
    samples = []
    generator = torch.Generator().manual_seed(1)
    while len(samples) < MOST_PROBES:
        z = torch.randint(0, 2, (hessian.dim,), generator=generator).to(dtype) * 2 - 1
        samples.append(torch.dot(z, hessian(z)).item())
        if len(samples) >= LEAST_PROBES:
            error = np.std(samples, ddof=1) / math.sqrt(len(samples))
            if error <= TRACE_TOLERANCE * abs(np.mean(samples)):
                break
    return float(np.mean(samples)), float(error), len(samples)


def loss_of(model):
    def loss(parameters, x, y):
        return F.cross_entropy(functional_call(model, parameters, (x[None],)), y[None])
    return loss


def covariance(rows):
    """Eigenvalues, largest first, and trace of the covariance (1/n, centred) of rows."""
    centred = (rows - rows.mean(dim=0)).double()
    gram = centred @ centred.T / len(rows)
    return torch.linalg.eigvalsh(gram).flip(0), gram.trace().item()


def measure(model, x, y):
    """Everything, and the seconds of each part."""
    dtype, parameters = x.dtype, dict(model.named_parameters())
    seconds, clock = {}, time.perf_counter()

    def lap(name):
        nonlocal clock
        now = time.perf_counter()
        seconds[name], clock = now - clock, now

    hessian = Hessian(model, x, y)
    values, top = leading(hessian, dtype)
    products = hessian.products
    lap("eigenvalues of H")
    estimate, error, probes = trace(hessian, dtype)
    lap("trace of H")
    constants = {name: p.detach() for name, p in parameters.items()}
    loss = loss_of(model)
    per_example = vmap(grad(loss), in_dims=(None, 0, 0))
    rows = []
    for a, b in zip(x.split(CHUNK), y.split(CHUNK)):
        chunk = per_example(constants, a, b)
        rows.append(torch.cat([chunk[name].reshape(len(a), -1) for name in constants], dim=1))
    k_values, k_trace = covariance(torch.cat(rows))
    lap("gradients of all examples")
    batches = [flatten(torch.autograd.grad(F.cross_entropy(model(a), b), hessian.parameters))
               for a, b in zip(x.split(BATCH_SIZE), y.split(BATCH_SIZE))]
    batch_values, _ = covariance(torch.stack(batches[:BATCHES]))
    lap("gradients of batches")
    direction = dict(zip(constants, hessian.split(top)))

    def along(parameters, tangents):
        losses = lambda p: F.cross_entropy(functional_call(model, p, (x,)), y, reduction="none")
        first = lambda p: jvp(losses, (p,), (tangents,))[1]
        return jvp(first, (parameters,), (tangents,))[1]

    with torch.no_grad():
        variance = along(constants, direction).var(correction=0).item()
    lap("curvature along e")
    return {
        "hessian": values, "products": products, "trace": estimate, "trace_error": error,
        "probes": probes, "covariance": k_values[:TOP].tolist(), "covariance_trace": k_trace,
        "mini_batch": batch_values.tolist(), "variance": variance, "seconds": seconds,
    }


def run_pytorch(model, x, y):
    started = time.perf_counter()
    found = measure(model, x, y)
    return found | {"wall": time.perf_counter() - started}


def run_breakeven(program, checkpoint, data_dir, precision, threads):
    command = [
        str(program), "measure", "--checkpoint", str(checkpoint), "--model", "simplecnn",
        "--data", "cifar10", "--data-dir", str(data_dir), "--subset", str(EXAMPLES),
        "--top", str(TOP), "--tolerance", str(TOLERANCE), "--precision", precision,
        "--batches", str(BATCHES), "--batch-size", str(BATCH_SIZE),
        "--batch-order", "sequential", "--trace-tolerance", str(TRACE_TOLERANCE),
        "--trace-probes", str(MOST_PROBES), "--json"]
    if threads:
        command += ["--threads", str(threads)]
    started = time.perf_counter()
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - started
    found = json.loads(answer.stdout)
    h, k = found["hessian"], found["covariance_per_example"]
    return {
        "hessian": h["eigenvalues"], "products": h["matvecs"], "trace": h["trace"],
        "trace_error": h["trace_standard_error"], "probes": h["trace_probes"],
        "covariance": k["eigenvalues"], "covariance_trace": k["trace"],
        "mini_batch": found["covariance_mini_batch"]["eigenvalues"],
        "variance": found["curvature_along_top"]["variance"], "wall": wall,
    }


def disagreement(ours, theirs):
    """The largest difference of what has one right answer, relative to the largest of its kind."""
    def of(a, b):
        a, b = np.atleast_1d(a), np.atleast_1d(b)
        return float(np.max(np.abs(a - b)) / np.max(np.abs(b)))
    return max(of(ours[name], theirs[name])
               for name in ("hessian", "covariance", "covariance_trace", "mini_batch"))


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with CIFAR-10's binary files")
    parser.add_argument("--breakeven", type=Path, help="the program; without it PyTorch runs alone")
    parser.add_argument("--precisions", nargs="+", choices=["f32", "f64"], default=["f32", "f64"])
    parser.add_argument("--rounds", type=int, default=1, help="of each side; the best counts")
    parser.add_argument("--threads", type=int, help="of each side; default: all cores")
    parser.add_argument("--training-steps", type=int, default=200)
    parser.add_argument("--out", type=Path, help="also write everything as JSON")
    return parser.parse_args()


def main():
    options = parse_options()
    if options.threads:
        torch.set_num_threads(options.threads)
    x, y = load(options.data_dir, TRAINING_EXAMPLES)
    model = trained(x, y, options.training_steps)
    versions = {"torch": torch.__version__.split("+")[0], "scipy": scipy.__version__,
                "numpy": np.__version__, "cpu": torch.backends.cpu.get_cpu_capability(),
                "threads": torch.get_num_threads(), "cores": os.cpu_count()}
    print(*(f"{key} {value}" for key, value in versions.items()), sep=", ")
    x, y, report = x[:EXAMPLES], y[:EXAMPLES], {"versions": versions}
    print(f"{'':<16}{'wall, s':>9}{'products':>10}{'probes':>8}  {'largest of H':>12}"
          f"{'largest of K':>14}{'trace of H':>12}{'its error':>11}")
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "weights.safetensors"
        save_file({name: p.detach().contiguous() for name, p in model.named_parameters()}, checkpoint)
        for precision in options.precisions:
            dtype = torch.float32 if precision == "f32" else torch.float64
            network, inputs = model.to(dtype), x.to(dtype)
            rounds = range(options.rounds)
            runs = {"PyTorch": [run_pytorch(network, inputs, y) for _ in rounds]}
            if options.breakeven:
                runs["breakeven"] = [run_breakeven(
                    options.breakeven, checkpoint, options.data_dir, precision, options.threads)
                    for _ in rounds]
            best = {name: min(found, key=lambda run: run["wall"]) for name, found in runs.items()}
            for name, run in best.items():
                print(f"{name + ' ' + precision:<16}{run['wall']:>9.2f}{run['products']:>10}"
                      f"{run['probes']:>8}  {run['hessian'][0]:>12.5f}{run['covariance'][0]:>14.5f}"
                      f"{run['trace']:>12.3f}{run['trace_error']:>11.3f}", flush=True)
            parts = ", ".join(f"{name} {s:.1f} s" for name, s in best["PyTorch"]["seconds"].items())
            print(f"  PyTorch: {parts}")
            if options.breakeven:
                ours, theirs = best["breakeven"], best["PyTorch"]
                first = [runs[name][0]["wall"] for name in ("PyTorch", "breakeven")]
                print(f"  first rounds {first[0]:.2f} and {first[1]:.2f} s, {first[0] / first[1]:.1f} times as fast")
                print(f"  best rounds {theirs['wall'] / ours['wall']:.1f} times as fast; "
                      f"eigenvalues and exact traces differ by {disagreement(ours, theirs):.1e}")
            report[precision] = runs
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
