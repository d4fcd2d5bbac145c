//! The exact sign test: of pairs that do not tie, either order is as likely.

use statrs::distribution::{Binomial, DiscreteCDF};

/// P(X ≥ `found`) of `n` fair coins: SciPy's `binomtest(found, n, alternative =
/// "greater")`.
pub fn at_least(found: usize, n: usize) -> f64 {
    match (found, Binomial::new(0.5, n as u64)) {
        (1.., Ok(coins)) => coins.sf(found as u64 - 1),
        _ => 1.0,
    }
}

/// The two-sided p-value of `found` of `n`: SciPy's `binomtest(found, n)`.
///
/// ```
/// use breakeven_verify::sign_test::{at_least, two_sided};
///
/// // Three of three fair coins, and either side of them.
/// assert!((at_least(3, 3) - 1.0 / 8.0).abs() < 1e-12);
/// assert!((two_sided(3, 3) - 1.0 / 4.0).abs() < 1e-12);
/// ```
pub fn two_sided(found: usize, n: usize) -> f64 {
    (2.0 * at_least(found.max(n - found), n)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy 1.17.1: `binomtest(k, n, alternative="greater").pvalue`, and without
    /// an alternative.
    #[test]
    fn the_sign_test_is_scipys() {
        for (k, n, greater, both) in [
            (3, 3, 0.125, 0.25),
            (5, 6, 0.109375, 0.21875),
            (4, 5, 0.1875, 0.375),
            (0, 4, 1.0, 0.125),
            (2, 4, 0.6875, 1.0),
            (17, 20, 0.0012884140014648438, 0.0025768280029296875),
            (0, 0, 1.0, 1.0),
        ] {
            // The error of statrs' incomplete beta function.
            assert!((at_least(k, n) - greater).abs() < 1e-14, "{k} of {n}");
            assert!((two_sided(k, n) - both).abs() < 1e-14, "{k} of {n}");
        }
    }
}
