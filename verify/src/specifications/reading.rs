//! What a run's records give under every choice.

use breakeven_sim::record::Record;

use super::choices::{Cadence, Choices, Measured, STATISTICS, Smoothing, Window};
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
    measured: Measured,
    records: &[Record],
    steps: u64,
    begins: &[Begins; 3],
) -> Vec<Option<Reached>> {
    let all = points(measured, records);
    let mut found = Vec::new();
    for (cadence, begins) in Cadence::ALL.into_iter().zip(begins) {
        let points: Vec<Point> = all
            .iter()
            .step_by(cadence.one_of())
            .flatten()
            .copied()
            .collect();
        for smoothing in Smoothing::ALL {
            let series = Series::of(&points, smoothing);
            let read = |choices: Choices| series.look(choices, steps, begins);
            found.extend(Choices::beneath(measured, cadence, smoothing).map(read));
        }
    }
    found
}

/// What it gives by [`STATISTICS`], in that order, over the records as they are.
pub fn read_plain(quantity: Quantity, records: &[Record], begins: &Begins) -> Vec<Option<Reached>> {
    let plain = Choices::of_paper(quantity);
    let points: Vec<Point> = points(plain.measured, records)
        .into_iter()
        .flatten()
        .collect();
    let series = Series::of(&points, plain.smoothing);
    let of = |statistic| series.look(Choices { statistic, ..plain }, 0, begins);
    STATISTICS.into_iter().map(of).collect()
}

/// What is read off each record, where it was measured.
fn points(measured: Measured, records: &[Record]) -> Vec<Option<Point>> {
    let of = |record: &Record| {
        let (value, error) = measured.of(record)?;
        Some(Point {
            step: record.step,
            value,
            error,
        })
    };
    records.iter().map(of).collect()
}

/// Smoothed values, steps rising.
struct Series {
    all: Vec<Point>,
    /// Without step 0.
    late: Vec<Point>,
    smoothing: Smoothing,
}

impl Series {
    fn of(points: &[Point], smoothing: Smoothing) -> Self {
        let records = smoothing.records();
        let first = points.partition_point(|point| point.step == 0);
        let all = smoothed(points, records);
        let mut late = all[first..].to_vec();
        // Averages next to step 0 have it in them.
        let beside = (records / 2).min(late.len());
        let anew = &points[first..(first + 2 * beside).min(points.len())];
        late[..beside].copy_from_slice(&smoothed(anew, records)[..beside]);
        Self {
            all,
            late,
            smoothing,
        }
    }

    /// A statistic over a part of the training.
    fn look(&self, choices: Choices, steps: u64, begins: &Begins) -> Option<Reached> {
        let Choices {
            statistic, window, ..
        } = choices;
        let points = match statistic {
            Statistic::MaxWithoutStepZero => &self.late,
            _ => &self.all,
        };
        let from = begins.of_statistic(statistic, window)?;
        // Windows are intervals of steps.
        let is_before = |p: &Point| p.step < from || window.is_before(p.step, steps);
        let first = points.partition_point(is_before);
        let inside = &points[first..];
        let inside = &inside[..inside.partition_point(|p| window.has(p.step, steps))];
        let found = match statistic {
            Statistic::AtAccuracy | Statistic::AtLoss => inside.first(),
            _ => inside
                .iter()
                .reduce(|best, next| if next.value > best.value { next } else { best }),
        }?;
        Some(Reached {
            value: found.value,
            // An average around step 0 is no longer what all levels share there.
            step: (self.smoothing == Smoothing::None).then_some(found.step),
            error: found.error,
        })
    }
}

/// The first steps past the thresholds, in the order of [`Window::ALL`].
#[derive(Clone, Copy, Default)]
pub struct Begins {
    accuracy: [Option<u64>; 3],
    loss: [Option<u64>; 3],
}

impl Begins {
    /// Of a run of so many steps, in the order of [`Cadence::ALL`].
    pub fn of(records: &[Record], steps: u64, thresholds: Thresholds) -> [Self; 3] {
        let mut begins = [Self::default(); 3];
        for (index, record) in records.iter().enumerate() {
            let accuracy = record.training_accuracy;
            let is_accurate = accuracy.is_some_and(|a| a > thresholds.accuracy);
            let both = record.loss.zip(thresholds.loss);
            let is_low = both.is_some_and(|(loss, threshold)| loss <= threshold);
            if !(is_accurate || is_low) {
                continue;
            }
            for (begins, cadence) in begins.iter_mut().zip(Cadence::ALL) {
                if index % cadence.one_of() == 0 {
                    begins.note(record.step, steps, is_accurate, is_low);
                }
            }
        }
        begins
    }

    fn note(&mut self, step: u64, steps: u64, is_accurate: bool, is_low: bool) {
        for (place, window) in Window::ALL.into_iter().enumerate() {
            if window.has(step, steps) {
                if is_accurate {
                    self.accuracy[place].get_or_insert(step);
                }
                if is_low {
                    self.loss[place].get_or_insert(step);
                }
            }
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
        let measured = choices.measured;
        change(&mut choices);
        let thresholds = Thresholds {
            accuracy: 0.6,
            loss: Some(0.2 + 1e-12),
        };
        let records = records();
        let begins = Begins::of(&records, 60, thresholds);
        let all = read(measured, &records, 60, &begins);
        let place = Choices::all(measured)
            .into_iter()
            .position(|c| c == choices);
        all[place.unwrap()].map(|reached| reached.value)
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

    /// 4 statistics × 27, less 9 that would count twice.
    #[test]
    fn plain_readings_are_those_of_the_papers_choice() {
        let thresholds = Thresholds {
            accuracy: 0.6,
            loss: Some(0.2 + 1e-12),
        };
        let begins = Begins::of(&records(), 60, thresholds);
        let measured = Choices::of_paper(Quantity::LambdaH).measured;
        assert_eq!(read(measured, &records(), 60, &begins).len(), 99);
        let plain = read_plain(Quantity::LambdaH, &records(), &begins[0]);
        let values: Vec<f64> = plain.iter().map(|reached| reached.unwrap().value).collect();
        assert_eq!(values, [12.0, 12.0, 12.0, 6.0]);
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
