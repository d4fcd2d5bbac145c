//! The data sets that there are: names, files, checksums, addresses.
//!
//! A checksum is the SHA-256 of a file's content, unpacked, so that it holds
//! for raw and for compressed files, whoever compressed them. The files of
//! which they were taken had the MD5 sums that the data sets' authors publish
//! (`docs/data.md`).

mod folders;
mod images;
mod texts;

pub(super) use texts::RELATIONS;

use super::error::DataError;
use super::layout::Layout;

/// The name of the built-in images.
pub const EMBEDDED: &str = "fashion-mnist-12k";

/// One data set.
#[derive(Debug)]
pub struct Entry {
    /// What commands and configurations call it.
    pub name: &'static str,
    /// What it is, in words.
    pub title: &'static str,
    /// Its licence, or the terms that its authors state.
    pub licence: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Number of classes of the official examples.
    pub classes: usize,
    /// What the labels 0, 1, … mean; empty where the names are those of folders.
    pub class_names: &'static [&'static str],
    /// Official examples, training part and test part.
    pub counts: [usize; 2],
    /// How the files are laid out.
    pub(super) layout: &'static dyn Layout,
    /// The official files: the training part's, then the test part's.
    pub files: &'static [OfficialFile],
    /// Folders within a data folder that the files may lie in: those that the
    /// archives and torchvision make.
    pub folders: &'static [&'static str],
    /// Where the official files come from.
    pub origin: Origin,
}

/// Classes of the data sets in IDX files and in CIFAR-10's batches.
pub const CLASSES: usize = 10;

/// What a data set holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Images.
    Images {
        /// \[channels, height, width\] of the official images, or of those
        /// that are made of images of many sizes.
        shape: [usize; 3],
    },
    /// Texts.
    Texts {
        /// Tokens that are kept of each.
        length: usize,
    },
    /// Pairs of texts.
    Pairs {
        /// Tokens that are kept of each pair.
        length: usize,
    },
}

impl Kind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Images { .. } => "images",
            Self::Texts { .. } => "texts",
            Self::Pairs { .. } => "pairs of texts",
        }
    }
}

/// The part of a data set that a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Training examples.
    Train,
    /// The official test examples, used as validation set.
    Validation,
}

/// One official file.
#[derive(Debug)]
pub struct OfficialFile {
    /// Its name, without `.gz`.
    pub name: &'static str,
    /// The part that it belongs to.
    pub part: Part,
    /// Examples in it.
    pub examples: usize,
    /// Bytes of its content, unpacked.
    pub bytes: u64,
    /// SHA-256 of its content, unpacked, in lower-case hexadecimal.
    pub sha256: &'static str,
}

/// Where official files come from.
#[derive(Debug)]
pub enum Origin {
    /// They are part of the program.
    Embedded,
    /// Each file for itself, as `address/NAME.gz`.
    Files {
        /// The official address, without the file's name.
        address: &'static str,
        /// Bytes to transfer, all files together.
        transfer: u64,
    },
    /// One compressed archive, which is read as it is.
    Whole {
        /// The official address, without the archive's name.
        address: &'static str,
        /// The archive's name.
        archive: &'static str,
        /// SHA-256 of the archive itself, in lower-case hexadecimal.
        sha256: &'static str,
        /// Bytes of the archive.
        transfer: u64,
    },
    /// Whoever uses them gets and unpacks them.
    ByHand {
        /// How, in words that go on after "`name` is not fetched: ".
        how: &'static str,
    },
    /// All files in one compressed archive.
    Archive {
        /// The official address, without the archive's name.
        address: &'static str,
        /// The archive's name.
        archive: &'static str,
        /// The folder in it that holds the files.
        folder: &'static str,
        /// Bytes to transfer.
        transfer: u64,
    },
}

impl Entry {
    /// Official examples of `part`.
    pub fn examples(&self, part: Part) -> usize {
        match part {
            Part::Train => self.counts[0],
            Part::Validation => self.counts[1],
        }
    }

    /// Whether it is part of the program.
    pub fn is_built_in(&self) -> bool {
        matches!(self.origin, Origin::Embedded)
    }
}

/// All data sets, the built-in one first.
pub fn all() -> &'static [Entry] {
    &CATALOG
}

/// How the official files of `name` are had, in words; for messages.
pub(super) fn remedy(name: &str) -> String {
    let origin = CATALOG
        .iter()
        .find(|e| e.name == name)
        .map(|entry| &entry.origin);
    match origin {
        Some(Origin::ByHand { how }) => format!("the official files: {how}"),
        Some(Origin::Embedded) => format!("`{name}` is part of the program: report this"),
        _ => format!("`breakeven data fetch {name}` gets the official files"),
    }
}

/// The data set called `name`.
///
/// ```
/// use breakeven_empirical::data::catalog::{Part, find};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mnist = find("mnist")?;
/// assert_eq!(mnist.examples(Part::Train), 60_000);
/// assert_eq!(mnist.examples(Part::Validation), 10_000);
/// assert!(find("mnits").is_err());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// No data set has this name; the message lists those that exist.
pub fn find(name: &str) -> Result<&'static Entry, DataError> {
    CATALOG.iter().find(|e| e.name == name).ok_or_else(|| {
        let known: Vec<_> = CATALOG.iter().map(|e| format!("`{}`", e.name)).collect();
        DataError::UnknownName {
            name: name.to_owned(),
            known: known.join(", "),
        }
    })
}

static CATALOG: [Entry; 9] = [
    images::FASHION_MNIST_12K,
    images::FASHION_MNIST,
    images::MNIST,
    images::CIFAR10,
    texts::SNLI_600,
    texts::IMDB,
    texts::MNLI,
    folders::TINY_IMAGENET,
    folders::IMAGENET,
];
