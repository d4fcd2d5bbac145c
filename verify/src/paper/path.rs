//! The paper's Fig. 1 and 8: where training goes, as the path of a network's
//! predictions, embedded in a plane together for all runs by [`umap`].
//!
//! Sec. 4.1 of the paper: each recorded iteration is a point, the predictions
//! on held-out examples embedded by UMAP, before the training accuracy reaches
//! 65 %. The colour of the ground at any place is the value at the iteration
//! whose point is nearest there, so that each point has a cell of one colour.
//! A value that was not measured at a point's step is that of the nearest step
//! at which it was, the earlier of two.
//!
//! The paper gives neither UMAP's settings nor how many examples predict; what
//! is used here stands in every caption and table.

mod cells;
mod drawing;
mod table;

use breakeven_sim::record::{Predictions, Record};
use serde::Deserialize;

use crate::umap::{self, Embedding, UmapError, embed};

/// A run, as far as its path needs it.
#[derive(Clone, Debug)]
pub struct PathRun<'a> {
    /// What it is called, such as `η = 0.01`.
    pub label: String,
    /// What it predicts along training.
    pub predictions: &'a [Predictions],
    /// What was measured along it, in order of steps.
    pub records: &'a [Record],
    /// Its break-even step, where it has one.
    pub break_even_step: Option<u64>,
}

/// How paths are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathSettings {
    /// How points are embedded.
    pub umap: umap::Settings,
    /// The training accuracy before which a run is shown. Default 0.65.
    pub until_accuracy: f64,
}

impl Default for PathSettings {
    fn default() -> Self {
        Self {
            umap: umap::Settings::default(),
            until_accuracy: 0.65,
        }
    }
}

/// What colours the ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shade {
    /// λ_K¹ of K^M.
    LambdaK,
    /// Training accuracy.
    TrainingAccuracy,
    /// λ_K*/λ_K¹.
    ConditionK,
    /// Tr K^M.
    TraceK,
    /// λ_H¹.
    LambdaH,
}

impl Shade {
    /// Those of the paper's Fig. 1.
    pub const FIGURE_1: [Self; 2] = [Self::LambdaK, Self::TrainingAccuracy];
    /// Those of its Fig. 8.
    pub const FIGURE_8: [Self; 3] = [Self::ConditionK, Self::TraceK, Self::LambdaH];
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::LambdaK,
        Self::TrainingAccuracy,
        Self::ConditionK,
        Self::TraceK,
        Self::LambdaH,
    ];

    /// The record's field.
    pub fn name(self) -> &'static str {
        match self {
            Self::LambdaK => "lambda_k",
            Self::TrainingAccuracy => "training_accuracy",
            Self::ConditionK => "condition_k",
            Self::TraceK => "trace_k",
            Self::LambdaH => "lambda_h",
        }
    }

    /// In symbols.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::LambdaK => "λ_K¹",
            Self::TrainingAccuracy => "training accuracy",
            Self::ConditionK => "λ_K*/λ_K¹",
            Self::TraceK => "Tr K",
            Self::LambdaH => "λ_H¹",
        }
    }

    fn of(self, record: &Record) -> Option<f64> {
        let value = match self {
            Self::LambdaK => record.lambda_k,
            Self::TrainingAccuracy => record.training_accuracy,
            Self::ConditionK => record.condition_k,
            Self::TraceK => record.trace_k,
            Self::LambdaH => record.lambda_h,
        };
        value.filter(|v| v.is_finite())
    }
}

/// Runs that have no path.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PathError {
    /// None were given.
    #[error("there are no runs: give at least one")]
    NoRuns,
    /// A run without predictions.
    #[error(
        "{run} has {found} steps with predictions before a training accuracy of {until}: train with more of \
         them (prediction_examples and prediction_every_steps in [measure]), or show more of it"
    )]
    TooShort {
        /// Which.
        run: String,
        /// How many there are.
        found: usize,
        /// The accuracy.
        until: f64,
    },
    /// Predictions that can't be compared.
    #[error(
        "{run} has {found} probabilities a step, {first} has {expected}: give runs of the same data and \
         prediction_examples"
    )]
    Different {
        /// Which.
        run: String,
        /// Its numbers.
        found: usize,
        /// The first run.
        first: String,
        /// The first run's.
        expected: usize,
    },
    /// An accuracy that is none.
    #[error("until_accuracy is {0}: give a number above 0, at most 1")]
    Accuracy(f64),
    /// They can't be embedded.
    #[error("the predictions can't be embedded: {0}")]
    Umap(#[from] UmapError),
}

/// A value, and the step at which it was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The value.
    pub value: f64,
    /// The step.
    pub step: u64,
}

/// A point of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct PathPoint {
    /// Steps taken.
    pub step: u64,
    /// Epochs of them.
    pub epoch: f64,
    /// Where it is in the plane.
    pub at: (f64, f64),
    /// In the order of [`Shade::ALL`]: the value at the nearest step at which
    /// there is one.
    pub values: [Option<Measured>; 5],
}

/// The path of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// What the run is called.
    pub label: String,
    /// Its points, in order of steps; at least two.
    pub points: Vec<PathPoint>,
    /// The break-even step, where it has one.
    pub break_even_step: Option<u64>,
    /// The step of the largest λ_K¹ of all its records.
    pub largest_lambda_k_step: Option<u64>,
    /// Steps whose predictions do not exist.
    pub left_out: usize,
}

/// The paths of all runs in one plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Paths {
    /// One a run, in the order given.
    pub paths: Vec<Path>,
    settings: PathSettings,
    embedding: Embedding,
    /// Numbers a step and classes.
    shape: [usize; 2],
}

impl Paths {
    /// Embeds the predictions of all runs together.
    ///
    /// ```
    /// use breakeven_sim::record::Record;
    /// use breakeven_verify::paper::path::{PathRun, PathSettings, Paths};
    /// # use breakeven_sim::record::{Digits, Predictions};
    ///
    /// # let line = |k: u64| Predictions {
    /// #     step: 10 * k, epoch: k as f64, classes: 2, precision: Digits::F64,
    /// #     probabilities: Ok(vec![k as f64 / 4.0, 1.0 - k as f64 / 4.0]),
    /// # };
    /// # let predictions: Vec<Predictions> = (0..4).map(line).collect();
    /// // Predictions at steps 0, 10, 20 and 30; at 30 the accuracy is past 65 %.
    /// let record = |step, lambda_k, accuracy| Record {
    ///     step,
    ///     lambda_k: Some(lambda_k),
    ///     training_accuracy: Some(accuracy),
    ///     ..Record::default()
    /// };
    /// let records = [record(0, 1.0, 0.1), record(10, 4.0, 0.4), record(30, 2.0, 0.7)];
    /// # let (label, break_even_step) = ("η = 0.1".to_owned(), Some(10));
    /// let run = PathRun { label, predictions: &predictions, records: &records, break_even_step };
    /// let found = &Paths::of(&[run], PathSettings::default())?.paths[0];
    /// assert_eq!(found.points.len(), 3);
    /// assert_eq!(found.largest_lambda_k_step, Some(10));
    /// # Ok::<(), breakeven_verify::paper::path::PathError>(())
    /// ```
    ///
    /// # Errors
    /// Runs without predictions, of different data, or that can't be embedded.
    pub fn of(runs: &[PathRun], settings: PathSettings) -> Result<Self, PathError> {
        let until = settings.until_accuracy;
        if !(until > 0.0 && until <= 1.0) {
            return Err(PathError::Accuracy(until));
        }
        let first = runs.first().ok_or(PathError::NoRuns)?;
        let shown: Vec<Shown> = runs
            .iter()
            .map(|run| Shown::of(run, until))
            .collect::<Result<_, _>>()?;
        let expected = shown[0].width();
        let other = runs.iter().zip(&shown).find(|(_, s)| s.width() != expected);
        if let Some((run, shown)) = other {
            return Err(PathError::Different {
                run: run.label.clone(),
                found: shown.width()[0],
                first: first.label.clone(),
                expected: expected[0],
            });
        }
        let points: Vec<Vec<f64>> = shown
            .iter()
            .flat_map(|shown| shown.steps.iter().map(|(_, p)| p.to_vec()))
            .collect();
        let embedding = embed(&points, &settings.umap)?;
        let mut at = embedding.points.iter().map(|&[x, y]| (x, y));
        let paths = runs
            .iter()
            .zip(&shown)
            .map(|(run, shown)| path(run, shown, &mut at))
            .collect();
        Ok(Self {
            paths,
            settings,
            embedding,
            shape: expected,
        })
    }
}

/// The part of a run that is shown.
struct Shown<'a> {
    /// At each step its probabilities; at least two.
    steps: Vec<(&'a Predictions, &'a [f64])>,
    left_out: usize,
}

impl<'a> Shown<'a> {
    fn of(run: &PathRun<'a>, until: f64) -> Result<Self, PathError> {
        let is_past = |record: &&Record| record.training_accuracy.is_some_and(|a| a >= until);
        let end = run.records.iter().find(is_past).map(|record| record.step);
        let before = |p: &&Predictions| end.is_none_or(|end| p.step < end);
        let mut shown = Self {
            steps: Vec::new(),
            left_out: 0,
        };
        for predictions in run.predictions.iter().filter(before) {
            match &predictions.probabilities {
                Ok(all) => shown.steps.push((predictions, all)),
                Err(_) => shown.left_out += 1,
            }
        }
        match shown.steps.len() {
            found @ 0..=1 => Err(PathError::TooShort {
                run: run.label.clone(),
                found,
                until,
            }),
            _ => Ok(shown),
        }
    }

    /// Numbers a step and classes.
    fn width(&self) -> [usize; 2] {
        let (predictions, all) = self.steps[0];
        [all.len(), predictions.classes]
    }
}

fn path(run: &PathRun, shown: &Shown, at: &mut impl Iterator<Item = (f64, f64)>) -> Path {
    let points = shown.steps.iter().zip(at).map(|((predictions, _), at)| {
        let step = predictions.step;
        PathPoint {
            step,
            epoch: predictions.epoch,
            at,
            values: Shade::ALL.map(|shade| nearest(run.records, shade, step)),
        }
    });
    let largest = run
        .records
        .iter()
        .filter_map(|record| Some((record.step, Shade::LambdaK.of(record)?)))
        .reduce(|best, next| if next.1 > best.1 { next } else { best });
    Path {
        label: run.label.clone(),
        points: points.collect(),
        break_even_step: run.break_even_step,
        largest_lambda_k_step: largest.map(|(step, _)| step),
        left_out: shown.left_out,
    }
}

/// The value at the step nearest to this one at which there is one, the earlier
/// of two.
fn nearest(records: &[Record], shade: Shade, step: u64) -> Option<Measured> {
    let measured = records.iter().filter_map(|record| {
        Some(Measured {
            value: shade.of(record)?,
            step: record.step,
        })
    });
    measured.min_by_key(|measured| (measured.step.abs_diff(step), measured.step))
}

impl Path {
    /// The point nearest to a step, the earlier of two, if the step is not
    /// beyond the last one by more than the last two are apart.
    fn point_at(&self, step: u64) -> Option<&PathPoint> {
        let [.., before, last] = &self.points[..] else {
            return None;
        };
        if step > last.step + (last.step - before.step) {
            return None;
        }
        self.points
            .iter()
            .min_by_key(|point| (point.step.abs_diff(step), point.step))
    }
}
