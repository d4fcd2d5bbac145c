//! Values of an option: one, a list, or an evenly spaced range.
//!
//! `0.1`, `0.1,0.2,0.5`, `1e-3..1:20` (20 values from 1e-3 to 1, evenly
//! spaced in the logarithm), `0..1:11:linear`.

use std::str::FromStr;

/// Most values that one range may have.
const MOST_VALUES: usize = 100_000;

/// Real values.
#[derive(Clone, Debug, PartialEq)]
pub struct Reals(pub Vec<f64>);

/// Counts; a range is rounded, and each count appears once.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts(pub Vec<usize>);

/// Why a range can't be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RangeError {
    #[error("`{0}` is not a number")]
    NotANumber(String),
    #[error("`{0}` is not a count (a whole number, 0 or more)")]
    NotACount(String),
    #[error("`{0}` is not a range: write FIRST..LAST:HOW_MANY, as in 1e-3..1:20")]
    NotARange(String),
    #[error("a range has 2 to {MOST_VALUES} values, got {0}")]
    HowMany(usize),
    #[error("a range spaced in the logarithm needs positive ends: write FIRST..LAST:N:linear")]
    NotPositive,
    #[error("the spacing is log or linear, got `{0}`")]
    Spacing(String),
}

impl FromStr for Reals {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        if text.contains("..") {
            return spaced(text).map(Self);
        }
        text.split(',')
            .map(number)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl FromStr for Counts {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        if !text.contains("..") {
            return text
                .split(',')
                .map(count)
                .collect::<Result<_, _>>()
                .map(Self);
        }
        let reals = spaced(text)?;
        if reals.iter().any(|&value| !(0.0..9e15).contains(&value)) {
            return Err(RangeError::NotACount(text.to_owned()));
        }
        // In range of usize by the check above.
        let mut counts: Vec<usize> = reals.iter().map(|value| value.round() as usize).collect();
        counts.dedup();
        Ok(Self(counts))
    }
}

fn number(text: &str) -> Result<f64, RangeError> {
    text.trim()
        .parse()
        .map_err(|_| RangeError::NotANumber(text.to_owned()))
}

/// One count; `1e9` is one too.
pub fn count(text: &str) -> Result<usize, RangeError> {
    let text = text.trim();
    let error = || RangeError::NotACount(text.to_owned());
    if let Ok(count) = text.parse() {
        return Ok(count);
    }
    let value: f64 = text.parse().map_err(|_| error())?;
    if value.fract() == 0.0 && (0.0..9e15).contains(&value) {
        Ok(value as usize)
    } else {
        Err(error())
    }
}

fn spaced(text: &str) -> Result<Vec<f64>, RangeError> {
    let shape = || RangeError::NotARange(text.to_owned());
    let (first, rest) = text.split_once("..").ok_or_else(shape)?;
    let mut parts = rest.split(':');
    let (last, many) = parts.next().zip(parts.next()).ok_or_else(shape)?;
    let (first, last) = (number(first)?, number(last)?);
    let many: usize = many.parse().map_err(|_| shape())?;
    if !(2..=MOST_VALUES).contains(&many) {
        return Err(RangeError::HowMany(many));
    }
    let linear = match (parts.next(), parts.next()) {
        (None | Some("log"), None) => false,
        (Some("linear"), None) => true,
        (Some(other), None) => return Err(RangeError::Spacing(other.to_owned())),
        (_, Some(_)) => return Err(shape()),
    };
    if linear {
        return Ok(spread(first, last, many));
    }
    if !(first > 0.0 && last > 0.0) {
        return Err(RangeError::NotPositive);
    }
    let mut values: Vec<f64> = spread(first.ln(), last.ln(), many)
        .into_iter()
        .map(f64::exp)
        .collect();
    values[0] = first;
    values[many - 1] = last;
    Ok(values)
}

/// `many` ≥ 2 evenly spaced values from `first` to `last`, both included.
fn spread(first: f64, last: f64, many: usize) -> Vec<f64> {
    let share = |i: usize| i as f64 / (many - 1) as f64;
    (0..many)
        .map(|i| first * (1.0 - share(i)) + last * share(i))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reals(text: &str) -> Result<Vec<f64>, RangeError> {
        text.parse::<Reals>().map(|reals| reals.0)
    }

    #[test]
    fn ranges_are_spaced_in_the_logarithm_unless_told() {
        let values = reals("1e-3..1:4").unwrap();
        for (value, expected) in values.iter().zip([1e-3, 1e-2, 1e-1, 1.0]) {
            assert!((value / expected - 1.0).abs() < 1e-14);
        }
        assert_eq!(reals("0..1:5:linear").unwrap(), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(reals("3,1").unwrap(), [3.0, 1.0]);
    }

    #[test]
    fn counts_are_rounded_and_appear_once() {
        let counts: Counts = "1..4:7".parse().unwrap();
        assert_eq!(counts.0, [1, 2, 3, 4]);
        assert_eq!("1e9".parse::<Counts>().unwrap().0, [1_000_000_000]);
        assert!("1.5".parse::<Counts>().is_err());
        assert!("-3".parse::<Counts>().is_err());
    }

    #[test]
    fn what_is_wrong_with_a_range_is_said() {
        assert_eq!(reals("0..1:3"), Err(RangeError::NotPositive));
        assert_eq!(reals("1..2:1"), Err(RangeError::HowMany(1)));
        assert_eq!(
            reals("1..2:5:cubic"),
            Err(RangeError::Spacing("cubic".into()))
        );
        assert!(matches!(reals("1..2"), Err(RangeError::NotARange(_))));
        assert!(matches!(reals("1,x"), Err(RangeError::NotANumber(_))));
    }
}
