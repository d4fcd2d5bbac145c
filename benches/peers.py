"""Eigenvalues, densities and covariances beside curvlinops, PyHessian and hessian-eigenthings.

    python benches/peers.py --data-dir DIR [--rounds 2] [--tasks covariance] [--out peers.json]

DIR holds CIFAR-10's binary files. Needs torch, scipy, safetensors, curvlinops-for-pytorch,
PyHessian and hessian-eigenthings. Two networks after 200 steps of SGD, 32 bits: the MLP
(784-300-100-10, 266,610 parameters) on the first 5,000 images of Fashion-MNIST, and SimpleCNN
(361,898) on the first 250 of CIFAR-10. Tasks:

    eigenvalue   the largest eigenvalue of H to 1e-3. breakeven: as along a trajectory, with
                 the bound that SciPy's stop is; `searched`: with fresh directions, as
                 `breakeven measure` does. curvlinops: its HessianLinearOperator inside
                 scipy.sparse.linalg.eigsh(k=1, which="LA", tol=1e-3). PyHessian: eigenvalues(tol=1e-3)
    density      of H, by 2 probes with 40 products each. curvlinops: lanczos_approximate_spectrum
                 with the ends given; hessian-eigenthings: spectral_density. (PyHessian's density
                 calls torch.eig, which PyTorch no longer has.)
    covariance   the largest eigenvalue of the exact per-example K of the MLP. PyTorch: gradients of
                 all examples by torch.func.vmap, held in one array, and eigsh on its products

Every task of every side runs in a process of its own, one after the other; the best round counts.
A round takes ten minutes on two cores; each answer goes to stderr as it comes.
Seconds are from network and data in memory to the answer, memory is the whole process's peak. Errors are
against SciPy's eigsh with tol=1e-8 on double backward in 64 bits.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = {"mlp": 5_000, "simple_cnn": 250}
PROBES, STEPS = 2, 40
BATCH, TRAINING_STEPS = 64, 200
CHUNK = 250  # examples whose gradients vmap takes at once
NAMES = {"curvlinops": "curvlinops-for-pytorch", "pyhessian": "PyHessian",
         "eigenthings": "hessian-eigenthings"}
TASKS = [
    ("mlp", "eigenvalue", ["breakeven", "searched", "curvlinops", "pyhessian"]),
    ("simple_cnn", "eigenvalue", ["breakeven", "searched", "curvlinops", "pyhessian"]),
    ("mlp", "density", ["breakeven", "curvlinops", "eigenthings"]),
    ("simple_cnn", "density", ["breakeven", "curvlinops", "eigenthings"]),
    ("mlp", "covariance", ["breakeven", "vmap"]),
]


def network(name):
    from torch import nn
    if name == "mlp":
        names, layers = ["fc1", "fc2", "fc3"], [(784, 300), (300, 100), (100, 10)]
        model = nn.Sequential()
        for k, (label, (a, b)) in enumerate(zip(names, layers)):
            model.add_module(label, nn.Linear(a, b))
            if k < 2:
                model.add_module(f"relu{k + 1}", nn.ReLU())
        return model
    model = nn.Sequential()
    model.add_module("image", nn.Unflatten(1, (3, 32, 32)))
    for k, (a, b, padding) in enumerate([(3, 32, 1), (32, 32, 0), (32, 64, 1), (64, 64, 0)]):
        model.add_module(f"conv{k + 1}", nn.Conv2d(a, b, 3, padding=padding))
        model.add_module(f"relu{k + 1}", nn.ReLU())
        if k % 2:
            model.add_module(f"pool{k + 1}", nn.MaxPool2d(2))
    model.add_module("flat", nn.Flatten())
    model.add_module("fc1", nn.Linear(64 * 6 * 6, 128))
    model.add_module("relu5", nn.ReLU())
    model.add_module("fc2", nn.Linear(128, 10))
    return model


def data(name, folder):
    """Images [n, features] in [0, 1], and labels [n]."""
    count = EXAMPLES[name]
    if name == "mlp":
        fixtures = ROOT / "empirical/fixtures/fashion-mnist-12k"
        images = gzip.decompress((fixtures / "train-images-idx3-ubyte.gz").read_bytes())
        labels = gzip.decompress((fixtures / "train-labels-idx1-ubyte.gz").read_bytes())
        images = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 784)
        labels = np.frombuffer(labels, np.uint8, offset=8)
    else:
        file = next(folder.rglob("data_batch_1.bin"))
        rows = np.fromfile(file, np.uint8).reshape(-1, 3073)
        images, labels = rows[:, 1:], rows[:, 0]
    return images[:count].astype(np.float32) / 255, labels[:count].astype(np.int64)


def prepare(name, folder, where):
    """Trains a network and writes its weights and examples."""
    import torch
    from safetensors.torch import save_file
    from torch.nn import functional as F
    torch.manual_seed(0)
    x, y = (torch.from_numpy(a.copy()) for a in data(name, folder))
    model = network(name)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(TRAINING_STEPS):
        rows = torch.randint(len(x), (BATCH,))
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    save_file(model.state_dict(), where / f"{name}-weights.safetensors")
    save_file({"images": x, "labels": y}, where / f"{name}-examples.safetensors")


def loaded(name, where, dtype):
    from safetensors.torch import load_file
    model = network(name)
    model.load_state_dict(load_file(where / f"{name}-weights.safetensors"))
    held = load_file(where / f"{name}-examples.safetensors")
    return model.to(dtype), held["images"].to(dtype), held["labels"]


def largest(product, dim, dtype, tolerance):
    """SciPy's largest eigenvalue, and the products that it took."""
    from scipy.sparse.linalg import LinearOperator, eigsh
    count = 0

    def counted(v):
        nonlocal count
        count += 1
        return product(v.reshape(-1).astype(dtype))

    operator = LinearOperator((dim, dim), matvec=counted, dtype=dtype)
    start = np.random.default_rng(0).standard_normal(dim).astype(dtype)
    values = eigsh(operator, k=1, which="LA", tol=tolerance, v0=start, return_eigenvectors=False)
    return float(values[0]), count


def double_backward(model, x, y):
    """v -> Hv with the gradient's graph kept, and the number of parameters."""
    import torch
    from torch.nn import functional as F
    parameters = list(model.parameters())
    sizes = [p.numel() for p in parameters]
    loss = F.cross_entropy(model(x), y)
    gradient = torch.autograd.grad(loss, parameters, create_graph=True)

    def product(v):
        parts = torch.from_numpy(v).split(sizes)
        parts = [part.view_as(p) for part, p in zip(parts, parameters)]
        found = torch.autograd.grad(gradient, parameters, grad_outputs=parts, retain_graph=True)
        return torch.cat([part.reshape(-1) for part in found]).numpy()

    return product, sum(sizes)


def gradients(model, x, y):
    """Gradients of all examples, centred: [n, D]."""
    import torch
    from torch.func import functional_call, grad, vmap
    from torch.nn import functional as F
    constants = {name: p.detach() for name, p in model.named_parameters()}

    def loss(parameters, a, b):
        return F.cross_entropy(functional_call(model, parameters, (a[None],)), b[None])

    each = vmap(grad(loss), in_dims=(None, 0, 0))
    rows = torch.empty(len(x), sum(p.numel() for p in constants.values()), dtype=x.dtype)
    for first in range(0, len(x), CHUNK):
        part = slice(first, first + CHUNK)
        chunk = each(constants, x[part], y[part])
        torch.cat([chunk[name].flatten(1) for name in constants], dim=1, out=rows[part])
    rows -= rows.mean(dim=0)
    return rows


def by_peer(peer, task, name, where, ends):
    """One task of one of PyTorch's sides, timed."""
    import torch
    from torch import nn
    torch.set_num_threads(2)
    torch.manual_seed(0)
    wide = peer == "reference"
    model, x, y = loaded(name, where, torch.float64 if wide else torch.float32)
    criterion = nn.CrossEntropyLoss()
    if peer == "pyhessian":
        import pyhessian
    if peer == "eigenthings":
        import hessian_eigenthings as eigenthings
    if peer == "curvlinops":
        import curvlinops
    started = time.perf_counter()
    answer = {}
    if task == "covariance":
        rows = gradients(model, x, y)

        def product(v):
            v = torch.from_numpy(v)
            return (rows.T @ (rows @ v) / len(rows)).numpy()

        dtype = np.float64 if wide else np.float32
        tolerance = 1e-8 if wide else 1e-3
        answer["value"], answer["products"] = largest(product, rows.shape[1], dtype, tolerance)
    elif wide:
        product, dim = double_backward(model, x, y)
        answer["value"], answer["products"] = largest(product, dim, np.float64, 1e-8)
    elif peer == "curvlinops":
        parameters = [p for p in model.parameters() if p.requires_grad]
        h = curvlinops.HessianLinearOperator(model, criterion, parameters, [(x, y)],
                                             check_deterministic=False)
        if task == "eigenvalue":
            scipy_h = h.to_scipy()
            found = largest(scipy_h.matvec, h.shape[0], np.float32, 1e-3)
            answer["value"], answer["products"] = found
        else:
            curvlinops.lanczos_approximate_spectrum(
                h, STEPS, num_repeats=PROBES, boundaries=tuple(ends))
    elif peer == "pyhessian":
        h = pyhessian.hessian(model, criterion, data=(x, y), cuda=False)
        answer["value"] = h.eigenvalues(maxIter=1000, tol=1e-3)[0][0]
    else:
        h = eigenthings.HessianOperator(model, [(x, y)], eigenthings.supervised_loss(criterion))
        eigenthings.spectral_density(h, num_runs=PROBES, lanczos_steps=STEPS)
    answer["seconds"] = time.perf_counter() - started
    print(json.dumps(answer))


def in_process(command):
    """The last line of a process as JSON, with its peak memory."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(map(str, command))} failed: {status}")
    found = json.loads(text.strip().splitlines()[-1]) | {"peak_mb": usage.ru_maxrss * 1024 / 1e6}
    said = {name: number for name, number in found.items() if name != "density"}
    print(*command[1:6], said, file=sys.stderr, flush=True)
    return found


def program():
    """The bench as a program, built."""
    built = subprocess.run(
        ["cargo", "bench", "--workspace", "--locked", "--bench", "peers", "--no-run",
         "--message-format", "json"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = [json.loads(line) for line in built.splitlines()]
    return next(m["executable"] for m in found
                if m.get("executable") and m["target"]["name"] == "peers")


def ours(path, task, name, where):
    words = [path, task, "--model", name, "--weights", where / f"{name}-weights.safetensors",
             "--examples", where / f"{name}-examples.safetensors", "--threads", "2",
             "--probes", str(PROBES), "--steps", str(STEPS)]
    return in_process(words)


def theirs(peer, task, name, where, ends=()):
    words = [sys.executable, __file__, "--peer", peer, "--task", task, "--network", name,
             "--where", where, "--ends", *map(str, ends)]
    return in_process(words)


def compare(options, where):
    path = program()
    rows, best = [], {}
    # In processes of their own: what a child begins with counts as its peak.
    for name in EXAMPLES:
        subprocess.run([sys.executable, __file__, "--data-dir", options.data_dir, "--peer", "none",
                        "--network", name, "--where", where], check=True)
    tasks = [task for task in TASKS if task[1] in options.tasks]
    needed = {(name, "eigenvalue" if task == "density" else task) for name, task, _ in tasks}
    exact = {(name, task): theirs("reference", task, name, where)["value"]
             for name, task in sorted(needed)}
    for _ in range(options.rounds):
        for name, task, sides in tasks:
            top = exact.get((name, "eigenvalue"), 0.0)
            ends = (-top, 1.05 * top)
            for side in sides:
                own = {"breakeven": task, "searched": "searched"}.get(side)
                found = ours(path, own, name, where) if own else theirs(side, task, name, where, ends)
                key = (name, task, side)
                if key not in best or found["seconds"] < best[key]["seconds"]:
                    best[key] = found
    print("| network | task | side | seconds | times ours | products | relative error | peak, MB |")
    print("|---|---|---|---|---|---|---|---|")
    for (name, task, side), found in best.items():
        times = found["seconds"] / best[name, task, "breakeven"]["seconds"]
        error = ""
        if "value" in found:
            error = f"{abs(found['value'] / exact[name, task] - 1):.1e}"
        print(f"| `{name}` | {task} | {side} | {found['seconds']:.3g} | {times:.2f} "
              f"| {found.get('products', '')} | {error} | {found['peak_mb']:.0f} |")
        found.pop("density", None)
        rows.append({"network": name, "task": task, "side": side, "times_ours": times} | found)
    packages = {side: version(package) for side, package in NAMES.items()}
    print({"torch": version("torch"), "scipy": version("scipy")} | packages)
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="folder with CIFAR-10's binary files")
    parser.add_argument("--rounds", type=int, default=1, help="of each side; the best counts")
    parser.add_argument("--out", type=Path, help="also write everything as JSON")
    names = sorted({task for _, task, _ in TASKS})
    parser.add_argument("--tasks", nargs="*", choices=names, default=names, help="these alone")
    for name in ("peer", "task", "network"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    parser.add_argument("--where", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ends", type=float, nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer == "none":
        return prepare(options.network, options.data_dir, options.where)
    if options.peer:
        return by_peer(options.peer, options.task, options.network, options.where, options.ends)
    if not options.data_dir:
        parser.error("--data-dir is missing: the folder with CIFAR-10's binary files")
    with tempfile.TemporaryDirectory() as where:
        compare(options, Path(where))


if __name__ == "__main__":
    main()
