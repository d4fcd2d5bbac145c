//! The left side of Eq. 1.

use crate::double_double::DoubleDouble;
use crate::sampling::Sampling;

/// The left side of Eq. 1 (equally Eq. 2, and Eq. 3 with s² = λ_K/ψ²):
/// `(1 − ηλ)² + s² η² (N−S)/(S(N−1))`.
///
/// It is the factor by which one step of SGD multiplies E\[ψ²\] under
/// Assumption 1 with f = ½ · mean H_i ψ²: stable up to 1, unstable above.
/// `s2` is the variance of the examples' curvatures with 1/N (the paper's
/// App. B prints s = Var; s² is the variance). NaN where S is not in 1 ..= N.
///
/// With η = ½ and λ = 2 the first term is 0, and p is 1 for single examples:
///
/// ```
/// let left_side = breakeven_sim::stability(0.5, 2.0, 3.0, 1000, 1);
/// assert_eq!(left_side, 3.0 * 0.5 * 0.5);
/// ```
pub fn stability(eta: f64, lambda: f64, s2: f64, examples: usize, batch_size: usize) -> f64 {
    let Ok(sampling) = Sampling::new(batch_size, examples) else {
        return f64::NAN;
    };
    let mean = 1.0 - eta * lambda;
    if sampling.is_full_batch() {
        return mean * mean;
    }
    mean.mul_add(mean, s2 * eta * eta * sampling.noise_factor())
}

/// 1 minus the left side of Eq. 1, as `ηλ(2 − ηλ) − s²η²p` in 32 digits:
/// its sign is right also next to the threshold.
pub(crate) fn margin(eta: f64, lambda: f64, s2: DoubleDouble, sampling: Sampling) -> f64 {
    let step = DoubleDouble::product(eta, lambda);
    let drift = step * (DoubleDouble::from(2.0) - step);
    if sampling.is_full_batch() {
        return drift.value();
    }
    if !s2.value().is_finite() {
        return f64::NEG_INFINITY;
    }
    let noise = s2 * DoubleDouble::product(eta, eta) * sampling.left_out();
    ((drift * sampling.pairs() - noise) / sampling.pairs()).value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_noise_the_left_side_is_the_square_of_the_factor() {
        assert_eq!(stability(0.5, 4.0, 9.0, 10, 10), 1.0);
        assert_eq!(stability(0.5, 2.0, 9.0, 10, 10), 0.0);
        assert_eq!(stability(1.0, 3.0, 0.0, 10, 1), 4.0);
    }

    #[test]
    fn sizes_that_do_not_fit_give_no_number() {
        assert!(stability(0.1, 1.0, 1.0, 10, 11).is_nan());
        assert!(stability(0.1, 1.0, 1.0, 10, 0).is_nan());
    }

    #[test]
    fn the_margin_keeps_its_sign_where_the_left_side_rounds_to_one() {
        let sampling = Sampling::new(1, 2).unwrap();
        let tiny = DoubleDouble::from(1e-18);
        assert_eq!(stability(1.0, 2.0, 1e-18, 2, 1), 1.0);
        assert_eq!(margin(1.0, 2.0, tiny, sampling), -1e-18);
    }
}
