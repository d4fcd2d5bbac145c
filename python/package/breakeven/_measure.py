"""K and H at the weights of a network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from . import _json, _native, _texts
from ._settings import real, whole, words
from ._types import Portrait

# NumPy's types by kind and bytes, as safetensors calls them.
_TYPES = {
    "b1": "BOOL",
    "f2": "F16",
    "f4": "F32",
    "f8": "F64",
    "i1": "I8",
    "i2": "I16",
    "i4": "I32",
    "i8": "I64",
    "u1": "U8",
    "u2": "U16",
    "u4": "U32",
    "u8": "U64",
}

_Tensor = tuple[str, str, list[int], bytes]


def measure(
    weights: Mapping[str, npt.ArrayLike] | str | os.PathLike[str],
    model: str,
    images: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    lengths: npt.ArrayLike | None = None,
    token_types: npt.ArrayLike | None = None,
    config: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    subset: int | None = None,
    parameters: str | Iterable[str] = (),
    per_layer: bool = False,
    eigenvectors: bool = True,
    top: int = 1,
    bottom: int = 0,
    also: str | Iterable[str] = (),
    density: int = 0,
    density_steps: int = 80,
    loss_line: int = 0,
    loss_plane: int = 0,
    halves: bool = False,
    diagonal_probes: int = 0,
    learning_rate: float | None = None,
    batches: int = 25,
    batch_size: int = 64,
    batch_order: str = "random",
    tolerance: float = 1e-6,
    trace_probes: int = 100,
    trace_tolerance: float = 0.01,
    loss: str = "cross_entropy",
    batch_norm: str = "batch",
    seed: int = 0,
    precision: str = "f64",
    threads: int | None = None,
    memory: float | None = None,
) -> Portrait:
    """Measures the Hessian H and the covariance K of gradients at given weights.

    Everything is of the mean loss over the n examples (1/n), θ all parameters; H and the
    per-example K = (1/n) Σ (g_i − g)(g_i − g)ᵀ are exact up to rounding, through products
    that hold no matrix. K^M is that of ``batches`` mini-batch gradients, centred, with
    1/L (Jastrzebski et al., ICLR 2020, Sec. 3 and App. C). Other threads of Python go on
    meanwhile, and Ctrl-C ends it after the product that is being computed.

    Parameters
    ----------
    weights
        PyTorch's names and the arrays of each, in PyTorch's shapes and 16, 32 or 64
        bits: ``{name: tensor.numpy() for name, tensor in net.state_dict().items()}``;
        or the path of a safetensors file. What wrappers put before the names
        (``module.``) is stripped.
    model
        ``mlp`` (layers ``fc1``, ``fc2``, … with rectifiers between them), ``simplecnn``,
        ``simple_cnn_bn``, ``resnet`` or ``densenet`` for images, ``lstm`` or ``bert`` for
        texts, with the sizes of the weights.
    images
        [n, channels, height, width], or [n, features] for ``mlp``: uint8, each divided
        by 255, or floats as they are. For texts numbers of words, whole numbers below the
        rows of the embedding, [n, words], 0 behind each text. Any memory order.
    labels
        True classes, whole numbers from 0, [n].
    lengths
        Words of each text, from 1 on, [n]; those up to the last that is not 0 by default.
    token_types
        For ``bert``: 0 for words of a first text and of padding, 1 for those of a second,
        [n, words]; all 0 by default.
    config
        For ``bert``: its ``config.json`` as Hugging Face saves it, as a mapping or a path;
        by default the file beside that of the weights.
    subset
        Measure on the first so many examples.
    parameters
        Names of the parameters that vary, the others held fixed; ``*`` and ``?`` stand
        for any letters. All where there is none.
    per_layer
        Measure each layer by itself too.
    eigenvectors
        Return the eigenvectors: D float64 for each eigenvalue.
    top, bottom
        Largest eigenvalues of H and K; smallest of H.
    also
        ``gauss_newton``, ``empirical_fisher`` (the uncentred K), or both.
    density, density_steps
        Random vectors, and products for each, for the spectral densities of all these
        matrices; none by default.
    loss_line, loss_plane
        Points of the loss along H's top eigenvector, and each way in the plane of the two
        top ones (with ``top=2`` or more): odd numbers, or 0.
    halves
        Measure H and K on the first half of the examples and on the rest too.
    diagonal_probes
        Random vectors for the diagonal of H, which is then among ``eigenvectors`` as
        ``hessian.diagonal.NAME``, with ``hessian.diagonal_standard_error.NAME``; 0: none.
    learning_rate
        η of a step of SGD with mini-batches of ``batch_size`` whose stability is measured
        (Eq. 1 and beyond, ``step``).
    batches, batch_size, batch_order
        L, M, and ``random`` (each batch without replacement) or ``sequential``.
    tolerance
        Bound on eigenvalues' errors, relative to the largest.
    trace_probes, trace_tolerance
        Products and random probes for Tr H at most, and the relative standard error at
        which its estimate stops.
    loss
        ``cross_entropy`` of the softmax of the outputs, or ``mse``, ½‖z − y‖².
    batch_norm
        ``batch``: normalise by each batch's own statistics, as in training; H is then
        the mean over batches of ``batch_size``, and there is no per-example K.
        ``running``: by the weights' running statistics.
    seed
        Of probes and random batches. Same seed, same bits.
    precision
        ``f64`` or ``f32``.
    threads
        Threads, 1 to 65535, all cores by default; no number depends on it.
    memory
        GiB for values that are kept between products, half of what is free by default;
        no number depends on it.

    Returns
    -------
    Portrait
        A dictionary with the fields of ``breakeven measure --json``, arrays for lists of
        numbers, and ``eigenvectors`` and ``curvatures``. A quantity that does not exist
        is missing, and ``absent`` says why.

    Raises
    ------
    ValueError
        Weights, examples and settings that do not fit together, numbers that are not
        finite, weights at which the loss is not finite. It names what is wrong and the
        remedy.
    TypeError
        An argument of another kind.
    OSError
        A file that can't be read.
    """
    asked = {
        "subset": None if subset is None else whole("subset", subset),
        "parameters": words("parameters", parameters),
        "per_layer": bool(per_layer),
        "eigenvectors": bool(eigenvectors),
        "top": whole("top", top),
        "bottom": whole("bottom", bottom),
        "also": words("also", also),
        "density": whole("density", density),
        "density_steps": whole("density_steps", density_steps),
        "loss_line": whole("loss_line", loss_line),
        "loss_plane": whole("loss_plane", loss_plane),
        "halves": bool(halves),
        "diagonal_probes": whole("diagonal_probes", diagonal_probes),
        "learning_rate": None if learning_rate is None else real("learning_rate", learning_rate),
        "batches": whole("batches", batches),
        "batch_size": whole("batch_size", batch_size),
        "batch_order": batch_order,
        "tolerance": real("tolerance", tolerance),
        "trace_probes": whole("trace_probes", trace_probes),
        "trace_tolerance": real("trace_tolerance", trace_tolerance),
        "loss": loss,
        "batch_norm": batch_norm,
        "seed": whole("seed", seed, most=2**64 - 1),
        "precision": precision,
        "threads": None if threads is None else whole("threads", threads, 1, 65535),
        "memory": None if memory is None else _bytes(memory),
    }
    given: Any
    if model in ("lstm", "bert"):
        shape = _texts.config(config, weights) if model == "bert" else None
        given = (*_texts.words(images, lengths, token_types), shape)
    else:
        for name, value in [("lengths", lengths), ("token_types", token_types)]:
            if value is not None:
                raise ValueError(f"{name} belong to texts, and {model} takes images: leave them out")
        given = _pixels(images)
    text, vectors, curvatures = _native.measure(
        _weights(weights), model, given, _labels(labels, len(given[0])), asked
    )
    portrait = _json.parse(text)
    portrait["eigenvectors"] = vectors
    portrait["curvatures"] = curvatures
    return cast(Portrait, portrait)


def _bytes(memory: float) -> int:
    gib = real("memory", memory)
    if not 0 <= gib < 2**33:
        raise ValueError(f"memory is {gib}: give a number of GiB, 0 or more")
    return int(gib * 2**30)


def _weights(weights: Any) -> str | list[_Tensor]:
    if isinstance(weights, (str, os.PathLike)):
        return os.fsdecode(weights)
    if not hasattr(weights, "items"):
        raise TypeError(
            f"weights are a {type(weights).__name__}: give a mapping of PyTorch's names "
            "to arrays, or the path of a safetensors file"
        )
    return [_tensor(name, value) for name, value in weights.items()]


def _tensor(name: Any, value: npt.ArrayLike) -> _Tensor:
    if not isinstance(name, str):
        raise TypeError(f"weights have the name {name!r}: give PyTorch's names")
    array = np.asarray(value)
    kind = _TYPES.get(f"{array.dtype.kind}{array.dtype.itemsize}")
    if kind is None:
        raise ValueError(f"weights[{name!r}] holds {array.dtype}: give float32 or float64")
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return name, kind, list(array.shape), little.tobytes()


def _pixels(images: npt.ArrayLike) -> tuple[npt.NDArray[Any], list[int]]:
    """The examples as [n, features] in row-major order, and the shape of one."""
    array = np.asarray(images)
    if array.ndim not in (2, 4) or 0 in array.shape:
        raise ValueError(
            f"images have shape {array.shape}: give [n, channels, height, width] or "
            "[n, features], at least one of each"
        )
    if array.dtype.kind == "f" and array.dtype.itemsize == 2:
        array = array.astype(np.float32)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype not in (np.uint8, np.float32, np.float64):
        raise ValueError(
            f"images hold {array.dtype}: give uint8, which is divided by 255, or float32 "
            "or float64, which are taken as they are"
        )
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        place = ", ".join(str(index) for index in wrong[0])
        raise ValueError(
            f"images hold {array[tuple(wrong[0])]} at [{place}]: give finite numbers"
        )
    image = list(array.shape[1:]) if array.ndim == 4 else [1, 1, array.shape[1]]
    return np.ascontiguousarray(array.reshape(len(array), -1)), image


def _labels(labels: npt.ArrayLike, examples: int) -> npt.NDArray[np.int64]:
    array = np.asarray(labels)
    if array.shape != (examples,):
        raise ValueError(
            f"labels have shape {array.shape}: give one for each of the {examples} "
            f"examples, [{examples}]"
        )
    if array.dtype.kind not in "iu":
        raise ValueError(f"labels hold {array.dtype}: give whole numbers from 0")
    return np.ascontiguousarray(array.astype(np.int64))
