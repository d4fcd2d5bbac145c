//! Weights as safetensors in PyTorch's names and layout.

mod error;
pub(crate) mod file;
mod hugging_face;
mod names;
mod pytorch;
mod shapes;
mod vectors;

pub use error::CheckpointError;
pub use shapes::Shapes;
pub use vectors::{NamedTensor, save_tensors};

use std::path::Path;

use half::{bf16, f16};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use crate::parameters::{Parameter, Parameters};

use file::{parse, read};
use hugging_face::{is_classifier, may_be_drawn};
use names::Names;

/// Weights that were read.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// θ.
    pub theta: Vec<f64>,
    /// Running statistics of batch normalisations, in the order of the model's
    /// buffers.
    pub buffers: Vec<f64>,
    /// Parameters that the file lacks and that are drawn: the classifier of a
    /// BERT that was trained for something else. They are 0 in `theta`.
    pub lacking: Vec<String>,
    /// What was done with the file's tensors so that they fit, in words.
    pub notes: Vec<String>,
}

impl Weights {
    /// θ, with the numbers of `drawn` where the file lacks a parameter.
    pub fn completed(&self, parameters: &Parameters, drawn: &[f64]) -> Vec<f64> {
        let parts = parameters.parts(&self.theta).zip(parameters.parts(drawn));
        parts
            .flat_map(|((parameter, own), (_, drawn))| {
                match self.lacking.contains(&parameter.name) {
                    true => drawn,
                    false => own,
                }
            })
            .copied()
            .collect()
    }
}

/// Reads weights in PyTorch's layout. What wrappers of PyTorch put before the
/// names is stripped, counters of batches are ignored, and 16-bit numbers are
/// widened, which loses nothing; the notes say so.
///
/// ```
/// use breakeven_empirical::weights::{NamedTensor, load_weights, save_tensors};
/// use breakeven_empirical::layers::Layout;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let file = std::env::temp_dir().join(format!("breakeven-weights-{}", std::process::id()));
/// # let tensor = |name: &str, shape: &[usize], numbers: &[f64]| NamedTensor {
/// #     name: name.into(),
/// #     shape: shape.into(),
/// #     numbers: numbers.into(),
/// # };
/// // What `torch.nn.Linear(2, 3)` holds: a row of weights for each output, and biases.
/// let weight = tensor("fc1.weight", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// let bias = tensor("fc1.bias", &[3], &[7.0, 8.0, 9.0]);
/// save_tensors(&file, &[weight, bias])?;
///
/// let mut layout = Layout::new();
/// layout.dense("fc1", 2, 3);
/// let weights = load_weights(&file, &layout.finish())?;
/// // θ has a row for each input.
/// assert_eq!(weights.theta, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0, 7.0, 8.0, 9.0]);
/// # std::fs::remove_file(&file)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A file that can't be read, tensors that do not fit the model, and numbers
/// that are not finite.
pub fn load_weights(path: &Path, parameters: &Parameters) -> Result<Weights, CheckpointError> {
    weights_in(path, &read(path)?, parameters)
}

/// The same of a file that was read.
///
/// # Errors
/// As [`load_weights`].
pub fn weights_in(
    path: &Path,
    bytes: &[u8],
    parameters: &Parameters,
) -> Result<Weights, CheckpointError> {
    let file = parse(path, bytes, "save the weights again")?;
    weights(path, &file, parameters, Accepted::Finite)
}

/// Which numbers a tensor may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// Finite ones.
    Finite,
    /// Any: a run that diverges may be stopped before it is seen to.
    Any,
}

/// The weights of a model in a file.
pub(crate) fn weights(
    path: &Path,
    file: &SafeTensors,
    parameters: &Parameters,
    accepted: Accepted,
) -> Result<Weights, CheckpointError> {
    let stored = parameters.stored();
    let names = Names::of(path, file, &stored)?;
    if let Some(name) = names.unknown(&stored) {
        return Err(CheckpointError::Unknown {
            path: path.into(),
            name: name.to_owned(),
        });
    }
    let mut torch = Vec::new();
    let mut widened = Vec::new();
    let lacking = lacking(&names, &stored);
    for parameter in stored.iter() {
        let missing = || CheckpointError::Missing {
            path: path.into(),
            name: parameter.name.clone(),
        };
        if lacking.contains(&parameter.name) {
            torch.resize(torch.len() + parameter.len(), 0.0);
            continue;
        }
        let name = names.in_file(&parameter.name).ok_or_else(missing)?;
        let view = file.tensor(name).map_err(|_| missing())?;
        check_classes(path, &view, parameter, &stored)?;
        if view.shape() != parameter.torch_shape() {
            return Err(CheckpointError::Shape {
                path: path.into(),
                name: name.to_owned(),
                found: view.shape().to_vec(),
                expected: parameter.torch_shape(),
            });
        }
        torch.extend(numbers(path, name, &view, accepted)?);
        let dtype = view.dtype();
        if matches!(dtype, Dtype::F16 | Dtype::BF16) && !widened.contains(&dtype) {
            widened.push(dtype);
        }
    }
    let mut notes = names.into_notes();
    notes.extend(
        widened
            .iter()
            .map(|dtype| format!("numbers in {dtype:?} were widened, which loses nothing")),
    );
    let mut theta = stored.from_torch(&torch);
    let buffers = theta.split_off(parameters.dim());
    Ok(Weights {
        theta,
        buffers,
        lacking,
        notes,
    })
}

/// Refuses a classifier of so many classes that the data does not have.
fn check_classes(
    path: &Path,
    view: &TensorView,
    parameter: &Parameter,
    stored: &Parameters,
) -> Result<(), CheckpointError> {
    let (found, expected) = (view.shape(), parameter.torch_shape());
    if is_classifier(stored, parameter) && found.len() == expected.len() && found[0] != expected[0]
    {
        return Err(CheckpointError::Classes {
            path: path.into(),
            found: found[0],
            expected: expected[0],
        });
    }
    Ok(())
}

/// Parameters of a head that the file lacks as a whole.
fn lacking(names: &Names, stored: &Parameters) -> Vec<String> {
    let is_missing = |name: &str| names.in_file(name).is_none();
    let layer = |name: &str| {
        name.rsplit_once('.')
            .map_or("", |(layer, _)| layer)
            .to_owned()
    };
    let is_whole = |name: &str| {
        let of_layer = |other: &&Parameter| layer(&other.name) == layer(name);
        let mut layer = stored.iter().filter(of_layer);
        layer.all(|other| is_missing(&other.name))
    };
    let missing = stored.iter().filter(|of| may_be_drawn(stored, of));
    missing
        .map(|of| of.name.clone())
        .filter(|name| is_whole(name))
        .collect()
}

pub(crate) fn numbers(
    path: &Path,
    name: &str,
    view: &TensorView,
    accepted: Accepted,
) -> Result<Vec<f64>, CheckpointError> {
    let data = view.data();
    // Exact, and nothing is left over: chunks have the type's size.
    let numbers: Vec<f64> = match view.dtype() {
        Dtype::F16 => each(data, |bytes| f16::from_le_bytes(bytes).to_f64()),
        Dtype::BF16 => each(data, |bytes| bf16::from_le_bytes(bytes).to_f64()),
        Dtype::F32 => each(data, |bytes| f64::from(f32::from_le_bytes(bytes))),
        Dtype::F64 => each(data, f64::from_le_bytes),
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

/// Each number of a tensor.
fn each<const SIZE: usize>(data: &[u8], number: impl Fn([u8; SIZE]) -> f64) -> Vec<f64> {
    data.as_chunks()
        .0
        .iter()
        .map(|&bytes| number(bytes))
        .collect()
}
