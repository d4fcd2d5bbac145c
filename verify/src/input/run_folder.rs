//! Reads the folder of a run. Whatever is wrong with it is the run's alone: the
//! run does not count, and the others do.

use std::path::Path;

use breakeven_sim::record::seal::{Seal, SealError, Sealed, names_a_seal, sha256};
use breakeven_sim::record::{
    HEADER_FILE, OUTCOME_FILE, RECORDS_FILE, Record, RunHeader, RunOutcome, from_page,
};
use serde::de::DeserializeOwned;

use super::file::{json_error, read_bytes};
use super::folder::Kept;
use super::{Files, InputError, Place, Plan, Run};
use crate::settings::VerifySettings;
use crate::summary::RunSummary;

/// Resuming leaves a finished run alone.
const TRAIN_ANEW: &str = "remove the run's folder, then resume the sweep with `--resume`";
/// Resuming cuts the records of an unfinished run to what its checkpoint holds.
const GO_ON: &str = "resume the sweep with `--resume`, which goes on from the run's checkpoint";
/// Resuming carries a run anew whose files have changed.
pub const RECOMPUTE: &str = "resume the sweep with `--resume`, which carries the run out anew";
const PLAN_CHANGED: &str = "the plan in config.json is not the one that the run began with: put config.json back \
     as it was before training, or train the sweep anew with the new plan";

/// What a run's folder holds.
pub enum Found {
    /// A run, whether it counts or not.
    Run(Box<Run>),
    /// A header that has changed on disk, or cannot be read: which run it is is
    /// not known.
    Lost {
        /// Which file, what is wrong, and what to do.
        reason: String,
        /// Whether it cannot be read, rather than has changed.
        is_damaged: bool,
    },
}

/// Reads a run; `plan` is the hash of the sweep's plan.
pub fn read_run(folder: &Path, settings: &VerifySettings, plan: &str, kept: Kept) -> Found {
    let header_path = folder.join(HEADER_FILE);
    let header =
        read_bytes(&header_path, TRAIN_ANEW).and_then(|text| header_in(&header_path, &text));
    let lost = |reason, is_damaged| Found::Lost { reason, is_damaged };
    let Sealed {
        value: header,
        seal: header_seal,
    } = match header {
        Ok(Page::Intact(header)) => header,
        Ok(Page::Changed(reason)) => return lost(reason, false),
        Err(error) => return lost(unreadable(&error), true),
    };
    let (records, outcome, problem) = read_rest(folder, &header, kept);
    let plan = match &header.plan_sha256 {
        None => Plan::Unchecked,
        Some(begun) if begun == plan => Plan::Kept,
        Some(_) => Plan::Changed,
    };
    let files = match problem {
        Some(problem) => problem,
        None if header_seal == Seal::Absent || records.seal == Seal::Absent => Files::Unchecked,
        None => Files::Checked,
    };
    let mut summary = RunSummary::of_run(&header, &records.records, outcome.as_ref(), settings);
    match (&files, plan) {
        (Files::Changed(reason) | Files::Damaged(reason), _) => {
            summary.does_not_count(reason.clone());
        }
        (_, Plan::Changed) => summary.does_not_count(PLAN_CHANGED.to_owned()),
        _ => {}
    }
    Found::Run(Box::new(Run {
        summary,
        header: Some(header),
        records: records.records,
        outcome,
        plan: Some(plan),
        files: Some(files),
    }))
}

/// Records and outcome, and what is wrong with their files.
fn read_rest(
    folder: &Path,
    header: &RunHeader,
    kept: Kept,
) -> (Records, Option<RunOutcome>, Option<Files>) {
    let outcome_path = folder.join(OUTCOME_FILE);
    let mut outcome = None;
    if outcome_path.exists() {
        match read_page::<RunOutcome>(&outcome_path) {
            Ok(Page::Intact(read)) => outcome = Some(read.value),
            Ok(Page::Changed(why)) => return (Records::default(), None, Some(Files::Changed(why))),
            Err(error) => {
                let problem = Files::Damaged(unreadable(&error));
                return (Records::default(), None, Some(problem));
            }
        }
    }
    let records_path = folder.join(RECORDS_FILE);
    if outcome.is_none() && !records_path.exists() {
        return (Records::default(), None, None);
    }
    let problem = match read_records(&records_path, header, outcome.as_ref(), kept) {
        Ok(Page::Intact(records)) => return (records, outcome, None),
        Ok(Page::Changed(why)) => Files::Changed(why),
        Err(error) if outcome.is_none() => Files::Damaged(format!("unfinished: {error}")),
        Err(error) => Files::Damaged(unreadable(&error)),
    };
    (Records::default(), outcome, Some(problem))
}

/// Why a run does not count of which a file cannot be read.
fn unreadable(error: &InputError) -> String {
    format!("a file cannot be read: {error}")
}

/// What was read from a file, or why a checksum shows that it has changed.
enum Page<T> {
    Intact(T),
    Changed(String),
}

/// A header or an outcome.
fn read_page<T: DeserializeOwned>(path: &Path) -> Result<Page<Sealed<T>>, InputError> {
    page(path, &read_bytes(path, TRAIN_ANEW)?)
}

/// The same of a file that was read.
fn page<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<Page<Sealed<T>>, InputError> {
    match from_page(text) {
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
    kept: Kept,
) -> Result<Page<Records>, InputError> {
    let is_expected = outcome.is_some_and(|outcome| outcome.records_sha256.is_some());
    if is_expected && !path.exists() {
        let reason = changed(&Place::file(path), &"it is missing");
        return Ok(Page::Changed(reason));
    }
    let text = read_bytes(path, TRAIN_ANEW)?;
    records_in(path, &text, header, outcome, kept)
}

/// The same of a file that was read.
fn records_in(
    path: &Path,
    text: &[u8],
    header: &RunHeader,
    outcome: Option<&RunOutcome>,
    kept: Kept,
) -> Result<Page<Records>, InputError> {
    let expected = outcome.and_then(|outcome| outcome.records_sha256.as_ref());
    let was_killed = outcome.is_none() && !text.ends_with(b"\n");
    let remedy = if was_killed { GO_ON } else { TRAIN_ANEW };
    let found = parse_records(path, header, text, kept, remedy);
    let is_sealed = expected.is_some() || (!was_killed && names_a_seal(text));
    match (found, expected) {
        (Err(InputError::Malformed { place, problem, .. }), _) if is_sealed => {
            Ok(Page::Changed(changed(&place, &problem)))
        }
        (Ok(Page::Intact(_)), Some(sum)) if sha256(text) != *sum => {
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

/// A header that makes sense.
fn header_in(path: &Path, text: &[u8]) -> Result<Page<Sealed<RunHeader>>, InputError> {
    let page = page(path, text)?;
    if let Page::Intact(Sealed { value, .. }) = &page {
        check_header(path, value)?;
    }
    Ok(page)
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

/// One record a line; empty lines are refused like any other.
fn parse_records(
    path: &Path,
    header: &RunHeader,
    text: &[u8],
    kept: Kept,
    remedy: &str,
) -> Result<Page<Records>, InputError> {
    let mut found = Records::default();
    // As many as there are lines, so that thousands of runs leave no gaps.
    let lines = text.iter().filter(|&&byte| byte == b'\n').count();
    found.records.reserve_exact(lines);
    for (number, line) in (1..).zip(text.split_inclusive(|&byte| byte == b'\n')) {
        let mut record = match header.record(line) {
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
        if kept == Kept::WithoutSpectra {
            record.spectrum_k = None;
            record.spectrum_h = None;
            record.density_h = None;
            record.density_k_per_example = None;
            record.density_g = None;
            record.density_f = None;
        }
        found.records.push(record);
    }
    Ok(Page::Intact(found))
}

/// The summary of a run whose files are given as bytes, and how many records it
/// has; for fuzzers. Absent where they are refused.
#[cfg(fuzzing)]
pub fn in_bytes(header: &[u8], outcome: &[u8], records: &[u8]) -> Option<(RunSummary, usize)> {
    fn intact<T>(page: Result<Page<T>, InputError>) -> Option<T> {
        match page {
            Ok(Page::Intact(value)) => Some(value),
            Ok(Page::Changed(_)) | Err(_) => None,
        }
    }
    let file = Path::new("file");
    let header = intact(header_in(file, header))?.value;
    let outcome: Option<RunOutcome> = intact(page(file, outcome)).map(|read| read.value);
    let read = records_in(file, records, &header, outcome.as_ref(), Kept::Everything);
    let records = intact(read)?.records;
    assert!(records.is_sorted_by(|a, b| a.step < b.step));
    let settings = VerifySettings::default();
    let summary = RunSummary::of_run(&header, &records, outcome.as_ref(), &settings);
    Some((summary, records.len()))
}
