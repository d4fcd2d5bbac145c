//! What a step of SGD does to distances, on average.

use super::LinearOperator;

/// E\[(I − ηH_B)²\], the mean over matrices H_B of mini-batches: by as much a step
/// of SGD multiplies E\[‖δ‖²\] of a distance δ between two weights, where gradients
/// are linear. Its largest eigenvalue is the counterpart in all dimensions of the
/// left side of Eq. 1, which knows the direction of e_H¹ alone.
///
/// ```
/// use breakeven_empirical::operator::{LinearOperator, StepSecondMomentOp};
/// use nalgebra::dmatrix;
///
/// // Curvatures 1 and 3 with η = 1: the mean of 0² and (−2)² is 2, Eq. 1's η²s² + (1 − ηλ)².
/// let batches = vec![dmatrix![1.0], dmatrix![3.0]];
/// let step = StepSecondMomentOp { batches, learning_rate: 1.0 };
/// assert_eq!(step.apply(&[1.0]), [2.0]);
/// ```
pub struct StepSecondMomentOp<A> {
    /// H_B of each mini-batch; at least one.
    pub batches: Vec<A>,
    /// η.
    pub learning_rate: f64,
}

impl<A: LinearOperator> StepSecondMomentOp<A> {
    /// (I − ηH_B) v.
    fn step(&self, batch: &A, v: &[f64]) -> Vec<f64> {
        let mut moved = batch.apply(v);
        for (x, v) in moved.iter_mut().zip(v) {
            *x = v - self.learning_rate * *x;
        }
        moved
    }
}

impl<A: LinearOperator> LinearOperator for StepSecondMomentOp<A> {
    fn dim(&self) -> usize {
        self.batches[0].dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let share = (self.batches.len() as f64).recip();
        let mut mean = vec![0.0; v.len()];
        for batch in &self.batches {
            let twice = self.step(batch, &self.step(batch, v));
            mean.iter_mut()
                .zip(twice)
                .for_each(|(m, x)| *m += share * x);
        }
        mean
    }

    /// The mean of ‖(I − ηH_B) v‖².
    fn quadratic(&self, v: &[f64]) -> f64 {
        let squares = |batch: &A| self.step(batch, v).iter().map(|x| x * x).sum::<f64>();
        self.batches.iter().map(squares).sum::<f64>() / self.batches.len() as f64
    }

    /// Of L batches none has a step longer than √(L·scale).
    fn rounding(&self, scale: f64) -> f64 {
        let longest = (self.batches.len() as f64 * scale).sqrt();
        let eta = self.learning_rate.abs();
        let of_batch = |batch: &A| match eta > 0.0 {
            true => eta * batch.rounding((longest + 1.0) / eta),
            false => 0.0,
        };
        let products = self.batches.iter().map(of_batch).fold(0.0, f64::max);
        2.0 * longest.max(1.0) * (products + f64::EPSILON * longest.max(1.0))
    }
}
