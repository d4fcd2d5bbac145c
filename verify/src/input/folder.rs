//! Reads a sweep folder: its settings, and its runs with their records.

use std::fs;
use std::path::{Path, PathBuf};

use breakeven_sim::record::seal::{Seal, SealError, Sealed, names_a_seal, plan_sha256, sha256};
use breakeven_sim::record::{
    CONFIG_FILE, ENVIRONMENT_FILE, HEADER_FILE, OUTCOME_FILE, RECORDS_FILE, RUNS_FOLDER, Record,
    RunHeader, RunOutcome, from_page,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{
    Column, Files, InputError, Lost, Place, Plan, Run, SettingsOrigin, Source, Sweep, in_order,
    name_of,
};
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
/// Resuming carries a run anew whose files have changed.
const RECOMPUTE: &str = "resume the sweep with `--resume`, which carries the run out anew";
const PLAN_CHANGED: &str = "the plan in config.json is not the one that the run began with: put config.json back \
     as it was before training, or train the sweep anew with the new plan";
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
/// marked unfinished; those of which a checksum shows that a file has changed
/// do not count, nor those that began with another plan.
///
/// # Errors
/// A file that is missing, unreadable, malformed or cut off; settings outside
/// their range; no runs; two runs with the same seed, learning rate and batch
/// size.
pub fn read_sweep(path: &Path) -> Result<Sweep, InputError> {
    let config_path = path.join(CONFIG_FILE);
    let config_text = read_text(&config_path, NOT_A_SWEEP)?;
    let saved: SavedSettings = parse_json(&config_path, &config_text, CONFIG_ANEW)?;
    let config: serde_json::Value = parse_json(&config_path, &config_text, CONFIG_ANEW)?;
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
    for folder in run_folders(&path.join(RUNS_FOLDER))? {
        match read_run(&folder, &settings, &plan)? {
            Found::Run(run) => {
                runs.push(*run);
                folders.push(folder);
            }
            Found::Lost(reason) => lost.push(Lost {
                run: name_of(&folder),
                reason,
            }),
        }
    }
    if let (true, Some(first)) = (runs.is_empty(), lost.first()) {
        let problem = format!("the headers of all its runs have changed; {}", first.reason);
        let place = Place::file(&path.join(RUNS_FOLDER));
        return Err(InputError::malformed(place, problem, RECOMPUTE));
    }
    let remedy = "keep one of the two folders";
    Ok(Sweep {
        name: name_of(path),
        source: Source::Folder,
        runs: in_order(runs, |index| Place::file(&folders[index]), remedy)?,
        lost,
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

/// What a run's folder holds.
enum Found {
    Run(Box<Run>),
    /// A header that has changed on disk: which run it is is not known.
    Lost(String),
}

fn read_run(folder: &Path, settings: &VerifySettings, plan: &str) -> Result<Found, InputError> {
    let header_path = folder.join(HEADER_FILE);
    let header: Sealed<RunHeader> = match read_page(&header_path)? {
        Page::Intact(header) => header,
        Page::Changed(reason) => return Ok(Found::Lost(reason)),
    };
    let Sealed {
        value: header,
        seal: header_seal,
    } = header;
    check_header(&header_path, &header)?;
    let outcome_path = folder.join(OUTCOME_FILE);
    let mut reason = None;
    let mut outcome = None;
    if outcome_path.exists() {
        match read_page::<RunOutcome>(&outcome_path)? {
            Page::Intact(read) => outcome = Some(read.value),
            Page::Changed(why) => reason = Some(why),
        }
    }
    let records_path = folder.join(RECORDS_FILE);
    let mut records = Records::default();
    if reason.is_none() && (outcome.is_some() || records_path.exists()) {
        match read_records(&records_path, &header, outcome.as_ref())? {
            Page::Intact(read) => records = read,
            Page::Changed(why) => reason = Some(why),
        }
    }
    let plan = match &header.plan_sha256 {
        None => Plan::Unchecked,
        Some(begun) if begun == plan => Plan::Kept,
        Some(_) => Plan::Changed,
    };
    let files = match reason {
        Some(reason) => Files::Changed(reason),
        None if header_seal == Seal::Absent || records.seal == Seal::Absent => Files::Unchecked,
        None => Files::Checked,
    };
    let mut summary = RunSummary::of_run(&header, &records.records, outcome.as_ref(), settings);
    match (&files, plan) {
        (Files::Changed(reason), _) => summary.does_not_count(reason.clone()),
        (_, Plan::Changed) => summary.does_not_count(PLAN_CHANGED.to_owned()),
        _ => {}
    }
    Ok(Found::Run(Box::new(Run {
        summary,
        header: Some(header),
        records: records.records,
        outcome,
        plan: Some(plan),
        files: Some(files),
    })))
}

/// What was read from a file, or why a checksum shows that it has changed.
enum Page<T> {
    Intact(T),
    Changed(String),
}

/// A header or an outcome.
fn read_page<T: DeserializeOwned>(path: &Path) -> Result<Page<Sealed<T>>, InputError> {
    let text = read_bytes(path, TRAIN_ANEW)?;
    match from_page(&text) {
        Ok(read) => Ok(Page::Intact(read)),
        Err(SealError::Json(cause)) => {
            let line = cause.line() as u64;
            Err(json_error(path, line, &cause, TRAIN_ANEW))
        }
        Err(error) => Ok(Page::Changed(changed(&Place::file(path), &error))),
    }
}

/// Why a run does not count of which a file has changed.
fn changed(place: &Place, problem: &dyn std::fmt::Display) -> String {
    format!("a file has changed: {place}: {problem}; {RECOMPUTE}")
}

/// The records of a run, and whether they have checksums.
struct Records {
    records: Vec<Record>,
    /// Intact if each line has one, or the outcome has one of all.
    seal: Seal,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            seal: Seal::Intact,
        }
    }
}

/// The records of a run. Where any of them has a checksum, or the outcome has
/// one of all, a line that can't be read is one that has changed.
fn read_records(
    path: &Path,
    header: &RunHeader,
    outcome: Option<&RunOutcome>,
) -> Result<Page<Records>, InputError> {
    let expected = outcome.and_then(|outcome| outcome.records_sha256.as_ref());
    if expected.is_some() && !path.exists() {
        let reason = changed(&Place::file(path), &"it is missing");
        return Ok(Page::Changed(reason));
    }
    let text = read_bytes(path, TRAIN_ANEW)?;
    let was_killed = outcome.is_none() && !text.ends_with(b"\n");
    let remedy = if was_killed { GO_ON } else { TRAIN_ANEW };
    let found = parse_records(path, header, &text, remedy);
    let is_sealed = expected.is_some() || (!was_killed && names_a_seal(&text));
    match (found, expected) {
        (Err(InputError::Malformed { place, problem, .. }), _) if is_sealed => {
            Ok(Page::Changed(changed(&place, &problem)))
        }
        (Ok(Page::Intact(_)), Some(sum)) if sha256(&text) != *sum => {
            let problem =
                "its lines are not those that were written: some were added, lost or moved";
            Ok(Page::Changed(changed(&Place::file(path), &problem)))
        }
        (Ok(Page::Intact(records)), Some(_)) => Ok(Page::Intact(Records {
            seal: Seal::Intact,
            ..records
        })),
        (found, _) => found,
    }
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
    let beta = header.momentum();
    if !(0.0..1.0).contains(&beta) {
        let problem = format!("training.momentum is {beta}");
        let remedy = "it has to be 0 or more and below 1";
        return Err(InputError::malformed(Place::file(path), problem, remedy));
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

fn read_bytes(path: &Path, remedy: &'static str) -> Result<Vec<u8>, InputError> {
    fs::read(path).map_err(|cause| InputError::Unreadable {
        path: path.to_owned(),
        cause,
        remedy,
    })
}

/// One record a line; empty lines are refused like any other.
fn parse_records(
    path: &Path,
    header: &RunHeader,
    text: &[u8],
    remedy: &str,
) -> Result<Page<Records>, InputError> {
    let mut found = Records::default();
    for (number, line) in (1..).zip(text.split_inclusive(|&byte| byte == b'\n')) {
        let record = match header.record(line) {
            Ok(Sealed { value, seal }) => {
                if seal == Seal::Absent {
                    found.seal = Seal::Absent;
                }
                value
            }
            Err(SealError::Json(cause)) => return Err(json_error(path, number, &cause, remedy)),
            Err(error) => {
                let place = Place::line(path, number);
                return Ok(Page::Changed(changed(&place, &error)));
            }
        };
        let last = found.records.last();
        if let Some(last) = last.filter(|last| last.step >= record.step) {
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
        found.records.push(record);
    }
    Ok(Page::Intact(found))
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
