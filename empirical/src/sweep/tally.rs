//! How many runs ended how.

use std::path::Path;

use breakeven_sim::record::{RUNS_FOLDER, RunStatus};

use super::{Shard, Sweep, SweepError};
use crate::run_folder::outcome;

/// How many runs of a shard ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub runs: usize,
    /// Those that took all their steps.
    pub completed: usize,
    /// Those that diverged.
    pub diverged: usize,
}

impl Sweep<'_> {
    /// How many runs of a shard in `folder` ended how.
    ///
    /// # Errors
    /// If an outcome can't be read.
    pub fn tally(&self, folder: &Path, shard: Shard) -> Result<Tally, SweepError> {
        let mut tally = Tally::default();
        for spec in self.runs(shard) {
            tally.runs += 1;
            match outcome(&folder.join(RUNS_FOLDER).join(spec.name()))?.map(|over| over.status) {
                Some(RunStatus::Completed) => tally.completed += 1,
                Some(RunStatus::Diverged) => tally.diverged += 1,
                None => {}
            }
        }
        Ok(tally)
    }
}
