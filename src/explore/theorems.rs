//! What changes if η is raised or S lowered: Theorems 1 and 2 on the first
//! setting.

use breakeven_sim::theorem::{
    Change, Comparison, FallingDistance, Hyperparameters, PremiseError, Premises, Proportional,
    StableStart, UnstableStart, theorem_1, theorem_2,
};
use breakeven_sim::{Model, Noise, Sampling};
use serde::Serialize;

use super::answer::Answer;
use super::query::Query;
use super::refusal::Refusal;
use super::{setting, trajectory};

/// By how much η rises and S falls, where the request does not say.
const TIMES: f64 = 2.0;
/// λ_H(0) of Theorem 2 as a multiple of 2/η, far on the unstable side.
const UNSTABLE_START: f64 = 10.0;

#[derive(Serialize)]
struct Changes {
    changes: Vec<Changed>,
}

/// One change and what follows from it.
#[derive(Serialize)]
struct Changed {
    /// `learning_rate` or `batch_size`.
    factor: breakeven_sim::theorem::Factor,
    before: Ends,
    after: Ends,
    theorem_1: Outcome,
    theorem_2: Outcome,
}

/// A setting and the ends of its stable curvatures.
#[derive(Serialize)]
struct Ends {
    #[serde(flatten)]
    run: Hyperparameters,
    full_batch_limit: f64,
    lambda_h: Option<f64>,
    lambda_k: Option<f64>,
    stable_interval: Option<[f64; 2]>,
}

/// What a theorem says of two runs.
#[derive(Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Outcome {
    /// As the theorem says: λ_H and λ_K are smaller after the change.
    Holds {
        lambda_h: [f64; 2],
        lambda_k: [f64; 2],
    },
    /// Not so.
    Fails {
        lambda_h: [f64; 2],
        lambda_k: [f64; 2],
    },
    /// A run does not get to its crossing.
    NotReached,
    /// An assumption is not met, and which.
    PremiseNotMet { reason: String },
}

/// Both changes: a larger η, and a smaller S where there is one.
pub fn answer(query: &Query) -> Result<Answer, Refusal> {
    let model = setting::first(query)?.model;
    let times = query.real("times")?.unwrap_or(TIMES);
    if !(times > 1.0 && times <= 1e6) {
        let message = format!("times must be above 1 and at most 1e6, got {times}");
        return Err(Refusal::bad_request(message));
    }
    let start = query.real("start")?.unwrap_or(trajectory::START);
    let before = hyperparameters(&model);
    let raised = Hyperparameters {
        learning_rate: before.learning_rate * times,
        ..before
    };
    let lowered = Hyperparameters {
        batch_size: ((before.batch_size as f64 / times).round() as usize).max(1),
        ..before
    };
    let mut changes = Vec::new();
    for after in [raised, lowered] {
        // S = 1 can't be lowered.
        if let Ok(change) = Change::new(before, after) {
            changes.push(changed(&model, change, [before, after], start)?);
        }
    }
    Answer::of(Changes { changes })
}

fn hyperparameters(model: &Model) -> Hyperparameters {
    Hyperparameters {
        learning_rate: model.learning_rate(),
        batch_size: model.sampling().batch_size(),
    }
}

fn changed(
    model: &Model,
    change: Change,
    [before, after]: [Hyperparameters; 2],
    start: f64,
) -> Result<Changed, Refusal> {
    let unstable = UNSTABLE_START * model.full_batch_limit();
    let premises = premises(model);
    let first = premises.clone().and_then(|premises| {
        let start = StableStart::new(premises, change, start).map_err(in_words)?;
        Ok(theorem_1(&start))
    });
    let second = premises.and_then(|premises| {
        let start = UnstableStart::new(premises, change, unstable).map_err(in_words)?;
        Ok(theorem_2(&start))
    });
    Ok(Changed {
        factor: change.factor(),
        before: ends(model, before)?,
        after: ends(model, after)?,
        theorem_1: outcome(first),
        theorem_2: outcome(second),
    })
}

fn in_words(error: PremiseError) -> String {
    error.to_string()
}

/// Assumptions 2 to 4 for the model's noise, or which one it does not meet.
fn premises(model: &Model) -> Result<Premises, String> {
    let (alpha, distance) = match *model.noise() {
        Noise::FixedVariance { .. } => {
            return Err("Assumption 2 is not made: s² is fixed instead of λ_K = αλ_H".into());
        }
        Noise::FixedDistance { alpha, psi } => (alpha, FallingDistance::new(psi, 1.0, 0.0)),
        Noise::DistanceLaw {
            alpha,
            psi0,
            lambda0,
            exponent,
        } => (alpha, FallingDistance::new(psi0, lambda0, exponent)),
    };
    Ok(Premises {
        proportional: Proportional::new(alpha).map_err(|error| format!("Assumption 2: {error}"))?,
        distance: distance.map_err(|error| format!("Assumptions 3 and 4: {error}"))?,
        examples: model.sampling().examples(),
    })
}

fn ends(model: &Model, run: Hyperparameters) -> Result<Ends, Refusal> {
    let sampling = Sampling::new(run.batch_size, model.sampling().examples())?;
    let model = Model::new(run.learning_rate, sampling, *model.noise())?;
    let set = model.stable_set();
    let lambda_h = set.break_even();
    Ok(Ends {
        run,
        full_batch_limit: model.full_batch_limit(),
        lambda_h,
        lambda_k: lambda_h.and_then(|lambda| model.noise().lambda_k(lambda)),
        stable_interval: set.interval(),
    })
}

fn outcome(found: Result<Option<Comparison>, String>) -> Outcome {
    let comparison = match found {
        Err(reason) => return Outcome::PremiseNotMet { reason },
        Ok(None) => return Outcome::NotReached,
        Ok(Some(comparison)) => comparison,
    };
    let Comparison { before, after } = comparison;
    let lambda_h = [before.lambda_h, after.lambda_h];
    let lambda_k = [before.lambda_k, after.lambda_k];
    if comparison.holds() {
        Outcome::Holds { lambda_h, lambda_k }
    } else {
        Outcome::Fails { lambda_h, lambda_k }
    }
}
