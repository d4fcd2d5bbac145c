//! One run among those of a sweep.

use breakeven_sim::record::{
    MiniBatches, PlannedRun, PretrainedWeights, RunHeader, combinations, run_name,
};

use super::Shared;
use crate::config::{SweepAxes, TrainingConfig};

/// One combination of a sweep.
///
/// ```
/// use breakeven_empirical::config::SweepAxes;
/// use breakeven_empirical::train::RunSpec;
///
/// let runs = RunSpec::of(&SweepAxes {
///     learning_rates: vec![0.1, 0.2],
///     batch_sizes: vec![10],
///     momenta: None,
///     seeds: vec![3, 4],
/// });
/// let names: Vec<String> = runs[..2].iter().map(RunSpec::name).collect();
/// assert_eq!(names, ["lr0.1-bs10-seed3", "lr0.2-bs10-seed3"]);
/// assert_eq!(runs.len(), 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunSpec {
    /// η.
    pub learning_rate: f64,
    /// S.
    pub batch_size: usize,
    /// β, where the sweep names its own ones.
    pub momentum: Option<f64>,
    /// Of every random stream.
    pub seed: u64,
}

impl RunSpec {
    /// All combinations of a sweep: seed by seed, as seeds are blocks.
    pub fn of(axes: &SweepAxes) -> Vec<Self> {
        let (rates, sizes) = (&axes.learning_rates, &axes.batch_sizes);
        let planned = combinations(&axes.seeds, rates, sizes, axes.momenta.as_deref());
        let of = |run: PlannedRun| Self {
            learning_rate: run.learning_rate,
            batch_size: run.batch_size,
            momentum: run.momentum,
            seed: run.seed,
        };
        planned.into_iter().map(of).collect()
    }

    /// The name of the run and of its folder.
    pub fn name(&self) -> String {
        run_name(
            self.learning_rate,
            self.batch_size,
            self.momentum,
            self.seed,
        )
    }

    /// How it trains: as its sweep does, with its own β.
    pub fn training(&self, of_sweep: &TrainingConfig) -> TrainingConfig {
        TrainingConfig {
            momentum: self.momentum.unwrap_or(of_sweep.momentum),
            ..of_sweep.clone()
        }
    }
}

/// Steps that a run takes: whole batches alone.
pub(crate) fn total_steps(shared: &Shared, spec: RunSpec) -> u64 {
    let training = &shared.config.training;
    training.epochs.saturating_mul(steps_an_epoch(shared, spec))
}

/// ⌊N/S⌋.
pub(super) fn steps_an_epoch(shared: &Shared, spec: RunSpec) -> u64 {
    (shared.train.len() / spec.batch_size) as u64
}

/// L and M of its K^M.
pub(crate) fn mini_batches(shared: &Shared, spec: RunSpec) -> MiniBatches {
    let measure = &shared.config.measure;
    MiniBatches {
        batches: measure.covariance_batches,
        batch_size: measure.covariance_batch_size.unwrap_or(spec.batch_size),
    }
}

/// What it is, as its folder says it.
pub(super) fn header(shared: &Shared, spec: RunSpec) -> RunHeader {
    RunHeader {
        run: spec.name(),
        seed: spec.seed,
        learning_rate: spec.learning_rate,
        batch_size: spec.batch_size,
        model: shared.model_name.clone(),
        data: shared.config.data.name.clone(),
        examples: shared.train.len(),
        parameters: shared.model.parameters().dim(),
        steps: total_steps(shared, spec),
        training: spec.training(&shared.config.training).options(),
        pretrained: pretrained(shared),
        covariance: Some(mini_batches(shared, spec)),
        hessian_examples: Some(shared.subset.len()),
        version: shared.version.clone(),
        device: shared.compute.to_string(),
        plan_sha256: shared.plan_sha256.clone(),
    }
}

/// What it starts from, where it does not draw its weights.
fn pretrained(shared: &Shared) -> Option<PretrainedWeights> {
    let of = shared.config.model.pretrained()?;
    let weights = shared.pretrained.as_ref()?;
    Some(PretrainedWeights {
        weights_sha256: of.weights_sha256.clone(),
        vocabulary_sha256: of.vocabulary_sha256.clone(),
        drawn: weights.lacking.clone(),
    })
}
