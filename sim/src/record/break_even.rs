//! Where a trajectory breaks even, and how well that is known.

use super::Record;

/// Standard errors of Eq. 1's left side within which of 1 a record decides nothing.
const UNDECIDED: f64 = 2.0;

/// The first record at which SGD is not stable along e_H¹, the break-even point of a
/// trajectory (paper, Sec. 3).
///
/// ```
/// use breakeven_sim::record::{Record, break_even, break_even_bracket};
///
/// let record = |step, left| Record { step, stability: Some(left), ..Record::default() };
/// let records = [record(0, 0.6), record(10, 0.9), record(20, 1.1), record(30, 1.0)];
/// assert_eq!(break_even(&records).map(|point| point.step), Some(20));
/// // Between two records nothing is known.
/// assert_eq!(break_even_bracket(&records), Some([Some(10), Some(20)]));
/// ```
pub fn break_even(records: &[Record]) -> Option<&Record> {
    records
        .iter()
        .find(|record| record.is_unstable() == Some(true))
}

/// The steps between which a trajectory breaks even, as far as its records tell: after
/// the last of those that are all clearly stable, none where the first is not, and at
/// the latest at the first that is clearly unstable, none where none is. Clearly is by
/// more than two standard errors of the left side of Eq. 1, where they are known.
/// Absent where Eq. 1 clearly holds at every record, or was not measured.
///
/// The step of [`break_even`] is between them. Between two records nothing is known.
pub fn break_even_bracket(records: &[Record]) -> Option<[Option<u64>; 2]> {
    let measured = records.iter().filter_map(|record| {
        let error = record.stability_standard_error.unwrap_or(0.0);
        Some((record.step, record.stability?, UNDECIDED * error))
    });
    let is_clearly_stable = |&(_, left, error): &(u64, f64, f64)| left + error < 1.0;
    let stable = measured.clone().take_while(is_clearly_stable);
    let last_stable = stable.last().map(|(step, ..)| step);
    let mut others = measured.skip_while(is_clearly_stable).peekable();
    others.peek()?;
    let first_unstable = others.find(|&(_, left, error)| left - error >= 1.0);
    Some([last_stable, first_unstable.map(|(step, ..)| step)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records every ten steps, of a left side and its standard error.
    fn records(sides: &[(f64, f64)]) -> Vec<Record> {
        let record = |(k, &(left, error)): (u64, &(f64, f64))| Record {
            step: 10 * k,
            stability: Some(left),
            stability_standard_error: (error > 0.0).then_some(error),
            ..Record::default()
        };
        (0..).zip(sides).map(record).collect()
    }

    #[test]
    fn a_break_even_point_lies_between_two_records_that_are_clear() {
        for (sides, expected) in [
            (
                &[(0.5, 0.0), (0.9, 0.0), (1.0, 0.0)][..],
                Some([Some(10), Some(20)]),
            ),
            // Within two standard errors of 1 on either side: no decision.
            (
                &[(0.5, 0.1), (0.9, 0.1), (1.1, 0.1), (0.7, 0.1), (1.5, 0.1)],
                Some([Some(0), Some(40)]),
            ),
            // From the first record on; never for sure; never.
            (&[(2.0, 0.1), (0.1, 0.1)], Some([None, Some(0)])),
            (&[(0.5, 0.1), (1.1, 0.1), (0.5, 0.1)], Some([Some(0), None])),
            (&[(0.5, 0.1), (0.7, 0.1)], None),
            (&[], None),
        ] {
            let records = records(sides);
            let found = break_even_bracket(&records);
            assert_eq!(found, expected, "{sides:?}");
            if let (Some([after, up_to]), Some(point)) = (found, break_even(&records)) {
                assert!(after.is_none_or(|after| after < point.step));
                assert!(up_to.is_none_or(|up_to| point.step <= up_to));
            }
        }
    }

    #[test]
    fn records_without_a_left_side_are_passed_over() {
        let mut records = records(&[(0.5, 0.0), (0.9, 0.0), (9.0, 0.0), (1.5, 0.0)]);
        records[2].stability = None;
        assert_eq!(break_even_bracket(&records), Some([Some(10), Some(30)]));
        let none = vec![Record::default(); 3];
        assert_eq!(break_even_bracket(&none), None);
    }
}
