//! What a sweep is: one configuration for all its runs, checked once, saved
//! before the first step. One file a table.

mod axes;
mod error;
mod loss;
mod measure;
mod range;
mod training;

pub use axes::SweepAxes;
pub use error::ConfigError;
pub use loss::Loss;
pub use measure::{COMPLETE_SPECTRUM_LIMIT, MOST_BATCHES, MeasureConfig, most_eigenvalues};
pub use training::{Augmentation, Decayed, TrainingConfig};

use serde::{Deserialize, Serialize};

use crate::model::Architecture;
use crate::parameters::Parameters;

use range::at_least_one;

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
}

impl SweepConfig {
    /// Checks everything that does not need the data.
    ///
    /// # Errors
    /// The first key that is out of its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.sweep.check()?;
        self.training.check()?;
        self.measure.check()?;
        let examples = self.data.train_examples.map(|n| n as u64);
        at_least_one("data.train_examples", examples)
    }

    /// Checks what is asked for against `examples` training examples of shape
    /// `image` and a model with these parameters.
    ///
    /// # Errors
    /// The first key that does not fit.
    pub fn check_sizes(
        &self,
        examples: usize,
        image: [usize; 3],
        parameters: &Parameters,
    ) -> Result<(), ConfigError> {
        self.sweep.check_sizes(examples)?;
        self.training.check_fits(image, parameters)?;
        self.measure.check_sizes(examples, parameters.dim())
    }
}
