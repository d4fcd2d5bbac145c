"""Training steps, gradients and Hessian products of every network, beside PyTorch.

    python benches/networks.py [--threads 2] [--out networks.json] [NAME...]

Runs `cargo bench --bench networks` and this file itself in turns, each network and side
in a process of its own, and prints a Markdown table of milliseconds, ratios and peak
memory. Needs torch, torchvision and transformers. Same sizes, eager float32, no dropout,
random inputs (no time here depends on their values):

    step       forward, backward and update of plain SGD
    gradient   of the mean loss over the examples
    product    Hv by double backward: `rebuilt` builds the gradient's graph for each
               product, `kept` builds it once, outside the time, and keeps it

Each figure is the median over the repeats of one process, the least of the rounds.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ("step", "gradient", "product_kept", "product_rebuilt")


def build(name):
    """The network, a function that draws inputs, classes, batch, examples, repeats."""
    import torch
    from torch import nn

    def conv(a, b, padding, bn):
        norm = [nn.BatchNorm2d(b)] if bn else []
        return [nn.Conv2d(a, b, 3, padding=padding), *norm, nn.ReLU()]

    def simple_cnn(bn):
        return nn.Sequential(
            *conv(3, 32, 1, bn), *conv(32, 32, 0, bn), nn.MaxPool2d(2),
            *conv(32, 64, 1, bn), *conv(64, 64, 0, bn), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(64 * 6 * 6, 128), *([nn.BatchNorm1d(128)] if bn else []),
            nn.ReLU(), nn.Linear(128, 10))

    class Block(nn.Module):
        def __init__(self, a, b, stride):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
            self.conv2, self.bn2 = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
            self.pad = (b - a) // 2

        def forward(self, x):
            y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
            if self.pad:
                x = nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))
            return torch.relu(x + y)

    def resnet():
        blocks = [Block(16, 16, 1) for _ in range(5)]
        for a in (16, 32):
            blocks += [Block(a, 2 * a, 2)] + [Block(2 * a, 2 * a, 1) for _ in range(4)]
        return nn.Sequential(
            nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), *blocks,
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))

    def densenet():
        import torchvision
        return torchvision.models.densenet121(num_classes=200)

    class Lstm(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(20_000, 100)
            self.lstm = nn.LSTM(100, 100, batch_first=True)
            self.fc = nn.Linear(100, 2)

        def forward(self, ids):
            return self.fc(self.lstm(self.embedding(ids))[0][:, -1])

    class Bert(nn.Module):
        def __init__(self):
            super().__init__()
            import transformers
            config = transformers.BertConfig(
                hidden_size=512, num_hidden_layers=4, num_attention_heads=8,
                intermediate_size=2048, num_labels=3, hidden_dropout_prob=0,
                attention_probs_dropout_prob=0, attn_implementation="eager")
            self.inner = transformers.BertForSequenceClassification(config)

        def forward(self, ids):
            return self.inner(input_ids=ids).logits

    def image(*shape):
        return lambda n: torch.rand(n, *shape)

    def words(vocabulary, length):
        return lambda n: torch.randint(1, vocabulary, (n, length))

    torch.manual_seed(0)
    return {
        "mlp": lambda: (nn.Sequential(
            nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)),
            image(784), 10, 64, 1000, 100),
        "simple_cnn": lambda: (simple_cnn(False), image(3, 32, 32), 10, 128, 256, 7),
        "simple_cnn_bn": lambda: (simple_cnn(True), image(3, 32, 32), 10, 128, 128, 7),
        "resnet": lambda: (resnet(), image(3, 32, 32), 10, 128, 128, 5),
        "densenet": lambda: (densenet(), image(3, 64, 64), 200, 16, 16, 5),
        "lstm": lambda: (Lstm(), words(20_000, 80), 2, 32, 64, 7),
        "bert": lambda: (Bert(), words(30_522, 40), 3, 16, 16, 5),
    }[name]()


NAMES = ("mlp", "simple_cnn", "simple_cnn_bn", "resnet", "densenet", "lstm", "bert")


def medians(functions, repeats):
    """Median milliseconds of each function, called in turn after two rounds of warm-up."""
    times = {name: [] for name in functions}
    for repeat in range(-2, repeats):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            if repeat >= 0:
                times[name].append(1e3 * (time.perf_counter() - started))
    return {name: statistics.median(values) for name, values in times.items()}


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def pytorch(name, threads):
    """All figures of one network in PyTorch, in this process."""
    import torch
    torch.set_num_threads(threads)
    model, inputs, classes, batch, examples, repeats = build(name)
    model.train()
    parameters = list(model.parameters())
    optimizer = torch.optim.SGD(parameters, lr=0.01)
    loss = torch.nn.functional.cross_entropy
    bx, by = inputs(batch), torch.randint(classes, (batch,))

    def step():
        optimizer.zero_grad()
        loss(model(bx), by).backward()
        optimizer.step()

    times = medians({"step": step}, 2 * repeats)
    step_peak = peak_mb()
    optimizer.zero_grad()
    x, y = inputs(examples), torch.randint(classes, (examples,))
    direction = [torch.randn_like(p) for p in parameters]

    def gradient(create_graph=False):
        return torch.autograd.grad(loss(model(x), y), parameters, create_graph=create_graph)

    def product(g, retain_graph):
        return torch.autograd.grad(g, parameters, grad_outputs=direction,
                                   retain_graph=retain_graph, materialize_grads=True)

    kept = gradient(create_graph=True)
    times |= medians({
        "gradient": gradient,
        "product_kept": lambda: product(kept, True),
        "product_rebuilt": lambda: product(gradient(create_graph=True), False),
    }, repeats)
    return {"network": name, "parameters": sum(p.numel() for p in parameters), "batch": batch,
            "examples": examples, "milliseconds": times, "step_peak_mb": step_peak,
            "peak_mb": peak_mb(), "torch": torch.__version__.split("+")[0]}


def last_json_line(command, **options):
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options)
    return json.loads(done.stdout.strip().splitlines()[-1])


def least(runs):
    """One run of several: the least of each time, the most of each memory."""
    result = dict(runs[0])
    result["milliseconds"] = {
        key: min(run["milliseconds"][key] for run in runs) for key in runs[0]["milliseconds"]}
    for key in ("step_peak_mb", "peak_mb"):
        result[key] = max(run[key] for run in runs)
    return result


def compare(name, threads, rounds):
    cargo = ["cargo", "bench", "-q", "--workspace", "--locked", "--bench", "networks", "--",
             "--threads", str(threads), "--json", name]
    itself = [sys.executable, __file__, "--threads", str(threads), "--pytorch", name]
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(last_json_line(cargo, cwd=ROOT))
        theirs.append(last_json_line(itself))
    ours, theirs = least(ours), least(theirs)
    assert ours["parameters"] == theirs["parameters"], (ours, theirs)
    return {"breakeven": ours, "pytorch": theirs}


def row(name, sides):
    ours, theirs = sides["breakeven"], sides["pytorch"]
    a, b = ours["milliseconds"], theirs["milliseconds"]
    cells = [f"`{name}`", f"{ours['batch']}, {ours['examples']}"]
    cells += [f"{a[key]:.3g} / {b[key]:.3g}" for key in FIGURES]
    for key in ("product_kept", "product_rebuilt"):
        cells.append(f"{a[key] / a['gradient']:.2f} / {b[key] / b['gradient']:.2f}")
    cells += [f"{ours[key]:.0f} / {theirs[key]:.0f}" for key in ("step_peak_mb", "peak_mb")]
    return "| " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2, help="processes of each side")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    parser.add_argument("--pytorch", action="store_true", help="time PyTorch alone, in this process")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no network is called {', '.join(sorted(unknown))}")
    if options.pytorch:
        for name in options.names:
            print(json.dumps(pytorch(name, options.threads)))
        return
    print("| network | batch, examples | step, ms | gradient, ms | Hv kept, ms | Hv rebuilt, ms "
          "| kept over gradient | rebuilt over gradient | memory of steps, MB | of all, MB |")
    print("|" + "---|" * 10)
    report = {}
    for name in options.names or NAMES:
        report[name] = compare(name, options.threads, options.rounds)
        print(row(name, report[name]), flush=True)
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
