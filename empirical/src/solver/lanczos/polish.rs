//! Eigenvalues that are known up to a small error, made exact.

use breakeven_sim::record::{BoundKind, SolverStatus};

use super::outside::Outside;
use super::{LOOSEST_CLUSTER, Lanczos, Search};
use crate::operator::{Approximate, LinearOperator};
use crate::solver::pairs::{Block, Eigenpairs, Found, Wanted};

impl Lanczos {
    /// The largest eigenvalues of `operator`, all of which `known` knows
    /// roughly: Rayleigh–Ritz over its vectors, with a product each, and the
    /// first value beyond them in place of what fresh directions would show.
    /// Absent where fewer than are wanted differ from zero, or their bounds miss
    /// the tolerance: then a search may do better.
    pub(crate) fn polish(
        &self,
        operator: &impl LinearOperator,
        known: &impl Approximate,
    ) -> Option<Eigenpairs> {
        let values = known.values();
        let wanted = Wanted {
            largest: self.count,
            smallest: 0,
        };
        let last = values.get(self.count.checked_sub(1)?)?;
        if *last == 0.0 {
            return None;
        }
        let mut search = Search {
            plan: self,
            operator,
            wanted,
            products: 0,
            longest: 0.0,
        };
        let tight = self.tolerance <= LOOSEST_CLUSTER;
        let most = self.count + if tight { search.most_beyond() } else { 0 };
        let width = search.width(values[0]);
        let mut size = self.count;
        let close = |k: usize| {
            let next = values.get(k).copied().unwrap_or(0.0);
            let before = values[k - 1];
            before - next <= width + known.error(before) + known.error(next)
        };
        let positive = |k: usize| values.get(k).is_some_and(|&next| next > 0.0);
        while size < most && positive(size) && close(size) {
            size += 1;
        }
        let mut block = Block::default();
        for (k, &value) in values.iter().enumerate().take(size) {
            block.push(Found::roughly(value, known.vector(k)));
        }
        if block.len() < size {
            return None;
        }
        search.products = size;
        block.rayleigh_ritz(operator)?;
        let next = values.get(size).copied().unwrap_or(0.0);
        let outside = Outside {
            highest: next + known.error(next),
            lowest: 0.0,
            counted: [tight && !close(size), true],
            status: SolverStatus::Converged,
            kind: BoundKind::Complete,
        };
        let found = search.of_block(&block, outside);
        search.met(&found).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// diag(d) of 40 dimensions, zeros behind the given values.
    struct Diagonal(Vec<f64>);

    const DIM: usize = 40;

    impl LinearOperator for Diagonal {
        fn dim(&self) -> usize {
            DIM
        }

        fn apply(&self, v: &[f64]) -> Vec<f64> {
            let value = |k: usize| self.0.get(k).copied().unwrap_or(0.0);
            v.iter().enumerate().map(|(k, v)| value(k) * v).collect()
        }
    }

    /// Values that are off by up to `error`, vectors by `tilt`.
    struct Roughly {
        values: Vec<f64>,
        error: f64,
        tilt: f64,
    }

    impl Roughly {
        fn of(exact: &[f64], error: f64, tilt: f64) -> Self {
            let off = |(k, &value): (usize, &f64)| match value {
                0.0 => 0.0,
                _ => value + error * [1.0, -1.0][k % 2],
            };
            Self {
                values: exact.iter().enumerate().map(off).collect(),
                error,
                tilt,
            }
        }
    }

    impl Approximate for Roughly {
        fn values(&self) -> &[f64] {
            &self.values
        }

        fn error(&self, _: f64) -> f64 {
            self.error
        }

        fn vector(&self, k: usize) -> Vec<f64> {
            let mut v = vec![0.0; DIM];
            v[k] = (1.0 - self.tilt * self.tilt).sqrt();
            v[DIM - 1] = self.tilt;
            v
        }
    }

    fn polished(exact: &[f64], count: usize, tolerance: f64, tilt: f64) -> Option<Eigenpairs> {
        let known = Roughly::of(exact, 1e-7, tilt);
        Lanczos::new(count, tolerance).polish(&Diagonal(exact.to_vec()), &known)
    }

    fn assert_right(found: &Eigenpairs, exact: &[f64], multiplicities: &[Option<usize>]) {
        for (pair, exact) in found.pairs.iter().zip(exact) {
            assert!((pair.value - exact).abs() <= pair.error_bound, "{pair:?}");
            assert_eq!(pair.bound_kind, BoundKind::Complete);
        }
        let found: Vec<_> = found.pairs.iter().map(|pair| pair.multiplicity).collect();
        assert_eq!(found, multiplicities);
    }

    #[test]
    fn rough_vectors_give_values_within_bounds_far_below_their_errors() {
        let exact = [3.0, 2.0, 1.0, 0.5];
        let found = polished(&exact, 2, 1e-6, 1e-5).expect("bounds meet the tolerance");
        assert_right(&found, &exact, &[Some(1), Some(1)]);
        assert_eq!(found.products, 2);
        assert!(found.pairs[0].error_bound < 1e-8);
        assert!(found.pairs[0].residual > 1e-6);
    }

    #[test]
    fn a_cluster_is_counted_beyond_what_was_asked_for() {
        let exact = [3.0, 2.0, 2.0, 2.0, 1.0];
        let found = polished(&exact, 2, 1e-6, 0.0).expect("bounds meet the tolerance");
        assert_right(&found, &exact, &[Some(1), Some(3)]);
        assert_eq!(found.products, 4);
        let top = polished(&[2.0, 2.0, 2.0, 1.0], 1, 1e-6, 0.0);
        let space = top.as_ref().map(|top| top.top_space("K").map(<[_]>::len));
        assert_eq!(space, Some(Ok(3)));
    }

    #[test]
    fn eigenvalues_next_to_zero_are_not_counted_with_it() {
        let exact = [3.0, 2e-7];
        let found = polished(&exact, 2, 1e-6, 0.0).expect("bounds meet the tolerance");
        assert_right(&found, &exact, &[Some(1), None]);
    }

    #[test]
    fn what_a_gram_matrix_does_not_tell_is_left_to_a_search() {
        assert!(polished(&[3.0, 0.0, 0.0], 2, 1e-6, 0.0).is_none());
        assert!(polished(&[3.0], 2, 1e-6, 0.0).is_none());
        assert!(polished(&[], 1, 1e-6, 0.0).is_none());
        assert!(polished(&[3.0, 2.0, 1.0], 2, 1e-9, 0.1).is_none());
    }
}
