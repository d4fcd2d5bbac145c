//! One hypothesis for each per-run quantity, factor, value of the other
//! factor, and sweep; tested on complete blocks.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::blocks::{Blocks, Dropped, Level};
use crate::input::Sweep;
use crate::page::{PageMethod, PageTrend, page_trend_test};
use crate::quantity::{Conjecture, Direction, Factor, PerRun, Quantity, Statistic};
use crate::slope::{LogSlope, log_slope, stream_of};
use crate::summary::{Reached, RunSummary, is_measured};
use crate::verdict::Verdict;

/// A hypothesis, its test and its verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hypothesis {
    /// `sweep/quantity/factor@other_factor=fixed`.
    pub id: String,
    /// The sweep whose runs it is tested on.
    pub sweep: String,
    /// Conjecture 1 or 2.
    pub conjecture: Conjecture,
    /// The per-run quantity, such as `max_lambda_k`.
    #[serde(serialize_with = "as_name")]
    pub quantity: PerRun,
    /// The hyperparameter that varies.
    pub factor: Factor,
    /// The other hyperparameter's value.
    pub fixed: Level,
    /// How the quantity changes as the factor grows, if the conjecture holds.
    pub expected: Direction,
    /// The levels tested, rising.
    pub levels: Vec<Level>,
    /// The seeds tested: the blocks.
    pub seeds: Vec<u64>,
    /// Page's L for the expected direction.
    pub page_l: Option<f64>,
    /// The largest L that this many seeds and levels allow.
    pub page_l_largest: Option<f64>,
    /// Its p-value.
    pub p_value: Option<f64>,
    /// The p-value after Holm's adjustment for the family.
    pub p_adjusted: Option<f64>,
    /// The p-value of the opposite direction.
    pub opposite_p_value: Option<f64>,
    /// That after Holm's adjustment for the family of opposite directions.
    pub opposite_p_adjusted: Option<f64>,
    /// The smallest p-value that these seeds, levels and ties allow.
    pub smallest_p_value: Option<f64>,
    /// How the p-values were found.
    pub method: Option<PageMethod>,
    /// Slope of log quantity against log factor, mean over seeds.
    pub log_slope: Option<f64>,
    /// Its bootstrap interval over seeds, of coverage 1 − α.
    pub log_slope_interval: Option<[f64; 2]>,
    /// Seeds in which at least two levels tie: the same value, or values at
    /// step 0.
    pub tied_blocks: usize,
    /// Seeds in which at least two levels have their value at step 0, where
    /// all runs of a seed share their weights. Absent where steps are unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_zero_blocks: Option<usize>,
    /// Mean of the quantity over the seeds tested, level by level.
    pub level_means: Vec<f64>,
    /// What follows.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// What the test went without.
    #[serde(skip)]
    pub dropped: Vec<Dropped>,
    /// Whether L and M of K^M differ between the runs of a K^M quantity.
    #[serde(skip)]
    pub covariances: Covariances,
}

/// Whether the runs measured K^M alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covariances {
    /// The same L and M, or a quantity that does not depend on them.
    Alike,
    /// Not the same: K^M is about K/M, so values cannot be compared.
    Different,
}

fn as_name<S: serde::Serializer>(quantity: &PerRun, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(quantity)
}

/// The hypotheses of a sweep, tested but not yet judged, in the order of the
/// settings.
pub fn of_sweep(sweep: &Sweep) -> Vec<Hypothesis> {
    let runs: Vec<&RunSummary> = sweep.runs.iter().map(|run| &run.summary).collect();
    let mut hypotheses = Vec::new();
    for factor in Factor::ALL {
        for (fixed, group) in groups(&runs, factor) {
            for per_run in tested(sweep, &runs) {
                hypotheses.push(test(sweep, per_run, factor, fixed, &group));
            }
        }
    }
    hypotheses
}

/// The runs that share a value of the other factor, where they have at least
/// two levels of `factor`.
pub fn groups<'a>(runs: &[&'a RunSummary], factor: Factor) -> Vec<(Level, Vec<&'a RunSummary>)> {
    let other: BTreeSet<Level> = runs.iter().map(|r| Level::of(r, factor.other())).collect();
    let with = |fixed: Level| -> Vec<&RunSummary> {
        let shares = |r: &&&RunSummary| Level::of(r, factor.other()) == fixed;
        runs.iter().filter(shares).copied().collect()
    };
    let has_levels = |group: &Vec<&RunSummary>| {
        let levels: BTreeSet<Level> = group.iter().map(|r| Level::of(r, factor)).collect();
        levels.len() >= 2
    };
    other
        .into_iter()
        .map(|fixed| (fixed, with(fixed)))
        .filter(|(_, group)| has_levels(group))
        .collect()
}

/// The per-run quantities that are asked for and measured in any run. Of a
/// table, those that have a column.
fn tested(sweep: &Sweep, runs: &[&RunSummary]) -> Vec<PerRun> {
    let is_known = |per_run: &PerRun| match sweep.source {
        crate::input::Source::Folder => is_measured(per_run.quantity, runs.iter().copied()),
        crate::input::Source::Table => runs.iter().any(|r| r.values.contains_key(per_run)),
    };
    let with_statistic = |statistic: Statistic, quantity: Quantity| PerRun {
        statistic,
        quantity,
    };
    let settings = &sweep.settings;
    settings
        .quantities
        .iter()
        .flat_map(|&q| {
            settings
                .statistics
                .iter()
                .map(move |&s| with_statistic(s, q))
        })
        .filter(is_known)
        .collect()
}

fn test(
    sweep: &Sweep,
    quantity: PerRun,
    factor: Factor,
    fixed: Level,
    group: &[&RunSummary],
) -> Hypothesis {
    let id = id(sweep, quantity, factor, fixed);
    let expected = quantity.quantity.expected(factor);
    let blocks = Blocks::of(group, quantity, factor);
    let reached = blocks.reached(quantity);
    let values: Vec<Vec<f64>> = reached
        .iter()
        .map(|block| block.iter().map(|r| r.value).collect())
        .collect();
    // Fewer than two levels or no seeds: there is no test.
    let ranked: Vec<Vec<f64>> = reached.iter().map(|b| equal_at_step_zero(b)).collect();
    let page = page_trend_test(&along(expected, &ranked)).ok();
    let slope = page.and_then(|_| slope(sweep, &id, &blocks.levels, &values));
    Hypothesis {
        sweep: sweep.name.clone(),
        conjecture: quantity.quantity.conjecture(),
        quantity,
        factor,
        fixed,
        expected,
        page_l: page.map(|p: PageTrend| p.statistic),
        page_l_largest: page.map(|_| largest_l(values.len(), blocks.levels.len())),
        p_value: page.map(|p| p.p_value),
        p_adjusted: None,
        opposite_p_value: page.map(|p| p.opposite_p_value),
        opposite_p_adjusted: None,
        smallest_p_value: page.map(|p| p.smallest_p_value),
        method: page.map(|p| p.method),
        log_slope: slope.map(|s| s.slope),
        log_slope_interval: slope.and_then(|s| s.interval),
        tied_blocks: ranked.iter().filter(|block| has_tie(block)).count(),
        step_zero_blocks: step_zero_blocks(&reached),
        level_means: level_means(&values),
        verdict: Verdict::Inconclusive,
        reason: String::new(),
        covariances: covariances(quantity, &blocks),
        levels: blocks.levels,
        seeds: blocks.seeds,
        dropped: blocks.dropped,
        id,
    }
}

/// `sweep/quantity/factor@other_factor=fixed`.
fn id(sweep: &Sweep, quantity: PerRun, factor: Factor, fixed: Level) -> String {
    let (name, other) = (factor.name(), factor.other().name());
    format!("{}/{quantity}/{name}@{other}={fixed}", sweep.name)
}

/// The slope of `values` \[seeds\]\[levels\], with the random stream of the
/// hypothesis called `id`.
fn slope(sweep: &Sweep, id: &str, levels: &[Level], values: &[Vec<f64>]) -> Option<LogSlope> {
    let levels: Vec<f64> = levels.iter().map(|level| level.value()).collect();
    let settings = &sweep.settings;
    let stream = stream_of(id);
    log_slope(&levels, values, settings.alpha, &settings.bootstrap, stream)
}

/// A block's values as they are ranked. At step 0 all levels of a seed share
/// their weights: what differs there, from rounding or from the batches that
/// were measured, is not due to the factor, and counts as a tie.
fn equal_at_step_zero(block: &[Reached]) -> Vec<f64> {
    let is_first = |r: &&Reached| r.step == Some(0);
    let shared: Vec<f64> = block.iter().filter(is_first).map(|r| r.value).collect();
    let is_one_number = shared.windows(2).all(|pair| pair[0] == pair[1]);
    let mean = shared.iter().sum::<f64>() / shared.len() as f64;
    block
        .iter()
        .map(|r| {
            if is_first(&r) && !is_one_number {
                mean
            } else {
                r.value
            }
        })
        .collect()
}

/// The blocks with the levels in the order in which values should rise.
fn along(expected: Direction, values: &[Vec<f64>]) -> Vec<Vec<f64>> {
    match expected {
        Direction::Increasing => values.to_vec(),
        Direction::Decreasing => values
            .iter()
            .map(|block| block.iter().rev().copied().collect())
            .collect(),
    }
}

/// n·Σ j², all blocks in order.
fn largest_l(seeds: usize, levels: usize) -> f64 {
    (seeds * levels * (levels + 1) * (2 * levels + 1) / 6) as f64
}

fn has_tie(block: &[f64]) -> bool {
    (1..block.len()).any(|index| block[..index].contains(&block[index]))
}

fn step_zero_blocks(reached: &[Vec<Reached>]) -> Option<usize> {
    if reached.is_empty() || reached.iter().flatten().any(|r| r.step.is_none()) {
        return None;
    }
    let at_zero = |block: &&Vec<Reached>| block.iter().filter(|r| r.step == Some(0)).count() >= 2;
    Some(reached.iter().filter(at_zero).count())
}

fn level_means(values: &[Vec<f64>]) -> Vec<f64> {
    let levels = values.first().map_or(0, Vec::len);
    let mean = |level| values.iter().map(|block| block[level]).sum::<f64>() / values.len() as f64;
    (0..levels).map(mean).collect()
}

fn covariances(quantity: PerRun, blocks: &Blocks) -> Covariances {
    let mut of_runs = blocks.runs.iter().flatten().map(|run| run.covariance);
    let first = of_runs.next();
    if quantity.quantity.is_of_mini_batches() && of_runs.any(|next| Some(next) != first) {
        Covariances::Different
    } else {
        Covariances::Alike
    }
}
