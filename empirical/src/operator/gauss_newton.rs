//! The Gauss–Newton matrix of the mean loss.

use super::{LinearOperator, Point};
use crate::network::Written;
use crate::tape::Tangents;

/// G = (1/n) Σ J_iᵀ(∇²ℓ_i)J_i over a point's subset, J_i the Jacobian of the
/// network's outputs on example i by θ and ∇²ℓ_i the second derivative of the loss by
/// these outputs (Schraudolph, *Fast Curvature Matrix-Vector Products*, 2002): H
/// without the second derivatives of the network, and never with a negative
/// eigenvalue.
///
/// For cross entropy and half the squared error it is the Fisher information of the
/// distribution that the outputs stand for, the "true" Fisher. Where examples of a
/// batch depend on each other, J is that of all outputs by θ.
pub struct GaussNewtonOp<'a>(pub &'a Point<'a>);

impl LinearOperator for GaussNewtonOp<'_> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        self.0.sum_along(v, |written: &Written, t: &Tangents| {
            written.tape.pull_back_gauss_newton(written.loss, t)
        })
    }

    fn rounding(&self, scale: f64) -> f64 {
        self.0.rounding(scale)
    }
}
