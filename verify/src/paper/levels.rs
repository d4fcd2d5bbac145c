//! Runs of an experiment by the level of what varies.

use std::collections::BTreeSet;

use crate::input::{Run, Sweep};
use crate::level::Level;
use crate::quantity::Factor;
use crate::ties::RELATIVE;
use crate::trajectories::AtLevel;
use breakeven_plot::number::exact;

/// A level for readers: `η = 0.1`.
pub(super) fn name(factor: Factor, value: f64) -> String {
    format!("{} = {}", factor.symbol(), exact(value))
}

/// The levels that were trained, rising.
pub(super) fn values(factor: Factor, sweep: &Sweep) -> Vec<f64> {
    let levels = sweep.runs.iter().map(|run| Level::of(&run.summary, factor));
    let levels: BTreeSet<Level> = levels.collect();
    levels.into_iter().map(Level::value).collect()
}

/// The runs at a level, but for its rounding.
pub(super) fn runs(factor: Factor, sweep: &Sweep, value: f64) -> Vec<&Run> {
    let at = |run: &&Run| {
        let found = Level::of(&run.summary, factor).value();
        (found - value).abs() <= RELATIVE * value.abs()
    };
    sweep.runs.iter().filter(at).collect()
}

/// All levels with their runs, rising.
pub(super) fn levels(factor: Factor, sweep: &Sweep) -> Vec<AtLevel<'_>> {
    let at_level = |value| AtLevel {
        name: name(factor, value),
        runs: runs(factor, sweep, value),
    };
    let values = values(factor, sweep).into_iter();
    values.map(at_level).collect()
}
