//! Weights as safetensors in PyTorch's names and layout, alone or with what
//! a run needs to go on.

use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensorError, TensorView};
use safetensors::{SafeTensors, serialize};

use crate::measure::WarmStart;
use crate::parameters::Parameters;
use crate::run_folder::write_whole;

/// Before the names of tensors that are not weights.
const OWN: &str = "breakeven.";
/// Steps taken and bytes of records, as I64.
const PROGRESS: &str = "breakeven.progress";
const PREVIOUS_STEP: &str = "breakeven.previous_step";
const WARM_HESSIAN: &str = "breakeven.warm_hessian";
const WARM_COVARIANCE: &str = "breakeven.warm_covariance";

/// Numbers as they are in a file.
type Encoded = (Dtype, Vec<u8>);

/// Where a run is: all that the next step depends on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Steps taken.
    pub step: u64,
    /// Bytes of the records file that belong to the steps taken.
    pub records_bytes: u64,
    /// θ.
    pub theta: Vec<f64>,
    /// The last step taken, ηg, in θ's order; empty before the first.
    pub previous_step: Vec<f64>,
    /// Where the next measurement starts from.
    pub warm: WarmStart,
}

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
    /// A tensor of another type of number.
    #[error("{path}: tensor {name} holds {found:?}, only F32 and F64 are read: convert it")]
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

/// Reads weights in PyTorch's layout, in θ's order.
///
/// # Errors
/// A file that can't be read, tensors that do not fit the model, and numbers
/// that are not finite.
pub fn load_weights(path: &Path, parameters: &Parameters) -> Result<Vec<f64>, CheckpointError> {
    let bytes = read(path)?;
    let file = parse(path, &bytes, "save the weights again")?;
    weights(path, &file, parameters, Accepted::Finite)
}

/// Which numbers a tensor may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accepted {
    /// Finite ones.
    Finite,
    /// Any: a run that diverges may be stopped before it is seen to.
    Any,
}

impl Checkpoint {
    /// Writes the checkpoint whole, so that a kill leaves the old one or the
    /// new one.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn save(&self, path: &Path, parameters: &Parameters) -> Result<(), CheckpointError> {
        let torch = parameters.to_torch(&self.theta);
        let mut tensors: Vec<(String, Vec<usize>, Encoded)> = parameters
            .parts(&torch)
            .map(|(parameter, part)| {
                (
                    parameter.name.clone(),
                    parameter.torch_shape(),
                    encode(part),
                )
            })
            .collect();
        let warm = &self.warm;
        for (name, vectors) in [
            (PREVIOUS_STEP, std::slice::from_ref(&self.previous_step)),
            (WARM_HESSIAN, warm.hessian.as_slice()),
            (WARM_COVARIANCE, warm.covariance.as_slice()),
        ] {
            if let Some(length) = vectors.first().map(Vec::len).filter(|&length| length > 0) {
                tensors.push((
                    name.into(),
                    vec![vectors.len(), length],
                    encode(&vectors.concat()),
                ));
            }
        }
        let progress = [self.step, self.records_bytes].map(u64::to_le_bytes);
        tensors.push((PROGRESS.into(), vec![2], (Dtype::I64, progress.concat())));
        let views = tensors.iter().map(|(name, shape, (dtype, data))| {
            let view = TensorView::new(*dtype, shape.clone(), data);
            (name, view.expect("shape and bytes are those of one vector"))
        });
        let bytes = serialize(views, None)
            .map_err(|source| format_error(path, source, "free some memory"))?;
        write_whole(path, &bytes).map_err(|source| file_error(path, source))
    }

    /// Reads a checkpoint that [`Self::save`] wrote.
    ///
    /// Weights that are not finite are let pass: a run may stop between the
    /// step that made them so and the loss that shows it.
    ///
    /// # Errors
    /// As [`load_weights`], or if it holds weights alone.
    pub fn load(path: &Path, parameters: &Parameters) -> Result<Self, CheckpointError> {
        let data = read(path)?;
        let file = parse(path, &data, "remove the run's folder to start it anew")?;
        let missing = |what| CheckpointError::NotResumable {
            what,
            path: path.into(),
        };
        let dim = parameters.dim();
        let vectors = |name: &'static str, what: &'static str| match file.tensor(name) {
            Ok(view) if view.shape().last() != Some(&dim) => Err(missing(what)),
            Ok(view) => {
                let numbers = numbers(path, name, &view, Accepted::Any)?;
                Ok(numbers.chunks(dim).map(<[f64]>::to_vec).collect())
            }
            Err(_) => Ok::<Vec<Vec<f64>>, CheckpointError>(Vec::new()),
        };
        let [step, records_bytes] = progress(&file).ok_or_else(|| missing("step"))?;
        Ok(Self {
            step,
            records_bytes,
            theta: weights(path, &file, parameters, Accepted::Any)?,
            previous_step: vectors(PREVIOUS_STEP, "last step")?.concat(),
            warm: WarmStart {
                hessian: vectors(WARM_HESSIAN, "eigenvectors of H")?,
                covariance: vectors(WARM_COVARIANCE, "eigenvectors of K")?,
            },
        })
    }
}

fn weights(
    path: &Path,
    file: &SafeTensors,
    parameters: &Parameters,
    accepted: Accepted,
) -> Result<Vec<f64>, CheckpointError> {
    for name in file.names() {
        if !name.starts_with(OWN) && !parameters.iter().any(|p| p.name == *name) {
            return Err(CheckpointError::Unknown {
                path: path.into(),
                name: name.to_string(),
            });
        }
    }
    let mut torch = Vec::new();
    for parameter in parameters.iter() {
        let name = &parameter.name;
        let view = file.tensor(name).map_err(|_| CheckpointError::Missing {
            path: path.into(),
            name: name.clone(),
        })?;
        if view.shape() != parameter.torch_shape() {
            return Err(CheckpointError::Shape {
                path: path.into(),
                name: name.clone(),
                found: view.shape().to_vec(),
                expected: parameter.torch_shape(),
            });
        }
        torch.extend(numbers(path, name, &view, accepted)?);
    }
    Ok(parameters.from_torch(&torch))
}

fn numbers(
    path: &Path,
    name: &str,
    view: &TensorView,
    accepted: Accepted,
) -> Result<Vec<f64>, CheckpointError> {
    // Both conversions are exact: chunks have the type's size.
    let numbers: Vec<f64> = match view.dtype() {
        Dtype::F32 => view
            .data()
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| f64::from(f32::from_le_bytes(bytes)))
            .collect(),
        Dtype::F64 => view
            .data()
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| f64::from_le_bytes(bytes))
            .collect(),
        found => {
            return Err(CheckpointError::Type {
                path: path.into(),
                name: name.into(),
                found,
            });
        }
    };
    match numbers.iter().position(|x| !x.is_finite()) {
        Some(index) if accepted == Accepted::Finite => Err(CheckpointError::NotFinite {
            path: path.into(),
            name: name.into(),
            index,
        }),
        _ => Ok(numbers),
    }
}

/// Steps taken and bytes of records; absent where the file does not say.
fn progress(file: &SafeTensors) -> Option<[u64; 2]> {
    let view = file.tensor(PROGRESS).ok()?;
    match (view.dtype(), view.data().as_chunks().0) {
        (Dtype::I64, &[step, records_bytes]) => Some([step, records_bytes].map(u64::from_le_bytes)),
        _ => None,
    }
}

/// The numbers as F32 where that loses nothing, as in a run of that
/// precision, otherwise as F64.
fn encode(numbers: &[f64]) -> Encoded {
    if numbers.iter().all(|&x| f64::from(x as f32) == x) {
        let bytes = numbers.iter().flat_map(|&x| (x as f32).to_le_bytes());
        return (Dtype::F32, bytes.collect());
    }
    (
        Dtype::F64,
        numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
    )
}

fn read(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    std::fs::read(path).map_err(|source| file_error(path, source))
}

fn parse<'a>(
    path: &Path,
    bytes: &'a [u8],
    remedy: &'static str,
) -> Result<SafeTensors<'a>, CheckpointError> {
    SafeTensors::deserialize(bytes).map_err(|source| format_error(path, source, remedy))
}

fn file_error(path: &Path, source: std::io::Error) -> CheckpointError {
    CheckpointError::File {
        path: path.into(),
        source,
    }
}

fn format_error(path: &Path, source: SafeTensorError, remedy: &'static str) -> CheckpointError {
    CheckpointError::Format {
        path: path.into(),
        source,
        remedy,
    }
}
