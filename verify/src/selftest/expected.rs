//! Power that a formula gives.

use statrs::distribution::{ContinuousCDF, Normal};

use super::scenario::Scenario;
use super::study::{SEEDS, TWO_LEVELS};

/// The chance of a right verdict, where it is known.
///
/// Five seeds at two levels reach p = 1/32, and no other outcome is below 0.7·0.05:
/// the verdict is there just where all five are in order. One is where the
/// difference of two logarithms, normal with mean Δ and variance 2σ², has the
/// right sign: Φ(Δ/(σ√2))⁵.
pub fn power(scenario: Scenario) -> Option<f64> {
    if scenario != Scenario::TwoLevels {
        return None;
    }
    let in_order = Normal::standard().cdf(TWO_LEVELS.gap / (TWO_LEVELS.spread * 2_f64.sqrt()));
    Some(in_order.powi(SEEDS as i32))
}
