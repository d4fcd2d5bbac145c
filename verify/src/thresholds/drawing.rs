//! Predictions against observations as figures.

use std::collections::BTreeMap;

use super::comparison::Comparison;
use super::{Located, Observed, Predictor, Thresholds, in_words, with_ends};
use crate::level::Level;
use breakeven_plot::{Axis, Curve, Figure, Scale, Size, Ticks, Weight, text};

/// A figure for each prediction of an observation, in the order of
/// [`Predictor::ALL`], or why there is none. All have the same scales, and a
/// colour a network, or, of one network, a colour a level.
pub fn figures(thresholds: &Thresholds, observed: Observed) -> Vec<Result<Figure, String>> {
    let scale = scale(&thresholds.located, observed);
    let of = |predictor| figure(thresholds, predictor, observed, scale);
    Predictor::ALL.into_iter().map(of).collect()
}

/// Around all predictions and observations that are drawn.
fn scale(located: &[Located], observed: Observed) -> Scale {
    let pairs = Predictor::ALL.into_iter().flat_map(|predictor| {
        located
            .iter()
            .filter_map(move |l| l.pair(predictor, observed))
    });
    Scale::log_around(pairs.flat_map(|(predicted, seen)| [predicted, seen]))
}

fn figure(
    thresholds: &Thresholds,
    predictor: Predictor,
    observed: Observed,
    scale: Scale,
) -> Result<Figure, String> {
    let located = &thresholds.located;
    let points = by_kind(located, predictor, observed);
    let runs = points.iter().map(|curve| curve.points.len()).sum();
    if runs == 0 {
        return Err(why_empty(located, predictor, observed));
    }
    let label = equality(thresholds, predictor, observed, runs);
    let (low, high) = scale.ends();
    let identity = Curve {
        label: Some(label.clone()),
        points: vec![(low, low), (high, high)],
        look: 4,
        weight: Weight::Fine,
        marks: Vec::new(),
    };
    let axis = |label: &str| Axis {
        label: label.to_owned(),
        scale,
        ticks: Ticks::Round,
    };
    let by = in_words(predictor.name());
    let description = description(predictor, observed, &points, &label);
    let upright = (observed == Observed::BreakEven).then(|| brackets(located, predictor));
    Ok(Figure {
        id: format!("threshold-{}-{}", observed.name(), predictor.name()).replace('_', "-"),
        title: match observed {
            Observed::BreakEven => format!("λ_H at break-even by {by}"),
            Observed::Largest => format!("Largest λ_H by {by}"),
        },
        description,
        x: axis(predictor.symbol()),
        y: axis(""),
        curves: [identity]
            .into_iter()
            .chain(upright)
            .chain(points)
            .collect(),
        guides: Vec::new(),
        ground: None,
        size: Size::Plane,
    })
}

/// What points belong together.
fn kinds(located: &[Located]) -> impl Fn(&Located) -> String {
    let several = located.iter().any(|one| one.network != located[0].network);
    move |one| match several {
        true => one.network.clone(),
        false => format!(
            "η = {}, S = {}",
            Level::LearningRate(one.learning_rate),
            one.batch_size
        ),
    }
}

/// The points of each kind, in the order in which kinds were given.
fn by_kind(located: &[Located], predictor: Predictor, observed: Observed) -> Vec<Curve> {
    let kind = kinds(located);
    let mut order: Vec<String> = Vec::new();
    let mut points: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for one in located {
        let kind = kind(one);
        if !order.contains(&kind) {
            order.push(kind.clone());
        }
        let own = points.entry(kind).or_default();
        own.extend(one.pair(predictor, observed));
    }
    let curve = |(look, kind): (usize, String)| Curve {
        points: points.remove(&kind).unwrap_or_default(),
        label: Some(kind),
        look,
        weight: Weight::Points,
        marks: Vec::new(),
    };
    let all = order.into_iter().enumerate().map(curve);
    all.filter(|curve| !curve.points.is_empty()).collect()
}

/// Upright lines from λ_H at the record before to that at the break-even step.
fn brackets(located: &[Located], predictor: Predictor) -> Curve {
    let mut points = Vec::new();
    for one in located {
        if let (Some((predicted, _)), Ok(ends)) =
            (one.pair(predictor, Observed::BreakEven), &one.bracket)
        {
            points.extend(ends.map(|(lambda_h, _)| (predicted, lambda_h)));
            points.push((f64::NAN, f64::NAN));
        }
    }
    Curve {
        label: Some("from the record before".to_owned()),
        points,
        look: 4,
        weight: Weight::Thin,
        marks: Vec::new(),
    }
}

/// The line's entry in the legend: what the prediction explains of these runs.
fn equality(
    thresholds: &Thresholds,
    predictor: Predictor,
    observed: Observed,
    runs: usize,
) -> String {
    let all = thresholds.comparisons.iter();
    let mut of_all = all.filter(|c| c.sweep.is_none() && c.observed == observed.name());
    let share = match predictor {
        // It stands beside others, where they have the same runs.
        Predictor::Null => of_all.find(|c| c.compared == runs).and_then(|c| c.null_r2),
        _ => {
            let own = |c: &&Comparison| c.predictor == predictor.name();
            of_all.find(own).and_then(|c| c.r2)
        }
    };
    match share {
        Some(r2) => format!("equal; R² {}", with_ends(&r2)),
        None => "equal".to_owned(),
    }
}

fn why_empty(located: &[Located], predictor: Predictor, observed: Observed) -> String {
    let why = located.iter().find_map(|one| {
        let run = &one.run;
        match (one.predicted(predictor), one.observed(observed)) {
            (Err(why), _) | (_, Err(why)) => Some(format!("{run}: {why}")),
            _ => None,
        }
    });
    let why = why.map_or_else(
        || "there are no runs".to_owned(),
        |why| format!("as in {why}"),
    );
    format!("no run has both numbers, {why}")
}

fn description(
    predictor: Predictor,
    observed: Observed,
    curves: &[Curve],
    equality: &str,
) -> String {
    let networks: Vec<String> = curves
        .iter()
        .map(|curve| {
            let name = curve.label.as_deref().unwrap_or_default();
            format!("{name} ({} runs)", curve.points.len())
        })
        .collect();
    format!(
        "{} against {}, a point a run: {}. The prediction is made at the last record before the \
         break-even step. The line is where both are equal ({equality}).",
        text::plain(observed.symbol()),
        text::plain(predictor.symbol()),
        networks.join(", "),
    )
}
