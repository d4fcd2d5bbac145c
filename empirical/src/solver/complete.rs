//! Operators written out as matrices.

use nalgebra::DMatrix;

use super::norm;
use crate::operator::LinearOperator;

/// The symmetric matrix of an operator, from D products; absent where one is
/// not finite.
///
/// ```
/// use breakeven_empirical::solver::write_out;
/// use breakeven_empirical::spectrum::Spectrum;
/// use nalgebra::dmatrix;
///
/// // The eigenvalues of (2 1; 1 2) are 3 and 1.
/// let values = write_out(&dmatrix![2.0, 1.0; 1.0, 2.0]).and_then(|a| Spectrum::values_of(&a));
/// assert!(values.is_some_and(|all| (all[0] - 3.0).abs() < 1e-12 && (all[1] - 1.0).abs() < 1e-12));
/// ```
pub fn write_out(operator: &impl LinearOperator) -> Option<DMatrix<f64>> {
    let dim = operator.dim();
    let mut unit = vec![0.0; dim];
    let mut columns = Vec::with_capacity(dim * dim);
    for k in 0..dim {
        unit[k] = 1.0;
        let column = operator.apply(&unit);
        if !norm(&column).is_finite() {
            return None;
        }
        columns.extend(column);
        unit[k] = 0.0;
    }
    let matrix = DMatrix::from_vec(dim, dim, columns);
    Some((&matrix + matrix.transpose()) / 2.0)
}

/// How far rounding may move the eigenvalues of [`write_out`]'s matrix, whose
/// largest is `scale` in size: that of its columns, whose errors are as good
/// as independent, so that their matrix is no longer than twice a column, and
/// that of a dense solver.
pub fn written_out_error(operator: &impl LinearOperator, scale: f64) -> f64 {
    2.0 * operator.rounding(scale) + operator.dim() as f64 * f64::EPSILON * scale
}
