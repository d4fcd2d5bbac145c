//! `breakeven check`: the main job. Trains, tests the conjectures, reports.

mod network;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use breakeven_sim::meter::{Meter, Parts};
use breakeven_verify::hypothesis::Hypothesis;
use breakeven_verify::report::{self, ReportContext};
use breakeven_verify::verdict::Verdict;
use breakeven_verify::{Kept, Sweep, Verdicts, read_sweep_keeping, verify, verify_in_full};

use crate::config::{Config, DEFAULTS};
use crate::design::warnings;
use crate::failure::{Failure, OrFail};
use crate::progress::watched;
use crate::streams::{print, say};
use crate::sweep::{
    Existing, Options, SweepArgs, carry_out, check_fits, claim, stop_on_interrupt, warn,
};
use crate::version::{GIT_HASH, command_line};

use network::Network;

pub const EXAMPLES: &str = "\
Examples:
  breakeven check
  breakeven check --seeds 4 --out quick
  breakeven check --until decided --out decided
  breakeven check --network resnet --out resnet
  breakeven check --config fixtures/configs/smoke.toml --out smoke --json";

/// The main job: trains, measures, tests both conjectures, writes the report.
///
/// Trains the default sweeps on the built-in data (learning rates × seeds, then
/// batch sizes × seeds), measures K and H along the way, tests the conjectures
/// across seeds, and writes report.html, report.md and verdicts.json. The exit
/// code is 0 whatever the verdicts.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Folder for runs and report; refused if it holds something, unless
    /// --resume.
    #[arg(long, value_name = "DIR", default_value = "breakeven-check")]
    out: PathBuf,
    /// Train seeds 0 to N − 1 instead of those of the configuration.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: Option<u64>,
    /// Add seeds until every hypothesis has a verdict: the runs are judged with
    /// the configuration's seeds, with half as many more, and with twice as many
    /// (or at verify.looks), each time with an equal part of alpha.
    #[arg(long, value_name = "WHEN")]
    until: Option<Until>,
    /// Train this network instead, small where the paper's would take hours: η
    /// varied, then S, on built-in images (or texts), in minutes.
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    network: Option<Network>,
    /// A sweep in TOML, instead of the default ones; may be given repeatedly.
    #[arg(long, value_name = "FILE")]
    config: Vec<PathBuf>,
    #[command(flatten)]
    sweep: SweepArgs,
    /// Print the verdicts as JSON.
    #[arg(long)]
    json: bool,
}

/// When no more seeds are added.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Until {
    /// Every hypothesis that could have a verdict has one, or the last look is
    /// over.
    Decided,
}

/// Runs the command.
pub fn run(args: &CheckArgs) -> Result<(), Failure> {
    let started = Instant::now();
    let configs = args.configs()?;
    let existing = args.sweep.existing();
    let mut options = args.sweep.options(&configs);
    for (k, config) in configs.iter().enumerate() {
        let model = check_fits(config, &options)?;
        if let (0, Some(network)) = (k, args.network) {
            say(words(network, &model, config));
        }
    }
    let stop = stop_on_interrupt()?;
    claim(&args.out, existing)?;
    warn(&warnings(&configs.iter().collect::<Vec<_>>()));
    let folders: Vec<PathBuf> = configs
        .iter()
        .map(|config| args.out.join(config.name()))
        .collect();
    let looks = configs.first().and_then(Config::looks);
    let looks = looks.filter(|_| args.until.is_some()).unwrap_or(&[]);
    for (k, &seeds) in looks.iter().enumerate() {
        options.first_seeds = Some(seeds);
        train(&configs, &folders, existing, &options, &stop)?;
        let verdicts = verify(&read(&folders)?).or_work()?;
        say(look(k + 1, looks.len(), seeds, &verdicts));
        if is_decided(&verdicts) {
            break;
        }
    }
    if looks.is_empty() {
        train(&configs, &folders, existing, &options, &stop)?;
    }
    // Of a resumed one nobody knows how long the calls before it took.
    let took = (!args.sweep.resume).then(|| started.elapsed());
    conclude(&folders, &args.out, took, args.json)
}

/// Carries the sweeps out, one after the other. Folders that an earlier look
/// has made are gone on with.
fn train(
    configs: &[Config],
    folders: &[PathBuf],
    existing: Existing,
    options: &Options,
    stop: &AtomicBool,
) -> Result<(), Failure> {
    for (config, folder) in configs.iter().zip(folders) {
        let existing = match options.first_seeds {
            Some(_) => Existing::Resumed,
            None => existing,
        };
        carry_out(config, folder, existing, options, stop)?.all_over()?;
    }
    Ok(())
}

/// The sweeps as they stand, without the spectra that nothing here needs.
fn read(folders: &[PathBuf]) -> Result<Vec<Sweep>, Failure> {
    let read = |folder: &PathBuf| read_sweep_keeping(folder, Kept::WithoutSpectra);
    let sweeps: Result<Vec<_>, _> = folders.iter().map(read).collect();
    sweeps.or_work()
}

/// Whether more seeds could change nothing: every hypothesis has a verdict, or
/// none is possible.
fn is_decided(verdicts: &Verdicts) -> bool {
    let is_open = |h: &Hypothesis| {
        h.verdict == Verdict::Inconclusive && h.p_value.is_some() && h.is_comparable()
    };
    !verdicts.hypotheses.iter().any(is_open)
}

/// What a look finds: `look 1 of 3, at 5 seeds: 12 of 20 hypotheses decided`.
fn look(number: usize, of: usize, seeds: usize, verdicts: &Verdicts) -> String {
    let all = verdicts.hypotheses.len();
    let decided = all - verdicts.count(Verdict::Inconclusive);
    format!("look {number} of {of}, at {seeds} seeds: {decided} of {all} hypotheses decided")
}

impl CheckArgs {
    fn configs(&self) -> Result<Vec<Config>, Failure> {
        let configs: Result<Vec<Config>, _> = if self.config.is_empty() {
            let sweeps = self.network.map_or(DEFAULTS, Network::sweeps);
            sweeps
                .iter()
                .map(|text| Config::parse(text, Path::new("")))
                .collect()
        } else {
            self.config.iter().map(|path| Config::load(path)).collect()
        };
        let mut configs = configs.or_input()?;
        if let Some(count) = self.seeds {
            configs = configs
                .into_iter()
                .map(|config| config.with_seeds(count))
                .collect();
        }
        if self.until.is_some() {
            configs = configs.into_iter().map(Config::with_looks).collect();
        }
        for (k, config) in configs.iter().enumerate() {
            config.check_looks().or_input()?;
            if configs[..k]
                .iter()
                .any(|other| other.name() == config.name())
            {
                return Err(Failure::input(format!(
                    "two configurations have the name {:?}, which names their folder: change one",
                    config.name()
                )));
            }
        }
        check_comparable(&configs)?;
        Ok(configs)
    }
}

/// What is trained, and how it differs from the paper's:
/// `lstm 1000x24-32-32-3 on snli-600; the paper's has …`.
fn words(network: Network, model: &str, config: &Config) -> String {
    let trained = format!("{model} on {}", config.data());
    match network.beside_the_papers() {
        None => trained,
        Some(papers) => format!("{trained}; {papers}"),
    }
}

/// Refuses, before anything is trained, what could not be verified afterwards.
fn check_comparable(configs: &[Config]) -> Result<(), Failure> {
    let named = |config: &Config| match config.file() {
        Some(file) => file.display().to_string(),
        None => config.name().to_owned(),
    };
    if let [first, others @ ..] = configs
        && let Some(other) = others.iter().find(|c| c.alpha() != first.alpha())
    {
        return Err(Failure::input(format!(
            "verify.alpha is {} in {} and {} in {}: give all the same, as one report has one alpha",
            first.alpha(),
            named(first),
            other.alpha(),
            named(other)
        )));
    }
    if let [first, others @ ..] = configs
        && let Some(other) = others.iter().find(|c| c.looks() != first.looks())
    {
        return Err(Failure::input(format!(
            "verify.looks is not the same in {} and {}: give all the same, as they are judged together",
            named(first),
            named(other)
        )));
    }
    let all: Vec<String> = configs.iter().map(named).collect();
    if !configs.iter().any(Config::has_levels) {
        return Err(Failure::input(format!(
            "{}: there is nothing to compare; give two learning rates, two batch sizes or two momenta, or use train",
            all.join(", ")
        )));
    }
    if !configs.iter().any(Config::tests_a_statistic) {
        return Err(Failure::input(format!(
            "{}: verify.statistics names max_after alone, which is described and not tested; add \
             max or at_accuracy",
            all.join(", ")
        )));
    }
    if !configs
        .iter()
        .any(|config| config.has_levels() && config.measures_what_it_tests())
    {
        return Err(Failure::input(format!(
            "{}: none of verify.quantities is measured; name others, or measure them",
            all.join(", ")
        )));
    }
    Ok(())
}

/// Tests the conjectures on the finished sweeps and writes the report.
fn conclude(
    folders: &[PathBuf],
    out: &Path,
    took: Option<Duration>,
    json: bool,
) -> Result<(), Failure> {
    let verdicts = watched("check", |meter| report(folders, out, took, meter))?;
    if json {
        return print(report::json(&verdicts).or_work()?);
    }
    print(format!(
        "{}\nreport: {}\n",
        report::terminal(&verdicts),
        out.join(report::HTML_FILE).display()
    ))
}

fn report(
    folders: &[PathBuf],
    out: &Path,
    took: Option<Duration>,
    meter: &Meter,
) -> Result<Verdicts, Failure> {
    meter.begin("reading runs", Parts::Whole);
    let sweeps = read(folders)?;
    meter.begin("testing hypotheses", Parts::Whole);
    let verdicts = verify_in_full(&sweeps).or_work()?;
    meter.begin("writing the report", Parts::Whole);
    let context = ReportContext {
        version: env!("CARGO_PKG_VERSION").into(),
        git: GIT_HASH.map(str::to_owned),
        command: command_line(),
        wall_time: took.map(in_words),
    };
    report::write(&verdicts, &sweeps, &context, out).or_input()?;
    Ok(verdicts)
}

/// A duration as people say it: `2 min 41 s`.
fn in_words(took: Duration) -> String {
    let seconds = took.as_secs_f64().round() as u64;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
