//! The spectral density by stochastic Lanczos quadrature.

use breakeven_sim::record::SpectralDensity;
use rand_chacha::ChaCha8Rng;

use super::krylov::tridiagonal;
use super::{rademacher, scale};
use crate::operator::LinearOperator;
use crate::spectrum::Spectrum;

/// Why nothing bounds the smallest eigenvalue of a density that is not zero.
pub(crate) const UNBOUNDED: &str =
    "no random vector's quadrature has two nodes of one sign that are clearly not zero";

/// Estimates the distribution of eigenvalues: for each of `probes` random
/// sign vectors, `steps` steps of Lanczos give nodes and weights of a Gauss
/// quadrature of the density (Golub & Welsch, 1969; Ghorbani et al., 2019).
/// The weights of a probe sum to 1, those of the answer too. Absent where a
/// product is not finite.
///
/// ```
/// use breakeven_empirical::random::{Purpose, stream};
/// use breakeven_empirical::solver::spectral_density;
/// use nalgebra::{DMatrix, dvector};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
///
/// let matrix = DMatrix::from_diagonal(&dvector![1.0, 1.0, 3.0, 3.0]);
/// let density = spectral_density(&matrix, 1, 2, &mut stream(0, Purpose::Probes, 0));
/// let density = density.ok_or("a product is not finite")?;
/// // Half of the eigenvalues are 1, half are 3, and signs weigh all alike.
/// for (found, exact) in density.nodes.iter().chain(&density.weights).zip([1.0, 3.0, 0.5, 0.5]) {
///     assert!((found - exact).abs() < 1e-12);
/// }
/// # Ok(())
/// # }
/// ```
pub fn spectral_density(
    operator: &impl LinearOperator,
    probes: usize,
    steps: usize,
    rng: &mut ChaCha8Rng,
) -> Option<SpectralDensity> {
    let mut nodes: Vec<(f64, f64, usize)> = Vec::new();
    for probe in 0..probes {
        let start = rademacher(operator.dim(), rng);
        let Spectrum { values, vectors } = Spectrum::of(&tridiagonal(operator, &start, steps)?)?;
        let weights = vectors.row(0).map(|x| x * x / probes as f64);
        let of_probe = values.into_iter().zip(weights.iter().copied());
        nodes.extend(of_probe.map(|(node, weight)| (node, weight, probe)));
    }
    nodes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut density = SpectralDensity {
        nodes: nodes.iter().map(|node| node.0).collect(),
        weights: nodes.iter().map(|node| node.1).collect(),
        probes: nodes.iter().map(|node| node.2).collect(),
        smallest_nonzero_upper_bound: None,
    };
    let rounding = operator.rounding(scale(&density.nodes));
    density.smallest_nonzero_upper_bound = density.smallest_nonzero(rounding);
    Some(density)
}
