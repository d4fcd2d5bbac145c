"""Files of tables other than CSV."""

from __future__ import annotations

import importlib
import json
from typing import Any, Callable

# Who reads Parquet, and how.
_PARQUET: list[tuple[str, Callable[[Any, str], Any]]] = [
    ("pyarrow.parquet", lambda library, path: library.read_table(path).to_pydict()),
    ("polars", lambda library, path: library.read_parquet(path)),
    ("pandas", lambda library, path: library.read_parquet(path)),
]


def read(path: str) -> Any:
    """The table in a file of JSON lines or of Parquet, as a mapping or a data frame; None
    where the file is of another kind, for the native half to read."""
    if path.endswith((".jsonl", ".ndjson")):
        return _json_lines(path)
    if path.endswith(".parquet"):
        return _parquet(path)
    return None


def _json_lines(path: str) -> dict[str, list[Any]]:
    """The columns, each as long as there are objects; None where one lacks a name."""
    columns: dict[str, list[Any]] = {}
    rows = 0
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            for name, value in _object(path, number, line).items():
                column = columns.setdefault(name, [])
                column.extend([None] * (rows - len(column)))
                column.append(value)
            rows += 1
    for column in columns.values():
        column.extend([None] * (rows - len(column)))
    return columns


def _object(path: str, number: int, line: str) -> dict[str, Any]:
    place = f"{path}, line {number}"
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{place}: no JSON: {error}; give an object a line") from None
    if not isinstance(found, dict):
        raise ValueError(f"{place}: holds {line.strip()[:40]!r}: give an object a line")
    for name, value in found.items():
        if isinstance(value, (dict, list)):
            raise ValueError(f"{place}: {name} holds {value!r}: give one value a run")
    return found


def _parquet(path: str) -> Any:
    for name, reader in _PARQUET:
        try:
            library = importlib.import_module(name)
        except ImportError:
            continue
        with open(path, "rb"):  # Python's own error where it can't be read.
            pass
        return reader(library, path)
    raise ValueError(
        f"{path}: to read Parquet pyarrow, polars or pandas has to be installed: "
        "pip install pyarrow, or give the table as CSV or JSON lines"
    )
