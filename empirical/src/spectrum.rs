//! Spectra of dense symmetric matrices.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// Eigenvalues, largest first, with their eigenvectors as columns.
///
/// ```
/// use breakeven_empirical::spectrum::Spectrum;
/// use nalgebra::DMatrix;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let matrix = DMatrix::from_row_slice(2, 2, &[2.0, 1.0, 1.0, 2.0]);
/// let spectrum = Spectrum::of(&matrix).ok_or("a number is not finite")?;
/// assert!((spectrum.values[0] - 3.0).abs() < 1e-12 && (spectrum.values[1] - 1.0).abs() < 1e-12);
/// // (1, 1)/√2 belongs to 3.
/// let cosine = spectrum.vectors.column(0).sum().abs() / 2.0_f64.sqrt();
/// assert!((cosine - 1.0).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
pub struct Spectrum {
    /// Largest first.
    pub values: Vec<f64>,
    /// One a column, in the same order.
    pub vectors: DMatrix<f64>,
}

impl Spectrum {
    /// That of a symmetric matrix; absent where a number is not finite, or
    /// there is none.
    pub fn of(matrix: &DMatrix<f64>) -> Option<Self> {
        let (moved, _) = moved(matrix)?;
        let eigenvectors = SymmetricEigen::new(moved).eigenvectors;
        let values: Vec<f64> = (0..eigenvectors.ncols())
            .map(|k| rayleigh_quotient(matrix, &eigenvectors.column(k).into_owned()))
            .collect();
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        Some(Self {
            values: order.iter().map(|&k| values[k]).collect(),
            vectors: eigenvectors.select_columns(&order),
        })
    }

    /// The eigenvalues alone, which are faster found.
    pub fn values_of(matrix: &DMatrix<f64>) -> Option<Vec<f64>> {
        let (moved, shift) = moved(matrix)?;
        let values = moved.symmetric_eigenvalues();
        let mut values: Vec<f64> = values.iter().map(|value| value - shift).collect();
        values.sort_by(|a, b| b.total_cmp(a));
        Some(values)
    }
}

/// vᵀAv/vᵀv: free of the rounding that a shift leaves in an eigenvalue, since
/// its own error is that of the vector squared.
fn rayleigh_quotient(matrix: &DMatrix<f64>, v: &DVector<f64>) -> f64 {
    v.dot(&(matrix * v)) / v.norm_squared()
}

/// A + cI and c = 2‖A‖∞.
///
/// nalgebra's iteration divides by zero where a block of A is zero up to
/// rounding, as that of a dead unit or of gradients that agree, and then
/// answers NaN. No block of A + cI is, since its eigenvalues are from ‖A‖∞ to
/// 3‖A‖∞. Errors stay those of any such solver, a few ε‖A‖.
fn moved(matrix: &DMatrix<f64>) -> Option<(DMatrix<f64>, f64)> {
    let rows = matrix.row_iter();
    let sizes = rows.map(|row| row.iter().map(|x| x.abs()).sum::<f64>());
    let shift = 2.0 * sizes.fold(0.0, f64::max);
    // `max` passes over NaN.
    if matrix.is_empty() || !shift.is_finite() || matrix.iter().any(|x| x.is_nan()) {
        return None;
    }
    let mut moved = matrix.clone();
    for k in 0..moved.nrows() {
        moved[(k, k)] += shift;
    }
    Some((moved, shift))
}
