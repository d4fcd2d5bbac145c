//! Runs of an experiment by the level of what varies.

use serde::{Deserialize, Serialize};

use crate::input::{Run, Sweep};
use crate::number::exact;
use crate::ties::RELATIVE;
use crate::trajectories::AtLevel;

/// The hyperparameter that an experiment varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Varied {
    /// η.
    LearningRate,
    /// S.
    BatchSize,
    /// β.
    Momentum,
}

impl Varied {
    /// Its symbol.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::LearningRate => "η",
            Self::BatchSize => "S",
            Self::Momentum => "β",
        }
    }

    /// Its value in a run. Without momentum, β is 0.
    fn of(self, run: &Run) -> f64 {
        let training = || run.header.as_ref()?.training.as_ref();
        match self {
            Self::LearningRate => run.summary.learning_rate,
            Self::BatchSize => run.summary.batch_size as f64,
            Self::Momentum => training().and_then(|t| t.momentum).unwrap_or(0.0),
        }
    }

    /// A level for readers: `η = 0.1`.
    pub fn level(self, value: f64) -> String {
        format!("{} = {}", self.symbol(), exact(value))
    }

    /// The levels that were trained, rising.
    pub fn values(self, sweep: &Sweep) -> Vec<f64> {
        let mut values: Vec<f64> = sweep.runs.iter().map(|run| self.of(run)).collect();
        values.sort_by(f64::total_cmp);
        values.dedup_by(|a, b| is_level(*a, *b));
        values
    }

    /// The runs at a level.
    pub fn runs(self, sweep: &Sweep, value: f64) -> Vec<&Run> {
        let at = |run: &&Run| is_level(self.of(run), value);
        sweep.runs.iter().filter(at).collect()
    }

    /// All levels with their runs, rising.
    pub fn levels(self, sweep: &Sweep) -> Vec<AtLevel<'_>> {
        let at_level = |value| AtLevel {
            name: self.level(value),
            runs: self.runs(sweep, value),
        };
        self.values(sweep).into_iter().map(at_level).collect()
    }
}

/// Whether two values are one level but for rounding.
fn is_level(a: f64, b: f64) -> bool {
    (a - b).abs() <= RELATIVE * a.abs().max(b.abs())
}
