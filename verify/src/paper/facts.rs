//! What the runs of an experiment are, for the page of a figure.

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
        let mut seeds: Vec<u64> = sweep.runs.iter().map(|run| run.summary.seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        let seeds: Vec<String> = seeds.into_iter().map(|seed| seed.to_string()).collect();
        let levels = levels(experiment.varies, sweep);
        let levels: Vec<String> = levels.into_iter().map(|level| level.name).collect();
        let rule = sweep.settings.convergence.in_words();
        Self {
            id: experiment.id.clone(),
            paper: format!("{} on {}", experiment.network, experiment.data),
            trained: trained(sweep),
            levels: format!("{}; seeds {}", levels.join(", "), seeds.join(", ")),
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
