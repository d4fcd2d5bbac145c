//! The tape's losses at any logits, and its second derivatives against
//! differences of its first.

use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
use breakeven_empirical::network::Network;
use breakeven_empirical::operator::{HessianOp, LinearOperator, Point, PointSettings};
use breakeven_empirical::tape::{Tape, Targets};

use crate::reference::Reference;
use crate::tape::{matrix, random};
use crate::tolerance;

#[test]
fn a_rectifier_has_derivative_0_at_0() {
    let mut tape = Tape::new();
    let a = tape.constant(matrix(&[&[1.0]]));
    let w = tape.parameter(matrix(&[&[-2.0, 0.0, 3.0]]));
    let z = tape.product(a, w);
    let y = tape.relu(z);
    assert_eq!(to_host(tape.value(y).clone()), [0.0, 0.0, 3.0]);
    let gradient = tape.pull_back(y, matrix(&[&[1.0, 1.0, 1.0]]));
    assert_eq!(to_host(gradient[0].clone()), [0.0, 0.0, 1.0]);
}

#[test]
fn cross_entropy_of_any_logits_is_finite_and_right() {
    let mut tape = Tape::new();
    // log(1 + e^−1000 + …) is 0 in f64; the second row misses by 1000.
    let one = tape.constant(matrix(&[&[1.0, 0.0], &[0.0, 1.0]]));
    let logits = tape.parameter(matrix(&[&[1000.0, 0.0, -1000.0], &[0.0, 1000.0, 0.0]]));
    let logits = tape.product(one, logits);
    let targets = Targets(matrix(&[&[1., 0., 0.], &[0., 0., 1.]]));
    let loss = tape.cross_entropy(logits, &targets);
    assert_eq!(to_host(tape.value(loss).clone()), [0.0, 1000.0]);
    let gradient = tape.pull_back(loss, matrix(&[&[1.0], &[1.0]]));
    assert_eq!(to_host(gradient[0].clone()), [0., 0., 0., 0., 1., -1.]);

    let mut tape = Tape::new();
    let one = tape.constant(matrix(&[&[1.0]]));
    let logits = tape.parameter(matrix(&[&[0.0, 0.0, 0.0, 0.0]]));
    let logits = tape.product(one, logits);
    let targets = Targets(matrix(&[&[0., 1., 0., 0.]]));
    let loss = tape.cross_entropy(logits, &targets);
    let value = to_host(tape.value(loss).clone())[0];
    assert!((value - 4f64.ln()).abs() < tolerance::DENSE);
    let gradient = tape.pull_back(loss, matrix(&[&[1.0]]));
    assert_eq!(to_host(gradient[0].clone()), [0.25, -0.75, 0.25, 0.25]);
}

/// Loss, gradient and Hessian by the logits of one example: `margin` for class
/// 0, 0 for all others.
fn of_logits(precision: Precision, margin: f64, classes: usize, truth: usize) -> [Vec<f64>; 5] {
    let compute = Compute::new(DeviceKind::Flex, precision).unwrap();
    let one_hot =
        |k: usize| -> Vec<f64> { (0..classes).map(|j| f64::from(u8::from(j == k))).collect() };
    let mut logits = vec![0.0; classes];
    logits[0] = margin;
    let mut tape = Tape::new();
    let one = tape.constant(compute.matrix(&[1.0], [1, 1]));
    let logits = tape.parameter(compute.matrix(&logits, [1, classes]));
    let logits = tape.product(one, logits);
    let targets = Targets(compute.matrix(&one_hot(truth), [1, classes]));
    let loss = tape.cross_entropy(logits, &targets);
    let value = to_host(tape.value(loss).clone());
    let gradient = to_host(tape.pull_back(loss, compute.full([1, 1], 1.0)).remove(0));
    let (mut columns, mut diagonal) = (Vec::new(), Vec::new());
    for k in 0..classes {
        let e = compute.matrix(&one_hot(k), [1, classes]);
        let t = tape.push_tangent(&[e]);
        columns.extend(to_host(tape.pull_back_tangent(&t).remove(0)));
        diagonal.extend(to_host(tape.push_second(loss, &t)));
    }
    let trace = to_host(tape.hessian_traces(loss).unwrap());
    [value, gradient, columns, diagonal, trace]
}

/// With q = e⁻ᵐ/(1 + (c−1)e⁻ᵐ), the probability of each class but the first,
/// p₀ = 1 − (c−1)q: no digit of any closed form cancels.
#[test]
fn cross_entropy_is_exact_at_any_margin() {
    // Nothing is rounded better than to the least number there is.
    let least = f64::from(f32::from_bits(1));
    for (precision, exact, least) in [
        (Precision::F64, 10.0 * tolerance::DENSE, 0.0),
        (Precision::F32, tolerance::F32, least),
    ] {
        for classes in [2, 3, 10] {
            for margin in (0..=80).map(f64::from) {
                let others = classes as f64 - 1.0;
                let small = (-margin).exp();
                let q = small / (1.0 + others * small);
                let first = 1.0 / (1.0 + others * small);
                let log_sum = (others * small).ln_1p();
                for truth in [0, 1] {
                    let [loss, gradient, hessian, diagonal, trace] =
                        of_logits(precision, margin, classes, truth);
                    let close = |what: &str, found: f64, expected: f64| {
                        assert!(
                            (found - expected).abs() <= exact * expected.abs() + least,
                            "{what} at margin {margin} of {classes}, truth {truth}, {precision}: \
                             {found:e}, right is {expected:e}"
                        );
                    };
                    let miss = if truth == 0 { 0.0 } else { margin };
                    close("loss", loss[0], miss + log_sum);
                    let rest = first + (others - 1.0) * q;
                    close("Tr H", trace[0], others * q * (first + rest));
                    for k in 0..classes {
                        let p = if k == 0 { first } else { q };
                        // 1 − p_k, as a sum.
                        let rest = if k == 0 {
                            others * q
                        } else {
                            first + (others - 1.0) * q
                        };
                        let expected = if k == truth { -rest } else { p };
                        close("gradient", gradient[k], expected);
                        close("vᵀHv", diagonal[k], p * rest);
                        for j in 0..classes {
                            let pj = if j == 0 { first } else { q };
                            let expected = if j == k { p * rest } else { -p * pj };
                            close("H", hessian[k * classes + j], expected);
                        }
                    }
                }
            }
        }
    }
}

/// A parameter that enters twice makes the logits quadratic in it.
#[test]
fn a_trace_by_sweeps_is_absent_where_a_parameter_enters_twice() {
    let mut tape = Tape::new();
    let one = tape.constant(matrix(&[&[1.0, 2.0]]));
    let w = tape.parameter(matrix(&[&[0.5, 0.1], &[-0.2, 0.3]]));
    let targets = Targets(matrix(&[&[1.0, 0.0]]));
    let once = tape.product(one, w);
    let loss = tape.cross_entropy(once, &targets);
    tape.pull_back(loss, matrix(&[&[1.0]]));
    assert!(tape.hessian_traces(loss).is_some());
    let twice = tape.product(once, w);
    let loss = tape.cross_entropy(twice, &targets);
    assert!(tape.hessian_traces(loss).is_none());
}

#[test]
fn one_class_has_no_loss_and_no_curvature() {
    for logit in [-3.0, 0.0, 500.0] {
        for numbers in of_logits(Precision::F32, logit, 1, 0) {
            assert_eq!(numbers, [0.0]);
        }
    }
}

fn gradient(network: &Network, reference: &Reference, theta: &[f64]) -> Vec<f64> {
    let layout = network.model.parameters();
    let parameters = layout.split(theta, network.compute);
    layout.join(network.gradient(&parameters, &reference.examples))
}

/// θ + t v.
fn moved(theta: &[f64], v: &[f64], t: f64) -> Vec<f64> {
    theta.iter().zip(v).map(|(x, v)| x + t * v).collect()
}

#[test]
fn hessian_products_are_central_differences_of_the_gradient() {
    for case in ["mlp_tiny", "simplecnn_tiny"] {
        let reference = Reference::load(case, Precision::F64);
        let network = reference.network();
        let theta = &reference.theta;
        let point = Point::new(
            network,
            theta,
            &reference.examples,
            PointSettings::default(),
        );
        for seed in 0..5 {
            let v = unit(theta.len(), seed);
            // No rectifier or winner changes within such a step: the fixture
            // states their margins.
            let t = tolerance::DIFFERENCE_STEP;
            let margins = &reference.numbers["margins"];
            for kind in ["relu", "pool"] {
                if let Some(margin) = margins[kind].as_f64() {
                    assert!(margin > 10.0 * t, "{case}: {kind} is only {margin:e} away");
                }
            }
            let ahead = gradient(&network, &reference, &moved(theta, &v, t));
            let behind = gradient(&network, &reference, &moved(theta, &v, -t));
            let product = HessianOp(&point).apply(&v);
            let (mut error, mut length) = (0.0, 0.0);
            for ((a, b), h) in ahead.iter().zip(&behind).zip(&product) {
                error += ((a - b) / (2.0 * t) - h).powi(2);
                length += h * h;
            }
            let relative = (error / length).sqrt();
            assert!(relative < tolerance::DIFFERENCES, "{case}: {relative:.1e}");
        }
    }
}

#[test]
fn examples_curvatures_average_to_that_of_the_mean_loss() {
    for case in ["mlp_tiny", "simplecnn_tiny"] {
        let reference = Reference::load(case, Precision::F64);
        let (network, theta) = (reference.network(), &reference.theta);
        let point = Point::new(
            network,
            theta,
            &reference.examples,
            PointSettings::default(),
        );
        for seed in 0..5 {
            let v = unit(theta.len(), seed);
            let curvatures = point.curvatures(&v).unwrap();
            assert_eq!(curvatures.len(), reference.examples.len());
            let mean = curvatures.iter().sum::<f64>() / curvatures.len() as f64;
            let product = HessianOp(&point).apply(&v);
            let quadratic: f64 = v.iter().zip(&product).map(|(v, h)| v * h).sum();
            let scale = curvatures.iter().fold(0.0_f64, |m, c| m.max(c.abs()));
            assert!((mean - quadratic).abs() < tolerance::F64 * scale, "{case}");
        }
    }
}

#[test]
fn products_are_linear_and_symmetric() {
    for case in ["mlp_tiny", "simplecnn_tiny"] {
        let reference = Reference::load(case, Precision::F64);
        let (network, theta) = (reference.network(), &reference.theta);
        let point = Point::new(
            network,
            theta,
            &reference.examples,
            PointSettings::default(),
        );
        let h = HessianOp(&point);
        let (u, v) = (unit(theta.len(), 1), unit(theta.len(), 2));
        let (hu, hv) = (h.apply(&u), h.apply(&v));
        let both = h.apply(&moved(&u, &v, -3.0));
        let scale = hu.iter().chain(&hv).fold(0.0_f64, |m, x| m.max(x.abs()));
        for ((a, b), both) in hu.iter().zip(&hv).zip(&both) {
            assert!(
                (a - 3.0 * b - both).abs() < tolerance::F64 * scale,
                "{case}"
            );
        }
        let inner = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let difference = inner(&u, &hv) - inner(&v, &hu);
        assert!(difference.abs() < tolerance::F64 * scale, "{case}");
    }
}

fn unit(dim: usize, seed: u64) -> Vec<f64> {
    let v = to_host(random([1, dim], seed + 50));
    let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    v.iter().map(|x| x / length).collect()
}
