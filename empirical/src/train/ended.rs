//! How a run ended, and its last files.

use breakeven_sim::record::{RunOutcome, RunStatus};

use crate::run_folder::{FolderError, RunFolder};
use crate::whole::Unfinished;

/// How a run of a sweep ended, as far as this call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The run is over, with this status.
    Over(RunStatus),
    /// It was asked to stop, and can be resumed.
    Stopped,
    /// Another process carries it out.
    Elsewhere,
}

/// A call of [`run`](super::run) that ended. Of a run that is over the last
/// checkpoint and the outcome have yet to reach the disk: to wait for that takes
/// no core, so that the next run may begin meanwhile.
#[must_use = "a run is over once it is closed"]
pub(crate) struct Ended {
    end: RunEnd,
    last: Option<Last>,
}

struct Last {
    folder: RunFolder,
    checkpoint: Unfinished,
    outcome: RunOutcome,
}

impl Ended {
    /// The run of `folder` is over, as `outcome` says.
    pub(super) fn now(folder: RunFolder, checkpoint: Unfinished, outcome: RunOutcome) -> Self {
        Self {
            end: RunEnd::Over(outcome.status),
            last: Some(Last {
                folder,
                checkpoint,
                outcome,
            }),
        }
    }

    /// Puts what is left onto the disk: records, checkpoint, outcome, each before
    /// what counts on it. The folder is then another process's to take.
    ///
    /// # Errors
    /// If a file can't be written.
    pub(crate) fn close(self) -> Result<RunEnd, FolderError> {
        if let Some(Last {
            mut folder,
            checkpoint,
            outcome,
        }) = self.last
        {
            folder.save(checkpoint)?;
            folder.finish(outcome)?;
        }
        Ok(self.end)
    }
}

/// Nothing is left of it.
impl From<RunEnd> for Ended {
    fn from(end: RunEnd) -> Self {
        Self { end, last: None }
    }
}
