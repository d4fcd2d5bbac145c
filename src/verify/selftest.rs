//! `breakeven verify selftest`: do verdicts keep their promises?

use breakeven_plot::number::significant;
use breakeven_verify::selftest::{Calibration, Found, Selftest};

use crate::failure::Failure;
use crate::progress::watched;
use crate::streams::{print, print_json};

/// Judges simulated studies of which the truth is known, and counts false
/// verdicts.
///
/// Runs are those of the paper's one-dimensional model: with no effect of η or S,
/// with heavy tails, ties at step 0, missing and diverged runs, seeds that are
/// added at planned looks, with the effect of Theorem 1, and with its opposite.
/// The exit code is 1 if any promise is broken.
#[derive(Debug, clap::Args)]
pub struct SelftestArgs {
    /// Studies of each kind.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(10..=1_000_000),
        default_value_t = 1000
    )]
    studies: u32,
    /// Seed of all random draws.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Print the counts as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &SelftestArgs) -> Result<(), Failure> {
    let asked = Selftest {
        studies: args.studies as usize,
        seed: args.seed,
    };
    let calibration = watched("verify selftest", |meter| asked.run(meter));
    match args.json {
        true => print_json(&calibration)?,
        false => print(terminal(&calibration))?,
    }
    match calibration.holds {
        true => Ok(()),
        false => Err(Failure::Work(anyhow::anyhow!(
            "a promise is broken: see the lines that say so"
        ))),
    }
}

fn terminal(calibration: &Calibration) -> String {
    let width = calibration
        .scenarios
        .iter()
        .map(|f| f.planted.chars().count());
    let width = width.max().unwrap_or(0);
    let mut text = format!(
        "{} simulated studies of each kind, seed {}, judged at alpha {}\n\n{:width$}  {:28}  {:8}  \n",
        calibration.asked.studies,
        calibration.asked.seed,
        calibration.alpha,
        "planted",
        "studies with a false verdict",
        "promised",
    );
    for found in &calibration.scenarios {
        text += &line(found, width);
    }
    text += &format!(
        "\nIntervals are Clopper and Pearson's, {} %. A promise counts as broken where the binomial \
         test says so at {}.\n",
        significant(100.0 * (1.0 - calibration.interval_level), 3),
        calibration.failure_level
    );
    text
}

fn line(found: &Found, width: usize) -> String {
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let shares = |interval: Option<[f64; 2]>| {
        interval.map_or_else(String::new, |[low, high]| {
            format!(" ({} to {})", percent(low), percent(high))
        })
    };
    let rate = format!(
        "{} %{}",
        percent(found.false_rate),
        shares(found.false_rate_interval)
    );
    let promised = match found.promised {
        Some(rate) => format!("≤ {} %", percent(rate)),
        None => "nothing".to_owned(),
    };
    let power = found.power.map_or_else(String::new, |power| {
        let expected = match power.expected {
            Some(expected) => format!("; by formula {} %", percent(expected)),
            None => String::new(),
        };
        format!(
            "found in {} %{}{expected}",
            percent(power.rate),
            shares(power.interval)
        )
    });
    let broken = if found.holds { "" } else { "  BROKEN" };
    let text = format!(
        "{:width$}  {rate:28}  {promised:8}  {power}{broken}",
        found.planted
    );
    text.trim_end().to_owned() + "\n"
}
