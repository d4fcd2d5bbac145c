//! Cross entropy of a softmax, with its first two derivatives.

use burn::tensor::activation::softmax;

use super::Matrix;

/// True classes as rows of zeros and a one, `[n, classes]`.
#[derive(Clone, Debug)]
pub struct Targets(pub Matrix);

/// ℓ = log Σ exp z − z_y for each row of logits z. With p = softmax(z), the
/// gradient is p − y and the Hessian diag(p) − ppᵀ.
pub(super) struct CrossEntropy {
    probabilities: Matrix,
    /// p − y.
    gradient: Matrix,
}

impl CrossEntropy {
    /// The operation and its value, `[n, 1]`.
    pub(super) fn new(logits: &Matrix, Targets(targets): &Targets) -> (Self, Matrix) {
        let largest = logits.clone().max_dim(1);
        let shifted = logits.clone() - largest;
        let log_sum = shifted.clone().exp().sum_dim(1).log();
        let loss = log_sum - (shifted * targets.clone()).sum_dim(1);
        let probabilities = softmax(logits.clone(), 1);
        let gradient = probabilities.clone() - targets.clone();
        let op = Self {
            probabilities,
            gradient,
        };
        (op, loss)
    }

    /// ℓ̇ = (p − y)·ż, `[n, 1]`.
    pub(super) fn tangent(&self, dz: &Matrix) -> Matrix {
        (self.gradient.clone() * dz.clone()).sum_dim(1)
    }

    /// ℓ̈ = żᵀ(diag p − ppᵀ)ż + (p − y)·z̈, `[n, 1]`.
    pub(super) fn second(&self, dz: &Matrix, ddz: Option<&Matrix>) -> Matrix {
        let curved = (dz.clone() * self.hessian_product(dz)).sum_dim(1);
        match ddz {
            Some(ddz) => curved + self.tangent(ddz),
            None => curved,
        }
    }

    /// (p − y)·c for a weight c on each example, `[n, classes]`.
    pub(super) fn pull(&self, c: &Matrix) -> Matrix {
        self.gradient.clone() * c.clone()
    }

    /// The derivative of [`Self::pull`] along ż, c fixed.
    pub(super) fn pull_tangent(&self, dz: &Matrix, c: &Matrix) -> Matrix {
        self.hessian_product(dz) * c.clone()
    }

    /// (diag p − ppᵀ)ż, row by row.
    fn hessian_product(&self, dz: &Matrix) -> Matrix {
        let weighted = self.probabilities.clone() * dz.clone();
        let mean = weighted.clone().sum_dim(1);
        weighted - self.probabilities.clone() * mean
    }
}
