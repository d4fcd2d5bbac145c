//! A file of sealed lines that grows while a run does: what a checkpoint
//! counts on of it, and whether it is as it was written.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use breakeven_sim::record::seal::{hexadecimal, sha256, unsealed};
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

use super::FolderError;
use super::error::{changed, file_error};

/// The part of a file of lines that a checkpoint follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256; absent in checkpoints of earlier versions.
    pub sha256: Option<String>,
}

/// A file of lines, open to be added to.
pub struct Lines {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// Of all lines so far.
    hasher: Sha256,
}

impl Lines {
    /// Opens or makes the file and cuts it to what `followed` counts on.
    ///
    /// # Errors
    /// If it can't be written, or holds fewer lines or other ones.
    pub fn open(path: PathBuf, followed: &Followed) -> Result<Self, FolderError> {
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(|source| file_error(&path, source))?;
        let hasher = kept(&path, &mut file, followed)?;
        file.set_len(followed.bytes)
            .map_err(|source| file_error(&path, source))?;
        Ok(Self {
            path,
            file,
            bytes: followed.bytes,
            hasher,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The lines so far.
    pub fn followed(&self) -> Followed {
        Followed {
            bytes: self.bytes,
            sha256: Some(self.sha256()),
        }
    }

    /// SHA-256 of the lines so far.
    pub fn sha256(&self) -> String {
        hexadecimal(&self.hasher.clone().finalize())
    }

    /// Puts the lines so far onto the disk: whatever counts on them comes after.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn sync(&self) -> Result<(), FolderError> {
        let done = self.file.sync_data();
        done.map_err(|source| file_error(&self.path, source))
    }

    /// Adds a line, in one write.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn append(&mut self, line: String) -> Result<(), FolderError> {
        let line = line + "\n";
        self.file
            .write_all(line.as_bytes())
            .map_err(|source| file_error(&self.path, source))?;
        self.bytes += line.len() as u64;
        self.hasher.update(&line);
        Ok(())
    }
}

/// Reads the lines that a checkpoint counts on, which have to be those that it
/// was written after.
fn kept(path: &Path, lines: &mut impl Read, followed: &Followed) -> Result<Sha256, FolderError> {
    let mut text = Vec::new();
    lines
        .take(followed.bytes)
        .read_to_end(&mut text)
        .map_err(|source| file_error(path, source))?;
    let hasher = Sha256::new_with_prefix(&text);
    let (found, expected) = (text.len() as u64, followed.bytes);
    match &followed.sha256 {
        None if found < expected => Err(FolderError::RecordsMissing {
            path: path.into(),
            found,
            expected,
        }),
        None => check_lines(path, &text).map(|()| hasher),
        Some(_) if found < expected => Err(changed(
            path,
            format!("it holds {found} bytes, the checkpoint counts on {expected}"),
        )),
        Some(sum) => check_sum(path, &text, sum).map(|()| hasher),
    }
}

/// Whether the file begins with what a checkpoint counts on.
///
/// # Errors
/// If it does not, or can't be read.
pub fn check_followed(path: &Path, followed: &Followed) -> Result<(), FolderError> {
    match File::open(path) {
        Ok(mut lines) => kept(path, &mut lines, followed).map(drop),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            kept(path, &mut std::io::empty(), followed).map(drop)
        }
        Err(source) => Err(file_error(path, source)),
    }
}

/// Whether the whole file has the hash that an outcome says, or without one,
/// whether each line has its own.
///
/// # Errors
/// If it does not, or can't be read.
pub fn check_whole(path: &Path, sum: Option<&str>) -> Result<(), FolderError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match sum {
                None => Ok(()),
                Some(_) => Err(changed(path, "it is missing".to_owned())),
            };
        }
        Err(source) => return Err(file_error(path, source)),
    };
    match sum {
        Some(sum) => check_sum(path, &text, sum),
        None => check_lines(path, &text),
    }
}

/// Compares lines with the hash of what was written; one that has changed is
/// named.
fn check_sum(path: &Path, text: &[u8], expected: &str) -> Result<(), FolderError> {
    let found = sha256(text);
    if found == expected {
        return Ok(());
    }
    check_lines(path, text)?;
    let problem = format!(
        "its SHA-256 is {found}, that of what was written {expected}: lines were added, lost or moved"
    );
    Err(changed(path, problem))
}

/// The first line whose checksum does not hold is an error. What has none is
/// let pass: earlier versions wrote none.
fn check_lines(path: &Path, text: &[u8]) -> Result<(), FolderError> {
    for (index, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        if let Err(error) = unsealed::<IgnoredAny>(line)
            && error.is_change()
        {
            return Err(FolderError::Changed {
                path: path.into(),
                line: Some(index + 1),
                problem: error.to_string(),
            });
        }
    }
    Ok(())
}
