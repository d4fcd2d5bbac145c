//! Which runs a hypothesis is tested on: seeds as blocks of levels, or, where no
//! seed has several levels, all runs.
//!
//! A seed that has two levels or more is a block, whichever it lacks. A level is
//! set aside where far fewer of its runs count than of another's. What is not
//! used is said, with the reason. Which runs have a value decides, never the
//! values.

use std::collections::{BTreeMap, BTreeSet};

use crate::level::Level;
use crate::quantity::{Factor, PerRun};
use crate::summary::{Convergence, RunSummary};
use crate::trend::TrendTest;

/// Fewer seeds never give a verdict.
pub const FEWEST_SEEDS: usize = 3;

/// The runs of a hypothesis, and how they are tested.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocks<'a> {
    /// Which test they allow.
    pub test: TrendTest,
    /// The levels that are left, rising.
    pub levels: Vec<Level>,
    /// The seeds that are tested, rising.
    pub seeds: Vec<SeedRuns<'a>>,
    /// What they were, if all runs that were made at these levels counted;
    /// absent where all do.
    pub completed: Option<Completed<'a>>,
    /// What was dropped.
    pub dropped: Vec<Dropped>,
}

/// The runs of a seed, their levels by index, rising.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedRuns<'a> {
    /// The seed.
    pub seed: u64,
    /// The runs that count.
    pub runs: Vec<(usize, &'a RunSummary)>,
    /// The levels of runs that were made and don't count.
    pub missing: Vec<usize>,
}

/// What would be tested if every run that was made counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Completed<'a> {
    /// Which test.
    pub test: TrendTest,
    /// The seeds.
    pub seeds: Vec<SeedRuns<'a>>,
}

/// A level or a seed that a hypothesis goes without.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropped {
    /// Which.
    pub what: DroppedWhat,
    /// Why, in words.
    pub reason: String,
}

/// What was dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DroppedWhat {
    /// A level, for all seeds.
    Level(Level),
    /// A seed, at all levels.
    Seed(u64),
}

impl<'a> Blocks<'a> {
    /// Those of `runs`, which share the levels of all other factors, for a
    /// per-run quantity over the levels of `factor`.
    ///
    /// Three seeds, one of which lacks the largest η:
    ///
    /// ```
    /// use breakeven_verify::blocks::Blocks;
    /// use breakeven_verify::quantity::{Factor, PerRun};
    /// use breakeven_verify::trend::TrendTest;
    /// # use breakeven_verify::{VerifySettings, parse_table};
    /// # let mut table = "seed,learning_rate,batch_size,max_lambda_k\n".to_owned();
    /// # for (seed, eta) in (0..8).map(|run| (run / 3, [0.1, 0.2, 0.4][run % 3])) {
    /// #     table += &format!("{seed},{eta},32,{}\n", 1.0 / eta);
    /// # }
    /// # let path = std::path::Path::new("runs.csv");
    /// # let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
    ///
    /// let runs: Vec<_> = sweep.runs.iter().map(|run| &run.summary).collect();
    /// let max_lambda_k = PerRun::from_name("max_lambda_k").expect("its name");
    /// let blocks = Blocks::of(&runs, max_lambda_k, Factor::LearningRate);
    /// assert_eq!(blocks.test, TrendTest::IncompleteBlocks);
    /// assert_eq!((blocks.levels.len(), blocks.runs().count()), (3, 8));
    /// # Ok::<(), breakeven_verify::InputError>(())
    /// ```
    pub fn of(runs: &[&'a RunSummary], per_run: PerRun, factor: Factor) -> Self {
        let made = Made::of(runs, per_run, factor);
        let mut dropped = Vec::new();
        let mut levels = made.levels_with_enough_runs();
        let mut seeds = made.seeds_at(&levels);
        let (mut test, mut used) = design(&seeds, levels.len(), SeedRuns::levels);
        // A level that only seeds have that are not used.
        let is_used = |index: usize, used: &[bool]| {
            let mut pairs = seeds.iter().zip(used);
            pairs.any(|(seed, used)| *used && seed.levels().contains(&index))
        };
        let left: Vec<Level> = (0..levels.len())
            .filter(|&index| is_used(index, &used) || !used.contains(&true))
            .map(|index| levels[index])
            .collect();
        if left.len() < levels.len() {
            levels = left;
            seeds = made.seeds_at(&levels);
            (test, used) = design(&seeds, levels.len(), SeedRuns::levels);
        }
        for &level in made.levels.iter().filter(|l| !levels.contains(l)) {
            dropped.push(Dropped {
                what: DroppedWhat::Level(level),
                reason: made.why_without_level(level),
            });
        }
        for (seed, used) in seeds.iter().zip(&used) {
            if !used && !levels.is_empty() {
                dropped.push(Dropped {
                    what: DroppedWhat::Seed(seed.seed),
                    reason: made.why_without_seed(seed, &levels),
                });
            }
        }
        Self {
            completed: completed(&seeds, levels.len()),
            seeds: kept(seeds, &used),
            test,
            levels,
            dropped,
        }
    }

    /// The runs that are tested.
    pub fn runs(&self) -> impl Iterator<Item = &'a RunSummary> {
        let of_seed = |seed: &SeedRuns<'a>| seed.runs.clone();
        self.seeds.iter().flat_map(of_seed).map(|(_, run)| run)
    }
}

impl SeedRuns<'_> {
    fn levels(&self) -> Vec<usize> {
        self.runs.iter().map(|(level, _)| *level).collect()
    }

    fn levels_made(&self) -> Vec<usize> {
        let mut all = self.levels();
        all.extend(&self.missing);
        all.sort_unstable();
        all
    }
}

/// Which test seeds with these levels allow, and which seeds it uses: those
/// with several levels; where fewer than three have, those with one, if they are
/// three or more at different levels.
fn design<'a>(
    seeds: &[SeedRuns<'a>],
    levels: usize,
    levels_of: fn(&SeedRuns<'a>) -> Vec<usize>,
) -> (TrendTest, Vec<bool>) {
    let levels_of: Vec<Vec<usize>> = seeds.iter().map(levels_of).collect();
    if levels == 1 {
        // There is no test, but there are values.
        let used = levels_of.iter().map(|l| l.len() == 1).collect();
        return (TrendTest::Page, used);
    }
    let count = |of: fn(usize) -> bool| levels_of.iter().filter(|l| of(l.len())).count();
    let apart: BTreeSet<usize> = levels_of
        .iter()
        .filter(|levels| levels.len() == 1)
        .map(|levels| levels[0])
        .collect();
    let shares = |levels: usize| levels >= 2;
    let is_single = |levels: usize| levels == 1;
    if count(shares) < FEWEST_SEEDS && count(is_single) >= FEWEST_SEEDS && apart.len() >= 2 {
        let used = levels_of.iter().map(|l| l.len() == 1).collect();
        return (TrendTest::JonckheereTerpstra, used);
    }
    let used: Vec<bool> = levels_of.iter().map(|l| l.len() >= 2).collect();
    let lacks_some = |(l, used): (&Vec<usize>, &bool)| *used && l.len() < levels;
    let test = match levels_of.iter().zip(&used).any(lacks_some) {
        true => TrendTest::IncompleteBlocks,
        false => TrendTest::Page,
    };
    (test, used)
}

fn kept<'a>(seeds: Vec<SeedRuns<'a>>, used: &[bool]) -> Vec<SeedRuns<'a>> {
    let pairs = seeds.into_iter().zip(used);
    pairs
        .filter(|(_, used)| **used)
        .map(|(seed, _)| seed)
        .collect()
}

fn completed<'a>(seeds: &[SeedRuns<'a>], levels: usize) -> Option<Completed<'a>> {
    if seeds.iter().all(|seed| seed.missing.is_empty()) {
        return None;
    }
    let (test, used) = design(seeds, levels, SeedRuns::levels_made);
    Some(Completed {
        test,
        seeds: kept(seeds.to_vec(), &used),
    })
}

/// The runs that were made, and which of them count.
struct Made<'a> {
    factor: Factor,
    seeds: BTreeSet<u64>,
    levels: BTreeSet<Level>,
    runs: BTreeMap<(u64, Level), Result<&'a RunSummary, String>>,
}

impl<'a> Made<'a> {
    fn of(runs: &[&'a RunSummary], per_run: PerRun, factor: Factor) -> Self {
        let place = |run: &RunSummary| (run.seed, Level::of(run, factor));
        Self {
            factor,
            seeds: runs.iter().map(|run| run.seed).collect(),
            levels: runs.iter().map(|run| Level::of(run, factor)).collect(),
            runs: runs
                .iter()
                .map(|run| (place(run), usable(run, per_run)))
                .collect(),
        }
    }

    /// The run, if it counts, or why not.
    fn at(&self, seed: u64, level: Level) -> Result<&'a RunSummary, String> {
        match self.runs.get(&(seed, level)) {
            Some(run) => run.clone(),
            None => Err("there is no such run".to_owned()),
        }
    }

    /// How many runs of a level count, and how many were made.
    fn counted(&self, level: Level) -> [usize; 2] {
        let of_level = || self.runs.iter().filter(|((_, l), _)| *l == level);
        [
            of_level().filter(|(_, run)| run.is_ok()).count(),
            of_level().count(),
        ]
    }

    /// The levels that are kept. Set aside are those of whose runs none counts,
    /// or a share that is less than half of another level's: where most runs
    /// fail, those that are left are selected by how they went.
    fn levels_with_enough_runs(&self) -> Vec<Level> {
        let counted: Vec<(Level, [usize; 2])> =
            self.levels.iter().map(|&l| (l, self.counted(l))).collect();
        let is_enough = |[counts, made]: [usize; 2]| {
            let against = |[other_counts, other_made]: [usize; 2]| {
                2 * counts * other_made >= other_counts * made
            };
            counts > 0 && counted.iter().all(|(_, other)| against(*other))
        };
        let enough = counted.iter().filter(|(_, of_level)| is_enough(*of_level));
        enough.map(|(level, _)| *level).collect()
    }

    fn seeds_at(&self, levels: &[Level]) -> Vec<SeedRuns<'a>> {
        let of_seed = |&seed: &u64| {
            let (mut runs, mut missing) = (Vec::new(), Vec::new());
            for (index, &level) in levels.iter().enumerate() {
                match self.runs.get(&(seed, level)) {
                    Some(Ok(run)) => runs.push((index, *run)),
                    Some(Err(_)) => missing.push(index),
                    None => {}
                }
            }
            SeedRuns {
                seed,
                runs,
                missing,
            }
        };
        self.seeds.iter().map(of_seed).collect()
    }

    /// How many seeds a level has, and why the others lack it.
    fn why_without_level(&self, level: Level) -> String {
        let lacking: Vec<String> = self
            .seeds
            .iter()
            .filter_map(|&seed| self.at(seed, level).err())
            .collect();
        let reasons: BTreeSet<&str> = lacking.iter().map(String::as_str).collect();
        let reasons = reasons.into_iter().collect::<Vec<_>>().join("; ");
        match (self.seeds.len() - lacking.len(), self.seeds.len()) {
            (0, _) => format!("no seed is left at this level: {reasons}"),
            (left, all) => format!("{left} of {all} seeds left at this level: {reasons}"),
        }
    }

    fn why_without_seed(&self, seed: &SeedRuns<'_>, levels: &[Level]) -> String {
        let symbol = self.factor.symbol();
        let lacks = |&level: &Level| {
            let why = self.at(seed.seed, level).err()?;
            Some(format!("{symbol} = {level}: {why}"))
        };
        let lacking = levels
            .iter()
            .filter_map(lacks)
            .collect::<Vec<_>>()
            .join("; ");
        match &seed.runs[..] {
            [] => format!("no level: {lacking}"),
            [(level, _)] => format!("{symbol} = {} alone: {lacking}", levels[*level]),
            _ => "several levels, whose runs share their weights, beside seeds with one level each"
                .to_owned(),
        }
    }
}

/// The run, if it can be used, or why not.
fn usable(run: &RunSummary, per_run: PerRun) -> Result<&RunSummary, String> {
    match &run.convergence {
        Convergence::NotConverged(reason) => {
            let in_short = reason
                .split_once(':')
                .map_or(reason.as_str(), |(short, _)| short);
            Err(in_short.to_owned())
        }
        Convergence::Converged if !run.values.contains_key(&per_run) => {
            Err(run.why_absent(per_run).to_owned())
        }
        Convergence::Converged => Ok(run),
    }
}

#[cfg(test)]
mod tests;
