//! The tape's maps against arrays worked out by hand and against their own
//! transposes; its second derivatives against differences of its first.

use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
use breakeven_empirical::network::Network;
use breakeven_empirical::operator::{HessianOp, LinearOperator, Point, PointSettings};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::tape::{
    Convolution, Flatten, Grid, Map, Matrix, MaxPool, Tape, Targets, Transposed,
};
use rand::Rng;

use crate::reference::Reference;
use crate::tolerance;

fn compute() -> Compute {
    Compute::new(DeviceKind::Flex, Precision::F64).unwrap()
}

fn matrix(rows: &[&[f64]]) -> Matrix {
    compute().matrix(&rows.concat(), [rows.len(), rows[0].len()])
}

fn random(shape: [usize; 2], seed: u64) -> Matrix {
    let mut rng = stream(seed, Purpose::Probes, 0);
    let numbers: Vec<f64> = (0..shape[0] * shape[1])
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    compute().matrix(&numbers, shape)
}

fn dot(a: &Matrix, b: &Matrix) -> f64 {
    (a.clone() * b.clone()).sum().into_scalar::<f64>()
}

fn grid(examples: usize, height: usize, width: usize, channels: usize) -> Grid {
    Grid {
        examples,
        height,
        width,
        channels,
    }
}

fn shape(grid: Grid) -> [usize; 2] {
    [grid.examples * grid.height * grid.width, grid.channels]
}

/// ⟨Ax, y⟩ = ⟨x, Aᵀy⟩ for random x and y, and both sides of the right shape.
#[track_caller]
fn assert_transpose(name: &str, map: &dyn Map, input: [usize; 2], output: [usize; 2]) {
    for seed in 0..3 {
        let (x, y) = (random(input, seed), random(output, seed + 100));
        let (ax, aty) = (map.push(x.clone()), map.pull(y.clone()));
        assert_eq!((ax.dims(), aty.dims()), (output, input), "{name}");
        let (left, right) = (dot(&ax, &y), dot(&x, &aty));
        assert!(
            (left - right).abs() <= tolerance::DENSE * numel(output) as f64,
            "{name}: {left} and {right}"
        );
    }
}

fn numel(shape: [usize; 2]) -> usize {
    shape.iter().product()
}

#[test]
fn every_map_has_its_transpose() {
    for input in [grid(1, 3, 3, 1), grid(2, 5, 4, 3), grid(3, 12, 12, 2)] {
        let inside = shape(input);
        let pool = MaxPool::new(input, &random(inside, 7));
        assert_transpose("pool", &pool, inside, shape(pool.output()));
        let rows = [input.examples, numel(inside) / input.examples];
        assert_transpose("flatten", &Flatten(input), inside, rows);
        assert_transpose("flatten, turned", &Transposed(Flatten(input)), rows, inside);
    }
}

/// A convolution by its definition, a sum for each number of the result.
struct Direct {
    input: Grid,
    size: usize,
    padding: usize,
    channels: usize,
}

impl Direct {
    /// Calls `visit` with the places in the result, the image and the weight
    /// of every product of two numbers.
    fn products(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let Grid {
            examples,
            height,
            width,
            channels,
        } = self.input;
        let (s, p, m) = (self.size, self.padding, self.channels);
        let (down, across) = (height + 2 * p + 1 - s, width + 2 * p + 1 - s);
        for place in 0..examples * down * across * s * s {
            let (pixel, position) = (place / (s * s), place % (s * s));
            let (n, y, x) = (pixel / across / down, pixel / across % down, pixel % across);
            let (y, x) = (y + position / s, x + position % s);
            if !(p..p + height).contains(&y) || !(p..p + width).contains(&x) {
                continue;
            }
            let from = (n * height + y - p) * width + x - p;
            for (c, k) in (0..channels).flat_map(|c| (0..m).map(move |k| (c, k))) {
                visit(
                    pixel * m + k,
                    from * channels + c,
                    (position * channels + c) * m + k,
                );
            }
        }
    }
}

#[test]
fn convolutions_and_their_pulls_are_those_of_the_definition() {
    for input in [grid(1, 3, 3, 1), grid(2, 5, 4, 3), grid(3, 7, 9, 2)] {
        for (size, padding) in [(1, 0), (3, 0), (3, 1), (3, 2), (2, 0), (2, 1)] {
            let convolution = Convolution::new(input, size, padding);
            let output = convolution.output(4);
            let (a, w) = (
                random(shape(input), 1),
                random([size * size * input.channels, 4], 2),
            );
            let c = random(shape(output), 3);
            let mut tape = Tape::new();
            let (a_var, w_var) = (tape.parameter(a.clone()), tape.parameter(w.clone()));
            let value = tape.convolve(a_var, w_var, convolution);
            let found = to_host(tape.value(value).clone());
            let [found_left, found_right] = tape.pull_back(value, c.clone()).try_into().unwrap();

            let [a, w, c] = [a, w, c].map(to_host);
            let (mut result, mut left, mut right) =
                (vec![0.0; c.len()], vec![0.0; a.len()], vec![0.0; w.len()]);
            let direct = Direct {
                input,
                size,
                padding,
                channels: 4,
            };
            direct.products(|out, image, weight| {
                result[out] += a[image] * w[weight];
                left[image] += c[out] * w[weight];
                right[weight] += c[out] * a[image];
            });
            let case = format!("{input:?}, size {size}, padding {padding}");
            assert_close(&case, &found, &result);
            assert_close(&case, &to_host(found_left), &left);
            assert_close(&case, &to_host(found_right), &right);
        }
    }
}

#[track_caller]
fn assert_close(case: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{case}");
    for (found, expected) in found.iter().zip(expected) {
        let scale = found.abs().max(1.0);
        assert!(
            (found - expected).abs() < 100.0 * tolerance::DENSE * scale,
            "{case}"
        );
    }
}

#[test]
fn pooling_takes_the_first_of_the_largest_and_leaves_odd_edges_out() {
    #[rustfmt::skip]
    let image = matrix(&[
        &[1.], &[5.], &[2.], &[9.],
        &[3.], &[5.], &[2.], &[2.],
        &[8.], &[8.], &[8.], &[8.],
    ]);
    let input = grid(1, 3, 4, 1);
    let pool = MaxPool::new(input, &image);
    assert_eq!(pool.output(), grid(1, 1, 2, 1));
    assert_eq!(to_host(pool.push(image)), [5., 9.]);
    // The winners stay where they were, whatever is put in.
    let other: Vec<f64> = (0..12).map(f64::from).collect();
    let other = compute().matrix(&other, [12, 1]);
    assert_eq!(to_host(pool.push(other)), [1., 3.]);
    let back = to_host(pool.pull(matrix(&[&[7.], &[6.]])));
    assert_eq!(back, [0., 7., 0., 6., 0., 0., 0., 0., 0., 0., 0., 0.]);
    assert_eq!(pool.numbers(), 8);
}

#[test]
fn pooling_takes_each_channel_for_itself() {
    let image = matrix(&[&[1., 40.], &[2., 30.], &[3., 20.], &[4., 10.]]);
    let pool = MaxPool::new(grid(1, 2, 2, 2), &image);
    assert_eq!(to_host(pool.push(image)), [4., 40.]);
    let back = to_host(pool.pull(matrix(&[&[1., 2.]])));
    assert_eq!(back, [0., 2., 0., 0., 0., 0., 1., 0.]);
}

#[test]
fn flatten_orders_by_channel_row_and_column() {
    // Two images of one row and two columns, channels (c, 10c).
    let pixels = matrix(&[&[1., 10.], &[2., 20.], &[3., 30.], &[4., 40.]]);
    let flatten = Flatten(grid(2, 1, 2, 2));
    let flat = flatten.push(pixels.clone());
    assert_eq!(flat.dims(), [2, 4]);
    assert_eq!(to_host(flat.clone()), [1., 2., 10., 20., 3., 4., 30., 40.]);
    assert_eq!(to_host(flatten.pull(flat)), to_host(pixels));
}

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
