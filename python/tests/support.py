"""A small MLP in NumPy, float64 and explicit matrices: what the package is tested against."""

import json
import os
import subprocess

import numpy as np
import pytest

# The program, where the caller has built it.
PROGRAM = os.environ.get("BREAKEVEN")

needs_program = pytest.mark.skipif(
    PROGRAM is None, reason="BREAKEVEN does not name the built program"
)


def program(*arguments):
    """What the program prints as JSON."""
    command = [PROGRAM, *map(str, arguments), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def weights(sizes, seed=0):
    """Weights of an MLP of these sizes, in PyTorch's names and shapes."""
    rng = np.random.default_rng(seed)
    layers = {}
    for k, (inputs, outputs) in enumerate(zip(sizes, sizes[1:]), 1):
        layers[f"fc{k}.weight"] = rng.normal(size=(outputs, inputs)) / np.sqrt(inputs)
        layers[f"fc{k}.bias"] = rng.normal(size=outputs) / 10
    return layers


def examples(count, features, classes, seed=1):
    """Numbers and labels of every class."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, features)), np.arange(count) % classes


def joined(tensors):
    """A vector of θ's space: the tensors one after the other, row by row."""
    return np.concatenate([np.ravel(tensor) for tensor in tensors.values()])


def parted(theta, like):
    """The same backwards."""
    parts, start = {}, 0
    for name, tensor in like.items():
        parts[name] = theta[start : start + tensor.size].reshape(tensor.shape)
        start += tensor.size
    return parts


def vector(portrait, path, like):
    """An eigenvector in θ's order: those of ``hessian.0``, say."""
    return joined({name: portrait["eigenvectors"][f"{path}.{name}"] for name in like})


def probabilities(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def forwards(layers, x):
    """What each layer is given, and the logits."""
    depth, given = len(layers) // 2, []
    for k in range(1, depth + 1):
        given.append(x)
        x = x @ layers[f"fc{k}.weight"].T + layers[f"fc{k}.bias"]
        if k < depth:
            x = np.maximum(x, 0)
    return given, x


def losses(layers, x, labels):
    """Cross entropy of each example, [n]."""
    p = probabilities(forwards(layers, x)[1])
    return -np.log(p[np.arange(len(x)), labels])


def gradients(layers, x, labels):
    """J: the gradient of each example's cross entropy, [n, D], by the chain rule."""
    given, logits = forwards(layers, x)
    cotangent = probabilities(logits)
    cotangent[np.arange(len(x)), labels] -= 1
    parts = {}
    for k in range(len(given), 0, -1):
        parts[f"fc{k}.weight"] = cotangent[:, :, None] * given[k - 1][:, None, :]
        parts[f"fc{k}.bias"] = cotangent
        cotangent = (cotangent @ layers[f"fc{k}.weight"]) * (given[k - 1] > 0)
    rows = {name: parts[name].reshape(len(x), -1) for name in layers}
    return np.concatenate(list(rows.values()), axis=1)


def softmax_hessians(layers, x):
    """H_i of softmax regression, [n, D, D]: (diag p − p pᵀ) ⊗ x xᵀ, and for the biases x
    has a 1 more, whose rows come behind the weights' in θ."""
    p = probabilities(forwards(layers, x)[1])
    outer = np.eye(p.shape[1]) * p[:, :, None] - p[:, :, None] * p[:, None, :]
    features = x.shape[1]
    x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    all_of = np.einsum("nab,ni,nj->naibj", outer, x, x)
    count, classes, width = len(x), p.shape[1], features + 1
    all_of = all_of.reshape(count, classes * width, classes * width)
    places = np.arange(classes * width).reshape(classes, width)
    order = np.concatenate([places[:, :features].ravel(), places[:, features]])
    return all_of[:, order][:, :, order]


def hessian_by_differences(layers, x, labels, step=1e-5):
    """H from central differences of explicit gradients: exact to about 1e-9, where no
    rectifier is within a step of its kink."""
    theta = joined(layers)
    rows = []
    for k in range(len(theta)):
        move = np.zeros_like(theta)
        move[k] = step
        ahead = gradients(parted(theta + move, layers), x, labels).mean(axis=0)
        behind = gradients(parted(theta - move, layers), x, labels).mean(axis=0)
        rows.append((ahead - behind) / (2 * step))
    return np.array(rows)


def covariance(rows):
    """K: centred, 1/n."""
    centred = rows - rows.mean(axis=0)
    return centred.T @ centred / len(rows)


def largest(matrix, count=1):
    return np.linalg.eigvalsh(matrix)[::-1][:count]


def save_safetensors(path, tensors):
    """The format's own description: length of the header, the header, the numbers."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        kind = {"float32": "F32", "float64": "F64", "int64": "I64"}[str(tensor.dtype)]
        offsets = [len(data), len(data) + tensor.nbytes]
        header[name] = {
            "dtype": kind,
            "shape": list(tensor.shape),
            "data_offsets": offsets,
        }
        data += tensor.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def save_idx(folder, images, labels):
    """MNIST's files of uint8 images [n, side, side]."""
    sides = b"".join(side.to_bytes(4, "big") for side in images.shape)
    count = len(labels).to_bytes(4, "big")
    head = (0x0803).to_bytes(4, "big")
    (folder / "train-images-idx3-ubyte").write_bytes(head + sides + images.tobytes())
    head = (0x0801).to_bytes(4, "big")
    file = folder / "train-labels-idx1-ubyte"
    file.write_bytes(head + count + labels.astype(np.uint8).tobytes())


def assert_same(found, expected):
    """Equal to the bit, arrays or lists of numbers."""
    if isinstance(expected, dict):
        assert set(found) == set(expected)
        for name, member in expected.items():
            assert_same(found[name], member)
    elif isinstance(expected, (list, np.ndarray)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected):
            assert_same(one, other)
    else:
        is_nan = isinstance(found, float) and np.isnan(found)
        assert found == expected or (is_nan and (expected is None or np.isnan(expected)))
