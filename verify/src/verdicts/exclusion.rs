//! What hypotheses went without: runs, levels and seeds.

use std::collections::HashMap;

use serde::Serialize;

use crate::blocks::DroppedWhat;
use crate::hypothesis::Hypothesis;
use crate::input::Sweep;
use crate::quantity::Factor;
use crate::summary::{Convergence, RunSummary};

/// Something that hypotheses went without.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exclusion {
    /// What kind of thing.
    pub scope: Scope,
    /// The sweep.
    pub sweep: String,
    /// The run, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The seed, of a run or of a block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// η, of a run or a level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// S, of a run or a level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<u64>,
    /// β, of a run or a level, where it varies in the sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// The hypotheses that went without it, by id; of a run, all that it
    /// could have served, which are not listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hypotheses: Vec<String>,
    /// Why, in words.
    pub reason: String,
}

/// What kind of thing was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A run that does not count.
    Run,
    /// A level at which no seed is left.
    Level,
    /// A seed that lacks a level.
    Seed,
}

const MISSING: &str = "missing: it is planned and was never begun; resume the sweep with `--resume`, \
     which carries it out";

/// Runs that do not count, those that could not be read, and those that are
/// missing.
pub(super) fn excluded_runs(sweeps: &[Sweep]) -> Vec<Exclusion> {
    let of_folder = |sweep: &Sweep, run: &str, reason: &str| Exclusion {
        scope: Scope::Run,
        sweep: sweep.name.clone(),
        run: Some(run.to_owned()),
        seed: None,
        learning_rate: None,
        batch_size: None,
        momentum: None,
        hypotheses: Vec::new(),
        reason: reason.to_owned(),
    };
    let of_run = |sweep: &Sweep, run: &RunSummary| match &run.convergence {
        Convergence::Converged => None,
        Convergence::NotConverged(reason) => Some(Exclusion {
            scope: Scope::Run,
            sweep: sweep.name.clone(),
            run: Some(run.run.clone()),
            seed: Some(run.seed),
            learning_rate: Some(run.learning_rate),
            batch_size: Some(run.batch_size),
            momentum: sweep.varies_momentum().then_some(run.momentum),
            hypotheses: Vec::new(),
            reason: reason.clone(),
        }),
    };
    sweeps
        .iter()
        .flat_map(|sweep| {
            let lost = sweep.lost.iter();
            let lost = lost.map(move |lost| of_folder(sweep, &lost.run, &lost.reason));
            let missing = sweep.missing.iter();
            let missing = missing.map(move |run| Exclusion {
                seed: Some(run.seed),
                learning_rate: Some(run.learning_rate),
                batch_size: Some(run.batch_size as u64),
                momentum: run.momentum,
                ..of_folder(sweep, &run.name, MISSING)
            });
            let runs = sweep.runs.iter();
            runs.filter_map(move |run| of_run(sweep, &run.summary))
                .chain(lost)
                .chain(missing)
        })
        .collect()
}

/// Levels and seeds that hypotheses went without, each with all hypotheses
/// that dropped it for the same reason.
pub(super) fn excluded_blocks(hypotheses: &[Hypothesis]) -> Vec<Exclusion> {
    let mut exclusions: Vec<Exclusion> = Vec::new();
    let mut places = HashMap::new();
    for hypothesis in hypotheses {
        for dropped in &hypothesis.dropped {
            let new = exclusion(hypothesis, dropped.what, &dropped.reason);
            let place = *places.entry(format!("{new:?}")).or_insert(exclusions.len());
            if place == exclusions.len() {
                exclusions.push(new);
            }
            exclusions[place].hypotheses.push(hypothesis.id.clone());
        }
    }
    exclusions
}

/// The exclusion of a level or seed, with the levels of the fixed factors.
fn exclusion(hypothesis: &Hypothesis, what: DroppedWhat, reason: &str) -> Exclusion {
    let (scope, seed, level) = match what {
        DroppedWhat::Level(level) => (Scope::Level, None, Some(level)),
        DroppedWhat::Seed(seed) => (Scope::Seed, Some(seed), None),
    };
    let of_factor = |factor: Factor| {
        if factor == hypothesis.factor {
            level
        } else {
            hypothesis.fixed.of_factor(factor)
        }
    };
    Exclusion {
        scope,
        sweep: hypothesis.sweep.clone(),
        run: None,
        seed,
        learning_rate: of_factor(Factor::LearningRate).map(|level| level.value()),
        batch_size: of_factor(Factor::BatchSize).map(|level| level.value() as u64),
        momentum: of_factor(Factor::Momentum).map(|level| level.value()),
        hypotheses: Vec::new(),
        reason: reason.to_owned(),
    }
}
