//! The parameters of a model as one vector θ, as matrices on a device, and
//! in PyTorch's layout.
//!
//! θ joins the matrices in the model's order, each row by row. A dense
//! weight is a matrix `[inputs, outputs]`, a convolution's
//! `[size · size · inputs, outputs]` with rows ordered (row, column, input),
//! a bias or a scale `[1, outputs]`, an embedding `[rows, features]`. PyTorch
//! has `[outputs, inputs]`, `[outputs, inputs, size, size]`, `[outputs]` and
//! `[rows, features]`.

use crate::compute::{Compute, to_host};
use crate::tape::Matrix;

/// What a parameter does, with its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The weight of a dense layer.
    Dense {
        /// Features in.
        inputs: usize,
        /// Features out.
        outputs: usize,
    },
    /// The weight of a convolution with a square kernel.
    Convolution {
        /// Channels in.
        inputs: usize,
        /// Channels out.
        outputs: usize,
        /// Side of the kernel.
        size: usize,
    },
    /// A bias.
    Bias {
        /// Features or channels.
        outputs: usize,
    },
    /// What a normalised feature is multiplied with.
    Scale {
        /// Features or channels.
        outputs: usize,
    },
    /// A row of features for each word, position or segment.
    Embedding {
        /// Words.
        rows: usize,
        /// Features.
        features: usize,
    },
}

/// A named parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// PyTorch's name: `fc1.weight`.
    pub name: String,
    /// What it does.
    pub role: Role,
}

impl Parameter {
    /// Its shape as a matrix.
    pub fn shape(&self) -> [usize; 2] {
        match self.role {
            Role::Dense { inputs, outputs } => [inputs, outputs],
            Role::Convolution {
                inputs,
                outputs,
                size,
            } => [size * size * inputs, outputs],
            Role::Bias { outputs } | Role::Scale { outputs } => [1, outputs],
            Role::Embedding { rows, features } => [rows, features],
        }
    }

    /// Its shape in PyTorch.
    pub fn torch_shape(&self) -> Vec<usize> {
        match self.role {
            Role::Dense { inputs, outputs } => vec![outputs, inputs],
            Role::Convolution {
                inputs,
                outputs,
                size,
            } => vec![outputs, inputs, size, size],
            Role::Bias { outputs } | Role::Scale { outputs } => vec![outputs],
            Role::Embedding { rows, features } => vec![rows, features],
        }
    }

    /// Numbers in it.
    pub fn len(&self) -> usize {
        let [rows, columns] = self.shape();
        rows * columns
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// For each number in matrix order, its place in PyTorch's order.
    fn torch_places(&self) -> Vec<usize> {
        let [rows, outputs] = self.shape();
        let place = |row: usize, output: usize| match self.role {
            Role::Dense { inputs, .. } => output * inputs + row,
            Role::Convolution { inputs, size, .. } => {
                let (position, input) = (row / inputs, row % inputs);
                (output * inputs + input) * size * size + position
            }
            Role::Bias { .. } | Role::Scale { .. } => output,
            Role::Embedding { features, .. } => row * features + output,
        };
        (0..rows)
            .flat_map(|row| (0..outputs).map(move |output| (row, output)))
            .map(|(row, output)| place(row, output))
            .collect()
    }
}

/// All parameters of a model, in order, with its buffers: the running means and
/// variances of batch normalisations, which are kept but not learnt.
///
/// ```
/// use breakeven_empirical::parameters::{Parameter, Parameters, Role};
///
/// let parameters = Parameters::new(vec![Parameter {
///     name: "fc1.weight".into(),
///     role: Role::Dense { inputs: 2, outputs: 3 },
/// }]);
/// assert_eq!(parameters.dim(), 6);
/// // PyTorch has a row for each output, θ one for each input.
/// let theta = parameters.from_torch(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// assert_eq!(theta, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    learnt: Vec<Parameter>,
    buffers: Vec<Parameter>,
}

impl Parameters {
    /// Parameters in the order of the model.
    pub fn new(parameters: Vec<Parameter>) -> Self {
        Self::with_buffers(parameters, Vec::new())
    }

    /// The same with buffers.
    pub fn with_buffers(learnt: Vec<Parameter>, buffers: Vec<Parameter>) -> Self {
        Self { learnt, buffers }
    }

    /// Those that are `chosen`, with all buffers.
    pub(crate) fn only(&self, chosen: impl Fn(&Parameter) -> bool) -> Self {
        let learnt = self.learnt.iter().filter(|parameter| chosen(parameter));
        Self::with_buffers(learnt.cloned().collect(), self.buffers.clone())
    }

    /// Whether the model has buffers.
    pub fn has_buffers(&self) -> bool {
        !self.buffers.is_empty()
    }

    /// The buffers alone, for their vectors.
    pub fn buffers(&self) -> Self {
        Self::new(self.buffers.clone())
    }

    /// Parameters and buffers, as a checkpoint holds them.
    pub(crate) fn stored(&self) -> Self {
        Self::new([&self.learnt[..], &self.buffers].concat())
    }

    /// Buffers before the first batch: means of 0 and variances of 1.
    pub fn fresh_buffers(&self) -> Vec<f64> {
        let start = |buffer: &Parameter| {
            let one = matches!(buffer.role, Role::Scale { .. });
            vec![f64::from(u8::from(one)); buffer.len()]
        };
        self.buffers.iter().flat_map(start).collect()
    }

    /// Each parameter.
    pub fn iter(&self) -> impl Iterator<Item = &Parameter> {
        self.learnt.iter()
    }

    /// D, the length of θ.
    pub fn dim(&self) -> usize {
        self.learnt.iter().map(Parameter::len).sum()
    }

    /// The part of a vector in θ's order that belongs to each parameter.
    pub fn parts<'a>(
        &'a self,
        theta: &'a [f64],
    ) -> impl Iterator<Item = (&'a Parameter, &'a [f64])> {
        let mut rest = theta;
        self.learnt.iter().map(move |parameter| {
            let (part, later) = rest.split_at(parameter.len());
            rest = later;
            (parameter, part)
        })
    }

    /// A vector in θ's order as matrices on a device.
    pub fn split(&self, theta: &[f64], compute: &Compute) -> Vec<Matrix> {
        self.parts(theta)
            .map(|(parameter, part)| compute.matrix(part, parameter.shape()))
            .collect()
    }

    /// Matrices as one vector in θ's order.
    pub fn join(&self, matrices: Vec<Matrix>) -> Vec<f64> {
        let mut theta = Vec::with_capacity(self.dim());
        for matrix in matrices {
            theta.extend(to_host(matrix));
        }
        theta
    }

    /// A vector in θ's order from one in PyTorch's (parameters in the same
    /// order, each in PyTorch's layout).
    pub fn from_torch(&self, torch: &[f64]) -> Vec<f64> {
        self.parts(torch)
            .flat_map(|(parameter, part)| {
                let places = parameter.torch_places();
                places.into_iter().map(move |place| part[place])
            })
            .collect()
    }

    /// The inverse of [`Self::from_torch`].
    pub fn to_torch(&self, theta: &[f64]) -> Vec<f64> {
        let mut torch = Vec::with_capacity(theta.len());
        for (parameter, part) in self.parts(theta) {
            let mut moved = vec![0.0; part.len()];
            for (place, &value) in parameter.torch_places().into_iter().zip(part) {
                moved[place] = value;
            }
            torch.extend(moved);
        }
        torch
    }
}
