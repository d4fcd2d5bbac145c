//! Carries a sweep out in a folder: what `train` and `check` share.

mod environment;
mod interrupt;
mod left;
mod options;

pub use environment::Environment;
pub use interrupt::stop_on_interrupt;
pub use left::Standing;
pub use options::{Existing, Options, SweepArgs};

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Error, anyhow};
use breakeven_empirical::compute::DeviceKind;
use breakeven_empirical::config::SweepConfig;
use breakeven_empirical::run_folder::{FolderError, read_json, write_new_json};
use breakeven_empirical::sweep::{Place, Sweep, SweepEnd, SweepError, Tally};
use breakeven_empirical::train::RunError;
use breakeven_empirical::weights::CheckpointError;
use breakeven_sim::record::CONFIG_FILE;
use breakeven_sim::record::seal::plan_sha256;

use crate::config::Config;
use crate::failure::{Failure, OrFail};
use crate::progress::{SweepProgress, watched};
use crate::streams::say;
use crate::version::version;

/// How a sweep that was not interrupted ended, and its runs.
pub struct Ended {
    pub end: SweepEnd,
    pub tally: Tally,
}

impl Ended {
    /// Whether every run is over, and there is all to be judged.
    ///
    /// # Errors
    /// If it was stopped, or another process carries some runs out.
    pub fn all_over(&self) -> Result<(), Failure> {
        match self.end {
            SweepEnd::Over => Ok(()),
            SweepEnd::Stopped => Err(stopped()),
            SweepEnd::Elsewhere(runs) => Err(Failure::Work(anyhow!(
                "another process carries {runs} of the runs out: once it has ended, the same command with --resume goes on"
            ))),
        }
    }
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
/// Says the model in words.
pub fn check_fits(config: &Config, options: &Options) -> Result<String, Failure> {
    let sweep = config.sweep();
    let prepared = prepare(config, &sweep, options)?;
    Ok(prepared.model().to_owned())
}

/// Trains every run of `config` in `folder`, which is claimed once all fits.
pub fn carry_out(
    config: &Config,
    folder: &Path,
    existing: Existing,
    options: &Options,
    stop: &AtomicBool,
) -> Result<Ended, Failure> {
    let sweep_config = config.sweep();
    let sweep = prepare(config, &sweep_config, options)?;
    claim(folder, existing)?;
    save_config(config, folder)?;
    let mut sweep = sweep
        .plan_sha256(saved_plan(folder)?)
        .checkpoint_every(options.checkpoint_every);
    if let Some(count) = options.first_seeds {
        sweep = sweep.first_seeds(count);
    }
    let jobs = options
        .jobs
        .unwrap_or_else(|| default_jobs(options.device.kind));
    let environment = Environment::now(
        options.device,
        sweep_config.training.precision,
        jobs,
        options.data_dir,
    );
    environment.save(folder, options.shard)?;
    warn(&options.warnings);
    for note in sweep.notes() {
        say(note);
    }
    let progress = SweepProgress::new(
        config.name(),
        sweep.runs(options.shard).len(),
        sweep.steps(options.shard),
    );
    let end = sweep.carry_out(folder, options.shard, jobs, stop, &progress);
    progress.finish();
    let end = end.map_err(failure)?;
    let tally = sweep.tally(folder, options.shard).map_err(failure)?;
    Ok(Ended { end, tally })
}

/// Says what a design cannot decide.
pub fn warn(warnings: &[String]) {
    for warning in warnings {
        say(format!("warning: {warning}"));
    }
}

/// `sweep` is the part of `config` that training needs.
fn prepare<'a>(
    config: &Config,
    sweep: &'a SweepConfig,
    options: &Options,
) -> Result<Sweep<'a>, Failure> {
    let version = version().to_owned();
    let place = Place {
        data_dir: options.data_dir,
        device: options.device,
        decoded_bytes: options.decoded_bytes,
    };
    let prepared = watched("train", |meter| {
        Sweep::watched(sweep, &place, version, meter)
    });
    prepared.map_err(|error| {
        let of_config = matches!(error, SweepError::Config(_) | SweepError::Model(_));
        let error = Error::from(error);
        Failure::Input(match config.file() {
            Some(file) if of_config => error.context(file.display().to_string()),
            _ => error,
        })
    })
}

/// Saves the resolved configuration first; a folder that is gone on with, or
/// that another process has begun at the same moment, must have the same one.
pub fn save_config(config: &Config, folder: &Path) -> Result<(), Failure> {
    let file = folder.join(CONFIG_FILE);
    if !file.exists() && write_new_json(&file, config).map_err(of_folder)? {
        return Ok(());
    }
    let saved: Config =
        read_json(&file, "put it back as it was, or give another --out").map_err(of_folder)?;
    if config.is(&saved) {
        return Ok(());
    }
    if config.starts_elsewhere(&saved) {
        return Err(Failure::Input(anyhow!(
            "{} was begun with other pretrained weights, or another vocabulary, than lie in the folder now: \
             put the files back that it was begun with, or give another --out",
            file.display()
        )));
    }
    Err(Failure::Input(anyhow!(
        "{} differs from the configuration given now: resume with the same one, or give another --out",
        file.display()
    )))
}

/// The hash of the plan that is saved in the folder, which is what `verify`
/// reads.
fn saved_plan(folder: &Path) -> Result<String, Failure> {
    let file = folder.join(CONFIG_FILE);
    let saved =
        read_json(&file, "put it back as it was, or give another --out").map_err(of_folder)?;
    Ok(plan_sha256(&saved))
}

/// One run a core on the CPU, one at a time on a device that all would share.
fn default_jobs(device: DeviceKind) -> usize {
    match device {
        DeviceKind::Flex => std::thread::available_parallelism().map_or(1, usize::from),
        DeviceKind::Wgpu | DeviceKind::Cuda => 1,
    }
}

/// Files that are damaged, or of something else, are wrong input.
fn failure(error: SweepError) -> Failure {
    let work = match &error {
        SweepError::Threads(_) => true,
        SweepError::Folder(error) => refused_by_system(error),
        SweepError::Run { source, .. } => match source {
            RunError::Folder(error) => refused_by_system(error),
            RunError::Checkpoint(error) => matches!(error, CheckpointError::File { .. }),
            RunError::NotDeterministic(_) => true,
            RunError::Data(_) => false,
        },
        _ => false,
    };
    if work {
        Failure::Work(error.into())
    } else {
        Failure::Input(error.into())
    }
}

/// The same of a file of the sweep's own folder.
fn of_folder(error: FolderError) -> Failure {
    match refused_by_system(&error) {
        true => Failure::Work(error.into()),
        false => Failure::Input(error.into()),
    }
}

fn refused_by_system(error: &FolderError) -> bool {
    matches!(error, FolderError::File { .. } | FolderError::Lock { .. })
}

/// What a stopped sweep says, with the exit code of work that is not done.
fn stopped() -> Failure {
    Failure::Work(anyhow!(
        "stopped before the end; the same command with --resume goes on where it was"
    ))
}
