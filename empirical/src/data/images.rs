//! Labelled images, one byte a pixel.

use std::ops::Range;

use super::error::ImagesError;

/// Labelled images of one size, in a fixed order.
///
/// Pixels are bytes, one image after the other, each channel by channel and
/// row by row (CHW); N images hold N · channels · height · width bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    shape: [usize; 3],
    classes: usize,
}

impl Images {
    /// Images with `pixels` in CHW order, `shape` = \[channels, height, width\]
    /// and `labels` below `classes`.
    ///
    /// # Errors
    /// No image, an empty shape, more or fewer pixels than labels ask for, or
    /// a label out of range.
    pub fn new(
        pixels: Vec<u8>,
        labels: Vec<u8>,
        shape: [usize; 3],
        classes: usize,
    ) -> Result<Self, ImagesError> {
        if labels.is_empty() {
            return Err(ImagesError::Empty);
        }
        if shape.contains(&0) {
            return Err(ImagesError::EmptyShape { shape });
        }
        let expected = shape
            .iter()
            .try_fold(labels.len(), |size, side| size.checked_mul(*side));
        if expected != Some(pixels.len()) {
            return Err(ImagesError::Pixels {
                found: pixels.len(),
                images: labels.len(),
                shape,
            });
        }
        if let Some(index) = labels.iter().position(|&l| usize::from(l) >= classes) {
            return Err(ImagesError::Label {
                index,
                label: labels[index],
                classes,
            });
        }
        Ok(Self {
            pixels,
            labels,
            shape,
            classes,
        })
    }

    /// N, at least 1.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// \[channels, height, width\].
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Pixels of one image: channels · height · width.
    pub fn pixels_per_image(&self) -> usize {
        self.shape.iter().product()
    }

    /// Number of classes; labels are below it.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The label of each image.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// All pixels as they were read, `[n, channels, height, width]`.
    pub fn bytes(&self) -> &[u8] {
        &self.pixels
    }

    /// The pixels of image `index` as they were read, `[channels, height, width]`.
    ///
    /// # Panics
    /// If there is no image `index`.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.pixels_per_image();
        &self.pixels[index * size..(index + 1) * size]
    }

    /// The images of `range`, scaled to \[0, 1\] (pixel / 255), row-major
    /// `[range.len(), channels, height, width]`.
    ///
    /// # Panics
    /// If `range` reaches past the last image.
    pub fn scaled(&self, range: Range<usize>) -> Vec<f32> {
        let size = self.pixels_per_image();
        self.pixels[range.start * size..range.end * size]
            .iter()
            .map(|&pixel| scale(pixel))
            .collect()
    }

    /// The images at `indices`, in that order, scaled to \[0, 1\] (pixel / 255),
    /// row-major `[indices.len(), channels, height, width]`.
    ///
    /// # Panics
    /// If an index is not below [`Images::len`].
    pub fn scaled_at(&self, indices: &[usize]) -> Vec<f32> {
        let mut scaled = Vec::with_capacity(indices.len() * self.pixels_per_image());
        for &index in indices {
            scaled.extend(self.image(index).iter().map(|&pixel| scale(pixel)));
        }
        scaled
    }

    /// The labels at `indices`, in that order.
    ///
    /// # Panics
    /// If an index is not below [`Images::len`].
    pub fn labels_at(&self, indices: &[usize]) -> Vec<u8> {
        indices.iter().map(|&index| self.labels[index]).collect()
    }

    /// The first `n` images.
    ///
    /// # Errors
    /// If `n` is 0 or there are fewer.
    pub fn first(&self, n: usize) -> Result<Self, ImagesError> {
        if n == 0 || n > self.len() {
            return Err(ImagesError::Subset {
                asked: n,
                available: self.len(),
            });
        }
        Ok(Self {
            pixels: self.pixels[..n * self.pixels_per_image()].to_vec(),
            labels: self.labels[..n].to_vec(),
            shape: self.shape,
            classes: self.classes,
        })
    }

    /// How many images each class has.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        for &label in &self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }
}

fn scale(pixel: u8) -> f32 {
    f32::from(pixel) / 255.0
}
