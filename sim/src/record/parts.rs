//! What of a record is more than a number: halves of it, and the loss near θ.

use serde::{Deserialize, Serialize};

use super::BoundKind;

/// The mean loss L(θ + t·e) on the subset on which H is measured, along the unit
/// vector e = e_H¹, at offsets t on both sides of 0 that reach to √(2L(θ)/λ_H¹):
/// there ½λ_H¹t² is L(θ).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossLine {
    /// The offsets t, rising.
    pub offsets: Vec<f64>,
    /// L(θ + t·e) at each.
    pub losses: Vec<f64>,
}

/// The mean loss L(θ + s·e + t·f) in the plane of the unit vectors e = e_H¹ and
/// f = e_H², with offsets like those of a [`LossLine`], each along its own vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossPlane {
    /// The offsets s, and the offsets t, rising.
    pub offsets: [Vec<f64>; 2],
    /// A row for each t with a loss for each s; none where it is not finite.
    pub losses: Vec<Vec<Option<f64>>>,
}

/// K^M of half of the L mini-batches, centred on its own mean. Fields are those of
/// the [`Record`](super::Record).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CovarianceHalf {
    /// λ_K¹.
    pub lambda_k: f64,
    /// Bound on its absolute error by rounding.
    pub lambda_k_error_bound: f64,
    /// λ_K*/λ_K¹, λ_K* being the last but one of as many eigenvalues as the half
    /// has mini-batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_k: Option<f64>,
    /// Bound on its absolute error by rounding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_k_error_bound: Option<f64>,
    /// Tr K^M.
    pub trace_k: f64,
    /// Bound on its absolute error by rounding.
    pub trace_k_error_bound: f64,
}

/// H and the per-example K of half of the measurement subset. Fields are those of
/// the [`Record`](super::Record).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HessianHalf {
    /// How many examples it has.
    pub examples: usize,
    /// λ_H¹.
    pub lambda_h: f64,
    /// Bound on its absolute error.
    pub lambda_h_error_bound: f64,
    /// What that bound says.
    pub lambda_h_error_bound_kind: BoundKind,
    /// λ_K¹ of the per-example K, where the record has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_k_per_example: Option<f64>,
    /// Bound on its absolute error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_k_per_example_error_bound: Option<f64>,
    /// What that bound says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_k_per_example_error_bound_kind: Option<BoundKind>,
    /// Tr K of the per-example K, where the record has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_k_per_example: Option<f64>,
    /// Bound on its absolute error by rounding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_k_per_example_error_bound: Option<f64>,
}
