//! A value of a hyperparameter, and the values that runs to be compared share.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::quantity::Factor;
use crate::summary::RunSummary;
use breakeven_plot::number::exact;

/// A value of a hyperparameter; a number in JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// A value of η.
    LearningRate(f64),
    /// A value of S.
    BatchSize(u64),
    /// A value of β.
    Momentum(f64),
}

impl Level {
    /// The run's value of a factor.
    pub fn of(run: &RunSummary, factor: Factor) -> Self {
        match factor {
            Factor::LearningRate => Self::LearningRate(run.learning_rate),
            Factor::BatchSize => Self::BatchSize(run.batch_size),
            Factor::Momentum => Self::Momentum(run.momentum),
        }
    }

    /// Whose value it is.
    pub fn factor(self) -> Factor {
        match self {
            Self::LearningRate(_) => Factor::LearningRate,
            Self::BatchSize(_) => Factor::BatchSize,
            Self::Momentum(_) => Factor::Momentum,
        }
    }

    /// As a number.
    pub fn value(self) -> f64 {
        match self {
            Self::LearningRate(value) | Self::Momentum(value) => value,
            Self::BatchSize(size) => size as f64,
        }
    }

    /// What slopes of logarithms are taken against: η, S, and of β 1/(1−β), the
    /// length to which momentum brings a step that always points one way.
    ///
    /// ```
    /// use breakeven_verify::level::Level;
    ///
    /// assert_eq!(Level::LearningRate(0.1).strength(), 0.1);
    /// assert_eq!(Level::Momentum(0.75).strength(), 4.0);
    /// ```
    pub fn strength(self) -> f64 {
        match self {
            Self::LearningRate(_) | Self::BatchSize(_) => self.value(),
            Self::Momentum(beta) => 1.0 / (1.0 - beta),
        }
    }

    /// Whether a run has it.
    pub fn is_of(self, run: &RunSummary) -> bool {
        Self::of(run, self.factor()) == self
    }
}

impl Eq for Level {}

impl Ord for Level {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let by_value = self.value().total_cmp(&other.value());
        self.factor().cmp(&other.factor()).then(by_value)
    }
}

impl PartialOrd for Level {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LearningRate(value) | Self::Momentum(value) => f.write_str(&exact(*value)),
            Self::BatchSize(size) => write!(f, "{size}"),
        }
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::LearningRate(value) | Self::Momentum(value) => serializer.serialize_f64(*value),
            Self::BatchSize(size) => serializer.serialize_u64(*size),
        }
    }
}

/// The factors that tell runs apart: η, S and, where it differs between them, β.
pub fn factors<'a>(runs: impl IntoIterator<Item = &'a RunSummary>) -> Vec<Factor> {
    let runs = runs.into_iter();
    let momenta: BTreeSet<Level> = runs.map(|run| Level::of(run, Factor::Momentum)).collect();
    let told_apart = |factor: &Factor| *factor != Factor::Momentum || momenta.len() >= 2;
    Factor::ALL.into_iter().filter(told_apart).collect()
}

/// What runs share of which one factor varies: a level of every other factor
/// that tells the sweep's runs apart, in the order of [`Factor::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fixed(Vec<Level>);

impl Fixed {
    /// What a run has in common with those of its sweep that differ from it by
    /// `factor` alone; `factors` are the sweep's.
    ///
    /// ```
    /// use breakeven_verify::level::Fixed;
    /// use breakeven_verify::quantity::Factor;
    /// use breakeven_verify::{VerifySettings, parse_table};
    ///
    /// let table = "seed,learning_rate,batch_size,max_lambda_k\n0,0.1,32,2\n0,0.2,32,1\n";
    /// let path = std::path::Path::new("runs.csv");
    /// let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
    /// let run = &sweep.runs[0].summary;
    /// let fixed = Fixed::of(run, Factor::LearningRate, &sweep.factors());
    /// assert_eq!(fixed.id(), "batch_size=32");
    /// # Ok::<(), breakeven_verify::InputError>(())
    /// ```
    pub fn of(run: &RunSummary, factor: Factor, factors: &[Factor]) -> Self {
        let others = factors.iter().filter(|other| **other != factor);
        Self(others.map(|other| Level::of(run, *other)).collect())
    }

    /// Whether a run has all of it.
    pub fn is_of(&self, run: &RunSummary) -> bool {
        self.0.iter().all(|level| level.is_of(run))
    }

    /// The level of a factor that it holds.
    pub fn of_factor(&self, factor: Factor) -> Option<Level> {
        self.0.iter().copied().find(|l| l.factor() == factor)
    }

    /// All of it.
    pub fn levels(&self) -> &[Level] {
        &self.0
    }

    /// As part of an id: `batch_size=64,momentum=0.9`.
    pub fn id(&self) -> String {
        self.joined(",", |level| format!("{}={level}", level.factor().name()))
    }

    fn joined(&self, separator: &str, word: impl Fn(&Level) -> String) -> String {
        let words: Vec<String> = self.0.iter().map(word).collect();
        words.join(separator)
    }
}

/// For readers: `S = 64, β = 0.9`.
impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |level: &Level| format!("{} = {level}", level.factor().symbol());
        f.write_str(&self.joined(", ", word))
    }
}

/// As fields of what it belongs to: `fixed`, the first level; and where there
/// are more, `fixed_levels`, all of them by the names of their factors.
impl Serialize for Fixed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("fixed", &self.0.first())?;
        if self.0.len() > 1 {
            let named = self.0.iter().map(|level| (level.factor().name(), level));
            map.serialize_entry("fixed_levels", &named.collect::<BTreeMap<_, _>>())?;
        }
        map.end()
    }
}
