//! Densely connected networks.

use super::resnet::mean_pixel;
use super::{Model, ModelError};
use crate::examples::Inputs;
use crate::layers::{BatchNorm, Conv, Dense, Forward, Image, Kernel, Layout};
use crate::parameters::Parameters;
use crate::tape::{AveragePool, Var, Winners};

/// Channels of a 1 × 1 convolution, in units of the growth.
const BOTTLENECK: usize = 4;

/// Blocks of layers that each read all layers before them in the block (Huang
/// et al., 2017), in torchvision's form: DenseNet-121 has a growth of 32,
/// blocks of 6, 12, 24 and 16 layers, and 64 channels first.
pub(super) struct DenseNet {
    image: [usize; 3],
    parameters: Parameters,
    stem: (Conv, BatchNorm),
    blocks: Vec<Block>,
    last: BatchNorm,
    output: Dense,
    activations: usize,
}

struct Block {
    layers: Vec<[(BatchNorm, Conv); 2]>,
    transition: Option<(BatchNorm, Conv)>,
}

impl DenseNet {
    pub(super) fn new(
        image: [usize; 3],
        (growth, blocks, first): (usize, &[usize], usize),
        classes: usize,
    ) -> Result<Self, ModelError> {
        let [channels, height, width] = image;
        if growth == 0 || first < 2 || blocks.is_empty() || blocks.contains(&0) {
            return Err(ModelError::Empty("growth, channels or blocks of densenet"));
        }
        let least = least_side(blocks.len());
        if height < least || width < least {
            return Err(ModelError::SmallImage {
                model: "densenet",
                least,
                height,
                width,
            });
        }
        let mut layout = Layout::new();
        let stem = layout.convolution("features.conv0", kernel([channels, first], [7, 2, 3]));
        let stem = (stem, layout.batch_norm("features.norm0", first));
        let mut pixels = height * width / 16;
        let mut activations = first * (height * width / 2 + pixels);
        let mut inputs = first;
        let mut all = Vec::with_capacity(blocks.len());
        for (k, &layers) in blocks.iter().enumerate() {
            let layers = (0..layers)
                .map(|number| {
                    let name = format!("features.denseblock{}.denselayer{}", k + 1, number + 1);
                    let inner = BOTTLENECK * growth;
                    let pair = [
                        unit(&mut layout, &name, 1, kernel([inputs, inner], [1, 1, 0])),
                        unit(&mut layout, &name, 2, kernel([inner, growth], [3, 1, 1])),
                    ];
                    activations += pixels * (3 * inputs + 4 * inner + growth);
                    inputs += growth;
                    pair
                })
                .collect();
            let transition = (k + 1 < blocks.len()).then(|| {
                let name = format!("features.transition{}", k + 1);
                let norm = layout.batch_norm(&format!("{name}.norm"), inputs);
                let halved = kernel([inputs, inputs / 2], [1, 1, 0]);
                let convolution = layout.convolution(&format!("{name}.conv"), halved);
                activations += pixels * 3 * inputs;
                inputs /= 2;
                pixels /= 4;
                (norm, convolution)
            });
            all.push(Block { layers, transition });
        }
        let last = layout.batch_norm("features.norm5", inputs);
        let output = layout.dense("classifier", inputs, classes);
        Ok(Self {
            image,
            parameters: layout.finish(),
            stem,
            blocks: all,
            last,
            output,
            activations,
        })
    }
}

/// The least side of which the stem and the halvings between so many blocks
/// leave a pixel.
fn least_side(blocks: usize) -> usize {
    let before = 1 << (blocks - 1).min(20);
    // A side of 4n − 3 to 4n becomes n in the stem.
    4 * before - 3
}

fn kernel([inputs, outputs]: [usize; 2], [size, stride, padding]: [usize; 3]) -> Kernel {
    Kernel {
        inputs,
        outputs,
        size,
        stride,
        padding,
        bias: false,
    }
}

/// A normalisation and the convolution behind it.
fn unit(layout: &mut Layout, name: &str, number: usize, kernel: Kernel) -> (BatchNorm, Conv) {
    (
        layout.batch_norm(&format!("{name}.norm{number}"), kernel.inputs),
        layout.convolution(&format!("{name}.conv{number}"), kernel),
    )
}

/// Normalised, rectified and convolved.
fn of_unit(on: &mut Forward, (norm, convolution): &(BatchNorm, Conv), image: Image) -> Image {
    let pixels = activated(on, norm, image.pixels);
    convolution.of(on, Image { pixels, ..image })
}

fn activated(on: &mut Forward, norm: &BatchNorm, x: Var) -> Var {
    let normal = norm.of(on, x);
    on.tape.relu(normal)
}

impl Block {
    fn of(&self, on: &mut Forward, image: Image) -> Image {
        let mut image = image;
        for [narrow, wide] in &self.layers {
            let new = of_unit(on, narrow, image);
            let new = of_unit(on, wide, new);
            image.pixels = on.tape.beside(&[image.pixels, new.pixels]);
            image.grid.channels += new.grid.channels;
        }
        let Some(transition) = &self.transition else {
            return image;
        };
        let image = of_unit(on, transition, image);
        let pool = AveragePool::new(image.grid, 2);
        Image {
            pixels: on.tape.linear(image.pixels, pool),
            grid: pool.output(),
        }
    }
}

impl Model for DenseNet {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn activations(&self) -> usize {
        self.activations
    }

    fn logits(&self, on: &mut Forward, inputs: &Inputs) -> Var {
        let image = inputs.image(on, self.image);
        let (convolution, norm) = &self.stem;
        let mut image = convolution.of(on, image);
        image.pixels = activated(on, norm, image.pixels);
        let pool = Winners::new(image.grid, [3, 2, 1], on.tape.value(image.pixels));
        image.grid = pool.output();
        image.pixels = on.tape.linear(image.pixels, pool);
        for block in &self.blocks {
            image = block.of(on, image);
        }
        let last = activated(on, &self.last, image.pixels);
        let means = mean_pixel(on, last, image.grid);
        self.output.of(on, means)
    }
}
