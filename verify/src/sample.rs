//! The values of a hypothesis as its test and its estimates take them.

use crate::blocks::SeedRuns;
use crate::quantity::{Direction, PerRun};
use crate::summary::Reached;
use crate::ties;
use crate::trend::{Block, TrendTest};

/// Values in strata: of one seed each, or, where no seed has several levels, of
/// all runs.
///
/// ```
/// use breakeven_verify::sample::{Sample, Stratum};
/// use breakeven_verify::trend::TrendTest;
///
/// let stratum = |values: [f64; 2]| Stratum {
///     levels: vec![0, 1],
///     values: values.to_vec(),
///     groups: vec![0, 1],
/// };
/// let strata = vec![stratum([1.0, 2.0]), stratum([3.0, 5.0])];
/// let sample = Sample { test: TrendTest::Page, levels: 2, strata };
/// assert_eq!(sample.of_level(1), [2.0, 5.0]);
/// assert!(sample.is_paired());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The test that they allow.
    pub test: TrendTest,
    /// How many levels there are.
    pub levels: usize,
    /// The strata.
    pub strata: Vec<Stratum>,
}

/// Runs that could change levels among each other, levels rising.
#[derive(Clone, Debug, PartialEq)]
pub struct Stratum {
    /// The level of each run, by index.
    pub levels: Vec<usize>,
    /// Its value.
    pub values: Vec<f64>,
    /// The group of ties of each, rising with the values.
    pub groups: Vec<usize>,
}

impl Sample {
    /// That of a per-run quantity, which all `seeds` have.
    pub fn of(test: TrendTest, levels: usize, seeds: &[SeedRuns<'_>], quantity: PerRun) -> Self {
        let of_seed = |seed: &SeedRuns<'_>| -> Vec<(usize, Reached)> {
            let runs = seed.runs.iter();
            runs.map(|(level, run)| (*level, run.values[&quantity]))
                .collect()
        };
        Self::of_values(test, levels, seeds.iter().map(of_seed))
    }

    /// The same of each seed's values with their levels, by index, rising.
    pub(crate) fn of_values(
        test: TrendTest,
        levels: usize,
        seeds: impl Iterator<Item = Vec<(usize, Reached)>>,
    ) -> Self {
        let strata = match test {
            TrendTest::Page | TrendTest::IncompleteBlocks => {
                let stratum = |seed| Stratum::of(seed, ties::groups);
                seeds.map(stratum).collect()
            }
            TrendTest::JonckheereTerpstra => {
                let mut all: Vec<(usize, Reached)> = seeds.flatten().collect();
                // Stable, so that seeds stay in their order.
                all.sort_by_key(|(level, _)| *level);
                vec![Stratum::of(all, ties::groups_of_seeds)]
            }
        };
        Self {
            test,
            levels,
            strata,
        }
    }

    /// The blocks of the test, with labels in the order in which values should
    /// go.
    pub fn blocks(&self, expected: Direction) -> Vec<Block> {
        let block =
            |stratum: &Stratum| labelled(&stratum.levels, &stratum.groups, self.levels, expected);
        self.strata.iter().map(block).collect()
    }

    /// The values of a level, stratum by stratum.
    pub fn of_level(&self, level: usize) -> Vec<f64> {
        let of_stratum = |stratum: &Stratum| stratum.at(level).map(|(v, _)| v).collect::<Vec<_>>();
        self.strata.iter().flat_map(of_stratum).collect()
    }

    /// Whether runs of one seed are compared with each other.
    pub fn is_paired(&self) -> bool {
        self.test != TrendTest::JonckheereTerpstra
    }
}

impl Stratum {
    fn of(runs: Vec<(usize, Reached)>, groups: fn(&[Reached]) -> Vec<usize>) -> Self {
        let (levels, reached): (Vec<usize>, Vec<Reached>) = runs.into_iter().unzip();
        Self {
            groups: groups(&reached),
            values: reached.iter().map(|r| r.value).collect(),
            levels,
        }
    }

    /// The runs at a level, each with its value and its group.
    pub fn at(&self, level: usize) -> impl Iterator<Item = (f64, usize)> {
        let runs = (0..self.levels.len()).filter(move |&run| self.levels[run] == level);
        runs.map(|run| (self.values[run], self.groups[run]))
    }

    /// The values' logarithms, relative to the first value, with those of a
    /// group at their mean.
    pub fn logarithms(&self) -> Vec<f64> {
        let logarithm = |value: &f64| (value / self.values[0]).ln();
        let of_group = |group: usize| {
            let members = self.values.iter().zip(&self.groups);
            let members: Vec<f64> = members
                .filter(|(_, g)| **g == group)
                .map(|(value, _)| logarithm(value))
                .collect();
            members.iter().sum::<f64>() / members.len() as f64
        };
        self.groups.iter().map(|&group| of_group(group)).collect()
    }

    /// Whether all values have a logarithm.
    pub fn is_positive(&self) -> bool {
        let is_positive = |value: &f64| *value > 0.0 && value.is_finite();
        self.values.iter().all(is_positive)
    }
}

/// A block of runs at these levels, of so many in all.
pub fn labelled(runs: &[usize], groups: &[usize], levels: usize, expected: Direction) -> Block {
    let rising = Block {
        labels: runs.to_vec(),
        groups: groups.to_vec(),
    };
    match expected {
        Direction::Increasing => rising,
        Direction::Decreasing => rising.turned_round(levels),
    }
}
