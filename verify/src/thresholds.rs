//! The break-even λ_H that Eq. 4 predicts against the one that is observed,
//! over runs of all networks.
//!
//! **What is predicted.** Eq. 4 is the λ_H at which Eq. 1 is an equality where
//! λ_K = αλ_H and ψ stay as they are: λ_H = 2/η − αp/ψ², p = (N−S)/(S(N−1)),
//! with α/ψ² as Eq. 3 has it, where the paper prints α/ψ (docs/model.md). With
//! momentum β, 2(1+β)/η − καp/ψ² with κ = (1+β)/(1−β) ([`HeavyBall`]).
//! [`Predictor::Eq4`] takes α = λ_K/λ_H with λ_K of the per-example K, and ψ,
//! as they were measured. [`Predictor::Eq4MiniBatch`] has λ_K from K^M, which
//! every run has: λ_K(N−M)/(M(N−1)) is that of the covariance of mini-batches,
//! of which the largest eigenvalue of K^M is an estimate, too large for few
//! batches. [`Predictor::Eq4Variance`] is the same equation with s²/λ_H in place
//! of α/ψ²: what the paper's Assumption 2 says these are equal to, without that
//! assumption. [`Predictor::Null`] is 2(1+β)/η: η alone.
//!
//! **Where.** At the last record before the break-even step, the first record
//! at which Eq. 1 no longer holds. At the break-even step itself Eq. 1 with its
//! own s² is an equality by definition, and would predict the λ_H that it was
//! made of. So a run that is unstable from its first record has no prediction,
//! and neither has one that never breaks even. η is that in force there.
//!
//! **What is observed.** λ_H¹ at the break-even step, and the largest λ_H¹ of
//! all records of a run that completed.

mod comparison;
mod drawing;
mod jackknife;

pub use comparison::{Comparison, RunThreshold, Thresholds, in_words, of_sweeps, with_ends};
pub use drawing::figures;
pub use jackknife::{Errors, Explains, Interval, errors};

use breakeven_sim::momentum::HeavyBall;
use breakeven_sim::record::{Record, RunHeader, RunStatus};
use breakeven_sim::{Model, Noise, Sampling};

use crate::assumptions::usable;
use crate::input::{Run, Sweep};

/// The runs of a network.
#[derive(Clone, Debug)]
pub struct Network<'a> {
    /// Its name.
    pub name: String,
    /// Its runs, of any sweeps.
    pub runs: Vec<&'a Run>,
}

impl<'a> Network<'a> {
    /// A sweep's runs with records, whose files are as they were written.
    pub fn of(name: &str, sweep: &'a Sweep) -> Self {
        Self {
            name: name.to_owned(),
            runs: usable(sweep),
        }
    }
}

/// What predicts the break-even λ_H.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predictor {
    /// Eq. 4 with α and ψ, α of the per-example K.
    Eq4,
    /// Eq. 4 with α and ψ, α from K^M.
    Eq4MiniBatch,
    /// Eq. 4 with s²/λ_H in place of α/ψ².
    Eq4Variance,
    /// 2/η.
    Null,
}

/// What it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// λ_H¹ at the break-even step.
    BreakEven,
    /// The largest λ_H¹.
    Largest,
}

impl Predictor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Eq4, Self::Eq4MiniBatch, Self::Eq4Variance, Self::Null];

    /// As part of a name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq4 => "eq4",
            Self::Eq4MiniBatch => "eq4_mini_batch",
            Self::Eq4Variance => "eq4_variance",
            Self::Null => "null",
        }
    }

    /// In symbols.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Eq4 => "2/η − αp/ψ² (Eq. 4)",
            Self::Eq4MiniBatch => "2/η − αp/ψ² (Eq. 4, α from K^M)",
            Self::Eq4Variance => "2/η − ps²/λ_H (Eq. 4 by s²)",
            Self::Null => "2/η",
        }
    }
}

impl Observed {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::BreakEven, Self::Largest];

    /// As part of a name.
    pub fn name(self) -> &'static str {
        match self {
            Self::BreakEven => "break_even",
            Self::Largest => "largest",
        }
    }

    /// Its column in a table of runs.
    pub fn column(self) -> &'static str {
        match self {
            Self::BreakEven => "break_even_lambda_h",
            Self::Largest => "largest_lambda_h",
        }
    }

    /// In words.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::BreakEven => "λ_H¹ at the break-even point",
            Self::Largest => "largest λ_H¹",
        }
    }
}

/// A number, or why there is none.
pub type Known<T> = Result<T, String>;

/// What is known of the break-even point of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// The network's name.
    pub network: String,
    /// The run's name.
    pub run: String,
    /// Its seed.
    pub seed: u64,
    /// η at step 0.
    pub learning_rate: f64,
    /// S.
    pub batch_size: u64,
    /// The step that predictions are made at.
    pub at: Known<u64>,
    /// Its break-even step.
    pub break_even_step: Option<u64>,
    /// λ_H¹ with its step at the record that predictions are made at and at the
    /// break-even step: Eq. 1 became an equality between the two.
    pub bracket: Known<[(f64, u64); 2]>,
    /// What was measured there.
    pub inputs: Inputs,
    /// Predictions, in the order of [`Predictor::ALL`].
    pub predicted: [Known<f64>; 4],
    /// Observations with their steps, in the order of [`Observed::ALL`].
    pub observed: [Known<(f64, u64)>; 2],
}

/// What predictions are made of, as far as it was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Inputs {
    /// η in force.
    pub learning_rate: Option<f64>,
    /// λ_H¹.
    pub lambda_h: Option<f64>,
    /// λ_K of the per-example K.
    pub lambda_k_per_example: Option<f64>,
    /// λ_K¹ of K^M.
    pub lambda_k: Option<f64>,
    /// ψ.
    pub psi: Option<f64>,
    /// s².
    pub curvature_variance: Option<f64>,
}

impl Inputs {
    /// α = λ_K/λ_H, of the per-example K.
    pub fn alpha(&self) -> Option<f64> {
        Some(self.lambda_k_per_example? / self.lambda_h?)
    }
}

/// Locates the break-even points of all runs, in their order.
pub fn locate(networks: &[Network]) -> Vec<Located> {
    let of = |network: &Network| -> Vec<Located> {
        let runs = network.runs.iter();
        runs.map(|run| Located::of(&network.name, run)).collect()
    };
    networks.iter().flat_map(of).collect()
}

impl Located {
    fn of(network: &str, run: &Run) -> Self {
        let summary = &run.summary;
        let before = last_stable(run);
        let inputs = match &before {
            Ok(record) => Inputs::of(record, run),
            Err(_) => Inputs::default(),
        };
        let predicted = Predictor::ALL.map(|predictor| {
            let record = before.as_ref().map_err(Clone::clone)?;
            predict(predictor, record, &inputs, run)
        });
        Self {
            network: network.to_owned(),
            run: summary.run.clone(),
            seed: summary.seed,
            learning_rate: summary.learning_rate,
            batch_size: summary.batch_size,
            bracket: bracket(&before, run),
            at: before.map(|record| record.step),
            break_even_step: summary.break_even_step,
            inputs,
            predicted,
            observed: Observed::ALL.map(|observed| observe(observed, run)),
        }
    }

    /// The prediction, where there is one.
    pub fn predicted(&self, predictor: Predictor) -> &Known<f64> {
        match predictor {
            Predictor::Eq4 => &self.predicted[0],
            Predictor::Eq4MiniBatch => &self.predicted[1],
            Predictor::Eq4Variance => &self.predicted[2],
            Predictor::Null => &self.predicted[3],
        }
    }

    /// The observation with its step, where there is one.
    pub fn observed(&self, observed: Observed) -> &Known<(f64, u64)> {
        match observed {
            Observed::BreakEven => &self.observed[0],
            Observed::Largest => &self.observed[1],
        }
    }

    /// Whether the equation says that no λ_H at all is stable, at a record at which
    /// SGD was stable.
    pub fn nothing_is_stable(&self, predictor: Predictor) -> bool {
        let known = self.predicted(predictor).as_ref();
        known.is_err_and(|why| why.starts_with(NOTHING_STABLE))
    }

    /// Prediction and observation, where there are both.
    pub fn pair(&self, predictor: Predictor, observed: Observed) -> Option<(f64, f64)> {
        let predicted = *self.predicted(predictor).as_ref().ok()?;
        let (observed, _) = *self.observed(observed).as_ref().ok()?;
        (observed > 0.0).then_some((predicted, observed))
    }
}

impl Inputs {
    fn of(record: &Record, run: &Run) -> Self {
        let begun = run.header.as_ref().map(|header| header.learning_rate);
        Self {
            learning_rate: record.learning_rate.or(begun),
            lambda_h: record.lambda_h,
            lambda_k_per_example: record.lambda_k_per_example,
            lambda_k: record.lambda_k,
            psi: record.psi,
            curvature_variance: record.curvature_variance,
        }
    }
}

/// The last record before the break-even step.
fn last_stable(run: &Run) -> Known<&Record> {
    if run.records.is_empty() {
        return Err("no records".to_owned());
    }
    let Some(step) = run.summary.break_even_step else {
        let measured = run.records.iter().any(|record| record.stability.is_some());
        return Err(match measured {
            true => "Eq. 1 holds at every record: no break-even point".to_owned(),
            false => "the left side of Eq. 1 was not measured".to_owned(),
        });
    };
    let before = run.records.iter().rfind(|record| record.step < step);
    before.ok_or_else(|| "unstable from the first record on".to_owned())
}

/// λ_H¹ on both sides of the break-even point.
fn bracket(before: &Known<&Record>, run: &Run) -> Known<[(f64, u64); 2]> {
    let before = before.as_ref().map_err(Clone::clone)?;
    let low = measured(before, "lambda_h", before.lambda_h)?;
    Ok([(low, before.step), observe(Observed::BreakEven, run)?])
}

/// How a reason begins that says that the equation has no positive λ_H.
const NOTHING_STABLE: &str = "no λ_H is stable";

fn predict(predictor: Predictor, record: &Record, inputs: &Inputs, run: &Run) -> Known<f64> {
    let header = run
        .header
        .as_ref()
        .ok_or("no header: N and η are not known")?;
    let eta = inputs.learning_rate.ok_or("no η")?;
    let training = header.training.as_ref();
    let momentum = training
        .and_then(|training| training.momentum)
        .unwrap_or(0.0);
    let noise = noise(predictor, record, inputs, header)?;
    let sampling = Sampling::new(header.batch_size, header.examples);
    let model = Model::new(eta, sampling.map_err(|e| e.to_string())?, noise);
    let ball = HeavyBall::new(model.map_err(|e| e.to_string())?, momentum);
    let ball = ball.map_err(|e| e.to_string())?;
    if predictor == Predictor::Null {
        return Ok(ball.full_batch_limit());
    }
    let set = ball.stable_set();
    set.break_even().ok_or_else(|| match set.reason() {
        Some(reason) => format!("{NOTHING_STABLE}: {reason}"),
        None => NOTHING_STABLE.to_owned(),
    })
}

/// What makes the noise term of Eq. 4.
fn noise(
    predictor: Predictor,
    record: &Record,
    inputs: &Inputs,
    header: &RunHeader,
) -> Known<Noise> {
    let lambda = || positive(record, "lambda_h", inputs.lambda_h);
    let of_lambda_k = |lambda_k: f64| {
        Ok(Noise::FixedDistance {
            alpha: lambda_k / lambda()?,
            psi: positive(record, "psi", inputs.psi)?,
        })
    };
    match predictor {
        Predictor::Null => Ok(Noise::FixedVariance {
            variance: 0.0,
            psi: None,
        }),
        Predictor::Eq4 => {
            let name = "lambda_k_per_example";
            of_lambda_k(measured(record, name, inputs.lambda_k_per_example)?)
        }
        Predictor::Eq4MiniBatch => {
            let lambda_k = measured(record, "lambda_k", inputs.lambda_k)?;
            of_lambda_k(lambda_k / share_of_batches(header)?)
        }
        Predictor::Eq4Variance => {
            let variance = measured(record, "curvature_variance", inputs.curvature_variance)?;
            Ok(Noise::FixedDistance {
                alpha: variance / lambda()?,
                psi: 1.0,
            })
        }
    }
}

/// (N−M)/(M(N−1)): the covariance of gradients of mini-batches of M over that of
/// examples.
fn share_of_batches(header: &RunHeader) -> Known<f64> {
    let covariance = header.covariance.ok_or("M of K^M is not known")?;
    let batches = Sampling::new(covariance.batch_size, header.examples);
    let batches = batches.map_err(|error| error.to_string())?;
    match batches.is_full_batch() {
        true => Err("K^M of all examples says nothing of single ones".to_owned()),
        false => Ok(batches.noise_factor()),
    }
}

/// A number that was measured, or why it was not.
fn measured(record: &Record, name: &str, value: Option<f64>) -> Known<f64> {
    value.ok_or_else(|| match record.absent.get(name) {
        Some(why) => format!("{name} does not exist at step {}: {why}", record.step),
        None => format!("{name} was not measured at step {}", record.step),
    })
}

fn positive(record: &Record, name: &str, value: Option<f64>) -> Known<f64> {
    match measured(record, name, value)? {
        value if value > 0.0 => Ok(value),
        value => Err(format!("{name} is {value} at step {}", record.step)),
    }
}

fn observe(observed: Observed, run: &Run) -> Known<(f64, u64)> {
    match observed {
        Observed::BreakEven => {
            let step = run.summary.break_even_step.ok_or("no break-even point")?;
            let record = run.records.iter().find(|record| record.step == step);
            let record = record.ok_or("no records")?;
            Ok((measured(record, "lambda_h", record.lambda_h)?, step))
        }
        Observed::Largest => {
            match run.outcome.as_ref().map(|outcome| outcome.status) {
                Some(RunStatus::Completed) => {}
                Some(RunStatus::Diverged) => return Err("the run diverged".to_owned()),
                None => return Err("the run is unfinished".to_owned()),
            }
            let all = run
                .records
                .iter()
                .filter_map(|r| Some((r.lambda_h?, r.step)));
            let largest = all.reduce(|best, next| if next.0 > best.0 { next } else { best });
            largest.ok_or_else(|| "lambda_h was not measured".to_owned())
        }
    }
}
