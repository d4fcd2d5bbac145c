//! The paper's SimpleCNN, without batch normalisation and with it.

use super::{Model, ModelError};
use crate::examples::Inputs;
use crate::layers::{BatchNorm, Conv, Dense, Forward, Image, Kernel, Layout};
use crate::parameters::Parameters;
use crate::tape::{Flatten, MaxPool, Var};

/// Side of every kernel.
const KERNEL: usize = 3;

/// `conv1` (padded), `conv2`, pool, `conv3` (padded), `conv4`, pool, `fc1`,
/// `fc2`, a rectifier after each but the last; with batch normalisation, `bn1`
/// to `bn5`, before each rectifier.
pub(super) struct SimpleCnn {
    image: [usize; 3],
    parameters: Parameters,
    convolutions: [(Conv, Option<BatchNorm>); 4],
    hidden: (Dense, Option<BatchNorm>),
    output: Dense,
    activations: usize,
}

impl SimpleCnn {
    pub(super) fn new(
        image: [usize; 3],
        [first, second, dense]: [usize; 3],
        classes: usize,
        batch_norm: bool,
    ) -> Result<Self, ModelError> {
        let [channels, height, width] = image;
        if [first, second, dense].contains(&0) {
            return Err(ModelError::Empty("a layer of simple_cnn"));
        }
        if height < 10 || width < 10 {
            return Err(ModelError::SmallImage {
                model: "simple_cnn",
                least: 10,
                height,
                width,
            });
        }
        let once = [pooled(height), pooled(width)];
        let flat = second * pooled(once[0]) * pooled(once[1]);
        let mut layout = Layout::new();
        let norm = |layout: &mut Layout, k: usize, channels| {
            batch_norm.then(|| layout.batch_norm(&format!("bn{k}"), channels))
        };
        let sides = [
            (channels, first),
            (first, first),
            (first, second),
            (second, second),
        ];
        let convolutions = [1, 2, 3, 4].map(|k| {
            let (inputs, outputs) = sides[k - 1];
            let kernel = Kernel {
                inputs,
                outputs,
                size: KERNEL,
                stride: 1,
                padding: k % 2,
                bias: true,
            };
            let convolution = layout.convolution(&format!("conv{k}"), kernel);
            (convolution, norm(&mut layout, k, outputs))
        });
        let hidden = layout.dense("fc1", flat, dense);
        let hidden = (hidden, norm(&mut layout, 5, dense));
        let output = layout.dense("fc2", dense, classes);
        Ok(Self {
            image,
            parameters: layout.finish(),
            convolutions,
            hidden,
            output,
            activations: first * pair([height, width]) + second * pair(once) + dense + classes,
        })
    }
}

/// What an unpadded convolution leaves of a side.
fn valid(side: usize) -> usize {
    side + 1 - KERNEL
}

/// What pooling leaves of that.
fn pooled(side: usize) -> usize {
    valid(side) / 2
}

/// Pixels that a padded convolution and an unpadded one put out.
fn pair([height, width]: [usize; 2]) -> usize {
    height * width + valid(height) * valid(width)
}

fn activate(on: &mut Forward, sum: Var, norm: Option<BatchNorm>) -> Var {
    let sum = match norm {
        Some(norm) => norm.of(on, sum),
        None => sum,
    };
    on.tape.relu(sum)
}

fn pool(on: &mut Forward, image: Image) -> Image {
    let map = MaxPool::new(image.grid, on.tape.value(image.pixels));
    let grid = map.output();
    Image {
        pixels: on.tape.linear(image.pixels, map),
        grid,
    }
}

impl Model for SimpleCnn {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn activations(&self) -> usize {
        self.activations
    }

    fn logits(&self, on: &mut Forward, inputs: &Inputs) -> Var {
        let mut image = inputs.image(on, self.image);
        for (k, (convolution, norm)) in self.convolutions.iter().enumerate() {
            image = convolution.of(on, image);
            image.pixels = activate(on, image.pixels, *norm);
            if k % 2 == 1 {
                image = pool(on, image);
            }
        }
        let flat = on.tape.linear(image.pixels, Flatten(image.grid));
        let (layer, norm) = self.hidden;
        let sum = layer.of(on, flat);
        let hidden = activate(on, sum, norm);
        self.output.of(on, hidden)
    }
}
