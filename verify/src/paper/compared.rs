//! What the paper prints, beside ours.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Experiment, Field, FigureSpec, Paper, Printed, Statistic, levels};
use crate::input::{Run, Sweep};
use breakeven_plot::number::exact;

/// A printed value beside ours.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// The experiment.
    pub experiment: String,
    /// The network, in the paper's words.
    pub network: String,
    /// Of what: `max λ_K¹`.
    pub quantity: String,
    /// At which level: `η = 0.1`.
    pub level: String,
    /// The paper's value.
    pub paper: f64,
    /// Where it stands.
    pub place: String,
    /// What to bear in mind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours: Option<Ours>,
    /// Why there is none of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
}

/// Our value: over the runs that count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ours {
    /// Mean over runs.
    pub mean: f64,
    /// √(Σ(x − mean)²/(n − 1)); absent for a single run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_deviation: Option<f64>,
    /// n.
    pub runs: usize,
    /// The mean over the paper's value.
    pub ratio: f64,
}

/// All printed values that are about a figure, beside ours.
pub(super) fn compare(
    paper: &Paper,
    figure: &FigureSpec,
    sweeps: &BTreeMap<String, Sweep>,
) -> Vec<Compared> {
    let one = |printed: &Printed| {
        let experiment = paper.experiment(&printed.experiment)?;
        let ours = match sweeps.get(&printed.experiment) {
            Some(sweep) => ours(printed, experiment, sweep),
            None => Err("not carried out".to_owned()),
        };
        Some(row(printed, experiment, ours))
    };
    paper.printed(figure.number).filter_map(one).collect()
}

fn row(printed: &Printed, experiment: &Experiment, ours: Result<Ours, String>) -> Compared {
    Compared {
        experiment: experiment.id.clone(),
        network: experiment.network.clone(),
        quantity: format!(
            "{} {}",
            printed.statistic.in_words(),
            printed.quantity.symbol()
        ),
        level: match printed.level {
            Some(level) => levels::name(experiment.varies, level),
            None => "all".to_owned(),
        },
        paper: printed.value,
        place: printed.place.clone(),
        note: printed.note.clone(),
        ours: ours.as_ref().ok().copied(),
        absent: ours.err(),
    }
}

fn ours(printed: &Printed, experiment: &Experiment, sweep: &Sweep) -> Result<Ours, String> {
    let runs: Vec<&Run> = match printed.level {
        Some(level) => levels::runs(experiment.varies, sweep, level),
        None => sweep.runs.iter().collect(),
    };
    if runs.is_empty() {
        let levels = levels::values(experiment.varies, sweep);
        let levels: Vec<String> = levels.into_iter().map(exact).collect();
        return Err(format!(
            "not among the levels of these runs ({})",
            levels.join(", ")
        ));
    }
    let counted: Vec<&Run> = runs
        .iter()
        .copied()
        .filter(|run| run.summary.has_converged())
        .collect();
    if counted.is_empty() {
        return Err(format!("none of {} runs counts", runs.len()));
    }
    let values: Vec<f64> = counted
        .iter()
        .filter_map(|run| of_run(run, printed.quantity, printed.statistic))
        .collect();
    if values.is_empty() {
        return Err(format!("{} was not measured", printed.quantity.name()));
    }
    Ok(summary(&values, printed.value))
}

fn summary(values: &[f64], paper: f64) -> Ours {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Ours {
        mean,
        standard_deviation: (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt()),
        runs: values.len(),
        ratio: mean / paper,
    }
}

fn of_run(run: &Run, field: Field, statistic: Statistic) -> Option<f64> {
    let measured = || {
        let records = run.records.iter();
        records.filter_map(|record| Some((field.of(record)?, record)))
    };
    let largest = || measured().reduce(|best, next| if next.0 > best.0 { next } else { best });
    match statistic {
        Statistic::Max => largest().map(|found| found.0),
        Statistic::Min => measured().map(|found| found.0).reduce(f64::min),
        Statistic::AccuracyAtMax => Field::TrainingAccuracy.of(largest()?.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: mean 2, Σ(x − 2)² = 2, sd = 1.
    #[test]
    fn a_mean_comes_with_its_deviation_and_its_ratio() {
        let three = summary(&[1.0, 2.0, 3.0], 4.0);
        assert_eq!((three.mean, three.standard_deviation), (2.0, Some(1.0)));
        assert_eq!((three.runs, three.ratio), (3, 0.5));
        assert_eq!(summary(&[3.0], 2.0).standard_deviation, None);
    }
}
