//! IMDB's reviews (Maas et al. 2011): as the official folder, as its archive,
//! or as JSON lines.
//!
//! Files and lines are sorted by class, so the examples of each part are put
//! into one fixed random order (`order`). Before that they are in the order of
//! class, number and name, so that folder, archive and lines of the same
//! reviews give the same examples in the same order.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::{Both, Example, InFolder, TextPart, Texts, lines};
use crate::data::catalog::{Entry, Part};
use crate::data::error::{DataError, FormatProblem};
use crate::data::files::{self, Content, Problem, blame};
use crate::data::layout::Source;
use crate::data::order::shuffle;

const FOLDER: &str = "aclImdb";
const ARCHIVE: &str = "aclImdb_v1.tar.gz";
const LINES: &str = "imdb.jsonl";

/// Names of the classes' folders, by label.
const CLASSES: [&str; 2] = ["neg", "pos"];

/// The longest review that is read, in bytes: official ones have up to 14,000.
const LONGEST: u64 = 1 << 20;

/// The reviews that are read of an archive, in bytes: the labelled official ones have 65 MB.
const LARGEST: u64 = 1 << 32;

/// Where the reviews are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Folder(PathBuf),
    Archive(PathBuf),
    Lines(PathBuf),
}

/// One review, before it has its place.
pub(in crate::data) struct Review {
    label: u16,
    /// Its number within its class, or the largest where it has none.
    number: u64,
    name: String,
    text: String,
}

/// The reviews of the training part and of the test part.
pub(in crate::data) type Parts = Both<Vec<Review>>;

/// IMDB's reviews: a folder of texts, its archive, or JSON lines.
#[derive(Debug)]
pub(in crate::data) struct Reviews;

impl InFolder for Reviews {
    const LOOKED_FOR: &'static str = "the folder `aclImdb`, its archive `aclImdb_v1.tar.gz`, or \
        `imdb.jsonl` with or without `.gz`";

    type Files = Place;

    // The first of folder, archive and lines.
    fn find(folder: &Path) -> Option<Place> {
        let is_one = |path: &PathBuf| path.join("train").join(CLASSES[0]).is_dir();
        let archive = folder.join(ARCHIVE);
        [folder.join(FOLDER), folder.to_owned()]
            .into_iter()
            .find(is_one)
            .map(Place::Folder)
            .or_else(|| archive.is_file().then_some(Place::Archive(archive)))
            .or_else(|| files::named(folder, LINES).map(Place::Lines))
    }

    fn read(entry: &'static Entry, place: Place, source: Source) -> Result<Texts, DataError> {
        let (reviews, path) = match place {
            Place::Folder(path) => (read_folder(entry, &path)?, path),
            Place::Archive(path) => (
                Content::open(&path)
                    .and_then(read_archive)
                    .map_err(|problem| problem.of(entry, &path))?,
                path,
            ),
            Place::Lines(path) => (
                Content::open(&path)
                    .and_then(|content| read_lines(content, entry.classes))
                    .map_err(|problem| problem.of(entry, &path))?,
                path,
            ),
        };
        let part = |reviews| TextPart {
            examples: in_order(reviews),
            skipped: 0,
        };
        let both = Both {
            train: part(reviews.train),
            validation: part(reviews.validation),
        };
        let texts = both.into_texts(source, vec![path.clone()]);
        texts.map_err(|problem| Problem::from(problem).of(entry, &path))
    }
}

/// The examples in the order that they keep.
fn in_order(mut reviews: Vec<Review>) -> Vec<Example> {
    reviews.sort_by(|a, b| (a.label, a.number, &a.name).cmp(&(b.label, b.number, &b.name)));
    shuffle(&mut reviews);
    let example = |review: Review| Example {
        first: review.text,
        second: None,
        label: review.label,
    };
    reviews.into_iter().map(example).collect()
}

/// How many reviews there are, each of which has one of the two labels.
#[cfg(any(test, fuzzing))]
pub(in crate::data) fn count(reviews: &Parts) -> usize {
    let all = || reviews.train.iter().chain(&reviews.validation);
    assert!(all().all(|review| usize::from(review.label) < CLASSES.len()));
    all().count()
}

/// The number of a file called `NUMBER_RATING.txt`.
fn number(name: &str) -> u64 {
    let digits = name.split(['_', '.']).next().unwrap_or(name);
    digits.parse().unwrap_or(u64::MAX)
}

/// The text of a review of a file.
fn text(bytes: Vec<u8>) -> Result<String, FormatProblem> {
    if bytes.len() as u64 > LONGEST {
        return Err(FormatProblem::Large { most: LONGEST });
    }
    String::from_utf8(bytes).map_err(|error| FormatProblem::Utf8 {
        at: error.utf8_error().valid_up_to(),
    })
}

fn read_folder(entry: &Entry, folder: &Path) -> Result<Parts, DataError> {
    let mut reviews = Parts::default();
    for (part, name) in [(Part::Train, "train"), (Part::Validation, "test")] {
        if part == Part::Validation && !folder.join(name).exists() {
            continue;
        }
        for (label, class) in CLASSES.iter().enumerate() {
            let class = folder.join(name).join(class);
            read_class(entry, &class, label as u16, reviews.of(part))?; // 0 or 1
        }
    }
    Ok(reviews)
}

/// Appends the texts of one class: all files whose name ends in `.txt`.
fn read_class(
    entry: &Entry,
    folder: &Path,
    label: u16,
    reviews: &mut Vec<Review>,
) -> Result<(), DataError> {
    let system = |path: &Path, error| Problem::Io(error).of(entry, path);
    let files = fs::read_dir(folder).map_err(|error| system(folder, error))?;
    for file in files {
        let path = file.map_err(|error| system(folder, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.ends_with(".txt") {
            continue;
        }
        let (number, name) = (number(&name), name.into_owned());
        let mut bytes = Vec::new();
        fs::File::open(&path)
            .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
            .map_err(|error| system(&path, error))?;
        reviews.push(Review {
            label,
            number,
            name,
            text: text(bytes).map_err(|problem| Problem::from(problem).of(entry, &path))?,
        });
    }
    Ok(())
}

/// Reads the archive as it is: nothing of it is written anywhere, and members
/// with other names than a review's are passed over.
pub(in crate::data) fn read_archive(content: Content) -> Result<Parts, Problem> {
    let packed = content.is_packed();
    let damaged = |error: io::Error| match blame(error, packed) {
        Problem::Io(error) => FormatProblem::Unpack {
            detail: error.to_string(),
        }
        .into(),
        problem => problem,
    };
    let mut archive = tar::Archive::new(content.into_reader());
    let mut reviews = Parts::default();
    let mut total = 0;
    for member in archive.entries().map_err(damaged)? {
        let mut member = member.map_err(damaged)?;
        if !member.header().entry_type().is_file() {
            continue;
        }
        let path = member.path().map_err(damaged)?.into_owned();
        let Some((part, label, name)) = place(&path) else {
            continue;
        };
        let mut bytes = Vec::new();
        let limited = (&mut member).take(LONGEST + 1).read_to_end(&mut bytes);
        total += limited.map_err(damaged)? as u64;
        if total > LARGEST {
            return Err(FormatProblem::Large { most: LARGEST }.into());
        }
        let text = text(bytes).map_err(|problem| FormatProblem::Unpack {
            detail: format!("its {} {problem}", path.display()),
        })?;
        reviews.of(part).push(Review {
            label,
            number: number(&name),
            name,
            text,
        });
    }
    // what follows the last member belongs to the stream's checksum
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    Ok(reviews)
}

/// Part, label and name of the review with this path in the archive:
/// `aclImdb/train/neg/NAME.txt` and so on.
fn place(path: &Path) -> Option<(Part, u16, String)> {
    let names: Option<Vec<&str>> = path
        .components()
        .filter(|component| *component != Component::CurDir)
        .map(|component| match component {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    let [FOLDER, part, class, name] = names?[..] else {
        return None;
    };
    let part = match part {
        "train" => Part::Train,
        "test" => Part::Validation,
        _ => return None,
    };
    let label = CLASSES.iter().position(|&known| known == class)?;
    name.ends_with(".txt")
        .then(|| (part, label as u16, name.to_owned())) // 0 or 1
}

/// A line of the JSON lines.
#[derive(Deserialize)]
struct Line {
    split: String,
    label: i64,
    text: String,
    id: Option<u64>,
}

pub(in crate::data) fn read_lines(content: Content, classes: usize) -> Result<Parts, Problem> {
    let mut reviews = Parts::default();
    lines::for_each(content, &mut |number, line| {
        let line: Line = lines::object(number, line)?;
        reviews.of(lines::part(number, &line.split)?).push(Review {
            label: lines::label(number, line.label, classes)?,
            number: line.id.unwrap_or(u64::MAX), // as they come, then
            name: String::new(),
            text: line.text,
        });
        Ok(())
    })?;
    Ok(reviews)
}
