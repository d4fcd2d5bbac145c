//! Files of a run that can't be read or written.

use std::path::{Path, PathBuf};

use breakeven_sim::record::seal::SealError;

/// A file of a run that can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The system refused.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not the JSON that was written there.
    #[error("{path} is damaged ({source}): {remedy}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: SealError,
        /// What helps.
        remedy: &'static str,
    },
    /// A checksum shows that a file is not as it was written.
    #[error("{path}{}: {problem}", line.map_or(String::new(), |line| format!(", line {line}")))]
    Changed {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where one is at fault.
        line: Option<usize>,
        /// What shows it.
        problem: String,
    },
    /// The file system has no locks.
    #[error("{path} can't be locked ({source}): use a folder on a file system with file locks")]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The run was begun on another device.
    #[error(
        "{path} says that the run was begun on {begun}, not on {now}: resume it on the same --device"
    )]
    Device {
        /// The header.
        path: PathBuf,
        /// The device and precision it names.
        begun: String,
        /// Those of now.
        now: String,
    },
    /// Records are missing that the checkpoint counts on.
    #[error(
        "{path} holds {found} bytes, the checkpoint counts on {expected}: remove the run's folder to start it anew"
    )]
    RecordsMissing {
        /// The records file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// What the checkpoint says.
        expected: u64,
    },
}

impl FolderError {
    /// Whether a checksum shows that a file is not as it was written: the run
    /// can be carried out anew.
    pub fn is_change(&self) -> bool {
        matches!(self, Self::Changed { .. })
    }
}

pub(super) fn changed(path: &Path, problem: String) -> FolderError {
    FolderError::Changed {
        path: path.into(),
        line: None,
        problem,
    }
}

pub(super) fn json_error(path: &Path, source: serde_json::Error) -> FolderError {
    file_error(path, source.into())
}

pub(crate) fn file_error(path: &Path, source: std::io::Error) -> FolderError {
    FolderError::File {
        path: path.into(),
        source,
    }
}
