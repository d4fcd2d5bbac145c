//! Thresholds against 80-digit arithmetic, extreme inputs included: η from
//! 1e-8 to 10, N to 1e9, S = 1, S = N, noise within one ulp of what Eq. 1
//! allows.

use breakeven_sim::{Model, Noise, Sampling};
use serde::Deserialize;

/// Relative error that the model promises.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    kind: String,
    learning_rate: f64,
    batch_size: usize,
    examples: usize,
    curvature_variance: Option<f64>,
    alpha: Option<f64>,
    psi: Option<f64>,
    psi0: Option<f64>,
    lambda0: Option<f64>,
    psi_exponent: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

impl Case {
    fn model(&self) -> Model {
        let noise = match self.kind.as_str() {
            "fixed_variance" => Noise::FixedVariance {
                variance: self.curvature_variance.unwrap(),
                psi: None,
            },
            "fixed_distance" => Noise::FixedDistance {
                alpha: self.alpha.unwrap(),
                psi: self.psi.unwrap(),
            },
            _ => Noise::DistanceLaw {
                alpha: self.alpha.unwrap(),
                psi0: self.psi0.unwrap(),
                lambda0: self.lambda0.unwrap(),
                exponent: self.psi_exponent.unwrap(),
            },
        };
        let sampling = Sampling::new(self.batch_size, self.examples).unwrap();
        Model::new(self.learning_rate, sampling, noise).unwrap()
    }
}

fn cases() -> Vec<Case> {
    let text = include_str!("../../fixtures/thresholds.json");
    serde_json::from_str::<Fixture>(text).unwrap().cases
}

fn close(actual: f64, expected: f64) -> bool {
    actual == expected || (actual / expected - 1.0).abs() <= TOLERANCE
}

#[test]
fn thresholds_match_80_digits_to_1e_12() {
    let cases = cases();
    assert_eq!(cases.len(), 800);
    for case in cases {
        let interval = case.model().stable_set().interval();
        match (case.low, case.high) {
            (Some(low), Some(high)) => {
                let [a, b] = interval.unwrap_or_else(|| panic!("empty: {case:?}"));
                assert!(close(a, low) && close(b, high), "{a} {b}: {case:?}");
            }
            _ => assert_eq!(interval, None, "{case:?}"),
        }
    }
}

#[test]
fn the_predicate_agrees_with_the_interval_on_both_sides_of_its_ends() {
    for case in cases() {
        let model = case.model();
        let Some([low, high]) = model.stable_set().interval() else {
            continue;
        };
        if low == high {
            continue;
        }
        let middle = low + (high - low) / 2.0;
        assert!(model.is_stable(middle), "{case:?}");
        assert!(!model.is_stable(high * 1.000001), "{case:?}");
        if low > 0.0 {
            assert!(!model.is_stable(low / 1.000001), "{case:?}");
        }
    }
}
