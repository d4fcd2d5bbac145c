//! The same answer for machines, spreadsheets, papers and people.

use std::path::PathBuf;

use anyhow::Context;

use super::chart::Chart;
use super::table::Table;
use super::{figure, terminal};
use crate::failure::{Failure, OrFail};
use crate::streams::print;

/// How the answer is given.
#[derive(Clone, Debug, clap::Args)]
pub struct OutputArgs {
    /// Print JSON
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print CSV
    #[arg(long)]
    pub csv: bool,
    /// Draw the figure into this SVG file as well
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
}

/// What a command found.
pub struct Answer {
    /// A JSON document.
    pub json: String,
    pub table: Table,
    /// The rows of the CSV, where they are not those of the table.
    pub rows: Option<Table>,
    pub chart: Chart,
    /// Sentences for people, above the table.
    pub summary: String,
}

impl OutputArgs {
    /// Prints the answer as asked, and draws it.
    pub fn give(&self, answer: &Answer) -> Result<(), Failure> {
        if let Some(path) = &self.plot {
            let context = || format!("--plot: can't write {}", path.display());
            std::fs::write(path, figure::draw(&answer.chart))
                .with_context(context)
                .or_input()?;
        }
        let text = if self.json {
            format!("{}\n", answer.json)
        } else if self.csv {
            answer
                .rows
                .as_ref()
                .unwrap_or(&answer.table)
                .csv()
                .or_work()?
        } else {
            people(answer)
        };
        print(text)
    }
}

fn people(answer: &Answer) -> String {
    let parts = [
        answer.summary.trim_end().to_owned(),
        answer.table.text(),
        terminal::draw(&answer.chart),
    ];
    let filled: Vec<&str> = parts
        .iter()
        .map(|part| part.trim_end())
        .filter(|part| !part.is_empty())
        .collect();
    filled.join("\n\n") + "\n"
}
