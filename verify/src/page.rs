//! Page's trend test for ordered alternatives (E. B. Page, 1963), with seeds
//! as blocks and levels as treatments; exact also where values tie and where
//! seeds lack levels.
//!
//! In each block the values are ranked from 1, tied values sharing the mean of
//! their ranks (midranks). With R_ij the rank of level j in block i,
//! L = Σ_i Σ_j j·R_ij, large where values rise along the levels. Under the
//! null hypothesis every order of a block's midranks is equally likely,
//! whatever the blocks' own distributions, so the p-value is that of the
//! permutation distribution given the observed midranks.
//!
//! Incomplete blocks keep this form: a seed is ranked among the levels that it
//! has, and j counts all levels of the test. Up to a constant L is half the sum,
//! over all pairs of runs of a seed, of the distance of their levels, with its
//! sign turned where the pair is out of order. So each pair counts alike in
//! whatever block it is, and of complete blocks L is Page's. Skillings and
//! Mack's weights √(12/(k + 1)) for a block of k (1981) would give pairs in
//! larger blocks less weight and make Page's L of complete blocks another
//! number; either way the permutation distribution is exact.
//!
//! Deviations from SciPy's `page_trend_test`: blocks with ties get their own
//! exact distribution, where SciPy uses that of untied ranks; two levels, one
//! block and incomplete blocks are allowed; both tails are returned.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::null::{Distribution, End, Limit, chance};
use crate::ties::doubled_midranks;
use crate::trend::{Block, Trend, TrendTest, trend};

/// Up to this many levels in a block the distribution is exact.
pub const EXACT_LEVELS: usize = 12;
/// Up to this many multiplications for the convolution over blocks, too.
const EXACT_WORK: f64 = 2e9;

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
/// Three seeds, each in the one order of 3! that rises: L = 3(1 + 4 + 9).
///
/// ```
/// use breakeven_verify::page::page_trend_test;
///
/// let found = page_trend_test(&vec![vec![0.1, 0.2, 0.4]; 3])?;
/// assert_eq!(found.statistic, 42.0);
/// assert!((found.p_value - 1.0 / 216.0).abs() < 1e-12);
/// # Ok::<(), breakeven_verify::page::PageError>(())
/// ```
///
/// # Errors
/// Blocks that are empty, too short, of different length, or hold a NaN.
pub fn page_trend_test(blocks: &[Vec<f64>]) -> Result<Trend, PageError> {
    let levels = check(blocks)?;
    let blocks: Vec<Block> = blocks
        .iter()
        .map(|block| Block {
            labels: (0..levels).collect(),
            groups: equal_values(block),
        })
        .collect();
    let too_small = PageError::TooSmall {
        blocks: blocks.len(),
        levels,
    };
    trend(TrendTest::Page, &blocks).ok_or(too_small)
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

/// The number of levels of sound blocks.
fn check(blocks: &[Vec<f64>]) -> Result<usize, PageError> {
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
    match blocks.iter().position(|b| b.iter().any(|v| v.is_nan())) {
        Some(block) => Err(PageError::NotANumber { block }),
        None => Ok(levels),
    }
}

/// Twice what a block adds to L.
pub(crate) fn doubled_l(block: &Block) -> u64 {
    weighted_sum(&scores(block), &doubled_midranks(&block.groups))
}

/// The levels' places, from 1.
fn scores(block: &Block) -> Vec<u64> {
    block.labels.iter().map(|&label| label as u64 + 1).collect()
}

pub(crate) fn weighted_sum(scores: &[u64], ranks: &[u64]) -> u64 {
    scores.iter().zip(ranks).map(|(s, r)| s * r).sum()
}

/// The distribution of twice L; `None` where it is out of reach.
pub(crate) fn distribution(blocks: &[Block]) -> Option<Distribution> {
    let sorted: Vec<Sorted> = blocks.iter().map(Sorted::of).collect();
    let support: u64 = sorted.iter().map(Sorted::support).sum();
    let largest = sorted.iter().map(|block| block.scores.len()).max();
    let work = 0.5 * (support as f64).powi(2);
    if largest.unwrap_or(0) > EXACT_LEVELS || work > EXACT_WORK {
        return None;
    }
    let mut known: HashMap<Sorted, Distribution> = HashMap::new();
    let mut total = Distribution::of_nothing();
    for block in sorted {
        let one = known.entry(block).or_insert_with_key(Sorted::distribution);
        total = total.convolved(one);
    }
    Some(total)
}

/// A block without the order of its runs: all that its distribution depends on.
#[derive(PartialEq, Eq, Hash)]
struct Sorted {
    scores: Vec<u64>,
    /// Doubled midranks.
    ranks: Vec<u64>,
}

impl Sorted {
    fn of(block: &Block) -> Self {
        let (mut scores, mut ranks) = (scores(block), doubled_midranks(&block.groups));
        scores.sort_unstable();
        ranks.sort_unstable();
        Self { scores, ranks }
    }

    fn highest(&self) -> u64 {
        weighted_sum(&self.scores, &self.ranks)
    }

    fn lowest(&self) -> u64 {
        let falling: Vec<u64> = self.ranks.iter().rev().copied().collect();
        weighted_sum(&self.scores, &falling)
    }

    /// From the lowest to the highest value that it would have without ties.
    fn support(&self) -> u64 {
        let untied = Self {
            scores: self.scores.clone(),
            ranks: (1..=self.scores.len() as u64)
                .map(|rank| 2 * rank)
                .collect(),
        };
        untied.highest() - untied.lowest()
    }

    /// In how many different orders the midranks can stand: k! over the product
    /// of t! for t tied values.
    fn orders(&self) -> f64 {
        let ranks = &self.ranks;
        let before = |i: usize| ranks[..i].iter().filter(|&&r| r == ranks[i]).count();
        (0..ranks.len())
            .map(|i| (i + 1) as f64 / (before(i) + 1) as f64)
            .product()
    }

    /// The distribution of Σ_j s_j·r_π(j) over all permutations π, by counting
    /// over subsets: the ranks given to the first |subset| levels.
    fn distribution(&self) -> Distribution {
        let levels = self.ranks.len();
        let highest = self.highest() as usize;
        let mut counts: Vec<Vec<u64>> = vec![Vec::new(); 1 << levels];
        counts[0] = vec![0; highest + 1];
        counts[0][0] = 1;
        for subset in 0..counts.len() - 1 {
            let here = std::mem::take(&mut counts[subset]);
            let score = self.scores[subset.count_ones() as usize];
            for (index, rank) in self.ranks.iter().enumerate() {
                if subset & (1 << index) == 0 {
                    let next = &mut counts[subset | 1 << index];
                    next.resize(highest + 1, 0);
                    let shift = (score * rank) as usize;
                    for (to, from) in next.iter_mut().skip(shift).zip(&here) {
                        *to += from;
                    }
                }
            }
        }
        let all = counts.pop().unwrap_or_default();
        let all: Vec<f64> = all.iter().map(|&count| count as f64).collect();
        Distribution::normalised(&all)
    }

    /// The mean and variance of its sum over all permutations: with s̄ and r̄ the
    /// means of k scores and ranks, k·s̄·r̄ and Σ(s − s̄)²·Σ(r − r̄)²/(k − 1).
    fn moments(&self) -> [f64; 2] {
        let k = self.scores.len() as f64;
        let mean = |v: &[u64]| v.iter().sum::<u64>() as f64 / k;
        let squares = |v: &[u64]| -> f64 {
            let centre = mean(v);
            v.iter().map(|v| (*v as f64 - centre).powi(2)).sum()
        };
        let variance = squares(&self.scores) * squares(&self.ranks) / (k - 1.0).max(1.0);
        [k * mean(&self.scores) * mean(&self.ranks), variance]
    }
}

/// The normal limit of twice L: blocks add their means and variances. One order
/// of the midranks of each block leads to either end of the distribution.
pub(crate) fn limit(blocks: &[Block]) -> Limit {
    let sorted: Vec<Sorted> = blocks.iter().map(Sorted::of).collect();
    let moments: Vec<[f64; 2]> = sorted.iter().map(Sorted::moments).collect();
    let end = |at: fn(&Sorted) -> u64| End {
        at: sorted.iter().map(at).sum(),
        chance: chance(1.0 / sorted.iter().map(Sorted::orders).product::<f64>()),
    };
    Limit {
        mean: moments.iter().map(|m| m[0]).sum(),
        deviation: moments.iter().map(|m| m[1]).sum::<f64>().sqrt(),
        lowest: end(Sorted::lowest),
        highest: end(Sorted::highest),
    }
}
