//! Mean 0 and variance 1: what batch and layer normalisation share.

use super::map::size;
use super::row::{column_means, minus_row, times_row};
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
        let centred = over.minus(x.clone(), &mean);
        let [variance] = over.means([centred.clone().square()]);
        let scale = variance.clone().add_scalar(epsilon).sqrt().recip();
        let value = over.times(centred, &scale);
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
        let over = &self.over;
        let [along, mean] = over.means([self.value.clone() * v.clone(), v.clone()]);
        over.minus(v.clone(), &mean) - over.times(self.value.clone(), &along)
    }
}

impl Over {
    /// The mean of each of several matrices; lanes meet once for all.
    fn means<const N: usize>(&self, all: [Matrix; N]) -> [Matrix; N] {
        match self {
            Self::Rows(lane) => lane.means(all.map(column_means)),
            Self::Columns => all.map(|x| x.mean_dim(1)),
        }
    }

    /// `x` minus the number that each shares, as [`Self::means`] gives them.
    fn minus(&self, x: Matrix, shared: &Matrix) -> Matrix {
        match self {
            Self::Rows(_) => minus_row(x, shared),
            Self::Columns => x - shared.clone(),
        }
    }

    /// `x` times the number that each shares.
    fn times(&self, x: Matrix, shared: &Matrix) -> Matrix {
        match self {
            Self::Rows(_) => times_row(x, shared),
            Self::Columns => x * shared.clone(),
        }
    }
}

impl Map for Standardise {
    fn push(&self, dx: Matrix) -> Matrix {
        self.over.times(self.project(&dx), &self.scale)
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
        let share = |x: &Matrix, by: &Matrix| self.over.times(x.clone(), &product(by, &shrink));
        let sum = share(v, &a) + share(dx, &p) + share(x, &along);
        self.over.minus(sum, &(level * shrink))
    }

    fn couples_examples(&self) -> bool {
        matches!(self.over, Over::Rows(_))
    }

    fn numbers(&self) -> usize {
        size(&self.value) + 3 * size(&self.scale)
    }
}
