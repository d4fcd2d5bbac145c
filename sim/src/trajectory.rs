//! Trajectories of the model under Assumptions 1 to 4.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;

use crate::double_double::DoubleDouble;
use crate::parameter::{Parameter, ParameterError, not_negative};
use crate::path::Path;
use crate::record::Record;
use crate::sampling::Sampling;
use crate::schedule::Schedule;
use crate::stability::{margin, stability};

/// How K goes with H along the path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coupling {
    /// λ_K = αλ_H (Assumption 2), so s² = αλ_H/ψ².
    Proportional {
        /// α.
        alpha: f64,
    },
    /// s² is fixed, so λ_K = s²ψ².
    FixedVariance {
        /// s².
        variance: f64,
    },
}

/// What a stable run does whose next step would be unstable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtBreakEven {
    /// Assumption 4 to the letter: λ_H does not increase where that would
    /// lose stability. It takes the part of the step that stays stable and
    /// remains at the break-even point.
    Hold,
    /// It takes the step; then Assumption 3 sends it back, and it oscillates
    /// about the break-even point.
    Cross,
}

/// A run of the model.
///
/// Full batches with η = ⅛ break even at λ_H = 2/η, between steps 1 and 2 here:
///
/// ```
/// # use breakeven_sim::Sampling;
/// # use breakeven_sim::path::{CurvatureLaw, DistanceLaw, Path};
/// # use breakeven_sim::schedule::Schedule;
/// # use breakeven_sim::trajectory::{AtBreakEven, Coupling, Settings};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let curvature = CurvatureLaw::Linear { start: 10.0, rate: 4.0 };
/// let distance = DistanceLaw::Geometric { start: 1.0, factor: 0.9 };
/// let run = Settings {
///     schedule: Schedule::constant(0.125)?,
///     sampling: Sampling::new(1000, 1000)?,
///     coupling: Coupling::Proportional { alpha: 1.0 },
///     path: Path::new(curvature, distance)?,
///     steps: 5,
///     at_break_even: AtBreakEven::Hold,
/// };
/// let reached = run.run()?.crossing.ok_or("always stable")?;
/// assert_eq!((reached.step, reached.lambda_h), (2, 16.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// η.
    pub schedule: Schedule,
    /// S of N.
    pub sampling: Sampling,
    /// λ_K or s².
    pub coupling: Coupling,
    /// λ_H and ψ as training would go on undisturbed.
    pub path: Path,
    /// Steps to take.
    pub steps: u64,
    /// What happens at the break-even point.
    pub at_break_even: AtBreakEven,
}

/// The run after some steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Steps taken.
    pub step: u64,
    /// Progress u on the path: at most `step`, negative below the start.
    pub progress: f64,
    /// η at this step.
    pub learning_rate: f64,
    /// λ_H.
    pub lambda_h: f64,
    /// ψ.
    pub psi: f64,
    /// λ_K.
    pub lambda_k: f64,
    /// s².
    pub curvature_variance: f64,
    /// The left side of Eq. 1: exactly 1 where the run is held at the
    /// break-even point, else on the side of 1 that `stable` says.
    pub stability: f64,
    /// Whether Eq. 1 holds, decided in 32 digits.
    pub stable: bool,
}

/// Where stability changed for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Crossing {
    /// The first step on the other side, or, held at the break-even point,
    /// the step that reached it.
    pub step: u64,
    /// λ_H where Eq. 1 holds with equality, between this step and the one
    /// before; where η changed in between, λ_H at the step.
    pub lambda_h: f64,
    /// λ_K there.
    pub lambda_k: f64,
    /// ψ there.
    pub psi: f64,
}

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct Trajectory {
    /// Step 0 and every step after it.
    pub points: Vec<Point>,
    /// From a stable start the break-even point (Theorem 1), from an unstable
    /// one where SGD becomes stable for the first time (Theorem 2); absent
    /// where the run ended before.
    pub crossing: Option<Crossing>,
}

impl Settings {
    /// Runs the model.
    ///
    /// # Errors
    /// Where α or s² is negative or not a number.
    pub fn run(&self) -> Result<Trajectory, ParameterError> {
        self.check()?;
        let mut points = vec![self.point(0, 0.0)];
        let mut crossing = None;
        for _ in 0..self.steps {
            let (point, crossed) = self.step(&points[points.len() - 1]);
            crossing = crossing.or(crossed);
            points.push(point);
        }
        Ok(Trajectory { points, crossing })
    }

    /// The first crossing alone, without the steps after it.
    ///
    /// # Errors
    /// As [`Settings::run`].
    pub fn first_crossing(&self) -> Result<Option<Crossing>, ParameterError> {
        self.check()?;
        let mut last = self.point(0, 0.0);
        for _ in 0..self.steps {
            let (point, crossed) = self.step(&last);
            if crossed.is_some() {
                return Ok(crossed);
            }
            last = point;
        }
        Ok(None)
    }

    /// The same run of another network: α (or s²), λ_H(0) and ψ(0), each
    /// multiplied by e^(scale·z) with z standard normal. They depend on the
    /// seed alone, so that runs with one seed and different η or S share them.
    pub fn perturbed(&self, scale: f64, seed: u64) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut factor = || -> f64 {
            let z: f64 = StandardNormal.sample(&mut rng);
            (scale * z).exp()
        };
        let coupling = match self.coupling {
            Coupling::Proportional { alpha } => Coupling::Proportional {
                alpha: alpha * factor(),
            },
            Coupling::FixedVariance { variance } => Coupling::FixedVariance {
                variance: variance * factor(),
            },
        };
        let path = self.path.scaled(factor(), factor());
        Self {
            coupling,
            path,
            ..self.clone()
        }
    }

    fn check(&self) -> Result<(), ParameterError> {
        match self.coupling {
            Coupling::Proportional { alpha } => not_negative(Parameter::Alpha, alpha)?,
            Coupling::FixedVariance { variance } => {
                not_negative(Parameter::CurvatureVariance, variance)?
            }
        };
        Ok(())
    }

    /// One more step, and the crossing where stability changes in it.
    fn step(&self, last: &Point) -> (Point, Option<Crossing>) {
        let (progress, reached) = self.advance(last);
        let mut point = self.point(last.step + 1, progress);
        if reached {
            point.stability = 1.0;
        }
        let crossed = reached || point.stable != last.stable;
        let crossing = crossed.then(|| self.crossing(last, &point, reached));
        (point, crossing)
    }

    /// The progress after one more step, and whether that is held at the
    /// break-even point.
    fn advance(&self, last: &Point) -> (f64, bool) {
        if !last.stable {
            return (last.progress - 1.0, false);
        }
        let next = last.progress + 1.0;
        let eta = self.schedule.at(last.step + 1);
        let stable = |u: f64| self.margin(eta, u) >= 0.0;
        match self.at_break_even {
            // A larger η can make the present place unstable as well.
            AtBreakEven::Hold if !stable(last.progress) => (last.progress, false),
            AtBreakEven::Hold if !stable(next) => (boundary(stable, last.progress, next), true),
            AtBreakEven::Hold | AtBreakEven::Cross => (next, false),
        }
    }

    fn crossing(&self, last: &Point, point: &Point, reached: bool) -> Crossing {
        let eta = point.learning_rate;
        let stable = |u: f64| self.margin(eta, u) >= 0.0;
        let (before, after) = (last.progress, point.progress);
        let progress = if reached || stable(before) == stable(after) {
            after
        } else if stable(before) {
            boundary(stable, before, after)
        } else {
            boundary(stable, after, before)
        };
        let at = self.point(point.step, progress);
        let Point {
            lambda_h,
            lambda_k,
            psi,
            ..
        } = at;
        Crossing {
            step: point.step,
            lambda_h,
            lambda_k,
            psi,
        }
    }

    fn variance(&self, u: f64) -> DoubleDouble {
        match self.coupling {
            Coupling::FixedVariance { variance } => variance.into(),
            Coupling::Proportional { alpha } => {
                let psi = self.path.psi(u);
                let lambda_k = DoubleDouble::product(alpha, self.path.lambda_h(u));
                if alpha == 0.0 || psi * psi == f64::INFINITY {
                    0.0.into()
                } else if psi * psi == 0.0 {
                    f64::INFINITY.into()
                } else {
                    lambda_k / DoubleDouble::product(psi, psi)
                }
            }
        }
    }

    fn margin(&self, eta: f64, u: f64) -> f64 {
        margin(eta, self.path.lambda_h(u), self.variance(u), self.sampling)
    }

    fn point(&self, step: u64, progress: f64) -> Point {
        let (eta, lambda_h) = (self.schedule.at(step), self.path.lambda_h(progress));
        let (psi, s2) = (self.path.psi(progress), self.variance(progress).value());
        let lambda_k = match self.coupling {
            Coupling::Proportional { alpha } => alpha * lambda_h,
            Coupling::FixedVariance { variance } => variance * psi * psi,
        };
        let (examples, batch_size) = (self.sampling.examples(), self.sampling.batch_size());
        let left = stability(eta, lambda_h, s2, examples, batch_size);
        let margin = self.margin(eta, progress);
        Point {
            step,
            progress,
            learning_rate: eta,
            lambda_h,
            psi,
            lambda_k,
            curvature_variance: s2,
            stability: on_side(left, margin),
            stable: margin >= 0.0,
        }
    }
}

/// The left side of Eq. 1, rounded to the side of 1 on which its 32 digits are.
fn on_side(left: f64, margin: f64) -> f64 {
    if margin > 0.0 {
        left.min(1f64.next_down())
    } else if margin < 0.0 {
        left.max(1f64.next_up())
    } else {
        left
    }
}

/// The last progress on the way from `inside`, where `stable` holds, to
/// `outside`, where it doesn't, at which it still holds.
fn boundary(stable: impl Fn(f64) -> bool, inside: f64, outside: f64) -> f64 {
    let (mut inside, mut outside) = (inside, outside);
    loop {
        let middle = inside + (outside - inside) / 2.0;
        if middle == inside || middle == outside {
            return inside;
        }
        if stable(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
}

impl Point {
    /// As a record of a run: the loss is ½λ_Hψ², its height above the minimum
    /// along e_H¹, and the loss change is its expectation over the batch,
    /// ½λ_Hψ² (1 − left side of Eq. 1). An epoch is ⌊N/S⌋ steps, as in
    /// training. Quantities that are not finite are absent, and so is what the
    /// model does not have.
    pub fn record(&self, sampling: Sampling) -> Record {
        let finite = |value: f64| value.is_finite().then_some(value);
        let loss = 0.5 * self.lambda_h * self.psi * self.psi;
        let steps_an_epoch = sampling.examples() / sampling.batch_size();
        Record {
            step: self.step,
            epoch: self.step as f64 / steps_an_epoch as f64,
            loss: finite(loss),
            lambda_k_per_example: finite(self.lambda_k),
            lambda_h: finite(self.lambda_h),
            loss_change: finite(loss * (1.0 - self.stability)),
            curvature_variance: finite(self.curvature_variance),
            stability: finite(self.stability),
            psi: finite(self.psi),
            ..Record::default()
        }
    }
}
