//! `breakeven data list`.

use std::io::{self, Write};

use breakeven_empirical::data::catalog::{self, Entry, Kind, Origin, Part};
use breakeven_empirical::data::search::Search;
use serde::Serialize;

use super::{Place, grouped};
use crate::failure::{Failure, OrFail};
use crate::streams;

pub(super) const EXAMPLES: &str = "Examples:
  breakeven data list
  breakeven data list --data-dir ~/data --json";

/// Options of `data list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    place: Place,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

/// One data set, as it is listed.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    title: &'static str,
    licence: &'static str,
    training_examples: usize,
    validation_examples: usize,
    /// \[channels, height, width\] of images.
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<[usize; 3]>,
    /// Tokens that are kept of each text, or of each pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
    classes: usize,
    state: State,
    /// Whether `data fetch` gets it.
    fetched: bool,
    /// The folder of the files, where they were found.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
}

/// Whether a data set can be used now.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    BuiltIn,
    Found,
    NotFound,
}

#[derive(Serialize)]
struct Answer {
    data_sets: Vec<Row>,
}

/// Lists the data sets.
pub(super) fn run(args: &ListArgs) -> Result<(), Failure> {
    let search = Search::new(args.place.data_dir.as_deref()).or_input()?;
    let rows = catalog::all().iter().map(|entry| row(entry, &search));
    let answer = Answer {
        data_sets: rows.collect(),
    };
    if args.json {
        return streams::print_json(&answer);
    }
    let mut out = Vec::new();
    print(&mut out, &answer.data_sets).or_work()?;
    streams::print(out)
}

fn row(entry: &'static Entry, search: &Search) -> Row {
    let folder = match entry.is_built_in() {
        true => None,
        false => search.folder_of(entry).ok(),
    };
    let (shape, length) = match entry.kind {
        Kind::Images { shape } => (Some(shape), None),
        Kind::Texts { length } | Kind::Pairs { length } => (None, Some(length)),
    };
    Row {
        name: entry.name,
        title: entry.title,
        licence: entry.licence,
        training_examples: entry.examples(Part::Train),
        validation_examples: entry.examples(Part::Validation),
        shape,
        length,
        classes: entry.classes,
        fetched: !matches!(entry.origin, Origin::Embedded | Origin::ByHand { .. }),
        state: match (entry.is_built_in(), &folder) {
            (true, _) => State::BuiltIn,
            (_, Some(_)) => State::Found,
            (_, None) => State::NotFound,
        },
        folder: folder.map(|folder| folder.display().to_string()),
    }
}

fn print(out: &mut impl Write, rows: &[Row]) -> io::Result<()> {
    let examples = |row: &Row| {
        let [train, validation] = [row.training_examples, row.validation_examples];
        format!("{} + {}", grouped(train as u64), grouped(validation as u64))
    };
    writeln!(out, "{:<19}{:<20}WHAT", "NAME", "EXAMPLES")?;
    for row in rows {
        let (name, licence) = (row.name, row.licence);
        writeln!(out, "{name:<19}{:<20}{}", examples(row), row.title)?;
        let place = match (row.state, &row.folder) {
            (State::BuiltIn, _) => "built in".to_owned(),
            (_, Some(folder)) => format!("found in {folder}"),
            (_, None) if row.fetched => {
                format!("not found; get it with `breakeven data fetch {name}`")
            }
            (_, None) => format!("not found; `breakeven data fetch {name}` says where it is"),
        };
        writeln!(out, "  licence: {licence}; {place}")?;
    }
    Ok(())
}
