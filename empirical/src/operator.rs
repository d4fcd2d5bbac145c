//! The matrices that are measured, as operators on vectors of θ's space.

mod combined;
mod covariance;
mod gauss_newton;
mod gram;
mod hessian;
mod mini_batch;
mod point;
mod step;

pub use combined::{ScaledOp, SumOp};
pub use covariance::{EmpiricalFisherOp, GradientCovarianceOp};
pub use gauss_newton::GaussNewtonOp;
pub use gram::GramSpectrum;
pub use hessian::HessianOp;
pub use mini_batch::{BatchSharpness, MiniBatchCovariance, MiniBatchGradients};
pub use point::{Point, PointSettings};
pub use step::StepSecondMomentOp;

use nalgebra::{DMatrix, DVectorView};

use crate::compute::ROUNDING_UNITS;

/// A symmetric linear map of ℝ^D, which a [`DMatrix`] is too.
///
/// ```
/// use breakeven_empirical::operator::LinearOperator;
///
/// /// A diagonal matrix.
/// struct Diagonal(Vec<f64>);
///
/// impl LinearOperator for Diagonal {
///     fn dim(&self) -> usize {
///         self.0.len()
///     }
///
///     fn apply(&self, v: &[f64]) -> Vec<f64> {
///         self.0.iter().zip(v).map(|(a, v)| a * v).collect()
///     }
/// }
///
/// assert_eq!(Diagonal(vec![1.0, 2.0]).quadratic(&[3.0, 4.0]), 9.0 + 2.0 * 16.0);
/// ```
pub trait LinearOperator {
    /// D.
    fn dim(&self) -> usize;
    /// `A v`.
    ///
    /// # Panics
    /// If `v` does not have D numbers.
    fn apply(&self, v: &[f64]) -> Vec<f64>;

    /// `vᵀA v`, which some can have for less than a product.
    ///
    /// # Panics
    /// If `v` does not have D numbers.
    fn quadratic(&self, v: &[f64]) -> f64 {
        let product = self.apply(v);
        v.iter().zip(product).map(|(v, av)| v * av).sum()
    }

    /// How far rounding may move a product with a unit vector, ‖fl(Av) − Av‖,
    /// where ‖A‖ is about `scale`: sixteen units in the last place, unless an
    /// operator knows better.
    fn rounding(&self, scale: f64) -> f64 {
        ROUNDING_UNITS * f64::EPSILON * scale
    }
}

/// All eigenvalues of an operator that may differ from zero, none of which is
/// negative, each up to an error: what a Gram matrix says.
pub(crate) trait Approximate {
    /// Largest first; 0 where they can't be told from it.
    fn values(&self) -> &[f64];
    /// How far one of this size may lie from the eigenvalue.
    fn error(&self, value: f64) -> f64;
    /// About the eigenvector of the k-th value, which is not 0.
    fn vector(&self, k: usize) -> Vec<f64>;
}

/// A dense symmetric matrix.
impl LinearOperator for DMatrix<f64> {
    fn dim(&self) -> usize {
        self.nrows()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let product = self * DVectorView::from_slice(v, v.len());
        product.as_slice().to_vec()
    }

    /// Of sums of D terms.
    fn rounding(&self, scale: f64) -> f64 {
        ROUNDING_UNITS.max(self.nrows() as f64) * f64::EPSILON * scale
    }
}

impl<A: LinearOperator + ?Sized> LinearOperator for &A {
    fn dim(&self) -> usize {
        (**self).dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        (**self).apply(v)
    }

    fn quadratic(&self, v: &[f64]) -> f64 {
        (**self).quadratic(v)
    }

    fn rounding(&self, scale: f64) -> f64 {
        (**self).rounding(scale)
    }
}
