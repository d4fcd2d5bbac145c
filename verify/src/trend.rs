//! Trend tests over ordered levels: which there are, what they are given, and
//! what they say.
//!
//! Runs that could change levels among each other, if the factor had no effect,
//! are a block: those of one seed, which share their initial weights, or, where
//! no seed has several levels, all runs.

use serde::{Deserialize, Serialize};

use crate::jonckheere_terpstra;
use crate::null::{Limit, Null};
use crate::page;

/// Which trend test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrendTest {
    /// Page's: every seed has every level ([`crate::page`]).
    Page,
    /// Page's L over seeds of which some lack levels, each ranked among its own
    /// ([`crate::page`]).
    IncompleteBlocks,
    /// Jonckheere and Terpstra's: every seed has one level
    /// ([`crate::jonckheere_terpstra`]).
    JonckheereTerpstra,
}

impl TrendTest {
    /// Its name in sentences.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Page => "Page's trend test",
            Self::IncompleteBlocks => "Page's trend test for incomplete blocks",
            Self::JonckheereTerpstra => "Jonckheere and Terpstra's trend test",
        }
    }

    /// The letter of its statistic.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Page | Self::IncompleteBlocks => "L",
            Self::JonckheereTerpstra => "J",
        }
    }

    /// How much a pair of runs adds to twice the statistic where the one with
    /// label `high` has the larger value, and takes from it where the smaller:
    /// in Page's L the distance of the levels, in J one.
    pub(crate) fn weight(self, low: usize, high: usize) -> i64 {
        let distance = high as i64 - low as i64;
        match self {
            Self::Page | Self::IncompleteBlocks => distance,
            Self::JonckheereTerpstra => distance.signum(),
        }
    }
}

/// Runs that could change levels among each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The place of each run's level in the order in which values should rise,
    /// from 0.
    pub labels: Vec<usize>,
    /// The group of ties of each run's value, rising with the values, as
    /// [`crate::ties::groups`] has them.
    pub groups: Vec<usize>,
}

impl Block {
    /// The block with every run's label counted from the other end.
    pub fn turned_round(&self, levels: usize) -> Self {
        Self {
            labels: self.labels.iter().map(|l| levels - 1 - l).collect(),
            groups: self.groups.clone(),
        }
    }

    /// The block with its values in the order of the labels, as far as ties
    /// allow.
    pub fn in_order(&self) -> Self {
        let mut runs: Vec<usize> = (0..self.labels.len()).collect();
        runs.sort_by_key(|&run| self.labels[run]);
        let mut sorted = self.groups.clone();
        sorted.sort_unstable();
        let mut groups = sorted.clone();
        for (run, group) in runs.into_iter().zip(sorted) {
            groups[run] = group;
        }
        Self {
            labels: self.labels.clone(),
            groups,
        }
    }

    /// Whether the values rise strictly with the labels.
    pub fn is_rising(&self) -> bool {
        let mut runs: Vec<(usize, usize)> = self.pairs().collect();
        runs.sort_unstable();
        runs.windows(2).all(|pair| pair[0].1 < pair[1].1)
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.labels.iter().copied().zip(self.groups.iter().copied())
    }
}

/// What a trend test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// The statistic for the predicted order: rising along the labels.
    pub statistic: f64,
    /// The largest that labels without ties allow.
    pub largest: f64,
    /// P(statistic ≥ observed) under the null hypothesis.
    pub p_value: f64,
    /// P(statistic ≤ observed): the p-value of falling along the labels.
    pub opposite_p_value: f64,
    /// The p-value of the clearest rise that these ties allow.
    pub smallest_p_value: f64,
    /// The limit of `p_value` for many blocks: the normal distribution with the
    /// exact mean and variance, without continuity correction.
    pub normal_p_value: f64,
    /// How `p_value` was found.
    pub method: Method,
    /// How `opposite_p_value` was found.
    pub opposite_method: Method,
}

/// How a p-value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The permutation distribution given the ties, or its end, which needs no
    /// enumeration.
    Exact,
    /// The normal limit, where enumeration is out of reach.
    Normal,
}

/// The test of `blocks`, predicted to rise along the labels. Of Jonckheere and
/// Terpstra's there is one block, of all runs.
///
/// `None` where no block holds two labels.
///
/// One of two seeds lacks the middle level; 1/3! and 1/2! are their chances to be in
/// order:
///
/// ```
/// use breakeven_verify::trend::{Block, TrendTest, trend};
///
/// let whole = Block { labels: vec![0, 1, 2], groups: vec![0, 1, 2] };
/// let part = Block { labels: vec![0, 2], groups: vec![0, 1] };
/// let found = trend(TrendTest::IncompleteBlocks, &[whole, part]).ok_or("one level")?;
/// assert!((found.p_value - 1.0 / 12.0).abs() < 1e-12);
/// # Ok::<(), &str>(())
/// ```
pub fn trend(test: TrendTest, blocks: &[Block]) -> Option<Trend> {
    let has_two = |block: &Block| block.labels.iter().any(|l| *l != block.labels[0]);
    if !blocks.iter().any(has_two) {
        return None;
    }
    let observed = blocks.iter().map(|block| doubled(test, block)).sum();
    let largest: u64 = blocks.iter().map(|b| largest_doubled(test, b)).sum();
    let limit = limit(test, blocks);
    let null = null(test, blocks);
    Some(Trend {
        largest: largest as f64 / 2.0,
        ..null.trend(observed, &limit)
    })
}

/// The null distribution of twice the statistic, or its limit.
pub(crate) fn null(test: TrendTest, blocks: &[Block]) -> Null {
    let enumerated = match test {
        TrendTest::Page | TrendTest::IncompleteBlocks => page::distribution(blocks),
        TrendTest::JonckheereTerpstra => jonckheere_terpstra::distribution(blocks),
    };
    enumerated.map_or_else(|| Null::Normal(limit(test, blocks)), Null::exact)
}

pub(crate) fn limit(test: TrendTest, blocks: &[Block]) -> Limit {
    match test {
        TrendTest::Page | TrendTest::IncompleteBlocks => page::limit(blocks),
        TrendTest::JonckheereTerpstra => jonckheere_terpstra::limit(blocks),
    }
}

/// What a block adds to twice the statistic.
pub(crate) fn doubled(test: TrendTest, block: &Block) -> u64 {
    match test {
        TrendTest::Page | TrendTest::IncompleteBlocks => page::doubled_l(block),
        TrendTest::JonckheereTerpstra => jonckheere_terpstra::doubled_j(block),
    }
}

fn largest_doubled(test: TrendTest, block: &Block) -> u64 {
    let untied = Block {
        labels: block.labels.clone(),
        groups: (0..block.labels.len()).collect(),
    };
    doubled(test, &untied.in_order())
}

#[cfg(test)]
pub(crate) mod tests;
