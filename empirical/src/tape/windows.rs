//! Maps of images through windows that move over them: neighbourhoods and
//! pooling.

use burn::tensor::{IndexingUpdateOp, Int, Slice, Tensor, s};

use super::{Grid, Map, Matrix};

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
        let places = self.slices().into_iter();
        places.map(|place| image.clone().slice(place)).collect()
    }

    /// The sum of `parts`, each put back to where [`Self::positions`] took it.
    fn put_back(&self, parts: Vec<Tensor<4>>) -> Matrix {
        let Grid {
            examples,
            height,
            width,
            channels,
        } = self.input;
        let p = self.padding;
        let padded = [examples, height + 2 * p, width + 2 * p, channels];
        let like = (&parts[0].device(), parts[0].dtype());
        let mut image: Tensor<4> = Tensor::zeros(padded, like);
        for (place, part) in self.slices().into_iter().zip(parts) {
            let sum = image.clone().slice(place) + part;
            image = image.slice_assign(place, sum);
        }
        let inside = image.slice(s![.., p..p + height, p..p + width, ..]);
        self.input.matrix(inside)
    }

    /// Where the pixels of each of the window's positions lie, row by row.
    fn slices(&self) -> Vec<[Slice; 4]> {
        let stride = self.stride as i32;
        let reach = |side: usize| (self.places(side) - 1) * self.stride + 1;
        let (down, across) = (reach(self.input.height), reach(self.input.width));
        (0..self.size)
            .flat_map(|row| (0..self.size).map(move |column| (row, column)))
            .map(|(row, column)| {
                s![
                    ..,
                    row..row + down;stride,
                    column..column + across;stride,
                    ..
                ]
            })
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
