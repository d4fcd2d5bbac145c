//! Reads located runs back from their table.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use crate::input::{Column, InputError, Place};
use crate::thresholds::{Inputs, Known, Located, Observed, Predictor};

/// What is said of a table that is another one.
const REMEDY: &str = "give a table that `breakeven export --what thresholds --format csv` writes";
/// Why a number is missing of which the table has no reason.
const UNSAID: &str = "the table has no number and no reason";

/// A row as it is written.
#[derive(Deserialize)]
struct Row {
    network: String,
    run: String,
    seed: u64,
    learning_rate: f64,
    batch_size: u64,
    break_even_step: Option<u64>,
    predicted_at_step: Option<u64>,
    learning_rate_there: Option<f64>,
    lambda_h_there: Option<f64>,
    lambda_k_per_example_there: Option<f64>,
    lambda_k_there: Option<f64>,
    psi: Option<f64>,
    curvature_variance: Option<f64>,
    eq4: Option<f64>,
    eq4_mini_batch: Option<f64>,
    eq4_variance: Option<f64>,
    null: Option<f64>,
    break_even_lambda_h: Option<f64>,
    largest_lambda_h: Option<f64>,
    largest_lambda_h_step: Option<u64>,
    absent: String,
}

/// The runs of the table at `path`, in its order.
///
/// # Errors
/// As [`parse_thresholds`], and a file that cannot be read.
pub fn read_thresholds(path: &Path) -> Result<Vec<Located>, InputError> {
    let file = File::open(path).map_err(|cause| InputError::Unreadable {
        path: path.to_owned(),
        cause,
        remedy: REMEDY,
    })?;
    parse_thresholds(path, file)
}

/// The runs of a table in CSV, in its order; `path` names it in errors.
///
/// ```
/// use std::path::Path;
///
/// use breakeven_verify::export::{parse_thresholds, thresholds, write_csv};
/// use breakeven_verify::thresholds::{Observed, Predictor};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut empty = Vec::new();
/// write_csv(thresholds(&[]), &mut empty)?;
/// let names = String::from_utf8(empty)?;
/// let row = r#"MLP,lr0.1,0,0.1,32,20,10,0.1,15,,,,,,,,,20,18,25,30,"{""eq4"":""not measured""}""#;
/// let runs = parse_thresholds(Path::new("runs.csv"), format!("{names}{row}\n").as_bytes())?;
/// assert_eq!(runs[0].pair(Predictor::Null, Observed::BreakEven), Some((20.0, 18.0)));
/// assert_eq!(runs[0].predicted(Predictor::Eq4), &Err("not measured".to_owned()));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Missing columns, cells that are not what their column holds, numbers that are
/// not finite, predictions that are not above 0, a value without its step, no rows.
pub fn parse_thresholds(path: &Path, text: impl Read) -> Result<Vec<Located>, InputError> {
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(text);
    let names = reader
        .headers()
        .map_err(|cause| refused(path, None, &cause))?;
    let names = names.clone();
    let columns = super::thresholds(&[]).columns.into_iter();
    let mut columns = columns.map(|column| column.name);
    if let Some(lacking) = columns.find(|column| !names.iter().any(|name| name == column)) {
        let problem = format!("there is no column {lacking}");
        return Err(InputError::malformed(Place::file(path), problem, REMEDY));
    }
    let mut located = Vec::new();
    let mut cells = csv::StringRecord::new();
    while reader
        .read_record(&mut cells)
        .map_err(|cause| refused(path, None, &cause))?
    {
        let line = cells.position().map_or(0, csv::Position::line);
        let row = cells.deserialize::<Row>(Some(&names));
        let row = row.map_err(|cause| refused(path, Some((line, &names)), &cause))?;
        let malformed = |(column, problem): (&str, String)| {
            InputError::malformed(named(path, line, &names, column), problem, REMEDY)
        };
        row.check().map_err(malformed)?;
        located.push(row.located().map_err(malformed)?);
    }
    if located.is_empty() {
        let place = Place::file(path);
        return Err(InputError::malformed(place, "there are no rows", REMEDY));
    }
    Ok(located)
}

/// A named column in a line.
fn named(path: &Path, line: u64, names: &csv::StringRecord, column: &str) -> Place {
    let index = names.iter().position(|name| name == column);
    Place {
        column: index.map(|index| Column::Named(index + 1, column.to_owned())),
        ..Place::line(path, line)
    }
}

fn refused(path: &Path, at: Option<(u64, &csv::StringRecord)>, cause: &csv::Error) -> InputError {
    let (place, problem) = match (cause.kind(), at) {
        (csv::ErrorKind::Deserialize { err, .. }, Some((line, names))) => {
            let column = err.field().and_then(|index| names.get(index as usize));
            let place = named(path, line, names, column.unwrap_or_default());
            (place, err.kind().to_string())
        }
        _ => {
            let place = Place {
                line: cause.position().map(csv::Position::line),
                ..Place::file(path)
            };
            (place, cause.to_string())
        }
    };
    InputError::malformed(place, problem, REMEDY)
}

impl Row {
    fn predicted(&self, predictor: Predictor) -> Option<f64> {
        match predictor {
            Predictor::Eq4 => self.eq4,
            Predictor::Eq4MiniBatch => self.eq4_mini_batch,
            Predictor::Eq4Variance => self.eq4_variance,
            Predictor::Null => self.null,
        }
    }

    /// Refuses numbers that nothing can be drawn of: the column, and what is wrong.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let finite = [
            ("learning_rate", Some(self.learning_rate)),
            ("learning_rate_there", self.learning_rate_there),
            ("lambda_h_there", self.lambda_h_there),
            (
                "lambda_k_per_example_there",
                self.lambda_k_per_example_there,
            ),
            ("lambda_k_there", self.lambda_k_there),
            ("psi", self.psi),
            ("curvature_variance", self.curvature_variance),
            (Observed::BreakEven.column(), self.break_even_lambda_h),
            (Observed::Largest.column(), self.largest_lambda_h),
        ];
        for (column, value) in finite {
            if let Some(value) = value.filter(|value| !value.is_finite()) {
                return Err((column, format!("{value} is no finite number")));
            }
        }
        for predictor in Predictor::ALL {
            let Some(value) = self.predicted(predictor) else {
                continue;
            };
            if !(value.is_finite() && value > 0.0) {
                return Err((predictor.name(), format!("{value} is no λ_H above 0")));
            }
            if self.predicted_at_step.is_none() {
                let problem = "there is a prediction, and no step that it was made at";
                return Err(("predicted_at_step", problem.to_owned()));
            }
        }
        Ok(())
    }

    fn located(self) -> Result<Located, (&'static str, String)> {
        let absent: BTreeMap<String, String> = match self.absent.as_str() {
            "" => BTreeMap::new(),
            text => serde_json::from_str(text)
                .map_err(|error| ("absent", format!("no reasons by column: {error}")))?,
        };
        let why = |column: &str| absent.get(column).map_or(UNSAID, String::as_str).to_owned();
        let observed = |observed: Observed, step: (&'static str, Option<u64>)| {
            let column = observed.column();
            let value = match observed {
                Observed::BreakEven => self.break_even_lambda_h,
                Observed::Largest => self.largest_lambda_h,
            };
            Ok(match (value, step.1) {
                (Some(value), Some(step)) => Ok((value, step)),
                (None, _) => Err(why(column)),
                (Some(_), None) => return Err((step.0, format!("{column} has no step"))),
            })
        };
        let break_even = observed(
            Observed::BreakEven,
            ("break_even_step", self.break_even_step),
        )?;
        let largest = observed(
            Observed::Largest,
            ("largest_lambda_h_step", self.largest_lambda_h_step),
        )?;
        let at = self
            .predicted_at_step
            .ok_or_else(|| why("predicted_at_step"));
        let bracket = || -> Known<[(f64, u64); 2]> {
            let low = self.lambda_h_there.ok_or(UNSAID)?;
            Ok([(low, at.clone()?), break_even.clone()?])
        };
        Ok(Located {
            bracket: bracket(),
            predicted: Predictor::ALL.map(|predictor| {
                self.predicted(predictor)
                    .ok_or_else(|| why(predictor.name()))
            }),
            observed: [break_even, largest],
            at,
            inputs: Inputs {
                learning_rate: self.learning_rate_there,
                lambda_h: self.lambda_h_there,
                lambda_k_per_example: self.lambda_k_per_example_there,
                lambda_k: self.lambda_k_there,
                psi: self.psi,
                curvature_variance: self.curvature_variance,
            },
            network: self.network,
            run: self.run,
            seed: self.seed,
            learning_rate: self.learning_rate,
            batch_size: self.batch_size,
            break_even_step: self.break_even_step,
        })
    }
}
