//! Jonckheere and Terpstra's trend test (T. J. Terpstra, 1952; A. R. Jonckheere,
//! 1954) over runs that share nothing, at ordered levels; exact also where
//! values tie.
//!
//! J counts, over all pairs of runs at different levels, those in which the one
//! at the later level has the larger value, and ties half. Under the null
//! hypothesis every distribution of the values over the runs is equally likely,
//! given how many runs each level has and which values tie. Of two levels J is
//! Mann and Whitney's U.
//!
//! Without ties the p-value is that of R's `clinfun::jonckheere.test`, and of two
//! levels that of SciPy's `mannwhitneyu(method="exact")`; with ties those resort
//! to a limit or to drawing, where this one stays exact.
//!
//! [`trend`](crate::trend::trend) carries it out. Of the C(4, 2) ways to share out
//! four values between two levels, one is in order:
//!
//! ```
//! use breakeven_verify::trend::{Block, TrendTest, trend};
//!
//! let runs = Block { labels: vec![0, 0, 1, 1], groups: vec![0, 1, 2, 3] };
//! let found = trend(TrendTest::JonckheereTerpstra, &[runs]).ok_or("one level")?;
//! assert_eq!(found.statistic, 4.0);
//! assert!((found.p_value - 1.0 / 6.0).abs() < 1e-12);
//! # Ok::<(), &str>(())
//! ```

#[cfg(test)]
mod tests;

use crate::null::{Distribution, End, Limit, chance};
use crate::trend::Block;

/// Up to so many additions the distribution is counted: 15 runs at each of three
/// levels take half of it.
const EXACT_WORK: f64 = 3e7;

/// Twice J of all runs.
pub(crate) fn doubled_j(block: &Block) -> u64 {
    let mut runs: Vec<(usize, usize)> = block.pairs().map(|(l, g)| (g, l)).collect();
    runs.sort_unstable();
    doubled_j_of_sorted(runs.into_iter(), levels(block))
}

/// The same of runs as (group of ties, label), sorted by their groups; labels
/// are below `levels`.
pub(crate) fn doubled_j_of_sorted(
    runs: impl Iterator<Item = (usize, usize)>,
    levels: usize,
) -> u64 {
    // Runs with a smaller value, and with the same, by label.
    let (mut below, mut tied) = (vec![0_u64; levels], vec![0_u64; levels]);
    let mut group = None;
    let mut sum = 0;
    for (found, label) in runs {
        if group != Some(found) {
            group = Some(found);
            for (below, tied) in below.iter_mut().zip(&mut tied) {
                *below += std::mem::take(tied);
            }
        }
        sum += 2 * below[..label].iter().sum::<u64>();
        sum += tied.iter().sum::<u64>() - tied[label];
        tied[label] += 1;
    }
    sum
}

/// One more than the largest label.
fn levels(block: &Block) -> usize {
    block.labels.iter().max().map_or(0, |label| label + 1)
}

/// The distribution of twice J of one block; `None` where it is out of reach.
pub(crate) fn distribution(blocks: &[Block]) -> Option<Distribution> {
    let [block] = blocks else { return None };
    Margins::of(block).counted()
}

/// The chances of Mann and Whitney's U of so many values without ties, from 0;
/// `None` where counting is out of reach.
pub(crate) fn untied_u(low: usize, high: usize) -> Option<Vec<f64>> {
    let margins = Margins {
        sizes: vec![low, high],
        ties: vec![1; low + high],
    };
    let doubled = margins.counted()?;
    Some(doubled.mass.into_iter().step_by(2).collect())
}

/// How many runs have each label, and how many each value, rising.
struct Margins {
    sizes: Vec<usize>,
    ties: Vec<usize>,
}

/// Chances of twice J, by how many runs of each label have their value.
type States = std::collections::BTreeMap<Vec<usize>, Vec<f64>>;

impl Margins {
    fn of(block: &Block) -> Self {
        let count = |of: &[usize]| {
            let most = of.iter().max().map_or(0, |most| most + 1);
            let mut counts = vec![0; most];
            of.iter().for_each(|&v| counts[v] += 1);
            counts.retain(|&n| n > 0);
            counts
        };
        Self {
            sizes: count(&block.labels),
            ties: count(&block.groups),
        }
    }

    /// Twice the largest J: pairs of runs with different labels.
    fn doubled_pairs(&self) -> u64 {
        let all: usize = self.sizes.iter().sum();
        let same: usize = self.sizes.iter().map(|n| n * n).sum();
        (all * all - same) as u64
    }

    /// The distribution of twice J; `None` where it is out of reach.
    fn counted(&self) -> Option<Distribution> {
        let states: f64 = self.sizes.iter().map(|n| (n + 1) as f64).product();
        let support = self.doubled_pairs() + 1;
        let work = states * support as f64 * self.sizes.len() as f64;
        (work <= EXACT_WORK).then(|| self.distribution(support as usize))
    }

    /// By giving out the values from the smallest, a group of ties at a time.
    fn distribution(&self, support: usize) -> Distribution {
        let mut states = States::from([(vec![0; self.sizes.len()], vec![1.0])]);
        for &tied in &self.ties {
            let mut next = States::new();
            for (given, chances) in &states {
                let left: Vec<usize> = self.sizes.iter().zip(given).map(|(n, c)| n - c).collect();
                for taken in ways(&left, tied) {
                    let probability = chance_of(&taken, &left);
                    let shift = added(given, &taken);
                    let then = given.iter().zip(&taken).map(|(c, a)| c + a).collect();
                    let to = next.entry(then).or_insert_with(|| vec![0.0; support]);
                    for (to, from) in to[shift..].iter_mut().zip(chances) {
                        *to += probability * from;
                    }
                }
            }
            states = next;
        }
        let all = states.pop_first().map(|(_, chances)| chances);
        Distribution::normalised(&all.unwrap_or_else(|| vec![1.0]))
    }

    /// An end of the distribution: the values go to the labels in this order,
    /// the smallest first.
    fn end(&self, labels: impl Iterator<Item = usize> + Clone) -> End {
        let mut left = self.sizes.clone();
        let (mut at, mut all) = (0, 1.0);
        for &tied in &self.ties {
            let mut taken = vec![0; left.len()];
            let mut open = tied;
            for label in labels.clone() {
                taken[label] = open.min(left[label]);
                open -= taken[label];
            }
            let given: Vec<usize> = self.sizes.iter().zip(&left).map(|(n, l)| n - l).collect();
            at += added(&given, &taken) as u64;
            all *= chance_of(&taken, &left);
            left.iter_mut().zip(&taken).for_each(|(l, t)| *l -= t);
        }
        End {
            at,
            chance: chance(all),
        }
    }

    /// The variance of J with ties (M. Hollander & D. A. Wolfe, *Nonparametric
    /// Statistical Methods*, 1999, Sec. 6.2).
    fn variance(&self) -> f64 {
        let n = self.sizes.iter().sum::<usize>() as f64;
        let sum = |counts: &[usize], term: fn(f64) -> f64| -> f64 {
            counts.iter().map(|&c| term(c as f64)).sum()
        };
        let cubic = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0);
        let triples = |t: f64| t * (t - 1.0) * (t - 2.0);
        let pairs = |t: f64| t * (t - 1.0);
        let (sizes, ties) = (&self.sizes, &self.ties);
        let first = (cubic(n) - sum(sizes, cubic) - sum(ties, cubic)) / 72.0;
        let second = sum(sizes, triples) * sum(ties, triples);
        let third = sum(sizes, pairs) * sum(ties, pairs);
        let over = |product: f64, by: f64| if product == 0.0 { 0.0 } else { product / by };
        first + over(second, 36.0 * triples(n)) + over(third, 8.0 * pairs(n))
    }
}

/// The normal limit of twice J, of one block.
pub(crate) fn limit(blocks: &[Block]) -> Limit {
    let all = Block {
        labels: blocks.iter().flat_map(|b| b.labels.clone()).collect(),
        groups: blocks.iter().flat_map(|b| b.groups.clone()).collect(),
    };
    let margins = Margins::of(&all);
    let labels = 0..margins.sizes.len();
    Limit {
        mean: margins.doubled_pairs() as f64 / 2.0,
        deviation: 2.0 * margins.variance().max(0.0).sqrt(),
        lowest: margins.end(labels.clone().rev()),
        highest: margins.end(labels),
    }
}

/// All ways to take `tied` runs of those that are left.
fn ways(left: &[usize], tied: usize) -> Vec<Vec<usize>> {
    let Some((&last, before)) = left.split_last() else {
        return if tied == 0 {
            vec![Vec::new()]
        } else {
            Vec::new()
        };
    };
    let with_last = |taken: usize| {
        let add = move |mut way: Vec<usize>| {
            way.push(taken);
            way
        };
        ways(before, tied - taken).into_iter().map(add)
    };
    (0..=last.min(tied)).flat_map(with_last).collect()
}

/// The chance to take just these of those that are left, whichever is as likely.
fn chance_of(taken: &[usize], left: &[usize]) -> f64 {
    let (mut chance, mut open) = (1.0, left.iter().sum::<usize>());
    let mut placed = 0;
    for (&taken, &left) in taken.iter().zip(left) {
        for index in 0..taken {
            placed += 1;
            // Of the ways to choose, times the orders in which they are chosen.
            chance *= (left - index) as f64 / open as f64 * placed as f64 / (index + 1) as f64;
            open -= 1;
        }
    }
    chance
}

/// What runs add to twice J that tie with each other and are above those given.
fn added(given: &[usize], taken: &[usize]) -> usize {
    let (mut sum, mut below, mut beside) = (0, 0, 0);
    for (given, taken) in given.iter().zip(taken) {
        sum += taken * (2 * below + beside);
        below += given;
        beside += taken;
    }
    sum
}
