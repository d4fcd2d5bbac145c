//! Eigenvalue and trace estimates of a [`LinearOperator`]; they know neither
//! networks nor Burn.

mod chance;
mod complete;
mod deflated;
mod density;
mod determinism;
mod diagonal;
mod explored;
mod krylov;
mod lanczos;
mod pairs;
mod trace;

pub use complete::{write_out, written_out_error};
pub use deflated::DeflatedOp;
pub(crate) use density::UNBOUNDED;
pub use density::spectral_density;
pub use determinism::{NotDeterministic, check_determinism};
pub use diagonal::{Diagonal, diagonal};
pub use explored::Explored;
pub use lanczos::Lanczos;
pub use pairs::{Eigenpair, Eigenpairs, principal_cosines};
pub use trace::{LEAST_PROBES, Trace, TraceEstimate, TraceSettings, hutchinson, trace};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

#[cfg(doc)]
use crate::operator::LinearOperator;

/// A vector of `dim` numbers, each −1 or 1 with equal chance.
fn rademacher(dim: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..dim)
        .map(|_| if rng.random::<bool>() { 1.0 } else { -1.0 })
        .collect()
}

/// A direction with no preference: independent standard normal numbers. Signs
/// would miss an eigenvector of few entries with real probability.
fn gaussian(dim: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    rng.sample_iter(StandardNormal).take(dim).collect()
}

/// Sums in eight lanes, which the compiler makes one vector of.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a
        .remainder()
        .iter()
        .zip(b.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a.zip(b) {
        for k in 0..LANES {
            lanes[k] += a[k] * b[k];
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// Numbers of all vectors that a search, or an estimate of a trace, keeps: 2 GiB.
const MOST_NUMBERS: usize = 1 << 28;

/// Vectors of D numbers that are kept at most.
pub(crate) fn most_vectors(dim: usize) -> usize {
    MOST_NUMBERS / dim.max(1)
}

/// Numbers of a vector that a thread takes at once. Sums go block by block:
/// their bits do not depend on the number of threads.
const BLOCK: usize = 1 << 14;

/// Takes orthonormal directions out of `w`, all at once; returns how much of
/// each there was.
fn take_out(directions: &[impl AsRef<[f64]> + Sync], w: &mut [f64]) -> Vec<f64> {
    let mut along = vec![0.0; directions.len()];
    if directions.is_empty() {
        return along;
    }
    let of_block = |(place, w): (usize, &[f64])| -> Vec<f64> {
        let here = place * BLOCK..place * BLOCK + w.len();
        let each = directions.iter();
        each.map(|v| dot(&v.as_ref()[here.clone()], w)).collect()
    };
    let parts: Vec<Vec<f64>> = w.par_chunks(BLOCK).enumerate().map(of_block).collect();
    for part in parts {
        axpy(1.0, &part, &mut along);
    }
    w.par_chunks_mut(BLOCK).enumerate().for_each(|(place, w)| {
        let here = place * BLOCK..place * BLOCK + w.len();
        for (v, &along) in directions.iter().zip(&along) {
            axpy(-along, &v.as_ref()[here.clone()], w);
        }
    });
    along
}

fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

/// `y += a x`.
fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// The largest of `values` times `sign`, 1 or −1.
fn highest(values: &[f64], sign: f64) -> f64 {
    let signed = values.iter().map(|x| sign * x);
    signed.fold(f64::NEG_INFINITY, f64::max)
}

/// Where, between `low` and `high`, what holds from some place on up to `high`
/// begins to, after so many halvings.
fn beginning(mut low: f64, mut high: f64, halvings: usize, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..halvings {
        let middle = (low + high) / 2.0;
        match holds(middle) {
            true => high = middle,
            false => low = middle,
        }
    }
    high
}

/// The largest in size.
fn scale(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |scale, x| x.abs().max(scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_whatever_the_number_of_parameters() {
        assert_eq!(most_vectors(20_000_000), 13);
        assert_eq!(most_vectors(361_898), 741);
        assert_eq!(most_vectors(0), MOST_NUMBERS);
    }

    #[test]
    fn directions_are_taken_out_of_all_blocks_of_a_vector() {
        let dim = 2 * BLOCK + 5;
        let unit = |place: usize| {
            let mut v = vec![0.0; dim];
            v[place] = 1.0;
            v
        };
        let places = [0, BLOCK - 1, BLOCK, dim - 1];
        let directions = places.map(unit);
        let mut w: Vec<f64> = (0..dim).map(|k| k as f64).collect();
        let along = take_out(&directions, &mut w);
        assert_eq!(along, places.map(|place| place as f64));
        for (k, &left) in w.iter().enumerate() {
            let expected = if places.contains(&k) { 0.0 } else { k as f64 };
            assert_eq!(left, expected);
        }
    }
}
