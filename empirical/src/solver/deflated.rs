//! An operator without some of its eigenvectors.

use super::take_out;
use crate::operator::LinearOperator;

/// P A P, P the projection off some orthonormal vectors: A without what it does on
/// their span.
///
/// ```
/// use breakeven_empirical::operator::LinearOperator;
/// use breakeven_empirical::solver::DeflatedOp;
/// use nalgebra::dmatrix;
///
/// let operator = dmatrix![3.0, 0.0; 0.0, 2.0];
/// let without = DeflatedOp { operator, vectors: vec![vec![1.0, 0.0]] };
/// assert_eq!(without.apply(&[1.0, 1.0]), [0.0, 2.0]);
/// ```
pub struct DeflatedOp<A> {
    /// A.
    pub operator: A,
    /// Orthonormal, D numbers each.
    pub vectors: Vec<Vec<f64>>,
}

impl<A> DeflatedOp<A> {
    fn project(&self, mut v: Vec<f64>) -> Vec<f64> {
        // Twice, as the first leaves rounding errors of the size of v.
        for _ in 0..2 {
            take_out(&self.vectors, &mut v);
        }
        v
    }
}

impl<A: LinearOperator> LinearOperator for DeflatedOp<A> {
    fn dim(&self) -> usize {
        self.operator.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        self.project(self.operator.apply(&self.project(v.to_vec())))
    }

    fn quadratic(&self, v: &[f64]) -> f64 {
        self.operator.quadratic(&self.project(v.to_vec()))
    }

    /// Where A itself is no longer than `scale`.
    fn rounding(&self, scale: f64) -> f64 {
        self.operator.rounding(scale)
    }
}
