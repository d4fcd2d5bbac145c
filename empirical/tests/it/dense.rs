//! Symmetric matrices of known spectrum as operators.

use std::cell::Cell;

use breakeven_empirical::operator::LinearOperator;
use breakeven_empirical::random::{Purpose, stream};
use nalgebra::{DMatrix, DVector};
use rand::Rng;

/// A dense symmetric matrix.
pub struct Dense(pub DMatrix<f64>);

impl Dense {
    /// Q diag(`spectrum`) Qᵀ for a random orthogonal Q.
    pub fn with_spectrum(spectrum: &[f64], seed: u64) -> Self {
        let dim = spectrum.len();
        let q = random(dim, seed).qr().q();
        let a = &q * DMatrix::from_diagonal(&DVector::from_column_slice(spectrum)) * q.transpose();
        Self((&a + a.transpose()) / 2.0)
    }

    /// Independent entries, U(−1, 1).
    pub fn random(dim: usize, seed: u64) -> Self {
        let a = random(dim, seed);
        Self((&a + a.transpose()) / 2.0)
    }

    /// The matrix of an operator, from its products with unit vectors.
    pub fn of(operator: &impl LinearOperator) -> Self {
        let dim = operator.dim();
        let unit =
            |k: usize| -> Vec<f64> { (0..dim).map(|j| f64::from(u8::from(j == k))).collect() };
        let columns: Vec<f64> = (0..dim).flat_map(|k| operator.apply(&unit(k))).collect();
        Self(DMatrix::from_vec(dim, dim, columns))
    }

    /// ‖A − Aᵀ‖/‖A‖.
    pub fn asymmetry(&self) -> f64 {
        (&self.0 - self.0.transpose()).norm() / self.0.norm()
    }

    /// Its eigenvalues, largest first, by nalgebra's dense solver.
    pub fn eigenvalues(&self) -> Vec<f64> {
        let mut values = self.0.symmetric_eigenvalues().as_slice().to_vec();
        values.sort_by(|a, b| b.total_cmp(a));
        values
    }
}

fn random(dim: usize, seed: u64) -> DMatrix<f64> {
    let mut rng = stream(seed, Purpose::Init, 0);
    DMatrix::from_fn(dim, dim, |_, _| rng.random_range(-1.0..1.0))
}

impl LinearOperator for Dense {
    fn dim(&self) -> usize {
        self.0.nrows()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        (&self.0 * DVector::from_column_slice(v))
            .as_slice()
            .to_vec()
    }
}

/// An operator whose products go wrong from the one numbered `good`.
pub struct Spoilt<F> {
    inner: Dense,
    good: usize,
    spoil: F,
    products: Cell<usize>,
}

impl<F: Fn(&mut Vec<f64>)> Spoilt<F> {
    /// `spoil` changes every product after the first `good`.
    pub fn new(inner: Dense, good: usize, spoil: F) -> Self {
        let products = Cell::new(0);
        Self {
            inner,
            good,
            spoil,
            products,
        }
    }
}

impl<F: Fn(&mut Vec<f64>)> LinearOperator for Spoilt<F> {
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let mut product = self.inner.apply(v);
        if self.products.replace(self.products.get() + 1) >= self.good {
            (self.spoil)(&mut product);
        }
        product
    }
}
