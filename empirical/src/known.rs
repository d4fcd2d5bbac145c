//! Quantities that may not exist.

use std::collections::BTreeMap;

/// A quantity, or why it does not exist at this point: a ratio of zeros, a
/// direction in an eigenspace of more than one dimension.
///
/// ```
/// use breakeven_empirical::known::Known;
/// use breakeven_empirical::random::{Purpose, stream};
/// use breakeven_empirical::solver::Lanczos;
/// use nalgebra::DMatrix;
///
/// let mut rng = stream(0, Purpose::Start, 0);
/// let found = Lanczos::new(1, 1e-6).solve(&DMatrix::identity(2, 2), &[], &mut rng);
/// // Every direction is an eigenvector of the identity.
/// let top: Known<&[f64]> = found.top_vector("I");
/// assert!(top.is_err_and(|why| why.contains("repeated")));
/// ```
pub type Known<T> = Result<T, String>;

/// The quantity of `field`, or nothing and a note why.
pub(crate) fn keep<T>(
    absent: &mut BTreeMap<String, String>,
    field: &str,
    found: Known<T>,
) -> Option<T> {
    found
        .map_err(|why| absent.insert(field.to_owned(), why))
        .ok()
}
