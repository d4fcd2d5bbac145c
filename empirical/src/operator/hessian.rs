//! The Hessian of the mean loss.

use super::{LinearOperator, Point};
use crate::network::Written;
use crate::tape::Tangents;

/// H, the Hessian of the mean loss over a point's subset.
///
/// A product is exact: tangents along v are pushed forwards, then the
/// derivative of the gradient along v is pulled back (Pearlmutter, 1994).
pub struct HessianOp<'a>(pub &'a Point<'a>);

impl LinearOperator for HessianOp<'_> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let product = |written: &Written, t: &Tangents| written.tape.pull_back_tangent(t);
        self.0.sum_along(v, product)
    }

    /// The mean of the examples' second derivatives along v: two sweeps
    /// forwards, and none backwards.
    fn quadratic(&self, v: &[f64]) -> f64 {
        self.0.quadratic(v)
    }

    fn rounding(&self, scale: f64) -> f64 {
        self.0.rounding(scale)
    }
}
