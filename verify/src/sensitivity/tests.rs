use serde::Deserialize;

use super::*;
use crate::trend::tests::{Given, REFERENCE};

#[derive(Deserialize)]
struct Reference {
    extremes: Vec<Extreme>,
}

/// The smallest and largest statistic over all places of the missing values, by
/// `fixtures/reference/make_trend_tests.py`.
#[derive(Deserialize)]
struct Extreme {
    test: TrendTest,
    block: Given,
    missing: Vec<usize>,
    least: f64,
    most: f64,
}

#[test]
fn no_place_of_missing_values_is_less_or_more_favourable() {
    let reference: Reference = serde_json::from_str(REFERENCE).unwrap();
    for case in &reference.extremes {
        let open = Open {
            block: Block::from(&case.block),
            missing: case.missing.clone(),
        };
        let statistic = |favour| {
            let filled = open.filled(case.test, favour);
            assert_eq!(
                filled.groups.len(),
                case.block.groups.len() + case.missing.len()
            );
            trend(case.test, &[filled]).map(|found| found.statistic)
        };
        let expected = (Some(case.least), Some(case.most));
        assert_eq!(
            (statistic(Favour::Least), statistic(Favour::Most)),
            expected
        );
    }
}

/// Of values in order and a missing run at the last level, the least favourable
/// place is below all, the most favourable above.
#[test]
fn observed_values_keep_their_order_and_their_ties() {
    let open = Open {
        block: Block {
            labels: vec![0, 1, 2],
            groups: vec![0, 1, 1],
        },
        missing: vec![3],
    };
    let least = open.filled(TrendTest::Page, Favour::Least);
    assert_eq!(
        (least.labels, least.groups),
        (vec![0, 1, 2, 3], vec![1, 2, 2, 0])
    );
    let most = open.filled(TrendTest::Page, Favour::Most);
    assert_eq!(
        (most.labels, most.groups),
        (vec![0, 1, 2, 3], vec![0, 1, 1, 2])
    );
}

/// Two missing runs alone stand in either order.
#[test]
fn runs_without_any_value_beside_them_are_in_either_order() {
    let open = Open {
        block: Block {
            labels: Vec::new(),
            groups: Vec::new(),
        },
        missing: vec![0, 2],
    };
    assert_eq!(open.filled(TrendTest::Page, Favour::Least).groups, [1, 0]);
    assert_eq!(open.filled(TrendTest::Page, Favour::Most).groups, [0, 1]);
}
