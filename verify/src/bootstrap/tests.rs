use serde::Deserialize;

use super::*;
use crate::interquartile_mean::interquartile_mean;

/// All nⁿ resamples, by `fixtures/reference/make_effects.py`.
pub(crate) const REFERENCE: &str = include_str!("../../../fixtures/reference/effects.json");

#[derive(Deserialize)]
struct Reference {
    bootstrap: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    statistic: String,
    values: Vec<f64>,
    alpha: f64,
    percentile: [f64; 2],
    bca: [f64; 2],
    scipy_drawn_bca: [f64; 2],
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn of(name: &str) -> impl Fn(&[f64]) -> f64 {
    let trimmed = name == "interquartile_mean";
    move |values| match trimmed {
        true => interquartile_mean(values).unwrap(),
        false => mean(values),
    }
}

fn assert_close(found: [f64; 2], expected: [f64; 2]) {
    for (found, expected) in found.iter().zip(expected) {
        // The reference rounds to twelve digits.
        assert!((found - expected).abs() < 1e-11, "{found} {expected}");
    }
}

#[test]
fn intervals_of_few_values_are_those_of_all_resamples() {
    let reference: Reference = serde_json::from_str(REFERENCE).unwrap();
    for case in &reference.bootstrap {
        let statistic = of(&case.statistic);
        let percentile = percentile_interval(&case.values, &statistic, case.alpha).unwrap();
        assert_close(percentile, case.percentile);
        let bca = bca_interval(&case.values, &statistic, case.alpha).unwrap();
        assert_close(bca, case.bca);
    }
}

/// SciPy's own, of 4,000 drawn resamples, whose percentiles it interpolates: the
/// ends are where those of all are, but for one of the few steps that sums of five
/// or six values have.
#[test]
fn the_bca_interval_is_scipys_up_to_what_it_draws() {
    let reference: Reference = serde_json::from_str(REFERENCE).unwrap();
    for case in reference
        .bootstrap
        .iter()
        .filter(|case| case.values.len() > 3)
    {
        let width = case.bca[1] - case.bca[0];
        for (exact, drawn) in case.bca.iter().zip(case.scipy_drawn_bca) {
            assert!((exact - drawn).abs() < 0.1 * width, "{exact} {drawn}");
        }
    }
}

/// Weights are n!/(nⁿ·Π m!): of two values 1/4, 1/2, 1/4.
#[test]
fn resamples_have_their_multinomial_weights() {
    let mut found = all(&[1.0, 3.0], mean);
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(found, [(1.0, 0.25), (2.0, 0.5), (3.0, 0.25)]);
    for n in 2..=ALL_OF {
        let values: Vec<f64> = (0..n).map(|v| v as f64).collect();
        let found = all(&values, mean);
        let total: f64 = found.iter().map(|(_, weight)| weight).sum();
        assert!((total - 1.0).abs() < 1e-12, "{total}");
        let centre: f64 = found.iter().map(|(v, weight)| v * weight).sum();
        assert!((centre - mean(&values)).abs() < 1e-12);
    }
}

/// 25 values are drawn: within three to four standard errors of 2,000 draws (0.09) of the normal limit
/// mean ± 1.96·σ/√n, of values with little skew.
#[test]
fn more_values_are_drawn_and_the_same_each_time() {
    let values: Vec<f64> = (0..25).map(|v| f64::from(v) - 12.0).collect();
    let found = percentile_interval(&values, mean, 0.05).unwrap();
    assert_eq!(percentile_interval(&values, mean, 0.05).unwrap(), found);
    // σ² = (25² − 1)/12 = 52, over 25 values.
    let half = 1.959964 * (52.0_f64 / 25.0).sqrt();
    assert!(
        (found[0] + half).abs() < 0.3 && (found[1] - half).abs() < 0.3,
        "{found:?}"
    );
    let bca = bca_interval(&values, mean, 0.05).unwrap();
    assert!(
        (bca[0] + half).abs() < 0.35 && (bca[1] - half).abs() < 0.35,
        "{bca:?}"
    );
}

#[test]
fn without_spread_or_values_there_is_no_interval() {
    assert_eq!(percentile_interval(&[1.0], mean, 0.05), None);
    assert_eq!(percentile_interval(&[0.1; 5], mean, 0.05), None);
    assert_eq!(bca_interval(&[0.1; 12], mean, 0.05), None);
    assert_eq!(bca_interval(&[1.0, 2.0], mean, 0.05), None);
    assert!(percentile_interval(&[1.0, 2.0], mean, 0.05).is_some());
}
