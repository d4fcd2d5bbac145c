//! What a sweep is: one configuration for all its runs, checked once, saved
//! before the first step.

mod error;

pub use error::ConfigError;

use serde::{Deserialize, Serialize};

use crate::compute::Precision;
use crate::layers::Normalisation;
use crate::model::Architecture;
use crate::network::Loss;
use crate::optimiser::Decayed;
use crate::tape::Matrix;

/// A sweep over learning rates, batch sizes and seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepConfig {
    /// Name of the sweep, for reports.
    pub name: String,
    /// What is learnt.
    pub data: DataConfig,
    /// What learns.
    pub model: Architecture,
    /// How it learns.
    pub training: TrainingConfig,
    /// What varies.
    pub sweep: SweepAxes,
    /// What is measured.
    #[serde(default)]
    pub measure: MeasureConfig,
}

/// The `[data]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A data set that `breakeven data list` names.
    pub name: String,
    /// N: the first so many training examples. Default: all.
    pub train_examples: Option<usize>,
    /// The first so many validation examples. Default: all, or none where the
    /// data set has none.
    pub validation_examples: Option<usize>,
    /// Of texts as words: the most different ones, with padding, start and
    /// unknown words. Default: 20,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<usize>,
    /// Of texts: the most words, or word pieces, of each. Default: 80 words, 40
    /// pieces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
}

impl DataConfig {
    /// All of the data set of this name.
    pub fn of(name: String) -> Self {
        Self {
            name,
            train_examples: None,
            validation_examples: None,
            vocabulary: None,
            length: None,
        }
    }
}

/// The `[training]` table: mini-batch SGD, plain unless more is asked for,
/// examples shuffled anew each epoch, batches of S examples exactly (what an
/// epoch leaves over is not seen in it).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Passes over the training set.
    pub epochs: u64,
    /// A mini-batch loss above this, or one that is not finite, ends a run
    /// as diverged. Default 100.
    #[serde(default = "default_divergence_loss")]
    pub divergence_loss: f64,
    /// `f32` (default) or `f64`.
    #[serde(default)]
    pub precision: Precision,
    /// `cross_entropy` (default) or `mse`.
    #[serde(default)]
    pub loss: Loss,
    /// β of heavy-ball momentum, as in PyTorch's SGD. Default 0.
    #[serde(default)]
    pub momentum: f64,
    /// w: wθ is added to the gradient. Default 0.
    #[serde(default)]
    pub weight_decay: f64,
    /// Which parameters decay: `all` (default), `weights` or `convolutions`.
    #[serde(default)]
    pub weight_decay_on: Decayed,
    /// Epochs, counted from 0, at whose beginning the learning rate is
    /// multiplied by `decay_factor`. Default: none.
    #[serde(default)]
    pub decay_epochs: Vec<u64>,
    /// Default 0.1.
    #[serde(default = "default_decay_factor")]
    pub decay_factor: f64,
    /// Gradients longer than this are shortened to it. Default: none are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
}

/// The `[sweep]` table: one run for each combination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepAxes {
    /// η.
    pub learning_rates: Vec<f64>,
    /// S.
    pub batch_sizes: Vec<usize>,
    /// Runs with the same seed share their initial weights.
    pub seeds: Vec<u64>,
}

/// The `[measure]` table. A quantity costs products or gradients; those that
/// are off are absent from the records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MeasureConfig {
    /// Measure every so many examples seen (rounded to whole steps, at least
    /// one), so that runs of every batch size are measured equally often.
    /// Default 3840.
    pub every_examples: u64,
    /// Measure every so many steps instead.
    pub every_steps: Option<u64>,
    /// Up to this step, measure every `early_every_steps` steps. Default 0.
    pub early_until_step: u64,
    /// The denser cadence. Default 1.
    pub early_every_steps: u64,
    /// Training examples on which H, the loss and the training accuracy are
    /// measured: the first so many. Default: 5 % of N, as in the paper.
    pub hessian_examples: Option<usize>,
    /// How many of H's largest eigenvalues are found. Default 1.
    pub hessian_eigenvalues: usize,
    /// How many of H's smallest, most negative eigenvalues are found with
    /// them. Default 0.
    pub hessian_smallest_eigenvalues: usize,
    /// Bound on the error of each, relative to the largest. Default 1e-3.
    pub eigenvalue_tolerance: f64,
    /// All of H's eigenvalues, from D products: for networks of at most
    /// 4,096 parameters. Default false.
    pub complete_hessian_spectrum: bool,
    /// Random probes for Tr H, one product each. Default 0: not measured.
    pub trace_probes: usize,
    /// Random probes for H's spectral density. Default 0: not measured.
    pub density_probes: usize,
    /// Lanczos steps for each of them. Default 30.
    pub density_steps: usize,
    /// L, the mini-batch gradients that K^M is measured on. Default 25, as in
    /// the paper.
    pub covariance_batches: usize,
    /// M, their batch size. Default: the run's own, as in the paper where the
    /// learning rate varies.
    pub covariance_batch_size: Option<usize>,
    /// Largest eigenvalue of the exact per-example K on the Hessian's
    /// examples, to `eigenvalue_tolerance`. Default false.
    pub lambda_k_per_example: bool,
    /// Trace of the exact per-example K. Default true.
    pub trace_k_per_example: bool,
    /// Batch sharpness over the L mini-batches. Default true.
    pub batch_sharpness: bool,
    /// What batch normalisations normalise by while H and K are measured: the
    /// `batch`'s own statistics, as in training (default), or `running` ones,
    /// with which examples don't depend on each other. Of no effect on networks
    /// without them.
    pub batch_norm: BatchNormMode,
    /// Numbers kept in memory between products, a run. Default 32 million.
    pub kept_numbers: usize,
}

/// What batch normalisations normalise by while curvature is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchNormMode {
    /// Mean and variance of each batch.
    #[default]
    Batch,
    /// Running means and variances.
    Running,
}

impl BatchNormMode {
    /// By these running statistics, where it is by running ones.
    pub fn with(self, running: &[Matrix]) -> Normalisation<'_> {
        match self {
            Self::Batch => Normalisation::Batch,
            Self::Running => Normalisation::Running(running),
        }
    }
}

fn default_decay_factor() -> f64 {
    0.1
}

fn default_divergence_loss() -> f64 {
    100.0
}

impl Default for MeasureConfig {
    fn default() -> Self {
        Self {
            every_examples: 3840,
            every_steps: None,
            early_until_step: 0,
            early_every_steps: 1,
            hessian_examples: None,
            hessian_eigenvalues: 1,
            hessian_smallest_eigenvalues: 0,
            eigenvalue_tolerance: 1e-3,
            complete_hessian_spectrum: false,
            trace_probes: 0,
            density_probes: 0,
            density_steps: 30,
            covariance_batches: 25,
            covariance_batch_size: None,
            lambda_k_per_example: false,
            trace_k_per_example: true,
            batch_sharpness: true,
            batch_norm: BatchNormMode::Batch,
            kept_numbers: 32 << 20,
        }
    }
}

/// The largest L: a dense eigenproblem of that size is solved.
pub const MOST_BATCHES: usize = 4096;

/// The most leading eigenvalues of a large model: a few vectors of D numbers
/// are kept for each.
const MOST_EIGENVALUES: usize = 1000;

/// The most probes of a trace or a density, one product each or more.
const MOST_PROBES: usize = 10_000;

/// The most Lanczos steps of a density: a vector of D numbers is kept for each.
const MOST_DENSITY_STEPS: usize = 1000;

/// Parameters up to which a complete spectrum may be asked for.
pub const COMPLETE_SPECTRUM_LIMIT: usize = 4096;

/// The most leading eigenvalues that may be asked for of a model of
/// `parameters` parameters.
pub fn most_eigenvalues(parameters: usize) -> usize {
    if parameters <= COMPLETE_SPECTRUM_LIMIT {
        parameters
    } else {
        MOST_EIGENVALUES
    }
}

impl SweepConfig {
    /// Checks everything that does not need the data.
    ///
    /// # Errors
    /// The first key that is out of its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        let (axes, measure) = (&self.sweep, &self.measure);
        distinct("sweep.learning_rates", &axes.learning_rates)?;
        distinct("sweep.batch_sizes", &axes.batch_sizes)?;
        distinct("sweep.seeds", &axes.seeds)?;
        for &rate in &axes.learning_rates {
            require(
                "sweep.learning_rates",
                rate,
                rate > 0.0 && rate.is_finite(),
                "positive numbers",
            )?;
        }
        for &size in &axes.batch_sizes {
            require(
                "sweep.batch_sizes",
                size,
                size > 0,
                "positive whole numbers",
            )?;
        }
        let bound = self.training.divergence_loss;
        require(
            "training.epochs",
            self.training.epochs,
            self.training.epochs > 0,
            "at least 1",
        )?;
        require(
            "training.divergence_loss",
            bound,
            bound > 0.0 && bound.is_finite(),
            "a positive number",
        )?;
        self.training.check_options()?;
        let tolerance = measure.eigenvalue_tolerance;
        require(
            "measure.eigenvalue_tolerance",
            tolerance,
            tolerance > 0.0 && tolerance < 1.0,
            "a number above 0 and below 1, such as 1e-3",
        )?;
        let at_least_one = [
            ("measure.every_examples", measure.every_examples as usize),
            (
                "measure.every_steps",
                measure.every_steps.map_or(1, |n| n as usize),
            ),
            (
                "measure.early_every_steps",
                measure.early_every_steps as usize,
            ),
            (
                "measure.hessian_examples",
                measure.hessian_examples.unwrap_or(1),
            ),
            ("measure.hessian_eigenvalues", measure.hessian_eigenvalues),
            (
                "measure.covariance_batch_size",
                measure.covariance_batch_size.unwrap_or(1),
            ),
            ("measure.density_steps", measure.density_steps),
            ("data.train_examples", self.data.train_examples.unwrap_or(1)),
            ("data.length", self.data.length.unwrap_or(1)),
            ("data.vocabulary", self.data.vocabulary.unwrap_or(1)),
        ];
        for (key, value) in at_least_one {
            require(key, value, value > 0, "at least 1")?;
        }
        let batches = measure.covariance_batches;
        require(
            "measure.covariance_batches",
            batches,
            (2..=MOST_BATCHES).contains(&batches),
            format!("2 to {MOST_BATCHES}"),
        )?;
        let at_most = [
            ("measure.trace_probes", measure.trace_probes, MOST_PROBES),
            (
                "measure.density_probes",
                measure.density_probes,
                MOST_PROBES,
            ),
            (
                "measure.density_steps",
                measure.density_steps,
                MOST_DENSITY_STEPS,
            ),
        ];
        for (key, value, most) in at_most {
            require(key, value, value <= most, format!("at most {most}"))?;
        }
        Ok(())
    }

    /// Checks the sizes against `examples` training examples and a model of
    /// `parameters` parameters.
    ///
    /// # Errors
    /// The first key that does not fit.
    pub fn check_sizes(&self, examples: usize, parameters: usize) -> Result<(), ConfigError> {
        let fits = |key, size| {
            if size > examples {
                return Err(ConfigError::BatchTooLarge {
                    key,
                    size,
                    examples,
                });
            }
            Ok(())
        };
        for &size in &self.sweep.batch_sizes {
            fits("sweep.batch_sizes", size)?;
        }
        if let Some(size) = self.measure.covariance_batch_size {
            fits("measure.covariance_batch_size", size)?;
        }
        if let Some(count) = self.measure.hessian_examples {
            fits("measure.hessian_examples", count)?;
        }
        for (key, asked) in [
            (
                "measure.hessian_eigenvalues",
                self.measure.hessian_eigenvalues,
            ),
            (
                "measure.hessian_smallest_eigenvalues",
                self.measure.hessian_smallest_eigenvalues,
            ),
        ] {
            if asked > parameters {
                return Err(ConfigError::TooManyEigenvalues {
                    key,
                    asked,
                    parameters,
                });
            }
            let most = most_eigenvalues(parameters);
            require(key, asked, asked <= most, format!("at most {most}"))?;
        }
        if self.measure.complete_hessian_spectrum && parameters > COMPLETE_SPECTRUM_LIMIT {
            return Err(ConfigError::SpectrumTooLarge(parameters));
        }
        Ok(())
    }
}

impl TrainingConfig {
    fn check_options(&self) -> Result<(), ConfigError> {
        require(
            "training.momentum",
            self.momentum,
            (0.0..1.0).contains(&self.momentum),
            "0 or more and below 1",
        )?;
        require(
            "training.weight_decay",
            self.weight_decay,
            self.weight_decay >= 0.0 && self.weight_decay.is_finite(),
            "0 or more",
        )?;
        require(
            "training.decay_factor",
            self.decay_factor,
            self.decay_factor > 0.0 && self.decay_factor <= 1.0,
            "above 0 and at most 1",
        )?;
        let ascending = self.decay_epochs.is_sorted_by(|a, b| a < b);
        let epochs: Vec<String> = self.decay_epochs.iter().map(u64::to_string).collect();
        require(
            "training.decay_epochs",
            epochs.join(", "),
            ascending,
            "each epoch once, in order",
        )?;
        let norm = self.clip_norm.unwrap_or(1.0);
        require(
            "training.clip_norm",
            norm,
            norm > 0.0 && norm.is_finite(),
            "a positive number",
        )
    }
}

impl MeasureConfig {
    /// Whether `step` is measured in a run of batch size S.
    pub fn due(&self, step: u64, batch_size: usize) -> bool {
        if step < self.early_until_step && step.is_multiple_of(self.early_every_steps) {
            return true;
        }
        let every = self.every_steps.unwrap_or_else(|| {
            let steps = self.every_examples as f64 / batch_size as f64;
            (steps.round() as u64).max(1)
        });
        step.is_multiple_of(every)
    }
}

fn require(
    key: &'static str,
    value: impl ToString,
    holds: bool,
    expected: impl Into<String>,
) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    Err(ConfigError::Range {
        key,
        found: value.to_string(),
        expected: expected.into(),
    })
}

fn distinct<T: PartialEq + ToString>(key: &'static str, values: &[T]) -> Result<(), ConfigError> {
    if values.is_empty() {
        return Err(ConfigError::Empty(key));
    }
    for (k, value) in values.iter().enumerate() {
        if values[..k].contains(value) {
            return Err(ConfigError::Twice {
                key,
                value: value.to_string(),
            });
        }
    }
    Ok(())
}
