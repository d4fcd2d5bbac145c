//! What was trained, measured and left out, as rows of tables.

use std::collections::BTreeSet;

use breakeven_sim::record::{RunHeader, TrainingOptions};

use crate::hypothesis::Hypothesis;
use crate::input::{Run, SettingsOrigin, Source, Sweep};
use crate::integrity::Integrity;
use crate::level::Level;
use crate::quantity::{Factor, PerRun};
use crate::summary::Convergence;
use crate::verdicts::{Exclusion, Scope, Verdicts};
use breakeven_plot::number::{exact, significant};

use super::ReportContext;
use super::statement::ABSENT;

/// A name and what there is to say.
pub type Fact = (&'static str, String);

/// What a sweep is, and the settings it was judged with.
pub fn of_sweep(sweep: &Sweep) -> Vec<Fact> {
    let mut facts = vec![
        ("Learning rates η", levels(sweep, Factor::LearningRate)),
        ("Batch sizes S", levels(sweep, Factor::BatchSize)),
    ];
    if sweep.varies_momentum() {
        facts.push(("Momenta β", levels(sweep, Factor::Momentum)));
    }
    let seeds = sweep.runs.iter().map(|run| run.summary.seed);
    facts.push(("Seeds", listed(seeds)));
    facts.push(("Runs", runs_counted(sweep)));
    if sweep.source == Source::Folder {
        facts.extend(of_headers(sweep));
    }
    if let Some(integrity) = Integrity::of(sweep) {
        facts.push(("Plan", integrity.plan_in_words()));
        facts.push(("Files", integrity.files_in_words()));
    }
    facts.extend(of_settings(sweep));
    facts
}

fn of_headers(sweep: &Sweep) -> Vec<Fact> {
    let all = |fact: fn(&RunHeader) -> Option<String>| {
        let mut found: Vec<String> = Vec::new();
        let headers = sweep.runs.iter().filter_map(|run| run.header.as_ref());
        for new in headers.filter_map(fact) {
            if !found.contains(&new) {
                found.push(new);
            }
        }
        if found.is_empty() {
            return ABSENT.to_owned();
        }
        found.join("; ")
    };
    let training = match sweep.varies_momentum() {
        true => all(|h| Some(besides_momentum(h.training.as_ref()?)).filter(|w| !w.is_empty())),
        false => all(|h| Some(h.training.as_ref()?.in_words())),
    };
    let mut facts = vec![
        (
            "Model",
            all(|h| Some(format!("{}, {} parameters", h.model, h.parameters))),
        ),
        (
            "Data",
            all(|h| Some(format!("{}, N = {} training examples", h.data, h.examples))),
        ),
        (
            "Steps",
            all(|h| Some(format!("{} at S = {}", h.steps, h.batch_size))),
        ),
        (
            "K^M",
            all(|h| {
                let batches = h.covariance?;
                Some(format!(
                    "L = {} mini-batch gradients of M = {} examples",
                    batches.batches, batches.batch_size
                ))
            }),
        ),
        (
            "H",
            all(|h| Some(format!("on {} training examples", h.hessian_examples?))),
        ),
        ("Device", all(|h| Some(h.device.clone()))),
    ];
    if training != ABSENT {
        facts.insert(3, ("Training", training));
    }
    facts
}

/// What else a run is trained with, where β varies and has a line of its own.
fn besides_momentum(options: &TrainingOptions) -> String {
    let others = TrainingOptions {
        momentum: None,
        ..options.clone()
    };
    others.in_words()
}

fn of_settings(sweep: &Sweep) -> Vec<Fact> {
    let settings = &sweep.settings;
    let mut facts = Vec::new();
    if sweep.source == Source::Folder {
        let kept = Integrity::of(sweep).is_some_and(|found| found.is_plan_kept());
        let origin = match sweep.settings_origin {
            SettingsOrigin::Config if kept => "fixed in the sweep's configuration, before training",
            SettingsOrigin::Config => "as the sweep's configuration has it now",
            SettingsOrigin::Verification => "default, chosen at verification",
        };
        let accuracy = settings.accuracy_threshold;
        facts.push((
            "A run counts if",
            format!("{} ({origin})", settings.convergence.in_words()),
        ));
        facts.push((
            "Accuracy threshold",
            format!("training accuracy above {accuracy}"),
        ));
    } else {
        facts.push((
            "A run counts if",
            "the table's column `converged` says so, or is not there".to_owned(),
        ));
    }
    facts
}

/// The levels of each factor: `η = 0.01, 0.1`.
pub fn levels_in_words(sweep: &Sweep) -> Vec<String> {
    let of = |factor: &Factor| format!("{} = {}", factor.symbol(), levels(sweep, *factor));
    sweep.factors().iter().map(of).collect()
}

fn levels(sweep: &Sweep, factor: Factor) -> String {
    let levels: BTreeSet<Level> = sweep
        .runs
        .iter()
        .map(|r| Level::of(&r.summary, factor))
        .collect();
    listed(levels)
}

fn listed<T: Ord + ToString>(values: impl IntoIterator<Item = T>) -> String {
    let values: BTreeSet<T> = values.into_iter().collect();
    let words: Vec<String> = values.iter().map(ToString::to_string).collect();
    words.join(", ")
}

fn runs_counted(sweep: &Sweep) -> String {
    let counted = sweep
        .runs
        .iter()
        .filter(|r| r.summary.has_converged())
        .count();
    format!("{} of {} count", counted, sweep.runs.len())
}

/// What was left out, where, for which quantities, and why.
pub fn exclusion(exclusion: &Exclusion, verdicts: &Verdicts) -> [String; 4] {
    let eta = exclusion
        .learning_rate
        .map(|eta| format!("η = {}", exact(eta)));
    let size = exclusion.batch_size.map(|size| format!("S = {size}"));
    let seed = exclusion.seed.map(|seed| format!("seed {seed}"));
    let beta = exclusion
        .momentum
        .map(|beta| format!("β = {}", exact(beta)));
    let place: Vec<String> = [eta, size, beta, seed].into_iter().flatten().collect();
    let what = match (exclusion.scope, &exclusion.run) {
        (Scope::Run, Some(run)) => format!("run {run}"),
        (Scope::Run, None) => "run".to_owned(),
        (Scope::Level, _) => "level".to_owned(),
        (Scope::Seed, _) => "seed".to_owned(),
    };
    let whose = match exclusion.scope {
        Scope::Run => "all".to_owned(),
        Scope::Level | Scope::Seed => quantities(&exclusion.hypotheses, verdicts),
    };
    [
        format!("{}: {what}", exclusion.sweep),
        place.join(", "),
        whose,
        exclusion.reason.clone(),
    ]
}

/// The quantities of these hypotheses, which vary one factor in one sweep, or
/// `all`.
fn quantities(ids: &[String], verdicts: &Verdicts) -> String {
    let is_named = |h: &&Hypothesis| ids.contains(&h.id);
    let named: Vec<&Hypothesis> = verdicts.hypotheses.iter().filter(is_named).collect();
    let is_beside = |h: &&Hypothesis| {
        let same =
            |n: &&Hypothesis| (&n.sweep, n.factor, &n.fixed) == (&h.sweep, h.factor, &h.fixed);
        named.first().is_some_and(same)
    };
    if verdicts.hypotheses.iter().filter(is_beside).count() == named.len() {
        return "all".to_owned();
    }
    let names: Vec<String> = named.iter().map(|h| h.quantity.to_string()).collect();
    names.join(", ")
}

/// The commands that repeat the report: those that trained the sweeps, where
/// known, then its own; each once, as `check` does both.
pub fn commands(sweeps: &[Sweep], context: &ReportContext) -> String {
    let trained = sweeps.iter().filter_map(|s| s.training_command.as_ref());
    let mut commands: Vec<&str> = Vec::new();
    for command in trained.chain([&context.command]) {
        if !commands.contains(&command.as_str()) {
            commands.push(command);
        }
    }
    commands.join("\n")
}

/// Versions and time.
pub fn of_making(verdicts: &Verdicts, sweeps: &[Sweep], context: &ReportContext) -> Vec<Fact> {
    let judged = match &context.git {
        Some(git) => format!("breakeven {} (commit {git})", context.version),
        None => format!("breakeven {}", context.version),
    };
    let trained = sweeps.iter().flat_map(|sweep| &sweep.runs);
    let trained = listed(trained.filter_map(|run| Some(run.header.as_ref()?.version.clone())));
    let mut facts = vec![
        ("Report by", judged),
        (
            "Verdicts by",
            format!("breakeven-verify {}", verdicts.version),
        ),
    ];
    if !trained.is_empty() {
        facts.push(("Runs by", trained));
    }
    if let Some(time) = &context.wall_time {
        facts.push(("Wall time", time.clone()));
    }
    facts
}

/// The heads of the table of runs: what is always there, then the per-run
/// quantities that any run has.
pub fn run_heads(sweep: &Sweep) -> (Vec<&'static str>, Vec<PerRun>) {
    let known = |per_run: &PerRun| {
        sweep
            .runs
            .iter()
            .any(|run| run.summary.values.contains_key(per_run))
    };
    let mut always = vec!["Run", "Seed"];
    always.extend(sweep.factors().into_iter().map(Factor::symbol));
    always.extend(["Counts", "Final accuracy", "Break-even step"]);
    (always, PerRun::all().filter(known).collect())
}

/// After the one step, at the other or before it; open where records tell no end.
fn bracket([after, up_to]: [Option<u64>; 2]) -> String {
    let low = after.map_or("[0".to_owned(), |step| format!("({step}"));
    let high = up_to.map_or("…)".to_owned(), |step| format!("{step}]"));
    format!("{low}, {high}")
}

/// A row of the table of runs.
pub fn run_row(run: &Run, factors: &[Factor], quantities: &[PerRun]) -> Vec<String> {
    let summary = &run.summary;
    let counts = match &summary.convergence {
        Convergence::Converged => "yes".to_owned(),
        Convergence::NotConverged(reason) => format!("no: {reason}"),
    };
    let accuracy = summary.final_training_accuracy.map(|a| format!("{a:.3}"));
    let step = summary.break_even_step.map(|step| step.to_string());
    let step = match summary.break_even_bracket.map(bracket) {
        None => step.unwrap_or_else(|| ABSENT.to_owned()),
        Some(bracket) => format!("{} in {bracket}", step.as_deref().unwrap_or(ABSENT)),
    };
    let value = |per_run| match summary.values.get(per_run) {
        None => ABSENT.to_owned(),
        Some(reached) => match reached.step {
            None => significant(reached.value, 4),
            Some(step) => format!("{} @ {step}", significant(reached.value, 4)),
        },
    };
    let level = |factor: &Factor| Level::of(summary, *factor).to_string();
    let mut row = vec![summary.run.clone(), summary.seed.to_string()];
    row.extend(factors.iter().map(level));
    row.extend([counts, accuracy.unwrap_or_else(|| ABSENT.to_owned()), step]);
    row.extend(quantities.iter().map(value));
    row
}
