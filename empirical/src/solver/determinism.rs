//! Curvature of an operator that changes between products means nothing.

use crate::operator::LinearOperator;

use super::norm;

/// An operator whose two products with one vector differ.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "two products with the same vector differ by {relative:.1e} of their length, above {tolerance:.1e}: \
     the device's sums are not repeatable, measure on --device flex"
)]
pub struct NotDeterministic {
    /// ‖a − b‖/‖a‖.
    pub relative: f64,
    /// What was allowed.
    pub tolerance: f64,
}

/// Applies `operator` twice to `v` and compares.
///
/// ```
/// use std::cell::Cell;
///
/// use breakeven_empirical::operator::LinearOperator;
/// use breakeven_empirical::solver::check_determinism;
///
/// /// 1, then 2, then 3, …
/// struct Drifting(Cell<f64>);
///
/// impl LinearOperator for Drifting {
///     fn dim(&self) -> usize {
///         1
///     }
///
///     fn apply(&self, v: &[f64]) -> Vec<f64> {
///         self.0.set(self.0.get() + 1.0);
///         vec![self.0.get() * v[0]]
///     }
/// }
///
/// let checked = check_determinism(&Drifting(Cell::new(0.0)), &[1.0], 1e-6);
/// assert!(checked.is_err_and(|error| error.relative == 1.0));
/// ```
///
/// # Errors
/// If the products differ by more than `tolerance` times their length.
pub fn check_determinism(
    operator: &impl LinearOperator,
    v: &[f64],
    tolerance: f64,
) -> Result<(), NotDeterministic> {
    let (first, second) = (operator.apply(v), operator.apply(v));
    let difference: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a - b).collect();
    let (difference, length) = (norm(&difference), norm(&first));
    if difference <= tolerance * length || first.iter().any(|x| !x.is_finite()) {
        return Ok(());
    }
    Err(NotDeterministic {
        relative: difference / length,
        tolerance,
    })
}
