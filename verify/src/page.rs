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

#[cfg(test)]
mod tests;

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
    check_lengths(blocks)?;
    let ranks: Vec<Vec<u64>> = blocks.iter().map(|b| doubled_midranks(b)).collect();
    let doubled_l = ranks.iter().map(|r| weighted_sum(r)).sum();
    let limit = normal(&ranks, doubled_l);
    if is_enumerated(&ranks) {
        Ok(exact(&ranks, doubled_l, limit.normal_p_value))
    } else {
        Ok(limit)
    }
}

/// What p-value each L of some blocks has: the test's own null distribution.
pub(crate) enum Null {
    /// P(doubled L ≥ lowest + index).
    Exact {
        lowest: u64,
        upper: Vec<f64>,
    },
    Normal(NormalLimit),
}

impl Null {
    /// Of blocks of doubled midranks, at least one, all of the same length.
    pub(crate) fn of(ranks: &[Vec<u64>]) -> Self {
        if !is_enumerated(ranks) {
            return Self::Normal(NormalLimit::of(ranks));
        }
        let Distribution { lowest, mut mass } = of_blocks(ranks);
        let mut sum = 0.0;
        for mass in mass.iter_mut().rev() {
            sum += *mass;
            *mass = chance(sum);
        }
        Self::Exact {
            lowest,
            upper: mass,
        }
    }

    /// The same, counted where there are at most so many levels, and it takes at
    /// most so many multiplications; and whether it is the normal limit.
    pub(crate) fn within(ranks: &[Vec<u64>], levels: usize, most_work: f64) -> (Self, bool) {
        let is_counted = ranks[0].len() <= levels && work(ranks) <= most_work;
        match is_counted {
            true => (Self::of(ranks), false),
            false => (Self::Normal(NormalLimit::of(ranks)), true),
        }
    }

    /// P(L ≥ `doubled_l`/2).
    pub(crate) fn p_value(&self, doubled_l: u64) -> f64 {
        match self {
            Self::Exact { lowest, upper } => upper[(doubled_l - lowest) as usize],
            Self::Normal(limit) => limit.p_value(doubled_l).0,
        }
    }
}

/// Whether the distribution of L is counted, or its normal limit taken.
fn is_enumerated(ranks: &[Vec<u64>]) -> bool {
    ranks[0].len() <= EXACT_LEVELS && work(ranks) <= EXACT_WORK
}

/// Multiplications of the convolution over blocks.
fn work(ranks: &[Vec<u64>]) -> f64 {
    let levels = ranks[0].len();
    let support = (levels * (levels * levels - 1) / 3) as f64;
    0.5 * (ranks.len() as f64 * support).powi(2)
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
pub(crate) fn weighted_sum(ranks: &[u64]) -> u64 {
    (1..).zip(ranks).map(|(j, r)| j * r).sum()
}

/// A distribution on consecutive integers from `lowest`; both ends have mass.
struct Distribution {
    lowest: u64,
    mass: Vec<f64>,
}

fn exact(ranks: &[Vec<u64>], doubled_l: u64, normal_p_value: f64) -> PageTrend {
    let total = of_blocks(ranks);
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

/// The distribution of L of all blocks.
fn of_blocks(ranks: &[Vec<u64>]) -> Distribution {
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
    total
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

fn normal(ranks: &[Vec<u64>], doubled_l: u64) -> PageTrend {
    let limit = NormalLimit::of(ranks);
    let (p_value, method) = limit.p_value(doubled_l);
    let (opposite_p_value, opposite_method) = limit.p_value(limit.mirrored(doubled_l));
    PageTrend {
        statistic: doubled_l as f64 / 2.0,
        p_value,
        opposite_p_value,
        smallest_p_value: limit.smallest,
        normal_p_value: limit.upper_tail(doubled_l),
        method,
        opposite_method,
    }
}

/// The normal limit of doubled L: a block adds (k(k + 1)/12)·Σ_j (r_j − r̄)² to
/// the variance of L. Both ends of the distribution are exact: one order of the
/// midranks of each block leads there.
pub(crate) struct NormalLimit {
    /// Twice the mean.
    doubled_mean: f64,
    /// Twice the standard deviation.
    doubled_deviation: f64,
    /// The largest value.
    highest: u64,
    /// The chance of it.
    smallest: f64,
}

impl NormalLimit {
    fn of(ranks: &[Vec<u64>]) -> Self {
        let k = ranks[0].len() as f64;
        let mean_rank = (k + 1.0) / 2.0;
        let spread = |block: &Vec<u64>| -> f64 {
            let deviation = |r: &u64| (*r as f64 / 2.0 - mean_rank).powi(2);
            block.iter().map(deviation).sum()
        };
        let variance = ranks.iter().map(spread).sum::<f64>() * k * (k + 1.0) / 12.0;
        Self {
            doubled_mean: 2.0 * ranks.len() as f64 * k * mean_rank * mean_rank,
            doubled_deviation: 2.0 * variance.sqrt(),
            highest: ranks.iter().map(|block| highest_sum(block)).sum(),
            smallest: chance(1.0 / ranks.iter().map(|r| orders(r)).product::<f64>()),
        }
    }

    /// The statistic as far on the other side of the mean.
    fn mirrored(&self, doubled_l: u64) -> u64 {
        // Twice a mean of whole numbers and halves is whole.
        (2.0 * self.doubled_mean) as u64 - doubled_l
    }

    fn upper_tail(&self, doubled_l: u64) -> f64 {
        if self.doubled_deviation == 0.0 {
            return 1.0;
        }
        let z = (doubled_l as f64 - self.doubled_mean) / self.doubled_deviation;
        chance(Normal::standard().sf(z))
    }

    fn p_value(&self, doubled_l: u64) -> (f64, PageMethod) {
        if doubled_l == self.highest {
            (self.smallest, PageMethod::Exact)
        } else {
            (self.upper_tail(doubled_l), PageMethod::Normal)
        }
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
