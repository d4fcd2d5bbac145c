//! Reads a sweep folder: its settings, and its runs with their records.

use std::fs;
use std::path::{Path, PathBuf};

use breakeven_sim::record::{
    CONFIG_FILE, ENVIRONMENT_FILE, HEADER_FILE, OUTCOME_FILE, RECORDS_FILE, RUNS_FOLDER, Record,
    RunHeader, RunOutcome,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Column, InputError, Place, Run, SettingsOrigin, Source, Sweep, in_order, name_of};
use crate::settings::VerifySettings;
use crate::summary::RunSummary;

const NOT_A_SWEEP: &str =
    "give the sweep folder that training wrote, with config.json and runs/ in it";
/// Resuming leaves a finished run alone.
const TRAIN_ANEW: &str = "remove the run's folder, then resume the sweep with `--resume`";
/// Resuming cuts the records of an unfinished run to what its checkpoint holds.
const GO_ON: &str = "resume the sweep with `--resume`, which goes on from the run's checkpoint";
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

/// Reads the sweep folder at `path`. Runs without an outcome are read too, and
/// marked unfinished.
///
/// # Errors
/// A file that is missing, unreadable, malformed or cut off; settings outside
/// their range; no runs; two runs with the same seed, learning rate and batch
/// size.
pub fn read_sweep(path: &Path) -> Result<Sweep, InputError> {
    let config_path = path.join(CONFIG_FILE);
    let config_text = read_text(&config_path, NOT_A_SWEEP)?;
    let saved: SavedSettings = parse_json(&config_path, &config_text, CONFIG_ANEW)?;
    let config = parse_json(&config_path, &config_text, CONFIG_ANEW)?;
    let (settings, settings_origin) = match saved.verify {
        Some(settings) => (settings, SettingsOrigin::Config),
        None => (VerifySettings::default(), SettingsOrigin::Verification),
    };
    settings.check().map_err(|cause| InputError::Settings {
        path: config_path,
        cause,
    })?;

    let folders = run_folders(&path.join(RUNS_FOLDER))?;
    let runs = folders.iter().map(|folder| read_run(folder, &settings));
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    let remedy = "keep one of the two folders";
    Ok(Sweep {
        name: name_of(path),
        source: Source::Folder,
        runs: in_order(runs, |index| Place::file(&folders[index]), remedy)?,
        settings,
        settings_origin,
        config: Some(config),
        training_command: training_command(path)?,
        same_covariance: false,
        notes: Vec::new(),
    })
}

/// The command that trained the sweep, where it left an environment.
fn training_command(sweep: &Path) -> Result<Option<String>, InputError> {
    let path = sweep.join(ENVIRONMENT_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let text = read_text(&path, NO_ENVIRONMENT)?;
    let environment: Environment = parse_json(&path, &text, NO_ENVIRONMENT)?;
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

fn read_run(folder: &Path, settings: &VerifySettings) -> Result<Run, InputError> {
    let header_path = folder.join(HEADER_FILE);
    let header_text = read_text(&header_path, TRAIN_ANEW)?;
    let header: RunHeader = parse_json(&header_path, &header_text, TRAIN_ANEW)?;
    check_header(&header_path, &header)?;
    let outcome_path = folder.join(OUTCOME_FILE);
    let outcome: Option<RunOutcome> = if outcome_path.exists() {
        let text = read_text(&outcome_path, TRAIN_ANEW)?;
        Some(parse_json(&outcome_path, &text, TRAIN_ANEW)?)
    } else {
        None
    };
    let records_path = folder.join(RECORDS_FILE);
    let records = if outcome.is_none() && !records_path.exists() {
        Vec::new()
    } else {
        let text = read_text(&records_path, TRAIN_ANEW)?;
        let was_killed = outcome.is_none() && !text.ends_with('\n');
        parse_records(
            &records_path,
            &text,
            if was_killed { GO_ON } else { TRAIN_ANEW },
        )?
    };
    Ok(Run {
        summary: RunSummary::of_run(&header, &records, outcome.as_ref(), settings),
        header: Some(header),
        records,
        outcome,
    })
}

fn check_header(path: &Path, header: &RunHeader) -> Result<(), InputError> {
    let eta = header.learning_rate;
    if !(eta > 0.0 && eta.is_finite()) {
        let problem = format!("learning_rate is {eta}");
        return Err(InputError::malformed(Place::file(path), problem, POSITIVE));
    }
    if header.batch_size == 0 {
        return Err(InputError::malformed(
            Place::file(path),
            "batch_size is 0",
            POSITIVE,
        ));
    }
    Ok(())
}

const POSITIVE: &str = "it has to be above 0";

fn read_text(path: &Path, remedy: &'static str) -> Result<String, InputError> {
    fs::read_to_string(path).map_err(|cause| InputError::Unreadable {
        path: path.to_owned(),
        cause,
        remedy,
    })
}

fn parse_json<T: DeserializeOwned>(path: &Path, text: &str, remedy: &str) -> Result<T, InputError> {
    let place = |cause: &serde_json::Error| cause.line() as u64;
    serde_json::from_str(text).map_err(|cause| json_error(path, place(&cause), &cause, remedy))
}

/// One record a line; empty lines are refused like any other.
fn parse_records(path: &Path, text: &str, remedy: &str) -> Result<Vec<Record>, InputError> {
    let mut records: Vec<Record> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let record: Record =
            serde_json::from_str(line).map_err(|cause| json_error(path, number, &cause, remedy))?;
        if let Some(last) = records.last().filter(|last| last.step >= record.step) {
            let problem = format!("step {} comes after step {}", record.step, last.step);
            let remedy = format!(
                "steps have to rise; remove the lines that were written twice, or {remedy}"
            );
            return Err(InputError::malformed(
                Place::line(path, number),
                problem,
                remedy,
            ));
        }
        records.push(record);
    }
    Ok(records)
}

fn json_error(path: &Path, line: u64, cause: &serde_json::Error, remedy: &str) -> InputError {
    let mut place = Place::line(path, line);
    place.column = Some(Column::Character(cause.column()));
    let text = cause.to_string();
    // serde_json ends its messages with a place of its own.
    let problem = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(head, _)| head);
    if cause.is_eof() {
        return InputError::malformed(place, format!("it is cut off ({problem})"), remedy);
    }
    InputError::malformed(place, problem, format!("correct it, or {remedy}"))
}
