//! Checks every file of a data set: that it reads as it should, and that it
//! is the official one, by its checksum.

use std::cmp::Ordering;

use serde::Serialize;

use super::catalog::{Entry, Layout, OfficialFile, Part};
use super::cifar;
use super::error::{DataError, FormatProblem};
use super::files::{self, Present, Problem};
use super::images::Images;
use super::search::Search;
use super::{Source, load_from, present};

/// What a check found; there is one only where no file is at fault.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Name of the data set.
    pub name: &'static str,
    /// The folder of the files, or `built in`.
    pub source: String,
    /// Each file that is there.
    pub files: Vec<CheckedFile>,
    /// Official files that are not there.
    pub missing: Vec<&'static str>,
    /// The training part, then the validation part where it is there.
    pub parts: Vec<CheckedPart>,
}

/// One file without fault.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedFile {
    /// Its path.
    pub file: String,
    /// The part that it belongs to.
    pub part: Part,
    /// Bytes of its content, unpacked; a pickled batch as the records of a
    /// binary one.
    pub bytes: u64,
    /// SHA-256 of the same.
    pub sha256: String,
    /// Whether it is the official file.
    pub verdict: Verdict,
}

/// Whether a file without fault is the official one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Its checksum is the official file's.
    Official,
    /// It is well formed, but announces another number of examples, or
    /// another image size: the user's own data.
    Own,
}

/// One part of a data set.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedPart {
    /// Which part.
    pub part: Part,
    /// Number of examples.
    pub examples: usize,
    /// \[channels, height, width\].
    pub shape: [usize; 3],
    /// Examples of each class, by label.
    pub class_counts: Vec<usize>,
}

impl Report {
    /// Whether every official file is there and has its checksum.
    pub fn is_official(&self) -> bool {
        self.missing.is_empty() && self.files.iter().all(|f| f.verdict == Verdict::Official)
    }
}

/// Reads, validates and checks every file of `entry`.
///
/// # Errors
/// As for [`super::load`], and where a file has the official length but not
/// the official checksum. A CIFAR-10 batch does not say how many images it
/// holds, so one of another length is an error too.
pub fn check(entry: &'static Entry, search: &Search) -> Result<Report, DataError> {
    let set = load_from(entry, search)?;
    let there = present(entry, &set.source);
    let checked = there.iter().map(|file| {
        check_file(entry.layout, file).map_err(|problem| problem.of(entry, &file.path))
    });
    let parts = [
        Some((Part::Train, &set.train)),
        set.validation.as_ref().map(|v| (Part::Validation, v)),
    ];
    Ok(Report {
        name: entry.name,
        source: match &set.source {
            Source::Embedded => "built in".to_owned(),
            Source::Folder(folder) => folder.display().to_string(),
        },
        files: checked.collect::<Result<_, _>>()?,
        missing: missing(entry, &there),
        parts: parts.into_iter().flatten().map(describe).collect(),
    })
}

fn check_file(layout: Layout, file: &Present) -> Result<CheckedFile, Problem> {
    let (sha256, bytes, is_counted) = match layout {
        Layout::Cifar => {
            let batch = cifar::read(file)?;
            let sha256 = files::sha256_of(&[&batch.records]);
            (sha256, batch.records.len() as u64, batch.is_counted)
        }
        Layout::Idx | Layout::Embedded => {
            let (sha256, bytes) = file.open()?.sha256()?;
            (sha256, bytes, layout == Layout::Idx)
        }
    };
    Ok(CheckedFile {
        file: file.path.display().to_string(),
        part: file.official.part,
        bytes,
        verdict: judge(is_counted, file.official, &sha256, bytes)?,
        sha256,
    })
}

/// `is_counted` says whether the file itself holds its number of examples.
fn judge(
    is_counted: bool,
    official: &'static OfficialFile,
    sha256: &str,
    bytes: u64,
) -> Result<Verdict, FormatProblem> {
    if sha256 == official.sha256 {
        return Ok(Verdict::Official);
    }
    let expected = official.bytes;
    match bytes.cmp(&expected) {
        Ordering::Less | Ordering::Greater if is_counted => Ok(Verdict::Own),
        Ordering::Less => Err(FormatProblem::Truncated {
            found: bytes,
            expected,
        }),
        Ordering::Greater => Err(FormatProblem::Trailing { expected }),
        Ordering::Equal => Err(FormatProblem::Checksum {
            found: sha256.to_owned(),
            expected: official.sha256,
        }),
    }
}

fn missing(entry: &Entry, there: &[files::Present]) -> Vec<&'static str> {
    let names = entry.files.iter().map(|official| official.name);
    names
        .filter(|name| there.iter().all(|file| file.official.name != *name))
        .collect()
}

fn describe((part, images): (Part, &Images)) -> CheckedPart {
    CheckedPart {
        part,
        examples: images.len(),
        shape: images.shape(),
        class_counts: images.class_counts(),
    }
}
