//! Every operation of the tape, and graphs in which values are read more than
//! once, through one checker: each sweep against central differences in f64
//! and against the sweeps of single examples.

use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::tape::{
    AveragePool, Bilinear, Columns, Convolution, EachStep, Elementwise, Flatten, Grid, Hadamard,
    Heads, Lookup, Map, Matrix, MaxPool, MeanPixel, Over, Patches, PerGroup, Rows, ScaleColumns,
    Softmax, Standardise, Tape, Targets, Times, Together, Transposed, Var, Winners,
};
use burn::tensor::{Int, Tensor, TensorData};
use rand::Rng;

use crate::tolerance;

fn compute() -> Compute {
    Compute::new(DeviceKind::Flex, Precision::F64).unwrap()
}

fn random(shape: [usize; 2], seed: u64) -> Matrix {
    let mut rng = stream(seed, Purpose::Probes, 0);
    let numbers = (0..shape[0] * shape[1]).map(|_| rng.random_range(-1.0..1.0));
    compute().matrix(&numbers.collect::<Vec<f64>>(), shape)
}

/// A piece of a network: parameters of these shapes, put on a tape behind data.
struct Case<'a> {
    name: &'a str,
    examples: usize,
    parameters: Vec<[usize; 2]>,
    build: &'a dyn Fn(&mut Tape, &[Var]) -> Var,
}

/// A case at parameters θ: its tape, and a loss that bends in every output.
struct Written {
    tape: Tape,
    loss: Var,
}

impl Case<'_> {
    fn theta(&self, seed: u64) -> Vec<Matrix> {
        let seeds = (0..).map(|k| 1000 * seed + k);
        let all = self.parameters.iter().zip(seeds);
        all.map(|(&shape, seed)| random(shape, seed)).collect()
    }

    fn write(&self, theta: &[Matrix]) -> Written {
        let mut tape = Tape::new();
        let parameters: Vec<Var> = theta.iter().map(|p| tape.parameter(p.clone())).collect();
        let output = (self.build)(&mut tape, &parameters);
        let rows = tape.shape(output)[0];
        let positions = rows / self.examples;
        let wide = tape.linear(output, Together { positions });
        let targets = Targets(random(tape.shape(wide), 77));
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

    fn weights(&self) -> Matrix {
        compute().full([self.examples, 1], 1.0 / self.examples as f64)
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

/// Half the distance of two points of a central difference: errors of its
/// square, and of rounding over it.
const TAU: f64 = 1e-5;

/// All sweeps over `case`; for those of single examples, which need examples
/// that are not coupled, against sweeps with the weight of one example alone.
#[track_caller]
fn check_op(case: &Case) {
    for seed in [1, 2] {
        check_sweeps(case, &case.theta(seed), &case.theta(seed + 10));
    }
}

#[track_caller]
fn check_sweeps(case: &Case, theta: &[Matrix], v: &[Matrix]) {
    let (after, before) = (case.moved(theta, v, TAU), case.moved(theta, v, -TAU));
    let Written { mut tape, loss } = case.write(theta);
    let losses = |at: &Written| to_host(at.tape.value(at.loss).clone());
    let gradient_at = |mut at: Written| flat(&at.tape.pull_back(at.loss, case.weights()));

    // The gradient against differences along each unit direction.
    let gradient = flat(&tape.pull_back(loss, case.weights()));
    let direction = flat(v);
    let mean = |losses: Vec<f64>| losses.iter().sum::<f64>() / losses.len() as f64;
    let slope = (mean(losses(&after)) - mean(losses(&before))) / (2.0 * TAU);
    case.close(
        "gᵀv",
        &[dot(&gradient, &direction)],
        &[slope],
        tolerance::DIFFERENCES,
    );

    tape.trim();
    let tangents = tape.push_tangent(v);
    let along = |at: &Written| to_host(at.tape.push_tangent(v).get(at.loss).unwrap().clone());
    let rates = to_host(tangents.get(loss).unwrap().clone());
    let expected = differences(&losses(&after), &losses(&before), TAU);
    case.close("tangents", &rates, &expected, tolerance::DIFFERENCES);

    let second = to_host(tape.push_second(loss, &tangents));
    let expected = differences(&along(&after), &along(&before), TAU);
    case.close("second", &second, &expected, tolerance::DIFFERENCES);

    let product = flat(&tape.pull_back_tangent(&tangents));
    case.close(
        "vᵀHv",
        &[dot(&product, &direction)],
        &[mean(second.clone())],
        tolerance::F64,
    );
    let expected = differences(&gradient_at(after), &gradient_at(before), TAU);
    case.close("Hv", &product, &expected, tolerance::DIFFERENCES);

    if tape.couples_examples() {
        return;
    }
    let examples: Vec<Vec<f64>> = (0..case.examples)
        .map(|example| {
            let mut one = vec![0.0; case.examples];
            one[example] = 1.0 / case.examples as f64;
            let Written { mut tape, loss } = case.write(theta);
            flat(&tape.pull_back(loss, compute().matrix(&one, [case.examples, 1])))
        })
        .collect();
    let weights: Vec<f64> = (0..case.examples).map(|k| 0.3 - k as f64).collect();
    let weighted = tape.pull_back_weighted(&compute().matrix(&weights, [case.examples, 1]));
    let expected: Vec<f64> = (0..gradient.len())
        .map(|k| {
            let parts = weights.iter().zip(&examples);
            parts.map(|(weight, gradient)| weight * gradient[k]).sum()
        })
        .collect();
    case.close("weighted", &flat(&weighted), &expected, tolerance::F64);
    let norms = to_host(tape.squared_gradient_norms(loss));
    let expected: Vec<f64> = examples.iter().map(|g| dot(g, g)).collect();
    case.close("norms", &norms, &expected, tolerance::F64);

    if let Some(traces) = tape.hessian_traces(loss) {
        let mut expected = vec![0.0; case.examples];
        for (place, part) in theta.iter().enumerate() {
            for number in 0..part.dims().iter().product() {
                let mut unit: Vec<Matrix> = theta.iter().map(|p| p.zeros_like()).collect();
                let mut one = vec![0.0; part.dims().iter().product()];
                one[number] = 1.0;
                unit[place] = compute().matrix(&one, part.dims());
                let second = tape.push_second(loss, &tape.push_tangent(&unit));
                for (sum, x) in expected.iter_mut().zip(to_host(second)) {
                    *sum += x;
                }
            }
        }
        case.close("Tr H", &to_host(traces), &expected, tolerance::F64);
    }
}

/// A layer in front of what is checked, so that its input has derivatives and
/// depends on the examples: `rows` rows of `columns` numbers.
fn layer(tape: &mut Tape, weight: Var, rows: usize, seed: u64) -> Var {
    let [inputs, _] = tape.shape(weight);
    let x = tape.constant(random([rows, inputs], seed));
    tape.product(x, weight)
}

fn check(
    name: &str,
    examples: usize,
    parameters: &[[usize; 2]],
    build: impl Fn(&mut Tape, &[Var]) -> Var,
) {
    check_op(&Case {
        name,
        examples,
        parameters: parameters.to_vec(),
        build: &build,
    });
}

/// A map behind a layer of `columns` columns, with `positions` rows an example.
fn check_map<M: Map + 'static>(
    name: &str,
    [positions, columns]: [usize; 2],
    map: impl Fn(&Matrix) -> (M, Matrix),
) {
    for examples in [1, 2, 3] {
        let build = |tape: &mut Tape, p: &[Var]| {
            let x = layer(tape, p[0], examples * positions, 5);
            tape.map(x, &map)
        };
        check(name, examples, &[[2, columns]], build);
    }
}

/// A map that is linear at its input.
fn check_linear<M: Map + 'static>(name: &str, shape: [usize; 2], map: impl Fn(&Matrix) -> M) {
    check_map(name, shape, |x| {
        let map = map(x);
        let value = map.push(x.clone());
        (map, value)
    });
}

/// `op` of a layer and a parameter.
fn check_shared(
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
        check(name, examples, &[[2, columns], right], build);
    }
}

fn grid(examples: usize, [height, width, channels]: [usize; 3]) -> Grid {
    Grid {
        examples,
        height,
        width,
        channels,
    }
}

#[test]
fn functions_of_each_number() {
    check_map("sigmoid", [2, 3], Elementwise::sigmoid);
    check_map("tanh", [2, 3], Elementwise::tanh);
    check_map("gelu", [2, 3], Elementwise::gelu);
    check_map("gelu by tanh", [2, 3], Elementwise::gelu_tanh);
    check_linear("relu", [2, 3], Elementwise::rectifier);
    check_linear("times", [2, 3], |_| Times(-1.5));
}

#[test]
fn softmax_and_standardisation() {
    check_map("softmax", [2, 4], Softmax::of);
    for epsilon in [1e-5, 0.5] {
        check_map("layer norm", [2, 4], |x| {
            Standardise::of(x, Over::Columns, epsilon)
        });
        check_map("batch norm", [4, 3], |x| {
            Standardise::of(x, Over::Rows, epsilon)
        });
    }
}

#[test]
fn rearrangements_and_pooling() {
    let (columns, all) = (4, 4);
    check_linear("columns", [2, columns], |_| Columns {
        first: 1,
        count: 2,
        all,
    });
    for step in 0..3 {
        check_linear("each step", [3, 2], |_| EachStep { step, steps: 3 });
    }
    check_linear("rows", [3, 2], |x| {
        let examples = x.dims()[0] / 3;
        let last = [2, 0, 1].into_iter().take(examples);
        let chosen: Vec<i32> = last.enumerate().map(|(n, k)| 3 * n as i32 + k).collect();
        Rows {
            ids: ids(&chosen),
            rows: x.dims()[0],
        }
    });
    check_linear("together", [3, 2], |_| Together { positions: 3 });
    check_linear("apart", [1, 6], |_| Transposed(Together { positions: 3 }));
    check_linear("heads", [2, 6], |x| Heads {
        examples: x.dims()[0] / 2,
        heads: 3,
    });
    let side = |x: &Matrix, shape| grid(x.dims()[0] / 20, shape);
    let shape = [4, 5, 2];
    check_linear("flatten", [20, 2], |x| Flatten(side(x, shape)));
    check_linear("max pool", [20, 2], |x| MaxPool::new(side(x, shape), x));
    check_linear("mean pixel", [20, 2], |x| MeanPixel(side(x, shape)));
    for size in [1, 2, 3] {
        check_linear("average pool", [20, 2], |x| {
            AveragePool::new(side(x, shape), size)
        });
    }
    for (size, stride, padding) in [(2, 2, 0), (3, 2, 1), (3, 1, 0), (1, 2, 0), (2, 3, 1)] {
        check_linear("patches", [20, 2], |x| {
            Patches::new(side(x, shape), size, stride, padding)
        });
        check_linear("winners", [20, 2], |x| {
            Winners::new(side(x, shape), [size, stride, padding], x)
        });
    }
}

#[test]
fn products_with_parameters() {
    for positions in [1, 2, 7] {
        check_shared("dense", [positions, 3], [3, 2], |_| {
            Box::new(|tape, x, w| tape.product(x, w))
        });
        check_shared("bias", [positions, 3], [1, 3], |_| {
            Box::new(|tape, x, b| tape.add(x, b))
        });
        check_shared("scale", [positions, 3], [1, 3], |_| {
            Box::new(|tape, x, b| tape.bilinear(x, b, ScaleColumns))
        });
    }
    for (size, padding) in [(1, 0), (2, 1), (3, 1), (3, 0)] {
        check_shared("convolution", [12, 2], [size * size * 2, 3], move |n| {
            let convolution = Convolution::new(grid(n, [3, 4, 2]), size, padding);
            Box::new(move |tape, x, w| tape.convolve(x, w, convolution))
        });
    }
}

fn ids(ids: &[i32]) -> Tensor<1, Int> {
    let data = TensorData::new(ids.to_vec(), [ids.len()]);
    Tensor::from_data(data, compute().device())
}

/// Two examples of three words, one of them padding; words are repeated within
/// an example and between them.
fn words() -> Lookup {
    Lookup {
        ids: ids(&[4, 1, 4, 1, 1, 0]),
        rows: 5,
    }
}

fn embed(tape: &mut Tape, table: Var) -> Var {
    let here = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
    let here = tape.constant(compute().matrix(&here, [6, 1]));
    tape.bilinear(here, table, words())
}

#[test]
fn repeated_words() {
    check("embedding", 2, &[[5, 3]], |tape, p| embed(tape, p[0]));
    check("embedding read twice", 2, &[[5, 3]], |tape, p| {
        let (a, b) = (embed(tape, p[0]), embed(tape, p[0]));
        tape.bilinear(a, b, Hadamard)
    });
}

#[test]
fn products_of_two_values() {
    check("gate", 2, &[[2, 3], [2, 3]], |tape, p| {
        let (a, b) = (layer(tape, p[0], 4, 5), layer(tape, p[1], 4, 6));
        tape.bilinear(a, b, Hadamard)
    });
    check("square", 2, &[[2, 3]], |tape, p| {
        let a = layer(tape, p[0], 4, 5);
        tape.bilinear(a, a, Hadamard)
    });
    for transposed in [true, false] {
        check("in groups", 2, &[[2, 3], [2, 3]], move |tape, p| {
            let (a, b) = (layer(tape, p[0], 6, 5), layer(tape, p[1], 6, 6));
            let op = PerGroup {
                groups: 2,
                transposed,
            };
            tape.bilinear(a, b, op)
        });
    }
}

/// Scores of words with words, their softmax, and what it picks: each of the
/// three factors has second derivatives of its own.
#[test]
fn attention() {
    check("attention", 2, &[[2, 4], [2, 4], [2, 4]], |tape, p| {
        let [q, k, v] = [0, 1, 2].map(|part| {
            let value = layer(tape, p[part], 6, 5);
            let value = tape.linear(
                value,
                Heads {
                    examples: 2,
                    heads: 2,
                },
            );
            tape.hold(value);
            value
        });
        let within = |transposed| PerGroup {
            groups: 4,
            transposed,
        };
        let scores = tape.bilinear(q, k, within(true));
        let weights = tape.map(scores, Softmax::of);
        let mixed = tape.bilinear(weights, v, within(false));
        let heads = Heads {
            examples: 2,
            heads: 2,
        };
        tape.linear(mixed, Transposed(heads))
    });
}

#[test]
fn values_that_are_read_more_than_once() {
    // A product and a sum, each read by three operations and a residual sum.
    check("residual", 3, &[[2, 3], [3, 3], [1, 3]], |tape, p| {
        let x = layer(tape, p[0], 6, 5);
        let inner = tape.relu(x);
        let inner = tape.product(inner, p[1]);
        let sum = tape.add(inner, p[2]);
        let again = tape.relu(sum);
        let total = tape.add(sum, x);
        let total = tape.add(total, again);
        tape.add(total, sum)
    });
    check("beside", 2, &[[2, 3], [2, 2]], |tape, p| {
        let (a, b) = (layer(tape, p[0], 4, 5), layer(tape, p[1], 4, 6));
        let data = tape.constant(random([4, 1], 9));
        let both = tape.beside(&[a, data, b, a]);
        tape.bilinear(both, both, Hadamard)
    });
    check(
        "beside, in a row",
        2,
        &[[2, 3], [3, 2], [5, 2]],
        |tape, p| {
            let a = layer(tape, p[0], 4, 5);
            let b = tape.relu(a);
            let b = tape.product(b, p[1]);
            let both = tape.beside(&[a, b]);
            tape.product(both, p[2])
        },
    );
    check("one parameter twice", 2, &[[2, 2]], |tape, p| {
        let a = layer(tape, p[0], 4, 5);
        let a = tape.relu(a);
        tape.product(a, p[0])
    });
    check("one bias twice", 2, &[[2, 2], [1, 2]], |tape, p| {
        let a = layer(tape, p[0], 4, 5);
        let a = tape.add(a, p[1]);
        let a = tape.bilinear(a, p[1], ScaleColumns);
        tape.add(a, p[1])
    });
}

/// Parameters that are changed before examples meet them: shares go through a
/// sweep for each example.
#[test]
fn functions_of_parameters_alone() {
    check("tied weights", 2, &[[2, 3]], |tape, p| {
        let a = layer(tape, p[0], 4, 5);
        let turned = tape.linear(p[0], Turned);
        tape.product(a, turned)
    });
    check("weights of weights", 2, &[[2, 3], [3, 3]], |tape, p| {
        let product = tape.product(p[0], p[1]);
        let weight = tape.map(product, Elementwise::tanh);
        layer(tape, weight, 4, 5)
    });
    check("rows of one example", 1, &[[2, 3], [4, 3]], |tape, p| {
        let a = layer(tape, p[0], 4, 5);
        tape.add(a, p[1])
    });
}

struct Turned;

impl Map for Turned {
    fn push(&self, x: Matrix) -> Matrix {
        x.transpose()
    }

    fn pull(&self, y: Matrix) -> Matrix {
        y.transpose()
    }
}

/// Two steps of a gated cell with one weight for both.
#[test]
fn recurrence() {
    check("recurrence", 2, &[[2, 6], [3, 6], [1, 6]], |tape, p| {
        let words = tape.constant(random([6, 2], 5));
        let inputs = tape.product(words, p[0]);
        let mut state = tape.constant(random([2, 3], 6));
        for step in 0..3 {
            let input = tape.linear(inputs, EachStep { step, steps: 3 });
            let from_state = tape.product(state, p[1]);
            let sum = tape.add(input, from_state);
            let sum = tape.add(sum, p[2]);
            let [gate, value] = [0, 3].map(|first| {
                tape.hold(sum);
                tape.linear(
                    sum,
                    Columns {
                        first,
                        count: 3,
                        all: 6,
                    },
                )
            });
            let gate = tape.map(gate, Elementwise::sigmoid);
            let value = tape.map(value, Elementwise::tanh);
            state = tape.bilinear(gate, value, Hadamard);
        }
        state
    });
}

#[test]
fn a_batch_that_is_one_row_standardises_to_zero_without_derivatives() {
    let (op, value) = Standardise::of(&random([1, 3], 1), Over::Rows, 1e-5);
    assert_eq!(to_host(value), [0.0; 3]);
    assert_eq!(to_host(op.push(random([1, 3], 2))), [0.0; 3]);
}

#[test]
fn a_bilinear_operation_without_a_form_for_shares_is_found_another_way() {
    struct Plain;
    impl Bilinear for Plain {
        fn apply(&self, a: &Matrix, b: &Matrix) -> Matrix {
            ScaleColumns.apply(a, b)
        }
        fn pull_left(&self, c: &Matrix, b: &Matrix) -> Matrix {
            ScaleColumns.pull_left(c, b)
        }
        fn pull_right(&self, c: &Matrix, a: &Matrix) -> Matrix {
            ScaleColumns.pull_right(c, a)
        }
        fn share(
            &self,
            _: &Matrix,
            _: &Matrix,
            _: usize,
        ) -> Option<breakeven_empirical::tape::Share> {
            None
        }
    }
    check_shared("plain", [2, 3], [1, 3], |_| {
        Box::new(|tape, x, b| tape.bilinear(x, b, Plain))
    });
}
