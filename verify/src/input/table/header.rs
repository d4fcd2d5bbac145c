//! The line of names of a table: what each column holds, and its rows as runs.

use std::path::PathBuf;

use super::super::cell::{
    Decimal, Wrong, above_zero, below_one, ended_early, error_bound, is_finished, number, truth,
    whole,
};
use super::super::column_map::ColumnMap;
use super::super::{Column, InputError, Place, Run};
use super::REQUIRED;
use crate::quantity::PerRun;
use crate::summary::{Convergence, Covariance, Reached, RunSummary};

/// Unused columns up to which each has a note of its own.
const FEW_COLUMNS: usize = 3;

/// A column's name as this program writes it: in lower case, with underscores.
pub fn plain(name: &str) -> String {
    let with_underscores = name.trim().replace([' ', '-'], "_");
    with_underscores.to_lowercase()
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq)]
pub enum Holds {
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
    /// By a column's name, in any case.
    pub fn of_column(name: &str) -> Self {
        Self::from_name(&plain(name))
    }

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
pub struct Header {
    path: PathBuf,
    columns: Vec<(String, Holds)>,
    /// How it writes fractions.
    pub decimal: Decimal,
    /// What `--column` says of it, in words.
    renamed: Vec<String>,
}

impl Header {
    /// From the names, by those of `map` where it names them.
    pub fn of(
        place: Place,
        names: &csv::StringRecord,
        map: &ColumnMap,
    ) -> Result<Self, InputError> {
        let all: Vec<&str> = names.iter().collect();
        map.check(&place, &all)?;
        let columns: Vec<_> = names
            .iter()
            .map(|name| (name.to_owned(), holds(name, map)))
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
            renamed: map.in_words(),
        })
    }

    /// Whether any column holds that.
    pub fn has(&self, wanted: Holds) -> bool {
        self.columns.iter().any(|(_, holds)| *holds == wanted)
    }

    /// What of the table is not read, and what it leaves open.
    pub fn notes(&self, rows: &[(u64, csv::StringRecord)]) -> Vec<String> {
        let is_unused = |column: &&(String, Holds)| column.1 == Holds::Other;
        let unused = self.columns.iter().filter(is_unused);
        let names: Vec<String> = unused.map(|(name, _)| format!("`{name}`")).collect();
        let speak = "the conjectures do not speak of";
        let mut notes = self.renamed.clone();
        if names.len() <= FEW_COLUMNS {
            let note = |name| format!("column {name} was not used: {speak} it");
            notes.extend(names.iter().map(note));
        } else {
            let names = names.join(", ");
            notes.push(format!("columns {names} were not used: {speak} them"));
        }
        match self
            .columns
            .iter()
            .position(|(_, h)| *h == Holds::Converged)
        {
            None => notes.push(
                "there is no column `converged`, so every run is taken to have converged"
                    .to_owned(),
            ),
            Some(index) if rows.iter().any(|(_, row)| is_finished(&row[index])) => {
                notes.push(format!(
                    "column `{}` says which runs finished, not which converged: every finished \
                     run is taken to have converged",
                    self.columns[index].0
                ));
            }
            Some(_) => {}
        }
        notes
    }

    /// How the table writes fractions. A table with both marks is refused: one
    /// of them may part thousands.
    pub fn decimal_of(&self, rows: &[(u64, csv::StringRecord)]) -> Result<Decimal, InputError> {
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

    /// A row as a run.
    pub fn run(&self, row: &csv::StringRecord, line: u64) -> Result<Run, InputError> {
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
            break_even_bracket: None,
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
        Ok(Run::of_summary(summary))
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
                    let reason = match ended_early(cell) {
                        true => format!("did not finish: the table says {cell}"),
                        false => "did not converge: the table says so".to_owned(),
                    };
                    summary.convergence = Convergence::NotConverged(reason);
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

/// What a column holds: by the map, where it names the column, or where another
/// column of the map holds it, nothing.
fn holds(name: &str, map: &ColumnMap) -> Holds {
    if let Some(ours) = map.ours(name) {
        return Holds::of_column(ours);
    }
    let held = Holds::of_column(name);
    match map.names().any(|ours| Holds::of_column(ours) == held) {
        true => Holds::Other,
        false => held,
    }
}

const EMPTY: &str = "leave the cell empty where nothing was measured";
