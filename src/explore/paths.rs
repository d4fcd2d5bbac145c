//! Sampled paths of SGD at a curvature near the break-even point.

use breakeven_plot::{Axis, Curve, Figure, Scale, Size, Ticks, Weight};
use breakeven_sim::curvatures::{CurvatureDistribution, Curvatures};
use breakeven_sim::montecarlo::MonteCarlo;
use breakeven_sim::stability;
use serde::Serialize;

use super::answer::Answer;
use super::query::Query;
use super::refusal::Refusal;
use super::setting::{self, Setting};

/// Most examples, paths, and curvatures drawn in one answer.
const MOST_EXAMPLES: usize = 200_000;
const MOST_PATHS: usize = 50;
const MOST_DRAWS: usize = 20_000_000;
/// Where the request does not say.
const PATHS: usize = 12;
const STEPS: usize = 100;
const SHARE: f64 = 1.05;
/// Share of the examples with the larger of two curvatures.
const LARGER: f64 = 0.1;
/// ψ² below and above are not drawn.
const DRAWN: [f64; 2] = [1e-60, 1e60];

/// The law of the curvatures H_i; mean and variance are the model's.
#[derive(Clone, Copy)]
enum Law {
    Gamma,
    Normal,
    LogNormal,
    TwoPoint,
}

/// What was sampled.
#[derive(Serialize)]
struct Sampled {
    paths: usize,
    steps: usize,
    seed: u64,
    settings: Vec<Outcome>,
}

/// What became of one setting's paths.
#[derive(Serialize)]
struct Outcome {
    setting: &'static str,
    /// The curvature at which it was sampled: a share of the break-even λ_H.
    lambda_h: f64,
    /// Mean and variance (1/N) of the curvatures that were drawn.
    drawn_lambda_h: f64,
    drawn_curvature_variance: f64,
    /// The left side of Eq. 1 for them: the growth of E\[ψ²\] in a step.
    stability: f64,
    /// Paths that end with |ψ| < 1.
    shrunk: usize,
}

/// How much is sampled.
#[derive(Clone, Copy)]
struct Sizes {
    paths: usize,
    steps: usize,
}

/// ψ² along several paths of each setting, and E\[ψ²\].
pub fn answer(query: &Query) -> Result<Answer, Refusal> {
    let settings = setting::both(query)?;
    let sizes = sizes(query, &settings)?;
    let seed = query.count("seed")?.unwrap_or(0) as u64;
    let (mut outcomes, mut curves) = (Vec::new(), Vec::new());
    for setting in &settings {
        let (outcome, paths) = sample(query, setting, sizes, seed)?;
        let words = |what: &str| match settings.len() {
            1 => what.to_owned(),
            _ => format!("{}: {what}", setting.name),
        };
        curves.extend(drawn(&paths, setting.look, words("sampled ψ²")));
        let label = words("E[ψ²] by Eq. 1");
        curves.push(expected(
            outcome.stability,
            sizes.steps,
            setting.look,
            label,
        ));
        outcomes.push(outcome);
    }
    // What is expected lies above all that was sampled.
    curves.sort_by_key(|curve| curve.weight == Weight::Bold);
    let fields = Sampled {
        paths: sizes.paths,
        steps: sizes.steps,
        seed,
        settings: outcomes,
    };
    Ok(Answer::of(fields)?.with(vec![figure(curves, sizes.steps)]))
}

fn sample(
    query: &Query,
    setting: &Setting,
    Sizes { paths, steps }: Sizes,
    seed: u64,
) -> Result<(Outcome, Vec<Vec<f64>>), Refusal> {
    let model = &setting.model;
    let share = query.real("share")?.unwrap_or(SHARE);
    let set = model.stable_set();
    let lambda = share * set.break_even().unwrap_or(model.full_batch_limit());
    if !(lambda > 0.0 && lambda.is_finite()) {
        return Err(Refusal::bad_request(format!(
            "share must be positive, got {share}"
        )));
    }
    let examples = model.sampling().examples();
    if examples > MOST_EXAMPLES {
        let message = format!("paths are sampled up to {MOST_EXAMPLES} examples, got {examples}");
        return Err(Refusal::bad_request(message));
    }
    let deviation = model.noise().curvature_variance(lambda).sqrt();
    let curvatures = Curvatures::draw(law(query, lambda, deviation)?, examples, seed)?;
    let (mean, variance) = (curvatures.mean(), curvatures.variance());
    let (eta, size) = (model.learning_rate(), model.sampling().batch_size());
    let simulated = MonteCarlo::new(eta, size, curvatures, steps as u64, paths, seed)?;
    let paths: Vec<Vec<f64>> = (0..paths).map(|stream| simulated.path(stream)).collect();
    let outcome = Outcome {
        setting: setting.name,
        lambda_h: lambda,
        drawn_lambda_h: mean,
        drawn_curvature_variance: variance,
        stability: stability(eta, mean, variance, examples, size),
        shrunk: paths.iter().filter(|path| path[steps].abs() < 1.0).count(),
    };
    Ok((outcome, paths))
}

fn sizes(query: &Query, settings: &[Setting]) -> Result<Sizes, Refusal> {
    let paths = query.count("paths")?.unwrap_or(PATHS);
    let steps = query.count("path_steps")?.unwrap_or(STEPS);
    if paths > MOST_PATHS {
        let message = format!("paths must be at most {MOST_PATHS}, got {paths}");
        return Err(Refusal::bad_request(message));
    }
    let sizes = settings
        .iter()
        .map(|setting| setting.model.sampling().batch_size());
    let sizes = sizes.fold(0_usize, usize::saturating_add);
    let draws = paths.saturating_mul(steps).saturating_mul(sizes);
    if draws > MOST_DRAWS {
        let message = format!(
            "{draws} curvatures to draw, at most {MOST_DRAWS}: lower the batch size, paths or path_steps"
        );
        return Err(Refusal::bad_request(message));
    }
    Ok(Sizes { paths, steps })
}

fn law(query: &Query, mean: f64, deviation: f64) -> Result<CurvatureDistribution, Refusal> {
    let laws = [
        ("gamma", Law::Gamma),
        ("normal", Law::Normal),
        ("log_normal", Law::LogNormal),
        ("two_point", Law::TwoPoint),
    ];
    let law = query.choice("distribution", &laws)?;
    // Without noise all curvatures are the same, whatever the law.
    if deviation == 0.0 {
        return Ok(CurvatureDistribution::Normal { mean, deviation });
    }
    Ok(match law {
        Law::Gamma => CurvatureDistribution::Gamma { mean, deviation },
        Law::Normal => CurvatureDistribution::Normal { mean, deviation },
        Law::LogNormal => CurvatureDistribution::LogNormal { mean, deviation },
        Law::TwoPoint => CurvatureDistribution::TwoPoint {
            mean,
            deviation,
            share: LARGER,
        },
    })
}

/// Sampled paths; the first carries the label of all.
fn drawn(paths: &[Vec<f64>], look: usize, label: String) -> impl Iterator<Item = Curve> {
    let point = |(step, psi): (usize, &f64)| (step as f64, visible(psi * psi));
    paths.iter().enumerate().map(move |(number, path)| Curve {
        label: (number == 0).then(|| label.clone()),
        points: path.iter().enumerate().map(point).collect(),
        look,
        weight: Weight::Thin,
        marks: Vec::new(),
    })
}

fn expected(growth: f64, steps: usize, look: usize, label: String) -> Curve {
    let point = |step| (step as f64, visible(growth.powf(step as f64)));
    Curve {
        label: Some(label),
        points: (0..=steps).map(point).collect(),
        look,
        weight: Weight::Bold,
        marks: Vec::new(),
    }
}

fn figure(curves: Vec<Curve>, steps: usize) -> Figure {
    let values = curves
        .iter()
        .flat_map(|curve| &curve.points)
        .map(|point| point.1);
    Figure {
        id: "paths".into(),
        title: "ψ² along sampled paths of SGD".into(),
        description: "ψ squared against the step: thin lines are sampled paths, the bold line of \
                      a setting is the expectation by Eq. 1."
            .into(),
        x: Axis {
            label: "step t".into(),
            scale: Scale::Linear(0.0, steps.max(1) as f64),
            ticks: Ticks::Round,
        },
        y: Axis {
            label: "ψ²".into(),
            scale: Scale::log_around(values.collect::<Vec<_>>()),
            ticks: Ticks::Round,
        },
        curves,
        guides: Vec::new(),
        ground: None,
        size: Size::Wide,
    }
}

fn visible(value: f64) -> f64 {
    if (DRAWN[0]..=DRAWN[1]).contains(&value) {
        value
    } else {
        f64::NAN
    }
}
