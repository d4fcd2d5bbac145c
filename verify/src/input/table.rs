//! Reads a table of per-run quantities, one run a line:
//! `seed,learning_rate,batch_size` and any of the columns `momentum`, `converged`,
//! `max_lambda_k`, `max_lambda_k_step`, `max_lambda_k_error`, `break_even_step`,
//! … in any order and case, parted by commas, semicolons or tabs.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::cell::{Decimal, Wrong, above_zero, below_one, error_bound, number, truth, whole};
use super::table_text::{self, Separator};
use super::{Column, InputError, Place, Run, SettingsOrigin, Source, Sweep, in_order, name_of};
use crate::quantity::PerRun;
use crate::settings::VerifySettings;
use crate::summary::{Convergence, Covariance, Reached, RunSummary};

/// The columns that every table has.
pub const REQUIRED: [&str; 3] = ["seed", "learning_rate", "batch_size"];
/// In place of a path: the table comes on standard input.
pub const STANDARD_INPUT: &str = "-";

/// Reads the table at `path`, or from standard input where that is `-`, to be
/// tested under `settings`. The rule of convergence is the table's own column.
///
/// # Errors
/// As [`parse_table`], and a file that cannot be read.
pub fn read_table(path: &Path, settings: VerifySettings) -> Result<Sweep, InputError> {
    if path == Path::new(STANDARD_INPUT) {
        return parse_table(Path::new("standard input"), io::stdin().lock(), settings);
    }
    let file = File::open(path).map_err(|cause| InputError::Unreadable {
        path: path.to_owned(),
        cause,
        remedy: "give the path of a table, or - for standard input",
    })?;
    parse_table(path, file, settings)
}

/// Reads a table from `text`, which may be gzipped; `path` names it in errors.
///
/// # Errors
/// Settings outside their range; missing or repeated columns, cells that are not
/// what their column holds, numbers that are not finite, decimal commas beside
/// decimal points, rows of the wrong length, rows with the same seed, learning
/// rate, batch size and momentum, no rows.
pub fn parse_table(
    path: &Path,
    text: impl Read,
    settings: VerifySettings,
) -> Result<Sweep, InputError> {
    settings.check().map_err(InputError::Options)?;
    let is_known = |name: &str| Holds::from_name(&plain(name)) != Holds::Other;
    let table = table_text::read(path, text, is_known)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(table.separator.byte())
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(table.text.as_bytes());
    let before = table.lines_before;
    let names = reader
        .headers()
        .map_err(|cause| csv_error(path, before, &cause))?;
    let mut header = Header::of(Place::line(path, before + 1), names)?;

    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|cause| csv_error(path, before, &cause))?;
        let line = before + record.position().map_or(0, csv::Position::line);
        rows.push((line, record));
    }
    if rows.is_empty() {
        let remedy = "give one line a run";
        return Err(InputError::malformed(
            Place::file(path),
            "there are no rows",
            remedy,
        ));
    }
    if table.separator != Separator::Comma {
        header.decimal = header.decimal_of(&rows)?;
    }
    let runs = rows.iter().map(|(line, row)| header.run(row, *line));
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    let remedy = match header.has(Holds::Momentum) {
        true => "keep one row for each seed, learning rate, batch size and momentum",
        false => "keep one row for each seed, learning rate and batch size",
    };
    let place = |index: usize| Place::line(path, rows[index].0);
    Ok(Sweep {
        name: name_of(path),
        source: Source::Table,
        runs: in_order(runs, place, remedy)?,
        lost: Vec::new(),
        settings,
        settings_origin: SettingsOrigin::Verification,
        config: None,
        training_command: None,
        same_covariance: false,
        notes: header.notes(),
    })
}

/// A column's name as this program writes it: in lower case, with underscores.
fn plain(name: &str) -> String {
    let with_underscores = name.trim().replace([' ', '-'], "_");
    with_underscores.to_lowercase()
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Seed,
    LearningRate,
    BatchSize,
    Momentum,
    Converged,
    Value(PerRun),
    StepOf(PerRun),
    ErrorOf(PerRun),
    BreakEvenStep,
    /// L of K^M.
    CovarianceBatches,
    /// M of K^M.
    CovarianceBatchSize,
    /// Nothing that the conjectures speak of.
    Other,
}

impl Holds {
    fn from_name(name: &str) -> Self {
        let about = |end| PerRun::from_name(name.strip_suffix(end)?);
        match name {
            "seed" => Self::Seed,
            "learning_rate" | "lr" | "eta" | "η" => Self::LearningRate,
            "batch_size" => Self::BatchSize,
            "momentum" | "beta" | "β" => Self::Momentum,
            "converged" => Self::Converged,
            "break_even_step" => Self::BreakEvenStep,
            "batches" => Self::CovarianceBatches,
            "covariance_batch_size" => Self::CovarianceBatchSize,
            _ => PerRun::from_name(name)
                .map(Self::Value)
                .or_else(|| about("_step").map(Self::StepOf))
                .or_else(|| about("_error").map(Self::ErrorOf))
                .unwrap_or(Self::Other),
        }
    }

    /// Whether it belongs to a value, which has to be there first.
    fn is_about_a_value(self) -> bool {
        matches!(self, Self::StepOf(_) | Self::ErrorOf(_))
    }

    /// Whether its cells are fractions.
    fn is_fraction(self) -> bool {
        let of_run = matches!(self, Self::LearningRate | Self::Momentum);
        of_run || matches!(self, Self::Value(_) | Self::ErrorOf(_))
    }
}

/// The line of names of a table.
struct Header {
    path: PathBuf,
    columns: Vec<(String, Holds)>,
    decimal: Decimal,
}

impl Header {
    fn of(place: Place, names: &csv::StringRecord) -> Result<Self, InputError> {
        let columns: Vec<_> = names
            .iter()
            .map(|name| (name.to_owned(), Holds::from_name(&plain(name))))
            .collect();
        let found = names.iter().collect::<Vec<_>>().join(",");
        let is_there = |wanted: Holds| columns.iter().any(|(_, holds)| *holds == wanted);
        let missing: Vec<_> = REQUIRED
            .into_iter()
            .filter(|required| !is_there(Holds::from_name(required)))
            .collect();
        if !missing.is_empty() {
            let problem = format!("column missing: {}", missing.join(", "));
            let remedy = format!("this line has to name it; it is `{found}`");
            return Err(InputError::malformed(place, problem, remedy));
        }
        for (index, (name, holds)) in columns.iter().enumerate() {
            let is_same = |(before, also): &(String, Holds)| match holds {
                Holds::Other => before == name,
                _ => also == holds,
            };
            if let Some((before, _)) = columns[..index].iter().find(|c| is_same(c)) {
                let mut place = place;
                place.column = Some(Column::Named(index + 1, name.clone()));
                let problem = if before == name {
                    "it was named before".to_owned()
                } else {
                    format!("it was named before, as {before}")
                };
                return Err(InputError::malformed(place, problem, "name it once"));
            }
        }
        if !columns
            .iter()
            .any(|(_, holds)| matches!(holds, Holds::Value(_)))
        {
            let problem = format!("no column to test among `{found}`");
            let remedy = "add at least one per-run quantity, such as max_lambda_k, \
                          max_lambda_h or at_accuracy_trace_k";
            return Err(InputError::malformed(place, problem, remedy));
        }
        Ok(Self {
            path: place.path,
            columns,
            decimal: Decimal::Point,
        })
    }

    fn has(&self, wanted: Holds) -> bool {
        self.columns.iter().any(|(_, holds)| *holds == wanted)
    }

    /// What of the table is not read, and what it leaves open.
    fn notes(&self) -> Vec<String> {
        let unused = self
            .columns
            .iter()
            .filter(|(_, holds)| *holds == Holds::Other);
        let mut notes: Vec<String> = unused
            .map(|(name, _)| {
                format!("column `{name}` was not used: the conjectures do not speak of it")
            })
            .collect();
        if !self.has(Holds::Converged) {
            notes.push(
                "there is no column `converged`, so every run is taken to have converged"
                    .to_owned(),
            );
        }
        notes
    }

    /// How the table writes fractions. A table with both marks is refused: one
    /// of them may part thousands.
    fn decimal_of(&self, rows: &[(u64, csv::StringRecord)]) -> Result<Decimal, InputError> {
        let first = |wanted: Decimal| {
            rows.iter().find_map(|(line, row)| {
                let cells = row.iter().zip(&self.columns);
                let mut fractions = cells.filter(|(_, (_, holds))| holds.is_fraction());
                let (cell, _) = fractions.find(|(cell, _)| Decimal::of(cell) == Some(wanted))?;
                Some((*line, cell))
            })
        };
        match (first(Decimal::Comma), first(Decimal::Point)) {
            (None, _) => Ok(Decimal::Point),
            (Some(_), None) => Ok(Decimal::Comma),
            (Some((line, comma)), Some((other, point))) => {
                let problem = format!(
                    "`{comma}` has a decimal comma, and line {other} has a point in `{point}`"
                );
                let remedy = "write all numbers alike, without separators of thousands";
                Err(InputError::malformed(
                    Place::line(&self.path, line),
                    problem,
                    remedy,
                ))
            }
        }
    }

    fn run(&self, row: &csv::StringRecord, line: u64) -> Result<Run, InputError> {
        if row.len() != self.columns.len() {
            let problem = format!("{} cells for {} columns", row.len(), self.columns.len());
            let remedy = "complete the row; leave a cell empty where nothing was measured";
            return Err(InputError::malformed(
                Place::line(&self.path, line),
                problem,
                remedy,
            ));
        }
        let mut summary = RunSummary {
            run: format!("line {line}"),
            seed: 0,
            learning_rate: 0.0,
            batch_size: 0,
            momentum: 0.0,
            convergence: Convergence::Converged,
            final_training_accuracy: None,
            break_even_step: None,
            covariance: Covariance::default(),
            values: Default::default(),
            absent: Default::default(),
        };
        // What is about a value comes after it, whatever the order of the columns.
        for about_values in [false, true] {
            for (index, (_, holds)) in self.columns.iter().enumerate() {
                if holds.is_about_a_value() == about_values {
                    let cell = self.decimal.to_point(&row[index]);
                    self.take(*holds, &cell, &mut summary)
                        .map_err(|wrong| self.cell_error(line, index, &row[index], wrong))?;
                }
            }
        }
        Ok(Run {
            summary,
            header: None,
            records: Vec::new(),
            outcome: None,
            plan: None,
            files: None,
        })
    }

    fn take(&self, holds: Holds, cell: &str, summary: &mut RunSummary) -> Result<(), Wrong> {
        match holds {
            Holds::Seed => summary.seed = whole(cell)?,
            Holds::LearningRate => {
                summary.learning_rate = number(cell, "give a number")?;
                above_zero(summary.learning_rate > 0.0)?;
            }
            Holds::BatchSize => {
                summary.batch_size = whole(cell)?;
                above_zero(summary.batch_size > 0)?;
            }
            Holds::Momentum => {
                summary.momentum = number(cell, "give 0 for none")?;
                below_one(summary.momentum)?;
            }
            Holds::Converged => {
                if !truth(cell)? {
                    let reason = "did not converge: the table says so";
                    summary.convergence = Convergence::NotConverged(reason.to_owned());
                }
            }
            Holds::Value(per_run) if !cell.is_empty() => {
                let reached = Reached {
                    value: number(cell, EMPTY)?,
                    step: None,
                    error: None,
                };
                summary.values.insert(per_run, reached);
            }
            Holds::StepOf(per_run) if !cell.is_empty() => {
                let step = whole(cell)?;
                if let Some(reached) = summary.values.get_mut(&per_run) {
                    reached.step = Some(step);
                }
            }
            Holds::ErrorOf(per_run) if !cell.is_empty() => {
                let error = error_bound(cell)?;
                if let Some(reached) = summary.values.get_mut(&per_run) {
                    reached.error = Some(error);
                }
            }
            Holds::BreakEvenStep if !cell.is_empty() => {
                summary.break_even_step = Some(whole(cell)?);
            }
            Holds::CovarianceBatches if !cell.is_empty() => {
                summary.covariance.batches = Some(whole(cell)?);
            }
            Holds::CovarianceBatchSize if !cell.is_empty() => {
                summary.covariance.batch_size = Some(whole(cell)?);
            }
            // An empty cell, or nothing to read.
            Holds::Value(_)
            | Holds::StepOf(_)
            | Holds::ErrorOf(_)
            | Holds::BreakEvenStep
            | Holds::CovarianceBatches
            | Holds::CovarianceBatchSize
            | Holds::Other => {}
        }
        Ok(())
    }

    fn cell_error(&self, line: u64, index: usize, cell: &str, wrong: Wrong) -> InputError {
        let mut place = Place::line(&self.path, line);
        place.column = Some(Column::Named(index + 1, self.columns[index].0.clone()));
        let problem = match cell {
            "" => format!("the cell is empty, where {} belongs", wrong.belongs),
            _ => format!("`{cell}` is not {}", wrong.belongs),
        };
        InputError::malformed(place, problem, wrong.remedy)
    }
}

const EMPTY: &str = "leave the cell empty where nothing was measured";

fn csv_error(path: &Path, lines_before: u64, cause: &csv::Error) -> InputError {
    let mut place = Place::file(path);
    place.line = cause.position().map(|p| lines_before + p.line());
    let remedy = "give a table whose cells are parted by commas, semicolons or tabs";
    InputError::malformed(place, cause.to_string(), remedy)
}
