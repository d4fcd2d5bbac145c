//! Sweeps that can't be prepared or carried out.

use crate::compute::ComputeError;
use crate::config::ConfigError;
use crate::loaded::LoadError;
use crate::model::ModelError;
use crate::model::pretrained::PretrainedError;
use crate::run_folder::FolderError;
use crate::train::RunError;
use crate::weights::CheckpointError;

/// A sweep that can't be prepared or carried out.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data.
    #[error(transparent)]
    Data(#[from] LoadError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The files of pretrained weights.
    #[error(transparent)]
    Pretrained(#[from] PretrainedError),
    /// Pretrained weights.
    #[error(transparent)]
    Weights(CheckpointError),
    /// The device.
    #[error(transparent)]
    Compute(#[from] ComputeError),
    /// A folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A run.
    #[error("run {run}: {source}")]
    Run {
        /// The run.
        run: String,
        /// Why.
        source: RunError,
    },
    /// The threads that runs have.
    #[error("a thread for runs can't be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}
