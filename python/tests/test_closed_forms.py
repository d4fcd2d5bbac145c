"""Against dense float64 matrices."""

import numpy as np
import pytest
from support import (
    covariance,
    examples,
    forwards,
    gradients,
    hessian_by_differences,
    largest,
    losses,
    softmax_hessians,
    vector,
    weights,
)

import breakeven

# Sums of some hundred terms in float64, in another order.
EXACT = 1e-10
# Of central differences with a step of 1e-5.
DIFFERENCES = 1e-6


@pytest.fixture(scope="module")
def softmax():
    layers, (x, labels) = weights([6, 4]), examples(60, 6, 4)
    asked = dict(top=3, bottom=1, tolerance=1e-12, batch_size=10)
    return layers, x, labels, breakeven.measure(layers, "mlp", x, labels, **asked)


@pytest.fixture(scope="module")
def mlp():
    layers, (x, labels) = weights([5, 7, 3]), examples(60, 5, 3)
    asked = dict(
        top=3,
        bottom=2,
        also=["empirical_fisher", "gauss_newton"],
        tolerance=1e-12,
        batches=6,
        batch_size=10,
        batch_order="sequential",
    )
    return layers, x, labels, breakeven.measure(layers, "mlp", x, labels, **asked)


def test_the_hessian_of_softmax_regression_is_its_closed_form(softmax):
    layers, x, _, portrait = softmax
    dense = softmax_hessians(layers, x).mean(axis=0)
    found = portrait["hessian"]
    np.testing.assert_allclose(found["eigenvalues"], largest(dense, 3), rtol=EXACT)
    assert found["trace"] == pytest.approx(np.trace(dense), rel=EXACT)
    # Softmax takes no notice of what all logits have in common.
    assert abs(found["lambda_h_min"]) <= EXACT
    assert all(found["error_bounds"] < 1e-10)


def test_eigenvectors_are_those_of_the_closed_form(softmax):
    layers, x, _, portrait = softmax
    dense = softmax_hessians(layers, x).mean(axis=0)
    for place, value in enumerate(portrait["hessian"]["eigenvalues"]):
        v = vector(portrait, f"hessian.{place}", layers)
        assert np.linalg.norm(v) == pytest.approx(1, rel=EXACT)
        np.testing.assert_allclose(dense @ v, value * v, atol=1e-6 * value)
    shapes = {name: tensor.shape for name, tensor in layers.items()}
    found = {name: portrait["eigenvectors"][f"hessian.0.{name}"].shape for name in layers}
    assert found == shapes


def test_curvatures_along_the_top_are_those_of_the_examples(softmax):
    layers, x, _, portrait = softmax
    v = vector(portrait, "hessian.0", layers)
    expected = np.einsum("i,nij,j->n", v, softmax_hessians(layers, x), v)
    np.testing.assert_allclose(portrait["curvatures"], expected, atol=EXACT)
    moments = portrait["curvature_along_top"]
    assert moments["variance"] == pytest.approx(expected.var(), rel=EXACT)


def test_loss_accuracy_and_gradient_are_those_of_numpy(mlp):
    layers, x, labels, portrait = mlp
    gradient = gradients(layers, x, labels).mean(axis=0)
    assert portrait["loss"] == pytest.approx(losses(layers, x, labels).mean(), rel=EXACT)
    hits = forwards(layers, x)[1].argmax(axis=1) == labels
    assert portrait["accuracy"] == pytest.approx(hits.mean(), rel=EXACT)
    assert portrait["gradient_norm"] == pytest.approx(np.linalg.norm(gradient), rel=EXACT)
    assert portrait["parameters"] == len(gradient)


def test_the_hessian_of_an_mlp_is_that_of_differences(mlp):
    layers, x, labels, portrait = mlp
    dense = hessian_by_differences(layers, x, labels)
    dense = (dense + dense.T) / 2
    found = portrait["hessian"]
    atol = DIFFERENCES * largest(dense)[0]
    np.testing.assert_allclose(found["eigenvalues"], largest(dense, 3), atol=atol)
    smallest = np.linalg.eigvalsh(dense)[:2]
    np.testing.assert_allclose(found["smallest"]["eigenvalues"], smallest, atol=atol)
    assert smallest[0] < -1e-3, "a network whose Hessian is indefinite"
    assert found["trace"] == pytest.approx(np.trace(dense), rel=DIFFERENCES)


def test_the_covariance_is_that_of_explicit_gradients(mlp):
    layers, x, labels, portrait = mlp
    rows = gradients(layers, x, labels)
    for name, dense in [
        ("covariance_per_example", covariance(rows)),
        ("empirical_fisher", rows.T @ rows / len(rows)),
    ]:
        found = portrait[name]
        np.testing.assert_allclose(found["eigenvalues"], largest(dense, 3), rtol=EXACT)
        assert found["trace"] == pytest.approx(np.trace(dense), rel=EXACT)
    squared = np.sum(rows.mean(axis=0) ** 2)
    scale = np.trace(covariance(rows)) / squared
    assert portrait["gradient_noise_scale"] == pytest.approx(scale, rel=EXACT)


def test_the_covariance_of_mini_batches_is_that_of_their_means(mlp):
    layers, x, labels, portrait = mlp
    rows = gradients(layers, x, labels).reshape(6, 10, -1).mean(axis=1)
    found = portrait["covariance_mini_batch"]
    expected = largest(covariance(rows), 5)
    np.testing.assert_allclose(found["eigenvalues"][:5], expected, rtol=EXACT)
    assert found["trace"] == pytest.approx(np.trace(covariance(rows)), rel=EXACT)
    assert found["rank"] == 5


def test_the_gauss_newton_matrix_of_softmax_regression_is_its_hessian(softmax):
    layers, x, labels, portrait = softmax
    asked = dict(also="gauss_newton", tolerance=1e-12, batch_size=10)
    found = breakeven.measure(layers, "mlp", x, labels, **asked)["gauss_newton"]
    expected = portrait["hessian"]
    assert found["eigenvalues"][0] == pytest.approx(expected["eigenvalues"][0], rel=EXACT)
    assert found["trace"] == pytest.approx(expected["trace"], rel=EXACT)


def test_the_squared_error_has_the_hessian_of_linear_regression():
    layers, (x, labels) = weights([4, 3]), examples(50, 4, 3)
    found = breakeven.measure(layers, "mlp", x, labels, loss="mse", batch_size=10)
    ones = np.concatenate([x, np.ones((50, 1))], axis=1)
    # The same block for each output: every eigenvalue is threefold.
    block = ones.T @ ones / 50
    assert found["hessian"]["eigenvalues"][0] == pytest.approx(largest(block)[0], rel=EXACT)
    assert found["hessian"]["multiplicities"][0] == 3
    assert found["hessian"]["trace"] == pytest.approx(3 * np.trace(block), rel=EXACT)


def test_a_block_is_that_of_the_named_parameters(mlp):
    layers, x, labels, _ = mlp
    asked = dict(parameters="fc2*", per_layer=True, batch_size=10)
    found = breakeven.measure(layers, "mlp", x, labels, **asked)
    inner = layers["fc1.weight"].size + layers["fc1.bias"].size
    block = covariance(gradients(layers, x, labels))[inner:, inner:]
    of_block = found["covariance_per_example"]
    assert of_block["eigenvalues"][0] == pytest.approx(largest(block)[0], rel=1e-6)
    assert found["varying"] == ["fc2.weight", "fc2.bias"]
    assert [layer["layer"] for layer in found["layers"]] == ["fc2"]
