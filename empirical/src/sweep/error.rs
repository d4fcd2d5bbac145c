//! Why a sweep can't go on.

use crate::compute::ComputeError;
use crate::config::ConfigError;
use crate::data::DataError;
use crate::model::ModelError;
use crate::run_folder::FolderError;
use crate::train::RunError;

/// A sweep that can't be prepared or carried out.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
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
