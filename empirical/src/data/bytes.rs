//! Images that come as bytes, in few files with official names: on disk, or
//! part of the program.

use std::cmp::Ordering;
use std::path::Path;

use super::catalog::{Entry, OfficialFile, Part};
use super::check::{CheckedFile, Verdict};
use super::error::{DataError, FormatProblem};
use super::files::{self, Present, Problem};
use super::images::Images;
use super::layout::{Checked, Layout, Needed, Set, Source};
use super::search::Search;
use super::{DataSet, cifar, embedded, idx};

/// Two pairs of IDX files, images and labels.
pub(super) const IDX: &Bytes = &Bytes {
    read: idx::read_part,
    digest: idx::digest,
    is_built_in: false,
};

/// IDX files that are part of the program.
pub(super) const EMBEDDED: &Bytes = &Bytes {
    read: idx::read_part,
    digest: idx::digest,
    is_built_in: true,
};

/// CIFAR-10's batches.
pub(super) const CIFAR: &Bytes = &Bytes {
    read: cifar::read_part,
    digest: cifar::digest,
    is_built_in: false,
};

/// One format of files.
#[derive(Debug)]
pub(super) struct Bytes {
    /// Reads the images of a part, files beyond so many images left out; `None`
    /// where none of its files is there.
    read: ReadPart,
    digest: fn(&Present) -> Result<Digest, Problem>,
    is_built_in: bool,
}

type ReadPart = fn(&Entry, &[Present], Part, usize) -> Result<Option<Images>, DataError>;

/// What a file is compared with the official one by.
pub(super) struct Digest {
    pub sha256: String,
    /// Bytes of the content.
    pub bytes: u64,
    /// Whether the file itself says how many images it holds.
    pub is_counted: bool,
}

impl Layout for Bytes {
    fn looked_for(&self, entry: &Entry) -> String {
        let training = entry.files.iter().filter(|f| f.part == Part::Train);
        let each: Vec<String> = training
            .map(|official| {
                let names: Vec<String> = files::names(official)
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect();
                names.join(" or ")
            })
            .collect();
        format!("{}, each with or without `.gz`", each.join(", "))
    }

    fn is_in(&self, entry: &Entry, folder: &Path) -> bool {
        let present = files::in_folder(entry, folder);
        present.iter().any(|f| f.official.part == Part::Train)
    }

    fn open(
        &self,
        entry: &'static Entry,
        search: &Search,
        needed: Needed,
    ) -> Result<Set, DataError> {
        let source = match self.is_built_in {
            true => Source::Embedded,
            false => Source::Folder(search.folder_of(entry)?),
        };
        let files = present(entry, &source);
        let read = |part, most: Option<usize>| match most {
            Some(0) => Ok(None),
            _ => (self.read)(entry, &files, part, most.unwrap_or(usize::MAX)),
        };
        let train = read(Part::Train, needed.train.map(|most| most.max(1)))?.ok_or_else(|| {
            DataError::NotFound {
                name: entry.name,
                looked: search.folders(entry),
                files: self.looked_for(entry),
            }
        })?;
        let validation = read(Part::Validation, needed.validation)?;
        if let Some(validation) = &validation {
            expect_shape(entry, &files, validation.shape(), train.shape())?;
        }
        Ok(Set::Images(DataSet {
            name: entry.name,
            source,
            train,
            validation,
        }))
    }

    fn check_files(&self, entry: &'static Entry, set: &Set) -> Result<Checked, DataError> {
        let there = match set {
            Set::Images(set) => present(entry, &set.source),
            Set::Pictures(_) | Set::Texts(_) => Vec::new(), // not of these files
        };
        let checked = there.iter().map(|file| {
            self.check(file)
                .map_err(|problem| problem.of(entry, &file.path))
        });
        let names = entry.files.iter().map(|official| official.name);
        Ok(Checked {
            files: checked.collect::<Result<_, _>>()?,
            missing: names
                .filter(|name| there.iter().all(|file| file.official.name != *name))
                .collect(),
        })
    }
}

impl Bytes {
    fn check(&self, file: &Present) -> Result<CheckedFile, Problem> {
        let digest = (self.digest)(file)?;
        Ok(CheckedFile {
            file: file.path.display().to_string(),
            part: Some(file.official.part),
            bytes: digest.bytes,
            verdict: judge(&digest, file.official)?,
            sha256: digest.sha256,
        })
    }
}

fn judge(digest: &Digest, official: &'static OfficialFile) -> Result<Verdict, FormatProblem> {
    if digest.sha256 == official.sha256 {
        return Ok(Verdict::Official);
    }
    let expected = official.bytes;
    match digest.bytes.cmp(&expected) {
        Ordering::Less | Ordering::Greater if digest.is_counted => Ok(Verdict::Own),
        Ordering::Less => Err(FormatProblem::Truncated {
            found: digest.bytes,
            expected,
        }),
        Ordering::Greater => Err(FormatProblem::Trailing { expected }),
        Ordering::Equal => Err(FormatProblem::Checksum {
            found: digest.sha256.clone(),
            expected: official.sha256,
        }),
    }
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
