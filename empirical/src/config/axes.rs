//! The `[sweep]` table.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::range::{MOMENTUM, distinct, fits, require};

/// The `[sweep]` table: one run for each combination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepAxes {
    /// η.
    pub learning_rates: Vec<f64>,
    /// S.
    pub batch_sizes: Vec<usize>,
    /// β of heavy-ball momentum. Default: `training.momentum` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub momenta: Option<Vec<f64>>,
    /// Runs with the same seed share their initial weights.
    pub seeds: Vec<u64>,
}

impl SweepAxes {
    /// Checks everything that does not need the data.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        distinct("sweep.learning_rates", &self.learning_rates)?;
        distinct("sweep.batch_sizes", &self.batch_sizes)?;
        distinct("sweep.seeds", &self.seeds)?;
        for &rate in &self.learning_rates {
            let holds = rate > 0.0 && rate.is_finite();
            require("sweep.learning_rates", rate, holds, "positive numbers")?;
        }
        for &size in &self.batch_sizes {
            let expected = "positive whole numbers";
            require("sweep.batch_sizes", size, size > 0, expected)?;
        }
        let Some(momenta) = &self.momenta else {
            return Ok(());
        };
        distinct("sweep.momenta", momenta)?;
        for &momentum in momenta {
            let holds = (0.0..1.0).contains(&momentum);
            require("sweep.momenta", momentum, holds, MOMENTUM)?;
        }
        Ok(())
    }

    /// β of each run that shares η, S and seed: absent where it is that of
    /// `training.momentum`.
    pub fn momenta(&self) -> impl Iterator<Item = Option<f64>> {
        let own = self.momenta.iter().flatten().copied().map(Some);
        own.chain(self.momenta.is_none().then_some(None))
    }

    /// Checks the batch sizes against `examples` training examples.
    pub(super) fn check_sizes(&self, examples: usize) -> Result<(), ConfigError> {
        for &size in &self.batch_sizes {
            fits("sweep.batch_sizes", size, examples)?;
        }
        Ok(())
    }
}
