//! Operators made of others.

use super::LinearOperator;

/// A + B.
///
/// ```
/// use breakeven_empirical::operator::{LinearOperator, ScaledOp, SumOp};
/// use nalgebra::dmatrix;
///
/// // diag(1, 2) − ½ diag(4, 6)
/// let half = ScaledOp { factor: -0.5, operator: dmatrix![4.0, 0.0; 0.0, 6.0] };
/// let difference = SumOp(dmatrix![1.0, 0.0; 0.0, 2.0], half);
/// assert_eq!(difference.apply(&[1.0, 1.0]), [-1.0, -1.0]);
/// ```
pub struct SumOp<A, B>(pub A, pub B);

impl<A: LinearOperator, B: LinearOperator> LinearOperator for SumOp<A, B> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let (mut sum, other) = (self.0.apply(v), self.1.apply(v));
        sum.iter_mut().zip(other).for_each(|(a, b)| *a += b);
        sum
    }

    fn quadratic(&self, v: &[f64]) -> f64 {
        self.0.quadratic(v) + self.1.quadratic(v)
    }

    /// Where neither is longer than `scale`: terms that cancel are not known here.
    fn rounding(&self, scale: f64) -> f64 {
        self.0.rounding(scale) + self.1.rounding(scale)
    }
}

/// c A.
pub struct ScaledOp<A> {
    /// c.
    pub factor: f64,
    /// A.
    pub operator: A,
}

impl<A: LinearOperator> LinearOperator for ScaledOp<A> {
    fn dim(&self) -> usize {
        self.operator.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let mut product = self.operator.apply(v);
        product.iter_mut().for_each(|x| *x *= self.factor);
        product
    }

    fn quadratic(&self, v: &[f64]) -> f64 {
        self.factor * self.operator.quadratic(v)
    }

    fn rounding(&self, scale: f64) -> f64 {
        let factor = self.factor.abs();
        match factor > 0.0 {
            true => factor * self.operator.rounding(scale / factor),
            false => 0.0,
        }
    }
}
