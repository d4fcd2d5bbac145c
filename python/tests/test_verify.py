"""Verdicts of tables."""

import importlib
import json
import re

import numpy as np
import pytest
from support import assert_same

import breakeven

RATES = [0.03, 0.1, 0.3]
SEEDS = range(6)


def table(value):
    """A run for each seed and learning rate."""
    runs = [(seed, rate) for seed in SEEDS for rate in RATES]
    return {
        "seed": [seed for seed, _ in runs],
        "learning_rate": [rate for _, rate in runs],
        "batch_size": [32] * len(runs),
        "converged": [True] * len(runs),
        "batches": [25] * len(runs),
        "covariance_batch_size": [128] * len(runs),
        "max_lambda_k": [value(seed, rate) for seed, rate in runs],
    }


def falling(seed, rate):
    return (1 + seed / 7) / rate


def only(verdicts):
    [hypothesis] = verdicts["hypotheses"]
    return hypothesis


def test_a_strong_effect_is_supported():
    found = only(breakeven.verify(table(falling)))
    assert found["verdict"] == "supported"
    # Of six seeds all are in order: one of 3! orders each.
    assert found["p_value"] == pytest.approx(6.0**-6, rel=1e-12)
    assert found["id"] == "table/max_lambda_k/learning_rate@batch_size=32"
    np.testing.assert_array_equal(found["levels"], RATES)
    np.testing.assert_array_equal(found["seeds"], SEEDS)
    assert found["seeds"].dtype == np.int64
    means = [np.mean([falling(seed, rate) for seed in SEEDS]) for rate in RATES]
    np.testing.assert_allclose(found["level_means"], means, rtol=1e-12)
    assert found["log_slope"] == pytest.approx(-1, rel=1e-9)


def test_the_opposite_effect_is_refuted():
    found = only(breakeven.verify(table(lambda seed, rate: 1 / falling(seed, rate))))
    assert found["verdict"] == "refuted"


def test_no_effect_is_inconclusive():
    # Every order of three once: no trend, whatever the seeds' sizes.
    orders = [(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)]
    value = lambda seed, rate: 10**seed * orders[seed][RATES.index(rate)]
    found = only(breakeven.verify(table(value)))
    assert found["verdict"] == "inconclusive"
    assert 0.5 < found["p_value"] < 0.6  # L is in the middle of its distribution.


class Frame:
    """What data frames have in common."""

    def __init__(self, columns):
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        return self._columns[name]


def structured(columns):
    kinds = [(name, np.asarray(column).dtype) for name, column in columns.items()]
    array = np.zeros(len(columns["seed"]), dtype=kinds)
    for name, column in columns.items():
        array[name] = column
    return array


def test_the_same_table_in_another_form_has_the_same_verdicts(tmp_path):
    columns = table(falling)
    expected = breakeven.verify(columns)
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    backwards = {name: array[::-1].copy()[::-1] for name, array in arrays.items()}
    for same in [
        arrays,
        backwards,
        Frame(columns),
        Frame(arrays),
        structured(columns),
        {**arrays, "seed": arrays["seed"].astype(np.uint8)},
        {**arrays, "learning_rate": arrays["learning_rate"].astype(np.float32)},
        {**arrays, "batch_size": arrays["batch_size"] * 1.0},
    ]:
        assert_same(breakeven.verify(same), expected)
    lines = [",".join(columns)]
    lines += [",".join(map(str, row)) for row in zip(*columns.values())]
    path = tmp_path / "table"
    path.write_text("\n".join(lines))
    assert_same(breakeven.verify(path), expected)
    assert_same(breakeven.verify(str(path)), expected)


def test_values_that_were_not_measured_leave_their_seed_without_that_level():
    columns = table(falling)
    columns["max_lambda_k"][0] = None
    found = only(breakeven.verify(columns))
    assert [len(levels) for levels in found["levels_of_seeds"]] == [2, 3, 3, 3, 3, 3]
    masked = np.ma.masked_array(table(falling)["max_lambda_k"], mask=False)
    masked[0] = np.ma.masked
    assert_same(only(breakeven.verify({**columns, "max_lambda_k": masked})), found)

    class Missing(list):
        def isna(self):
            return np.isnan(self)

    values = Missing([np.nan, *table(falling)["max_lambda_k"][1:]])
    assert_same(only(breakeven.verify({**columns, "max_lambda_k": values})), found)


def test_texts_are_no_comments_and_keep_their_commas():
    columns = {"note": ["#1, or\nelse"] * 18, **table(falling), "when": [object()] * 18}
    found = breakeven.verify(columns)
    assert only(found)["verdict"] == "supported"
    assert any("`note` was not used" in note for note in found["notes"])


def test_columns_of_other_names_are_read():
    columns = table(falling)
    columns["config.lr"] = columns.pop("learning_rate")
    found = breakeven.verify(columns, columns={"learning_rate": "config.lr"})
    assert only(found)["verdict"] == "supported"


def test_settings_are_those_of_the_program():
    asked = dict(alpha=1e-6, adjustment="holm", primary="max_lambda_k", name="mine")
    found = breakeven.verify(table(falling), **asked)
    assert found["alpha"] == 1e-6
    assert found["procedure"]["adjustment"] == "holm"
    assert only(found)["verdict"] == "inconclusive"
    assert only(found)["sweep"] == "mine"


def test_who_confirms_one_covariance_has_a_verdict_on_batch_sizes():
    columns = table(lambda seed, rate: 1 / falling(seed, rate))
    columns["batch_size"] = [round(1000 * rate) for rate in columns["learning_rate"]]
    columns["learning_rate"] = [0.1] * 18
    del columns["batches"], columns["covariance_batch_size"]
    assert only(breakeven.verify(columns))["verdict"] == "inconclusive"
    found = only(breakeven.verify(columns, same_covariance=True))
    assert (found["factor"], found["verdict"]) == ("batch_size", "supported")


def test_a_report_is_written(tmp_path):
    found = breakeven.report(table(falling), tmp_path / "new")
    assert_same(found, breakeven.verify(table(falling)))
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert {"report.html", "report.md", "verdicts.json", "figures"} <= names
    assert "supported" in (tmp_path / "new" / "report.md").read_text()
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot write"):
        breakeven.report(table(falling), tmp_path / "file")


def changed(**columns):
    return {**table(falling), **columns}


def without(name):
    columns = table(falling)
    del columns[name]
    return columns


@pytest.mark.parametrize(
    "given, asked, words",
    [
        (without("seed"), {}, "seed"),
        ({}, {}, "seed"),
        ({name: [] for name in table(falling)}, {}, "there are no rows"),
        (
            changed(seed=[1, 2]),
            {},
            "columns have different lengths: seed 2, learning_rate 18",
        ),
        (changed(seed=3), {}, "column seed holds 3: give one value a run"),
        (changed(seed="012"), {}, "column seed holds '012': give one value a run"),
        (
            changed(seed=np.zeros((18, 2))),
            {},
            "table, line 2, column 1 (seed): `[0. 0.]` is not",
        ),
        (changed(seed=[0.5] * 18), {}, "0.5"),
        (changed(seed=[0] * 18), {}, "was given before"),
        (changed(max_lambda_k=[np.nan] * 18), {}, "finite number"),
        (changed(max_lambda_k=[1j] * 18), {}, "`1j` is not a finite number"),
        (changed(learning_rate=[-0.1] * 18), {}, "above 0"),
        (table(falling), dict(alpha=0.7), "alpha"),
        (table(falling), dict(alpha=float("nan")), "alpha is nan"),
        (table(falling), dict(adjustment="none"), 'adjustment is "none": give one of'),
        (
            table(falling),
            dict(primary="lambda"),
            'primary has "lambda": give names such as',
        ),
        (
            table(falling),
            dict(columns={"lerning_rate": "lr"}),
            "did you mean learning_rate?",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(given, asked, words):
    with pytest.raises(ValueError) as error:
        breakeven.verify(given, **asked)
    assert words in str(error.value)


def test_tables_of_another_kind_are_type_errors(tmp_path):
    with pytest.raises(TypeError, match="the table is a int: give a mapping"):
        breakeven.verify(3)
    with pytest.raises(TypeError, match="the table is a list"):
        breakeven.verify([])
    with pytest.raises(FileNotFoundError, match="cannot read"):
        breakeven.verify(tmp_path / "runs.csv")
    with pytest.raises(ValueError):
        breakeven.verify(tmp_path)


def json_lines(path, rows):
    lines = (json.dumps(dict(zip(rows, row))) for row in zip(*rows.values()))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_json_lines_are_tables(tmp_path):
    expected = only(breakeven.verify(table(falling)))
    path = json_lines(tmp_path / "runs.jsonl", table(falling))
    found = only(breakeven.verify(path))
    assert found["verdict"] == "supported"
    assert found["p_value"] == expected["p_value"]
    # What one run lacks was not measured, whether it is null or missing.
    rows = path.read_text().splitlines()
    more = dict(json.loads(rows[0]), seed=9)
    lacking = dict(more, learning_rate=0.1)
    del lacking["max_lambda_k"]
    rows += [json.dumps(dict(more, max_lambda_k=None)), "", json.dumps(lacking)]
    path = tmp_path / "more.ndjson"
    path.write_text("\n".join(rows))
    assert only(breakeven.verify(path))["p_value"] == expected["p_value"]


@pytest.mark.parametrize(
    "line, said",
    [
        ("{", "line 1: no JSON"),
        ("3", "line 1: holds '3': give an object a line"),
        ('{"seed": [1]}', "line 1: seed holds [1]: give one value a run"),
    ],
)
def test_json_lines_that_are_no_table_are_refused(tmp_path, line, said):
    path = tmp_path / "runs.jsonl"
    path.write_text(line)
    with pytest.raises(ValueError, match=re.escape(said)):
        breakeven.verify(path)
    with pytest.raises(FileNotFoundError):
        breakeven.verify(tmp_path / "none.jsonl")


def test_parquet_is_read_by_a_library_that_is_there(tmp_path, monkeypatch):
    path = tmp_path / "runs.parquet"
    path.write_bytes(b"PAR1")
    asked = []

    class Library:
        @staticmethod
        def read_parquet(found):
            asked.append(found)
            return table(falling)

    def only_pandas(name):
        if name == "pandas":
            return Library
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", only_pandas)
    assert only(breakeven.verify(path))["verdict"] == "supported"
    assert asked == [str(path)]

    def none(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", none)
    with pytest.raises(ValueError, match="pip install pyarrow"):
        breakeven.verify(path)
