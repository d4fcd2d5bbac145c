//! What a run's records give under every choice.

use breakeven_sim::record::Record;

use super::choices::{Cadence, Choices, Smoothing, Window};
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
    let mut found = Vec::new();
    for cadence in Cadence::ALL {
        let series = Series::of(quantity, records, cadence);
        let begins = Begins::of(&series.records, steps, thresholds);
        for smoothing in Smoothing::ALL {
            let points = [false, true].map(|late| series.points(smoothing, late));
            let read = |choices: Choices| {
                let late = choices.statistic == Statistic::MaxWithoutStepZero;
                look(&points[usize::from(late)], choices, steps, &begins)
            };
            found.extend(Choices::beneath(quantity, cadence, smoothing).map(read));
        }
    }
    found
}

/// The same under one choice alone.
pub fn read_one(
    choices: Choices,
    records: &[Record],
    steps: u64,
    thresholds: Thresholds,
) -> Option<Reached> {
    let series = Series::of(choices.quantity, records, choices.cadence);
    let begins = Begins::of(&series.records, steps, thresholds);
    let late = choices.statistic == Statistic::MaxWithoutStepZero;
    let points = series.points(choices.smoothing, late);
    look(&points, choices, steps, &begins)
}

/// A quantity over the records of a cadence.
struct Series<'a> {
    records: Vec<&'a Record>,
    measured: Vec<Point>,
}

impl<'a> Series<'a> {
    fn of(quantity: Quantity, records: &'a [Record], cadence: Cadence) -> Self {
        let records: Vec<&Record> = records.iter().step_by(cadence.one_of()).collect();
        let measured = |record: &&Record| {
            Some(Point {
                step: record.step,
                value: quantity.of(record)?,
                error: quantity.error_bound_of(record),
            })
        };
        Self {
            measured: records.iter().filter_map(measured).collect(),
            records,
        }
    }

    /// As measured or smoothed, all of them or those after step 0.
    fn points(&self, smoothing: Smoothing, late: bool) -> Vec<Point> {
        let first = match late {
            true => self.measured.partition_point(|point| point.step == 0),
            false => 0,
        };
        smoothed(&self.measured[first..], smoothing.records())
    }
}

/// The first steps past the thresholds, in the order of [`Window::ALL`].
struct Begins {
    accuracy: [Option<u64>; 3],
    loss: [Option<u64>; 3],
}

impl Begins {
    fn of(records: &[&Record], steps: u64, thresholds: Thresholds) -> Self {
        let first = |is_past: &dyn Fn(&Record) -> bool| {
            Window::ALL.map(|window| {
                let mut records = records.iter();
                let found = records.find(|r| window.has(r.step, steps) && is_past(r))?;
                Some(found.step)
            })
        };
        Self {
            accuracy: first(&|r| r.training_accuracy.is_some_and(|a| a > thresholds.accuracy)),
            loss: first(&|r| {
                let both = r.loss.zip(thresholds.loss);
                both.is_some_and(|(loss, threshold)| loss <= threshold)
            }),
        }
    }

    /// The first step that a statistic looks at.
    fn of_statistic(&self, statistic: Statistic, window: Window) -> Option<u64> {
        let of = |steps: &[Option<u64>; 3]| match window {
            Window::Whole => steps[0],
            Window::FirstHalf => steps[1],
            Window::AfterFirstTenth => steps[2],
        };
        match statistic {
            Statistic::AtAccuracy => of(&self.accuracy),
            Statistic::AtLoss => of(&self.loss),
            Statistic::Max | Statistic::MaxWithoutStepZero => Some(0),
            // Not among the statistics that are compared.
            Statistic::MaxAfter => None,
        }
    }
}

/// The statistic of points that are smoothed and thinned out already.
fn look(points: &[Point], choices: Choices, steps: u64, begins: &Begins) -> Option<Reached> {
    let Choices {
        statistic,
        window,
        smoothing,
        ..
    } = choices;
    let from = begins.of_statistic(statistic, window)?;
    let mut of_it = points
        .iter()
        .filter(|p| p.step >= from && window.has(p.step, steps));
    let found = match statistic {
        Statistic::AtAccuracy | Statistic::AtLoss => of_it.next(),
        _ => of_it.reduce(|best, next| if next.value > best.value { next } else { best }),
    }?;
    Some(Reached {
        value: found.value,
        // An average around step 0 is no longer what all levels share there.
        step: (smoothing == Smoothing::None).then_some(found.step),
        error: found.error,
    })
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
