"""The same numbers as the program's, to the bit."""

import numpy as np
import pytest
from support import (
    assert_same,
    needs_program,
    program,
    save_idx,
    save_safetensors,
    weights,
)

import breakeven

pytestmark = needs_program


def simplecnn():
    rng = np.random.default_rng(2)
    shapes = {"conv1": (2, 1, 3, 3), "conv2": (2, 2, 3, 3), "conv3": (3, 2, 3, 3)}
    shapes.update({"conv4": (3, 3, 3, 3), "fc1": (4, 75), "fc2": (10, 4)})
    layers = {}
    for name, shape in shapes.items():
        scale = np.sqrt(np.prod(shape[1:]))
        layers[f"{name}.weight"] = rng.normal(size=shape) / scale
        layers[f"{name}.bias"] = rng.normal(size=shape[0]) / 10
    return layers


def with_batch_norm(layers):
    rng = np.random.default_rng(4)
    layers = dict(layers)
    for k, of in enumerate(["conv1", "conv2", "conv3", "conv4", "fc1"], 1):
        channels = len(layers[f"{of}.bias"])
        layers[f"bn{k}.weight"] = 1 + rng.normal(size=channels) / 10
        layers[f"bn{k}.bias"] = rng.normal(size=channels) / 10
        layers[f"bn{k}.running_mean"] = rng.normal(size=channels) / 10
        layers[f"bn{k}.running_var"] = 1 + rng.random(size=channels)
        layers[f"bn{k}.num_batches_tracked"] = np.array(7)
    return layers


@pytest.mark.parametrize(
    "model, batch_norm, layers",
    [
        ("mlp", "batch", weights([784, 5, 10])),
        ("simplecnn", "batch", simplecnn()),
        ("simple-cnn-bn", "batch", with_batch_norm(simplecnn())),
        ("simple-cnn-bn", "running", with_batch_norm(simplecnn())),
    ],
)
def test_a_checkpoint_is_measured_as_the_program_does(model, batch_norm, layers, tmp_path):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, size=(50, 28, 28), dtype=np.uint8)
    labels = np.arange(50) % 10
    save_idx(tmp_path, images, labels)
    path = save_safetensors(tmp_path / "W.safetensors", layers)
    # fmt: off
    expected = program(
        "measure", "--checkpoint", path, "--model", model, "--data", "mnist",
        "--data-dir", tmp_path, "--top", 2, "--bottom", 1, "--batches", 6,
        "--batch-size", 7, "--also", "gauss-newton,empirical-fisher",
        "--seed", 4, "--batch-norm", batch_norm, *(["--per-layer"] if model == "mlp" else []),
    )
    # fmt: on
    asked = dict(top=2, bottom=1, batches=6, batch_size=7, seed=4)
    asked["per_layer"] = model == "mlp"
    asked["also"] = ["gauss_newton", "empirical_fisher"]
    asked["batch_norm"] = batch_norm
    found = breakeven.measure(layers, model, images[:, None], labels, **asked)
    has_examples = "covariance_per_example" in expected
    assert has_examples == (model != "simple-cnn-bn" or batch_norm == "running")
    assert len(found.pop("curvatures")) == (50 if has_examples else 0)
    vectors = found.pop("eigenvectors")
    assert len([name for name in vectors if name.endswith("fc1.bias")]) == (
        5 if has_examples else 3
    )
    assert_same(found, expected)


def test_what_lies_beyond_eigenvalues_is_as_the_program_has_it(tmp_path):
    rng = np.random.default_rng(5)
    images = rng.integers(0, 256, size=(40, 28, 28), dtype=np.uint8)
    labels = np.arange(40) % 10
    save_idx(tmp_path, images, labels)
    layers = weights([784, 5, 10])
    path = save_safetensors(tmp_path / "W.safetensors", layers)
    # fmt: off
    expected = program(
        "measure", "--checkpoint", path, "--model", "mlp", "--data", "mnist",
        "--data-dir", tmp_path, "--top", 2, "--batches", 5, "--batch-size", 8,
        "--density", 2, "--density-steps", 9, "--loss-line", 5, "--loss-plane", 7,
        "--halves", "--learning-rate", 0.1,
    )
    # fmt: on
    asked = dict(top=2, batches=5, batch_size=8, density=2, density_steps=9)
    asked.update(loss_line=5, loss_plane=7, halves=True, learning_rate=0.1)
    found = breakeven.measure(layers, "mlp", images[:, None], labels, diagonal_probes=4, **asked)
    vectors = found.pop("eigenvectors")
    assert len(found.pop("curvatures")) == 40
    for name, array in layers.items():
        for of in ["diagonal", "diagonal_standard_error"]:
            assert vectors[f"hessian.{of}.{name}"].shape == array.shape
    assert found["loss_plane"]["losses"][3][3] == pytest.approx(found["loss"], rel=1e-12)
    assert_same(found, expected)


def test_a_table_is_judged_as_the_program_does(tmp_path):
    path = tmp_path / "runs.csv"
    rows = ["seed,learning_rate,batch_size,max_lambda_k,max_lambda_h"]
    for seed in range(5):
        for rate in [0.01, 0.1, 0.3]:
            rows.append(f"{seed},{rate},32,{(seed + 1) / rate},{seed * rate + 1}")
    path.write_text("\n".join(rows))
    expected = program("verify", "--table", path, "--alpha", 0.1)
    assert_same(breakeven.verify(path, alpha=0.1), expected)


def test_a_folder_of_runs_is_judged_as_the_program_does(tmp_path):
    import subprocess
    from pathlib import Path

    from support import PROGRAM

    config = Path(__file__).parents[2] / "fixtures/configs/smoke.toml"
    runs = tmp_path / "smoke"
    command = [PROGRAM, "train", "--config", config, "--out", runs]
    subprocess.run(command, check=True, capture_output=True)
    expected = program("verify", runs)
    assert_same(breakeven.verify(runs), expected)
    assert_same(breakeven.verify([tmp_path]), expected)
    with pytest.raises(ValueError, match="alpha is given, but a sweep's folder has"):
        breakeven.verify(runs, alpha=0.1)
