//! Images in a folder for each class, read when they are needed.
//!
//! | layout | training part | validation part |
//! |---|---|---|
//! | ILSVRC | `train/CLASS/*.JPEG` | `val/CLASS/*.JPEG` |
//! | Tiny ImageNet | `train/CLASS/images/*.JPEG` | `val/images/*.JPEG` with `val/val_annotations.txt` |
//!
//! Labels number the training part's class folders in the order of their
//! names. Files are sorted by class, so each part is put into one fixed random
//! order (`order`), in which it stays.
//!
//! The shorter side of an image is brought to the size asked for, by a
//! triangle filter, and the middle of the longer one is kept. Images of the
//! right size stay as they are.

pub(super) mod listing;
pub(super) mod picture;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use breakeven_sim::meter::{Meter, Parts};
use rayon::prelude::*;

use super::catalog::{Entry, Kind};
use super::error::{DataError, ImagesError};
use super::files::Problem;
use super::images::{Images, Normalisation, class_counts};
use super::layout::{Layout, Needed, Set, Source};
use super::order::shuffle;
use super::search::Search;

/// What is looked for, in words.
const LOOKED_FOR: &str = "`train/CLASS/*.JPEG` or `train/CLASS/images/*.JPEG`";

/// The largest side that images are cut to.
const LARGEST_SIDE: usize = 1024;

/// The images of one part, on disk.
#[derive(Clone, Debug)]
pub struct ImageFolder {
    entry: &'static Entry,
    files: Vec<PathBuf>,
    labels: Vec<u16>,
    class_names: Vec<String>,
    side: usize,
}

/// The parts of a data set on disk.
#[derive(Clone, Debug)]
pub struct ImageFolders {
    /// Where they are.
    pub source: Source,
    /// Training images.
    pub train: ImageFolder,
    /// Validation images; `None` where there is no folder `val`.
    pub validation: Option<ImageFolder>,
}

/// JPEG files in a folder for each class.
#[derive(Debug)]
pub(super) struct ClassFolders;

impl Layout for ClassFolders {
    fn looked_for(&self, _: &Entry) -> String {
        LOOKED_FOR.to_owned()
    }

    fn is_in(&self, _: &Entry, folder: &Path) -> bool {
        listing::is_one(&folder.join("train"))
    }

    fn open(&self, entry: &'static Entry, search: &Search, _: Needed) -> Result<Set, DataError> {
        let Kind::Images {
            shape: [_, side, _],
        } = entry.kind
        else {
            return Err(DataError::Kind {
                name: entry.name,
                holds: entry.kind.words(),
                asked: "images",
            });
        };
        open(entry, &search.folder_of(entry)?, side).map(Set::Pictures)
    }
}

/// The images of `entry` in `folder`, cut to `side` × `side` pixels. Files are
/// listed, not read.
///
/// ```
/// use breakeven_empirical::data::{catalog, image_folder};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("breakeven-folders-{}", std::process::id()));
/// for class in ["n01", "n02"] {
///     let of_class = folder.join("train").join(class);
///     std::fs::create_dir_all(&of_class)?;
///     image::RgbImage::from_pixel(8, 8, image::Rgb([255; 3])).save(of_class.join("1.JPEG"))?;
/// }
/// let set = image_folder::open(catalog::find("tiny-imagenet")?, &folder, 4)?;
/// assert_eq!(set.train.class_names(), ["n01", "n02"]);
/// assert_eq!(set.train.shape(), [3, 4, 4]);
/// // White everywhere.
/// assert_eq!(set.train.read(0)?, [255; 3 * 4 * 4]);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Folders that cannot be listed or hold no images, annotations that do not
/// go with the images, and a side of zero pixels or of more than 1,024.
pub fn open(entry: &'static Entry, folder: &Path, side: usize) -> Result<ImageFolders, DataError> {
    if !(1..=LARGEST_SIDE).contains(&side) {
        let detail = format!("a side of {side} pixels was asked for, expected 1 to {LARGEST_SIDE}");
        return Err(Problem::from(listing::layout(detail)).of(entry, folder));
    }
    let train_folder = folder.join("train");
    let class_names = listing::classes(entry, &train_folder)?;
    let part = |mut files: Vec<(PathBuf, u16)>| {
        shuffle(&mut files);
        let (files, labels) = files.into_iter().unzip();
        ImageFolder {
            entry,
            files,
            labels,
            class_names: class_names.clone(),
            side,
        }
    };
    let train = listing::in_classes(entry, &train_folder, &class_names)?;
    let validation = listing::validation(entry, &folder.join("val"), &class_names)?;
    Ok(ImageFolders {
        source: Source::Folder(folder.to_owned()),
        train: part(train),
        validation: validation.map(part),
    })
}

impl ImageFolder {
    /// N, at least 1.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// The data set's name in the catalog.
    pub fn name(&self) -> &'static str {
        self.entry.name
    }

    /// \[channels, height, width\] of what [`ImageFolder::read`] gives.
    pub fn shape(&self) -> [usize; 3] {
        [3, self.side, self.side]
    }

    /// Pixels of one image: channels · height · width.
    pub fn pixels_per_image(&self) -> usize {
        self.shape().iter().product()
    }

    /// The label of each image.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// Names of the classes' folders, by label.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The file of image `index`.
    ///
    /// # Panics
    /// If there is no image `index`.
    pub fn file(&self, index: usize) -> &Path {
        &self.files[index]
    }

    /// How many images each class has.
    pub fn class_counts(&self) -> Vec<usize> {
        class_counts(self.labels.iter().copied(), self.class_names.len())
    }

    /// The pixels of image `index`, channel by channel and row by row (CHW).
    ///
    /// # Errors
    /// If the file cannot be read or is no whole image.
    ///
    /// # Panics
    /// If there is no image `index`.
    pub fn read(&self, index: usize) -> Result<Vec<u8>, DataError> {
        let path = &self.files[index];
        picture::read(path, self.side).map_err(|problem| problem.of(self.entry, path))
    }

    /// The first `count` images in memory, decoded on all threads of the current
    /// pool, to be normalised with [`Normalisation::IMAGENET`].
    ///
    /// # Errors
    /// As for [`ImageFolder::read`], and if `count` is 0 or there are fewer.
    pub fn load(&self, count: usize) -> Result<Images, DataError> {
        if count == 0 || count > self.len() {
            let (asked, available) = (count, self.len());
            return Err(self.wrong(ImagesError::Subset { asked, available }));
        }
        let size = self.pixels_per_image();
        let mut pixels = vec![0; count * size];
        let images = pixels.par_chunks_mut(size).enumerate();
        images.try_for_each(|(index, image)| {
            image.copy_from_slice(&self.read(index)?);
            Ok(())
        })?;
        self.images(pixels, self.labels[..count].to_vec())
    }

    /// The images at `indices`, in that order, decoded one after the other, to
    /// be normalised with [`Normalisation::IMAGENET`].
    ///
    /// # Errors
    /// As for [`ImageFolder::read`], and if there are no indices.
    ///
    /// # Panics
    /// If an index is not below [`ImageFolder::len`].
    pub fn at(&self, indices: &[usize]) -> Result<Images, DataError> {
        let mut pixels = Vec::with_capacity(indices.len() * self.pixels_per_image());
        for &index in indices {
            pixels.extend(self.read(index)?);
        }
        let labels = indices.iter().map(|&index| self.labels[index]);
        self.images(pixels, labels.collect())
    }

    fn images(&self, pixels: Vec<u8>, labels: Vec<u16>) -> Result<Images, DataError> {
        Images::new(pixels, labels, self.shape(), self.class_names.len())
            .and_then(|images| images.normalised(Normalisation::IMAGENET))
            .map_err(|error| self.wrong(error))
    }

    /// An error of all images together, which names their folder.
    fn wrong(&self, error: ImagesError) -> DataError {
        let folder = self.files[0].parent().unwrap_or(Path::new("")); // there is an image
        Problem::from(error).of(self.entry, folder)
    }

    /// Decodes each of the first `count` images, on the threads of the current
    /// pool, and keeps none; `meter` counts them.
    ///
    /// # Errors
    /// As for [`ImageFolder::read`], for an image that is not in order.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn verify(&self, count: usize, meter: &Meter) -> Result<(), DataError> {
        meter.begin("decoding each picture once", Parts::Exactly(count as u64));
        let indices = (0..count).into_par_iter();
        indices.try_for_each(|index| {
            self.read(index)?;
            meter.advance(1);
            Ok(())
        })
    }
}
