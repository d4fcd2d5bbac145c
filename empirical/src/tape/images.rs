//! Maps of images, all linear in a neighbourhood of the values they were made
//! at: pooling, neighbourhoods and rearrangements.

use burn::tensor::{Tensor, s};

use super::elementwise::ones_where;
use super::map::size;
use super::{Map, Matrix};

/// The shape of a batch of images whose matrix has one row a pixel,
/// `[examples · height · width, channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Images.
    pub examples: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// Numbers a pixel.
    pub channels: usize,
}

impl Grid {
    pub(super) fn image(&self, x: Matrix) -> Tensor<4> {
        x.reshape([self.examples, self.height, self.width, self.channels])
    }

    /// `[n, h, w·c]`: rows of pixels as they are in memory.
    pub(super) fn rows(&self, x: Matrix) -> Tensor<3> {
        x.reshape([self.examples, self.height, self.width * self.channels])
    }

    /// One row a pixel.
    pub(super) fn matrix<const D: usize>(&self, x: Tensor<D>) -> Matrix {
        x.reshape([self.examples * self.height * self.width, self.channels])
    }
}

/// The largest of each 2 × 2 block of pixels, the first where several are
/// equal; an odd last row or column is left out.
pub struct MaxPool {
    input: Grid,
    /// Ones at the winners, zeros elsewhere, for the pixels of whole blocks.
    winners: Matrix,
}

impl MaxPool {
    /// Pooling of images whose winners are those of `value`.
    pub fn new(input: Grid, value: &Matrix) -> Self {
        let [a, b, c, d] = corners(input, value.clone());
        let (b_wins, above) = second_where_larger(a, b);
        let (d_wins, below) = second_where_larger(c, d);
        let (lower, _) = second_where_larger(above, below);
        let upper = others(&lower);
        let (b, d) = (b_wins * upper.clone(), d_wins * lower.clone());
        let rows = [[upper - b.clone(), b], [lower - d.clone(), d]]
            .map(|row| Tensor::stack::<5>(row.into(), 3));
        let winners: Tensor<6> = Tensor::stack(rows.into(), 2);
        Self {
            input,
            winners: whole_blocks(input).matrix(winners),
        }
    }

    /// The grid of the result.
    pub fn output(&self) -> Grid {
        pooled(self.input)
    }
}

/// Ones where `b` is larger than `a`, and the larger of the two.
fn second_where_larger(a: Tensor<4>, b: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
    let second = ones_where(a.clone().lower(b.clone()), &a);
    let larger = a * others(&second) + b * second.clone();
    (second, larger)
}

/// Ones for zeros and zeros for ones.
fn others(ones: &Tensor<4>) -> Tensor<4> {
    ones.ones_like() - ones.clone()
}

fn pooled(input: Grid) -> Grid {
    Grid {
        height: input.height / 2,
        width: input.width / 2,
        ..input
    }
}

/// The grid without an odd last row or column.
fn whole_blocks(input: Grid) -> Grid {
    Grid {
        height: input.height / 2 * 2,
        width: input.width / 2 * 2,
        ..input
    }
}

/// The four corners of all blocks, row by row, each `[n, h/2, w/2, c]`: views.
fn corners(input: Grid, x: Matrix) -> [Tensor<4>; 4] {
    let (image, Grid { height, width, .. }) = (input.image(x), whole_blocks(input));
    [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(row, column)| {
        image
            .clone()
            .slice(s![.., row..height;2, column..width;2, ..])
    })
}

impl Map for MaxPool {
    fn push(&self, x: Matrix) -> Matrix {
        let winners = corners(whole_blocks(self.input), self.winners.clone());
        let picked = corners(self.input, x)
            .into_iter()
            .zip(winners)
            .map(|(corner, winner)| corner * winner)
            .reduce(|a, b| a + b)
            .expect("a block has four corners");
        self.output().matrix(picked)
    }

    fn pull(&self, y: Matrix) -> Matrix {
        let Grid {
            examples,
            height,
            width,
            channels,
        } = self.output();
        let y: Tensor<6> = y.reshape([examples, height, 1, width, 1, channels]);
        let blocks = [examples, height, 2, width, 2, channels];
        let image = y.expand(blocks) * self.winners.clone().reshape(blocks);
        let whole = whole_blocks(self.input);
        let bottom = self.input.height - whole.height;
        let right = (self.input.width - whole.width) * channels;
        if bottom + right == 0 {
            return whole.matrix(image);
        }
        let image = whole.rows(whole.matrix(image));
        self.input
            .matrix(image.pad([(0, 0), (0, bottom), (0, right)], 0.0))
    }

    fn numbers(&self) -> usize {
        size(&self.winners)
    }
}

/// One row an image, in the order (channel, row, column) that PyTorch's
/// `flatten` gives: `[n·h·w, c]` to `[n, c·h·w]`.
#[derive(Clone, Copy, Debug)]
pub struct Flatten(pub Grid);

impl Map for Flatten {
    fn push(&self, x: Matrix) -> Matrix {
        let Grid {
            examples,
            height,
            width,
            channels,
        } = self.0;
        self.0
            .image(x)
            .permute([0, 3, 1, 2])
            .reshape([examples, channels * height * width])
    }

    fn pull(&self, y: Matrix) -> Matrix {
        let Grid {
            examples,
            height,
            width,
            channels,
        } = self.0;
        let image: Tensor<4> = y.reshape([examples, channels, height, width]);
        self.0.matrix(image.permute([0, 2, 3, 1]))
    }
}

/// The mean over all pixels of each image: `[n·h·w, c]` to `[n, c]`.
#[derive(Clone, Copy, Debug)]
pub struct MeanPixel(pub Grid);

impl Map for MeanPixel {
    fn push(&self, x: Matrix) -> Matrix {
        let Grid {
            examples,
            height,
            width,
            channels,
        } = self.0;
        let pixels: Tensor<3> = x.reshape([examples, height * width, channels]);
        pixels.mean_dim(1).reshape([examples, channels])
    }

    fn pull(&self, y: Matrix) -> Matrix {
        let Grid {
            examples,
            height,
            width,
            channels,
        } = self.0;
        let pixels = height * width;
        let y: Tensor<3> = y.mul_scalar(1.0 / pixels as f64).unsqueeze_dim(1);
        y.expand([examples, pixels, channels])
            .reshape([examples * pixels, channels])
    }
}
