//! What happens to runs.

use crate::run_folder::Owner;
use crate::train::{RunEnd, Watch};

/// What happens to runs, for whoever shows it.
pub trait Progress: Sync {
    /// A run begins or goes on, `done` of `total` steps taken.
    fn started(&self, run: &str, done: u64, total: u64);
    /// A run has taken `done` steps.
    fn stepped(&self, run: &str, done: u64);
    /// A run is carried out anew, since a file of it changed on disk: `why`.
    /// Whoever shows no lines has nothing to do here.
    fn anew(&self, _run: &str, _why: &str) {}
    /// A run is left alone, since another process carries it out: this one, where
    /// it says so. Whoever shows no lines has nothing to do here.
    fn elsewhere(&self, _run: &str, _by: Option<&Owner>) {}
    /// A run has ended, or stopped, or is carried out by another process.
    fn ended(&self, run: &str, end: RunEnd);
}

/// What happens to the run of this name.
pub(super) struct OfRun<'a> {
    pub(super) name: &'a str,
    pub(super) progress: &'a dyn Progress,
}

impl Watch for OfRun<'_> {
    fn stepped(&self, done: u64) {
        self.progress.stepped(self.name, done);
    }

    fn anew(&self, why: &str) {
        self.progress.anew(self.name, why);
    }

    fn elsewhere(&self, by: Option<Owner>) {
        self.progress.elsewhere(self.name, by.as_ref());
    }
}
