//! The squared error of outputs.

use super::map::size;
use super::{Map, Matrix, Targets};

/// ℓ = ½ ‖z − y‖² for each row of outputs z, y a one at the true class and
/// zeros elsewhere (as in Cohen et al., 2021). Its Hessian by z is I.
pub struct SquaredError {
    /// z − y.
    gradient: Matrix,
}

impl SquaredError {
    /// The operation and its value, `[n, 1]`.
    pub fn of(outputs: &Matrix, Targets(targets): &Targets) -> (Self, Matrix) {
        let gradient = outputs.clone() - targets.clone();
        let value = gradient.clone().square().sum_dim(1).mul_scalar(0.5);
        (Self { gradient }, value)
    }
}

impl Map for SquaredError {
    fn push(&self, dz: Matrix) -> Matrix {
        (self.gradient.clone() * dz).sum_dim(1)
    }

    fn pull(&self, c: Matrix) -> Matrix {
        self.gradient.clone() * c
    }

    fn bends(&self) -> bool {
        true
    }

    fn bend(&self, dz: &Matrix, v: &Matrix) -> Matrix {
        (dz.clone() * v.clone()).sum_dim(1)
    }

    fn bend_back(&self, dz: &Matrix, c: &Matrix) -> Matrix {
        dz.clone() * c.clone()
    }

    // The rows e_c.
    fn hessian_roots(&self) -> Option<Vec<Matrix>> {
        let [examples, classes] = self.gradient.dims();
        let zeros = self.gradient.zeros_like();
        let root = |class: usize| {
            let ones = zeros.clone().narrow(1, class, 1).ones_like();
            zeros
                .clone()
                .slice_assign([0..examples, class..class + 1], ones)
        };
        Some((0..classes).map(root).collect())
    }

    fn numbers(&self) -> usize {
        size(&self.gradient)
    }
}
