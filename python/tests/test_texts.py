"""LSTM and BERT on numbers of words."""

import json
import pathlib
import struct

import numpy as np
import pytest
from support import assert_same, joined, needs_program, parted, probabilities, program, save_safetensors

import breakeven

ROOT = pathlib.Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures" / "reference"
PAIRS = ROOT / "empirical" / "fixtures" / "snli-600" / "snli-600.jsonl"
WORDS, FEATURES, HIDDEN, CLASSES = 9, 3, 4, 3
# Of central differences of the loss, with a step of 1e-5, and of those of gradients.
DIFFERENCES = 1e-8


def lstm_weights(seed=3):
    rng = np.random.default_rng(seed)
    sizes = {
        "embedding.weight": (WORDS, FEATURES),
        "lstm.weight_ih_l0": (4 * HIDDEN, FEATURES),
        "lstm.weight_hh_l0": (4 * HIDDEN, HIDDEN),
        "lstm.bias_ih_l0": (4 * HIDDEN,),
        "lstm.bias_hh_l0": (4 * HIDDEN,),
        "fc.weight": (CLASSES, HIDDEN),
        "fc.bias": (CLASSES,),
    }
    return {name: rng.normal(size=size) / 2 for name, size in sizes.items()}


def texts(count=12, room=5, seed=4):
    """Numbers of words, 0 behind each text, and the words of each."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, room + 1, size=count)
    ids = rng.integers(1, WORDS, size=(count, room))
    ids[np.arange(room) >= lengths[:, None]] = 0
    return ids, lengths, np.arange(count) % CLASSES


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_loss(layers, ids, lengths, labels):
    """The mean cross entropy by the equations of an LSTM, word by word."""
    total = 0.0
    for text, length, label in zip(ids, lengths, labels):
        state, memory = np.zeros(HIDDEN), np.zeros(HIDDEN)
        for word in text[:length]:
            x = layers["embedding.weight"][word]
            gates = layers["lstm.weight_ih_l0"] @ x + layers["lstm.weight_hh_l0"] @ state
            gates = gates + layers["lstm.bias_ih_l0"] + layers["lstm.bias_hh_l0"]
            let, forget, new, out = np.split(gates, 4)
            memory = sigmoid(forget) * memory + sigmoid(let) * np.tanh(new)
            state = sigmoid(out) * np.tanh(memory)
        logits = layers["fc.weight"] @ state + layers["fc.bias"]
        total -= np.log(probabilities(logits[None])[0, label])
    return total / len(ids)


def measured(layers, ids, labels, **asked):
    return breakeven.measure(layers, "lstm", ids, labels, batches=4, batch_size=5, **asked)


def test_an_lstm_is_that_of_its_equations():
    layers, (ids, lengths, labels) = lstm_weights(), texts()
    found = measured(layers, ids, labels, tolerance=1e-10)
    loss = lambda at: lstm_loss(parted(at, layers), ids, lengths, labels)
    theta = joined(layers)
    assert found["loss"] == pytest.approx(loss(theta), rel=1e-12)
    unit = np.eye(theta.size) * 1e-5
    gradient = [(loss(theta + step) - loss(theta - step)) / 2e-5 for step in unit]
    assert found["gradient_norm"] == pytest.approx(np.linalg.norm(gradient), abs=DIFFERENCES)
    # Along the top eigenvector the loss bends as its eigenvalue says.
    names = {name: found["eigenvectors"][f"hessian.0.{name}"] for name in layers}
    step = 1e-3 * joined(names)
    bend = (loss(theta + step) - 2 * loss(theta) + loss(theta - step)) / 1e-6
    assert found["hessian"]["eigenvalues"][0] == pytest.approx(bend, rel=1e-4)


def test_lengths_are_those_up_to_the_last_word():
    layers, (ids, lengths, labels) = lstm_weights(), texts()
    expected = measured(layers, ids, labels)
    assert_same(measured(layers, ids, labels, lengths=lengths), expected)
    for kind in (np.uint8, np.int32, ">i8"):
        assert_same(measured(layers, ids.astype(kind), labels), expected)
    wide = np.asfortranarray(np.pad(ids, ((0, 0), (0, 2))))
    assert measured(layers, wide, labels)["loss"] == pytest.approx(expected["loss"], rel=1e-12)


def bert_tiny():
    """Weights of the small BERT as arrays, and what transformers says of it."""
    data = (FIXTURES / "bert_tiny" / "model.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header, numbers = json.loads(data[8 : 8 + size]), data[8 + size :]
    header.pop("__metadata__", None)
    arrays = {}
    for name, tensor in header.items():
        assert tensor["dtype"] == "F32"
        begin, end = tensor["data_offsets"]
        flat = np.frombuffer(numbers[begin:end], dtype="<f4")
        arrays[name] = flat.reshape(tensor["shape"])
    return arrays, json.loads((FIXTURES / "pretrained.json").read_text())


def snli_labels(count):
    lines = PAIRS.read_text().splitlines()
    pairs = map(json.loads, lines)
    return [pair["label"] for pair in pairs if pair.get("split", "train") == "train"][:count]


@pytest.mark.parametrize("case", [0, 1, 2])
def test_a_bert_is_that_of_transformers(case):
    weights, said = bert_tiny()
    case = said["cases"][case]
    config = json.loads((FIXTURES / "bert_tiny" / "config.json").read_text())
    found = breakeven.measure(
        weights,
        "bert",
        said["ids"],
        snli_labels(said["examples"]),
        lengths=[max(np.flatnonzero(row)) + 1 for row in said["ids"]],
        token_types=said["segments"],
        config={**config, **case["changed"]},
        batches=3,
        batch_size=4,
        trace_probes=10,
        tolerance=1e-3,
    )
    assert found["loss"] == pytest.approx(case["loss"], rel=1e-9)
    squares = sum(norm**2 for norm in case["gradient_norms"].values())
    assert found["gradient_norm"] == pytest.approx(np.sqrt(squares), rel=1e-9)


@needs_program
def test_numbers_are_the_programs():
    weights, said = bert_tiny()
    folder = FIXTURES / "bert_tiny"
    asked = dict(subset=12, batches=3, batch_size=4, trace_probes=10, tolerance=1e-3)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in asked.items()]
    expected = program(
        "measure", "--model", "bert", "--checkpoint", folder, "--data", "snli-600",
        "--length", said["length"], *options,
    )  # fmt: skip
    types = np.array(said["segments"])
    given = (np.array(said["ids"]), snli_labels(12))
    asked = dict(token_types=types, eigenvectors=False, **asked)
    for source in (folder / "model.safetensors", weights):
        config = None if source is not weights else folder
        found = breakeven.measure(source, "bert", *given, config=config, **asked)
        assert not found.pop("eigenvectors")
        found.pop("curvatures")
        assert_same(found, expected)


@pytest.mark.parametrize(
    "change, said",
    [
        (dict(images=np.ones((12, 5))), "images hold float64: give whole numbers"),
        (dict(images=np.ones(12, dtype=int)), "give numbers of words, [n, words]"),
        (dict(images=np.full((12, 5), -1)), "images hold -1 at [0, 0]"),
        (dict(images=np.full((12, 5), WORDS)), f"example 0 has the token {WORDS}"),
        (dict(lengths=[1] * 11), "lengths have shape (11,)"),
        (dict(lengths=[6] * 12), "example 0 has 6 tokens, expected 1 to 5"),
        (dict(lengths=[0] * 12), "example 0 has 0 tokens"),
        (dict(lengths=[1] * 12), "goes on behind its length"),
        (dict(token_types=np.zeros((12, 4), int)), "token_types have shape (12, 4)"),
        (dict(token_types=np.full((12, 5), 2)), "has the token type 2"),
        (dict(labels=np.full(12, CLASSES)), "example 0 has the label 3"),
        (dict(model="mlp", images=np.ones((12, 5)), lengths=[1] * 12), "lengths belong to texts"),
        (dict(model="bert"), "give config"),
        (dict(model="bert", config={"model_type": "gpt2"}), "config"),
    ],
)
def test_what_is_wrong_is_named(change, said):
    ids, _, labels = texts()
    given = dict(weights=lstm_weights(), model="lstm", images=ids, labels=labels, batch_size=5)
    with pytest.raises(ValueError) as raised:
        breakeven.measure(**{**given, **change})
    assert said in str(raised.value)
