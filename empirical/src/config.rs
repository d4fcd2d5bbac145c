//! What a sweep is: one configuration for all its runs, checked once, saved
//! before the first step. One file a table.

mod axes;
mod error;
mod measure;
mod range;
mod training;

pub use axes::SweepAxes;
pub use error::ConfigError;
pub use measure::{
    BatchNormMode, COMPLETE_SPECTRUM_LIMIT, DensityMatrix, MOST_BATCHES, MeasureConfig,
    most_eigenvalues,
};
pub(crate) use measure::{LEAST_POINTS, MOST_DENSITY_STEPS, MOST_POINTS, MOST_PROBES};
pub use training::{Augmentation, Decayed, TrainingConfig};

use serde::{Deserialize, Serialize};

pub use crate::network::Loss;

use crate::model::{Architecture, InputShape};
use crate::parameters::Parameters;

use range::at_least_one;

/// A sweep over learning rates, batch sizes, momenta and seeds.
///
/// ```
/// use breakeven_empirical::config::SweepConfig;
/// use breakeven_empirical::train::RunSpec;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config: SweepConfig = serde_json::from_str(
///     r#"{
///         "name": "tiny",
///         "data": { "name": "fashion-mnist-12k" },
///         "model": { "name": "mlp" },
///         "training": { "epochs": 1 },
///         "sweep": { "learning_rates": [0.1, 0.2], "batch_sizes": [10, 50, 100], "seeds": [0, 1] }
///     }"#,
/// )?;
/// config.check()?;
/// assert_eq!(RunSpec::of(&config.sweep).len(), 2 * 3 * 2);
/// // L, where nothing is said: that of the paper (App. C).
/// assert_eq!(config.measure.covariance_batches, 25);
/// # Ok(())
/// # }
/// ```
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

impl DataConfig {
    /// Checks everything that does not need the data.
    fn check(&self) -> Result<(), ConfigError> {
        for (key, count) in [
            ("data.train_examples", self.train_examples),
            ("data.length", self.length),
            ("data.vocabulary", self.vocabulary),
        ] {
            at_least_one(key, count.map(|n| n as u64))?;
        }
        Ok(())
    }
}

impl SweepConfig {
    /// Checks everything that does not need the data.
    ///
    /// # Errors
    /// The first key that is out of its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.sweep.check()?;
        if self.sweep.momenta.is_some() && self.training.momentum > 0.0 {
            return Err(ConfigError::MomentumTwice);
        }
        self.training.check()?;
        self.measure.check()?;
        self.data.check()
    }

    /// Checks what is asked for against `examples` training examples of shape
    /// `inputs` and a model with these parameters.
    ///
    /// # Errors
    /// The first key that does not fit.
    pub fn check_sizes(
        &self,
        examples: usize,
        inputs: InputShape,
        parameters: &Parameters,
    ) -> Result<(), ConfigError> {
        self.sweep.check_sizes(examples)?;
        self.training.check_fits(inputs, parameters)?;
        self.measure.check_sizes(examples, parameters.dim())
    }
}
