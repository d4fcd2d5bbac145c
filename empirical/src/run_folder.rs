//! The folder of one run: header, records as they come, checkpoint, outcome.

mod error;
mod lines;
mod lock;

pub use error::FolderError;
pub(crate) use error::file_error;
pub use lines::Followed as FollowedLines;
pub use lock::Owner;
pub(crate) use lock::is_held;

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use breakeven_sim::record::seal::SealError;
use breakeven_sim::record::{
    HEADER_FILE, OUTCOME_FILE, PREDICTIONS_FILE, Predictions, RECORDS_FILE, Record, RunHeader,
    RunOutcome, from_page, to_line, to_page,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::compute::are_alike;
use crate::whole::{Unfinished, remove_unfinished};

use error::{changed, json_error};
use lines::{Lines, check_followed, check_whole};

/// The checkpoint of a run, in its folder.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";
/// Locked by the process that carries a run out; gone once the run is over.
pub const LOCK_FILE: &str = "run.lock";

/// What helps where a file of a run is damaged.
const ANEW: &str = "remove the run's folder to start it anew";

/// What a checkpoint follows of the files that grow with a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Of its records.
    pub records: FollowedLines,
    /// Of its predictions, where it has some.
    pub predictions: Option<FollowedLines>,
}

/// A run's folder that no other process writes in meanwhile.
pub struct Hold {
    path: PathBuf,
    _lock: File,
}

impl Hold {
    /// Makes the folder, locks it and removes what a killed process left
    /// half-written; absent where another process holds it.
    ///
    /// # Errors
    /// If a file can't be made, locked or removed.
    pub fn take(path: &Path) -> Result<Option<Self>, FolderError> {
        std::fs::create_dir_all(path).map_err(|source| file_error(path, source))?;
        let Some(lock) = lock::take(&path.join(LOCK_FILE))? else {
            return Ok(None);
        };
        remove_unfinished(path).map_err(|source| file_error(path, source))?;
        Ok(Some(Self {
            path: path.into(),
            _lock: lock,
        }))
    }

    /// Removes all that a run has left, so that it begins anew.
    ///
    /// # Errors
    /// If a file can't be removed.
    pub fn clear(&self) -> Result<(), FolderError> {
        for name in [
            OUTCOME_FILE,
            CHECKPOINT_FILE,
            RECORDS_FILE,
            PREDICTIONS_FILE,
            HEADER_FILE,
        ] {
            remove(&self.path.join(name))?;
        }
        Ok(())
    }

    /// Removes the lock file of a run that is over. Whoever opened it before
    /// may still lock it, and sees then that the run is over.
    ///
    /// # Errors
    /// If it can't be removed.
    pub fn release(self) -> Result<(), FolderError> {
        remove(&self.path.join(LOCK_FILE))
    }
}

/// Removes a file, where it is there.
fn remove(file: &Path) -> Result<(), FolderError> {
    match std::fs::remove_file(file) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(file_error(file, source)),
        _ => Ok(()),
    }
}

/// The folder of a run, open for records.
///
/// ```
/// use breakeven_empirical::run_folder::{Followed, Hold, RunFolder, outcome};
/// use breakeven_sim::record::{RECORDS_FILE, Record, RunOutcome, RunStatus};
/// # use breakeven_sim::record::RunHeader;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("breakeven-run-{}", std::process::id()));
/// # let header: RunHeader = serde_json::from_str(
/// #     r#"{
/// #         "run": "lr0.1-bs10-seed0", "seed": 0, "learning_rate": 0.1, "batch_size": 10,
/// #         "model": "mlp 784-10", "data": "mnist", "examples": 100, "parameters": 7850,
/// #         "steps": 10, "version": "1", "device": "flex f32"
/// #     }"#,
/// # )?;
/// let hold = Hold::take(&folder)?.ok_or("another process holds the folder")?;
/// let mut run = RunFolder::open(hold, &header, &Followed::default())?;
/// run.append(&Record::default())?;
/// run.finish(RunOutcome {
///     status: RunStatus::Completed,
///     steps: 10,
///     reason: None,
///     records_sha256: None,
///     predictions_sha256: None,
/// })?;
/// assert!(outcome(&folder)?.is_some_and(|over| over.steps == 10));
/// assert_eq!(std::fs::read_to_string(folder.join(RECORDS_FILE))?.lines().count(), 1);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
pub struct RunFolder {
    hold: Hold,
    /// The header, where this process wrote it and has not waited for the disk yet.
    header: Option<File>,
    records: Lines,
    predictions: Option<Lines>,
}

impl RunFolder {
    /// Writes the header, unless the run goes on and has one, and keeps the
    /// records and predictions that `followed` counts on.
    ///
    /// # Errors
    /// If a file can't be written, there are fewer records or other ones, or
    /// the run was begun on another device.
    pub fn open(hold: Hold, header: &RunHeader, followed: &Followed) -> Result<Self, FolderError> {
        let header = save_header(&hold.path.join(HEADER_FILE), header, followed.records.bytes)?;
        let lines = |file, followed| Lines::open(hold.path.join(file), followed);
        let predictions = followed.predictions.as_ref();
        Ok(Self {
            records: lines(RECORDS_FILE, &followed.records)?,
            predictions: predictions
                .map(|followed| lines(PREDICTIONS_FILE, followed))
                .transpose()?,
            header,
            hold,
        })
    }

    /// The records and predictions so far.
    pub fn followed(&self) -> Followed {
        Followed {
            records: self.records.followed(),
            predictions: self.predictions.as_ref().map(Lines::followed),
        }
    }

    /// Puts header, records and predictions onto the disk, and then the
    /// checkpoint that follows them into its place.
    ///
    /// # Errors
    /// If a file can't be written.
    pub(crate) fn save(&mut self, checkpoint: Unfinished) -> Result<(), FolderError> {
        if let Some(header) = &self.header {
            let done = header.sync_data();
            done.map_err(|source| file_error(&self.hold.path.join(HEADER_FILE), source))?;
            self.header = None;
        }
        self.records.sync()?;
        self.predictions.as_ref().map_or(Ok(()), Lines::sync)?;
        let put = checkpoint.put();
        put.map_err(|source| file_error(&self.checkpoint(), source))
    }

    /// Where the checkpoint is.
    pub fn checkpoint(&self) -> PathBuf {
        self.hold.path.join(CHECKPOINT_FILE)
    }

    /// Adds a record, in one write.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn append(&mut self, record: &Record) -> Result<(), FolderError> {
        let line = to_line(record).map_err(|source| json_error(self.records.path(), source))?;
        self.records.append(line)
    }

    /// Adds predictions, in one write, to a run that was opened with some.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn append_predictions(&mut self, predictions: &Predictions) -> Result<(), FolderError> {
        let Some(lines) = &mut self.predictions else {
            return Ok(());
        };
        let line = predictions.to_line();
        let line = line.map_err(|source| json_error(lines.path(), source))?;
        lines.append(line)
    }

    /// Says how the run ended, and lets go of the folder. The outcome's hashes
    /// of records and predictions are filled in here.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn finish(self, outcome: RunOutcome) -> Result<(), FolderError> {
        let outcome = RunOutcome {
            records_sha256: Some(self.records.sha256()),
            predictions_sha256: self.predictions.as_ref().map(Lines::sha256),
            ..outcome
        };
        write_json(&self.hold.path.join(OUTCOME_FILE), &outcome)?;
        self.hold.release()
    }
}

/// A run that goes on keeps the header that it began with, and its version. One
/// that is written now may not be on the disk yet.
fn save_header(path: &Path, header: &RunHeader, bytes: u64) -> Result<Option<File>, FolderError> {
    if bytes == 0 || !path.exists() {
        return written(path, header, Unfinished::put_early).map(Some);
    }
    let begun: RunHeader = read_page(path)?;
    if are_alike(&begun.device, &header.device) {
        return Ok(None);
    }
    Err(FolderError::Device {
        path: path.into(),
        begun: begun.device,
        now: header.device.clone(),
    })
}

/// How the run in the folder `path` ended, if it has.
///
/// # Errors
/// If the file can't be read, or is not as it was written.
pub fn outcome(path: &Path) -> Result<Option<RunOutcome>, FolderError> {
    let file = path.join(OUTCOME_FILE);
    if file.exists() {
        read_page(&file).map(Some)
    } else {
        Ok(None)
    }
}

/// Whether the files of a run that is over are as they were written, as far as
/// checksums say.
///
/// # Errors
/// The file, and where it can be told the line, that is not; or one that can't
/// be read.
pub fn check_finished(path: &Path, outcome: &RunOutcome) -> Result<(), FolderError> {
    let header = path.join(HEADER_FILE);
    if header.exists() {
        read_page::<RunHeader>(&header)?;
    }
    for (file, sum) in [
        (RECORDS_FILE, &outcome.records_sha256),
        (PREDICTIONS_FILE, &outcome.predictions_sha256),
    ] {
        check_whole(&path.join(file), sum.as_deref())?;
    }
    Ok(())
}

/// Whether the files of a run that goes on are as they were written, as far as
/// checksums say.
///
/// # Errors
/// As [`check_finished`], or fewer records than the checkpoint counts on.
pub fn check_begun(path: &Path, followed: &Followed) -> Result<(), FolderError> {
    let header = path.join(HEADER_FILE);
    if header.exists() {
        read_page::<RunHeader>(&header)?;
    }
    check_followed(&path.join(RECORDS_FILE), &followed.records)?;
    match &followed.predictions {
        Some(predictions) => check_followed(&path.join(PREDICTIONS_FILE), predictions),
        None => Ok(()),
    }
}

/// Reads a header or an outcome.
pub(crate) fn read_page<T: DeserializeOwned>(path: &Path) -> Result<T, FolderError> {
    let text = std::fs::read(path).map_err(|source| file_error(path, source))?;
    match from_page(&text) {
        Ok(read) => Ok(read.value),
        Err(source @ SealError::Json(_)) => Err(FolderError::Damaged {
            path: path.into(),
            source,
            remedy: ANEW,
        }),
        Err(error) => Err(changed(path, error.to_string())),
    }
}

/// Writes a value as JSON for people, with its checksum.
///
/// ```
/// use breakeven_empirical::run_folder::{read_json, write_json};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let file = std::env::temp_dir().join(format!("breakeven-page-{}", std::process::id()));
/// let values = std::collections::BTreeMap::from([("eta".to_owned(), 0.1)]);
/// write_json(&file, &values)?;
/// let read: std::collections::BTreeMap<String, f64> = read_json(&file, "write it again")?;
/// assert_eq!(read, values);
/// # std::fs::remove_file(&file)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If the file can't be written.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FolderError> {
    written(path, value, Unfinished::put)
}

/// [`write_json`] where there is no such file yet; says whether it did.
///
/// # Errors
/// If the file can't be written.
pub fn write_new_json(path: &Path, value: &impl Serialize) -> Result<bool, FolderError> {
    written(path, value, Unfinished::put_new)
}

/// Writes a page, which `put` puts into its place.
fn written<T>(
    path: &Path,
    value: &impl Serialize,
    put: impl FnOnce(Unfinished) -> std::io::Result<T>,
) -> Result<T, FolderError> {
    let text = to_page(value).map_err(|source| json_error(path, source))?;
    let done = Unfinished::write(path, text.as_bytes()).and_then(put);
    done.map_err(|source| file_error(path, source))
}

/// Reads what [`write_json`] wrote; `remedy` is what helps where it is damaged.
///
/// # Errors
/// If the file can't be read, or is not as it was written.
pub fn read_json<T: DeserializeOwned>(path: &Path, remedy: &'static str) -> Result<T, FolderError> {
    let bytes = std::fs::read(path).map_err(|source| file_error(path, source))?;
    let read = from_page(&bytes).map_err(|source| FolderError::Damaged {
        path: path.into(),
        source,
        remedy,
    })?;
    Ok(read.value)
}
