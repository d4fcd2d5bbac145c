//! Operations of one value.

use super::Matrix;

/// An operation of one value x, at x, through its derivative J there.
///
/// Values, tangents, gradients, Hessian products and second derivatives take
/// no more of it than J, Jᵀ and, where it is not linear in a neighbourhood of
/// x, the derivative of J.
///
/// An operation of one's own:
///
/// ```
/// use breakeven_empirical::tape::{Map, Matrix, Tape};
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
///
/// /// x² of each number, whose derivative is 2x.
/// struct Square(Matrix);
///
/// impl Map for Square {
///     fn push(&self, dx: Matrix) -> Matrix {
///         self.0.clone() * dx * 2.0
///     }
///
///     fn pull(&self, c: Matrix) -> Matrix {
///         self.push(c)
///     }
///
///     fn bends(&self) -> bool {
///         true
///     }
///
///     fn bend(&self, dx: &Matrix, v: &Matrix) -> Matrix {
///         dx.clone() * v.clone() * 2.0
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// # let one = || compute.full([1, 1], 1.0);
/// let mut tape = Tape::new();
/// let x = tape.constant(compute.full([1, 1], 2.0));
/// let w = tape.parameter(compute.full([1, 1], 3.0));
/// let product = tape.product(x, w);
/// let loss = tape.map(product, |y| (Square(y.clone()), y.clone() * y.clone()));
/// // The derivatives of (xw)² by w are 2x²w and 2x².
/// assert_eq!(to_host(tape.pull_back(loss, one())[0].clone()), [24.0]);
/// assert_eq!(to_host(tape.push_second(loss, &tape.push_tangent(&[one()]))), [8.0]);
/// # Ok(())
/// # }
/// ```
pub trait Map: Send + Sync {
    /// `J dx`.
    fn push(&self, dx: Matrix) -> Matrix;

    /// `Jᵀ c`.
    fn pull(&self, c: Matrix) -> Matrix;

    /// `total + Jᵀ c`; for less, where J reads a small part of x.
    fn pull_onto(&self, total: Matrix, c: Matrix) -> Matrix {
        total + self.pull(c)
    }

    /// Whether J changes with x.
    fn bends(&self) -> bool {
        false
    }

    /// `(D_dx J) v`, the derivative of `J v` where x moves along dx.
    ///
    /// # Panics
    /// Where the map does not bend.
    fn bend(&self, _dx: &Matrix, _v: &Matrix) -> Matrix {
        unreachable!("a map that bends says how")
    }

    /// `(D_dx J)ᵀ c`, the derivative of `Jᵀ c`; the same as [`Self::bend`]
    /// where J is symmetric.
    ///
    /// # Panics
    /// Where the map does not bend.
    fn bend_back(&self, dx: &Matrix, c: &Matrix) -> Matrix {
        self.bend(dx, c)
    }

    /// Rows whose outer products sum to each example's Hessian by the logits,
    /// where this is a loss: see [`super::Tape::hessian_traces`].
    fn hessian_roots(&self) -> Option<Vec<Matrix>> {
        None
    }

    /// Whether rows of one example depend on those of others.
    fn couples_examples(&self) -> bool {
        false
    }

    /// Numbers that it keeps.
    fn numbers(&self) -> usize {
        0
    }
}

/// The transpose of a linear map, as a map.
#[derive(Clone, Copy, Debug)]
pub struct Transposed<M>(pub M);

impl<M: Map> Map for Transposed<M> {
    fn push(&self, x: Matrix) -> Matrix {
        self.0.pull(x)
    }

    fn pull(&self, y: Matrix) -> Matrix {
        self.0.push(y)
    }

    fn numbers(&self) -> usize {
        self.0.numbers()
    }
}

pub(super) fn size(matrix: &Matrix) -> usize {
    matrix.dims().iter().product()
}
