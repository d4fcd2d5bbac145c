//! Operators made of others.

use super::LinearOperator;

/// A + B.
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

/// P A P, P the projection off some orthonormal vectors: A without what it does on
/// their span.
pub struct DeflatedOp<A> {
    /// A.
    pub operator: A,
    /// Orthonormal, D numbers each.
    pub vectors: Vec<Vec<f64>>,
}

impl<A> DeflatedOp<A> {
    fn project(&self, mut v: Vec<f64>) -> Vec<f64> {
        // Twice, as the first leaves rounding errors of the size of v.
        for e in self.vectors.iter().chain(&self.vectors) {
            let along: f64 = e.iter().zip(&v).map(|(e, x)| e * x).sum();
            v.iter_mut().zip(e).for_each(|(x, e)| *x -= along * e);
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
