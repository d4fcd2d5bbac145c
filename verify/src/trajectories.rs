//! Curves along training: one bold mean a level over the thin curves of its
//! seeds. What the report and the paper's figures share.

use std::collections::BTreeMap;

use breakeven_sim::record::Record;

use crate::input::Run;
use breakeven_plot::number::significant;
use breakeven_plot::{Across, Curve, Guide, Mark, Scale, Shape, Weight, text};

/// The runs at one level, in the order in which they are drawn.
pub struct AtLevel<'a> {
    /// The level for readers: `η = 0.1`.
    pub name: String,
    /// All of them, whether they count or not.
    pub runs: Vec<&'a Run>,
}

impl<'a> AtLevel<'a> {
    /// The runs that count.
    pub fn counted(&self) -> impl Iterator<Item = &'a Run> + '_ {
        let counts = |run: &&Run| run.summary.has_converged();
        self.runs.iter().copied().filter(counts)
    }

    /// The level in a legend.
    pub fn label(&self) -> String {
        match self.counted().count() {
            0 => format!("{} (no run counts)", self.name),
            _ => self.name.clone(),
        }
    }

    /// The mean place of the first record past the accuracy threshold, over
    /// the runs that count, where all of them pass it.
    fn passes(&self, threshold: f64, along: Along) -> Option<f64> {
        let is_past = |r: &&Record| r.training_accuracy.is_some_and(|a| a > threshold);
        let first = |run: &Run| Some(along.of(run.records.iter().find(is_past)?));
        let places: Vec<f64> = self.counted().map(first).collect::<Option<_>>()?;
        let runs = places.len() as f64;
        (runs > 0.0).then(|| places.iter().sum::<f64>() / runs)
    }
}

/// What a trajectory is drawn along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Along {
    /// Epochs.
    #[default]
    Epoch,
    /// Steps.
    Step,
}

impl Along {
    /// The axis' label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Step => "step",
        }
    }

    /// The place of a record.
    pub fn of(self, record: &Record) -> f64 {
        match self {
            Self::Epoch => record.epoch,
            Self::Step => record.step as f64,
        }
    }
}

/// Whose curve it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A run's, of this seed.
    Seed(u64),
    /// The mean over the runs that count.
    Mean,
}

/// A curve, whose it is, and of which level.
#[derive(Clone, Debug)]
pub struct Series {
    /// The level for readers.
    pub level: String,
    /// Whose.
    pub whose: Whose,
    /// As it is drawn.
    pub curve: Curve,
}

/// One measured quantity along training, at several levels.
///
/// The mean over two seeds, where one has λ_H = 1 and the other 3:
///
/// ```
/// use breakeven_sim::record::Record;
/// use breakeven_verify::trajectories::{AtLevel, Trajectories};
/// # use breakeven_verify::{VerifySettings, parse_table};
///
/// # let table = "seed,learning_rate,batch_size,max_lambda_h\n0,0.1,8,1\n1,0.1,8,3\n";
/// # let path = std::path::Path::new("runs.csv");
/// # let mut sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
/// # for (run, lambda_h) in sweep.runs.iter_mut().zip([1.0, 3.0]) {
/// #     run.records = vec![Record { lambda_h: Some(lambda_h), ..Record::default() }];
/// # }
/// let level = AtLevel { name: "η = 0.1".to_owned(), runs: sweep.runs.iter().collect() };
/// let levels = [level];
/// let lambda_h = |record: &Record| record.lambda_h;
/// let series = Trajectories::of(&levels, &lambda_h).series();
/// // Both seeds, and the mean above them.
/// assert_eq!((series.len(), &series[2].curve.points), (3, &vec![(0.0, 2.0)]));
/// # Ok::<(), breakeven_verify::InputError>(())
/// ```
pub struct Trajectories<'a> {
    /// The levels; each has the look of its place.
    pub levels: &'a [AtLevel<'a>],
    /// What it is drawn along.
    pub along: Along,
    /// The part of the training that is drawn, from its beginning.
    pub until: f64,
    /// The quantity.
    pub of: &'a dyn Fn(&Record) -> Option<f64>,
    /// Records that a moving average goes over; 1: none.
    pub smooth: usize,
}

impl<'a> Trajectories<'a> {
    /// All of a whole training, as measured.
    pub fn of(levels: &'a [AtLevel<'a>], of: &'a dyn Fn(&Record) -> Option<f64>) -> Self {
        Self {
            levels,
            along: Along::Epoch,
            until: f64::INFINITY,
            of,
            smooth: 1,
        }
    }

    fn shown<'r>(&self, run: &'r Run) -> impl Iterator<Item = &'r Record> {
        let (along, until) = (self.along, self.until);
        run.records.iter().filter(move |r| along.of(r) <= until)
    }

    /// Whether any record has the quantity.
    pub fn is_measured(&self) -> bool {
        let mut runs = self.levels.iter().flat_map(|level| &level.runs);
        runs.any(|run| self.shown(run).any(|record| (self.of)(record).is_some()))
    }

    /// The curves of all seeds, and the means above them.
    pub fn series(&self) -> Vec<Series> {
        let mut series = Vec::new();
        for (look, level) in self.levels.iter().enumerate() {
            series.extend(level.runs.iter().map(|run| Series {
                level: level.name.clone(),
                whose: Whose::Seed(run.summary.seed),
                curve: self.seed_curve(run, look),
            }));
        }
        for (look, level) in self.levels.iter().enumerate() {
            series.push(Series {
                level: level.name.clone(),
                whose: Whose::Mean,
                curve: Curve {
                    label: Some(level.label()),
                    points: self.mean(level),
                    look,
                    weight: Weight::Bold,
                    marks: Vec::new(),
                },
            });
        }
        series
    }

    /// One run, with a cross at its break-even point.
    fn seed_curve(&self, run: &Run, look: usize) -> Curve {
        let measured: Vec<(u64, (f64, f64))> = self
            .shown(run)
            .filter_map(|r| Some((r.step, (self.along.of(r), (self.of)(r)?))))
            .collect();
        let points: Vec<_> = measured.iter().map(|&(_, point)| point).collect();
        let points = smoothed(&points, self.smooth);
        let break_even = measured
            .iter()
            .position(|&(step, _)| Some(step) == run.summary.break_even_step);
        let mark = |index: usize| Mark {
            at: points[index],
            shape: Shape::Cross,
        };
        Curve {
            label: None,
            marks: break_even.map(mark).into_iter().collect(),
            points,
            look,
            weight: Weight::Thin,
        }
    }

    /// Mean over the runs that count, at the steps that all of them measured.
    fn mean(&self, level: &AtLevel<'_>) -> Vec<(f64, f64)> {
        // By step: the place, the values' sum, and how many they are.
        let mut at_step: BTreeMap<u64, (f64, f64, usize)> = BTreeMap::new();
        for record in level.counted().flat_map(|run| self.shown(run)) {
            if let Some(value) = (self.of)(record) {
                let place = self.along.of(record);
                let (_, sum, values) = at_step.entry(record.step).or_insert((place, 0.0, 0));
                *sum += value;
                *values += 1;
            }
        }
        let runs = level.counted().count();
        let mean: Vec<_> = at_step
            .into_values()
            .filter(|(_, _, values)| *values == runs)
            .map(|(place, sum, _)| (place, sum / runs as f64))
            .collect();
        smoothed(&mean, self.smooth)
    }

    /// A vertical line at each level's first record past the threshold.
    pub fn guides(&self, threshold: f64) -> Vec<Guide> {
        let guide = |(look, level): (usize, &AtLevel<'_>)| {
            let at = level.passes(threshold, self.along)?;
            (at <= self.until).then_some(Guide {
                at: Across::X(at),
                look: Some(look),
                label: None,
            })
        };
        self.levels.iter().enumerate().filter_map(guide).collect()
    }

    /// Where records stand along the training.
    pub fn places(&self) -> Vec<f64> {
        let runs = self.levels.iter().flat_map(|level| &level.runs);
        runs.flat_map(|run| self.shown(run).map(|r| self.along.of(r)))
            .collect()
    }

    /// The values that a vertical scale is to show: of the runs that count, as
    /// one that diverged would squash the others.
    pub fn values(&self) -> Vec<f64> {
        let runs = runs_that_scale(self.levels);
        runs.into_iter()
            .flat_map(|run| self.shown(run).filter_map(|record| (self.of)(record)))
            .collect()
    }

    /// What one sees, in words.
    pub fn description(&self, title: &str) -> String {
        let one = |level: &AtLevel<'_>| {
            let (mean, name) = (self.mean(level), &level.name);
            let largest = mean
                .iter()
                .copied()
                .reduce(|a, b| if b.1 > a.1 { b } else { a });
            match (largest, mean.last()) {
                (Some((place, value)), Some((_, last))) => format!(
                    "{name}: the mean of {} seeds is largest at {} {}, with {}, and ends at {}",
                    level.counted().count(),
                    self.along.label(),
                    significant(place, 3),
                    significant(value, 3),
                    significant(*last, 3)
                ),
                _ => format!("{name}: no run counts"),
            }
        };
        let all: Vec<String> = self.levels.iter().map(one).collect();
        let along = self.along.label();
        format!(
            "{} against {along}s. {}.",
            text::plain(title),
            all.join("; ")
        )
    }
}

/// The runs that count, or all where none does.
pub fn runs_that_scale<'a>(levels: &[AtLevel<'a>]) -> Vec<&'a Run> {
    let any_counts = levels.iter().any(|level| level.counted().next().is_some());
    let runs = levels.iter().flat_map(|level| level.runs.iter().copied());
    runs.filter(|run| !any_counts || run.summary.has_converged())
        .collect()
}

/// A scale around accuracies.
pub fn accuracy_scale() -> Scale {
    Scale::linear_around([0.0, 1.0])
}

/// A centred moving average over `records` points, over fewer at both ends:
/// point k is the mean of those from k − ⌊(n − 1)/2⌋ to k + ⌊n/2⌋.
fn smoothed(points: &[(f64, f64)], records: usize) -> Vec<(f64, f64)> {
    let (before, after) = (records.saturating_sub(1) / 2, records / 2);
    let average = |k: usize| {
        let window = &points[k.saturating_sub(before)..(k + after + 1).min(points.len())];
        let sum: f64 = window.iter().map(|(_, y)| y).sum();
        (points[k].0, sum / window.len() as f64)
    };
    match records {
        0 | 1 => points.to_vec(),
        _ => (0..points.len()).map(average).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moving_average_is_centred_and_shorter_at_the_ends() {
        let points: Vec<_> = [1.0, 2.0, 6.0, 10.0]
            .into_iter()
            .map(|y| (y * 10.0, y))
            .collect();
        let values = |n| -> Vec<f64> { smoothed(&points, n).into_iter().map(|(_, y)| y).collect() };
        assert_eq!(values(1), [1.0, 2.0, 6.0, 10.0]);
        assert_eq!(values(3), [1.5, 3.0, 6.0, 8.0]);
        assert_eq!(values(2), [1.5, 4.0, 8.0, 10.0]);
        assert_eq!(smoothed(&points, 3)[1].0, 20.0);
    }
}
