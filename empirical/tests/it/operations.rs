//! Every operation of the tape, and graphs in which values are read more than
//! once: a line each, for the checker.

use breakeven_empirical::compute::Compute;
use breakeven_empirical::tape::{
    AveragePool, Bilinear, Columns, Convolution, EachStep, Elementwise, Flatten, Grid, Hadamard,
    Heads, Lane, Lookup, LstmCell, Map, Matrix, MaxPool, MeanPixel, Over, Patches, PerGroup, Rows,
    ScaleColumns, Share, Softmax, Standardise, Tape, Times, Together, Transposed, Var, Winners,
};
use burn::tensor::{Int, Tensor, TensorData};

use crate::cell::long_short_term_memory;
use crate::checker::{check, check_linear, check_map, check_shared, given, layer, random};

/// Checks the operations of each function on the CPU, and on Vulkan.
macro_rules! on_every_device {
    ($($table:ident)*) => {
        mod on_the_cpu {
            $(#[test]
            fn $table() {
                super::$table(&crate::checker::exact());
            })*
        }

        mod in_32_bits {
            $(#[test]
            fn $table() {
                super::$table(&crate::checker::single());
            })*
        }

        #[cfg(feature = "wgpu")]
        mod on_wgpu {
            $(#[test]
            #[ignore = "needs a Vulkan device"]
            fn $table() {
                super::$table(&crate::device::wgpu());
            })*
        }
    };
}

on_every_device! {
    functions_of_each_number
    softmax_and_standardisation
    rearrangements_and_pooling
    products_with_parameters
    repeated_words
    products_of_two_values
    attention
    values_that_are_read_more_than_once
    functions_of_parameters_alone
    recurrence
    long_short_term_memory
    a_bilinear_operation_without_a_form_for_shares
}

fn grid(examples: usize, [height, width, channels]: [usize; 3]) -> Grid {
    Grid {
        examples,
        height,
        width,
        channels,
    }
}

fn functions_of_each_number(on: &Compute) {
    check_map(on, "sigmoid", [2, 3], Elementwise::sigmoid);
    check_map(on, "tanh", [2, 3], Elementwise::tanh);
    check_map(on, "gelu", [2, 3], Elementwise::gelu);
    check_map(on, "gelu by tanh", [2, 3], Elementwise::gelu_tanh);
    check_map(on, "a cell of an LSTM", [3, 10], LstmCell::of);
    check_linear(on, "relu", [2, 3], Elementwise::rectifier);
    check_linear(on, "times", [2, 3], |_| Times(-1.5));
}

fn softmax_and_standardisation(on: &Compute) {
    check_map(on, "softmax", [2, 4], Softmax::of);
    for epsilon in [1e-5, 0.5] {
        check_map(on, "layer norm", [2, 4], |x| {
            Standardise::of(x, Over::Columns, epsilon)
        });
        check_map(on, "batch norm", [4, 3], |x| {
            Standardise::of(x, Over::Rows(Lane::alone(x.dims()[0])), epsilon)
        });
    }
}

fn rearrangements_and_pooling(on: &Compute) {
    let (columns, all) = (4, 4);
    check_linear(on, "columns", [2, columns], |_| Columns {
        first: 1,
        count: 2,
        all,
    });
    for step in 0..3 {
        check_linear(on, "each step", [3, 2], |_| EachStep { step, steps: 3 });
    }
    check_linear(on, "rows", [3, 2], |x| {
        let examples = x.dims()[0] / 3;
        let last = [2, 0, 1].into_iter().take(examples);
        let chosen: Vec<i32> = last.enumerate().map(|(n, k)| 3 * n as i32 + k).collect();
        Rows {
            ids: ids(x, &chosen),
            rows: x.dims()[0],
        }
    });
    check_linear(on, "together", [3, 2], |_| Together { positions: 3 });
    check_linear(on, "apart", [1, 6], |_| {
        Transposed(Together { positions: 3 })
    });
    check_linear(on, "heads", [2, 6], |x| Heads {
        examples: x.dims()[0] / 2,
        heads: 3,
    });
    let side = |x: &Matrix, shape| grid(x.dims()[0] / 20, shape);
    let shape = [4, 5, 2];
    check_linear(on, "flatten", [20, 2], |x| Flatten(side(x, shape)));
    check_linear(on, "max pool", [20, 2], |x| MaxPool::new(side(x, shape), x));
    check_linear(on, "mean pixel", [20, 2], |x| MeanPixel(side(x, shape)));
    for size in [1, 2, 3] {
        check_linear(on, "average pool", [20, 2], |x| {
            AveragePool::new(side(x, shape), size)
        });
    }
    for (size, stride, padding) in [(2, 2, 0), (3, 2, 1), (3, 1, 0), (1, 2, 0), (2, 3, 1)] {
        check_linear(on, "patches", [20, 2], |x| {
            Patches::new(side(x, shape), size, stride, padding)
        });
        check_linear(on, "winners", [20, 2], |x| {
            Winners::new(side(x, shape), [size, stride, padding], x)
        });
    }
}

fn products_with_parameters(on: &Compute) {
    for positions in [1, 2, 7] {
        check_shared(on, "dense", [positions, 3], [3, 2], |_| {
            Box::new(|tape, x, w| tape.product(x, w))
        });
        check_shared(on, "bias", [positions, 3], [1, 3], |_| {
            Box::new(|tape, x, b| tape.add(x, b))
        });
        check_shared(on, "scale", [positions, 3], [1, 3], |_| {
            Box::new(|tape, x, b| tape.bilinear(x, b, ScaleColumns))
        });
    }
    for (size, padding) in [(1, 0), (2, 1), (3, 1), (3, 0)] {
        check_shared(on, "convolution", [12, 2], [size * size * 2, 3], move |n| {
            let convolution = Convolution::new(grid(n, [3, 4, 2]), size, padding);
            Box::new(move |tape, x, w| tape.convolve(x, w, convolution))
        });
    }
}

/// Numbers of rows, on the device of `like`.
fn ids(like: &Matrix, ids: &[i32]) -> Tensor<1, Int> {
    let data = TensorData::new(ids.to_vec(), [ids.len()]);
    Tensor::from_data(data, &like.device())
}

/// Two examples of three words, one of them padding; words are repeated within
/// an example and between them.
fn words(like: &Matrix) -> Lookup {
    Lookup {
        ids: ids(like, &[4, 1, 4, 1, 1, 0]),
        rows: 5,
    }
}

fn embed(tape: &mut Tape, table: Var) -> Var {
    let here = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
    let like = tape.value(table).clone();
    let here = tape.constant(given(&like, &here, [6, 1]));
    tape.bilinear(here, table, words(&like))
}

fn repeated_words(on: &Compute) {
    check(on, "embedding", 2, &[[5, 3]], |tape, p| embed(tape, p[0]));
    check(on, "embedding read twice", 2, &[[5, 3]], |tape, p| {
        let (a, b) = (embed(tape, p[0]), embed(tape, p[0]));
        tape.bilinear(a, b, Hadamard)
    });
}

fn products_of_two_values(on: &Compute) {
    check(on, "gate", 2, &[[2, 3], [2, 3]], |tape, p| {
        let (a, b) = (layer(tape, p[0], 4, 5), layer(tape, p[1], 4, 6));
        tape.bilinear(a, b, Hadamard)
    });
    check(on, "square", 2, &[[2, 3]], |tape, p| {
        let a = layer(tape, p[0], 4, 5);
        tape.bilinear(a, a, Hadamard)
    });
    for transposed in [true, false] {
        check(on, "in groups", 2, &[[2, 3], [2, 3]], move |tape, p| {
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
fn attention(on: &Compute) {
    check(on, "attention", 2, &[[2, 4], [2, 4], [2, 4]], |tape, p| {
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

fn values_that_are_read_more_than_once(on: &Compute) {
    // A product and a sum, each read by three operations and a residual sum.
    check(on, "residual", 3, &[[2, 3], [3, 3], [1, 3]], |tape, p| {
        let x = layer(tape, p[0], 6, 5);
        let inner = tape.relu(x);
        let inner = tape.product(inner, p[1]);
        let sum = tape.add(inner, p[2]);
        let again = tape.relu(sum);
        let total = tape.add(sum, x);
        let total = tape.add(total, again);
        tape.add(total, sum)
    });
    check(on, "beside", 2, &[[2, 3], [2, 2]], |tape, p| {
        let (a, b) = (layer(tape, p[0], 4, 5), layer(tape, p[1], 4, 6));
        let data = random(tape.value(a), [4, 1], 9);
        let data = tape.constant(data);
        let both = tape.beside(&[a, data, b, a]);
        tape.bilinear(both, both, Hadamard)
    });
    check(
        on,
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
    check(on, "one parameter twice", 2, &[[2, 2]], |tape, p| {
        let a = layer(tape, p[0], 4, 5);
        let a = tape.relu(a);
        tape.product(a, p[0])
    });
    check(on, "one bias twice", 2, &[[2, 2], [1, 2]], |tape, p| {
        let a = layer(tape, p[0], 4, 5);
        let a = tape.add(a, p[1]);
        let a = tape.bilinear(a, p[1], ScaleColumns);
        tape.add(a, p[1])
    });
}

/// Parameters that are changed before examples meet them: shares go through a
/// sweep for each example.
fn functions_of_parameters_alone(on: &Compute) {
    check(on, "tied weights", 2, &[[2, 3]], |tape, p| {
        let a = layer(tape, p[0], 4, 5);
        let turned = tape.linear(p[0], Turned);
        tape.product(a, turned)
    });
    check(on, "weights of weights", 2, &[[2, 3], [3, 3]], |tape, p| {
        let product = tape.product(p[0], p[1]);
        let weight = tape.map(product, Elementwise::tanh);
        layer(tape, weight, 4, 5)
    });
    check(
        on,
        "rows of one example",
        1,
        &[[2, 3], [4, 3]],
        |tape, p| {
            let a = layer(tape, p[0], 4, 5);
            tape.add(a, p[1])
        },
    );
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
fn recurrence(on: &Compute) {
    check(on, "recurrence", 2, &[[2, 6], [3, 6], [1, 6]], |tape, p| {
        let like = tape.value(p[0]).clone();
        let words = tape.constant(random(&like, [6, 2], 5));
        let inputs = tape.product(words, p[0]);
        let mut state = tape.constant(random(&like, [2, 3], 6));
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

fn a_bilinear_operation_without_a_form_for_shares(on: &Compute) {
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
        fn share(&self, _: &Matrix, _: &Matrix, _: usize) -> Option<Share> {
            None
        }
    }
    check_shared(on, "plain", [2, 3], [1, 3], |_| {
        Box::new(|tape, x, b| tape.bilinear(x, b, Plain))
    });
}
