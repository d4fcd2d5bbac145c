//! Checkpoints that can't be used.

use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensorError};

use super::pytorch;

/// A checkpoint that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file can't be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not a safetensors file, or a damaged one.
    #[error("{path} is not a whole safetensors file ({source}): {remedy}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: SafeTensorError,
        /// What helps.
        remedy: &'static str,
    },
    /// A file of `torch.save`.
    #[error(
        "{path} is a PyTorch file of Python pickles, which are not read here: two lines of Python turn it \
         into safetensors\n{}",
        pytorch::conversion(path)
    )]
    PyTorch {
        /// The file.
        path: PathBuf,
    },
    /// A checksum shows that it is not as it was written.
    #[error(
        "{path} changed on disk ({problem}): take another copy, or resume its sweep, which carries the run out anew"
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// What shows it.
        problem: String,
    },
    /// Two tensors of one name, once prefixes are stripped.
    #[error(
        "{path} holds {first} and {second}, which are one name without their prefixes: keep one"
    )]
    Twice {
        /// The file.
        path: PathBuf,
        /// A tensor.
        first: String,
        /// Another one.
        second: String,
    },
    /// A weight is missing.
    #[error(
        "{path} has no tensor {name}, which the model needs: is it a checkpoint of another model?"
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The weight.
        name: String,
    },
    /// A tensor that the model does not have.
    #[error(
        "{path} holds a tensor {name}, which the model does not have: is it a checkpoint of another model?"
    )]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A weight of another shape.
    #[error(
        "{path}: tensor {name} has shape {found:?}, the model needs {expected:?}: check the model's sizes"
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The weight.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The model's.
        expected: Vec<usize>,
    },
    /// A weight of another kind of layer.
    #[error(
        "{path}: tensor {name} has shape {found:?}, the model needs {expected} axes: is it a checkpoint of another model?"
    )]
    Axes {
        /// The file.
        path: PathBuf,
        /// The weight.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The model's axes.
        expected: usize,
    },
    /// A classifier of other classes.
    #[error(
        "{path} has a classifier of {found} classes, the data has {expected}: take weights that were trained for \
         {expected} classes, or a copy without `classifier.*`, which is drawn then"
    )]
    Classes {
        /// The file.
        path: PathBuf,
        /// Its classes.
        found: usize,
        /// Those of the data.
        expected: usize,
    },
    /// A tensor of another type of number.
    #[error(
        "{path}: tensor {name} holds {found:?}, only F64, F32, F16 and BF16 are read: convert it"
    )]
    Type {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// What it holds.
        found: Dtype,
    },
    /// A number that is not finite.
    #[error(
        "{path}: tensor {name} holds a number that is not finite at index {index}: the training diverged before it was saved"
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Where, in row-major order.
        index: usize,
    },
    /// What a run needs to go on is missing or damaged.
    #[error(
        "{path} can't be resumed from: its {what} is missing or damaged; remove the run's folder to start it anew"
    )]
    NotResumable {
        /// What.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
}

impl CheckpointError {
    /// Whether a checksum shows that the file is not as it was written: the
    /// run can be carried out anew.
    pub fn is_change(&self) -> bool {
        matches!(self, Self::Changed { .. })
    }
}

pub(super) fn file_error(path: &Path, source: std::io::Error) -> CheckpointError {
    CheckpointError::File {
        path: path.into(),
        source,
    }
}

pub(super) fn format_error(
    path: &Path,
    source: SafeTensorError,
    remedy: &'static str,
) -> CheckpointError {
    CheckpointError::Format {
        path: path.into(),
        source,
        remedy,
    }
}
