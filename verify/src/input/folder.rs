//! Reads a sweep folder: its settings, and its runs with their records.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use breakeven_sim::record::seal::plan_sha256;
use breakeven_sim::record::{CONFIG_FILE, ENVIRONMENT_FILE, PlannedRun, RUNS_FOLDER, planned_runs};
use rayon::prelude::*;
use serde::Deserialize;

use super::file::{parse_page, read_bytes};
use super::run_folder::{Found, RECOMPUTE, read_run};
use super::{InputError, Lost, Place, SettingsOrigin, Source, Sweep, in_order, name_of, versions};
use crate::settings::VerifySettings;

const NOT_A_SWEEP: &str =
    "give the sweep folder that training wrote, with config.json and runs/ in it";
/// Resuming refuses a configuration that it cannot read.
const CONFIG_ANEW: &str =
    "remove the file, then resume the sweep with `--resume`, which writes it anew";
const NO_ENVIRONMENT: &str = "remove the file: no verdict depends on it";

/// The part of a sweep's configuration that is read here.
#[derive(Deserialize)]
struct SavedSettings {
    verify: Option<VerifySettings>,
}

/// The part of a sweep's environment that is read here.
#[derive(Deserialize)]
struct Environment {
    command_line: Option<String>,
}

/// The sweep folders that `path` means: itself, or those in it, by name, where
/// it has no configuration of its own.
///
/// ```
/// use breakeven_verify::sweep_folders;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let all = std::env::temp_dir().join(format!("breakeven-folders-{}", std::process::id()));
/// for name in ["by-batch-size", "by-learning-rate"] {
///     std::fs::create_dir_all(all.join(name))?;
///     std::fs::write(all.join(name).join("config.json"), "{}")?;
/// }
/// let found = sweep_folders(&all)?;
/// assert_eq!(found, [all.join("by-batch-size"), all.join("by-learning-rate")]);
/// # std::fs::remove_dir_all(&all)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A folder that cannot be read, or that neither is nor holds a sweep folder.
pub fn sweep_folders(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let is_sweep = |folder: &Path| folder.join(CONFIG_FILE).is_file();
    if is_sweep(path) {
        return Ok(vec![path.to_owned()]);
    }
    let mut inside = folders_in(path)?;
    inside.retain(|folder| is_sweep(folder));
    if inside.is_empty() {
        let problem = "it is no sweep folder, and holds none";
        return Err(InputError::malformed(
            Place::file(path),
            problem,
            NOT_A_SWEEP,
        ));
    }
    Ok(inside)
}

/// The sweep folders that `paths` are or hold, one after the other.
///
/// # Errors
/// As [`sweep_folders`], of the first path that has none.
pub fn all_sweep_folders(paths: &[PathBuf]) -> Result<Vec<PathBuf>, InputError> {
    let of_each: Result<Vec<_>, _> = paths.iter().map(|path| sweep_folders(path)).collect();
    Ok(of_each?.concat())
}

/// What of the records is kept once a run is summarised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// All of it.
    Everything,
    /// All but spectra and spectral densities, which verdicts and report do
    /// without, and which may be most of it.
    WithoutSpectra,
}

/// Reads the sweep folder at `path`, with everything in its records. Runs
/// without an outcome are read too, and marked unfinished; those with a file
/// that cannot be read, or of which a checksum shows that it has changed, do
/// not count, nor those that began with another plan or are of another version.
///
/// Full batches with η = ½ are unstable above λ_H = 2/η:
///
/// ```
/// use breakeven_verify::read_sweep;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sweep = std::env::temp_dir().join(format!("breakeven-sweep-{}", std::process::id()));
/// let run = sweep.join("runs/lr0.5-bs8-seed0");
/// std::fs::create_dir_all(&run)?;
/// std::fs::write(sweep.join("config.json"), "{}")?;
/// # let header = r#"{"run": "lr0.5-bs8-seed0", "seed": 0, "learning_rate": 0.5, "batch_size": 8,
/// #     "model": "quadratic", "data": "none", "examples": 8, "parameters": 1, "steps": 2,
/// #     "version": "another program", "device": "none"}"#;
/// std::fs::write(run.join("run.json"), header)?;
/// let records = r#"{"step": 0, "epoch": 0.0, "lambda_h": 3.0, "stability": 0.25}
/// {"step": 1, "epoch": 1.0, "lambda_h": 5.0, "stability": 2.25}
/// "#;
/// std::fs::write(run.join("records.jsonl"), records)?;
/// std::fs::write(run.join("outcome.json"), r#"{"status": "completed", "steps": 2}"#)?;
/// let found = read_sweep(&sweep)?;
/// assert_eq!(found.runs[0].summary.break_even_step, Some(1));
/// # std::fs::remove_dir_all(&sweep)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A configuration that is missing, unreadable, malformed or cut off; settings
/// outside their range; no runs, or none whose header can be read; two runs with
/// the same seed, learning rate and batch size.
pub fn read_sweep(path: &Path) -> Result<Sweep, InputError> {
    read_sweep_keeping(path, Kept::Everything)
}

/// The same, keeping what is said of the records.
///
/// # Errors
/// As [`read_sweep`].
pub fn read_sweep_keeping(path: &Path, kept: Kept) -> Result<Sweep, InputError> {
    let config_path = path.join(CONFIG_FILE);
    let config_text = read_bytes(&config_path, NOT_A_SWEEP)?;
    let saved: SavedSettings = parse_page(&config_path, &config_text, CONFIG_ANEW)?;
    let config: serde_json::Value = parse_page(&config_path, &config_text, CONFIG_ANEW)?;
    let (settings, settings_origin) = match saved.verify {
        Some(settings) => (settings, SettingsOrigin::Config),
        None => (VerifySettings::default(), SettingsOrigin::Verification),
    };
    settings.check().map_err(|cause| InputError::Settings {
        path: config_path,
        cause,
    })?;

    let plan = plan_sha256(&config);
    let (mut runs, mut folders, mut lost) = (Vec::new(), Vec::new(), Vec::new());
    let all = run_folders(&path.join(RUNS_FOLDER))?;
    let missing = missing(&config, &settings, &all);
    let read: Vec<Found> = all
        .par_iter()
        .map(|folder| read_run(folder, &settings, &plan, kept))
        .collect();
    for (folder, found) in all.into_iter().zip(read) {
        match found {
            Found::Run(run) => {
                runs.push(*run);
                folders.push(folder);
            }
            Found::Lost { reason, is_damaged } => lost.push(Lost {
                run: name_of(&folder),
                reason,
                is_damaged,
            }),
        }
    }
    if let (true, Some(first)) = (runs.is_empty(), lost.first()) {
        let problem = format!(
            "the headers of all its runs have changed or cannot be read; {}",
            first.reason
        );
        let place = Place::file(&path.join(RUNS_FOLDER));
        return Err(InputError::malformed(place, problem, RECOMPUTE));
    }
    versions::leave_out_others(&mut runs);
    let remedy = "keep one of the two folders";
    Ok(Sweep {
        name: name_of(path),
        source: Source::Folder,
        runs: in_order(runs, |index| Place::file(&folders[index]), remedy)?,
        lost,
        missing,
        settings,
        settings_origin,
        config: Some(config),
        training_command: training_command(path)?,
        same_covariance: false,
        notes: Vec::new(),
    })
}

/// Runs that are planned and have no folder. Where runs are judged at looks,
/// seeds that none was begun of may not have been needed.
fn missing(
    config: &serde_json::Value,
    settings: &VerifySettings,
    folders: &[PathBuf],
) -> Vec<PlannedRun> {
    let begun: HashSet<&OsStr> = folders.iter().filter_map(|path| path.file_name()).collect();
    let planned = planned_runs(config);
    let is_begun = |run: &PlannedRun| begun.contains(OsStr::new(&run.name));
    let seeds: HashSet<u64> = planned
        .iter()
        .filter(|run| is_begun(run))
        .map(|run| run.seed)
        .collect();
    let mut missing = planned;
    missing.retain(|run| {
        let is_needed = settings.looks.is_none() || seeds.contains(&run.seed);
        is_needed && !is_begun(run)
    });
    missing
}

/// The command that trained the sweep, where it left an environment.
fn training_command(sweep: &Path) -> Result<Option<String>, InputError> {
    let path = sweep.join(ENVIRONMENT_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let text = read_bytes(&path, NO_ENVIRONMENT)?;
    let environment: Environment = parse_page(&path, &text, NO_ENVIRONMENT)?;
    Ok(environment.command_line)
}

/// The run folders in `path`, by name; there is at least one.
fn run_folders(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let folders = folders_in(path)?;
    if folders.is_empty() {
        let place = Place::file(path);
        return Err(InputError::malformed(
            place,
            "there are no runs in it",
            "resume the sweep with `--resume`",
        ));
    }
    Ok(folders)
}

/// The folders in `path`, by name, but for hidden ones, which other programs
/// leave behind.
fn folders_in(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let unreadable = |cause| InputError::Unreadable {
        path: path.to_owned(),
        cause,
        remedy: NOT_A_SWEEP,
    };
    let mut folders = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !is_hidden && entry.path().is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_planned_and_has_no_folder_is_missing_but_for_seeds_that_a_look_may_not_need() {
        let config = json!({"sweep": {
            "learning_rates": [0.1, 0.2], "batch_sizes": [20], "seeds": [0, 1],
        }});
        let folders = [PathBuf::from("SWEEP/runs/lr0.2-bs20-seed0")];
        let missing = |settings: &VerifySettings| -> Vec<String> {
            let missing = super::missing(&config, settings, &folders);
            missing.into_iter().map(|run| run.name).collect()
        };
        let mut settings = VerifySettings::default();
        let all = ["lr0.1-bs20-seed0", "lr0.1-bs20-seed1", "lr0.2-bs20-seed1"];
        assert_eq!(missing(&settings), all);
        settings.looks = Some(vec![1, 2]);
        assert_eq!(missing(&settings), ["lr0.1-bs20-seed0"]);
    }
}
