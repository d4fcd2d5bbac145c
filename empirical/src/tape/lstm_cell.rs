//! The cell of a long short-term memory.

mod fused;
mod tensors;

use super::host::on_host;
use super::{Map, Matrix};
use fused::Fused;
use tensors::Tensors;

/// One step of long short-term memory (Hochreiter and Schmidhuber, 1997, with
/// the gate f of Gers et al., 2000), from the sums of its gates and its cell to
/// the cell and the state after it: `[a_i | a_f | a_g | a_o | c]` `[r, 5h]` to
/// `[c' | s]` `[r, 2h]`,
///
/// ```text
/// i, f, o = σ(a_i), σ(a_f), σ(a_o)    g = tanh a_g
/// c' = f ∘ c + i ∘ g                  s = o ∘ tanh c'
/// ```
pub struct LstmCell(Box<dyn Map>);

impl LstmCell {
    /// At x, and its value there: in one loop on the CPU, of tensor operations on
    /// cards.
    pub fn of(x: &Matrix) -> (Self, Matrix) {
        on_host!(x, T => Self::boxed(Fused::<T>::of(x)), else Self::of_tensors(x))
    }

    /// The same of tensor operations, on any device.
    pub fn of_tensors(x: &Matrix) -> (Self, Matrix) {
        Self::boxed(Tensors::of(x))
    }

    fn boxed<M: Map + 'static>((map, value): (M, Matrix)) -> (Self, Matrix) {
        (Self(Box::new(map)), value)
    }
}

impl Map for LstmCell {
    fn push(&self, dx: Matrix) -> Matrix {
        self.0.push(dx)
    }

    fn pull(&self, c: Matrix) -> Matrix {
        self.0.pull(c)
    }

    fn bends(&self) -> bool {
        true
    }

    fn bend(&self, dx: &Matrix, v: &Matrix) -> Matrix {
        self.0.bend(dx, v)
    }

    fn bend_back(&self, dx: &Matrix, c: &Matrix) -> Matrix {
        self.0.bend_back(dx, c)
    }

    fn numbers(&self) -> usize {
        self.0.numbers()
    }
}
