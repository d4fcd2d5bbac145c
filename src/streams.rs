//! Answers on stdout, progress on stderr; a reader that has gone is no failure.

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;

use crate::failure::{Failure, OrFail};

/// Prints an answer; that its reader stops early, like `head`, is no failure.
pub fn print(text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("can't print the answer").or_work(),
    }
}

/// Prints an answer as JSON.
pub fn print_json(answer: &impl Serialize) -> Result<(), Failure> {
    print(serde_json::to_string_pretty(answer).or_work()? + "\n")
}

/// Says why a command stopped, and gives the exit code.
pub fn report(failure: &Failure) -> ExitCode {
    say(format!("error: {}", failure.in_words()));
    failure.exit_code()
}

/// Says a line on stderr, where somebody reads it.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
