//! Checks every file of a data set: that it reads as it should, and that it
//! is the official one, by its checksum.

use std::path::Path;

use breakeven_sim::meter::Meter;
use serde::Serialize;

use super::catalog::{Entry, Origin, Part};
use super::error::{DataError, FormatProblem};
use super::files::{self, Problem};
use super::image_folder::ImageFolder;
use super::images::{Images, class_counts};
use super::layout::{Checked, Needed, Set, Source};
use super::open_from;
use super::search::Search;
use super::text::TextPart;

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
    /// Names of the classes, by label.
    pub class_names: Vec<String>,
    /// Whether both parts are there and have the official numbers of examples.
    pub has_official_counts: bool,
}

/// One file without fault.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedFile {
    /// Its path.
    pub file: String,
    /// The part that it belongs to; absent where it holds both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// Bytes of its content, unpacked; a pickled batch as the records of a
    /// binary one, an archive as it is.
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
    /// It is well formed; there is no checksum to compare with.
    Unverified,
}

/// One part of a data set.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedPart {
    /// Which part.
    pub part: Part,
    /// Number of examples.
    pub examples: usize,
    /// \[channels, height, width\] of images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<[usize; 3]>,
    /// Examples of each class, by label.
    pub class_counts: Vec<usize>,
    /// Examples left out, since their annotators did not agree.
    #[serde(skip_serializing_if = "is_zero")]
    pub skipped: usize,
}

impl Report {
    /// Whether every official file is there and has its checksum.
    pub fn is_official(&self) -> bool {
        let official = |file: &CheckedFile| file.verdict == Verdict::Official;
        self.missing.is_empty() && !self.files.is_empty() && self.files.iter().all(official)
    }
}

/// Reads, validates and checks every file of `entry`; `meter` counts pictures.
///
/// ```
/// use breakeven_empirical::data::check::check;
/// use breakeven_empirical::data::{EMBEDDED, catalog, search::Search};
/// use breakeven_sim::meter::Meter;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let report = check(catalog::find(EMBEDDED)?, &Search::new(None)?, &Meter::new())?;
/// assert!(report.is_official());
/// assert_eq!(report.parts.len(), 2);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As for [`super::open`], a picture that cannot be read, and where a file has the
/// official length but not the official checksum. A CIFAR-10 batch does not say
/// how many images it holds, so one of another length is an error too.
pub fn check(entry: &'static Entry, search: &Search, meter: &Meter) -> Result<Report, DataError> {
    let set = open_from(entry, search, Needed::default())?;
    let (source, parts): (_, Vec<CheckedPart>) = match &set {
        Set::Images(set) => {
            let validation = set.validation.as_ref();
            let parts = each_part(&set.train, validation).map(describe);
            (&set.source, parts.collect())
        }
        Set::Texts(texts) => {
            let parts = each_part(&texts.train, texts.validation.as_ref());
            let parts = parts.map(|part| describe_texts(entry, part));
            (&texts.source, parts.collect())
        }
        Set::Pictures(pictures) => {
            let parts = each_part(&pictures.train, pictures.validation.as_ref());
            let parts = parts.map(|part| describe_pictures(part, meter));
            (&pictures.source, parts.collect::<Result<_, _>>()?)
        }
    };
    let Checked { files, missing } = entry.layout.check_files(entry, &set)?;
    let class_names = match &set {
        Set::Pictures(pictures) => pictures.train.class_names().to_vec(),
        _ => entry.class_names.iter().map(|&name| name.into()).collect(),
    };
    let counts: Vec<usize> = parts.iter().map(|part| part.examples).collect();
    Ok(Report {
        name: entry.name,
        source: match source {
            Source::Embedded => "built in".to_owned(),
            Source::Folder(folder) => folder.display().to_string(),
        },
        files,
        missing,
        parts,
        class_names,
        has_official_counts: counts == entry.counts,
    })
}

/// Both parts, or the one that is there.
fn each_part<T>(train: T, validation: Option<T>) -> impl Iterator<Item = (Part, T)> {
    let validation = validation.map(|part| (Part::Validation, part));
    std::iter::once((Part::Train, train)).chain(validation)
}

/// A file that belongs to no part; an archive is compared with the official one.
pub(super) fn check_file(entry: &Entry, path: &Path) -> Result<CheckedFile, Problem> {
    let (sha256, bytes, verdict) = match entry.origin {
        Origin::Whole {
            archive,
            sha256: expected,
            transfer,
            ..
        } if path.file_name() == Some(archive.as_ref()) => {
            let (sha256, bytes) = files::sha256_packed(path)?;
            let verdict = match sha256 == expected {
                true => Verdict::Official,
                false if bytes != transfer => Verdict::Own,
                false => {
                    let found = sha256;
                    return Err(FormatProblem::Checksum { found, expected }.into());
                }
            };
            (sha256, bytes, verdict)
        }
        _ => {
            let (sha256, bytes) = files::Content::open(path)?.sha256()?;
            (sha256, bytes, Verdict::Unverified)
        }
    };
    Ok(CheckedFile {
        file: path.display().to_string(),
        part: None,
        bytes,
        sha256,
        verdict,
    })
}

fn describe((part, images): (Part, &Images)) -> CheckedPart {
    CheckedPart {
        part,
        examples: images.len(),
        shape: Some(images.shape()),
        class_counts: images.class_counts(),
        skipped: 0,
    }
}

fn describe_texts(entry: &Entry, (part, texts): (Part, &TextPart)) -> CheckedPart {
    let labels = texts.examples.iter().map(|example| example.label);
    CheckedPart {
        part,
        examples: texts.examples.len(),
        shape: None,
        class_counts: class_counts(labels, entry.classes),
        skipped: texts.skipped,
    }
}

/// Every picture is decoded, and none is kept.
fn describe_pictures(
    (part, pictures): (Part, &ImageFolder),
    meter: &Meter,
) -> Result<CheckedPart, DataError> {
    pictures.verify(pictures.len(), meter)?;
    Ok(CheckedPart {
        part,
        examples: pictures.len(),
        shape: Some(pictures.shape()),
        class_counts: pictures.class_counts(),
        skipped: 0,
    })
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}
