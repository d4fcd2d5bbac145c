//! What a run is reduced to before hypotheses are tested: whether it counts,
//! where its break-even point is, and one number a statistic and quantity.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use breakeven_sim::record::{
    MiniBatches, Record, RunHeader, RunOutcome, RunStatus, break_even, break_even_bracket,
};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::quantity::{PerRun, Quantity, Statistic};
use crate::settings::{ConvergenceRule, VerifySettings};

/// A run in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// Name of the run.
    pub run: String,
    /// Its seed: the block it belongs to.
    pub seed: u64,
    /// η.
    pub learning_rate: f64,
    /// S.
    pub batch_size: u64,
    /// β of momentum, 0 without.
    pub momentum: f64,
    /// Whether it counts.
    pub convergence: Convergence,
    /// The last training accuracy that was measured.
    pub final_training_accuracy: Option<f64>,
    /// Step of the first record at which the left side of Eq. 1 is at least 1.
    pub break_even_step: Option<u64>,
    /// The steps between which that point lies as far as the records tell, each open
    /// where none does ([`break_even_bracket`]).
    pub break_even_bracket: Option<[Option<u64>; 2]>,
    /// L and M of its K^M, as far as they are known.
    pub covariance: Covariance,
    /// The per-run quantities that could be had.
    pub values: BTreeMap<PerRun, Reached>,
    /// Why a quantity that was measured does not exist, where its records say.
    pub absent: BTreeMap<Quantity, String>,
}

/// Whether a run counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Convergence {
    /// It does.
    Converged,
    /// It does not, and why: in a few words, and after a colon in detail.
    NotConverged(String),
}

/// L and M of K^M, where the source says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Covariance {
    /// L.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batches: Option<u64>,
    /// M.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<u64>,
}

impl From<MiniBatches> for Covariance {
    fn from(known: MiniBatches) -> Self {
        Self {
            batches: Some(known.batches as u64),
            batch_size: Some(known.batch_size as u64),
        }
    }
}

/// A value and where on the trajectory it was reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// The value.
    pub value: f64,
    /// Its step, where the source says.
    pub step: Option<u64>,
    /// The bound on its absolute error, where the source states one.
    pub error: Option<f64>,
}

impl Reached {
    /// Whether it was measured before the first step, where all runs of a seed
    /// share their weights.
    pub fn is_at_step_zero(&self) -> bool {
        self.step == Some(0)
    }
}

impl RunSummary {
    /// Summarises a run's records, in order of steps.
    ///
    /// ```
    /// use breakeven_sim::record::{Record, RunHeader};
    /// use breakeven_verify::VerifySettings;
    /// use breakeven_verify::quantity::PerRun;
    /// use breakeven_verify::summary::RunSummary;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let header: RunHeader = serde_json::from_str(r#"{"run": "lr0.5-bs8-seed0", "seed": 0,
    /// #     "learning_rate": 0.5, "batch_size": 8, "model": "quadratic", "data": "none",
    /// #     "examples": 8, "parameters": 1, "steps": 3, "version": "none", "device": "none"}"#)?;
    /// let record = |step, lambda_h| Record { step, lambda_h: Some(lambda_h), ..Record::default() };
    /// let records = [record(0, 1.0), record(1, 5.0), record(2, 3.0)];
    /// let summary = RunSummary::of_run(&header, &records, None, &VerifySettings::default());
    /// let max_lambda_h = PerRun::from_name("max_lambda_h").ok_or("no such quantity")?;
    /// let reached = summary.values[&max_lambda_h];
    /// assert_eq!((reached.value, reached.step), (5.0, Some(1)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn of_run(
        header: &RunHeader,
        records: &[Record],
        outcome: Option<&RunOutcome>,
        settings: &VerifySettings,
    ) -> Self {
        let final_training_accuracy = records.iter().rev().find_map(|r| r.training_accuracy);
        let break_even_step = break_even(records).map(|record| record.step);
        let value = |per_run: PerRun| {
            let part = part_of_trajectory(per_run.statistic, records, break_even_step, settings);
            Some((per_run, reached(per_run, part)?))
        };
        let absent = |quantity: Quantity| {
            let why = records.iter().find_map(|r| r.absent.get(quantity.name()))?;
            Some((quantity, why.clone()))
        };
        Self {
            run: header.run.clone(),
            seed: header.seed,
            learning_rate: header.learning_rate,
            batch_size: header.batch_size as u64,
            momentum: header.momentum(),
            convergence: convergence(settings.convergence, outcome, final_training_accuracy),
            final_training_accuracy,
            break_even_step,
            break_even_bracket: break_even_bracket(records),
            covariance: header.covariance.map(Covariance::from).unwrap_or_default(),
            values: PerRun::all()
                .filter(|per_run| is_kept(per_run.statistic, settings))
                .filter_map(value)
                .collect(),
            absent: Quantity::ALL.into_iter().filter_map(absent).collect(),
        }
    }

    /// Takes the run out, whatever it measured.
    pub(crate) fn does_not_count(&mut self, reason: String) {
        self.convergence = Convergence::NotConverged(reason);
    }

    /// Whether the run counts.
    pub fn has_converged(&self) -> bool {
        self.convergence == Convergence::Converged
    }

    /// Why the run, though converged, has no such value.
    pub fn why_absent(&self, per_run: PerRun) -> &str {
        let measured = self
            .values
            .keys()
            .any(|known| known.quantity == per_run.quantity);
        if !measured {
            let why = self.absent.get(&per_run.quantity);
            return why.map_or("not measured", String::as_str);
        }
        match per_run.statistic {
            Statistic::Max => "not measured",
            Statistic::MaxAfter if self.break_even_step.is_none() => "break-even point not reached",
            Statistic::MaxAfter => "nothing measured after the break-even point",
            Statistic::AtAccuracy => "accuracy threshold not passed",
            Statistic::AtLoss => "loss threshold not reached",
            Statistic::MaxWithoutStepZero => "nothing measured after step 0",
        }
    }
}

/// Whether a summary has the statistic: the default ones, and those that are
/// asked for.
fn is_kept(statistic: Statistic, settings: &VerifySettings) -> bool {
    Statistic::DEFAULT.contains(&statistic) || settings.statistics.contains(&statistic)
}

/// The records that a statistic looks at. After the break-even point means
/// strictly after its record.
fn part_of_trajectory<'a>(
    statistic: Statistic,
    records: &'a [Record],
    break_even_step: Option<u64>,
    settings: &VerifySettings,
) -> &'a [Record] {
    let first = match statistic {
        Statistic::Max => Some(0),
        Statistic::MaxAfter => {
            break_even_step.map(|step| records.partition_point(|r| r.step <= step))
        }
        Statistic::AtAccuracy => records.iter().position(|r| {
            r.training_accuracy
                .is_some_and(|accuracy| accuracy > settings.accuracy_threshold)
        }),
        Statistic::AtLoss => settings.loss_threshold.and_then(|threshold| {
            let is_reached = |r: &Record| r.loss.is_some_and(|loss| loss <= threshold);
            records.iter().position(is_reached)
        }),
        Statistic::MaxWithoutStepZero => Some(records.partition_point(|r| r.step == 0)),
    };
    first.map_or(&[], |first| &records[first..])
}

/// The first maximum of the part, or its first value.
fn reached(per_run: PerRun, part: &[Record]) -> Option<Reached> {
    let mut measured = part.iter().filter_map(|record| {
        let value = per_run.quantity.of(record)?;
        Some(Reached {
            value,
            step: Some(record.step),
            error: per_run.quantity.error_bound_of(record),
        })
    });
    match per_run.statistic {
        Statistic::AtAccuracy | Statistic::AtLoss => measured.next(),
        Statistic::Max | Statistic::MaxAfter | Statistic::MaxWithoutStepZero => {
            measured.reduce(|best, next| if next.value > best.value { next } else { best })
        }
    }
}

fn convergence(
    rule: ConvergenceRule,
    outcome: Option<&RunOutcome>,
    final_training_accuracy: Option<f64>,
) -> Convergence {
    let reason = match outcome {
        None => "unfinished: it has no outcome yet".to_owned(),
        Some(RunOutcome {
            status: RunStatus::Diverged,
            steps,
            reason,
            ..
        }) => match reason {
            Some(reason) => format!("diverged after {steps} steps: {reason}"),
            None => format!("diverged after {steps} steps"),
        },
        Some(_) => match (rule, final_training_accuracy) {
            (ConvergenceRule::FinalTrainingAccuracy(least), Some(found)) if found < least => {
                format!("did not converge: final training accuracy {found:.3} is below {least}")
            }
            (ConvergenceRule::FinalTrainingAccuracy(_), None) => {
                "not judged: the rule of convergence needs a training accuracy, and none was measured"
                    .to_owned()
            }
            _ => return Convergence::Converged,
        },
    };
    Convergence::NotConverged(reason)
}

/// As one flat object: `max_lambda_k`, `max_lambda_k_step`, …; what is absent
/// is left out.
impl Serialize for RunSummary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("run", &self.run)?;
        map.serialize_entry("seed", &self.seed)?;
        map.serialize_entry("learning_rate", &self.learning_rate)?;
        map.serialize_entry("batch_size", &self.batch_size)?;
        if self.momentum > 0.0 {
            map.serialize_entry("momentum", &self.momentum)?;
        }
        map.serialize_entry("converged", &self.has_converged())?;
        if let Convergence::NotConverged(reason) = &self.convergence {
            map.serialize_entry("reason", reason)?;
        }
        if let Some(accuracy) = self.final_training_accuracy {
            map.serialize_entry("final_training_accuracy", &accuracy)?;
        }
        if self.covariance != Covariance::default() {
            map.serialize_entry("covariance", &self.covariance)?;
        }
        if let Some(step) = self.break_even_step {
            map.serialize_entry("break_even_step", &step)?;
        }
        if let Some(bracket) = self.break_even_bracket {
            map.serialize_entry("break_even_bracket", &bracket)?;
        }
        for (per_run, reached) in &self.values {
            map.serialize_entry(&per_run.to_string(), &reached.value)?;
            if let Some(step) = reached.step {
                map.serialize_entry(&format!("{per_run}_step"), &step)?;
            }
            if let Some(error) = reached.error {
                map.serialize_entry(&format!("{per_run}_error"), &error)?;
            }
        }
        map.end()
    }
}

/// Whether any of the runs has measured this quantity, under any statistic,
/// though it may not exist.
pub fn is_measured<'a>(quantity: Quantity, runs: impl IntoIterator<Item = &'a RunSummary>) -> bool {
    runs.into_iter().any(|run| {
        let has_value = run.values.keys().any(|known| known.quantity == quantity);
        has_value || run.absent.contains_key(&quantity)
    })
}
