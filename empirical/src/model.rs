//! Models, written once against the tape.

mod mlp;
mod simple_cnn;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::parameters::{Parameter, Parameters, Role};
use crate::tape::{Tape, Var};

use mlp::Mlp;
use simple_cnn::SimpleCnn;

/// A network for classification.
pub trait Model: Send + Sync {
    /// Its parameters, in the order in which `logits` takes them.
    fn parameters(&self) -> &Parameters;

    /// Numbers that its layers put out for an example.
    fn activations(&self) -> usize;

    /// Puts the network on the tape: logits `[n, classes]` of examples
    /// `[n, channels · height · width]`, one row an example.
    fn logits(&self, tape: &mut Tape, x: Var, parameters: &[Var]) -> Var;
}

/// Which network, with its sizes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Architecture {
    /// A multi-layer perceptron with rectifiers: the paper's has 300 and 100
    /// hidden units (App. D).
    Mlp {
        /// Units of each hidden layer.
        #[serde(default = "paper_hidden")]
        hidden: Vec<usize>,
    },
    /// Four 3×3 convolutions in two pairs, each pair followed by pooling,
    /// and a dense layer (paper, App. D; Keras' example).
    #[serde(alias = "simplecnn")]
    SimpleCnn {
        /// Channels of the first pair.
        #[serde(default = "paper_first")]
        first: usize,
        /// Channels of the second pair.
        #[serde(default = "paper_second")]
        second: usize,
        /// Units of the dense layer.
        #[serde(default = "paper_dense")]
        dense: usize,
    },
}

fn paper_hidden() -> Vec<usize> {
    vec![300, 100]
}

fn paper_first() -> usize {
    32
}

fn paper_second() -> usize {
    64
}

fn paper_dense() -> usize {
    128
}

/// Units, or channels, of the largest layer that is built.
const LARGEST_LAYER: usize = 1 << 20;

/// Parameters of the largest model that is built: a vector of them in f64
/// takes 2 GiB.
const LARGEST_MODEL: usize = 1 << 28;

/// Why an architecture does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A layer without units.
    #[error("{0} is 0: give every layer at least one unit")]
    Empty(&'static str),
    /// A layer that no memory holds.
    #[error("a layer has {0} units: give at most {LARGEST_LAYER}")]
    LargeLayer(usize),
    /// A model that no memory holds.
    #[error(
        "the model would have {0} parameters: give it smaller layers, for at most {LARGEST_MODEL}"
    )]
    LargeModel(usize),
    /// An image that pooling leaves nothing of.
    #[error(
        "simple_cnn needs images of at least 10 × 10 pixels, these have {height} × {width}: use mlp"
    )]
    SmallImage {
        /// Rows of pixels.
        height: usize,
        /// Columns of pixels.
        width: usize,
    },
}

impl Architecture {
    /// The network for images `[channels, height, width]`.
    ///
    /// # Errors
    /// If a layer has no units, or too many, or images are too small.
    pub fn build(&self, image: [usize; 3], classes: usize) -> Result<Box<dyn Model>, ModelError> {
        if let Some(&large) = self.layers().iter().find(|&&units| units > LARGEST_LAYER) {
            return Err(ModelError::LargeLayer(large));
        }
        let model: Box<dyn Model> = match *self {
            Self::Mlp { ref hidden } => {
                Box::new(Mlp::new(image.iter().product(), hidden, classes)?)
            }
            Self::SimpleCnn {
                first,
                second,
                dense,
            } => Box::new(SimpleCnn::new(image, [first, second, dense], classes)?),
        };
        match model.parameters().dim() {
            dim if dim > LARGEST_MODEL => Err(ModelError::LargeModel(dim)),
            _ => Ok(model),
        }
    }

    /// Units or channels of each layer that can be chosen.
    fn layers(&self) -> Vec<usize> {
        match *self {
            Self::Mlp { ref hidden } => hidden.clone(),
            Self::SimpleCnn {
                first,
                second,
                dense,
            } => vec![first, second, dense],
        }
    }

    /// The network in words: `mlp 784-300-100-10`.
    pub fn describe(&self, image: [usize; 3], classes: usize) -> String {
        match self {
            Self::Mlp { hidden } => {
                let inputs = image.iter().product();
                let sizes: Vec<String> = std::iter::once(&inputs)
                    .chain(hidden)
                    .chain([&classes])
                    .map(usize::to_string)
                    .collect();
                format!("mlp {}", sizes.join("-"))
            }
            Self::SimpleCnn {
                first,
                second,
                dense,
            } => {
                let [channels, height, width] = image;
                format!(
                    "simple_cnn {channels}x{height}x{width}-{first}-{first}-{second}-{second}-{dense}-{classes}"
                )
            }
        }
    }
}

/// Glorot's uniform weights, U(−a, a) with a² = 6/(fan in + fan out), and
/// zero biases; θ in its own order. Numbers are drawn in PyTorch's order.
pub fn glorot(parameters: &Parameters, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let torch: Vec<f64> = parameters
        .iter()
        .flat_map(|parameter| {
            let limit = glorot_limit(parameter.role);
            (0..parameter.len())
                .map(|_| match limit {
                    Some(a) => rng.random_range(-a..a),
                    None => 0.0,
                })
                .collect::<Vec<f64>>()
        })
        .collect();
    parameters.from_torch(&torch)
}

fn glorot_limit(role: Role) -> Option<f64> {
    let fans = match role {
        Role::Dense { inputs, outputs } => inputs + outputs,
        Role::Convolution {
            inputs,
            outputs,
            size,
        } => size * size * (inputs + outputs),
        Role::Bias { .. } => return None,
    };
    Some((6.0 / fans as f64).sqrt())
}

/// The weight and the bias of a layer, under PyTorch's names.
fn layer(name: String, weight: Role) -> [Parameter; 2] {
    let (Role::Dense { outputs, .. } | Role::Convolution { outputs, .. } | Role::Bias { outputs }) =
        weight;
    [
        Parameter {
            name: format!("{name}.weight"),
            role: weight,
        },
        Parameter {
            name: format!("{name}.bias"),
            role: Role::Bias { outputs },
        },
    ]
}

/// `x · weight + bias`, for the next two of `parameters`.
fn affine(tape: &mut Tape, x: Var, weight: Var, bias: Var) -> Var {
    let product = tape.product(x, weight);
    tape.add_row(product, bias)
}
