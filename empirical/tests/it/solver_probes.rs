//! Hutchinson's trace and the spectral density by random probes.

use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::{hutchinson, spectral_density};
use nalgebra::DMatrix;

use crate::dense::Dense;
use crate::tolerance;

#[test]
fn a_trace_by_probes_is_exact_for_diagonal_matrices() {
    let diagonal = nalgebra::DVector::from_fn(50, |k, _| (k as f64).sin());
    let a = Dense(DMatrix::from_diagonal(&diagonal));
    for probes in [1, 2, 9] {
        let mut rng = stream(3, Purpose::Probes, 0);
        let estimate = hutchinson(&a, probes, &mut rng);
        assert!((estimate.trace - diagonal.sum()).abs() < tolerance::DENSE);
        match estimate.standard_error {
            None => assert_eq!(probes, 1),
            Some(error) => assert!(probes > 1 && error < tolerance::DENSE),
        }
    }
}

/// Var(zᵀAz) = 2 Σ_{i≠j} a_ij² for random signs z (Hutchinson, 1990).
pub fn probe_variance(a: &DMatrix<f64>) -> f64 {
    2.0 * (a.norm_squared() - a.diagonal().norm_squared())
}

#[test]
fn a_trace_by_probes_is_unbiased_and_its_standard_error_right() {
    let a = Dense::random(30, 5);
    let probes = 20_000;
    let estimate = hutchinson(&a, probes, &mut stream(11, Purpose::Probes, 0));
    let expected = (probe_variance(&a.0) / probes as f64).sqrt();
    let z = (estimate.trace - a.0.trace()) / expected;
    assert!(z.abs() < tolerance::NORMAL_QUANTILE, "z = {z}");
    let ratio = estimate.standard_error.unwrap() / expected;
    assert!((ratio - 1.0).abs() < tolerance::STANDARD_ERROR, "{ratio}");
}

#[test]
fn the_standard_error_covers_the_trace_as_often_as_it_should() {
    let a = Dense::random(30, 6);
    let exact = a.0.trace();
    let covered = (0..1000)
        .filter(|&index| {
            let estimate = hutchinson(&a, 50, &mut stream(12, Purpose::Probes, index));
            // Student's t with 49 degrees of freedom, 95 %.
            (estimate.trace - exact).abs() <= 2.0096 * estimate.standard_error.unwrap()
        })
        .count();
    // Binomial(1000, 0.95): 950 ± 4.9 · 6.9, two-sided α = 1e-6.
    assert!((916..=984).contains(&covered), "{covered} of 1000");
}

#[test]
fn the_density_of_complete_steps_is_the_spectrum_itself() {
    let distinct: Vec<f64> = (0..20).map(|k| f64::from(k * k) / 40.0 - 3.0).collect();
    let repeated: Vec<f64> = [vec![-1.0; 5], vec![2.0; 10], vec![7.0; 3]].concat();
    for spectrum in [distinct, repeated] {
        let a = Dense::with_spectrum(&spectrum, 9);
        let mut rng = stream(1, Purpose::Probes, 0);
        let density = spectral_density(&a, 1, spectrum.len(), &mut rng).unwrap();
        let mut expected = spectrum.clone();
        expected.dedup();
        // Rounding goes on past an invariant subspace, with nodes of no weight.
        let nodes = density.nodes.iter().zip(&density.weights);
        let nodes: Vec<f64> = nodes
            .filter(|&(_, &weight)| weight > tolerance::DENSE)
            .map(|(&node, _)| node)
            .collect();
        assert_eq!(nodes.len(), expected.len());
        for (node, value) in nodes.iter().zip(&expected) {
            assert!((node - value).abs() < tolerance::F64, "{node} and {value}");
        }
        assert!((density.weights.iter().sum::<f64>() - 1.0).abs() < tolerance::DENSE);
    }
}

#[test]
fn moments_of_the_density_are_traces_of_powers() {
    let spectrum: Vec<f64> = (0..60).map(|k| f64::from(k) / 30.0 - 0.5).collect();
    let dim = spectrum.len() as f64;
    let a = Dense::with_spectrum(&spectrum, 10);
    let (probes, steps) = (2_000, 6);
    let density = spectral_density(&a, probes, steps, &mut stream(2, Purpose::Probes, 0)).unwrap();
    assert_eq!(density.nodes.len(), probes * steps);
    assert!(density.nodes.is_sorted());
    assert!(density.weights.iter().all(|&w| w >= 0.0));
    assert!((density.weights.iter().sum::<f64>() - 1.0).abs() < tolerance::DENSE);
    let mut power = DMatrix::identity(60, 60);
    // A Gauss rule of m nodes is exact up to the degree 2m − 1.
    for k in 1..2 * steps as i32 {
        power = &power * &a.0;
        let expected = spectrum.iter().map(|x| x.powi(k)).sum::<f64>() / dim;
        let moment: f64 = density
            .nodes
            .iter()
            .zip(&density.weights)
            .map(|(x, w)| w * x.powi(k))
            .sum();
        let deviation = (probe_variance(&power) / probes as f64).sqrt() / dim;
        let z = (moment - expected) / deviation;
        assert!(z.abs() < tolerance::NORMAL_QUANTILE, "moment {k}: z = {z}");
    }
}

/// Of a diagonal matrix every sign vector weighs all eigenvalues alike, so that the
/// quadrature's bounds are those of their number itself.
#[test]
fn shares_of_a_density_hold_the_numbers_of_eigenvalues() {
    let spread: Vec<f64> = (0..40).map(|k| f64::from(k * k) / 80.0 - 2.0).collect();
    let outliers = [vec![0.0; 50], vec![1e-6; 20], vec![-0.3; 3], vec![5.0, 9.0]].concat();
    for spectrum in [spread, outliers, vec![3.0; 7], vec![0.0; 4]] {
        let diagonal = nalgebra::DVector::from_vec(spectrum.clone());
        let a = Dense(DMatrix::from_diagonal(&diagonal));
        for (probes, steps) in [(1, 1), (1, 4), (3, 9), (2, 200)] {
            let mut rng = stream(5, Purpose::Probes, 0);
            let density = spectral_density(&a, probes, steps, &mut rng).unwrap();
            assert!(density.weight_error() < tolerance::DENSE);
            // Between eigenvalues, and beyond them.
            let mut places: Vec<f64> = spectrum.clone();
            places.sort_by(f64::total_cmp);
            places.dedup();
            let between = places.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
            let places: Vec<f64> = between.chain([places[0] - 1.0, 1e9]).collect();
            for place in places {
                let count = spectrum.iter().filter(|&&value| value > place).count();
                let share = count as f64 / spectrum.len() as f64;
                let [least, most] = density.share_above(place).between;
                let holds = least - tolerance::DENSE <= share && share <= most + tolerance::DENSE;
                assert!(holds, "{share} above {place}: {least} to {most}");
            }
        }
    }
}
