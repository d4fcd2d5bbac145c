//! The folder of one run: header, records as they come, checkpoint, outcome.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use breakeven_sim::record::{
    HEADER_FILE, OUTCOME_FILE, RECORDS_FILE, Record, RunHeader, RunOutcome,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The checkpoint of a run, in its folder.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// A file of a run that can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The system refused.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not the JSON that was written there.
    #[error("{path} is damaged ({source}): remove the run's folder to start it anew")]
    Json {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: serde_json::Error,
    },
    /// Records are missing that the checkpoint counts on.
    #[error(
        "{path} holds {found} bytes, the checkpoint counts on {expected}: remove the run's folder to start it anew"
    )]
    RecordsMissing {
        /// The records file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// What the checkpoint says.
        expected: u64,
    },
}

/// The folder of a run, open for records.
pub struct RunFolder {
    path: PathBuf,
    records: File,
    bytes: u64,
}

impl RunFolder {
    /// Makes the folder, writes the header and keeps the first `bytes` of the
    /// records.
    ///
    /// # Errors
    /// If a file can't be written, or there are fewer bytes.
    pub fn open(path: &Path, header: &RunHeader, bytes: u64) -> Result<Self, FolderError> {
        std::fs::create_dir_all(path).map_err(|source| file_error(path, source))?;
        write_json(&path.join(HEADER_FILE), header)?;
        let file = path.join(RECORDS_FILE);
        let records = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&file)
            .map_err(|source| file_error(&file, source))?;
        let found = records
            .metadata()
            .map_err(|source| file_error(&file, source))?
            .len();
        if found < bytes {
            return Err(FolderError::RecordsMissing {
                path: file,
                found,
                expected: bytes,
            });
        }
        records
            .set_len(bytes)
            .map_err(|source| file_error(&file, source))?;
        Ok(Self {
            path: path.into(),
            records,
            bytes,
        })
    }

    /// Bytes of records so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where the checkpoint is.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join(CHECKPOINT_FILE)
    }

    /// Adds a record, in one write.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn append(&mut self, record: &Record) -> Result<(), FolderError> {
        let path = self.path.join(RECORDS_FILE);
        let mut line = to_json(&path, record)?;
        line.push(b'\n');
        self.records
            .write_all(&line)
            .map_err(|source| file_error(&path, source))?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// Says how the run ended.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn finish(&self, outcome: &RunOutcome) -> Result<(), FolderError> {
        write_json(&self.path.join(OUTCOME_FILE), outcome)
    }
}

/// How the run in the folder `path` ended, if it has.
///
/// # Errors
/// If the file can't be read.
pub fn outcome(path: &Path) -> Result<Option<RunOutcome>, FolderError> {
    let file = path.join(OUTCOME_FILE);
    if file.exists() {
        read_json(&file).map(Some)
    } else {
        Ok(None)
    }
}

/// Writes a value as JSON for people: under another name first, then moved.
///
/// # Errors
/// If the file can't be written.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FolderError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|source| FolderError::Json {
        path: path.into(),
        source,
    })?;
    text.push(b'\n');
    let unfinished = path.with_extension("part");
    std::fs::write(&unfinished, text).map_err(|source| file_error(&unfinished, source))?;
    std::fs::rename(&unfinished, path).map_err(|source| file_error(path, source))
}

/// Reads what [`write_json`] wrote.
///
/// # Errors
/// If the file can't be read.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, FolderError> {
    let bytes = std::fs::read(path).map_err(|source| file_error(path, source))?;
    serde_json::from_slice(&bytes).map_err(|source| FolderError::Json {
        path: path.into(),
        source,
    })
}

fn to_json(path: &Path, value: &impl Serialize) -> Result<Vec<u8>, FolderError> {
    serde_json::to_vec(value).map_err(|source| FolderError::Json {
        path: path.into(),
        source,
    })
}

fn file_error(path: &Path, source: std::io::Error) -> FolderError {
    FolderError::File {
        path: path.into(),
        source,
    }
}
