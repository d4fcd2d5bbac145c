//! How likely it is that a random direction hides an eigenvalue.

use std::f64::consts::PI;

use super::{beginning, highest};

/// The probability that is allowed for a direction that hides an eigenvector.
pub(super) const MISSED: f64 = 1e-5;

/// Halvings of the distance to an edge, on a logarithmic scale.
const HALVINGS: usize = 50;

/// What Lanczos steps from random directions say of eigenvalues that their
/// Ritz values do not show.
///
/// The m-th basis vector of a chain from g is p_m(A) g, with the polynomial
/// p_m(λ) = Π(λ − θ_i)/Πβ_j of its Ritz values θ and of the lengths β that
/// were left outside the basis. The part of an eigenvector e of the eigenvalue
/// λ in it is p_m(λ) eᵀg, and at most 1: |eᵀg| ≤ 1/|p_m(λ)|. A direction that
/// is uniform on the sphere of n dimensions is as close to orthogonal to e with
/// a probability of no more than √(2n/π)/|p_m(λ)|, whatever the matrix and
/// however m was chosen. Outside the Ritz values that falls with the distance
/// to them: beyond some edge, nothing is hidden but with a probability as small as
/// one likes.
#[derive(Debug)]
pub(super) struct Chance {
    /// n.
    dim: usize,
    /// From earlier directions, whose spaces were exhausted.
    ended: Vec<Chain>,
    current: Chain,
}

/// The polynomial of one direction, but for the Ritz values that the space has
/// now.
#[derive(Debug, Default)]
struct Chain {
    /// Ritz values that restarts dropped.
    dropped: Vec<f64>,
    /// Those that the space had before this direction joined it.
    before: Vec<f64>,
    /// ln Πβ_j.
    log_lengths: f64,
}

impl Chance {
    /// Of directions in `dim` dimensions.
    pub(super) fn new(dim: usize) -> Self {
        Self {
            dim,
            ended: Vec::new(),
            current: Chain::default(),
        }
    }

    /// After a product of which `length` was left outside the basis.
    pub(super) fn step(&mut self, length: f64) {
        self.current.log_lengths += length.ln();
    }

    /// After a restart that dropped these Ritz values.
    pub(super) fn dropped(&mut self, values: impl Iterator<Item = f64>) {
        self.current.dropped.extend(values);
    }

    /// Before another random direction joins the space, whose Ritz values
    /// are `values`.
    pub(super) fn another(&mut self, values: Vec<f64>) {
        let next = Chain {
            before: values.clone(),
            ..Chain::default()
        };
        let mut ended = std::mem::replace(&mut self.current, next);
        ended.dropped.extend(values);
        self.ended.push(ended);
    }

    /// Directions whose spaces were exhausted.
    pub(super) fn ended(&self) -> usize {
        self.ended.len()
    }

    /// What no eigenvalue times `sign` is above, but with the probability
    /// `missed`; `values` are the space's Ritz values, `scale` is about ‖A‖.
    /// Infinite while too little is known.
    pub(super) fn edge(&self, values: &[f64], sign: f64, scale: f64, missed: f64) -> f64 {
        let top = highest(values, sign);
        if scale == 0.0 {
            return top;
        }
        let known = |log_distance: f64| {
            let lambda = sign * (top + log_distance.exp());
            self.log_probability(values, lambda) <= missed.ln()
        };
        // Nothing is asked for that lies further out than the spectrum is wide.
        let (near, far) = ((f64::EPSILON * scale).ln(), (2.0 * scale).ln());
        match known(far) {
            true => top + beginning(near, far, HALVINGS, known).exp(),
            false => f64::INFINITY,
        }
    }

    /// ln of the probability that all directions hide an eigenvector of λ.
    fn log_probability(&self, values: &[f64], lambda: f64) -> f64 {
        let of_sphere = (2.0 * self.dim as f64 / PI).ln() / 2.0;
        let of = |chain: &Chain, values: &[f64]| {
            let distances = |values: &[f64]| -> f64 {
                values.iter().map(|value| (lambda - value).abs().ln()).sum()
            };
            let polynomial = distances(&chain.dropped) + distances(values)
                - distances(&chain.before)
                - chain.log_lengths;
            (of_sphere - polynomial).min(0.0)
        };
        let ended: f64 = self.ended.iter().map(|chain| of(chain, &[])).sum();
        ended + of(&self.current, values)
    }
}

#[cfg(test)]
mod tests {
    use super::super::krylov::KrylovSpace;
    use crate::operator::LinearOperator;
    use crate::random::{Purpose, stream};

    /// 2, 1.5, and the rest evenly from 1 down to −1.
    struct Diagonal(usize);

    impl LinearOperator for Diagonal {
        fn dim(&self) -> usize {
            self.0
        }

        fn apply(&self, v: &[f64]) -> Vec<f64> {
            let value = |k: usize| match k {
                0 => 2.0,
                1 => 1.5,
                _ => 1.0 - 2.0 * k as f64 / self.0 as f64,
            };
            v.iter().enumerate().map(|(k, v)| value(k) * v).collect()
        }
    }

    /// The share of directions after `steps` whose edge is below the largest
    /// eigenvalue, and those after which the edge has come down to it.
    fn shares(steps: usize, missed: f64, restarted: bool) -> (f64, f64) {
        const DIRECTIONS: u64 = 2_000;
        let a = Diagonal(500);
        let (mut below, mut near) = (0, 0);
        for seed in 0..DIRECTIONS {
            let rng = &mut stream(seed, Purpose::Start, 0);
            let mut space = KrylovSpace::fresh(a.dim(), Vec::new(), 0.0, rng);
            let mut ritz = None;
            for step in 0..steps {
                assert!(space.extend(&a, rng));
                let found = space.ritz().expect("all numbers are finite");
                if restarted && step == steps / 2 {
                    space.restart(&found, &[0, 1]);
                }
                ritz = Some(found);
            }
            let edge = space.edge(&ritz.expect("there was a step"), 1.0, missed);
            below += u32::from(edge < 2.0);
            near += u32::from(edge < 2.1);
        }
        let share = |count: u32| f64::from(count) / DIRECTIONS as f64;
        (share(below), share(near))
    }

    #[test]
    fn edges_lie_below_an_eigenvalue_no_more_often_than_they_say() {
        for missed in [0.3, 0.1, 0.03] {
            for (steps, restarted) in [(4, false), (6, false), (10, false), (12, true)] {
                let (below, _) = shares(steps, missed, restarted);
                let spread = (missed * (1.0 - missed) / 2_000.0).sqrt();
                assert!(below <= missed + 4.0 * spread, "{steps}, {missed}: {below}");
            }
        }
    }

    #[test]
    fn edges_come_down_to_the_largest_eigenvalue() {
        assert_eq!(shares(20, 1e-5, false), (0.0, 1.0));
        assert_eq!(shares(24, 1e-5, true), (0.0, 1.0));
    }
}
