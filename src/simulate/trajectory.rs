//! `breakeven simulate trajectory`: λ_H, ψ and Eq. 1 along training.

mod curves;
mod table;

use std::path::PathBuf;

use breakeven_sim::Sampling;
use breakeven_sim::meter::{Meter, Parts};
use breakeven_sim::path::{CurvatureLaw, DistanceLaw, Path, Samples};
use breakeven_sim::schedule::Schedule;
use breakeven_sim::trajectory::{AtBreakEven, Coupling, Crossing, Point, Settings};
use clap::ValueEnum;
use serde::Serialize;

use self::curves::chart;
use self::table::{points, summaries};
use super::model_args::named;
use super::model_run::Run;
use super::output::{Answer, OutputArgs};
use super::range::{Counts, Reals, count};
use super::trajectory_folder::{self, Measured};
use crate::failure::{Failure, OrFail};
use crate::progress::watched;

const EXAMPLES: &str = "\
Examples:
  breakeven simulate trajectory
  breakeven simulate trajectory --learning-rate 0.1 --batch-size 4,32,256 --plot curves.svg
  breakeven simulate trajectory --learning-rate 0.1 --schedule 120:0.01 --at-break-even cross
  breakeven simulate trajectory --measured runs/sweep/runs/NAME/records.jsonl --learning-rate 0.1
  breakeven simulate trajectory --learning-rate 0.01,0.03,0.1 --seeds 5 --jitter 0.2 \\
      --out model-runs
  breakeven verify model-runs";

/// Options of `simulate trajectory`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct TrajectoryArgs {
    /// η: one or several (0.01,0.1 or 1e-3..1:4)
    #[arg(
        long,
        value_name = "ETA",
        default_value = "0.03,0.1",
        allow_hyphen_values = true
    )]
    learning_rate: Reals,
    /// S: one or several
    #[arg(
        long,
        value_name = "S",
        default_value = "32",
        allow_hyphen_values = true
    )]
    batch_size: Counts,
    /// N
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = count)]
    examples: usize,
    /// α in λ_K = αλ_H
    #[arg(
        long,
        value_name = "A",
        default_value_t = 1.0,
        allow_hyphen_values = true
    )]
    alpha: f64,
    /// s², held fixed, instead of --alpha
    #[arg(
        long,
        value_name = "V",
        conflicts_with = "alpha",
        allow_hyphen_values = true
    )]
    curvature_variance: Option<f64>,
    /// λ_H at the start
    #[arg(
        long,
        value_name = "L",
        default_value_t = 1.0,
        allow_hyphen_values = true
    )]
    lambda0: f64,
    /// λ_H grows by this factor a step
    #[arg(
        long,
        value_name = "F",
        default_value_t = 1.03,
        allow_hyphen_values = true
    )]
    curvature_factor: f64,
    /// λ_H grows by this much a step, instead of by a factor
    #[arg(
        long,
        value_name = "R",
        conflicts_with = "curvature_factor",
        allow_hyphen_values = true
    )]
    curvature_rate: Option<f64>,
    /// ψ at the start
    #[arg(
        long,
        value_name = "P",
        default_value_t = 1.0,
        allow_hyphen_values = true
    )]
    psi0: f64,
    /// k in ψ = ψ₀ (λ_H/λ₀)^−k
    #[arg(
        long,
        value_name = "K",
        default_value_t = 0.5,
        allow_hyphen_values = true
    )]
    psi_exponent: f64,
    /// ψ falls to this share a step, instead of with λ_H
    #[arg(
        long,
        value_name = "F",
        conflicts_with = "psi_exponent",
        allow_hyphen_values = true
    )]
    distance_factor: Option<f64>,
    /// ψ falls by this much a step, instead of with λ_H
    #[arg(long, value_name = "R", conflicts_with_all = ["psi_exponent", "distance_factor"],
          allow_hyphen_values = true)]
    distance_rate: Option<f64>,
    /// Take λ_H, and ψ where it is there, from a run's records.jsonl or a CSV with the columns step,
    /// lambda_h and psi. There is no going back before its first value: a run that would is refused
    #[arg(long, value_name = "FILE",
          conflicts_with_all = ["lambda0", "curvature_factor", "curvature_rate"])]
    measured: Option<PathBuf>,
    /// Steps
    #[arg(long, value_name = "N", default_value_t = 200)]
    steps: u64,
    /// What a run does whose next step would break Eq. 1
    #[arg(long, value_enum, default_value_t = AtBreakEvenArg::Hold)]
    at_break_even: AtBreakEvenArg,
    /// Changes of the learning rate: STEP:ETA, several with commas
    #[arg(long, value_name = "STEP:ETA", value_delimiter = ',')]
    schedule: Vec<String>,
    /// Runs per setting, with seeds from 0
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u64,
    /// Standard deviation of ln α, ln λ_H(0) and ln ψ(0) over the seeds
    #[arg(
        long,
        value_name = "X",
        default_value_t = 0.0,
        allow_hyphen_values = true
    )]
    jitter: f64,
    /// Write the runs as a sweep folder that `verify` reads
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// [`AtBreakEven`] as an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AtBreakEvenArg {
    /// Stay at the break-even point (Assumption 4)
    Hold,
    /// Step over it and back (Assumption 3)
    Cross,
}

/// Most steps of all runs together.
const MOST_POINTS: u64 = 20_000_000;

/// Runs the command.
pub fn run(args: &TrajectoryArgs) -> Result<(), Failure> {
    let runs = watched("simulate trajectory", |meter| {
        let runs = args.runs(meter)?;
        if let Some(folder) = &args.out {
            meter.begin("writing runs", Parts::Exactly(runs.len() as u64));
            trajectory_folder::write(folder, &runs, meter)?;
        }
        Ok::<_, Failure>(runs)
    })?;
    args.output.give(&Answer {
        json: json(&runs)?,
        table: summaries(&runs),
        rows: Some(points(&runs)),
        chart: chart(&runs),
        summary: summary(&runs),
    })
}

impl TrajectoryArgs {
    fn runs(&self, meter: &Meter) -> Result<Vec<Run>, Failure> {
        let settings = [self.learning_rate.0.len(), self.batch_size.0.len()];
        let many = settings.map(|many| many as u64).iter().product::<u64>();
        let points = many
            .saturating_mul(self.seeds)
            .saturating_mul(self.steps.saturating_add(1));
        if points > MOST_POINTS {
            let message =
                format!("{points} steps in all, at most {MOST_POINTS}: lower --steps or --seeds");
            return Err(Failure::input(message));
        }
        if self.seeds == 0 {
            return Err(Failure::input("--seeds must be 1 or more, got 0"));
        }
        if !(0.0..=10.0).contains(&self.jitter) {
            let message = format!("--jitter must be between 0 and 10, got {}", self.jitter);
            return Err(Failure::input(message));
        }
        once("--learning-rate", &self.learning_rate.0)?;
        once("--batch-size", &self.batch_size.0)?;
        let (path, changes) = (self.path()?, self.changes()?);
        meter.begin("runs", Parts::Exactly(many.saturating_mul(self.seeds)));
        let mut runs = Vec::new();
        for &learning_rate in &self.learning_rate.0 {
            let schedule = Schedule::new(learning_rate, changes.clone()).map_err(named)?;
            for &batch_size in &self.batch_size.0 {
                let sampling = Sampling::new(batch_size, self.examples).map_err(named)?;
                let settings = self.settings(schedule.clone(), sampling, path.clone());
                for seed in 0..self.seeds {
                    let settings = settings.perturbed(self.jitter, seed);
                    let trajectory = settings.run().map_err(named)?;
                    let run = Run {
                        learning_rate,
                        batch_size,
                        seed,
                        settings,
                        trajectory,
                    };
                    if self.measured.is_some() {
                        run.stays_on_measured()?;
                    }
                    runs.push(run);
                    meter.advance(1);
                }
            }
        }
        Ok(runs)
    }

    fn settings(&self, schedule: Schedule, sampling: Sampling, path: Path) -> Settings {
        let proportional = Coupling::Proportional { alpha: self.alpha };
        let fixed = |variance| Coupling::FixedVariance { variance };
        Settings {
            schedule,
            sampling,
            coupling: self.curvature_variance.map_or(proportional, fixed),
            path,
            steps: self.steps,
            at_break_even: match self.at_break_even {
                AtBreakEvenArg::Hold => AtBreakEven::Hold,
                AtBreakEvenArg::Cross => AtBreakEven::Cross,
            },
        }
    }

    fn path(&self) -> Result<Path, Failure> {
        let measured = self
            .measured
            .as_ref()
            .map(|file| Measured::read(file))
            .transpose()?;
        let measured_psi = measured.as_ref().and_then(|measured| measured.psi.clone());
        let curvature = match (measured, self.curvature_rate) {
            (Some(measured), _) => CurvatureLaw::Measured(measured.lambda_h),
            (None, Some(rate)) => CurvatureLaw::Linear {
                start: self.lambda0,
                rate,
            },
            (None, None) => CurvatureLaw::Geometric {
                start: self.lambda0,
                factor: self.curvature_factor,
            },
        };
        Path::new(curvature, self.distance(measured_psi)).map_err(named)
    }

    fn distance(&self, measured: Option<Samples>) -> DistanceLaw {
        let start = self.psi0;
        match (measured, self.distance_factor, self.distance_rate) {
            (Some(samples), ..) => DistanceLaw::Measured(samples),
            (None, Some(factor), _) => DistanceLaw::Geometric { start, factor },
            (None, None, Some(rate)) => DistanceLaw::Linear { start, rate },
            (None, None, None) => DistanceLaw::Power {
                start,
                exponent: self.psi_exponent,
            },
        }
    }

    fn changes(&self) -> Result<Vec<(u64, f64)>, Failure> {
        let change = |text: &String| {
            let (step, eta) = text.split_once(':')?;
            Some((step.trim().parse().ok()?, eta.trim().parse().ok()?))
        };
        let read = |text| {
            let message = format!("--schedule: `{text}` is not STEP:ETA, as in 120:0.01");
            change(text).ok_or_else(|| Failure::input(message))
        };
        self.schedule.iter().map(read).collect()
    }
}

/// Refuses a value that is named twice: both runs would be the same.
fn once<T: PartialEq + std::fmt::Display>(option: &str, values: &[T]) -> Result<(), Failure> {
    for (i, value) in values.iter().enumerate() {
        if values[..i].contains(value) {
            return Err(Failure::input(format!("{option} names {value} twice")));
        }
    }
    Ok(())
}

/// A run in the answer.
#[derive(Serialize)]
struct Shown<'a> {
    learning_rate: f64,
    batch_size: usize,
    seed: u64,
    /// Whether SGD is stable at step 0.
    starts_stable: bool,
    /// Where stability first changes: the break-even point from a stable
    /// start.
    crossing: Option<Crossing>,
    max_lambda_h: f64,
    max_lambda_k: f64,
    points: &'a [Point],
}

#[derive(Serialize)]
struct Runs<'a> {
    trajectories: Vec<Shown<'a>>,
}

impl<'a> From<&'a Run> for Shown<'a> {
    fn from(run: &'a Run) -> Self {
        Self {
            learning_rate: run.learning_rate,
            batch_size: run.batch_size,
            seed: run.seed,
            starts_stable: run.trajectory.points[0].stable,
            crossing: run.trajectory.crossing,
            max_lambda_h: run.largest(|point| point.lambda_h),
            max_lambda_k: run.largest(|point| point.lambda_k),
            points: &run.trajectory.points,
        }
    }
}

fn json(runs: &[Run]) -> Result<String, Failure> {
    let trajectories = runs.iter().map(Shown::from).collect();
    serde_json::to_string_pretty(&Runs { trajectories }).or_work()
}

fn summary(runs: &[Run]) -> String {
    let stable = runs
        .iter()
        .filter(|run| run.trajectory.points[0].stable)
        .count();
    let reached = runs
        .iter()
        .filter(|run| run.trajectory.crossing.is_some())
        .count();
    format!(
        "{} runs: {stable} start stable, {reached} reach the point where stability changes.",
        runs.len()
    )
}
