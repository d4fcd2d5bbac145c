//! The matrices that are measured, as operators on vectors of θ's space.

mod covariance;
mod hessian;
mod mini_batch;
mod point;

pub use covariance::GradientCovarianceOp;
pub use hessian::HessianOp;
pub use mini_batch::{BatchSharpness, MiniBatchCovariance, MiniBatchGradients};
pub use point::{Point, PointSettings};

/// A symmetric linear map of ℝ^D.
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
}
