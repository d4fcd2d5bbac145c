//! The `[measure]` table.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::layers::Normalisation;
use crate::tape::Matrix;

use super::ConfigError;
use super::range::{at_least_one, fits, require};

/// The `[measure]` table. A quantity costs products or gradients; those that
/// are off are absent from the records.
///
/// ```
/// use breakeven_empirical::config::MeasureConfig;
///
/// let measure = MeasureConfig { every_examples: 640, ..MeasureConfig::default() };
/// // Of batches of 64 examples: every ten steps, from step 0 on.
/// assert!(measure.due(20, 64) && !measure.due(21, 64));
/// assert_eq!(measure.measurements(25, 64), 3);
/// ```
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
    /// k: how much the eigenspace of H's k largest eigenvalues shares with that of the
    /// last measurement; fewer than `hessian_eigenvalues`. Default 0: not measured.
    pub hessian_overlap: usize,
    /// Bound on the error of each, relative to the largest. Default 1e-3.
    pub eigenvalue_tolerance: f64,
    /// All of H's eigenvalues, from D products: for networks of at most
    /// 4,096 parameters. Default false.
    pub complete_hessian_spectrum: bool,
    /// Random probes for Tr H, one product each. Default 0: not measured.
    pub trace_probes: usize,
    /// Random probes for spectral densities. Default 0: not measured.
    pub density_probes: usize,
    /// The matrices whose densities are measured. Default: H alone.
    pub density_of: Vec<DensityMatrix>,
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
    /// K^M of both halves of the L mini-batches too: how much a draw of them
    /// matters. Costs next to nothing. Default false.
    pub covariance_halves: bool,
    /// H and the per-example K on both halves of `hessian_examples` too: how much
    /// the choice of examples matters. About doubles what they cost. Default false.
    pub hessian_halves: bool,
    /// Batch sharpness over the L mini-batches. Default true.
    pub batch_sharpness: bool,
    /// What batch normalisations normalise by while H and K are measured: the
    /// `batch`'s own statistics, as in training (default), or `running` ones,
    /// with which examples don't depend on each other. Of no effect on networks
    /// without them.
    pub batch_norm: BatchNormMode,
    /// Points at which the loss is measured along H's leading eigenvector, an odd
    /// number, θ in their middle: a pass over H's examples each. Default 0: none.
    pub loss_line_points: usize,
    /// Class probabilities of so many validation examples, the first ones, go
    /// to the run's predictions. Default 0: none.
    pub prediction_examples: usize,
    /// Every so many steps. Default: at each measurement.
    pub prediction_every_steps: Option<u64>,
    /// Numbers kept in memory between products, a run. Default 32 million.
    pub kept_numbers: usize,
}

/// A matrix whose spectral density may be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DensityMatrix {
    /// The Hessian.
    H,
    /// The per-example covariance of gradients.
    K,
    /// The Gauss–Newton matrix.
    G,
    /// The empirical Fisher.
    F,
}

impl fmt::Display for DensityMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H => "h",
            Self::K => "k",
            Self::G => "g",
            Self::F => "f",
        })
    }
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
            hessian_overlap: 0,
            eigenvalue_tolerance: 1e-3,
            complete_hessian_spectrum: false,
            trace_probes: 0,
            density_probes: 0,
            density_of: vec![DensityMatrix::H],
            density_steps: 30,
            covariance_batches: 25,
            covariance_batch_size: None,
            lambda_k_per_example: false,
            trace_k_per_example: true,
            covariance_halves: false,
            hessian_halves: false,
            batch_sharpness: true,
            batch_norm: BatchNormMode::Batch,
            loss_line_points: 0,
            prediction_examples: 0,
            prediction_every_steps: None,
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
pub(crate) const MOST_PROBES: usize = 10_000;

/// The most Lanczos steps of a density: a vector of D numbers is kept for each.
pub(crate) const MOST_DENSITY_STEPS: usize = 1000;

/// The fewest points of a line of losses, and the most.
pub(crate) const LEAST_POINTS: usize = 5;
pub(crate) const MOST_POINTS: usize = 1001;

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

impl MeasureConfig {
    /// Whether the density of `matrix` is measured.
    pub fn has_density(&self, matrix: DensityMatrix) -> bool {
        self.density_probes > 0 && self.density_of.contains(&matrix)
    }

    /// Whether `step` is measured in a run of batch size S.
    pub fn due(&self, step: u64, batch_size: usize) -> bool {
        if step < self.early_until_step && step.is_multiple_of(self.early_every_steps) {
            return true;
        }
        step.is_multiple_of(self.every(batch_size))
    }

    /// Steps between two measurements of a run of batch size S, but for the
    /// denser cadence.
    fn every(&self, batch_size: usize) -> u64 {
        self.every_steps.unwrap_or_else(|| {
            let steps = self.every_examples as f64 / batch_size as f64;
            (steps.round() as u64).max(1)
        })
    }

    /// How many of a run's `steps` steps are measured.
    pub fn measurements(&self, steps: u64, batch_size: usize) -> u64 {
        let every = self.every(batch_size);
        let early = self.early_until_step.min(steps);
        let dense = early.div_ceil(self.early_every_steps);
        let both = match lcm(every, self.early_every_steps) {
            Some(both) => early.div_ceil(both),
            // Beyond all steps there is step 0 alone.
            None => early.min(1),
        };
        steps.div_ceil(every) + dense - both
    }

    /// How often predictions are recorded in a run of so many steps.
    pub fn predictions(&self, steps: u64, batch_size: usize) -> u64 {
        match (self.prediction_examples, self.prediction_every_steps) {
            (0, _) => 0,
            (_, Some(every)) => steps.div_ceil(every),
            (_, None) => self.measurements(steps, batch_size),
        }
    }

    /// Whether predictions are recorded at `step` in a run of batch size S.
    pub fn predicts(&self, step: u64, batch_size: usize) -> bool {
        self.prediction_examples > 0
            && match self.prediction_every_steps {
                Some(every) => step.is_multiple_of(every),
                None => self.due(step, batch_size),
            }
    }

    /// Checks that there are as many validation examples as predictions are
    /// asked of.
    ///
    /// # Errors
    /// If there are fewer.
    pub fn check_predictions(&self, validation_examples: usize) -> Result<(), ConfigError> {
        let asked = self.prediction_examples;
        if asked <= validation_examples {
            return Ok(());
        }
        Err(ConfigError::TooFewToPredict {
            asked,
            available: validation_examples,
        })
    }

    /// Checks everything that needs neither data nor model.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let tolerance = self.eigenvalue_tolerance;
        require(
            "measure.eigenvalue_tolerance",
            tolerance,
            tolerance > 0.0 && tolerance < 1.0,
            "a number above 0 and below 1, such as 1e-3",
        )?;
        for (key, value) in [
            ("measure.every_examples", Some(self.every_examples)),
            ("measure.every_steps", self.every_steps),
            ("measure.early_every_steps", Some(self.early_every_steps)),
            (
                "measure.prediction_every_steps",
                self.prediction_every_steps,
            ),
        ] {
            at_least_one(key, value)?;
        }
        for (key, value) in [
            ("measure.hessian_examples", self.hessian_examples),
            (
                "measure.hessian_eigenvalues",
                Some(self.hessian_eigenvalues),
            ),
            ("measure.covariance_batch_size", self.covariance_batch_size),
            ("measure.density_steps", Some(self.density_steps)),
        ] {
            at_least_one(key, value.map(|n| n as u64))?;
        }
        if let (0, Some(every)) = (self.prediction_examples, self.prediction_every_steps) {
            return Err(ConfigError::NothingToPredict(every));
        }
        let matrices: Vec<String> = self.density_of.iter().map(ToString::to_string).collect();
        let twice = (1..matrices.len()).any(|k| matrices[..k].contains(&matrices[k]));
        require(
            "measure.density_of",
            format!("[{}]", matrices.join(", ")),
            !matrices.is_empty() && !twice,
            "at least one of h, k, g and f, each once",
        )?;
        let (overlap, found) = (self.hessian_overlap, self.hessian_eigenvalues);
        require(
            "measure.hessian_overlap",
            overlap,
            overlap < found,
            format!(
                "0, or fewer than hessian_eigenvalues, which is {found}: the next one says how \
                 far the others lie from the rest"
            ),
        )?;
        let points = self.loss_line_points;
        require(
            "measure.loss_line_points",
            points,
            points == 0 || (points % 2 == 1 && (LEAST_POINTS..=MOST_POINTS).contains(&points)),
            format!("0, or an odd number from {LEAST_POINTS} to {MOST_POINTS}, such as 11"),
        )?;
        let batches = self.covariance_batches;
        require(
            "measure.covariance_batches",
            batches,
            (2..=MOST_BATCHES).contains(&batches),
            format!("2 to {MOST_BATCHES}"),
        )?;
        require(
            "measure.covariance_halves",
            self.covariance_halves,
            !self.covariance_halves || batches >= 4,
            "false, or covariance_batches of at least 4: a half needs two mini-batches",
        )?;
        for (key, value, most) in [
            ("measure.trace_probes", self.trace_probes, MOST_PROBES),
            ("measure.density_probes", self.density_probes, MOST_PROBES),
            (
                "measure.density_steps",
                self.density_steps,
                MOST_DENSITY_STEPS,
            ),
        ] {
            require(key, value, value <= most, format!("at most {most}"))?;
        }
        Ok(())
    }

    /// Checks the sizes against `examples` training examples and a model of
    /// `parameters` parameters.
    pub(super) fn check_sizes(
        &self,
        examples: usize,
        parameters: usize,
    ) -> Result<(), ConfigError> {
        for (key, size) in [
            ("measure.covariance_batch_size", self.covariance_batch_size),
            ("measure.hessian_examples", self.hessian_examples),
        ] {
            fits(key, size.unwrap_or(0), examples)?;
        }
        for (key, asked) in [
            ("measure.hessian_eigenvalues", self.hessian_eigenvalues),
            (
                "measure.hessian_smallest_eigenvalues",
                self.hessian_smallest_eigenvalues,
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
        if self.complete_hessian_spectrum && parameters > COMPLETE_SPECTRUM_LIMIT {
            return Err(ConfigError::SpectrumTooLarge(parameters));
        }
        Ok(())
    }
}

/// The least common multiple; absent where it has no number.
fn lcm(a: u64, b: u64) -> Option<u64> {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (a / divisor).checked_mul(b)
}
