//! What happens to runs.

use crate::run_folder::Owner;
use crate::train::{RunEnd, Watch};

/// What happens to runs, for whoever shows it.
///
/// ```
/// # use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
/// use breakeven_empirical::sweep::{Progress, Shard, Sweep};
/// use breakeven_empirical::train::RunEnd;
/// # use breakeven_empirical::{compute::DeviceKind, config::SweepConfig};
///
/// struct Steps(AtomicU64);
///
/// impl Progress for Steps {
///     fn started(&self, _run: &str, _done: u64, _total: u64) {}
///
///     fn stepped(&self, _run: &str, _done: u64) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
///
///     fn ended(&self, _run: &str, _end: RunEnd) {}
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("breakeven-steps-{}", std::process::id()));
/// # let config: SweepConfig = serde_json::from_str(
/// #     r#"{
/// #         "name": "tiny", "data": { "name": "fashion-mnist-12k", "train_examples": 25 },
/// #         "model": { "name": "mlp", "hidden": [] }, "training": { "epochs": 3 },
/// #         "sweep": { "learning_rates": [0.1, 0.2], "batch_sizes": [10], "seeds": [0] }
/// #     }"#,
/// # )?;
/// let sweep = Sweep::prepare(&config, None, DeviceKind::Flex, "1".into())?;
/// let steps = Steps(AtomicU64::new(0));
/// sweep.carry_out(&folder, Shard::WHOLE, 1, &AtomicBool::new(false), &steps)?;
/// assert_eq!(steps.0.into_inner(), sweep.steps(Shard::WHOLE));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
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
