//! One checker for every operation of the tape: each sweep against central
//! differences and the sweeps of single examples in f64, and on another device
//! against the same in f64 on the CPU.

use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::tape::{Map, Matrix, Tape, Targets, Together, Var};
use burn::tensor::{Tensor, TensorData};
use rand::Rng;

use crate::tolerance;

/// Where differences are exact.
pub fn exact() -> Compute {
    Compute::new(DeviceKind::Flex, Precision::F64).unwrap()
}

/// The CPU in 32 bits.
pub fn single() -> Compute {
    Compute::new(DeviceKind::Flex, Precision::F32).unwrap()
}

fn numbers([rows, columns]: [usize; 2], seed: u64) -> Vec<f64> {
    let mut rng = stream(seed, Purpose::Probes, 0);
    (0..rows * columns)
        .map(|_| rng.random_range(-1.0..1.0))
        .collect()
}

/// Random numbers on the device and in the precision of `like`.
pub fn random(like: &Matrix, shape: [usize; 2], seed: u64) -> Matrix {
    given(like, &numbers(shape, seed), shape)
}

/// These numbers on the device and in the precision of `like`.
pub fn given(like: &Matrix, numbers: &[f64], shape: [usize; 2]) -> Matrix {
    let data = TensorData::new(numbers.to_vec(), shape);
    Tensor::from_data(data, (&like.device(), like.dtype()))
}

/// A piece of a network: parameters of these shapes, put on a tape behind data.
pub struct Case<'a> {
    pub name: &'a str,
    pub examples: usize,
    pub parameters: Vec<[usize; 2]>,
    pub build: &'a dyn Fn(&mut Tape, &[Var]) -> Var,
}

/// A case at parameters θ: its tape, and a loss that bends in every output.
struct Written {
    tape: Tape,
    loss: Var,
}

/// What the sweeps of a case give.
struct Sweeps {
    losses: Vec<f64>,
    gradient: Vec<f64>,
    tangents: Vec<f64>,
    second: Vec<f64>,
    product: Vec<f64>,
    /// Of examples that are not coupled.
    each: Option<Each>,
}

struct Each {
    weighted: Vec<f64>,
    norms: Vec<f64>,
    traces: Option<Vec<f64>>,
}

/// Half the distance of two points of a central difference: errors of its
/// square, and of rounding over it.
const TAU: f64 = 1e-5;

impl Case<'_> {
    fn theta(&self, on: &Compute, seed: u64) -> Vec<Matrix> {
        let seeds = (0..).map(|k| 1000 * seed + k);
        let all = self.parameters.iter().zip(seeds);
        all.map(|(&shape, seed)| on.matrix(&numbers(shape, seed), shape))
            .collect()
    }

    fn write(&self, theta: &[Matrix]) -> Written {
        let mut tape = Tape::new();
        let parameters: Vec<Var> = theta.iter().map(|p| tape.parameter(p.clone())).collect();
        let output = (self.build)(&mut tape, &parameters);
        let rows = tape.shape(output)[0];
        let positions = rows / self.examples;
        let wide = tape.linear(output, Together { positions });
        let targets = Targets(random(&theta[0], tape.shape(wide), 77));
        let loss = tape.squared_error(wide, &targets);
        Written { tape, loss }
    }

    /// Losses at θ + τv.
    fn moved(&self, theta: &[Matrix], v: &[Matrix], tau: f64) -> Written {
        let moved: Vec<Matrix> = theta
            .iter()
            .zip(v)
            .map(|(p, v)| p.clone() + v.clone().mul_scalar(tau))
            .collect();
        self.write(&moved)
    }

    /// A number an example, where θ is.
    fn of_examples(&self, theta: &[Matrix], numbers: &[f64]) -> Matrix {
        given(&theta[0], numbers, [self.examples, 1])
    }

    fn weights(&self, theta: &[Matrix]) -> Matrix {
        let share = 1.0 / self.examples as f64;
        self.of_examples(theta, &vec![share; self.examples])
    }

    /// Of any sign, one of each example.
    fn signed(&self) -> Vec<f64> {
        (0..self.examples).map(|k| 0.3 - k as f64).collect()
    }

    fn sweeps(&self, theta: &[Matrix], v: &[Matrix]) -> Sweeps {
        let Written { mut tape, loss } = self.write(theta);
        let losses = to_host(tape.value(loss).clone());
        let gradient = flat(&tape.pull_back(loss, self.weights(theta)));
        tape.trim();
        let tangents = tape.push_tangent(v);
        let each = (!tape.couples_examples()).then(|| {
            let weights = self.of_examples(theta, &self.signed());
            Each {
                weighted: flat(&tape.pull_back_weighted(&weights)),
                norms: to_host(tape.squared_gradient_norms(loss)),
                traces: tape.hessian_traces(loss).map(to_host),
            }
        });
        Sweeps {
            losses,
            gradient,
            tangents: to_host(tangents.get(loss).unwrap().clone()),
            second: to_host(tape.push_second(loss, &tangents)),
            product: flat(&tape.pull_back_tangent(&tangents)),
            each,
        }
    }

    #[track_caller]
    fn close(&self, what: &str, found: &[f64], expected: &[f64], exact: f64) {
        assert_eq!(found.len(), expected.len(), "{}: {what}", self.name);
        let scale = expected.iter().fold(1.0, |most: f64, x| most.max(x.abs()));
        for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!(
                (found - expected).abs() <= exact * scale,
                "{}: {what}[{k}] is {found}, expected {expected}",
                self.name
            );
        }
    }
}

fn flat(parts: &[Matrix]) -> Vec<f64> {
    parts.iter().cloned().flat_map(to_host).collect()
}

fn differences(after: &[f64], before: &[f64], tau: f64) -> Vec<f64> {
    let pairs = after.iter().zip(before);
    pairs.map(|(a, b)| (a - b) / (2.0 * tau)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// All sweeps over `case`: in f64 against differences; in f32 against those in
/// f64.
#[track_caller]
pub fn check_op(on: &Compute, case: &Case) {
    for seed in [1, 2] {
        let at = |on| (case.theta(on, seed), case.theta(on, seed + 10));
        let (theta, v) = at(on);
        let found = case.sweeps(&theta, &v);
        match on.precision() {
            Precision::F64 => check_sweeps(case, &theta, &v, &found),
            Precision::F32 => {
                let (theta, v) = at(&exact());
                let expected = case.sweeps(&theta, &v);
                check_same(
                    case,
                    &found,
                    &expected,
                    tolerance::F32,
                    tolerance::F32_SECOND,
                );
            }
        }
    }
}

/// All sweeps over two ways to write the same.
#[track_caller]
pub fn check_alike(on: &Compute, case: &Case, other: &Case) {
    let (theta, v) = (case.theta(on, 1), case.theta(on, 2));
    let (found, expected) = (case.sweeps(&theta, &v), other.sweeps(&theta, &v));
    let exact = match on.precision() {
        Precision::F64 => tolerance::F64,
        Precision::F32 => tolerance::F32,
    };
    check_same(case, &found, &expected, exact, exact);
}

#[track_caller]
fn check_same(case: &Case, found: &Sweeps, expected: &Sweeps, exact: f64, exact_second: f64) {
    let close = |what: &str, found: &[f64], expected: &[f64]| {
        let exact = match what {
            "second" => exact_second,
            _ => exact,
        };
        case.close(what, found, expected, exact);
    };
    close("losses", &found.losses, &expected.losses);
    close("gradient", &found.gradient, &expected.gradient);
    close("tangents", &found.tangents, &expected.tangents);
    close("second", &found.second, &expected.second);
    close("Hv", &found.product, &expected.product);
    assert_eq!(found.each.is_some(), expected.each.is_some());
    if let (Some(found), Some(expected)) = (&found.each, &expected.each) {
        close("weighted", &found.weighted, &expected.weighted);
        close("norms", &found.norms, &expected.norms);
        assert_eq!(found.traces.is_some(), expected.traces.is_some());
        if let (Some(found), Some(expected)) = (&found.traces, &expected.traces) {
            close("Tr H", found, expected);
        }
    }
}

#[track_caller]
fn check_sweeps(case: &Case, theta: &[Matrix], v: &[Matrix], found: &Sweeps) {
    let (after, before) = (case.moved(theta, v, TAU), case.moved(theta, v, -TAU));
    let losses = |at: &Written| to_host(at.tape.value(at.loss).clone());
    let gradient_at = |mut at: Written| flat(&at.tape.pull_back(at.loss, case.weights(theta)));

    // The gradient against the difference along v.
    let direction = flat(v);
    let mean = |losses: Vec<f64>| losses.iter().sum::<f64>() / losses.len() as f64;
    let slope = (mean(losses(&after)) - mean(losses(&before))) / (2.0 * TAU);
    case.close(
        "gᵀv",
        &[dot(&found.gradient, &direction)],
        &[slope],
        tolerance::DIFFERENCES,
    );

    let along = |at: &Written| to_host(at.tape.push_tangent(v).get(at.loss).unwrap().clone());
    let expected = differences(&losses(&after), &losses(&before), TAU);
    case.close(
        "tangents",
        &found.tangents,
        &expected,
        tolerance::DIFFERENCES,
    );
    let expected = differences(&along(&after), &along(&before), TAU);
    case.close("second", &found.second, &expected, tolerance::DIFFERENCES);
    case.close(
        "vᵀHv",
        &[dot(&found.product, &direction)],
        &[mean(found.second.clone())],
        tolerance::F64,
    );
    let expected = differences(&gradient_at(after), &gradient_at(before), TAU);
    case.close("Hv", &found.product, &expected, tolerance::DIFFERENCES);
    if let Some(each) = &found.each {
        check_each(case, theta, each);
    }
}

/// Sweeps of single examples against sweeps with the weight of one alone.
#[track_caller]
fn check_each(case: &Case, theta: &[Matrix], found: &Each) {
    let examples: Vec<Vec<f64>> = (0..case.examples)
        .map(|example| {
            let mut one = vec![0.0; case.examples];
            one[example] = 1.0 / case.examples as f64;
            let Written { mut tape, loss } = case.write(theta);
            flat(&tape.pull_back(loss, case.of_examples(theta, &one)))
        })
        .collect();
    let weights = case.signed();
    let expected: Vec<f64> = (0..found.weighted.len())
        .map(|k| {
            let parts = weights.iter().zip(&examples);
            parts.map(|(weight, gradient)| weight * gradient[k]).sum()
        })
        .collect();
    case.close("weighted", &found.weighted, &expected, tolerance::F64);
    let expected: Vec<f64> = examples.iter().map(|g| dot(g, g)).collect();
    case.close("norms", &found.norms, &expected, tolerance::F64);
    if let Some(traces) = &found.traces {
        case.close("Tr H", traces, &traces_of(case, theta), tolerance::F64);
    }
}

/// The trace of each example's Hessian, from a product with each unit vector.
fn traces_of(case: &Case, theta: &[Matrix]) -> Vec<f64> {
    let Written { mut tape, loss } = case.write(theta);
    tape.pull_cotangents(loss, case.weights(theta));
    let mut traces = vec![0.0; case.examples];
    for (place, part) in theta.iter().enumerate() {
        let count = part.dims().iter().product();
        for number in 0..count {
            let mut unit: Vec<Matrix> = theta.iter().map(|p| p.zeros_like()).collect();
            let mut one = vec![0.0; count];
            one[number] = 1.0;
            unit[place] = given(part, &one, part.dims());
            let second = tape.push_second(loss, &tape.push_tangent(&unit));
            for (sum, x) in traces.iter_mut().zip(to_host(second)) {
                *sum += x;
            }
        }
    }
    traces
}

/// A layer in front of what is checked, so that its input has derivatives and
/// depends on the examples: `rows` rows of `columns` numbers.
pub fn layer(tape: &mut Tape, weight: Var, rows: usize, seed: u64) -> Var {
    let [inputs, _] = tape.shape(weight);
    let x = random(tape.value(weight), [rows, inputs], seed);
    let x = tape.constant(x);
    tape.product(x, weight)
}

pub fn check(
    on: &Compute,
    name: &str,
    examples: usize,
    parameters: &[[usize; 2]],
    build: impl Fn(&mut Tape, &[Var]) -> Var,
) {
    let case = Case {
        name,
        examples,
        parameters: parameters.to_vec(),
        build: &build,
    };
    check_op(on, &case);
}

/// A map behind a layer of `columns` columns, with `positions` rows an example.
pub fn check_map<M: Map + 'static>(
    on: &Compute,
    name: &str,
    [positions, columns]: [usize; 2],
    map: impl Fn(&Matrix) -> (M, Matrix),
) {
    for examples in [1, 2, 3] {
        let build = |tape: &mut Tape, p: &[Var]| {
            let x = layer(tape, p[0], examples * positions, 5);
            tape.map(x, &map)
        };
        check(on, name, examples, &[[2, columns]], build);
    }
}

/// A map that is linear at its input.
pub fn check_linear<M: Map + 'static>(
    on: &Compute,
    name: &str,
    shape: [usize; 2],
    map: impl Fn(&Matrix) -> M,
) {
    check_map(on, name, shape, |x| {
        let map = map(x);
        let value = map.push(x.clone());
        (map, value)
    });
}

/// `op` of a layer and a parameter.
pub fn check_shared(
    on: &Compute,
    name: &str,
    [positions, columns]: [usize; 2],
    right: [usize; 2],
    op: impl Fn(usize) -> Box<dyn Fn(&mut Tape, Var, Var) -> Var>,
) {
    for examples in [1, 2, 3] {
        let build = |tape: &mut Tape, p: &[Var]| {
            let x = layer(tape, p[0], examples * positions, 5);
            op(examples)(tape, x, p[1])
        };
        check(on, name, examples, &[[2, columns], right], build);
    }
}
