//! Products that are linear in each of two factors, and what a cotangent of
//! the product says of each.

use burn::tensor::Tensor;

use super::{Convolution, Matrix};

/// A bilinear product.
pub(super) enum Product {
    /// `a · w`: `[r, k] · [k, m]`.
    Dense,
    /// The neighbourhoods of the pixels of `a` times `w`.
    Convolution(Convolution),
}

impl Product {
    /// The product itself.
    pub(super) fn apply(&self, a: &Matrix, w: &Matrix) -> Matrix {
        match self {
            Self::Dense => a.clone().matmul(w.clone()),
            Self::Convolution(convolution) => convolution.apply(a, w),
        }
    }

    /// The sum of two products.
    pub(super) fn apply_both(&self, pairs: [(&Matrix, &Matrix); 2]) -> Matrix {
        match self {
            Self::Dense => added(pairs.map(|(a, w)| self.apply(a, w))),
            Self::Convolution(convolution) => convolution.apply_both(pairs),
        }
    }

    /// The product's cotangent as both pulls read it.
    pub(super) fn cotangent(&self, c: &Matrix) -> Matrix {
        match self {
            Self::Dense => c.clone(),
            Self::Convolution(convolution) => convolution.spread(c),
        }
    }

    /// What the cotangent `c` says of the left factor: `c · wᵀ`.
    pub(super) fn pull_left(&self, c: &Matrix, w: &Matrix) -> Matrix {
        match self {
            Self::Dense => c.clone().matmul(w.clone().transpose()),
            Self::Convolution(convolution) => convolution.pull_left(c, w),
        }
    }

    /// The sum of what two cotangents say of the left factor, each with its
    /// right factor.
    pub(super) fn pull_left_both(&self, pairs: [(&Matrix, &Matrix); 2]) -> Matrix {
        match self {
            Self::Dense => added(pairs.map(|(c, w)| self.pull_left(c, w))),
            Self::Convolution(convolution) => convolution.pull_left_both(pairs),
        }
    }

    /// What the cotangent `c` says of the right factor: `aᵀ · c`.
    pub(super) fn pull_right(&self, c: &Matrix, a: &Matrix) -> Matrix {
        match self {
            Self::Dense => a.clone().transpose().matmul(c.clone()),
            Self::Convolution(convolution) => convolution.pull_right(c, a),
        }
    }

    /// The squared norm of each example's share of `pull_right`, `[n, 1]`,
    /// summed over several cotangents.
    pub(super) fn share_norms(&self, all: &[Matrix], a: &Matrix, examples: usize) -> Matrix {
        let patches;
        let a = match self {
            Self::Dense => a,
            Self::Convolution(convolution) => {
                patches = convolution.patches(a);
                &patches
            }
        };
        let norms = all.iter().map(|c| share_norms(c, a, examples));
        norms.reduce(|a, b| a + b).expect("a node has a cotangent")
    }
}

fn added([a, b]: [Matrix; 2]) -> Matrix {
    a + b
}

/// ‖aᵢᵀcᵢ‖² of each example's rows of `a` `[n·p, k]` and `c` `[n·p, m]`.
fn share_norms(c: &Matrix, a: &Matrix, examples: usize) -> Matrix {
    let ([rows, k], [_, m]) = (a.dims(), c.dims());
    let positions = rows / examples;
    if positions == 1 {
        return a.clone().square().sum_dim(1) * c.clone().square().sum_dim(1);
    }
    let a: Tensor<3> = a.clone().reshape([examples, positions, k]);
    let c: Tensor<3> = c.clone().reshape([examples, positions, m]);
    let gradients: Matrix = a.swap_dims(1, 2).matmul(c).reshape([examples, k * m]);
    gradients.square().sum_dim(1)
}
