//! Long short-term memory.

use super::{Forward, Layout};
use crate::parameters::Role;
use crate::tape::{Columns, EachStep, LstmCell, Var};

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
        let columns = |first| Columns {
            first: first * self.hidden,
            count: self.hidden,
            all: 2 * self.hidden,
        };
        // The words' part of the gates' sums, of all steps at once.
        let from_words = on.tape.product(words, on.parameter(self.input));
        let from_words = on.tape.add(from_words, on.parameter(self.input_bias));
        let from_words = on.tape.add(from_words, on.parameter(self.state_bias));
        on.tape.hold(from_words);
        let zeros = vec![0.0; examples * self.hidden];
        let mut cell = on.constant(&zeros, [examples, self.hidden]);
        let mut states: Vec<Var> = Vec::with_capacity(steps);
        for step in 0..steps {
            let mut sums = on.tape.linear(from_words, EachStep { step, steps });
            // The state before the first word is zero.
            if let Some(&state) = states.last() {
                let from_state = on.tape.product(state, on.parameter(self.state));
                sums = on.tape.add(from_state, sums);
            }
            let sums_and_cell = on.tape.beside(&[sums, cell]);
            let next = on.tape.map(sums_and_cell, LstmCell::of);
            cell = on.tape.linear(next, columns(0));
            states.push(on.tape.linear(next, columns(1)));
        }
        states
    }
}
