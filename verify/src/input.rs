//! Where runs come from: sweep folders and tables. Input that cannot be
//! understood is an error that names the place and the remedy.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use breakeven_sim::record::{PlannedRun, Record, RunHeader, RunOutcome};

use crate::level::factors;
use crate::quantity::Factor;
use crate::settings::{SettingsError, VerifySettings};
use crate::summary::RunSummary;
use crate::ties::RELATIVE;
use breakeven_plot::number::exact;

mod cell;
pub mod column_map;
mod file;
pub mod folder;
pub mod predictions;
#[cfg(fuzzing)]
pub mod run_folder;
#[cfg(not(fuzzing))]
mod run_folder;
pub mod table;
mod table_text;
mod versions;

/// Runs that belong together: those of one sweep folder or one table. Runs of
/// different sweeps are never pooled.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Its name: the last part of the folder's or table's path.
    pub name: String,
    /// What it was read from.
    pub source: Source,
    /// What is tested and when a run counts.
    pub settings: VerifySettings,
    /// Where the settings come from.
    pub settings_origin: SettingsOrigin,
    /// The resolved configuration of the sweep, as it was saved.
    pub config: Option<serde_json::Value>,
    /// The command that trained it, where the folder says.
    pub training_command: Option<String>,
    /// The runs, in order of learning rate, batch size, momentum and seed.
    pub runs: Vec<Run>,
    /// Whether somebody vouches that L and M of K^M are the same in all runs,
    /// where a table does not say.
    pub same_covariance: bool,
    /// Runs whose header has changed on disk, or cannot be read.
    pub lost: Vec<Lost>,
    /// Runs that its configuration plans and that have no folder.
    pub missing: Vec<PlannedRun>,
    /// What of the input was left unread, in words.
    pub notes: Vec<String>,
}

impl Sweep {
    /// Runs that nobody trained: of a plan, or of a simulated study.
    pub(crate) fn of_runs(name: &str, settings: VerifySettings, runs: Vec<Run>) -> Self {
        Self {
            name: name.to_owned(),
            source: Source::Folder,
            settings,
            settings_origin: SettingsOrigin::Config,
            config: None,
            training_command: None,
            runs,
            same_covariance: false,
            lost: Vec::new(),
            missing: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The factors that tell its runs apart.
    pub fn factors(&self) -> Vec<Factor> {
        factors(self.runs.iter().map(|run| &run.summary))
    }

    /// Whether β does.
    pub fn varies_momentum(&self) -> bool {
        self.factors().contains(&Factor::Momentum)
    }
}

/// What runs were read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A sweep folder, with trajectories.
    Folder,
    /// A table of per-run quantities.
    Table,
}

/// Where a sweep's settings come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingsOrigin {
    /// The sweep's saved configuration: fixed before training.
    Config,
    /// Given with the verification: nothing shows when they were chosen.
    Verification,
}

/// A run: its summary and, from a folder, what the summary was made of.
#[derive(Clone, Debug)]
pub struct Run {
    /// What is tested.
    pub summary: RunSummary,
    /// What it is.
    pub header: Option<RunHeader>,
    /// Its measurements; empty where it came from a table.
    pub records: Vec<Record>,
    /// How it ended.
    pub outcome: Option<RunOutcome>,
    /// Whether it began with the plan that is judged by; absent where it came
    /// from a table.
    pub plan: Option<Plan>,
    /// Whether its files are as they were written; absent where it came from
    /// a table.
    pub files: Option<Files>,
}

impl Run {
    /// One of which the summary is all there is.
    pub(crate) fn of_summary(summary: RunSummary) -> Self {
        Self {
            summary,
            header: None,
            records: Vec::new(),
            outcome: None,
            plan: None,
            files: None,
        }
    }
}

/// A run of which only the folder's name is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The folder's name.
    pub run: String,
    /// Why it does not count.
    pub reason: String,
    /// Whether its header cannot be read, rather than has changed.
    pub is_damaged: bool,
}

/// Whether a run began with the plan that config.json holds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// It did.
    Kept,
    /// It began with another one.
    Changed,
    /// Its header does not say: it is of an earlier version, or of another
    /// program.
    Unchecked,
}

/// Whether a run's files are as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Files {
    /// Their checksums hold.
    Checked,
    /// A checksum does not hold, and why the run does not count.
    Changed(String),
    /// One cannot be read, or makes no sense, and why the run does not count.
    Damaged(String),
    /// Some have no checksum: they are of an earlier version, or of another
    /// program.
    Unchecked,
}

/// Why input cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A file or folder could not be read.
    #[error("cannot read {}: {cause}; {remedy}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
        /// What to do.
        remedy: &'static str,
    },
    /// Something in a file is not what it has to be.
    #[error("{place}: {problem}; {remedy}")]
    Malformed {
        /// Where.
        place: Place,
        /// What is wrong.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// A sweep's setting outside its range.
    #[error("{}: {cause}", path.display())]
    Settings {
        /// The file that holds it.
        path: PathBuf,
        /// Which, and what to give instead.
        cause: SettingsError,
    },
    /// An option of a table's verification outside its range.
    #[error("{}", .0.of_options())]
    Options(SettingsError),
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file or folder.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Column.
    pub column: Option<Column>,
}

/// A column in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// The character, from 1.
    Character(usize),
    /// A table's column: its number from 1 and its name.
    Named(usize, String),
}

impl Place {
    /// The whole file or folder.
    pub fn file(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            column: None,
        }
    }

    /// A line of a file, from 1.
    pub fn line(path: &Path, line: u64) -> Self {
        Self {
            line: Some(line),
            ..Self::file(path)
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        match &self.column {
            None => Ok(()),
            Some(Column::Character(character)) => write!(f, ", column {character}"),
            Some(Column::Named(number, name)) => write!(f, ", column {number} ({name})"),
        }
    }
}

impl InputError {
    /// Something wrong at a place.
    pub(crate) fn malformed(
        place: Place,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Malformed {
            place,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

/// The last part of a path, which names what was read from it.
fn name_of(path: &Path) -> String {
    let canonical = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let last = canonical.file_name().unwrap_or(canonical.as_os_str());
    last.to_string_lossy().into_owned()
}

/// Sorts runs by learning rate, batch size, momentum and seed, once no two share
/// all four. Learning rates, and momenta, that are equal but for rounding, such
/// as 0.3 and 0.1 + 0.2, become one level. `place` says where a run, by its index, was read.
fn in_order(
    mut runs: Vec<Run>,
    place: impl Fn(usize) -> Place,
    remedy: &str,
) -> Result<Vec<Run>, InputError> {
    let rates = runs.iter().map(|run| run.summary.learning_rate);
    let rates = levels_of(rates.collect());
    let momenta = runs.iter().map(|run| run.summary.momentum);
    let momenta = levels_of(momenta.collect());
    for run in &mut runs {
        run.summary.learning_rate = rates(run.summary.learning_rate);
        run.summary.momentum = momenta(run.summary.momentum);
    }
    let mut seen = HashMap::new();
    for (index, run) in runs.iter().enumerate() {
        let RunSummary {
            seed,
            learning_rate,
            batch_size,
            momentum,
            ..
        } = run.summary;
        let key = (
            seed,
            learning_rate.to_bits(),
            batch_size,
            momentum.to_bits(),
        );
        if let Some(first) = seen.insert(key, index) {
            let beta = match momentum {
                0.0 => String::new(),
                beta => format!(", momentum {}", exact(beta)),
            };
            let problem = format!(
                "seed {seed}, learning_rate {}, batch_size {batch_size}{beta} was given before, in {}",
                exact(learning_rate),
                place(first)
            );
            return Err(InputError::malformed(place(index), problem, remedy));
        }
    }
    runs.sort_by(|a, b| {
        let (a, b) = (&a.summary, &b.summary);
        a.learning_rate
            .total_cmp(&b.learning_rate)
            .then(a.batch_size.cmp(&b.batch_size))
            .then(a.momentum.total_cmp(&b.momentum))
            .then(a.seed.cmp(&b.seed))
    });
    Ok(runs)
}

/// Which level each of these learning rates, or momenta, is: of those that follow each other
/// within a relative [`RELATIVE`] the one that is shortest to write.
fn levels_of(mut rates: Vec<f64>) -> impl Fn(f64) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let mut levels: Vec<(f64, f64)> = Vec::new();
    for together in rates.chunk_by(|a, b| b - a <= RELATIVE * b) {
        let shortest = together.iter().min_by_key(|rate| exact(**rate).len());
        // A chunk is never empty.
        let level = *shortest.unwrap_or(&together[0]);
        levels.extend(together.iter().map(|&rate| (rate, level)));
    }
    move |rate| {
        let found = levels.iter().find(|(known, _)| *known == rate);
        found.map_or(rate, |(_, level)| *level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learning_rates_that_rounding_parts_are_one_level() {
        let level = levels_of(vec![0.1, 0.1 + 0.2, 0.3, 0.3 * (1.0 + 1e-8), 1e-300]);
        assert_eq!(level(0.1 + 0.2), 0.3);
        assert_eq!(level(0.3), 0.3);
        assert_eq!(level(0.1), 0.1);
        assert_eq!(level(0.3 * (1.0 + 1e-8)), 0.3 * (1.0 + 1e-8));
        assert_eq!(level(1e-300), 1e-300);
    }
}
