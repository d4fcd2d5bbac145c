//! Convolutions as products of windows that overlap in memory.
//!
//! A padded image, one row a pixel, is one long row of numbers; `size` pixels
//! that stand side by side are a window of it, and the next window starts one
//! pixel later. All such windows together are a matrix whose rows share
//! memory: a view that copies nothing. A kernel of `size` rows is then `size`
//! products of such views, each a row of pixels further on. Windows that
//! reach over an edge are computed with the rest and left out.

use burn::tensor::{Device, Tensor};

use super::{Bilinear, Grid, Matrix, Share};

/// A convolution of stride 1 with a square kernel; its weight is
/// `[size²·c, m]`, rows ordered (row, column, channel of the input).
#[derive(Clone, Copy, Debug)]
pub struct Convolution {
    input: Grid,
    size: usize,
    padding: usize,
}

impl Convolution {
    /// Of images that are first surrounded by `padding` zeros.
    ///
    /// # Panics
    /// If a window could lie in the zeros alone: `padding < size`.
    pub fn new(input: Grid, size: usize, padding: usize) -> Self {
        assert!(padding < size, "a window holds at least one pixel");
        Self {
            input,
            size,
            padding,
        }
    }

    /// The grid of the result, for a weight of `channels` columns.
    pub fn output(&self, channels: usize) -> Grid {
        let padded = self.padded_grid();
        Grid {
            height: padded.height + 1 - self.size,
            width: padded.width + 1 - self.size,
            channels,
            ..padded
        }
    }

    /// The grid of the images with the zeros around them.
    fn padded_grid(&self) -> Grid {
        Grid {
            height: self.input.height + 2 * self.padding,
            width: self.input.width + 2 * self.padding,
            ..self.input
        }
    }

    /// The neighbourhood of every pixel, `[n·h'·w', size²·c]`: a copy, for
    /// what needs an example's neighbourhoods for themselves.
    fn patches(&self, a: &Matrix) -> Matrix {
        let (grid, across) = (self.padded_grid(), self.size * self.input.channels);
        let rows: Tensor<4> = grid.rows(self.padded(a)).unfold(2, across, grid.channels);
        let patches: Tensor<5> = rows.unfold(1, self.size, 1);
        let output = self.output(self.size * across);
        output.matrix(patches.permute([0, 1, 2, 4, 3]))
    }

    /// Windows of `image` times a weight, `[n·h·w, m]` for the pixels of
    /// `output`; the first starts at pixel `first`.
    fn correlate(&self, image: &Matrix, w: &Matrix, first: usize, output: Grid) -> Matrix {
        let (size, width) = (self.size, self.padded_grid().width);
        let across = size * image.dims()[1];
        let anchors = self.anchors(output);
        let sum = (0..size)
            .map(|row| {
                let weights = w.clone().narrow(0, row * across, across);
                let windows = windows(image, size, first + row * width, anchors);
                self.inside(windows.matmul(weights), output)
            })
            .reduce(|a, b| a + b)
            .expect("a kernel has a row");
        output.matrix(sum)
    }

    /// Pixels of the padded images from the first of `part` to its last.
    fn anchors(&self, part: Grid) -> usize {
        let grid = self.padded_grid();
        let rows = (part.examples - 1) * grid.height + part.height - 1;
        rows * grid.width + part.width
    }

    /// The rows of all those pixels that belong to `part`: `[n, h, w·m]`.
    fn inside(&self, x: Matrix, part: Grid) -> Tensor<3> {
        let grid = Grid {
            channels: part.channels,
            ..self.padded_grid()
        };
        let line = grid.width * part.channels;
        let lines = (part.height - 1) * line + part.width * part.channels;
        let flat: Tensor<1> = x.flatten(0, 1);
        let images: Tensor<2> = flat.unfold(0, lines, grid.height * line);
        images.unfold(1, part.width * part.channels, line)
    }

    /// The image surrounded by zeros, one row a pixel.
    fn padded(&self, a: &Matrix) -> Matrix {
        let (grid, p) = (self.padded_grid(), self.padding);
        if p == 0 {
            return a.clone();
        }
        let side = p * grid.channels;
        let image = self.input.rows(a.clone());
        grid.matrix(image.pad([(0, 0), (p, p), (side, side)], 0.0))
    }

    /// Two weights as one: at each position the rows of the first, then those of
    /// the second.
    fn alternate(&self, w: &Matrix, v: &Matrix) -> Matrix {
        let positions = self.size * self.size;
        let at_positions = |w: &Matrix| -> Tensor<3> {
            let [rows, columns] = w.dims();
            w.clone().reshape([positions, rows / positions, columns])
        };
        let both = Tensor::cat(vec![at_positions(w), at_positions(v)], 1);
        let [_, rows, columns] = both.dims();
        both.reshape([positions * rows, columns])
    }

    /// The weight with its positions in reverse and its sides exchanged:
    /// `[size²·m, c]`.
    fn turned(&self, w: &Matrix) -> Matrix {
        let (channels, [rows, m]) = (self.input.channels, w.dims());
        let positions = rows / channels;
        let w: Tensor<3> = w.clone().reshape([positions, channels, m]);
        // Two copies of simple patterns take less than one number by number.
        let exchanged: Tensor<2> = w.swap_dims(1, 2).reshape([positions, m * channels]);
        exchanged.flip([0]).reshape([positions * m, channels])
    }
}

impl Bilinear for Convolution {
    // `a`, `[n·h·w, c]`, with weight `w`, `[size²·c, m]`: `[n·h'·w', m]`.
    fn apply(&self, a: &Matrix, w: &Matrix) -> Matrix {
        let [_, channels] = w.dims();
        self.correlate(&self.padded(a), w, 0, self.output(channels))
    }

    // `a · w + b · v`: the images side by side in memory, and one product over
    // the channels of both, for half as many sums of parts.
    fn apply_both(&self, [(a, w), (b, v)]: [(&Matrix, &Matrix); 2]) -> Matrix {
        let [_, channels] = w.dims();
        let images = Tensor::cat(vec![self.padded(a), self.padded(b)], 1);
        self.correlate(&images, &self.alternate(w, v), 0, self.output(channels))
    }

    // The cotangent of each window at its last pixel, zeros elsewhere, with
    // an image of zeros behind the last: what both pulls read.
    fn cotangent(&self, c: &Matrix) -> Matrix {
        let ([_, channels], grid, reach) = (c.dims(), self.padded_grid(), self.size - 1);
        let spread = self
            .output(channels)
            .rows(c.clone())
            .pad([(0, 1), (reach, 0), (reach * channels, 0)], 0.0);
        spread.reshape([(grid.examples + 1) * grid.height * grid.width, channels])
    }

    // What the spread cotangent says of the image.
    fn pull_left(&self, spread: &Matrix, w: &Matrix) -> Matrix {
        let (grid, p) = (self.padded_grid(), self.padding);
        let first = p * (grid.width + 1);
        self.correlate(spread, &self.turned(w), first, self.input)
    }

    // The sum of what two spread cotangents say of the image, each with its
    // weight.
    fn pull_left_both(&self, [(c, w), (d, v)]: [(&Matrix, &Matrix); 2]) -> Matrix {
        let (grid, p) = (self.padded_grid(), self.padding);
        let first = p * (grid.width + 1);
        let spread = Tensor::cat(vec![c.clone(), d.clone()], 1);
        let weights = self.alternate(&self.turned(w), &self.turned(v));
        self.correlate(&spread, &weights, first, self.input)
    }

    // What the spread cotangent says of the weight.
    fn pull_right(&self, spread: &Matrix, a: &Matrix) -> Matrix {
        let (size, width) = (self.size, self.padded_grid().width);
        let (image, anchors) = (self.padded(a), self.anchors(self.output(0)));
        let c = spread.clone().narrow(0, (size - 1) * (width + 1), anchors);
        let rows = (0..size).map(|row| {
            let windows = windows(&image, size, row * width, anchors);
            windows.transpose().matmul(c.clone())
        });
        Tensor::cat(rows.collect(), 0)
    }

    fn share(&self, c: &Matrix, a: &Matrix, examples: usize) -> Option<Share> {
        Some(Share::factors(self.patches(a), c.clone(), examples))
    }

    // The neighbourhoods are the same for all.
    fn shares(&self, all: &[Matrix], a: &Matrix, examples: usize) -> Option<Vec<Share>> {
        let patches = self.patches(a);
        let of = |c: &Matrix| Share::factors(patches.clone(), c.clone(), examples);
        Some(all.iter().map(of).collect())
    }
}

/// `size` pixels from each of `count` pixels on, the first numbered `first`:
/// `[count, size·c]`, a view. Matrix products on cards refuse rows that
/// overlap: there it is a copy.
fn windows(image: &Matrix, size: usize, first: usize, count: usize) -> Matrix {
    let [_, channels] = image.dims();
    let flat: Tensor<1> = image.clone().flatten(0, 1);
    let view = flat
        .narrow(0, first * channels, (count + size - 1) * channels)
        .unfold(0, size * channels, channels);
    if view.device() == Device::flex() {
        view
    } else {
        view.mul_scalar(1.0)
    }
}
