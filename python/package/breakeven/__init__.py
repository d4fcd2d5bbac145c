"""Curvature and gradient noise of networks, and verdicts across runs.

``measure`` takes the weights of a network and examples and gives the Hessian's and the
gradient covariance's leading eigenvalues with bounds on their errors, their traces, and
what Eq. 1 of the break-even point needs (Jastrzebski et al., ICLR 2020). ``verify`` tests
both conjectures of that paper on a table of runs, ``report`` writes them down as a page.

Numbers, names and errors are those of the program ``breakeven``; its documentation is
theirs too: docs/measuring.md and docs/verifying.md.
"""

from ._measure import measure
from ._native import VERSION as __version__
from ._types import (
    Covariance,
    GaussNewton,
    Hessian,
    Hypothesis,
    Leading,
    MiniBatch,
    Moments,
    Portrait,
    Values,
    Verdicts,
)
from ._verify import report, verify

__all__ = [
    "Covariance",
    "GaussNewton",
    "Hessian",
    "Hypothesis",
    "Leading",
    "MiniBatch",
    "Moments",
    "Portrait",
    "Values",
    "Verdicts",
    "__version__",
    "measure",
    "report",
    "verify",
]
