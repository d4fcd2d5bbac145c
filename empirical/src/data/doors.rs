//! The readers, given bytes in place of files: for the fuzzers in `fuzz`, and
//! for tests of what they found.
//!
//! Each takes whatever it is given, and checks of what was read what everything
//! behind it counts on.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use super::catalog::{self, Entry};
use super::files::{Content, Problem};
use super::text::word_piece::WordPiece;
use super::text::{imdb, mnli};
use super::{Images, TextPart, TextRules, cifar, fetch, idx, image_folder};

/// What a reader says of input that it refuses, or how many examples it holds.
pub type Found = Result<usize, String>;

fn content(bytes: &[u8]) -> Result<Content, String> {
    Content::of_bytes(Vec::from(bytes)).map_err(words)
}

fn words(problem: Problem) -> String {
    match problem {
        Problem::Io(error) => error.to_string(),
        Problem::Format(problem) => problem.to_string(),
    }
}

fn said(error: impl Display) -> String {
    error.to_string()
}

/// A pair of IDX files.
pub fn idx(images: &[u8], labels: &[u8]) -> Found {
    let (shape, pixels) = idx::read_images(content(images)?).map_err(words)?;
    let labels = idx::read_labels(content(labels)?).map_err(words)?;
    let images = idx::assemble(Path::new("images"), shape, pixels, labels).map_err(words)?;
    checked(&images)
}

fn checked(images: &Images) -> Found {
    let shape = images.shape();
    let of_image = shape.iter().product::<usize>();
    let whole = images.len() * of_image;
    assert_eq!(images.scaled(0..images.len()).len(), whole, "{shape:?}");
    Ok(images.len())
}

/// A batch of CIFAR-10, binary or pickled.
pub fn cifar(batch: &[u8]) -> Found {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    cifar::read_batch(content(batch)?, 1, &mut pixels, &mut labels).map_err(words)?;
    assert_eq!(pixels.len(), labels.len() * cifar::PIXELS);
    let classes = catalog::CLASSES;
    assert!(labels.iter().all(|&label| usize::from(label) < classes));
    Ok(labels.len())
}

/// IMDB's reviews as JSON lines.
pub fn imdb_lines(lines: &[u8]) -> Found {
    imdb::read_lines(content(lines)?, 2)
        .map(|reviews| imdb::count(&reviews))
        .map_err(words)
}

/// IMDB's reviews as their archive.
pub fn imdb_archive(archive: &[u8]) -> Found {
    imdb::read_archive(content(archive)?)
        .map(|reviews| imdb::count(&reviews))
        .map_err(words)
}

/// MNLI's pairs in one of the three forms of their files.
pub fn mnli(form: u8, lines: &[u8]) -> Found {
    let mut part = TextPart::default();
    let mut both = super::text::Both::default();
    let content = content(lines)?;
    match form % 3 {
        0 => mnli::read_official(content, &mut part),
        1 => mnli::read_table(content, &mut part),
        _ => mnli::read_lines(content, &mut both),
    }
    .map_err(words)?;
    let parts = [part, both.train, both.validation];
    let examples = || parts.iter().flat_map(|part| &part.examples);
    assert!(examples().all(|example| example.label < 3));
    Ok(examples().count())
}

/// A vocabulary of word pieces, and a text that it encodes.
pub fn vocabulary(pieces: &[u8], text: &str) -> Found {
    let length = 16;
    let file = Path::new("vocab.txt");
    let content = Content::of_bytes(Vec::from(pieces));
    let pieces = WordPiece::of(content, file, TextRules::default()).map_err(said)?;
    let (ids, types) = pieces.encode(text, Some(text), length).map_err(said)?;
    assert!(ids.len() <= length && ids.len() == types.len());
    let size = pieces.vocabulary();
    assert!(ids.iter().all(|&id| (id as usize) < size));
    Ok(size)
}

/// A picture of at most 2¹⁶ pixels, cut to a square: a few bytes can tell of many
/// pixels, whose decoding only takes time.
pub fn picture(file: &[u8]) -> Found {
    let (side, most) = (8, 1 << 16);
    let pixels = image_folder::picture::pixels(file.to_vec(), side, most).map_err(said)?;
    assert_eq!(pixels.len(), 3 * side * side);
    Ok(1)
}

/// The classes of Tiny ImageNet's validation pictures.
pub fn annotations(lines: &[u8]) -> Found {
    let classes = ["n1", "n2"].map(str::to_owned);
    let names = ["a.JPEG", "b.JPEG", "c.JPEG"];
    let mut pictures: BTreeMap<_, _> = names.map(|name| (name.to_owned(), name.into())).into();
    let files = image_folder::listing::labelled(lines.to_vec(), &classes, &mut pictures);
    let files = files.map_err(said)?;
    assert_eq!(files.len() + pictures.len(), names.len());
    assert!(files.iter().all(|(_, label)| *label < 2));
    Ok(files.len())
}

/// The archive of `entry`, of which its official files, and nothing else, are
/// unpacked into `folder`.
pub fn archive(entry: &'static Entry, archive: &[u8], folder: &Path) -> Found {
    let wanted: Vec<_> = entry.files.iter().collect();
    let count = wanted.len();
    fetch::archive::unpack_members(content(archive)?, wanted, folder, &mut |_| ())
        .map(|()| count)
        .map_err(|fault| fault.words())
}
