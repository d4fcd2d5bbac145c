//! Page's trend test for ordered alternatives (E. B. Page, 1963), with seeds
//! as blocks and levels as treatments; exact also where values tie.
//!
//! In each block the k values are ranked 1 to k, tied values sharing the mean
//! of their ranks (midranks). With R_ij the rank of level j in block i,
//! L = Σ_i Σ_j j·R_ij, large where values rise along the levels. Under the
//! null hypothesis every order of a block's midranks is equally likely,
//! whatever the blocks' own distributions, so the p-value is that of the
//! permutation distribution given the observed midranks.
//!
//! Deviations from SciPy's `page_trend_test`: blocks with ties get their own
//! exact distribution, where SciPy uses that of untied ranks; two levels and
//! one block are allowed; both tails are returned.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::ties::doubled_midranks;

/// Up to this many levels the distribution is exact.
pub const EXACT_LEVELS: usize = 12;
/// Up to this many multiplications for the convolution over blocks, too.
const EXACT_WORK: f64 = 2e9;

/// What Page's test says of blocks of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageTrend {
    /// L for the predicted order: rising along the levels.
    pub statistic: f64,
    /// P(L ≥ observed) under the null hypothesis.
    pub p_value: f64,
    /// P(L ≤ observed): the p-value of falling along the levels.
    pub opposite_p_value: f64,
    /// The p-value of the most extreme order that these midranks allow, in
    /// either direction.
    pub smallest_p_value: f64,
    /// The limit of `p_value` for many blocks: the normal distribution with the
    /// exact mean and variance, without continuity correction.
    pub normal_p_value: f64,
    /// How `p_value` was found.
    pub method: PageMethod,
    /// How `opposite_p_value` was found.
    pub opposite_method: PageMethod,
}

/// How a p-value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageMethod {
    /// The permutation distribution of the observed midranks, or its end, which
    /// needs no enumeration.
    Exact,
    /// The normal limit: where there are more than [`EXACT_LEVELS`] levels, or
    /// too many blocks to enumerate.
    Normal,
}

/// Values that Page's test cannot take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// No trend without blocks of two or more.
    #[error("a trend needs at least one block of at least two levels; got {blocks} of {levels}")]
    TooSmall {
        /// Blocks given.
        blocks: usize,
        /// Values in the first block.
        levels: usize,
    },
    /// Blocks of different length.
    #[error("block {block} has {found} values, the first one has {expected}")]
    Ragged {
        /// Index of the block, from 0.
        block: usize,
        /// Its length.
        found: usize,
        /// The first block's length.
        expected: usize,
    },
    /// A value without a rank.
    #[error("block {block} holds a NaN, which has no rank")]
    NotANumber {
        /// Index of the block, from 0.
        block: usize,
    },
}

/// Page's trend test of `blocks` \[seeds\]\[levels\], predicted to rise along
/// the levels. Reverse each block to predict that they fall.
///
/// # Errors
/// Blocks that are empty, too short, of different length, or hold a NaN.
pub fn page_trend_test(blocks: &[Vec<f64>]) -> Result<PageTrend, PageError> {
    check(blocks)?;
    let groups: Vec<Vec<usize>> = blocks.iter().map(|block| equal_values(block)).collect();
    page_trend_of_groups(&groups)
}

/// The same of values that are given as groups of ties, which rise with them,
/// as [`crate::ties::groups`] has them.
///
/// # Errors
/// Blocks that are empty, too short, or of different length.
pub fn page_trend_of_groups(blocks: &[Vec<usize>]) -> Result<PageTrend, PageError> {
    let levels = check_lengths(blocks)?;
    let ranks: Vec<Vec<u64>> = blocks.iter().map(|b| doubled_midranks(b)).collect();
    let doubled_l = ranks.iter().map(|r| weighted_sum(r)).sum();
    let support = (levels * (levels * levels - 1) / 3) as f64;
    let work = 0.5 * (blocks.len() as f64 * support).powi(2);
    let limit = normal(&ranks, doubled_l);
    if levels <= EXACT_LEVELS && work <= EXACT_WORK {
        Ok(exact(&ranks, doubled_l, limit.normal_p_value))
    } else {
        Ok(limit)
    }
}

/// The values' groups where equal ones alone tie.
fn equal_values(values: &[f64]) -> Vec<usize> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup_by(|a, b| a == b);
    values
        .iter()
        .map(|v| sorted.partition_point(|s| s < v))
        .collect()
}

fn check(blocks: &[Vec<f64>]) -> Result<(), PageError> {
    check_lengths(blocks)?;
    match blocks.iter().position(|b| b.iter().any(|v| v.is_nan())) {
        Some(block) => Err(PageError::NotANumber { block }),
        None => Ok(()),
    }
}

/// The number of levels, once all blocks are known to have it.
fn check_lengths<T>(blocks: &[Vec<T>]) -> Result<usize, PageError> {
    let levels = blocks.first().map_or(0, Vec::len);
    if levels < 2 {
        let blocks = blocks.len();
        return Err(PageError::TooSmall { blocks, levels });
    }
    for (block, values) in blocks.iter().enumerate() {
        if values.len() != levels {
            return Err(PageError::Ragged {
                block,
                found: values.len(),
                expected: levels,
            });
        }
    }
    Ok(levels)
}

/// Σ_j j·r_j with j from 1.
fn weighted_sum(ranks: &[u64]) -> u64 {
    (1..).zip(ranks).map(|(j, r)| j * r).sum()
}

/// A distribution on consecutive integers from `lowest`; both ends have mass.
struct Distribution {
    lowest: u64,
    mass: Vec<f64>,
}

fn exact(ranks: &[Vec<u64>], doubled_l: u64, normal_p_value: f64) -> PageTrend {
    let mut known: HashMap<Vec<u64>, Distribution> = HashMap::new();
    let mut total = Distribution {
        lowest: 0,
        mass: vec![1.0],
    };
    for block in ranks {
        let mut pattern = block.clone();
        pattern.sort_unstable();
        let one = known
            .entry(pattern)
            .or_insert_with_key(|pattern| of_one_block(pattern));
        total = convolved(&total, one);
    }
    let observed = (doubled_l - total.lowest) as usize;
    PageTrend {
        statistic: doubled_l as f64 / 2.0,
        p_value: chance(total.mass[observed..].iter().rev().sum()),
        opposite_p_value: chance(total.mass[..=observed].iter().sum()),
        smallest_p_value: chance(total.mass[total.mass.len() - 1]),
        normal_p_value,
        method: PageMethod::Exact,
        opposite_method: PageMethod::Exact,
    }
}

/// A sum of chances, whose rounding may take it past 1, or below the smallest
/// number though it is never 0.
fn chance(sum: f64) -> f64 {
    sum.clamp(f64::MIN_POSITIVE, 1.0)
}

/// The distribution of Σ_j j·r_π(j) over all permutations π of a block's
/// doubled midranks, by counting over subsets: the ranks given to the first
/// |subset| levels.
fn of_one_block(ranks: &[u64]) -> Distribution {
    let levels = ranks.len();
    let highest = weighted_sum(ranks) as usize;
    let mut counts: Vec<Vec<u64>> = vec![Vec::new(); 1 << levels];
    counts[0] = vec![0; highest + 1];
    counts[0][0] = 1;
    for subset in 0..counts.len() {
        let here = std::mem::take(&mut counts[subset]);
        let level = u64::from(subset.count_ones()) + 1;
        for (index, rank) in ranks.iter().enumerate() {
            if subset & (1 << index) == 0 {
                let next = &mut counts[subset | 1 << index];
                next.resize(highest + 1, 0);
                let shift = (level * rank) as usize;
                for (to, from) in next.iter_mut().skip(shift).zip(&here) {
                    *to += from;
                }
            }
        }
        if level as usize > levels {
            return normalised(&here);
        }
    }
    // The last subset is the full one, at which the loop has returned.
    unreachable!("the full subset is the last")
}

/// Counts by sum, without empty ends, divided by their total.
fn normalised(counts: &[u64]) -> Distribution {
    let lowest = counts.iter().position(|&c| c > 0).unwrap_or(0);
    let highest = counts.iter().rposition(|&c| c > 0).unwrap_or(0);
    let total = counts.iter().sum::<u64>() as f64;
    Distribution {
        lowest: lowest as u64,
        mass: counts[lowest..=highest]
            .iter()
            .map(|&c| c as f64 / total)
            .collect(),
    }
}

/// The distribution of the sum of two independent numbers.
fn convolved(a: &Distribution, b: &Distribution) -> Distribution {
    let mut mass = vec![0.0; a.mass.len() + b.mass.len() - 1];
    for (i, &p) in a.mass.iter().enumerate().filter(|(_, p)| **p > 0.0) {
        for (to, &q) in mass[i..].iter_mut().zip(&b.mass) {
            *to += p * q;
        }
    }
    Distribution {
        lowest: a.lowest + b.lowest,
        mass,
    }
}

/// The normal limit: a block adds (k(k + 1)/12)·Σ_j (r_j − r̄)² to the variance
/// of L. Both ends of the distribution are exact: one order of the midranks of
/// each block leads there.
fn normal(ranks: &[Vec<u64>], doubled_l: u64) -> PageTrend {
    let k = ranks[0].len() as f64;
    let mean_rank = (k + 1.0) / 2.0;
    let mean = ranks.len() as f64 * k * mean_rank * mean_rank;
    let spread = |block: &Vec<u64>| -> f64 {
        let deviation = |r: &u64| (*r as f64 / 2.0 - mean_rank).powi(2);
        block.iter().map(deviation).sum()
    };
    let variance = ranks.iter().map(spread).sum::<f64>() * k * (k + 1.0) / 12.0;
    let upper_tail = |l: f64| {
        if variance == 0.0 {
            return 1.0;
        }
        chance(Normal::standard().sf((l - mean) / variance.sqrt()))
    };
    let statistic = doubled_l as f64 / 2.0;
    let mirrored = 2.0 * mean - statistic;
    let highest = ranks.iter().map(|block| highest_sum(block)).sum::<u64>() as f64 / 2.0;
    let smallest_p_value = chance(1.0 / ranks.iter().map(|r| orders(r)).product::<f64>());
    let tail = |l: f64| {
        if l == highest {
            (smallest_p_value, PageMethod::Exact)
        } else {
            (upper_tail(l), PageMethod::Normal)
        }
    };
    let (p_value, method) = tail(statistic);
    let (opposite_p_value, opposite_method) = tail(mirrored);
    PageTrend {
        statistic,
        p_value,
        opposite_p_value,
        smallest_p_value,
        normal_p_value: upper_tail(statistic),
        method,
        opposite_method,
    }
}

/// Σ_j j·r_j with the ranks in rising order.
fn highest_sum(ranks: &[u64]) -> u64 {
    let mut sorted = ranks.to_vec();
    sorted.sort_unstable();
    weighted_sum(&sorted)
}

/// In how many different orders the midranks of a block can stand: k! over the
/// product of t! for t tied values.
fn orders(ranks: &[u64]) -> f64 {
    let before = |index: usize| {
        ranks[..index]
            .iter()
            .filter(|&&r| r == ranks[index])
            .count()
    };
    (0..ranks.len())
        .map(|i| (i + 1) as f64 / (before(i) + 1) as f64)
        .product()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(ranks: &[&[u32]]) -> Vec<Vec<f64>> {
        let row = |r: &&[u32]| r.iter().map(|&v| f64::from(v)).collect();
        ranks.iter().map(row).collect()
    }

    /// Relative error of sums of up to 10⁴ positive terms in f64.
    const ROUNDING: f64 = 1e-12;

    fn assert_close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= ROUNDING * expected,
            "{found} is not {expected}"
        );
    }

    /// Relative error of statrs' erfc, far below that of the limit itself.
    const LIMIT: f64 = 1e-9;

    fn assert_nearly(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= LIMIT * expected,
            "{found} is not {expected}"
        );
    }

    struct SciPyCase {
        blocks: &'static [&'static [u32]],
        l: f64,
        p: f64,
        opposite: f64,
        asymptotic: f64,
    }

    /// `scipy.stats.page_trend_test` of SciPy 1.17.1, methods `exact` (also on
    /// the negated values) and `asymptotic`.
    const SCIPY: [SciPyCase; 6] = [
        SciPyCase {
            blocks: &[&[1, 3, 2], &[1, 3, 2], &[1, 2, 3]],
            l: 40.0,
            p: 0.08796296296296297,
            opposite: 0.9675925925925926,
            asymptotic: 0.051235217429874684,
        },
        SciPyCase {
            blocks: &[&[1, 2, 3], &[1, 2, 3], &[1, 2, 3], &[1, 2, 3], &[1, 2, 3]],
            l: 70.0,
            p: 0.00012860082304526747,
            opposite: 1.0,
            asymptotic: 0.000782701129001274,
        },
        SciPyCase {
            blocks: &[&[2, 3, 1, 4], &[1, 4, 2, 3], &[1, 2, 3, 4], &[3, 2, 1, 4]],
            l: 110.0,
            p: 0.05041051793981481,
            opposite: 0.9662995515046297,
            asymptotic: 0.0416322583317752,
        },
        SciPyCase {
            blocks: &[
                &[1, 2, 3],
                &[2, 3, 1],
                &[1, 3, 2],
                &[1, 2, 3],
                &[1, 2, 3],
                &[1, 3, 2],
                &[2, 1, 3],
            ],
            l: 92.0,
            p: 0.021133401920438954,
            opposite: 0.9902692043895743,
            asymptotic: 0.016254722322859756,
        },
        SciPyCase {
            blocks: &[
                &[3, 2, 4, 1, 5],
                &[3, 1, 5, 2, 4],
                &[1, 3, 4, 2, 5],
                &[3, 1, 2, 5, 4],
                &[2, 1, 4, 3, 5],
                &[1, 3, 2, 5, 4],
            ],
            l: 305.0,
            p: 0.0016893168098020622,
            opposite: 0.9987732574290418,
            asymptotic: 0.002133362411088065,
        },
        SciPyCase {
            blocks: &[
                &[1, 5, 3, 4, 2, 7, 6],
                &[3, 4, 2, 6, 1, 5, 7],
                &[4, 3, 5, 1, 2, 6, 7],
            ],
            l: 379.0,
            p: 0.014411412029538447,
            opposite: 0.9875579592755312,
            asymptotic: 0.014934320537351765,
        },
    ];

    #[test]
    fn without_ties_it_is_scipys_exact_test() {
        for case in &SCIPY {
            let found = page_trend_test(&rows(case.blocks)).unwrap();
            assert_eq!(found.method, PageMethod::Exact);
            assert_eq!(found.statistic, case.l);
            assert_close(found.p_value, case.p);
            assert_close(found.opposite_p_value, case.opposite);
        }
    }

    #[test]
    fn the_normal_approximation_is_scipys_asymptotic_one() {
        for case in &SCIPY {
            let found = page_trend_test(&rows(case.blocks)).unwrap();
            assert_nearly(found.normal_p_value, case.asymptotic);
        }
    }

    /// SciPy 1.17.1, `page_trend_test(method="asymptotic")`: a block of 13 levels
    /// in order but for the first two, another but for the last two, and the
    /// same of falling values.
    #[test]
    fn beyond_enumeration_it_is_the_normal_limit_and_called_so() {
        let mut first: Vec<f64> = (0..13).map(f64::from).collect();
        let mut second = first.clone();
        first.swap(0, 1);
        second.swap(11, 12);
        let blocks = [first, second];
        let found = page_trend_test(&blocks).unwrap();
        assert_eq!(found.statistic, SCIPY_13.0);
        assert_nearly(found.p_value, SCIPY_13.1);
        assert_nearly(found.opposite_p_value, SCIPY_13.2);
        assert_eq!(found.p_value, found.normal_p_value);
        assert_eq!(found.method, PageMethod::Normal);
        assert_eq!(found.opposite_method, PageMethod::Normal);
        assert_close(found.smallest_p_value, 1.0 / 6_227_020_800.0_f64.powi(2));
    }

    const SCIPY_13: (f64, f64, f64) = (1636.0, 5.521974419902587e-07, 0.999999447802558);

    /// The ends of the distribution need no enumeration: one order out of all.
    #[test]
    fn beyond_enumeration_both_ends_are_exact() {
        let rising: Vec<f64> = (0..13).map(f64::from).collect();
        let mut falling = rising.clone();
        falling.reverse();
        let found = page_trend_test(&[rising]).unwrap();
        assert_eq!(found.method, PageMethod::Exact);
        assert_close(found.p_value, 1.0 / 6_227_020_800.0);
        let found = page_trend_test(&[falling]).unwrap();
        assert_eq!(found.opposite_method, PageMethod::Exact);
        assert_eq!(found.method, PageMethod::Normal);
        assert_close(found.opposite_p_value, 1.0 / 6_227_020_800.0);
        // Three tied values: 13!/3! orders.
        let tied: Vec<f64> = (0..13).map(|v| f64::from(v).max(2.0)).collect();
        let found = page_trend_test(&[tied]).unwrap();
        assert_close(found.p_value, 6.0 / 6_227_020_800.0);
        let all_tied = page_trend_test(&[vec![1.0; 13]]).unwrap();
        assert_eq!((all_tied.p_value, all_tied.opposite_p_value), (1.0, 1.0));
        assert_eq!(all_tied.method, PageMethod::Exact);
    }

    /// 6⁻⁵⁰⁰ is below the smallest number: no p-value is 0.
    #[test]
    fn a_p_value_is_never_zero() {
        let blocks = vec![vec![1.0, 2.0, 3.0]; 500];
        let found = page_trend_test(&blocks).unwrap();
        assert_eq!(found.p_value, f64::MIN_POSITIVE);
        assert_eq!(found.smallest_p_value, f64::MIN_POSITIVE);
        assert_close(found.opposite_p_value, 1.0);
    }

    /// The sign test, from the binomial distribution.
    #[test]
    fn two_levels_are_the_binomial_distribution() {
        use statrs::distribution::{Binomial, DiscreteCDF};
        for rising in 0..=9_usize {
            let block = |seed| {
                if seed < rising {
                    vec![1.0, 2.0]
                } else {
                    vec![2.0, 1.0]
                }
            };
            let blocks: Vec<_> = (0..9).map(block).collect();
            let found = page_trend_test(&blocks).unwrap();
            let binomial = Binomial::new(0.5, 9).unwrap();
            let at_least = 1.0
                - (rising as u64)
                    .checked_sub(1)
                    .map_or(0.0, |k| binomial.cdf(k));
            assert!((found.p_value - at_least).abs() < 1e-12, "{rising}");
        }
    }

    /// Numerators and denominators from enumerating every within-block
    /// permutation in exact fractions (Python 3.11, `itertools`, `fractions`).
    #[test]
    fn with_ties_it_is_the_enumeration_of_all_permutations() {
        type Case = (&'static [&'static [u32]], f64, f64, f64);
        let cases: [Case; 5] = [
            (
                &[&[1, 1, 2], &[1, 2, 3], &[2, 1, 2]],
                39.5,
                5.0 / 54.0,
                17.0 / 18.0,
            ),
            (&[&[1, 1, 1], &[1, 2, 3]], 26.0, 1.0 / 6.0, 1.0),
            (
                &[&[3, 3, 1, 4], &[1, 2, 2, 2], &[5, 1, 2, 5], &[1, 2, 3, 4]],
                110.0,
                457.0 / 13824.0,
                499.0 / 512.0,
            ),
            (
                &[&[1, 1, 2, 2, 3], &[2, 2, 2, 1, 5], &[1, 2, 3, 4, 5]],
                156.0,
                79.0 / 24000.0,
                4789.0 / 4800.0,
            ),
            (
                &[&[1, 1, 2], &[1, 1, 2], &[1, 1, 2], &[1, 1, 2], &[1, 2, 3]],
                68.0,
                1.0 / 486.0,
                1.0,
            ),
        ];
        for (blocks, l, p, opposite) in cases {
            let found = page_trend_test(&rows(blocks)).unwrap();
            assert_eq!(found.statistic, l);
            assert_close(found.p_value, p);
            assert_close(found.opposite_p_value, opposite);
        }
    }

    #[test]
    fn two_levels_are_the_sign_test() {
        // Three of four seeds rise: P(at least 3 of 4 heads) = 5/16.
        let blocks = rows(&[&[1, 2], &[1, 2], &[2, 1], &[1, 2]]);
        let found = page_trend_test(&blocks).unwrap();
        assert_close(found.p_value, 5.0 / 16.0);
        assert_close(found.smallest_p_value, 1.0 / 16.0);
    }

    #[test]
    fn blocks_that_tie_throughout_say_nothing() {
        let found = page_trend_test(&rows(&[&[4, 4, 4], &[7, 7, 7]])).unwrap();
        assert_eq!((found.p_value, found.opposite_p_value), (1.0, 1.0));
        assert_eq!(found.smallest_p_value, 1.0);
    }

    #[test]
    fn the_smallest_p_value_is_one_order_out_of_all() {
        let found = page_trend_test(&rows(&[&[1, 2, 3, 4], &[2, 1, 4, 3]])).unwrap();
        assert_close(found.smallest_p_value, 1.0 / (24.0 * 24.0));
        let tied = page_trend_test(&rows(&[&[1, 1, 2]])).unwrap();
        assert_close(tied.smallest_p_value, 1.0 / 3.0);
    }

    #[test]
    fn twelve_levels_are_enumerated() {
        let twelve: Vec<f64> = (0..12).map(f64::from).collect();
        let found = page_trend_test(&[twelve]).unwrap();
        assert_eq!(found.method, PageMethod::Exact);
        assert_close(found.p_value, 1.0 / 479_001_600.0);
    }

    #[test]
    fn unsound_blocks_are_refused() {
        assert_eq!(
            page_trend_test(&[vec![1.0]]),
            Err(PageError::TooSmall {
                blocks: 1,
                levels: 1
            })
        );
        assert!(page_trend_test(&[]).is_err());
        assert_eq!(
            page_trend_test(&[vec![1.0, 2.0], vec![1.0]]),
            Err(PageError::Ragged {
                block: 1,
                found: 1,
                expected: 2
            })
        );
        assert_eq!(
            page_trend_test(&[vec![1.0, f64::NAN]]),
            Err(PageError::NotANumber { block: 0 })
        );
    }
}
