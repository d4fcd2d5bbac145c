//! From numbers to places on an axis, and the ticks between.

use serde::Serialize;

use crate::number::significant;

/// Above this ratio of largest to smallest, numbers are shown on a log scale.
const LOG_FROM_RATIO: f64 = 30.0;
/// Room at both ends, as a part of the whole.
const MARGIN: f64 = 0.04;

/// The scale of an axis, with its two ends.
///
/// ```
/// use breakeven_plot::Scale;
///
/// assert_eq!(Scale::Linear(0.0, 10.0).ticks(5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
/// // Ten lies in the middle of one and a hundred.
/// let log = Scale::Log(1.0, 100.0);
/// assert!(log.place(10.0).is_some_and(|place| (place - 0.5).abs() < 1e-12));
/// assert_eq!(log.place(0.0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal distances for equal differences.
    Linear(f64, f64),
    /// Equal distances for equal ratios; both ends positive.
    Log(f64, f64),
}

impl Scale {
    /// A scale that shows all finite `values`, with a margin: a log scale
    /// where all are positive and span more than a factor of 30.
    pub fn around(values: impl IntoIterator<Item = f64>) -> Self {
        match ends(values) {
            Some((low, high)) if low > 0.0 && high / low > LOG_FROM_RATIO => {
                Self::log_around([low, high])
            }
            Some((low, high)) => Self::linear_around([low, high]),
            None => Self::Linear(0.0, 1.0),
        }
    }

    /// A linear scale around all finite `values`.
    pub fn linear_around(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = ends(values).unwrap_or((0.0, 1.0));
        let width = if high > low {
            high - low
        } else {
            low.abs().max(1.0)
        };
        Self::Linear(low - MARGIN * width, high + MARGIN * width)
    }

    /// A log scale around all positive, finite `values`.
    pub fn log_around(values: impl IntoIterator<Item = f64>) -> Self {
        let positive = values.into_iter().filter(|v| *v > 0.0);
        let (low, high) = ends(positive).unwrap_or((0.1, 10.0));
        let ratio = if high > low { high / low } else { 10.0 };
        let room = ratio.powf(MARGIN);
        Self::Log(low / room, high * room)
    }

    /// Its two ends.
    pub fn ends(self) -> (f64, f64) {
        match self {
            Self::Linear(low, high) | Self::Log(low, high) => (low, high),
        }
    }

    /// The place of `value`: 0 at the lower end, 1 at the upper. `None` where
    /// the scale has no place for it.
    pub fn place(self, value: f64) -> Option<f64> {
        let place = match self {
            Self::Linear(low, high) => (value - low) / (high - low),
            Self::Log(low, high) if value > 0.0 => (value / low).ln() / (high / low).ln(),
            Self::Log(..) => return None,
        };
        place.is_finite().then_some(place)
    }

    /// The value at a place: 0 is the lower end, 1 the upper.
    pub fn at(self, place: f64) -> f64 {
        match self {
            Self::Linear(low, high) => low + place * (high - low),
            Self::Log(low, high) => low * (high / low).powf(place),
        }
    }

    /// Round numbers between the ends, about `count` of them.
    pub fn ticks(self, count: usize) -> Vec<f64> {
        match self {
            Self::Linear(low, high) => linear_ticks(low, high, count),
            Self::Log(low, high) => log_ticks(low, high, count),
        }
    }

    /// Unlabelled ticks between those of a log scale over whole decades.
    pub fn minor_ticks(self) -> Vec<f64> {
        let Self::Log(low, high) = self else {
            return Vec::new();
        };
        let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
        if decades.end() - decades.start() > 7 {
            return Vec::new();
        }
        decades
            .flat_map(|decade| (2..10).map(move |m| f64::from(m) * 10_f64.powi(decade)))
            .filter(|tick| (low..=high).contains(tick))
            .collect()
    }
}

/// Smallest and largest of the finite values.
fn ends(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .into_iter()
        .filter(|v| v.is_finite())
        .fold(None, |ends, v| match ends {
            None => Some((v, v)),
            Some((low, high)) => Some((v.min(low), v.max(high))),
        })
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn linear_ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let raw = (high - low) / count.max(1) as f64;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|step| *step >= 0.75 * raw)
        .unwrap_or(10.0 * power);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|index| index as f64 * step).collect()
}

/// Powers of ten; with 2 and 5 between where there are few, all digits where
/// there are fewer still.
fn log_ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let decades = || (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let with = |multiples: &[f64]| -> Vec<f64> {
        decades()
            .flat_map(|decade| multiples.iter().map(move |m| m * 10_f64.powi(decade)))
            .filter(|tick| (low..=high).contains(tick))
            .collect()
    };
    for multiples in [&[1.0][..], &[1.0, 3.0], &[1.0, 2.0, 5.0]] {
        let ticks = with(multiples);
        if ticks.len() >= 3 {
            let every = ticks.len().div_ceil(count + 1);
            return ticks.into_iter().step_by(every).collect();
        }
    }
    linear_ticks(low, high, count.saturating_sub(1))
        .into_iter()
        .filter(|tick| *tick > 0.0)
        .collect()
}

/// The label of a tick: digits, or a power of ten where they would be many.
pub fn tick_label(value: f64) -> String {
    let short = significant(value, 4);
    match short.split_once('e') {
        Some(("1", exponent)) => format!("10{}", superscript(exponent)),
        Some((mantissa, exponent)) => format!("{mantissa}·10{}", superscript(exponent)),
        None => short.replace('-', "−"),
    }
}

fn superscript(exponent: &str) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        _ => {
            ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][c.to_digit(10).unwrap_or(0) as usize]
        }
    };
    exponent.chars().map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_ticks_are_round_and_inside() {
        assert_eq!(
            Scale::Linear(-0.04, 1.04).ticks(5),
            [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]
        );
        assert_eq!(
            Scale::Linear(0.0, 10.0).ticks(5),
            [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
        );
        assert_eq!(
            Scale::Linear(180.0, 620.0).ticks(5),
            [200.0, 300.0, 400.0, 500.0, 600.0]
        );
    }

    #[test]
    fn log_ticks_are_decades_where_there_are_enough() {
        let labels = |low, high| -> Vec<String> {
            Scale::Log(low, high)
                .ticks(5)
                .into_iter()
                .map(tick_label)
                .collect()
        };
        assert_eq!(labels(0.009, 20.0), ["0.01", "0.1", "1", "10"]);
        assert_eq!(labels(0.9, 40.0), ["1", "3", "10", "30"]);
        assert_eq!(labels(1e-9, 1e9).len(), 5);
        assert_eq!(labels(3.0, 6.0), ["3", "4", "5", "6"]);
    }

    #[test]
    fn long_numbers_become_powers_of_ten() {
        assert_eq!(tick_label(1e9), "10⁹");
        assert_eq!(tick_label(2e-7), "2·10⁻⁷");
        assert_eq!(tick_label(-0.6000000000000001), "−0.6");
    }

    #[test]
    fn the_scale_is_logarithmic_where_values_span_a_factor_of_thirty() {
        assert!(matches!(Scale::around([1.0, 31.0]), Scale::Log(..)));
        assert!(matches!(Scale::around([1.0, 29.0]), Scale::Linear(..)));
        assert!(matches!(Scale::around([0.0, 100.0]), Scale::Linear(..)));
        assert!(matches!(Scale::around([f64::NAN]), Scale::Linear(0.0, 1.0)));
    }

    #[test]
    fn places_run_from_end_to_end() {
        assert_eq!(Scale::Linear(2.0, 4.0).place(3.0), Some(0.5));
        assert!((Scale::Log(1.0, 100.0).place(10.0).unwrap() - 0.5).abs() < 1e-15);
        assert_eq!(Scale::Log(1.0, 100.0).place(-1.0), None);
        assert_eq!(Scale::Linear(0.0, 1.0).place(f64::INFINITY), None);
    }

    #[test]
    fn a_constant_still_has_room_around_it() {
        let (low, high) = Scale::around([3.0, 3.0]).ends();
        assert!(low < 3.0 && 3.0 < high);
    }
}
