//! Maps that are linear in a neighbourhood of the values they were made at:
//! rectifiers, pooling, and rearrangements of images.

use burn::tensor::Tensor;

use super::Matrix;

/// A linear map between matrices, and its transpose.
pub trait LocallyLinear: Send {
    /// `A x`.
    fn apply(&self, x: Matrix) -> Matrix;
    /// `Aᵀ y`.
    fn transpose(&self, y: Matrix) -> Matrix;
    /// Numbers that it keeps.
    fn numbers(&self) -> usize {
        0
    }
}

/// Multiplies by zeros and ones: a rectifier at its values.
pub(super) struct Mask(Matrix);

impl Mask {
    /// Ones where `value` is above 0.
    pub(super) fn positive(value: &Matrix) -> Self {
        Self(ones_where(value.clone().greater_elem(0.0), value))
    }
}

impl LocallyLinear for Mask {
    fn apply(&self, x: Matrix) -> Matrix {
        x * self.0.clone()
    }

    fn transpose(&self, y: Matrix) -> Matrix {
        y * self.0.clone()
    }

    fn numbers(&self) -> usize {
        self.0.dims().iter().product()
    }
}

/// 1 where `mask` is true, in the precision of `like`.
fn ones_where<const D: usize>(mask: Tensor<D, burn::tensor::Bool>, like: &Tensor<D>) -> Tensor<D> {
    mask.float().cast(like.dtype())
}

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
    fn image(&self, x: Matrix) -> Tensor<4> {
        x.reshape([self.examples, self.height, self.width, self.channels])
    }

    fn matrix(&self, x: Tensor<4>) -> Matrix {
        x.reshape([self.examples * self.height * self.width, self.channels])
    }
}

/// Cuts the neighbourhood of every pixel out, so that a convolution becomes a
/// product: `[n·h·w, c]` to `[n·h'·w', size²·c]`, columns ordered (row,
/// column, channel).
#[derive(Clone, Copy, Debug)]
pub struct Patches {
    input: Grid,
    size: usize,
    padding: usize,
}

impl Patches {
    /// Neighbourhoods of `size` × `size` pixels, stride 1, the image first
    /// surrounded by `padding` zeros.
    pub fn new(input: Grid, size: usize, padding: usize) -> Self {
        Self {
            input,
            size,
            padding,
        }
    }

    /// The grid of the result.
    pub fn output(&self) -> Grid {
        let shrink = self.size - 1;
        Grid {
            height: self.input.height + 2 * self.padding - shrink,
            width: self.input.width + 2 * self.padding - shrink,
            channels: self.size * self.size * self.input.channels,
            ..self.input
        }
    }

    fn offsets(&self) -> impl Iterator<Item = (usize, usize)> {
        let size = self.size;
        (0..size).flat_map(move |row| (0..size).map(move |column| (row, column)))
    }
}

impl LocallyLinear for Patches {
    fn apply(&self, x: Matrix) -> Matrix {
        let (Grid { height, width, .. }, p) = (self.output(), self.padding);
        let image = self
            .input
            .image(x)
            .pad([(0, 0), (p, p), (p, p), (0, 0)], 0.0);
        let shifted = self
            .offsets()
            .map(|(row, column)| {
                image.clone().slice([
                    0..self.input.examples,
                    row..row + height,
                    column..column + width,
                    0..self.input.channels,
                ])
            })
            .collect();
        self.output().matrix(Tensor::cat(shifted, 3))
    }

    fn transpose(&self, y: Matrix) -> Matrix {
        let (output, input, p) = (self.output(), self.input, self.padding);
        let patches = output.image(y);
        let mut sum = Tensor::zeros(
            [
                input.examples,
                input.height + 2 * p,
                input.width + 2 * p,
                input.channels,
            ],
            (&patches.device(), patches.dtype()),
        );
        for (k, (row, column)) in self.offsets().enumerate() {
            let window = [
                0..input.examples,
                row..row + output.height,
                column..column + output.width,
                0..input.channels,
            ];
            let part = patches
                .clone()
                .narrow(3, k * input.channels, input.channels);
            let moved = sum.clone().slice(window.clone()) + part;
            sum = sum.slice_assign(window, moved);
        }
        input.matrix(sum.slice([
            0..input.examples,
            p..p + input.height,
            p..p + input.width,
            0..input.channels,
        ]))
    }
}

/// The largest of each 2 × 2 block of pixels, the first where several are
/// equal; an odd last row or column is left out.
pub struct MaxPool {
    input: Grid,
    /// Ones at the winner, for the four corners of the blocks.
    winners: Vec<Tensor<4>>,
}

impl MaxPool {
    /// Pooling of images whose winners are those of `value`.
    pub fn new(input: Grid, value: &Matrix) -> Self {
        let corners = corners(input, value.clone());
        let largest = corners
            .iter()
            .cloned()
            .reduce(|a, b| a.max_pair(b))
            .expect("a block has four corners");
        let mut free = largest.ones_like();
        let winners = corners
            .into_iter()
            .map(|corner| {
                let winner = ones_where(corner.equal(largest.clone()), &free) * free.clone();
                free = free.clone() - winner.clone();
                winner
            })
            .collect();
        Self { input, winners }
    }

    /// The grid of the result.
    pub fn output(&self) -> Grid {
        pooled(self.input)
    }
}

fn pooled(input: Grid) -> Grid {
    Grid {
        height: input.height / 2,
        width: input.width / 2,
        ..input
    }
}

/// The four corners of all blocks, each `[n, h/2, w/2, c]`.
fn corners(input: Grid, x: Matrix) -> Vec<Tensor<4>> {
    let Grid {
        examples,
        height,
        width,
        channels,
    } = pooled(input);
    let blocks: Tensor<6> = input
        .image(x)
        .slice([0..examples, 0..2 * height, 0..2 * width, 0..channels])
        .reshape([examples, height, 2, width, 2, channels]);
    [(0, 0), (0, 1), (1, 0), (1, 1)]
        .map(|(row, column)| {
            blocks
                .clone()
                .narrow(2, row, 1)
                .narrow(4, column, 1)
                .reshape([examples, height, width, channels])
        })
        .into()
}

impl LocallyLinear for MaxPool {
    fn apply(&self, x: Matrix) -> Matrix {
        let picked = corners(self.input, x)
            .into_iter()
            .zip(&self.winners)
            .map(|(corner, winner)| corner * winner.clone())
            .reduce(|a, b| a + b)
            .expect("a block has four corners");
        self.output().matrix(picked)
    }

    fn transpose(&self, y: Matrix) -> Matrix {
        let output @ Grid {
            examples,
            height,
            width,
            channels,
        } = self.output();
        let y = output.image(y);
        let spread: Vec<Tensor<6>> = self
            .winners
            .iter()
            .map(|winner| {
                (winner.clone() * y.clone()).reshape([examples, height, 1, width, 1, channels])
            })
            .collect();
        let rows = spread
            .chunks(2)
            .map(|pair| Tensor::cat(pair.to_vec(), 4))
            .collect();
        let image: Tensor<4> =
            Tensor::cat(rows, 2).reshape([examples, 2 * height, 2 * width, channels]);
        let bottom = self.input.height - 2 * height;
        let right = self.input.width - 2 * width;
        self.input
            .matrix(image.pad([(0, 0), (0, bottom), (0, right), (0, 0)], 0.0))
    }

    fn numbers(&self) -> usize {
        let numbers = |winner: &Tensor<4>| winner.dims().iter().product::<usize>();
        self.winners.iter().map(numbers).sum()
    }
}

/// One row an image, in the order (channel, row, column) that PyTorch's
/// `flatten` gives: `[n·h·w, c]` to `[n, c·h·w]`.
#[derive(Clone, Copy, Debug)]
pub struct Flatten(pub Grid);

impl LocallyLinear for Flatten {
    fn apply(&self, x: Matrix) -> Matrix {
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

    fn transpose(&self, y: Matrix) -> Matrix {
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

/// The transpose of a map, as a map.
#[derive(Clone, Copy, Debug)]
pub struct Transposed<M>(pub M);

impl<M: LocallyLinear> LocallyLinear for Transposed<M> {
    fn apply(&self, x: Matrix) -> Matrix {
        self.0.transpose(x)
    }

    fn transpose(&self, y: Matrix) -> Matrix {
        self.0.apply(y)
    }
}
