//! Whether values that trend also turn: a trend test is of all levels, and 3, 1,
//! 2 trends downwards.

use serde::{Deserialize, Serialize};

use crate::level::Level;
use crate::sample::{Sample, Stratum};
use crate::sign_test::at_least;
use crate::trend::{Block, TrendTest, trend};

/// A step against the trend counts where its exact test gives it at most
/// this p, divided by the number of steps: of three levels 1/8, which is all of
/// three seeds or four, or five of six.
pub const LARGEST_P: f64 = 0.25;

/// Two neighbouring levels between which the values go against the trend of all
/// levels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Turn {
    /// The two levels, rising.
    pub between: [Level; 2],
    /// Seeds in which they go against the trend; where no seed has both, pairs of
    /// runs.
    pub against: usize,
    /// Seeds, or pairs of runs, in which the two do not tie.
    pub seeds: usize,
    /// P(at least so much against it), if either way were as likely.
    pub p_value: f64,
    /// Whose p it is.
    pub test: TurnTest,
}

/// The test of a step between two levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnTest {
    /// The exact sign test over seeds.
    Sign,
    /// Mann and Whitney's over runs of different seeds.
    MannWhitney,
}

/// The step that goes most clearly against the trend, where one does; `rising`
/// says which way the trend goes along the levels.
///
/// Values rise, then fall in each of four seeds, which has a chance of 1/2⁴:
///
/// ```
/// use breakeven_verify::level::Level;
/// use breakeven_verify::shape::turn;
/// # use breakeven_verify::sample::{Sample, Stratum};
/// # use breakeven_verify::trend::TrendTest;
///
/// let levels = [0.1, 0.2, 0.4].map(Level::LearningRate);
/// # let stratum =
/// #     Stratum { levels: vec![0, 1, 2], values: vec![1.0, 3.0, 2.0], groups: vec![0, 2, 1] };
/// # let sample = Sample { test: TrendTest::Page, levels: 3, strata: vec![stratum; 4] };
/// let found = turn(&levels, &sample, true).ok_or("no turn")?;
/// assert_eq!(found.between, [levels[1], levels[2]]);
/// assert!((found.p_value - 1.0 / 16.0).abs() < 1e-12);
/// # Ok::<(), &str>(())
/// ```
pub fn turn(levels: &[Level], sample: &Sample, rising: bool) -> Option<Turn> {
    if levels.len() < 3 {
        return None;
    }
    let step = |low: usize| {
        let (falls, differ) = falling_pairs(sample, low);
        let against = if rising { falls } else { differ - falls };
        let (p_value, test) = match sample.is_paired() {
            true => (at_least(against, differ), TurnTest::Sign),
            false => (mann_whitney(sample, low, !rising), TurnTest::MannWhitney),
        };
        Turn {
            between: [levels[low], levels[low + 1]],
            against,
            seeds: differ,
            p_value,
            test,
        }
    };
    (0..levels.len() - 1)
        .map(step)
        .filter(|turn| turn.p_value <= LARGEST_P / (levels.len() - 1) as f64)
        .min_by(|a, b| a.p_value.total_cmp(&b.p_value))
}

/// Pairs of runs of a stratum at a level and the next: those that fall, and
/// those that do not tie.
fn falling_pairs(sample: &Sample, low: usize) -> (usize, usize) {
    let (mut falls, mut differ) = (0, 0);
    for stratum in &sample.strata {
        for (_, lower) in stratum.at(low) {
            for (_, upper) in stratum.at(low + 1) {
                falls += usize::from(lower > upper);
                differ += usize::from(lower != upper);
            }
        }
    }
    (falls, differ)
}

/// The p-value of a rise, or of a fall, from a level to the next.
fn mann_whitney(sample: &Sample, low: usize, rise: bool) -> f64 {
    let of_stratum = |stratum: &Stratum| -> Vec<(usize, usize)> {
        let groups = |level| stratum.at(level).map(move |(_, group)| (level, group));
        groups(low).chain(groups(low + 1)).collect()
    };
    let runs: Vec<(usize, usize)> = sample.strata.iter().flat_map(of_stratum).collect();
    let block = Block {
        labels: runs.iter().map(|(level, _)| level - low).collect(),
        groups: runs.iter().map(|(_, group)| *group).collect(),
    };
    let block = if rise { block } else { block.turned_round(2) };
    trend(TrendTest::JonckheereTerpstra, &[block]).map_or(1.0, |found| found.p_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stratum(levels: &[usize], groups: &[usize]) -> Stratum {
        Stratum {
            levels: levels.to_vec(),
            values: groups.iter().map(|&group| group as f64).collect(),
            groups: groups.to_vec(),
        }
    }

    fn of_strata(
        test: TrendTest,
        levels: usize,
        strata: Vec<Stratum>,
        rising: bool,
    ) -> Option<Turn> {
        let names: Vec<Level> = (1..=levels as u64).map(Level::BatchSize).collect();
        let sample = Sample {
            test,
            levels,
            strata,
        };
        turn(&names, &sample, rising)
    }

    fn found<const K: usize>(blocks: &[[usize; K]], rising: bool) -> Option<(f64, usize, usize)> {
        let all: Vec<usize> = (0..K).collect();
        let strata = blocks.iter().map(|block| stratum(&all, block)).collect();
        let turn = of_strata(TrendTest::Page, K, strata, rising)?;
        Some((turn.between[0].value(), turn.against, turn.seeds))
    }

    /// Of 3, 1, 2 with two levels in each seed, the three with the last two say so.
    #[test]
    fn seeds_that_lack_levels_turn_where_they_have_both() {
        let pair = |levels: [usize; 2], groups: [usize; 2]| stratum(&levels, &groups);
        let mut strata = vec![pair([0, 1], [1, 0]); 3];
        strata.extend(vec![pair([0, 2], [1, 0]); 3]);
        let too_few = of_strata(TrendTest::IncompleteBlocks, 3, strata.clone(), false);
        assert_eq!(too_few, None);
        strata.extend(vec![pair([1, 2], [0, 1]); 3]);
        let turn = of_strata(TrendTest::IncompleteBlocks, 3, strata, false).unwrap();
        assert_eq!((turn.against, turn.seeds), (3, 3));
        assert!((turn.p_value - 0.125).abs() < 1e-14);
    }

    /// Three runs a level: all nine pairs of the last two rise, one in C(6, 3) = 20
    /// arrangements. Of two runs a level it is one in 6, which is too many.
    #[test]
    fn runs_of_different_seeds_turn_by_mann_and_whitneys_test() {
        let levels = [0, 0, 0, 1, 1, 1, 2, 2, 2];
        let all = stratum(&levels, &[6, 7, 8, 0, 1, 2, 3, 4, 5]);
        let turn = of_strata(TrendTest::JonckheereTerpstra, 3, vec![all], false).unwrap();
        assert_eq!((turn.against, turn.seeds), (9, 9));
        assert!((turn.p_value - 1.0 / 20.0).abs() < 1e-15);
        assert_eq!(turn.test, TurnTest::MannWhitney);
        let few = stratum(&[0, 0, 1, 1, 2, 2], &[4, 5, 0, 1, 2, 3]);
        assert_eq!(
            of_strata(TrendTest::JonckheereTerpstra, 3, vec![few], false),
            None
        );
    }

    #[test]
    fn three_one_two_turns_after_the_second_level() {
        assert_eq!(found(&[[2, 0, 1]; 3], false), Some((2.0, 3, 3)));
        assert_eq!(found(&[[0, 2, 1]; 5], true), Some((2.0, 5, 5)));
    }

    #[test]
    fn a_trend_with_ties_or_few_seeds_against_it_does_not() {
        assert_eq!(found(&[[2, 1, 0]; 5], false), None);
        assert_eq!(found(&[[1, 0, 0]; 5], false), None);
        assert_eq!(found(&[[2, 0, 1], [2, 1, 0], [2, 1, 0]], false), None);
        // Two levels cannot turn.
        assert_eq!(found(&[[0, 1]; 5], false), None);
        assert_eq!(found(&[[2, 0, 1]; 2], false), None);
    }
}
