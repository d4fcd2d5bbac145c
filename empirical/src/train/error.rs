//! Why a run can't go on.

use crate::checkpoint::CheckpointError;
use crate::run_folder::FolderError;
use crate::solver::NotDeterministic;

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
    pub(super) fn is_change(&self) -> bool {
        match self {
            Self::Folder(error) => error.is_change(),
            Self::Checkpoint(error) => error.is_change(),
            Self::NotDeterministic(_) => false,
        }
    }
}
