//! Heavy-ball momentum on the model: ψ(t+1) = ψ(t) − ηH_Bψ(t) + β(ψ(t) − ψ(t−1)).
//! Beyond the paper, which varies β in App. F but has no threshold for it.
//!
//! With a = 1 + β − ηλ and v = η²s²p, the second moments of (ψ(t), ψ(t−1))
//! follow a linear map with a largest eigenvalue of 1 where
//! a²(1−β)/(1+β) + v + β² = 1, that is, where
//! `λ + κ·p·s²/λ = 2(1+β)/η` with κ = (1+β)/(1−β). This is Eq. 1 with η
//! divided by 1 + β and the noise multiplied by κ: momentum raises the
//! full-batch limit and makes noise count for more.

use nalgebra::{Matrix3, Schur};

use crate::double_double::DoubleDouble;
use crate::model::Model;
use crate::noise::NoiseTerm;
use crate::parameter::{Parameter, ParameterError, require};
use crate::sampling::Sampling;
use crate::stability::stability;
use crate::threshold::{StableSet, stable_set};

/// A model trained with momentum.
///
/// Full batches are stable up to 2(1+β)/η (Polyak 1964). At ηλ = 1 + β a step is
/// ψ(t+1) = −βψ(t−1), so that ψ² shrinks by β² in two:
///
/// ```
/// use breakeven_sim::momentum::HeavyBall;
/// use breakeven_sim::{Model, Noise, Sampling};
///
/// # fn main() -> Result<(), breakeven_sim::parameter::ParameterError> {
/// let noise = Noise::FixedDistance { alpha: 1.0, psi: 1.0 };
/// let ball = HeavyBall::new(Model::new(0.5, Sampling::new(10, 10)?, noise)?, 0.25)?;
/// assert_eq!(ball.full_batch_limit(), 5.0);
/// assert!((ball.growth(1.25 / 0.5) - 0.25).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeavyBall {
    model: Model,
    beta: f64,
}

impl HeavyBall {
    /// # Errors
    /// Where β is not in 0 ≤ β < 1.
    pub fn new(model: Model, momentum: f64) -> Result<Self, ParameterError> {
        let expected = "0 or more and below 1";
        let beta = require(
            (0.0..1.0).contains(&momentum),
            Parameter::Momentum,
            expected,
            momentum,
        )?;
        Ok(Self { model, beta })
    }

    /// 2(1+β)/η, the break-even λ_H at S = N.
    pub fn full_batch_limit(&self) -> f64 {
        (1.0 + self.beta) * self.model.full_batch_limit()
    }

    /// The λ > 0 at which E\[ψ²\] does not grow.
    pub fn stable_set(&self) -> StableSet {
        let sum = DoubleDouble::sum(1.0, self.beta);
        let rest = DoubleDouble::sum(1.0, -self.beta);
        let term = self.model.noise().term();
        let scale = term.scale * sum / rest;
        let eta = (DoubleDouble::from(self.model.learning_rate()) / sum).value();
        stable_set(eta, self.model.sampling(), NoiseTerm { scale, ..term })
    }

    /// The factor by which E\[ψ²\] grows in a step in the long run
    /// ([`growth`]).
    pub fn growth(&self, lambda: f64) -> f64 {
        let s2 = self.model.noise().curvature_variance(lambda);
        let p = self.model.sampling().noise_factor();
        largest(self.model.learning_rate(), self.beta, lambda, s2 * p)
    }
}

/// The factor by which E\[ψ²\] grows in a step in the long run, with momentum
/// `beta`: the largest eigenvalue (in size) of the map of the second moments
/// E\[ψ(t)²\], E\[ψ(t)ψ(t−1)\], E\[ψ(t−1)²\]. Stable up to 1. Without momentum
/// it is the left side of Eq. 1, and is computed as that. NaN where a number is
/// not finite, or S is not in 1 ..= N.
pub fn growth(
    eta: f64,
    beta: f64,
    lambda: f64,
    s2: f64,
    examples: usize,
    batch_size: usize,
) -> f64 {
    if beta == 0.0 {
        return stability(eta, lambda, s2, examples, batch_size);
    }
    Sampling::new(batch_size, examples).map_or(f64::NAN, |sampling| {
        let p = sampling.noise_factor();
        largest(eta, beta, lambda, if p == 0.0 { 0.0 } else { s2 * p })
    })
}

/// Sweeps of the eigenvalue iteration, which takes about ten.
const MOST_SWEEPS: usize = 1000;

/// That growth, with the variance `noise` of a batch's curvature.
fn largest(eta: f64, beta: f64, lambda: f64, noise: f64) -> f64 {
    let a = 1.0 + beta - eta * lambda;
    let v = eta * eta * noise;
    let map = Matrix3::new(
        a * a + v,
        -2.0 * a * beta,
        beta * beta,
        a,
        -beta,
        0.0,
        1.0,
        0.0,
        0.0,
    );
    if !map.iter().all(|entry| entry.is_finite()) {
        return f64::NAN;
    }
    Schur::try_new(map, f64::EPSILON, MOST_SWEEPS).map_or(f64::NAN, |schur| {
        let sizes = schur.complex_eigenvalues().map(|value| value.norm());
        sizes.max()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;

    fn model(batch_size: usize, variance: f64) -> Model {
        let noise = Noise::FixedVariance {
            variance,
            psi: None,
        };
        Model::new(0.1, Sampling::new(batch_size, 100).unwrap(), noise).unwrap()
    }

    #[test]
    fn without_momentum_it_is_the_model() {
        let model = model(4, 30.0);
        let ball = HeavyBall::new(model, 0.0).unwrap();
        assert_eq!(ball.stable_set(), model.stable_set());
        for lambda in [0.5, 7.0, 25.0] {
            assert!((ball.growth(lambda) / model.stability(lambda) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_full_batch_limit_is_that_of_the_heavy_ball() {
        // Polyak (1964): 0 < ηλ < 2(1 + β).
        let ball = HeavyBall::new(model(100, 30.0), 0.9).unwrap();
        assert_eq!(ball.stable_set().break_even(), Some(38.0));
        assert_eq!(ball.full_batch_limit(), 38.0);
    }

    #[test]
    fn the_ends_are_where_the_second_moments_stop_shrinking() {
        for beta in [0.1, 0.5, 0.9, 0.99] {
            for variance in [0.01, 1.0, 30.0] {
                let ball = HeavyBall::new(model(4, variance), beta).unwrap();
                let Some([low, high]) = ball.stable_set().interval() else {
                    assert!(beta == 0.99 && variance == 30.0);
                    continue;
                };
                for end in [low, high] {
                    assert!((ball.growth(end) - 1.0).abs() < 1e-9, "{beta} {variance}");
                }
                assert!(ball.growth(0.5 * (low + high)) < 1.0);
                assert!(ball.growth(1.01 * high) > 1.0 && ball.growth(0.99 * low) > 1.0);
            }
        }
    }

    #[test]
    fn the_growth_of_numbers_is_that_of_the_model() {
        for beta in [0.1, 0.9] {
            let ball = HeavyBall::new(model(4, 30.0), beta).unwrap();
            let found = growth(0.1, beta, 7.0, 30.0, 100, 4);
            assert!((found / ball.growth(7.0) - 1.0).abs() < 1e-12);
        }
        assert_eq!(
            growth(0.1, 0.0, 7.0, 30.0, 100, 4),
            stability(0.1, 7.0, 30.0, 100, 4)
        );
    }

    #[test]
    fn full_batches_grow_from_twice_one_plus_beta_over_eta_on() {
        // Polyak (1964), and whatever the examples' curvatures.
        for (lambda, stable) in [(37.9, true), (38.1, false)] {
            let factor = growth(0.1, 0.9, lambda, 1e9, 100, 100);
            assert_eq!(factor <= 1.0, stable, "{lambda} {factor}");
        }
    }

    #[test]
    fn what_is_not_finite_has_no_growth() {
        assert!(growth(0.1, 0.9, f64::NAN, 1.0, 100, 4).is_nan());
        assert!(growth(0.1, 0.9, 1e300, 1.0, 100, 4).is_nan());
        assert!(growth(0.1, 0.9, 1.0, 1.0, 4, 100).is_nan());
    }

    #[test]
    fn momentum_outside_its_range_is_refused() {
        let error = HeavyBall::new(model(4, 1.0), 1.0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "momentum must be 0 or more and below 1, got 1"
        );
    }
}
