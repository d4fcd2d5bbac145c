//! Dense spectra, those among them on which plain QR iterations break down.

use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::spectrum::Spectrum;
use nalgebra::{DMatrix, DVector};
use rand::Rng;

use crate::dense::Dense;
use crate::tolerance;

/// V diag(λ) Vᵀ is the matrix, V orthogonal, λ in order: that and no more is
/// a spectrum. Gives λ.
#[track_caller]
fn assert_spectrum(matrix: &DMatrix<f64>) -> Vec<f64> {
    let scale = matrix.amax();
    let Spectrum { values, vectors } = Spectrum::of(matrix).unwrap();
    assert!(values.is_sorted_by(|a, b| a >= b));
    let dim = matrix.nrows();
    let identity = vectors.transpose() * &vectors;
    assert!((identity - DMatrix::identity(dim, dim)).amax() < tolerance::DENSE);
    let diagonal = DMatrix::from_diagonal(&DVector::from_column_slice(&values));
    let again = &vectors * diagonal * vectors.transpose();
    assert!((again - matrix).amax() <= tolerance::DENSE * scale * dim as f64);
    let alone = Spectrum::values_of(matrix).unwrap();
    let difference = values.iter().zip(&alone).map(|(a, b)| (a - b).abs());
    assert!(difference.fold(0.0, f64::max) <= tolerance::DENSE * scale * dim as f64);
    values
}

#[test]
fn planted_spectra_come_back_largest_first() {
    for spectrum in [
        vec![4.0],
        vec![0.0; 6],
        vec![5.0, 1.0, 1.0, 0.0, -2.0, -7.0],
        vec![1e-200, 5e-201, 0.0],
        vec![1e200, 1e199, -1e200],
        (0..60).map(|k| -f64::from(k)).collect(),
    ] {
        let mut sorted = spectrum.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let scale = spectrum.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let values = assert_spectrum(&Dense::with_spectrum(&spectrum, 3).0);
        for (value, expected) in values.iter().zip(&sorted) {
            let error = (value - expected).abs();
            assert!(error <= tolerance::DENSE * scale, "{value} and {expected}");
        }
    }
}

/// The Hessian of the mean loss of 30 examples in a network with one unit that
/// a single example excites and one that is dead: (dense weights, zeros,
/// weights to the logits, biases of the logits).
fn hessian_with_a_dead_unit(pixels: usize, seed: u64) -> DMatrix<f64> {
    const CLASSES: usize = 10;
    const EXAMPLES: f64 = 30.0;
    let mut rng = stream(seed, Purpose::Init, 0);
    let mut numbers =
        |count: usize| -> Vec<f64> { (0..count).map(|_| rng.random_range(0.0..1.0)).collect() };
    let (x, w, h) = (numbers(pixels), numbers(CLASSES), numbers(1)[0]);
    let p = DVector::from_vec(numbers(CLASSES));
    let p = &p / p.sum();
    let softmax = DMatrix::from_diagonal(&p) - &p * p.transpose();
    let dim = pixels + 2 * CLASSES;
    let jacobian = DMatrix::from_fn(CLASSES, dim, |class, k| match k {
        k if k < pixels => (w[class] - 0.5) * x[k],
        k if k == pixels + class => h,
        k if k == pixels + CLASSES + class => 1.0,
        _ => 0.0,
    });
    let mut hessian = jacobian.transpose() * &softmax * &jacobian;
    let first = pixels + CLASSES;
    let mut biases = hessian.view_mut((first, first), (CLASSES, CLASSES));
    biases += softmax * (EXAMPLES - 1.0);
    for (row, x) in x.iter().enumerate() {
        for class in 0..CLASSES {
            let cross = x * (p[class] - if class == 0 { 1.0 } else { 0.0 });
            hessian[(row, pixels + class)] += cross;
            hessian[(pixels + class, row)] += cross;
        }
    }
    let hessian = (&hessian + hessian.transpose()) / (2.0 * EXAMPLES);
    hessian
        .insert_rows(pixels, pixels, 0.0)
        .insert_columns(pixels, pixels, 0.0)
}

/// nalgebra's own iteration answers NaN, or numbers near 1e-150, for about
/// half of these.
#[test]
fn dead_units_do_no_harm() {
    for seed in 0..6 {
        assert_spectrum(&hessian_with_a_dead_unit(200, seed));
    }
}

#[test]
fn what_is_not_finite_or_not_there_has_no_spectrum() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
        let mut matrix = DMatrix::identity(4, 4);
        matrix[(1, 2)] = bad;
        matrix[(2, 1)] = bad;
        assert!(Spectrum::of(&matrix).is_none(), "{bad}");
        assert!(Spectrum::values_of(&matrix).is_none(), "{bad}");
    }
    assert!(Spectrum::of(&DMatrix::zeros(0, 0)).is_none());
}
