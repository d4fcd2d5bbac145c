//! Pictures on disk as examples: decoded where a network reads them, and held
//! no longer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use breakeven_sim::meter::Meter;

use crate::compute::{Compute, Precision};
use crate::data::image_folder::ImageFolder;
use crate::data::{DataError, Images};
use crate::tape::Matrix;

/// Some pictures of a folder, in some order. All selections of one stream
/// share its first failure.
///
/// ```
/// # use std::sync::Arc;
/// use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
/// use breakeven_empirical::data::{catalog, image_folder};
/// use breakeven_empirical::stream::Stream;
/// use breakeven_sim::meter::Meter;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("breakeven-stream-{}", std::process::id()));
/// # let of_class = folder.join("train/n01");
/// # std::fs::create_dir_all(&of_class)?;
/// # for name in ["1.JPEG", "2.JPEG"] {
/// #     image::RgbImage::from_pixel(2, 2, image::Rgb([255; 3])).save(of_class.join(name))?;
/// # }
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// // A folder of two white pictures, of 2×2 pixels each.
/// let set = image_folder::open(catalog::find("tiny-imagenet")?, &folder, 2)?;
/// let stream = Stream::first(Arc::new(set.train), 2, &Meter::new())?;
/// let numbers = to_host(stream.select(&[1]).decode(&compute));
/// // White is 1, less ImageNet's mean of red in units of its deviation.
/// assert_eq!(numbers.len(), 3 * 2 * 2);
/// assert!((numbers[0] - (1.0 - 0.485) / 0.229).abs() < 1e-12);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Stream {
    shared: Arc<Shared>,
    /// Their numbers in the folder.
    indices: Vec<usize>,
}

#[derive(Debug)]
struct Shared {
    folder: Arc<ImageFolder>,
    failure: OnceLock<Arc<DataError>>,
    /// The most pictures that were decoded at once.
    most: AtomicUsize,
}

impl Stream {
    /// The first `count` pictures of `folder`, each decoded once to see that it
    /// can be.
    ///
    /// # Errors
    /// If a picture cannot be read.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn first(folder: Arc<ImageFolder>, count: usize, meter: &Meter) -> Result<Self, DataError> {
        folder.verify(count, meter)?;
        Ok(Self {
            shared: Arc::new(Shared {
                folder,
                failure: OnceLock::new(),
                most: AtomicUsize::new(0),
            }),
            indices: (0..count).collect(),
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// Those at `places`, in that order; none is decoded.
    pub fn select(&self, places: &[usize]) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            indices: places.iter().map(|&place| self.indices[place]).collect(),
        }
    }

    /// `count` of them from the one numbered `first`; none is decoded.
    pub fn range(&self, first: usize, count: usize) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            indices: self.indices[first..first + count].to_vec(),
        }
    }

    /// Their numbers, `[n, channels · height · width]`. Where one cannot be read
    /// any more, the stream has failed and all are NaN: what is computed from
    /// them means nothing, and whoever keeps it asks [`Self::failure`] first.
    pub fn decode(&self, compute: &Compute) -> Matrix {
        let Shared {
            folder,
            failure,
            most,
        } = &*self.shared;
        most.fetch_max(self.len(), Ordering::Relaxed);
        match folder.at(&self.indices) {
            Ok(images) => pixels(&images, self.len(), compute),
            Err(error) => {
                failure.get_or_init(|| Arc::new(error));
                compute.full([self.len(), folder.pixels_per_image()], f64::NAN)
            }
        }
    }

    /// The first error that was met while pictures were decoded.
    pub fn failure(&self) -> Option<Arc<DataError>> {
        self.shared.failure.get().cloned()
    }

    /// The most pictures that were decoded at once so far.
    pub fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::Relaxed)
    }
}

/// The first `count` of `images`, each pixel divided by 255 (and normalised,
/// where the images are) in the precision of `compute`.
///
/// # Panics
/// If there are fewer.
pub(crate) fn pixels(images: &Images, count: usize, compute: &Compute) -> Matrix {
    let shape = [count, images.pixels_per_image()];
    match compute.precision() {
        Precision::F32 => compute.matrix_f32(images.scaled(0..count), shape),
        Precision::F64 => compute.matrix(&images.scaled_f64(0..count), shape),
    }
}
