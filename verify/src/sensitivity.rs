//! How much runs that don't count could change a test: the convergence filter
//! leaves out the runs that diverge, and where they diverge is no accident.
//!
//! Every run that was made at a level tested and has no value gets the rank that
//! speaks most against the claim, then the one that speaks most for it. Whatever
//! their values would have been, the statistic is between the two.

use serde::Serialize;

use crate::blocks::{Completed, SeedRuns};
use crate::quantity::{Direction, PerRun};
use crate::sample::{Sample, labelled};
use crate::trend::{Block, TrendTest, trend};

/// The test of a hypothesis with its missing runs at either end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MissingRuns {
    /// Runs at the levels tested that were made and don't count, or lack the
    /// quantity.
    pub count: usize,
    /// The test then.
    pub test: TrendTest,
    /// p where they have the ranks that speak most against the claim.
    pub p_least_favourable: f64,
    /// p where they have those that speak most for it.
    pub p_most_favourable: f64,
    /// The opposite's p where they have the ranks that speak most for the claim.
    pub opposite_p_least_favourable: f64,
    /// `p_least_favourable` after adjustment for the family, where all
    /// hypotheses have theirs.
    pub p_adjusted_least_favourable: Option<f64>,
    /// The same of the opposite.
    pub opposite_p_adjusted_least_favourable: Option<f64>,
    /// The blocks of the first.
    #[serde(skip)]
    pub least_favourable: Vec<Block>,
    /// Those of the second.
    #[serde(skip)]
    pub most_favourable: Vec<Block>,
    /// Each run by seed and level, in the order of both.
    #[serde(skip)]
    pub runs: Vec<(u64, usize)>,
}

impl MissingRuns {
    /// Those of a hypothesis over so many levels; `None` where even all runs
    /// that were made allow no test.
    ///
    /// Three seeds at two levels, in order but for one run that does not count: all in
    /// order have a chance of 1/8, two or more of 4/8.
    ///
    /// ```
    /// # use breakeven_verify::quantity::{Direction, Factor, PerRun};
    /// # use breakeven_verify::{VerifySettings, blocks::Blocks, parse_table};
    /// use breakeven_verify::sensitivity::MissingRuns;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let table = "seed,learning_rate,batch_size,converged,max_lambda_k
    /// # 0,0.1,32,yes,2\n0,0.2,32,yes,1\n1,0.1,32,yes,2
    /// # 1,0.2,32,yes,1\n2,0.1,32,yes,2\n2,0.2,32,no,\n";
    /// # let path = std::path::Path::new("runs.csv");
    /// # let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
    /// # let runs: Vec<_> = sweep.runs.iter().map(|run| &run.summary).collect();
    /// # let quantity = PerRun::from_name("max_lambda_k").ok_or("no such quantity")?;
    /// # let blocks = Blocks::of(&runs, quantity, Factor::LearningRate);
    /// let completed = blocks.completed.ok_or("all runs count")?;
    /// let found = MissingRuns::of(&completed, quantity, 2, Direction::Decreasing).ok_or("no test")?;
    /// assert!((found.p_most_favourable - 1.0 / 8.0).abs() < 1e-12);
    /// assert!((found.p_least_favourable - 4.0 / 8.0).abs() < 1e-12);
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(
        completed: &Completed<'_>,
        quantity: PerRun,
        levels: usize,
        expected: Direction,
    ) -> Option<Self> {
        let open = open_blocks(completed, quantity, levels, expected);
        let filled = |favour| -> Vec<Block> {
            let block = |open: &Open| open.filled(completed.test, favour);
            open.iter().map(block).collect()
        };
        let (least, most) = (filled(Favour::Least), filled(Favour::Most));
        let (of_least, of_most) = (
            trend(completed.test, &least)?,
            trend(completed.test, &most)?,
        );
        Some(Self {
            count: open.iter().map(|open| open.missing.len()).sum(),
            test: completed.test,
            p_least_favourable: of_least.p_value,
            p_most_favourable: of_most.p_value,
            opposite_p_least_favourable: of_most.opposite_p_value,
            p_adjusted_least_favourable: None,
            opposite_p_adjusted_least_favourable: None,
            least_favourable: least,
            most_favourable: most,
            runs: runs(completed),
        })
    }
}

/// The runs in the order of the blocks: those that count first.
fn runs(completed: &Completed<'_>) -> Vec<(u64, usize)> {
    let counted = |seed: &SeedRuns<'_>| -> Vec<(u64, usize)> {
        let levels = seed.runs.iter().map(|(level, _)| (seed.seed, *level));
        levels.collect()
    };
    let missing = |seed: &SeedRuns<'_>| -> Vec<(u64, usize)> {
        let levels = seed.missing.iter().map(|level| (seed.seed, *level));
        levels.collect()
    };
    let seeds = || completed.seeds.iter();
    match completed.test {
        TrendTest::Page | TrendTest::IncompleteBlocks => seeds()
            .flat_map(|seed| [counted(seed), missing(seed)].concat())
            .collect(),
        TrendTest::JonckheereTerpstra => {
            let mut all: Vec<(u64, usize)> = seeds().flat_map(counted).collect();
            all.sort_by_key(|(_, level)| *level);
            all.extend(seeds().flat_map(missing));
            all
        }
    }
}

/// Which way missing values go.
#[derive(Clone, Copy, PartialEq)]
enum Favour {
    Least,
    Most,
}

/// A block with runs that have no value.
struct Open {
    block: Block,
    /// Their labels.
    missing: Vec<usize>,
}

fn open_blocks(
    completed: &Completed<'_>,
    quantity: PerRun,
    levels: usize,
    expected: Direction,
) -> Vec<Open> {
    let labels = |missing: &[usize]| labelled(missing, &[], levels, expected).labels;
    let blocks = Sample::of(completed.test, levels, &completed.seeds, quantity).blocks(expected);
    let missing: Vec<Vec<usize>> = match completed.test {
        TrendTest::Page | TrendTest::IncompleteBlocks => {
            let of_seed = |seed: &SeedRuns<'_>| labels(&seed.missing);
            completed.seeds.iter().map(of_seed).collect()
        }
        TrendTest::JonckheereTerpstra => {
            let all = completed
                .seeds
                .iter()
                .flat_map(|seed| labels(&seed.missing));
            vec![all.collect()]
        }
    };
    let pairs = blocks.into_iter().zip(missing);
    pairs
        .map(|(block, missing)| Open { block, missing })
        .collect()
}

impl Open {
    /// The block with its missing runs last, each with a value of its own.
    ///
    /// Each missing value goes between the observed ones where it adds least to
    /// the statistic, of equal places to the lowest. As a pair counts the more
    /// the further its levels are apart, a run at a later level then never is
    /// above one at an earlier level, but perhaps between the same observed
    /// values; there they stand in falling order. So pairs of missing runs are at
    /// their least, too. For the most, the same of labels that are turned round.
    fn filled(&self, test: TrendTest, favour: Favour) -> Block {
        if favour == Favour::Most {
            let all = self.block.labels.iter().chain(&self.missing);
            let levels = all.max().map_or(0, |most| most + 1);
            let turned = Self {
                block: self.block.turned_round(levels),
                missing: self.missing.iter().map(|l| levels - 1 - l).collect(),
            };
            return turned.filled(test, Favour::Least).turned_round(levels);
        }
        // Between groups g − 1 and g is place 2g, group g itself 2g + 1.
        let mut order: Vec<usize> = (0..self.missing.len()).collect();
        order.sort_by_key(|&run| std::cmp::Reverse(self.missing[run]));
        let mut places: Vec<(usize, usize)> =
            self.block.groups.iter().map(|g| (2 * g + 1, 0)).collect();
        let mut of_missing = vec![(0, 0); self.missing.len()];
        for (rank, run) in order.into_iter().enumerate() {
            of_missing[run] = (2 * self.gap(test, self.missing[run]), rank);
        }
        places.extend(of_missing);
        let mut sorted = places.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let mut labels = self.block.labels.clone();
        labels.extend(&self.missing);
        Block {
            labels,
            groups: places
                .iter()
                .map(|place| sorted.partition_point(|other| other < place))
                .collect(),
        }
    }

    /// The number of groups below a value with this label where it adds least.
    fn gap(&self, test: TrendTest, label: usize) -> usize {
        let groups = self.block.groups.iter().max().map_or(0, |most| most + 1);
        let (mut best, mut least, mut sum) = (0, 0, 0);
        for group in 0..groups {
            let passed = self.block.pairs().filter(|(_, g)| *g == group);
            sum += passed
                .map(|(other, _)| test.weight(other, label))
                .sum::<i64>();
            if sum < least {
                (best, least) = (group + 1, sum);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests;
