//! One example's share of a gradient, without the gradient.

use burn::tensor::{Int, Tensor};

use super::Matrix;

/// The gradients of n examples by one parameter, in the form in which they
/// take the least memory.
#[derive(Clone, Debug)]
pub enum Share {
    /// `Σ_t left_tᵀ right_t` over an example's positions t: `[n, p, k]` and
    /// `[n, p, m]`.
    Factors {
        /// Rows that the parameter was multiplied with.
        left: Tensor<3>,
        /// Cotangents of the products.
        right: Tensor<3>,
    },
    /// Rows `right_t` `[n, p, m]` at the rows `ids` `[n, p]` of the parameter.
    Scattered {
        /// Which row of the parameter.
        ids: Tensor<2, Int>,
        /// What is added there.
        right: Tensor<3>,
    },
    /// All of them, one a row: `[n, numbers]`.
    Whole(Matrix),
}

impl Share {
    /// From rows `[n·p, k]` and cotangents `[n·p, m]`.
    pub fn factors(a: Matrix, c: Matrix, examples: usize) -> Self {
        let ([rows, k], [_, m]) = (a.dims(), c.dims());
        Self::Factors {
            left: a.reshape([examples, rows / examples, k]),
            right: c.reshape([examples, rows / examples, m]),
        }
    }

    /// The sum of two; absent where their forms differ.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        Some(match (self, other) {
            (
                Self::Factors { left, right },
                Self::Factors {
                    left: more_left,
                    right: more_right,
                },
            ) => Self::Factors {
                left: Tensor::cat(vec![left, more_left], 1),
                right: Tensor::cat(vec![right, more_right], 1),
            },
            (
                Self::Scattered { ids, right },
                Self::Scattered {
                    ids: more_ids,
                    right: more_right,
                },
            ) => Self::Scattered {
                ids: Tensor::cat(vec![ids, more_ids], 1),
                right: Tensor::cat(vec![right, more_right], 1),
            },
            (Self::Whole(a), Self::Whole(b)) => Self::Whole(a + b),
            _ => return None,
        })
    }

    /// The squared length of each example's gradient, `[n, 1]`.
    pub(super) fn squared_norms(self) -> Matrix {
        match self {
            Self::Whole(gradients) => gradients.square().sum_dim(1),
            Self::Factors { left, right } => {
                let ([n, positions, k], [_, _, m]) = (left.dims(), right.dims());
                if positions == 1 {
                    let squares = |x: Tensor<3>, columns| -> Matrix {
                        x.reshape([n, columns]).square().sum_dim(1)
                    };
                    return squares(left, k) * squares(right, m);
                }
                if k * m <= positions * positions {
                    let gradients = left.swap_dims(1, 2).matmul(right);
                    return gradients.reshape([n, k * m]).square().sum_dim(1);
                }
                total(gram(left) * gram(right))
            }
            Self::Scattered { ids, right } => {
                let [n, positions] = ids.dims();
                let across: Tensor<3, Int> = ids.clone().reshape([n, positions, 1]);
                let down: Tensor<3, Int> = ids.reshape([n, 1, positions]);
                let pairs = [n, positions, positions];
                let same = across.expand(pairs).equal(down.expand(pairs));
                let products = gram(right);
                let same = same.float().cast(products.dtype());
                total(products * same)
            }
        }
    }
}

/// Inner products of the positions' rows: `[n, p, p]` of `[n, p, m]`.
fn gram(x: Tensor<3>) -> Tensor<3> {
    x.clone().matmul(x.swap_dims(1, 2))
}

fn total(products: Tensor<3>) -> Matrix {
    let [n, p, q] = products.dims();
    products.reshape([n, p * q]).sum_dim(1)
}
