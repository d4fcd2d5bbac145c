//! Eigenvalues of H and both K, and what is measured along their eigenvectors,
//! against float64 numbers of PyTorch.

use breakeven_empirical::compute::Precision;
use breakeven_empirical::operator::{
    GradientCovarianceOp, HessianOp, LinearOperator, PointSettings,
};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::{Eigenpair, Lanczos};

use crate::dense::Dense;
use crate::operators::{TINY, assert_close, with_point};
use crate::tolerance;

fn largest(operator: &impl LinearOperator, count: usize) -> Vec<Eigenpair> {
    let mut rng = stream(0, Purpose::Start, 0);
    Lanczos::new(count, 1e-12)
        .solve(operator, &[], &mut rng)
        .pairs
}

fn symmetric_eigenvalues(operator: &impl LinearOperator) -> Vec<f64> {
    let matrix = Dense::of(operator);
    let asymmetry = matrix.asymmetry();
    assert!(asymmetry < tolerance::F64, "asymmetry {asymmetry:.1e}");
    matrix.eigenvalues()
}

#[test]
fn dense_matrices_of_tiny_networks_have_pytorchs_eigenvalues() {
    for case in TINY {
        with_point(
            case,
            Precision::F64,
            PointSettings::default(),
            |reference, point| {
                let h = symmetric_eigenvalues(&HessianOp(point));
                let expected = reference.list("hessian.eigenvalues");
                for (found, expected_value) in h.iter().zip(&expected) {
                    assert_close(
                        "eigenvalue of H",
                        *found,
                        *expected_value,
                        expected[0],
                        tolerance::F64,
                    );
                }
                assert_close(
                    "trace of H",
                    h.iter().sum(),
                    reference.number("hessian.trace"),
                    expected[0],
                    tolerance::F64,
                );
                let k = symmetric_eigenvalues(&GradientCovarianceOp::of(point).unwrap());
                let expected = reference.list("covariance_per_example.eigenvalues");
                for (found, expected_value) in k.iter().zip(&expected) {
                    assert_close(
                        "eigenvalue of K",
                        *found,
                        *expected_value,
                        expected[0],
                        tolerance::F64,
                    );
                }
            },
        );
    }
}

#[test]
fn leading_eigenvalues_and_what_is_measured_along_them_match_pytorch() {
    for (case, precision, exact) in [
        ("mlp_tiny", Precision::F64, tolerance::F64),
        ("mlp", Precision::F64, tolerance::F64),
        ("simplecnn_tiny", Precision::F64, tolerance::F64),
        ("simplecnn", Precision::F64, tolerance::F64),
    ] {
        with_point(
            case,
            precision,
            PointSettings::default(),
            |reference, point| {
                let h = largest(&HessianOp(point), 2);
                let expected = reference.list("hessian.eigenvalues");
                assert_close("first of H", h[0].value, expected[0], expected[0], exact);
                assert_close("second of H", h[1].value, expected[1], expected[0], exact);
                let k = largest(&GradientCovarianceOp::of(point).unwrap(), 2);
                let expected = reference.list("covariance_per_example.eigenvalues");
                assert_close("first of K", k[0].value, expected[0], expected[0], exact);
                let cosine: f64 = h[0]
                    .vector
                    .iter()
                    .zip(&k[0].vector)
                    .map(|(a, b)| a * b)
                    .sum();
                let expected = reference.number("cosine_hessian_covariance_per_example");
                // Vectors converge to the square root of what values do.
                assert_close("cosine", cosine.abs(), expected, 1.0, exact.sqrt());

                let curvatures = point.curvatures(&h[0].vector).unwrap();
                let count = curvatures.len() as f64;
                let mean = curvatures.iter().sum::<f64>() / count;
                let variance = curvatures.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / count;
                let expected = reference.number("curvature_along_top.mean");
                assert_close("mean curvature", mean, expected, expected, exact);
                let expected = reference.number("curvature_along_top.variance");
                assert_close(
                    "curvature variance",
                    variance,
                    expected,
                    expected,
                    exact.sqrt(),
                );
            },
        );
    }
}
