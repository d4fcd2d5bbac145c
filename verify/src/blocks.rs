//! Which runs a hypothesis is tested on: complete blocks of seeds by levels.
//!
//! A level that few seeds have is set aside; then every seed that lacks a value
//! at a remaining level. What is set aside is said, with the reason. Which runs
//! have a value decides, never the values.

use std::collections::{BTreeMap, BTreeSet};

use crate::level::Level;
use crate::quantity::{Factor, PerRun};
use crate::summary::{Convergence, Reached, RunSummary};

/// Fewer seeds never give a verdict.
pub const FEWEST_SEEDS: usize = 3;

/// Complete blocks: every seed has a run at every level.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocks<'a> {
    /// The levels that are left, rising.
    pub levels: Vec<Level>,
    /// The seeds that are left, rising.
    pub seeds: Vec<u64>,
    /// The runs, \[seeds\]\[levels\].
    pub runs: Vec<Vec<&'a RunSummary>>,
    /// What was dropped.
    pub dropped: Vec<Dropped>,
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
    /// The complete blocks of `runs`, which share the levels of all other
    /// factors, for a per-run quantity over the levels of `factor`.
    pub fn of(runs: &[&'a RunSummary], per_run: PerRun, factor: Factor) -> Self {
        let seeds: BTreeSet<u64> = runs.iter().map(|run| run.seed).collect();
        let all_levels: BTreeSet<Level> = runs.iter().map(|run| Level::of(run, factor)).collect();
        let run_at: BTreeMap<(u64, Level), &RunSummary> = runs
            .iter()
            .map(|run| ((run.seed, Level::of(run, factor)), *run))
            .collect();
        let usable_at = |seed: u64, level: Level| {
            let run = run_at.get(&(seed, level)).copied();
            usable(run, per_run)
        };

        let has = |seed: u64, level: Level| usable_at(seed, level).is_ok();
        let seeds: Vec<u64> = seeds.into_iter().collect();
        let levels = with_enough_seeds(all_levels.iter().copied().collect(), &seeds, has);
        let set_aside = all_levels.into_iter().filter(|l| !levels.contains(l));
        let dropped = set_aside
            .map(|level| Dropped {
                what: DroppedWhat::Level(level),
                reason: few_seeds(level, &seeds, usable_at),
            })
            .collect();

        let mut complete = Self {
            levels,
            seeds: Vec::new(),
            runs: Vec::new(),
            dropped,
        };
        if !complete.levels.is_empty() {
            for seed in seeds {
                complete.take_seed(seed, factor, usable_at);
            }
        }
        complete
    }

    /// Adds a seed that is there at every level, or says what it lacks.
    fn take_seed(
        &mut self,
        seed: u64,
        factor: Factor,
        usable_at: impl Fn(u64, Level) -> Result<&'a RunSummary, String>,
    ) {
        let mut block = Vec::new();
        let mut lacking = Vec::new();
        for &level in &self.levels {
            match usable_at(seed, level) {
                Ok(run) => block.push(run),
                Err(reason) => lacking.push(format!("{} = {level}: {reason}", factor.symbol())),
            }
        }
        if lacking.is_empty() {
            self.seeds.push(seed);
            self.runs.push(block);
        } else {
            self.dropped.push(Dropped {
                what: DroppedWhat::Seed(seed),
                reason: format!("incomplete block: {}", lacking.join("; ")),
            });
        }
    }

    /// What the runs reached, \[seeds\]\[levels\].
    pub fn reached(&self, per_run: PerRun) -> Vec<Vec<Reached>> {
        let block = |runs: &Vec<&RunSummary>| runs.iter().map(|run| run.values[&per_run]).collect();
        self.runs.iter().map(block).collect()
    }
}

/// The levels that are kept. Set aside are those that fewer than three seeds
/// have, or fewer than half as many as another level; then, while fewer than
/// three seeds are complete, the level whose absence completes most of them (of
/// equal ones the one that fewest seeds have, then the highest). At least two
/// levels are kept, where there are so many.
fn with_enough_seeds(
    levels: Vec<Level>,
    seeds: &[u64],
    has: impl Fn(u64, Level) -> bool,
) -> Vec<Level> {
    let at = |level: Level| seeds.iter().filter(|&&seed| has(seed, level)).count();
    let most = levels.iter().map(|&level| at(level)).max().unwrap_or(0);
    let enough = FEWEST_SEEDS.min(most).max(1);
    let mut kept: Vec<Level> = levels
        .into_iter()
        .filter(|&level| at(level) >= enough && 2 * at(level) >= most)
        .collect();
    let complete = |levels: &[Level]| {
        let is_complete = |seed: &&u64| levels.iter().all(|&level| has(**seed, level));
        seeds.iter().filter(is_complete).count()
    };
    while kept.len() > 2 && complete(&kept) < enough {
        let without = |index: usize| {
            let mut rest = kept.clone();
            rest.remove(index);
            complete(&rest)
        };
        let best = (0..kept.len())
            .max_by_key(|&i| (without(i), std::cmp::Reverse(at(kept[i])), i))
            // There are more than two levels.
            .unwrap_or(0);
        kept.remove(best);
    }
    kept
}

/// How many seeds a level has, and why the others lack it.
fn few_seeds<'a>(
    level: Level,
    seeds: &[u64],
    usable_at: impl Fn(u64, Level) -> Result<&'a RunSummary, String>,
) -> String {
    let lacking: Vec<String> = seeds
        .iter()
        .filter_map(|&seed| usable_at(seed, level).err())
        .collect();
    let reasons: BTreeSet<&str> = lacking.iter().map(String::as_str).collect();
    let reasons = reasons.into_iter().collect::<Vec<_>>().join("; ");
    match (seeds.len() - lacking.len(), seeds.len()) {
        (0, _) => format!("no seed is left at this level: {reasons}"),
        (left, all) => format!("{left} of {all} seeds left at this level: {reasons}"),
    }
}

/// The run, if it can be used, or why not.
fn usable(run: Option<&RunSummary>, per_run: PerRun) -> Result<&RunSummary, String> {
    let run = run.ok_or_else(|| "there is no such run".to_owned())?;
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
mod tests {
    use super::*;

    /// The levels kept of 1, 2, 3, … where `at` names the seeds of each.
    fn kept(at: &[&[u64]]) -> Vec<u64> {
        let mut seeds: Vec<u64> = at.iter().flat_map(|s| s.iter().copied()).collect();
        seeds.sort_unstable();
        seeds.dedup();
        let levels = (1..=at.len() as u64).map(Level::BatchSize).collect();
        let has = |seed, level: Level| at[level.value() as usize - 1].contains(&seed);
        let kept = with_enough_seeds(levels, &seeds, has);
        kept.iter().map(|level| level.value() as u64).collect()
    }

    #[test]
    fn a_level_that_few_seeds_have_is_set_aside_and_not_the_seeds() {
        let five: &[u64] = &[0, 1, 2, 3, 4];
        for (at, expected) in [
            (vec![five, five, five], vec![1, 2, 3]),
            // One run, two runs, no run.
            (vec![five, five, five, &[2]], vec![1, 2, 3]),
            (vec![&[2, 3], five, five, five], vec![2, 3, 4]),
            (vec![five, &[], five], vec![1, 3]),
            // Three of five are enough; of eight they are fewer than half.
            (vec![five, five, &[0, 1, 2]], vec![1, 2, 3]),
            (
                vec![
                    &[0, 1, 2, 3, 4, 5, 6, 7],
                    &[0, 1, 2, 3, 4, 5, 6],
                    &[0, 1, 2],
                ],
                vec![1, 2],
            ),
            // Each has three, but only seed 2 is complete: the last one goes.
            (vec![five, five, &[0, 1, 2], &[2, 3, 4]], vec![1, 2, 3]),
            // Seeds 0 to 2 have all but the second level.
            (
                vec![five, &[2, 3, 4], &[0, 1, 2], &[0, 1, 2]],
                vec![1, 3, 4],
            ),
            // Two seeds in all: too few for a verdict, but nothing is hidden.
            (vec![&[0, 1], &[0, 1], &[0, 1]], vec![1, 2, 3]),
            (vec![&[0, 1, 2], &[3, 4, 5]], vec![1, 2]),
            (vec![&[], &[]], vec![]),
        ] {
            assert_eq!(kept(&at), expected, "{at:?}");
        }
    }
}
