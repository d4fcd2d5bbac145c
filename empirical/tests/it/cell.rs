//! The cell of a long short-term memory.

use breakeven_empirical::compute::Compute;
use breakeven_empirical::tape::{Columns, EachStep, LstmCell, Matrix, Tape, Var};

use crate::checker::{Case, check_alike, check_op, random};

type Cell = fn(&Matrix) -> (LstmCell, Matrix);

/// Both ways to compute the cell, which are the same on cards: for the checker, and
/// each beside the other.
pub fn long_short_term_memory(on: &Compute) {
    for hidden in [1, 2, 19] {
        let [fused, of_tensors] = [LstmCell::of, LstmCell::of_tensors]
            .map(|cell: Cell| move |tape: &mut Tape, p: &[Var]| three_steps(tape, p, hidden, cell));
        let case = |build| Case {
            name: "LSTM",
            examples: 2,
            parameters: vec![[2, 4 * hidden], [hidden, 4 * hidden], [1, 4 * hidden]],
            build,
        };
        let [fused, of_tensors] = [case(&fused), case(&of_tensors)];
        if hidden < 10 {
            check_op(on, &fused);
            check_op(on, &of_tensors);
        }
        check_alike(on, &fused, &of_tensors);
    }
}

/// Three steps of a cell, whose weights, states and cell are read again.
fn three_steps(tape: &mut Tape, p: &[Var], hidden: usize, cell_at: Cell) -> Var {
    let like = tape.value(p[0]).clone();
    let words = tape.constant(random(&like, [6, 2], 5));
    let inputs = tape.product(words, p[0]);
    let inputs = tape.add(inputs, p[2]);
    tape.hold(inputs);
    let mut state = tape.constant(random(&like, [2, hidden], 6));
    let mut cell = tape.constant(random(&like, [2, hidden], 7));
    let mut shown = Vec::new();
    for step in 0..3 {
        let input = tape.linear(inputs, EachStep { step, steps: 3 });
        let from_state = tape.product(state, p[1]);
        let sums = tape.add(from_state, input);
        let sums_and_cell = tape.beside(&[sums, cell]);
        let next = tape.map(sums_and_cell, cell_at);
        let [count, all] = [hidden, 2 * hidden];
        [cell, state] = [0, hidden].map(|first| tape.linear(next, Columns { first, count, all }));
        shown.push(state);
    }
    shown.push(cell);
    tape.beside(&shown)
}
