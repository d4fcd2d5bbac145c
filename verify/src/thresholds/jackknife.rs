//! How far predictions lie from observations, as logarithms, with the jackknife
//! over seeds: runs of one seed share their initial weights and are left out
//! together (J. Tukey, *Bias and confidence in not quite large samples*, 1958).

use std::collections::BTreeSet;

use serde::Serialize;

use super::Known;
use crate::interval;

/// The fewest seeds.
const FEWEST_SEEDS: usize = 3;
/// Logarithms whose standard deviation is no larger are equal but for rounding.
const ROUNDING: f64 = 1e-12;

/// A run with both predictions and the observation, all positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// Which seed it is of.
    pub seed: u64,
    /// ln of the prediction.
    pub predicted: f64,
    /// ln of the null model's.
    pub null: f64,
    /// ln of the observation.
    pub observed: f64,
}

/// A number over runs, and its interval over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The number over all runs.
    pub value: f64,
    /// Its interval; absent where leaving out a seed changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
}

/// What the prediction explains, what the null model does, and how they compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Explains {
    /// R² of the prediction itself: 1 − Σ(ln o − ln p)²/Σ(ln o − mean)².
    pub prediction: Interval,
    /// R² of the null model.
    pub null: Interval,
    /// ln of Σ(ln o − ln p)² over the same sum of the null model: below 0 where
    /// the prediction is closer.
    pub log_ratio: Interval,
}

/// Compares two predictions of the same runs. R² and ratios are jackknifed as
/// logarithms of 1 − R² and of the ratio, and Student's interval of the
/// pseudo-values is taken back.
///
/// A prediction that is off by a factor of e everywhere, beside one that is off by
/// e²: the sums of squares are as 1 to 4.
///
/// ```
/// use breakeven_verify::thresholds::{Errors, errors};
///
/// let run = |seed| {
///     let observed = seed as f64;
///     Errors { seed, predicted: observed + 1.0, null: observed + 2.0, observed }
/// };
/// let found = errors(&[run(1), run(2), run(3), run(4)], 0.05)?;
/// assert!((found.log_ratio.value - 0.25_f64.ln()).abs() < 1e-12);
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// Why there is no comparison.
pub fn errors(runs: &[Errors], alpha: f64) -> Known<Explains> {
    let seeds: BTreeSet<u64> = runs.iter().map(|run| run.seed).collect();
    if seeds.len() < FEWEST_SEEDS {
        return Err(format!(
            "prediction and observation in {}, of {}: {FEWEST_SEEDS} seeds are needed",
            counted(runs.len(), "run"),
            counted(seeds.len(), "seed")
        ));
    }
    let all = Logs::of(runs)?;
    let without: Vec<Logs> = seeds
        .iter()
        .map(|&seed| {
            let rest: Vec<Errors> = runs
                .iter()
                .filter(|run| run.seed != seed)
                .copied()
                .collect();
            Logs::of(&rest)
        })
        .collect::<Known<_>>()
        .map_err(|why| format!("without one of its seeds, {why}"))?;
    let jackknife = |of: fn(&Logs) -> f64| {
        let n = seeds.len() as f64;
        let whole = of(&all);
        let pseudo: Vec<f64> = without
            .iter()
            .map(|rest| n * whole - (n - 1.0) * of(rest))
            .collect();
        Interval {
            value: whole,
            interval: interval::of_mean(&pseudo, alpha),
        }
    };
    Ok(Explains {
        prediction: share(jackknife(|logs| logs.prediction - logs.total)),
        null: share(jackknife(|logs| logs.null - logs.total)),
        log_ratio: jackknife(|logs| logs.prediction - logs.null),
    })
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// R² of ln(1 − R²).
fn share(logarithm: Interval) -> Interval {
    let back = |x: f64| -x.exp_m1();
    Interval {
        value: back(logarithm.value),
        interval: logarithm
            .interval
            .map(|[low, high]| [back(high), back(low)]),
    }
}

/// Logarithms of sums of squares.
struct Logs {
    prediction: f64,
    null: f64,
    total: f64,
}

impl Logs {
    fn of(runs: &[Errors]) -> Known<Self> {
        let n = runs.len() as f64;
        let mean = runs.iter().map(|run| run.observed).sum::<f64>() / n;
        let sum = |of: &dyn Fn(&Errors) -> f64| runs.iter().map(|r| of(r).powi(2)).sum::<f64>();
        let total = sum(&|run| run.observed - mean);
        let prediction = sum(&|run| run.observed - run.predicted);
        let null = sum(&|run| run.observed - run.null);
        let smallest = n * ROUNDING * ROUNDING;
        if total <= smallest {
            return Err("all observations are equal: there is no variance to explain".to_owned());
        }
        if prediction <= smallest || null <= smallest {
            return Err("a prediction is exact: its error has no logarithm".to_owned());
        }
        Ok(Self {
            prediction: prediction.ln(),
            null: null.ln(),
            total: total.ln(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64, predicted: f64, null: f64, observed: f64) -> Errors {
        Errors {
            seed,
            predicted,
            null,
            observed,
        }
    }

    /// By hand: Σ(o − p)² is 1, 1, 2 by seed; Σ(o − null)² is 4, 4, 4. The log
    /// ratio is ln(4/12); without a seed ln(3/8), ln(3/8), ln(2/8). Pseudo-values
    /// 3·ln(1/3) − 2·those; t of 2 degrees is 4.302652729696142 (SciPy 1.17.1).
    #[test]
    fn the_jackknife_leaves_out_seeds() {
        let runs = [
            run(0, 0.0, 3.0, 1.0),
            run(1, 2.0, 1.0, 3.0),
            run(2, 4.0, 7.0, 5.0),
            run(2, 8.0, 7.0, 7.0),
        ];
        // The last: error 1 and 0, so that seed 2 has 1 + 1 = 2 and 4 + 0 = 4.
        let found = errors(&runs, 0.05).unwrap();
        let third = (1.0_f64 / 3.0).ln();
        assert!((found.log_ratio.value - third).abs() < 1e-12);
        let pseudo = [3.0 / 8.0, 3.0 / 8.0, 2.0 / 8.0].map(|r: f64| 3.0 * third - 2.0 * r.ln());
        let mean = pseudo.iter().sum::<f64>() / 3.0;
        let spread = pseudo.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / 2.0;
        let half = 4.302652729696142 * (spread / 3.0).sqrt();
        let [low, high] = found.log_ratio.interval.unwrap();
        assert!((low - (mean - half)).abs() < 1e-8, "{low}");
        assert!((high - (mean + half)).abs() < 1e-8, "{high}");
        // Observations 1 3 5 7 have Σ(o − mean)² = 20.
        assert!((found.prediction.value - (1.0 - 4.0 / 20.0)).abs() < 1e-12);
        assert!((found.null.value - (1.0 - 12.0 / 20.0)).abs() < 1e-12);
        let [low, high] = found.null.interval.unwrap();
        assert!(low < found.null.value && found.null.value < high && high < 1.0);
    }

    #[test]
    fn without_seeds_variance_or_error_there_is_a_reason() {
        let two = [
            run(0, 0.0, 1.0, 2.0),
            run(1, 0.0, 1.0, 3.0),
            run(1, 0.0, 1.0, 4.0),
        ];
        assert!(
            errors(&two, 0.05)
                .unwrap_err()
                .contains("in 3 runs, of 2 seeds")
        );
        let equal = [0, 1, 2].map(|seed| run(seed, 0.0, 1.0, 2.0));
        assert!(
            errors(&equal, 0.05)
                .unwrap_err()
                .contains("all observations are equal")
        );
        let exact = [0, 1, 2, 3].map(|seed| run(seed, seed as f64, 9.0, seed as f64));
        assert!(
            errors(&exact, 0.05)
                .unwrap_err()
                .contains("a prediction is exact")
        );
    }
}
