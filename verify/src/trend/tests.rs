use serde::Deserialize;

use super::*;

/// Brute force: see `fixtures/reference/make_trend_tests.py`.
pub(crate) const REFERENCE: &str = include_str!("../../../fixtures/reference/trend_tests.json");

#[derive(Deserialize)]
struct Reference {
    trends: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    test: TrendTest,
    blocks: Vec<Given>,
    statistic: f64,
    p_value: f64,
    opposite_p_value: f64,
    smallest_p_value: f64,
    mean: f64,
    variance: f64,
}

/// A block as references have it.
#[derive(Clone, Deserialize)]
pub(crate) struct Given {
    pub labels: Vec<usize>,
    pub groups: Vec<usize>,
}

impl From<&Given> for Block {
    fn from(given: &Given) -> Self {
        Self {
            labels: given.labels.clone(),
            groups: given.groups.clone(),
        }
    }
}

fn assert_close(found: f64, expected: f64) {
    let tolerance = 1e-12 * expected.abs().max(1.0);
    assert!((found - expected).abs() <= tolerance, "{found} {expected}");
}

#[test]
fn the_tests_are_the_enumeration_of_all_rearrangements() {
    let reference: Reference = serde_json::from_str(REFERENCE).unwrap();
    for case in &reference.trends {
        let blocks: Vec<Block> = case.blocks.iter().map(Block::from).collect();
        let found = trend(case.test, &blocks).unwrap();
        assert_eq!(found.statistic, case.statistic);
        assert_eq!(
            (found.method, found.opposite_method),
            (Method::Exact, Method::Exact)
        );
        assert_close(found.p_value, case.p_value);
        assert_close(found.opposite_p_value, case.opposite_p_value);
        assert_close(found.smallest_p_value, case.smallest_p_value);
        let limit = limit(case.test, &blocks);
        assert_close(limit.mean / 2.0, case.mean);
        assert_close(limit.deviation.powi(2) / 4.0, case.variance);
        assert_close(limit.highest.chance, case.smallest_p_value);
    }
}

/// Both ends of the limit are those of the enumeration.
#[test]
fn the_ends_of_the_limit_are_exact() {
    let reference: Reference = serde_json::from_str(REFERENCE).unwrap();
    for case in &reference.trends {
        let blocks: Vec<Block> = case.blocks.iter().map(Block::from).collect();
        let limit = limit(case.test, &blocks);
        let Null::Exact { lowest, lower, .. } = null(case.test, &blocks) else {
            panic!("it is enumerated");
        };
        assert_eq!(limit.lowest.at, lowest);
        assert_close(limit.lowest.chance, lower[0]);
        assert_eq!(limit.highest.at, lowest + lower.len() as u64 - 1);
    }
}

/// Nine seeds with two of three levels each, all in order.
#[test]
fn nine_incomplete_seeds_in_order_have_one_chance_in_512() {
    let pair = |low, high| Block {
        labels: vec![low, high],
        groups: vec![0, 1],
    };
    let blocks: Vec<Block> = (0..3)
        .flat_map(|_| [pair(0, 1), pair(0, 2), pair(1, 2)])
        .collect();
    let found = trend(TrendTest::IncompleteBlocks, &blocks).unwrap();
    assert_close(found.p_value, 1.0 / 512.0);
    assert_eq!(found.statistic, found.largest);
    assert_close(found.smallest_p_value, 1.0 / 512.0);
}

/// Where blocks are complete it is Page's L, whatever it is called.
#[test]
fn complete_blocks_have_pages_numbers() {
    let blocks: Vec<Block> = [[0, 1, 2], [1, 0, 2], [0, 2, 1]]
        .map(|groups| Block {
            labels: vec![0, 1, 2],
            groups: groups.to_vec(),
        })
        .to_vec();
    let page = trend(TrendTest::Page, &blocks).unwrap();
    assert_eq!(trend(TrendTest::IncompleteBlocks, &blocks), Some(page));
    assert_eq!((page.statistic, page.largest), (40.0, 42.0));
}

/// Labels are as far apart as their levels: of 1 and 3 twice as far as of 1
/// and 2, so that one seed in order outweighs one that is not.
#[test]
fn a_pair_counts_by_how_far_its_levels_are_apart() {
    let block = |labels: [usize; 2], groups: [usize; 2]| Block {
        labels: labels.to_vec(),
        groups: groups.to_vec(),
    };
    let blocks = [block([0, 2], [0, 1]), block([0, 1], [1, 0])];
    let found = trend(TrendTest::IncompleteBlocks, &blocks).unwrap();
    // Of four arrangements the sums of distances are 3, 1, −1 and −3.
    assert_close(found.p_value, 0.5);
    assert_close(found.opposite_p_value, 0.75);
}

#[test]
fn nothing_is_tested_without_two_levels() {
    let block = |labels: &[usize]| Block {
        labels: labels.to_vec(),
        groups: vec![0; labels.len()],
    };
    assert_eq!(trend(TrendTest::Page, &[]), None);
    assert_eq!(trend(TrendTest::IncompleteBlocks, &[block(&[1])]), None);
    let one_level = [block(&[1, 1, 1])];
    assert_eq!(trend(TrendTest::JonckheereTerpstra, &one_level), None);
}

#[test]
fn a_block_turned_round_falls_where_it_rose() {
    let block = Block {
        labels: vec![2, 1, 0],
        groups: vec![2, 1, 0],
    };
    assert!(block.is_rising());
    assert!(!block.turned_round(3).is_rising());
    assert!(block.turned_round(3).in_order().is_rising());
    assert_eq!(block.turned_round(3).turned_round(3), block);
}
