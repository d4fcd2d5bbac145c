//! Products of positions with positions, a group at a time.

use burn::tensor::Tensor;

use super::{Bilinear, Map, Matrix, Share};

/// Matrix products within groups of rows: with G groups,
/// `[G·p, k]` and `[G·q, k]` to `[G·p, q]` where `transposed`, or `[G·p, q]`
/// and `[G·q, k]` to `[G·p, k]`.
#[derive(Clone, Copy, Debug)]
pub struct PerGroup {
    /// G.
    pub groups: usize,
    /// Whether the right factor's rows are multiplied with the left's.
    pub transposed: bool,
}

impl PerGroup {
    fn split(&self, x: &Matrix) -> Tensor<3> {
        let [rows, columns] = x.dims();
        x.clone()
            .reshape([self.groups, rows / self.groups, columns])
    }

    fn join(x: Tensor<3>) -> Matrix {
        let [groups, rows, columns] = x.dims();
        x.reshape([groups * rows, columns])
    }
}

impl Bilinear for PerGroup {
    fn apply(&self, a: &Matrix, b: &Matrix) -> Matrix {
        let (a, b) = (self.split(a), self.split(b));
        let b = if self.transposed {
            b.swap_dims(1, 2)
        } else {
            b
        };
        Self::join(a.matmul(b))
    }

    fn pull_left(&self, c: &Matrix, b: &Matrix) -> Matrix {
        let (c, b) = (self.split(c), self.split(b));
        let b = if self.transposed {
            b
        } else {
            b.swap_dims(1, 2)
        };
        Self::join(c.matmul(b))
    }

    fn pull_right(&self, c: &Matrix, a: &Matrix) -> Matrix {
        let (c, a) = (self.split(c), self.split(a));
        Self::join(if self.transposed {
            c.swap_dims(1, 2).matmul(a)
        } else {
            a.swap_dims(1, 2).matmul(c)
        })
    }

    fn share(&self, _: &Matrix, _: &Matrix, _: usize) -> Option<Share> {
        None
    }
}

/// Columns split among heads, and each head's rows together:
/// `[n·p, h·m]` to `[n·h·p, m]`.
#[derive(Clone, Copy, Debug)]
pub struct Heads {
    /// n.
    pub examples: usize,
    /// h.
    pub heads: usize,
}

impl Map for Heads {
    fn push(&self, x: Matrix) -> Matrix {
        let ([rows, columns], Self { examples, heads }) = (x.dims(), *self);
        let (positions, m) = (rows / examples, columns / heads);
        let x: Tensor<4> = x.reshape([examples, positions, heads, m]);
        x.swap_dims(1, 2).reshape([rows * heads, m])
    }

    fn pull(&self, y: Matrix) -> Matrix {
        let ([rows, m], Self { examples, heads }) = (y.dims(), *self);
        let positions = rows / heads / examples;
        let y: Tensor<4> = y.reshape([examples, heads, positions, m]);
        y.swap_dims(1, 2).reshape([rows / heads, heads * m])
    }
}
