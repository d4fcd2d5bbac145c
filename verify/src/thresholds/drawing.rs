//! Predictions against observations as figures.

use std::collections::BTreeMap;

use super::explained::{Explained, explained};
use super::{Located, Observed, Predictor};
use breakeven_plot::number::significant;
use breakeven_plot::{Axis, Curve, Figure, Scale, Size, Ticks, Weight, text};

/// A figure for each observation and predictor, in the order of
/// [`Observed::ALL`] and [`Predictor::ALL`], or why there is none. All figures of
/// one observation have the same scales.
pub fn figures(located: &[Located]) -> Vec<Result<Figure, String>> {
    let mut all = Vec::new();
    for observed in Observed::ALL {
        let scale = scale(located, observed);
        let network = |one: &Located| one.network.clone();
        let of = |predictor| figure(located, predictor, observed, scale, network, over_runs);
        all.extend(Predictor::ALL.map(of));
    }
    all
}

/// Around all predictions and observations that are drawn.
pub fn scale(located: &[Located], observed: Observed) -> Scale {
    let pairs = Predictor::ALL.into_iter().flat_map(|predictor| {
        located
            .iter()
            .filter_map(move |l| l.pair(predictor, observed))
    });
    Scale::log_around(pairs.flat_map(|(predicted, seen)| [predicted, seen]))
}

/// What is said of a figure.
pub struct Caption {
    /// The line's entry in the legend.
    pub in_short: String,
    /// What the points say, in words.
    pub in_words: String,
}

/// The figure of a prediction and an observation, or why there is none. `kind`
/// names what points belong together.
///
/// # Errors
/// No run has both numbers.
pub fn figure(
    located: &[Located],
    predictor: Predictor,
    observed: Observed,
    scale: Scale,
    kind: impl Fn(&Located) -> String,
    caption: impl Fn(&[(f64, f64)]) -> Caption,
) -> Result<Figure, String> {
    let curves = by_kind(located, predictor, observed, kind);
    let pairs: Vec<(f64, f64)> = curves.iter().flat_map(|c| c.points.clone()).collect();
    if pairs.is_empty() {
        return Err(why_empty(located, predictor, observed));
    }
    let caption = caption(&pairs);
    let (low, high) = scale.ends();
    let identity = Curve {
        label: Some(caption.in_short.clone()),
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
    Ok(Figure {
        id: format!("threshold-{}-{}", observed.name(), predictor.name()).replace('_', "-"),
        title: observed.symbol().to_owned(),
        description: description(predictor, observed, &curves, &caption.in_words),
        x: axis(predictor.symbol()),
        y: axis(""),
        curves: std::iter::once(identity).chain(curves).collect(),
        guides: Vec::new(),
        ground: None,
        size: Size::Plane,
    })
}

/// What a bootstrap over runs says.
fn over_runs(pairs: &[(f64, f64)]) -> Caption {
    let found = explained(pairs);
    Caption {
        in_short: in_short(&found),
        in_words: in_words(&found),
    }
}

/// The points of each kind, in the order in which kinds were given.
fn by_kind(
    located: &[Located],
    predictor: Predictor,
    observed: Observed,
    kind: impl Fn(&Located) -> String,
) -> Vec<Curve> {
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

/// The line's entry in the legend.
fn in_short(found: &Explained) -> String {
    match &found.itself {
        Ok(share) => format!(
            "equal, R² {} ({} runs)",
            significant(share.r2, 2),
            found.runs
        ),
        Err(_) => format!("equal ({} runs)", found.runs),
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
    in_words: &str,
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
         break-even step. {in_words} The line is where both are equal.",
        text::plain(observed.symbol()),
        text::plain(predictor.symbol()),
        networks.join(", "),
    )
}

fn in_words(found: &Explained) -> String {
    let itself = match &found.itself {
        Ok(share) => format!(
            "Of the variance of the logarithms the prediction itself explains {} (95 % of a bootstrap \
             over runs: {} to {}; below 0 it is worse than their mean)",
            significant(share.r2, 3),
            significant(share.interval[0], 3),
            significant(share.interval[1], 3)
        ),
        Err(why) => format!("The share of variance that is explained does not exist: {why}"),
    };
    let fitted = match &found.fitted {
        Ok(fit) => format!(
            "a line of slope {} and intercept {} explains {} ({} to {}).",
            significant(fit.slope, 3),
            significant(fit.intercept, 3),
            significant(fit.share.r2, 3),
            significant(fit.share.interval[0], 3),
            significant(fit.share.interval[1], 3)
        ),
        Err(why) => format!("no line: {why}."),
    };
    format!("{itself}; {fitted}")
}
