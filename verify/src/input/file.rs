//! Reads files, with errors that name the place and the remedy.

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::{Column, InputError, Place};

pub fn read_text(path: &Path, remedy: &'static str) -> Result<String, InputError> {
    fs::read_to_string(path).map_err(|cause| InputError::Unreadable {
        path: path.to_owned(),
        cause,
        remedy,
    })
}

pub fn parse_json<T: DeserializeOwned>(
    path: &Path,
    text: &str,
    remedy: &str,
) -> Result<T, InputError> {
    let place = |cause: &serde_json::Error| cause.line() as u64;
    serde_json::from_str(text).map_err(|cause| json_error(path, place(&cause), &cause, remedy))
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
