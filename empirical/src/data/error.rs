//! What can be wrong with data.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::catalog::remedy;
use super::tokens::TokensError;

/// Why a data set could not be loaded.
#[derive(Debug, Error)]
pub enum DataError {
    /// No data set has this name.
    #[error("no data set is called `{name}`; there are {known}")]
    UnknownName {
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// The folder that was named does not exist.
    #[error(
        "the data folder {} does not exist; create it, or name another with --data-dir{}",
        .folder.display(), .files.as_ref().map_or(String::new(), |files| format!("; it has to hold {files}"))
    )]
    NoFolder {
        /// The folder.
        folder: PathBuf,
        /// The files that it has to hold, where a data set is looked for.
        files: Option<String>,
    },
    /// The data set's training files are in none of the places.
    #[error(
        "the training files of `{name}` were not found; looked in {} for {files}; {}",
        list(.looked), remedy(.name)
    )]
    NotFound {
        /// Name of the data set.
        name: &'static str,
        /// The folders in which it was looked for, in order.
        looked: Vec<PathBuf>,
        /// The names of the files that were looked for.
        files: String,
    },
    /// One file of a pair is there, the other is not.
    #[error(
        "{} is missing, though {} is there; `breakeven data fetch {name}` gets the official files",
        .missing.display(), .present.display()
    )]
    HalfAPair {
        /// Name of the data set.
        name: &'static str,
        /// The file that is missing.
        missing: PathBuf,
        /// The file that is there.
        present: PathBuf,
    },
    /// The file could not be read.
    #[error("cannot read {}; check that it is a file that you may read", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file was read, but is not what it should be.
    #[error("{}: {problem}; {}", .file.display(), remedy(.name))]
    Format {
        /// Name of the data set.
        name: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: FormatProblem,
    },
    /// It holds something else than what was asked for.
    #[error(
        "`{name}` holds {holds}, expected {asked}; `breakeven data list` says what each data set holds"
    )]
    Kind {
        /// Name of the data set.
        name: &'static str,
        /// What it holds, in words.
        holds: &'static str,
        /// What was asked for, in words.
        asked: &'static str,
    },
    /// The vocabulary was read, but is not what it should be.
    #[error("{}: {problem}; name the vocab.txt that belongs to a BERT checkpoint", .file.display())]
    Vocabulary {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: FormatProblem,
    },
    /// There is no vocabulary.
    #[error(
        "`{name}` comes without a vocabulary, and {} is not there; put the vocab.txt of a BERT checkpoint there, or name it",
        .looked.display()
    )]
    NoVocabulary {
        /// Name of the data set.
        name: &'static str,
        /// Where it was looked for.
        looked: PathBuf,
    },
}

/// What is wrong with the content of a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FormatProblem {
    /// The first four bytes are not those of the file's kind.
    #[error("starts with {found:#010x}, expected {expected:#010x} ({what})")]
    Magic {
        /// The first four bytes, big-endian.
        found: u32,
        /// Those of the file's kind.
        expected: u32,
        /// The file's kind in words.
        what: &'static str,
    },
    /// It ends before what its header, or its kind, says.
    #[error("truncated: ends after {found} bytes, expected {expected}")]
    Truncated {
        /// Bytes there are, unpacked.
        found: u64,
        /// Bytes there should be, unpacked.
        expected: u64,
    },
    /// It goes on after its last example.
    #[error("goes on after {expected} bytes, expected to end there")]
    Trailing {
        /// Bytes there should be, unpacked.
        expected: u64,
    },
    /// It is not a whole number of records.
    #[error("is {found} bytes long, expected a multiple of {record}, one record an image")]
    PartialRecord {
        /// Bytes there are.
        found: u64,
        /// Bytes of a record.
        record: u64,
    },
    /// It is larger than any file of its kind.
    #[error("unpacks to more than {most} bytes, expected fewer")]
    Large {
        /// The most bytes that are read.
        most: u64,
    },
    /// It is not the pickle that it should be.
    #[error(
        "is no batch of CIFAR-10's Python version ({detail}); expected a pickled dict of `data`, bytes of \
         shape [n, 3072], and `labels`, a list of n numbers"
    )]
    Pickle {
        /// In what it differs.
        detail: String,
    },
    /// The header's image size is empty, or too large to be one.
    #[error("holds images of {height}×{width} pixels, expected sides from 1 to {largest}")]
    Dimensions {
        /// Rows.
        height: u32,
        /// Columns.
        width: u32,
        /// The largest side that is read.
        largest: u32,
    },
    /// Images and labels do not go together.
    #[error("holds {labels} labels, expected {images}, one for each image of {}", .images_file.display())]
    Counts {
        /// Labels there are.
        labels: usize,
        /// Images there are.
        images: usize,
        /// The file of the images.
        images_file: PathBuf,
    },
    /// The test images differ in shape from the training images.
    #[error("holds images of shape {found:?}, expected {expected:?} as in the training part")]
    Shape {
        /// \[channels, height, width\] of this file.
        found: [usize; 3],
        /// \[channels, height, width\] of the training part.
        expected: [usize; 3],
    },
    /// It is another data set under this one's file name.
    #[error("holds the labels of `{found}`, expected those of `{expected}`")]
    OtherDataSet {
        /// The data set that it is.
        found: &'static str,
        /// The data set asked for.
        expected: &'static str,
    },
    /// The compressed stream is damaged.
    #[error("is damaged: its gzip stream does not unpack ({detail})")]
    Gzip {
        /// What the decoder says.
        detail: String,
    },
    /// The checksum is not the official file's.
    #[error("its SHA-256 is {found}, expected {expected}, the official file's")]
    Checksum {
        /// SHA-256 of the file's content, unpacked.
        found: String,
        /// SHA-256 of the official file's content, unpacked.
        expected: &'static str,
    },
    /// A line is not what it should be.
    #[error("line {line}: {detail}")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong with it, and what was expected.
        detail: String,
    },
    /// It is text, and not UTF-8.
    #[error("is not UTF-8 text: its byte {at} begins no character; convert it to UTF-8")]
    Utf8 {
        /// Position of the first wrong byte, from 0.
        at: usize,
    },
    /// An archive does not unpack.
    #[error("does not unpack: {detail}")]
    Unpack {
        /// What is wrong with it.
        detail: String,
    },
    /// It is no image that can be read.
    #[error("is no image that can be read ({detail}), expected a whole JPEG")]
    Picture {
        /// What the decoder says.
        detail: String,
    },
    /// Files or lines that belong together do not.
    #[error("{detail}")]
    Layout {
        /// What is wrong, and what was expected.
        detail: String,
    },
    /// Its images and labels do not make labelled images.
    #[error(transparent)]
    Images(#[from] ImagesError),
    /// Its texts do not make labelled sequences of tokens.
    #[error(transparent)]
    Tokens(#[from] TokensError),
}

/// Why bytes are not labelled images, or a subset of them does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ImagesError {
    /// There is no image.
    #[error("holds no images, expected at least 1")]
    Empty,
    /// A side of the images is zero.
    #[error("images have the shape {shape:?} (channels, height, width), expected no zero")]
    EmptyShape {
        /// \[channels, height, width\].
        shape: [usize; 3],
    },
    /// The number of pixels is not that of so many images.
    #[error("{found} pixels, expected {images} images of shape {shape:?}")]
    Pixels {
        /// Pixels there are.
        found: usize,
        /// Images there are labels for.
        images: usize,
        /// \[channels, height, width\].
        shape: [usize; 3],
    },
    /// A label is not below the number of classes.
    #[error("example {index} has the label {label}, expected 0 to {}", classes - 1)]
    Label {
        /// Position of the example, from 0.
        index: usize,
        /// Its label.
        label: u16,
        /// Number of classes.
        classes: usize,
    },
    /// There are more classes than labels can tell apart.
    #[error("{0} classes, expected 1 to 65536")]
    Classes(usize),
    /// Images without three channels cannot be normalised by channel.
    #[error("images have {0} channels, expected 3 (red, green, blue) to normalise")]
    Channels(usize),
    /// A subset of no examples, or of more than there are.
    #[error("a subset of {asked} examples was asked for, expected 1 to {available}")]
    Subset {
        /// Examples asked for.
        asked: usize,
        /// Examples there are.
        available: usize,
    },
}

fn list(folders: &[PathBuf]) -> String {
    let names: Vec<_> = folders.iter().map(|f| f.display().to_string()).collect();
    names.join(", ")
}
