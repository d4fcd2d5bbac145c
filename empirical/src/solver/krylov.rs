//! A Krylov space with full reorthogonalisation.

use nalgebra::DMatrix;
use rand_chacha::ChaCha8Rng;

use super::chance::Chance;
use super::pairs::Found;
use super::{axpy, gaussian, highest, norm, scale, take_out};
use crate::operator::LinearOperator;
use crate::spectrum::Spectrum;

/// A vector that lost all but this share of its length to the basis is made
/// orthogonal once more.
const LITTLE: f64 = 1e-6;

/// An orthonormal basis Q of a space orthogonal to given directions, the
/// projected matrix QᵀAQ, and the direction that the next product adds.
pub(super) struct KrylovSpace {
    /// Orthonormal; the space stays outside of their span.
    outside: Vec<Vec<f64>>,
    basis: Vec<Vec<f64>>,
    /// QᵀAQ.
    projected: DMatrix<f64>,
    next: Option<Vec<f64>>,
    /// Length of what the last product left outside the basis.
    beta: f64,
    /// The longest product with a unit vector that is known: a lower bound of ‖A‖.
    longest: f64,
    /// What of each product lies along the basis vectors up to the one behind
    /// it; nothing where more is in it, or a restart turned the basis.
    images: Option<Vec<Vec<f64>>>,
    chance: Chance,
}

impl KrylovSpace {
    /// The space of the sum of the `start` vectors.
    pub(super) fn of(dim: usize, start: &[Vec<f64>], rng: &mut ChaCha8Rng) -> Self {
        let mut first = vec![0.0; dim];
        for v in start {
            axpy(1.0, v, &mut first);
        }
        if !norm(&first).is_normal() {
            return Self::fresh(dim, Vec::new(), 0.0, rng);
        }
        let mut space = Self::empty(dim, Vec::new());
        let length = norm(&first);
        space.next = space.direction(first, length);
        space
    }

    /// The space of a Gaussian direction orthogonal to all of `outside`,
    /// which are orthonormal, of an operator whose products with unit vectors are
    /// known to be as long as `longest`.
    pub(super) fn fresh(
        dim: usize,
        outside: Vec<Vec<f64>>,
        longest: f64,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let mut space = Self::empty(dim, outside);
        space.longest = longest;
        space.next = space.fresh_direction(dim, rng);
        space
    }

    fn empty(dim: usize, outside: Vec<Vec<f64>>) -> Self {
        Self {
            images: outside.is_empty().then(Vec::new),
            outside,
            basis: Vec::new(),
            projected: DMatrix::zeros(0, 0),
            next: None,
            beta: 0.0,
            longest: 0.0,
            chance: Chance::new(dim),
        }
    }

    /// The longest product with a unit vector that is known.
    pub(super) fn longest(&self) -> f64 {
        self.longest
    }

    /// Whether the basis spans the whole space.
    pub(super) fn complete(&self) -> bool {
        self.next.is_none()
    }

    /// Gives the directions back that it stayed orthogonal to.
    pub(super) fn into_outside(self) -> Vec<Vec<f64>> {
        self.outside
    }

    /// The basis, for another space to stay outside of, which gives it back by
    /// [`Self::take_back`].
    pub(super) fn lend(&mut self) -> Vec<Vec<f64>> {
        std::mem::take(&mut self.basis)
    }

    pub(super) fn take_back(&mut self, basis: Vec<Vec<f64>>) {
        self.basis = basis;
    }

    /// Vectors in the basis.
    pub(super) fn len(&self) -> usize {
        self.basis.len()
    }

    /// One product: adds the next direction. False where the product's length
    /// is not finite.
    pub(super) fn extend(
        &mut self,
        operator: &(impl LinearOperator + ?Sized),
        rng: &mut ChaCha8Rng,
    ) -> bool {
        let Some(q) = self.next.take() else {
            return true;
        };
        let mut w = operator.apply(&q);
        let length = norm(&w);
        if !length.is_finite() {
            return false;
        }
        self.longest = self.longest.max(length);
        self.basis.push(q);
        let mut coefficients = self.orthogonalise(&mut w);
        self.grow(&coefficients);
        self.beta = norm(&w);
        let rounding = operator.rounding(self.longest);
        self.chance.step(self.beta.max(rounding));
        if self.beta <= rounding {
            self.beta = 0.0;
            let Some(ritz) = self.ritz() else {
                return false;
            };
            self.chance.another(ritz.values);
            self.next = self.fresh_direction(operator.dim(), rng);
        } else {
            self.next = self.direction(w, length);
        }
        if let Some(images) = &mut self.images {
            coefficients.push(self.beta);
            images.push(coefficients);
        }
        true
    }

    fn grow(&mut self, coefficients: &[f64]) {
        let size = self.basis.len();
        let grown = std::mem::replace(&mut self.projected, DMatrix::zeros(0, 0));
        self.projected = grown.resize(size, size, 0.0);
        for (k, &coefficient) in coefficients.iter().enumerate() {
            self.projected[(k, size - 1)] = coefficient;
            self.projected[(size - 1, k)] = coefficient;
        }
    }

    /// Takes the basis and all that lies outside out of `w`, twice; returns
    /// what was taken of the basis.
    fn orthogonalise(&self, w: &mut [f64]) -> Vec<f64> {
        let mut coefficients = vec![0.0; self.basis.len()];
        for _ in 0..2 {
            take_out(&self.outside, w);
            axpy(1.0, &take_out(&self.basis, w), &mut coefficients);
        }
        coefficients
    }

    /// `w`, the rest of a vector of some `length` outside the basis, as a unit
    /// vector. Where little is left of it, the share of its rounding that lies
    /// in the basis is taken out once more.
    fn direction(&self, mut w: Vec<f64>, length: f64) -> Option<Vec<f64>> {
        let left = norm(&w);
        w.iter_mut().for_each(|x| *x /= left);
        if left < LITTLE * length {
            self.orthogonalise(&mut w);
            let again = norm(&w);
            w.iter_mut().for_each(|x| *x /= again);
            return (again > 0.5).then_some(w);
        }
        Some(w)
    }

    /// A random direction outside the basis, if there is one.
    fn fresh_direction(&self, dim: usize, rng: &mut ChaCha8Rng) -> Option<Vec<f64>> {
        if self.basis.len() + self.outside.len() >= dim {
            return None;
        }
        let mut w = gaussian(dim, rng);
        let length = norm(&w);
        self.orthogonalise(&mut w);
        self.direction(w, length)
    }

    /// Absent where numbers are too large to be squared.
    pub(super) fn ritz(&self) -> Option<Ritz> {
        let Spectrum { values, vectors } = Spectrum::of(&self.projected)?;
        let last = vectors.row(vectors.nrows() - 1);
        let residuals: Vec<f64> = last.iter().map(|x| (self.beta * x).abs()).collect();
        residuals.iter().all(|r| r.is_finite()).then_some(Ritz {
            values,
            residuals,
            coefficients: vectors,
        })
    }

    /// Keeps the Ritz vectors numbered `kept`; the next direction stays.
    pub(super) fn restart(&mut self, ritz: &Ritz, kept: &[usize]) {
        let dropped = (0..ritz.values.len()).filter(|k| !kept.contains(k));
        self.chance.dropped(dropped.map(|k| ritz.values[k]));
        self.images = None;
        self.basis = kept.iter().map(|&k| self.vector(ritz, k)).collect();
        let values: Vec<f64> = kept.iter().map(|&k| ritz.values[k]).collect();
        self.projected = DMatrix::from_diagonal(&values.into());
    }

    /// The k-th Ritz vector.
    pub(super) fn vector(&self, ritz: &Ritz, k: usize) -> Vec<f64> {
        self.combined(ritz.coefficients.column(k).iter().copied())
    }

    /// The k-th Ritz pair, with all that is known of it.
    pub(super) fn found(&self, ritz: &Ritz, k: usize) -> Found {
        Found {
            value: ritz.values[k],
            vector: self.vector(ritz, k),
            image: self.image(ritz, k),
            residual: ritz.residuals[k],
        }
    }

    /// The product of A and the k-th Ritz vector, from those with the basis;
    /// absent where they are not known.
    fn image(&self, ritz: &Ritz, k: usize) -> Option<Vec<f64>> {
        let mut along = vec![0.0; self.basis.len() + 1];
        for (row, image) in self.images.as_ref()?.iter().enumerate() {
            axpy(ritz.coefficients[(row, k)], image, &mut along);
        }
        Some(self.combined(along.into_iter()))
    }

    /// The sum of so much of each basis vector, and of the next direction.
    fn combined(&self, along: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut sum = vec![0.0; self.basis[0].len()];
        for (q, along) in self.basis.iter().chain(&self.next).zip(along) {
            axpy(along, q, &mut sum);
        }
        sum
    }

    /// How often a product was within what was there already, up to rounding.
    pub(super) fn exhausted(&self) -> usize {
        self.chance.ended()
    }

    /// What no eigenvalue times `sign` is above, but with the probability
    /// `missed`; exact where the basis spans the whole space. See [`Chance::edge`].
    pub(super) fn edge(&self, ritz: &Ritz, sign: f64, missed: f64) -> f64 {
        let values = &ritz.values;
        match self.complete() {
            false => self.chance.edge(values, sign, self.longest, missed),
            true => highest(values, sign),
        }
    }
}

/// Ritz values, largest first, with the residuals of their vectors.
pub(super) struct Ritz {
    pub(super) values: Vec<f64>,
    pub(super) residuals: Vec<f64>,
    coefficients: DMatrix<f64>,
}

impl Ritz {
    /// The largest Ritz value in size.
    pub(super) fn scale(&self) -> f64 {
        scale(&self.values)
    }

    /// min(r, r²/δ) of the k-th, δ the distance to the nearest interval
    /// θ_j ± r_j of another: an estimate of its error, since nothing says
    /// that these intervals hold all other eigenvalues.
    pub(super) fn estimate(&self, k: usize) -> f64 {
        let (value, residual) = (self.values[k], self.residuals[k]);
        let gap = (0..self.values.len())
            .filter(|&j| j != k)
            .map(|j| (self.values[j] - value).abs() - self.residuals[j])
            .fold(f64::INFINITY, f64::min);
        if gap.is_finite() && gap > residual {
            residual * residual / gap
        } else {
            residual
        }
    }
}

/// The tridiagonal matrix of `steps` steps from `start`, smaller where the
/// space is exhausted first; absent where a product is not finite.
pub(super) fn tridiagonal(
    operator: &impl LinearOperator,
    start: &[f64],
    steps: usize,
) -> Option<DMatrix<f64>> {
    let mut rng = crate::random::stream(0, crate::random::Purpose::Start, 0);
    let mut space = KrylovSpace::of(start.len(), &[start.to_vec()], &mut rng);
    for _ in 0..steps {
        if !space.extend(operator, &mut rng) {
            return None;
        }
        if space.beta == 0.0 {
            break;
        }
    }
    Some(space.projected)
}
