"""What the functions return: dictionaries with the fields of the program's JSON."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Values(TypedDict):
    """Eigenvalues at one end of a spectrum, from the end inwards; all of shape [k]."""

    eigenvalues: Floats
    residuals: Floats
    """‖Av − λv‖ of each."""
    error_bounds: Floats
    """Bound on the error of each."""
    error_bound_kinds: list[str]
    """What each bound says: complete, searched, residual or gap_estimate."""
    multiplicities: npt.NDArray[Any]
    """Eigenvalues in the cluster of each; NaN where they were not counted."""


class Outliers(TypedDict):
    """Eigenvalues above a gap that is wider than any below it (docs/measuring.md)."""

    count: int
    eigenvalues: Floats
    """They themselves, largest first, [count]."""
    bulk_edge: float
    """The largest eigenvalue below them."""
    separation: float
    """How many times as wide as any gap below it theirs is, at least."""


class _Outliers(TypedDict, total=False):
    outliers: Outliers


class Leading(Values, _Outliers):
    """The largest eigenvalues, and what they took."""

    matvecs: int
    """Products with the matrix."""
    status: str
    """converged, or out_of_products."""
    rounding: float
    """Error of a product with a unit vector by rounding, part of each bound."""


class GaussNewton(Leading):
    """Leading eigenvalues and trace of a matrix whose trace may be an estimate."""

    trace: float
    trace_standard_error: float
    """Where the trace is exact, how far rounding may move it."""
    trace_probes: int
    trace_exact_directions: int
    """Directions that the trace holds exactly; all D where it is exact."""
    trace_status: str


class _Smallest(TypedDict, total=False):
    lambda_h_min: float
    lambda_h_min_error_bound: float
    smallest: Values


class Hessian(GaussNewton, _Smallest):
    """H of the mean loss (1/n); its smallest eigenvalues with ``bottom``."""


class Covariance(Leading):
    """Leading eigenvalues and exact trace of a covariance of gradients."""

    trace: float
    trace_error_bound: float


class _Ratio(TypedDict, total=False):
    ratio_error_bound: float


class MiniBatch(_Ratio, _Outliers):
    """K^M of L gradients of M examples each, centred, 1/L (paper, App. C)."""

    batches: int
    """L."""
    batch_size: int
    """M."""
    eigenvalues: Floats
    """All L, largest first."""
    error_bounds: Floats
    """How far rounding may have moved each."""
    rank: int
    smallest_nonzero: float | None
    ratio: float | None
    trace: float
    trace_error_bound: float


class Moments(TypedDict):
    """Mean and variance (1/n) of a sample."""

    mean: float
    variance: float


class Density(TypedDict):
    """A distribution of eigenvalues: quadrature nodes, rising, and their weights, whose
    sum is 1; all of shape [k]."""

    nodes: Floats
    weights: Floats
    probes: npt.NDArray[np.int64]
    """The random vector of each node."""


class LossLine(TypedDict):
    """The loss along e_H¹, [points]."""

    offsets: Floats
    losses: Floats


class LossPlane(TypedDict):
    """The loss in the plane of e_H¹ and e_H²."""

    offsets: list[Floats]
    """Along each."""
    losses: list[Floats]
    """A row for each offset along the second; NaN where the loss is not finite."""


class Step(TypedDict, total=False):
    """How stable a step of SGD is: docs/measuring.md."""

    learning_rate: float
    batch_size: int
    stability: float
    """The left side of Eq. 1."""
    stability_standard_error: float
    growth: float
    """λ_max of E[(I − ηH_B)²] over the mini-batches."""
    growth_error_bound: float
    growth_error_bound_kind: str
    critical_learning_rate: float
    critical_sharpness: float
    critical_sharpness_error_bound: float


class _Always(TypedDict):
    parameters: int
    """D."""
    examples: int
    """n."""
    loss: float
    """Mean loss over the examples."""
    accuracy: float
    """Share of them that is classified correctly."""
    gradient_norm: float
    hessian: Hessian
    covariance_mini_batch: MiniBatch
    eigenvectors: dict[str, Floats]
    """``hessian.0.fc1.weight`` and so on: the eigenvectors of all eigenvalues of H, and
    of the per-example K, cut into the parameters' names and shapes."""
    curvatures: Floats
    """eᵀH_i e of every example, e the top eigenvector of H, [n]; empty where it does
    not exist."""


class Portrait(_Always, total=False):
    """K and H at one θ: the fields of ``breakeven measure --json``, and two more."""

    varying: list[str]
    """The names of those that vary, where not all do."""
    covariance_per_example: Covariance
    """K = (1/n) Σ (g_i − g)(g_i − g)ᵀ."""
    gauss_newton: GaussNewton
    empirical_fisher: Covariance
    cosine_hessian_covariance: float
    """|cos| of the top eigenvectors of H and of the per-example K."""
    eigenspace_cosines: Floats
    curvature_along_top: Moments
    """Of ``curvatures``; its variance is s² of Eq. 1."""
    batch_sharpness: float
    batch_sharpness_standard_error: float
    """Over other draws of the mini-batches."""
    batch_sharpness_ratio_of_means: float
    batch_sharpness_ratio_of_means_standard_error: float
    gradient_noise_scale: float
    """Tr K/‖g‖² (McCandlish et al., 2018)."""
    gradient_noise_scale_error_bound: float
    densities: dict[str, Density]
    """By the names of the matrices' fields: ``hessian`` and so on."""
    loss_line: LossLine
    loss_plane: LossPlane
    step: Step
    halves: list[dict[str, Any]]
    """H and K on the first half of the examples and on the rest."""
    layers: list[dict[str, Any]]
    """The same of each layer by itself, with its name as ``layer``; with per_layer."""
    absent: dict[str, str]
    """Why a quantity does not exist here, by the path of its field."""
    notes: list[str]
    """What was done with the weights so that they fit, in words."""


class Hypothesis(TypedDict, total=False):
    """A claim and its test; docs/verifying.md has all fields."""

    id: str
    sweep: str
    quantity: str
    factor: str
    expected: str
    verdict: str
    """supported, refuted or inconclusive."""
    reason: str
    levels: Floats
    seeds: npt.NDArray[np.int64]
    test: str
    p_value: float | None
    p_adjusted: float | None
    opposite_p_value: float | None
    opposite_p_adjusted: float | None
    level_means: Floats
    log_slope: float | None


class Verdicts(TypedDict, total=False):
    """What ``verdicts.json`` holds."""

    version: str
    alpha: float
    procedure: dict[str, Any]
    hypotheses: list[Hypothesis]
    descriptive: list[dict[str, Any]]
    excluded: list[dict[str, Any]]
    settings: list[dict[str, Any]]
    summaries: list[dict[str, Any]]
    integrity: list[dict[str, Any]]
    notes: list[str]
    thresholds: dict[str, Any]
    assumptions: list[dict[str, Any]]
    side_by_side: list[dict[str, Any]]
    specifications: list[dict[str, Any]]
