use serde::Deserialize;

use super::*;
use crate::trend::{Method, Trend, TrendTest, trend};

fn groups(values: &[f64]) -> Vec<usize> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let group = |v: &f64| sorted.partition_point(|s| s < v);
    values.iter().map(group).collect()
}

fn samples(levels: &[&[f64]]) -> Block {
    let label = |(label, values): (usize, &&[f64])| vec![label; values.len()];
    Block {
        labels: levels.iter().enumerate().flat_map(label).collect(),
        groups: groups(&levels.concat()),
    }
}

fn test_of(levels: &[&[f64]]) -> Trend {
    trend(TrendTest::JonckheereTerpstra, &[samples(levels)]).unwrap()
}

fn assert_nearly(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs(),
        "{found} {expected}"
    );
}

#[derive(Deserialize)]
struct Reference {
    mann_whitney: Vec<MannWhitney>,
}

#[derive(Deserialize)]
struct MannWhitney {
    x: Vec<f64>,
    y: Vec<f64>,
    statistic: f64,
    exact: Option<f64>,
    asymptotic: f64,
}

/// `scipy.stats.mannwhitneyu`, by `fixtures/reference/make_trend_tests.py`.
#[test]
fn of_two_levels_it_is_scipys_mann_whitney_test() {
    let reference: Reference = serde_json::from_str(crate::trend::tests::REFERENCE).unwrap();
    for case in &reference.mann_whitney {
        let found = test_of(&[&case.x, &case.y]);
        assert_eq!(found.statistic, case.statistic);
        assert_eq!(found.method, Method::Exact);
        // The error of statrs' erfc.
        assert_nearly(found.normal_p_value, case.asymptotic, 1e-9);
        if let Some(exact) = case.exact {
            assert_nearly(found.p_value, exact, 1e-10);
        }
    }
}

/// Hollander and Wolfe (1999), Example 6.2, knowledge of performance: J = 79, with
/// a variance of 150.29 given the ties.
#[test]
fn the_published_example_has_its_numbers() {
    let block = samples(&[
        &[40.0, 35.0, 38.0, 43.0, 44.0, 41.0],
        &[38.0, 40.0, 47.0, 44.0, 40.0, 42.0],
        &[48.0, 40.0, 45.0, 43.0, 46.0, 44.0],
    ]);
    let found = trend(TrendTest::JonckheereTerpstra, std::slice::from_ref(&block)).unwrap();
    assert_eq!(found.statistic, 79.0);
    let limit = limit(&[block]);
    assert_eq!(limit.mean / 2.0, 54.0);
    assert_nearly(limit.deviation.powi(2) / 4.0, 150.29, 1e-4);
    assert!(
        (found.p_value - found.normal_p_value).abs() < 2e-3,
        "{found:?}"
    );
}

/// Three runs at each of three levels, all in order: one in 9!/3!³ = 1680.
#[test]
fn the_clearest_outcome_is_one_arrangement_of_all() {
    let found = test_of(&[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], &[7.0, 8.0, 9.0]]);
    assert_eq!((found.statistic, found.largest), (27.0, 27.0));
    assert_nearly(found.p_value, 1.0 / 1680.0, 1e-12);
    assert_nearly(found.smallest_p_value, 1.0 / 1680.0, 1e-12);
    assert_nearly(found.opposite_p_value, 1.0, 1e-12);
    let tied = test_of(&[&[1.0, 1.0], &[1.0, 1.0]]);
    assert_eq!((tied.p_value, tied.opposite_p_value), (1.0, 1.0));
}

/// 60 runs at each of two levels: the limit, called one, with both ends exact.
/// C(120, 60) = 9.6615…·10³⁴ (Python's `math.comb`).
#[test]
fn beyond_enumeration_it_is_the_normal_limit_and_its_ends_are_exact() {
    let rising: Vec<f64> = (0..120).map(f64::from).collect();
    let found = test_of(&[&rising[..60], &rising[60..]]);
    assert_eq!(found.method, Method::Exact);
    assert_nearly(found.p_value, 1.0 / 9.661490884036332e34, 1e-9);
    let mut swapped = rising.clone();
    swapped.swap(59, 60);
    let found = test_of(&[&swapped[..60], &swapped[60..]]);
    assert_eq!(found.method, Method::Normal);
    assert_eq!(found.p_value, found.normal_p_value);
    let found = test_of(&[&rising[60..], &rising[..60]]);
    assert_eq!(
        (found.method, found.opposite_method),
        (Method::Normal, Method::Exact)
    );
}
