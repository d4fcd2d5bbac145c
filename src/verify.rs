//! `breakeven verify`: the conjectures tested on run folders or a table.

mod plan;
mod selftest;

use std::path::PathBuf;

use breakeven_sim::meter::{Meter, Parts};
use breakeven_verify::quantity::PerRun;
use breakeven_verify::report::{self, ReportContext};
use breakeven_verify::settings::Adjustment;
use breakeven_verify::{
    InputError, Sweep, VerifySettings, read_sweep, read_table, sweep_folders, verify_in_full,
};

use crate::failure::{Failure, OrFail};
use crate::progress::watched;
use crate::streams::{print, say};
use crate::version::{GIT_HASH, command_line};

pub const EXAMPLES: &str = "\
Examples:
  breakeven verify runs/learning-rate runs/batch-size
  breakeven verify runs/learning-rate --out report
  breakeven verify --table runs.csv --json
  python summarise.py | breakeven verify --table -
  breakeven verify --plan sweep.toml --out plan
  breakeven verify selftest

A table has one run a line. Its first line names the columns:
  seed,learning_rate,batch_size,converged,max_lambda_k,max_lambda_k_step,...
Also read: lr or eta, max_lambda_k_error, batches and covariance_batch_size (L
and M of K^M).";

/// Tests both conjectures across seeds, on trained runs or a table.
///
/// All hypotheses of one call are one family: p-values are adjusted over all of
/// them. The exit code is 0 whatever the verdicts.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct VerifyArgs {
    #[command(subcommand)]
    task: Option<Task>,
    /// Sweep folders, or folders that hold some. Runs of different sweeps are
    /// never pooled. What is tested, and when a run counts, is in each sweep's
    /// saved configuration.
    #[arg(
        value_name = "RUNS",
        required_unless_present_any = ["table", "plan"],
        conflicts_with = "table"
    )]
    runs: Vec<PathBuf>,
    /// A table of per-run quantities, parted by commas, semicolons or tabs, also
    /// gzipped; - reads standard input.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Level of the family-wise error rate, below 0.5, for a table; a sweep has
    /// its own, fixed before training.
    #[arg(long, value_name = "A", requires = "table", conflicts_with = "runs")]
    alpha: Option<f64>,
    /// How p-values are adjusted for the number of hypotheses, for a table:
    /// westfall-young, holm or benjamini-hochberg; a sweep has its own.
    #[arg(
        long,
        value_name = "HOW",
        value_parser = adjustment,
        requires = "table",
        conflicts_with = "runs"
    )]
    adjustment: Option<Adjustment>,
    /// Quantities of a table, parted by commas, that have all of alpha first, such
    /// as max_lambda_k: the others are tested only where all of these have their
    /// verdict; a sweep has its own.
    #[arg(
        long,
        value_name = "QUANTITIES",
        value_delimiter = ',',
        value_parser = per_run,
        requires = "table",
        conflicts_with = "runs"
    )]
    primary: Vec<PerRun>,
    /// Confirm that K^M was measured with the same number and size of
    /// mini-batches (L and M) in all runs of a table that does not say so.
    #[arg(long, requires = "table", conflicts_with = "runs")]
    same_covariance: bool,
    #[command(flatten)]
    plan: plan::PlanArgs,
    /// Of earlier versions, and without effect.
    #[arg(long, value_name = "N", hide = true, requires = "table")]
    resamples: Option<usize>,
    /// Write report.html, report.md and verdicts.json into this folder; of a plan,
    /// plan.json and plan.md.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the verdicts as JSON.
    #[arg(long)]
    json: bool,
}

/// What else it does.
#[derive(Debug, clap::Subcommand)]
enum Task {
    Selftest(selftest::SelftestArgs),
}

/// Runs the command.
pub fn run(args: &VerifyArgs) -> Result<(), Failure> {
    if let Some(Task::Selftest(args)) = &args.task {
        return selftest::run(args);
    }
    if !args.plan.plan.is_empty() {
        return plan::run(&args.plan, args.out.as_deref(), args.json);
    }
    let (sweeps, verdicts) = watched("verify", |meter| {
        let sweeps = args.sweeps(meter)?;
        meter.begin("testing hypotheses", Parts::Whole);
        let verdicts = verify_in_full(&sweeps)?;
        Ok::<_, anyhow::Error>((sweeps, verdicts))
    })
    .or_input()?;
    if let Some(out) = &args.out {
        let context = ReportContext {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            git: GIT_HASH.map(str::to_owned),
            command: command_line(),
            wall_time: None,
        };
        watched("verify", |meter| {
            meter.begin("writing the report", Parts::Whole);
            report::write(&verdicts, &sweeps, &context, out)
        })
        .or_input()?;
        say(format!("report: {}", out.join(report::HTML_FILE).display()));
    }
    if args.json {
        print(report::json(&verdicts).or_work()?)
    } else {
        print(report::terminal(&verdicts))
    }
}

fn adjustment(text: &str) -> Result<Adjustment, String> {
    let name = text.replace('-', "_");
    let found = Adjustment::ALL.into_iter().find(|a| a.name() == name);
    found.ok_or_else(|| {
        let names = Adjustment::ALL.map(|a| a.name().replace('_', "-"));
        format!("give one of {}", names.join(", "))
    })
}

fn per_run(text: &str) -> Result<PerRun, String> {
    let found = PerRun::from_name(text);
    found.ok_or_else(|| "give names such as max_lambda_k or at_accuracy_trace_h".to_owned())
}

impl VerifyArgs {
    fn sweeps(&self, meter: &Meter) -> Result<Vec<Sweep>, InputError> {
        meter.begin("reading runs", Parts::Whole);
        if let Some(table) = &self.table {
            let mut settings = VerifySettings::default();
            settings.alpha = self.alpha.unwrap_or(settings.alpha);
            settings.adjustment = self.adjustment.or(settings.adjustment);
            settings.primary.clone_from(&self.primary);
            if self.resamples.is_some() {
                say("warning: --resamples has no effect, as intervals of slopes are Student's");
            }
            return Ok(vec![Sweep {
                same_covariance: self.same_covariance,
                ..read_table(table, settings)?
            }]);
        }
        let mut folders = Vec::new();
        for path in &self.runs {
            folders.extend(sweep_folders(path)?);
        }
        meter.expect(Parts::Exactly(folders.len() as u64));
        let read = |folder| {
            let sweep = read_sweep(folder);
            meter.advance(1);
            sweep
        };
        folders.iter().map(|folder| read(folder)).collect()
    }
}
