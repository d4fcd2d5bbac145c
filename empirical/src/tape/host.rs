//! Matrices of the CPU as slices, for operations that are one loop there.

use burn::tensor::{Device, Tensor, TensorData};

use super::Matrix;
use super::real::Real;

/// `$here`, with `$T` the type of its numbers, where `$x` is on the CPU, and
/// `$elsewhere` on cards.
macro_rules! on_host {
    ($x:expr, $T:ident => $here:expr, else $elsewhere:expr) => {
        match ($x.device() == burn::tensor::Device::flex(), $x.dtype()) {
            (true, burn::tensor::DType::F32) => {
                type $T = f32;
                $here
            }
            (true, burn::tensor::DType::F64) => {
                type $T = f64;
                $here
            }
            _ => $elsewhere,
        }
    };
}

pub(super) use on_host;

/// The numbers of `x` in row-major order; copied where `x` is held elsewhere too,
/// or is part of another.
pub(super) fn read(x: Matrix) -> TensorData {
    x.try_into_data().expect("the CPU's matrices can be read")
}

/// What was read, by the type of its numbers.
pub(super) fn slice<T: Real>(numbers: &TensorData) -> &[T] {
    numbers.as_slice().expect("it is asked for by its own type")
}

/// A matrix of the CPU.
pub(super) fn matrix<T: Real>(numbers: Vec<T>, shape: [usize; 2]) -> Matrix {
    of_data(TensorData::new(numbers, shape))
}

fn of_data(data: TensorData) -> Matrix {
    let dtype = data.dtype();
    Tensor::from_data(data, (&Device::flex(), dtype))
}

/// Parts of `x`, each so many columns from a first one, `[first, count]`, in
/// memory of their own: Burn copies such a part a number at a time, whenever an
/// operation reads it.
pub(super) fn columns<T: Real>(x: Matrix, parts: &[[usize; 2]]) -> Vec<Matrix> {
    let [rows, all] = x.dims();
    let x = read(x);
    let part = |&[first, count]: &[usize; 2]| {
        let mut part = Vec::with_capacity(rows * count);
        for row in slice::<T>(&x).chunks_exact(all) {
            part.extend_from_slice(&row[first..first + count]);
        }
        matrix(part, [rows, count])
    };
    parts.iter().map(part).collect()
}

/// `total` with `c` added to its columns from the one numbered `first`.
pub(super) fn add_columns<T: Real>(total: Matrix, first: usize, c: Matrix) -> Matrix {
    let ([_, all], [_, count]) = (total.dims(), c.dims());
    let (mut total, c) = (read(total), read(c));
    let sums = total.as_mut_slice::<T>();
    let rows = sums
        .expect("it is asked for by its own type")
        .chunks_exact_mut(all);
    for (sums, c) in rows.zip(slice::<T>(&c).chunks_exact(count)) {
        for (sum, &c) in sums[first..first + count].iter_mut().zip(c) {
            *sum = *sum + c;
        }
    }
    of_data(total)
}

/// `x` with its columns one after the other in memory; as it is on cards.
pub(super) fn by_columns(x: &Matrix) -> Matrix {
    if x.device() != Device::flex() {
        return x.clone();
    }
    of_data(read(x.clone().transpose())).transpose()
}
