//! Figures of measured runs, the theory's prediction with λ_H.

use breakeven_plot::{
    Across, Axis, Curve, Figure, Guide, LOOKS, Mark, Scale, Shape, Size, Ticks, Weight,
};
use breakeven_sim::record::Record;
use serde::Serialize;

use super::answer::Answer;
use super::query::Query;
use super::refusal::Refusal;
use super::runs::{Run, Runs};
use super::setting::digits;

/// Most runs in one figure.
pub const MOST_RUNS: usize = 40;

type Value = fn(&Record) -> Option<f64>;

/// A measured quantity.
struct Quantity {
    id: &'static str,
    title: &'static str,
    value: Value,
}

/// What is drawn, in this order, where it was measured.
const QUANTITIES: [Quantity; 12] = [
    quantity("lambda_h", "λ_H: largest curvature", |r| r.lambda_h),
    quantity("stability", "Left side of Eq. 1: stable below 1", |r| {
        r.stability
    }),
    quantity("lambda_k", "λ_K of K^M: largest gradient variance", |r| {
        r.lambda_k
    }),
    quantity(
        "lambda_k_per_example",
        "λ_K of K, the examples' own: largest gradient variance",
        |r| r.lambda_k_per_example,
    ),
    quantity("condition_k", "λ_K*/λ_K of K^M: conditioning", |r| {
        r.condition_k
    }),
    quantity("trace_k", "Tr K^M", |r| r.trace_k),
    quantity(
        "curvature_variance",
        "s²: variance of the curvatures",
        |r| r.curvature_variance,
    ),
    quantity("psi", "ψ: distance to the minimum", |r| r.psi),
    quantity("loss", "Training loss", |r| r.loss),
    quantity("loss_change", "ΔL: loss removed by one step", |r| {
        r.loss_change
    }),
    quantity("training_accuracy", "Training accuracy", |r| {
        r.training_accuracy
    }),
    quantity("validation_accuracy", "Validation accuracy", |r| {
        r.validation_accuracy
    }),
];

const fn quantity(id: &'static str, title: &'static str, value: Value) -> Quantity {
    Quantity { id, title, value }
}

/// What runs are drawn against.
#[derive(Clone, Copy)]
enum Abscissa {
    Step,
    Epoch,
}

#[derive(Serialize)]
struct Drawn {
    /// Measurements in each run that is drawn.
    records: Vec<usize>,
}

/// A figure for each quantity that was measured.
pub fn answer(query: &Query, runs: &Runs) -> Result<Answer, Refusal> {
    let chosen = chosen(query, runs)?;
    let abscissa = query.choice("x", &[("step", Abscissa::Step), ("epoch", Abscissa::Epoch)])?;
    let fields = Drawn {
        records: chosen.iter().map(|run| run.records.len()).collect(),
    };
    let measured = |quantity: &&Quantity| {
        let mut records = chosen.iter().flat_map(|run| &run.records);
        records.any(|record| (quantity.value)(record).is_some())
    };
    let figures = QUANTITIES
        .iter()
        .filter(measured)
        .map(|quantity| figure(quantity, &chosen, abscissa))
        .collect();
    Ok(Answer::of(fields)?.with(figures))
}

fn chosen<'a>(query: &Query, runs: &'a Runs) -> Result<Vec<&'a Run>, Refusal> {
    let text = query.text("runs").unwrap_or_default();
    let number = |word: &str| {
        let message = || format!("runs must be numbers with commas, got {word:?}");
        word.parse().map_err(|_| Refusal::bad_request(message()))
    };
    let words = text.split(',').filter(|word| !word.is_empty());
    let numbers: Vec<usize> = words.map(number).collect::<Result<_, _>>()?;
    if numbers.len() > MOST_RUNS {
        let message = format!("{} runs, at most {MOST_RUNS} in a figure", numbers.len());
        return Err(Refusal::bad_request(message));
    }
    numbers.into_iter().map(|id| runs.get(id)).collect()
}

impl Abscissa {
    fn of(self, record: &Record) -> f64 {
        match self {
            Self::Step => record.step as f64,
            Self::Epoch => record.epoch,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Epoch => "epoch",
        }
    }

    /// As far as the run is to go.
    fn end(self, run: &Run) -> f64 {
        let header = &run.header;
        match self {
            Self::Step => header.steps as f64,
            Self::Epoch => {
                header.steps as f64 * header.batch_size as f64 / header.examples.max(1) as f64
            }
        }
    }
}

fn figure(quantity: &Quantity, runs: &[&Run], abscissa: Abscissa) -> Figure {
    let is_curvature = quantity.id == "lambda_h";
    let mut curves = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        let look = number % LOOKS;
        if is_curvature {
            let label = (number == 0).then(|| "threshold by Eq. 1 (fine lines)".to_owned());
            curves.push(threshold(run, look, label, abscissa));
        }
        curves.push(measured(quantity, run, look, abscissa));
    }
    let values: Vec<f64> = curves
        .iter()
        .flat_map(|curve| curve.points.iter().map(|point| point.1))
        .collect();
    // Limits 2/η differ by factors: λ_H is shown on a log scale whatever its range.
    let scale = if is_curvature {
        Scale::log_around
    } else {
        Scale::around
    };
    let guides = match quantity.id {
        "lambda_h" => limits(runs),
        "stability" => vec![one()],
        _ => Vec::new(),
    };
    let ends = runs.iter().map(|run| abscissa.end(run));
    Figure {
        id: format!("run-{}", quantity.id.replace('_', "-")),
        title: quantity.title.into(),
        description: format!(
            "{} against the {}, one curve a run; a cross marks the break-even point.",
            quantity.title,
            abscissa.label()
        ),
        x: Axis {
            label: abscissa.label().into(),
            scale: Scale::Linear(0.0, ends.fold(0.0, f64::max).max(1.0)),
            ticks: Ticks::Round,
        },
        y: Axis {
            label: quantity.title.into(),
            scale: scale(values.into_iter().chain(guides.iter().map(height))),
            ticks: Ticks::Round,
        },
        curves,
        guides,
        ground: None,
        size: Size::Wide,
    }
}

fn one() -> Guide {
    Guide {
        at: Across::Y(1.0),
        look: None,
        label: None,
    }
}

fn height(guide: &Guide) -> f64 {
    match guide.at {
        Across::X(value) | Across::Y(value) => value,
    }
}

/// 2/η, or 2(1+β)/η with momentum, once for each η and β.
fn limits(runs: &[&Run]) -> Vec<Guide> {
    let mut guides: Vec<Guide> = Vec::new();
    let of_run = |run: &&Run| -> Vec<(f64, String)> {
        let of_rate = |rate| (run.header.full_batch_limit(rate), limit_label(run, rate));
        run.learning_rates().into_iter().map(of_rate).collect()
    };
    for (limit, label) in runs.iter().flat_map(of_run) {
        let at = Across::Y(limit);
        if guides.iter().all(|guide| guide.at != at) {
            guides.push(Guide {
                at,
                look: None,
                label: Some(label),
            });
        }
    }
    guides
}

fn limit_label(run: &Run, learning_rate: f64) -> String {
    let eta = digits(learning_rate);
    match run.header.momentum() {
        0.0 => format!("2/η, η = {eta}"),
        beta => format!("2(1+β)/η, η = {eta}, β = {}", digits(beta)),
    }
}

fn measured(quantity: &Quantity, run: &Run, look: usize, abscissa: Abscissa) -> Curve {
    let point = |record: &Record| {
        let value = (quantity.value)(record).unwrap_or(f64::NAN);
        (abscissa.of(record), value)
    };
    let mark = |at| Mark {
        at,
        shape: Shape::Cross,
    };
    Curve {
        label: Some(
            run.name
                .rsplit(['/', '\\'])
                .next()
                .unwrap_or(&run.name)
                .to_owned(),
        ),
        points: run.records.iter().map(point).collect(),
        look,
        weight: Weight::Bold,
        marks: run.break_even().map(point).map(mark).into_iter().collect(),
    }
}

/// The break-even λ_H that Eq. 1 predicts from the s² measured at each step.
fn threshold(run: &Run, look: usize, label: Option<String>, abscissa: Abscissa) -> Curve {
    let point = |record: &Record| {
        let value = run.threshold(record).unwrap_or(f64::NAN);
        (abscissa.of(record), value)
    };
    Curve {
        label,
        points: run.records.iter().map(point).collect(),
        look,
        weight: Weight::Fine,
        marks: Vec::new(),
    }
}
