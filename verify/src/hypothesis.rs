//! One hypothesis for each per-run quantity, factor, levels of all other
//! factors, and sweep.

mod tested;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::blocks::{Dropped, FEWEST_SEEDS};
use crate::effect::Effect;
use crate::input::{Source, Sweep};
use crate::level::{Fixed, Level, factors};
use crate::quantity::{Conjecture, Direction, Factor, PerRun, Quantity, Statistic};
use crate::sensitivity::MissingRuns;
use crate::shape::Turn;
use crate::summary::{RunSummary, is_measured};
use crate::trend::{Block, Method, TrendTest};
use crate::verdict::Verdict;

pub(crate) use tested::id;

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
    /// Whether the plan declares it primary: then the others wait for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub primary: bool,
    /// The levels tested, rising.
    pub levels: Vec<Level>,
    /// The seeds tested: the blocks, or, of Jonckheere and Terpstra's test, one
    /// for each run.
    pub seeds: Vec<u64>,
    /// Of each seed the levels that it has, where not all have all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub levels_of_seeds: Vec<Vec<Level>>,
    /// Which test it is.
    pub test: Option<TrendTest>,
    /// Its statistic for the expected direction: L, or Jonckheere and Terpstra's
    /// J.
    pub statistic: Option<f64>,
    /// The largest that these seeds and levels allow.
    pub statistic_largest: Option<f64>,
    /// Page's L for the expected direction; absent where the test is another.
    pub page_l: Option<f64>,
    /// The largest L that these seeds and levels allow.
    pub page_l_largest: Option<f64>,
    /// The test's p-value.
    pub p_value: Option<f64>,
    /// The p-value after adjustment for the family.
    pub p_adjusted: Option<f64>,
    /// The p-value of the opposite direction.
    pub opposite_p_value: Option<f64>,
    /// That after adjustment for the family of opposite directions.
    pub opposite_p_adjusted: Option<f64>,
    /// The p-value after Holm's adjustment, whichever decides.
    pub p_holm: Option<f64>,
    /// That of the opposite direction.
    pub opposite_p_holm: Option<f64>,
    /// The smallest p-value that these seeds, levels and ties allow.
    pub smallest_p_value: Option<f64>,
    /// The same after adjustment, where every hypothesis of the family reaches
    /// its smallest.
    pub smallest_p_adjusted: Option<f64>,
    /// Whether any outcome at all would be a verdict.
    pub decidable: bool,
    /// The fewest seeds with which one would be; absent where none would.
    pub seeds_needed: Option<usize>,
    /// How `p_value` was found.
    pub method: Option<Method>,
    /// How `opposite_p_value` was found.
    pub opposite_method: Option<Method>,
    /// The normal limit of `p_value`.
    pub normal_p_value: Option<f64>,
    /// What the runs that don't count could have changed; absent where all that
    /// were made at these levels do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_runs: Option<MissingRuns>,
    /// Seeds whose levels are all in the expected order, without a tie; none of
    /// seeds with one level each.
    pub seeds_in_order: usize,
    /// Clopper and Pearson's interval for their share, of coverage 1 − α.
    pub seeds_in_order_interval: Option<[f64; 2]>,
    /// Slope of log quantity against log factor, of β against log 1/(1−β); mean
    /// over seeds, or, where each has one level, over all runs.
    pub log_slope: Option<f64>,
    /// Its Student interval, of coverage 1 − α.
    pub log_slope_interval: Option<[f64; 2]>,
    /// Seeds in which at least two levels tie: values that their errors do not
    /// tell apart, or values at step 0. Where each has one level, runs that tie.
    pub tied_blocks: usize,
    /// Seeds in which at least two levels have their value at step 0, where
    /// all runs of a seed share their weights. Absent where steps are unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_zero_blocks: Option<usize>,
    /// Two neighbouring levels between which the values go against the trend of
    /// all: then there is no verdict. Absent where they do not turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<Turn>,
    /// How large the difference between the lowest and the highest level is.
    pub effect: Option<Effect>,
    /// The same of neighbouring levels, where there are more than two.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub step_effects: Vec<Effect>,
    /// The BCa bootstrap interval of `log_slope` over seeds, of nominal coverage
    /// 1 − α; null for fewer than three and where they do not differ.
    pub log_slope_bca_interval: Option<[f64; 2]>,
    /// The interquartile mean of each level.
    pub level_interquartile_means: Vec<f64>,
    /// The bootstrap percentile interval of each, of nominal coverage 1 − α; null
    /// for fewer than two seeds, and where they do not differ.
    pub level_interquartile_mean_intervals: Vec<Option<[f64; 2]>>,
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
    /// The blocks of the test, levels labelled in the order in which values
    /// should rise.
    #[serde(skip)]
    pub blocks: Vec<Block>,
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

    /// Seeds that have some of its levels, and not all.
    pub fn seeds_that_lack_levels(&self) -> usize {
        let lacks = |levels: &&Vec<Level>| levels.len() < self.levels.len();
        self.levels_of_seeds.iter().filter(lacks).count()
    }

    /// Whether an outcome of its test could be a verdict.
    pub fn can_have_verdict(&self) -> bool {
        self.p_value.is_some() && self.is_comparable() && self.seeds.len() >= FEWEST_SEEDS
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
///
/// ```
/// use breakeven_verify::hypothesis::of_sweep;
/// # use breakeven_verify::{VerifySettings, parse_table};
/// # let mut table = "seed,learning_rate,batch_size,max_lambda_k\n".to_owned();
/// # for (seed, eta) in (0..15).map(|run| (run / 3, [0.1, 0.2, 0.4][run % 3])) {
/// #     table += &format!("{seed},{eta},32,{}\n", 1.0 / eta);
/// # }
/// # let path = std::path::Path::new("runs.csv");
/// # let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
///
/// // λ_K is 1/η in each of five seeds.
/// let [claim] = &of_sweep(&sweep)[..] else { panic!("one quantity, one factor") };
/// assert_eq!(claim.id, "runs.csv/max_lambda_k/learning_rate@batch_size=32");
/// assert_eq!(claim.seeds_in_order, 5);
/// # Ok::<(), breakeven_verify::InputError>(())
/// ```
pub fn of_sweep(sweep: &Sweep) -> Vec<Hypothesis> {
    let tested = |per_run: PerRun, factor, fixed: &Fixed, runs: &[&RunSummary]| {
        let is_tested = per_run.statistic.is_tested();
        is_tested.then(|| tested::test(sweep, per_run, factor, fixed, runs))
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
