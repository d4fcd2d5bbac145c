//! The Hessian of the mean loss.

use super::{LinearOperator, Point};
use crate::network::Written;
use crate::tape::Tangents;

/// H, the Hessian of the mean loss over a point's subset.
///
/// A product is exact: tangents along v are pushed forwards, then the
/// derivative of the gradient along v is pulled back (Pearlmutter, 1994).
///
/// Of two one-pixel images, 1 of class 0 and 0 of class 1, for a dense layer at θ = 0:
///
/// ```
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
/// # use breakeven_empirical::examples::Examples;
/// # use breakeven_empirical::model::Architecture;
/// # use breakeven_empirical::network::Network;
/// # use breakeven_empirical::operator::{Point, PointSettings};
/// use breakeven_empirical::operator::{HessianOp, LinearOperator};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// # let pixels = compute.matrix(&[1.0, 0.0], [2, 1]);
/// # let examples = Examples::new(pixels, &[0, 1], 2, &compute);
/// # let model = Architecture::Mlp { hidden: vec![] }.build([1, 1, 1], 2)?;
/// # let network = Network::new(&*model, &compute);
/// # let point = Point::new(network, &[0.0; 4], &examples, PointSettings::default());
/// // H = ¼(1 −1; −1 1) ⊗ ½(1 1; 1 2), the pixel's two weights before the two biases.
/// let product = HessianOp(&point).apply(&[1.0, 0.0, 0.0, 0.0]);
/// let column = [0.125, -0.125, 0.125, -0.125];
/// assert!(product.iter().zip(column).all(|(found, exact)| (found - exact).abs() < 1e-15));
/// # Ok(())
/// # }
/// ```
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
