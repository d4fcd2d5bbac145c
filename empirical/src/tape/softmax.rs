//! Softmax of each row.

use burn::tensor::activation;

use super::map::size;
use super::{Map, Matrix};

/// p = softmax(x) of each row, with J = diag p − ppᵀ.
pub struct Softmax {
    probabilities: Matrix,
}

impl Softmax {
    /// At `x`, and its value. A number of −∞ has the probability 0; each row
    /// needs one that is not.
    pub fn of(x: &Matrix) -> (Self, Matrix) {
        let probabilities = activation::softmax(x.clone(), 1);
        let op = Self {
            probabilities: probabilities.clone(),
        };
        (op, probabilities)
    }
}

impl Map for Softmax {
    fn push(&self, dx: Matrix) -> Matrix {
        let weighted = self.probabilities.clone() * dx;
        let mean = weighted.clone().sum_dim(1);
        weighted - self.probabilities.clone() * mean
    }

    fn pull(&self, c: Matrix) -> Matrix {
        self.push(c)
    }

    fn bends(&self) -> bool {
        true
    }

    // With ṗ = J dx: ṗ ∘ (v − p·v) − p (ṗ·v).
    fn bend(&self, dx: &Matrix, v: &Matrix) -> Matrix {
        let p = &self.probabilities;
        let moved = self.push(dx.clone());
        let mean = (p.clone() * v.clone()).sum_dim(1);
        let change = (moved.clone() * v.clone()).sum_dim(1);
        moved * (v.clone() - mean) - p.clone() * change
    }

    fn numbers(&self) -> usize {
        size(&self.probabilities)
    }
}
