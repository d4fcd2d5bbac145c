//! Hodges and Lehmann's estimates of a shift (J. L. Hodges & E. L. Lehmann, 1963)
//! and the exact intervals that go with them: R's `wilcox.test(conf.int = TRUE)`.
//!
//! Of paired differences it is the median of their Walsh averages, the means of
//! any two and of each with itself; of two samples the median of all differences
//! between them. The interval leaves out so many of the smallest and largest that
//! the signed-rank test, or Mann and Whitney's, of any shift within it has a p
//! above α. Few values reach no coverage of 1 − α; then the interval is from the
//! smallest to the largest, and its coverage is what that has.

use crate::jonckheere_terpstra::untied_u;
use crate::wilcoxon::{MOST_DIFFERENCES, distribution};

/// A shift and its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// The estimate.
    pub estimate: f64,
    /// Its interval; absent for a single pair, and where there are too many
    /// values to count its coverage.
    pub interval: Option<Interval>,
}

/// An interval and its coverage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// From where to where.
    pub ends: [f64; 2],
    /// How often it covers the shift, where values scatter symmetrically, or two
    /// samples alike but for the shift; more often with ties.
    pub coverage: f64,
}

/// The shift of paired differences from 0; `None` without any.
///
/// The Walsh averages of 1, 2 and 4 are 1, 1.5, 2, 2.5, 3 and 4; all signs are equal
/// with a chance of 2/8:
///
/// ```
/// use breakeven_verify::hodges_lehmann::{Interval, of_pairs};
///
/// let shift = of_pairs(&[1.0, 2.0, 4.0], 0.05);
/// assert_eq!(shift.map(|shift| shift.estimate), Some(2.25));
/// let whole = Interval { ends: [1.0, 4.0], coverage: 0.75 };
/// assert_eq!(shift.and_then(|shift| shift.interval), Some(whole));
/// ```
pub fn of_pairs(differences: &[f64], alpha: f64) -> Option<Shift> {
    let n = differences.len();
    let mut averages: Vec<f64> = (0..n)
        .flat_map(|i| (i..n).map(move |j| (i, j)))
        .map(|(i, j)| 0.5 * (differences[i] + differences[j]))
        .collect();
    let ranks: Vec<usize> = (1..=n).collect();
    let chances = (n <= MOST_DIFFERENCES).then(|| distribution(&ranks));
    shift(&mut averages, chances.as_deref(), alpha)
}

/// The shift from `low` to `high`; `None` where either is empty.
///
/// ```
/// use breakeven_verify::hodges_lehmann::of_samples;
///
/// // The differences are 2, 3, 4 and 5.
/// let shift = of_samples(&[0.0, 1.0], &[3.0, 5.0], 0.05);
/// assert_eq!(shift.map(|shift| shift.estimate), Some(3.5));
/// ```
pub fn of_samples(low: &[f64], high: &[f64], alpha: f64) -> Option<Shift> {
    let mut differences: Vec<f64> = high
        .iter()
        .flat_map(|h| low.iter().map(move |l| h - l))
        .collect();
    let chances = untied_u(low.len(), high.len());
    shift(&mut differences, chances.as_deref(), alpha)
}

/// Of the estimates that single pairs give, and the chances of how many of them
/// are above the true shift.
fn shift(estimates: &mut [f64], chances: Option<&[f64]>, alpha: f64) -> Option<Shift> {
    if estimates.is_empty() {
        return None;
    }
    estimates.sort_by(f64::total_cmp);
    let count = estimates.len();
    Some(Shift {
        estimate: 0.5 * (estimates[(count - 1) / 2] + estimates[count / 2]),
        interval: chances.and_then(|chances| interval(estimates, chances, alpha)),
    })
}

fn interval(sorted: &[f64], chances: &[f64], alpha: f64) -> Option<Interval> {
    let last = sorted.len() - 1;
    // So many are left out at either end.
    let (mut cut, mut tail) = (0, chances[0]);
    while 2 * (cut + 1) < last && tail + chances[cut + 1] <= alpha / 2.0 {
        cut += 1;
        tail += chances[cut];
    }
    (last > 0).then(|| Interval {
        ends: [sorted[cut], sorted[last - cut]],
        coverage: (1.0 - 2.0 * tail).max(0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    /// Hollander and Wolfe (1999), Examples 3.1 and 3.3, Hamilton's depression
    /// scale: the estimate is −0.46, and R's `wilcox.test(y, x, paired = TRUE,
    /// conf.int = TRUE)` has the interval [−0.786, −0.010] of coverage 0.9609375.
    #[test]
    #[allow(clippy::approx_constant)] // a measured 3.14
    fn paired_differences_have_rs_estimate_and_interval() {
        let x = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.140, 1.29];
        let differences: Vec<f64> = y.iter().zip(x).map(|(y, x)| y - x).collect();
        let found = of_pairs(&differences, 0.05).unwrap();
        assert_close(found.estimate, -0.46);
        let Interval { ends, coverage } = found.interval.unwrap();
        assert_close(ends[0], -0.786);
        assert_close(ends[1], -0.01);
        assert_close(coverage, 0.9609375);
    }

    /// 2⁻⁵ at either end is as far as five pairs go.
    #[test]
    fn few_pairs_have_the_coverage_that_they_reach() {
        let found = of_pairs(&[1.0, 2.0, 3.0, 4.0, 6.0], 0.05).unwrap();
        let Interval { ends, coverage } = found.interval.unwrap();
        assert_eq!(ends, [1.0, 6.0]);
        assert_close(coverage, 1.0 - 2.0 / 32.0);
        // Walsh averages of 1, 2, 3, 4, 6: the eighth of fifteen.
        assert_close(found.estimate, 3.0);
        let one = of_pairs(&[2.5], 0.05).unwrap();
        assert_eq!((one.estimate, one.interval), (2.5, None));
        assert_eq!(of_pairs(&[], 0.05), None);
    }

    /// The coverage of a wide interval, by all signs: a true shift of 0 is missed
    /// as often as stated.
    #[test]
    fn the_interval_misses_zero_as_often_as_stated() {
        let sizes = [0.3, 1.1, 1.7, 2.9, 4.3, 5.3, 7.9, 8.3];
        let mut covered = 0;
        for signs in 0..256_u32 {
            let differences: Vec<f64> = (0..8)
                .map(|i| {
                    if signs >> i & 1 == 1 {
                        sizes[i]
                    } else {
                        -sizes[i]
                    }
                })
                .collect();
            let [low, high] = of_pairs(&differences, 0.1).unwrap().interval.unwrap().ends;
            covered += u32::from(low <= 0.0 && 0.0 <= high);
        }
        let stated = of_pairs(&sizes, 0.1).unwrap().interval.unwrap().coverage;
        assert!(stated >= 0.9);
        assert_close(f64::from(covered) / 256.0, stated);
    }

    /// The same over all C(7, 3) splits of two samples.
    #[test]
    fn the_interval_of_two_samples_misses_zero_as_often_as_stated() {
        let all = [0.3, 1.1, 1.7, 2.9, 4.3, 5.3, 7.9];
        let (mut covered, mut splits) = (0, 0);
        for chosen in (0..128_u32).filter(|bits| bits.count_ones() == 3) {
            let of = |bit| -> Vec<f64> {
                (0..7)
                    .filter(|i| chosen >> i & 1 == bit)
                    .map(|i| all[i])
                    .collect()
            };
            let shift = of_samples(&of(1), &of(0), 0.2).unwrap();
            let [low, high] = shift.interval.unwrap().ends;
            covered += u32::from(low <= 0.0 && 0.0 <= high);
            splits += 1;
        }
        let stated = of_samples(&all[..3], &all[3..], 0.2)
            .unwrap()
            .interval
            .unwrap()
            .coverage;
        assert!(stated >= 0.8);
        assert_close(f64::from(covered) / f64::from(splits), stated);
    }
}
