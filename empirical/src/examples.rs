//! Examples on a device.

use burn::tensor::{Int, Tensor, TensorData};

use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use crate::compute::{Compute, Precision};
use crate::data::Images;
use crate::tape::{Matrix, Targets};

/// Examples on a device: pixels in \[0, 1\] and true classes.
#[derive(Clone, Debug)]
pub struct Examples {
    /// `[n, channels · height · width]`.
    pixels: Matrix,
    /// Rows of zeros and a one, `[n, classes]`.
    targets: Matrix,
}

impl Examples {
    /// The first `count` of `images`, each pixel divided by 255 in the precision
    /// of `compute`.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn first(images: &Images, count: usize, compute: &Compute) -> Self {
        let shape = [count, images.pixels_per_image()];
        let pixels = match compute.precision() {
            Precision::F32 => compute.matrix_f32(images.scaled(0..count), shape),
            Precision::F64 => {
                let bytes = &images.bytes()[..shape[0] * shape[1]];
                let scaled: Vec<f64> = bytes.iter().map(|&b| f64::from(b) / 255.0).collect();
                compute.matrix(&scaled, shape)
            }
        };
        Self::new(pixels, &images.labels()[..count], images.classes(), compute)
    }

    /// Examples from pixels `[n, features]` and one label below `classes` each.
    pub fn new(pixels: Matrix, labels: &[u8], classes: usize, compute: &Compute) -> Self {
        let mut targets = vec![0.0; labels.len() * classes];
        for (row, &label) in targets.chunks_mut(classes).zip(labels) {
            row[usize::from(label)] = 1.0;
        }
        Self {
            pixels,
            targets: compute.matrix_f32(targets, [labels.len(), classes]),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pixels.dims()[0]
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `[n, features]`.
    pub fn pixels(&self) -> &Matrix {
        &self.pixels
    }

    /// The same examples with these pixels.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn with_pixels(self, pixels: Matrix) -> Self {
        assert_eq!(pixels.dims()[0], self.len(), "one row an example");
        Self { pixels, ..self }
    }

    /// True classes.
    pub fn targets(&self) -> Targets {
        Targets(self.targets.clone())
    }

    /// The examples at `indices`, in that order.
    pub fn select(&self, indices: &[usize]) -> Self {
        let indices: Vec<i32> = indices
            .iter()
            .map(|&k| i32::try_from(k).expect("data sets hold fewer than 2³¹ examples"))
            .collect();
        let count = indices.len();
        let indices: Tensor<1, Int> =
            Tensor::from_data(TensorData::new(indices, [count]), &self.pixels.device());
        Self {
            pixels: self.pixels.clone().select(0, indices.clone()),
            targets: self.targets.clone().select(0, indices),
        }
    }

    /// `count` different examples, drawn at random.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn sample(&self, count: usize, rng: &mut ChaCha8Rng) -> Self {
        self.select(&index::sample(rng, self.len(), count).into_vec())
    }

    /// `count` examples from the one numbered `first`.
    pub fn range(&self, first: usize, count: usize) -> Self {
        Self {
            pixels: self.pixels.clone().narrow(0, first, count),
            targets: self.targets.clone().narrow(0, first, count),
        }
    }
}
