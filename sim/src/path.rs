//! The path that training would take along e_H¹ if nothing became unstable:
//! λ_H and ψ after u steps of progress.
//!
//! Assumption 4 moves a stable run forwards on it, one unit of progress a
//! step; Assumption 3 moves an unstable run back. The paper names no law, so
//! several are offered; for all of them λ_H rises and ψ falls with u where
//! their rates are what the assumptions ask for. λ_H stays at 1e-60, the
//! smallest that the model takes, where a law goes below: at 0 nothing moves,
//! and Eq. 1 would be an equality that is no break-even point.

use crate::parameter::{Parameter, ParameterError, SMALLEST, positive, require};

/// λ_H at the progress u.
#[derive(Clone, Debug, PartialEq)]
pub enum CurvatureLaw {
    /// λ₀ + rate·u.
    Linear {
        /// λ₀.
        start: f64,
        /// Rise a step.
        rate: f64,
    },
    /// λ₀ · factor^u.
    Geometric {
        /// λ₀.
        start: f64,
        /// Growth a step.
        factor: f64,
    },
    /// Measured values, linear between them and constant beyond: there is
    /// nothing before the first one to which an unstable run could go back.
    Measured(Samples),
}

/// ψ at the progress u.
#[derive(Clone, Debug, PartialEq)]
pub enum DistanceLaw {
    /// ψ₀ − rate·u, never below 0.
    Linear {
        /// ψ₀.
        start: f64,
        /// Fall a step.
        rate: f64,
    },
    /// ψ₀ · factor^u.
    Geometric {
        /// ψ₀.
        start: f64,
        /// What remains after a step.
        factor: f64,
    },
    /// ψ₀ (λ/λ₀)^−k with λ = λ_H(u) and λ₀ = λ_H(0).
    Power {
        /// ψ₀.
        start: f64,
        /// k.
        exponent: f64,
    },
    /// Measured values, linear between them and constant beyond.
    Measured(Samples),
}

/// Values measured at steps that rise.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples(Vec<(f64, f64)>);

/// Why measured values can't be a path.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SamplesError {
    /// There are none.
    #[error("there is no measured value")]
    Empty,
    /// Two values at one step, or steps out of order.
    #[error("steps must rise: {after} comes after {before}")]
    Order {
        /// The earlier line's step.
        before: f64,
        /// The later line's.
        after: f64,
    },
    /// A value that is not a positive number.
    #[error("the value at step {step} must be positive and finite, got {value}")]
    Value {
        /// Where.
        step: f64,
        /// What.
        value: f64,
    },
}

impl Samples {
    /// From (step, value) pairs.
    ///
    /// # Errors
    /// Where there is none, steps do not rise, or a value is not positive and
    /// finite.
    pub fn new(pairs: Vec<(f64, f64)>) -> Result<Self, SamplesError> {
        if pairs.is_empty() {
            return Err(SamplesError::Empty);
        }
        for pair in pairs.windows(2) {
            let (before, after) = (pair[0].0, pair[1].0);
            if before.partial_cmp(&after) != Some(std::cmp::Ordering::Less) {
                return Err(SamplesError::Order { before, after });
            }
        }
        match pairs
            .iter()
            .find(|(_, value)| !(value.is_finite() && *value > 0.0))
        {
            Some(&(step, value)) => Err(SamplesError::Value { step, value }),
            None => Ok(Self(pairs)),
        }
    }

    fn scale(&mut self, factor: f64) {
        self.0.iter_mut().for_each(|(_, value)| *value *= factor);
    }

    /// The value at `u` steps after the first.
    fn at(&self, u: f64) -> f64 {
        let step = self.0[0].0 + u;
        let next = self.0.partition_point(|&(at, _)| at <= step);
        let (Some(&(x0, y0)), Some(&(x1, y1))) = (self.0.get(next.max(1) - 1), self.0.get(next))
        else {
            // Not empty, by construction.
            return self.0[self.0.len() - 1].1;
        };
        if next == 0 {
            y1
        } else {
            y0 + (y1 - y0) * (step - x0) / (x1 - x0)
        }
    }
}

/// λ_H and ψ along the path.
///
/// λ_H that doubles each step, and ψ = ψ₀ (λ/λ₀)^−1 that halves:
///
/// ```
/// use breakeven_sim::path::{CurvatureLaw, DistanceLaw, Path};
///
/// let curvature = CurvatureLaw::Geometric { start: 3.0, factor: 2.0 };
/// let distance = DistanceLaw::Power { start: 1.0, exponent: 1.0 };
/// let path = Path::new(curvature, distance)?;
/// assert_eq!((path.lambda_h(2.0), path.psi(2.0)), (12.0, 0.25));
/// # Ok::<(), breakeven_sim::parameter::ParameterError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    curvature: CurvatureLaw,
    distance: DistanceLaw,
}

impl Path {
    /// # Errors
    /// Where a start is not positive, a factor not positive, or a rate or
    /// exponent not finite.
    pub fn new(curvature: CurvatureLaw, distance: DistanceLaw) -> Result<Self, ParameterError> {
        match curvature {
            CurvatureLaw::Linear { start, rate } => {
                positive(Parameter::Lambda0, start)?;
                finite(Parameter::CurvatureRate, rate)?;
            }
            CurvatureLaw::Geometric { start, factor } => {
                positive(Parameter::Lambda0, start)?;
                positive(Parameter::CurvatureFactor, factor)?;
            }
            CurvatureLaw::Measured(_) => {}
        }
        match distance {
            DistanceLaw::Linear { start, rate } => {
                positive(Parameter::Psi0, start)?;
                finite(Parameter::DistanceRate, rate)?;
            }
            DistanceLaw::Geometric { start, factor } => {
                positive(Parameter::Psi0, start)?;
                positive(Parameter::DistanceFactor, factor)?;
            }
            DistanceLaw::Power { start, exponent } => {
                positive(Parameter::Psi0, start)?;
                finite(Parameter::PsiExponent, exponent)?;
            }
            DistanceLaw::Measured(_) => {}
        }
        Ok(Self {
            curvature,
            distance,
        })
    }

    /// The same path with all λ_H and all ψ multiplied by positive factors.
    pub(crate) fn scaled(&self, lambda: f64, psi: f64) -> Self {
        let mut scaled = self.clone();
        match &mut scaled.curvature {
            CurvatureLaw::Linear { start, rate } => {
                (*start, *rate) = (*start * lambda, *rate * lambda)
            }
            CurvatureLaw::Geometric { start, .. } => *start *= lambda,
            CurvatureLaw::Measured(samples) => samples.scale(lambda),
        }
        match &mut scaled.distance {
            DistanceLaw::Linear { start, rate } => (*start, *rate) = (*start * psi, *rate * psi),
            DistanceLaw::Geometric { start, .. } | DistanceLaw::Power { start, .. } => {
                *start *= psi
            }
            DistanceLaw::Measured(samples) => samples.scale(psi),
        }
        scaled
    }

    /// λ_H at the progress `u`, 1e-60 or more.
    pub fn lambda_h(&self, u: f64) -> f64 {
        let lambda = match &self.curvature {
            CurvatureLaw::Linear { start, rate } => start + rate * u,
            CurvatureLaw::Geometric { start, factor } => start * factor.powf(u),
            CurvatureLaw::Measured(samples) => samples.at(u),
        };
        lambda.max(SMALLEST)
    }

    /// ψ at the progress `u`.
    pub fn psi(&self, u: f64) -> f64 {
        match &self.distance {
            DistanceLaw::Linear { start, rate } => (start - rate * u).max(0.0),
            DistanceLaw::Geometric { start, factor } => start * factor.powf(u),
            DistanceLaw::Power { start, exponent } => {
                start * (self.lambda_h(u) / self.lambda_h(0.0)).powf(-exponent)
            }
            DistanceLaw::Measured(samples) => samples.at(u),
        }
    }
}

fn finite(parameter: Parameter, value: f64) -> Result<f64, ParameterError> {
    require(value.is_finite(), parameter, "a finite number", value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measured_values_are_joined_by_lines_and_held_at_the_ends() {
        let samples = Samples::new(vec![(10.0, 1.0), (20.0, 3.0), (30.0, 2.0)]).unwrap();
        let at = |u: f64| samples.at(u);
        assert_eq!(
            [at(-5.0), at(0.0), at(5.0), at(15.0), at(99.0)],
            [1.0, 1.0, 2.0, 2.5, 2.0]
        );
    }

    #[test]
    fn measured_values_that_make_no_path_are_refused() {
        assert_eq!(Samples::new(vec![]), Err(SamplesError::Empty));
        let order = SamplesError::Order {
            before: 2.0,
            after: 2.0,
        };
        assert_eq!(Samples::new(vec![(2.0, 1.0), (2.0, 1.0)]), Err(order));
        let value = SamplesError::Value {
            step: 1.0,
            value: -1.0,
        };
        assert_eq!(Samples::new(vec![(1.0, -1.0)]), Err(value));
    }

    #[test]
    fn a_power_law_ties_the_distance_to_the_curvature() {
        let curvature = CurvatureLaw::Geometric {
            start: 2.0,
            factor: 4.0,
        };
        let distance = DistanceLaw::Power {
            start: 3.0,
            exponent: 0.5,
        };
        let path = Path::new(curvature, distance).unwrap();
        assert_eq!((path.lambda_h(1.0), path.psi(1.0)), (8.0, 1.5));
    }
}
