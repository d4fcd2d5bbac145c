//! `breakeven train`: a sweep from a configuration.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use breakeven_empirical::sweep::{CHECKPOINT_EVERY, Shard, SweepEnd, Tally};
use serde_json::{Value, json};

use crate::config::Config;
use crate::design::warnings;
use crate::failure::{Failure, OrFail};
use crate::streams::{print, print_json};
use crate::sweep::{Ended, Options, SweepArgs, carry_out, stop_on_interrupt};

pub const EXAMPLES: &str = "\
Examples:
  breakeven train --config fixtures/configs/smoke.toml --out runs/smoke
  breakeven train --config sweep.toml --out runs/sweep --resume
  breakeven train --config sweep.toml --out runs/sweep --shard 2/4 --resume";

/// Trains every run of a sweep and measures K and H along the way.
///
/// Ctrl-C stops it cleanly; the same command with --resume goes on where it
/// was, and ends with the same bits as a sweep that was never stopped.
#[derive(Debug, clap::Args)]
pub struct TrainArgs {
    /// The sweep, in TOML, or the config.json of a sweep's folder.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Folder for the runs; refused if it holds something, unless --resume.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Carry out the Kth of N shares only, which are of about equal cost: for
    /// several machines that share a folder (with --resume for all but the first
    /// to start).
    #[arg(long, value_name = "K/N")]
    shard: Option<ShardArg>,
    /// Seconds between two checkpoints of a run, which is what a kill makes it
    /// repeat at most: 0 saves before each step.
    #[arg(long, value_name = "SECONDS", default_value_t = CHECKPOINT_EVERY.as_secs() as u32)]
    checkpoint_every: u32,
    #[command(flatten)]
    sweep: SweepArgs,
    /// Print a summary as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug)]
struct ShardArg(Shard);

impl FromStr for ShardArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no shard: give K/N with 1 ≤ K ≤ N, such as 2/4");
        let (k, n) = text.split_once('/').ok_or_else(wrong)?;
        let (k, count): (usize, usize) = (
            k.parse().map_err(|_| wrong())?,
            n.parse().map_err(|_| wrong())?,
        );
        if k == 0 || k > count {
            return Err(wrong());
        }
        Ok(Self(Shard {
            index: k - 1,
            count,
        }))
    }
}

/// Runs the command.
pub fn run(args: &TrainArgs) -> Result<(), Failure> {
    let config = Config::load_saved(&args.config).or_input()?;
    let options = Options {
        shard: args.shard.map_or(Shard::WHOLE, |shard| shard.0),
        checkpoint_every: Duration::from_secs(args.checkpoint_every.into()),
        warnings: warnings(&[&config]),
        ..args.sweep.options([&config])
    };
    let stop = stop_on_interrupt()?;
    let ended = carry_out(&config, &args.out, args.sweep.existing(), &options, &stop)?;
    let out = args.out.display();
    if args.json {
        print_json(&summary(&out.to_string(), &ended))?;
    }
    ended.all_over()?;
    if args.json {
        return Ok(());
    }
    print(format!("runs: {out}\nverdicts: breakeven verify {out}\n"))
}

fn summary(out: &str, ended: &Ended) -> Value {
    let Tally {
        runs,
        completed,
        diverged,
    } = ended.tally;
    let (status, elsewhere) = match ended.end {
        SweepEnd::Over => ("over", 0),
        SweepEnd::Stopped => ("stopped", 0),
        SweepEnd::Elsewhere(runs) => ("elsewhere", runs),
    };
    // A run that was elsewhere may be over by now.
    let unfinished = runs - completed - diverged;
    json!({
        "out": out,
        "status": status,
        "runs": runs,
        "completed": completed,
        "diverged": diverged,
        "interrupted": unfinished.saturating_sub(elsewhere),
        "elsewhere": elsewhere.min(unfinished),
    })
}
