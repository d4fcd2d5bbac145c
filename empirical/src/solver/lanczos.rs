//! The eigenvalues at the ends of a spectrum by Lanczos' method.

mod ends;
mod outside;
mod polish;

use breakeven_sim::record::SolverStatus;
use rand_chacha::ChaCha8Rng;

use super::krylov::{KrylovSpace, Ritz};
use super::most_vectors;
use super::pairs::{Block, Eigenpairs, Found, Wanted};
use crate::operator::LinearOperator;

/// Products after which a bound is believed. A search that starts next to the
/// eigenvector of a smaller eigenvalue, as one does where two have just
/// crossed, meets its bound at once there; more products show the larger.
const CONFIRMING_PRODUCTS: usize = 4;

/// Of the tolerance, for the pairs that fresh directions are to be compared
/// with: an estimate that is met with room to spare seldom takes two close
/// eigenvalues for one, and the bound of a block holds the residuals of all.
const FIRST_SHARE: f64 = 0.02;

/// A converged Ritz value of a fresh direction that lies no more residuals than
/// this below the wanted ones joins them: it could not be told from them.
const TOO_CLOSE: f64 = 10.0;

/// Vectors beyond those asked for that are kept to count the eigenvalues of a
/// cluster.
const MOST_BEYOND: usize = 32;

/// Eigenvalues that are closer than the tolerance count as one cluster, but
/// not at looser tolerances than this: clusters would grow into the bulk.
const LOOSEST_CLUSTER: f64 = 1e-3;

/// How eigenvalues at the ends of a spectrum are to be found.
///
/// The largest and the smallest eigenvalues of diag(1, 2, …, 100):
///
/// ```
/// use breakeven_empirical::random::{Purpose, stream};
/// use breakeven_empirical::solver::Lanczos;
/// use nalgebra::{DMatrix, DVector};
///
/// let hundred = DMatrix::from_diagonal(&DVector::from_fn(100, |k, _| (k + 1) as f64));
/// let mut rng = stream(0, Purpose::Start, 0);
/// let found = Lanczos::both_ends(2, 1, 1e-9).solve(&hundred, &[], &mut rng);
/// for (pair, exact) in found.pairs.iter().chain(&found.smallest).zip([100.0, 99.0, 1.0]) {
///     assert!((pair.value - exact).abs() <= 1e-7 && pair.error_bound <= 1e-7);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lanczos {
    /// How many of the largest.
    pub count: usize,
    /// How many of the smallest.
    pub smallest: usize,
    /// Bound on the error of each, relative to the largest in size.
    pub tolerance: f64,
    /// Whether fresh random directions, orthogonal to all that was found, are
    /// searched until they show nothing more. Without them a repeated
    /// eigenvalue is found once, and bounds are estimates.
    pub fresh_directions: bool,
    /// Operators of up to so many dimensions are written out as a matrix
    /// where there is no start.
    pub complete_up_to: usize,
    /// Products that may be used.
    pub max_products: usize,
    /// Vectors that are kept before a restart; fewer where they would hold more
    /// than 2²⁸ numbers, but three more than pairs are wanted.
    pub max_basis: usize,
}

impl Lanczos {
    /// Sensible limits for the `count` largest eigenvalues to a relative
    /// `tolerance`.
    pub fn new(count: usize, tolerance: f64) -> Self {
        Self::both_ends(count, 0, tolerance)
    }

    /// The same for the `count` largest and the `smallest` smallest.
    pub fn both_ends(count: usize, smallest: usize, tolerance: f64) -> Self {
        let all = count + smallest;
        Self {
            count,
            smallest,
            tolerance,
            fresh_directions: true,
            complete_up_to: 64,
            max_products: 400 + 100 * all,
            max_basis: 2 * all + 30,
        }
    }

    /// Finds the algebraically largest and smallest eigenvalues of `operator`.
    ///
    /// 1. Lanczos' method with full reorthogonalisation and thick restart
    ///    (Wu & Simon, 2000) from the sum of the `start` vectors, those of the
    ///    last measurement along a trajectory, or from a Gaussian direction
    ///    where there is none, until the estimate min(r, r²/δ) of each wanted
    ///    pair is within the tolerance.
    /// 2. Fresh Gaussian directions orthogonal to all pairs found: a pair that
    ///    is as large as the wanted ones joins them, until a direction shows
    ///    that nothing else is. Above the upper edge τ that it gives for all other
    ///    eigenvalues none is hidden, but with a probability of 10⁻⁵ that this
    ///    direction is nearly orthogonal to its eigenvector. The first of them
    ///    stays outside of all that the search has seen, where less is left.
    /// 3. Rayleigh–Ritz over all pairs found. With the residuals R of the block
    ///    and τ, the i-th value is within 2‖R‖²/(δ + √(δ² + 4‖R‖²)) of the
    ///    i-th eigenvalue, δ = θ_i − τ
    ///    ([`BoundKind::Searched`](breakeven_sim::record::BoundKind::Searched)).
    ///
    /// Without fresh directions the first step is all, and the bounds are the
    /// residual or an estimate. The rounding of a product is part of each
    /// bound; a value below it is 0. Small operators are written out.
    pub fn solve(
        &self,
        operator: &impl LinearOperator,
        start: &[Vec<f64>],
        rng: &mut ChaCha8Rng,
    ) -> Eigenpairs {
        let dim = operator.dim();
        let wanted = Wanted {
            largest: self.count.min(dim),
            smallest: self.smallest.min(dim),
        };
        let mut search = Search {
            plan: self,
            operator,
            wanted,
            products: 0,
            longest: 0.0,
        };
        let found = if start.is_empty() && dim <= self.complete_up_to.min(self.max_products) {
            search.written_out()
        } else {
            search.run(start, rng)
        };
        found.unwrap_or_else(|| Eigenpairs::none(search.products))
    }
}

struct Search<'a, A> {
    plan: &'a Lanczos,
    operator: &'a A,
    wanted: Wanted,
    products: usize,
    /// The longest product with a unit vector: a lower bound of ‖A‖.
    longest: f64,
}

impl<A: LinearOperator> Search<'_, A> {
    /// Absent, as of all below, where a product is not finite.
    fn run(&mut self, start: &[Vec<f64>], rng: &mut ChaCha8Rng) -> Option<Eigenpairs> {
        let mut space = KrylovSpace::of(self.operator.dim(), start, rng);
        let mut beyond = Vec::new();
        let pairs = self.wanted.largest + self.wanted.smallest;
        let mut share = if self.plan.fresh_directions {
            FIRST_SHARE / pairs as f64
        } else {
            1.0
        };
        loop {
            let (ritz, status) = self.converge(&mut space, share, rng)?;
            let search_on = self.plan.fresh_directions && status == SolverStatus::Converged;
            if space.complete() || !search_on {
                return Some(self.of_ritz(&space, &ritz, status));
            }
            let mut block = Block::default();
            for k in self.wanted.places(ritz.values.len()) {
                block.push(space.found(&ritz, k));
            }
            let beside = match beyond.is_empty() {
                true => self.look_beside(&mut space, &ritz, &block, rng)?,
                false => None,
            };
            for (value, vector) in std::mem::take(&mut beyond) {
                block.push(Found::roughly(value, vector));
            }
            let outside = match beside {
                Some(outside) => outside,
                None => self.look_outside(&mut block, rng)?,
            };
            self.products += block.products();
            block.rayleigh_ritz(self.operator)?;
            let level = share * self.plan.tolerance * block.scale();
            let exhausted =
                outside.status != SolverStatus::Converged || level < self.rounding(block.scale());
            let found = self.of_block(&block, outside);
            if exhausted || self.met(&found) {
                return Some(found);
            }
            let places = self.wanted.places(block.len());
            let pairs = block.values.into_iter().zip(block.vectors).enumerate();
            beyond = pairs
                .filter(|(k, _)| !places.contains(k))
                .map(|(_, pair)| pair)
                .collect();
            share /= 16.0;
        }
    }

    /// Of a product with a unit vector, where ‖A‖ is `scale` at least.
    fn rounding(&self, scale: f64) -> f64 {
        self.operator.rounding(scale.max(self.longest))
    }

    /// One product, by which a space grows. False where its length is not
    /// finite.
    fn extend(&mut self, space: &mut KrylovSpace, rng: &mut ChaCha8Rng) -> bool {
        self.products += 1;
        let finite = space.extend(self.operator, rng);
        self.longest = self.longest.max(space.longest());
        finite
    }

    /// Products that are left once each vector of the block has had one.
    fn out_of_products(&self, block: usize) -> bool {
        self.products + block >= self.plan.max_products
    }

    /// Extends a space until the estimate of each wanted pair is within
    /// `share` of the tolerance.
    fn converge(
        &mut self,
        space: &mut KrylovSpace,
        share: f64,
        rng: &mut ChaCha8Rng,
    ) -> Option<(Ritz, SolverStatus)> {
        loop {
            if !self.extend(space, rng) {
                return None;
            }
            let ritz = space.ritz()?;
            let places = self.wanted.places(ritz.values.len());
            let scale = ritz.scale();
            let level = (share * self.plan.tolerance * scale).max(self.rounding(scale));
            let enough = ritz.values.len() >= self.wanted.largest.max(self.wanted.smallest);
            let met = enough && places.iter().all(|&k| ritz.estimate(k) <= level);
            if space.complete() || (self.products >= CONFIRMING_PRODUCTS && met) {
                return Some((ritz, SolverStatus::Converged));
            }
            if self.out_of_products(0) {
                return Some((ritz, SolverStatus::OutOfProducts));
            }
            self.restart_if_full(space, &ritz);
        }
    }

    /// A restart keeps half of what a basis may hold beyond the wanted pairs.
    fn restart_if_full(&self, space: &mut KrylovSpace, ritz: &Ritz) {
        let Wanted { largest, smallest } = self.wanted;
        let fit = most_vectors(self.operator.dim());
        let most = self.plan.max_basis.min(fit).max(largest + smallest + 3);
        if space.len() < most {
            return;
        }
        let spare = (most - largest - smallest) / 2;
        let kept = match smallest {
            0 => Wanted {
                largest: largest + spare,
                smallest: 0,
            },
            _ => Wanted {
                largest: largest + spare / 2,
                smallest: smallest + spare / 2,
            },
        };
        space.restart(ritz, &kept.places(space.len()));
    }
}
