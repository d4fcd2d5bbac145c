//! Maps of images, all linear in a neighbourhood of the values they were made
//! at: pooling, neighbourhoods and rearrangements.

use burn::tensor::{IndexingUpdateOp, Int, Tensor, s};

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
    fn image(&self, x: Matrix) -> Tensor<4> {
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

/// A square window that moves over images: `size` pixels high and wide, a step
/// of `stride` pixels each time, over images surrounded by `padding` pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    input: Grid,
    size: usize,
    stride: usize,
    padding: usize,
}

impl Window {
    fn new(input: Grid, size: usize, stride: usize, padding: usize) -> Self {
        assert!(padding < size, "a window holds at least one pixel");
        assert!(stride > 0, "a window moves");
        Self {
            input,
            size,
            stride,
            padding,
        }
    }

    fn places(&self, side: usize) -> usize {
        (side + 2 * self.padding - self.size) / self.stride + 1
    }

    /// The grid of the windows, for so many numbers each.
    fn output(&self, channels: usize) -> Grid {
        Grid {
            height: self.places(self.input.height),
            width: self.places(self.input.width),
            channels,
            ..self.input
        }
    }

    fn padded(&self, x: Matrix, fill: f64) -> Tensor<4> {
        let p = self.padding;
        let image = self.input.image(x);
        if p == 0 {
            return image;
        }
        image.pad([(0, 0), (p, p), (p, p), (0, 0)], fill)
    }

    /// What stands at each of the window's positions, row by row, each
    /// `[n, h', w', c]`.
    fn positions(&self, image: &Tensor<4>) -> Vec<Tensor<4>> {
        let (rows, columns) = (self.spans(self.input.height), self.spans(self.input.width));
        let at = |row: usize, column: usize| {
            let (down, across) = (rows[row], columns[column]);
            let stride = self.stride as i32;
            image.clone().slice(s![
                ..,
                down.0..down.1;stride,
                across.0..across.1;stride,
                ..
            ])
        };
        self.each(at)
    }

    /// The sum of `parts`, each put back to where [`Self::positions`] took it.
    fn put_back(&self, parts: Vec<Tensor<4>>) -> Matrix {
        let Grid {
            examples,
            height,
            width,
            channels,
        } = self.input;
        let (p, stride) = (self.padding, self.stride as i32);
        let mut parts = parts.into_iter();
        let like = parts.as_slice()[0].clone();
        let padded = [examples, height + 2 * p, width + 2 * p, channels];
        let mut image: Tensor<4> = Tensor::zeros(padded, (&like.device(), like.dtype()));
        let (rows, columns) = (self.spans(height), self.spans(width));
        for (down, across) in self.each(|row, column| (rows[row], columns[column])) {
            let part = parts.next().expect("a part for each position");
            let slices = s![
                ..,
                down.0..down.1;stride,
                across.0..across.1;stride,
                ..
            ];
            let sum = image.clone().slice(slices) + part;
            image = image.slice_assign(slices, sum);
        }
        let inside = image.slice(s![.., p..p + height, p..p + width, ..]);
        self.input.matrix(inside)
    }

    /// For each offset in a window, from where to where its pixels lie.
    fn spans(&self, side: usize) -> Vec<(usize, usize)> {
        let reach = (self.places(side) - 1) * self.stride + 1;
        (0..self.size).map(|k| (k, k + reach)).collect()
    }

    fn each<T>(&self, at: impl Fn(usize, usize) -> T) -> Vec<T> {
        (0..self.size)
            .flat_map(|row| (0..self.size).map(move |column| (row, column)))
            .map(|(row, column)| at(row, column))
            .collect()
    }
}

/// The neighbourhood of every pixel that a window with a stride stands at,
/// `[n·h'·w', size²·c]`, columns ordered (row, column, channel): a convolution
/// of any stride is these times its weight.
#[derive(Clone, Copy, Debug)]
pub struct Patches(Window);

impl Patches {
    /// Of images that are first surrounded by `padding` zeros.
    ///
    /// # Panics
    /// If a window could lie in the zeros alone, or does not move.
    pub fn new(input: Grid, size: usize, stride: usize, padding: usize) -> Self {
        Self(Window::new(input, size, stride, padding))
    }

    /// The grid of the windows, for so many numbers each.
    pub fn output(&self, channels: usize) -> Grid {
        self.0.output(channels)
    }
}

impl Map for Patches {
    fn push(&self, x: Matrix) -> Matrix {
        let Window { input, size, .. } = self.0;
        let parts = self.0.positions(&self.0.padded(x, 0.0));
        let all = Tensor::cat(parts, 3);
        self.output(size * size * input.channels).matrix(all)
    }

    fn pull(&self, y: Matrix) -> Matrix {
        let Window { input, size, .. } = self.0;
        let image = self.output(size * size * input.channels).image(y);
        self.0.put_back(image.chunk(size * size, 3))
    }
}

/// The largest in each place of a moving window, the first where several are
/// equal.
pub struct Winners {
    window: Window,
    /// Which of the window's positions wins, `[n, h', w', c]`.
    which: Tensor<4, Int>,
}

impl Winners {
    /// Pooling of images whose winners are those of `value`; what surrounds
    /// them never wins.
    ///
    /// # Panics
    /// If a window could lie outside, or does not move.
    pub fn new(input: Grid, [size, stride, padding]: [usize; 3], value: &Matrix) -> Self {
        let window = Window::new(input, size, stride, padding);
        let padded = window.padded(value.clone(), f64::NEG_INFINITY);
        let all: Tensor<5> = Tensor::stack(window.positions(&padded), 4);
        let which = all.argmax(4).squeeze_dim(4);
        Self { window, which }
    }

    /// The grid of the result.
    pub fn output(&self) -> Grid {
        self.window.output(self.window.input.channels)
    }

    fn which(&self) -> Tensor<5, Int> {
        self.which.clone().unsqueeze_dim(4)
    }
}

impl Map for Winners {
    fn push(&self, x: Matrix) -> Matrix {
        let positions = self.window.positions(&self.window.padded(x, 0.0));
        let all: Tensor<5> = Tensor::stack(positions, 4);
        let picked: Tensor<4> = all.gather(4, self.which()).squeeze_dim(4);
        self.output().matrix(picked)
    }

    fn pull(&self, y: Matrix) -> Matrix {
        let positions = self.window.size * self.window.size;
        let y: Tensor<5> = self.output().image(y).unsqueeze_dim(4);
        let [n, h, w, c, _] = y.dims();
        let none: Tensor<5> = Tensor::zeros([n, h, w, c, positions], (&y.device(), y.dtype()));
        let all = none.scatter(4, self.which(), y, IndexingUpdateOp::Add);
        let parts = all.chunk(positions, 4);
        let parts = parts.into_iter().map(|part| part.squeeze_dim(4));
        self.window.put_back(parts.collect())
    }

    fn numbers(&self) -> usize {
        self.which.dims().iter().product()
    }
}

/// The mean over `size` × `size` blocks of pixels; rows and columns left over
/// are left out.
#[derive(Clone, Copy, Debug)]
pub struct AveragePool {
    window: Window,
}

impl AveragePool {
    /// Over blocks of `size` pixels a side.
    ///
    /// # Panics
    /// If `size` is 0.
    pub fn new(input: Grid, size: usize) -> Self {
        Self {
            window: Window::new(input, size, size, 0),
        }
    }

    /// The grid of the result.
    pub fn output(&self) -> Grid {
        self.window.output(self.window.input.channels)
    }

    fn share(&self) -> f64 {
        1.0 / (self.window.size * self.window.size) as f64
    }
}

impl Map for AveragePool {
    fn push(&self, x: Matrix) -> Matrix {
        let positions = self.window.positions(&self.window.input.image(x));
        let sum = positions.into_iter().reduce(|a, b| a + b);
        let sum = sum.expect("a window holds a pixel");
        self.output().matrix(sum.mul_scalar(self.share()))
    }

    fn pull(&self, y: Matrix) -> Matrix {
        let part = self.output().image(y).mul_scalar(self.share());
        let positions = self.window.size * self.window.size;
        self.window.put_back(vec![part; positions])
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
