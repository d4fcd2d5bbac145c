//! The cell of tensor operations.

use burn::tensor::Tensor;

use super::super::elementwise::less_than_one;
use super::super::map::size;
use super::super::{Map, Matrix};

/// Columns of x: the sums of the gates i, f, g, o, and the cell.
const INPUT: usize = 0;
const FORGET: usize = 1;
const UPDATE: usize = 2;
const OUTPUT: usize = 3;
const CELL: usize = 4;

/// With `G` the gates, `M = (g, c, i, tanh c')` what each is multiplied by, and
/// `P = (M ∘ G' | f)` `[r, 5h]`, a change dx makes `dc'` of the columns of
/// `P ∘ dx` but a_o's, and `ds = q ∘ dc' +` that of a_o, `q = o ∘ (1 − tanh² c')`.
pub(super) struct Tensors {
    /// G: `[r, 4h]`.
    gates: Matrix,
    /// G'.
    slopes: Matrix,
    /// M.
    partners: Matrix,
    /// P.
    gains: Matrix,
    /// 1 − tanh² c'.
    shown_slope: Matrix,
    /// q.
    cell_to_state: Matrix,
}

impl Tensors {
    /// At x, and its value there.
    pub(super) fn of(x: &Matrix) -> (Self, Matrix) {
        let hidden = x.dims()[1] / 5;
        let [input, forget, output] =
            [INPUT, FORGET, OUTPUT].map(|gate| sigmoid(part(x, gate, hidden)));
        let update = part(x, UPDATE, hidden).tanh();
        let gates = beside([
            input.clone(),
            forget.clone(),
            update.clone(),
            output.clone(),
        ]);
        let cell = part(x, CELL, hidden);
        let next = cell.clone() * forget.clone() + update.clone() * input.clone();
        let shown = next.clone().tanh();
        let value = beside([next, shown.clone() * output.clone()]);

        let squares = gates.clone().square();
        let slope_of_tanh = less_than_one(part(&squares, UPDATE, hidden));
        let slopes = with_part(gates.clone() - squares, UPDATE, slope_of_tanh);
        let shown_slope = less_than_one(shown.clone().square());
        let partners = beside([update, cell, input, shown]);
        let at = Self {
            gains: beside([partners.clone() * slopes.clone(), forget]),
            cell_to_state: shown_slope.clone() * output,
            gates,
            slopes,
            partners,
            shown_slope,
        };
        (at, value)
    }

    fn hidden(&self) -> usize {
        self.shown_slope.dims()[1]
    }

    /// Change of c', and what a_o adds to that of s, for `gains ∘ dx`.
    fn sums(&self, products: &Matrix) -> [Matrix; 2] {
        let [input, forget, update, output, cell] =
            [INPUT, FORGET, UPDATE, OUTPUT, CELL].map(|k| part(products, k, self.hidden()));
        [input + forget + update + cell, output]
    }

    /// Cotangents of the columns that `gains` is multiplied by: that of c' for
    /// all but a_o, and that of s.
    fn spread(next: Matrix, state: Matrix) -> Matrix {
        beside([next.clone(), next.clone(), next.clone(), state, next])
    }

    /// Cotangents of c', what it adds to s included, and of s.
    fn cotangents(&self, c: &Matrix) -> [Matrix; 2] {
        let [next, state] = [0, 1].map(|k| part(c, k, self.hidden()));
        [state.clone() * self.cell_to_state.clone() + next, state]
    }

    /// The derivatives of P and q where x moves along `dx`.
    fn moved(&self, dx: &Matrix) -> [Matrix; 2] {
        let hidden = self.hidden();
        let [next, _] = self.sums(&(dx.clone() * self.gains.clone()));
        let of_gates = dx.clone().narrow(1, 0, 4 * hidden) * self.slopes.clone();
        let [input, forget, update, output] =
            [INPUT, FORGET, UPDATE, OUTPUT].map(|gate| part(&of_gates, gate, hidden));

        // σ'' = σ' (1 − 2σ) and tanh'' = −2 tanh' tanh.
        let twice = self.gates.clone() * of_gates.clone() * 2.0;
        let of_tanh = part(&twice, UPDATE, hidden).neg();
        let of_slopes = with_part(of_gates - twice, UPDATE, of_tanh);

        let shown = part(&self.partners, OUTPUT, hidden);
        let of_shown = next.clone() * self.shown_slope.clone();
        let of_partners = beside([update, part(dx, CELL, hidden), input, of_shown]);
        let of_gains = of_partners * self.slopes.clone() + self.partners.clone() * of_slopes;
        let of_cell_to_state =
            output * self.shown_slope.clone() - next * shown * self.cell_to_state.clone() * 2.0;
        [beside([of_gains, forget]), of_cell_to_state]
    }
}

impl Map for Tensors {
    fn push(&self, dx: Matrix) -> Matrix {
        let [next, from_output] = self.sums(&(dx * self.gains.clone()));
        let state = next.clone() * self.cell_to_state.clone() + from_output;
        beside([next, state])
    }

    fn pull(&self, c: Matrix) -> Matrix {
        let [next, state] = self.cotangents(&c);
        Self::spread(next, state) * self.gains.clone()
    }

    fn bends(&self) -> bool {
        true
    }

    fn bend(&self, dx: &Matrix, v: &Matrix) -> Matrix {
        let [of_gains, of_cell_to_state] = self.moved(dx);
        let [next, _] = self.sums(&(v.clone() * self.gains.clone()));
        let [bent, from_output] = self.sums(&(v.clone() * of_gains));
        let state = next * of_cell_to_state + bent.clone() * self.cell_to_state.clone();
        beside([bent, state + from_output])
    }

    fn bend_back(&self, dx: &Matrix, c: &Matrix) -> Matrix {
        let [of_gains, of_cell_to_state] = self.moved(dx);
        let [next, state] = self.cotangents(c);
        let bent = state.clone() * of_cell_to_state;
        let none = bent.zeros_like();
        Self::spread(next, state) * of_gains + Self::spread(bent, none) * self.gains.clone()
    }

    fn numbers(&self) -> usize {
        let all = [
            &self.gates,
            &self.slopes,
            &self.partners,
            &self.gains,
            &self.shown_slope,
            &self.cell_to_state,
        ];
        all.into_iter().map(size).sum()
    }
}

fn beside<const N: usize>(parts: [Matrix; N]) -> Matrix {
    Tensor::cat(parts.into(), 1)
}

/// The `k`-th of as many columns.
fn part(x: &Matrix, k: usize, columns: usize) -> Matrix {
    x.clone().narrow(1, k * columns, columns)
}

/// `x` with other numbers in its `k`-th columns.
fn with_part(x: Matrix, k: usize, part: Matrix) -> Matrix {
    let [rows, columns] = part.dims();
    x.slice_assign([0..rows, k * columns..(k + 1) * columns], part)
}

/// 1/(1 + e⁻ˣ), also where e⁻ˣ overflows; without the case for each sign that
/// Burn's own has, which a processor guesses wrong half of the time.
fn sigmoid(x: Matrix) -> Matrix {
    x.neg().exp().add_scalar(1.0).recip()
}
