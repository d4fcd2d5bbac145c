//! `breakeven data check NAME`.

use std::io::{self, Write};

use breakeven_empirical::data::catalog::{self, Part};
use breakeven_empirical::data::check::{CheckedFile, Report, Verdict, check};
use breakeven_empirical::data::search::Search;
use breakeven_sim::meter::Parts;

use super::{Place, grouped};
use crate::failure::{Failure, OrFail};
use crate::progress::watched;
use crate::streams;

pub(super) const EXAMPLES: &str = "Examples:
  breakeven data check fashion-mnist-12k
  breakeven data check cifar10 --data-dir ~/data --json

Exit code 0: every file that is there is in order. 2: one is not, and is named.";

/// Options of `data check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Name of the data set, as in `breakeven data list`.
    name: String,
    #[command(flatten)]
    place: Place,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

/// Checks one data set.
pub(super) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let entry = catalog::find(&args.name).or_input()?;
    let search = Search::new(args.place.data_dir.as_deref()).or_input()?;
    let report = watched("data check", |meter| {
        meter.begin(format!("reading {}", args.name), Parts::Whole);
        check(entry, &search, meter)
    })
    .or_input()?;
    if args.json {
        return streams::print_json(&report);
    }
    let mut out = Vec::new();
    print(&mut out, &report).or_work()?;
    streams::print(out)
}

fn print(out: &mut impl Write, report: &Report) -> io::Result<()> {
    writeln!(out, "{}, {}", report.name, report.source)?;
    for file in &report.files {
        writeln!(out, "  {}", describe(file))?;
    }
    for name in &report.missing {
        writeln!(out, "  {name}: not there")?;
    }
    writeln!(out)?;
    print_classes(out, report)?;
    for part in report.parts.iter().filter(|part| part.skipped > 0) {
        let (skipped, part) = (grouped(part.skipped as u64), name_of(part.part));
        writeln!(out, "{part}: {skipped} left out, without a label")?;
    }
    if report
        .files
        .iter()
        .all(|file| file.verdict == Verdict::Unverified)
    {
        let counts = match report.has_official_counts {
            true => "the numbers of examples are those of the official files",
            false => "the numbers of examples are not those of the official files",
        };
        writeln!(out, "no published checksums to compare with; {counts}")?;
    }
    Ok(())
}

fn describe(file: &CheckedFile) -> String {
    let (path, bytes) = (&file.file, grouped(file.bytes));
    match file.verdict {
        Verdict::Official => format!(
            "{path}: official, {bytes} bytes, SHA-256 {}…",
            &file.sha256[..16] // hexadecimal, 64 digits
        ),
        Verdict::Own => {
            format!("{path}: in order, {bytes} bytes, but not the official file")
        }
        Verdict::Unverified => format!("{path}: in order, {bytes} bytes"),
    }
}

fn name_of(part: Part) -> &'static str {
    match part {
        Part::Train => "training",
        Part::Validation => "validation",
    }
}

/// The most classes that have a line each.
const LISTED: usize = 20;

/// Examples of each class, a column for each part.
fn print_classes(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let mut heading = format!("{:<16}", "class");
    for part in &report.parts {
        heading += &format!("{:>12}", name_of(part.part));
    }
    writeln!(out, "{heading}")?;
    let classes = report.class_names.len();
    if classes > LISTED {
        writeln!(out, "{classes} classes")?;
        let of_counts = |of: fn(&[usize]) -> Option<usize>| {
            let parts = report.parts.iter();
            parts.map(move |part| of(&part.class_counts).unwrap_or(0))
        };
        let fewest = of_counts(|counts| counts.iter().min().copied());
        let most = of_counts(|counts| counts.iter().max().copied());
        print_row(out, "  fewest", fewest)?;
        print_row(out, "  most", most)?;
    } else {
        for (label, name) in report.class_names.iter().enumerate() {
            let counts = report.parts.iter().map(|part| part.class_counts[label]);
            print_row(out, &format!("{label} {name}"), counts)?;
        }
    }
    print_row(out, "all", report.parts.iter().map(|part| part.examples))
}

fn print_row(
    out: &mut impl Write,
    name: &str,
    counts: impl Iterator<Item = usize>,
) -> io::Result<()> {
    let counts: String = counts
        .map(|n| format!("{:>12}", grouped(n as u64)))
        .collect();
    writeln!(out, "{name:<16}{counts}")
}
