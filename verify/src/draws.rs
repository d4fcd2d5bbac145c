//! Random draws by quantiles, a uniform number each.

use rand::Rng;
use statrs::distribution::{ContinuousCDF, Normal};

/// Beyond it lies nothing but the infinite quantile of 1: that of the largest
/// number below 1 is 8.2.
const LARGEST: f64 = 10.0;

/// A uniform number above 0 and at most 1.
pub(crate) fn uniform(rng: &mut impl Rng) -> f64 {
    1.0 - rng.random::<f64>()
}

/// A standard normal variable.
pub(crate) fn normal(rng: &mut impl Rng) -> f64 {
    Normal::standard().inverse_cdf(uniform(rng)).min(LARGEST)
}
