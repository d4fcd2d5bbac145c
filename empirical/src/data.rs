//! Data: labelled images and texts, built in or from official files.
//!
//! | stage | module |
//! |---|---|
//! | which data sets there are | [`catalog`] |
//! | where their files are looked for | [`search`] |
//! | how their files are laid out, one `impl` a layout | `layout` |
//! | reading and validating images | `bytes`: `idx`, `cifar`, `pickle` |
//! | images in a folder for each class | [`image_folder`] |
//! | texts, and tokens made of them | [`text`] |
//! | getting them from their official addresses | [`fetch`] |
//! | checking every file, with checksums | [`check`] |
//!
//! [`open`] is all that training and measuring need, and [`encode`](text::encode) for
//! texts. Nothing here knows Burn: images are bytes until [`Images::scaled`] makes
//! numbers of them.

mod bytes;
pub mod catalog;
pub mod check;
mod cifar;
#[cfg(any(test, fuzzing))]
pub mod doors;
mod embedded;
mod error;
pub mod fetch;
mod files;
mod idx;
pub mod image_folder;
mod images;
mod layout;
mod order;
mod pickle;
pub mod search;
#[cfg(test)]
mod tests;
pub mod text;
mod tokens;

use std::path::Path;

pub use catalog::EMBEDDED;
pub use error::{DataError, FormatProblem, ImagesError};
pub use images::{Images, Normalisation};
pub use layout::{Needed, Set, Source};
pub use text::word_piece::{FILE as PIECES_FILE, TextRules};
pub use text::{Encoding, Pieces, TextPart, TextSet};
pub use tokens::{TokenParts, Tokens, TokensError};

use catalog::Entry;
use search::Search;

/// A data set of images, in memory.
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

/// Opens the data set `name`: the built-in one, or the files found in `data_dir`, in
/// `BREAKEVEN_DATA` or in the platform's data folder, in this order. Files beyond
/// the examples that are `needed` may stay unread; the test part is optional.
///
/// ```
/// use breakeven_empirical::data::{EMBEDDED, Needed, Set, open};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let Set::Images(set) = open(EMBEDDED, None, Needed::default())? else {
///     return Err("the built-in data set has images".into());
/// };
/// assert_eq!((set.train.len(), set.train.shape()), (12_000, [1, 28, 28]));
/// // Fashion-MNIST begins with an ankle boot, class 9, and two T-shirts, class 0.
/// assert_eq!(set.train.labels()[..3], [9, 0, 0]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// An unknown name, files that are not found, and files that are not what they
/// should be; every message names the offender and the remedy.
pub fn open(name: &str, data_dir: Option<&Path>, needed: Needed) -> Result<Set, DataError> {
    let entry = catalog::find(name)?;
    open_from(entry, &Search::of(entry, data_dir)?, needed)
}

/// Opens `entry` where `search` finds its files.
///
/// # Errors
/// As for [`open`].
pub fn open_from(entry: &'static Entry, search: &Search, needed: Needed) -> Result<Set, DataError> {
    entry.layout.open(entry, search, needed)
}
