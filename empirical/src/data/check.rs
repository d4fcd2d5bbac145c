//! Checks every file of a data set: that it reads as it should, and that it
//! is the official one, by its checksum.

use std::cmp::Ordering;
use std::path::Path;

use serde::Serialize;

use super::catalog::{Entry, Kind, Layout, OfficialFile, Origin, Part};
use super::cifar;
use super::error::{DataError, FormatProblem};
use super::files::{self, Present, Problem};
use super::image_folder;
use super::images::Images;
use super::search::Search;
use super::text::{self, TextPart};
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

/// Reads, validates and checks every file of `entry`.
///
/// # Errors
/// As for [`super::load`] and [`super::load_text`], and where a file has the
/// official length but not the official checksum. A CIFAR-10 batch does not say
/// how many images it holds, so one of another length is an error too.
pub fn check(entry: &'static Entry, search: &Search) -> Result<Report, DataError> {
    match entry.layout {
        Layout::Embedded | Layout::Idx | Layout::Cifar => check_bytes(entry, search),
        Layout::Reviews | Layout::Pairs | Layout::EmbeddedPairs => check_texts(entry, search),
        Layout::ClassFolders => check_folders(entry, search),
    }
}

/// Images that come as bytes.
fn check_bytes(entry: &'static Entry, search: &Search) -> Result<Report, DataError> {
    let set = load_from(entry, search)?;
    let there = present(entry, &set.source);
    let checked = there.iter().map(|file| {
        check_file(entry.layout, file).map_err(|problem| problem.of(entry, &file.path))
    });
    let files = checked.collect::<Result<_, _>>()?;
    let parts = [
        Some((Part::Train, &set.train)),
        set.validation.as_ref().map(|v| (Part::Validation, v)),
    ];
    let parts = parts.into_iter().flatten().map(describe).collect();
    Ok(Report {
        files,
        missing: missing(entry, &there),
        ..report(entry, &set.source, parts)
    })
}

/// Texts: they are read and counted; whatever encodes them needs no more.
fn check_texts(entry: &'static Entry, search: &Search) -> Result<Report, DataError> {
    let texts = text::read(entry, search)?;
    let files = texts.read.iter().filter(|path| path.is_file());
    let files = files.map(|path| check_whole(entry, path).map_err(|p| p.of(entry, path)));
    let files = files.collect::<Result<_, _>>()?;
    let validation = texts.validation.as_ref().map(|v| (Part::Validation, v));
    let parts = std::iter::once((Part::Train, &texts.train)).chain(validation);
    let parts = parts.map(|part| describe_texts(entry, part)).collect();
    Ok(Report {
        files,
        ..report(entry, &texts.source, parts)
    })
}

/// Class folders: every image is decoded.
fn check_folders(entry: &'static Entry, search: &Search) -> Result<Report, DataError> {
    let folder = search.folder_of(entry)?;
    let side = match entry.kind {
        Kind::Images { shape } => shape[1],
        Kind::Texts { .. } | Kind::Pairs { .. } => 1, // there are none in class folders
    };
    let folders = image_folder::open(entry, &folder, side)?;
    let mut parts = Vec::new();
    for (part, images) in folders.parts() {
        images.verify()?;
        parts.push(CheckedPart {
            part,
            examples: images.len(),
            shape: Some(images.shape()),
            class_counts: images.class_counts(),
            skipped: 0,
        });
    }
    Ok(Report {
        class_names: folders.train.class_names().to_vec(),
        ..report(entry, &Source::Folder(folder), parts)
    })
}

/// A report without files.
fn report(entry: &'static Entry, source: &Source, parts: Vec<CheckedPart>) -> Report {
    let counts: Vec<usize> = parts.iter().map(|part| part.examples).collect();
    Report {
        name: entry.name,
        source: match source {
            Source::Embedded => "built in".to_owned(),
            Source::Folder(folder) => folder.display().to_string(),
        },
        files: Vec::new(),
        missing: Vec::new(),
        parts,
        class_names: entry.class_names.iter().map(|&name| name.into()).collect(),
        has_official_counts: counts == entry.counts,
    }
}

/// A file that is no image's; an archive is compared with the official one.
fn check_whole(entry: &Entry, path: &Path) -> Result<CheckedFile, Problem> {
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

fn check_file(layout: Layout, file: &Present) -> Result<CheckedFile, Problem> {
    let (sha256, bytes, is_counted) = match layout {
        Layout::Cifar => {
            let batch = cifar::read(file)?;
            let sha256 = files::sha256_of(&[&batch.records]);
            (sha256, batch.records.len() as u64, batch.is_counted)
        }
        _ => {
            let (sha256, bytes) = file.open()?.sha256()?;
            (sha256, bytes, layout == Layout::Idx)
        }
    };
    Ok(CheckedFile {
        file: file.path.display().to_string(),
        part: Some(file.official.part),
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
        shape: Some(images.shape()),
        class_counts: images.class_counts(),
        skipped: 0,
    }
}

fn describe_texts(entry: &Entry, (part, texts): (Part, &TextPart)) -> CheckedPart {
    let mut class_counts = vec![0; entry.classes];
    for example in &texts.examples {
        class_counts[usize::from(example.label)] += 1;
    }
    CheckedPart {
        part,
        examples: texts.examples.len(),
        shape: None,
        class_counts,
        skipped: texts.skipped,
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}
