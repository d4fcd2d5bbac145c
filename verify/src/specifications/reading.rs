//! What a run's records give under every choice.

use breakeven_sim::record::Record;

use super::choices::{Cadence, Choices, STATISTICS, Smoothing, Window};
use crate::quantity::{Quantity, Statistic};
use crate::summary::Reached;

/// Where a matched loss or accuracy begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Training accuracies above it are past the threshold.
    pub accuracy: f64,
    /// Training losses down to it are at the threshold, where there is one.
    pub loss: Option<f64>,
}

/// A measured value, and where.
#[derive(Clone, Copy)]
struct Point {
    step: u64,
    value: f64,
    error: Option<f64>,
}

/// What a run of so many steps gives under each of [`Choices::all`], in that
/// order.
pub fn read(
    quantity: Quantity,
    records: &[Record],
    steps: u64,
    thresholds: Thresholds,
) -> Vec<Option<Reached>> {
    let series: Vec<Series<'_>> = Cadence::ALL
        .map(|cadence| Series::of(quantity, records, cadence, thresholds))
        .into();
    let one = |choices: Choices| {
        let place = |all: &[Cadence]| all.iter().position(|c| *c == choices.cadence);
        // Every cadence is in the list of all.
        let series = &series[place(&Cadence::ALL).unwrap_or(0)];
        series.read(choices, steps)
    };
    Choices::all(quantity).into_iter().map(one).collect()
}

/// The same under one choice alone.
pub fn read_one(
    choices: Choices,
    records: &[Record],
    steps: u64,
    thresholds: Thresholds,
) -> Option<Reached> {
    Series::of(choices.quantity, records, choices.cadence, thresholds).read(choices, steps)
}

/// A quantity over the records of a cadence.
struct Series<'a> {
    /// The records.
    records: Vec<&'a Record>,
    /// As measured, and smoothed over three and five; then the same without
    /// step 0.
    points: [Vec<Point>; 6],
    thresholds: Thresholds,
}

impl<'a> Series<'a> {
    fn of(
        quantity: Quantity,
        records: &'a [Record],
        cadence: Cadence,
        thresholds: Thresholds,
    ) -> Self {
        let records: Vec<&Record> = records.iter().step_by(cadence.one_of()).collect();
        let measured = |record: &&Record| {
            Some(Point {
                step: record.step,
                value: quantity.of(record)?,
                error: quantity.error_bound_of(record),
            })
        };
        let all: Vec<Point> = records.iter().filter_map(measured).collect();
        let later = &all[all.partition_point(|point| point.step == 0)..];
        let [none, three, five] = Smoothing::ALL.map(Smoothing::records);
        Self {
            points: [
                smoothed(&all, none),
                smoothed(&all, three),
                smoothed(&all, five),
                smoothed(later, none),
                smoothed(later, three),
                smoothed(later, five),
            ],
            records,
            thresholds,
        }
    }

    fn read(&self, choices: Choices, steps: u64) -> Option<Reached> {
        let Choices {
            statistic,
            window,
            smoothing,
            ..
        } = choices;
        let place = match smoothing {
            Smoothing::None => 0,
            Smoothing::OverThree => 1,
            Smoothing::OverFive => 2,
        };
        let without_zero = statistic == Statistic::MaxWithoutStepZero;
        let points = &self.points[place + if without_zero { 3 } else { 0 }];
        let from = self.begins(statistic, window, steps)?;
        let of_it = points
            .iter()
            .filter(|p| p.step >= from && window.has(p.step, steps));
        let found = match statistic {
            Statistic::AtAccuracy | Statistic::AtLoss => { of_it }.next(),
            _ => of_it.reduce(|best, next| if next.value > best.value { next } else { best }),
        }?;
        Some(Reached {
            value: found.value,
            // An average around step 0 is no longer what all levels share there.
            step: (smoothing == Smoothing::None).then_some(found.step),
            error: found.error,
        })
    }

    /// The first step that a statistic looks at, within the window.
    fn begins(&self, statistic: Statistic, window: Window, steps: u64) -> Option<u64> {
        debug_assert!(STATISTICS.contains(&statistic));
        let is_past: Box<dyn Fn(&Record) -> bool> = match statistic {
            Statistic::AtAccuracy => {
                let threshold = self.thresholds.accuracy;
                Box::new(move |r| r.training_accuracy.is_some_and(|a| a > threshold))
            }
            Statistic::AtLoss => {
                let threshold = self.thresholds.loss?;
                Box::new(move |r| r.loss.is_some_and(|loss| loss <= threshold))
            }
            _ => return Some(0),
        };
        let mut records = self.records.iter();
        let first = records.find(|r| window.has(r.step, steps) && is_past(r))?;
        Some(first.step)
    }
}

/// A centred moving average over so many points, an odd number, over fewer at
/// both ends. The error of a mean is bounded by the mean of the bounds.
fn smoothed(points: &[Point], records: usize) -> Vec<Point> {
    let half = records / 2;
    if half == 0 {
        return points.to_vec();
    }
    let average = |k: usize| {
        let window = &points[k.saturating_sub(half)..(k + half + 1).min(points.len())];
        let count = window.len() as f64;
        let errors: Option<f64> = window.iter().map(|p| p.error).sum();
        Point {
            step: points[k].step,
            value: window.iter().map(|p| p.value).sum::<f64>() / count,
            error: errors.map(|sum| sum / count),
        }
    };
    (0..points.len()).map(average).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// λ_H and accuracy at steps 0, 10, …, 60 of 60; the loss is 1 − accuracy.
    fn records() -> Vec<Record> {
        let rows = [
            (9.0, 0.1),
            (3.0, 0.2),
            (6.0, 0.5),
            (12.0, 0.7),
            (6.0, 0.8),
            (3.0, 0.9),
            (6.0, 0.95),
        ];
        let record = |(index, &(lambda_h, accuracy)): (u64, &(f64, f64))| Record {
            step: 10 * index,
            lambda_h: Some(lambda_h),
            lambda_h_error_bound: Some(0.3 * (1.0 + index as f64)),
            training_accuracy: Some(accuracy),
            loss: Some(1.0 - accuracy),
            ..Record::default()
        };
        (0..).zip(&rows).map(record).collect()
    }

    fn found(change: impl Fn(&mut Choices)) -> Option<f64> {
        let mut choices = Choices::of_paper(Quantity::LambdaH);
        change(&mut choices);
        let thresholds = Thresholds {
            accuracy: 0.6,
            loss: Some(0.2 + 1e-12),
        };
        read_one(choices, &records(), 60, thresholds).map(|reached| reached.value)
    }

    /// By hand.
    #[test]
    fn each_choice_reads_what_it_says() {
        assert_eq!(found(|_| {}), Some(12.0));
        // 9 3 6 12 6 3 6 → 6 6 7 8 7 5 4.5; over five at the second: 30/4.
        assert_eq!(found(|c| c.smoothing = Smoothing::OverThree), Some(8.0));
        assert_eq!(found(|c| c.smoothing = Smoothing::OverFive), Some(7.5));
        // 9 6 6 6, and 9 12 6.
        assert_eq!(found(|c| c.cadence = Cadence::EverySecond), Some(9.0));
        assert_eq!(found(|c| c.cadence = Cadence::EveryThird), Some(12.0));
        // Without step 0 every second is 6 6 6: the average does not see the 9.
        let late = |c: &mut Choices| {
            c.statistic = Statistic::MaxWithoutStepZero;
            c.cadence = Cadence::EverySecond;
            c.smoothing = Smoothing::OverThree;
        };
        assert_eq!(found(late), Some(6.0));
        assert_eq!(found(|c| c.statistic = Statistic::AtAccuracy), Some(12.0));
        assert_eq!(found(|c| c.statistic = Statistic::AtLoss), Some(6.0));
        // Steps 0 to 30 are the first half: no loss of 0.2 there.
        let early = |c: &mut Choices| {
            c.window = Window::FirstHalf;
            c.statistic = Statistic::AtLoss;
        };
        assert_eq!(found(early), None);
        assert_eq!(found(|c| c.window = Window::FirstHalf), Some(12.0));
        let after = |c: &mut Choices| {
            c.window = Window::AfterFirstTenth;
            c.cadence = Cadence::EverySecond;
        };
        assert_eq!(found(after), Some(6.0));
    }

    #[test]
    fn all_choices_together_read_as_each_alone() {
        let thresholds = Thresholds {
            accuracy: 0.6,
            loss: Some(0.3),
        };
        let all = Choices::all(Quantity::LambdaH);
        assert_eq!(all.len(), 4 * 27 - 9);
        let read = read(Quantity::LambdaH, &records(), 60, thresholds);
        for (choices, found) in all.into_iter().zip(read) {
            assert_eq!(found, read_one(choices, &records(), 60, thresholds));
        }
    }

    /// Three bounds of 0.3, 0.6 and 0.9 have the mean 0.6.
    #[test]
    fn an_average_has_the_mean_of_the_bounds() {
        let points: Vec<Point> = (1..4)
            .map(|k| Point {
                step: k,
                value: k as f64,
                error: Some(0.3 * k as f64),
            })
            .collect();
        let found = smoothed(&points, 3)[1];
        assert!((found.error.unwrap() - 0.6).abs() < 1e-12);
        assert_eq!(found.value, 2.0);
    }
}
