//! Data: labelled images from the built-in set or from official files.
//!
//! | stage | module |
//! |---|---|
//! | which data sets there are | [`catalog`] |
//! | where their files are looked for | [`search`] |
//! | reading and validating them | `idx`, `cifar` |
//! | getting them from their official addresses | [`fetch`] |
//! | checking every file, with checksums | [`check`] |
//!
//! [`load`] is all that training and measuring need. Nothing here knows Burn:
//! images are bytes until [`Images::scaled`] makes numbers of them.

pub mod catalog;
mod cifar;
mod embedded;
mod error;
mod files;
mod idx;
mod images;
pub mod search;

use std::path::{Path, PathBuf};

pub use catalog::EMBEDDED;
pub use error::{DataError, FormatProblem, ImagesError};
pub use images::Images;

use catalog::{Entry, Layout};
use search::Search;

/// A data set, loaded.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// Its name in the catalog.
    pub name: &'static str,
    /// Where it came from.
    pub source: Source,
    /// The training examples, in the order of the official files.
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

/// Loads the data set `name`: the built-in one, or the files found in
/// `data_dir`, in `BREAKEVEN_DATA` or in the platform's data folder, in this
/// order. All training examples found are used; the test part is optional.
///
/// # Errors
/// An unknown name, files that are not found, and files that are not what
/// they should be; every message names the offender and the remedy.
pub fn load(name: &str, data_dir: Option<&Path>) -> Result<DataSet, DataError> {
    load_entry(catalog::find(name)?, &Search::new(data_dir)?)
}

pub(crate) fn load_entry(entry: &'static Entry, search: &Search) -> Result<DataSet, DataError> {
    let (source, files) = match entry.layout {
        Layout::Embedded => (Source::Embedded, embedded::files()),
        Layout::Idx | Layout::Cifar => {
            let folder = search.folder_of(entry)?;
            let files = files::in_folder(entry, &folder);
            (Source::Folder(folder), files)
        }
    };
    let (train, validation) = match entry.layout {
        Layout::Embedded | Layout::Idx => idx::read(entry, &files)?,
        Layout::Cifar => cifar::read(entry, &files)?,
    };
    Ok(DataSet {
        name: entry.name,
        source,
        train,
        validation,
    })
}
