//! Theorems 1 and 2 of the paper (App. B) as statements that can be checked.
//!
//! Each assumption is a type: a value of it is the evidence that the
//! assumption holds, and the theorems take such values only. Whether they then
//! hold is found by running the model's trajectories, which know no theorem;
//! [`certify`] proves them over whole boxes of parameters instead.

pub mod certify;
pub mod grid;
pub mod scaling;
pub mod statements;

use serde::Serialize;

use crate::model::Model;
use crate::noise::Noise;
use crate::parameter::{Parameter, ParameterError, positive, require};
use crate::path::{CurvatureLaw, DistanceLaw, Path};
use crate::sampling::Sampling;
use crate::schedule::Schedule;
use crate::trajectory::{AtBreakEven, Coupling, Crossing, Settings};

/// Assumption 2: λ_K = αλ_H with α > 0 the same for every η and S.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proportional(f64);

impl Proportional {
    /// # Errors
    /// Where α is not positive.
    pub fn new(alpha: f64) -> Result<Self, ParameterError> {
        positive(Parameter::Alpha, alpha).map(Self)
    }
}

/// What Assumptions 3 and 4 say of ψ: it falls where λ_H rises and rises
/// where λ_H falls, along one curve ψ₀ (λ/λ₀)^−k with k ≥ 0 for every η and S.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FallingDistance {
    psi0: f64,
    lambda0: f64,
    exponent: f64,
}

impl FallingDistance {
    /// # Errors
    /// Where k is negative, so that ψ rises with λ, or above 1000, or ψ₀ or λ₀
    /// not positive.
    pub fn new(psi0: f64, lambda0: f64, exponent: f64) -> Result<Self, ParameterError> {
        positive(Parameter::Psi0, psi0)?;
        positive(Parameter::Lambda0, lambda0)?;
        let parameter = Parameter::PsiExponent;
        let falling = "0 or more, so that the distance falls where the curvature rises";
        require(exponent >= 0.0, parameter, falling, exponent)?;
        require(exponent <= 1e3, parameter, "at most 1000", exponent)?;
        Ok(Self {
            psi0,
            lambda0,
            exponent,
        })
    }

    fn psi(&self, lambda: f64) -> f64 {
        self.psi0 * (lambda / self.lambda0).powf(-self.exponent)
    }
}

/// Assumptions 1 to 4 on one problem of N examples. Assumption 1 is the
/// model's own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Premises {
    /// Assumption 2.
    pub proportional: Proportional,
    /// Assumptions 3 and 4.
    pub distance: FallingDistance,
    /// N.
    pub examples: usize,
}

/// The hyperparameter that two runs differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// η.
    LearningRate,
    /// S.
    BatchSize,
}

/// η and S of one run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hyperparameters {
    /// η.
    pub learning_rate: f64,
    /// S.
    pub batch_size: usize,
}

/// Two runs of which the second has the larger η or the smaller S, and the
/// other hyperparameter in common.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Change {
    before: Hyperparameters,
    after: Hyperparameters,
}

/// Evidence that training starts where SGD is stable along e_H¹ for both runs
/// of a [`Change`] (the premise of Theorem 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StableStart(Start);

/// Evidence that it starts where SGD is unstable for both (Theorem 2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnstableStart(Start);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Start {
    premises: Premises,
    change: Change,
    lambda: f64,
}

/// Why a theorem does not apply.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PremiseError {
    /// A parameter outside its range.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// Neither a larger η alone nor a smaller S alone.
    #[error("the second run must have a larger learning rate or a smaller batch, and only that")]
    NotAChange,
    /// One of the runs starts on the other side of Eq. 1.
    #[error(
        "at lambda = {lambda} SGD is {found} for learning rate {learning_rate} and batch size {batch_size}"
    )]
    Start {
        /// λ_H(0).
        lambda: f64,
        /// `stable` or `unstable`.
        found: &'static str,
        /// η of the run.
        learning_rate: f64,
        /// S of the run.
        batch_size: usize,
    },
}

impl Change {
    /// # Errors
    /// Where `after` differs by anything but a larger η or a smaller S.
    pub fn new(before: Hyperparameters, after: Hyperparameters) -> Result<Self, PremiseError> {
        let change = Self { before, after };
        let larger = before.learning_rate < after.learning_rate;
        let smaller = before.batch_size > after.batch_size;
        let same_rate = before.learning_rate == after.learning_rate;
        let same_size = before.batch_size == after.batch_size;
        if (larger && same_size) || (smaller && same_rate) {
            Ok(change)
        } else {
            Err(PremiseError::NotAChange)
        }
    }

    /// Which hyperparameter changes.
    pub fn factor(&self) -> Factor {
        if self.before.batch_size == self.after.batch_size {
            Factor::LearningRate
        } else {
            Factor::BatchSize
        }
    }
}

impl StableStart {
    /// # Errors
    /// Where SGD is unstable at λ_H = `lambda` for one of the runs.
    pub fn new(premises: Premises, change: Change, lambda: f64) -> Result<Self, PremiseError> {
        Start {
            premises,
            change,
            lambda,
        }
        .on_side(true)
        .map(Self)
    }
}

impl UnstableStart {
    /// # Errors
    /// Where SGD is stable at λ_H = `lambda` for one of the runs.
    pub fn new(premises: Premises, change: Change, lambda: f64) -> Result<Self, PremiseError> {
        Start {
            premises,
            change,
            lambda,
        }
        .on_side(false)
        .map(Self)
    }
}

/// What both runs reached: λ_H and λ_K where SGD became unstable (Theorem 1)
/// or stable (Theorem 2) for the first time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// With the smaller η or the larger S.
    pub before: Crossing,
    /// With the larger η or the smaller S.
    pub after: Crossing,
}

impl Comparison {
    /// What the theorem says: both λ_H and λ_K are smaller.
    pub fn holds(&self) -> bool {
        self.after.lambda_h < self.before.lambda_h && self.after.lambda_k < self.before.lambda_k
    }
}

/// Steps that a run may take to its crossing.
const MOST_STEPS: u64 = 5000;
/// Growth of λ_H a step.
const GROWTH: f64 = 1.02;

/// Theorem 1: from a stable start, λ_H and λ_K at which SGD becomes unstable
/// are smaller for a larger η or a smaller S. Absent where a run does not get
/// there in 5000 steps of 2 %.
///
/// Full batches become unstable at λ_H = 2/η, and λ_K = αλ_H:
///
/// ```
/// # use breakeven_sim::theorem::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let premises = Premises {
///     proportional: Proportional::new(0.5)?,
///     distance: FallingDistance::new(1.0, 1.0, 0.0)?,
///     examples: 100,
/// };
/// let run = |learning_rate| Hyperparameters { learning_rate, batch_size: 100 };
/// let start = StableStart::new(premises, Change::new(run(0.125), run(0.25))?, 1.0)?;
/// let reached = theorem_1(&start).ok_or("no crossing")?;
/// assert!((reached.before.lambda_h - 16.0).abs() < 1e-12);
/// assert!((reached.after.lambda_h - 8.0).abs() < 1e-12);
/// assert!((reached.after.lambda_k - 4.0).abs() < 1e-12 && reached.holds());
/// # Ok(())
/// # }
/// ```
pub fn theorem_1(start: &StableStart) -> Option<Comparison> {
    start.0.compare()
}

/// Theorem 2: from an unstable start, λ_H and λ_K at which SGD becomes stable
/// are smaller for a larger η or a smaller S. Absent as in [`theorem_1`].
///
/// ```
/// # use breakeven_sim::theorem::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let premises = Premises {
/// #     proportional: Proportional::new(0.5)?,
/// #     distance: FallingDistance::new(1.0, 1.0, 0.0)?,
/// #     examples: 100,
/// # };
/// # let run = |learning_rate| Hyperparameters { learning_rate, batch_size: 100 };
/// // The two runs of that example, from λ_H = 100 on.
/// let start = UnstableStart::new(premises, Change::new(run(0.125), run(0.25))?, 100.0)?;
/// let reached = theorem_2(&start).ok_or("no crossing")?;
/// assert!((reached.before.lambda_h - 16.0).abs() < 1e-12);
/// assert!((reached.after.lambda_h - 8.0).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
pub fn theorem_2(start: &UnstableStart) -> Option<Comparison> {
    start.0.compare()
}

impl Start {
    fn on_side(self, stable: bool) -> Result<Self, PremiseError> {
        for run in [self.change.before, self.change.after] {
            let Hyperparameters {
                learning_rate,
                batch_size,
            } = run;
            let sampling = Sampling::new(batch_size, self.premises.examples)?;
            let FallingDistance {
                psi0,
                lambda0,
                exponent,
            } = self.premises.distance;
            let alpha = self.premises.proportional.0;
            let noise = Noise::DistanceLaw {
                alpha,
                psi0,
                lambda0,
                exponent,
            };
            let model = Model::new(learning_rate, sampling, noise)?;
            if model.is_stable(positive(Parameter::Lambda0, self.lambda)?) != stable {
                let (lambda, found) = (self.lambda, if stable { "unstable" } else { "stable" });
                return Err(PremiseError::Start {
                    lambda,
                    found,
                    learning_rate,
                    batch_size,
                });
            }
        }
        Ok(self)
    }

    fn compare(&self) -> Option<Comparison> {
        let before = self.crossing(self.change.before)?;
        let after = self.crossing(self.change.after)?;
        Some(Comparison { before, after })
    }

    /// The run's own crossing, by walking along its path.
    fn crossing(&self, run: Hyperparameters) -> Option<Crossing> {
        let distance = self.premises.distance;
        let psi = distance.psi(self.lambda);
        // Checked by the constructors, so that none of these can fail.
        let path = Path::new(
            CurvatureLaw::Geometric {
                start: self.lambda,
                factor: GROWTH,
            },
            DistanceLaw::Power {
                start: psi,
                exponent: distance.exponent,
            },
        );
        let settings = Settings {
            schedule: Schedule::constant(run.learning_rate).ok()?,
            sampling: Sampling::new(run.batch_size, self.premises.examples).ok()?,
            coupling: Coupling::Proportional {
                alpha: self.premises.proportional.0,
            },
            path: path.ok()?,
            steps: MOST_STEPS,
            at_break_even: AtBreakEven::Hold,
        };
        settings.first_crossing().ok()?
    }
}
