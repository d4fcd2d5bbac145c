//! Mean 0 and variance 1: what batch and layer normalisation share.

use super::map::size;
use super::{Map, Matrix};

/// What a mean and a variance are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// All rows, for each column: batch normalisation (Ioffe and Szegedy,
    /// 2015). An example's values then depend on its batch.
    Rows,
    /// All columns, for each row: layer normalisation (Ba et al., 2016).
    Columns,
}

/// x̂ = (x − μ)/√(σ² + ε), σ² the mean square about μ.
///
/// With r = 1/√(σ² + ε) and means over the n numbers that share μ,
/// J = r (I − 11ᵀ/n − x̂x̂ᵀ/n) and dr = −r² mean(x̂ dx), exactly, whatever ε.
pub struct Standardise {
    over: Over,
    /// x̂.
    value: Matrix,
    /// r: a number a column, or a row.
    scale: Matrix,
    mean: Matrix,
    variance: Matrix,
}

impl Standardise {
    /// At `x`, and its value.
    pub fn of(x: &Matrix, over: Over, epsilon: f64) -> (Self, Matrix) {
        let mean = average(over, x.clone());
        let centred = x.clone() - mean.clone();
        let variance = average(over, centred.clone().square());
        let scale = variance.clone().add_scalar(epsilon).sqrt().recip();
        let value = centred * scale.clone();
        let op = Self {
            over,
            value: value.clone(),
            scale,
            mean,
            variance,
        };
        (op, value)
    }

    /// μ.
    pub fn mean(&self) -> &Matrix {
        &self.mean
    }

    /// σ².
    pub fn variance(&self) -> &Matrix {
        &self.variance
    }

    fn average(&self, x: Matrix) -> Matrix {
        average(self.over, x)
    }

    /// (I − 11ᵀ/n − x̂x̂ᵀ/n) v.
    fn project(&self, v: &Matrix) -> Matrix {
        let along = self.average(self.value.clone() * v.clone());
        v.clone() - self.average(v.clone()) - self.value.clone() * along
    }
}

fn average(over: Over, x: Matrix) -> Matrix {
    x.mean_dim(match over {
        Over::Rows => 0,
        Over::Columns => 1,
    })
}

impl Map for Standardise {
    fn push(&self, dx: Matrix) -> Matrix {
        self.project(&dx) * self.scale.clone()
    }

    fn pull(&self, c: Matrix) -> Matrix {
        self.push(c)
    }

    fn bends(&self) -> bool {
        true
    }

    fn bend(&self, dx: &Matrix, v: &Matrix) -> Matrix {
        let of = |x: &Matrix, y: &Matrix| self.average(x.clone() * y.clone());
        let moved = self.push(dx.clone());
        let shrinks = of(&self.value, dx) * self.scale.clone();
        let turned = moved.clone() * of(&self.value, v) + self.value.clone() * of(&moved, v);
        (self.project(v) * shrinks + turned).neg() * self.scale.clone()
    }

    fn couples_examples(&self) -> bool {
        self.over == Over::Rows
    }

    fn numbers(&self) -> usize {
        size(&self.value) + 3 * size(&self.scale)
    }
}
