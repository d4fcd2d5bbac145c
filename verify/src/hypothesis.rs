//! One hypothesis for each per-run quantity, factor, levels of all other
//! factors, and sweep; tested on complete blocks.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::blocks::{Blocks, Dropped};
use crate::input::{Source, Sweep};
use crate::interval;
use crate::level::{Fixed, Level, factors};
use crate::page::{PageMethod, PageTrend, page_trend_of_groups};
use crate::quantity::{Conjecture, Direction, Factor, PerRun, Quantity, Statistic};
use crate::slope::log_slope;
use crate::summary::{Reached, RunSummary, is_measured};
use crate::ties;
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
    /// The levels of all other hyperparameters.
    #[serde(flatten)]
    pub fixed: Fixed,
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
    /// The same after Holm's adjustment, where every hypothesis of the family
    /// reaches its smallest.
    pub smallest_p_adjusted: Option<f64>,
    /// Whether any outcome at all would be a verdict.
    pub decidable: bool,
    /// The fewest seeds with which one would be; absent where none would.
    pub seeds_needed: Option<usize>,
    /// How `p_value` was found.
    pub method: Option<PageMethod>,
    /// How `opposite_p_value` was found.
    pub opposite_method: Option<PageMethod>,
    /// The normal limit of `p_value`.
    pub normal_p_value: Option<f64>,
    /// Seeds whose levels are all in the expected order, without a tie.
    pub seeds_in_order: usize,
    /// Clopper and Pearson's interval for their share, of coverage 1 − α.
    pub seeds_in_order_interval: Option<[f64; 2]>,
    /// Slope of log quantity against log factor, of β against log 1/(1−β); mean
    /// over seeds.
    pub log_slope: Option<f64>,
    /// Its Student interval over seeds, of coverage 1 − α.
    pub log_slope_interval: Option<[f64; 2]>,
    /// Seeds in which at least two levels tie: values that their errors do not
    /// tell apart, or values at step 0.
    pub tied_blocks: usize,
    /// Seeds in which at least two levels have their value at step 0, where
    /// all runs of a seed share their weights. Absent where steps are unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_zero_blocks: Option<usize>,
    /// Mean of the quantity over the seeds tested, level by level.
    pub level_means: Vec<f64>,
    /// Student's interval for each, of coverage 1 − α; null for fewer than two
    /// seeds, and where they do not differ.
    pub level_mean_intervals: Vec<Option<[f64; 2]>>,
    /// What follows.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// What the test went without.
    #[serde(skip)]
    pub dropped: Vec<Dropped>,
    /// Whether L and M of K^M are the same in the runs of a K^M quantity.
    #[serde(skip)]
    pub covariances: Covariances,
    /// Whether every value is zero, up to its stated error.
    #[serde(skip)]
    pub is_zero: bool,
}

/// Whether the runs measured K^M alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covariances {
    /// As far as is known the same L and M, or a quantity that does not depend
    /// on them.
    Alike,
    /// Not the same: K^M is about K/M, so values cannot be compared.
    Different,
    /// S varies and nothing says that M does not: where M is S, values cannot be
    /// compared.
    Unknown,
}

impl Hypothesis {
    /// Whether the values of its levels can be compared.
    pub fn is_comparable(&self) -> bool {
        self.covariances == Covariances::Alike
    }
}

pub(crate) fn as_name<S: serde::Serializer>(
    quantity: &PerRun,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(quantity)
}

/// The hypotheses of a sweep, tested but not yet judged, in the order of the
/// settings.
pub fn of_sweep(sweep: &Sweep) -> Vec<Hypothesis> {
    let tested = |per_run: PerRun, factor, fixed: &Fixed, runs: &[&RunSummary]| {
        let is_tested = per_run.statistic.is_tested();
        is_tested.then(|| test(sweep, per_run, factor, fixed, runs))
    };
    for_each_claim(sweep, tested)
}

/// What `of` says of each per-run quantity, factor and levels of the other
/// factors of a sweep, in the order of the settings.
pub(crate) fn for_each_claim<T>(
    sweep: &Sweep,
    of: impl Fn(PerRun, Factor, &Fixed, &[&RunSummary]) -> Option<T>,
) -> Vec<T> {
    let runs: Vec<&RunSummary> = sweep.runs.iter().map(|run| &run.summary).collect();
    let asked = asked_for(sweep, &runs);
    let mut found = Vec::new();
    for factor in Factor::ALL {
        for (fixed, group) in groups(&runs, factor) {
            found.extend(asked.iter().filter_map(|&q| of(q, factor, &fixed, &group)));
        }
    }
    found
}

/// The runs that share the levels of all other factors, where they have at
/// least two levels of `factor`.
pub fn groups<'a>(runs: &[&'a RunSummary], factor: Factor) -> Vec<(Fixed, Vec<&'a RunSummary>)> {
    let factors = factors(runs.iter().copied());
    let mut groups: BTreeMap<Fixed, Vec<&RunSummary>> = BTreeMap::new();
    for run in runs {
        let fixed = Fixed::of(run, factor, &factors);
        groups.entry(fixed).or_default().push(run);
    }
    let has_levels = |group: &Vec<&RunSummary>| {
        let levels: BTreeSet<Level> = group.iter().map(|r| Level::of(r, factor)).collect();
        levels.len() >= 2
    };
    let groups = groups.into_iter();
    groups.filter(|(_, group)| has_levels(group)).collect()
}

/// The per-run quantities that are asked for and measured in any run. Of a
/// table, those that have a column.
fn asked_for(sweep: &Sweep, runs: &[&RunSummary]) -> Vec<PerRun> {
    let is_known = |per_run: &PerRun| match sweep.source {
        Source::Folder => is_measured(per_run.quantity, runs.iter().copied()),
        Source::Table => runs.iter().any(|r| r.values.contains_key(per_run)),
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
    fixed: &Fixed,
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
    let tied: Vec<Vec<usize>> = reached.iter().map(|block| ties::groups(block)).collect();
    let ranked = along(expected, &tied);
    let is_zero = is_zero(&reached);
    // Fewer than two levels or no seeds, or nothing but rounding: there is no
    // test.
    let page: Option<PageTrend> = page_trend_of_groups(&ranked).ok().filter(|_| !is_zero);
    let alpha = sweep.settings.alpha;
    let strengths: Vec<f64> = blocks.levels.iter().map(|l| l.strength()).collect();
    let slope = page.and_then(|_| log_slope(&strengths, &values, &tied, alpha));
    let in_order = ranked.iter().filter(|block| is_rising(block)).count();
    Hypothesis {
        sweep: sweep.name.clone(),
        conjecture: quantity.quantity.conjecture(),
        quantity,
        factor,
        fixed: fixed.clone(),
        expected,
        page_l: page.map(|p| p.statistic),
        page_l_largest: page.map(|_| largest_l(values.len(), blocks.levels.len())),
        p_value: page.map(|p| p.p_value),
        p_adjusted: None,
        opposite_p_value: page.map(|p| p.opposite_p_value),
        opposite_p_adjusted: None,
        smallest_p_value: page.map(|p| p.smallest_p_value),
        smallest_p_adjusted: None,
        decidable: false,
        seeds_needed: None,
        method: page.map(|p| p.method),
        opposite_method: page.map(|p| p.opposite_method),
        normal_p_value: page.map(|p| p.normal_p_value),
        seeds_in_order: page.map_or(0, |_| in_order),
        seeds_in_order_interval: page
            .and_then(|_| interval::of_share(in_order, ranked.len(), alpha)),
        log_slope: slope.map(|s| s.slope),
        log_slope_interval: slope.and_then(|s| s.interval),
        tied_blocks: tied.iter().filter(|block| ties::has_tie(block)).count(),
        step_zero_blocks: step_zero_blocks(&reached),
        level_means: level_means(&values),
        level_mean_intervals: level_mean_intervals(&values, alpha),
        verdict: Verdict::Inconclusive,
        reason: String::new(),
        covariances: covariances(sweep, quantity, factor, &blocks),
        is_zero,
        levels: blocks.levels,
        seeds: blocks.seeds,
        dropped: blocks.dropped,
        id,
    }
}

/// `sweep/quantity/factor@other_factor=fixed`, with all others parted by commas.
pub(crate) fn id(sweep: &Sweep, quantity: PerRun, factor: Factor, fixed: &Fixed) -> String {
    let (name, fixed) = (factor.name(), fixed.id());
    format!("{}/{quantity}/{name}@{fixed}", sweep.name)
}

/// The blocks with the levels in the order in which values should rise.
fn along(expected: Direction, values: &[Vec<usize>]) -> Vec<Vec<usize>> {
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

fn is_rising(block: &[usize]) -> bool {
    block.windows(2).all(|pair| pair[0] < pair[1])
}

/// Whether there are values, and none is larger than the error that it states.
fn is_zero(reached: &[Vec<Reached>]) -> bool {
    let mut all = reached.iter().flatten().peekable();
    let within = |r: &Reached| r.error.is_some_and(|error| r.value.abs() <= error);
    all.peek().is_some() && all.all(within)
}

fn step_zero_blocks(reached: &[Vec<Reached>]) -> Option<usize> {
    if reached.is_empty() || reached.iter().flatten().any(|r| r.step.is_none()) {
        return None;
    }
    let at_zero = |block: &&Vec<Reached>| block.iter().filter(|r| r.is_at_step_zero()).count() >= 2;
    Some(reached.iter().filter(at_zero).count())
}

fn level_means(values: &[Vec<f64>]) -> Vec<f64> {
    let mean = |of_level: Vec<f64>| of_level.iter().sum::<f64>() / values.len() as f64;
    by_level(values).map(mean).collect()
}

fn level_mean_intervals(values: &[Vec<f64>], alpha: f64) -> Vec<Option<[f64; 2]>> {
    let interval = |of_level: Vec<f64>| interval::of_mean(&of_level, alpha);
    by_level(values).map(interval).collect()
}

/// The values of each level, over the seeds.
fn by_level(values: &[Vec<f64>]) -> impl Iterator<Item = Vec<f64>> {
    let levels = values.first().map_or(0, Vec::len);
    (0..levels).map(|level| values.iter().map(|block| block[level]).collect())
}

fn covariances(sweep: &Sweep, quantity: PerRun, factor: Factor, blocks: &Blocks) -> Covariances {
    if !quantity.quantity.is_of_mini_batches() {
        return Covariances::Alike;
    }
    let of_runs = || blocks.runs.iter().flatten().map(|run| run.covariance);
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
