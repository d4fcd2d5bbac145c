//! What a network predicts along training: class probabilities of the first
//! validation examples, one line a step.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::seal::{SealError, Sealed, sealed, unsealed};

/// The predictions of a run, one JSON object a line, in its folder.
pub const PREDICTIONS_FILE: &str = "predictions.jsonl";

/// Class probabilities at one step.
///
/// ```
/// use breakeven_sim::record::Predictions;
///
/// let line = br#"{"step": 8, "epoch": 2.0, "classes": 2, "precision": "f64",
///     "probabilities": [0.25, 0.75]}"#;
/// let read = Predictions::from_line(line)?.value;
/// assert_eq!(read.probabilities, Ok(vec![0.25, 0.75]));
/// # Ok::<(), breakeven_sim::record::seal::SealError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Line", into = "Line")]
pub struct Predictions {
    /// Optimisation steps taken before.
    pub step: u64,
    /// Epochs of ⌊N/S⌋ steps taken before: `step` / ⌊N/S⌋.
    pub epoch: f64,
    /// Number of classes.
    pub classes: usize,
    /// The precision that the run has.
    pub precision: Digits,
    /// Softmax of the outputs, one row of `classes` numbers an example; or why
    /// there is none.
    pub probabilities: Result<Vec<f64>, String>,
}

/// The precision that probabilities were computed in, and are written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Digits {
    /// 32 bits: the shortest digits that tell these apart.
    F32,
    /// 64 bits.
    F64,
}

/// The name of the numbers in a line.
const PROBABILITIES: &str = "probabilities";

impl Predictions {
    /// Them as a line of [`PREDICTIONS_FILE`], without the line's end.
    ///
    /// # Errors
    /// None that they can give.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        Ok(sealed(&serde_json::to_string(self)?))
    }

    /// Them from a line of [`PREDICTIONS_FILE`].
    ///
    /// # Errors
    /// A checksum that does not hold, or text that is something else.
    pub fn from_line(line: &[u8]) -> Result<Sealed<Self>, SealError> {
        unsealed(line)
    }
}

/// Numbers that know how they are written.
#[derive(Clone, Serialize)]
#[serde(untagged)]
enum Numbers {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// As in a file, where numbers are read in full and narrowed afterwards.
impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::deserialize(from).map(Self::F64)
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    step: u64,
    epoch: f64,
    classes: usize,
    precision: Digits,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probabilities: Option<Numbers>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    absent: BTreeMap<String, String>,
}

impl From<Predictions> for Line {
    fn from(from: Predictions) -> Self {
        let (probabilities, absent) = match from.probabilities {
            Ok(all) => (Some(numbers(all, from.precision)), BTreeMap::new()),
            Err(why) => (None, BTreeMap::from([(PROBABILITIES.to_owned(), why)])),
        };
        Self {
            step: from.step,
            epoch: from.epoch,
            classes: from.classes,
            precision: from.precision,
            probabilities,
            absent,
        }
    }
}

fn numbers(all: Vec<f64>, precision: Digits) -> Numbers {
    match precision {
        Digits::F32 => Numbers::F32(all.into_iter().map(|x| x as f32).collect()),
        Digits::F64 => Numbers::F64(all),
    }
}

impl TryFrom<Line> for Predictions {
    type Error = String;

    fn try_from(mut from: Line) -> Result<Self, String> {
        let probabilities = match (from.probabilities, from.absent.remove(PROBABILITIES)) {
            (None, Some(why)) => Err(why),
            (Some(Numbers::F64(all)), None) => Ok(narrowed(all, from.precision)),
            (Some(Numbers::F32(all)), None) => Ok(all.into_iter().map(f64::from).collect()),
            _ => return Err("give either probabilities or why they are absent".to_owned()),
        };
        if let Ok(all) = &probabilities {
            whole_rows(all, from.classes)?;
        }
        Ok(Self {
            step: from.step,
            epoch: from.epoch,
            classes: from.classes,
            precision: from.precision,
            probabilities,
        })
    }
}

/// The numbers of 32 bits whose digits these are.
fn narrowed(all: Vec<f64>, precision: Digits) -> Vec<f64> {
    match precision {
        Digits::F32 => all.into_iter().map(|x| f64::from(x as f32)).collect(),
        Digits::F64 => all,
    }
}

/// Rows of `classes` numbers between 0 and 1.
fn whole_rows(all: &[f64], classes: usize) -> Result<(), String> {
    if classes == 0 || all.is_empty() || !all.len().is_multiple_of(classes) {
        let found = all.len();
        return Err(format!(
            "{found} probabilities are no whole number of rows of {classes} classes"
        ));
    }
    match all.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        Some(p) => Err(format!("{p} is no probability")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::seal::Seal;

    fn predictions(precision: Digits, probabilities: Result<Vec<f64>, String>) -> Predictions {
        Predictions {
            step: 40,
            epoch: 1.25,
            classes: 2,
            precision,
            probabilities,
        }
    }

    #[test]
    fn numbers_are_written_with_the_digits_of_their_precision_and_read_back() {
        let third = f64::from(1.0_f32 / 3.0);
        let single = predictions(Digits::F32, Ok(vec![third, 0.75]));
        let double = predictions(Digits::F64, Ok(vec![1.0 / 3.0, 2.0 / 3.0]));
        let text = single.to_line().unwrap();
        assert!(
            text.starts_with(
                r#"{"step":40,"epoch":1.25,"classes":2,"precision":"f32","probabilities":[0.33333334,0.75]"#
            ),
            "{text}"
        );
        assert!(double.to_line().unwrap().contains("[0.3333333333333333,"));
        let absent = predictions(Digits::F32, Err("outputs are not finite".to_owned()));
        let text = absent.to_line().unwrap();
        assert!(text.contains(r#""absent":{"probabilities":"outputs are not finite"}"#));
        for written in [single, double, absent] {
            let read = Predictions::from_line(written.to_line().unwrap().as_bytes()).unwrap();
            assert_eq!((read.value, read.seal), (written, Seal::Intact));
        }
    }

    #[test]
    fn what_is_no_table_of_probabilities_is_refused() {
        for (members, why) in [
            (
                r#""probabilities":[0.5,0.5,1.0]"#,
                "3 probabilities are no whole number of rows of 2 classes",
            ),
            (
                r#""probabilities":[]"#,
                "0 probabilities are no whole number of rows of 2 classes",
            ),
            (r#""probabilities":[1.5,-0.5]"#, "1.5 is no probability"),
            (
                r#""absent":{}"#,
                "give either probabilities or why they are absent",
            ),
        ] {
            let text =
                format!(r#"{{"step":1,"epoch":0.5,"classes":2,"precision":"f64",{members}}}"#);
            let said = Predictions::from_line(text.as_bytes()).unwrap_err();
            assert!(!said.is_change());
            assert!(said.to_string().contains(why), "{said}");
        }
    }
}
