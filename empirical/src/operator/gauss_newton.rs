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
///
/// Of two one-pixel images, 1 of class 0 and 0 of class 1, for a dense layer at θ = 0:
///
/// ```
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
/// # use breakeven_empirical::examples::Examples;
/// # use breakeven_empirical::model::Architecture;
/// # use breakeven_empirical::network::Network;
/// # use breakeven_empirical::operator::{Point, PointSettings};
/// use breakeven_empirical::operator::{GaussNewtonOp, LinearOperator};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// # let pixels = compute.matrix(&[1.0, 0.0], [2, 1]);
/// # let examples = Examples::new(pixels, &[0, 1], 2, &compute);
/// # let model = Architecture::Mlp { hidden: vec![] }.build([1, 1, 1], 2)?;
/// # let network = Network::new(&*model, &compute);
/// # let point = Point::new(network, &[0.0; 4], &examples, PointSettings::default());
/// // One layer has no second derivatives: G = H = ¼(1 −1; −1 1) ⊗ ½(1 1; 1 2).
/// let product = GaussNewtonOp(&point).apply(&[1.0, 0.0, 0.0, 0.0]);
/// let column = [0.125, -0.125, 0.125, -0.125];
/// assert!(product.iter().zip(column).all(|(found, exact)| (found - exact).abs() < 1e-15));
/// # Ok(())
/// # }
/// ```
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
