//! Reads what a run predicted along training.

use std::io::ErrorKind;
use std::path::Path;

use breakeven_sim::record::seal::{SealError, sha256};
use breakeven_sim::record::{PREDICTIONS_FILE, Predictions, RunOutcome};

use super::{InputError, Place};

const NOT_RECORDED: &str = "train the run with prediction_examples in [measure]";
/// Resuming carries a run anew whose files have changed.
const RECOMPUTE: &str = "resume the sweep with `--resume`, which carries the run out anew";
/// Resuming cuts the file of an unfinished run to what its checkpoint holds.
const GO_ON: &str = "resume the sweep with `--resume`, which goes on from the run's checkpoint";

/// The predictions of the run in `folder`, in order of steps. `outcome` is how
/// it ended, where it has.
///
/// ```
/// use breakeven_verify::read_predictions;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let run = std::env::temp_dir().join(format!("breakeven-predictions-{}", std::process::id()));
/// # std::fs::create_dir_all(&run)?;
/// let line = r#"{"step":0,"epoch":0.0,"classes":2,"precision":"f64","probabilities":[0.25,0.75]}"#;
/// std::fs::write(run.join("predictions.jsonl"), format!("{line}\n"))?;
/// let all = read_predictions(&run, None)?;
/// assert_eq!(all[0].probabilities, Ok(vec![0.25, 0.75]));
/// # std::fs::remove_dir_all(&run)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A file that is missing, unreadable, cut off, or not as it was written.
pub fn read_predictions(
    folder: &Path,
    outcome: Option<&RunOutcome>,
) -> Result<Vec<Predictions>, InputError> {
    let path = folder.join(PREDICTIONS_FILE);
    let text = std::fs::read(&path).map_err(|cause| InputError::Unreadable {
        path: path.clone(),
        remedy: match cause.kind() {
            ErrorKind::NotFound => NOT_RECORDED,
            _ => "check that it can be read",
        },
        cause,
    })?;
    let remedy = match outcome {
        None if !text.ends_with(b"\n") => GO_ON,
        _ => RECOMPUTE,
    };
    let mut all: Vec<Predictions> = Vec::new();
    for (number, line) in (1..).zip(text.split_inclusive(|&byte| byte == b'\n')) {
        let malformed = |problem: String| {
            let place = Place::line(&path, number);
            InputError::malformed(place, problem, remedy)
        };
        let read = Predictions::from_line(line).map_err(|error| match error {
            SealError::Json(cause) if cause.is_eof() => {
                malformed(format!("it is cut off ({cause})"))
            }
            error => malformed(error.to_string()),
        })?;
        let (step, last) = (read.value.step, all.last().map(|last| last.step));
        if let Some(last) = last.filter(|last| *last >= step) {
            return Err(malformed(format!("step {step} comes after step {last}")));
        }
        all.push(read.value);
    }
    let expected = outcome.and_then(|outcome| outcome.predictions_sha256.as_ref());
    if expected.is_some_and(|sum| sha256(&text) != *sum) {
        let problem = "its lines are not those that were written: some were added, lost or moved";
        return Err(InputError::malformed(
            Place::file(&path),
            problem,
            RECOMPUTE,
        ));
    }
    Ok(all)
}
