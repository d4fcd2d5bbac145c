//! Long short-term memory.

use super::{Forward, Layout};
use crate::parameters::Role;
use crate::tape::{Columns, EachStep, Elementwise, Hadamard, Var};

/// One layer of long short-term memory (Hochreiter and Schmidhuber, 1997) with
/// PyTorch's gates: input, forget, cell and output side by side.
#[derive(Clone, Copy, Debug)]
pub struct Lstm {
    input: usize,
    state: usize,
    input_bias: usize,
    state_bias: usize,
    hidden: usize,
}

impl Layout {
    /// A layer of `hidden` units.
    pub fn lstm(&mut self, name: &str, inputs: usize, hidden: usize) -> Lstm {
        let outputs = 4 * hidden;
        let weight = |inputs| Role::Dense { inputs, outputs };
        Lstm {
            input: self.parameter(format!("{name}.weight_ih_l0"), weight(inputs)),
            state: self.parameter(format!("{name}.weight_hh_l0"), weight(hidden)),
            input_bias: self.parameter(format!("{name}.bias_ih_l0"), Role::Bias { outputs }),
            state_bias: self.parameter(format!("{name}.bias_hh_l0"), Role::Bias { outputs }),
            hidden,
        }
    }
}

impl Lstm {
    /// The state after each of `steps` words, for `[n · steps, inputs]`: one
    /// `[n, hidden]` a step.
    pub fn of(&self, on: &mut Forward, words: Var, steps: usize) -> Vec<Var> {
        let examples = on.tape.shape(words)[0] / steps;
        let zeros = vec![0.0; examples * self.hidden];
        let mut cell = on.constant(&zeros, [examples, self.hidden]);
        let mut state = cell;
        let mut states = Vec::with_capacity(steps);
        for step in 0..steps {
            let word = on.tape.linear(words, EachStep { step, steps });
            let from_word = on.tape.product(word, on.parameter(self.input));
            let from_word = on.tape.add(from_word, on.parameter(self.input_bias));
            let from_state = on.tape.product(state, on.parameter(self.state));
            let from_state = on.tape.add(from_state, on.parameter(self.state_bias));
            let sum = on.tape.add(from_word, from_state);
            on.tape.hold(sum);
            let [input, forget, update, output] = [0, 1, 2, 3].map(|gate| {
                let columns = Columns {
                    first: gate * self.hidden,
                    count: self.hidden,
                    all: 4 * self.hidden,
                };
                let gate_sum = on.tape.linear(sum, columns);
                if gate == 2 {
                    tanh(on, gate_sum)
                } else {
                    sigmoid(on, gate_sum)
                }
            });
            let kept = on.tape.bilinear(cell, forget, Hadamard);
            let new = on.tape.bilinear(update, input, Hadamard);
            cell = on.tape.add(kept, new);
            let shown = tanh(on, cell);
            state = on.tape.bilinear(shown, output, Hadamard);
            states.push(state);
        }
        states
    }
}

pub(super) fn tanh(on: &mut Forward, x: Var) -> Var {
    let (map, value) = Elementwise::tanh(on.tape.hold(x));
    on.tape.map(x, map, value)
}

fn sigmoid(on: &mut Forward, x: Var) -> Var {
    let (map, value) = Elementwise::sigmoid(on.tape.hold(x));
    on.tape.map(x, map, value)
}
