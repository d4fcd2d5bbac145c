"""Arrays of any type and order, and what is refused."""

import numpy as np
import pytest
from support import assert_same, examples, save_safetensors, weights

import breakeven

ASKED = dict(top=2, batches=5, batch_size=8)


@pytest.fixture(scope="module")
def bytes_of():
    rng = np.random.default_rng(5)
    return rng.integers(0, 256, size=(40, 6), dtype=np.uint8)


@pytest.fixture(scope="module")
def layers():
    # Numbers that 16 bits hold, so that every type has the same.
    of_bits = {name: np.float16(tensor) for name, tensor in weights([6, 5, 3]).items()}
    return {name: tensor.astype(np.float64) for name, tensor in of_bits.items()}


LABELS = np.arange(40) % 3


def portrait(weights, images, labels=LABELS, **asked):
    return breakeven.measure(weights, "mlp", images, labels, **{**ASKED, **asked})


def test_memory_order_and_type_change_no_bit(layers, bytes_of):
    x = bytes_of / 256.0  # exact in 32 bits
    expected = portrait(layers, x)
    backwards = np.ascontiguousarray(x[::-1])
    apart = np.zeros((80, 18))
    apart[::2, ::3] = x
    for images in [
        np.asfortranarray(x),
        backwards[::-1],
        np.ascontiguousarray(x[:, ::-1])[:, ::-1],
        apart[::2, ::3],
        x.astype(">f8"),
        x.astype(np.float32),
        np.asfortranarray(x.astype(np.float32)),
        x.astype(">f4"),
        x.astype(np.float16),
        x.tolist(),
        x.reshape(40, 1, 2, 3),
        x.reshape(40, 6, 1, 1),
    ]:
        assert_same(portrait(layers, images), expected)
    read_only = x.copy()
    read_only.flags.writeable = False
    assert_same(portrait(layers, read_only), expected)


def test_bytes_are_divided_by_255(layers, bytes_of):
    expected = portrait(layers, bytes_of / 255)
    assert_same(portrait(layers, bytes_of), expected)
    assert_same(portrait(layers, np.asfortranarray(bytes_of)), expected)


def test_labels_may_be_of_any_whole_type(layers, bytes_of):
    expected = portrait(layers, bytes_of)
    for kind in [np.uint8, np.int16, np.uint64, ">i4"]:
        assert_same(portrait(layers, bytes_of, LABELS.astype(kind)), expected)
    assert_same(portrait(layers, bytes_of, np.repeat(LABELS, 2)[::2]), expected)
    assert_same(portrait(layers, bytes_of, LABELS.tolist()), expected)


def test_weights_may_be_of_any_type_and_order(layers, bytes_of):
    expected = portrait(layers, bytes_of)
    for change in [
        np.asfortranarray,
        np.float32,
        lambda tensor: np.asfortranarray(tensor, dtype=np.float32),
        lambda tensor: tensor.astype(">f8"),
        lambda tensor: np.flip(np.flip(tensor).copy()),
    ]:
        changed = {name: change(tensor) for name, tensor in layers.items()}
        assert_same(portrait(changed, bytes_of), expected)
    halved = {name: tensor.astype(np.float16) for name, tensor in layers.items()}
    found = portrait(halved, bytes_of)
    assert found.pop("notes") == ["numbers in F16 were widened, which loses nothing"]
    assert_same(found, expected)


def test_prefixes_are_stripped_and_said(layers, bytes_of):
    wrapped = {f"module.{name}": tensor for name, tensor in layers.items()}
    found = portrait(wrapped, bytes_of)
    assert found.pop("notes") == ["`module.` was stripped from the names of tensors"]
    assert_same(found, portrait(layers, bytes_of))


def test_a_file_gives_what_the_mapping_gives(layers, bytes_of, tmp_path):
    path = save_safetensors(tmp_path / "W.safetensors", layers)
    expected = portrait(layers, bytes_of)
    assert_same(portrait(path, bytes_of), expected)
    assert_same(portrait(str(path), bytes_of), expected)


def test_threads_and_memory_change_no_bit_and_seeds_do(layers, bytes_of):
    expected = portrait(layers, bytes_of)
    assert_same(portrait(layers, bytes_of, threads=1), expected)
    assert_same(portrait(layers, bytes_of, threads=3, memory=0), expected)
    other = portrait(layers, bytes_of, seed=2**64 - 1)["covariance_mini_batch"]
    assert other["trace"] != expected["covariance_mini_batch"]["trace"]


def test_32_bits_are_near_64(layers, bytes_of):
    found = portrait(layers, bytes_of, precision="f32")["hessian"]["eigenvalues"]
    expected = portrait(layers, bytes_of)["hessian"]["eigenvalues"]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert any(found != expected)


def test_a_subset_is_the_first_examples(layers, bytes_of):
    expected = portrait(layers, bytes_of[:20], LABELS[:20])
    assert_same(portrait(layers, bytes_of, subset=20), expected)
    assert_same(portrait(layers, bytes_of, subset=np.int32(20)), expected)


def test_eigenvectors_are_left_out_where_they_are_not_asked_for(layers, bytes_of):
    assert portrait(layers, bytes_of, eigenvectors=False)["eigenvectors"] == {}


def test_what_does_not_exist_is_absent_with_a_reason():
    # No gradient, as there is one class: K is zero.
    layers, (x, _) = weights([6, 1]), examples(40, 6, 1)
    found = portrait(layers, x, np.zeros(40, int))
    assert found["loss"] == 0
    assert len(found["curvatures"]) == 0
    assert "curvature_along_top" in found["absent"]
    assert "curvature_along_top" not in found


def with_one(array, place, value):
    changed = np.array(array, dtype=np.float64)
    changed[place] = value
    return changed


def refused(layers, x, case):
    """Weights, images, labels and settings of a case."""
    case = dict(case)
    given = {**layers, **case.pop("weights", {})}
    given = {name: tensor for name, tensor in given.items() if tensor is not None}
    images = case.pop("images", x)
    labels = case.pop("labels", LABELS)
    model = case.pop("model", "mlp")
    breakeven.measure(given, model, images, labels, **{**ASKED, **case})


X = np.linspace(-1, 1, 240).reshape(40, 6)

REFUSED = [
    (dict(images=X[0]), "images have shape (6,): give [n, channels, height, width]"),
    (dict(images=X.reshape(40, 2, 3)), "images have shape (40, 2, 3)"),
    (dict(images=X[:0]), "images have shape (0, 6)"),
    (dict(images=np.zeros((40, 0))), "images have shape (40, 0)"),
    (dict(images=np.zeros((40, 0, 2, 3))), "images have shape (40, 0, 2, 3)"),
    (dict(images=X.astype(int)), "images hold int64: give uint8"),
    (dict(images=X > 0), "images hold bool"),
    (dict(images=X + 0j), "images hold complex128"),
    (dict(images=X.astype(object)), "images hold object"),
    (dict(images=with_one(X, (3, 2), np.nan)), "images hold nan at [3, 2]"),
    (dict(images=with_one(X, (7, 5), -np.inf)), "images hold -inf at [7, 5]"),
    (
        dict(images=X[:, :5]),
        "weights: tensor fc1.weight has shape [5, 6], the model needs [5, 5]",
    ),
    (dict(labels=LABELS[:39]), "labels have shape (39,): give one for each of the 40"),
    (dict(labels=LABELS[:, None]), "labels have shape (40, 1)"),
    (dict(labels=LABELS * 1.0), "labels hold float64: give whole numbers from 0"),
    (dict(labels=LABELS == 0), "labels hold bool"),
    (dict(labels=LABELS - 1), "example 0 has the label -1"),
    (dict(labels=LABELS + 1), "example 2 has the label 3, the weights have 3 outputs"),
    (dict(labels=np.full(40, 2**63, np.uint64)), "example 0 has the label -"),
    (dict(weights={"fc1.bias": None}), "weights has no tensor fc1.bias, which the model"),
    (
        dict(weights={"fc9.bias": X}),
        "weights holds a tensor fc9.bias, which the model does",
    ),
    (
        dict(weights={"fc1.weight": X[:5, :3]}),
        "weights: tensor fc1.weight has shape [5, 3]",
    ),
    (dict(weights={"fc1.weight": X[0]}), "shape [6], the model needs 2 axes"),
    (dict(weights={"fc1.weight": np.float64(1)}), "shape [], the model needs 2 axes"),
    (dict(weights={"fc1.bias": np.arange(5)}), "fc1.bias holds I64, only F64, F32, F16"),
    (dict(weights={"fc1.bias": np.ones(5) * 1j}), "weights['fc1.bias'] holds complex128"),
    (dict(weights={"fc1.bias": ["a"] * 5}), "weights['fc1.bias'] holds <U1"),
    (
        dict(weights={"fc1.bias": np.full(5, np.nan)}),
        "weights: tensor fc1.bias holds a number that is not finite at index 0",
    ),
    (dict(weights={"__metadata__": X}), "weights is not a whole safetensors file"),
    (dict(weights={"fc1.weight": np.ones((2**40, 0))}), "a layer has 1099511627776 units"),
    (dict(weights={"fc2.weight": np.ones((2**40, 0))}), "the model would have"),
    (dict(weights={"fc1.weight": np.ones((0, 6))}), "a hidden layer of mlp is 0"),
    (
        dict(weights={"fc2.weight": np.ones((0, 5)), "fc2.bias": np.ones(0)}),
        "the number of classes is 0",
    ),
    (
        dict(weights={"module.fc1.bias": np.ones(5)}),
        "weights holds fc1.bias and module.fc1",
    ),
    (
        dict(weights={"fc1.bias": np.full(5, 1e300)}),
        "is not finite at these weights: the checkpoint is of a diverged",
    ),
    (dict(model="vgg"), 'model is "vgg": give one of mlp, simplecnn'),
    (dict(model="gru"), 'model is "gru": give one of'),
    (dict(model="simplecnn"), "weights has no tensor conv1.weight"),
    (dict(top=0), "top is 0: give at least 1"),
    (dict(top=-1), "top is -1: give 0 to"),
    (dict(top=10**30), "top is 1000000000"),
    (dict(bottom=99), "bottom is 99: give 1 to 53, the parameters of the model"),
    (dict(batches=1), "batches is 1: give 2 to"),
    (dict(batch_size=41), "batch_size is 41: give 1 to 40"),
    (dict(batch_size=9, batch_order="sequential"), "batch_size is 9: give 1 to 8"),
    (dict(batch_order="shuffled"), 'batch_order is "shuffled": give one of random'),
    (dict(subset=41), "subset is 41: give 1 to 40"),
    (dict(subset=0), "subset is 0: give 1 to 40"),
    (dict(tolerance=0), "tolerance is 0: give a number above 0"),
    (dict(tolerance=float("nan")), "tolerance is nan: give a finite number"),
    (dict(trace_probes=1), "trace_probes is 1: give at least 2"),
    (dict(trace_tolerance=1), "trace_tolerance is 1: give a number above 0"),
    (dict(parameters="conv*"), "parameters is conv*: give a name, or a pattern"),
    (dict(parameters=["[", "fc1*"]), 'parameters has "["'),
    (dict(also="kfac"), 'also is "kfac": give one of gauss_newton, empirical_fisher'),
    (dict(loss="hinge"), 'loss is "hinge": give one of cross_entropy, mse'),
    (dict(batch_norm="none"), 'batch_norm is "none": give one of batch, running'),
    (dict(precision="f16"), 'precision is "f16": give one of f64, f32'),
    (dict(seed=-1), "seed is -1"),
    (dict(threads=0), "threads is 0: give 1 to 65535"),
    (dict(memory=-1), "memory is -1.0: give a number of GiB"),
]


@pytest.mark.parametrize("case, words", REFUSED, ids=[words for _, words in REFUSED])
def test_what_does_not_fit_is_refused_in_words(layers, case, words):
    with pytest.raises(ValueError) as error:
        refused(layers, X, case)
    assert words in str(error.value)


@pytest.mark.parametrize(
    "case, words",
    [
        (dict(top=1.5), "top is 1.5: give a whole number"),
        (dict(seed="a"), "seed is 'a': give a whole number"),
        (dict(tolerance="small"), "tolerance is 'small': give a number"),
        (dict(parameters=[1]), "parameters has 1: give names"),
        (dict(weights={1: X}), "weights have the name 1: give PyTorch's names"),
    ],
)
def test_arguments_of_another_kind_are_type_errors(layers, case, words):
    with pytest.raises(TypeError) as error:
        refused(layers, X, case)
    assert words in str(error.value)


def test_weights_of_one_name_are_refused():
    class Pairs:
        def items(self):
            return [("fc1.weight", X), ("fc1.weight", X)]

    with pytest.raises(ValueError, match='weights hold "fc1.weight" twice: keep one'):
        portrait(Pairs(), X)


def test_weights_of_another_kind_are_a_type_error():
    with pytest.raises(TypeError, match="weights are a list: give a mapping"):
        portrait([X], X)


def test_files_that_cannot_be_read_are_os_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="W.safetensors"):
        portrait(tmp_path / "W.safetensors", X)
    with pytest.raises(OSError):
        portrait(tmp_path, X)
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(ValueError, match="is not a whole safetensors file"):
        portrait(tmp_path / "empty", X)
