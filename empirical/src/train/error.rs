//! Why a run can't go on.

use std::sync::Arc;

use crate::data::DataError;
use crate::run_folder::FolderError;
use crate::solver::NotDeterministic;
use crate::weights::CheckpointError;

/// A run that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file of the run.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Its checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A picture that could be read before it began.
    #[error("{0}; with the file as it was, --resume goes on")]
    Data(Arc<DataError>),
    /// Its measurements mean nothing.
    #[error("curvature can't be measured: {0}")]
    NotDeterministic(#[from] NotDeterministic),
}

impl From<Arc<DataError>> for RunError {
    fn from(error: Arc<DataError>) -> Self {
        Self::Data(error)
    }
}

impl RunError {
    /// Whether a checksum shows that a file of the run is not as it was
    /// written.
    pub(super) fn is_change(&self) -> bool {
        match self {
            Self::Folder(error) => error.is_change(),
            Self::Checkpoint(error) => error.is_change(),
            Self::Data(_) | Self::NotDeterministic(_) => false,
        }
    }
}
