//! How strongly a quantity follows its factor: the slope of log quantity
//! against log factor, with Student's interval.

use crate::interval::{self, mean};
use crate::sample::{Sample, Stratum};

/// A log-log slope: a quantity proportional to factor^b has slope b.
#[derive(Clone, Debug, PartialEq)]
pub struct LogSlope {
    /// The mean over seeds of each seed's least-squares slope over its levels;
    /// where no seed has several levels, the least-squares slope over all runs.
    /// Where all seeds have all levels, this is also the least-squares slope with
    /// an intercept for each seed.
    pub slope: f64,
    /// Student's interval for it, of coverage 1 − α where slopes, or runs, are
    /// normal. Absent for a single seed, and where nothing scatters, so that
    /// nothing is known of the spread.
    pub interval: Option<[f64; 2]>,
    /// Each seed's slope; none where no seed has several levels.
    pub of_seeds: Vec<f64>,
}

/// The slope of a sample over `levels`, and its interval. `None` where a value
/// is not positive, so that it has no logarithm.
///
/// Tied values are all at their geometric mean, as the test sees them.
///
/// Values that are 1/η, and half of that, have slope −1:
///
/// ```
/// use breakeven_verify::slope::log_slope;
/// # use breakeven_verify::sample::{Sample, Stratum};
/// # use breakeven_verify::trend::TrendTest;
///
/// # let levels = [0.1, 0.2, 0.4];
/// # let stratum = |scale: f64| Stratum {
/// #     levels: vec![0, 1, 2],
/// #     values: levels.map(|eta| scale / eta).to_vec(),
/// #     groups: vec![2, 1, 0],
/// # };
/// # let strata = vec![stratum(1.0), stratum(0.5)];
/// # let sample = Sample { test: TrendTest::Page, levels: 3, strata };
/// let found = log_slope(&levels, &sample, 0.05).ok_or("a value is not positive")?;
/// assert!((found.slope + 1.0).abs() < 1e-12);
/// # Ok::<(), &str>(())
/// ```
pub fn log_slope(levels: &[f64], sample: &Sample, alpha: f64) -> Option<LogSlope> {
    let has_logarithms = sample.strata.iter().all(Stratum::is_positive);
    let levels_have = levels.iter().all(|v| *v > 0.0 && v.is_finite());
    if sample.strata.is_empty() || !has_logarithms || !levels_have {
        return None;
    }
    let x = |stratum: &Stratum| -> Vec<f64> {
        let levels = stratum.levels.iter().map(|&level| levels[level].ln());
        levels.collect()
    };
    let slope = |stratum: &Stratum| least_squares(&x(stratum), &stratum.logarithms());
    let slopes: Vec<f64> = sample.strata.iter().map(slope).collect();
    if sample.is_paired() {
        return Some(LogSlope {
            slope: mean(&slopes),
            interval: interval::of_mean(&slopes, alpha),
            of_seeds: slopes,
        });
    }
    let all = &sample.strata[0];
    let interval = interval::of_slope(&x(all), &all.logarithms(), slopes[0], alpha);
    Some(LogSlope {
        slope: slopes[0],
        interval,
        of_seeds: Vec::new(),
    })
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
    use crate::trend::TrendTest;

    const LEVELS: [f64; 3] = [0.01, 0.03, 0.1];

    fn power_law(exponent: f64, factor: f64) -> Vec<f64> {
        LEVELS.iter().map(|l| factor * l.powf(exponent)).collect()
    }

    fn stratum(levels: &[usize], values: &[f64], groups: &[usize]) -> Stratum {
        Stratum {
            levels: levels.to_vec(),
            values: values.to_vec(),
            groups: groups.to_vec(),
        }
    }

    fn slope_of(test: TrendTest, strata: Vec<Stratum>) -> Option<LogSlope> {
        let sample = Sample {
            test,
            levels: 3,
            strata,
        };
        log_slope(&LEVELS, &sample, 0.05)
    }

    fn untied(blocks: &[Vec<f64>]) -> Option<LogSlope> {
        let of_seed = |block: &Vec<f64>| stratum(&[0, 1, 2], block, &[0, 1, 2]);
        slope_of(TrendTest::Page, blocks.iter().map(of_seed).collect())
    }

    /// Seeds of which each lacks a level have slopes of their own.
    #[test]
    fn a_power_law_has_its_exponent_whatever_levels_seeds_lack() {
        let law = power_law(-0.5, 3.0);
        let of_seed =
            |low: usize, high: usize| stratum(&[low, high], &[law[low], law[high]], &[1, 0]);
        let strata = vec![of_seed(0, 1), of_seed(0, 2), of_seed(1, 2)];
        let found = slope_of(TrendTest::IncompleteBlocks, strata).unwrap();
        assert!((found.slope + 0.5).abs() < 1e-12, "{}", found.slope);
        assert_eq!((found.interval, found.of_seeds.len()), (None, 3));
    }

    /// SciPy 1.17.1: `linregress(log x, log y)`, slope ± `t.isf(0.025, 4)`·stderr.
    #[test]
    fn runs_of_seeds_with_one_level_have_one_line() {
        let values = [1.9, 1.7, 1.4, 1.3, 0.7, 0.55];
        let all = stratum(&[0, 0, 1, 1, 2, 2], &values, &[5, 4, 3, 2, 1, 0]);
        let found = slope_of(TrendTest::JonckheereTerpstra, vec![all]).unwrap();
        let [low, high] = found.interval.unwrap();
        for (found, expected) in [found.slope, low, high].into_iter().zip(LINREGRESS) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }
    const LINREGRESS: [f64; 3] = [
        -0.4647913236703002,
        -0.658072904489967,
        -0.27150974285063334,
    ];

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
        let tied_by = |groups: &[usize]| {
            let one = stratum(&[0, 1, 2], &blocks[0], groups);
            slope_of(TrendTest::Page, vec![one]).unwrap()
        };
        let tied = tied_by(&[0, 1, 1]);
        let root = 8.0_f64.sqrt();
        let shared = untied(&[vec![1.0, root, root]]).unwrap();
        assert!((tied.slope - shared.slope).abs() < 1e-12);
        let all_tied = tied_by(&[0, 0, 0]);
        assert_eq!((all_tied.slope, all_tied.interval), (0.0, None));
    }

    #[test]
    fn a_value_without_logarithm_gives_no_slope() {
        assert_eq!(untied(&[vec![1.0, 0.0, 2.0]]), None);
    }
}
