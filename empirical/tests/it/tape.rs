//! The tape's maps against arrays worked out by hand and against their own
//! transposes.

use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::tape::{
    Convolution, Flatten, Grid, Lane, LstmCell, Map, Matrix, MaxPool, Over, Standardise, Tape,
    Transposed,
};
use rand::Rng;

use crate::checker::{exact, single};
use crate::tolerance;

fn compute() -> Compute {
    Compute::new(DeviceKind::Flex, Precision::F64).unwrap()
}

pub fn matrix(rows: &[&[f64]]) -> Matrix {
    compute().matrix(&rows.concat(), [rows.len(), rows[0].len()])
}

pub fn random(shape: [usize; 2], seed: u64) -> Matrix {
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
fn gates_far_from_zero_are_open_or_shut() {
    for on in [exact(), single()] {
        // i open, f shut, g at its top, o open: the new cell is 0 · 5 + 1 · 1.
        let x = on.matrix(&[1000.0, -1000.0, 1000.0, 1000.0, 5.0], [1, 5]);
        let (cell, value) = LstmCell::of(&x);
        let [next, state] = to_host(value)[..] else {
            panic!("a cell and a state")
        };
        assert_eq!(next, 1.0);
        assert!((state - 1f64.tanh()).abs() < 1e-7);
        let ones = x.clone().ones_like();
        assert_eq!(to_host(cell.push(ones.clone())), [0.0; 2]);
        let all = to_host(cell.bend_back(&ones, &on.full([1, 2], 1.0)));
        assert!(all.iter().all(|x| x.is_finite()));
    }
}

#[test]
fn a_batch_that_is_one_row_standardises_to_zero_without_derivatives() {
    let row = |seed| crate::checker::random(&exact().full([1, 1], 0.0), [1, 3], seed);
    let (op, value) = Standardise::of(&row(1), Over::Rows(Lane::alone(1)), 1e-5);
    assert_eq!(to_host(value), [0.0; 3]);
    assert_eq!(to_host(op.push(row(2))), [0.0; 3]);
}
