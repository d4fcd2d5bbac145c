use super::*;
use crate::quantity::{Quantity, Statistic};
use crate::summary::{Covariance, Reached};

use Is::{Failed as F, Good as G, NeverMade as N};

const QUANTITY: PerRun = PerRun {
    statistic: Statistic::Max,
    quantity: Quantity::LambdaH,
};

/// What became of the run of a seed at a level.
#[derive(Clone, Copy, PartialEq)]
enum Is {
    Good,
    Failed,
    NeverMade,
}
fn summary(seed: u64, level: u64, is: Is) -> RunSummary {
    let reached = Reached {
        value: 1.0,
        step: None,
        error: None,
    };
    RunSummary {
        run: format!("{seed}-{level}"),
        seed,
        learning_rate: 0.1,
        batch_size: level,
        values: [(QUANTITY, reached)].into(),
        convergence: match is {
            F => Convergence::NotConverged("diverged: why".to_owned()),
            G | N => Convergence::Converged,
        },
        momentum: 0.0,
        final_training_accuracy: None,
        break_even_step: None,
        break_even_bracket: None,
        covariance: Covariance::default(),
        absent: BTreeMap::new(),
    }
}

/// Runs \[seeds\]\[levels\], levels 1, 2, 3, …
fn runs<const K: usize>(seeds: &[[Is; K]]) -> Vec<RunSummary> {
    let all = (0..).zip(seeds).flat_map(|(seed, levels)| {
        (1..)
            .zip(levels)
            .filter(|(_, is)| **is != N)
            .map(move |(level, is)| summary(seed, level, *is))
    });
    all.collect()
}

/// The test, the levels kept, and of each seed used the levels of its runs.
type Found = (TrendTest, Vec<u64>, Vec<(u64, Vec<usize>)>);

fn found<const K: usize>(seeds: &[[Is; K]]) -> Found {
    let runs = runs(seeds);
    let all: Vec<&RunSummary> = runs.iter().collect();
    let blocks = Blocks::of(&all, QUANTITY, Factor::BatchSize);
    (
        blocks.test,
        blocks
            .levels
            .iter()
            .map(|level| level.value() as u64)
            .collect(),
        blocks
            .seeds
            .iter()
            .map(|seed| (seed.seed, seed.levels()))
            .collect(),
    )
}

fn seeds(all: &[&[usize]]) -> Vec<(u64, Vec<usize>)> {
    (0..)
        .zip(all)
        .map(|(seed, levels)| (seed, levels.to_vec()))
        .collect()
}

#[test]
fn a_seed_with_two_levels_is_a_block() {
    use TrendTest::{IncompleteBlocks, Page};
    assert_eq!(
        found(&[[G, G, G]; 3]),
        (Page, vec![1, 2, 3], seeds(&[&[0, 1, 2][..]; 3]))
    );
    // Two of three levels each.
    assert_eq!(
        found(&[[G, G, N], [G, N, G], [N, G, G]]),
        (
            IncompleteBlocks,
            vec![1, 2, 3],
            seeds(&[&[0, 1], &[0, 2], &[1, 2]])
        )
    );
    // One run at another level costs nothing, and neither does one that failed.
    assert_eq!(
        found(&[[G, G, N], [G, G, G], [G, G, N]]),
        (
            IncompleteBlocks,
            vec![1, 2, 3],
            seeds(&[&[0, 1], &[0, 1, 2], &[0, 1]])
        )
    );
    assert_eq!(
        found(&[[G, G, F], [G, G, G], [G, G, G]]),
        (
            IncompleteBlocks,
            vec![1, 2, 3],
            seeds(&[&[0, 1], &[0, 1, 2], &[0, 1, 2]])
        )
    );
}

#[test]
fn a_level_at_which_far_more_runs_fail_is_set_aside() {
    let two = seeds(&[&[0, 1][..]; 5]);
    let with_failures = |failures: usize| {
        let mut all = [[G, G, G]; 5];
        all[..failures].iter_mut().for_each(|seed| seed[2] = F);
        found(&all)
    };
    assert_eq!(with_failures(5), (TrendTest::Page, vec![1, 2], two.clone()));
    assert_eq!(with_failures(3), (TrendTest::Page, vec![1, 2], two));
    assert_eq!(with_failures(2).1, [1, 2, 3]);
    // Where all levels fail alike, none is worse.
    assert_eq!(
        found(&[[F, F], [F, F], [G, G], [G, G], [G, G], [F, F], [F, F]]).1,
        [1, 2]
    );
    assert_eq!(found(&[[F, F]; 3]).1, [0; 0]);
}

#[test]
fn seeds_with_one_level_each_are_compared_with_each_other() {
    use TrendTest::{IncompleteBlocks, JonckheereTerpstra, Page};
    assert_eq!(
        found(&[[G, N], [G, N], [N, G], [N, G]]),
        (
            JonckheereTerpstra,
            vec![1, 2],
            seeds(&[&[0], &[0], &[1], &[1]])
        )
    );
    // Three seeds that share levels are blocks, and the others are left out.
    assert_eq!(
        found(&[[G, G], [G, G], [G, G], [N, G], [G, N]]),
        (Page, vec![1, 2], seeds(&[&[0, 1][..]; 3]))
    );
    // Two are not enough, where others can be compared.
    let (test, _, used) = found(&[[G, G], [G, G], [G, N], [N, G], [N, G]]);
    assert_eq!((test, used[0].0, used.len()), (JonckheereTerpstra, 2, 3));
    // Two seeds, or all at one level: there is nothing better than blocks.
    assert_eq!(found(&[[G, N], [N, G]]), (Page, vec![1, 2], vec![]));
    assert_eq!(found(&[[G, G], [G, N], [G, N], [G, N]]).0, Page);
    // A level of which only seeds are left that are not used goes with them.
    assert_eq!(
        found(&[[G, G, N], [G, G, N], [G, G, N], [N, N, G], [N, N, G]]).1,
        [1, 2]
    );
    assert_eq!(
        found(&[[G, G, N], [N, G, G], [G, N, G], [N, N, G]]).0,
        IncompleteBlocks
    );
}

#[test]
fn what_is_not_used_is_said_with_the_reason() {
    let runs = runs(&[[G, G], [G, G], [G, G], [G, F], [F, F], [N, G]]);
    let all: Vec<&RunSummary> = runs.iter().collect();
    let blocks = Blocks::of(&all, QUANTITY, Factor::BatchSize);
    let said: Vec<(DroppedWhat, &str)> = blocks
        .dropped
        .iter()
        .map(|dropped| (dropped.what, dropped.reason.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            (DroppedWhat::Seed(3), "S = 1 alone: S = 2: diverged"),
            (
                DroppedWhat::Seed(4),
                "no level: S = 1: diverged; S = 2: diverged"
            ),
            (
                DroppedWhat::Seed(5),
                "S = 2 alone: S = 1: there is no such run"
            ),
        ]
    );
    // If all counted, there would be two more blocks.
    let completed = blocks.completed.unwrap();
    assert_eq!(
        (completed.test, completed.seeds.len()),
        (TrendTest::Page, 5)
    );
    assert_eq!(completed.seeds[4].missing, [0, 1]);
}
