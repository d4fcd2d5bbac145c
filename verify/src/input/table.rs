//! Reads a table of per-run quantities, one run a line:
//! `seed,learning_rate,batch_size` and any of the columns `momentum`, `converged`,
//! `max_lambda_k`, `max_lambda_k_step`, `max_lambda_k_error`, `break_even_step`,
//! … in any order and case, parted by commas, semicolons or tabs.

pub(super) mod header;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::column_map::ColumnMap;
use super::table_text::{self, Separator};
use super::{InputError, Place, SettingsOrigin, Source, Sweep, in_order, name_of};
use crate::settings::VerifySettings;
use header::{Header, Holds};

/// The columns that every table has.
pub const REQUIRED: [&str; 3] = ["seed", "learning_rate", "batch_size"];
/// In place of a path: the table comes on standard input.
pub const STANDARD_INPUT: &str = "-";

/// Reads the table at `path`, or from standard input where that is `-`, to be
/// tested under `settings`. The rule of convergence is the table's own column.
///
/// ```
/// use breakeven_verify::{VerifySettings, read_table};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("breakeven-table-{}.csv", std::process::id()));
/// std::fs::write(&path, "seed,learning_rate,batch_size,max_lambda_k\n7,0.1,32,2.5\n")?;
/// let sweep = read_table(&path, VerifySettings::default())?;
/// assert_eq!((sweep.runs.len(), sweep.runs[0].summary.seed), (1, 7));
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`parse_table`], and a file that cannot be read.
pub fn read_table(path: &Path, settings: VerifySettings) -> Result<Sweep, InputError> {
    read_table_as(path, settings, &ColumnMap::default())
}

/// The same of a table whose columns have other names.
///
/// # Errors
/// As [`parse_table_as`], and a file that cannot be read.
pub fn read_table_as(
    path: &Path,
    settings: VerifySettings,
    columns: &ColumnMap,
) -> Result<Sweep, InputError> {
    if path == Path::new(STANDARD_INPUT) {
        let table = io::stdin().lock();
        return parse_table_as(Path::new("standard input"), table, settings, columns);
    }
    let file = File::open(path).map_err(|cause| InputError::Unreadable {
        path: path.to_owned(),
        cause,
        remedy: "give the path of a table, or - for standard input",
    })?;
    parse_table_as(path, file, settings, columns)
}

/// Reads a table from `text`, which may be gzipped; `path` names it in errors.
///
/// ```
/// use std::path::Path;
///
/// use breakeven_verify::{VerifySettings, parse_table};
///
/// let table = "learning_rate;batch_size;seed;max_lambda_k\n0,1;32;7;2,5\n";
/// let path = Path::new("runs.csv");
/// let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
/// let run = &sweep.runs[0].summary;
/// assert_eq!((run.learning_rate, run.batch_size, run.seed), (0.1, 32, 7));
/// assert!(run.values.values().all(|reached| reached.value == 2.5));
/// # Ok::<(), breakeven_verify::InputError>(())
/// ```
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
    parse_table_as(path, text, settings, &ColumnMap::default())
}

/// The same of a table whose columns have other names.
///
/// # Errors
/// As [`parse_table`], and columns of the map that the table lacks.
pub fn parse_table_as(
    path: &Path,
    text: impl Read,
    settings: VerifySettings,
    columns: &ColumnMap,
) -> Result<Sweep, InputError> {
    settings.check().map_err(InputError::Options)?;
    let is_known = |name: &str| columns.is_theirs(name) || Holds::of_column(name) != Holds::Other;
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
    let mut header = Header::of(Place::line(path, before + 1), names, columns)?;

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
        missing: Vec::new(),
        settings,
        settings_origin: SettingsOrigin::Verification,
        config: None,
        training_command: None,
        same_covariance: false,
        notes: header.notes(&rows),
    })
}

fn csv_error(path: &Path, lines_before: u64, cause: &csv::Error) -> InputError {
    let mut place = Place::file(path);
    place.line = cause.position().map(|p| lines_before + p.line());
    let remedy = "give a table whose cells are parted by commas, semicolons or tabs";
    InputError::malformed(place, cause.to_string(), remedy)
}
