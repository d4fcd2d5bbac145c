//! Operators made of others, against dense matrices.

use breakeven_empirical::compute::Precision;
use breakeven_empirical::operator::{
    HessianOp, LinearOperator, Point, PointSettings, ScaledOp, StepSecondMomentOp, SumOp,
};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::{DeflatedOp, diagonal};
use nalgebra::{DMatrix, DVector};

use crate::dense::Dense;
use crate::operators::{TINY, with_point};
use crate::tolerance;

/// Products, quadratic forms and symmetry of an operator are those of a matrix.
#[track_caller]
fn check(what: &str, operator: &impl LinearOperator, expected: &DMatrix<f64>) {
    let found = Dense::of(operator);
    let error = (&found.0 - expected).norm() / expected.norm().max(f64::MIN_POSITIVE);
    assert!(error < tolerance::DENSE, "{what}: {error:e}");
    let asymmetry = (&found.0 - found.0.transpose()).norm();
    assert!(asymmetry <= tolerance::DENSE * expected.norm(), "{what}");
    let v = DVector::from_fn(operator.dim(), |k, _| (1.0 + k as f64).sin());
    let quadratic = operator.quadratic(v.as_slice());
    let exact = v.dot(&(expected * &v));
    let scale = expected.norm() * v.norm_squared();
    assert!(
        (quadratic - exact).abs() <= tolerance::DENSE * scale,
        "{what}"
    );
}

#[test]
fn sums_multiples_and_deflated_operators_are_those_of_matrices() {
    let (a, b) = (Dense::random(12, 1), Dense::random(12, 2));
    check("sum", &SumOp(&a, &b), &(&a.0 + &b.0));
    for factor in [-2.5, 0.0, 1e-9] {
        let operator = &a;
        check("multiple", &ScaledOp { factor, operator }, &(factor * &a.0));
        let rounding = ScaledOp { factor, operator }.rounding(1.0);
        let expected = if factor == 0.0 { 0.0 } else { a.rounding(1.0) };
        assert!((rounding - expected).abs() <= 1e-12 * expected);
    }
    let eigen = a.0.clone().symmetric_eigen();
    let vectors = [3, 7].map(|k| eigen.eigenvectors.column(k).as_slice().to_vec());
    let basis = DMatrix::from_columns(&[3, 7].map(|k| eigen.eigenvectors.column(k)));
    let off = DMatrix::identity(12, 12) - &basis * basis.transpose();
    let deflated = DeflatedOp {
        operator: &a,
        vectors: vectors.to_vec(),
    };
    check("deflated", &deflated, &(&off * &a.0 * &off));
    let of_vector = deflated.apply(&vectors[0]);
    assert!(of_vector.iter().all(|x| x.abs() < tolerance::DENSE));
}

#[test]
fn a_step_multiplies_distances_as_the_batches_matrices_say() {
    const ETA: f64 = 0.7;
    let batches = [3, 4, 5].map(|seed| Dense::random(9, seed));
    let expected = batches.each_ref().map(|batch| {
        let step = DMatrix::identity(9, 9) - ETA * &batch.0;
        &step * &step
    });
    let expected = expected.into_iter().sum::<DMatrix<f64>>() / 3.0;
    let operator = StepSecondMomentOp {
        batches: batches.iter().collect(),
        learning_rate: ETA,
    };
    check("E[(I − ηA)²]", &operator, &expected);
    for case in TINY {
        with_point(
            case,
            Precision::F64,
            PointSettings::default(),
            |reference, point| {
                let half = reference.examples.len() / 2;
                let parts = [(0, half), (half, reference.examples.len() - half)]
                    .map(|(first, count)| reference.examples.range(first, count));
                let points = parts.each_ref().map(|part| {
                    let settings = PointSettings::default().one_of(2);
                    Point::new(reference.network(), &reference.theta, part, settings)
                });
                let operator = StepSecondMomentOp {
                    batches: points.iter().map(HessianOp).collect(),
                    learning_rate: ETA,
                };
                let one = DMatrix::<f64>::identity(point.dim(), point.dim());
                let steps = points.each_ref().map(|point| {
                    let step = &one - ETA * Dense::of(&HessianOp(point)).0;
                    &step * &step
                });
                let expected = steps.into_iter().sum::<DMatrix<f64>>() / 2.0;
                check(case, &operator, &expected);
            },
        );
    }
}

#[test]
fn a_diagonal_by_probes_is_unbiased_and_its_errors_right() {
    let a = Dense::random(30, 6);
    let exact = diagonal(&a, 30, &mut stream(1, Purpose::Probes, 0)).unwrap();
    assert_eq!(exact.products, 30);
    let on = a.0.diagonal();
    for (k, value) in exact.values.iter().enumerate() {
        assert!((value - on[k]).abs() < tolerance::DENSE);
        assert_eq!(exact.standard_errors[k], 0.0);
    }
    let wide = Dense(DMatrix::from_fn(31, 31, |i, j| {
        if i < 30 && j < 30 { a.0[(i, j)] } else { 0.0 }
    }));
    const SEEDS: u64 = 200;
    const PROBES: usize = 25;
    let mut within = 0;
    for seed in 0..SEEDS {
        let found = diagonal(&wide, PROBES, &mut stream(seed, Purpose::Probes, 0)).unwrap();
        assert_eq!(found.products, PROBES);
        assert_eq!([found.values[30], found.standard_errors[30]], [0.0; 2]);
        let near =
            (0..30).filter(|&k| (found.values[k] - on[k]).abs() <= 3.0 * found.standard_errors[k]);
        within += near.count();
    }
    // Student's t with 24 degrees of freedom is within 3 in 0.9938 of all cases; of
    // 6,000, which are not independent, between 0.98 and 1.
    let share = within as f64 / (30 * SEEDS) as f64;
    assert!((0.98..1.0).contains(&share), "{share}");
}
