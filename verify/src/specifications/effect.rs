//! How a quantity follows its factor under one choice: Page's test and the
//! log-log slope on complete blocks, as for a hypothesis, without adjustment.

use std::collections::HashMap;

use crate::blocks::{Blocks, FEWEST_SEEDS};
use crate::level::Level;
use crate::page::Null;
use crate::quantity::{Direction, Factor, PerRun, Quantity, Statistic};
use crate::slope::{LogSlope, log_slope};
use crate::summary::{Convergence, Reached, RunSummary};
use crate::ties;

/// Multiplications up to which Page's distribution is counted; beyond, its
/// normal limit is taken. There are hundreds of tests here and one there.
const EXACT_WORK: f64 = 4e6;
/// Levels up to which it is counted, likewise.
const EXACT_LEVELS: usize = 8;

/// What one choice says of a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Seeds that have all levels.
    pub seeds: usize,
    /// Means of the levels over them.
    pub level_means: Vec<f64>,
    /// Slope of log quantity against log factor; absent where a value is not
    /// positive.
    pub slope: Option<LogSlope>,
    /// One-sided p-value of the claimed direction, unadjusted.
    pub p_value: f64,
    /// That of the opposite direction.
    pub opposite_p_value: f64,
    /// Whether these are the normal limit.
    pub is_limit: bool,
}

/// The runs that differ in one factor alone.
pub struct Comparison<'a> {
    factor: Factor,
    alpha: f64,
    runs: Vec<&'a RunSummary>,
    layouts: HashMap<Vec<bool>, Result<Layout, String>>,
    nulls: HashMap<Vec<Vec<u64>>, (Null, bool)>,
}

/// Complete blocks: the runs' places, \[seeds\]\[levels\].
#[derive(Clone)]
struct Layout {
    levels: Vec<Level>,
    blocks: Vec<Vec<usize>>,
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
        let reached: Vec<Vec<Reached>> = layout
            .blocks
            .iter()
            // The layout holds places with a value alone.
            .map(|block| block.iter().filter_map(|&place| values[place]).collect())
            .collect();
        let within = |r: &Reached| r.error.is_some_and(|error| r.value.abs() <= error);
        if reached.iter().flatten().all(within) {
            return Err("no value is larger than its stated error".to_owned());
        }
        let tied: Vec<Vec<usize>> = reached.iter().map(|block| ties::groups(block)).collect();
        let plain: Vec<Vec<f64>> = reached
            .iter()
            .map(|block| block.iter().map(|r| r.value).collect())
            .collect();
        let strengths: Vec<f64> = layout.levels.iter().map(|l| l.strength()).collect();
        let [p_value, opposite_p_value, is_limit] = self.page(&tied, expected);
        Ok(Effect {
            seeds: plain.len(),
            level_means: means(&plain),
            slope: log_slope(&strengths, &plain, &tied, self.alpha),
            p_value,
            opposite_p_value,
            is_limit: is_limit > 0.0,
        })
    }

    /// Page's p-values along the expected direction and against it; and 1 where
    /// they are the normal limit.
    fn page(&mut self, tied: &[Vec<usize>], expected: Direction) -> [f64; 3] {
        let ranks: Vec<Vec<u64>> = tied.iter().map(|b| ties::doubled_midranks(b)).collect();
        let rising = |ranks: &Vec<u64>| -> u64 { (1..).zip(ranks).map(|(j, r)| j * r).sum() };
        let rising: u64 = ranks.iter().map(rising).sum();
        let levels = ranks[0].len() as u64;
        // Reversed blocks have Σ (k + 1 − j)·r_j.
        let all: u64 = ranks.iter().flatten().sum::<u64>() * (levels + 1);
        let falling = all - rising;
        let mut patterns = ranks;
        for pattern in &mut patterns {
            pattern.sort_unstable();
        }
        patterns.sort();
        let (null, is_limit) = self
            .nulls
            .entry(patterns)
            .or_insert_with_key(|patterns| Null::within(patterns, EXACT_LEVELS, EXACT_WORK));
        let p = [rising, falling].map(|l| null.p_value(l));
        let limit = if *is_limit { 1.0 } else { 0.0 };
        match expected {
            Direction::Increasing => [p[0], p[1], limit],
            Direction::Decreasing => [p[1], p[0], limit],
        }
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
        // Which statistic it is called does not matter here.
        let per_run = PerRun {
            statistic: Statistic::Max,
            quantity: Quantity::LambdaH,
        };
        let with_value = |(run, value): (&&RunSummary, &Option<Reached>)| RunSummary {
            values: value.iter().map(|&reached| (per_run, reached)).collect(),
            convergence: Convergence::Converged,
            ..(*run).clone()
        };
        let runs: Vec<RunSummary> = self.runs.iter().zip(values).map(with_value).collect();
        let places: HashMap<*const RunSummary, usize> = runs
            .iter()
            .enumerate()
            .map(|(place, run)| (std::ptr::from_ref(run), place))
            .collect();
        let blocks = Blocks::of(&runs.iter().collect::<Vec<_>>(), per_run, self.factor);
        match (blocks.seeds.len(), blocks.levels.len()) {
            (0, _) | (_, 0 | 1) => Err("no seed has a value at two levels".to_owned()),
            (seeds, _) if seeds < FEWEST_SEEDS => {
                Err(format!("{seeds} seeds with all levels: {FEWEST_SEEDS} are needed"))
            }
            _ => Ok(Layout {
                levels: blocks.levels,
                blocks: blocks
                    .runs
                    .iter()
                    .map(|block| {
                        let place = |run: &&RunSummary| places[&std::ptr::from_ref(*run)];
                        block.iter().map(place).collect()
                    })
                    .collect(),
            }),
        }
    }
}

fn means(blocks: &[Vec<f64>]) -> Vec<f64> {
    let levels = blocks.first().map_or(0, Vec::len);
    let sum = |level: usize| blocks.iter().map(|block| block[level]).sum::<f64>();
    let count = blocks.len() as f64;
    (0..levels).map(|level| sum(level) / count).collect()
}
