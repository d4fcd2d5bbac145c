//! MNLI's pairs of sentences (Williams et al. 2018): the official JSON lines,
//! GLUE's tables, or JSON lines of a plainer form.
//!
//! Pairs keep the order of the file. Those whose annotators did not agree,
//! with the label `-`, are left out and counted.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::lines::{self, wrong};
use super::{Both, Example, InFolder, TextPart, Texts};
use crate::data::catalog::{Entry, Part, RELATIONS};
use crate::data::error::{DataError, FormatProblem};
use crate::data::files::{self, Content, Problem};
use crate::data::layout::Source;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// JSON lines with `gold_label`, `sentence1` and `sentence2`, of one part.
    Official,
    /// A table with a head, columns parted by tabs, of one part.
    Table,
    /// JSON lines with `split`, `label`, `premise` and `hypothesis`.
    Lines,
}

/// The files of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Files {
    pub form: Form,
    pub train: PathBuf,
    /// The file of the validation part, where that has its own.
    pub validation: Option<PathBuf>,
}

/// MNLI's pairs of sentences: JSON lines, or GLUE's tables.
#[derive(Debug)]
pub(in crate::data) struct Pairs;

impl InFolder for Pairs {
    const LOOKED_FOR: &'static str = "`multinli_1.0_train.jsonl`, GLUE's `train.tsv`, \
        `mnli.jsonl` or `mnli-10k.jsonl`, each with or without `.gz`";

    type Files = Files;

    // The first form that is there.
    fn find(folder: &Path) -> Option<Files> {
        let forms = [
            (
                Form::Official,
                "multinli_1.0_train.jsonl",
                Some("multinli_1.0_dev_matched.jsonl"),
            ),
            (Form::Table, "train.tsv", Some("dev_matched.tsv")),
            (Form::Lines, "mnli.jsonl", None),
            (Form::Lines, "mnli-10k.jsonl", None),
        ];
        forms.into_iter().find_map(|(form, train, validation)| {
            Some(Files {
                form,
                train: files::named(folder, train)?,
                validation: validation.and_then(|name| files::named(folder, name)),
            })
        })
    }

    fn read(entry: &'static Entry, files: Files, source: Source) -> Result<Texts, DataError> {
        let mut both = Both::default();
        let mut read = Vec::new();
        let parts = [
            (Part::Train, Some(&files.train)),
            (Part::Validation, files.validation.as_ref()),
        ];
        for (part, path) in parts {
            let Some(path) = path else { continue };
            let done = Content::open(path).and_then(|content| match files.form {
                Form::Official => read_official(content, both.of(part)),
                Form::Table => read_table(content, both.of(part)),
                Form::Lines => read_lines(content, &mut both),
            });
            done.map_err(|problem| problem.of(entry, path))?;
            read.push(path.clone());
        }
        both.into_texts(source, read)
            .map_err(|problem| Problem::from(problem).of(entry, &files.train))
    }
}

/// A line of the official files.
#[derive(Deserialize)]
struct OfficialLine {
    gold_label: String,
    sentence1: String,
    sentence2: String,
}

pub(in crate::data) fn read_official(content: Content, part: &mut TextPart) -> Result<(), Problem> {
    lines::for_each(content, &mut |number, line| {
        let line: OfficialLine = lines::object(number, line)?;
        push(
            number,
            &line.gold_label,
            line.sentence1,
            line.sentence2,
            part,
        )
    })
}

/// Appends a pair whose label is a word, or counts it where it has none.
fn push(
    number: usize,
    label: &str,
    first: String,
    second: String,
    part: &mut TextPart,
) -> Result<(), FormatProblem> {
    if label == "-" {
        part.skipped += 1;
        return Ok(());
    }
    let Some(label) = RELATIONS.iter().position(|&known| known == label) else {
        let known = RELATIONS.join("`, `");
        return Err(wrong(
            number,
            format!("the label is `{label}`, expected `{known}`, or `-` where there is none"),
        ));
    };
    part.examples.push(Example {
        first,
        second: Some(second),
        label: label as u16, // below 3
    });
    Ok(())
}

/// Where a table has its columns.
struct Columns {
    all: usize,
    first: usize,
    second: usize,
    label: usize,
}

impl Columns {
    fn of(number: usize, head: &str) -> Result<Self, FormatProblem> {
        let names: Vec<&str> = head.split('\t').collect();
        let find = |name: &str| {
            let position = names.iter().position(|&known| known == name);
            position.ok_or_else(|| {
                wrong(
                    number,
                    format!("has no column `{name}`; expected the head of GLUE's MNLI"),
                )
            })
        };
        Ok(Self {
            all: names.len(),
            first: find("sentence1")?,
            second: find("sentence2")?,
            label: find("gold_label")?,
        })
    }
}

/// Reads a table; quotation marks in it are text.
pub(in crate::data) fn read_table(content: Content, part: &mut TextPart) -> Result<(), Problem> {
    let mut columns: Option<Columns> = None;
    lines::for_each(content, &mut |number, line| {
        let Some(columns) = &columns else {
            columns = Some(Columns::of(number, line)?);
            return Ok(());
        };
        let fields: Vec<&str> = line.split('\t').collect();
        if fields.len() != columns.all {
            let (found, expected) = (fields.len(), columns.all);
            return Err(wrong(
                number,
                format!("has {found} columns, expected {expected} as in the head"),
            ));
        }
        let [first, second] = [columns.first, columns.second].map(|at| fields[at].to_owned());
        push(number, fields[columns.label], first, second, part)
    })
}

/// A line of the plainer form.
#[derive(Deserialize)]
struct Line {
    split: String,
    label: i64,
    premise: String,
    hypothesis: String,
}

/// Reads lines of the plainer form, of both parts.
pub(in crate::data) fn read_lines(content: Content, both: &mut Both) -> Result<(), Problem> {
    lines::for_each(content, &mut |number, line| {
        let line: Line = lines::object(number, line)?;
        let label = lines::label(number, line.label, RELATIONS.len())?;
        both.of(lines::part(number, &line.split)?)
            .examples
            .push(Example {
                first: line.premise,
                second: Some(line.hypothesis),
                label,
            });
        Ok(())
    })
}
