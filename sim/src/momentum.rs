//! Heavy-ball momentum on the model: ψ(t+1) = ψ(t) − ηH_Bψ(t) + β(ψ(t) − ψ(t−1)).
//! Beyond the paper, which varies β in App. F but has no threshold for it.
//!
//! With a = 1 + β − ηλ and v = η²s²p, the second moments of (ψ(t), ψ(t−1))
//! follow a linear map with a largest eigenvalue of 1 where
//! a²(1−β)/(1+β) + v + β² = 1, that is, where
//! `λ + κ·p·s²/λ = 2(1+β)/η` with κ = (1+β)/(1−β). This is Eq. 1 with η
//! divided by 1 + β and the noise multiplied by κ: momentum raises the
//! full-batch limit and makes noise count for more.

use nalgebra::Matrix3;

use crate::double_double::DoubleDouble;
use crate::model::Model;
use crate::noise::NoiseTerm;
use crate::parameter::{Parameter, ParameterError, require};
use crate::threshold::{StableSet, stable_set};

/// A model trained with momentum.
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

    /// The factor by which E\[ψ²\] grows in a step in the long run: the largest
    /// eigenvalue (in size) of the map of the second moments E\[ψ(t)²\],
    /// E\[ψ(t)ψ(t−1)\], E\[ψ(t−1)²\]. Stable up to 1. Without momentum it is the
    /// left side of Eq. 1.
    pub fn growth(&self, lambda: f64) -> f64 {
        let (eta, beta) = (self.model.learning_rate(), self.beta);
        let a = 1.0 + beta - eta * lambda;
        let s2 = self.model.noise().curvature_variance(lambda);
        let v = eta * eta * s2 * self.model.sampling().noise_factor();
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
        let sizes = map
            .complex_eigenvalues()
            .map(|eigenvalue| eigenvalue.norm());
        sizes.max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use crate::sampling::Sampling;

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
    fn momentum_outside_its_range_is_refused() {
        let error = HeavyBall::new(model(4, 1.0), 1.0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "momentum must be 0 or more and below 1, got 1"
        );
    }
}
