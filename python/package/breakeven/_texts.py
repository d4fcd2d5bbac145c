"""Texts as numbers of words, checked before the native half sees them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]


def words(
    ids: npt.ArrayLike,
    lengths: npt.ArrayLike | None,
    token_types: npt.ArrayLike | None,
) -> tuple[Words, Words, npt.NDArray[np.uint8] | None]:
    """Ids [n, words], words of each text [n], and token types [n, words]."""
    array = _whole("images", ids)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"images have shape {array.shape}: give numbers of words, [n, words], at least "
            "one of each"
        )
    checked = _narrow("images", array, np.uint32)
    if lengths is None:
        # Up to the last word that is not padding; one where there is none.
        behind = np.argmax(checked[:, ::-1] != 0, axis=1)
        known = np.where(checked.any(axis=1), checked.shape[1] - behind, 1)
    else:
        known = _whole("lengths", lengths)
        if known.shape != (len(array),):
            raise ValueError(
                f"lengths have shape {known.shape}: give one for each of the {len(array)} texts, "
                f"[{len(array)}]"
            )
    types = None
    if token_types is not None:
        types = _whole("token_types", token_types)
        if types.shape != array.shape:
            raise ValueError(
                f"token_types have shape {types.shape}: give {array.shape}, that of the texts"
            )
        types = _narrow("token_types", types, np.uint8)
    return checked, _narrow("lengths", known, np.uint32), types


def _whole(name: str, value: npt.ArrayLike) -> npt.NDArray[Any]:
    array = np.asarray(value)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} hold {array.dtype}: give whole numbers from 0")
    return array


def _narrow(name: str, array: npt.NDArray[Any], kind: Any) -> npt.NDArray[Any]:
    """The same numbers in a smaller type, row by row."""
    most = np.iinfo(kind).max
    wrong = np.argwhere((array < 0) | (array > most))
    if len(wrong):
        place = ", ".join(str(index) for index in wrong[0])
        raise ValueError(f"{name} hold {array[tuple(wrong[0])]} at [{place}]: give 0 to {most}")
    return np.ascontiguousarray(array.astype(kind))


def config(given: Mapping[str, Any] | str | os.PathLike[str] | None, weights: Any) -> tuple[str, str]:
    """What errors call a BERT's config.json, and its text."""
    if isinstance(given, Mapping):
        return "config", json.dumps(dict(given))
    if given is not None:
        path = os.fsdecode(given)
    elif isinstance(weights, (str, os.PathLike)):
        path = os.path.dirname(os.fsdecode(weights)) or "."
    else:
        raise ValueError(
            "bert has its shape in a config.json, and weights are in memory: give config, as a "
            "mapping or a path"
        )
    if os.path.isdir(path):
        path = os.path.join(path, "config.json")
    with open(path, encoding="utf-8") as file:
        return path, file.read()
