//! Confidence intervals: for a mean over seeds, and for a share of them.

use statrs::distribution::{Beta, ContinuousCDF, StudentsT};

/// The arithmetic mean; of nothing it is not a number.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Student's interval for the mean of independent normal values, of coverage
/// 1 − `alpha`: mean ± t·s/√n, with s² = Σ(x − mean)²/(n − 1) and t the
/// quantile 1 − alpha/2 of n − 1 degrees of freedom.
///
/// `None` for fewer than two values, and where they do not differ by more than
/// rounding, so that nothing is known of their spread.
///
/// With one degree of freedom t is Cauchy's, whose upper quartile is 1; s/√n is 1:
///
/// ```
/// use breakeven_verify::interval::of_mean;
///
/// let found = of_mean(&[0.0, 2.0], 0.5).unwrap_or_default();
/// assert!((found[0] - 0.0).abs() < 1e-12 && (found[1] - 2.0).abs() < 1e-12);
/// ```
pub fn of_mean(values: &[f64], alpha: f64) -> Option<[f64; 2]> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let largest = values.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    let spread = (squares / (n - 1.0)).sqrt();
    if values.len() < 2 || spread <= ROUNDING * largest {
        return None;
    }
    let half = quantile_of_student(n - 1.0, alpha)? * spread / n.sqrt();
    half.is_finite().then_some([mean - half, mean + half])
}

/// Student's interval for the slope b of y against x, of coverage 1 − `alpha`
/// where y scatters normally about a line: b ± t·s/√Σ(x − mean)², with s² the sum
/// of squared residuals over n − 2 and t of n − 2 degrees of freedom.
///
/// `None` for fewer than three points, and where all lie on the line.
pub fn of_slope(x: &[f64], y: &[f64], slope: f64, alpha: f64) -> Option<[f64; 2]> {
    let n = x.len() as f64;
    let (x_mean, y_mean) = (mean(x), mean(y));
    let residual = |(x, y): (&f64, &f64)| (y - y_mean - slope * (x - x_mean)).powi(2);
    let squares: f64 = x.iter().zip(y).map(residual).sum();
    let width: f64 = x.iter().map(|x| (x - x_mean).powi(2)).sum();
    let largest = y.iter().fold(0.0_f64, |a, v| a.max((v - y_mean).abs()));
    let spread = (squares / (n - 2.0)).sqrt();
    if x.len() < 3 || spread <= ROUNDING * largest {
        return None;
    }
    let half = quantile_of_student(n - 2.0, alpha)? * spread / width.sqrt();
    half.is_finite().then_some([slope - half, slope + half])
}

/// Student's quantile 1 − `alpha`/2 of this many degrees of freedom, which need
/// not be whole; `None` where there are none.
pub fn quantile_of_student(freedom: f64, alpha: f64) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some((-logarithm_at(alpha / 2.0, |y| student.sf((-y).exp()))).exp())
}

/// Relative errors of sums and logarithms.
const ROUNDING: f64 = 1e-13;

/// Clopper and Pearson's interval (1934) for the share behind `successes` of
/// `trials`, of coverage at least 1 − `alpha`: the shares at which neither as
/// many nor as few successes have a chance of alpha/2 or less.
///
/// `None` without trials.
///
/// Two of two have the chance p², which is ¼ at p = ½:
///
/// ```
/// use breakeven_verify::interval::of_share;
///
/// let found = of_share(2, 2, 0.5).unwrap_or_default();
/// assert!((found[0] - 0.5).abs() < 1e-12 && found[1] == 1.0);
/// ```
pub fn of_share(successes: usize, trials: usize, alpha: f64) -> Option<[f64; 2]> {
    if trials == 0 {
        return None;
    }
    let (k, n) = (successes as f64, trials as f64);
    // The logarithm of the share at which `beta` reaches alpha/2.
    let point = |beta: Beta| logarithm_at(alpha / 2.0, |y| beta.cdf(y.min(0.0).exp()));
    let low = match successes {
        0 => 0.0,
        _ => point(Beta::new(k, n - k + 1.0).ok()?).exp(),
    };
    // By symmetry, so that a small tail stays exact: 1 − exp of the logarithm.
    let high = match trials - successes {
        0 => 1.0,
        _ => -point(Beta::new(n - k, k + 1.0).ok()?).exp_m1(),
    };
    Some([low, high])
}

/// The y at which the rising function `of` reaches `chance`, by bisection over
/// the logarithms of all numbers. statrs' own quantiles are off by orders of
/// magnitude for small chances, its distributions are not.
fn logarithm_at(chance: f64, of: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (-LARGEST_LOGARITHM, LARGEST_LOGARITHM);
    loop {
        let middle = (low + high) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if of(middle) < chance {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// exp of it, and of its negative, are numbers.
const LARGEST_LOGARITHM: f64 = 700.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: f64, expected: f64) {
        // statrs' distributions are right to nine digits for 100,000 trials.
        assert!(
            (found - expected).abs() <= 5e-9 * expected.abs(),
            "{found} is not {expected}"
        );
    }

    type Case<T> = (T, f64, [f64; 2]);

    /// `mean ± scipy.stats.t.isf(alpha / 2, n - 1) * std(ddof=1) / sqrt(n)`,
    /// SciPy 1.17.1.
    const SCIPY_MEANS: [Case<&[f64]>; 5] = [
        // t of one degree of freedom is 1/(π·5·10⁻¹³).
        (&[-1.0, 1.0], 1e-12, [-636619772367.5814, 636619772367.5814]),
        (
            &[1.86, 1.9, 1.8],
            0.05,
            [1.7283011437458178, 1.9783655229208488],
        ),
        (
            &[1.86, 1.9, 1.8, 1.88, 1.84],
            0.05,
            [1.8082322322380002, 1.9037677677619995],
        ),
        (
            &[-1.0, 2.5],
            0.01,
            [-110.64929703502526, 112.14929703502526],
        ),
        (
            &[0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8],
            1e-4,
            [-9.152420899534823, 15.527420899534823],
        ),
    ];

    /// `scipy.stats.binomtest(k, n).proportion_ci(1 - alpha, "exact")`, SciPy
    /// 1.17.1.
    const SCIPY_SHARES: [Case<(usize, usize)>; 8] = [
        (
            (3, 100_000),
            1e-12,
            [1.4423159971960612e-09, 0.0003747883327010465],
        ),
        ((0, 100_000), 0.49, [0.0, 1.4064871773137654e-05]),
        ((18, 100), 0.05, [0.11031122915371107, 0.2694770859669012]),
        ((0, 5), 0.05, [0.0, 0.5218237501049814]),
        ((5, 5), 0.05, [0.47817624989501856, 1.0]),
        ((1, 3), 0.05, [0.008403758659612647, 0.9057006759492866]),
        ((999, 1000), 0.01, [0.9925937130616469, 0.9999949874707392]),
        ((14, 30), 1e-6, [0.10408844739598228, 0.8587402874554374]),
    ];

    #[test]
    fn shares_have_scipys_exact_interval() {
        for ((successes, trials), alpha, [low, high]) in SCIPY_SHARES {
            let found = of_share(successes, trials, alpha).unwrap();
            assert_close(found[0], low);
            assert_close(found[1], high);
        }
        assert_eq!(of_share(0, 0, 0.05), None);
    }

    /// Exactly, by summing the binomial distribution: for no share does the
    /// interval miss it with a chance above alpha.
    #[test]
    fn no_share_is_missed_more_often_than_alpha() {
        use statrs::distribution::{Binomial, Discrete};
        for trials in [1, 3, 5, 30] {
            for percent in 1..100 {
                let share = f64::from(percent) / 100.0;
                let binomial = Binomial::new(share, trials).unwrap();
                let missed: f64 = (0..=trials)
                    .filter(|&k| {
                        let [low, high] = of_share(k as usize, trials as usize, 0.05).unwrap();
                        share < low || high < share
                    })
                    .map(|k| binomial.pmf(k))
                    .sum();
                assert!(missed <= 0.05, "{missed} of {trials} at {share}");
            }
        }
    }

    #[test]
    fn means_have_scipys_interval() {
        for (values, alpha, [low, high]) in SCIPY_MEANS {
            let found = of_mean(values, alpha).unwrap();
            assert_close(found[0], low);
            assert_close(found[1], high);
        }
    }

    /// The quantiles lead back to their chance, wherever they are asked for.
    #[test]
    fn quantiles_are_those_of_the_distributions() {
        let leads_back = |found: f64, chance: f64, what: String| {
            // Six digits, for any number of seeds that anybody trains.
            assert!(
                (found / chance - 1.0).abs() < 1e-6,
                "{found}, {chance}: {what}"
            );
        };
        for alpha in [0.49, 0.05, 1e-3, 1e-12, 1e-100] {
            for n in (2..40).chain([100, 1000, 100_000]) {
                let values: Vec<f64> = (0..n).map(f64::from).collect();
                let (n, what) = (f64::from(n), format!("{n} values at {alpha}"));
                let Some([low, _]) = of_mean(&values, alpha) else {
                    panic!("{what}");
                };
                let spread = (n * (n + 1.0) / 12.0).sqrt() / n.sqrt();
                let student = StudentsT::new(0.0, 1.0, n - 1.0).unwrap();
                let t = ((n - 1.0) / 2.0 - low) / spread;
                leads_back(student.sf(t), alpha / 2.0, what);
            }
            for trials in (1..40).chain([100, 1000, 100_000]) {
                for successes in [0, 1, trials / 3, trials / 2, trials - 1, trials] {
                    let [low, high] = of_share(successes, trials, alpha).unwrap();
                    let what = format!("{successes} of {trials} at {alpha}: {low}, {high}");
                    assert!(
                        low <= high && (0.0..=1.0).contains(&low) && high <= 1.0,
                        "{what}"
                    );
                    let (k, n) = (successes as f64, trials as f64);
                    if successes > 0 {
                        let beta = Beta::new(k, n - k + 1.0).unwrap();
                        leads_back(beta.cdf(low), alpha / 2.0, what.clone());
                    }
                    // 1 − high has lost its digits where high is close to 1.
                    if successes < trials && high < 1.0 - 1e-6 {
                        let beta = Beta::new(n - k, k + 1.0).unwrap();
                        leads_back(beta.cdf(1.0 - high), alpha / 2.0, what);
                    }
                }
            }
        }
    }

    #[test]
    fn without_spread_there_is_no_interval() {
        assert_eq!(of_mean(&[], 0.05), None);
        assert_eq!(of_mean(&[1.0], 0.05), None);
        assert_eq!(of_mean(&[0.1; 7], 0.05), None);
        assert_eq!(of_mean(&[1.0, 1.0_f64.next_up()], 0.05), None);
        assert_eq!(of_mean(&[0.0, 0.0], 0.05), None);
    }
}
