//! How a quantity follows its factor under one choice: the trend test and the
//! log-log slope of a hypothesis on the same runs, without adjustment.

use std::collections::HashMap;

use crate::blocks::{Blocks, FEWEST_SEEDS};
use crate::interval::mean;
use crate::level::Level;
use crate::null::Null;
use crate::quantity::{Direction, Factor, PerRun, Quantity, Statistic};
use crate::sample::Sample;
use crate::slope::{LogSlope, log_slope};
use crate::summary::{Reached, RunSummary};
use crate::ties::doubled_midranks;
use crate::trend::{Block, Method, TrendTest, doubled, limit, null};

/// Multiplications up to which a distribution is counted; beyond, its normal
/// limit is taken. There are hundreds of tests here and one there.
const EXACT_WORK: f64 = 4e6;
/// Levels of a seed up to which it is counted, likewise.
const EXACT_LEVELS: usize = 8;

/// What one choice says of a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Seeds that are compared.
    pub seeds: usize,
    /// Means of the levels over their runs.
    pub level_means: Vec<f64>,
    /// Slope of log quantity against log factor; absent where a value is not
    /// positive.
    pub slope: Option<LogSlope>,
    /// One-sided p-value of the claimed direction, unadjusted.
    pub p_value: f64,
    /// That of the opposite direction.
    pub opposite_p_value: f64,
    /// How both were found.
    pub method: Method,
}

/// The runs that differ in one factor alone, whether they count or not.
pub struct Comparison<'a> {
    factor: Factor,
    alpha: f64,
    runs: Vec<&'a RunSummary>,
    layouts: HashMap<Vec<bool>, Result<Layout, String>>,
    nulls: HashMap<(TrendTest, Vec<Pattern>), Null>,
}

/// All of a block that its distribution depends on: labels and doubled midranks,
/// each sorted.
type Pattern = (Vec<usize>, Vec<u64>);

/// Which runs are compared.
#[derive(Clone)]
struct Layout {
    test: TrendTest,
    levels: Vec<Level>,
    /// Of each seed the levels, by index, and the places of their runs.
    seeds: Vec<Vec<(usize, usize)>>,
}

impl<'a> Comparison<'a> {
    /// Of these runs, with intervals of coverage 1 − `alpha`.
    pub fn new(runs: Vec<&'a RunSummary>, factor: Factor, alpha: f64) -> Self {
        Self {
            factor,
            alpha,
            runs,
            layouts: HashMap::new(),
            nulls: HashMap::new(),
        }
    }

    /// What these values, one for each run, say of the claim that they go in the
    /// expected direction.
    ///
    /// # Errors
    /// Why they say nothing.
    pub fn effect(
        &mut self,
        values: &[Option<Reached>],
        expected: Direction,
    ) -> Result<Effect, String> {
        let layout = self.layout(values)?;
        let of_seed = |seed: &Vec<(usize, usize)>| -> Vec<(usize, Reached)> {
            // The layout holds places with a value alone.
            let runs = seed.iter();
            runs.filter_map(|&(level, place)| Some((level, values[place]?)))
                .collect()
        };
        let within = |r: Reached| r.error.is_some_and(|error| r.value.abs() <= error);
        let mut all = layout.seeds.iter().flat_map(of_seed);
        if all.all(|(_, reached)| within(reached)) {
            return Err("no value is larger than its stated error".to_owned());
        }
        let levels = layout.levels.len();
        let sample = Sample::of_values(layout.test, levels, layout.seeds.iter().map(of_seed));
        let strengths: Vec<f64> = layout.levels.iter().map(|l| l.strength()).collect();
        let blocks = sample.blocks(expected);
        let observed: u64 = blocks.iter().map(|b| doubled(layout.test, b)).sum();
        let null = self.null(layout.test, &blocks);
        let (p_value, method) = null.at_least(observed);
        let (opposite_p_value, opposite_method) = null.at_most(observed);
        Ok(Effect {
            seeds: layout.seeds.len(),
            level_means: (0..levels)
                .map(|level| mean(&sample.of_level(level)))
                .collect(),
            slope: log_slope(&strengths, &sample, self.alpha),
            p_value,
            opposite_p_value,
            method: match (method, opposite_method) {
                (Method::Exact, Method::Exact) => Method::Exact,
                _ => Method::Normal,
            },
        })
    }

    /// The null distribution of blocks, or its limit where counting takes long.
    fn null(&mut self, test: TrendTest, blocks: &[Block]) -> &Null {
        let pattern = |block: &Block| {
            let (mut labels, mut ranks) = (block.labels.clone(), doubled_midranks(&block.groups));
            labels.sort_unstable();
            ranks.sort_unstable();
            (labels, ranks)
        };
        let mut patterns: Vec<Pattern> = blocks.iter().map(pattern).collect();
        patterns.sort();
        let is_counted = test == TrendTest::JonckheereTerpstra || takes_little(blocks);
        self.nulls
            .entry((test, patterns))
            .or_insert_with(|| match is_counted {
                true => null(test, blocks),
                false => Null::Normal(limit(test, blocks)),
            })
    }

    /// Which runs are compared where these values are there. Which of them are
    /// there decides, never the values.
    fn layout(&mut self, values: &[Option<Reached>]) -> Result<Layout, String> {
        let there: Vec<bool> = values.iter().map(Option::is_some).collect();
        if let Some(known) = self.layouts.get(&there) {
            return known.clone();
        }
        let new = self.new_layout(values);
        self.layouts.insert(there, new.clone());
        new
    }

    fn new_layout(&self, values: &[Option<Reached>]) -> Result<Layout, String> {
        // Which quantity it is called does not matter here.
        let per_run = PerRun {
            statistic: Statistic::Max,
            quantity: Quantity::LambdaH,
        };
        let with_value = |(run, value): (&&RunSummary, &Option<Reached>)| RunSummary {
            values: value.iter().map(|&reached| (per_run, reached)).collect(),
            ..(*run).clone()
        };
        let runs: Vec<RunSummary> = self.runs.iter().zip(values).map(with_value).collect();
        let places: HashMap<*const RunSummary, usize> = runs
            .iter()
            .enumerate()
            .map(|(place, run)| (std::ptr::from_ref(run), place))
            .collect();
        let blocks = Blocks::of(&runs.iter().collect::<Vec<_>>(), per_run, self.factor);
        let seeds = blocks.seeds.len();
        if seeds < FEWEST_SEEDS {
            return Err(format!(
                "{seeds} seeds can be compared: {FEWEST_SEEDS} are needed"
            ));
        }
        if blocks.levels.len() < 2 {
            return Err("one level is left".to_owned());
        }
        let place =
            |&(level, run): &(usize, &RunSummary)| (level, places[&std::ptr::from_ref(run)]);
        Ok(Layout {
            test: blocks.test,
            seeds: blocks
                .seeds
                .iter()
                .map(|seed| seed.runs.iter().map(place).collect())
                .collect(),
            levels: blocks.levels,
        })
    }
}

/// Whether the convolution over seeds of so many levels takes little work.
fn takes_little(blocks: &[Block]) -> bool {
    let support = |block: &Block| {
        let k = block.labels.len() as f64;
        let span = block.labels.iter().max().map_or(0, |last| last + 1) as f64;
        // Of doubled midranks at k places up to the span.
        span * (k * k - 1.0) / 3.0
    };
    let support: f64 = blocks.iter().map(support).sum();
    let most = blocks.iter().map(|block| block.labels.len()).max();
    most.unwrap_or(0) <= EXACT_LEVELS && 0.5 * support.powi(2) <= EXACT_WORK
}
