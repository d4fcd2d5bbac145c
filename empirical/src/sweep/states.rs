//! How far all runs of a sweep are, for whoever only looks.

use std::path::Path;

use breakeven_sim::record::RUNS_FOLDER;
use rayon::prelude::*;

use crate::config::SweepAxes;
use crate::run_folder::FolderError;
use crate::run_state::{RunState, state};
use crate::train::RunSpec;

/// Each run that is planned in the sweep folder `folder`, in order, and how far
/// it is. Needs neither data nor model, and writes nothing.
///
/// ```
/// use breakeven_empirical::config::SweepAxes;
/// use breakeven_empirical::run_state::RunState;
/// use breakeven_empirical::sweep::states;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("breakeven-none-{}", std::process::id()));
/// let axes = SweepAxes {
///     learning_rates: vec![0.1, 0.2],
///     batch_sizes: vec![10],
///     momenta: None,
///     seeds: vec![0, 1, 2],
/// };
/// // A folder in which nothing was begun.
/// let all = states(&axes, &folder)?;
/// assert_eq!(all.len(), 2 * 3);
/// assert!(all.iter().all(|(_, state)| *state == RunState::Missing));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If a file or a lock can't be read.
pub fn states(axes: &SweepAxes, folder: &Path) -> Result<Vec<(RunSpec, RunState)>, FolderError> {
    let runs = folder.join(RUNS_FOLDER);
    RunSpec::of(axes)
        .into_par_iter()
        .map(|spec| Ok((spec, state(&runs.join(spec.name()))?)))
        .collect()
}
