//! Hutchinson's estimate of a trace.

use rand_chacha::ChaCha8Rng;

use super::{dot, rademacher};
use crate::operator::LinearOperator;

/// A trace with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceEstimate {
    /// Mean of zᵀAz over the probes.
    pub trace: f64,
    /// Standard error of that mean; absent for a single probe.
    pub standard_error: Option<f64>,
}

/// Estimates Tr A as the mean of zᵀAz over `probes` vectors z of random
/// signs (Hutchinson, 1990): unbiased, one product a probe.
///
/// # Panics
/// If `probes` is 0.
pub fn hutchinson(
    operator: &impl LinearOperator,
    probes: usize,
    rng: &mut ChaCha8Rng,
) -> TraceEstimate {
    assert!(probes > 0, "a trace needs a probe");
    let samples: Vec<f64> = (0..probes)
        .map(|_| {
            let z = rademacher(operator.dim(), rng);
            dot(&z, &operator.apply(&z))
        })
        .collect();
    let count = probes as f64;
    let trace = samples.iter().sum::<f64>() / count;
    let squares: f64 = samples.iter().map(|x| (x - trace).powi(2)).sum();
    TraceEstimate {
        trace,
        standard_error: (probes > 1).then(|| (squares / (count - 1.0) / count).sqrt()),
    }
}
