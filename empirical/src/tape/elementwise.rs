//! Functions of each number for itself.

use burn::tensor::{Bool, Tensor};

use super::map::size;
use super::{Map, Matrix};

/// f at each number, through f′ and, where it is not 0, f″ there.
pub struct Elementwise {
    first: Matrix,
    second: Option<Matrix>,
}

impl Elementwise {
    /// `max(x, 0)`, with derivative 0 at 0; its value is its derivative times x.
    pub fn rectifier(x: &Matrix) -> Self {
        Self {
            first: ones_where(x.clone().greater_elem(0.0), x),
            second: None,
        }
    }

    /// 1/(1 + e⁻ˣ), and its value.
    pub fn sigmoid(x: &Matrix) -> (Self, Matrix) {
        let value = burn::tensor::activation::sigmoid(x.clone());
        let first = value.clone() * less_than_one(value.clone());
        let second = first.clone() * value.clone().mul_scalar(-2.0).add_scalar(1.0);
        (Self::with(first, second), value)
    }

    /// tanh, and its value.
    pub fn tanh(x: &Matrix) -> (Self, Matrix) {
        let value = x.clone().tanh();
        let first = less_than_one(value.clone().square());
        let second = first.clone() * value.clone().mul_scalar(-2.0);
        (Self::with(first, second), value)
    }

    /// x Φ(x), Φ the normal distribution's, and its value (Hendrycks and
    /// Gimpel, 2016; the exact form, not its approximation by tanh).
    pub fn gelu(x: &Matrix) -> (Self, Matrix) {
        let below = x
            .clone()
            .mul_scalar(std::f64::consts::FRAC_1_SQRT_2)
            .erf()
            .add_scalar(1.0)
            .mul_scalar(0.5);
        let density = x
            .clone()
            .square()
            .mul_scalar(-0.5)
            .exp()
            .mul_scalar((2.0 * std::f64::consts::PI).sqrt().recip());
        let first = below.clone() + x.clone() * density.clone();
        let second = density * x.clone().square().neg().add_scalar(2.0);
        (Self::with(first, second), x.clone() * below)
    }

    /// The approximation of [`Self::gelu`] by tanh, x (1 + tanh u)/2 with
    /// u = √(2/π) (x + 0.044715 x³), and its value (the same authors).
    pub fn gelu_tanh(x: &Matrix) -> (Self, Matrix) {
        const CUBE: f64 = 0.044_715;
        let root = (2.0 / std::f64::consts::PI).sqrt();
        let square = x.clone().square();
        let inner = square.clone().mul_scalar(CUBE).add_scalar(1.0) * x.clone();
        let t = inner.mul_scalar(root).tanh();
        let slope = square
            .mul_scalar(3.0 * CUBE)
            .add_scalar(1.0)
            .mul_scalar(root);
        // Of tanh u along x.
        let rise = less_than_one(t.clone().square()) * slope.clone();
        let below = t.clone().add_scalar(1.0).mul_scalar(0.5);
        let half = x.clone().mul_scalar(0.5);
        let first = below.clone() + half.clone() * rise.clone();
        let bent = x.clone().mul_scalar(6.0 * CUBE * root) * less_than_one(t.clone().square())
            - rise.clone() * t.mul_scalar(2.0) * slope;
        let second = rise + half * bent;
        (Self::with(first, second), x.clone() * below)
    }

    fn with(first: Matrix, second: Matrix) -> Self {
        Self {
            first,
            second: Some(second),
        }
    }
}

impl Map for Elementwise {
    fn push(&self, dx: Matrix) -> Matrix {
        dx * self.first.clone()
    }

    fn pull(&self, c: Matrix) -> Matrix {
        c * self.first.clone()
    }

    fn bends(&self) -> bool {
        self.second.is_some()
    }

    fn bend(&self, dx: &Matrix, v: &Matrix) -> Matrix {
        let second = self.second.as_ref().expect("a function that bends");
        dx.clone() * v.clone() * second.clone()
    }

    fn numbers(&self) -> usize {
        size(&self.first) + self.second.as_ref().map_or(0, size)
    }
}

/// x times a number.
#[derive(Clone, Copy, Debug)]
pub struct Times(pub f64);

impl Map for Times {
    fn push(&self, x: Matrix) -> Matrix {
        x.mul_scalar(self.0)
    }

    fn pull(&self, y: Matrix) -> Matrix {
        y.mul_scalar(self.0)
    }
}

/// 1 − x.
pub(super) fn less_than_one(x: Matrix) -> Matrix {
    x.neg().add_scalar(1.0)
}

/// 1 where `mask` is true, in the precision of `like`.
pub(super) fn ones_where<const D: usize>(mask: Tensor<D, Bool>, like: &Tensor<D>) -> Tensor<D> {
    mask.float().cast(like.dtype())
}
