//! Data: labelled images and texts, built in or from official files.
//!
//! | stage | module |
//! |---|---|
//! | which data sets there are | [`catalog`] |
//! | where their files are looked for | [`search`] |
//! | reading and validating images | `idx`, `cifar`, `pickle` |
//! | images in a folder for each class | [`image_folder`] |
//! | texts, and tokens made of them | [`text`] |
//! | getting them from their official addresses | [`fetch`] |
//! | checking every file, with checksums | [`check`] |
//!
//! [`load`] (for images) and [`load_text`] are all that training and measuring
//! need. Nothing here knows Burn: images are bytes until [`Images::scaled`] makes
//! numbers of them.

pub mod catalog;
pub mod check;
mod cifar;
mod embedded;
mod error;
pub mod fetch;
mod files;
mod idx;
pub mod image_folder;
mod images;
mod order;
mod pickle;
pub mod search;
#[cfg(test)]
mod tests;
pub mod text;
mod tokens;

use std::path::{Path, PathBuf};

pub use catalog::EMBEDDED;
pub use error::{DataError, FormatProblem, ImagesError};
pub use images::{Images, Normalisation};
pub use text::word_piece::{FILE as PIECES_FILE, TextRules};
pub use text::{Encoding, Pieces, TextSet, load as load_text};
pub use tokens::{TokenParts, Tokens, TokensError};

use catalog::{Entry, Kind, Layout, Part};
use files::{Present, Problem};
use search::Search;

/// A data set of images, loaded.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// Its name in the catalog.
    pub name: &'static str,
    /// Where it came from.
    pub source: Source,
    /// The training examples, in the order of the official files; those of
    /// class folders in one fixed random order.
    pub train: Images,
    /// The official test examples, which serve as validation set; `None`
    /// where the folder holds only the training part.
    pub validation: Option<Images>,
}

/// Where a data set came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is part of the program.
    Embedded,
    /// The folder that holds its files.
    Folder(PathBuf),
}

/// Loads the images of the data set `name`: the built-in ones, or the files found in
/// `data_dir`, in `BREAKEVEN_DATA` or in the platform's data folder, in this
/// order. All training examples found are used; the test part is optional.
///
/// # Errors
/// An unknown name, a data set of texts, files that are not found, and files
/// that are not what they should be; every message names the offender and the
/// remedy.
pub fn load(name: &str, data_dir: Option<&Path>) -> Result<DataSet, DataError> {
    let entry = catalog::find(name)?;
    load_from(entry, &Search::of(entry, data_dir)?)
}

/// Loads `entry` from where `search` finds its files.
///
/// # Errors
/// As for [`load`].
pub fn load_from(entry: &'static Entry, search: &Search) -> Result<DataSet, DataError> {
    match (entry.layout, entry.kind) {
        (Layout::Embedded, _) => load_bytes(entry, search, Source::Embedded),
        (Layout::Idx | Layout::Cifar, _) => {
            let folder = search.folder_of(entry)?;
            load_bytes(entry, search, Source::Folder(folder))
        }
        (
            Layout::ClassFolders,
            Kind::Images {
                shape: [_, side, _],
            },
        ) => load_folders(entry, &search.folder_of(entry)?, side),
        (_, kind) => Err(DataError::Kind {
            name: entry.name,
            holds: kind.words(),
            asked: "images",
        }),
    }
}

/// Images that come as bytes.
fn load_bytes(
    entry: &'static Entry,
    search: &Search,
    source: Source,
) -> Result<DataSet, DataError> {
    let files = present(entry, &source);
    let read = |part| match entry.layout {
        Layout::Cifar => cifar::read_part(entry, &files, part),
        _ => idx::read_part(entry, &files, part),
    };
    let train = read(Part::Train)?.ok_or_else(|| DataError::NotFound {
        name: entry.name,
        looked: search.folders(entry),
        files: files::looked_for(entry),
    })?;
    let validation = read(Part::Validation)?;
    if let Some(validation) = &validation {
        expect_shape(entry, &files, validation.shape(), train.shape())?;
    }
    Ok(DataSet {
        name: entry.name,
        source,
        train,
        validation,
    })
}

/// All images of class folders, in memory.
fn load_folders(entry: &'static Entry, folder: &Path, side: usize) -> Result<DataSet, DataError> {
    let folders = image_folder::open(entry, folder, side)?;
    let all = |part: &image_folder::ImageFolder| part.load(part.len());
    Ok(DataSet {
        name: entry.name,
        source: Source::Folder(folder.to_owned()),
        train: all(&folders.train)?,
        validation: folders.validation.as_ref().map(all).transpose()?,
    })
}

/// Both parts hold images of one shape.
fn expect_shape(
    entry: &Entry,
    files: &[Present],
    found: [usize; 3],
    expected: [usize; 3],
) -> Result<(), DataError> {
    let mut files = files.iter().filter(|f| f.official.part == Part::Validation);
    match files.next() {
        Some(file) if found != expected => {
            let problem = FormatProblem::Shape { found, expected };
            Err(Problem::from(problem).of(entry, &file.path))
        }
        _ => Ok(()),
    }
}

/// The files of `entry` that are there.
fn present(entry: &'static Entry, source: &Source) -> Vec<Present> {
    match source {
        Source::Embedded => embedded::files(),
        Source::Folder(folder) => files::in_folder(entry, folder),
    }
}
