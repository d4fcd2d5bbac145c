//! Reads files, with errors that name the place and the remedy.

use std::fs;
use std::path::Path;

use breakeven_sim::record::from_page;
use breakeven_sim::record::seal::SealError;
use serde::de::DeserializeOwned;

use super::{Column, InputError, Place};

/// JSON that may have a checksum, which then has to hold.
pub fn parse_page<T: DeserializeOwned>(
    path: &Path,
    text: &[u8],
    remedy: &str,
) -> Result<T, InputError> {
    match from_page(text) {
        Ok(read) => Ok(read.value),
        Err(SealError::Json(cause)) => Err(json_error(path, cause.line() as u64, &cause, remedy)),
        Err(error) => Err(InputError::malformed(
            Place::file(path),
            error.to_string(),
            remedy,
        )),
    }
}

pub fn read_bytes(path: &Path, remedy: &'static str) -> Result<Vec<u8>, InputError> {
    fs::read(path).map_err(|cause| InputError::Unreadable {
        path: path.to_owned(),
        cause,
        remedy,
    })
}

pub fn json_error(path: &Path, line: u64, cause: &serde_json::Error, remedy: &str) -> InputError {
    let mut place = Place::line(path, line);
    place.column = Some(Column::Character(cause.column()));
    let text = cause.to_string();
    // serde_json ends its messages with a place of its own.
    let problem = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(head, _)| head);
    if cause.is_eof() {
        return InputError::malformed(place, format!("it is cut off ({problem})"), remedy);
    }
    InputError::malformed(place, problem, format!("correct it, or {remedy}"))
}
