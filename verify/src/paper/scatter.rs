//! One quantity against another, a point for each record of the runs that
//! count (Fig. 2), with a cross at the break-even point.

use super::drawing::{Drawing, Subject, axis};
use super::field::Field;
use super::levels::levels;
use crate::input::Run;
use crate::trajectories::{AtLevel, Series, Whose};
use breakeven_plot::{Curve, Mark, Scale, Shape, Weight, text};

pub(super) fn draw(subject: &Subject<'_>, y: Field, x: Field) -> Result<Drawing, String> {
    let levels = levels(subject.experiment.varies, subject.sweep);
    let series = series(&levels, y, x, |level| level.label());
    drawn(subject, y, x, series)
}

/// A drawing of these points.
pub(super) fn drawn(
    subject: &Subject<'_>,
    y: Field,
    x: Field,
    series: Vec<Series>,
) -> Result<Drawing, String> {
    let points = || series.iter().flat_map(|one| &one.curve.points);
    let xs: Vec<f64> = points().map(|point| point.0).collect();
    let ys: Vec<f64> = points().map(|point| point.1).collect();
    if xs.is_empty() {
        return Err(format!(
            "no run that counts has a record with both {} and {}",
            y.name(),
            x.name()
        ));
    }
    let around = |values: &[f64]| Scale::around(values.iter().copied());
    let horizontal = subject.aids.horizontal(&xs, around(&xs));
    let vertical = subject.aids.vertical(&ys, around(&ys));
    let description = format!(
        "{}: {} points, one for each record of the runs that count, by level.",
        text::plain(&subject.title),
        xs.len()
    );
    let figure = subject.figure(axis(x.symbol(), horizontal), vertical, &series, description);
    Ok(Drawing {
        figure,
        series,
        said: Vec::new(),
        table: None,
    })
}

/// The points of all runs that count; the first of each level has its label.
pub(super) fn series(
    levels: &[AtLevel<'_>],
    y: Field,
    x: Field,
    label: impl Fn(&AtLevel<'_>) -> String,
) -> Vec<Series> {
    let mut series = Vec::new();
    for (look, level) in levels.iter().enumerate() {
        for (index, run) in level.counted().enumerate() {
            series.push(Series {
                level: level.name.clone(),
                whose: Whose::Seed(run.summary.seed),
                curve: Curve {
                    label: (index == 0).then(|| label(level)),
                    points: points(run, y, x).map(|(_, point)| point).collect(),
                    look,
                    weight: Weight::Points,
                    marks: marks(run, y, x),
                },
            });
        }
    }
    series
}

/// The steps and points of a run.
pub(super) fn points(
    run: &Run,
    y: Field,
    x: Field,
) -> impl Iterator<Item = (u64, (f64, f64))> + '_ {
    let point = move |record| Some((x.of(record)?, y.of(record)?));
    run.records
        .iter()
        .filter_map(move |record| Some((record.step, point(record)?)))
}

fn marks(run: &Run, y: Field, x: Field) -> Vec<Mark> {
    let breaks_even = |&(step, _): &(u64, _)| Some(step) == run.summary.break_even_step;
    let mark = |(_, at)| Mark {
        at,
        shape: Shape::Cross,
    };
    points(run, y, x)
        .find(breaks_even)
        .map(mark)
        .into_iter()
        .collect()
}
