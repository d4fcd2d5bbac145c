//! Fresh directions, which show what a search has missed.

use breakeven_sim::record::{BoundKind, SolverStatus};
use rand_chacha::ChaCha8Rng;

use super::Search;
use super::ends::End;
use crate::operator::LinearOperator;
use crate::solver::beginning;
use crate::solver::krylov::{KrylovSpace, Ritz};
use crate::solver::pairs::{Block, Found};

/// Halvings of the interval that holds an edge.
const HALVINGS: usize = 60;

/// What is known of all eigenvalues outside a block.
pub(super) struct Outside {
    /// None is above this.
    pub(super) highest: f64,
    /// None is below this.
    pub(super) lowest: f64,
    /// Whether the eigenvalues of the last wanted cluster were all counted, at
    /// the upper and the lower end.
    pub(super) counted: [bool; 2],
    pub(super) status: SolverStatus,
    /// Of bounds that rest on this.
    pub(super) kind: BoundKind,
}

/// Ritz pairs of one Krylov space that are not in the block: a fresh direction
/// that stays outside of them too has less to show. What it does not see is that
/// they are coupled to what is outside, all by one vector, the next of their
/// space.
#[derive(Default)]
pub(super) struct Rest(Vec<(f64, f64)>);

impl Rest {
    /// That of a space, but for the places of its Ritz pairs in the block.
    fn of(ritz: &Ritz, places: &[usize]) -> Self {
        let all = ritz.values.iter().zip(&ritz.residuals).enumerate();
        let others = all.filter(|(k, _)| !places.contains(k));
        Self(
            others
                .map(|(_, (&value, &residual))| (value, residual))
                .collect(),
        )
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What no eigenvalue of these and of all outside together is above, given
    /// what none of those outside alone is above; all times `sign`. With the
    /// coupling r eᵀ, ‖e‖ = 1, x − (Θ, r eᵀ; e rᵀ, B) is positive definite where
    /// x is above all of Θ and B ≤ τ, and Σ r_k²/(x − θ_k) < x − τ (its Schur
    /// complement).
    pub(super) fn edge(&self, outside: f64, sign: f64) -> f64 {
        let coupling = self.0.iter().map(|(_, r)| r * r).sum::<f64>().sqrt();
        let highest = self.0.iter().fold(outside, |m, (x, _)| m.max(sign * x));
        if !highest.is_finite() {
            return highest;
        }
        let is_above = |x: f64| {
            let pulls = self.0.iter().map(|(value, r)| r * r / (x - sign * value));
            pulls.sum::<f64>() < x - outside
        };
        beginning(highest, highest + coupling, HALVINGS, is_above)
    }
}

enum Seen {
    /// A product that is not finite.
    NotFinite,
    /// Nothing that belongs to the block.
    Nothing(Outside),
    /// Pairs that do, by their places among the Ritz pairs.
    Pairs(Ritz, Vec<usize>, Outside),
    /// That the rest leaves no room for an edge below the block.
    NoRoom,
}

impl<A: LinearOperator> Search<'_, A> {
    /// Follows a fresh direction outside of all of a space, some of whose Ritz
    /// pairs are the block. Nothing where that can't show that nothing is missed;
    /// absent where a product is not finite.
    pub(super) fn look_beside(
        &mut self,
        space: &mut KrylovSpace,
        ritz: &Ritz,
        block: &Block,
        rng: &mut ChaCha8Rng,
    ) -> Option<Option<Outside>> {
        let rest = Rest::of(ritz, &self.wanted.places(ritz.values.len()));
        let dim = self.operator.dim();
        let mut fresh = KrylovSpace::fresh(dim, space.lend(), self.longest, rng);
        let seen = match fresh.complete() {
            true => Seen::NoRoom,
            false => self.follow(&mut fresh, block, &rest, rng),
        };
        space.take_back(fresh.into_outside());
        match seen {
            Seen::NotFinite => None,
            Seen::Nothing(outside) => Some(Some(outside)),
            Seen::Pairs(..) | Seen::NoRoom => Some(None),
        }
    }

    /// Searches fresh directions outside the block, which takes in every pair
    /// that belongs to it, until one shows nothing more.
    pub(super) fn look_outside(
        &mut self,
        block: &mut Block,
        rng: &mut ChaCha8Rng,
    ) -> Option<Outside> {
        loop {
            let vectors = std::mem::take(&mut block.vectors);
            let mut space = KrylovSpace::fresh(self.operator.dim(), vectors, self.longest, rng);
            let seen = match space.complete() {
                true => Seen::Nothing(Outside {
                    highest: f64::NEG_INFINITY,
                    lowest: f64::INFINITY,
                    counted: [true; 2],
                    status: SolverStatus::Converged,
                    kind: BoundKind::Searched,
                }),
                false => self.follow(&mut space, block, &Rest::default(), rng),
            };
            let (ritz, joining, outside) = match seen {
                Seen::NotFinite => return None,
                Seen::Nothing(outside) => {
                    block.vectors = space.into_outside();
                    return Some(outside);
                }
                Seen::Pairs(ritz, joining, outside) => (ritz, joining, outside),
                Seen::NoRoom => unreachable!("there is no rest"),
            };
            let joining: Vec<Found> = joining.iter().map(|&k| space.found(&ritz, k)).collect();
            block.vectors = space.into_outside();
            for found in joining {
                block.push(found);
            }
            if self.out_of_products(block.len()) {
                return Some(Outside {
                    status: SolverStatus::OutOfProducts,
                    ..outside
                });
            }
        }
    }

    /// Follows one fresh direction.
    fn follow(
        &mut self,
        space: &mut KrylovSpace,
        block: &Block,
        rest: &Rest,
        rng: &mut ChaCha8Rng,
    ) -> Seen {
        loop {
            if !self.extend(space, rng) {
                return Seen::NotFinite;
            }
            let Some(ritz) = space.ritz() else {
                return Seen::NotFinite;
            };
            let ends = self.ends(block, space, &ritz, rest);
            let out = self.out_of_products(block.len());
            let outside = Outside {
                highest: ends[0].reach,
                lowest: -ends[1].reach,
                counted: [ends[0].counts, ends[1].counts],
                status: if out {
                    SolverStatus::OutOfProducts
                } else {
                    SolverStatus::Converged
                },
                kind: BoundKind::Searched,
            };
            if ends.iter().all(End::is_clear) {
                return Seen::Nothing(Outside {
                    status: SolverStatus::Converged,
                    ..outside
                });
            }
            let joining: Vec<usize> = ends.iter().flat_map(|end| end.joining.clone()).collect();
            if !joining.is_empty() {
                return Seen::Pairs(ritz, joining, outside);
            }
            if ends.iter().any(|end| !end.has_room(rest)) {
                return Seen::NoRoom;
            }
            if out {
                return Seen::Nothing(outside);
            }
            self.restart_if_full(space, &ritz);
        }
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, DVector};

    use super::Rest;

    /// The largest eigenvalue of (Θ, r eᵀ; e rᵀ, B), B diagonal.
    fn largest(rest: &Rest, outside: &[f64], e: &[f64]) -> f64 {
        let (known, all) = (rest.0.len(), rest.0.len() + outside.len());
        let e = DVector::from_column_slice(e).normalize();
        let matrix = DMatrix::from_fn(all, all, |i, j| {
            let (i, j) = (i.min(j), i.max(j));
            match (i < known, j < known) {
                (true, true) if i == j => rest.0[i].0,
                (true, false) => rest.0[i].1 * e[j - known],
                (false, false) if i == j => outside[i - known],
                _ => 0.0,
            }
        });
        matrix.symmetric_eigenvalues().max()
    }

    #[test]
    fn nothing_outside_and_of_the_rest_is_above_their_edge() {
        let outside = [1.5, 0.7, -4.0];
        for values in [
            vec![(3.0, 0.3), (2.0, 0.0), (1.0, 0.5)],
            vec![(1.0, 2.0)],
            vec![],
        ] {
            let rest = Rest(values);
            let edge = rest.edge(1.5, 1.0);
            // It is met where the coupling is to the largest outside.
            let met = largest(&rest, &outside, &[1.0, 0.0, 0.0]);
            assert!((edge - met).abs() < 1e-12, "{edge} and {met}");
            for e in [[1.0, 1.0, 1.0], [0.0, 0.3, -1.0], [-2.0, 0.1, 0.1]] {
                assert!(largest(&rest, &outside, &e) <= edge + 1e-12);
            }
            let turned = Rest(rest.0.iter().map(|&(value, r)| (-value, r)).collect());
            assert_eq!(turned.edge(1.5, -1.0), edge);
        }
    }
}
