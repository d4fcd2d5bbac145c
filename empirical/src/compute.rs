//! Where tensors live and how exact they are.

mod choice;
mod device;
mod open;

use std::fmt;

use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::tape::Matrix;

pub use choice::Choice;
pub use device::{ComputeError, DeviceKind, DeviceName, NoDeviceName, are_alike};
pub use open::Cards;

/// Rounding of sums of many terms, in units in the last place of the largest
/// result: the errors of products and eigenvalues in 32 bits against 64 are a
/// quarter of it at most.
pub(crate) const ROUNDING_UNITS: f64 = 16.0;

/// The precision of tensors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    F32,
    /// 64-bit floats, on `flex` alone.
    F64,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// A device with a precision: where and how tensors are made.
///
/// ```
/// use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// let a = compute.matrix(&[1.0, 2.0, 3.0, 4.0], [2, 2]);
/// let x = compute.matrix(&[1.0, -1.0], [2, 1]);
/// assert_eq!(to_host(a.matmul(x)), [-1.0, -1.0]);
/// assert_eq!(compute.to_string(), "flex f64");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Compute {
    name: DeviceName,
    device: Device,
    precision: Precision,
}

impl Compute {
    /// Opens a device.
    ///
    /// # Errors
    /// If the build or the machine lacks the device, or the device the
    /// precision.
    pub fn new(name: impl Into<DeviceName>, precision: Precision) -> Result<Self, ComputeError> {
        let name = name.into();
        if precision == Precision::F64 && name.kind != DeviceKind::Flex {
            return Err(ComputeError::Precision(name.kind));
        }
        let device = open::open(name)?;
        Ok(Self {
            name,
            device,
            precision,
        })
    }

    /// The kind of device.
    pub fn kind(&self) -> DeviceKind {
        self.name.kind
    }

    /// The precision of tensors.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Bytes of a number.
    pub fn number_bytes(&self) -> usize {
        match self.precision {
            Precision::F32 => size_of::<f32>(),
            Precision::F64 => size_of::<f64>(),
        }
    }

    /// The distance from 1 to the next number.
    pub fn epsilon(&self) -> f64 {
        match self.precision {
            Precision::F32 => f32::EPSILON.into(),
            Precision::F64 => f64::EPSILON,
        }
    }

    /// The size of the smallest number above 0: nothing below it is seen.
    /// Graphics cards have none that are not normal.
    pub fn tiny(&self) -> f64 {
        match (self.precision, self.kind()) {
            (Precision::F32, DeviceKind::Flex) => f32::from_bits(1).into(),
            (Precision::F32, _) => f32::MIN_POSITIVE.into(),
            (Precision::F64, _) => f64::from_bits(1),
        }
    }

    /// The device itself.
    pub fn device(&self) -> &Device {
        &self.device
    }

    fn dtype(&self) -> DType {
        match self.precision {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        }
    }

    /// A matrix of this precision from numbers in row-major order.
    pub fn matrix(&self, values: &[f64], shape: [usize; 2]) -> Matrix {
        let data = match self.precision {
            Precision::F32 => {
                let narrowed: Vec<f32> = values.iter().map(|&x| x as f32).collect();
                TensorData::new(narrowed, shape)
            }
            Precision::F64 => TensorData::new(values.to_vec(), shape),
        };
        Tensor::from_data(data, (&self.device, self.dtype()))
    }

    /// A matrix of this precision from 32-bit numbers in row-major order.
    pub fn matrix_f32(&self, values: Vec<f32>, shape: [usize; 2]) -> Matrix {
        Tensor::from_data(TensorData::new(values, shape), (&self.device, self.dtype()))
    }

    /// A matrix with the same number everywhere.
    pub fn full(&self, shape: [usize; 2], value: f64) -> Matrix {
        Tensor::full(shape, value, (&self.device, self.dtype()))
    }
}

impl fmt::Display for Compute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.precision)
    }
}

/// The numbers of a matrix in row-major order.
pub fn to_host(matrix: Matrix) -> Vec<f64> {
    matrix
        .try_into_vec_as::<f64>()
        .expect("a computed matrix can be read and floats widen")
}
