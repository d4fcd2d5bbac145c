//! A share of a sweep.

use std::cmp::Reverse;

/// Which runs of a sweep are carried out.
///
/// ```
/// use breakeven_empirical::sweep::Shard;
///
/// // One long run is as much as five short ones.
/// let costs = [1, 1, 6, 1, 1, 2];
/// assert_eq!(Shard { index: 0, count: 2 }.share(&costs), [2]);
/// assert_eq!(Shard { index: 1, count: 2 }.share(&costs), [0, 1, 3, 4, 5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Counted from 0.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

impl Shard {
    /// All runs.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Which of the runs of these costs are its own, in their order: the
    /// costliest run first, each goes to the shard that has least so far, the
    /// first of those that have equally little; of equal runs the first in
    /// order goes first. So loads differ by at most one run, and whoever asks
    /// gets the same answer.
    ///
    /// Graham, *Bounds on multiprocessing timing anomalies*, SIAM J. Appl.
    /// Math. 17 (1969): the largest load is at most 4/3 − 1/(3·count) of the
    /// least possible one.
    pub fn share(self, costs: &[u64]) -> Vec<usize> {
        let mut longest_first: Vec<usize> = (0..costs.len()).collect();
        longest_first.sort_by_key(|&run| Reverse(costs[run]));
        // Of more shards than runs the last ones have none.
        let mut loads = vec![0_u128; self.count.min(costs.len())];
        let mut own = Vec::new();
        for run in longest_first {
            let least = (0..loads.len()).min_by_key(|&shard| loads[shard]);
            if let Some(least) = least {
                loads[least] += u128::from(costs[run]);
                if least == self.index {
                    own.push(run);
                }
            }
        }
        own.sort_unstable();
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(costs: &[u64], count: usize) -> Vec<Vec<usize>> {
        (0..count)
            .map(|index| Shard { index, count }.share(costs))
            .collect()
    }

    /// Costs without any order: a linear congruence, and equal ones among them.
    fn many(count: u64) -> Vec<u64> {
        (0..count).map(|k| 1 + (k * 7919 + 13) % 101).collect()
    }

    #[test]
    fn every_run_is_in_one_shard_and_loads_differ_by_at_most_one_run() {
        for costs in [
            many(1),
            many(30),
            many(97),
            vec![5; 12],
            vec![1000, 1, 1, 1],
        ] {
            let largest = *costs.iter().max().unwrap();
            for count in 1..=costs.len() + 2 {
                let shares = shares(&costs, count);
                let mut all = shares.concat();
                all.sort_unstable();
                assert_eq!(all, (0..costs.len()).collect::<Vec<_>>(), "{count} shards");
                let load = |share: &Vec<usize>| share.iter().map(|&run| costs[run]).sum::<u64>();
                let loads: Vec<u64> = shares.iter().map(load).collect();
                let (least, most) = (loads.iter().min().unwrap(), loads.iter().max().unwrap());
                assert!(most - least <= largest, "{count} shards: {loads:?}");
                for share in shares {
                    assert!(share.is_sorted(), "{share:?}");
                }
            }
        }
    }

    #[test]
    fn a_long_run_is_worth_several_short_ones() {
        assert_eq!(
            shares(&[1, 1, 6, 1, 1, 2], 2),
            [vec![2], vec![0, 1, 3, 4, 5]]
        );
        assert_eq!(shares(&[3, 3, 3, 3, 3], 2), [vec![0, 2, 4], vec![1, 3]]);
        assert_eq!(shares(&[], 2), [vec![], vec![]] as [Vec<usize>; 2]);
    }

    #[test]
    fn costs_beyond_counting_are_still_shared() {
        assert_eq!(shares(&[u64::MAX; 3], 3), [vec![0], vec![1], vec![2]]);
    }
}
