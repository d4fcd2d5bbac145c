//! What the rest asks of the files of a data set, however they are laid out.
//!
//! A new layout is one `impl Layout`, beside its reader, which entries of the
//! catalog name.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use super::DataSet;
use super::catalog::Entry;
use super::check::{CheckedFile, check_file};
use super::error::DataError;
use super::image_folder::ImageFolders;
use super::search::Search;
use super::text::Texts;

/// How the files of a data set are laid out.
pub(super) trait Layout: Debug + Sync {
    /// The training files that are looked for, in words.
    fn looked_for(&self, entry: &Entry) -> String;

    /// Whether `folder` holds training files of `entry`.
    fn is_in(&self, entry: &Entry, folder: &Path) -> bool;

    /// What is read of the files of `entry`, where `search` finds them: at
    /// least the examples that are needed, where there are as many.
    fn open(
        &self,
        entry: &'static Entry,
        search: &Search,
        needed: Needed,
    ) -> Result<Set, DataError>;

    /// The files of which `set` was read, compared with the official ones.
    fn check_files(&self, entry: &'static Entry, set: &Set) -> Result<Checked, DataError> {
        let files = match set {
            Set::Texts(texts) => &texts.read[..],
            Set::Images(_) | Set::Pictures(_) => &[],
        };
        let files = files.iter().filter(|path| path.is_file());
        let files = files.map(|path| check_file(entry, path).map_err(|p| p.of(entry, path)));
        Ok(Checked {
            files: files.collect::<Result<_, _>>()?,
            missing: Vec::new(),
        })
    }
}

/// The first examples of each part, so many; all where absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needed {
    /// Training examples.
    pub train: Option<usize>,
    /// Validation examples.
    pub validation: Option<usize>,
}

/// What there is of official files.
pub(super) struct Checked {
    /// Those that are there.
    pub files: Vec<CheckedFile>,
    /// The names of those that are not.
    pub missing: Vec<&'static str>,
}

/// A data set, as it was read.
#[derive(Clone, Debug)]
pub enum Set {
    /// Images in memory.
    Images(DataSet),
    /// Images in files of their own, which are read when they are needed.
    Pictures(ImageFolders),
    /// Texts.
    Texts(Texts),
}

/// Where a data set came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is part of the program.
    Embedded,
    /// The folder that holds its files.
    Folder(PathBuf),
}
