//! Which values of a seed tie: those that their stated errors do not tell
//! apart, and those at step 0. The test's ranks, the slopes and the counts of
//! ties all start from here.

use crate::summary::Reached;

/// Two values without a stated error tie where they differ by at most this
/// share of their size: sums in another order differ by less.
pub const RELATIVE: f64 = 1e-9;

/// For each value of a block the group that it ties with, from 0, rising with
/// the values.
///
/// A value v with the stated error e may be anywhere in \[v − e, v + e\]. Values
/// whose ranges overlap tie, and so do chains of them: a tie is mutual, and
/// holds for all members of its group. All values at step 0 are one group, as
/// wide as they lie apart: there all levels of a seed share their weights, so
/// what differs, from rounding or from the batches that were measured, is not
/// due to the factor.
///
/// Groups depend on the values of a block alone and not on their order, so the
/// permutation distribution given the groups is that of the null hypothesis.
///
/// 1 ± 0.3 and 1.5 ± 0.3 overlap, 3 does not:
///
/// ```
/// use breakeven_verify::summary::Reached;
/// use breakeven_verify::ties::{doubled_midranks, groups};
///
/// let reached = |value| Reached { value, step: Some(10), error: Some(0.3) };
/// let found = groups(&[3.0, 1.0, 1.5].map(reached));
/// assert_eq!(found, [1, 0, 0]);
/// // Ranks 3, and 1.5 of both that tie.
/// assert_eq!(doubled_midranks(&found), [6, 3, 3]);
/// ```
pub fn groups(block: &[Reached]) -> Vec<usize> {
    let shared = range_at_step_zero(block);
    let ranges: Vec<Range> = block
        .iter()
        .map(|reached| match shared {
            Some(shared) if reached.is_at_step_zero() => shared,
            _ => Range::of(reached),
        })
        .collect();
    overlapping(&ranges)
}

/// The same of runs of different seeds, which share nothing at step 0.
pub fn groups_of_seeds(runs: &[Reached]) -> Vec<usize> {
    let ranges: Vec<Range> = runs.iter().map(Range::of).collect();
    overlapping(&ranges)
}

/// Groups of ranges that overlap, and of chains of them.
fn overlapping(ranges: &[Range]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by(|&a, &b| ranges[a].low.total_cmp(&ranges[b].low));

    let mut groups = vec![0; ranges.len()];
    let mut group = 0;
    let mut highest = f64::NEG_INFINITY;
    for (place, &index) in order.iter().enumerate() {
        if place > 0 && ranges[index].low > highest {
            group += 1;
        }
        highest = highest.max(ranges[index].high);
        groups[index] = group;
    }
    groups
}

/// Twice the midranks of a block's groups, so that they are whole numbers: a
/// value with b smaller ones and e tied ones (itself among them) has
/// 2b + e + 1.
pub fn doubled_midranks(groups: &[usize]) -> Vec<u64> {
    let rank = |group: usize| {
        let below = groups.iter().filter(|&&g| g < group).count();
        let tied = groups.iter().filter(|&&g| g == group).count();
        (2 * below + tied + 1) as u64
    };
    groups.iter().map(|&group| rank(group)).collect()
}

/// Whether any two values of a block tie.
pub fn has_tie(groups: &[usize]) -> bool {
    (1..groups.len()).any(|index| groups[..index].contains(&groups[index]))
}

/// Where a value may be.
#[derive(Clone, Copy)]
struct Range {
    low: f64,
    high: f64,
}

impl Range {
    fn of(reached: &Reached) -> Self {
        let Reached { value, error, .. } = *reached;
        let size = value.abs();
        // No number is better than its last digits.
        let error = error.map_or(RELATIVE / 2.0 * size, |e| e.max(2.0 * f64::EPSILON * size));
        Self {
            low: value - error,
            high: value + error,
        }
    }
}

/// From the lowest to the highest value at step 0, if there is one.
fn range_at_step_zero(block: &[Reached]) -> Option<Range> {
    let at_zero = block.iter().filter(|reached| reached.is_at_step_zero());
    at_zero.map(Range::of).reduce(|a, b| Range {
        low: a.low.min(b.low),
        high: a.high.max(b.high),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(value: f64, step: u64, error: Option<f64>) -> Reached {
        Reached {
            value,
            step: Some(step),
            error,
        }
    }

    fn without_error(values: &[f64]) -> Vec<Reached> {
        values.iter().map(|&v| reached(v, 60, None)).collect()
    }

    #[test]
    fn values_are_told_apart_beyond_a_relative_error_of_one_in_a_billion() {
        let next = 1.86_f64.next_up();
        for (values, expected) in [
            (vec![3.0, 1.0, 2.0], vec![2, 0, 1]),
            (vec![1.86, next, 1.86], vec![0, 0, 0]),
            (vec![1.0, 1.0 + 0.9e-9, 2.0], vec![0, 0, 1]),
            (vec![1.0, 1.0 + 1.1e-9, 2.0], vec![0, 1, 2]),
            // The same far from 1, below 0, and at 0.
            (vec![1e-30, 1.0000000005e-30, 2e-30], vec![0, 0, 1]),
            (vec![-1.0, -1.0000000005, 5.0], vec![0, 0, 1]),
            (vec![0.0, 0.0, 1e-300], vec![0, 0, 1]),
        ] {
            assert_eq!(groups(&without_error(&values)), expected, "{values:?}");
        }
    }

    #[test]
    fn a_stated_error_counts_instead_on_both_sides() {
        let with = |values: &[(f64, f64)]| -> Vec<Reached> {
            values
                .iter()
                .map(|&(v, e)| reached(v, 60, Some(e)))
                .collect()
        };
        assert_eq!(
            groups(&with(&[(1.0, 0.1), (1.15, 0.1), (2.0, 0.1)])),
            [0, 0, 1]
        );
        assert_eq!(
            groups(&with(&[(1.0, 0.1), (1.25, 0.1), (2.0, 0.1)])),
            [0, 1, 2]
        );
        // One wide value ties with both of its neighbours, and they through it.
        assert_eq!(
            groups(&with(&[(1.0, 0.1), (2.0, 1.2), (3.0, 0.1)])),
            [0, 0, 0]
        );
        // Finer than the default, but never than rounding.
        assert_eq!(groups(&with(&[(1.0, 0.0), (1.0 + 1e-12, 0.0)])), [0, 1]);
        assert_eq!(
            groups(&with(&[(1.0, 0.0), (1.0_f64.next_up(), 0.0)])),
            [0, 0]
        );
    }

    #[test]
    fn values_at_step_0_tie_with_each_other_and_with_what_lies_between() {
        let block = [
            reached(0.28, 0, None),
            reached(0.30, 60, None),
            reached(0.32, 0, None),
            reached(0.33, 60, None),
        ];
        assert_eq!(groups(&block), [0, 0, 0, 1]);
    }

    #[test]
    fn other_seeds_have_other_weights_at_step_0() {
        let runs = [
            reached(0.28, 0, None),
            reached(0.30, 60, None),
            reached(0.32, 0, None),
        ];
        assert_eq!(groups(&runs), [0, 0, 0]);
        assert_eq!(groups_of_seeds(&runs), [0, 1, 2]);
    }

    #[test]
    fn groups_follow_the_values_whatever_their_order() {
        let values = [2.0, 1.0, 1.0 + 1e-10, 3.0];
        let groups_of = |order: [usize; 4]| {
            let block: Vec<f64> = order.iter().map(|&i| values[i]).collect();
            groups(&without_error(&block))
        };
        assert_eq!(groups_of([0, 1, 2, 3]), [1, 0, 0, 2]);
        assert_eq!(groups_of([3, 2, 1, 0]), [2, 0, 0, 1]);
    }

    #[test]
    fn midranks_are_shared() {
        assert_eq!(doubled_midranks(&[0, 1, 2]), [2, 4, 6]);
        assert_eq!(doubled_midranks(&[1, 0, 1, 2]), [5, 2, 5, 8]);
        assert_eq!(doubled_midranks(&[0, 0, 0]), [4, 4, 4]);
    }
}
