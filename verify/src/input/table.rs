//! Reads a table of per-run quantities, one run a line:
//! `seed,learning_rate,batch_size` and any of the columns `converged`,
//! `max_lambda_k`, `max_lambda_k_step`, `max_lambda_k_error`, `break_even_step`,
//! … in any order and case, parted by commas, semicolons or tabs.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::cell::{Decimal, Wrong, above_zero, error_bound, number, truth, whole};
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
/// rate and batch size, no rows.
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
    let remedy = "keep one row for each seed, learning rate and batch size";
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
        matches!(self, Self::LearningRate | Self::Value(_) | Self::ErrorOf(_))
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
            error: None,
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
                "runs.csv, line 1: column missing: batch_size; this line has to name it; it is \
                 `seed,learning_rate,max_lambda_k`",
            ),
            (
                "seed,learning_rate,batch_size,converged\n".to_owned(),
                "runs.csv, line 1: no column to test among \
                 `seed,learning_rate,batch_size,converged`; add at least one per-run quantity, \
                 such as max_lambda_k, max_lambda_h or at_accuracy_trace_k",
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

    /// What the first run of a table says: η, S, whether it converged, λ_K.
    fn first(text: &[u8]) -> (f64, u64, bool, f64) {
        let settings = VerifySettings::default();
        let sweep = parse_table(Path::new("runs.csv"), text, settings).unwrap();
        let summary = &sweep.runs[0].summary;
        let lambda_k = PerRun::from_name("max_lambda_k").unwrap();
        (
            summary.learning_rate,
            summary.batch_size,
            summary.has_converged(),
            summary.values[&lambda_k].value,
        )
    }

    fn gzipped(text: &str) -> Vec<u8> {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_same_table_as_people_have_it() {
        let plain = format!("{HEADER}\n0,0.01,64,true,1.5\n0,0.1,64,true,0.5\n");
        let semicolons = plain.replace(',', ";");
        let in_german = plain.replace(',', ";").replace('.', ",");
        let commented = format!("# made by train.py\n\n# seeds, rates\n{plain}");
        let by_numpy = format!("# made by train.py\n# {plain}");
        let by_excel = format!("sep=;\r\n{}", in_german.replace('\n', "\r\n"));
        let (head, tail) = plain.split_at(60);
        let in_two_parts = [gzipped(head), gzipped(tail), vec![0; 512]].concat();
        let as_bytes = |text: &str| text.as_bytes().to_vec();
        for table in [
            as_bytes(&plain),
            as_bytes(&semicolons),
            as_bytes(&in_german),
            as_bytes(&plain.replace(',', "\t")),
            as_bytes(&plain.replace(',', "\t").replace('.', ",")),
            as_bytes(&commented),
            as_bytes(&commented.replace('\n', "\r\n")),
            as_bytes(&by_numpy),
            as_bytes(&by_excel),
            as_bytes(&plain.replace("\n0,0.1", "\n# later\n0,0.1")),
            as_bytes(&plain.replace(HEADER, &HEADER.to_uppercase())),
            as_bytes(&plain.replace(
                HEADER,
                "Seed,Learning Rate,Batch Size,Converged,Max_Lambda_K",
            )),
            as_bytes(&plain.replace("learning_rate", "lr")),
            as_bytes(&plain.replace("learning_rate", "Eta")),
            as_bytes(&plain.replace("learning_rate", "η")),
            as_bytes(
                &plain
                    .replace("seed,", "\"seed\",")
                    .replace("learning_rate", "\"lr\""),
            ),
            as_bytes(&format!("\u{feff}{semicolons}")),
            gzipped(&plain),
            gzipped(&commented),
            in_two_parts,
        ] {
            let text = String::from_utf8_lossy(&table).into_owned();
            assert_eq!(first(&table), (0.01, 64, true, 1.5), "{text}");
        }
    }

    #[test]
    fn lines_are_counted_from_the_files_first() {
        let text = format!("# one\n# two\n{HEADER}\n0,0.01,64,true,1.5\n0,0.1,64,true,x\n");
        let said = parse(&text).unwrap_err();
        assert!(
            said.starts_with("runs.csv, line 5, column 5 (max_lambda_k): `x`"),
            "{said}"
        );
        let sweep = parse(&text.replace(",x", ",1")).unwrap();
        assert_eq!(sweep.runs[0].summary.run, "line 4");
        let said = parse("# one\nseed;max_lambda_k\n").unwrap_err();
        assert!(
            said.starts_with("runs.csv, line 2: column missing: learning_rate"),
            "{said}"
        );
    }

    #[test]
    fn a_table_without_converged_says_that_all_runs_count() {
        let text = "seed,lr,batch_size,max_lambda_k\n0,0.01,64,1\n0,0.1,64,2\n";
        let sweep = parse(text).unwrap();
        assert!(sweep.runs.iter().all(|run| run.summary.has_converged()));
        let note = "there is no column `converged`, so every run is taken to have converged";
        assert_eq!(sweep.notes, [note]);
    }

    #[test]
    fn errors_and_mini_batches_are_read() {
        let text = "seed,lr,batch_size,batches,Covariance_Batch_Size,max_lambda_k_error,\
                    max_lambda_k\n0,0.01,64,25,128,0.25,1\n0,0.1,64,,128,,2\n";
        let sweep = parse(text).unwrap();
        let [first, second] = [0, 1].map(|index| &sweep.runs[index].summary);
        let both = Covariance {
            batches: Some(25),
            batch_size: Some(128),
        };
        assert_eq!(first.covariance, both);
        assert_eq!(
            second.covariance,
            Covariance {
                batches: None,
                ..both
            }
        );
        let error = |summary: &RunSummary| summary.values.values().next().unwrap().error;
        assert_eq!((error(first), error(second)), (Some(0.25), None));
        let said = parse(&text.replace("0.25", "-1")).unwrap_err();
        assert!(
            said.contains("`-1` is not an absolute error of at least 0"),
            "{said}"
        );
    }

    #[test]
    fn marks_that_could_part_thousands_are_refused() {
        let text = "seed;lr;batch_size;max_lambda_k\n0;0,01;64;1.024\n0;0,1;64;2\n";
        assert_eq!(
            parse(text).unwrap_err(),
            "runs.csv, line 2: `0,01` has a decimal comma, and line 2 has a point in `1.024`; \
             write all numbers alike, without separators of thousands"
        );
        let said = parse(&text.replace("1.024", "1,024,000")).unwrap_err();
        assert!(
            said.contains("`1,024,000` is not a finite number"),
            "{said}"
        );
    }

    #[test]
    fn one_column_by_two_names_is_refused() {
        let text = "seed,lr,batch_size,eta,max_lambda_k\n0,0.01,64,0.01,1\n";
        assert_eq!(
            parse(text).unwrap_err(),
            "runs.csv, line 1, column 4 (eta): it was named before, as lr; name it once"
        );
    }

    #[test]
    fn rates_that_rounding_parts_are_one_level() {
        let row = |seed, rate, value| format!("{seed},{rate},64,true,{value}\n");
        let text = [
            format!("{HEADER}\n"),
            row(0, "0.3", 1),
            row(1, "0.30000000000000004", 2),
            row(0, "0.1", 3),
            row(1, "0.1", 4),
        ];
        let sweep = parse(&text.concat()).unwrap();
        let rates: Vec<f64> = sweep.runs.iter().map(|r| r.summary.learning_rate).collect();
        assert_eq!(rates, [0.1, 0.1, 0.3, 0.3]);
        let twice = text.concat() + &row(0, "0.30000000000000004", 5);
        let said = parse(&twice).unwrap_err();
        assert!(
            said.contains("seed 0, learning_rate 0.3, batch_size 64 was given before"),
            "{said}"
        );
    }

    #[test]
    fn damaged_gzip_is_refused() {
        let whole = gzipped(&format!("{HEADER}\n0,0.01,64,true,1.5\n"));
        let settings = VerifySettings::default;
        let said = |bytes: &[u8]| {
            parse_table(Path::new("runs.csv.gz"), bytes, settings())
                .unwrap_err()
                .to_string()
        };
        let cut = said(&whole[..whole.len() - 9]);
        assert!(
            cut.starts_with("runs.csv.gz: its gzip data are damaged ("),
            "{cut}"
        );
        assert!(
            cut.ends_with("; pack it anew, or give it unpacked"),
            "{cut}"
        );
        let followed = said(&[&whole[..], b"x"].concat());
        assert!(
            followed.contains("something else follows them"),
            "{followed}"
        );
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
