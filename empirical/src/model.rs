//! Models, written once against the tape.

mod bert;
mod densenet;
mod error;
mod lstm;
mod mlp;
mod of_weights;
mod partial;
pub mod pretrained;
mod resnet;
mod simple_cnn;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::examples::Inputs;
use crate::layers::Forward;
use crate::parameters::{Parameters, Role};
use crate::tape::Var;

pub use bert::BertShape;
pub use error::ModelError;
pub use partial::Partial;
pub use resnet::Shortcut;
pub use simple_cnn::CnnShape;

use bert::Bert;
use densenet::DenseNet;
use error::{LARGEST_LAYER, LARGEST_MODEL};
use lstm::Recurrent;
use mlp::Mlp;
use pretrained::Pretrained;
use resnet::ResNet;
use simple_cnn::SimpleCnn;

/// A network for classification.
pub trait Model: Send + Sync {
    /// Its parameters and buffers, in the order of its layout. Where it has
    /// buffers, examples of a batch depend on each other while the batch is
    /// normalised by its own statistics.
    fn parameters(&self) -> &Parameters;

    /// Numbers that its layers put out for an example, about.
    fn activations(&self) -> usize;

    /// Puts the network on the tape: logits `[n, classes]` of `n` inputs.
    fn logits(&self, on: &mut Forward, inputs: &Inputs) -> Var;
}

/// What examples of a data set have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputShape {
    /// Images of so many channels, rows and columns.
    Image([usize; 3]),
    /// Texts.
    Text {
        /// Different words.
        vocabulary: usize,
        /// Words of the longest text.
        length: usize,
    },
}

impl From<[usize; 3]> for InputShape {
    fn from(image: [usize; 3]) -> Self {
        Self::Image(image)
    }
}

/// Which network, with its sizes.
///
/// ```
/// use breakeven_empirical::model::Architecture;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mlp = Architecture::Mlp { hidden: vec![300, 100] };
/// let model = mlp.build([1, 28, 28], 10)?;
/// assert_eq!(model.parameters().dim(), (784 + 1) * 300 + (300 + 1) * 100 + (100 + 1) * 10);
/// assert_eq!(mlp.describe([1, 28, 28], 10), "mlp 784-300-100-10");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    #[serde(alias = "simplecnn", alias = "simple-cnn")]
    SimpleCnn(CnnShape),
    /// The same with a batch normalisation before each rectifier (paper, Sec.
    /// 4.3).
    #[serde(alias = "simple-cnn-bn")]
    SimpleCnnBn(CnnShape),
    /// A residual network for small images: the paper's ResNet-32 has three
    /// stages of 5 blocks.
    Resnet {
        /// Blocks of each stage.
        #[serde(default = "paper_blocks")]
        blocks: usize,
        /// Channels of the first stage.
        #[serde(default = "paper_width")]
        width: usize,
        /// How inputs are added where channels double.
        #[serde(default)]
        shortcut: Shortcut,
    },
    /// A densely connected network: DenseNet-121 where nothing is said.
    Densenet {
        /// Channels that each layer adds.
        #[serde(default = "paper_growth")]
        growth: usize,
        /// Layers of each block.
        #[serde(default = "paper_dense_blocks")]
        blocks: Vec<usize>,
        /// Channels of the first convolution.
        #[serde(default = "paper_first_channels")]
        first: usize,
    },
    /// An embedding and one layer of long short-term memory, for texts.
    Lstm {
        /// Features of a word.
        #[serde(default = "paper_units")]
        embedding: usize,
        /// Units.
        #[serde(default = "paper_units")]
        hidden: usize,
    },
    /// BERT's encoder with a classifier, for texts.
    Bert(BertShape),
}

fn paper_blocks() -> usize {
    5
}

fn paper_width() -> usize {
    16
}

fn paper_growth() -> usize {
    32
}

fn paper_dense_blocks() -> Vec<usize> {
    vec![6, 12, 24, 16]
}

fn paper_first_channels() -> usize {
    64
}

fn paper_units() -> usize {
    100
}

fn paper_hidden() -> Vec<usize> {
    vec![300, 100]
}

impl Architecture {
    /// The network for inputs of this shape: `[channels, height, width]` of
    /// images, or [`InputShape::Text`].
    ///
    /// # Errors
    /// If a layer has no units, or too many, or inputs are of another kind or
    /// too small.
    pub fn build(
        &self,
        inputs: impl Into<InputShape>,
        classes: usize,
    ) -> Result<Box<dyn Model>, ModelError> {
        let inputs = inputs.into();
        let sizes = match inputs {
            InputShape::Image(sides) => sides.to_vec(),
            InputShape::Text { vocabulary, length } => vec![vocabulary, length],
        };
        if sizes.contains(&0) {
            return Err(ModelError::Nothing("a size of the examples"));
        }
        if classes == 0 {
            return Err(ModelError::Nothing("the number of classes"));
        }
        if let Some(&large) = self.layers().iter().find(|&&units| units > LARGEST_LAYER) {
            return Err(ModelError::LargeLayer(large));
        }
        let image = || self.image(inputs);
        let text = || self.text(inputs);
        let model: Box<dyn Model> = match *self {
            Self::Mlp { ref hidden } => {
                Box::new(Mlp::new(image()?.iter().product(), hidden, classes)?)
            }
            Self::SimpleCnn(shape) => Box::new(SimpleCnn::new(image()?, shape, classes, false)?),
            Self::SimpleCnnBn(shape) => Box::new(SimpleCnn::new(image()?, shape, classes, true)?),
            Self::Resnet {
                blocks,
                width,
                shortcut,
            } => Box::new(ResNet::new(image()?, (blocks, width, shortcut), classes)?),
            Self::Densenet {
                growth,
                ref blocks,
                first,
            } => Box::new(DenseNet::new(image()?, (growth, blocks, first), classes)?),
            Self::Lstm { embedding, hidden } => {
                Box::new(Recurrent::new(text()?, [embedding, hidden], classes)?)
            }
            Self::Bert(ref shape) => Box::new(Bert::new(text()?, shape, classes)?),
        };
        match model.parameters().dim() {
            dim if dim > LARGEST_MODEL => Err(ModelError::LargeModel(dim)),
            _ => Ok(model),
        }
    }

    /// The network of this name in the paper's sizes (App. D), which a
    /// configuration without sizes gives too.
    ///
    /// # Panics
    /// If the name is none of [`Self::name`] or its sizes have no default.
    pub fn of_paper(name: &str) -> Self {
        let table = serde_json::json!({ "name": name });
        serde_json::from_value(table).expect("all sizes of the network have defaults")
    }

    fn image(&self, inputs: InputShape) -> Result<[usize; 3], ModelError> {
        match inputs {
            InputShape::Image(image) => Ok(image),
            InputShape::Text { .. } => Err(ModelError::Inputs {
                model: self.name(),
                takes: "images",
                has: "texts",
            }),
        }
    }

    fn text(&self, inputs: InputShape) -> Result<[usize; 2], ModelError> {
        match inputs {
            InputShape::Text { vocabulary, length } => Ok([vocabulary, length]),
            InputShape::Image(_) => Err(ModelError::Inputs {
                model: self.name(),
                takes: "texts",
                has: "images",
            }),
        }
    }

    /// The weights that a run starts from, where it does not draw them.
    pub fn pretrained(&self) -> Option<&Pretrained> {
        match self {
            Self::Bert(shape) => shape.pretrained.as_ref(),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn pretrained_mut(&mut self) -> Option<&mut Pretrained> {
        match self {
            Self::Bert(shape) => shape.pretrained.as_mut(),
            _ => None,
        }
    }

    /// The name in configurations.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mlp { .. } => "mlp",
            Self::SimpleCnn(_) => "simple_cnn",
            Self::SimpleCnnBn(_) => "simple_cnn_bn",
            Self::Resnet { .. } => "resnet",
            Self::Densenet { .. } => "densenet",
            Self::Lstm { .. } => "lstm",
            Self::Bert(_) => "bert",
        }
    }

    /// Units, channels or layers that can be chosen.
    fn layers(&self) -> Vec<usize> {
        match *self {
            Self::Mlp { ref hidden } => hidden.clone(),
            Self::SimpleCnn(CnnShape {
                first,
                second,
                dense,
            })
            | Self::SimpleCnnBn(CnnShape {
                first,
                second,
                dense,
            }) => vec![first, second, dense],
            Self::Resnet { blocks, width, .. } => vec![blocks, width],
            Self::Densenet {
                growth,
                ref blocks,
                first,
            } => [&[growth, first], &blocks[..]].concat(),
            Self::Lstm { embedding, hidden } => vec![embedding, hidden],
            Self::Bert(ref shape) => vec![
                shape.hidden_size,
                shape.num_hidden_layers,
                shape.num_attention_heads,
                shape.intermediate_size,
            ],
        }
    }

    /// The network in words: `mlp 784-300-100-10`.
    pub fn describe(&self, inputs: impl Into<InputShape>, classes: usize) -> String {
        let (name, inputs) = (self.name(), inputs.into());
        let image = match inputs {
            InputShape::Image([channels, height, width]) => format!("{channels}x{height}x{width}"),
            InputShape::Text { vocabulary, length } => format!("{vocabulary}x{length}"),
        };
        let sizes = match self {
            Self::Mlp { hidden } => {
                let numbers = match inputs {
                    InputShape::Image(image) => image.iter().product::<usize>().to_string(),
                    InputShape::Text { .. } => image,
                };
                let hidden = hidden.iter().map(usize::to_string);
                let sizes: Vec<String> = std::iter::once(numbers).chain(hidden).collect();
                sizes.join("-")
            }
            Self::SimpleCnn(CnnShape {
                first,
                second,
                dense,
            })
            | Self::SimpleCnnBn(CnnShape {
                first,
                second,
                dense,
            }) => format!("{image}-{first}-{first}-{second}-{second}-{dense}"),
            Self::Resnet { blocks, width, .. } => {
                let width = format!("{width}-{}-{}", 2 * width, 4 * width);
                format!("{} layers, {image}-{width}", 6 * blocks + 2)
            }
            Self::Densenet { growth, blocks, .. } => {
                // A convolution before the blocks, one after each, a dense layer.
                let depth = 2 * blocks.iter().sum::<usize>() + blocks.len() + 1;
                format!("{depth} layers, growth {growth}, {image}")
            }
            Self::Lstm { embedding, hidden } => format!("{image}-{embedding}-{hidden}"),
            Self::Bert(shape) => {
                let layers = shape.num_hidden_layers;
                format!("{layers} layers, {image}-{}", shape.hidden_size)
            }
        };
        format!("{name} {sizes}-{classes}")
    }
}

/// Glorot's uniform weights, U(−a, a) with a² = 6/(fan in + fan out), zero
/// biases, scales of one, and embeddings from U(−0.05, 0.05), as in Keras; θ in
/// its own order. Numbers are drawn in PyTorch's order.
///
/// ```
/// use breakeven_empirical::model::{Architecture, glorot};
/// use breakeven_empirical::random::{Purpose, stream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Architecture::Mlp { hidden: vec![] }.build([1, 1, 4], 2)?;
/// let theta = glorot(model.parameters(), &mut stream(0, Purpose::Init, 0));
/// // √(6/(4 + 2)) = 1: eight weights within ±1, then two biases.
/// assert!(theta[..8].iter().all(|weight| weight.abs() <= 1.0));
/// assert_eq!(theta[8..], [0.0, 0.0]);
/// # Ok(())
/// # }
/// ```
pub fn glorot(parameters: &Parameters, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let torch: Vec<f64> = parameters
        .iter()
        .flat_map(|parameter| {
            let start = start(parameter.role);
            (0..parameter.len())
                .map(|_| match start {
                    Start::Uniform(a) => rng.random_range(-a..a),
                    Start::Fixed(x) => x,
                })
                .collect::<Vec<f64>>()
        })
        .collect();
    parameters.from_torch(&torch)
}

enum Start {
    Uniform(f64),
    Fixed(f64),
}

fn start(role: Role) -> Start {
    let fans = match role {
        Role::Dense { inputs, outputs } => inputs + outputs,
        Role::Convolution {
            inputs,
            outputs,
            size,
        } => size * size * (inputs + outputs),
        Role::Bias { .. } => return Start::Fixed(0.0),
        Role::Scale { .. } => return Start::Fixed(1.0),
        Role::Embedding { .. } => return Start::Uniform(0.05),
    };
    Start::Uniform((6.0 / fans as f64).sqrt())
}
