//! Carries a sweep out in a folder: what `train` and `check` share.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, anyhow};
use breakeven_empirical::compute::DeviceKind;
use breakeven_empirical::config::SweepConfig;
use breakeven_empirical::run_folder::{read_json, write_json};
use breakeven_empirical::sweep::{Shard, Sweep, SweepEnd, SweepError};
use breakeven_sim::record::CONFIG_FILE;
use serde::Serialize;

use crate::config::Config;
use crate::failure::{Failure, OrFail};
use crate::progress::SweepProgress;
use crate::streams::say;
use crate::version::{command_line, version};

/// What the sweep was made with, beside its configuration.
const ENVIRONMENT_FILE: &str = "environment.json";

/// Whether a folder that is there already is gone on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is an error.
    Refused,
    /// Finished runs are kept, others go on from their checkpoints.
    Resumed,
}

/// How and where a sweep is carried out.
pub struct Options<'a> {
    pub data_dir: Option<&'a Path>,
    pub device: DeviceKind,
    pub jobs: Option<usize>,
    pub shard: Shard,
}

#[derive(Serialize)]
struct Environment {
    version: String,
    command_line: String,
    device: String,
    precision: String,
    jobs: usize,
    operating_system: &'static str,
    architecture: &'static str,
}

/// A flag that Ctrl-C raises; a second Ctrl-C ends the program at once.
pub fn stop_on_interrupt() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = stop.clone();
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        say("stopping: runs save where they are (Ctrl-C again to end at once)");
    })
    .or_work()?;
    Ok(stop)
}

/// Refuses a folder that holds something, unless it is gone on with.
pub fn claim(folder: &Path, existing: Existing) -> Result<(), Failure> {
    let occupied = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(Failure::input(format!("{}: {error}", folder.display()))),
    };
    if occupied && existing == Existing::Refused {
        return Err(Failure::input(format!(
            "{} is there already: give --resume to go on with it, or another --out",
            folder.display()
        )));
    }
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{}: the folder can't be made", folder.display()))
        .or_input()
}

/// Checks that data, model and configuration go together, and trains nothing.
pub fn check_fits(config: &Config, options: &Options) -> Result<(), Failure> {
    prepare(&config.sweep(), options).map(drop)
}

/// Trains every run of `config` in `folder`, which is claimed once all fits.
pub fn carry_out(
    config: &Config,
    folder: &Path,
    existing: Existing,
    options: &Options,
    stop: &AtomicBool,
) -> Result<SweepEnd, Failure> {
    let sweep_config = config.sweep();
    let sweep = prepare(&sweep_config, options)?;
    claim(folder, existing)?;
    save_config(config, folder)?;
    let jobs = options.jobs.unwrap_or_else(|| default_jobs(options.device));
    let environment = Environment {
        version: version().to_owned(),
        command_line: command_line(),
        device: options.device.to_string(),
        precision: sweep_config.training.precision.to_string(),
        jobs,
        operating_system: std::env::consts::OS,
        architecture: std::env::consts::ARCH,
    };
    write_json(&folder.join(ENVIRONMENT_FILE), &environment).or_input()?;
    let progress = SweepProgress::new(
        config.name(),
        sweep.runs(options.shard).len(),
        sweep.steps(options.shard),
    );
    let end = sweep.carry_out(folder, options.shard, jobs, stop, &progress);
    progress.finish();
    end.map_err(failure)
}

fn prepare<'a>(config: &'a SweepConfig, options: &Options) -> Result<Sweep<'a>, Failure> {
    let version = version().to_owned();
    Sweep::prepare(config, options.data_dir, options.device, version).or_input()
}

/// Saves the resolved configuration first; a folder that is gone on with must
/// have the same one.
fn save_config(config: &Config, folder: &Path) -> Result<(), Failure> {
    let file = folder.join(CONFIG_FILE);
    if !file.exists() {
        return write_json(&file, config).or_input();
    }
    let saved: Config = read_json(&file).or_input()?;
    if saved == *config {
        return Ok(());
    }
    Err(Failure::Input(anyhow!(
        "{} differs from the configuration given now: resume with the same one, or give another --out",
        file.display()
    )))
}

/// One run a core on the CPU, one at a time on a device that all would share.
fn default_jobs(device: DeviceKind) -> usize {
    match device {
        DeviceKind::Flex => std::thread::available_parallelism().map_or(1, usize::from),
        DeviceKind::Wgpu | DeviceKind::Cuda => 1,
    }
}

fn failure(error: SweepError) -> Failure {
    match error {
        SweepError::Run { .. } | SweepError::Folder(_) | SweepError::Threads(_) => {
            Failure::Work(error.into())
        }
        _ => Failure::Input(error.into()),
    }
}

/// What a stopped sweep says, with the exit code of work that is not done.
pub fn stopped() -> Failure {
    Failure::Work(anyhow!(
        "stopped before the end; the same command with --resume goes on where it was"
    ))
}
