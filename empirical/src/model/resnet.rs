//! Residual networks for small images.

use serde::{Deserialize, Serialize};

use super::{Model, ModelError};
use crate::examples::Inputs;
use crate::layers::{BatchNorm, Conv, Dense, Forward, Image, Kernel, Layout};
use crate::parameters::Parameters;
use crate::tape::{Columns, Grid, MeanPixel, Patches, Transposed, Var};

/// How a block's input is added where the number of channels doubles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shortcut {
    /// Every second pixel, and zeros for the new channels: no parameters
    /// (option A of He et al., 2016).
    #[default]
    A,
    /// A 1 × 1 convolution and a batch normalisation (option B).
    B,
}

/// Three stages of blocks of two convolutions, each followed by a batch
/// normalisation (He et al., 2016, Sec. 4.2), with 1, 2 and 4 times `width`
/// channels: 6 `blocks` + 2 layers with weights.
pub(super) struct ResNet {
    image: [usize; 3],
    parameters: Parameters,
    stem: (Conv, BatchNorm),
    blocks: Vec<Block>,
    output: Dense,
    activations: usize,
}

struct Block {
    first: (Conv, BatchNorm),
    second: (Conv, BatchNorm),
    /// Where the block halves the image.
    down: Option<Down>,
}

enum Down {
    /// Zeros for the new channels.
    Pad(usize),
    Project(Conv, BatchNorm),
}

impl ResNet {
    pub(super) fn new(
        image: [usize; 3],
        (blocks, width, shortcut): (usize, usize, Shortcut),
        classes: usize,
    ) -> Result<Self, ModelError> {
        let [channels, height, width_of_image] = image;
        if blocks == 0 || width == 0 {
            return Err(ModelError::Empty("blocks or width of resnet"));
        }
        if height < 4 || width_of_image < 4 {
            return Err(ModelError::SmallImage {
                model: "resnet",
                least: 4,
                height,
                width: width_of_image,
            });
        }
        let mut layout = Layout::new();
        let stem = layer(&mut layout, ["conv1", "bn1"], [channels, width, 3, 1]);
        let (mut inputs, mut pixels) = (width, height * width_of_image);
        let mut activations = 2 * width * pixels;
        let mut all = Vec::with_capacity(3 * blocks);
        for stage in 0..3 {
            let outputs = width << stage;
            for number in 0..blocks {
                let name = format!("layer{}.{number}", stage + 1);
                let named = |part: &str| format!("{name}.{part}");
                let halves = stage > 0 && number == 0;
                let stride = if halves { 2 } else { 1 };
                if halves {
                    pixels = pixels.div_ceil(4);
                }
                let first = [named("conv1"), named("bn1")];
                let first = layer(&mut layout, first, [inputs, outputs, 3, stride]);
                let second = [named("conv2"), named("bn2")];
                let second = layer(&mut layout, second, [outputs, outputs, 3, 1]);
                let down = halves.then(|| match shortcut {
                    Shortcut::A => Down::Pad((outputs - inputs) / 2),
                    Shortcut::B => {
                        let names = [named("downsample.0"), named("downsample.1")];
                        let (convolution, norm) =
                            layer(&mut layout, names, [inputs, outputs, 1, 2]);
                        Down::Project(convolution, norm)
                    }
                });
                activations += 5 * outputs * pixels;
                inputs = outputs;
                all.push(Block {
                    first,
                    second,
                    down,
                });
            }
        }
        let output = layout.dense("fc", inputs, classes);
        Ok(Self {
            image,
            parameters: layout.finish(),
            stem,
            blocks: all,
            output,
            activations,
        })
    }
}

/// A convolution that keeps the size, but for its stride, and its normalisation.
fn layer(
    layout: &mut Layout,
    [convolution, norm]: [impl AsRef<str>; 2],
    [inputs, outputs, size, stride]: [usize; 4],
) -> (Conv, BatchNorm) {
    let kernel = Kernel {
        inputs,
        outputs,
        size,
        stride,
        padding: size / 2,
        bias: false,
    };
    (
        layout.convolution(convolution.as_ref(), kernel),
        layout.batch_norm(norm.as_ref(), outputs),
    )
}

fn normalised(on: &mut Forward, (convolution, norm): &(Conv, BatchNorm), image: Image) -> Image {
    let image = convolution.of(on, image);
    Image {
        pixels: norm.of(on, image.pixels),
        ..image
    }
}

impl Block {
    fn of(&self, on: &mut Forward, image: Image) -> Image {
        let mut inner = normalised(on, &self.first, image);
        inner.pixels = on.tape.relu(inner.pixels);
        let mut sum = normalised(on, &self.second, inner);
        let beside = match &self.down {
            None => image.pixels,
            Some(Down::Pad(before)) => padded(on, image, *before, sum.grid.channels),
            Some(Down::Project(convolution, norm)) => {
                normalised(on, &(*convolution, *norm), image).pixels
            }
        };
        sum.pixels = on.tape.add(sum.pixels, beside);
        sum.pixels = on.tape.relu(sum.pixels);
        sum
    }
}

/// Every second pixel, its channels after `before` zeros of `all`.
fn padded(on: &mut Forward, image: Image, before: usize, all: usize) -> Var {
    let half = on
        .tape
        .linear(image.pixels, Patches::new(image.grid, 1, 2, 0));
    let into = Columns {
        first: before,
        count: image.grid.channels,
        all,
    };
    on.tape.linear(half, Transposed(into))
}

impl Model for ResNet {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn activations(&self) -> usize {
        self.activations
    }

    fn logits(&self, on: &mut Forward, inputs: &Inputs) -> Var {
        let image = inputs.image(on, self.image);
        let mut image = normalised(on, &self.stem, image);
        image.pixels = on.tape.relu(image.pixels);
        for block in &self.blocks {
            image = block.of(on, image);
        }
        let means = mean_pixel(on, image.pixels, image.grid);
        self.output.of(on, means)
    }
}

pub(super) fn mean_pixel(on: &mut Forward, pixels: Var, grid: Grid) -> Var {
    on.tape.linear(pixels, MeanPixel(grid))
}
