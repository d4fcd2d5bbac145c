//! Paths of predictions as panels (Fig. 1 and 8).

use super::drawing::{Drawing, Subject};
use super::levels::levels;
use super::path::{PathRun, PathSettings, Paths, Shade};
use crate::input::Run;

/// Draws the first seed's runs at the lowest and the highest level.
pub(super) fn draw(subject: &Subject<'_>, shade: Shade) -> Result<Drawing, String> {
    let chosen = ends(subject);
    let seed = chosen.first().map(|(_, run)| run.summary.seed);
    let runs: Vec<PathRun<'_>> = chosen
        .into_iter()
        .map(|(label, run)| path_run(subject, label, run))
        .collect::<Result<_, _>>()?;
    let paths = Paths::of(&runs, PathSettings::default()).map_err(|error| error.to_string())?;
    let mut figure = paths.figures(&[shade]).remove(0)?;
    figure.id.clone_from(&subject.id);
    let said = seed.map(|seed| format!("Seed {seed}. {}", figure.description));
    Ok(Drawing {
        table: Some(paths.csv().map_err(|error| error.to_string())?),
        figure,
        series: Vec::new(),
        said: said.into_iter().collect(),
    })
}

/// The runs of the lowest seed at the first and the last level.
fn ends<'a>(subject: &Subject<'a>) -> Vec<(String, &'a Run)> {
    let levels = levels(subject.experiment.varies, subject.sweep);
    let seeds = subject.sweep.runs.iter().map(|run| run.summary.seed);
    let Some(seed) = seeds.min() else {
        return Vec::new();
    };
    let ends = [levels.first(), levels.last()];
    ends.into_iter()
        .flatten()
        .filter_map(|level| {
            let run = level.runs.iter().find(|run| run.summary.seed == seed)?;
            Some((level.name.clone(), *run))
        })
        .collect()
}

fn path_run<'a>(subject: &Subject<'a>, label: String, run: &'a Run) -> Result<PathRun<'a>, String> {
    let key = (subject.experiment.id.clone(), run.summary.run.clone());
    let predictions = subject.predicted.get(&key).filter(|all| !all.is_empty());
    let predictions = predictions.ok_or_else(|| {
        format!(
            "{} has no predictions.jsonl: measure.prediction_examples asks for them",
            run.summary.run
        )
    })?;
    Ok(PathRun {
        label,
        predictions,
        records: &run.records,
        break_even_step: run.summary.break_even_step,
    })
}
