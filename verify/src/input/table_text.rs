//! A table's text as people have it: gzipped, with comments before it, parted
//! by commas, semicolons or tabs.

use std::io::{self, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::{InputError, Place};

/// More than any table of runs: a gigabyte.
const MOST_BYTES: u64 = 1 << 30;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What parts the cells of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    Comma,
    Semicolon,
    Tab,
}

impl Separator {
    const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    pub fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// The text of a table, and where its first line of names is.
pub struct TableText {
    /// From the line of names on.
    pub text: String,
    /// Lines before that one.
    pub lines_before: u64,
    /// What parts its cells.
    pub separator: Separator,
}

/// Reads a table's text from `source`; `path` names it in errors. `is_known`
/// says whether a column's name is one that tables have.
pub fn read(
    path: &Path,
    source: impl Read,
    is_known: impl Fn(&str) -> bool,
) -> Result<TableText, InputError> {
    let text = decoded(path, source)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let known = |line: &str, separator: Separator| {
        let names = line.split(separator.byte() as char);
        names.filter(|name| is_known(unquoted(name))).count()
    };
    let separator_of = |line: &str| {
        // Of equal ones the first: a comma.
        let best = Separator::ALL
            .into_iter()
            .rev()
            .max_by_key(|&s| known(line, s));
        best.unwrap_or(Separator::Comma)
    };
    let is_header = |line: &str| known(line, separator_of(line)) >= 2;

    let mut start = 0;
    let mut lines_before = 0;
    let mut comment = None;
    for line in text.split_inclusive('\n') {
        let uncommented = line.trim_start().strip_prefix('#');
        if let Some(names) = uncommented {
            // NumPy writes the line of names as a comment.
            comment = is_header(names).then_some((start + line.len() - names.len(), lines_before));
        } else if !line.trim().is_empty() && !is_excels(line) {
            break;
        }
        start += line.len();
        lines_before += 1;
    }
    let first = text[start..].lines().next().unwrap_or_default();
    if let Some(names) = comment.filter(|_| !is_header(first)) {
        (start, lines_before) = names;
    }
    let header = text[start..].lines().next().unwrap_or_default();
    Ok(TableText {
        separator: separator_of(header),
        text: text[start..].to_owned(),
        lines_before,
    })
}

/// `sep=;`, which spreadsheets understand.
fn is_excels(line: &str) -> bool {
    let line = line.trim_end_matches(['\r', '\n']);
    line.len() == 5 && line.to_ascii_lowercase().starts_with("sep=")
}

fn unquoted(name: &str) -> &str {
    name.trim().trim_matches('"').trim()
}

/// The text of `source`, which may be gzipped.
fn decoded(path: &Path, source: impl Read) -> Result<String, InputError> {
    let unreadable = |cause| InputError::Unreadable {
        path: path.to_owned(),
        cause,
        remedy: "give a table that can be read",
    };
    let bytes = read_all(path, source, MOST_BYTES, unreadable)?;
    let bytes = if bytes.starts_with(&GZIP) {
        unpacked(path, &bytes)?
    } else {
        bytes
    };
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|&&b| b == b'\n').count() as u64;
        let remedy = "save the table as UTF-8";
        InputError::malformed(Place::line(path, line), "it is not UTF-8 text", remedy)
    })
}

fn read_all(
    path: &Path,
    source: impl Read,
    most: u64,
    unreadable: impl Fn(io::Error) -> InputError,
) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    let mut limited = source.take(most + 1);
    limited.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > most {
        let remedy = "give a table of one line a run, without trajectories";
        let problem = "it is larger than a gigabyte";
        return Err(InputError::malformed(Place::file(path), problem, remedy));
    }
    Ok(bytes)
}

/// All members of a gzip file; zeros may follow them, as `gzip -t` has it.
fn unpacked(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, InputError> {
    let damaged = |cause: io::Error| {
        let problem = format!("its gzip data are damaged ({cause})");
        InputError::malformed(
            Place::file(path),
            problem,
            "pack it anew, or give it unpacked",
        )
    };
    let mut rest = bytes;
    let mut text = Vec::new();
    while rest.starts_with(&GZIP) {
        let mut member = GzDecoder::new(rest);
        let most = MOST_BYTES - text.len() as u64;
        text.extend(read_all(path, &mut member, most, damaged)?);
        rest = member.into_inner();
    }
    if rest.iter().any(|&byte| byte != 0) {
        return Err(damaged(io::Error::other("something else follows them")));
    }
    Ok(text)
}
