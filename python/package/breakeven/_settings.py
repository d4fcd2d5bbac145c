"""Settings that are checked before the native half sees them."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any


def whole(name: str, value: Any, least: int = 0, most: int = 2**63 - 1) -> int:
    """A whole number, NumPy's included."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}: give a whole number") from None
    if not least <= number <= most:
        raise ValueError(f"{name} is {number}: give {least} to {most}")
    return number


def real(name: str, value: Any) -> float:
    """A number that is finite."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {value!r}: give a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} is {number}: give a finite number")
    return number


def words(name: str, value: str | Iterable[str]) -> list[str]:
    """A name, or several."""
    given = [value] if isinstance(value, str) else list(value)
    for word in given:
        if not isinstance(word, str):
            raise TypeError(f"{name} has {word!r}: give names")
    return given
