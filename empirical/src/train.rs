//! One run: mini-batch SGD with measurements along the way.

mod batches;
mod ended;
mod error;
mod predictions;
mod spec;

pub(crate) use ended::Ended;
pub use ended::RunEnd;
pub use error::RunError;
pub use spec::RunSpec;
pub(crate) use spec::{mini_batches, total_steps};

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use breakeven_sim::record::{RunOutcome, RunStatus};

use crate::checkpoint::Checkpoint;
use crate::compute::Compute;
use crate::config::SweepConfig;
use crate::examples::Examples;
use crate::layers::{Normalisation, Statistics};
use crate::measure::{Measurement, WarmStart};
use crate::model::{InputShape, Model, glorot};
use crate::network::{BatchStep, Network};
use crate::optimiser::{Clipped, Sgd, cosine};
use crate::random::{Purpose, stream};
use crate::run_folder::{
    CHECKPOINT_FILE, FolderError, Followed, FollowedLines, Hold, LOCK_FILE, Owner, RunFolder,
    check_begun, check_finished, outcome,
};
use crate::tape::Matrix;
use crate::weights::{CheckpointError, Weights};
use crate::whole::Unfinished;

use batches::Batches;
use spec::header;

/// What all runs of a sweep share.
pub(crate) struct Shared<'a> {
    /// The configuration.
    pub(crate) config: &'a SweepConfig,
    /// The model.
    pub(crate) model: Box<dyn Model>,
    /// Where it is computed.
    pub(crate) compute: Compute,
    /// All N training examples.
    pub(crate) train: Examples,
    /// Their shape.
    pub(crate) inputs: InputShape,
    /// Those that H is measured on.
    pub(crate) subset: Examples,
    /// The validation examples, where there are some.
    pub(crate) validation: Option<Examples>,
    /// The model in words.
    pub(crate) model_name: String,
    /// The weights that runs start from, where they do not draw them.
    pub(crate) pretrained: Option<Weights>,
    /// The version of the program.
    pub(crate) version: String,
    /// SHA-256 of the sweep's plan, where it has one.
    pub(crate) plan_sha256: Option<String>,
    /// Time between two checkpoints of a run.
    pub(crate) checkpoint_every: Duration,
}

impl Shared<'_> {
    /// Whatever was computed so far was computed of examples that could be read.
    fn all_readable(&self) -> Result<(), RunError> {
        self.train.failure()?;
        self.validation.as_ref().map_or(Ok(()), Examples::failure)?;
        Ok(())
    }
}

/// What happens to one run, for whoever shows it.
pub(crate) trait Watch: Sync {
    /// It has taken `done` steps.
    fn stepped(&self, done: u64);
    /// It is carried out anew, since a checksum shows that a file of it
    /// changed on disk: `why`.
    fn anew(&self, why: &str);
    /// It is carried out by another process: this one, where it says so.
    fn elsewhere(&self, by: Option<Owner>);
}

/// How the run in `folder` ended, if it has and its files are as they were
/// written.
///
/// # Errors
/// If a file can't be read, or has changed.
pub(crate) fn finished(folder: &Path) -> Result<Option<RunOutcome>, FolderError> {
    let over = outcome(folder)?;
    if let Some(over) = &over {
        check_finished(folder, over)?;
    }
    Ok(over)
}

/// Trains one run in `folder`, from its checkpoint where there is one, or anew
/// where a checksum shows that one of its files has changed. `stop` is read
/// before each step, and abandons a measurement. What ended is over once it is
/// closed ([`Ended::close`]).
///
/// # Errors
/// If a file can't be read or written, or curvature is not repeatable.
pub(crate) fn run(
    shared: &Shared,
    spec: RunSpec,
    folder: &Path,
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> Result<Ended, RunError> {
    let Some(hold) = Hold::take(folder)? else {
        watch.elsewhere(Owner::of(&folder.join(LOCK_FILE)));
        return Ok(RunEnd::Elsewhere.into());
    };
    match finished(folder) {
        Ok(Some(over)) => {
            hold.release()?;
            return Ok(RunEnd::Over(over.status).into());
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
            return Ok(RunEnd::Stopped.into());
        }
        trainer.save_where_due()?;
        let measured = shared.config.measure.due(trainer.step, spec.batch_size);
        let predictions = trainer.predictions()?;
        let step = if measured {
            trainer.measured_step(stop)?
        } else {
            trainer.plain_step()?
        };
        trainer.keep(predictions, &step)?;
        match step {
            Step::Taken => watch.stepped(trainer.step),
            Step::Abandoned => {}
            Step::Diverged(loss) => return trainer.diverged(loss),
        }
    }
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
    check_begun(folder, &checkpoint.followed)?;
    Ok(Some(checkpoint))
}

/// Where a run is before its first step.
fn fresh(shared: &Shared, spec: RunSpec) -> Checkpoint {
    let mut rng = stream(spec.seed, Purpose::Init, 0);
    let layout = shared.model.parameters();
    let drawn = glorot(layout, &mut rng);
    Checkpoint {
        theta: match &shared.pretrained {
            Some(weights) => weights.completed(layout, &drawn),
            None => drawn,
        },
        buffers: layout.fresh_buffers(),
        followed: Followed {
            predictions: (shared.config.measure.prediction_examples > 0)
                .then(FollowedLines::default),
            ..Followed::default()
        },
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
    sgd: Sgd,
    previous_step: Option<Vec<Matrix>>,
    warm: WarmStart,
    batches: Batches<'a>,
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
        let folder = RunFolder::open(hold, &header(shared, spec), &checkpoint.followed)?;
        let split = |vector: &[f64]| {
            let known = !vector.is_empty();
            known.then(|| layout.split(vector, &shared.compute))
        };
        let sgd = Sgd::new(&spec.training(&shared.config.training), layout);
        Ok(Self {
            shared,
            spec,
            folder,
            saved: Instant::now(),
            step: checkpoint.step,
            parameters: layout.split(&checkpoint.theta, &shared.compute),
            buffers: layout.buffers().split(&checkpoint.buffers, &shared.compute),
            sgd: sgd.going_on(split(&checkpoint.velocity), checkpoint.clipped),
            previous_step: split(&checkpoint.previous_step),
            warm: checkpoint.warm,
            batches: Batches::new(shared, spec),
        })
    }

    fn network(&self) -> Network<'a> {
        Network {
            lanes: None,
            model: &*self.shared.model,
            compute: &self.shared.compute,
            loss: self.shared.config.training.loss,
            normalisation: Normalisation::Batch,
        }
    }

    fn total_steps(&self) -> u64 {
        total_steps(self.shared, self.spec)
    }

    /// η of the next step.
    fn learning_rate(&self) -> f64 {
        let epoch = self.batches.epoch(self.step);
        let training = &self.shared.config.training;
        training.learning_rate(self.spec.learning_rate, epoch)
    }

    /// One step of SGD.
    ///
    /// # Errors
    /// If a picture can't be read any more; the run is then no longer one.
    fn plain_step(&mut self) -> Result<Step, RunError> {
        let batch = self.batches.at(self.step);
        let learning_rate = self.learning_rate();
        let weight = self.sgd.loss_weight(learning_rate) / batch.len() as f64;
        let BatchStep {
            loss,
            gradient,
            statistics,
        } = self.network().step(&self.parameters, &batch, weight);
        self.shared.all_readable()?;
        if !loss.is_finite() || loss > self.shared.config.training.divergence_loss {
            return Ok(Step::Diverged(loss));
        }
        let moves = self.sgd.step(&mut self.parameters, gradient, learning_rate);
        self.buffers = Statistics::update(&statistics, &self.buffers);
        self.previous_step = Some(moves);
        self.step += 1;
        Ok(Step::Taken)
    }

    /// A measurement, and the step that it needs.
    fn measured_step(&mut self, stop: &AtomicBool) -> Result<Step, RunError> {
        let shared = self.shared;
        let network = self.network();
        let learning_rate = self.learning_rate();
        let measurement = Measurement {
            network,
            buffers: &self.buffers.clone(),
            config: &shared.config.measure,
            train: &shared.train,
            subset: &shared.subset,
            validation: shared.validation.as_ref(),
            learning_rate,
            momentum: self.spec.training(&shared.config.training).momentum,
            batch_size: self.spec.batch_size,
            covariance: mini_batches(shared, self.spec),
            seed: self.spec.seed,
            stop,
        };
        let theta = shared.model.parameters().join(self.parameters.clone());
        let mut warm = self.warm.clone();
        let taken = measurement.take(self.step, &theta, &mut warm);
        shared.all_readable()?;
        let Some(mut record) = taken? else {
            return Ok(Step::Abandoned);
        };
        self.warm = warm;
        record.learning_rate = (learning_rate != self.spec.learning_rate).then_some(learning_rate);
        record.clipped_share = self.sgd.clipped().and_then(Clipped::share);
        self.sgd.count_anew();
        let before = self.previous_step.take();
        let step = self.plain_step()?;
        if let Step::Taken = step {
            let after = measurement.score(&self.parameters).loss;
            shared.all_readable()?;
            let change = record.loss.map(|loss| loss - after);
            record.loss_change = change.filter(|x| x.is_finite());
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

    fn save(&mut self) -> Result<(), RunError> {
        let checkpoint = self.checkpoint()?;
        Ok(self.folder.save(checkpoint)?)
    }

    /// Where the run is now, written but not in its place yet.
    fn checkpoint(&self) -> Result<Unfinished, CheckpointError> {
        let layout = self.shared.model.parameters();
        let join = |matrices: Option<&[Matrix]>| {
            matrices.map_or_else(Vec::new, |matrices| layout.join(matrices.to_vec()))
        };
        let checkpoint = Checkpoint {
            step: self.step,
            followed: self.folder.followed(),
            theta: layout.join(self.parameters.clone()),
            buffers: layout.buffers().join(self.buffers.clone()),
            previous_step: join(self.previous_step.as_deref()),
            velocity: join(self.sgd.velocity()),
            clipped: self.sgd.clipped().unwrap_or_default(),
            warm: self.warm.clone(),
        };
        checkpoint.write(&self.folder.checkpoint(), layout)
    }

    fn diverged(self, loss: f64) -> Result<Ended, RunError> {
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

    fn finish(self, status: RunStatus, reason: Option<String>) -> Result<Ended, RunError> {
        let outcome = RunOutcome {
            status,
            steps: self.step,
            reason,
            records_sha256: None,
            predictions_sha256: None,
        };
        let checkpoint = self.checkpoint()?;
        Ok(Ended::now(self.folder, checkpoint, outcome))
    }
}
