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

mod listing;
mod picture;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::catalog::{Entry, Part};
use super::error::DataError;
use super::files::Problem;
use super::images::{Images, Normalisation};
use super::order::shuffle;

/// What is looked for, in words.
pub(super) const LOOKED_FOR: &str = "`train/CLASS/*.JPEG` or `train/CLASS/images/*.JPEG`";

/// The most that [`ImageFolder::load`] takes, in GiB.
const MOST_GIB: u64 = 64;

/// The largest side that images are cut to.
const LARGEST_SIDE: usize = 1024;

/// The images of one part, on disk.
#[derive(Clone, Debug)]
pub struct ImageFolder {
    name: &'static str,
    entry: &'static Entry,
    files: Vec<PathBuf>,
    labels: Vec<u16>,
    class_names: Vec<String>,
    side: usize,
}

/// The parts of a data set on disk.
#[derive(Clone, Debug)]
pub struct ImageFolders {
    /// Training images.
    pub train: ImageFolder,
    /// Validation images; `None` where there is no folder `val`.
    pub validation: Option<ImageFolder>,
}

/// Whether `folder` holds class folders with images below `train`.
pub(super) fn is_one(folder: &Path) -> bool {
    listing::is_one(&folder.join("train"))
}

/// The images of `entry` in `folder`, cut to `side` × `side` pixels. Files are
/// listed, not read.
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
            name: entry.name,
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
        train: part(train),
        validation: validation.map(part),
    })
}

impl ImageFolders {
    /// Each part that there is, by name.
    pub fn parts(&self) -> impl Iterator<Item = (Part, &ImageFolder)> {
        let validation = self.validation.iter().map(|v| (Part::Validation, v));
        std::iter::once((Part::Train, &self.train)).chain(validation)
    }
}

impl ImageFolder {
    /// N, at least 1.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// The data set's name in the catalog.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// \[channels, height, width\] of what [`ImageFolder::read`] gives.
    pub fn shape(&self) -> [usize; 3] {
        [3, self.side, self.side]
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
        let mut counts = vec![0; self.class_names.len()];
        for &label in &self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
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

    /// The images at `indices`, in that order, scaled to \[0, 1\] and
    /// normalised with [`Normalisation::IMAGENET`], row-major
    /// `[indices.len(), channels, height, width]`.
    ///
    /// # Errors
    /// As for [`ImageFolder::read`].
    ///
    /// # Panics
    /// If an index is not below [`ImageFolder::len`].
    pub fn scaled_at(&self, indices: &[usize]) -> Result<Vec<f32>, DataError> {
        let plane = self.side * self.side;
        let size = 3 * plane;
        let mut scaled = vec![0.0; indices.len() * size];
        let images = scaled.par_chunks_mut(size).zip(indices);
        images.try_for_each(|(image, &index)| {
            let pixels = self.read(index)?;
            for (position, (value, pixel)) in image.iter_mut().zip(pixels).enumerate() {
                *value = Normalisation::IMAGENET.value(position / plane, pixel) as f32;
            }
            Ok(())
        })?;
        Ok(scaled)
    }

    /// The first `count` images in memory, to be normalised with
    /// [`Normalisation::IMAGENET`].
    ///
    /// # Errors
    /// As for [`ImageFolder::read`], if `count` is 0 or there are fewer, and if
    /// they would take more than 64 GiB.
    pub fn load(&self, count: usize) -> Result<Images, DataError> {
        let wrong = |problem: Problem| {
            let path = self.files[0].parent().unwrap_or(Path::new("")); // there is an image
            problem.of(self.entry, path)
        };
        if count == 0 || count > self.len() {
            let (asked, available) = (count, self.len());
            return Err(wrong(
                super::ImagesError::Subset { asked, available }.into(),
            ));
        }
        let size = 3 * self.side * self.side;
        let gib = (count as u64).saturating_mul(size as u64) >> 30;
        if gib >= MOST_GIB {
            return Err(DataError::Memory {
                name: self.name,
                gib,
                most: MOST_GIB,
            });
        }
        let mut pixels = vec![0; count * size];
        let images = pixels.par_chunks_mut(size).enumerate();
        images.try_for_each(|(index, image)| {
            image.copy_from_slice(&self.read(index)?);
            Ok(())
        })?;
        let labels = self.labels[..count].to_vec();
        Images::new(pixels, labels, self.shape(), self.class_names.len())
            .and_then(|images| images.normalised(Normalisation::IMAGENET))
            .map_err(|error| wrong(error.into()))
    }

    /// Reads every image and keeps none.
    ///
    /// # Errors
    /// As for [`ImageFolder::read`], for the first image that is not in order.
    pub fn verify(&self) -> Result<(), DataError> {
        let indices = (0..self.len()).into_par_iter();
        indices.try_for_each(|index| self.read(index).map(drop))
    }
}
