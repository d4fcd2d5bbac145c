//! What an eigenvalue solver says of its values.

use serde::{Deserialize, Serialize};

/// Whether an eigenvalue solver reached its tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SolverStatus {
    /// The error bound is within the tolerance.
    Converged,
    /// The budget of products ran out first; values are the best found.
    OutOfProducts,
    /// A product held a number that is not finite.
    NotFinite,
}

impl SolverStatus {
    /// The status for readers.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::OutOfProducts => "out of products before the tolerance",
            Self::NotFinite => "a product was not finite",
        }
    }
}

/// What the bound on an eigenvalue's error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundKind {
    /// All eigenvalues were computed, or all that are not zero: none can hide.
    Complete,
    /// On the distance of the i-th value from the i-th eigenvalue. It rests on
    /// a fresh random direction, from which an eigenvalue that was missed could
    /// hide with a probability of 10⁻⁵ at most.
    Searched,
    /// The residual: some eigenvalue is within it, for certain, though perhaps
    /// not the i-th.
    Residual,
    /// r²/δ with a gap δ that is itself estimated: no bound in the strict
    /// sense.
    GapEstimate,
}

impl BoundKind {
    /// The kind for readers.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Complete => "all eigenvalues computed",
            Self::Searched => "fresh directions showed no other",
            Self::Residual => "of some eigenvalue",
            Self::GapEstimate => "an estimate",
        }
    }
}
