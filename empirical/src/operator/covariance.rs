//! The covariance of per-example gradients, and their second moment.

use super::{LinearOperator, Point};
use crate::known::Known;
use crate::network::Written;
use crate::tape::Tangents;

/// K = (1/n) Σ (g_i − g)(g_i − g)ᵀ over a point's subset (paper, Sec. 3).
///
/// A product stores no per-example gradient: Kv = (1/n) Jᵀ(Jv) − g(gᵀv),
/// where row i of J is g_i.
///
/// Of two one-pixel images, 1 of class 0 and 0 of class 1, for a dense layer at θ = 0:
///
/// ```
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
/// # use breakeven_empirical::examples::Examples;
/// # use breakeven_empirical::model::Architecture;
/// # use breakeven_empirical::network::Network;
/// # use breakeven_empirical::operator::{Point, PointSettings};
/// use breakeven_empirical::operator::GradientCovarianceOp;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// # let pixels = compute.matrix(&[1.0, 0.0], [2, 1]);
/// # let examples = Examples::new(pixels, &[0, 1], 2, &compute);
/// # let model = Architecture::Mlp { hidden: vec![] }.build([1, 1, 1], 2)?;
/// # let network = Network::new(&*model, &compute);
/// # let point = Point::new(network, &[0.0; 4], &examples, PointSettings::default());
/// let k = GradientCovarianceOp::of(&point)?;
/// // The gradients are ½(−1, 1) ⊗ (1, 1) and ½(1, −1) ⊗ (0, 1): Tr K = ¼‖g₁ − g₂‖².
/// assert!((k.trace() - 0.625).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
pub struct GradientCovarianceOp<'a>(&'a Point<'a>);

impl<'a> GradientCovarianceOp<'a> {
    /// That of a point's examples; absent where they depend on each other.
    pub fn of(point: &'a Point<'a>) -> Known<Self> {
        point.independent_examples()?;
        Ok(Self(point))
    }

    /// Tr K = (1/n) Σ ‖g_i‖² − ‖g‖², exact up to
    /// [`Self::trace_error`]; 0 where that is all there is of it.
    pub fn trace(&self) -> f64 {
        let trace = self.0.mean_squared_gradient_norm() - self.0.squared_gradient_norm();
        if trace <= self.trace_error() {
            0.0
        } else {
            trace
        }
    }

    /// How far rounding may move the trace.
    pub fn trace_error(&self) -> f64 {
        self.0.rounding(self.0.mean_squared_gradient_norm())
    }
}

impl LinearOperator for GradientCovarianceOp<'_> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let mut product = second_moment(self.0, v);
        let gradient = self.0.gradient();
        let mean = dot(gradient, v);
        for (product, g) in product.iter_mut().zip(gradient) {
            *product -= mean * g;
        }
        product
    }

    /// Kv is a difference: its rounding is that of (1/n) JᵀJv.
    fn rounding(&self, scale: f64) -> f64 {
        self.0.rounding(scale + self.0.squared_gradient_norm())
    }
}

/// F = (1/n) Σ g_i g_iᵀ over a point's subset: K about zero instead of the mean
/// gradient, known as the empirical Fisher. F = K + ggᵀ.
///
/// Of two one-pixel images, 1 of class 0 and 0 of class 1, for a dense layer at θ = 0:
///
/// ```
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
/// # use breakeven_empirical::examples::Examples;
/// # use breakeven_empirical::model::Architecture;
/// # use breakeven_empirical::network::Network;
/// # use breakeven_empirical::operator::{Point, PointSettings};
/// use breakeven_empirical::operator::EmpiricalFisherOp;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// # let pixels = compute.matrix(&[1.0, 0.0], [2, 1]);
/// # let examples = Examples::new(pixels, &[0, 1], 2, &compute);
/// # let model = Architecture::Mlp { hidden: vec![] }.build([1, 1, 1], 2)?;
/// # let network = Network::new(&*model, &compute);
/// # let point = Point::new(network, &[0.0; 4], &examples, PointSettings::default());
/// // The gradients are ½(−1, 1) ⊗ (1, 1) and ½(1, −1) ⊗ (0, 1).
/// let f = EmpiricalFisherOp::of(&point)?;
/// assert!((f.trace() - (1.0 + 0.5) / 2.0).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
pub struct EmpiricalFisherOp<'a>(&'a Point<'a>);

impl<'a> EmpiricalFisherOp<'a> {
    /// That of a point's examples; absent where they depend on each other.
    pub fn of(point: &'a Point<'a>) -> Known<Self> {
        point.independent_examples()?;
        Ok(Self(point))
    }

    /// Tr F = (1/n) Σ ‖g_i‖², exact up to [`Self::trace_error`].
    pub fn trace(&self) -> f64 {
        self.0.mean_squared_gradient_norm()
    }

    /// How far rounding may move the trace.
    pub fn trace_error(&self) -> f64 {
        self.0.rounding(self.trace())
    }
}

impl LinearOperator for EmpiricalFisherOp<'_> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        second_moment(self.0, v)
    }

    fn rounding(&self, scale: f64) -> f64 {
        self.0.rounding(scale)
    }
}

/// (1/n) Jᵀ(Jv).
fn second_moment(point: &Point, v: &[f64]) -> Vec<f64> {
    point.sum_along(v, |written: &Written, t: &Tangents| {
        match t.get(written.loss) {
            Some(along) => written.tape.pull_back_weighted(along),
            None => {
                let parameters = point.parameters().iter();
                parameters.map(|part| part.zeros_like()).collect()
            }
        }
    })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
