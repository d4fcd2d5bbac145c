//! What the runs of an experiment are, for the page of a figure.

use std::collections::BTreeSet;

use super::Experiment;
use super::levels::levels;
use crate::input::Sweep;
use crate::summary::Convergence;

/// An experiment as it was carried out.
pub(super) struct Facts {
    /// Its name.
    pub id: String,
    /// What it was in the paper.
    pub paper: String,
    /// What was trained here.
    pub trained: String,
    /// What varied, and over which seeds.
    pub levels: String,
    /// When a training is left out, and how many count.
    pub counted: String,
    /// Runs that do not count, with the reason.
    pub left_out: Vec<String>,
    /// The command that trained it.
    pub command: Option<String>,
}

impl Facts {
    pub fn of(experiment: &Experiment, sweep: &Sweep) -> Self {
        let counted = sweep.runs.iter().filter(|run| run.summary.has_converged());
        let seeds: BTreeSet<u64> = sweep.runs.iter().map(|run| run.summary.seed).collect();
        let levels = levels(experiment.varies, sweep);
        let levels: Vec<String> = levels.into_iter().map(|level| level.name).collect();
        let rule = sweep.settings.convergence.in_words();
        Self {
            id: experiment.id.clone(),
            paper: format!("{} on {}", experiment.network, experiment.data),
            trained: trained(sweep),
            levels: format!(
                "{}; seeds {}{}",
                levels.join(", "),
                listed(&seeds),
                untrained(sweep, &seeds)
            ),
            counted: format!(
                "{} of {} runs count ({rule}); vertical lines where training accuracy first \
                 passes {}",
                counted.count(),
                sweep.runs.len(),
                sweep.settings.accuracy_threshold
            ),
            left_out: left_out(sweep),
            command: sweep.training_command.clone(),
        }
    }
}

fn listed(seeds: &BTreeSet<u64>) -> String {
    let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
    seeds.join(", ")
}

/// What of the plan has not begun: whole seeds, and runs of those that have.
fn untrained(sweep: &Sweep, seeds: &BTreeSet<u64>) -> String {
    let missing = sweep.missing.iter();
    let (parts, whole): (Vec<_>, Vec<_>) = missing.partition(|run| seeds.contains(&run.seed));
    let whole: BTreeSet<u64> = whole.into_iter().map(|run| run.seed).collect();
    let whole = match whole.is_empty() {
        true => String::new(),
        false => format!("; planned and not trained: seeds {}", listed(&whole)),
    };
    match parts.len() {
        0 => whole,
        runs => format!("{whole}; {runs} runs of these seeds have not begun"),
    }
}

fn trained(sweep: &Sweep) -> String {
    let Some(header) = sweep.runs.iter().find_map(|run| run.header.as_ref()) else {
        return "no run has a header".to_owned();
    };
    let mut headers = sweep.runs.iter().filter_map(|run| run.header.as_ref());
    let is_one = headers.all(|other| other.covariance == header.covariance);
    let covariance = header.covariance.map_or(String::new(), |of| {
        let m = match is_one {
            true => of.batch_size.to_string(),
            false => "S".to_owned(),
        };
        format!(", L = {}, M = {m}", of.batches)
    });
    let hessian = header.hessian_examples;
    let hessian = hessian.map_or(String::new(), |n| format!(", H on {n} examples"));
    format!(
        "{} on {} of {}{covariance}{hessian}",
        header.model, header.examples, header.data
    )
}

fn left_out(sweep: &Sweep) -> Vec<String> {
    let runs = sweep.runs.iter().filter_map(|run| {
        let Convergence::NotConverged(reason) = &run.summary.convergence else {
            return None;
        };
        Some(format!("{}: {reason}", run.summary.run))
    });
    let lost = sweep.lost.iter();
    runs.chain(lost.map(|lost| format!("{}: {}", lost.run, lost.reason)))
        .collect()
}
