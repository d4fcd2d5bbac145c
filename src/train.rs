//! `breakeven train`: a sweep from a configuration.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use breakeven_empirical::sweep::{CHECKPOINT_EVERY, Shard, SweepEnd, Tally};
use serde_json::{Value, json};

use crate::config::Config;
use crate::design::warnings;
use crate::device::{DeviceArg, HELP, LONG_HELP};
use crate::failure::{Failure, OrFail};
use crate::memory::{Gib, PICTURES};
use crate::streams::{print, print_json};
use crate::sweep::{Ended, Existing, Options, carry_out, elsewhere, stop_on_interrupt, stopped};

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
    /// Go on with an existing folder: finished runs are kept, others go on
    /// from their checkpoints and end as if they had never stopped.
    #[arg(long)]
    resume: bool,
    /// Carry out the Kth of N shares only, which are of about equal cost: for
    /// several machines that share a folder (with --resume for all but the first
    /// to start).
    #[arg(long, value_name = "K/N")]
    shard: Option<ShardArg>,
    /// Runs side by side, which share the cores; results do not depend on it.
    /// Default: one a core on flex, otherwise 1.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Seconds between two checkpoints of a run, which is what a kill makes it
    /// repeat at most: 0 saves before each step.
    #[arg(long, value_name = "SECONDS", default_value_t = CHECKPOINT_EVERY.as_secs() as u32)]
    checkpoint_every: u32,
    #[arg(long, help = HELP, long_help = LONG_HELP, default_value_t)]
    device: DeviceArg,
    /// Folder of the data set's files.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[arg(long, value_name = "GIB", help = PICTURES, default_value_t = Gib::of_pictures())]
    picture_memory: Gib,
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
    let existing = if args.resume {
        Existing::Resumed
    } else {
        Existing::Refused
    };
    let options = Options {
        data_dir: args.data_dir.as_deref(),
        device: args.device.device(config.precision()),
        decoded_bytes: args.picture_memory.bytes() as usize,
        jobs: args.jobs.map(usize::from),
        shard: args.shard.map_or(Shard::WHOLE, |shard| shard.0),
        checkpoint_every: Duration::from_secs(args.checkpoint_every.into()),
        first_seeds: None,
        warnings: warnings(&[&config]),
    };
    let stop = stop_on_interrupt()?;
    let ended = carry_out(&config, &args.out, existing, &options, &stop)?;
    let out = args.out.display();
    if args.json {
        print_json(&summary(&out.to_string(), &ended))?;
    }
    match ended.end {
        SweepEnd::Stopped => Err(stopped()),
        SweepEnd::Elsewhere(runs) => Err(elsewhere(runs)),
        SweepEnd::Over if args.json => Ok(()),
        SweepEnd::Over => print(format!("runs: {out}\nverdicts: breakeven verify {out}\n")),
    }
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
