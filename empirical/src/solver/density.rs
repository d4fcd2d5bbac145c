//! The spectral density by stochastic Lanczos quadrature.

use breakeven_sim::record::SpectralDensity;
use rand_chacha::ChaCha8Rng;

use super::lanczos::tridiagonal;
use super::rademacher;
use crate::operator::LinearOperator;

/// Estimates the distribution of eigenvalues: for each of `probes` random
/// sign vectors, `steps` steps of Lanczos give nodes and weights of a Gauss
/// quadrature of the density (Golub & Welsch, 1969; Ghorbani et al., 2019).
/// The weights of a probe sum to 1, those of the answer too.
pub fn spectral_density(
    operator: &impl LinearOperator,
    probes: usize,
    steps: usize,
    rng: &mut ChaCha8Rng,
) -> SpectralDensity {
    let mut nodes: Vec<(f64, f64)> = (0..probes)
        .flat_map(|_| {
            let start = rademacher(operator.dim(), rng);
            let eigen = tridiagonal(operator, &start, steps).symmetric_eigen();
            let weights = eigen.eigenvectors.row(0).map(|x| x * x / probes as f64);
            eigen
                .eigenvalues
                .iter()
                .copied()
                .zip(weights.iter().copied())
                .collect::<Vec<_>>()
        })
        .collect();
    nodes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (nodes, weights) = nodes.into_iter().unzip();
    SpectralDensity { nodes, weights }
}
