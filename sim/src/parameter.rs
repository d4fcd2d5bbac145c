//! The model's parameters: their names, and the values they may take.

use std::fmt;

/// A parameter of the model, as messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// η.
    LearningRate,
    /// S.
    BatchSize,
    /// N.
    Examples,
    /// α = λ_K/λ_H (paper, Assumption 2).
    Alpha,
    /// ψ, the distance to the minimum along e_H¹.
    Psi,
    /// ψ₀ of the law ψ(λ) = ψ₀ (λ/λ₀)^−k.
    Psi0,
    /// λ₀ of the same law.
    Lambda0,
    /// k of the same law.
    PsiExponent,
    /// s² = Var(H_i) over the N examples (1/N).
    CurvatureVariance,
    /// Rise of λ_H a step.
    CurvatureRate,
    /// Growth of λ_H a step.
    CurvatureFactor,
    /// Fall of ψ a step.
    DistanceRate,
    /// What remains of ψ after a step.
    DistanceFactor,
    /// Steps of SGD.
    Steps,
    /// Simulated paths.
    Paths,
    /// β.
    Momentum,
    /// w.
    WeightDecay,
}

impl Parameter {
    /// The name in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::LearningRate => "learning rate",
            Self::BatchSize => "batch size",
            Self::Examples => "examples",
            Self::Alpha => "alpha",
            Self::Psi => "psi",
            Self::Psi0 => "psi0",
            Self::Lambda0 => "lambda0",
            Self::PsiExponent => "psi exponent",
            Self::CurvatureVariance => "curvature variance",
            Self::CurvatureRate => "curvature rate",
            Self::CurvatureFactor => "curvature factor",
            Self::DistanceRate => "distance rate",
            Self::DistanceFactor => "distance factor",
            Self::Steps => "steps",
            Self::Paths => "paths",
            Self::Momentum => "momentum",
            Self::WeightDecay => "weight decay",
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// Smallest positive magnitude that a real parameter may have.
pub const SMALLEST: f64 = 1e-60;
/// Largest magnitude that a real parameter may have.
pub const LARGEST: f64 = 1e60;
/// Largest N: up to here integers are exact in an `f64`.
pub const MOST_EXAMPLES: usize = 1 << 53;

/// A parameter that the model can't take.
///
/// ```
/// use breakeven_sim::Sampling;
/// use breakeven_sim::parameter::Parameter;
///
/// let error = Sampling::new(6, 5).unwrap_err();
/// assert_eq!(error.parameter(), Parameter::BatchSize);
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// Not a number, infinite, of the wrong sign or magnitude.
    #[error("{parameter} must be {expected}, got {value}")]
    Real {
        /// Which.
        parameter: Parameter,
        /// What it may be.
        expected: &'static str,
        /// What it was.
        value: f64,
    },
    /// A count that does not fit.
    #[error("{parameter} must be {expected}, got {value}")]
    Count {
        /// Which.
        parameter: Parameter,
        /// What it may be.
        expected: String,
        /// What it was.
        value: usize,
    },
}

impl ParameterError {
    /// The parameter at fault.
    pub fn parameter(&self) -> Parameter {
        match self {
            Self::Real { parameter, .. } | Self::Count { parameter, .. } => *parameter,
        }
    }
}

/// Lets through a finite number in [`SMALLEST`], [`LARGEST`].
pub(crate) fn positive(parameter: Parameter, value: f64) -> Result<f64, ParameterError> {
    let expected = "a positive number between 1e-60 and 1e60";
    require(
        (SMALLEST..=LARGEST).contains(&value),
        parameter,
        expected,
        value,
    )
}

/// Lets through 0 and what [`positive`] does.
pub(crate) fn not_negative(parameter: Parameter, value: f64) -> Result<f64, ParameterError> {
    let expected = "0 or a positive number between 1e-60 and 1e60";
    let fits = value == 0.0 || (SMALLEST..=LARGEST).contains(&value);
    require(fits, parameter, expected, value)
}

/// Lets through `value` where `fits`.
pub(crate) fn require(
    fits: bool,
    parameter: Parameter,
    expected: &'static str,
    value: f64,
) -> Result<f64, ParameterError> {
    if fits {
        Ok(value)
    } else {
        Err(ParameterError::Real {
            parameter,
            expected,
            value,
        })
    }
}
