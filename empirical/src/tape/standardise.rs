//! Mean 0 and variance 1: what batch and layer normalisation share.

use super::map::size;
use super::{Lane, Map, Matrix};

/// What a mean and a variance are taken over.
#[derive(Clone, Debug)]
pub enum Over {
    /// All rows of all lanes of a batch, for each column: batch normalisation
    /// (Ioffe and Szegedy, 2015). An example's values then depend on its batch.
    Rows(Lane),
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
        let [mean] = over.means([x.clone()]);
        let centred = x.clone() - mean.clone();
        let [variance] = over.means([centred.clone().square()]);
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

    /// (I − 11ᵀ/n − x̂x̂ᵀ/n) v.
    fn project(&self, v: &Matrix) -> Matrix {
        let [along, mean] = self.over.means([self.value.clone() * v.clone(), v.clone()]);
        v.clone() - mean - self.value.clone() * along
    }
}

impl Over {
    /// The mean of each of several matrices; lanes meet once for all.
    fn means<const N: usize>(&self, all: [Matrix; N]) -> [Matrix; N] {
        match self {
            Self::Rows(lane) => lane.means(all.map(|x| x.mean_dim(0))),
            Self::Columns => all.map(|x| x.mean_dim(1)),
        }
    }
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

    // With means a, b of x̂ dx, dx and p, q of x̂ v, v:
    // −r² (a v + p dx + (mean(dx v) − b q − 3 a p) x̂ − (a q + b p)).
    fn bend(&self, dx: &Matrix, v: &Matrix) -> Matrix {
        let x = &self.value;
        let product = |x: &Matrix, y: &Matrix| x.clone() * y.clone();
        let of_both = [
            product(x, dx),
            dx.clone(),
            product(x, v),
            v.clone(),
            product(dx, v),
        ];
        let [a, b, p, q, m] = self.over.means(of_both);
        let along = m - product(&b, &q) - product(&a, &p).mul_scalar(3.0);
        let level = product(&a, &q) + product(&b, &p);
        let shrink = self.scale.clone().square().neg();
        product(v, &product(&a, &shrink))
            + product(dx, &product(&p, &shrink))
            + product(x, &product(&along, &shrink))
            - level * shrink
    }

    fn couples_examples(&self) -> bool {
        matches!(self.over, Over::Rows(_))
    }

    fn numbers(&self) -> usize {
        size(&self.value) + 3 * size(&self.scale)
    }
}
