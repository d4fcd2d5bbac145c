//! `breakeven export`: records, runs and verdicts as tables.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::Context;
use breakeven_sim::meter::{Meter, Parts};
use breakeven_verify::export::{
    ExportError, Table, left_out, records, runs, thresholds, verdicts, write_csv, write_jsonl,
    write_parquet,
};
use breakeven_verify::thresholds::{Network, locate};
use breakeven_verify::{InputError, Sweep, all_sweep_folders, read_sweep, verify};

use crate::failure::{Failure, OrFail};
use crate::progress::watched;
use crate::streams::say;

pub const EXAMPLES: &str = "\
Examples:
  breakeven export runs/learning-rate --format csv > records.csv
  breakeven export runs/* --format parquet --out records.parquet
  breakeven export runs/* --format jsonl --what verdicts
  breakeven export runs/* --format csv --what runs | breakeven verify --table -";

/// Writes records, runs, break-even points or verdicts as a table, for pandas, polars or R.
///
/// Runs of which a file has changed on disk or cannot be read are left out and
/// named on stderr. What was not measured is empty or null.
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// Sweep folders, or folders that hold some.
    #[arg(value_name = "RUNS", required = true)]
    runs: Vec<PathBuf>,
    /// The format of the table.
    #[arg(long, value_enum)]
    format: Format,
    /// What is a row: a record of a run, a run in numbers, a run's break-even
    /// point as predicted and as observed, or a hypothesis with its verdict.
    #[arg(long, value_enum, default_value_t = What::Records)]
    what: What,
    /// The file to write; without it the table goes to stdout, Parquet only
    /// where that is no terminal.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Comma-separated values; lists are JSON.
    Csv,
    /// Apache Parquet, with typed columns.
    Parquet,
    /// JSON lines.
    Jsonl,
}

/// What a table has a row for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// A measurement.
    Records,
    /// A hypothesis.
    Verdicts,
    /// A run.
    Runs,
    /// A run's break-even λ_H by Eq. 4 and by 2/η, and as it was measured.
    Thresholds,
}

/// Runs the command.
pub fn run(args: &ExportArgs) -> Result<(), Failure> {
    if args.format == Format::Parquet && args.out.is_none() && io::stdout().is_terminal() {
        return Err(Failure::input(
            "Parquet is not for a terminal: give --out FILE, or pipe stdout into one",
        ));
    }
    let sweeps = watched("export", |meter| args.sweeps(meter)).or_input()?;
    for run in left_out(&sweeps) {
        say(format!("left out: {run}"));
    }
    match args.what {
        What::Records => args.write(records(&sweeps)),
        What::Runs => args.write(runs(&sweeps)),
        What::Thresholds => {
            let networks = sweeps.iter().map(|sweep| Network::of(&sweep.name, sweep));
            let located = locate(&networks.collect::<Vec<_>>());
            args.write(thresholds(&located))
        }
        What::Verdicts => {
            let judged = verify(&sweeps).or_input()?;
            args.write(verdicts(&judged).or_work()?)
        }
    }
}

impl ExportArgs {
    fn sweeps(&self, meter: &Meter) -> Result<Vec<Sweep>, InputError> {
        meter.begin("reading runs", Parts::Whole);
        let folders = all_sweep_folders(&self.runs)?;
        folders.iter().map(|folder| read_sweep(folder)).collect()
    }

    fn write(&self, table: Table<'_>) -> Result<(), Failure> {
        let Some(path) = &self.out else {
            return match written(self.format, table, io::stdout()) {
                Err(ExportError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                Err(ExportError::Csv(error)) if is_broken_pipe(&error) => Ok(()),
                other => other.or_work(),
            };
        };
        let file = File::create(path);
        let file = file.with_context(|| format!("cannot write {}", path.display()));
        written(self.format, table, file.or_input()?)
            .with_context(|| path.display().to_string())
            .or_work()
    }
}

fn written(format: Format, table: Table<'_>, to: impl Write + Send) -> Result<(), ExportError> {
    match format {
        Format::Csv => write_csv(table, to),
        Format::Parquet => write_parquet(table, to),
        Format::Jsonl => write_jsonl(table, to),
    }
}

/// That a reader stops early, like `head`, is no failure.
fn is_broken_pipe(error: &csv::Error) -> bool {
    match error.kind() {
        csv::ErrorKind::Io(error) => error.kind() == io::ErrorKind::BrokenPipe,
        _ => false,
    }
}
