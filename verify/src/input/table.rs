//! Reads a table of per-run quantities: comma-separated, one run a line,
//! `seed,learning_rate,batch_size,converged` and any of the columns
//! `max_lambda_k`, `max_lambda_k_step`, `break_even_step`, … in any order.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Column, InputError, Place, Run, SettingsOrigin, Source, Sweep, in_order, name_of};
use crate::quantity::PerRun;
use crate::settings::VerifySettings;
use crate::summary::{Convergence, Reached, RunSummary};

/// The columns that every table has.
pub const REQUIRED: [&str; 4] = ["seed", "learning_rate", "batch_size", "converged"];

/// Reads the table at `path`, to be tested under `settings`. The rule of
/// convergence is the table's own column.
///
/// # Errors
/// As [`parse_table`], and a file that cannot be read.
pub fn read_table(path: &Path, settings: VerifySettings) -> Result<Sweep, InputError> {
    let file = File::open(path).map_err(|cause| InputError::Unreadable {
        path: path.to_owned(),
        cause,
        remedy: "give the path of a comma-separated table",
    })?;
    parse_table(path, file, settings)
}

/// Reads a table from `text`; `path` names it in errors.
///
/// # Errors
/// Settings outside their range; missing or repeated columns, cells that are not what their column holds,
/// numbers that are not finite, rows of the wrong length, rows with the same
/// seed, learning rate and batch size, no rows.
pub fn parse_table(
    path: &Path,
    text: impl Read,
    settings: VerifySettings,
) -> Result<Sweep, InputError> {
    settings.check().map_err(InputError::Options)?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text);
    let header = reader.headers().map_err(|cause| csv_error(path, &cause))?;
    let header = Header::of(path, header)?;

    let mut runs = Vec::new();
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|cause| csv_error(path, &cause))?;
        let line = record.position().map_or(0, csv::Position::line);
        runs.push(header.run(&record, line)?);
        lines.push(line);
    }
    if runs.is_empty() {
        let remedy = "give one line a run";
        return Err(InputError::malformed(
            Place::file(path),
            "there are no rows",
            remedy,
        ));
    }
    let remedy = "keep one row for each seed, learning rate and batch size";
    Ok(Sweep {
        name: name_of(path),
        source: Source::Table,
        runs: in_order(runs, |index| Place::line(path, lines[index]), remedy)?,
        lost: Vec::new(),
        settings,
        settings_origin: SettingsOrigin::Verification,
        config: None,
        training_command: None,
        notes: header.notes(),
    })
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Seed,
    LearningRate,
    BatchSize,
    Converged,
    Value(PerRun),
    StepOf(PerRun),
    BreakEvenStep,
    /// Nothing that the conjectures speak of.
    Other,
}

impl Holds {
    fn from_name(name: &str) -> Self {
        let step_of = || PerRun::from_name(name.strip_suffix("_step")?);
        match name {
            "seed" => Self::Seed,
            "learning_rate" => Self::LearningRate,
            "batch_size" => Self::BatchSize,
            "converged" => Self::Converged,
            "break_even_step" => Self::BreakEvenStep,
            _ => PerRun::from_name(name)
                .map(Self::Value)
                .or_else(|| step_of().map(Self::StepOf))
                .unwrap_or(Self::Other),
        }
    }
}

/// The first line of a table.
struct Header {
    path: PathBuf,
    columns: Vec<(String, Holds)>,
}

impl Header {
    fn of(path: &Path, names: &csv::StringRecord) -> Result<Self, InputError> {
        let place = || Place::line(path, 1);
        let columns: Vec<_> = names
            .iter()
            .map(|name| (name.to_owned(), Holds::from_name(name)))
            .collect();
        let found = names.iter().collect::<Vec<_>>().join(",");
        let missing: Vec<_> = REQUIRED
            .into_iter()
            .filter(|required| !names.iter().any(|name| name == *required))
            .collect();
        if !missing.is_empty() {
            let problem = format!("column missing: {}", missing.join(", "));
            let remedy = format!("the first line has to name it; it is `{found}`");
            return Err(InputError::malformed(place(), problem, remedy));
        }
        for (index, (name, _)) in columns.iter().enumerate() {
            if columns[..index].iter().any(|(before, _)| before == name) {
                let mut place = place();
                place.column = Some(Column::Named(index + 1, name.clone()));
                return Err(InputError::malformed(
                    place,
                    "it was named before",
                    "name it once",
                ));
            }
        }
        if !columns
            .iter()
            .any(|(_, holds)| matches!(holds, Holds::Value(_)))
        {
            let problem = format!("no column to test among `{found}`");
            let remedy = "add at least one per-run quantity, such as max_lambda_k, \
                          max_after_lambda_h or at_accuracy_trace_k";
            return Err(InputError::malformed(place(), problem, remedy));
        }
        let path = path.to_owned();
        Ok(Self { path, columns })
    }

    /// The columns that are not read.
    fn notes(&self) -> Vec<String> {
        self.columns
            .iter()
            .filter(|(_, holds)| *holds == Holds::Other)
            .map(|(name, _)| {
                format!("column `{name}` was not used: the conjectures do not speak of it")
            })
            .collect()
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
            convergence: Convergence::Converged,
            final_training_accuracy: None,
            break_even_step: None,
            covariance: None,
            values: Default::default(),
        };
        // Steps come after their values, whatever the order of the columns.
        let is_step = |holds: &Holds| matches!(holds, Holds::StepOf(_));
        for steps in [false, true] {
            for (index, (_, holds)) in self.columns.iter().enumerate() {
                if is_step(holds) == steps {
                    self.take(*holds, &row[index], &mut summary)
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
            Holds::Converged => {
                if !truth(cell)? {
                    let reason = "did not converge: the table says so";
                    summary.convergence = Convergence::NotConverged(reason.to_owned());
                }
            }
            Holds::Value(per_run) if !cell.is_empty() => {
                let value = number(cell, EMPTY)?;
                summary
                    .values
                    .insert(per_run, Reached { value, step: None });
            }
            Holds::StepOf(per_run) if !cell.is_empty() => {
                let step = whole(cell)?;
                if let Some(reached) = summary.values.get_mut(&per_run) {
                    reached.step = Some(step);
                }
            }
            Holds::BreakEvenStep if !cell.is_empty() => {
                summary.break_even_step = Some(whole(cell)?);
            }
            Holds::Value(_) | Holds::StepOf(_) | Holds::BreakEvenStep | Holds::Other => {}
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

/// What a cell should have been.
struct Wrong {
    belongs: &'static str,
    remedy: &'static str,
}

const EMPTY: &str = "leave the cell empty where nothing was measured";

fn number(cell: &str, remedy: &'static str) -> Result<f64, Wrong> {
    let finite = cell.parse().ok().filter(|v: &f64| v.is_finite());
    finite.ok_or(Wrong {
        belongs: "a finite number",
        remedy,
    })
}

/// A whole number; `64.0` is one too, as tables written from floats have it.
fn whole(cell: &str) -> Result<u64, Wrong> {
    let digits = cell.split_once('.').map_or(cell, |(digits, zeros)| {
        if zeros.bytes().all(|b| b == b'0') {
            digits
        } else {
            cell
        }
    });
    digits.parse().map_err(|_| Wrong {
        belongs: "a whole number from 0",
        remedy: "give a whole number",
    })
}

fn above_zero(holds: bool) -> Result<(), Wrong> {
    holds.then_some(()).ok_or(Wrong {
        belongs: "above 0",
        remedy: "give a number above 0",
    })
}

fn truth(cell: &str) -> Result<bool, Wrong> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err(Wrong {
            belongs: "`true` or `false`",
            remedy: "say whether the run converged: true or false",
        }),
    }
}

fn csv_error(path: &Path, cause: &csv::Error) -> InputError {
    let mut place = Place::file(path);
    place.line = cause.position().map(csv::Position::line);
    match cause.kind() {
        csv::ErrorKind::Utf8 { .. } => {
            InputError::malformed(place, "it is not UTF-8 text", "save the table as UTF-8")
        }
        _ => InputError::malformed(place, cause.to_string(), "give a comma-separated table"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Sweep, String> {
        let settings = VerifySettings::default();
        parse_table(Path::new("runs.csv"), text.as_bytes(), settings).map_err(|e| e.to_string())
    }

    const HEADER: &str = "seed,learning_rate,batch_size,converged,max_lambda_k";

    #[test]
    fn a_table_is_read_in_any_order_of_rows_and_columns() {
        let text = "\u{feff}max_lambda_k_step, converged,batch_size ,learning_rate,seed,\
                    max_lambda_k,break_even_step,comment\r\n\
                    60,True,64.0,1e-1,1,0.5,120,late\r\n\
                    ,no,64,0.01,1,,,\"early, first\"\r\n";
        let sweep = parse(text).unwrap();
        let [first, second] = &sweep.runs[..] else {
            panic!("{} runs", sweep.runs.len())
        };
        assert_eq!(first.summary.learning_rate, 0.01);
        assert!(!first.summary.has_converged());
        assert!(first.summary.values.is_empty());
        assert_eq!(second.summary.batch_size, 64);
        assert_eq!(second.summary.break_even_step, Some(120));
        let reached: Vec<_> = second.summary.values.values().collect();
        let expected = Reached {
            value: 0.5,
            step: Some(60),
        };
        assert_eq!(reached, [&expected]);
        assert_eq!(sweep.notes.len(), 1);
        assert!(sweep.notes[0].contains("`comment` was not used"));
    }

    #[test]
    fn bad_tables_are_refused_with_their_place_and_a_remedy() {
        let row = |cells: &str| format!("{HEADER}\n0,0.1,64,true,1.5\n{cells}\n");
        for (text, message) in [
            (
                "seed,learning_rate,max_lambda_k\n".to_owned(),
                "runs.csv, line 1: column missing: batch_size, converged; the first line has to \
                 name it; it is `seed,learning_rate,max_lambda_k`",
            ),
            (
                "seed,learning_rate,batch_size,converged\n".to_owned(),
                "runs.csv, line 1: no column to test among \
                 `seed,learning_rate,batch_size,converged`; add at least one per-run quantity, \
                 such as max_lambda_k, max_after_lambda_h or at_accuracy_trace_k",
            ),
            (
                format!("{HEADER},seed\n"),
                "runs.csv, line 1, column 6 (seed): it was named before; name it once",
            ),
            (
                format!("{HEADER}\n"),
                "runs.csv: there are no rows; give one line a run",
            ),
            (
                row("0,0.01,64,true,NaN"),
                "runs.csv, line 3, column 5 (max_lambda_k): `NaN` is not a finite number; leave \
                 the cell empty where nothing was measured",
            ),
            (
                row("0,0.01,64,true,inf"),
                "runs.csv, line 3, column 5 (max_lambda_k): `inf` is not a finite number; leave \
                 the cell empty where nothing was measured",
            ),
            (
                row("0,,64,true,1"),
                "runs.csv, line 3, column 2 (learning_rate): the cell is empty, where a finite \
                 number belongs; give a number",
            ),
            (
                row("0,-0.1,64,true,1"),
                "runs.csv, line 3, column 2 (learning_rate): `-0.1` is not above 0; give a \
                 number above 0",
            ),
            (
                row("0,0.1,6.4,true,1"),
                "runs.csv, line 3, column 3 (batch_size): `6.4` is not a whole number from 0; \
                 give a whole number",
            ),
            (
                row("0,0.1,32,maybe,1"),
                "runs.csv, line 3, column 4 (converged): `maybe` is not `true` or `false`; say \
                 whether the run converged: true or false",
            ),
            (
                row("0,0.01,64"),
                "runs.csv, line 3: 3 cells for 5 columns; complete the row; leave a cell empty \
                 where nothing was measured",
            ),
            (
                row("0,0.10,64,true,2"),
                "runs.csv, line 3: seed 0, learning_rate 0.1, batch_size 64 was given before, in \
                 runs.csv, line 2; keep one row for each seed, learning rate and batch size",
            ),
        ] {
            assert_eq!(parse(&text).unwrap_err(), message);
        }
    }

    #[test]
    fn text_that_is_no_utf_8_is_refused() {
        let text = [HEADER.as_bytes(), b"\n0,0.1,64,true,\xff\n"].concat();
        let settings = VerifySettings::default();
        let error = parse_table(Path::new("runs.csv"), &text[..], settings).unwrap_err();
        let expected = "runs.csv, line 2: it is not UTF-8 text; save the table as UTF-8";
        assert_eq!(error.to_string(), expected);
    }
}
