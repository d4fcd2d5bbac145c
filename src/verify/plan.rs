//! `breakeven verify --plan`: what will be tested, said before training.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use breakeven_verify::plan::{Assumed, Plan, markdown};

use crate::config::Config;
use crate::failure::{Failure, OrFail};
use crate::progress::watched;
use crate::streams::{print, say};

const JSON_FILE: &str = "plan.json";
const MARKDOWN_FILE: &str = "plan.md";

/// The plan of what is to be trained, and how strong an effect it is made for.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// Write a plan instead of verdicts: hypotheses, rules and power of this
    /// sweep, which is yet to be trained. May be given repeatedly.
    #[arg(long, value_name = "CONFIG", conflicts_with_all = ["runs", "table"])]
    pub plan: Vec<PathBuf>,
    /// Of a plan: the slope of log quantity against log factor that power is
    /// computed for.
    #[arg(long, value_name = "B", requires = "plan", default_value_t = Assumed::default().slope)]
    slope: f64,
    /// Of a plan: the standard deviation of log quantity between runs.
    #[arg(long, value_name = "SD", requires = "plan", default_value_t = Assumed::default().spread)]
    spread: f64,
    /// Of a plan: simulated studies.
    #[arg(
        long,
        value_name = "N",
        requires = "plan",
        value_parser = clap::value_parser!(u32).range(10..=100_000),
        default_value_t = Assumed::default().studies as u32
    )]
    studies: u32,
}

/// Writes the plan, or prints it.
pub fn run(args: &PlanArgs, out: Option<&Path>, json: bool) -> Result<(), Failure> {
    let configs: Result<Vec<Config>, _> = args.plan.iter().map(|path| Config::load(path)).collect();
    let sweeps: Result<Vec<_>, _> = configs.or_input()?.iter().map(Config::prepared).collect();
    let (sweeps, assumed) = (sweeps.or_input()?, args.assumed()?);
    let plan = watched("verify", |meter| Plan::of(&sweeps, assumed, meter)).or_input()?;
    let (page, hash) = plan.page().or_work()?;
    let text = markdown(&plan, &hash);
    if let Some(out) = out {
        let write = || {
            fs::create_dir_all(out)?;
            fs::write(out.join(JSON_FILE), &page)?;
            fs::write(out.join(MARKDOWN_FILE), &text)
        };
        write()
            .with_context(|| format!("--out: can't write {}", out.display()))
            .or_input()?;
        say(format!("plan: {}", out.join(JSON_FILE).display()));
    }
    print(if json { page } else { text })
}

impl PlanArgs {
    fn assumed(&self) -> Result<Assumed, Failure> {
        for (option, value) in [("--slope", self.slope), ("--spread", self.spread)] {
            if !(value.is_finite() && (0.0..=100.0).contains(&value)) {
                return Err(Failure::Input(anyhow!(
                    "{option} is {value}; give a number from 0 to 100, such as 0.3"
                )));
            }
        }
        Ok(Assumed {
            slope: self.slope,
            spread: self.spread,
            studies: self.studies as usize,
            ..Assumed::default()
        })
    }
}
