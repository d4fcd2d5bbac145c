//! Vectors of θ's space as safetensors, in the checkpoint's names and shapes.

use std::path::Path;

use safetensors::serialize;
use safetensors::tensor::{Dtype, TensorView};

use super::error::{CheckpointError, file_error, format_error};
use crate::parameters::{Parameter, Parameters};
use crate::run_folder::write_whole;

/// Numbers that a file is to hold under a name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its name.
    pub name: String,
    /// Its shape in PyTorch.
    pub shape: Vec<usize>,
    /// Its numbers in PyTorch's order.
    pub numbers: Vec<f64>,
}

impl NamedTensor {
    /// A vector in θ's order, cut into a tensor for each parameter, whose name has
    /// `prefix` and a dot before it.
    pub(crate) fn of(prefix: &str, vector: &[f64], layout: &Parameters) -> Vec<Self> {
        let torch = layout.to_torch(vector);
        let tensor = |(parameter, part): (&Parameter, &[f64])| Self {
            name: format!("{prefix}.{}", parameter.name),
            shape: parameter.torch_shape(),
            numbers: part.to_vec(),
        };
        layout.parts(&torch).map(tensor).collect()
    }
}

/// Writes tensors whole, in 64 bits.
///
/// # Errors
/// If the file can't be written.
pub fn save_tensors(path: &Path, tensors: &[NamedTensor]) -> Result<(), CheckpointError> {
    let bytes = |tensor: &NamedTensor| -> Vec<u8> {
        let numbers = tensor.numbers.iter();
        numbers.flat_map(|x| x.to_le_bytes()).collect()
    };
    let data: Vec<Vec<u8>> = tensors.iter().map(bytes).collect();
    let views = tensors.iter().zip(&data).map(|(tensor, data)| {
        let view = TensorView::new(Dtype::F64, tensor.shape.clone(), data);
        let view = view.expect("shape and bytes are those of one parameter");
        (tensor.name.as_str(), view)
    });
    let bytes =
        serialize(views, None).map_err(|source| format_error(path, source, "free some memory"))?;
    write_whole(path, &bytes).map_err(|source| file_error(path, source))
}
