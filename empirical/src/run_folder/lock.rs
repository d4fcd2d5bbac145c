//! The lock of a run: the operating system's, so that a killed process leaves
//! none. A process that carries the run out has it alone; whoever asks whether
//! one does shares it for a moment.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use super::FolderError;
use super::error::file_error;

/// How often it is tried while others only ask, and the time between: three
/// seconds, where asking takes microseconds.
const TRIES: usize = 1000;
const BETWEEN_TRIES: Duration = Duration::from_millis(3);

/// Locks the file, which is made where there is none; absent where another
/// process holds it.
///
/// # Errors
/// If it can't be made or locked.
pub fn take(path: &Path) -> Result<Option<File>, FolderError> {
    // Where locks are of bytes, as on NFS, only what can be read can be shared.
    let lock = OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .open(path)
        .map_err(|source| file_error(path, source))?;
    for _ in 0..TRIES {
        if is_granted(path, lock.try_lock())? {
            return Ok(Some(lock));
        }
        if !is_granted(path, lock.try_lock_shared())? {
            return Ok(None);
        }
        lock.unlock().map_err(|source| file_error(path, source))?;
        std::thread::sleep(BETWEEN_TRIES);
    }
    Ok(None)
}

/// Whether a process holds the lock. Nothing is written.
///
/// # Errors
/// If that can't be told.
pub fn is_held(path: &Path) -> Result<bool, FolderError> {
    match File::open(path) {
        Ok(lock) => is_granted(path, lock.try_lock_shared()).map(|is_free| !is_free),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(file_error(path, source)),
    }
}

fn is_granted(path: &Path, tried: Result<(), TryLockError>) -> Result<bool, FolderError> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(FolderError::Lock {
            path: path.into(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_only_asks_takes_no_run_from_anybody() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.lock");
        let asking = File::create(&file).unwrap();
        asking.lock_shared().unwrap();
        assert!(!is_held(&file).unwrap());
        std::thread::scope(|scope| {
            let taken = scope.spawn(|| take(&file).unwrap());
            std::thread::sleep(Duration::from_millis(50));
            asking.unlock().unwrap();
            assert!(taken.join().unwrap().is_some());
        });
    }

    #[test]
    fn one_process_has_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.lock");
        assert!(!is_held(&file).unwrap());
        let held = take(&file).unwrap();
        assert!(held.is_some() && is_held(&file).unwrap());
        assert!(take(&file).unwrap().is_none());
        drop(held);
        assert!(!is_held(&file).unwrap());
        assert!(take(&file).unwrap().is_some());
    }
}
