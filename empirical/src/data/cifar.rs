//! Reads CIFAR-10's binary batches: one record an image, its label in one
//! byte, then 1,024 red, 1,024 green and 1,024 blue pixels, row by row.

use super::catalog::{self, Entry, Part};
use super::error::{DataError, FormatProblem, ImagesError};
use super::files::{Present, Problem};
use super::images::Images;

const SHAPE: [usize; 3] = [3, 32, 32];
const PIXELS: usize = 3 * 32 * 32;
const RECORD: usize = 1 + PIXELS;

/// The images of all batches of `part` that are there, in order; `None` where
/// there is none.
pub(super) fn read_part(
    entry: &Entry,
    files: &[Present],
    part: Part,
) -> Result<Option<Images>, DataError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for file in files.iter().filter(|f| f.official.part == part) {
        read_batch(file, &mut pixels, &mut labels).map_err(|p| p.of(entry, &file.path))?;
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

/// Appends the images of one batch.
fn read_batch(file: &Present, pixels: &mut Vec<u8>, labels: &mut Vec<u8>) -> Result<(), Problem> {
    let batch = file.open()?.rest()?;
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
    pixels.reserve_exact(records.len() * PIXELS);
    for (index, [label, image @ ..]) in records.iter().enumerate() {
        if usize::from(*label) >= catalog::CLASSES {
            return Err(ImagesError::Label {
                index,
                label: *label,
                classes: catalog::CLASSES,
            }
            .into());
        }
        labels.push(*label);
        pixels.extend_from_slice(image);
    }
    Ok(())
}
