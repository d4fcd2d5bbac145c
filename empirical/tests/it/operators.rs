//! Losses, gradients, H and both K against float64 numbers of PyTorch.

use breakeven_empirical::compute::Precision;
use breakeven_empirical::examples::Examples;
use breakeven_empirical::network::chunks;
use breakeven_empirical::operator::{
    BatchSharpness, GradientCovarianceOp, HessianOp, LinearOperator, MiniBatchGradients, Point,
    PointSettings,
};

use crate::reference::Reference;
use crate::tolerance;

const CASES: [&str; 4] = ["mlp_tiny", "mlp", "simplecnn_tiny", "simplecnn"];
pub const TINY: [&str; 2] = ["mlp_tiny", "simplecnn_tiny"];

fn relative(found: f64, expected: f64, scale: f64) -> f64 {
    (found - expected).abs() / scale
}

#[track_caller]
pub fn assert_close(what: &str, found: f64, expected: f64, scale: f64, tolerance: f64) {
    let error = relative(found, expected, scale);
    assert!(
        error <= tolerance,
        "{what}: found {found}, expected {expected}: {error:.1e} of {scale}, above {tolerance:.1e}"
    );
}

/// Compares a vector in θ's order with what the reference keeps of it.
fn assert_summary(reference: &Reference, path: &str, found: &[f64], scale: f64, tolerance: f64) {
    let torch = reference.model.parameters().to_torch(found);
    let v = reference.direction();
    let at = |field: &str| format!("{path}.{field}");
    let norm = found.iter().map(|x| x * x).sum::<f64>().sqrt();
    let quadratic: f64 = found.iter().zip(&v).map(|(a, b)| a * b).sum();
    assert_close(
        &at("norm"),
        norm,
        reference.number(&at("norm")),
        scale,
        tolerance,
    );
    assert_close(
        &at("quadratic"),
        quadratic,
        reference.number(&at("quadratic")),
        scale,
        tolerance,
    );
    let indices = reference.list(&at("indices"));
    for (index, expected) in indices.iter().zip(reference.list(&at("entries"))) {
        assert_close(
            &at("entries"),
            torch[*index as usize],
            expected,
            scale,
            tolerance,
        );
    }
}

pub fn with_point(
    case: &str,
    precision: Precision,
    settings: PointSettings,
    test: impl Fn(&Reference, &Point),
) {
    test_point(&Reference::load(case, precision), settings, test);
}

fn test_point(reference: &Reference, settings: PointSettings, test: impl Fn(&Reference, &Point)) {
    let point = Point::new(
        reference.network(),
        &reference.theta,
        &reference.examples,
        settings,
    );
    test(reference, &point);
}

fn check_operators(case: &str, precision: Precision, settings: PointSettings) {
    check_reference(&Reference::load(case, precision), settings);
}

/// Loss, gradient and products of H and K of a network against its numbers.
pub fn check_reference(reference: &Reference, settings: PointSettings) {
    let precision = reference.compute.precision();
    let (exact, cancelling) = match precision {
        Precision::F64 => (tolerance::F64, tolerance::F64),
        Precision::F32 if reference.numbers["case"] == "simplecnn" => {
            (tolerance::F32_DEEP, tolerance::F32_CANCELLING)
        }
        Precision::F32 => (tolerance::F32, tolerance::F32_CANCELLING),
    };
    test_point(reference, settings, |reference, point| {
        let (h, k) = (HessianOp(point), GradientCovarianceOp::of(point).unwrap());
        let loss = reference.number("loss");
        assert_close("loss", point.score().loss, loss, loss, exact);
        assert_eq!(point.score().accuracy, reference.number("accuracy"));
        let norm = reference.number("gradient_norm");
        let g = point.gradient().iter().map(|x| x * x).sum::<f64>().sqrt();
        assert_close("gradient norm", g, norm, norm, exact);

        let v = reference.direction();
        let length = reference.number("hessian_product.norm");
        assert_summary(reference, "hessian_product", &h.apply(&v), length, exact);
        let top = reference.list("covariance_per_example.eigenvalues")[0];
        let length = match precision {
            Precision::F64 => reference.number("covariance_product.norm"),
            Precision::F32 => top,
        };
        assert_summary(reference, "covariance_product", &k.apply(&v), length, exact);
        let trace = reference.number("covariance_per_example.trace");
        assert_close("trace of K", k.trace(), trace, trace, cancelling);
        // The fixtures of large networks have no Tr H.
        if let Some(trace) = reference.numbers["hessian"]["trace"].as_f64() {
            let found = point.hessian_trace().unwrap();
            assert_close("trace of H", found, trace, trace, exact);
        }
    });
}

#[test]
fn products_match_pytorch_in_f64() {
    for case in CASES {
        check_operators(case, Precision::F64, PointSettings::default());
    }
}

#[test]
fn products_match_pytorch_in_f32() {
    for case in CASES {
        check_operators(case, Precision::F32, PointSettings::default());
    }
}

#[test]
fn pieces_that_are_computed_again_give_the_same_products() {
    let one_at_a_time = PointSettings {
        kept_numbers: 0,
        piece_numbers: 1,
        ..PointSettings::default()
    };
    for case in TINY {
        check_operators(case, Precision::F64, one_at_a_time);
    }
}

fn check_mini_batches(case: &str, precision: Precision, exact: f64, sharp: f64) {
    let reference = Reference::load(case, precision);
    let parameters = reference
        .model
        .parameters()
        .split(&reference.theta, &reference.compute);
    let batches = reference.number("covariance_mini_batch.batches") as usize;
    let size = reference.number("covariance_mini_batch.batch_size") as usize;
    let parts = || {
        chunks(batches * size, size).map(|(first, count)| reference.examples.range(first, count))
    };
    let gradients = MiniBatchGradients::new(
        &reference.network(),
        &parameters,
        parts(),
        BatchSharpness::Measured,
    );
    let covariance = gradients.covariance().unwrap();
    let expected = reference.list("covariance_mini_batch.eigenvalues");
    assert_eq!(covariance.spectrum().eigenvalues().len(), batches);
    for (found, expected_value) in covariance.spectrum().eigenvalues().iter().zip(&expected) {
        assert_close(
            "eigenvalue of K^M",
            *found,
            *expected_value,
            expected[0],
            exact,
        );
    }
    let number = |field: &str| reference.number(&format!("covariance_mini_batch.{field}"));
    assert_close(
        "trace",
        covariance.spectrum().trace(),
        number("trace"),
        number("trace"),
        exact,
    );
    assert_close(
        "ratio",
        covariance.spectrum().ratio().unwrap(),
        number("ratio"),
        1.0,
        exact,
    );
    let smallest = number("smallest_nonzero");
    assert_close(
        "smallest",
        covariance.spectrum().smallest_nonzero().unwrap(),
        smallest,
        expected[0],
        exact,
    );
    let sharpness = reference.number("batch_sharpness");
    assert_close(
        "sharpness",
        gradients.batch_sharpness().unwrap().unwrap().value,
        sharpness,
        sharpness,
        sharp,
    );
    let of_means = gradients.batch_sharpness_ratio_of_means();
    let (network, theta) = (|| reference.network(), &reference.theta);
    let along = |examples: Examples| {
        let point = Point::new(network(), theta, &examples, PointSettings::default());
        let curved = HessianOp(&point).quadratic(point.gradient());
        [curved, point.squared_gradient_norm()]
    };
    let each: Vec<[f64; 2]> = parts().map(along).collect();
    let [curved, squared] = [0, 1].map(|k| each.iter().map(|of| of[k]).sum::<f64>());
    let expected = curved / squared;
    let of_means = of_means.unwrap().unwrap();
    assert_close("ratio of means", of_means.value, expected, expected, sharp);
    // s/√L of the ratios, and of gᵀHg − r‖g‖² over the mean of ‖g‖².
    let count = each.len() as f64;
    let standard_error = |values: Vec<f64>| {
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        (squares / (count * (count - 1.0))).sqrt()
    };
    let ratios = standard_error(each.iter().map(|of| of[0] / of[1]).collect());
    let found = gradients.batch_sharpness().unwrap().unwrap().standard_error;
    assert_close("its error", found.unwrap(), ratios, sharpness, sharp);
    let residuals = standard_error(each.iter().map(|of| of[0] - expected * of[1]).collect());
    let found = of_means.standard_error.unwrap();
    let error = residuals * count / squared;
    assert_close("error of the ratio", found, error, expected, sharp);
}

#[test]
fn mini_batch_covariances_match_pytorch() {
    for case in CASES {
        check_mini_batches(case, Precision::F64, tolerance::F64, tolerance::F64);
        let (cancelling, kinks) = (tolerance::F32_CANCELLING, tolerance::F32_KINKS);
        check_mini_batches(case, Precision::F32, cancelling, kinks);
    }
}

/// The bits of everything that is measured at a point, on so many threads.
fn bits(reference: &Reference, settings: PointSettings, threads: usize) -> Vec<u64> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let measured = pool.unwrap().install(|| {
        let network = reference.network();
        let point = Point::new(network, &reference.theta, &reference.examples, settings);
        let (h, k) = (HessianOp(&point), GradientCovarianceOp::of(&point).unwrap());
        let v = reference.direction();
        let parameters = reference.model.parameters();
        let parameters = parameters.split(&reference.theta, &reference.compute);
        let batches = (0..5).map(|j| reference.examples.range(j, 2));
        let gradients =
            MiniBatchGradients::new(&network, &parameters, batches, BatchSharpness::Measured);
        let mut all = vec![point.score().loss, point.score().accuracy];
        all.extend(point.gradient());
        all.extend([h.apply(&v), k.apply(&v), point.curvatures(&v).unwrap()].concat());
        all.extend([h.quadratic(&v), k.trace()]);
        all.extend(gradients.covariance().unwrap().spectrum().eigenvalues());
        all.extend(
            gradients
                .batch_sharpness()
                .map(|sharp| sharp.unwrap().value),
        );
        all
    });
    measured.into_iter().map(f64::to_bits).collect()
}

/// Pieces computed anew, and all.
fn pieces(reference: &Reference, settings: PointSettings) -> (usize, usize) {
    let (network, theta) = (reference.network(), &reference.theta);
    Point::new(network, theta, &reference.examples, settings).computed_anew()
}

#[test]
fn bits_depend_neither_on_threads_nor_on_memory() {
    for case in TINY {
        for precision in [Precision::F32, Precision::F64] {
            let reference = Reference::load(case, precision);
            let settings = |kept_numbers| PointSettings {
                kept_numbers,
                piece_numbers: 1,
                ..PointSettings::default()
            };
            let (all_kept, none) = (settings(usize::MAX), settings(0));
            let (anew, all) = pieces(&reference, all_kept);
            assert_eq!(anew, 0);
            assert!(all >= 5, "{case}: {all} pieces");
            assert_eq!(pieces(&reference, none), (all, all));
            let some = (0..40)
                .map(|doublings| settings(1 << doublings))
                .find(|&some| (1..all).contains(&pieces(&reference, some).0))
                .expect("a memory that holds some pieces");
            let expected = bits(&reference, all_kept, 1);
            for threads in [1, 2, 3] {
                for settings in [all_kept, some, none] {
                    assert!(
                        bits(&reference, settings, threads) == expected,
                        "{case} {precision}, {threads} threads, {settings:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn quadratic_forms_of_h_are_those_of_its_products() {
    for (case, precision, exact) in [
        ("mlp_tiny", Precision::F64, tolerance::F64),
        ("simplecnn_tiny", Precision::F64, tolerance::F64),
        ("mlp", Precision::F32, tolerance::F32),
        ("simplecnn", Precision::F32, tolerance::F32_DEEP),
    ] {
        with_point(
            case,
            precision,
            PointSettings::default(),
            |reference, point| {
                let h = HessianOp(point);
                let v = reference.direction();
                let expected = reference.number("hessian_product.quadratic");
                let scale = reference.number("hessian_product.norm");
                assert_close(case, h.quadratic(&v), expected, scale, exact);
            },
        );
    }
}
