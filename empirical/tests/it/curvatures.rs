//! The Gauss–Newton matrix and the empirical Fisher against what they are equal to.

use breakeven_empirical::compute::Precision;
use breakeven_empirical::layers::Normalisation;
use breakeven_empirical::model::Architecture;
use breakeven_empirical::network::{Loss, Network};
use breakeven_empirical::operator::{
    EmpiricalFisherOp, GaussNewtonOp, GradientCovarianceOp, HessianOp, LinearOperator, Point,
    PointSettings,
};

use crate::dense::Dense;
use crate::operators::{TINY, with_point};
use crate::reference::{Reference, formula, weight};
use crate::tolerance;

#[track_caller]
fn close(found: &[f64], expected: &[f64], exact: f64) {
    let scale = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    assert!(scale > 0.0 && found.len() == expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= exact * scale,
            "{found} {expected}"
        );
    }
}

#[test]
fn the_empirical_fisher_is_k_about_zero() {
    for case in TINY {
        for (precision, exact) in [
            (Precision::F64, tolerance::F64),
            (Precision::F32, tolerance::F32_CANCELLING),
        ] {
            with_point(
                case,
                precision,
                PointSettings::default(),
                |reference, point| {
                    let v = reference.direction();
                    let k = GradientCovarianceOp::of(point).unwrap();
                    let f = EmpiricalFisherOp::of(point).unwrap();
                    let g = point.gradient();
                    let along: f64 = g.iter().zip(&v).map(|(g, v)| g * v).sum();
                    let product = k.apply(&v);
                    let expected: Vec<f64> =
                        product.iter().zip(g).map(|(k, g)| k + along * g).collect();
                    close(&f.apply(&v), &expected, exact);
                    let expected = k.trace() + point.squared_gradient_norm();
                    close(&[f.trace()], &[expected], exact);
                    if precision == Precision::F64 {
                        close(&[f.trace()], &[Dense::of(&f).0.trace()], exact);
                    }
                },
            );
        }
    }
}

/// Where outputs are affine in θ, there is nothing but G in H.
#[test]
fn of_a_linear_network_the_gauss_newton_matrix_is_the_hessian() {
    let mut reference = Reference::load("mlp_tiny", Precision::F64);
    let linear = Architecture::Mlp { hidden: vec![] };
    reference.model = linear.build([1, 1, 6], 3).unwrap();
    reference.theta = formula(reference.model.parameters(), weight);
    for loss in [Loss::CrossEntropy, Loss::Mse] {
        let network = Network {
            loss,
            normalisation: Normalisation::Batch,
            ..reference.network()
        };
        let (theta, settings) = (&reference.theta, PointSettings::default());
        let point = Point::new(network, theta, &reference.examples, settings);
        let v = reference.direction();
        close(
            &GaussNewtonOp(&point).apply(&v),
            &HessianOp(&point).apply(&v),
            tolerance::F64,
        );
    }
}

/// Symmetric, and never negative.
#[test]
fn gauss_newton_matrices_are_positive_semidefinite() {
    for case in TINY {
        with_point(
            case,
            Precision::F64,
            PointSettings::default(),
            |_, point| {
                let g = Dense::of(&GaussNewtonOp(point));
                let asymmetry = g.asymmetry();
                assert!(asymmetry < tolerance::F64, "{asymmetry}");
                let values = g.eigenvalues();
                assert!(values[values.len() - 1] > -tolerance::F64 * values[0]);
            },
        );
    }
}
