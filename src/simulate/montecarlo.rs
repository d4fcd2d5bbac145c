//! `breakeven simulate montecarlo`: SGD with random batches against Eq. 1.

mod chart;
mod words;

use std::path::{Path, PathBuf};

use anyhow::Context;
use breakeven_sim::curvatures::{CurvatureDistribution, Curvatures};
use breakeven_sim::lyapunov::{BatchMeans, Thresholds};
use breakeven_sim::meter::{Meter, Parts};
use breakeven_sim::montecarlo::{Moment, MonteCarlo, Simulated};
use clap::ValueEnum;
use serde::Serialize;

use self::chart::{path_chart, sweep_chart};
use self::words::{summary, table};
use super::model_args::named;
use super::output::{Answer, OutputArgs};
use super::range::{Counts, Reals};
use crate::failure::{Failure, OrFail};
use crate::progress::watched;

const EXAMPLES: &str = "\
Examples:
  breakeven simulate montecarlo --learning-rate 1.2 --batch-size 8
  breakeven simulate montecarlo --learning-rate 0.5..2:15 --batch-size 4 --distribution log-normal
  breakeven simulate montecarlo --learning-rate 0.8 --batch-size 1 --distribution pareto --tail 1.5
  breakeven measure ... --curvatures curvatures.csv
  breakeven simulate montecarlo --curvatures curvatures.csv --learning-rate 0.1 \\
      --batch-size 64 --json";

/// Options of `simulate montecarlo`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct MonteCarloArgs {
    /// η: one or several (0.1,0.2 or 1e-3..1:20)
    #[arg(long, value_name = "ETA", allow_hyphen_values = true)]
    learning_rate: Reals,
    /// S: one or several; batches are drawn without replacement, anew each step
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    batch_size: Counts,
    /// N, the number of curvatures that are drawn
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1000,
        conflicts_with = "curvatures"
    )]
    examples: usize,
    /// The law of the examples' curvatures H_i
    #[arg(long, value_enum, default_value_t = Law::Gamma, conflicts_with = "curvatures")]
    distribution: Law,
    /// Mean of the law
    #[arg(
        long,
        value_name = "M",
        default_value_t = 1.0,
        allow_hyphen_values = true
    )]
    mean: f64,
    /// Standard deviation of the law (not for pareto)
    #[arg(
        long,
        value_name = "D",
        default_value_t = 1.0,
        allow_hyphen_values = true
    )]
    deviation: f64,
    /// two-point: share of the larger value
    #[arg(
        long,
        value_name = "Q",
        default_value_t = 0.1,
        allow_hyphen_values = true
    )]
    share: f64,
    /// pareto: the tail's exponent; there is no variance at 2 and below
    #[arg(
        long,
        value_name = "A",
        default_value_t = 1.5,
        allow_hyphen_values = true
    )]
    tail: f64,
    /// Seed of the curvatures
    #[arg(long, value_name = "N", default_value_t = 0)]
    curvature_seed: u64,
    /// Take the curvatures from a CSV file instead, such as `measure --curvatures` writes
    #[arg(long, value_name = "FILE")]
    curvatures: Option<PathBuf>,
    /// The column of that file; default: its only or its first one
    #[arg(long, value_name = "NAME", requires = "curvatures")]
    column: Option<String>,
    /// Steps of each path
    #[arg(long, value_name = "N", default_value_t = 100)]
    steps: u64,
    /// Paths
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    paths: usize,
    /// Seed of the batches
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    output: OutputArgs,
}

/// [`CurvatureDistribution`] as an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Law {
    /// Symmetric; some curvatures may be negative
    Normal,
    /// Positive and skewed
    Gamma,
    /// Positive, heavier tail
    LogNormal,
    /// Two values
    TwoPoint,
    /// Positive, power-law tail
    Pareto,
}

/// Most random numbers in one call.
const MOST_DRAWS: u128 = 1 << 40;

/// The answer for one η and S.
#[derive(Clone, Debug, Serialize)]
struct Answered {
    learning_rate: f64,
    batch_size: usize,
    examples: usize,
    steps: u64,
    paths: usize,
    seed: u64,
    /// Mean of the curvatures.
    lambda: f64,
    /// Their variance, 1/N.
    curvature_variance: f64,
    /// The left side of Eq. 1 for them: what E\[ψ²\] is multiplied by in a step.
    stability: f64,
    /// The same, simulated.
    growth: f64,
    /// 95 %, by the normal approximation.
    growth_interval: [f64; 2],
    /// Mean growth of ln|ψ| in a step, simulated.
    lyapunov_exponent: f64,
    lyapunov_interval: [f64; 2],
    /// Share of the paths that end nearer to the minimum than they began.
    shrunk: f64,
    /// The largest stable η in mean square and almost surely; null where the
    /// mean curvature is not positive.
    thresholds: Option<AnsweredThresholds>,
    /// Why `thresholds` is null.
    reason: Option<&'static str>,
    /// Over all batches, with equal weights; null where there are too many.
    enumerated: Option<Enumerated>,
    moments: Vec<Moment>,
}

/// No sampling, no estimate.
#[derive(Clone, Copy, Debug, Serialize)]
struct Enumerated {
    /// E\[(1 − ηH_B)²\], the left side of Eq. 1.
    growth: f64,
    /// E\[ln|1 − ηH_B|\].
    lyapunov_exponent: f64,
}

impl Enumerated {
    fn of(means: &BatchMeans, eta: f64) -> Option<Self> {
        means.is_exact().then(|| Self {
            growth: means.second_moment(eta).value,
            lyapunov_exponent: means.exponent(eta).value,
        })
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
struct AnsweredThresholds {
    mean_square: f64,
    almost_sure: f64,
    /// Null where all batches were enumerated.
    almost_sure_standard_error: Option<f64>,
}

/// The answer for several.
#[derive(Serialize)]
struct Sweep<'a> {
    points: &'a [Answered],
}

/// Runs the command.
pub fn run(args: &MonteCarloArgs) -> Result<(), Failure> {
    let curvatures = args.curvatures()?;
    args.check_size()?;
    let points = watched("simulate montecarlo", |meter| {
        args.points(&curvatures, meter)
    })?;
    let one = points.len() == 1;
    let json = if one {
        serde_json::to_string_pretty(&points[0])
    } else {
        serde_json::to_string_pretty(&Sweep { points: &points })
    };
    args.output.give(&Answer {
        json: json.or_work()?,
        table: table(&points),
        rows: None,
        chart: if one {
            path_chart(&points[0])
        } else {
            sweep_chart(&points)
        },
        summary: summary(&points),
    })
}

impl MonteCarloArgs {
    /// The answer for each S and η.
    fn points(&self, curvatures: &Curvatures, meter: &Meter) -> Result<Vec<Answered>, Failure> {
        let all = self.batch_size.0.len() * self.learning_rate.0.len();
        let mut points = Vec::with_capacity(all);
        for &batch_size in &self.batch_size.0 {
            meter.begin(format!("thresholds for S = {batch_size}"), Parts::Whole);
            let means = BatchMeans::new(curvatures, batch_size, self.seed).map_err(named)?;
            let thresholds = means.thresholds(curvatures, batch_size);
            for &eta in &self.learning_rate.0 {
                let problem = MonteCarlo::new(
                    eta,
                    batch_size,
                    curvatures.clone(),
                    self.steps,
                    self.paths,
                    self.seed,
                );
                let point = points.len() + 1;
                meter.begin(
                    format!("point {point} of {all}, paths"),
                    Parts::Exactly(self.paths as u64),
                );
                let simulated = problem.map_err(named)?.run_watched(meter);
                points.push(self.answered(
                    eta,
                    batch_size,
                    curvatures.examples(),
                    thresholds,
                    Enumerated::of(&means, eta),
                    simulated,
                ));
            }
        }
        Ok(points)
    }

    fn curvatures(&self) -> Result<Curvatures, Failure> {
        if let Some(file) = &self.curvatures {
            let context = || format!("--curvatures: {}", file.display());
            let values = read_column(file, self.column.as_deref())
                .with_context(context)
                .or_input()?;
            return Curvatures::new(values).with_context(context).or_input();
        }
        let (mean, deviation) = (self.mean, self.deviation);
        let law = match self.distribution {
            Law::Normal => CurvatureDistribution::Normal { mean, deviation },
            Law::Gamma => CurvatureDistribution::Gamma { mean, deviation },
            Law::LogNormal => CurvatureDistribution::LogNormal { mean, deviation },
            Law::TwoPoint => CurvatureDistribution::TwoPoint {
                mean,
                deviation,
                share: self.share,
            },
            Law::Pareto => CurvatureDistribution::Pareto {
                mean,
                tail: self.tail,
            },
        };
        let drawn = Curvatures::draw(law, self.examples, self.curvature_seed);
        drawn.map_err(|error| Failure::input(format!("--distribution, --examples: {error}")))
    }

    fn check_size(&self) -> Result<(), Failure> {
        let batches: u128 = self.batch_size.0.iter().map(|&size| size as u128).sum();
        let paths = u128::from(self.steps) * self.paths as u128;
        let draws = batches
            .saturating_mul(paths)
            .saturating_mul(self.learning_rate.0.len() as u128);
        if draws > MOST_DRAWS {
            let message =
                format!("{draws} random numbers, at most {MOST_DRAWS}: lower --paths or --steps");
            return Err(Failure::input(message));
        }
        Ok(())
    }

    fn answered(
        &self,
        learning_rate: f64,
        batch_size: usize,
        examples: usize,
        thresholds: Option<Thresholds>,
        enumerated: Option<Enumerated>,
        simulated: Simulated,
    ) -> Answered {
        Answered {
            learning_rate,
            batch_size,
            examples,
            steps: self.steps,
            paths: self.paths,
            seed: self.seed,
            lambda: simulated.lambda,
            curvature_variance: simulated.curvature_variance,
            stability: simulated.expected_growth,
            growth: simulated.growth.value,
            growth_interval: simulated.growth.interval(),
            lyapunov_exponent: simulated.exponent.value,
            lyapunov_interval: simulated.exponent.interval(),
            shrunk: simulated.shrunk,
            reason: thresholds
                .is_none()
                .then_some("the mean curvature is not positive: no learning rate is stable"),
            thresholds: thresholds.map(|thresholds| AnsweredThresholds {
                mean_square: thresholds.mean_square,
                almost_sure: thresholds.almost_sure.value,
                almost_sure_standard_error: thresholds.almost_sure.standard_error,
            }),
            enumerated,
            moments: simulated.moments,
        }
    }
}

/// The numbers of one column. A first line that is no number is a heading.
fn read_column(file: &Path, name: Option<&str>) -> anyhow::Result<Vec<f64>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_path(file)?;
    let mut column = 0;
    let mut values = Vec::new();
    for (line, row) in (1..).zip(reader.records()) {
        let row = row?;
        if line == 1 {
            let place = name.map(|name| row.iter().position(|field| field == name));
            column = match place {
                Some(place) => {
                    place.with_context(|| format!("there is no column `{}`", name.unwrap_or("")))?
                }
                None => 0,
            };
            if name.is_some() || row.get(0).is_none_or(|field| field.parse::<f64>().is_err()) {
                continue;
            }
        }
        let field = row.get(column).unwrap_or("");
        let value = field
            .parse()
            .with_context(|| format!("line {line}: `{field}` is not a number"))?;
        values.push(value);
    }
    Ok(values)
}
