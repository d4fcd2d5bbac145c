//! The lock of a run: the operating system's, so that a killed process leaves
//! none. A process that carries the run out has it alone; whoever asks whether
//! one does shares it for a moment.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sysinfo::System;

use super::FolderError;
use super::error::file_error;

/// How often it is tried while others only ask, and the time between: three
/// seconds, where asking takes microseconds.
const TRIES: usize = 1000;
const BETWEEN_TRIES: Duration = Duration::from_millis(3);

/// Who holds a lock, as it wrote into the file: for people. Whether a lock is
/// held is the system's to say, so that a process long gone, one of another
/// machine, or another one that has its number now, keeps nobody out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The process's number.
    pub process: u32,
    /// The machine's name, where it has one.
    pub host: Option<String>,
}

impl Owner {
    fn this_process() -> Self {
        Self {
            process: std::process::id(),
            host: System::host_name(),
        }
    }

    /// Who wrote into the lock file, where it says so.
    pub fn of(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "process {}", self.process)?;
        match &self.host {
            Some(host) => write!(f, " on {host}"),
            None => Ok(()),
        }
    }
}

/// Locks the file, which is made where there is none, and writes into it who
/// has it; absent where another process holds it.
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
            // A full disk can't keep a name, and the lock holds without one.
            let _ = sign(&lock);
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

fn sign(mut lock: &File) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.write_all(serde_json::to_string(&Owner::this_process())?.as_bytes())
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
        assert_eq!(Owner::of(&file).unwrap().process, std::process::id());
        assert!(take(&file).unwrap().is_none());
        drop(held);
        assert!(!is_held(&file).unwrap());
        assert!(take(&file).unwrap().is_some());
    }

    #[test]
    fn what_a_lock_file_says_keeps_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.lock");
        let host = System::host_name();
        let dead = r#"{"process":4294967295,"host":null}"#.to_owned();
        let elsewhere = r#"{"process":1,"host":"another machine"}"#.to_owned();
        // Of a process that runs, and never had it.
        let recycled = serde_json::json!({ "process": 1, "host": host }).to_string();
        for left in [dead, elsewhere, recycled, "{".to_owned(), String::new()] {
            std::fs::write(&file, &left).unwrap();
            assert!(!is_held(&file).unwrap(), "{left}");
            let held = take(&file).unwrap();
            assert!(held.is_some(), "{left}");
            let owner = Owner::of(&file).unwrap();
            assert_eq!(owner, Owner::this_process(), "{left}");
        }
    }
}
