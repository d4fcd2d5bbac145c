//! Choosing and joining rows and columns.

use burn::tensor::{IndexingUpdateOp, Int, Tensor};

use super::host::{self, on_host};
use super::{Bilinear, Map, Matrix, Share};

/// Row r of the value is `a_r` times row `ids_r` of the right factor: an
/// embedding, for `a` of ones `[n·p, 1]` (zeros where there is no word).
#[derive(Clone, Debug)]
pub struct Lookup {
    /// Rows of the right factor, one a row of the value.
    pub ids: Tensor<1, Int>,
    /// Rows of the right factor.
    pub rows: usize,
}

impl Bilinear for Lookup {
    fn apply(&self, a: &Matrix, b: &Matrix) -> Matrix {
        b.clone().select(0, self.ids.clone()) * a.clone()
    }

    fn pull_left(&self, c: &Matrix, b: &Matrix) -> Matrix {
        (c.clone() * b.clone().select(0, self.ids.clone())).sum_dim(1)
    }

    fn pull_right(&self, c: &Matrix, a: &Matrix) -> Matrix {
        let [_, m] = c.dims();
        // `Tensor::zeros` would be copied once more, to be aligned.
        let none = Matrix::full([self.rows, m], 0.0, (&c.device(), c.dtype()));
        let rows = c.clone() * a.clone();
        none.select_assign(0, self.ids.clone(), rows, IndexingUpdateOp::Add)
    }

    fn share(&self, c: &Matrix, a: &Matrix, examples: usize) -> Option<Share> {
        let [rows, m] = c.dims();
        let positions = rows / examples;
        Some(Share::Scattered {
            ids: self.ids.clone().reshape([examples, positions]),
            right: (c.clone() * a.clone()).reshape([examples, positions, m]),
        })
    }
}

/// `count` columns from the one numbered `first`, of `all`.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// The first of them.
    pub first: usize,
    /// How many.
    pub count: usize,
    /// Of how many.
    pub all: usize,
}

impl Map for Columns {
    fn push(&self, x: Matrix) -> Matrix {
        // Of a few columns among many a copy would read too much.
        if self.count * 4 < self.all {
            return x.narrow(1, self.first, self.count);
        }
        columns(x, &[[self.first, self.count]]).remove(0)
    }

    fn pull(&self, y: Matrix) -> Matrix {
        let after = self.all - self.first - self.count;
        y.pad([(0, 0), (self.first, after)], 0.0)
    }

    fn pull_onto(&self, total: Matrix, c: Matrix) -> Matrix {
        on_host!(
            total,
            T => host::add_columns::<T>(total, self.first, c),
            else {
                let [rows, _] = c.dims();
                let here = [0..rows, self.first..self.first + self.count];
                let sum = total.clone().slice(here.clone()) + c;
                total.slice_assign(here, sum)
            }
        )
    }
}

/// Parts of `x`, each so many columns from a first one: `[first, count]`.
pub(super) fn columns(x: Matrix, parts: &[[usize; 2]]) -> Vec<Matrix> {
    let view = |&[first, count]: &[usize; 2]| x.clone().narrow(1, first, count);
    on_host!(
        x,
        T => host::columns::<T>(x, parts),
        else parts.iter().map(view).collect()
    )
}

/// One position of each example: rows `[n·p, m]` to `[n, m]`.
#[derive(Clone, Copy, Debug)]
pub struct EachStep {
    /// Which position.
    pub step: usize,
    /// Of how many, p.
    pub steps: usize,
}

impl EachStep {
    /// Its columns, where all of an example stand in one row.
    fn columns(&self, m: usize) -> Columns {
        Columns {
            first: self.step * m,
            count: m,
            all: self.steps * m,
        }
    }

    fn together(&self) -> Together {
        Together {
            positions: self.steps,
        }
    }
}

impl Map for EachStep {
    fn push(&self, x: Matrix) -> Matrix {
        let [_, m] = x.dims();
        self.columns(m).push(self.together().push(x))
    }

    fn pull(&self, y: Matrix) -> Matrix {
        let [_, m] = y.dims();
        self.together().pull(self.columns(m).pull(y))
    }

    // A network that reads one step after another would else add as many whole
    // sequences of zeros.
    fn pull_onto(&self, total: Matrix, c: Matrix) -> Matrix {
        let [_, m] = c.dims();
        let all = self.together().push(total);
        self.together().pull(self.columns(m).pull_onto(all, c))
    }
}

/// Some rows, in this order: `[rows, m]` to `[ids, m]`.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Which.
    pub ids: Tensor<1, Int>,
    /// Of how many.
    pub rows: usize,
}

impl Map for Rows {
    fn push(&self, x: Matrix) -> Matrix {
        x.select(0, self.ids.clone())
    }

    fn pull(&self, y: Matrix) -> Matrix {
        let [_, m] = y.dims();
        let none: Matrix = Tensor::zeros([self.rows, m], (&y.device(), y.dtype()));
        none.select_assign(0, self.ids.clone(), y, IndexingUpdateOp::Add)
    }
}

/// All rows of an example as one: `[n·p, m]` to `[n, p·m]`.
#[derive(Clone, Copy, Debug)]
pub struct Together {
    /// p.
    pub positions: usize,
}

impl Map for Together {
    fn push(&self, x: Matrix) -> Matrix {
        let [rows, m] = x.dims();
        x.reshape([rows / self.positions, self.positions * m])
    }

    fn pull(&self, y: Matrix) -> Matrix {
        let [examples, all] = y.dims();
        y.reshape([examples * self.positions, all / self.positions])
    }
}
