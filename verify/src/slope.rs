//! How strongly a quantity follows its factor: the slope of log quantity
//! against log factor, with Student's interval over seeds.

use crate::interval;

/// A log-log slope: a quantity proportional to factor^b has slope b.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogSlope {
    /// The mean over seeds of each seed's least-squares slope. As all seeds
    /// have the same levels, this is also the least-squares slope with an
    /// intercept for each seed.
    pub slope: f64,
    /// Student's interval for that mean, of coverage 1 − α where slopes are
    /// normal. Absent for a single seed, and where the seeds' slopes do not
    /// differ, so that nothing is known of their spread.
    pub interval: Option<[f64; 2]>,
}

/// The slope of `blocks` \[seeds\]\[levels\] over `levels`, and its interval.
/// `None` where a value is not positive, so that it has no logarithm.
///
/// `groups` holds the ties of each block, as [`crate::ties::groups`] has them:
/// tied values are all at their geometric mean, as the test sees them.
pub fn log_slope(
    levels: &[f64],
    blocks: &[Vec<f64>],
    groups: &[Vec<usize>],
    alpha: f64,
) -> Option<LogSlope> {
    let is_positive = |v: &f64| *v > 0.0 && v.is_finite();
    if blocks.is_empty() || !blocks.iter().flatten().chain(levels).all(is_positive) {
        return None;
    }
    let x: Vec<f64> = levels.iter().map(|v| v.ln()).collect();
    let slopes: Vec<f64> = blocks
        .iter()
        .zip(groups)
        .map(|(block, groups)| least_squares(&x, &tied_logarithms(block, groups)))
        .collect();
    Some(LogSlope {
        slope: mean(&slopes),
        interval: interval::of_mean(&slopes, alpha),
    })
}

/// The values' logarithms, relative to the first, with those of a group at
/// their mean.
fn tied_logarithms(block: &[f64], groups: &[usize]) -> Vec<f64> {
    let logarithm = |v: &f64| (v / block[0]).ln();
    let of_group = |group: usize| -> Vec<f64> {
        let members = block.iter().zip(groups).filter(|(_, g)| **g == group);
        members.map(|(v, _)| logarithm(v)).collect()
    };
    groups.iter().map(|&group| mean(&of_group(group))).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Slope of `logarithms` against `x`; exactly 0 where all are equal.
fn least_squares(x: &[f64], logarithms: &[f64]) -> f64 {
    let centre = mean(x);
    let rise = |y: &f64| y - logarithms[0];
    let products = x
        .iter()
        .zip(logarithms)
        .map(|(x, y)| (x - centre) * rise(y));
    products.sum::<f64>() / x.iter().map(|x| (x - centre).powi(2)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: [f64; 3] = [0.01, 0.03, 0.1];

    fn power_law(exponent: f64, factor: f64) -> Vec<f64> {
        LEVELS.iter().map(|l| factor * l.powf(exponent)).collect()
    }

    fn untied(blocks: &[Vec<f64>]) -> Option<LogSlope> {
        let groups: Vec<Vec<usize>> = blocks.iter().map(|_| vec![0, 1, 2]).collect();
        log_slope(&LEVELS, blocks, &groups, 0.05)
    }

    #[test]
    fn a_power_law_has_its_exponent_and_no_known_spread() {
        let found = untied(&[power_law(-0.5, 1.0), power_law(-0.5, 20.0)]).unwrap();
        assert!((found.slope + 0.5).abs() < 1e-12, "{}", found.slope);
        assert_eq!(found.interval, None);
    }

    /// `numpy.polyfit(numpy.log([0.01, 0.03, 0.1]), numpy.log([1.86, 1.34, 0.61]), 1)[0]`
    /// with NumPy 2.4.6.
    #[test]
    fn one_seed_has_its_own_slope_and_no_interval() {
        let found = untied(&[vec![1.86, 1.34, 0.61]]).unwrap();
        assert!((found.slope - POLYFIT).abs() < 1e-12, "{}", found.slope);
        assert_eq!(found.interval, None);
    }
    const POLYFIT: f64 = -0.4868841467369786;

    /// Slopes 0 and 1: mean 1/2, standard error 1/2, and t = 12.706204736174698
    /// (`scipy.stats.t.isf(0.025, 1)`, SciPy 1.17.1).
    #[test]
    fn the_interval_is_students() {
        let found = untied(&[power_law(0.0, 1.0), power_law(1.0, 1.0)]).unwrap();
        let [low, high] = found.interval.unwrap();
        assert!((found.slope - 0.5).abs() < 1e-12);
        assert!(
            (high - 0.5 - 12.706204736174698 / 2.0).abs() < 1e-8,
            "{high}"
        );
        assert!((low + high - 1.0).abs() < 1e-12);
    }

    /// λ(η) = 1, 4, 2 with the last two tied is 1, √8, √8.
    #[test]
    fn tied_values_share_their_geometric_mean() {
        let blocks = [vec![1.0, 4.0, 2.0]];
        let tied = log_slope(&LEVELS, &blocks, &[vec![0, 1, 1]], 0.05).unwrap();
        let root = 8.0_f64.sqrt();
        let shared = untied(&[vec![1.0, root, root]]).unwrap();
        assert!((tied.slope - shared.slope).abs() < 1e-12);
        let all_tied = log_slope(&LEVELS, &blocks, &[vec![0, 0, 0]], 0.05).unwrap();
        assert_eq!((all_tied.slope, all_tied.interval), (0.0, None));
    }

    #[test]
    fn a_value_without_logarithm_gives_no_slope() {
        assert_eq!(untied(&[vec![1.0, 0.0, 2.0]]), None);
    }
}
