//! Eigenvalue and trace estimates of a [`LinearOperator`]; they know neither
//! networks nor Burn.

mod complete;
mod density;
mod determinism;
mod explored;
mod krylov;
mod lanczos;
mod pairs;
mod trace;

pub use complete::{write_out, written_out_error};
pub use density::spectral_density;
pub use determinism::{NotDeterministic, check_determinism};
pub use explored::Explored;
pub use lanczos::Lanczos;
pub use pairs::{Eigenpair, Eigenpairs, principal_cosines};
pub use trace::{LEAST_PROBES, Trace, TraceEstimate, TraceSettings, hutchinson, trace};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

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
fn dot(a: &[f64], b: &[f64]) -> f64 {
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

fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

/// `y += a x`.
fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// The largest in size.
fn scale(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |scale, x| x.abs().max(scale))
}
