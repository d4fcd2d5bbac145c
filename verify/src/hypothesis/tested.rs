//! The test of one hypothesis.

use std::collections::BTreeSet;

use super::{Covariances, Hypothesis};
use crate::blocks::{Blocks, SeedRuns};
use crate::bootstrap::{bca_interval, percentile_interval};
use crate::effect;
use crate::input::{Source, Sweep};
use crate::interquartile_mean::interquartile_mean;
use crate::interval::{self, mean};
use crate::level::{Fixed, Level};
use crate::quantity::{Direction, Factor, PerRun};
use crate::sample::Sample;
use crate::sensitivity::MissingRuns;
use crate::shape;
use crate::slope::log_slope;
use crate::summary::{Reached, RunSummary};
use crate::ties::has_tie;
use crate::trend::{Block, Trend, TrendTest, trend};
use crate::verdict::Verdict;

/// Tests a claim on the runs of a group; it is yet to be judged.
pub fn test(
    sweep: &Sweep,
    quantity: PerRun,
    factor: Factor,
    fixed: &Fixed,
    group: &[&RunSummary],
) -> Hypothesis {
    let expected = quantity.quantity.expected(factor);
    let runs = Blocks::of(group, quantity, factor);
    let sample = Sample::of(runs.test, runs.levels.len(), &runs.seeds, quantity);
    let blocks = sample.blocks(expected);
    let is_zero = is_zero(&runs, quantity);
    // Fewer than two levels or no seeds, or nothing but rounding: there is no
    // test.
    let found: Option<Trend> = trend(runs.test, &blocks).filter(|_| !is_zero);
    let missing = runs.completed.as_ref().filter(|_| found.is_some());
    let page = found.filter(|_| sample.is_paired());
    let alpha = sweep.settings.alpha;
    let strengths: Vec<f64> = runs.levels.iter().map(|l| l.strength()).collect();
    let slope = found.and_then(|_| log_slope(&strengths, &sample, alpha));
    let in_order = blocks.iter().filter(|block| block.is_rising()).count();
    let level_values: Vec<Vec<f64>> = (0..runs.levels.len()).map(|l| sample.of_level(l)).collect();
    let is_tested_on_runs = sample
        .strata
        .iter()
        .any(|stratum| !stratum.levels.is_empty());
    let by_level = || level_values.iter().filter(|_| is_tested_on_runs);
    Hypothesis {
        id: id(sweep, quantity, factor, fixed),
        sweep: sweep.name.clone(),
        conjecture: quantity.quantity.conjecture(),
        quantity,
        factor,
        fixed: fixed.clone(),
        expected,
        primary: sweep.settings.is_primary(quantity),
        levels_of_seeds: levels_of_seeds(&runs),
        test: found.map(|_| runs.test),
        statistic: found.map(|t| t.statistic),
        statistic_largest: found.map(|t| t.largest),
        page_l: page.map(|t| t.statistic),
        page_l_largest: page.map(|t| t.largest),
        p_value: found.map(|t| t.p_value),
        p_adjusted: None,
        opposite_p_value: found.map(|t| t.opposite_p_value),
        opposite_p_adjusted: None,
        p_holm: None,
        opposite_p_holm: None,
        smallest_p_value: found.map(|t| t.smallest_p_value),
        smallest_p_adjusted: None,
        decidable: false,
        seeds_needed: None,
        method: found.map(|t| t.method),
        opposite_method: found.map(|t| t.opposite_method),
        normal_p_value: found.map(|t| t.normal_p_value),
        missing_runs: missing
            .and_then(|all| MissingRuns::of(all, quantity, runs.levels.len(), expected)),
        seeds_in_order: page.map_or(0, |_| in_order),
        seeds_in_order_interval: page
            .and_then(|_| interval::of_share(in_order, blocks.len(), alpha)),
        log_slope: slope.as_ref().map(|s| s.slope),
        log_slope_interval: slope.as_ref().and_then(|s| s.interval),
        tied_blocks: tied_blocks(runs.test, &blocks),
        step_zero_blocks: step_zero_blocks(&runs.seeds, quantity),
        turns: found.and_then(|t| shape::turn(&runs.levels, &sample, rises(expected, &t))),
        effect: found.and_then(|_| effect::between_extremes(&runs.levels, &sample, alpha)),
        step_effects: match found {
            Some(_) if runs.levels.len() > 2 => {
                effect::between_neighbours(&runs.levels, &sample, alpha)
            }
            _ => Vec::new(),
        },
        log_slope_bca_interval: slope
            .as_ref()
            .and_then(|s| bca_interval(&s.of_seeds, mean, alpha)),
        level_interquartile_means: by_level()
            .filter_map(|values| interquartile_mean(values))
            .collect(),
        level_interquartile_mean_intervals: by_level()
            .map(|values| {
                // A resample is as large as its values, of which there are two.
                let statistic = |v: &[f64]| interquartile_mean(v).unwrap_or(f64::NAN);
                percentile_interval(values, statistic, alpha)
            })
            .collect(),
        level_means: by_level().map(|values| mean(values)).collect(),
        level_mean_intervals: by_level()
            .map(|values| interval::of_mean(values, alpha))
            .collect(),
        verdict: Verdict::Inconclusive,
        reason: String::new(),
        covariances: covariances(sweep, quantity, factor, &runs),
        is_zero,
        blocks,
        seeds: runs.seeds.iter().map(|seed| seed.seed).collect(),
        levels: runs.levels,
        dropped: runs.dropped,
    }
}

/// `sweep/quantity/factor@other_factor=fixed`, with all others parted by commas.
pub(crate) fn id(sweep: &Sweep, quantity: PerRun, factor: Factor, fixed: &Fixed) -> String {
    let (name, fixed) = (factor.name(), fixed.id());
    format!("{}/{quantity}/{name}@{fixed}", sweep.name)
}

/// Which way the trend of the values goes along the levels.
fn rises(expected: Direction, found: &Trend) -> bool {
    (expected == Direction::Increasing) == (found.p_value <= found.opposite_p_value)
}

/// The levels of each seed, where not all have all.
fn levels_of_seeds(runs: &Blocks<'_>) -> Vec<Vec<Level>> {
    let of_seed = |seed: &SeedRuns<'_>| -> Vec<Level> {
        let levels = seed.runs.iter().map(|(level, _)| runs.levels[*level]);
        levels.collect()
    };
    match runs.test {
        TrendTest::Page => Vec::new(),
        TrendTest::IncompleteBlocks | TrendTest::JonckheereTerpstra => {
            runs.seeds.iter().map(of_seed).collect()
        }
    }
}

/// Whether there are values, and none is larger than the error that it states.
fn is_zero(runs: &Blocks<'_>, quantity: PerRun) -> bool {
    let mut all = runs.runs().map(|run| run.values[&quantity]).peekable();
    let within = |r: Reached| r.error.is_some_and(|error| r.value.abs() <= error);
    all.peek().is_some() && all.all(within)
}

/// Blocks with a tie; of one block of all runs, those that tie.
fn tied_blocks(test: TrendTest, blocks: &[Block]) -> usize {
    match test {
        TrendTest::Page | TrendTest::IncompleteBlocks => {
            blocks.iter().filter(|block| has_tie(&block.groups)).count()
        }
        TrendTest::JonckheereTerpstra => {
            let of_block = |block: &Block| {
                let shares =
                    |group: &usize| block.groups.iter().filter(|g| *g == group).count() > 1;
                block.groups.iter().filter(|group| shares(group)).count()
            };
            blocks.iter().map(of_block).sum()
        }
    }
}

fn step_zero_blocks(seeds: &[SeedRuns<'_>], quantity: PerRun) -> Option<usize> {
    let reached = |seed: &SeedRuns<'_>| -> Vec<Reached> {
        seed.runs
            .iter()
            .map(|(_, run)| run.values[&quantity])
            .collect()
    };
    let blocks: Vec<Vec<Reached>> = seeds.iter().map(reached).collect();
    if blocks.is_empty() || blocks.iter().flatten().any(|r| r.step.is_none()) {
        return None;
    }
    let at_zero = |block: &&Vec<Reached>| block.iter().filter(|r| r.is_at_step_zero()).count() >= 2;
    Some(blocks.iter().filter(at_zero).count())
}

fn covariances(sweep: &Sweep, quantity: PerRun, factor: Factor, runs: &Blocks<'_>) -> Covariances {
    if !quantity.quantity.is_of_mini_batches() {
        return Covariances::Alike;
    }
    let of_runs = || runs.runs().map(|run| run.covariance);
    let batches: BTreeSet<u64> = of_runs().filter_map(|c| c.batches).collect();
    let sizes: BTreeSet<u64> = of_runs().filter_map(|c| c.batch_size).collect();
    let vouched_for = sweep.source == Source::Folder || sweep.same_covariance;
    let is_open = of_runs().any(|c| c.batch_size.is_none()) && !vouched_for;
    if batches.len() > 1 || sizes.len() > 1 {
        Covariances::Different
    } else if factor == Factor::BatchSize && is_open {
        Covariances::Unknown
    } else {
        Covariances::Alike
    }
}
