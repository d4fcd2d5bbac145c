//! Cotangents that a sweep backwards gathers.

use burn::tensor::Tensor;

use super::host::by_columns;
use super::{Bilinear, Dense, Matrix, Var};

/// What the operations that a sweep has passed say of each value.
pub(super) struct Cotangents(Vec<Gathered>);

#[derive(Clone, Default)]
struct Gathered {
    sum: Option<Matrix>,
    /// Cotangents c of products with the value as their right factor, and left
    /// factors a, whose `aᵀ c` are to be added.
    products: Vec<(Matrix, Matrix)>,
    /// The value by columns.
    by_columns: Option<Matrix>,
}

impl Cotangents {
    /// Nothing yet of as many values.
    pub(super) fn none(values: usize) -> Self {
        Self(vec![Gathered::default(); values])
    }

    /// What has been said of the value numbered `k`.
    pub(super) fn take(&mut self, k: usize) -> Option<Matrix> {
        let Gathered {
            mut sum, products, ..
        } = std::mem::take(&mut self.0[k]);
        if !products.is_empty() {
            // A recurrent network's weight is read at each step: one product
            // over the rows of all.
            let (c, a): (Vec<_>, Vec<_>) = products.into_iter().unzip();
            let product = Dense.pull_right(&Tensor::cat(c, 0), &Tensor::cat(a, 0));
            super::sums::add(&mut sum, Some(product));
        }
        sum
    }

    /// What has been said of `var` as a sum, to be changed.
    pub(super) fn sum(&mut self, var: Var) -> &mut Option<Matrix> {
        &mut self.0[var.0].sum
    }

    /// Adds a share.
    pub(super) fn add(&mut self, var: Var, share: Option<Matrix>) {
        super::sums::add(self.sum(var), share);
    }

    /// `value`, which is that of `b`, as products with its transpose read it: its
    /// columns one after the other, or each of them would order it anew.
    pub(super) fn by_columns(&mut self, b: Var, value: &Matrix) -> Matrix {
        let own = &mut self.0[b.0].by_columns;
        own.get_or_insert_with(|| by_columns(value)).clone()
    }

    /// Adds `aᵀ c`.
    pub(super) fn add_product(&mut self, var: Var, c: Matrix, a: Matrix) {
        self.0[var.0].products.push((c, a));
    }
}
