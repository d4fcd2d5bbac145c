//! How far all runs of a sweep are, for whoever only looks.

use std::path::Path;

use breakeven_sim::record::RUNS_FOLDER;
use rayon::prelude::*;

use crate::config::SweepAxes;
use crate::run_folder::{FolderError, RunState, state};
use crate::train::RunSpec;

/// Each run that is planned in the sweep folder `folder`, in order, and how far
/// it is. Needs neither data nor model, and writes nothing.
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
