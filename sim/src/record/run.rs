//! What a run is, and how it ended.

use serde::{Deserialize, Serialize};

use super::seal::{SealError, Sealed};
use super::{ONE_DIMENSIONAL_MODEL, Record, TrainingOptions, from_line};

/// What a run is: saved before its first step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// Name of the run, which is also its folder's.
    pub run: String,
    /// Seed of every random stream of the run.
    pub seed: u64,
    /// η, at step 0.
    pub learning_rate: f64,
    /// S.
    pub batch_size: usize,
    /// Architecture, as one reads it: `mlp 784-300-100-10`.
    pub model: String,
    /// Data set.
    pub data: String,
    /// N, the number of training examples.
    pub examples: usize,
    /// D, the number of parameters.
    pub parameters: usize,
    /// Steps that the run is to take.
    pub steps: u64,
    /// What makes the training more than plain SGD on cross entropy; absent
    /// where nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingOptions>,
    /// The weights that the run starts from; absent where it draws them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<PretrainedWeights>,
    /// L and M of K^M, where it is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariance: Option<MiniBatches>,
    /// Training examples on which H is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hessian_examples: Option<usize>,
    /// Version of breakeven, with the git hash where it was built from one.
    pub version: String,
    /// Device and precision: `flex f32`.
    pub device: String,
    /// SHA-256 of the sweep's plan when the run began ([`plan_sha256`](super::seal::plan_sha256)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_sha256: Option<String>,
}

impl RunHeader {
    /// A record of this run from a line of its [`RECORDS_FILE`](super::RECORDS_FILE).
    ///
    /// Runs of the model have the per-example K alone. Earlier versions wrote
    /// its largest eigenvalue as `lambda_k`, which is that of K^M elsewhere.
    ///
    /// # Errors
    /// As [`from_line`].
    pub fn record(&self, line: &[u8]) -> Result<Sealed<Record>, SealError> {
        let mut read = from_line(line)?;
        let record = &mut read.value;
        if self.model == ONE_DIMENSIONAL_MODEL
            && let Some(lambda_k) = record.lambda_k.take()
        {
            record.lambda_k_per_example.get_or_insert(lambda_k);
        }
        Ok(read)
    }
}

/// Weights that were trained before the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PretrainedWeights {
    /// SHA-256 of their file.
    pub weights_sha256: String,
    /// SHA-256 of the vocabulary that came with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary_sha256: Option<String>,
    /// Parameters that the file lacks, drawn from the run's seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drawn: Vec<String>,
}

/// L mini-batches of M examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MiniBatches {
    /// L.
    pub batches: usize,
    /// M.
    pub batch_size: usize,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunOutcome {
    /// What ended it.
    pub status: RunStatus,
    /// Steps taken.
    pub steps: u64,
    /// Why, in words, where the run did not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// SHA-256 of the run's [`RECORDS_FILE`](super::RECORDS_FILE), all lines of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_sha256: Option<String>,
    /// SHA-256 of the run's [`PREDICTIONS_FILE`](super::PREDICTIONS_FILE), where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predictions_sha256: Option<String>,
}

/// What ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// All steps were taken.
    Completed,
    /// The loss stopped being finite, or passed its stated bound.
    Diverged,
}
