//! Operations that are linear in each of two factors.

use burn::tensor::Tensor;

use super::row::{column_sums, times_row};
use super::{Matrix, Share};

/// An operation that is linear in each of two factors, and what a cotangent of
/// its value says of each.
pub trait Bilinear: Send + Sync {
    /// The value.
    fn apply(&self, a: &Matrix, b: &Matrix) -> Matrix;

    /// What the cotangent `c`, as [`Self::cotangent`] gives it, says of the left
    /// factor.
    fn pull_left(&self, c: &Matrix, b: &Matrix) -> Matrix;

    /// What the cotangent `c`, as [`Self::cotangent`] gives it, says of the right
    /// factor.
    fn pull_right(&self, c: &Matrix, a: &Matrix) -> Matrix;

    /// Each example's share of what the cotangent `c` of the value says of the
    /// right factor, where all `examples` share that; absent where this
    /// operation has no form for it.
    fn share(&self, c: &Matrix, a: &Matrix, examples: usize) -> Option<Share>;

    /// [`Self::share`] of each of several cotangents.
    fn shares(&self, all: &[Matrix], a: &Matrix, examples: usize) -> Option<Vec<Share>> {
        all.iter().map(|c| self.share(c, a, examples)).collect()
    }

    /// The sum of two values.
    fn apply_both(&self, pairs: [(&Matrix, &Matrix); 2]) -> Matrix {
        added(pairs.map(|(a, b)| self.apply(a, b)))
    }

    /// The sum of what two cotangents say of the left factor, each with its
    /// right factor.
    fn pull_left_both(&self, pairs: [(&Matrix, &Matrix); 2]) -> Matrix {
        added(pairs.map(|(c, b)| self.pull_left(c, b)))
    }

    /// Whether this is the matrix product.
    fn is_product(&self) -> bool {
        false
    }

    /// The cotangent of the value as both pulls read it.
    fn cotangent(&self, c: &Matrix) -> Matrix {
        c.clone()
    }
}

fn added([a, b]: [Matrix; 2]) -> Matrix {
    a + b
}

/// The matrix product `a · w`: `[r, k] · [k, m]`.
#[derive(Clone, Copy, Debug)]
pub struct Dense;

impl Bilinear for Dense {
    fn apply(&self, a: &Matrix, w: &Matrix) -> Matrix {
        a.clone().matmul(w.clone())
    }

    fn pull_left(&self, c: &Matrix, w: &Matrix) -> Matrix {
        c.clone().matmul(w.clone().transpose())
    }

    fn pull_right(&self, c: &Matrix, a: &Matrix) -> Matrix {
        a.clone().transpose().matmul(c.clone())
    }

    fn share(&self, c: &Matrix, a: &Matrix, examples: usize) -> Option<Share> {
        Some(Share::factors(a.clone(), c.clone(), examples))
    }

    fn is_product(&self) -> bool {
        true
    }
}

/// `a ∘ b`, number by number: both `[r, m]`.
#[derive(Clone, Copy, Debug)]
pub struct Hadamard;

impl Bilinear for Hadamard {
    fn apply(&self, a: &Matrix, b: &Matrix) -> Matrix {
        a.clone() * b.clone()
    }

    fn pull_left(&self, c: &Matrix, b: &Matrix) -> Matrix {
        c.clone() * b.clone()
    }

    fn pull_right(&self, c: &Matrix, a: &Matrix) -> Matrix {
        c.clone() * a.clone()
    }

    fn share(&self, _: &Matrix, _: &Matrix, _: usize) -> Option<Share> {
        None
    }
}

/// Each column of `a` `[r, m]` times its number in the row `b` `[1, m]`.
#[derive(Clone, Copy, Debug)]
pub struct ScaleColumns;

impl Bilinear for ScaleColumns {
    fn apply(&self, a: &Matrix, b: &Matrix) -> Matrix {
        times_row(a.clone(), b)
    }

    fn pull_left(&self, c: &Matrix, b: &Matrix) -> Matrix {
        times_row(c.clone(), b)
    }

    fn pull_right(&self, c: &Matrix, a: &Matrix) -> Matrix {
        column_sums(c.clone() * a.clone())
    }

    fn share(&self, c: &Matrix, a: &Matrix, examples: usize) -> Option<Share> {
        let products = c.clone() * a.clone();
        Some(Share::Whole(row_sums(&products, examples)))
    }
}

/// The sum of each example's rows of `c` `[n·p, m]`: `[n, m]`.
pub(super) fn row_sums(c: &Matrix, examples: usize) -> Matrix {
    let [rows, m] = c.dims();
    let c: Tensor<3> = c.clone().reshape([examples, rows / examples, m]);
    c.sum_dim(1).reshape([examples, m])
}
