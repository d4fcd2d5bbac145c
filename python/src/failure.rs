//! Errors as Python's exceptions, in the same words.

use std::error::Error;
use std::io;

use breakeven_empirical::portrait::PortraitError;
use breakeven_empirical::weights::CheckpointError;
use breakeven_verify::InputError;
use breakeven_verify::report::ReportError;
use pyo3::PyErr;
use pyo3::exceptions::{
    PyFileNotFoundError, PyIsADirectoryError, PyOSError, PyPermissionError, PyRuntimeError,
    PyValueError,
};

/// Wrong input: `ValueError`.
pub fn value(error: &dyn Error) -> PyErr {
    PyValueError::new_err(in_words(error))
}

/// A file that can't be read or written: the `OSError` of its kind.
pub fn file(source: &io::Error, error: &dyn Error) -> PyErr {
    let words = in_words(error);
    match source.kind() {
        io::ErrorKind::NotFound => PyFileNotFoundError::new_err(words),
        io::ErrorKind::PermissionDenied => PyPermissionError::new_err(words),
        io::ErrorKind::IsADirectory => PyIsADirectoryError::new_err(words),
        _ => PyOSError::new_err(words),
    }
}

/// Weights that can't be used.
pub fn checkpoint(error: &CheckpointError) -> PyErr {
    match error {
        CheckpointError::File { source, .. } => file(source, error),
        _ => value(error),
    }
}

/// A portrait that can't be taken.
pub fn portrait(error: &PortraitError) -> PyErr {
    match error {
        PortraitError::Checkpoint(error) => checkpoint(error),
        PortraitError::Threads(_) => PyRuntimeError::new_err(in_words(error)),
        _ => value(error),
    }
}

/// Runs that can't be used.
pub fn input(error: &InputError) -> PyErr {
    match error {
        InputError::Unreadable { cause, .. } => file(cause, error),
        _ => value(error),
    }
}

/// A report that can't be written.
pub fn report(error: &ReportError) -> PyErr {
    match error {
        ReportError::Unwritable { cause, .. } => file(cause, error),
        _ => PyRuntimeError::new_err(in_words(error)),
    }
}

/// The chain of causes, each said once, with Python's names of options.
fn in_words(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !said.contains(&words) {
            said = format!("{said}: {words}");
        }
        cause = error.source();
    }
    with_python_names(&said)
}

/// `--batch-size` is `batch_size` in Python.
fn with_python_names(words: &str) -> String {
    let mut parts = words.split("--");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
        let end = part.find(|c| !is_name(c)).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        match name.is_empty() {
            true => text.push_str("--"),
            false => text.push_str(&name.replace('-', "_")),
        }
        text.push_str(rest);
    }
    text
}
