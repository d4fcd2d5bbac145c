//! Halves of the mini-batches and of the examples, against measurements of each by
//! itself.

use std::sync::atomic::AtomicBool;

use breakeven_empirical::compute::Precision;
use breakeven_empirical::config::MeasureConfig;
use breakeven_empirical::examples::Examples;
use breakeven_empirical::measure::{Measurement, WarmStart};
use breakeven_empirical::model::{Architecture, CnnShape};
use breakeven_empirical::operator::{
    BatchSharpness, GradientCovarianceOp, GramSpectrum, HessianOp, MiniBatchGradients, Point,
    PointSettings,
};
use breakeven_sim::record::{HessianHalf, MiniBatches, Record};

use crate::dense::Dense;
use crate::operators::TINY;
use crate::reference::{Reference, formula, weight};

fn gradients(reference: &Reference, batches: &[[usize; 2]]) -> MiniBatchGradients {
    let parameters = reference.model.parameters();
    let parameters = parameters.split(&reference.theta, &reference.compute);
    let batches = batches.iter().map(|batch| reference.examples.select(batch));
    MiniBatchGradients::new(
        &reference.network(),
        &parameters,
        batches,
        BatchSharpness::Skipped,
    )
}

#[track_caller]
fn within(found: f64, expected: f64, bounds: f64) {
    assert!((found - expected).abs() <= bounds, "{found} {expected}");
}

/// Of seven mini-batches three and four: each half is a K^M of its own.
#[test]
fn halves_of_mini_batches_are_covariances_of_their_own() {
    let batches: Vec<[usize; 2]> = (0..7).map(|j| [j % 5, (2 * j + 1) % 6]).collect();
    for case in TINY {
        for precision in [Precision::F32, Precision::F64] {
            let reference = Reference::load(case, precision);
            let all = gradients(&reference, &batches);
            let halves = all.covariance().unwrap().halves().unwrap();
            for (half, batches) in halves.iter().zip([&batches[..3], &batches[3..]]) {
                let own = gradients(&reference, batches);
                let own = own.covariance().unwrap();
                let own: &GramSpectrum = own.spectrum();
                assert_eq!(half.eigenvalues().len(), batches.len());
                assert_eq!(half.rank(), batches.len() - 1);
                for (found, expected) in half.eigenvalues().iter().zip(own.eigenvalues()) {
                    within(*found, *expected, half.error(*found) + own.error(*expected));
                }
                let bounds = half.error(half.trace()) + own.error(own.trace());
                within(half.trace(), own.trace(), bounds);
                let bounds = half.ratio_error().unwrap() + own.ratio_error().unwrap();
                within(half.ratio().unwrap(), own.ratio().unwrap(), bounds);
            }
        }
    }
}

#[test]
fn a_half_needs_two_mini_batches_that_differ() {
    let reference = Reference::load("mlp_tiny", Precision::F64);
    let few = gradients(&reference, &[[0, 1], [2, 3], [4, 5]]);
    let refused = few.covariance().unwrap().halves().err().unwrap();
    assert!(refused.starts_with("L is 3"), "{refused}");
    // The first two are the same examples: no variance, and no ratio.
    let alike = gradients(&reference, &[[0, 1], [1, 0], [2, 3], [4, 5]]);
    let [none, some] = alike.covariance().unwrap().halves().unwrap();
    assert_eq!((none.largest(), none.trace(), none.rank()), (0.0, 0.0, 0));
    assert!(none.ratio().is_err());
    assert!(some.largest() > 0.0);
}

/// What a record holds of a network on `examples`, its halves measured.
fn record(reference: &Reference, examples: &Examples, batch_size: usize) -> Record {
    let config = MeasureConfig {
        hessian_halves: true,
        lambda_k_per_example: true,
        covariance_halves: true,
        eigenvalue_tolerance: 1e-6,
        ..MeasureConfig::default()
    };
    let mut warm = WarmStart::default();
    measured(reference, examples, batch_size, &config, &mut warm)
}

/// What a record holds of a network on `examples`.
pub fn measured(
    reference: &Reference,
    examples: &Examples,
    batch_size: usize,
    config: &MeasureConfig,
    warm: &mut WarmStart,
) -> Record {
    let measurement = Measurement {
        network: reference.network(),
        buffers: &[],
        config,
        train: &reference.examples,
        subset: examples,
        validation: None,
        learning_rate: 0.1,
        momentum: 0.0,
        batch_size,
        covariance: MiniBatches {
            batches: 4,
            batch_size: 2,
        },
        seed: 0,
        stop: &AtomicBool::new(false),
    };
    let taken = measurement.take(0, &reference.theta, warm);
    taken.unwrap().unwrap()
}

/// The same by the dense matrices of the examples from `first` on.
fn check_half(reference: &Reference, half: &HessianHalf, first: usize, batch_size: usize) {
    let examples = reference.examples.range(first, half.examples);
    let settings = PointSettings {
        batch_size: Some(batch_size),
        ..PointSettings::default()
    };
    let point = Point::new(reference.network(), &reference.theta, &examples, settings);
    let h = Dense::of(&HessianOp(&point)).eigenvalues();
    let rounding = 1e-10 * h[0];
    within(half.lambda_h, h[0], half.lambda_h_error_bound + rounding);
    let Ok(k) = GradientCovarianceOp::of(&point) else {
        assert_eq!(half.lambda_k_per_example, None);
        assert_eq!(half.trace_k_per_example, None);
        return;
    };
    let k = Dense::of(&k);
    let bound = half.lambda_k_per_example_error_bound.unwrap() + rounding;
    within(
        half.lambda_k_per_example.unwrap(),
        k.eigenvalues()[0],
        bound,
    );
    let bound = half.trace_k_per_example_error_bound.unwrap() + rounding;
    within(half.trace_k_per_example.unwrap(), k.0.trace(), bound);
}

#[test]
fn halves_of_the_examples_have_the_dense_eigenvalues_of_each() {
    for case in TINY {
        let reference = Reference::load(case, Precision::F64);
        let count = reference.examples.len();
        let found = record(&reference, &reference.examples, 2);
        let [first, second] = &**found.hessian_halves.as_ref().unwrap();
        assert_eq!(
            [first.examples, second.examples],
            [count / 2, count.div_ceil(2)]
        );
        check_half(&reference, first, 0, 2);
        check_half(&reference, second, first.examples, 2);
        assert!(found.covariance_halves.is_some());
    }
}

/// Where batch normalisation couples a batch's examples, halves are of whole
/// batches, and there are none of a single one.
#[test]
fn coupled_examples_are_halved_by_batches() {
    let mut reference = Reference::load("simplecnn_tiny", Precision::F64);
    let shape = CnnShape {
        first: 2,
        second: 3,
        dense: 4,
    };
    let model = Architecture::SimpleCnnBn(shape).build([3, 12, 12], 3);
    reference.model = model.unwrap();
    reference.theta = formula(reference.model.parameters(), weight);
    assert!(reference.examples.len() >= 5);
    let found = record(&reference, &reference.examples.range(0, 5), 2);
    let [first, second] = &**found.hessian_halves.as_ref().unwrap();
    assert_eq!([first.examples, second.examples], [2, 3]);
    check_half(&reference, first, 0, 2);
    check_half(&reference, second, 2, 2);
    let found = record(&reference, &reference.examples.range(0, 5), 3);
    assert_eq!(found.hessian_halves, None);
    let why = &found.absent["hessian_halves"];
    assert!(why.contains("no two halves of at least 3"), "{why}");
}
