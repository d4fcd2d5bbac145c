//! Whether a mean moved between two samples of seeds: Student's t test of the
//! pairs where seeds are in both, Welch's elsewhere.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::interval::{mean, quantile_of_student};

/// Below this relative spread nothing is known of the noise: rounding of sums
/// and logarithms.
const ROUNDING: f64 = 1e-13;

/// How a difference was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Same seeds, same values, up to the errors that they state: no
    /// difference, and no test.
    Identical,
    /// Student's t test of the differences within seeds (`ttest_rel` of SciPy).
    PairedT,
    /// Welch's t test of seeds that are not the same (`ttest_ind` of SciPy with
    /// `equal_var=False`).
    WelchT,
    /// Every seed moved alike, or none scatters: more than any noise, without
    /// a p-value.
    ConstantShift,
    /// Fewer than two seeds: nothing is known of the noise.
    TooFewSeeds,
}

/// The difference of two means, later less earlier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// How it was judged.
    pub method: Method,
    /// The difference.
    pub mean: f64,
    /// Its interval, of the coverage asked for.
    pub interval: Option<[f64; 2]>,
    /// t.
    pub statistic: Option<f64>,
    /// Its degrees of freedom; by Welch and Satterthwaite no whole number.
    pub degrees_of_freedom: Option<f64>,
    /// The two-sided p-value.
    pub p_value: Option<f64>,
}

/// The mean of `differences` within seeds, against 0. `size` is that of the
/// values themselves, which their rounding goes by.
pub fn paired(differences: &[f64], size: f64, alpha: f64) -> Difference {
    let mean = mean(differences);
    let is_rounding = |d: &f64| d.abs() <= ROUNDING * size;
    if !differences.is_empty() && differences.iter().all(is_rounding) {
        return without_test(Method::Identical, 0.0);
    }
    if differences.len() < 2 {
        return without_test(Method::TooFewSeeds, mean);
    }
    let n = differences.len() as f64;
    let variance_of_mean = variance(differences) / n;
    if variance_of_mean.sqrt() <= ROUNDING * size {
        return without_test(Method::ConstantShift, mean);
    }
    tested(Method::PairedT, mean, variance_of_mean, n - 1.0, alpha)
}

/// The mean of `after` less that of `before`, of seeds that are not the same
/// (B. L. Welch, 1947): s² of each has n − 1 in its denominator.
pub fn welch(before: &[f64], after: &[f64], size: f64, alpha: f64) -> Difference {
    let shift = mean(after) - mean(before);
    if before.len() < 2 || after.len() < 2 {
        return without_test(Method::TooFewSeeds, shift);
    }
    let of_mean = |values: &[f64]| variance(values) / values.len() as f64;
    let (of_before, of_after) = (of_mean(before), of_mean(after));
    let sum = of_before + of_after;
    if sum.sqrt() <= ROUNDING * size {
        return match shift.abs() <= ROUNDING * size {
            true => without_test(Method::Identical, 0.0),
            false => without_test(Method::ConstantShift, shift),
        };
    }
    let share = |variance: f64, n: usize| (variance / sum).powi(2) / (n as f64 - 1.0);
    let freedom = 1.0 / (share(of_before, before.len()) + share(of_after, after.len()));
    tested(Method::WelchT, shift, sum, freedom, alpha)
}

impl Difference {
    /// The p-value that a family is adjusted over: 1 where nothing differs, 0
    /// where there is no noise; none where nothing is known.
    pub fn p_in_family(&self) -> Option<f64> {
        match self.method {
            Method::Identical => Some(1.0),
            Method::ConstantShift => Some(0.0),
            Method::TooFewSeeds => None,
            Method::PairedT | Method::WelchT => self.p_value,
        }
    }
}

fn tested(method: Method, shift: f64, variance: f64, freedom: f64, alpha: f64) -> Difference {
    let error = variance.sqrt();
    let t = shift / error;
    let half = quantile_of_student(freedom, alpha).map(|quantile| quantile * error);
    let student = StudentsT::new(0.0, 1.0, freedom).ok();
    Difference {
        method,
        mean: shift,
        interval: half
            .filter(|half| half.is_finite())
            .map(|half| [shift - half, shift + half]),
        statistic: Some(t),
        degrees_of_freedom: Some(freedom),
        p_value: student.map(|student| (2.0 * student.sf(t.abs())).min(1.0)),
    }
}

fn without_test(method: Method, mean: f64) -> Difference {
    Difference {
        method,
        mean,
        interval: None,
        statistic: None,
        degrees_of_freedom: None,
        p_value: None,
    }
}

/// s² = Σ(x − mean)²/(n − 1).
fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|v| (v - centre).powi(2)).sum();
    squares / (values.len() as f64 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        // statrs' distributions are right to nine digits.
        assert!(
            (found - expected).abs() <= 5e-9 * expected.abs(),
            "{found} is not {expected}"
        );
    }

    fn assert_is(found: Difference, expected: [f64; 5]) {
        let [statistic, freedom, p_value, low, high] = expected;
        assert_close(found.statistic, statistic);
        assert_close(found.degrees_of_freedom, freedom);
        assert_close(found.p_value, p_value);
        assert_close(found.interval.map(|i| i[0]), low);
        assert_close(found.interval.map(|i| i[1]), high);
    }

    type Case<'a> = (&'a [f64], &'a [f64], f64, [f64; 5]);

    const BEFORE: [f64; 5] = [1.86, 1.9, 1.8, 1.88, 1.84];
    const AFTER: [f64; 5] = [1.34, 1.31, 1.38, 1.35, 1.33];

    /// `r = scipy.stats.ttest_ind(after, before, equal_var=False)`: statistic,
    /// df, pvalue and `r.confidence_interval(1 - alpha)`; SciPy 1.17.1.
    const SCIPY_WELCH: [Case<'_>; 3] = [
        (
            &BEFORE,
            &AFTER,
            0.01,
            [
                -24.787281059559216,
                7.0056454362899245,
                4.3895192473879245e-08,
                -0.5865469134556878,
                -0.4414530865443118,
            ],
        ),
        (
            &[1.86, 1.9, 1.8],
            &[1.85, 1.95, 1.7, 2.6, 1.2],
            0.05,
            [
                0.029321541928485385,
                4.131676875742548,
                0.9779701140357469,
                -0.6167416419183894,
                0.6300749752516227,
            ],
        ),
        (
            &[-3.0, 1.0],
            &[0.5, 0.25],
            0.05,
            [
                0.6861611477069858,
                1.0078123807925294,
                0.6164294289401171,
                -23.625276167974032,
                26.375276167974032,
            ],
        ),
    ];

    /// The same of `scipy.stats.ttest_rel(after, before)`.
    const SCIPY_PAIRED: [Case<'_>; 2] = [
        (
            &BEFORE,
            &AFTER,
            0.01,
            [
                -18.818877066612092,
                4.0,
                4.6951018055782785e-05,
                -0.6397516458339844,
                -0.38824835416601544,
            ],
        ),
        (
            &[-3.0, 1.0],
            &[0.5, 0.25],
            0.05,
            [
                0.6470588235294118,
                1.0,
                0.6343861897445788,
                -25.625685064371226,
                28.375685064371226,
            ],
        ),
    ];

    #[test]
    fn seeds_that_differ_are_compared_as_by_scipy() {
        for (before, after, alpha, expected) in SCIPY_WELCH {
            assert_is(welch(before, after, 1.0, alpha), expected);
        }
    }

    #[test]
    fn seeds_in_both_are_compared_as_by_scipy() {
        for (before, after, alpha, expected) in SCIPY_PAIRED {
            let differences: Vec<f64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
            assert_is(paired(&differences, 1.0, alpha), expected);
        }
    }

    #[test]
    fn what_cannot_be_tested_has_no_p_value() {
        for (differences, method, in_family) in [
            (vec![], Method::TooFewSeeds, None),
            (vec![0.5], Method::TooFewSeeds, None),
            (vec![0.0], Method::Identical, Some(1.0)),
            (vec![0.0; 4], Method::Identical, Some(1.0)),
            (vec![1e-15, -1e-15], Method::Identical, Some(1.0)),
            (vec![2.0; 3], Method::ConstantShift, Some(0.0)),
            (
                vec![2.0, 2.0_f64.next_up()],
                Method::ConstantShift,
                Some(0.0),
            ),
        ] {
            let found = paired(&differences, 2.0, 0.01);
            assert_eq!((found.method, found.p_value), (method, None));
            assert_eq!((found.interval, found.statistic), (None, None));
            assert_eq!(found.p_in_family(), in_family);
        }
        for (before, after, method) in [
            (vec![1.0], vec![1.0, 2.0], Method::TooFewSeeds),
            (vec![1.0, 2.0], vec![], Method::TooFewSeeds),
            (vec![1.0, 1.0], vec![1.0, 1.0, 1.0], Method::Identical),
            (vec![1.0, 1.0], vec![1.5, 1.5, 1.5], Method::ConstantShift),
        ] {
            let found = welch(&before, &after, 1.0, 0.01);
            assert_eq!((found.method, found.p_value), (method, None));
        }
    }
}
