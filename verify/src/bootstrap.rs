//! Bootstrap intervals of a statistic over seeds: percentiles, as rliable takes
//! them (Agarwal et al., 2021), and Efron's bias-corrected and accelerated ones
//! (BCa; B. Efron, *Better Bootstrap Confidence Intervals*, 1987).
//!
//! Of few values all nⁿ resamples are made, each set of values once with its
//! multinomial weight, so that nothing is random; of more, resamples are drawn
//! from a fixed seed.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::interval::mean;

/// Up to so many values all resamples are made: 6,435 sets of 8.
pub const ALL_OF: usize = 8;
/// So many are drawn of more.
pub const DRAWN: usize = 2_000;

/// A share of the size of statistics that only rounding makes differ.
const ROUNDING: f64 = 1e-12;

/// Resamples of a statistic, sorted, with their weights, whose sum is 1.
struct Resamples(Vec<(f64, f64)>);

/// The interval between the percentiles alpha/2 and 1 − alpha/2 of all
/// resamples, NumPy's `percentile(method="inverted_cdf")`; `None` for fewer than
/// two values, and where resamples do not differ.
///
/// Two values have resamples of means 0, ½ and 1, with chances ¼, ½ and ¼:
///
/// ```
/// use breakeven_verify::bootstrap::percentile_interval;
/// use breakeven_verify::interval::mean;
///
/// assert_eq!(percentile_interval(&[0.0, 1.0], mean, 0.4), Some([0.0, 1.0]));
/// assert_eq!(percentile_interval(&[0.0, 1.0], mean, 0.6), Some([0.5, 0.5]));
/// ```
pub fn percentile_interval(
    values: &[f64],
    statistic: impl Fn(&[f64]) -> f64,
    alpha: f64,
) -> Option<[f64; 2]> {
    let resamples = Resamples::of(values, statistic)?;
    Some([alpha / 2.0, 1.0 - alpha / 2.0].map(|p| resamples.percentile(p)))
}

/// The BCa interval, SciPy's `bootstrap(method="BCa")` but for its interpolated
/// percentiles: with z₀ the normal quantile of the share of resamples below the
/// observed statistic (half of those equal to it), and a = Σd³/(6(Σd²)^{3/2}) of
/// the jackknife's deviations d, it is between the percentiles
/// Φ(z₀ + (z₀ + z)/(1 − a(z₀ + z))) for z the normal quantiles alpha/2 and
/// 1 − alpha/2.
///
/// `None` for fewer than three values, and where resamples, or those of the
/// jackknife, do not differ.
///
/// Of symmetric values nothing is corrected. The least of 27 resamples has a chance
/// of 1/27, which is above 0.025:
///
/// ```
/// use breakeven_verify::bootstrap::bca_interval;
/// use breakeven_verify::interval::mean;
///
/// assert_eq!(bca_interval(&[1.0, 2.0, 3.0], mean, 0.05), Some([1.0, 3.0]));
/// ```
pub fn bca_interval(
    values: &[f64],
    statistic: impl Fn(&[f64]) -> f64,
    alpha: f64,
) -> Option<[f64; 2]> {
    if values.len() < 3 {
        return None;
    }
    let resamples = Resamples::of(values, &statistic)?;
    let acceleration = acceleration(values, &statistic)?;
    let normal = Normal::standard();
    let bias = normal.inverse_cdf(resamples.share_below(statistic(values)));
    let corrected = |p: f64| {
        let z = bias + normal.inverse_cdf(p);
        normal.cdf(bias + z / (1.0 - acceleration * z))
    };
    let interval = [alpha / 2.0, 1.0 - alpha / 2.0].map(|p| resamples.percentile(corrected(p)));
    interval
        .iter()
        .all(|end| end.is_finite())
        .then_some(interval)
}

/// Efron's acceleration by the jackknife.
fn acceleration(values: &[f64], statistic: impl Fn(&[f64]) -> f64) -> Option<f64> {
    let without = |left_out: usize| {
        let mut rest = values.to_vec();
        rest.remove(left_out);
        statistic(&rest)
    };
    let of_rests: Vec<f64> = (0..values.len()).map(without).collect();
    let mean = mean(&of_rests);
    let sum = |power: i32| -> f64 { of_rests.iter().map(|v| (mean - v).powi(power)).sum() };
    let largest = of_rests.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    let spread = sum(2);
    (spread.sqrt() > ROUNDING * largest).then(|| sum(3) / (6.0 * spread.powf(1.5)))
}

impl Resamples {
    fn of(values: &[f64], statistic: impl Fn(&[f64]) -> f64) -> Option<Self> {
        if values.len() < 2 {
            return None;
        }
        let mut found = match values.len() <= ALL_OF {
            true => all(values, statistic),
            false => drawn(values, statistic),
        };
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (low, high) = (found.first()?.0, found.last()?.0);
        let differ = high - low > ROUNDING * low.abs().max(high.abs());
        differ.then_some(Self(found))
    }

    /// The smallest resample that at least the share `p` does not exceed.
    fn percentile(&self, p: f64) -> f64 {
        let mut sum = 0.0;
        for &(statistic, weight) in &self.0 {
            sum += weight;
            // Sums of weights, up to rounding.
            if sum >= p - 1e-12 {
                return statistic;
            }
        }
        self.0.last().map_or(f64::NAN, |(statistic, _)| *statistic)
    }

    /// The share below a number, and half of that equal to it.
    fn share_below(&self, number: f64) -> f64 {
        let largest = self.0.iter().fold(number.abs(), |a, (v, _)| a.max(v.abs()));
        let share = |&(statistic, weight): &(f64, f64)| {
            let beyond = statistic - number;
            if beyond.abs() <= ROUNDING * largest {
                0.5 * weight
            } else if beyond < 0.0 {
                weight
            } else {
                0.0
            }
        };
        self.0.iter().map(share).sum()
    }
}

/// Every set of n of n values, with its share n!/(nⁿ·Π m!) of all resamples.
fn all(values: &[f64], statistic: impl Fn(&[f64]) -> f64) -> Vec<(f64, f64)> {
    let n = values.len();
    let mut found = Vec::new();
    // Indices that never fall.
    let mut chosen = vec![0; n];
    loop {
        let resample: Vec<f64> = chosen.iter().map(|&index| values[index]).collect();
        let mut weight = 1.0;
        let mut run = 0;
        for place in 0..n {
            let repeats = place > 0 && chosen[place] == chosen[place - 1];
            run = if repeats { run + 1 } else { 1 };
            weight *= (place + 1) as f64 / (run * n) as f64;
        }
        found.push((statistic(&resample), weight));
        let Some(place) = chosen.iter().rposition(|&index| index + 1 < n) else {
            return found;
        };
        let next = chosen[place] + 1;
        chosen[place..].fill(next);
    }
}

fn drawn(values: &[f64], statistic: impl Fn(&[f64]) -> f64) -> Vec<(f64, f64)> {
    let mut random = ChaCha12Rng::seed_from_u64(0);
    let mut resample = vec![0.0; values.len()];
    (0..DRAWN)
        .map(|_| {
            for value in &mut resample {
                *value = values[random.random_range(0..values.len())];
            }
            (statistic(&resample), 1.0 / DRAWN as f64)
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests;
