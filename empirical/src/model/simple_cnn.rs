//! The paper's SimpleCNN.

use super::{Model, ModelError, affine, layer};
use crate::parameters::{Parameters, Role};
use crate::tape::{Convolution, Flatten, Grid, MaxPool, Tape, Transposed, Var};

/// Side of every kernel.
const KERNEL: usize = 3;

/// `conv1` (padded), `conv2`, pool, `conv3` (padded), `conv4`, pool, `fc1`,
/// `fc2`, a rectifier after each but the last.
pub(super) struct SimpleCnn {
    image: [usize; 3],
    parameters: Parameters,
    activations: usize,
}

impl SimpleCnn {
    pub(super) fn new(
        image: [usize; 3],
        [first, second, dense]: [usize; 3],
        classes: usize,
    ) -> Result<Self, ModelError> {
        let [channels, height, width] = image;
        if [first, second, dense].contains(&0) {
            return Err(ModelError::Empty("a layer of simple_cnn"));
        }
        if height < 10 || width < 10 {
            return Err(ModelError::SmallImage { height, width });
        }
        let once = [pooled(height), pooled(width)];
        let flat = second * pooled(once[0]) * pooled(once[1]);
        let convolution = |inputs, outputs| Role::Convolution {
            inputs,
            outputs,
            size: KERNEL,
        };
        let layers = [
            ("conv1", convolution(channels, first)),
            ("conv2", convolution(first, first)),
            ("conv3", convolution(first, second)),
            ("conv4", convolution(second, second)),
            (
                "fc1",
                Role::Dense {
                    inputs: flat,
                    outputs: dense,
                },
            ),
            (
                "fc2",
                Role::Dense {
                    inputs: dense,
                    outputs: classes,
                },
            ),
        ];
        let parameters = layers
            .into_iter()
            .flat_map(|(name, weight)| layer(name.into(), weight))
            .collect();
        Ok(Self {
            image,
            parameters: Parameters::new(parameters),
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

/// A convolution and its rectifier.
fn convolve(tape: &mut Tape, (x, grid): (Var, Grid), layer: &[Var], padding: usize) -> (Var, Grid) {
    let convolution = Convolution::new(grid, KERNEL, padding);
    let product = tape.convolve(x, layer[0], convolution);
    let sum = tape.add_row(product, layer[1]);
    let value = tape.relu(sum);
    let channels = tape.value(value).dims()[1];
    (value, convolution.output(channels))
}

fn pool(tape: &mut Tape, (x, grid): (Var, Grid)) -> (Var, Grid) {
    let map = MaxPool::new(grid, tape.value(x));
    let output = map.output();
    (tape.linear(x, map), output)
}

impl Model for SimpleCnn {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn activations(&self) -> usize {
        self.activations
    }

    fn logits(&self, tape: &mut Tape, x: Var, parameters: &[Var]) -> Var {
        let [channels, height, width] = self.image;
        let grid = Grid {
            examples: tape.value(x).dims()[0],
            height,
            width,
            channels,
        };
        let layers: Vec<&[Var]> = parameters.chunks(2).collect();
        let pixels = tape.linear(x, Transposed(Flatten(grid)));
        let mut image = (pixels, grid);
        for pair in [[0, 1], [2, 3]] {
            image = convolve(tape, image, layers[pair[0]], 1);
            image = convolve(tape, image, layers[pair[1]], 0);
            image = pool(tape, image);
        }
        let flat = tape.linear(image.0, Flatten(image.1));
        let sum = affine(tape, flat, layers[4][0], layers[4][1]);
        let hidden = tape.relu(sum);
        affine(tape, hidden, layers[5][0], layers[5][1])
    }
}
