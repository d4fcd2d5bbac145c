//! `breakeven status`: how far the runs of sweeps are.

mod answer;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use breakeven_verify::all_sweep_folders;

use crate::failure::{Failure, OrFail};
use crate::span::Span;
use crate::streams::{print, print_json};

use answer::Answer;

pub const EXAMPLES: &str = "\
Examples:
  breakeven status runs/sweep
  breakeven status breakeven-check --json
  breakeven status runs/sweep --wait 8:00:00";

/// How often runs are looked at while they are waited for.
const EVERY: Duration = Duration::from_secs(2);

/// Says how far each run of a sweep is, and what carries out the rest.
///
/// A run is completed, diverged, running (a process holds its lock), stale
/// (begun, and nobody carries it out), damaged (a file is not as it was written)
/// or missing (planned and never begun). Nothing is written. The exit code is 0
/// whatever the answer.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Sweep folders, or folders that hold some.
    #[arg(value_name = "RUNS", required = true)]
    runs: Vec<PathBuf>,
    /// Answer once all runs are over, or after this time: minutes,
    /// HOURS:MINUTES:SECONDS or DAYS-HOURS:MINUTES. Folders that are not there
    /// yet are waited for.
    #[arg(long, value_name = "TIME")]
    wait: Option<Span>,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &StatusArgs) -> Result<(), Failure> {
    let started = Instant::now();
    let answer = loop {
        let answer = args.answer();
        let left = args.wait.map_or(Duration::ZERO, |span| {
            span.duration().saturating_sub(started.elapsed())
        });
        let is_over = answer.as_ref().is_ok_and(Answer::is_over);
        if is_over || left.is_zero() {
            break answer?;
        }
        std::thread::sleep(EVERY.min(left));
    };
    if args.json {
        return print_json(&answer.json());
    }
    print(answer.words())
}

impl StatusArgs {
    fn answer(&self) -> Result<Answer, Failure> {
        let folders = all_sweep_folders(&self.runs).or_input()?;
        Answer::of(folders)
    }
}
