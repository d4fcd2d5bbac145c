//! What a cell of a table says.

/// What a cell should have been.
pub struct Wrong {
    pub belongs: &'static str,
    pub remedy: &'static str,
}

/// How a table writes fractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimal {
    /// `1.5`
    Point,
    /// `1,5`
    Comma,
}

impl Decimal {
    /// The mark in a cell that is a number, if it has one: `1,5` and `1.5e-3`,
    /// not `1.024,5` and not `1,024,000`.
    pub fn of(cell: &str) -> Option<Self> {
        let is_numeric = |c: char| c.is_ascii_digit() || "+-.,eE".contains(c);
        if cell.is_empty() || !cell.chars().all(is_numeric) {
            return None;
        }
        match (cell.matches('.').count(), cell.matches(',').count()) {
            (1, 0) => Some(Self::Point),
            (0, 1) => Some(Self::Comma),
            _ => None,
        }
    }

    /// A cell with a point in place of this mark.
    pub fn to_point(self, cell: &str) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Comma if Self::of(cell) == Some(Self::Comma) => cell.replace(',', ".").into(),
            _ => cell.into(),
        }
    }
}

/// A finite number.
pub fn number(cell: &str, remedy: &'static str) -> Result<f64, Wrong> {
    let finite = cell.parse().ok().filter(|v: &f64| v.is_finite());
    finite.ok_or(Wrong {
        belongs: "a finite number",
        remedy,
    })
}

/// A finite number of at least 0.
pub fn error_bound(cell: &str) -> Result<f64, Wrong> {
    let remedy = "leave the cell empty where no error is known";
    let found = number(cell, remedy)?;
    (found >= 0.0).then_some(found).ok_or(Wrong {
        belongs: "an absolute error of at least 0",
        remedy,
    })
}

/// A whole number; `64.0` is one too, as tables written from floats have it.
pub fn whole(cell: &str) -> Result<u64, Wrong> {
    let digits = cell.split_once('.').map_or(cell, |(digits, zeros)| {
        if zeros.bytes().all(|b| b == b'0') {
            digits
        } else {
            cell
        }
    });
    digits.parse().map_err(|_| Wrong {
        belongs: "a whole number from 0",
        remedy: "give a whole number",
    })
}

/// Refuses what is not above 0.
pub fn above_zero(holds: bool) -> Result<(), Wrong> {
    holds.then_some(()).ok_or(Wrong {
        belongs: "above 0",
        remedy: "give a number above 0",
    })
}

/// Refuses what is no β: 0 or more and below 1.
pub fn below_one(momentum: f64) -> Result<(), Wrong> {
    let holds = (0.0..1.0).contains(&momentum);
    holds.then_some(()).ok_or(Wrong {
        belongs: "0 or more and below 1",
        remedy: "give β of the heavy ball, 0 for none",
    })
}

/// Whether a run converged: yes or no, or the state that Weights & Biases has of
/// it.
pub fn truth(cell: &str) -> Result<bool, Wrong> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "1.0" | FINISHED => Ok(true),
        "false" | "0" | "no" | "0.0" => Ok(false),
        _ if ended_early(cell) => Ok(false),
        _ => Err(Wrong {
            belongs: "`true` or `false`, or a state such as `finished` or `crashed`",
            remedy: "say whether the run converged: true or false",
        }),
    }
}

/// The state of a run that was carried out to its end.
const FINISHED: &str = "finished";
/// The states of all other runs.
const ENDED_EARLY: [&str; 7] = [
    "crashed",
    "failed",
    "killed",
    "running",
    "pending",
    "preempted",
    "preempting",
];

/// Whether a cell is the state of a run that was carried out to its end.
pub fn is_finished(cell: &str) -> bool {
    cell.eq_ignore_ascii_case(FINISHED)
}

/// Whether a cell is the state of a run that was not, or not yet.
pub fn ended_early(cell: &str) -> bool {
    ENDED_EARLY
        .iter()
        .any(|state| cell.eq_ignore_ascii_case(state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decimal_mark_is_seen_in_numbers_alone() {
        for (cell, expected) in [
            ("1,5", Some(Decimal::Comma)),
            ("-1,5e-3", Some(Decimal::Comma)),
            ("1.5", Some(Decimal::Point)),
            ("15", None),
            ("1.024,5", None),
            ("1,024,000", None),
            ("late, first", None),
            ("", None),
        ] {
            assert_eq!(Decimal::of(cell), expected, "{cell}");
        }
        assert_eq!(Decimal::Comma.to_point("1,5e-3"), "1.5e-3");
        assert_eq!(Decimal::Comma.to_point("a, b"), "a, b");
        assert_eq!(Decimal::Point.to_point("1,5"), "1,5");
    }
}
