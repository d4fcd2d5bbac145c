//! A sweep before it is trained, and what it might give.

use std::collections::BTreeMap;

use crate::input::{Run, Sweep};
use crate::level::Level;
use crate::quantity::{Direction, Factor, PerRun, Quantity};
use crate::settings::VerifySettings;
use crate::summary::{Convergence, Covariance, Reached, RunSummary};

/// A sweep before it is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// Its name.
    pub name: String,
    /// The hash that its runs' headers will have.
    pub plan_sha256: String,
    /// What is tested, and when a run counts.
    pub settings: VerifySettings,
    /// The quantities that are measured, and tested.
    pub measured: Vec<Quantity>,
    /// η.
    pub learning_rates: Vec<f64>,
    /// S.
    pub batch_sizes: Vec<u64>,
    /// β.
    pub momenta: Vec<f64>,
    /// Seeds.
    pub seeds: Vec<u64>,
    /// M of K^M, where it is not S.
    pub covariance_batch_size: Option<u64>,
}

impl Prepared {
    /// The sweep with a value for each run: of its levels, and of its seed's place.
    pub(super) fn with(
        &self,
        seeds: &[u64],
        mut value: impl FnMut(&RunSummary, PerRun) -> f64,
    ) -> Sweep {
        let mut runs = Vec::new();
        for &learning_rate in &self.learning_rates {
            for &batch_size in &self.batch_sizes {
                for &momentum in &self.momenta {
                    for &seed in seeds {
                        let mut summary = self.summary(learning_rate, batch_size, momentum, seed);
                        for per_run in self.tested() {
                            let reached = Reached {
                                value: value(&summary, per_run),
                                step: Some(1),
                                error: None,
                            };
                            summary.values.insert(per_run, reached);
                        }
                        runs.push(Run::of_summary(summary));
                    }
                }
            }
        }
        Sweep::of_runs(&self.name, self.settings.clone(), runs)
    }

    /// Every run in the order that the conjectures expect.
    pub(super) fn in_order(&self) -> Sweep {
        self.with(&self.seeds, |run, per_run| {
            expected(run, per_run, 1.0).exp()
        })
    }

    /// The per-run quantities that are tested.
    fn tested(&self) -> impl Iterator<Item = PerRun> + '_ {
        let statistics = self.settings.statistics.iter().filter(|s| s.is_tested());
        statistics.flat_map(|&statistic| {
            let of = move |&quantity| PerRun {
                statistic,
                quantity,
            };
            self.measured.iter().map(of)
        })
    }

    fn summary(&self, learning_rate: f64, batch_size: u64, momentum: f64, seed: u64) -> RunSummary {
        RunSummary {
            run: format!("lr{learning_rate}-bs{batch_size}-beta{momentum}-seed{seed}"),
            seed,
            learning_rate,
            batch_size,
            momentum,
            convergence: Convergence::Converged,
            final_training_accuracy: None,
            break_even_step: None,
            break_even_bracket: None,
            covariance: Covariance {
                batches: Some(1),
                batch_size: Some(self.covariance_batch_size.unwrap_or(batch_size)),
            },
            values: BTreeMap::new(),
            absent: BTreeMap::new(),
        }
    }
}

/// The logarithm of a quantity that goes as the power `slope` of η, S and
/// 1/(1−β), each in the direction that its conjecture expects.
pub(super) fn expected(run: &RunSummary, per_run: PerRun, slope: f64) -> f64 {
    let of = |factor: Factor| {
        let sign = match per_run.quantity.expected(factor) {
            Direction::Increasing => 1.0,
            Direction::Decreasing => -1.0,
        };
        sign * slope * Level::of(run, factor).strength().ln()
    };
    Factor::ALL.into_iter().map(of).sum()
}
