//! Labelled images, one byte a pixel.

use std::ops::Range;

use super::error::ImagesError;

/// Labelled images of one size, in a fixed order.
///
/// Pixels are bytes, one image after the other, each channel by channel and
/// row by row (CHW); N images hold N · channels · height · width bytes.
///
/// ```
/// use breakeven_empirical::data::Images;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Two images of 1×2 pixels, of classes 0 and 2.
/// let images = Images::new(vec![0, 255, 51, 102], vec![0_u16, 2], [1, 1, 2], 3)?;
/// assert_eq!(images.scaled_f64(0..2), [0.0, 1.0, 0.2, 0.4]);
/// assert_eq!(images.class_counts(), [1, 0, 1]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    pixels: Vec<u8>,
    labels: Vec<u16>,
    shape: [usize; 3],
    classes: usize,
    normalisation: Option<Normalisation>,
}

/// Mean and standard deviation of the channels red, green and blue, of pixels
/// in \[0, 1\]: a pixel p becomes (p − mean) / deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    /// Mean of each channel.
    pub mean: [f64; 3],
    /// Standard deviation of each channel.
    pub deviation: [f64; 3],
}

impl Normalisation {
    /// The constants of ImageNet's training images that torchvision's models
    /// are trained with, which are those of most published networks.
    pub const IMAGENET: Self = Self {
        mean: [0.485, 0.456, 0.406],
        deviation: [0.229, 0.224, 0.225],
    };

    /// The value of a pixel of a channel.
    pub(super) fn value(&self, channel: usize, pixel: u8) -> f64 {
        (f64::from(pixel) / 255.0 - self.mean[channel]) / self.deviation[channel]
    }
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
        labels: Vec<impl Into<u16>>,
        shape: [usize; 3],
        classes: usize,
    ) -> Result<Self, ImagesError> {
        let labels: Vec<u16> = labels.into_iter().map(Into::into).collect();
        if !(1..=1 << 16).contains(&classes) {
            return Err(ImagesError::Classes(classes));
        }
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
            normalisation: None,
        })
    }

    /// The same images, whose pixels are normalised where they are scaled.
    ///
    /// # Errors
    /// If they have not three channels.
    pub fn normalised(self, normalisation: Normalisation) -> Result<Self, ImagesError> {
        match self.shape[0] {
            3 => Ok(Self {
                normalisation: Some(normalisation),
                ..self
            }),
            channels => Err(ImagesError::Channels(channels)),
        }
    }

    /// How pixels are normalised where they are scaled; `None` where they stay
    /// in \[0, 1\].
    pub fn normalisation(&self) -> Option<Normalisation> {
        self.normalisation
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
    pub fn labels(&self) -> &[u16] {
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

    /// The images of `range`, scaled to \[0, 1\] (pixel / 255) and normalised
    /// where that is set, row-major `[range.len(), channels, height, width]`.
    ///
    /// # Panics
    /// If `range` reaches past the last image.
    pub fn scaled(&self, range: Range<usize>) -> Vec<f32> {
        let size = self.pixels_per_image();
        let mut scaled = Vec::with_capacity(range.len() * size);
        range.for_each(|index| self.scale_into(index, &mut scaled));
        scaled
    }

    /// The same in 64 bits.
    ///
    /// # Panics
    /// If `range` reaches past the last image.
    pub fn scaled_f64(&self, range: Range<usize>) -> Vec<f64> {
        let plane = self.shape[1] * self.shape[2];
        let one = |(position, &pixel): (usize, &u8)| match self.normalisation {
            Some(normalisation) => normalisation.value(position / plane, pixel),
            None => f64::from(pixel) / 255.0,
        };
        range
            .flat_map(|index| self.image(index).iter().enumerate().map(one))
            .collect()
    }

    /// The images at `indices`, in that order, scaled as by [`Images::scaled`],
    /// row-major `[indices.len(), channels, height, width]`.
    ///
    /// # Panics
    /// If an index is not below [`Images::len`].
    pub fn scaled_at(&self, indices: &[usize]) -> Vec<f32> {
        let mut scaled = Vec::with_capacity(indices.len() * self.pixels_per_image());
        for &index in indices {
            self.scale_into(index, &mut scaled);
        }
        scaled
    }

    fn scale_into(&self, index: usize, scaled: &mut Vec<f32>) {
        let pixels = self.image(index);
        match self.normalisation {
            Some(normalisation) => {
                let plane = self.shape[1] * self.shape[2];
                for (channel, plane) in pixels.chunks(plane).enumerate() {
                    let values = plane
                        .iter()
                        .map(|&p| normalisation.value(channel, p) as f32);
                    scaled.extend(values);
                }
            }
            None => scaled.extend(pixels.iter().map(|&pixel| scale(pixel))),
        }
    }

    /// The labels at `indices`, in that order.
    ///
    /// # Panics
    /// If an index is not below [`Images::len`].
    pub fn labels_at(&self, indices: &[usize]) -> Vec<u16> {
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
            normalisation: self.normalisation,
        })
    }

    /// How many images each class has.
    pub fn class_counts(&self) -> Vec<usize> {
        class_counts(self.labels.iter().copied(), self.classes)
    }
}

/// How many `labels`, below `classes`, are of each class.
pub(super) fn class_counts(labels: impl Iterator<Item = u16>, classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for label in labels {
        counts[usize::from(label)] += 1;
    }
    counts
}

fn scale(pixel: u8) -> f32 {
    f32::from(pixel) / 255.0
}
