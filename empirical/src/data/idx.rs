//! Reads images and labels from IDX files: a magic number, the sides as
//! big-endian 32-bit numbers, then the bytes, last side fastest.

use std::path::Path;

use super::bytes::Digest;
use super::catalog::{self, Entry, Part};
use super::error::{DataError, FormatProblem, ImagesError};
use super::files::{Content, Present, Problem, sha256_of};
use super::images::Images;

/// The largest image side that is read.
const LARGEST_SIDE: u32 = 1024;

/// The two kinds of file: unsigned bytes in one and in three dimensions.
const LABELS: u32 = 0x0801;
const IMAGES: u32 = 0x0803;

/// The images of `part` with their labels; `None` where both files are missing.
pub(super) fn read_part(
    entry: &Entry,
    files: &[Present],
    part: Part,
    _: usize,
) -> Result<Option<Images>, DataError> {
    let present: Vec<_> = files.iter().filter(|f| f.official.part == part).collect();
    match present[..] {
        [] => Ok(None),
        [images, labels] => read_pair(entry, images, labels).map(Some),
        [one, ..] => {
            let mut official = entry.files.iter().filter(|f| f.part == part);
            let other = official.find(|f| f.name != one.official.name);
            Err(DataError::HalfAPair {
                name: entry.name,
                missing: one.path.with_file_name(other.map_or("", |f| f.name)),
                present: one.path.clone(),
            })
        }
    }
}

/// What a file is compared with the official one by.
pub(super) fn digest(file: &Present) -> Result<Digest, Problem> {
    let (sha256, bytes) = file.open()?.sha256()?;
    Ok(Digest {
        sha256,
        bytes,
        is_counted: true,
    })
}

fn read_pair(entry: &Entry, images: &Present, labels: &Present) -> Result<Images, DataError> {
    let image_data = images.open().and_then(read_images);
    let (shape, pixels) = image_data.map_err(|problem| problem.of(entry, &images.path))?;
    let label_data = labels.open().and_then(read_labels);
    let pair = label_data.and_then(|labels| {
        refuse_other_data_set(entry, &labels)?;
        assemble(&images.path, shape, pixels, labels)
    });
    pair.map_err(|problem| problem.of(entry, &labels.path))
}

/// \[channels, height, width\] and pixels of an images file.
pub(super) fn read_images(mut content: Content) -> Result<([usize; 3], Vec<u8>), Problem> {
    expect_magic(&mut content, IMAGES, "images: bytes in 3 dimensions")?;
    let count = content.take_u32()?;
    if count == 0 {
        return Err(ImagesError::Empty.into());
    }
    let [height, width] = [content.take_u32()?, content.take_u32()?];
    if [height, width]
        .iter()
        .any(|side| !(1..=LARGEST_SIDE).contains(side))
    {
        return Err(FormatProblem::Dimensions {
            height,
            width,
            largest: LARGEST_SIDE,
        }
        .into());
    }
    // at most 2^32 · 2^20
    let pixels = content.take(u64::from(count) * u64::from(height) * u64::from(width))?;
    content.end()?;
    Ok(([1, height as usize, width as usize], pixels))
}

/// The labels of a labels file.
pub(super) fn read_labels(mut content: Content) -> Result<Vec<u8>, Problem> {
    expect_magic(&mut content, LABELS, "labels: bytes in 1 dimension")?;
    let count = content.take_u32()?;
    let labels = content.take(u64::from(count))?;
    content.end()?;
    Ok(labels)
}

fn expect_magic(content: &mut Content, expected: u32, what: &'static str) -> Result<(), Problem> {
    let found = content.take_u32()?;
    if found != expected {
        return Err(FormatProblem::Magic {
            found,
            expected,
            what,
        }
        .into());
    }
    Ok(())
}

pub(super) fn assemble(
    images_file: &Path,
    shape: [usize; 3],
    pixels: Vec<u8>,
    labels: Vec<u8>,
) -> Result<Images, Problem> {
    let images = pixels.len() / shape.iter().product::<usize>(); // sides are at least 1
    if images != labels.len() {
        return Err(FormatProblem::Counts {
            labels: labels.len(),
            images,
            images_file: images_file.to_owned(),
        }
        .into());
    }
    Ok(Images::new(pixels, labels, shape, catalog::CLASSES)?)
}

/// MNIST and Fashion-MNIST have the same file names: official labels of the
/// one under the name of the other are refused.
fn refuse_other_data_set(entry: &Entry, labels: &[u8]) -> Result<(), FormatProblem> {
    let others = catalog::all()
        .iter()
        .filter(|other| !other.is_built_in() && other.name != entry.name);
    let count = u32::try_from(labels.len()).unwrap_or(u32::MAX);
    for other in others {
        let mut files = other
            .files
            .iter()
            .filter(|f| f.bytes == labels.len() as u64 + 8);
        if files
            .any(|f| f.sha256 == sha256_of(&[&LABELS.to_be_bytes(), &count.to_be_bytes(), labels]))
        {
            return Err(FormatProblem::OtherDataSet {
                found: other.name,
                expected: entry.name,
            });
        }
    }
    Ok(())
}
