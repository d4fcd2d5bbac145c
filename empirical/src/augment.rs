//! Examples as one mini-batch sees them: shifted and mirrored images.
//!
//! What is done to an example depends on the run's seed, the epoch and the
//! example's number among all N alone: not on the batch that it is in, nor on
//! what was drawn before.

use burn::tensor::{Int, Tensor, TensorData};
use rand::Rng;

use crate::random::{Purpose, stream};
use crate::tape::Matrix;

/// Pixels of zeros on each side.
pub const PADDING: usize = 4;

/// What is done to one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    /// The first row of the padded image that is kept, up to twice
    /// [`PADDING`]; the image itself begins at [`PADDING`].
    pub row: usize,
    /// The first column.
    pub column: usize,
    /// Whether what is kept is mirrored, left to right.
    pub mirrored: bool,
}

impl Crop {
    /// The image as it is.
    pub const IDENTITY: Self = Self {
        row: PADDING,
        column: PADDING,
        mirrored: false,
    };

    /// That of the example numbered `example` in `epoch` of a run: every place
    /// alike, mirrored half of the time.
    pub fn drawn(seed: u64, epoch: u64, example: usize) -> Self {
        let mut rng = stream(seed, Purpose::Augmentation, epoch);
        rng.set_stream(example as u64);
        Self {
            row: rng.random_range(0..=2 * PADDING),
            column: rng.random_range(0..=2 * PADDING),
            mirrored: rng.random(),
        }
    }

    /// For each pixel `[channel, row, column]` of the answer the one of the
    /// image that it shows; `outside` where that is padding.
    fn sources(self, image: [usize; 3], outside: usize) -> impl Iterator<Item = usize> {
        let [channels, height, width] = image;
        let source = move |channel: usize, row: usize, column: usize| {
            let column = if self.mirrored {
                width - 1 - column
            } else {
                column
            };
            let row = (row + self.row).checked_sub(PADDING);
            let column = (column + self.column).checked_sub(PADDING);
            match (row, column) {
                (Some(row), Some(column)) if row < height && column < width => {
                    (channel * height + row) * width + column
                }
                _ => outside,
            }
        };
        (0..channels).flat_map(move |channel| {
            (0..height)
                .flat_map(move |row| (0..width).map(move |column| source(channel, row, column)))
        })
    }
}

/// The images `[n, channels · height · width]`, cropped one by one.
///
/// ```
/// use breakeven_empirical::augment::{Crop, PADDING, cropped};
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// let images = compute.matrix(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]);
/// let mirrored = Crop { mirrored: true, ..Crop::IDENTITY };
/// let further_right = Crop { column: PADDING + 1, ..Crop::IDENTITY };
/// let seen = cropped(&images, [1, 1, 3], &[mirrored, further_right]);
/// assert_eq!(to_host(seen), [3.0, 2.0, 1.0, 5.0, 6.0, 0.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Panics
/// If there are not as many crops as images.
pub fn cropped(pixels: &Matrix, image: [usize; 3], crops: &[Crop]) -> Matrix {
    let [count, features] = pixels.dims();
    assert_eq!(count, crops.len(), "one crop an image");
    // One more column, of zeros, is what padding shows.
    let zeros = pixels.clone().narrow(1, 0, 1).zeros_like();
    let padded = Tensor::cat(vec![pixels.clone(), zeros], 1);
    let sources: Vec<i32> = crops
        .iter()
        .flat_map(|crop| crop.sources(image, features))
        .map(|place| i32::try_from(place).expect("images have fewer than 2³¹ pixels"))
        .collect();
    let sources = TensorData::new(sources, [count, features]);
    let sources: Tensor<2, Int> = Tensor::from_data(sources, &pixels.device());
    padded.gather(1, sources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::{Compute, DeviceKind, Precision, to_host};

    /// Two channels of 2 × 3 pixels.
    const IMAGE: [usize; 3] = [2, 2, 3];
    const PIXELS: [f64; 12] = [
        1.0, 2.0, 3.0, 4.0, 5.0, 6.0, //
        7.0, 8.0, 9.0, 10.0, 11.0, 12.0,
    ];

    fn shown(crops: &[Crop]) -> Vec<f64> {
        let compute = Compute::new(DeviceKind::Flex, Precision::F64).unwrap();
        let pixels = PIXELS.repeat(crops.len());
        let pixels = compute.matrix(&pixels, [crops.len(), PIXELS.len()]);
        to_host(cropped(&pixels, IMAGE, crops))
    }

    fn at(row: usize, column: usize) -> Crop {
        Crop {
            row,
            column,
            mirrored: false,
        }
    }

    #[test]
    fn the_middle_is_the_image_itself() {
        assert_eq!(shown(&[Crop::IDENTITY]), PIXELS);
    }

    #[test]
    fn a_mirror_swaps_columns() {
        let mirrored = Crop {
            mirrored: true,
            ..Crop::IDENTITY
        };
        assert_eq!(
            shown(&[mirrored]),
            [
                3.0, 2.0, 1.0, 6.0, 5.0, 4.0, //
                9.0, 8.0, 7.0, 12.0, 11.0, 10.0
            ]
        );
    }

    #[test]
    fn a_crop_at_the_side_shows_zeros() {
        // One row further up and two columns further left.
        assert_eq!(
            shown(&[at(PADDING - 1, PADDING - 2)]),
            [
                0.0, 0.0, 0.0, 0.0, 0.0, 1.0, //
                0.0, 0.0, 0.0, 0.0, 0.0, 7.0
            ]
        );
        // One row further down and one column further right, then mirrored.
        let mirrored = Crop {
            mirrored: true,
            ..at(PADDING + 1, PADDING + 1)
        };
        assert_eq!(
            shown(&[mirrored]),
            [
                0.0, 6.0, 5.0, 0.0, 0.0, 0.0, //
                0.0, 12.0, 11.0, 0.0, 0.0, 0.0
            ]
        );
        // Nothing is left of so small an image in the corners.
        let corners = [at(0, 0), at(2 * PADDING, 2 * PADDING)];
        assert_eq!(shown(&corners), [0.0; 24]);
    }

    #[test]
    fn each_image_has_its_own_crop() {
        let both = shown(&[at(PADDING, PADDING + 2), Crop::IDENTITY]);
        assert_eq!(both[..3], [3.0, 0.0, 0.0]);
        assert_eq!(both[12..], PIXELS);
    }

    #[test]
    fn crops_depend_on_seed_epoch_and_example_and_cover_every_place_alike() {
        let many = 8100;
        let drawn: Vec<Crop> = (0..many).map(|k| Crop::drawn(3, 5, k)).collect();
        for (seed, epoch) in [(4, 5), (3, 6)] {
            let other: Vec<Crop> = (0..20).map(|k| Crop::drawn(seed, epoch, k)).collect();
            assert_ne!(drawn[..20], other);
        }
        let places = 2 * PADDING + 1;
        let mut counts = vec![0.0_f64; 2 * places * places];
        for crop in drawn {
            let place = (crop.row * places + crop.column) * 2 + usize::from(crop.mirrored);
            counts[place] += 1.0;
        }
        // χ² with 161 degrees of freedom: below 261.2 but for a chance of 1e-6.
        let expected = many as f64 / counts.len() as f64;
        let chi: f64 = counts
            .iter()
            .map(|c| (c - expected).powi(2) / expected)
            .sum();
        assert!(chi < 261.2, "{chi}");
    }
}
