//! The runs in a folder, read as they grow.
//!
//! A client names a run by its number alone: no path ever comes from it.
//! Symbolic links are not followed, so that nothing outside is read.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use breakeven_sim::meter::{Meter, Parts};
use breakeven_sim::momentum::HeavyBall;
use breakeven_sim::record::{
    HEADER_FILE, OUTCOME_FILE, RECORDS_FILE, Record, RunHeader, RunOutcome, break_even,
    break_even_bracket, from_page,
};
use breakeven_sim::{Model, Noise, Sampling};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::refusal::Refusal;

/// How deep runs may lie in the folder.
const DEPTH: usize = 4;
/// Most runs that are shown.
const MOST_RUNS: usize = 20_000;
/// Most bytes of a header or outcome.
const MOST_BYTES: u64 = 1 << 20;

/// All runs found so far; a run's number is its place, and stays.
#[derive(Debug, Default)]
pub struct Runs {
    folder: Option<PathBuf>,
    runs: Vec<Run>,
    /// Runs that were found beyond the most that are shown.
    left_out: usize,
    /// Rises with each change, from where no earlier program was: a page may have
    /// been loaded from that.
    version: u128,
}

/// A run and what has been read of it.
#[derive(Debug)]
pub struct Run {
    folder: PathBuf,
    /// Its path in the folder, for people.
    pub name: String,
    pub header: RunHeader,
    pub records: Vec<Record>,
    pub outcome: Option<RunOutcome>,
    /// What is wrong with its files.
    pub problem: Option<String>,
    /// Bytes of records read so far, up to the end of a line.
    read: u64,
    /// Of its files, as they were when they were read.
    stamps: Stamps,
}

/// Lengths and times of a run's records and outcome, where they are there.
type Stamps = [Option<(u64, SystemTime)>; 2];

/// A run in a list.
#[derive(Debug, Serialize)]
pub struct Listed<'a> {
    id: usize,
    name: &'a str,
    learning_rate: f64,
    batch_size: usize,
    /// β, 0 without momentum.
    momentum: f64,
    seed: u64,
    /// Steps that it is to take.
    steps: u64,
    /// Measurements so far, and the step of the last.
    records: usize,
    last_step: Option<u64>,
    /// Absent while it has not ended.
    outcome: Option<&'a RunOutcome>,
    break_even_step: Option<u64>,
    /// The last step before it that is clearly stable, and the first that is clearly
    /// not; null where there is none.
    break_even_bracket: Option<[Option<u64>; 2]>,
    problem: Option<&'a str>,
}

/// A run in full, with what the theory says of it.
#[derive(Debug, Serialize)]
pub struct Told<'a> {
    #[serde(flatten)]
    listed: Listed<'a>,
    header: &'a RunHeader,
    measurements: &'a [Record],
    full_batch_limit: f64,
    /// The break-even λ_H for the s² of each measurement; null where there is
    /// none or s² was not measured.
    thresholds: Vec<Option<f64>>,
}

impl Runs {
    /// The runs in `folder`, or none.
    pub fn new(folder: Option<&Path>) -> Self {
        Self {
            folder: folder.map(Path::to_owned),
            version: UNIX_EPOCH.elapsed().map_or(0, |now| now.as_millis()),
            ..Self::default()
        }
    }

    /// Looks for new runs and reads what has been added to the known ones.
    pub fn refresh(&mut self) {
        self.refresh_watched(&Meter::new());
    }

    /// [`Self::refresh`], with each run counted.
    pub fn refresh_watched(&mut self, meter: &Meter) {
        let Some(folder) = self.folder.clone() else {
            return;
        };
        meter.begin("looking for runs", Parts::Whole);
        let mut found = Vec::new();
        collect(&folder, DEPTH, &mut found);
        let known: HashSet<&Path> = self.runs.iter().map(|run| &*run.folder).collect();
        found.retain(|path| !known.contains(&**path));
        found.sort();
        let room = MOST_RUNS.saturating_sub(self.runs.len());
        self.left_out = found.len().saturating_sub(room);
        let new = found.iter().take(room);
        let new: Vec<Run> = new.filter_map(|path| Run::open(path, &folder)).collect();
        let mut changed = !new.is_empty();
        self.runs.extend(new);
        meter.begin("reading runs", Parts::Exactly(self.runs.len() as u64));
        for run in &mut self.runs {
            changed |= run.refresh();
            meter.advance(1);
        }
        self.version += u128::from(changed);
    }

    /// A number that rises where a refresh finds something new.
    pub fn version(&self) -> u128 {
        self.version
    }

    /// Runs in the folder that are too many to be shown.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// All of them, in a few words each.
    pub fn list(&self) -> Vec<Listed<'_>> {
        self.runs
            .iter()
            .enumerate()
            .map(|(id, run)| run.listed(id))
            .collect()
    }

    /// The run with this number.
    pub fn get(&self, id: usize) -> Result<&Run, Refusal> {
        self.runs.get(id).ok_or_else(Refusal::not_found)
    }

    /// The folder as the command line named it.
    pub fn folder(&self) -> Option<String> {
        self.folder
            .as_ref()
            .map(|folder| folder.display().to_string())
    }
}

/// Folders with a header, at most `depth` below `folder`.
fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if is_file(&folder.join(HEADER_FILE)) {
        found.push(folder.to_owned());
        return;
    }
    // A folder that can't be read has no runs to show.
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && depth > 0 {
            collect(&entry.path(), depth - 1, found);
        }
    }
}

/// A file, not a link to one.
fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| data.is_file())
}

impl Run {
    /// Absent where there is no header that can be read, yet.
    fn open(path: &Path, within: &Path) -> Option<Self> {
        let header: RunHeader = json(&path.join(HEADER_FILE)).ok()??;
        let name = path.strip_prefix(within).unwrap_or(path);
        let name = match name.display().to_string() {
            empty if empty.is_empty() => header.run.clone(),
            name => name,
        };
        Some(Self {
            folder: path.to_owned(),
            name,
            header,
            records: Vec::new(),
            outcome: None,
            problem: None,
            read: 0,
            stamps: [None; 2],
        })
    }

    /// Reads what has been added; whether there was something. The files of a run
    /// that has ended are not read again while they stay as they were.
    fn refresh(&mut self) -> bool {
        let stamps = [RECORDS_FILE, OUTCOME_FILE].map(|file| {
            let data = fs::metadata(self.folder.join(file)).ok()?;
            Some((data.len(), data.modified().ok()?))
        });
        let same = stamps == self.stamps;
        if same && self.outcome.is_some() && self.problem.is_none() {
            return false;
        }
        self.stamps = stamps;
        let (records, problem) = (self.records.len(), self.problem.take());
        self.read_all();
        !same || records != self.records.len() || problem != self.problem
    }

    fn read_all(&mut self) {
        if let Err(problem) = self.read_records() {
            self.problem = Some(format!("{RECORDS_FILE}: {problem}"));
        }
        match json(&self.folder.join(OUTCOME_FILE)) {
            Ok(outcome) => self.outcome = outcome,
            Err(problem) => self.problem = Some(format!("{OUTCOME_FILE}: {problem}")),
        }
    }

    /// Reads the lines that have been added. A resumed run may have fewer
    /// than before, or other ones: then all are read anew.
    fn read_records(&mut self) -> Result<(), String> {
        let path = self.folder.join(RECORDS_FILE);
        if !is_file(&path) {
            return Ok(());
        }
        let mut file = File::open(&path).map_err(|error| error.to_string())?;
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        if length < self.read {
            self.forget();
        }
        if self.add_lines(&mut file).is_err() {
            self.forget();
            self.add_lines(&mut file)?;
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.records.clear();
        self.read = 0;
    }

    fn add_lines(&mut self, file: &mut File) -> Result<(), String> {
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(self.read))
            .and_then(|_| file.read_to_end(&mut text))
            .map_err(|error| error.to_string())?;
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            // The last line may still be being written.
            if !line.ends_with(b"\n") {
                break;
            }
            let number = self.records.len() + 1;
            let read = self.header.record(line);
            let record = read
                .map_err(|error| format!("line {number}: {error}"))?
                .value;
            if self
                .records
                .last()
                .is_some_and(|last| last.step >= record.step)
            {
                return Err(format!("line {number}: steps have to rise"));
            }
            self.records.push(record);
            self.read += line.len() as u64;
        }
        Ok(())
    }

    /// Step of the first record at which the left side of Eq. 1 is at least 1.
    pub fn break_even(&self) -> Option<&Record> {
        break_even(&self.records)
    }

    /// 2/η, or 2(1+β)/η with momentum.
    pub fn full_batch_limit(&self) -> f64 {
        self.header.full_batch_limit(self.header.learning_rate)
    }

    /// Each η that was in force at a measurement, and at the start, once.
    pub fn learning_rates(&self) -> Vec<f64> {
        let mut rates = vec![self.header.learning_rate];
        for record in &self.records {
            let rate = self.header.learning_rate_at(record);
            if !rates.contains(&rate) {
                rates.push(rate);
            }
        }
        rates
    }

    /// The break-even λ_H of the model with the run's S, N and momentum, the η
    /// in force and the s² that was measured.
    pub fn threshold(&self, record: &Record) -> Option<f64> {
        let variance = record.curvature_variance?;
        let sampling = Sampling::new(self.header.batch_size, self.header.examples).ok()?;
        let noise = Noise::FixedVariance {
            variance,
            psi: None,
        };
        let learning_rate = self.header.learning_rate_at(record);
        let model = Model::new(learning_rate, sampling, noise).ok()?;
        let ball = HeavyBall::new(model, self.header.momentum()).ok()?;
        ball.stable_set().break_even()
    }

    fn listed(&self, id: usize) -> Listed<'_> {
        Listed {
            id,
            name: &self.name,
            learning_rate: self.header.learning_rate,
            batch_size: self.header.batch_size,
            momentum: self.header.momentum(),
            seed: self.header.seed,
            steps: self.header.steps,
            records: self.records.len(),
            last_step: self.records.last().map(|record| record.step),
            outcome: self.outcome.as_ref(),
            break_even_step: self.break_even().map(|record| record.step),
            break_even_bracket: break_even_bracket(&self.records),
            problem: self.problem.as_deref(),
        }
    }

    /// Everything.
    pub fn told(&self, id: usize) -> Told<'_> {
        Told {
            listed: self.listed(id),
            header: &self.header,
            measurements: &self.records,
            full_batch_limit: self.full_batch_limit(),
            thresholds: self
                .records
                .iter()
                .map(|record| self.threshold(record))
                .collect(),
        }
    }
}

/// Absent where there is no such file.
fn json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    if !is_file(path) {
        return Ok(None);
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    file.take(MOST_BYTES)
        .read_to_end(&mut text)
        .map_err(|error| error.to_string())?;
    let read = from_page(&text).map_err(|error| error.to_string())?;
    Ok(Some(read.value))
}
