//! The paper's SimpleCNN.

use super::{Model, ModelError, affine, layer};
use crate::parameters::{Parameters, Role};
use crate::tape::{Flatten, Grid, MaxPool, Patches, Tape, Transposed, Var};

/// Side of every kernel.
const KERNEL: usize = 3;

/// `conv1` (padded), `conv2`, pool, `conv3` (padded), `conv4`, pool, `fc1`,
/// `fc2`, a rectifier after each but the last.
pub(super) struct SimpleCnn {
    image: [usize; 3],
    parameters: Parameters,
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
        let flat = second * pooled_twice(height) * pooled_twice(width);
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
        })
    }
}

/// What two rounds of an unpadded convolution and pooling leave of a side.
fn pooled_twice(side: usize) -> usize {
    let round = |side: usize| (side + 1 - KERNEL) / 2;
    round(round(side))
}

/// A convolution and its rectifier.
fn convolve(tape: &mut Tape, (x, grid): (Var, Grid), layer: &[Var], padding: usize) -> (Var, Grid) {
    let patches = Patches::new(grid, KERNEL, padding);
    let cut = tape.linear(x, patches);
    let sum = affine(tape, cut, layer[0], layer[1]);
    let channels = tape.value(sum).dims()[1];
    let grid = Grid {
        channels,
        ..patches.output()
    };
    (tape.relu(sum), grid)
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
