use serde::Deserialize;

use super::Real;

/// How far a function may be off: see [`off`].
const MOST: f64 = 1.5;

/// ε and the smallest normal number of a type.
type Float = [f64; 2];

const SINGLE: Float = [f32::EPSILON as f64, f32::MIN_POSITIVE as f64];
const DOUBLE: Float = [f64::EPSILON, f64::MIN_POSITIVE];

/// The relative error of `found` in ε; below the smallest normal number, the error in
/// the smallest number that there is.
fn off(found: f64, exact: f64, [epsilon, normal]: Float) -> f64 {
    if found == exact {
        return 0.0;
    }
    let error = (found - exact).abs() / exact.abs().max(normal) / epsilon;
    // NaN is no maximum.
    if error.is_nan() { f64::INFINITY } else { error }
}

#[derive(Deserialize)]
struct Reference {
    values: Vec<[f64; 4]>,
}

fn reference() -> Vec<[f64; 4]> {
    let text = include_str!("../../../../fixtures/reference/elementary.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    reference.values
}

#[test]
fn doubles_are_right() {
    let values = reference();
    assert!(values.len() > 300);
    for [x, exp, tanh, sigmoid] in values {
        for (name, found, exact) in [
            ("exp", Real::exp(x), exp),
            ("tanh", Real::tanh(x), tanh),
            ("sigmoid", x.sigmoid(), sigmoid),
        ] {
            let off = off(found, exact, DOUBLE);
            assert!(off <= MOST, "{name} {x:e} is {found:e}, off by {off} ε");
        }
    }
}

/// The largest errors of exp, tanh and σ over every `stride`-th float, against the
/// C library's exp and tanh of doubles.
fn worst_of_singles(stride: usize) -> [f64; 3] {
    let mut worst = [0.0_f64; 3];
    let floats = (0..=u32::MAX).step_by(stride).map(f32::from_bits);
    for x in floats.filter(|x| x.is_finite()) {
        let wide = f64::from(x);
        let exact = [wide.exp(), wide.tanh(), 1.0 / (1.0 + (-wide).exp())];
        let found = [Real::exp(x), Real::tanh(x), x.sigmoid()];
        for ((worst, found), exact) in worst.iter_mut().zip(found).zip(exact) {
            // What is more than the largest float rounds to infinity.
            let exact = match exact > f64::from(f32::MAX) {
                true => f64::from(exact as f32),
                false => exact,
            };
            *worst = worst.max(off(found.into(), exact, SINGLE));
        }
    }
    worst
}

#[test]
fn singles_are_right() {
    let worst = worst_of_singles(4099);
    assert!(worst.iter().all(|&worst| worst <= MOST), "{worst:?}");
}

#[test]
#[ignore = "takes minutes"]
fn all_singles_are_right() {
    let worst = worst_of_singles(1);
    println!("exp, tanh and sigmoid are off by at most {worst:?} ε");
    assert!(worst.iter().all(|&worst| worst <= MOST), "{worst:?}");
}

macro_rules! at_the_edges {
    ($name:ident, $float:ident) => {
        #[test]
        fn $name() {
            let infinity = $float::INFINITY;
            let tiny = $float::from_bits(1);
            for (found, expected) in [
                (Real::exp(0.0), 1.0),
                (Real::exp(-0.0), 1.0),
                (Real::exp(infinity), infinity),
                (Real::exp(-infinity), 0.0),
                (Real::exp($float::MAX), infinity),
                (Real::exp($float::MIN), 0.0),
                (Real::exp(tiny), 1.0),
                (Real::tanh(0.0), 0.0),
                (Real::tanh(-0.0), -0.0),
                (Real::tanh(tiny), tiny),
                (Real::tanh(-tiny), -tiny),
                (Real::tanh(infinity), 1.0),
                (Real::tanh(-infinity), -1.0),
                (Real::tanh($float::MIN), -1.0),
                (Real::sigmoid(0.0), 0.5),
                (Real::sigmoid(-0.0), 0.5),
                (Real::sigmoid(infinity), 1.0),
                (Real::sigmoid(-infinity), 0.0),
                (Real::sigmoid($float::MIN), 0.0),
            ] {
                let (found, expected): ($float, $float) = (found, expected);
                assert_eq!(
                    found.to_bits(),
                    expected.to_bits(),
                    "{found:e}, {expected:e}"
                );
            }
            let nan = $float::NAN;
            for found in [Real::exp(nan), Real::tanh(nan), Real::sigmoid(nan)] {
                let found: $float = found;
                assert!(found.is_nan(), "{found:e}");
            }
        }
    };
}

at_the_edges!(singles_at_the_edges, f32);
at_the_edges!(doubles_at_the_edges, f64);
