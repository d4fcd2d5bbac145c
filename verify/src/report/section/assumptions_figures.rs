//! What the assumptions look like on these runs.

use crate::assumptions::{Assumptions, LineFit, Phases, Proxy, Quadratic, usable};
use crate::input::{Run, Sweep};
use crate::report::pictures::Picture;
use breakeven_plot::{Across, Axis, Curve, Figure, Guide, Scale, Size, Ticks, Weight};

/// Lines and runs that are drawn, at most.
const MOST: usize = 60;
/// Points that have a marker, at most.
const MOST_POINTS: f64 = 200.0;

/// The figures that there is something to show in.
pub fn figures(one: &Assumptions, sweep: &Sweep, index: usize) -> Vec<Picture> {
    let all = [
        one.quadratic.found().map(lines),
        one.proportionality.found().and_then(|_| together(sweep)),
        one.phases.found().map(shares),
        one.proxy.found().and_then(steps),
    ];
    all.into_iter()
        .flatten()
        .map(|figure| {
            let id = format!("{}-{index}", figure.id);
            Picture::of(&Figure { id, ..figure })
        })
        .collect()
}

fn axis(label: &str, scale: Scale) -> Axis {
    Axis {
        label: label.to_owned(),
        scale,
        ticks: Ticks::Round,
    }
}

fn curve(label: Option<&str>, points: Vec<(f64, f64)>, look: usize, weight: Weight) -> Curve {
    Curve {
        label: label.map(str::to_owned),
        points,
        look,
        weight,
        marks: Vec::new(),
    }
}

/// At most so many of them, evenly over all.
fn some<T>(all: &[T]) -> impl Iterator<Item = &T> {
    all.iter().step_by(all.len().div_ceil(MOST).max(1))
}

/// Losses along e_H¹, scaled so that a parabola of the recorded curvature is x².
fn lines(found: &Quadratic) -> Figure {
    let parabola: Vec<(f64, f64)> = (-20..=20)
        .map(|k| f64::from(k) / 20.0)
        .map(|x| (x, x * x))
        .collect();
    let mut curves: Vec<Curve> = some(&found.fits)
        .map(|fit| curve(None, scaled(fit), 0, Weight::Thin))
        .collect();
    curves.push(curve(Some("parabola"), parabola, 4, Weight::Fine));
    let values = curves.iter().flat_map(|c| c.points.iter().map(|(_, y)| *y));
    let scale = Scale::linear_around(values.map(|y| y.clamp(-1.0, 3.0)).collect::<Vec<_>>());
    Figure {
        id: "a1-lines".to_owned(),
        title: "A1: loss along e_H".to_owned(),
        description: format!(
            "The loss along the leading eigenvector of H at {} records, each scaled so that a parabola \
             with the recorded curvature would be the drawn one. Median R² of parabolas with their own \
             curvature: {}.",
            curves.len() - 1,
            found.median_r2
        ),
        x: axis("offset over reach", Scale::linear_around([-1.0, 1.0])),
        y: axis("", scale),
        curves,
        guides: Vec::new(),
        ground: None,
        size: Size::Small,
    }
}

fn scaled(fit: &LineFit) -> Vec<(f64, f64)> {
    let line = &fit.line;
    let reach = line.offsets.iter().fold(0.0_f64, |a, t| a.max(t.abs()));
    let unit = 0.5 * fit.lambda_h * reach * reach;
    let points = line.offsets.iter().zip(&line.losses);
    points
        .map(|(t, loss)| {
            let rest = loss - fit.fixed.level - fit.fixed.slope * t;
            (t / reach, rest / unit)
        })
        .collect()
}

/// λ_K against λ_H up to the break-even point, a line a run.
fn together(sweep: &Sweep) -> Option<Figure> {
    let runs = usable(sweep);
    let per_example = runs
        .iter()
        .flat_map(|run| &run.records)
        .any(|r| r.lambda_k_per_example.is_some());
    let pairs = |run: &Run| -> Vec<(f64, f64)> {
        let last = run.summary.break_even_step.unwrap_or(u64::MAX);
        let records = run.records.iter().filter(|record| record.step <= last);
        records
            .filter_map(|record| {
                let lambda_k = match per_example {
                    true => record.lambda_k_per_example,
                    false => record.lambda_k,
                };
                Some((record.lambda_h?, lambda_k?))
            })
            .filter(|(h, k)| *h > 0.0 && *k > 0.0)
            .collect()
    };
    let thinned = |run: &&Run| some(&pairs(run)).copied().collect();
    let shown: Vec<Vec<(f64, f64)>> = some(&runs).map(thinned).collect();
    let all = || shown.iter().flatten().copied();
    let (low, high) = all().fold((f64::INFINITY, 0.0_f64), |(low, high), (h, _)| {
        (low.min(h), high.max(h))
    });
    let n = all().count() as f64;
    if n < 2.0 {
        return None;
    }
    let alpha = (all().map(|(h, k)| (k / h).ln()).sum::<f64>() / n).exp();
    let label = if per_example {
        "λ_K per example"
    } else {
        "λ_K"
    };
    let scales = [
        Scale::log_around(all().map(|(h, _)| h)),
        Scale::log_around(all().map(|(_, k)| k)),
    ];
    let mut curves: Vec<Curve> = shown
        .iter()
        .map(|points| curve(None, points.clone(), 0, Weight::Thin))
        .collect();
    if n <= MOST_POINTS {
        curves.push(curve(None, all().collect(), 0, Weight::Points));
    }
    let line = vec![(low, alpha * low), (high, alpha * high)];
    curves.push(curve(Some("proportional"), line, 4, Weight::Fine));
    Some(Figure {
        id: "a2-proportional".to_owned(),
        title: format!("A2: {label} up to break-even"),
        description: format!(
            "{label} against λ_H up to the break-even point, logarithms, a line a run, beside the line \
             of constant α = {alpha}."
        ),
        x: axis("λ_H", scales[0]),
        y: axis("", scales[1]),
        curves,
        guides: Vec::new(),
        ground: None,
        size: Size::Small,
    })
}

/// The share of changes that go as assumed, a point a run.
fn shares(found: &Phases) -> Figure {
    let columns = found.statements.iter().enumerate();
    let curves = columns
        .map(|(column, statement)| {
            let symbol = if statement.quantity == "psi" {
                "ψ"
            } else {
                "λ_H"
            };
            let runs = statement.per_run.len().max(2) as f64 - 1.0;
            let points = statement.per_run.iter().enumerate();
            let points = points.map(|(k, run)| {
                // Side by side within the column, so that equal shares don't hide.
                let beside = 0.5 * (k as f64 / runs - 0.5);
                let share = run.as_assumed as f64 / run.changes as f64;
                (column as f64 + 1.0 + beside, share)
            });
            let label = format!(
                "A{} {symbol} {}",
                statement.assumption,
                if statement.grows { "↑" } else { "↓" }
            );
            curve(Some(&label), points.collect(), column, Weight::Points)
        })
        .collect();
    Figure {
        id: "a3-a4-shares".to_owned(),
        title: "A3, A4: share as assumed".to_owned(),
        description: "For each run the share of changes between neighbouring records that go as \
                      Assumption 4 (stable) and Assumption 3 (unstable) say; one half is chance."
            .to_owned(),
        x: Axis {
            ticks: Ticks::At(Vec::new()),
            ..axis(
                "stable: A4 · unstable: A3",
                Scale::linear_around([0.5, 4.5]),
            )
        },
        y: axis("", Scale::linear_around([0.0, 1.0])),
        curves,
        guides: vec![Guide {
            at: Across::Y(0.5),
            look: None,
            label: Some("chance".to_owned()),
        }],
        ground: None,
        size: Size::Small,
    }
}

/// First steps by ΔL and by Eq. 1, a point a run that has both.
fn steps(found: &Proxy) -> Option<Figure> {
    let points: Vec<(f64, f64)> = found
        .per_run
        .iter()
        .filter_map(|run| Some((run.criterion? as f64, run.proxy? as f64)))
        .collect();
    if points.is_empty() {
        return None;
    }
    let scale = Scale::linear_around(points.iter().flat_map(|(x, y)| [*x, *y]));
    let (low, high) = scale.ends();
    Some(Figure {
        id: "proxy-steps".to_owned(),
        title: "First step with ΔL < 0".to_owned(),
        description: format!(
            "The first step at which the loss rises against the first at which Eq. 1 is broken, {} runs; \
             the same record in {} of {}.",
            points.len(),
            found.same,
            found.runs
        ),
        x: axis("first step with Eq. 1 ≥ 1", scale),
        y: axis("", scale),
        curves: vec![
            curve(
                Some("same step"),
                vec![(low, low), (high, high)],
                4,
                Weight::Fine,
            ),
            curve(None, points, 0, Weight::Points),
        ],
        guides: Vec::new(),
        ground: None,
        size: Size::Small,
    })
}
