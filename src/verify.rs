//! `breakeven verify`: the conjectures tested on run folders or a table.

mod plan;
mod selftest;

use std::path::{Path, PathBuf};

use anyhow::Context;
use breakeven_sim::meter::{Meter, Parts};
use breakeven_verify::against::{self, Against, Baseline};
use breakeven_verify::quantity::PerRun;
use breakeven_verify::report::{self, ReportContext};
use breakeven_verify::settings::Adjustment;
use breakeven_verify::{
    ColumnMap, Kept, Sweep, Verdicts, VerifySettings, all_sweep_folders, ci, read_sweep_keeping,
    read_table_as, verify_in_full,
};
use serde::Serialize;

use crate::failure::{Failure, OrFail};
use crate::progress::watched;
use crate::streams::{print, print_json, say};
use crate::sweep::Standing;
use crate::version::{GIT_HASH, command_line};

pub const EXAMPLES: &str = "\
Examples:
  breakeven verify runs/learning-rate runs/batch-size
  breakeven verify runs/learning-rate --out report
  breakeven verify --table runs.csv --json
  python summarise.py | breakeven verify --table -
  breakeven verify --plan sweep.toml --out plan
  breakeven verify selftest
  breakeven verify runs/* --against yesterday/verdicts.json --junit verdicts.xml
  breakeven verify --table wandb.csv --column learning_rate=config.lr \\
          --column converged=State --column max_lambda_k=summary.lambda_k_max

A table has one run a line. Its first line names the columns:
  seed,learning_rate,batch_size,converged,max_lambda_k,max_lambda_k_step,...
Also read: lr or eta, max_lambda_k_error, batches and covariance_batch_size (L
and M of K^M).";

/// Tests both conjectures across seeds, on trained runs or a table.
///
/// All hypotheses of one call are one family: p-values are adjusted over all of
/// them. The exit code is 0 whatever the verdicts; with --against it is 1 where
/// something changed.
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
    /// Read a table's column under one of our names, such as
    /// learning_rate=config.lr; may be given repeatedly. A column that is read as
    /// converged may hold Weights & Biases' states: finished counts as true.
    #[arg(
        long,
        value_name = "NAME=THEIRS",
        requires = "table",
        conflicts_with = "runs"
    )]
    column: Vec<String>,
    /// Compare with an earlier verdicts.json, or the folder that holds it: which
    /// verdicts moved, and which effects beyond the noise between seeds. Exit
    /// code 1 where anything changed.
    #[arg(long, value_name = "BASELINE.json")]
    against: Option<PathBuf>,
    /// The chance, over all effects together, that one is said to have moved
    /// where none has.
    #[arg(
        long,
        value_name = "A",
        requires = "against",
        default_value_t = against::ALPHA,
        value_parser = level
    )]
    against_alpha: f64,
    /// Write JUnit's XML into this file: a test case a hypothesis. A refuted one
    /// has failed, an inconclusive one was skipped; with --against one has failed
    /// where something changed.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a summary of one screen in Markdown into this file; - prints it
    /// instead of the answer, as for GITHUB_STEP_SUMMARY.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
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
    if args.json && args.prints_markdown() {
        return Err(Failure::input(
            "--json and --markdown - both print the answer: give --markdown a file",
        ));
    }
    // Before any run is read, which may take long.
    let baseline = args.baseline()?;
    let sweeps = watched("verify", |meter| args.sweeps(meter)).or_input()?;
    // Before there is anything to compare, too.
    args.say_what_is_left(&sweeps)?;
    let verdicts = watched("verify", |meter| {
        meter.begin("testing hypotheses", Parts::Whole);
        verify_in_full(&sweeps)
    })
    .or_input()?;
    let against = match &baseline {
        None => None,
        Some((path, baseline)) => {
            let alpha = args.against_alpha;
            Some(against::against(&verdicts, baseline, path, alpha).or_input()?)
        }
    };
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
    args.write_for_ci(&verdicts, against.as_ref())?;
    args.print(&verdicts, against.as_ref())?;
    match against.filter(|against| against.changed) {
        None => Ok(()),
        Some(against) => Err(Failure::Work(anyhow::anyhow!(
            "changed since the baseline: {}",
            against.in_words()
        ))),
    }
}

/// The verdicts, and with a baseline what changed.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    verdicts: &'a Verdicts,
    against: &'a Against,
}

/// A level of a test.
fn level(text: &str) -> Result<f64, String> {
    let found = text
        .parse()
        .ok()
        .filter(|alpha| *alpha > 0.0 && *alpha < 1.0);
    found.ok_or_else(|| "give a number above 0 and below 1, such as 0.01".to_owned())
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
    fn prints_markdown(&self) -> bool {
        self.markdown.as_deref() == Some(Path::new("-"))
    }

    fn baseline(&self) -> Result<Option<(PathBuf, Baseline)>, Failure> {
        let read = |path: &PathBuf| Ok((path.clone(), Baseline::read(path).or_input()?));
        self.against.as_ref().map(read).transpose()
    }

    /// The files that were asked for beside the report.
    fn write_for_ci(&self, verdicts: &Verdicts, against: Option<&Against>) -> Result<(), Failure> {
        if let (Some(out), Some(against)) = (&self.out, against) {
            let text = serde_json::to_string_pretty(against).or_work()? + "\n";
            write(&out.join(against::FILE), &text)?;
        }
        if let Some(path) = &self.junit {
            write(path, &ci::junit(verdicts, against).or_work()?)?;
        }
        match &self.markdown {
            Some(path) if !self.prints_markdown() => write(path, &ci::summary(verdicts, against)),
            _ => Ok(()),
        }
    }

    fn print(&self, verdicts: &Verdicts, against: Option<&Against>) -> Result<(), Failure> {
        if self.prints_markdown() {
            return print(ci::summary(verdicts, against));
        }
        match (self.json, against) {
            (true, None) => print(report::json(verdicts).or_work()?),
            (true, Some(against)) => print_json(&Answer { verdicts, against }),
            (false, None) => print(report::terminal(verdicts)),
            (false, Some(found)) => print(report::terminal(verdicts) + &against::terminal(found)),
        }
    }

    /// Names the runs that are missing, and the command that runs what is left.
    fn say_what_is_left(&self, sweeps: &[Sweep]) -> Result<(), Failure> {
        let folders = all_sweep_folders(&self.runs).or_input()?;
        for (sweep, path) in sweeps.iter().zip(folders) {
            if sweep.missing.is_empty() && sweep.runs.iter().all(|run| run.outcome.is_some()) {
                continue;
            }
            let folder = path.display();
            if !sweep.missing.is_empty() {
                let names: Vec<&str> = sweep.missing.iter().map(|run| run.name.as_str()).collect();
                let (count, names) = (names.len(), in_few(&names));
                say(format!(
                    "{folder}: {count} of the planned runs are missing: {names}"
                ));
            }
            // What another program has trained is gone on with by that.
            if let Ok(Standing { commands, .. }) = Standing::of(&path)
                && !commands.is_empty()
            {
                say(format!(
                    "what is left of {folder}:\n  {}",
                    commands.join("\n  ")
                ));
            }
        }
        Ok(())
    }

    fn sweeps(&self, meter: &Meter) -> Result<Vec<Sweep>, anyhow::Error> {
        meter.begin("reading runs", Parts::Whole);
        if let Some(table) = &self.table {
            let mut settings = VerifySettings::default();
            settings.alpha = self.alpha.unwrap_or(settings.alpha);
            settings.adjustment = self.adjustment.or(settings.adjustment);
            settings.primary.clone_from(&self.primary);
            if self.resamples.is_some() {
                say("warning: --resamples has no effect, as intervals of slopes are Student's");
            }
            let columns = ColumnMap::parse(&self.column)?;
            return Ok(vec![Sweep {
                same_covariance: self.same_covariance,
                ..read_table_as(table, settings, &columns)?
            }]);
        }
        let folders = all_sweep_folders(&self.runs)?;
        meter.expect(Parts::Exactly(folders.len() as u64));
        let read = |folder| {
            let sweep = read_sweep_keeping(folder, Kept::WithoutSpectra);
            meter.advance(1);
            sweep
        };
        Ok(folders
            .iter()
            .map(|folder| read(folder))
            .collect::<Result<_, _>>()?)
    }
}

/// The first names, and how many more there are.
fn in_few(names: &[&str]) -> String {
    const FEW: usize = 10;
    match names.len() {
        0..=FEW => names.join(", "),
        all => format!("{} and {} more", names[..FEW].join(", "), all - FEW),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = std::fs::write(path, text);
    let named = || {
        format!(
            "cannot write {}; choose a file that can be written to",
            path.display()
        )
    };
    written.with_context(named).or_input()
}
