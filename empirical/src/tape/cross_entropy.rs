//! Cross entropy of a softmax, with its first two derivatives.
//!
//! A loss of e⁻⁴⁰ is as exact as one of 1: 1 − p_y is the sum of the other
//! probabilities, never a difference, and losses go through log(1 + x).

use burn::tensor::activation::softmax;

use super::map::size;
use super::{Map, Matrix};

/// True classes as rows of zeros and a one, `[n, classes]`.
#[derive(Clone, Debug)]
pub struct Targets(pub Matrix);

/// ℓ = log Σ exp z − z_y for each row of logits z. With p = softmax(z), the
/// gradient is p − y and the Hessian diag(p) − ppᵀ.
pub struct CrossEntropy {
    probabilities: Matrix,
    /// p − y.
    gradient: Matrix,
    /// A one at the largest logit of each row, `[n, classes]`.
    largest: Matrix,
}

impl CrossEntropy {
    /// The operation and its value, `[n, 1]`.
    pub fn of(logits: &Matrix, Targets(targets): &Targets) -> (Self, Matrix) {
        let probabilities = softmax(logits.clone(), 1);
        let others = probabilities.clone() * not(targets);
        let gradient = others.clone() - targets.clone() * others.sum_dim(1);
        let largest = logits.zeros_like().scatter(
            1,
            logits.clone().argmax(1),
            logits.clone().max_dim(1).ones_like(),
            burn::tensor::IndexingUpdateOp::Add,
        );
        let loss = losses(logits, targets, &largest);
        let op = Self {
            probabilities,
            gradient,
            largest,
        };
        (op, loss)
    }

    /// ż less its entry at the largest logit, row by row: the same to the
    /// Hessian, which sends constants to zero, but nothing cancels in its
    /// product where that class has nearly all the probability.
    fn beside_largest(&self, dz: &Matrix) -> Matrix {
        dz.clone() - (dz.clone() * self.largest.clone()).sum_dim(1)
    }

    /// (diag p − ppᵀ)ż, row by row.
    fn hessian_product(&self, dz: &Matrix) -> Matrix {
        let weighted = self.probabilities.clone() * dz.clone();
        let mean = weighted.clone().sum_dim(1);
        weighted - self.probabilities.clone() * mean
    }
}

impl Map for CrossEntropy {
    // ℓ̇ = (p − y)·ż, `[n, 1]`.
    fn push(&self, dz: Matrix) -> Matrix {
        (self.gradient.clone() * dz).sum_dim(1)
    }

    // (p − y)·c for a weight c on each example, `[n, classes]`.
    fn pull(&self, c: Matrix) -> Matrix {
        self.gradient.clone() * c
    }

    fn bends(&self) -> bool {
        true
    }

    // żᵀ(diag p − ppᵀ)v, `[n, 1]`.
    fn bend(&self, dz: &Matrix, v: &Matrix) -> Matrix {
        let (dz, v) = (self.beside_largest(dz), self.beside_largest(v));
        (v * self.hessian_product(&dz)).sum_dim(1)
    }

    // (diag p − ppᵀ)ż c.
    fn bend_back(&self, dz: &Matrix, c: &Matrix) -> Matrix {
        self.hessian_product(&self.beside_largest(dz)) * c.clone()
    }

    // For each class c the rows √p_c (e_c − p): the sum of their outer products
    // is diag p − ppᵀ.
    fn hessian_roots(&self) -> Option<Vec<Matrix>> {
        let p = &self.probabilities;
        let [examples, classes] = p.dims();
        let roots = (0..classes)
            .map(|class| {
                let column = |m: Matrix| m.narrow(1, class, 1);
                let own = p
                    .zeros_like()
                    .slice_assign([0..examples, class..class + 1], column(p.ones_like()));
                let others = p.clone() * not(&own);
                let root = own * others.clone().sum_dim(1) - others;
                root * column(p.clone()).sqrt()
            })
            .collect();
        Some(roots)
    }

    fn numbers(&self) -> usize {
        3 * size(&self.probabilities)
    }
}

/// ℓ = (max z − z_y) + log(1 + Σ exp(z_k − max z)), k over all but the one
/// largest: where that is the true class the first term is exactly 0.
fn losses(logits: &Matrix, targets: &Matrix, largest: &Matrix) -> Matrix {
    let shifted = logits.clone() - logits.clone().max_dim(1);
    let others = (shifted.clone().exp() * not(largest)).sum_dim(1);
    others.log1p() - (shifted * targets.clone()).sum_dim(1)
}

/// Ones for zeros and zeros for ones.
fn not(mask: &Matrix) -> Matrix {
    mask.clone().neg().add_scalar(1.0)
}
