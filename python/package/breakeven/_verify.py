"""The conjectures tested on tables of runs and on sweep folders."""

from __future__ import annotations

import csv
import io
import numbers
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from . import _json, _native, _tables
from ._settings import real, words
from ._types import Verdicts


def verify(
    table: Any,
    *,
    name: str = "table",
    alpha: float | None = None,
    adjustment: str | None = None,
    primary: str | Iterable[str] = (),
    same_covariance: bool = False,
    columns: Mapping[str, str] | None = None,
) -> Verdicts:
    """Tests the two conjectures of the break-even point on runs.

    Seeds are blocks, levels of the learning rate, the batch size or the momentum are
    treatments, and each claim is tested by Page's trend test, exactly where that is
    possible; p-values are adjusted over all claims. docs/verifying.md has the whole.

    Parameters
    ----------
    table
        A row a run, with the columns ``seed``, ``learning_rate``, ``batch_size`` and any
        of ``converged``, ``momentum``, ``max_lambda_k``, ``max_lambda_k_error``, …: a
        mapping of names to sequences or arrays of one length, a structured array, or a
        data frame (pandas, polars). None is a value that was not measured, as is a masked
        one and what pandas counts as missing; other NaN are refused. Or the path of a CSV
        file, of JSON lines (``.jsonl``, ``.ndjson``: an object a run), or of a Parquet file,
        for which pyarrow, polars or pandas has to be there. Or of a sweep's folder, as ``breakeven train`` writes it, or a folder that
        holds some, or a sequence of such paths.
    name
        What claims call a table that is in memory.
    alpha, adjustment, primary
        Of a table: the level (0.05 by default), ``westfall_young`` (default), ``holm`` or
        ``benjamini_hochberg``, and the per-run quantities whose claims come first. A
        sweep's folder has its own, fixed before training.
    same_covariance
        Confirm that K^M was measured with the same L and M in all runs of a table that
        does not say so.
    columns
        Our names of columns, and what the table calls them.

    Returns
    -------
    Verdicts
        A dictionary with the fields of ``verdicts.json``, with arrays for lists of
        numbers, in which NaN stands for null.

    Raises
    ------
    ValueError
        A table or folder that can't be understood, with the place (line 1 is that of the
        names) and the remedy, or runs that can't be judged.
    TypeError
        An argument of another kind.
    OSError
        A file that can't be read.
    """
    command = "breakeven.verify(…)"
    return _verdicts(
        table, None, command, name, alpha, adjustment, primary, same_covariance, columns
    )


def report(
    table: Any,
    out: str | os.PathLike[str],
    *,
    name: str = "table",
    alpha: float | None = None,
    adjustment: str | None = None,
    primary: str | Iterable[str] = (),
    same_covariance: bool = False,
    columns: Mapping[str, str] | None = None,
) -> Verdicts:
    """The same as ``verify``, and writes ``report.html``, ``report.md``, ``verdicts.json``
    and the figures into the folder ``out``, which is made where it is missing.

    Raises
    ------
    ValueError, TypeError
        As ``verify``.
    OSError
        A file that can't be read or written.
    """
    source = repr(os.fsdecode(table)) if _is_path(table) else "…"
    command = f"breakeven.report({source}, {os.fsdecode(out)!r})"
    return _verdicts(
        table, out, command, name, alpha, adjustment, primary, same_covariance, columns
    )


def _verdicts(
    table: Any,
    out: str | os.PathLike[str] | None,
    command: str,
    name: str,
    alpha: float | None,
    adjustment: str | None,
    primary: str | Iterable[str],
    same_covariance: bool,
    columns: Mapping[str, str] | None,
) -> Verdicts:
    pairs = [] if columns is None else list(columns.items())
    asked = {
        "alpha": None if alpha is None else real("alpha", alpha),
        "adjustment": adjustment,
        "primary": words("primary", primary),
        "same_covariance": bool(same_covariance),
        "columns": [f"{ours}={theirs}" for ours, theirs in pairs],
    }
    runs = _runs(table, name)
    if isinstance(runs, list):
        for setting, value in asked.items():
            if value:
                raise ValueError(
                    f"{setting} is given, but a sweep's folder has its own settings, "
                    "fixed before training: leave it out"
                )
    return cast(Verdicts, _json.parse(_native.verify(runs, asked, out, command)))


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike))


def _runs(table: Any, name: str) -> tuple[str, str] | str | list[str]:
    if _is_path(table):
        path = os.path.abspath(os.fsdecode(table))
        if os.path.isdir(path):
            return [path]
        held = _tables.read(path)
        return path if held is None else (path, _csv(held))
    if isinstance(table, (list, tuple)) and table and all(map(_is_path, table)):
        return [os.path.abspath(os.fsdecode(path)) for path in table]
    return name, _csv(table)


def _csv(table: Any) -> str:
    """The table as CSV, every cell quoted, so that none is taken for a comment."""
    names = _names(table)
    cells = [list(_cells(str(name), table[name])) for name in names]
    rows = {len(column) for column in cells}
    if len(rows) > 1:
        counts = ", ".join(f"{name} {len(c)}" for name, c in zip(names, cells))
        raise ValueError(f"columns have different lengths: {counts}")
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([str(name) for name in names])
    writer.writerows(zip(*cells))
    return text.getvalue()


def _names(table: Any) -> Sequence[Any]:
    if isinstance(table, np.ndarray) and table.dtype.names:
        return list(table.dtype.names)
    if hasattr(table, "columns"):
        return list(table.columns)
    if isinstance(table, Mapping):
        return list(table)
    raise TypeError(
        f"the table is a {type(table).__name__}: give a mapping of names to columns, a data "
        "frame, or the path of a CSV file or of a folder of runs"
    )


def _cells(name: str, column: Any) -> Iterator[str]:
    if isinstance(column, (str, bytes)) or not hasattr(column, "__iter__"):
        raise ValueError(f"column {name} holds {column!r}: give one value a run")
    missing: Any = None
    if hasattr(column, "isna"):
        missing = np.asarray(column.isna())
    elif np.ma.isMaskedArray(column):
        missing = np.ma.getmaskarray(column)
        column = np.ma.getdata(column)
    for row, value in enumerate(column):
        is_missing = missing is not None and bool(missing[row])
        yield "" if is_missing else _cell(value)


def _cell(value: Any) -> str:
    """What is no number is text, of which the native half says whether it will do."""
    if value is None:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, numbers.Integral):
        return str(int(value))
    # The shortest digits of the value's own precision: 0.1 of a float32 is 0.1.
    return str(value)
