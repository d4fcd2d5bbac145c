//! What S ≪ N is needed for. Theorems 1 and 2 hold up to S = N; what fails
//! there is the rule that η and S count through η/S alone.
//!
//! At a fixed distance ηλ_H = 2 − (α/ψ²)·ηp, and p = 1/S up to a relative
//! (S−1)/(N−1): for S ≪ N, ηλ_H at the break-even point stays the same where
//! η and S are doubled together.

use serde::Serialize;

use crate::model::Model;
use crate::noise::Noise;
use crate::parameter::ParameterError;
use crate::sampling::Sampling;

/// Two runs, the second with twice the η and S.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Doubled {
    /// N.
    pub examples: usize,
    /// S of each run.
    pub batch_size: [usize; 2],
    /// η of each run.
    pub learning_rate: [f64; 2],
    /// ηλ_H at the break-even point of each run: the same, says the rule.
    pub rate_times_lambda_h: [f64; 2],
    /// Their relative difference.
    pub difference: f64,
}

/// Batches of one example up to half of all `examples`, with η = ψ²S/α, so
/// that the rule says ηλ_H = 1.
///
/// At S = N/2, ηλ_H is 2 − (N−S)/(N−1), and 2 with twice the batch:
///
/// ```
/// use breakeven_sim::theorem::scaling::doubled;
///
/// let rows = doubled(1000, 1.0, 1.0)?;
/// let half = rows.last().map(|row| row.rate_times_lambda_h).unwrap_or_default();
/// assert!((half[0] - (2.0 - 500.0 / 999.0)).abs() < 1e-12);
/// assert_eq!(half[1], 2.0);
/// # Ok::<(), breakeven_sim::parameter::ParameterError>(())
/// ```
///
/// # Errors
/// Where N is below 2, or α or ψ is not positive.
pub fn doubled(examples: usize, alpha: f64, psi: f64) -> Result<Vec<Doubled>, ParameterError> {
    let sizes = [1000, 100, 10, 4, 2].map(|part| (examples / part).max(1));
    let mut sizes: Vec<usize> = std::iter::once(1).chain(sizes).collect();
    sizes.dedup();
    let reached = |eta: f64, batch_size: usize| -> Result<f64, ParameterError> {
        let sampling = Sampling::new(batch_size, examples)?;
        let model = Model::new(eta, sampling, Noise::FixedDistance { alpha, psi })?;
        // ηp·α/ψ² = Sp ≤ 1 and then ≤ 2·(N − 2S)/(2(N − 1)) < 2: there is one.
        Ok(eta * model.stable_set().break_even().unwrap_or(f64::NAN))
    };
    let row = |size: usize| {
        let eta = psi * psi * size as f64 / alpha;
        let (learning_rate, batch_size) = ([eta, 2.0 * eta], [size, 2 * size]);
        let found = [reached(eta, size)?, reached(2.0 * eta, 2 * size)?];
        let difference = found[1] / found[0] - 1.0;
        Ok(Doubled {
            examples,
            batch_size,
            learning_rate,
            rate_times_lambda_h: found,
            difference,
        })
    };
    sizes.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubling_changes_nothing_for_small_batches_and_a_third_at_half_of_all() {
        // ηλ = 2 − (N−S)/(N−1) before and 2 − (N−2S)/(N−1) after.
        let rows = doubled(1000, 0.7, 0.3).unwrap();
        assert_eq!(rows.len(), 5);
        for row in &rows {
            let expected = row.batch_size.map(|s| 2.0 - (1000.0 - s as f64) / 999.0);
            for (found, expected) in row.rate_times_lambda_h.into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{row:?}");
            }
        }
        assert!(rows[0].difference < 0.0011);
        assert!((rows[4].difference - 1.0 / 3.0).abs() < 0.001);
    }
}
