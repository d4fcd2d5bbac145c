from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

VERSION: str

def measure(
    weights: str | list[tuple[str, str, list[int], bytes]],
    model: str,
    given: tuple[npt.NDArray[Any], Sequence[int]]
    | tuple[
        npt.NDArray[np.uint32],
        npt.NDArray[np.uint32],
        npt.NDArray[np.uint8] | None,
        tuple[str, str] | None,
    ],
    labels: npt.NDArray[np.int64],
    asked: Mapping[str, Any],
) -> tuple[str, dict[str, npt.NDArray[np.float64]], npt.NDArray[np.float64]]: ...
def verify(
    runs: tuple[str, str] | str | list[str],
    asked: Mapping[str, Any],
    out: str | PathLike[str] | None,
    command: str,
) -> str: ...
