"""The sweep `fashion-mlp-learning-rate` as a straightforward PyTorch script.

The yardstick for `breakeven train --config fashion-mlp-learning-rate.toml`: the
same network, data, schedule and measurements, written as one would with PyTorch
and SciPy. Two worker processes with one thread each take the runs in turn.

    python benches/pytorch_sweep.py --data-dir DIR --out pytorch_sweep.json
    python benches/pytorch_sweep.py --data-dir DIR --seeds 1 --learning-rates 0.1

DIR holds Fashion-MNIST's four official IDX files, gzipped or not.

MLP 784-300-100-10 with ReLU, Glorot uniform weights, zero biases, mean cross
entropy, plain SGD on the first 12,000 training images with pixels in [0, 1];
a fresh order each epoch, its incomplete last batch left out. Every 60 steps:

    K      the Gram matrix of L = 25 gradients of M = 64 examples, drawn without
           replacement, centred on their mean, 1/L; all its eigenvalues
    H      the largest eigenvalue on the first 1,000 training images: double
           backward inside scipy.sparse.linalg.eigsh(k=1, which="LA", tol=1e-3)
    loss and accuracy on those 1,000 images and on the first 2,000 test images

The graph of the gradient is built once a measurement and kept for all products
(`--hessian-graph kept`), which is faster than building it for each (`rebuilt`).

The JSON file holds each run's maxima over its trajectory, its measurements, its
products with H per measurement, and the wall time of the whole sweep.
"""

import argparse
import gzip
import itertools
import json
import os
import struct
import time
from multiprocessing import get_context
from pathlib import Path

# One thread a process for NumPy's and SciPy's BLAS too; read when they load.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import scipy
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import nn
from torch.nn import functional as F

SIZES = (784, 300, 100, 10)
TRAINING_EXAMPLES, VALIDATION_EXAMPLES, HESSIAN_EXAMPLES = 12_000, 2_000, 1_000
BATCHES, MEASURED_BATCH_SIZE = 25, 64  # L and M


def read_idx(folder, name):
    """The array of an IDX file, gzipped or raw."""
    zipped = folder / f"{name}.gz"
    data = gzip.decompress(zipped.read_bytes()) if zipped.exists() else (folder / name).read_bytes()
    dimensions = data[3]
    shape = struct.unpack(f">{dimensions}I", data[4:4 + 4 * dimensions])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def load(folder, kind, count):
    """The first `count` images [count, 784] in [0, 1], and labels [count]."""
    images = read_idx(folder, f"{kind}-images-idx3-ubyte")[:count].reshape(count, -1)
    labels = read_idx(folder, f"{kind}-labels-idx1-ubyte")[:count]
    return torch.from_numpy(images.astype(np.float32) / 255), torch.from_numpy(labels.astype(np.int64))


def build_mlp():
    layers = []
    for fan_in, fan_out in zip(SIZES, SIZES[1:]):
        linear = nn.Linear(fan_in, fan_out)
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def flatten(tensors):
    return torch.cat([t.reshape(-1) for t in tensors])


def unflatten(vector, parameters):
    parts = vector.split([p.numel() for p in parameters])
    return [part.view_as(p) for part, p in zip(parts, parameters)]


def covariance_spectrum(model, x, y, generator):
    """All L eigenvalues of K^M = (1/L) sum (g_j - g)(g_j - g)^T, largest first."""
    parameters = list(model.parameters())
    rows = torch.randperm(len(x), generator=generator)[:BATCHES * MEASURED_BATCH_SIZE]
    gradients = torch.stack([
        flatten(torch.autograd.grad(F.cross_entropy(model(x[b]), y[b]), parameters))
        for b in rows.split(MEASURED_BATCH_SIZE)
    ])
    gradients -= gradients.mean(dim=0)
    gram = (gradients @ gradients.T).double() / BATCHES
    return torch.linalg.eigvalsh(gram).flip(0).tolist()


def hessian_product_function(model, x, y, graph):
    """v -> H v on NumPy vectors, H of the mean loss on (x, y)."""
    parameters = list(model.parameters())

    def gradient():
        return torch.autograd.grad(F.cross_entropy(model(x), y), parameters, create_graph=True)

    kept = gradient() if graph == "kept" else None

    def product(v):
        g = kept or gradient()
        v = torch.from_numpy(np.asarray(v, dtype=np.float32).reshape(-1))
        directions = unflatten(v, parameters)
        return flatten(torch.autograd.grad(
            g, parameters, grad_outputs=directions, retain_graph=kept is not None)).numpy()

    return product


def largest_hessian_eigenvalue(model, x, y, graph):
    """The eigenvalue and the products it took."""
    product = hessian_product_function(model, x, y, graph)
    products = 0

    def counted(v):
        nonlocal products
        products += 1
        return product(v)

    dim = sum(p.numel() for p in model.parameters())
    operator = LinearOperator((dim, dim), matvec=counted, dtype=np.float32)
    value = eigsh(operator, k=1, which="LA", tol=1e-3, return_eigenvectors=False)[0]
    return float(value), products


@torch.no_grad()
def loss_and_accuracy(model, x, y):
    logits = model(x)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def measure(model, step, training, validation, generator, graph):
    """One record: every quantity at the current weights."""
    x, y = training
    subset = x[:HESSIAN_EXAMPLES], y[:HESSIAN_EXAMPLES]
    spectrum = covariance_spectrum(model, x, y, generator)
    lambda_h, products = largest_hessian_eigenvalue(model, *subset, graph)
    loss, accuracy = loss_and_accuracy(model, *subset)
    validation_loss, validation_accuracy = loss_and_accuracy(model, *validation)
    return {
        "step": step, "loss": loss, "training_accuracy": accuracy,
        "validation_loss": validation_loss, "validation_accuracy": validation_accuracy,
        "lambda_k": spectrum[0], "lambda_k_smallest": spectrum[-2],
        "condition_k": spectrum[-2] / spectrum[0], "trace_k": sum(spectrum),
        "lambda_h": lambda_h, "lambda_h_matvecs": products,
    }


def batches(examples, options, generator):
    """The row numbers of each step's batch."""
    for _ in range(options.epochs):
        order = torch.randperm(examples, generator=generator)
        full = examples // options.batch_size * options.batch_size
        yield from order[:full].split(options.batch_size)


def train(learning_rate, seed, options):
    """One run: its settings, maxima, measurements and wall time."""
    started = time.perf_counter()
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    training = load(options.data_dir, "train", TRAINING_EXAMPLES)
    validation = load(options.data_dir, "t10k", VALIDATION_EXAMPLES)
    model = build_mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    records, measuring = [], 0.0
    for step, rows in enumerate(batches(TRAINING_EXAMPLES, options, generator)):
        if step % options.measure_every == 0:
            before = time.perf_counter()
            records.append(measure(
                model, step, training, validation, generator, options.hessian_graph))
            measuring += time.perf_counter() - before
        optimizer.zero_grad()
        F.cross_entropy(model(training[0][rows]), training[1][rows]).backward()
        optimizer.step()
    quantities = ("lambda_k", "lambda_h", "condition_k", "trace_k")
    return {
        "learning_rate": learning_rate, "seed": seed,
        **{f"max_{q}": max(r[q] for r in records) for q in quantities},
        "products_per_measurement": float(np.mean([r["lambda_h_matvecs"] for r in records])),
        "seconds": time.perf_counter() - started, "seconds_measuring": measuring,
        "records": records,
    }


def train_job(job):
    return train(*job)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with the IDX files")
    parser.add_argument("--learning-rates", type=float, nargs="+", default=[0.01, 0.03, 0.1])
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0 to SEEDS - 1")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--measure-every", type=int, default=60, metavar="STEPS")
    parser.add_argument("--hessian-graph", choices=["kept", "rebuilt"], default="kept")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes")
    parser.add_argument("--out", type=Path, default=Path("pytorch_sweep.json"))
    return parser.parse_args()


def main():
    options = parse_options()
    jobs = [(rate, seed, options)
            for seed, rate in itertools.product(range(options.seeds), options.learning_rates)]
    started = time.perf_counter()
    with get_context("spawn").Pool(options.jobs) as pool:
        runs = []
        for run in pool.imap_unordered(train_job, jobs):
            runs.append(run)
            print(f"learning rate {run['learning_rate']:g}, seed {run['seed']}: "
                  f"max lambda_k {run['max_lambda_k']:.3f}, max lambda_h {run['max_lambda_h']:.2f}, "
                  f"{run['products_per_measurement']:.1f} products a measurement, "
                  f"{run['seconds']:.1f} s ({run['seconds_measuring']:.1f} s measuring)", flush=True)
    seconds = time.perf_counter() - started
    settings = {k: str(v) if isinstance(v, Path) else v for k, v in vars(options).items()
                if k not in ("out", "data_dir")}
    versions = {"torch": torch.__version__.split("+")[0], "scipy": scipy.__version__, "numpy": np.__version__}
    runs.sort(key=lambda run: (run["learning_rate"], run["seed"]))
    options.out.write_text(json.dumps(
        {"settings": settings, "versions": versions, "seconds": seconds, "runs": runs}, indent=1) + "\n")
    print(f"{len(runs)} runs in {seconds:.1f} s, written to {options.out}")


if __name__ == "__main__":
    main()
