"""JSON with arrays for lists of numbers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np


def parse(text: str) -> Any:
    """What ``text`` holds, with an array for each list of numbers.

    Lists of whole numbers are arrays of int64, others of float64, in which NaN stands
    for a null. Empty lists, and those of anything else, stay lists.
    """
    return _with_arrays(json.loads(text))


def _with_arrays(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_arrays(member) for name, member in value.items()}
    if not isinstance(value, list):
        return value
    numbers = [member for member in value if member is not None]
    # A truth value is an int in Python.
    if numbers and all(type(number) in (int, float) for number in numbers):
        return np.array([np.nan if member is None else member for member in value])
    return [_with_arrays(member) for member in value]
