//! Runs then and now: which are in both, and whether they are the same.

use serde::Serialize;

use super::baseline::{Baseline, EarlierRun};
use crate::summary::{Convergence, RunSummary};
use crate::verdicts::Verdicts;

/// Runs of the same sweep, seed, η, S and β.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunsCompared {
    /// Runs that are in both.
    pub shared: usize,
    /// Those of them whose per-run quantities are all the same, to the bit, and
    /// at the same steps.
    pub identical: usize,
    /// Runs of the baseline alone.
    pub gone: usize,
    /// Runs that the baseline lacks.
    pub new: usize,
    /// Runs in both that counted and no longer do, or the other way round.
    pub counted_otherwise: Vec<CountedOtherwise>,
}

/// A run that counts now and did not, or the other way round.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CountedOtherwise {
    /// The sweep.
    pub sweep: String,
    /// The run.
    pub run: String,
    /// Whether it counts now.
    pub counts_now: bool,
    /// Why it does not, where it no longer does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl RunsCompared {
    /// Of all runs, whether they count or not.
    pub(super) fn of(baseline: &Baseline, verdicts: &Verdicts) -> Self {
        let mut found = Self::default();
        for now in &verdicts.summaries {
            let is_it = |before: &&EarlierRun| before.sweep == now.sweep && is_of(before, &now.run);
            let Some(before) = baseline.summaries.iter().find(is_it) else {
                found.new += 1;
                continue;
            };
            found.shared += 1;
            found.identical += usize::from(is_identical(before, &now.run));
            if before.converged != now.run.has_converged() {
                found.counted_otherwise.push(CountedOtherwise {
                    sweep: now.sweep.clone(),
                    run: now.run.run.clone(),
                    counts_now: now.run.has_converged(),
                    reason: match &now.run.convergence {
                        Convergence::Converged => None,
                        Convergence::NotConverged(reason) => Some(reason.clone()),
                    },
                });
            }
        }
        found.gone = baseline.summaries.len().saturating_sub(found.shared);
        found
    }
}

impl CountedOtherwise {
    /// In a sentence.
    pub fn in_words(&self) -> String {
        let (sweep, run) = (&self.sweep, &self.run);
        match (&self.reason, self.counts_now) {
            (Some(reason), false) => format!("{sweep}, {run}: no longer counts ({reason})"),
            (None, false) => format!("{sweep}, {run}: no longer counts"),
            (_, true) => format!("{sweep}, {run}: counts now, and did not"),
        }
    }
}

fn is_of(before: &EarlierRun, now: &RunSummary) -> bool {
    before.seed == now.seed
        && before.learning_rate == now.learning_rate
        && before.batch_size == now.batch_size
        && before.momentum == now.momentum
}

/// Whether all that the baseline has of a run is as it was. Quantities that
/// only later versions have say nothing.
fn is_identical(before: &EarlierRun, now: &RunSummary) -> bool {
    before.values().into_iter().all(|(quantity, earlier)| {
        now.values.get(&quantity).is_some_and(|later| {
            earlier.value.to_bits() == later.value.to_bits() && earlier.step == later.step
        })
    })
}
