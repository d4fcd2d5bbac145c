//! Quantities that may not exist.

use std::collections::BTreeMap;

/// A quantity, or why it does not exist at this point: a ratio of zeros, a
/// direction in an eigenspace of more than one dimension.
///
/// ```
/// use breakeven_empirical::known::Known;
/// use breakeven_empirical::random::{Purpose, stream};
/// use breakeven_empirical::solver::Lanczos;
/// # use breakeven_empirical::operator::LinearOperator;
/// # struct Identity;
/// # impl LinearOperator for Identity {
/// #     fn dim(&self) -> usize {
/// #         2
/// #     }
/// #     fn apply(&self, v: &[f64]) -> Vec<f64> {
/// #         v.to_vec()
/// #     }
/// # }
///
/// let mut rng = stream(0, Purpose::Start, 0);
/// let found = Lanczos::new(1, 1e-6).solve(&Identity, &[], &mut rng);
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
