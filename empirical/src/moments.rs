//! Mean and variance of a sample, and how far off it they may be.

use serde::Serialize;

/// Mean and variance (1/n).
///
/// ```
/// use breakeven_empirical::moments::Moments;
///
/// let moments = Moments::of(&[1.0, 2.0, 6.0]);
/// assert_eq!(moments, Moments { mean: 3.0, variance: 14.0 / 3.0 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Variance, with 1/n.
    pub variance: f64,
}

impl Moments {
    /// Of a sample that is not empty.
    pub fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        Self {
            mean,
            variance: squares / count,
        }
    }
}

/// An estimate from a sample of independent draws.
///
/// ```
/// use breakeven_empirical::moments::Estimate;
///
/// // s² = (4 + 0 + 4)/2 of three numbers: s/√n = √(4/3).
/// let mean = Estimate::mean(&[1.0, 3.0, 5.0]);
/// assert_eq!(mean.value, 3.0);
/// let error = (4.0_f64 / 3.0).sqrt();
/// assert!(mean.standard_error.is_some_and(|found| (found - error).abs() < 1e-15));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// What is estimated.
    pub value: f64,
    /// Its standard error over other draws; absent of a single one.
    pub standard_error: Option<f64>,
}

impl Estimate {
    /// The mean of a sample that is not empty, with standard error s/√n.
    pub fn mean(values: &[f64]) -> Self {
        let of_ones = vec![1.0; values.len()];
        Self::ratio_of_means(values, &of_ones)
    }

    /// Σ a / Σ b of pairs of which the b add up to something, with the standard error
    /// of a ratio of means to first order: that of the mean of a − rb, over that of b
    /// (Cochran, *Sampling Techniques*, 1977, Sec. 2.11).
    pub fn ratio_of_means(above: &[f64], below: &[f64]) -> Self {
        let whole: f64 = below.iter().sum();
        let value = above.iter().sum::<f64>() / whole;
        let residuals = above.iter().zip(below).map(|(a, b)| a - value * b);
        let squares: f64 = residuals.map(|residual| residual * residual).sum();
        let n = above.len() as f64;
        Self {
            value,
            standard_error: (n > 1.0).then(|| (squares * n / (n - 1.0)).sqrt() / whole.abs()),
        }
    }
}

/// Standard error of the variance (1/n) of `values` as that of the `all` from which
/// they were drawn without replacement, whatever their distribution:
/// Var(S²) = (μ₄ − σ⁴(n−3)/(n−1))/n with their own moments in place of μ₄ and σ⁴,
/// times the (N−n)/(N−1) of finite populations. `None` for fewer than two.
///
/// ```
/// use breakeven_empirical::moments::variance_error;
///
/// // Of 0 and 2, μ₄ = 1 and S² = 2 with 1/(n−1): Var(S²) = (1 + 4)/2; half of S² is with 1/n.
/// let error = variance_error(&[0.0, 2.0], usize::MAX);
/// assert!(error.is_some_and(|error| (error - 0.5 * 2.5_f64.sqrt()).abs() < 1e-12));
/// // All there is has no error.
/// assert_eq!(variance_error(&[0.0, 2.0], 2), Some(0.0));
/// ```
pub fn variance_error(values: &[f64], all: usize) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let (n, moments) = (values.len() as f64, Moments::of(values));
    let fourth = values
        .iter()
        .map(|x| (x - moments.mean).powi(4))
        .sum::<f64>()
        / n;
    let unbiased = moments.variance * n / (n - 1.0);
    let of_unbiased = (fourth - unbiased * unbiased * (n - 3.0) / (n - 1.0)) / n;
    Some((n - 1.0) / n * of_unbiased.max(0.0).sqrt() * drawn_from(values.len(), all))
}

/// The same of a variance of `count` means that are as good as normal, made of
/// `examples` of `all`: σ²√(2/(k−1)). `None` for fewer than two.
pub fn normal_variance_error(
    variance: f64,
    count: usize,
    examples: usize,
    all: usize,
) -> Option<f64> {
    let freedom = count.checked_sub(1).filter(|&freedom| freedom > 0)? as f64;
    Some(variance * (2.0 / freedom).sqrt() * drawn_from(examples, all))
}

/// √((N−n)/(N−1)): a sample that is the population has no error.
fn drawn_from(examples: usize, all: usize) -> f64 {
    let rest = all.saturating_sub(examples) as f64;
    (rest / (all.max(2) - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use rand::Rng;
    use rand::seq::index;

    use super::*;
    use crate::random::{Purpose, stream};

    /// By hand: of 0 and 2, μ₄ = 1 and S² = 2, so that Var(S²) = (1 + 4)/2.
    #[test]
    fn two_values_have_an_error() {
        let found = variance_error(&[0.0, 2.0], 1_000_000_000).unwrap();
        assert!((found - 0.5 * 2.5_f64.sqrt()).abs() < 1e-8);
        assert_eq!(variance_error(&[0.0, 2.0], 2), Some(0.0));
        assert_eq!(variance_error(&[1.0], 10), None);
        assert_eq!(variance_error(&[3.0; 5], 10), Some(0.0));
        assert_eq!(normal_variance_error(1.0, 1, 8, 100), None);
        let two = normal_variance_error(3.0, 2, 0, 100).unwrap();
        assert!((two - 3.0 * 2.0_f64.sqrt() * (100.0_f64 / 99.0).sqrt()).abs() < 1e-12);
    }

    /// By hand: of 1, 2 and 6 the deviations are −2, −1 and 3, s² = 7.
    #[test]
    fn a_mean_and_a_ratio_have_an_error() {
        let found = Estimate::mean(&[1.0, 2.0, 6.0]);
        assert_eq!(found.value, 3.0);
        assert!((found.standard_error.unwrap() - (7.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(Estimate::mean(&[2.0]).standard_error, None);
        // r = 2: a − 2b is 1 and −1, s² = 2 of a mean over b̄ = 2.
        let found = Estimate::ratio_of_means(&[3.0, 5.0], &[1.0, 3.0]);
        assert_eq!(found.value, 2.0);
        assert!((found.standard_error.unwrap() - 0.5).abs() < 1e-15);
        let proportional = Estimate::ratio_of_means(&[2.0, 6.0, 4.0], &[1.0, 3.0, 2.0]);
        assert_eq!(proportional.standard_error, Some(0.0));
    }

    /// The spread of ratios of means over 4,000 samples of 30, a = b² with b uniform on
    /// (1, 2): to first order in 1/30.
    #[test]
    fn the_error_of_a_ratio_is_its_spread_over_samples() {
        let mut rng = stream(1, Purpose::Init, 0);
        let mut draw = || {
            let below: Vec<f64> = (0..30).map(|_| rng.random_range(1.0..2.0)).collect();
            let above: Vec<f64> = below.iter().map(|b| b * b).collect();
            let found = Estimate::ratio_of_means(&above, &below);
            (found.value, found.standard_error.unwrap().powi(2))
        };
        let (values, squares): (Vec<f64>, Vec<f64>) = (0..4000).map(|_| draw()).unzip();
        let ratio = Moments::of(&squares).mean / Moments::of(&values).variance;
        assert!((0.9..1.1).contains(&ratio), "{ratio}");
    }

    /// The spread of the variances of 5,000 samples of 40 among 100 skewed numbers,
    /// whose fourth moments come out too small: squares of errors by an eighth.
    #[test]
    fn errors_are_the_spread_over_samples() {
        let all: Vec<f64> = (0..100).map(|k| (f64::from(k) / 25.0).exp()).collect();
        let mut rng = stream(0, Purpose::Init, 0);
        let mut draw = || {
            let places = index::sample(&mut rng, 100, 40);
            let values: Vec<f64> = places.iter().map(|k| all[k]).collect();
            let error = variance_error(&values, 100).unwrap();
            (Moments::of(&values).variance, error * error)
        };
        let (variances, squares): (Vec<f64>, Vec<f64>) = (0..5000).map(|_| draw()).unzip();
        let ratio = Moments::of(&squares).mean / Moments::of(&variances).variance;
        assert!((0.82..0.95).contains(&ratio), "{ratio}");
    }
}
