//! The tape's maps against arrays worked out by hand and against their own
//! transposes; its second derivatives against differences of its first.

use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
use breakeven_empirical::network::Network;
use breakeven_empirical::operator::{HessianOp, LinearOperator, Point, PointSettings};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::tape::{
    Flatten, Grid, LocallyLinear, Matrix, MaxPool, Patches, Tape, Targets, Transposed,
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
fn assert_transpose(name: &str, map: &dyn LocallyLinear, input: [usize; 2], output: [usize; 2]) {
    for seed in 0..3 {
        let (x, y) = (random(input, seed), random(output, seed + 100));
        let (ax, aty) = (map.apply(x.clone()), map.transpose(y.clone()));
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
        for (size, padding) in [(1, 0), (3, 0), (3, 1), (2, 0), (2, 1)] {
            let patches = Patches::new(input, size, padding);
            let outside = shape(patches.output());
            assert_transpose("patches", &patches, inside, outside);
            assert_transpose("patches, turned", &Transposed(patches), outside, inside);
        }
        let pool = MaxPool::new(input, &random(inside, 7));
        assert_transpose("pool", &pool, inside, shape(pool.output()));
        let rows = [input.examples, numel(inside) / input.examples];
        assert_transpose("flatten", &Flatten(input), inside, rows);
        assert_transpose("flatten, turned", &Transposed(Flatten(input)), rows, inside);
    }
}

#[test]
fn patches_are_the_neighbourhoods_row_by_row() {
    let image = matrix(&[&[1.0], &[2.0], &[3.0], &[4.0], &[5.0], &[6.0]]);
    let patches = Patches::new(grid(1, 2, 3, 1), 2, 0);
    assert_eq!(patches.output(), grid(1, 1, 2, 4));
    let cut = patches.apply(image.clone());
    assert_eq!(to_host(cut), [1., 2., 4., 5., 2., 3., 5., 6.]);
    let back = patches.transpose(matrix(&[&[1., 10., 100., 1000.], &[2., 20., 200., 2000.]]));
    assert_eq!(to_host(back), [1., 12., 20., 100., 1200., 2000.]);

    let padded = Patches::new(grid(1, 2, 3, 1), 3, 1);
    assert_eq!(padded.output(), grid(1, 2, 3, 9));
    let cut = to_host(padded.apply(image));
    assert_eq!(cut[..9], [0., 0., 0., 0., 1., 2., 0., 4., 5.]);
    assert_eq!(cut[45..], [2., 3., 0., 5., 6., 0., 0., 0., 0.]);
}

#[test]
fn patches_keep_channels_together_and_images_apart() {
    let two = matrix(&[&[1., -1.], &[2., -2.], &[3., -3.], &[4., -4.]]);
    let patches = Patches::new(grid(2, 1, 2, 2), 1, 0);
    assert_eq!(to_host(patches.apply(two.clone())), to_host(two.clone()));
    let wide = Patches::new(grid(1, 2, 2, 2), 2, 0);
    let cut = wide.apply(two);
    assert_eq!(to_host(cut), [1., -1., 2., -2., 3., -3., 4., -4.]);
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
    assert_eq!(to_host(pool.apply(image)), [5., 9.]);
    // The winners stay where they were, whatever is put in.
    let other: Vec<f64> = (0..12).map(f64::from).collect();
    let other = compute().matrix(&other, [12, 1]);
    assert_eq!(to_host(pool.apply(other)), [1., 3.]);
    let back = to_host(pool.transpose(matrix(&[&[7.], &[6.]])));
    assert_eq!(back, [0., 7., 0., 6., 0., 0., 0., 0., 0., 0., 0., 0.]);
    assert_eq!(pool.numbers(), 8);
}

#[test]
fn pooling_takes_each_channel_for_itself() {
    let image = matrix(&[&[1., 40.], &[2., 30.], &[3., 20.], &[4., 10.]]);
    let pool = MaxPool::new(grid(1, 2, 2, 2), &image);
    assert_eq!(to_host(pool.apply(image)), [4., 40.]);
    let back = to_host(pool.transpose(matrix(&[&[1., 2.]])));
    assert_eq!(back, [0., 2., 0., 0., 0., 0., 1., 0.]);
}

#[test]
fn flatten_orders_by_channel_row_and_column() {
    // Two images of one row and two columns, channels (c, 10c).
    let pixels = matrix(&[&[1., 10.], &[2., 20.], &[3., 30.], &[4., 40.]]);
    let flatten = Flatten(grid(2, 1, 2, 2));
    let flat = flatten.apply(pixels.clone());
    assert_eq!(flat.dims(), [2, 4]);
    assert_eq!(to_host(flat.clone()), [1., 2., 10., 20., 3., 4., 30., 40.]);
    assert_eq!(to_host(flatten.transpose(flat)), to_host(pixels));
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
            let curvatures = point.curvatures(&v);
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
