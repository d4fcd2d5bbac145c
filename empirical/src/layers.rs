//! Layers that models are made of: each holds which parameters are its own,
//! and puts itself on a tape.
//!
//! A model is declared once, on a [`Layout`], which numbers parameters and
//! buffers and names them as PyTorch does; and written for each batch, on a
//! [`Forward`], which holds their values.

mod attention;
mod lstm;
mod norm;

use burn::tensor::Tensor;

pub use attention::{Activation, Attention, Encoder};
pub use lstm::Lstm;
pub use norm::{BatchNorm, LayerNorm, Normalisation, Statistics};

use crate::parameters::{Parameter, Parameters, Role};
use crate::tape::{Convolution, Grid, Lane, Lookup, Matrix, Patches, Tape, Var};

/// The parameters and buffers of a model while it is declared.
///
/// ```
/// use breakeven_empirical::layers::{Kernel, Layout};
///
/// let mut layout = Layout::new();
/// let kernel = Kernel { inputs: 3, outputs: 8, size: 3, stride: 1, padding: 1, bias: true };
/// layout.convolution("conv1", kernel);
/// layout.batch_norm("bn1", 8);
/// layout.dense("fc1", 8, 10);
/// let parameters = layout.finish();
/// assert_eq!(parameters.dim(), (3 * 3 * 3 * 8 + 8) + (8 + 8) + (8 * 10 + 10));
/// assert!(parameters.iter().any(|parameter| parameter.name == "fc1.weight"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Layout {
    parameters: Vec<Parameter>,
    buffers: Vec<Parameter>,
}

impl Layout {
    /// Without any.
    pub fn new() -> Self {
        Self::default()
    }

    /// All parameters and buffers.
    pub fn finish(self) -> Parameters {
        Parameters::with_buffers(self.parameters, self.buffers)
    }

    /// The next parameter, and its number.
    pub fn parameter(&mut self, name: impl Into<String>, role: Role) -> usize {
        self.parameters.push(Parameter {
            name: name.into(),
            role,
        });
        self.parameters.len() - 1
    }

    fn buffer(&mut self, name: String, role: Role) -> usize {
        self.buffers.push(Parameter { name, role });
        self.buffers.len() - 1
    }

    /// `x · W + b`.
    pub fn dense(&mut self, name: &str, inputs: usize, outputs: usize) -> Dense {
        Dense {
            weight: self.parameter(format!("{name}.weight"), Role::Dense { inputs, outputs }),
            bias: self.parameter(format!("{name}.bias"), Role::Bias { outputs }),
        }
    }

    /// A convolution of images.
    pub fn convolution(&mut self, name: &str, kernel: Kernel) -> Conv {
        let Kernel {
            inputs,
            outputs,
            size,
            ..
        } = kernel;
        let role = Role::Convolution {
            inputs,
            outputs,
            size,
        };
        let weight = self.parameter(format!("{name}.weight"), role);
        let bias = kernel
            .bias
            .then(|| self.parameter(format!("{name}.bias"), Role::Bias { outputs }));
        Conv {
            weight,
            bias,
            kernel,
        }
    }

    /// A row of features for each of `rows` words.
    pub fn embedding(&mut self, name: &str, rows: usize, features: usize) -> Embedding {
        Embedding {
            weight: self.parameter(format!("{name}.weight"), Role::Embedding { rows, features }),
            rows,
        }
    }
}

/// A model's parameters and buffers on a tape.
///
/// A model of one layer, on an example of one number:
///
/// ```
/// use breakeven_empirical::examples::{Examples, Inputs};
/// use breakeven_empirical::layers::{Dense, Forward, Layout};
/// use breakeven_empirical::model::Model;
/// use breakeven_empirical::network::Network;
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
/// # use breakeven_empirical::parameters::Parameters;
/// # use breakeven_empirical::tape::Var;
///
/// struct Linear(Parameters, Dense);
///
/// impl Model for Linear {
///     fn parameters(&self) -> &Parameters {
///         &self.0
///     }
///
///     fn activations(&self) -> usize {
///         2
///     }
///
///     fn logits(&self, on: &mut Forward, inputs: &Inputs) -> Var {
///         let x = inputs.features(on);
///         self.1.of(on, x)
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut layout = Layout::new();
/// let dense = layout.dense("fc1", 1, 2);
/// let model = Linear(layout.finish(), dense);
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// # let examples = Examples::new(compute.matrix(&[3.0], [1, 1]), &[0], 2, &compute);
/// let theta = model.parameters().split(&[1.0, 2.0, 10.0, 20.0], &compute);
/// let outputs = Network::new(&model, &compute).outputs(&theta, &examples);
/// // 3 · (1, 2) + (10, 20)
/// assert_eq!(outputs, [13.0, 26.0]);
/// # Ok(())
/// # }
/// ```
pub struct Forward<'a> {
    /// What layers are put on.
    pub tape: &'a mut Tape,
    parameters: &'a [Var],
    normalisation: Normalisation<'a>,
    lane: Lane,
    statistics: Vec<Statistics>,
}

impl<'a> Forward<'a> {
    /// With `parameters` in the order of the model's layout, for the examples
    /// of this lane of a batch.
    pub fn new(
        tape: &'a mut Tape,
        parameters: &'a [Var],
        normalisation: Normalisation<'a>,
        lane: Lane,
    ) -> Self {
        Self {
            tape,
            parameters,
            normalisation,
            lane,
            statistics: Vec::new(),
        }
    }

    /// The parameter of this number.
    pub fn parameter(&self, number: usize) -> Var {
        self.parameters[number]
    }

    /// Puts something on the tape with other parameters.
    pub(crate) fn with_parameters<T>(
        &mut self,
        parameters: &[Var],
        put: impl FnOnce(&mut Forward) -> T,
    ) -> T {
        let mut on = Forward {
            tape: self.tape,
            parameters,
            normalisation: self.normalisation,
            lane: self.lane.clone(),
            statistics: std::mem::take(&mut self.statistics),
        };
        let result = put(&mut on);
        self.statistics = on.statistics;
        result
    }

    /// Data in the precision and on the device of the parameters.
    pub fn constant(&mut self, numbers: &[f64], shape: [usize; 2]) -> Var {
        let like = self.tape.value(self.parameters[0]);
        let data = burn::tensor::TensorData::new(numbers.to_vec(), shape);
        let value: Matrix = Tensor::from_data(data, (&like.device(), like.dtype()));
        self.tape.constant(value)
    }

    /// What batch normalisations saw of this batch, in the order of the model.
    pub fn into_statistics(self) -> Vec<Statistics> {
        self.statistics
    }
}

/// `x · W + b`.
#[derive(Clone, Copy, Debug)]
pub struct Dense {
    weight: usize,
    bias: usize,
}

impl Dense {
    /// `[r, inputs]` to `[r, outputs]`.
    pub fn of(&self, on: &mut Forward, x: Var) -> Var {
        let product = on.tape.product(x, on.parameters[self.weight]);
        on.tape.add(product, on.parameters[self.bias])
    }
}

/// Sizes of a convolution with a square kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Channels in.
    pub inputs: usize,
    /// Channels out.
    pub outputs: usize,
    /// Side of the kernel.
    pub size: usize,
    /// Pixels from one window to the next.
    pub stride: usize,
    /// Zeros around the image.
    pub padding: usize,
    /// Whether there is a bias.
    pub bias: bool,
}

/// Images on a tape, one row a pixel.
#[derive(Clone, Copy, Debug)]
pub struct Image {
    /// `[n · height · width, channels]`.
    pub pixels: Var,
    /// Its sizes.
    pub grid: Grid,
}

/// A convolution.
#[derive(Clone, Copy, Debug)]
pub struct Conv {
    weight: usize,
    bias: Option<usize>,
    kernel: Kernel,
}

impl Conv {
    /// Of images with as many channels as the kernel takes.
    pub fn of(&self, on: &mut Forward, image: Image) -> Image {
        let Kernel {
            outputs,
            size,
            stride,
            padding,
            ..
        } = self.kernel;
        let weight = on.parameters[self.weight];
        let (product, grid) = match (size, stride) {
            // Pixels stay where they are.
            (1, 1) => (
                on.tape.product(image.pixels, weight),
                Grid {
                    channels: outputs,
                    ..image.grid
                },
            ),
            (_, 1) => {
                let convolution = Convolution::new(image.grid, size, padding);
                let product = on.tape.convolve(image.pixels, weight, convolution);
                (product, convolution.output(outputs))
            }
            _ => {
                let patches = Patches::new(image.grid, size, stride, padding);
                let around = on.tape.linear(image.pixels, patches);
                (on.tape.product(around, weight), patches.output(outputs))
            }
        };
        let pixels = match self.bias {
            Some(bias) => on.tape.add(product, on.parameters[bias]),
            None => product,
        };
        Image { pixels, grid }
    }
}

/// A row of features for each word.
#[derive(Clone, Copy, Debug)]
pub struct Embedding {
    weight: usize,
    rows: usize,
}

impl Embedding {
    /// The rows `ids` `[r]`, times `present` `[r, 1]`.
    pub fn of(&self, on: &mut Forward, ids: Tensor<1, burn::tensor::Int>, present: Var) -> Var {
        let lookup = Lookup {
            ids,
            rows: self.rows,
        };
        on.tape
            .bilinear(present, on.parameters[self.weight], lookup)
    }
}
