//! Eq. 1 for one learning rate, batch size and kind of noise.

use crate::noise::Noise;
use crate::parameter::{Parameter, ParameterError, positive};
use crate::sampling::Sampling;
use crate::stability::{margin, stability};
use crate::threshold::{StableSet, stable_set};

/// The paper's one-dimensional model: SGD along e_H¹ under Assumptions 1
/// and 2.
///
/// Full batches break even at 2/η. Single examples do at λ + α/ψ² = 2/η (Eq. 3 with
/// λ_K = αλ):
///
/// ```
/// use breakeven_sim::{Model, Noise, Sampling};
///
/// # fn main() -> Result<(), breakeven_sim::parameter::ParameterError> {
/// let noise = Noise::FixedDistance { alpha: 1.0, psi: 0.5 };
/// let full = Model::new(0.125, Sampling::new(1000, 1000)?, noise)?;
/// assert_eq!(full.stable_set().break_even(), Some(16.0));
///
/// let single = Model::new(0.125, Sampling::new(1, 1000)?, noise)?;
/// assert_eq!(single.stable_set().break_even(), Some(12.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    eta: f64,
    sampling: Sampling,
    noise: Noise,
}

impl Model {
    /// # Errors
    /// Where a parameter is not finite, has the wrong sign, or a magnitude
    /// outside 1e-60 .. 1e60 (k: outside −1000 .. 1000).
    pub fn new(
        learning_rate: f64,
        sampling: Sampling,
        noise: Noise,
    ) -> Result<Self, ParameterError> {
        let eta = positive(Parameter::LearningRate, learning_rate)?;
        Ok(Self {
            eta,
            sampling,
            noise: noise.checked()?,
        })
    }

    /// η.
    pub fn learning_rate(&self) -> f64 {
        self.eta
    }

    /// S of N.
    pub fn sampling(&self) -> Sampling {
        self.sampling
    }

    /// What the noise term is made of.
    pub fn noise(&self) -> &Noise {
        &self.noise
    }

    /// 2/η, the break-even λ_H at S = N.
    pub fn full_batch_limit(&self) -> f64 {
        2.0 / self.eta
    }

    /// The left side of Eq. 1 at the curvature `lambda`.
    pub fn stability(&self, lambda: f64) -> f64 {
        let s2 = self.noise.curvature_variance(lambda);
        stability(
            self.eta,
            lambda,
            s2,
            self.sampling.examples(),
            self.sampling.batch_size(),
        )
    }

    /// 1 minus the left side of Eq. 1: positive where SGD is stable, 0 at the
    /// threshold.
    pub fn margin(&self, lambda: f64) -> f64 {
        margin(
            self.eta,
            lambda,
            self.noise.term().variance(lambda),
            self.sampling,
        )
    }

    /// Whether Eq. 1 holds at the curvature `lambda`.
    pub fn is_stable(&self, lambda: f64) -> bool {
        self.margin(lambda) >= 0.0
    }

    /// The λ > 0 that satisfy Eq. 1, to a relative 1e-12 (for a distance law
    /// with k < 0, next to where its two thresholds meet, to 1e-7).
    pub fn stable_set(&self) -> StableSet {
        stable_set(self.eta, self.sampling, self.noise.term())
    }

    /// The same with α/ψ instead of α/ψ², as Eq. 4 and 5 of the paper print
    /// it; Eq. 3 gives α/ψ². Absent for a fixed s², where they do not apply.
    pub fn printed_stable_set(&self) -> Option<StableSet> {
        let term = self.noise.printed_term()?;
        Some(stable_set(self.eta, self.sampling, term))
    }
}
