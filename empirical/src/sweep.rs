//! All runs of a sweep, side by side.

mod cost;
mod error;
mod progress;
mod shard;
mod side_by_side;
mod states;
mod tally;

pub use error::SweepError;
pub use progress::Progress;
pub use shard::Shard;
pub use states::states;
pub use tally::Tally;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use breakeven_sim::meter::{Meter, Parts};
use breakeven_sim::record::RUNS_FOLDER;

use crate::compute::{Compute, DeviceKind, DeviceName};
use crate::config::{ConfigError, SweepConfig};
use crate::examples::Examples;
use crate::loaded::{DECODED_BYTES, Labelled, LoadError, Loaded};
use crate::model::{Architecture, Model};
use crate::run_folder::outcome;
use crate::train::{RunSpec, Shared, total_steps};
use crate::weights::{Weights, weights_in};

use side_by_side::SideBySide;

/// Time between two checkpoints of a run, where nothing else is said: what a kill makes it repeat at most,
/// beside the step or measurement that it was in.
pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);

/// A sweep whose data and model are ready.
///
/// ```
/// use breakeven_empirical::compute::DeviceKind;
/// use breakeven_empirical::sweep::{Shard, Sweep};
/// # use breakeven_empirical::config::SweepConfig;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let config: SweepConfig = serde_json::from_str(
/// #     r#"{
/// #         "name": "tiny", "data": { "name": "fashion-mnist-12k", "train_examples": 25 },
/// #         "model": { "name": "mlp", "hidden": [] }, "training": { "epochs": 3 },
/// #         "sweep": { "learning_rates": [0.1, 0.2], "batch_sizes": [10], "seeds": [0] }
/// #     }"#,
/// # )?;
/// // Two learning rates, batches of 10, and 3 epochs of 25 examples.
/// let sweep = Sweep::prepare(&config, None, DeviceKind::Flex, "1".into())?;
/// assert_eq!(sweep.runs(Shard::WHOLE).len(), 2);
/// assert_eq!(sweep.steps(Shard::WHOLE), 2 * 3 * (25 / 10));
/// # Ok(())
/// # }
/// ```
pub struct Sweep<'a> {
    shared: Shared<'a>,
    /// Of the seeds the first so many; absent where all.
    first_seeds: Option<usize>,
}

/// How a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepEnd {
    /// Every run that it was to carry out is over.
    Over,
    /// It was asked to stop.
    Stopped,
    /// Another process carries so many of them out; all others are over.
    Elsewhere(usize),
}

/// Where a sweep's data are, and where it is computed.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// A folder that data are looked for in first.
    pub data_dir: Option<&'a Path>,
    /// Where tensors live.
    pub device: DeviceName,
    /// Bytes that pictures of each part may take there ([`DECODED_BYTES`]).
    pub decoded_bytes: usize,
}

impl<'a> Sweep<'a> {
    /// Checks the configuration and loads data and model.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn prepare(
        config: &'a SweepConfig,
        data_dir: Option<&Path>,
        device: impl Into<DeviceName>,
        version: String,
    ) -> Result<Self, SweepError> {
        let place = Place {
            data_dir,
            device: device.into(),
            decoded_bytes: DECODED_BYTES,
        };
        Self::watched(config, &place, version, &Meter::new())
    }

    /// [`Self::prepare`] with what its data are told to take, where `meter`
    /// counts pictures that are tried.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn watched(
        config: &'a SweepConfig,
        place: &Place,
        version: String,
        meter: &Meter,
    ) -> Result<Self, SweepError> {
        config.check()?;
        let compute = Compute::new(place.device, config.training.precision)?;
        meter.begin(format!("reading {}", config.data.name), Parts::Whole);
        let Loaded { train, validation } = Loaded::of(&config.data, place.data_dir, &config.model)?;
        let model = config.model.build(train.shape(), train.classes())?;
        let pretrained = pretrained(&config.model, &*model)?;
        let name = &config.data.name;
        let examples = count(
            name,
            "data.train_examples",
            config.data.train_examples,
            Some(&train),
        )?;
        let validated = count(
            name,
            "data.validation_examples",
            config.data.validation_examples,
            validation.as_ref(),
        )?;
        config.check_sizes(examples, train.shape(), model.parameters())?;
        config.measure.check_predictions(validated)?;
        let subset = config
            .measure
            .hessian_examples
            .unwrap_or(examples.div_ceil(20));
        let first = |part: &Labelled, count| {
            part.first(count, &compute, place.decoded_bytes, meter)
                .map_err(LoadError::from)
        };
        let all = first(&train, examples)?;
        let held_out = validation.filter(|_| validated > 0);
        let held_out = held_out.map(|part| first(&part, validated)).transpose()?;
        Ok(Self {
            shared: Shared {
                config,
                model_name: config.model.describe(train.shape(), train.classes()),
                model,
                subset: all.range(0, subset),
                train: all,
                inputs: train.shape(),
                validation: held_out,
                compute,
                pretrained,
                version,
                plan_sha256: None,
                checkpoint_every: CHECKPOINT_EVERY,
            },
            first_seeds: None,
        })
    }

    /// All N training examples.
    pub fn examples(&self) -> &Examples {
        &self.shared.train
    }

    /// The model in words, as headers have it.
    pub fn model(&self) -> &str {
        &self.shared.model_name
    }

    /// The same sweep with another time between two checkpoints of a run.
    pub fn checkpoint_every(mut self, time: Duration) -> Self {
        self.shared.checkpoint_every = time;
        self
    }

    /// The same sweep, whose runs say which plan they began with.
    pub fn plan_sha256(mut self, sha256: String) -> Self {
        self.shared.plan_sha256 = Some(sha256);
        self
    }

    /// The same sweep with the runs of its first `count` seeds alone: the others
    /// may follow.
    pub fn first_seeds(mut self, count: usize) -> Self {
        self.first_seeds = Some(count);
        self
    }

    /// What is to be said of the weights that its runs start from.
    pub fn notes(&self) -> Vec<String> {
        let Some(weights) = &self.shared.pretrained else {
            return Vec::new();
        };
        let mut notes = weights.notes.clone();
        if !weights.lacking.is_empty() {
            let lacking = weights.lacking.join(", ");
            notes.push(format!(
                "the pretrained weights have no {lacking}: drawn from each run's seed"
            ));
        }
        notes
    }

    /// The runs of a shard, in order: those that [`Shard::share`] gives it by
    /// what they are expected to cost.
    pub fn runs(&self, shard: Shard) -> Vec<RunSpec> {
        let axes = &self.shared.config.sweep;
        let count = self.first_seeds.unwrap_or(axes.seeds.len());
        let first: Vec<u64> = axes.seeds.iter().copied().take(count).collect();
        let mut runs = RunSpec::of(axes);
        runs.retain(|spec| first.contains(&spec.seed));
        let share = shard.share(&self.costs(&runs));
        share.into_iter().map(|run| runs[run]).collect()
    }

    /// What each of `runs` is expected to cost, in forward passes of one
    /// example: a number to compare runs of this sweep by.
    pub fn costs(&self, runs: &[RunSpec]) -> Vec<u64> {
        // Runs of one batch size take the same steps and measurements.
        let mut known = BTreeMap::new();
        let mut of = |spec: RunSpec| {
            let cost = known.entry(spec.batch_size);
            *cost.or_insert_with(|| cost::cost(&self.shared, spec))
        };
        runs.iter().map(|&spec| of(spec)).collect()
    }

    /// Steps of all runs of a shard.
    pub fn steps(&self, shard: Shard) -> u64 {
        let runs = self.runs(shard);
        runs.into_iter()
            .map(|spec| total_steps(&self.shared, spec))
            .fold(0, u64::saturating_add)
    }

    /// Carries the runs of a shard out in `folder`, `jobs` side by side, each
    /// on its share of the cores. Runs that are over, and those that another
    /// process carries out, are left as they are; others go on from their
    /// checkpoints. One of which a checksum shows that a file has changed is
    /// carried out anew.
    ///
    /// # Errors
    /// The first run that could not go on; the others stop and can be resumed.
    pub fn carry_out(
        &self,
        folder: &Path,
        shard: Shard,
        jobs: usize,
        stop: &AtomicBool,
        progress: &dyn Progress,
    ) -> Result<SweepEnd, SweepError> {
        let runs = folder.join(RUNS_FOLDER);
        let specs = self.runs(shard);
        let jobs = jobs.clamp(1, specs.len().max(1));
        let carried_out = SideBySide::new(&self.shared, specs, &runs, stop, progress);
        let elsewhere = carried_out.carry_out(jobs, self.threads_of_a_run(jobs))?;
        if stop.load(Ordering::Relaxed) {
            return Ok(SweepEnd::Stopped);
        }
        unfinished(&runs, &elsewhere)
    }

    /// Cores that are left to each of so many runs; no number depends on it.
    /// A device that is no CPU is given its work by one.
    fn threads_of_a_run(&self, side_by_side: usize) -> usize {
        match self.shared.compute.kind() {
            DeviceKind::Flex => {
                let cores = std::thread::available_parallelism().map_or(1, usize::from);
                (cores / side_by_side).max(1)
            }
            DeviceKind::Wgpu | DeviceKind::Cuda => 1,
        }
    }
}

/// The weights that runs of `architecture` start from, where they do not draw
/// them.
fn pretrained(
    architecture: &Architecture,
    model: &dyn Model,
) -> Result<Option<Weights>, SweepError> {
    let Some(of) = architecture.pretrained() else {
        return Ok(None);
    };
    let (file, bytes) = of.take_weights()?;
    let weights = weights_in(&file, &bytes, model.parameters());
    Ok(Some(weights.map_err(SweepError::Weights)?))
}

/// How a sweep ended of which another process carried some runs out: they may
/// be over by now.
fn unfinished(runs: &Path, elsewhere: &[RunSpec]) -> Result<SweepEnd, SweepError> {
    let mut left = 0;
    for spec in elsewhere {
        if outcome(&runs.join(spec.name()))?.is_none() {
            left += 1;
        }
    }
    Ok(match left {
        0 => SweepEnd::Over,
        left => SweepEnd::Elsewhere(left),
    })
}

/// How many examples are used of those there are.
fn count(
    data: &str,
    key: &'static str,
    asked: Option<usize>,
    found: Option<&Labelled>,
) -> Result<usize, ConfigError> {
    let available = found.map_or(0, Labelled::len);
    match asked {
        Some(asked) if asked > available => Err(ConfigError::TooFewExamples {
            key,
            asked,
            data: data.into(),
            available,
        }),
        asked => Ok(asked.unwrap_or(available)),
    }
}
