//! Text files, line by line.

use std::io::{BufRead, BufReader, Read};

use serde::de::DeserializeOwned;

use crate::data::catalog::Part;
use crate::data::error::FormatProblem;
use crate::data::files::{Content, Problem, blame};

/// The longest line that is read, in bytes.
const LONGEST: u64 = 1 << 24;

/// Gives each line to `each`, with its number from 1, without its end (LF or
/// CR LF) and without a byte order mark. Empty lines are passed over.
pub(super) fn for_each(
    content: Content,
    each: &mut dyn FnMut(usize, &str) -> Result<(), FormatProblem>,
) -> Result<(), Problem> {
    let packed = content.is_packed();
    let mut reader = BufReader::with_capacity(1 << 16, content.into_reader());
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let line = (&mut reader)
            .take(LONGEST)
            .read_until(b'\n', &mut bytes)
            .map_err(|error| blame(error, packed))?;
        if line == 0 {
            break;
        }
        if line as u64 == LONGEST {
            return Err(wrong(number, format!("is {LONGEST} bytes long or longer")).into());
        }
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return Err(wrong(number, "is not UTF-8 text; convert the file to UTF-8").into());
        };
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let text = match number {
            1 => text.strip_prefix('\u{feff}').unwrap_or(text),
            _ => text,
        };
        if !text.is_empty() {
            each(number, text)?;
        }
    }
    Ok(())
}

/// The JSON object that a line holds.
pub(super) fn object<T: DeserializeOwned>(number: usize, line: &str) -> Result<T, FormatProblem> {
    serde_json::from_str(line).map_err(|error| {
        // its own "at line 1 column 5" counts within this line
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or(&text);
        let column = error.column();
        wrong(
            number,
            format!("is not the JSON object expected: {what}, at column {column}"),
        )
    })
}

/// The part that a line says it belongs to.
pub(super) fn part(number: usize, split: &str) -> Result<Part, FormatProblem> {
    match split {
        "train" => Ok(Part::Train),
        "test" | "dev" | "validation" | "val" => Ok(Part::Validation),
        _ => Err(wrong(
            number,
            format!("`split` is `{split}`, expected `train`, `validation`, `dev` or `test`"),
        )),
    }
}

/// `label`, if it is below `classes`.
pub(super) fn label(number: usize, label: i64, classes: usize) -> Result<u16, FormatProblem> {
    match u16::try_from(label) {
        Ok(label) if usize::from(label) < classes => Ok(label),
        _ => Err(wrong(
            number,
            format!(
                "the label is {label}, expected 0 to {}",
                classes.saturating_sub(1)
            ),
        )),
    }
}

/// The problem of one line.
pub(super) fn wrong(line: usize, detail: impl Into<String>) -> FormatProblem {
    FormatProblem::Line {
        line,
        detail: detail.into(),
    }
}
