//! The lock of a run: the operating system's, so that a killed process leaves
//! none.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use super::FolderError;
use super::error::file_error;

/// Whoever asks whether a run is held shares its lock for a moment. So it is
/// tried a few times before it is another process's.
const TRIES: usize = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(3);

/// Locks the file, which is made where there is none; absent where another
/// process holds it.
///
/// # Errors
/// If it can't be made or locked.
pub fn take(path: &Path) -> Result<Option<File>, FolderError> {
    let lock = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|source| file_error(path, source))?;
    for k in 0..TRIES {
        if k > 0 {
            std::thread::sleep(BETWEEN_TRIES);
        }
        if said(path, lock.try_lock())? {
            return Ok(Some(lock));
        }
    }
    Ok(None)
}

/// Whether a process holds the lock. Nothing is written.
///
/// # Errors
/// If that can't be told.
pub fn is_held(path: &Path) -> Result<bool, FolderError> {
    match File::open(path) {
        Ok(lock) => said(path, lock.try_lock_shared()).map(|is_free| !is_free),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(file_error(path, source)),
    }
}

fn said(path: &Path, tried: Result<(), TryLockError>) -> Result<bool, FolderError> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(FolderError::Lock {
            path: path.into(),
            source,
        }),
    }
}
