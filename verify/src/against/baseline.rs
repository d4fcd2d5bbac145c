//! An earlier `verdicts.json`, of this version or one before it: what of it a
//! comparison needs, all else passed over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use serde_json::Value;

use crate::level::Level;
use crate::quantity::PerRun;
use crate::report::JSON_FILE;
use crate::summary::Reached;
use crate::verdict::Verdict;

/// An earlier answer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Baseline {
    /// Version of breakeven that judged.
    pub version: String,
    /// The level at which it did.
    pub alpha: f64,
    /// How it adjusted p-values, where it says.
    #[serde(default)]
    pub procedure: Option<EarlierProcedure>,
    /// Its hypotheses.
    pub hypotheses: Vec<EarlierHypothesis>,
    /// Its runs.
    pub summaries: Vec<EarlierRun>,
}

/// How p-values were adjusted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EarlierProcedure {
    /// The adjustment's name.
    #[serde(default)]
    pub adjustment: Option<String>,
}

/// A hypothesis of an earlier answer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct EarlierHypothesis {
    /// What tells it from all others.
    pub id: String,
    /// The levels tested.
    pub levels: Vec<f64>,
    /// The seeds tested.
    pub seeds: Vec<u64>,
    /// Their levels, where not all have all.
    #[serde(default)]
    pub levels_of_seeds: Vec<Vec<f64>>,
    /// The p-value after adjustment.
    #[serde(default)]
    pub p_adjusted: Option<f64>,
    /// The same of the opposite direction.
    #[serde(default)]
    pub opposite_p_adjusted: Option<f64>,
    /// The slope of logarithms.
    #[serde(default)]
    pub log_slope: Option<f64>,
    /// Its verdict.
    pub verdict: Verdict,
}

/// A run of an earlier answer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct EarlierRun {
    /// The sweep.
    pub sweep: String,
    /// Its name.
    pub run: String,
    /// Its seed.
    pub seed: u64,
    /// η.
    pub learning_rate: f64,
    /// S.
    pub batch_size: u64,
    /// β, which is left out where it is 0.
    #[serde(default)]
    pub momentum: f64,
    /// Whether it counted.
    pub converged: bool,
    /// Its per-run quantities among other things.
    #[serde(flatten)]
    members: BTreeMap<String, Value>,
}

/// Why a file is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It could not be read.
    #[error("cannot read {}: {cause}; give a verdicts.json that `verify --out` or `check` wrote", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// It is something else, or damaged.
    #[error("{}: it is no verdicts.json ({cause}); give one that `verify --out` or `check` wrote", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: serde_json::Error,
    },
    /// It contradicts itself.
    #[error("{}: {problem}; give the file as it was written", path.display())]
    Inconsistent {
        /// Which.
        path: PathBuf,
        /// How.
        problem: String,
    },
    /// It is about other sweeps.
    #[error(
        "{} is about {}, and these runs are of {}: sweeps are matched by name, so give the \
         baseline of the same sweeps, or name folder or table as then",
        path.display(), listed(before), listed(now)
    )]
    OtherSweeps {
        /// Which.
        path: PathBuf,
        /// Its sweeps.
        before: Vec<String>,
        /// Those at hand.
        now: Vec<String>,
    },
}

impl Baseline {
    /// Reads the file at `path`, or that in the folder which `--out` wrote.
    ///
    /// # Errors
    /// A file that cannot be read, is no `verdicts.json`, or lacks the values
    /// of the seeds that its hypotheses name.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let path = match path.is_dir() {
            true => &path.join(JSON_FILE),
            false => path,
        };
        let text = fs::read(path).map_err(|cause| BaselineError::Unreadable {
            path: path.to_owned(),
            cause,
        })?;
        Self::parse(path, &text)
    }

    /// Reads `text`; `path` names it in errors.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(path: &Path, text: &[u8]) -> Result<Self, BaselineError> {
        let found: Self =
            serde_json::from_slice(text).map_err(|cause| BaselineError::Malformed {
                path: path.to_owned(),
                cause,
            })?;
        for (index, hypothesis) in found.hypotheses.iter().enumerate() {
            let again = found.hypotheses[..index].iter();
            if again.into_iter().any(|before| before.id == hypothesis.id) {
                return Err(BaselineError::Inconsistent {
                    path: path.to_owned(),
                    problem: format!("the hypothesis {} is there twice", hypothesis.id),
                });
            }
        }
        Ok(found)
    }

    /// The names of its sweeps.
    pub fn sweeps(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for run in &self.summaries {
            if !names.contains(&run.sweep) {
                names.push(run.sweep.clone());
            }
        }
        names
    }
}

impl EarlierHypothesis {
    /// The p-value that its verdict rests on.
    pub fn decisive_p(&self) -> Option<f64> {
        match self.verdict {
            Verdict::Refuted => self.opposite_p_adjusted,
            Verdict::Supported | Verdict::Inconclusive => self.p_adjusted,
        }
    }
}

impl EarlierRun {
    /// Whether it has this value of a factor.
    pub fn has(&self, level: Level) -> bool {
        match level {
            Level::LearningRate(eta) => self.learning_rate == eta,
            Level::BatchSize(size) => self.batch_size == size,
            Level::Momentum(beta) => self.momentum == beta,
        }
    }

    /// A per-run quantity, where it has it.
    pub fn reached(&self, quantity: PerRun) -> Option<Reached> {
        let member = |name: &str| self.members.get(name);
        Some(Reached {
            value: member(&quantity.to_string())?.as_f64()?,
            step: member(&format!("{quantity}_step")).and_then(Value::as_u64),
            error: member(&format!("{quantity}_error")).and_then(Value::as_f64),
        })
    }

    /// All its per-run quantities.
    pub fn values(&self) -> BTreeMap<PerRun, Reached> {
        let with_value = |quantity| Some((quantity, self.reached(quantity)?));
        PerRun::all().filter_map(with_value).collect()
    }
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "no sweep".to_owned(),
        _ => names.join(", "),
    }
}
