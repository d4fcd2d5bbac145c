//! What is described and not tested: maxima after the break-even point.
//!
//! A run has such a maximum only if it reached that point, which depends on η, S
//! and the outcome itself. Where λ_H followed one law for every η, runs at large
//! η would still pass 2/η more often and from lower values on, so that a trend
//! over those that did is no sign of an effect. There is no p-value for it here,
//! and no verdict.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::hypothesis::{as_name, for_each_claim, id};
use crate::input::Sweep;
use crate::level::{Fixed, Level};
use crate::quantity::{Direction, Factor, PerRun};
use crate::summary::RunSummary;

/// A per-run quantity, level by level.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// `sweep/quantity/factor@other_factor=fixed`.
    pub id: String,
    /// The sweep.
    pub sweep: String,
    /// The per-run quantity, such as `max_after_lambda_k`.
    #[serde(serialize_with = "as_name")]
    pub quantity: PerRun,
    /// The hyperparameter that varies.
    pub factor: Factor,
    /// The levels of all other hyperparameters.
    #[serde(flatten)]
    pub fixed: Fixed,
    /// How the quantity changes as the factor grows, if the conjecture holds.
    pub expected: Direction,
    /// All levels, rising.
    pub levels: Vec<Level>,
    /// Runs that count, level by level.
    pub runs: Vec<usize>,
    /// Those of them that have the quantity.
    pub runs_with_value: Vec<usize>,
    /// Its mean over those; null where there is none.
    pub level_means: Vec<Option<f64>>,
    /// Why it is not tested.
    pub reason: &'static str,
}

/// Why maxima after the break-even point are not tested.
pub const REASON: &str = "a run has it only if it reached the break-even point, so it selects on \
                          η, S and the outcome: described, not tested";

/// What is described of a sweep, in the order of the settings.
///
/// ```
/// use breakeven_verify::{VerifySettings, description, parse_table};
///
/// let table = "seed,learning_rate,batch_size,max_after_lambda_k
/// 0,0.1,32,6\n1,0.1,32,4\n0,0.2,32,3\n1,0.2,32,\n";
/// let path = std::path::Path::new("runs.csv");
/// let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
/// let found = &description::of_sweep(&sweep)[0];
/// assert_eq!(found.level_means, [Some(5.0), Some(3.0)]);
/// assert_eq!(found.runs_with_value, [2, 1]);
/// # Ok::<(), breakeven_verify::InputError>(())
/// ```
pub fn of_sweep(sweep: &Sweep) -> Vec<Description> {
    for_each_claim(sweep, |quantity, factor, fixed, runs| {
        let is_described = !quantity.statistic.is_tested();
        is_described.then(|| describe(sweep, quantity, factor, fixed, runs))
    })
}

fn describe(
    sweep: &Sweep,
    quantity: PerRun,
    factor: Factor,
    fixed: &Fixed,
    runs: &[&RunSummary],
) -> Description {
    let levels: BTreeSet<Level> = runs.iter().map(|run| Level::of(run, factor)).collect();
    let counted = |level: &Level| -> Vec<&RunSummary> {
        let is_it = |run: &&&RunSummary| Level::of(run, factor) == *level && run.has_converged();
        runs.iter().filter(is_it).copied().collect()
    };
    let values = |level: &Level| -> Vec<f64> {
        let runs = counted(level).into_iter();
        runs.filter_map(|run| Some(run.values.get(&quantity)?.value))
            .collect()
    };
    let mean = |values: Vec<f64>| {
        let sum: f64 = values.iter().sum();
        (!values.is_empty()).then(|| sum / values.len() as f64)
    };
    Description {
        id: id(sweep, quantity, factor, fixed),
        sweep: sweep.name.clone(),
        quantity,
        factor,
        fixed: fixed.clone(),
        expected: quantity.quantity.expected(factor),
        runs: levels.iter().map(|level| counted(level).len()).collect(),
        runs_with_value: levels.iter().map(|level| values(level).len()).collect(),
        level_means: levels.iter().map(|level| mean(values(level))).collect(),
        levels: levels.into_iter().collect(),
        reason: REASON,
    }
}
