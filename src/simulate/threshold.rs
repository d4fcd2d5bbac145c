//! `breakeven simulate threshold`: the break-even λ_H.
//!
//! `lambda_h` is the break-even point: the λ at which a curvature that grows
//! from a stable start first breaks Eq. 1, that is, the upper end of
//! `stable_interval`, the set of all λ > 0 that satisfy Eq. 1. The lower end
//! is 0 where every smaller λ is stable as well (closed by convention), and
//! positive where noise that does not vanish with λ outweighs the pull
//! towards the minimum: for a fixed s², or for k < 0.

mod chart;

use breakeven_sim::meter::Parts;
use breakeven_sim::momentum::HeavyBall;
use breakeven_sim::parameter::ParameterError;
use breakeven_sim::weight_decay::stable_set_with_decay;
use breakeven_sim::{Model, Noise, StableSet};
use serde::Serialize;

use self::chart::{stability_chart, sweep_chart};
use super::model_args::{ModelArgs, named};
use super::output::{Answer, OutputArgs};
use super::table::{Cell, Table, six_digits};
use crate::failure::{Failure, OrFail};
use crate::progress::watched;

const EXAMPLES: &str = "\
Every option of the model takes a value, a list (0.1,0.2) or a range (1e-3..1:20: 20 values
evenly spaced in the logarithm; 0..1:11:linear for equal steps); all combinations are answered.

Examples:
  breakeven simulate threshold --learning-rate 0.1 --batch-size 32 --examples 50000 \\
      --alpha 1 --psi 0.5
  breakeven simulate threshold --learning-rate 1e-3..1:20 --batch-size 32 --examples 50000 \\
      --curvature-variance 4 --plot thresholds.svg
  breakeven simulate threshold --learning-rate 0.1 --batch-size 1..512:10 --examples 50000 \\
      --alpha 1 --psi0 1 --lambda0 1 --psi-exponent 0.5 --csv";

/// Options of `simulate threshold`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ThresholdArgs {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    output: OutputArgs,
}

/// Rules of training other than plain SGD, whose thresholds are added.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Rules {
    /// β of heavy-ball momentum: adds its thresholds as `momentum`
    #[arg(long, value_name = "B", allow_hyphen_values = true)]
    pub momentum: Option<f64>,
    /// Weight decay w: adds its thresholds as `weight_decay` (not with --psi-exponent)
    #[arg(
        long,
        value_name = "W",
        allow_hyphen_values = true,
        conflicts_with = "psi_exponent"
    )]
    pub weight_decay: Option<f64>,
}

/// The answer for one model; names are a contract.
#[derive(Clone, Debug, Serialize)]
pub struct Answered {
    learning_rate: f64,
    batch_size: usize,
    examples: usize,
    #[serde(flatten)]
    noise: NoiseFields,
    #[serde(skip)]
    given: Given,
    /// p = (N−S)/(S(N−1)).
    noise_factor: f64,
    /// The break-even λ_H; null where no positive λ is stable.
    lambda_h: Option<f64>,
    /// λ_K there.
    lambda_k: Option<f64>,
    /// ψ there.
    psi: Option<f64>,
    /// s² there.
    curvature_variance: Option<f64>,
    /// 2/η.
    full_batch_limit: f64,
    /// The left side of Eq. 1 at λ_H: 1 up to rounding.
    stability: Option<f64>,
    /// [low, high] of the stable λ.
    stable_interval: Option<[f64; 2]>,
    /// How often the left side crosses 1: at 1, the break-even point is the
    /// only one.
    crossings: usize,
    /// λ_H by Eq. 4 as printed (Eq. 5 has the same form), with α/ψ instead of
    /// α/ψ².
    lambda_h_as_printed: Option<f64>,
    /// That less `lambda_h`, where both are there.
    printed_difference: Option<f64>,
    /// Why `lambda_h` is null.
    reason: Option<String>,
    /// With momentum, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    momentum: Option<Variant>,
    /// With weight decay, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    weight_decay: Option<Variant>,
}

/// The stable curvatures of another rule than plain SGD.
#[derive(Clone, Copy, Debug, Serialize)]
struct Variant {
    /// β or w.
    value: f64,
    lambda_h: Option<f64>,
    full_batch_limit: f64,
    stable_interval: Option<[f64; 2]>,
}

impl Variant {
    fn new(value: f64, set: StableSet, full_batch_limit: f64) -> Self {
        let (lambda_h, stable_interval) = (set.break_even(), set.interval());
        Self {
            value,
            lambda_h,
            full_batch_limit,
            stable_interval,
        }
    }

    fn momentum(model: Model, beta: f64) -> Result<Self, ParameterError> {
        let ball = HeavyBall::new(model, beta)?;
        Ok(Self::new(beta, ball.stable_set(), ball.full_batch_limit()))
    }

    fn weight_decay(model: &Model, w: f64) -> Result<Option<Self>, ParameterError> {
        let set = stable_set_with_decay(model, w)?;
        let limit = (model.full_batch_limit() - w).max(0.0);
        Ok(set.map(|set| Self::new(w, set, limit)))
    }
}

/// The answer for several.
#[derive(Serialize)]
struct Sweep<'a> {
    points: &'a [Answered],
}

/// The noise options that were given.
#[derive(Clone, Debug, Default, Serialize)]
struct NoiseFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    alpha: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    psi0: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lambda0: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    psi_exponent: Option<f64>,
}

/// The noise options whose names in the answer stand for the threshold.
#[derive(Clone, Copy, Debug, Default)]
struct Given {
    curvature_variance: Option<f64>,
    psi: Option<f64>,
}

impl Given {
    fn of(noise: &Noise) -> Self {
        match *noise {
            Noise::FixedVariance { variance, psi } => Self {
                curvature_variance: Some(variance),
                psi,
            },
            Noise::FixedDistance { psi, .. } => Self {
                psi: Some(psi),
                ..Self::default()
            },
            Noise::DistanceLaw { .. } => Self::default(),
        }
    }
}

impl NoiseFields {
    fn of(noise: &Noise) -> Self {
        match *noise {
            Noise::FixedVariance { .. } => Self::default(),
            Noise::FixedDistance { alpha, .. } => Self {
                alpha: Some(alpha),
                ..Self::default()
            },
            Noise::DistanceLaw {
                alpha,
                psi0,
                lambda0,
                exponent,
            } => Self {
                alpha: Some(alpha),
                psi0: Some(psi0),
                lambda0: Some(lambda0),
                psi_exponent: Some(exponent),
            },
        }
    }
}

impl Answered {
    /// # Errors
    /// Where β or w is out of its range.
    pub fn of(model: &Model, rules: Rules) -> Result<Self, ParameterError> {
        let set = model.stable_set();
        let lambda_h = set.break_even();
        let printed = model.printed_stable_set().and_then(|set| set.break_even());
        let noise = model.noise();
        let given = Given::of(noise);
        let momentum = rules.momentum.map(|beta| Variant::momentum(*model, beta));
        let decay = rules.weight_decay.map(|w| Variant::weight_decay(model, w));
        Ok(Self {
            momentum: momentum.transpose()?,
            weight_decay: decay.transpose()?.flatten(),
            learning_rate: model.learning_rate(),
            batch_size: model.sampling().batch_size(),
            examples: model.sampling().examples(),
            noise: NoiseFields::of(noise),
            given,
            noise_factor: model.sampling().noise_factor(),
            lambda_h,
            lambda_k: lambda_h.and_then(|lambda| noise.lambda_k(lambda)),
            psi: lambda_h.and_then(|lambda| noise.psi(lambda)).or(given.psi),
            curvature_variance: lambda_h
                .map(|lambda| noise.curvature_variance(lambda))
                .or(given.curvature_variance),
            full_batch_limit: model.full_batch_limit(),
            stability: lambda_h.map(|lambda| model.stability(lambda)),
            stable_interval: set.interval(),
            crossings: set.crossings(),
            lambda_h_as_printed: printed,
            printed_difference: printed.zip(lambda_h).map(|(printed, ours)| printed - ours),
            reason: set
                .reason()
                .map(|reason| format!("no positive lambda is stable: {reason}")),
        })
    }
}

const COLUMNS: [&str; 22] = [
    "learning_rate",
    "batch_size",
    "examples",
    "alpha",
    "psi0",
    "lambda0",
    "psi_exponent",
    "noise_factor",
    "lambda_h",
    "lambda_k",
    "psi",
    "curvature_variance",
    "full_batch_limit",
    "stability",
    "stable_low",
    "stable_high",
    "crossings",
    "lambda_h_as_printed",
    "printed_difference",
    "reason",
    "lambda_h_with_momentum",
    "lambda_h_with_weight_decay",
];

fn row(point: &Answered) -> Vec<Cell> {
    let interval = point.stable_interval;
    vec![
        point.learning_rate.into(),
        point.batch_size.into(),
        point.examples.into(),
        point.noise.alpha.into(),
        point.noise.psi0.into(),
        point.noise.lambda0.into(),
        point.noise.psi_exponent.into(),
        point.noise_factor.into(),
        point.lambda_h.into(),
        point.lambda_k.into(),
        point.psi.into(),
        point.curvature_variance.into(),
        point.full_batch_limit.into(),
        point.stability.into(),
        interval.map(|[low, _]| low).into(),
        interval.map(|[_, high]| high).into(),
        point.crossings.into(),
        point.lambda_h_as_printed.into(),
        point.printed_difference.into(),
        point.reason.clone().into(),
        point.momentum.and_then(|variant| variant.lambda_h).into(),
        point
            .weight_decay
            .and_then(|variant| variant.lambda_h)
            .into(),
    ]
}

/// Runs the command.
pub fn run(args: &ThresholdArgs) -> Result<(), Failure> {
    let models = args.model.models()?;
    let points: Vec<Answered> = watched("simulate threshold", |meter| {
        meter.begin("combinations", Parts::Exactly(models.len() as u64));
        let answered = |model| {
            meter.advance(1);
            Answered::of(model, args.rules).map_err(named)
        };
        models.iter().map(answered).collect::<Result<_, _>>()
    })?;
    let table = Table {
        columns: COLUMNS.to_vec(),
        rows: points.iter().map(row).collect(),
    };
    let answer = match (&models[..], &points[..]) {
        ([model], [point]) => Answer {
            json: serde_json::to_string_pretty(point).or_work()?,
            table,
            rows: None,
            chart: stability_chart(model),
            summary: summary(point),
        },
        _ => Answer {
            json: serde_json::to_string_pretty(&Sweep { points: &points }).or_work()?,
            table,
            rows: None,
            chart: sweep_chart(&points),
            summary: format!("{} combinations", points.len()),
        },
    };
    args.output.give(&answer)
}

fn summary(point: &Answered) -> String {
    let limit = six_digits(point.full_batch_limit);
    let Some(lambda_h) = point.lambda_h else {
        return point.reason.clone().unwrap_or_default();
    };
    let share = six_digits(100.0 * lambda_h / point.full_batch_limit);
    let once = match point.stable_interval {
        Some([low, _]) if point.crossings > 1 => {
            format!("Below {} SGD is unstable as well.", six_digits(low))
        }
        _ => "It is the only one.".to_owned(),
    };
    format!(
        "Break-even at lambda_H = {}: {share} % of 2/eta = {limit}. {once}",
        six_digits(lambda_h)
    )
}
