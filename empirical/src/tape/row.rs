//! Sums of columns, and what is done with one row to each row of a matrix.
//!
//! A processor's loops over rows of a few channels end before they have begun.
//! So several rows are taken as one wide row where they lie in a row in memory.
//! Sums are shorter then, and more exact.

use burn::tensor::Device;

use super::Matrix;

/// Numbers of a wide row, at most.
const WIDE: usize = 1024;

/// Rows of `x` that are taken as one.
fn rows_in_one(x: &Matrix) -> usize {
    let [rows, columns] = x.dims();
    let most = (WIDE / columns.max(1)).clamp(1, rows.max(1));
    (1..=most).rev().find(|k| rows % k == 0).unwrap_or(1)
}

/// The sum of each column: `[1, m]`.
pub(super) fn column_sums(x: Matrix) -> Matrix {
    let ([rows, columns], k) = (x.dims(), rows_in_one(&x));
    if k == 1 {
        return x.sum_dim(0);
    }
    let sums = x.reshape([rows / k, k * columns]).sum_dim(0);
    sums.reshape([k, columns]).sum_dim(0)
}

/// The mean of each column: `[1, m]`.
pub(super) fn column_means(x: Matrix) -> Matrix {
    let [rows, _] = x.dims();
    column_sums(x).div_scalar(rows as f64)
}

/// `a + b`, a `b` of one row to each row of `a`.
pub(super) fn plus(a: Matrix, b: &Matrix) -> Matrix {
    match b.dims() {
        [1, _] => with_row(a, b, |a, row| a + row),
        _ => a + b.clone(),
    }
}

/// Each row of `x` minus `row`.
pub(super) fn minus_row(x: Matrix, row: &Matrix) -> Matrix {
    with_row(x, row, |x, row| x - row)
}

/// Each row of `x` times `row`, number by number.
pub(super) fn times_row(x: Matrix, row: &Matrix) -> Matrix {
    with_row(x, row, |x, row| x * row)
}

fn with_row(x: Matrix, row: &Matrix, op: impl Fn(Matrix, Matrix) -> Matrix) -> Matrix {
    let (shape, k) = (x.dims(), rows_in_one(&x));
    let [rows, columns] = shape;
    // Cards have loops of their own.
    if k == 1 || x.device() != Device::flex() {
        return op(x, row.clone());
    }
    let wide = x.reshape([rows / k, k * columns]);
    op(wide, row.clone().repeat_dim(1, k)).reshape(shape)
}
