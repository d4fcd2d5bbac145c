//! Eq. 1 beside mean-square stability in three dimensions, on a small
//! example, with every batch enumerated.

mod quadratics;

use breakeven_sim::{Sampling, stability};
use nalgebra::{DMatrix, DVector};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use quadratics::Quadratics;

const N: usize = 6;
const S: usize = 2;

/// Six symmetric 3 × 3 Hessians with a positive definite mean.
fn hessians() -> Vec<DMatrix<f64>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
    let mut one = || {
        let noise = DMatrix::from_fn(3, 3, |_, _| rng.random_range(-1.0..1.0));
        let diagonal = DMatrix::from_diagonal(&DVector::from_vec(vec![3.0, 2.0, 1.0]));
        diagonal + (&noise + noise.transpose()) * 0.5
    };
    (0..N).map(|_| one()).collect()
}

fn quadratics() -> Quadratics {
    Quadratics::new(hessians(), S)
}

/// All batches of two examples.
fn pairs() -> Vec<Vec<usize>> {
    (0..N)
        .flat_map(|i| (i + 1..N).map(move |j| vec![i, j]))
        .collect()
}

fn batch_hessian(hessians: &[DMatrix<f64>], batch: &[usize]) -> DMatrix<f64> {
    let zero = DMatrix::zeros(3, 3);
    batch.iter().fold(zero, |sum, &i| sum + &hessians[i]) / batch.len() as f64
}

#[test]
fn the_map_of_second_moments_is_the_mean_over_all_batches() {
    // Power iteration on M ← E[(I − ηH_B) M (I − ηH_B)], batch by batch.
    let (hessians, batches) = (hessians(), pairs());
    assert_eq!(batches.len(), 15);
    for eta in [0.1, 0.5, 0.9] {
        let mut moment = DMatrix::<f64>::identity(3, 3);
        let mut growth = 0.0;
        for _ in 0..5000 {
            let mut next = DMatrix::zeros(3, 3);
            for batch in &batches {
                let step = DMatrix::identity(3, 3) - batch_hessian(&hessians, batch) * eta;
                next += &step * &moment * &step / batches.len() as f64;
            }
            growth = next.norm() / moment.norm();
            moment = &next / next.norm();
        }
        let found = quadratics().growth(eta);
        assert!(
            (found / growth - 1.0).abs() < 1e-9,
            "{eta} {found} {growth}"
        );
    }
}

#[test]
fn one_dimension_is_eq_1() {
    let values = [0.3, -1.2, 4.0, 2.5, 0.0, 7.7];
    let hessians = values
        .map(|value| DMatrix::from_element(1, 1, value))
        .to_vec();
    let quadratics = Quadratics::new(hessians, S);
    let (lambda, e) = quadratics.top();
    let s2 = quadratics.variance_along(&e);
    for eta in [0.05, 0.4, 1.0] {
        let left = stability(eta, lambda, s2, N, S);
        assert!((quadratics.growth(eta) / left - 1.0).abs() < 1e-12);
    }
    // There batch sharpness is λ whatever the noise, while Eq. 1 adds s²p/λ:
    // E[H_B²]/E[H_B] ≤ 2/η.
    let theta = DVector::from_vec(vec![0.7]);
    let batches = pairs();
    let sharpness = quadratics.batch_sharpness(&theta, &batches);
    assert!((sharpness / lambda - 1.0).abs() < 1e-12);
    let rate = quadratics.largest_stable_rate();
    let p = Sampling::new(S, N).unwrap().noise_factor();
    let expected = 2.0 / (lambda + s2 * p / lambda);
    assert!((rate.unwrap() / expected - 1.0).abs() < 1e-12);
}

#[test]
fn eq_1_along_any_direction_is_necessary_and_not_sufficient() {
    let quadratics = quadratics();
    let hessian = quadratics.hessian().clone();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(10);
    for eta in [0.1, 0.5, 0.65] {
        let growth = quadratics.growth(eta);
        for _ in 0..200 {
            let e = DVector::from_fn(3, |_, _| rng.random_range(-1.0..1.0)).normalize();
            let along = stability(
                eta,
                e.dot(&(&hessian * &e)),
                quadratics.variance_along(&e),
                N,
                S,
            );
            assert!(along <= growth * (1.0 + 1e-12), "{eta}: {along} {growth}");
        }
    }
    let (lambda, e) = quadratics.top();
    let rate = quadratics.largest_stable_rate().unwrap();
    assert!((quadratics.growth(rate) - 1.0).abs() < 1e-9);
    // At the D-dimensional threshold Eq. 1 along e_H¹ still holds with room:
    // noise out of e_H¹ counts as well.
    let left = stability(rate, lambda, quadratics.variance_along(&e), N, S);
    assert!(left < 0.999, "{left}");
    assert!(rate < 2.0 / lambda);
}

#[test]
fn batch_sharpness_lies_above_the_full_batch_curvature_along_its_gradient() {
    // E_B[g_BᵀH_Bg_B/‖g_B‖²] on 15 enumerated batches against a direct sum.
    let (hessians, quadratics) = (hessians(), quadratics());
    let theta = DVector::from_vec(vec![0.3, -0.8, 0.5]);
    let batches = pairs();
    let mut sum = 0.0;
    for batch in &batches {
        let h = batch_hessian(&hessians, batch);
        let g = &h * &theta;
        sum += (g.transpose() * &h * &g)[(0, 0)] / g.dot(&g);
    }
    let sharpness = quadratics.batch_sharpness(&theta, &batches);
    assert!((sharpness / (sum / 15.0) - 1.0).abs() < 1e-12);
    let full = quadratics.batch_sharpness(&theta, &[(0..N).collect()]);
    assert!(sharpness > full, "{sharpness} {full}");
}
