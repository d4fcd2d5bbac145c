//! Runs of the model under Assumptions 1 to 4, two settings side by side.

use breakeven_plot::{Across, Axis, Curve, Figure, Guide, Mark, Scale, Shape, Size, Ticks, Weight};
use breakeven_sim::path::{CurvatureLaw, DistanceLaw, Path};
use breakeven_sim::schedule::Schedule;
use breakeven_sim::trajectory::{AtBreakEven, Coupling, Crossing, Point, Settings, Trajectory};
use breakeven_sim::{Model, Noise};
use serde::Serialize;

use super::answer::Answer;
use super::query::Query;
use super::refusal::Refusal;
use super::setting::{self, Setting};

/// Most steps of a run.
const MOST_STEPS: usize = 5000;
/// λ_H(0), its growth and the steps, where the request does not say.
pub const START: f64 = 1.0;
const FACTOR: f64 = 1.03;
const STEPS: usize = 200;

/// What one setting's run did.
#[derive(Serialize)]
struct Ran {
    setting: &'static str,
    learning_rate: f64,
    batch_size: usize,
    stable_start: bool,
    /// Where stability changed for the first time.
    crossing: Option<Crossing>,
    last: Option<Point>,
}

#[derive(Serialize)]
struct Runs {
    runs: Vec<Ran>,
}

/// λ_H(t), ψ(t) and the left side of Eq. 1.
pub fn answer(query: &Query) -> Result<Answer, Refusal> {
    let settings = setting::both(query)?;
    let mut runs = Vec::new();
    for setting in settings {
        let run = settings_of(query, &setting.model)?.run()?;
        runs.push((setting, run));
    }
    let ran = |(setting, run): &(Setting, Trajectory)| Ran {
        setting: setting.name,
        learning_rate: setting.model.learning_rate(),
        batch_size: setting.model.sampling().batch_size(),
        stable_start: run.points[0].stable,
        crossing: run.crossing,
        last: run.points.last().copied(),
    };
    let fields = Runs {
        runs: runs.iter().map(ran).collect(),
    };
    Ok(Answer::of(fields)?.with(figures(&runs)))
}

fn settings_of(query: &Query, model: &Model) -> Result<Settings, Refusal> {
    let start = query.real("start")?.unwrap_or(START);
    let factor = query.real("curvature_factor")?.unwrap_or(FACTOR);
    let steps = query.count("steps")?.unwrap_or(STEPS);
    if steps > MOST_STEPS {
        let message = format!("steps must be at most {MOST_STEPS}, got {steps}");
        return Err(Refusal::bad_request(message));
    }
    let choices = [("hold", AtBreakEven::Hold), ("cross", AtBreakEven::Cross)];
    let curvature = CurvatureLaw::Geometric { start, factor };
    let (coupling, distance) = laws(model.noise(), start);
    Ok(Settings {
        schedule: Schedule::constant(model.learning_rate())?,
        sampling: model.sampling(),
        coupling,
        path: Path::new(curvature, distance)?,
        steps: steps as u64,
        at_break_even: query.choice("at_break_even", &choices)?,
    })
}

/// The path's own words for a kind of noise. ψ stays where it is not given as
/// a law; without any ψ it is 1, which nothing but λ_K sees.
fn laws(noise: &Noise, start: f64) -> (Coupling, DistanceLaw) {
    let constant = |psi| DistanceLaw::Power {
        start: psi,
        exponent: 0.0,
    };
    match *noise {
        Noise::FixedVariance { variance, psi } => {
            let coupling = Coupling::FixedVariance { variance };
            (coupling, constant(psi.unwrap_or(1.0)))
        }
        Noise::FixedDistance { alpha, psi } => (Coupling::Proportional { alpha }, constant(psi)),
        Noise::DistanceLaw {
            alpha, exponent, ..
        } => {
            let start = noise.psi(start).unwrap_or(f64::NAN);
            let coupling = Coupling::Proportional { alpha };
            (coupling, DistanceLaw::Power { start, exponent })
        }
    }
}

/// A quantity along a run, and how its figure names it.
struct Quantity {
    id: &'static str,
    title: &'static str,
    label: &'static str,
    value: fn(&Point) -> f64,
}

const LAMBDA_H: Quantity = Quantity {
    id: "lambda-h",
    title: "Curvature λ_H(t)",
    label: "λ_H",
    value: |point| point.lambda_h,
};
const PSI: Quantity = Quantity {
    id: "psi",
    title: "Distance to the minimum ψ(t)",
    label: "ψ",
    value: |point| point.psi,
};
const STABILITY: Quantity = Quantity {
    id: "stability",
    title: "Left side of Eq. 1: stable up to 1",
    label: "left side of Eq. 1",
    value: |point| point.stability,
};

fn figures(runs: &[(Setting, Trajectory)]) -> Vec<Figure> {
    let one = Guide {
        at: Across::Y(1.0),
        look: None,
        label: None,
    };
    vec![
        figure(runs, &LAMBDA_H, limits(runs)),
        figure(runs, &PSI, Vec::new()),
        figure(runs, &STABILITY, vec![one]),
    ]
}

/// 2/η of each setting; a single line where all have the same.
fn limits(runs: &[(Setting, Trajectory)]) -> Vec<Guide> {
    let limit = |setting: &Setting| setting.model.full_batch_limit();
    let guide = |look, setting: &Setting, label| Guide {
        at: Across::Y(limit(setting)),
        look,
        label: Some(label),
    };
    let settings: Vec<&Setting> = runs.iter().map(|(setting, _)| setting).collect();
    match settings[..] {
        [a, b] if limit(a) == limit(b) => vec![guide(None, a, "2/η".to_owned())],
        _ => settings
            .iter()
            .map(|it| guide(Some(it.look), it, format!("2/η, {}", it.name)))
            .collect(),
    }
}

fn figure(runs: &[(Setting, Trajectory)], quantity: &Quantity, mut guides: Vec<Guide>) -> Figure {
    let value = quantity.value;
    let values = || {
        runs.iter()
            .flat_map(|(_, run)| run.points.iter().map(value))
    };
    let largest = values().fold(0.0, f64::max);
    // A limit far above the curves would press them flat.
    guides.retain(|guide| matches!(guide.at, Across::Y(y) if y <= 2.0 * largest));
    let shown = guides.iter().map(|guide| match guide.at {
        Across::X(value) | Across::Y(value) => value,
    });
    let steps = runs.first().map_or(0, |(_, run)| run.points.len());
    Figure {
        id: quantity.id.into(),
        title: quantity.title.into(),
        description: format!(
            "{} against the step, one curve a setting; a cross marks where stability changes.",
            quantity.title
        ),
        x: Axis {
            label: "step t".into(),
            scale: Scale::Linear(0.0, steps.saturating_sub(1).max(1) as f64),
            ticks: Ticks::Round,
        },
        y: Axis {
            label: quantity.label.into(),
            scale: Scale::around(values().chain(shown)),
            ticks: Ticks::Round,
        },
        curves: runs
            .iter()
            .map(|(setting, run)| curve(setting, run, value))
            .collect(),
        guides,
        ground: None,
        size: Size::Wide,
    }
}

fn curve(setting: &Setting, run: &Trajectory, value: fn(&Point) -> f64) -> Curve {
    let point = |point: &Point| (point.step as f64, value(point));
    let crossed = run
        .crossing
        .and_then(|crossing| run.points.get(crossing.step as usize));
    let mark = |at| Mark {
        at,
        shape: Shape::Cross,
    };
    Curve {
        label: Some(setting.label()),
        points: run.points.iter().map(point).collect(),
        look: setting.look,
        weight: Weight::Bold,
        marks: crossed.map(point).map(mark).into_iter().collect(),
    }
}
