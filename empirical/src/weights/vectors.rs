//! Vectors of θ's space as safetensors, in the checkpoint's names and shapes.

use std::path::Path;

use super::CheckpointError;
use super::file::{Stored, in_64_bits, plain, put};
use crate::parameters::{Parameter, Parameters};

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
    let stored = |tensor: &NamedTensor| {
        let NamedTensor {
            name,
            shape,
            numbers,
        } = tensor;
        (name.clone(), shape.clone(), in_64_bits(numbers))
    };
    let stored: Vec<Stored> = tensors.iter().map(stored).collect();
    put(path, plain(path, &stored)?)
}
