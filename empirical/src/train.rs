//! One run: plain mini-batch SGD with measurements along the way.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use breakeven_sim::record::{MiniBatches, RunHeader, RunOutcome, RunStatus};
use rand::seq::SliceRandom;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::compute::Compute;
use crate::config::SweepConfig;
use crate::examples::Examples;
use crate::layers::{Normalisation, Statistics};
use crate::measure::{Measurement, WarmStart};
use crate::model::{Model, glorot};
use crate::network::{BatchStep, Network};
use crate::optimiser::Sgd;
use crate::random::{Purpose, stream};
use crate::run_folder::{
    CHECKPOINT_FILE, FolderError, Hold, RunFolder, check_begun, check_finished, outcome,
};
use crate::solver::NotDeterministic;
use crate::tape::Matrix;

/// What all runs of a sweep share.
pub struct Shared<'a> {
    /// The configuration.
    pub config: &'a SweepConfig,
    /// The model.
    pub model: Box<dyn Model>,
    /// Where it is computed.
    pub compute: Compute,
    /// All N training examples.
    pub train: Examples,
    /// Those that H is measured on.
    pub subset: Examples,
    /// The validation examples, where there are some.
    pub validation: Option<Examples>,
    /// The model in words.
    pub model_name: String,
    /// The version of the program.
    pub version: String,
    /// SHA-256 of the sweep's plan, where it has one.
    pub plan_sha256: Option<String>,
    /// Time between two checkpoints of a run.
    pub checkpoint_every: Duration,
}

/// One combination of a sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunSpec {
    /// η.
    pub learning_rate: f64,
    /// S.
    pub batch_size: usize,
    /// Of every random stream.
    pub seed: u64,
}

impl RunSpec {
    /// The name of the run and of its folder.
    pub fn name(&self) -> String {
        let (eta, size, seed) = (self.learning_rate, self.batch_size, self.seed);
        // Whole digits of a number far from 1 make a name too long for a file.
        if (1e-9..1e9).contains(&eta) {
            format!("lr{eta}-bs{size}-seed{seed}")
        } else {
            format!("lr{eta:e}-bs{size}-seed{seed}")
        }
    }
}

/// How a call of [`run`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The run is over, with this status.
    Over(RunStatus),
    /// It was asked to stop, and can be resumed.
    Stopped,
    /// Another process carries it out.
    Elsewhere,
}

/// A run that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file of the run.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Its checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Its measurements mean nothing.
    #[error("curvature can't be measured: {0}")]
    NotDeterministic(#[from] NotDeterministic),
}

impl RunError {
    /// Whether a checksum shows that a file of the run is not as it was
    /// written.
    fn is_change(&self) -> bool {
        match self {
            Self::Folder(error) => error.is_change(),
            Self::Checkpoint(error) => error.is_change(),
            Self::NotDeterministic(_) => false,
        }
    }
}

/// What happens to one run, for whoever shows it.
pub trait Watch: Sync {
    /// It has taken `done` steps.
    fn stepped(&self, done: u64);
    /// It is carried out anew, since a checksum shows that a file of it
    /// changed on disk: `why`.
    fn anew(&self, why: &str);
}

/// How the run in `folder` ended, if it has and its files are as they were
/// written.
///
/// # Errors
/// If a file can't be read, or has changed.
pub fn finished(folder: &Path) -> Result<Option<RunOutcome>, FolderError> {
    let over = outcome(folder)?;
    if let Some(over) = &over {
        check_finished(folder, over)?;
    }
    Ok(over)
}

/// Trains one run in `folder`, from its checkpoint where there is one, or anew
/// where a checksum shows that one of its files has changed. `stop` is read
/// before each step, and abandons a measurement.
///
/// # Errors
/// If a file can't be read or written, or curvature is not repeatable.
pub fn run(
    shared: &Shared,
    spec: RunSpec,
    folder: &Path,
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> Result<RunEnd, RunError> {
    let Some(hold) = Hold::take(folder)? else {
        return Ok(RunEnd::Elsewhere);
    };
    match finished(folder) {
        Ok(Some(over)) => {
            hold.release()?;
            return Ok(RunEnd::Over(over.status));
        }
        Ok(None) => {}
        Err(error) if error.is_change() => {
            watch.anew(&error.to_string());
            hold.clear()?;
        }
        Err(error) => return Err(error.into()),
    }
    let checkpoint = match begun(shared, folder) {
        Err(error) if error.is_change() => {
            watch.anew(&error.to_string());
            hold.clear()?;
            None
        }
        other => other?,
    };
    let checkpoint = checkpoint.unwrap_or_else(|| fresh(shared, spec));
    let mut trainer = Trainer::open(shared, spec, checkpoint, hold)?;
    let total = trainer.total_steps();
    while trainer.step < total {
        if stop.load(Ordering::Relaxed) {
            trainer.save()?;
            return Ok(RunEnd::Stopped);
        }
        trainer.save_where_due()?;
        let measured = shared.config.measure.due(trainer.step, spec.batch_size);
        let step = if measured {
            trainer.measured_step(stop)?
        } else {
            trainer.plain_step()
        };
        match step {
            Step::Taken => watch.stepped(trainer.step),
            Step::Abandoned => {}
            Step::Diverged(loss) => return trainer.diverged(loss),
        }
    }
    trainer.save()?;
    trainer.finish(RunStatus::Completed, None)
}

/// The checkpoint of a run that was begun, whose records are those that it
/// follows.
fn begun(shared: &Shared, folder: &Path) -> Result<Option<Checkpoint>, RunError> {
    let file = folder.join(CHECKPOINT_FILE);
    if !file.exists() {
        return Ok(None);
    }
    let checkpoint = Checkpoint::load(&file, shared.model.parameters())?;
    check_begun(folder, &checkpoint.records)?;
    Ok(Some(checkpoint))
}

/// Where a run is before its first step.
fn fresh(shared: &Shared, spec: RunSpec) -> Checkpoint {
    let mut rng = stream(spec.seed, Purpose::Init, 0);
    let layout = shared.model.parameters();
    Checkpoint {
        theta: glorot(layout, &mut rng),
        buffers: layout.fresh_buffers(),
        ..Checkpoint::default()
    }
}

struct Trainer<'a> {
    shared: &'a Shared<'a>,
    spec: RunSpec,
    folder: RunFolder,
    /// When the last checkpoint was saved or read.
    saved: Instant,
    step: u64,
    parameters: Vec<Matrix>,
    /// Running statistics of batch normalisations.
    buffers: Vec<Matrix>,
    previous_step: Option<Vec<Matrix>>,
    optimiser: Sgd,
    /// Of momentum; empty without.
    velocity: Vec<Matrix>,
    warm: WarmStart,
    /// The order of examples in the epoch of this number.
    order: (u64, Vec<usize>),
}

enum Step {
    Taken,
    /// Its measurement was, and nothing has changed.
    Abandoned,
    /// The mini-batch loss, not finite or above its bound.
    Diverged(f64),
}

impl<'a> Trainer<'a> {
    fn open(
        shared: &'a Shared<'a>,
        spec: RunSpec,
        checkpoint: Checkpoint,
        hold: Hold,
    ) -> Result<Self, RunError> {
        let layout = shared.model.parameters();
        let folder = RunFolder::open(hold, &header(shared, spec), &checkpoint.records)?;
        let previous = &checkpoint.previous_step;
        Ok(Self {
            shared,
            spec,
            folder,
            saved: Instant::now(),
            step: checkpoint.step,
            parameters: layout.split(&checkpoint.theta, &shared.compute),
            buffers: layout.buffers().split(&checkpoint.buffers, &shared.compute),
            previous_step: (!previous.is_empty()).then(|| layout.split(previous, &shared.compute)),
            optimiser: Sgd::new(&shared.config.training, layout),
            velocity: match checkpoint.velocity.is_empty() {
                true => Vec::new(),
                false => layout.split(&checkpoint.velocity, &shared.compute),
            },
            warm: checkpoint.warm,
            order: (u64::MAX, Vec::new()),
        })
    }

    fn network(&self) -> Network<'a> {
        Network {
            model: &*self.shared.model,
            compute: &self.shared.compute,
            loss: self.shared.config.training.loss,
            normalisation: Normalisation::Batch,
        }
    }

    fn total_steps(&self) -> u64 {
        total_steps(self.shared, self.spec)
    }

    fn epoch(&self) -> u64 {
        self.step / steps_an_epoch(self.shared, self.spec)
    }

    /// η in force.
    fn learning_rate(&self) -> f64 {
        let training = &self.shared.config.training;
        training.rate_in(self.spec.learning_rate, self.epoch())
    }

    /// The mini-batch of this step: S examples in the epoch's own order.
    fn batch(&mut self) -> Examples {
        let size = self.spec.batch_size;
        let steps = steps_an_epoch(self.shared, self.spec);
        let (epoch, within) = (self.epoch(), (self.step % steps) as usize);
        if self.order.0 != epoch {
            let mut order: Vec<usize> = (0..self.shared.train.len()).collect();
            order.shuffle(&mut stream(self.spec.seed, Purpose::Batches, epoch));
            self.order = (epoch, order);
        }
        self.shared
            .train
            .select(&self.order.1[within * size..(within + 1) * size])
    }

    /// One step of SGD: θ ← θ − ηg, or what the options make of it.
    fn plain_step(&mut self) -> Step {
        let (batch, eta) = (self.batch(), self.learning_rate());
        let plain = self.optimiser.is_plain();
        // Losses weighted by η/S give ηg at once.
        let weight = if plain { eta } else { 1.0 } / batch.len() as f64;
        let BatchStep {
            loss,
            gradient,
            statistics,
        } = self.network().step(&self.parameters, &batch, weight);
        if !loss.is_finite() || loss > self.shared.config.training.divergence_loss {
            return Step::Diverged(loss);
        }
        let step = match plain {
            true => gradient,
            false => self
                .optimiser
                .step(&self.parameters, gradient, &mut self.velocity, eta),
        };
        for (parameter, move_by) in self.parameters.iter_mut().zip(&step) {
            parameter.inplace(|p| p - move_by.clone());
        }
        self.buffers = Statistics::update(&statistics, &self.buffers);
        self.previous_step = Some(step);
        self.step += 1;
        Step::Taken
    }

    /// A measurement, and the step that it needs.
    fn measured_step(&mut self, stop: &AtomicBool) -> Result<Step, RunError> {
        let shared = self.shared;
        let network = self.network();
        let measurement = Measurement {
            network,
            buffers: &self.buffers.clone(),
            config: &shared.config.measure,
            momentum: shared.config.training.momentum,
            train: &shared.train,
            subset: &shared.subset,
            validation: shared.validation.as_ref(),
            learning_rate: self.learning_rate(),
            batch_size: self.spec.batch_size,
            covariance: mini_batches(shared, self.spec),
            seed: self.spec.seed,
            stop,
        };
        let theta = shared.model.parameters().join(self.parameters.clone());
        let mut warm = self.warm.clone();
        let Some(mut record) = measurement.take(self.step, &theta, &mut warm)? else {
            return Ok(Step::Abandoned);
        };
        self.warm = warm;
        let eta = self.learning_rate();
        record.learning_rate = (eta != self.spec.learning_rate).then_some(eta);
        let before = self.previous_step.take();
        let step = self.plain_step();
        if let Step::Taken = step {
            let after = measurement.score(&self.parameters).loss;
            record.loss_change = record
                .loss
                .map(|loss| loss - after)
                .filter(|x| x.is_finite());
            record.step_cosine = cosine(before.as_deref(), self.previous_step.as_deref());
        }
        self.folder.append(&record)?;
        Ok(step)
    }

    /// Saves a checkpoint now and then: what comes after it is repeated, to
    /// the same bits, where the run is killed.
    fn save_where_due(&mut self) -> Result<(), RunError> {
        if self.saved.elapsed() >= self.shared.checkpoint_every {
            self.save()?;
            self.saved = Instant::now();
        }
        Ok(())
    }

    fn save(&self) -> Result<(), RunError> {
        let layout = self.shared.model.parameters();
        let previous = self.previous_step.clone();
        let checkpoint = Checkpoint {
            step: self.step,
            records: self.folder.followed(),
            theta: layout.join(self.parameters.clone()),
            buffers: layout.buffers().join(self.buffers.clone()),
            previous_step: previous.map_or_else(Vec::new, |g| layout.join(g)),
            velocity: layout.join(self.velocity.clone()),
            warm: self.warm.clone(),
        };
        checkpoint.save(&self.folder.checkpoint(), layout)?;
        Ok(())
    }

    fn diverged(self, loss: f64) -> Result<RunEnd, RunError> {
        self.save()?;
        let bound = self.shared.config.training.divergence_loss;
        let reason = if loss.is_finite() {
            format!(
                "the mini-batch loss {loss:.4} passed the bound {bound} at step {}",
                self.step
            )
        } else {
            format!("the mini-batch loss was not finite at step {}", self.step)
        };
        self.finish(RunStatus::Diverged, Some(reason))
    }

    fn finish(self, status: RunStatus, reason: Option<String>) -> Result<RunEnd, RunError> {
        self.folder.finish(RunOutcome {
            status,
            steps: self.step,
            reason,
            records_sha256: None,
        })?;
        Ok(RunEnd::Over(status))
    }
}

/// Steps that a run takes: whole batches alone.
pub fn total_steps(shared: &Shared, spec: RunSpec) -> u64 {
    let epochs = shared.config.training.epochs;
    epochs.saturating_mul(steps_an_epoch(shared, spec))
}

fn steps_an_epoch(shared: &Shared, spec: RunSpec) -> u64 {
    (shared.train.len() / spec.batch_size) as u64
}

fn mini_batches(shared: &Shared, spec: RunSpec) -> MiniBatches {
    let measure = &shared.config.measure;
    MiniBatches {
        batches: measure.covariance_batches,
        batch_size: measure.covariance_batch_size.unwrap_or(spec.batch_size),
    }
}

fn header(shared: &Shared, spec: RunSpec) -> RunHeader {
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
        covariance: Some(mini_batches(shared, spec)),
        hessian_examples: Some(shared.subset.len()),
        version: shared.version.clone(),
        device: shared.compute.to_string(),
        plan_sha256: shared.plan_sha256.clone(),
        deviations: shared.config.training.deviations(),
    }
}

fn cosine(a: Option<&[Matrix]>, b: Option<&[Matrix]>) -> Option<f64> {
    let (a, b) = (a?, b?);
    let dot = |a: &[Matrix], b: &[Matrix]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a.clone() * b.clone()).sum().into_scalar::<f64>())
            .sum()
    };
    let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    cosine.is_finite().then_some(cosine)
}
