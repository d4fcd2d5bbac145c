//! How far the run in a folder is, for whoever only looks.

use std::io::ErrorKind;
use std::path::Path;
use std::time::SystemTime;

use breakeven_sim::record::{HEADER_FILE, RunHeader, RunOutcome};

use crate::checkpoint::taken;
use crate::run_folder::{
    CHECKPOINT_FILE, FolderError, Followed, LOCK_FILE, Owner, check_begun, check_finished,
    file_error, is_held, outcome, read_page,
};
use crate::weights::CheckpointError;

/// How far a run is.
#[derive(Clone, Debug, PartialEq)]
pub enum RunState {
    /// It has ended, and its files are as they were written.
    Over(RunOutcome),
    /// A process carries it out: this one, where it says so.
    Running(Progress, Option<Owner>),
    /// It was begun, and nobody carries it out.
    Stale(Progress),
    /// A file is not as it was written, or can't be read as what it is.
    Damaged {
        /// Which file, and what shows it.
        problem: String,
        /// What helps.
        remedy: Remedy,
    },
    /// It was never begun.
    Missing,
}

/// What of a run that is not over is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Steps that its checkpoint has taken.
    pub steps: u64,
    /// Steps that it is to take; absent before its header is written.
    pub planned: Option<u64>,
    /// When a file of it was last written.
    pub written: Option<SystemTime>,
}

/// What helps a damaged run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// To resume its sweep, which carries it out anew.
    Resume,
    /// To remove its folder before: without a checksum it may be what somebody
    /// wants to keep.
    Remove,
}

/// How far the run in the folder `path` is. Files of a run that a process
/// carries out are not checked: they change meanwhile. Nothing is written.
///
/// ```
/// use breakeven_empirical::run_folder::Hold;
/// use breakeven_empirical::run_state::{RunState, state};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("breakeven-state-{}", std::process::id()));
/// assert_eq!(state(&folder)?, RunState::Missing);
/// let hold = Hold::take(&folder)?;
/// assert!(matches!(state(&folder)?, RunState::Running(..)));
/// # drop(hold);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If a file or the lock can't be read.
pub fn state(path: &Path) -> Result<RunState, FolderError> {
    if !path.is_dir() {
        return Ok(RunState::Missing);
    }
    // Before all else: who holds it may be about to carry it out anew.
    if is_held(&path.join(LOCK_FILE))? {
        let steps = checkpoint(path).map_or(0, |taken| taken.map_or(0, |(steps, _)| steps));
        let unknown = Progress {
            steps,
            ..Progress::default()
        };
        let owner = Owner::of(&path.join(LOCK_FILE));
        let progress = progress(path, steps).unwrap_or(unknown);
        return Ok(RunState::Running(progress, owner));
    }
    if let Some(over) = over(path)? {
        return Ok(over);
    }
    let found = match checkpoint(path) {
        // It begins anew, and nothing counts on the header, which a power cut may
        // have left empty.
        Ok(None) => match progress(path, 0) {
            Err(FolderError::Changed { .. } | FolderError::Damaged { .. }) => Ok(Progress {
                written: last_written(path)?,
                ..Progress::default()
            }),
            other => other,
        },
        Ok(Some((steps, followed))) => {
            check_begun(path, &followed).and_then(|()| progress(path, steps))
        }
        Err(CheckpointError::File { path, source }) => Err(FolderError::File { path, source }),
        Err(error) => {
            let remedy = if error.is_change() {
                Remedy::Resume
            } else {
                Remedy::Remove
            };
            let problem = error.to_string();
            return Ok(RunState::Damaged { problem, remedy });
        }
    };
    match found {
        Ok(Progress { written: None, .. }) => Ok(RunState::Missing),
        Ok(progress) => Ok(RunState::Stale(progress)),
        Err(error) => damaged(error),
    }
}

/// The end of a run that is over, or what is wrong with it.
fn over(path: &Path) -> Result<Option<RunState>, FolderError> {
    let found = outcome(path).and_then(|found| {
        if let Some(over) = &found {
            check_finished(path, over)?;
        }
        Ok(found)
    });
    match found {
        Ok(over) => Ok(over.map(RunState::Over)),
        Err(error) => damaged(error).map(Some),
    }
}

fn damaged(error: FolderError) -> Result<RunState, FolderError> {
    let remedy = match &error {
        FolderError::Changed { .. } => Remedy::Resume,
        FolderError::Damaged { .. } | FolderError::RecordsMissing { .. } => Remedy::Remove,
        FolderError::File { .. } | FolderError::Lock { .. } | FolderError::Device { .. } => {
            return Err(error);
        }
    };
    let problem = error.to_string();
    Ok(RunState::Damaged { problem, remedy })
}

/// What the checkpoint of a run says of it, where there is one.
fn checkpoint(path: &Path) -> Result<Option<(u64, Followed)>, CheckpointError> {
    let file = path.join(CHECKPOINT_FILE);
    match taken(&file) {
        Err(CheckpointError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Ok(None)
        }
        other => other.map(Some),
    }
}

fn progress(path: &Path, steps: u64) -> Result<Progress, FolderError> {
    let header = path.join(HEADER_FILE);
    let planned = match header.exists() {
        true => Some(read_page::<RunHeader>(&header)?.steps),
        false => None,
    };
    Ok(Progress {
        steps,
        planned,
        written: last_written(path)?,
    })
}

/// When a file of the folder was last written, where there is any. The lock,
/// which is taken without being written, counts as when it was made.
fn last_written(path: &Path) -> Result<Option<SystemTime>, FolderError> {
    let mut last = None;
    for entry in std::fs::read_dir(path).map_err(|source| file_error(path, source))? {
        let written = entry.and_then(|entry| entry.metadata()?.modified());
        match written {
            Ok(written) => last = last.max(Some(written)),
            // It was moved into its place meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(file_error(path, source)),
        }
    }
    Ok(last)
}
