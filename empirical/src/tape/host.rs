//! Matrices of the CPU as slices, for operations that are one loop there.

use burn::tensor::{Device, Tensor, TensorData};

use super::Matrix;
use super::real::Real;

/// Whether operations may read the numbers of `x` as slices.
pub(super) fn is_on_host(x: &Matrix) -> bool {
    x.device() == Device::flex()
}

/// The numbers of `x` in row-major order; copied where `x` is read elsewhere too.
pub(super) fn read(x: Matrix) -> TensorData {
    x.try_into_data().expect("the CPU's matrices can be read")
}

/// What was read, as what it is.
pub(super) fn slice<T: Real>(numbers: &TensorData) -> &[T] {
    numbers.as_slice().expect("it is asked for by its own type")
}

/// A matrix of the CPU.
pub(super) fn matrix<T: Real>(numbers: Vec<T>, shape: [usize; 2]) -> Matrix {
    let options = (&Device::flex(), T::dtype());
    Tensor::from_data(TensorData::new(numbers, shape), options)
}
