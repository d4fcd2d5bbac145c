//! The folder of one run: header, records as they come, checkpoint, outcome.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use breakeven_sim::record::{
    HEADER_FILE, OUTCOME_FILE, RECORDS_FILE, Record, RunHeader, RunOutcome,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The checkpoint of a run, in its folder.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";
/// Locked by the process that carries a run out; gone once the run is over.
pub const LOCK_FILE: &str = "run.lock";

/// What helps where a file of a run is damaged.
const ANEW: &str = "remove the run's folder to start it anew";

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
    #[error("{path} is damaged ({source}): {remedy}")]
    Json {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: serde_json::Error,
        /// What helps.
        remedy: &'static str,
    },
    /// The file system has no locks.
    #[error("{path} can't be locked ({source}): use a folder on a file system with file locks")]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The run was begun on another device.
    #[error(
        "{path} says that the run was begun on {begun}, not on {now}: resume it on the same --device"
    )]
    Device {
        /// The header.
        path: PathBuf,
        /// The device and precision it names.
        begun: String,
        /// Those of now.
        now: String,
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

/// A run's folder that no other process writes in meanwhile.
pub struct Hold {
    path: PathBuf,
    _lock: File,
}

impl Hold {
    /// Makes the folder, locks it and removes what a killed process left
    /// half-written; absent where another process holds it.
    ///
    /// # Errors
    /// If a file can't be made, locked or removed.
    pub fn take(path: &Path) -> Result<Option<Self>, FolderError> {
        std::fs::create_dir_all(path).map_err(|source| file_error(path, source))?;
        let file = path.join(LOCK_FILE);
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&file)
            .map_err(|source| file_error(&file, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => {
                return Err(FolderError::Lock { path: file, source });
            }
        }
        remove_unfinished(path).map_err(|source| file_error(path, source))?;
        Ok(Some(Self {
            path: path.into(),
            _lock: lock,
        }))
    }

    /// Removes the lock file of a run that is over. Whoever opened it before
    /// may still lock it, and sees then that the run is over.
    ///
    /// # Errors
    /// If it can't be removed.
    pub fn release(self) -> Result<(), FolderError> {
        let file = self.path.join(LOCK_FILE);
        match std::fs::remove_file(&file) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(file_error(&file, source)),
            _ => Ok(()),
        }
    }
}

/// The folder of a run, open for records.
pub struct RunFolder {
    hold: Hold,
    records: File,
    bytes: u64,
}

impl RunFolder {
    /// Writes the header, unless the run goes on and has one, and keeps the
    /// first `bytes` of the records.
    ///
    /// # Errors
    /// If a file can't be written, there are fewer bytes, or the run was begun
    /// on another device.
    pub fn open(hold: Hold, header: &RunHeader, bytes: u64) -> Result<Self, FolderError> {
        save_header(&hold.path.join(HEADER_FILE), header, bytes)?;
        let file = hold.path.join(RECORDS_FILE);
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
            hold,
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
        self.hold.path.join(CHECKPOINT_FILE)
    }

    /// Adds a record, in one write.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn append(&mut self, record: &Record) -> Result<(), FolderError> {
        let path = self.hold.path.join(RECORDS_FILE);
        let mut line = to_json(&path, record)?;
        line.push(b'\n');
        self.records
            .write_all(&line)
            .map_err(|source| file_error(&path, source))?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// Says how the run ended, and lets go of the folder.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn finish(self, outcome: &RunOutcome) -> Result<(), FolderError> {
        write_json(&self.hold.path.join(OUTCOME_FILE), outcome)?;
        self.hold.release()
    }
}

/// A run that goes on keeps the header that it began with, and its version.
fn save_header(path: &Path, header: &RunHeader, bytes: u64) -> Result<(), FolderError> {
    if bytes == 0 || !path.exists() {
        return write_json(path, header);
    }
    let begun: RunHeader = read_json(path, ANEW)?;
    if begun.device == header.device {
        return Ok(());
    }
    Err(FolderError::Device {
        path: path.into(),
        begun: begun.device,
        now: header.device.clone(),
    })
}

/// How the run in the folder `path` ended, if it has.
///
/// # Errors
/// If the file can't be read.
pub fn outcome(path: &Path) -> Result<Option<RunOutcome>, FolderError> {
    let file = path.join(OUTCOME_FILE);
    if file.exists() {
        read_json(&file, ANEW).map(Some)
    } else {
        Ok(None)
    }
}

/// Writes a value as JSON for people.
///
/// # Errors
/// If the file can't be written.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FolderError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|source| json_error(path, source))?;
    text.push(b'\n');
    write_whole(path, &text).map_err(|source| file_error(path, source))
}

/// Reads what [`write_json`] wrote; `remedy` is what helps where it is damaged.
///
/// # Errors
/// If the file can't be read.
pub fn read_json<T: DeserializeOwned>(path: &Path, remedy: &'static str) -> Result<T, FolderError> {
    let bytes = std::fs::read(path).map_err(|source| file_error(path, source))?;
    serde_json::from_slice(&bytes).map_err(|source| FolderError::Json {
        path: path.into(),
        source,
        remedy,
    })
}

/// Writes a file whole: under a name that no other process has first, then
/// moved into its place, so that a kill leaves the old one or the new one.
///
/// # Errors
/// If it can't be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let (mut file, unfinished) = create_unfinished(path)?;
    let moved = file
        .write_all(bytes)
        .and_then(|()| std::fs::rename(&unfinished, path));
    if moved.is_err() {
        // That it could not be written is what counts.
        let _ = std::fs::remove_file(&unfinished);
    }
    moved
}

/// `NAME.PID-K.part`, with the first K that is free: machines that share a
/// folder may have processes of the same number.
fn create_unfinished(path: &Path) -> std::io::Result<(File, PathBuf)> {
    let mut k = 0;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}-{k}.part", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&name) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => k += 1,
            other => return other.map(|file| (file, name.into())),
        }
    }
}

/// Removes files that were to be moved into their place, and those that
/// safetensors' own writer leaves.
fn remove_unfinished(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".part") || name.starts_with(".tmp") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn to_json(path: &Path, value: &impl Serialize) -> Result<Vec<u8>, FolderError> {
    serde_json::to_vec(value).map_err(|source| json_error(path, source))
}

fn json_error(path: &Path, source: serde_json::Error) -> FolderError {
    file_error(path, source.into())
}

fn file_error(path: &Path, source: std::io::Error) -> FolderError {
    FolderError::File {
        path: path.into(),
        source,
    }
}
