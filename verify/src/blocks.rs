//! Which runs a hypothesis is tested on: complete blocks of seeds by levels.
//!
//! A level at which no seed has a value is dropped; then every seed that lacks
//! a value at a remaining level. What is dropped is said, with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};

use crate::number::exact;
use crate::quantity::{Factor, PerRun};
use crate::summary::{Convergence, Reached, RunSummary};

/// A value of a hyperparameter; a number in JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// A value of η.
    LearningRate(f64),
    /// A value of S.
    BatchSize(u64),
}

impl Level {
    /// The run's value of a factor.
    pub fn of(run: &RunSummary, factor: Factor) -> Self {
        match factor {
            Factor::LearningRate => Self::LearningRate(run.learning_rate),
            Factor::BatchSize => Self::BatchSize(run.batch_size),
        }
    }

    /// As a number.
    pub fn value(self) -> f64 {
        match self {
            Self::LearningRate(eta) => eta,
            Self::BatchSize(size) => size as f64,
        }
    }
}

impl Eq for Level {}

impl Ord for Level {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value().total_cmp(&other.value())
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
            Self::LearningRate(eta) => f.write_str(&exact(*eta)),
            Self::BatchSize(size) => write!(f, "{size}"),
        }
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::LearningRate(eta) => serializer.serialize_f64(*eta),
            Self::BatchSize(size) => serializer.serialize_u64(*size),
        }
    }
}

/// Complete blocks: every seed has a run at every level.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocks<'a> {
    /// The levels that are left, rising.
    pub levels: Vec<Level>,
    /// The seeds that are left, rising.
    pub seeds: Vec<u64>,
    /// The runs, \[seeds\]\[levels\].
    pub runs: Vec<Vec<&'a RunSummary>>,
    /// What was dropped.
    pub dropped: Vec<Dropped>,
}

/// A level or a seed that a hypothesis goes without.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropped {
    /// Which.
    pub what: DroppedWhat,
    /// Why, in words.
    pub reason: String,
}

/// What was dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DroppedWhat {
    /// A level, for all seeds.
    Level(Level),
    /// A seed, at all levels.
    Seed(u64),
}

impl<'a> Blocks<'a> {
    /// The complete blocks of `runs`, which share the other factor's value,
    /// for a per-run quantity over the levels of `factor`.
    pub fn of(runs: &[&'a RunSummary], per_run: PerRun, factor: Factor) -> Self {
        let seeds: BTreeSet<u64> = runs.iter().map(|run| run.seed).collect();
        let all_levels: BTreeSet<Level> = runs.iter().map(|run| Level::of(run, factor)).collect();
        let run_at: BTreeMap<(u64, Level), &RunSummary> = runs
            .iter()
            .map(|run| ((run.seed, Level::of(run, factor)), *run))
            .collect();
        let usable_at = |seed: u64, level: Level| {
            let run = run_at.get(&(seed, level)).copied();
            usable(run, per_run)
        };

        let mut dropped = Vec::new();
        let mut levels = Vec::new();
        for level in all_levels {
            let reasons: BTreeSet<String> = seeds
                .iter()
                .filter_map(|&seed| usable_at(seed, level).err())
                .collect();
            if seeds.iter().any(|&seed| usable_at(seed, level).is_ok()) {
                levels.push(level);
            } else {
                let reasons = reasons.into_iter().collect::<Vec<_>>().join("; ");
                dropped.push(Dropped {
                    what: DroppedWhat::Level(level),
                    reason: format!("no seed is left at this level: {reasons}"),
                });
            }
        }

        let mut complete = Self {
            levels,
            seeds: Vec::new(),
            runs: Vec::new(),
            dropped,
        };
        if !complete.levels.is_empty() {
            for seed in seeds {
                complete.take_seed(seed, factor, usable_at);
            }
        }
        complete
    }

    /// Adds a seed that is there at every level, or says what it lacks.
    fn take_seed(
        &mut self,
        seed: u64,
        factor: Factor,
        usable_at: impl Fn(u64, Level) -> Result<&'a RunSummary, String>,
    ) {
        let mut block = Vec::new();
        let mut lacking = Vec::new();
        for &level in &self.levels {
            match usable_at(seed, level) {
                Ok(run) => block.push(run),
                Err(reason) => lacking.push(format!("{} = {level}: {reason}", factor.symbol())),
            }
        }
        if lacking.is_empty() {
            self.seeds.push(seed);
            self.runs.push(block);
        } else {
            self.dropped.push(Dropped {
                what: DroppedWhat::Seed(seed),
                reason: format!("incomplete block: {}", lacking.join("; ")),
            });
        }
    }

    /// What the runs reached, \[seeds\]\[levels\].
    pub fn reached(&self, per_run: PerRun) -> Vec<Vec<Reached>> {
        let block = |runs: &Vec<&RunSummary>| runs.iter().map(|run| run.values[&per_run]).collect();
        self.runs.iter().map(block).collect()
    }
}

/// The run, if it can be used, or why not.
fn usable(run: Option<&RunSummary>, per_run: PerRun) -> Result<&RunSummary, String> {
    let run = run.ok_or_else(|| "there is no such run".to_owned())?;
    match &run.convergence {
        Convergence::NotConverged(reason) => {
            let in_short = reason
                .split_once(':')
                .map_or(reason.as_str(), |(short, _)| short);
            Err(in_short.to_owned())
        }
        Convergence::Converged if !run.values.contains_key(&per_run) => {
            Err(run.why_absent(per_run).to_owned())
        }
        Convergence::Converged => Ok(run),
    }
}
