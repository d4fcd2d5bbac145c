//! How the variance of the curvatures along e_H¹ goes with the curvature.

use crate::double_double::DoubleDouble;
use crate::parameter::{Parameter, ParameterError, not_negative, positive, require};

/// What the noise term of Eq. 1 is made of.
///
/// With λ_K = αλ_H, s² is λ_K/ψ²:
///
/// ```
/// use breakeven_sim::Noise;
///
/// let noise = Noise::FixedDistance { alpha: 2.0, psi: 0.5 };
/// assert_eq!(noise.lambda_k(3.0), Some(6.0));
/// assert_eq!(noise.curvature_variance(3.0), 24.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    /// s² = Var(H_i) (1/N) is given and does not move with λ_H (Eq. 1).
    FixedVariance {
        /// s².
        variance: f64,
        /// The distance to the minimum, where λ_K = s²ψ² is wanted as well.
        psi: Option<f64>,
    },
    /// λ_K = αλ_H at a fixed distance ψ, so s² = αλ_H/ψ² (Eq. 3 with
    /// Assumption 2).
    FixedDistance {
        /// α = λ_K/λ_H.
        alpha: f64,
        /// ψ, the distance to the minimum along e_H¹.
        psi: f64,
    },
    /// λ_K = αλ_H at the distance ψ(λ) = ψ₀ (λ/λ₀)^−k. Assumptions 3 and 4
    /// ask for k ≥ 0: the distance falls where the curvature rises.
    DistanceLaw {
        /// α = λ_K/λ_H.
        alpha: f64,
        /// ψ₀, the distance at λ₀.
        psi0: f64,
        /// λ₀.
        lambda0: f64,
        /// k.
        exponent: f64,
    },
}

impl Noise {
    /// Lets through what the model can compute with.
    pub(crate) fn checked(self) -> Result<Self, ParameterError> {
        match self {
            Self::FixedVariance { variance, psi } => {
                not_negative(Parameter::CurvatureVariance, variance)?;
                psi.map(|psi| positive(Parameter::Psi, psi)).transpose()?;
            }
            Self::FixedDistance { alpha, psi } => {
                not_negative(Parameter::Alpha, alpha)?;
                positive(Parameter::Psi, psi)?;
            }
            Self::DistanceLaw {
                alpha,
                psi0,
                lambda0,
                exponent,
            } => {
                not_negative(Parameter::Alpha, alpha)?;
                positive(Parameter::Psi0, psi0)?;
                positive(Parameter::Lambda0, lambda0)?;
                let expected = "a number between -1000 and 1000";
                require(
                    exponent.abs() <= 1e3,
                    Parameter::PsiExponent,
                    expected,
                    exponent,
                )?;
            }
        }
        Ok(self)
    }

    /// α, where λ_K = αλ_H.
    pub fn alpha(&self) -> Option<f64> {
        match *self {
            Self::FixedVariance { .. } => None,
            Self::FixedDistance { alpha, .. } | Self::DistanceLaw { alpha, .. } => Some(alpha),
        }
    }

    /// ψ at the curvature `lambda`, where it is known.
    pub fn psi(&self, lambda: f64) -> Option<f64> {
        match *self {
            Self::FixedVariance { psi, .. } => psi,
            Self::FixedDistance { psi, .. } => Some(psi),
            Self::DistanceLaw {
                psi0,
                lambda0,
                exponent,
                ..
            } => Some(psi0 * (lambda / lambda0).powf(-exponent)),
        }
    }

    /// λ_K at the curvature `lambda`: αλ, or s²ψ² where ψ is given.
    pub fn lambda_k(&self, lambda: f64) -> Option<f64> {
        match *self {
            Self::FixedVariance { variance, psi } => psi.map(|psi| variance * psi * psi),
            Self::FixedDistance { alpha, .. } | Self::DistanceLaw { alpha, .. } => {
                Some(alpha * lambda)
            }
        }
    }

    /// s² at the curvature `lambda`.
    pub fn curvature_variance(&self, lambda: f64) -> f64 {
        self.term().variance(lambda).value()
    }

    /// s²/λ as a power of λ, with ψ² below α as Eq. 3 implies.
    pub(crate) fn term(&self) -> NoiseTerm {
        self.term_with(
            |alpha, psi| DoubleDouble::from(alpha) / DoubleDouble::product(psi, psi),
            2.0,
        )
    }

    /// The same with α/ψ, as Eq. 4 and 5 print it. Not for a fixed s², where
    /// they do not apply.
    pub(crate) fn printed_term(&self) -> Option<NoiseTerm> {
        self.alpha()?;
        Some(self.term_with(|alpha, psi| DoubleDouble::from(alpha) / psi.into(), 1.0))
    }

    fn term_with(&self, scale: impl Fn(f64, f64) -> DoubleDouble, power: f64) -> NoiseTerm {
        match *self {
            Self::FixedVariance { variance, .. } => NoiseTerm {
                scale: variance.into(),
                lambda0: 1.0,
                exponent: -1.0,
            },
            Self::FixedDistance { alpha, psi } => NoiseTerm {
                scale: scale(alpha, psi),
                lambda0: 1.0,
                exponent: 0.0,
            },
            Self::DistanceLaw {
                alpha,
                psi0,
                lambda0,
                exponent,
            } => NoiseTerm {
                scale: scale(alpha, psi0),
                lambda0,
                exponent: power * exponent,
            },
        }
    }
}

/// s²/λ = scale · (λ/λ₀)^exponent: all three kinds of [`Noise`] in one form.
/// A fixed s² has the exponent −1, a fixed distance 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoiseTerm {
    pub(crate) scale: DoubleDouble,
    pub(crate) lambda0: f64,
    pub(crate) exponent: f64,
}

impl NoiseTerm {
    /// s² at the curvature `lambda`; 32 digits where the exponent is 0 or −1.
    pub(crate) fn variance(&self, lambda: f64) -> DoubleDouble {
        // Without noise there is none at a power that overflows either.
        if self.scale.value() == 0.0 {
            return 0.0.into();
        }
        if self.exponent == -1.0 {
            return self.scale * self.lambda0.into();
        }
        let power = (lambda / self.lambda0).powf(self.exponent);
        self.scale * DoubleDouble::product(lambda, power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, Sampling};

    #[test]
    fn no_noise_stays_none_where_the_law_overflows() {
        // (1.2e8/1e5)^290 is above 1e308.
        let noise = Noise::DistanceLaw {
            alpha: 0.0,
            psi0: 12.0,
            lambda0: 1e5,
            exponent: 145.0,
        };
        let eta = 1.7e-8;
        let model = Model::new(eta, Sampling::new(1, 3).unwrap(), noise).unwrap();
        let high = model.stable_set().break_even().unwrap();
        assert_eq!(high, 2.0 / eta);
        assert_eq!(noise.curvature_variance(high), 0.0);
        assert!((model.stability(high) - 1.0).abs() < 1e-15);
        assert!(model.is_stable(high * (1.0 - 1e-12)) && !model.is_stable(high * (1.0 + 1e-12)));
    }
}
