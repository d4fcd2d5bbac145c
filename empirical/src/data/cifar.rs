//! Reads CIFAR-10's batches. Binary ones hold one record an image: its label in
//! one byte, then 1,024 red, 1,024 green and 1,024 blue pixels, row by row;
//! those of Python's version (`pickle`) hold the same apart.

use super::bytes::Digest;
use super::catalog::{self, Entry, Part};
use super::error::{DataError, FormatProblem, ImagesError};
use super::files::{Content, Present, Problem, sha256_of};
use super::images::Images;
use super::pickle;

const SHAPE: [usize; 3] = [3, 32, 32];
pub(super) const PIXELS: usize = 3 * 32 * 32;
const RECORD: usize = 1 + PIXELS;

/// The largest batch that is read, unpacked: over two million images.
const LARGEST: u64 = 1 << 33;

/// The images of the batches of `part` that are there, in order, until there are
/// `needed`; `None` where there is none.
pub(super) fn read_part(
    entry: &Entry,
    files: &[Present],
    part: Part,
    needed: usize,
) -> Result<Option<Images>, DataError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    let batches: Vec<&Present> = files.iter().filter(|f| f.official.part == part).collect();
    for (place, file) in batches.iter().enumerate() {
        if labels.len() >= needed {
            break;
        }
        let left = batches.len() - place;
        let read = file
            .open()
            .and_then(|content| read_batch(content, left, &mut pixels, &mut labels));
        read.map_err(|problem| problem.of(entry, &file.path))?;
    }
    if labels.is_empty() {
        return Ok(None);
    }
    let images = Images::new(pixels, labels, SHAPE, catalog::CLASSES);
    images.map(Some).map_err(|error| {
        let path = &files[0].path; // there is a file: it gave labels
        Problem::from(error).of(entry, path)
    })
}

/// What a batch, as one of the binary version, is compared with the official
/// one by.
pub(super) fn digest(file: &Present) -> Result<Digest, Problem> {
    let batch = read(file.open()?)?;
    Ok(Digest {
        sha256: sha256_of(&[&batch.records]),
        bytes: batch.records.len() as u64,
        is_counted: batch.is_counted,
    })
}

/// A batch as the records of the binary version.
struct Batch {
    records: Vec<u8>,
    /// Whether the file says how many images it holds.
    is_counted: bool,
}

/// Reads a batch of either version; the first byte says which, as a label is
/// below [`pickle::FIRST`].
fn read(mut content: Content) -> Result<Batch, Problem> {
    let content = content.rest(LARGEST)?;
    if content.first() == Some(&pickle::FIRST) {
        return Ok(Batch {
            records: pickle::records(&content)?,
            is_counted: true,
        });
    }
    Ok(Batch {
        records: content,
        is_counted: false,
    })
}

/// Appends the images of one batch, where `left` batches, of about one size, are
/// still to come with it.
pub(super) fn read_batch(
    content: Content,
    left: usize,
    pixels: &mut Vec<u8>,
    labels: &mut Vec<u8>,
) -> Result<(), Problem> {
    let batch = read(content)?.records;
    let (records, rest) = batch.as_chunks::<RECORD>();
    if !rest.is_empty() {
        return Err(FormatProblem::PartialRecord {
            found: batch.len() as u64,
            record: RECORD as u64,
        }
        .into());
    }
    if records.is_empty() {
        return Err(ImagesError::Empty.into());
    }
    // The first makes room for all: growing by each would copy them over and over.
    if pixels.capacity() - pixels.len() < records.len() * PIXELS {
        pixels.reserve_exact(left * records.len() * PIXELS);
    }
    for (index, [label, image @ ..]) in records.iter().enumerate() {
        if usize::from(*label) >= catalog::CLASSES {
            return Err(ImagesError::Label {
                index,
                label: u16::from(*label),
                classes: catalog::CLASSES,
            }
            .into());
        }
        labels.push(*label);
        pixels.extend_from_slice(image);
    }
    Ok(())
}
