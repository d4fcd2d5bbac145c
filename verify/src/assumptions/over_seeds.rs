//! What many runs say together, with seeds as independent units.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::interval;
use crate::sign_test::at_least;

/// A mean over seeds, each with the mean of its runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OverSeeds {
    /// The mean.
    pub mean: f64,
    /// Student's interval over seeds; absent for one seed, or where they do not
    /// differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// Seeds.
    pub seeds: usize,
    /// Runs.
    pub runs: usize,
}

impl OverSeeds {
    /// Of a number for each run, with its seed; the interval has the coverage
    /// 1 − `alpha`. `None` of no run.
    ///
    /// ```
    /// use breakeven_verify::assumptions::{OverSeeds, SignTest};
    ///
    /// // Seed 1 has a mean of 3, seed 2 of 1.
    /// let runs = [(1, 2.0), (1, 4.0), (2, 1.0)];
    /// assert_eq!(OverSeeds::of(&runs, 0.05).map(|found| found.mean), Some(2.0));
    /// // Both lie above 0.
    /// let p_value = SignTest::of(&runs, 0.0).map_or(1.0, |found| found.p_value);
    /// assert!((p_value - 1.0 / 4.0).abs() < 1e-12);
    /// ```
    pub fn of(runs: &[(u64, f64)], alpha: f64) -> Option<Self> {
        let means = of_seeds(runs);
        (!means.is_empty()).then(|| Self {
            mean: interval::mean(&means),
            interval: interval::of_mean(&means, alpha),
            seeds: means.len(),
            runs: runs.len(),
        })
    }

    /// The same of the exponentials of the numbers that it was made of: a
    /// geometric mean.
    pub fn exp(self) -> Self {
        Self {
            mean: self.mean.exp(),
            interval: self.interval.map(|ends| ends.map(f64::exp)),
            ..self
        }
    }
}

/// The exact sign test over seeds ([`crate::sign_test`]): whether more seeds lie above a value than
/// chance would have it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SignTest {
    /// Seeds above.
    pub above: usize,
    /// Seeds below. Those at the value say nothing.
    pub below: usize,
    /// Chance of as many above, or more, if both were as likely.
    pub p_value: f64,
    /// Chance of as many below, or more.
    pub opposite_p_value: f64,
    /// The smallest that so many seeds allow.
    pub smallest_p_value: f64,
}

impl SignTest {
    /// Whether the seeds' means of these numbers, one for each run with its seed,
    /// lie above `value`. `None` where none lies on either side.
    pub fn of(runs: &[(u64, f64)], value: f64) -> Option<Self> {
        let means = of_seeds(runs);
        let above = means.iter().filter(|mean| **mean > value).count();
        let below = means.iter().filter(|mean| **mean < value).count();
        let trials = above + below;
        (trials > 0).then(|| Self {
            above,
            below,
            p_value: at_least(above, trials),
            opposite_p_value: at_least(below, trials),
            smallest_p_value: 0.5_f64.powi(trials as i32),
        })
    }
}

/// The mean of each seed, in the order of seeds.
fn of_seeds(runs: &[(u64, f64)]) -> Vec<f64> {
    let mut seeds: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for &(seed, value) in runs {
        seeds.entry(seed).or_default().push(value);
    }
    let values = seeds.into_values();
    values.map(|values| interval::mean(&values)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.binomtest(k, n, 0.5, "greater").pvalue`, SciPy 1.17.1.
    #[test]
    fn the_sign_test_is_scipys() {
        for (above, below, p) in [
            (5, 0, 0.03125),
            (4, 1, 0.1875),
            (9, 3, 0.072998046875),
            (0, 3, 1.0),
        ] {
            let runs: Vec<(u64, f64)> = (0..above + below)
                .map(|seed| (seed, if seed < above { 0.7 } else { 0.2 }))
                .collect();
            let found = SignTest::of(&runs, 0.5).unwrap();
            assert!((found.p_value - p).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(SignTest::of(&[(0, 0.5), (1, 0.5)], 0.5), None);
    }

    /// Two runs of a seed are one unit: means 2 and 4, standard error 1, and t =
    /// 12.706204736174698 of one degree of freedom (SciPy 1.17.1).
    #[test]
    fn runs_of_a_seed_are_one_unit() {
        let found = OverSeeds::of(&[(0, 1.0), (0, 3.0), (7, 4.0)], 0.05).unwrap();
        assert_eq!((found.mean, found.seeds, found.runs), (3.0, 2, 3));
        let [low, high] = found.interval.unwrap();
        assert!((high - 3.0 - 12.706204736174698).abs() < 1e-7, "{high}");
        assert!((low + high - 6.0).abs() < 1e-9);
        assert_eq!(OverSeeds::of(&[], 0.05), None);
    }
}
