//! What a run is reduced to before hypotheses are tested: whether it counts,
//! where its break-even point is, and one number a statistic and quantity.

use std::collections::BTreeMap;

use breakeven_sim::record::{MiniBatches, Record, RunHeader, RunOutcome, RunStatus};
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
    /// Whether it counts.
    pub convergence: Convergence,
    /// The last training accuracy that was measured.
    pub final_training_accuracy: Option<f64>,
    /// Step of the first record at which the left side of Eq. 1 is at least 1.
    pub break_even_step: Option<u64>,
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
    pub fn of_run(
        header: &RunHeader,
        records: &[Record],
        outcome: Option<&RunOutcome>,
        settings: &VerifySettings,
    ) -> Self {
        let final_training_accuracy = records.iter().rev().find_map(|r| r.training_accuracy);
        let break_even_step = break_even_step(records);
        let value = |per_run: PerRun| {
            let part = part_of_trajectory(
                per_run.statistic,
                records,
                break_even_step,
                settings.accuracy_threshold,
            );
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
            convergence: convergence(settings.convergence, outcome, final_training_accuracy),
            final_training_accuracy,
            break_even_step,
            covariance: header.covariance.map(Covariance::from).unwrap_or_default(),
            values: PerRun::all().filter_map(value).collect(),
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
        }
    }
}

/// The first step at which the left side of Eq. 1 is at least 1 (paper,
/// Sec. 3): SGD is no longer stable along e_H¹.
fn break_even_step(records: &[Record]) -> Option<u64> {
    let is_unstable = |r: &&Record| r.stability.is_some_and(|left_side| left_side >= 1.0);
    records.iter().find(is_unstable).map(|r| r.step)
}

/// The records that a statistic looks at. After the break-even point means
/// strictly after its record.
fn part_of_trajectory(
    statistic: Statistic,
    records: &[Record],
    break_even_step: Option<u64>,
    accuracy_threshold: f64,
) -> &[Record] {
    let first = match statistic {
        Statistic::Max => Some(0),
        Statistic::MaxAfter => {
            break_even_step.map(|step| records.partition_point(|r| r.step <= step))
        }
        Statistic::AtAccuracy => records.iter().position(|r| {
            r.training_accuracy
                .is_some_and(|accuracy| accuracy > accuracy_threshold)
        }),
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
        Statistic::AtAccuracy => measured.next(),
        Statistic::Max | Statistic::MaxAfter => {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> RunHeader {
        RunHeader {
            run: "r".into(),
            seed: 3,
            learning_rate: 0.1,
            batch_size: 64,
            model: "m".into(),
            data: "d".into(),
            examples: 10,
            parameters: 2,
            steps: 40,
            training: None,
            pretrained: None,
            covariance: None,
            hessian_examples: None,
            version: "0".into(),
            device: "none".into(),
            plan_sha256: None,
        }
    }

    /// Steps 0, 10, 20, 30 with (λ_K, accuracy, left side of Eq. 1).
    fn records(rows: &[(Option<f64>, f64, f64)]) -> Vec<Record> {
        (0..)
            .zip(rows)
            .map(|(index, &(lambda_k, accuracy, stability))| Record {
                step: 10 * index,
                lambda_k,
                training_accuracy: Some(accuracy),
                stability: Some(stability),
                ..Record::default()
            })
            .collect()
    }

    fn completed() -> RunOutcome {
        RunOutcome {
            status: RunStatus::Completed,
            steps: 40,
            reason: None,
            records_sha256: None,
        }
    }

    fn summary(rows: &[(Option<f64>, f64, f64)]) -> RunSummary {
        let settings = VerifySettings::default();
        RunSummary::of_run(&header(), &records(rows), Some(&completed()), &settings)
    }

    fn lambda_k(statistic: Statistic) -> PerRun {
        PerRun {
            statistic,
            quantity: Quantity::LambdaK,
        }
    }

    fn at(value: f64, step: u64) -> Option<Reached> {
        Some(Reached {
            value,
            step: Some(step),
            error: None,
        })
    }

    #[test]
    fn a_measured_bound_comes_with_its_value() {
        let record = |step, lambda_h, bound| Record {
            step,
            lambda_h: Some(lambda_h),
            lambda_h_error_bound: Some(bound),
            lambda_k: Some(lambda_h / 50.0),
            lambda_k_error_bound: Some(bound / 100.0),
            trace_h: Some(5.0 * lambda_h),
            trace_h_standard_error: Some(1.0),
            ..Record::default()
        };
        let records = [record(0, 9.0, 0.5), record(10, 12.0, 0.25)];
        let settings = VerifySettings::default();
        let found = RunSummary::of_run(&header(), &records, Some(&completed()), &settings);
        let error = |quantity| {
            let statistic = Statistic::Max;
            found.values[&PerRun {
                statistic,
                quantity,
            }]
                .error
        };
        assert_eq!(error(Quantity::LambdaH), Some(0.25));
        assert_eq!(error(Quantity::LambdaK), Some(0.0025));
        // A standard error bounds nothing.
        assert_eq!(error(Quantity::TraceH), None);
        let json = serde_json::to_value(&found).unwrap();
        assert_eq!(json["max_lambda_h_error"], 0.25);
    }

    #[test]
    fn each_statistic_looks_at_its_part_of_the_trajectory() {
        let found = summary(&[
            (Some(9.0), 0.1, 0.5),
            (Some(7.0), 0.6, 1.0),
            (Some(3.0), 0.7, 1.2),
            (Some(4.0), 0.9, 0.9),
        ]);
        let value = |statistic| found.values.get(&lambda_k(statistic)).copied();
        assert_eq!(value(Statistic::Max), at(9.0, 0));
        // Strictly after step 10, where the left side is 1 for the first time.
        assert_eq!(found.break_even_step, Some(10));
        assert_eq!(value(Statistic::MaxAfter), at(4.0, 30));
        // Past 0.6, which the accuracy of 0.6 at step 10 is not.
        assert_eq!(value(Statistic::AtAccuracy), at(3.0, 20));
        assert_eq!(found.convergence, Convergence::Converged);
    }

    #[test]
    fn what_was_never_reached_is_absent() {
        let found = summary(&[(Some(2.0), 0.1, 0.5), (Some(5.0), 0.2, 0.9)]);
        assert_eq!(found.break_even_step, None);
        assert_eq!(found.values.len(), 1);
        for (statistic, why) in [
            (Statistic::MaxAfter, "break-even point not reached"),
            (Statistic::AtAccuracy, "accuracy threshold not passed"),
        ] {
            assert_eq!(found.why_absent(lambda_k(statistic)), why);
        }
        let of_h = PerRun {
            statistic: Statistic::MaxAfter,
            quantity: Quantity::LambdaH,
        };
        assert_eq!(found.why_absent(of_h), "not measured");
    }

    #[test]
    fn of_equal_maxima_the_first_counts() {
        let found = summary(&[(Some(2.0), 0.1, 0.5), (Some(2.0), 0.2, 0.5)]);
        assert_eq!(
            found.values.get(&lambda_k(Statistic::Max)).copied(),
            at(2.0, 0)
        );
    }

    #[test]
    fn a_value_at_accuracy_waits_for_its_measurement() {
        let found = summary(&[
            (Some(1.0), 0.1, 0.5),
            (None, 0.7, 0.5),
            (Some(3.0), 0.8, 0.5),
        ]);
        assert_eq!(
            found.values.get(&lambda_k(Statistic::AtAccuracy)).copied(),
            at(3.0, 20)
        );
    }

    #[test]
    fn runs_that_do_not_count_say_why() {
        let settings = VerifySettings::default();
        let reason = |outcome: Option<&RunOutcome>, accuracy| {
            let records = records(&[(Some(1.0), accuracy, 0.5)]);
            match RunSummary::of_run(&header(), &records, outcome, &settings).convergence {
                Convergence::NotConverged(reason) => reason,
                Convergence::Converged => "converged".to_owned(),
            }
        };
        let diverged = RunOutcome {
            status: RunStatus::Diverged,
            steps: 12,
            reason: Some("the loss is NaN".into()),
            records_sha256: None,
        };
        assert_eq!(reason(None, 0.9), "unfinished: it has no outcome yet");
        assert_eq!(
            reason(Some(&diverged), 0.9),
            "diverged after 12 steps: the loss is NaN"
        );
        assert_eq!(
            reason(Some(&completed()), 0.59),
            "did not converge: final training accuracy 0.590 is below 0.6"
        );
        assert_eq!(reason(Some(&completed()), 0.6), "converged");
    }

    #[test]
    fn a_summary_is_one_flat_object() {
        let found = summary(&[(Some(9.0), 0.1, 0.5), (Some(7.0), 0.8, 0.5)]);
        assert_eq!(
            serde_json::to_value(&found).unwrap(),
            serde_json::json!({
                "run": "r", "seed": 3, "learning_rate": 0.1, "batch_size": 64,
                "converged": true, "final_training_accuracy": 0.8,
                "max_lambda_k": 9.0, "max_lambda_k_step": 0,
                "at_accuracy_lambda_k": 7.0, "at_accuracy_lambda_k_step": 10,
            })
        );
    }
}
