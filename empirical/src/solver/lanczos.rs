//! The largest eigenvalues by Lanczos' method.

use breakeven_sim::record::SolverStatus;
use nalgebra::DMatrix;
use rand_chacha::ChaCha8Rng;

use super::{axpy, dot, norm, rademacher};
use crate::operator::LinearOperator;
use crate::spectrum::Spectrum;

/// Products after which a bound is believed. A search that starts next to the
/// eigenvector of a smaller eigenvalue, as one does where two have just
/// crossed, meets its bound at once there; more products show the larger.
const CONFIRMING_PRODUCTS: usize = 4;

/// How the largest eigenvalues are to be found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lanczos {
    /// How many.
    pub count: usize,
    /// Bound on the error of each, relative to the largest in size.
    pub tolerance: f64,
    /// Products that may be used.
    pub max_products: usize,
    /// Vectors that are kept before a restart.
    pub max_basis: usize,
}

/// An approximate eigenvalue and its vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigenpair {
    /// The Ritz value θ.
    pub value: f64,
    /// The Ritz vector, of length 1.
    pub vector: Vec<f64>,
    /// ‖Av − θv‖.
    pub residual: f64,
    /// Bound on |λ − θ| (see [`Lanczos::solve`]).
    pub error_bound: f64,
}

/// What a solver found.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigenpairs {
    /// Largest first. Fewer than asked for where the operator ran out of
    /// directions.
    pub pairs: Vec<Eigenpair>,
    /// Products used.
    pub products: usize,
    /// Whether the bounds met the tolerance.
    pub status: SolverStatus,
}

impl Lanczos {
    /// Sensible limits for `count` eigenvalues to a relative `tolerance`.
    pub fn new(count: usize, tolerance: f64) -> Self {
        Self {
            count,
            tolerance,
            max_products: 200 + 50 * count,
            max_basis: 2 * count + 30,
        }
    }

    /// Finds the algebraically largest eigenvalues of `operator`, with full
    /// reorthogonalisation and thick restart (Wu & Simon, 2000).
    ///
    /// The first basis vector is the sum of the `start` vectors, those of the
    /// last measurement along a trajectory, or random signs where there is
    /// none. After each product the Ritz values and their residuals r are
    /// known; the search ends when the error bound of each of the `count`
    /// largest is within `tolerance` times the largest Ritz value in size.
    /// The bound is min(r, r²/δ), δ the distance from θ to the nearest
    /// interval θ_j ± r_j of another Ritz value (Kato–Temple's bound with the
    /// gap that the Ritz values show). It bounds the distance to *an*
    /// eigenvalue; that no larger one hides is never certain in a Krylov
    /// method, and made likelier by at least four products.
    pub fn solve(
        &self,
        operator: &impl LinearOperator,
        start: &[Vec<f64>],
        rng: &mut ChaCha8Rng,
    ) -> Eigenpairs {
        let count = self.count.min(operator.dim());
        let mut space = KrylovSpace::new(operator.dim(), start, rng);
        let mut products = 0;
        loop {
            let finite = space.extend(operator, rng);
            products += 1;
            let Some(ritz) = finite.then(|| space.ritz()).flatten() else {
                return Eigenpairs {
                    pairs: Vec::new(),
                    products,
                    status: SolverStatus::NotFinite,
                };
            };
            let confirmed = products >= CONFIRMING_PRODUCTS && ritz.within(count, self.tolerance);
            let status = if space.complete() || confirmed {
                Some(SolverStatus::Converged)
            } else if products >= self.max_products {
                Some(SolverStatus::OutOfProducts)
            } else {
                None
            };
            if let Some(status) = status {
                return Eigenpairs {
                    pairs: space.pairs(&ritz, count),
                    products,
                    status,
                };
            }
            if space.basis.len() >= self.max_basis.max(count + 3) {
                space.restart(&ritz, (count + self.max_basis) / 2);
            }
        }
    }
}

/// An orthonormal basis Q, the projected matrix QᵀAQ, and the direction that
/// the next product adds.
struct KrylovSpace {
    basis: Vec<Vec<f64>>,
    /// QᵀAQ.
    projected: DMatrix<f64>,
    next: Option<Vec<f64>>,
    /// Length of what the last product left outside the basis.
    beta: f64,
}

/// Ritz values, largest first, with the residuals of their vectors.
struct Ritz {
    values: Vec<f64>,
    residuals: Vec<f64>,
    coefficients: DMatrix<f64>,
}

impl KrylovSpace {
    fn new(dim: usize, start: &[Vec<f64>], rng: &mut ChaCha8Rng) -> Self {
        let mut first = vec![0.0; dim];
        for v in start {
            axpy(1.0, v, &mut first);
        }
        if !norm(&first).is_normal() {
            first = rademacher(dim, rng);
        }
        let length = norm(&first);
        first.iter_mut().for_each(|x| *x /= length);
        Self {
            basis: Vec::new(),
            projected: DMatrix::zeros(0, 0),
            next: Some(first),
            beta: 0.0,
        }
    }

    /// Whether the basis spans the whole space.
    fn complete(&self) -> bool {
        self.next.is_none()
    }

    /// One product: adds the next direction. False where the product's length
    /// is not finite.
    fn extend(&mut self, operator: &impl LinearOperator, rng: &mut ChaCha8Rng) -> bool {
        let Some(q) = self.next.take() else {
            return true;
        };
        let mut w = operator.apply(&q);
        let scale = norm(&w);
        if !scale.is_finite() {
            return false;
        }
        self.basis.push(q);
        let coefficients = self.orthogonalise(&mut w);
        let size = self.basis.len();
        let grown = std::mem::replace(&mut self.projected, DMatrix::zeros(0, 0));
        self.projected = grown.resize(size, size, 0.0);
        for (k, coefficient) in coefficients.into_iter().enumerate() {
            self.projected[(k, size - 1)] = coefficient;
            self.projected[(size - 1, k)] = coefficient;
        }
        self.beta = norm(&w);
        if self.beta <= f64::EPSILON * scale * size as f64 {
            self.beta = 0.0;
            self.next = self.fresh_direction(operator.dim(), rng);
        } else {
            let beta = self.beta;
            w.iter_mut().for_each(|x| *x /= beta);
            self.next = Some(w);
        }
        true
    }

    /// Takes the basis out of `w`, twice; returns what was taken.
    fn orthogonalise(&self, w: &mut [f64]) -> Vec<f64> {
        let mut coefficients = vec![0.0; self.basis.len()];
        for _ in 0..2 {
            for (total, q) in coefficients.iter_mut().zip(&self.basis) {
                let along = dot(q, w);
                axpy(-along, q, w);
                *total += along;
            }
        }
        coefficients
    }

    /// A direction outside an invariant subspace, if there is one.
    fn fresh_direction(&self, dim: usize, rng: &mut ChaCha8Rng) -> Option<Vec<f64>> {
        if self.basis.len() >= dim {
            return None;
        }
        let mut w = rademacher(dim, rng);
        let before = norm(&w);
        self.orthogonalise(&mut w);
        let length = norm(&w);
        (length > 1e-10 * before).then(|| w.iter().map(|x| x / length).collect())
    }

    /// Absent where numbers are too large to be squared.
    fn ritz(&self) -> Option<Ritz> {
        let Spectrum { values, vectors } = Spectrum::of(&self.projected)?;
        let last = vectors.row(vectors.nrows() - 1);
        let residuals: Vec<f64> = last.iter().map(|x| (self.beta * x).abs()).collect();
        residuals.iter().all(|r| r.is_finite()).then_some(Ritz {
            values,
            residuals,
            coefficients: vectors,
        })
    }

    /// Keeps the `keep` leading Ritz vectors; the next direction stays.
    fn restart(&mut self, ritz: &Ritz, keep: usize) {
        let keep = keep.min(self.basis.len() - 1);
        self.basis = (0..keep).map(|k| self.vector(ritz, k)).collect();
        self.projected = DMatrix::from_fn(keep, keep, |row, column| {
            if row == column { ritz.values[row] } else { 0.0 }
        });
    }

    fn vector(&self, ritz: &Ritz, k: usize) -> Vec<f64> {
        let mut vector = vec![0.0; self.basis[0].len()];
        for (row, q) in self.basis.iter().enumerate() {
            axpy(ritz.coefficients[(row, k)], q, &mut vector);
        }
        vector
    }

    fn pairs(&self, ritz: &Ritz, count: usize) -> Vec<Eigenpair> {
        (0..count.min(self.basis.len()))
            .map(|k| Eigenpair {
                value: ritz.values[k],
                vector: self.vector(ritz, k),
                residual: ritz.residuals[k],
                error_bound: ritz.bound(k),
            })
            .collect()
    }
}

impl Ritz {
    /// Whether the first `count` are within `tolerance` of the largest.
    fn within(&self, count: usize, tolerance: f64) -> bool {
        let scale = self.values.iter().fold(0.0_f64, |a, x| a.max(x.abs()));
        self.values.len() >= count && (0..count).all(|k| self.bound(k) <= tolerance * scale)
    }

    /// min(r, r²/δ) of the k-th.
    fn bound(&self, k: usize) -> f64 {
        let (value, residual) = (self.values[k], self.residuals[k]);
        let gap = (0..self.values.len())
            .filter(|&j| j != k)
            .map(|j| (self.values[j] - value).abs() - self.residuals[j])
            .fold(f64::INFINITY, f64::min);
        if gap.is_finite() && gap > residual {
            residual.min(residual * residual / gap)
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
    let length = norm(start);
    let mut space = KrylovSpace {
        basis: Vec::new(),
        projected: DMatrix::zeros(0, 0),
        next: Some(start.iter().map(|x| x / length).collect()),
        beta: 0.0,
    };
    let mut rng = crate::random::stream(0, crate::random::Purpose::Start, 0);
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
