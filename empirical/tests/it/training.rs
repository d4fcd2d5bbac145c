//! Runs: the same bits whatever is side by side.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use breakeven_empirical::compute::DeviceKind;
use breakeven_empirical::config::{DensityMatrix, SweepConfig};
use breakeven_empirical::sweep::{Progress, Shard, Sweep, SweepEnd, SweepError, Tally};
use breakeven_empirical::train::RunEnd;
use breakeven_sim::record::seal::Seal;
use breakeven_sim::record::{Record, RunOutcome, from_line};
use tempfile::{TempDir, tempdir};

use crate::config::sound;
use crate::options::every_option;

/// Nothing happens but `at_step(run, steps taken)`.
struct AtStep<F>(F);

impl<F: Fn(&str, u64) + Sync> Progress for AtStep<F> {
    fn started(&self, _: &str, _: u64, _: u64) {}
    fn stepped(&self, run: &str, done: u64) {
        self.0(run, done);
    }
    fn ended(&self, _: &str, _: RunEnd) {}
}

/// One run of 18 steps that measures all there is.
pub fn one_run() -> SweepConfig {
    let mut config = sound();
    config.sweep.learning_rates = vec![0.2];
    config.sweep.seeds = vec![7];
    config.measure.hessian_eigenvalues = 2;
    config.measure.lambda_k_per_example = true;
    config.measure.trace_probes = 2;
    config.measure.density_probes = 1;
    config.measure.density_steps = 3;
    config.measure.loss_line_points = 5;
    config.measure.covariance_halves = true;
    config.measure.hessian_halves = true;
    config.measure.hessian_overlap = 1;
    config.measure.density_of = vec![DensityMatrix::H, DensityMatrix::K];
    config.measure.prediction_examples = 6;
    config.measure.prediction_every_steps = Some(3);
    config
}

/// The name of its folder.
pub const RUN: &str = "lr0.2-bs10-seed7";

pub fn prepare(config: &SweepConfig) -> Sweep<'_> {
    Sweep::prepare(config, None, DeviceKind::Flex, "test".into()).unwrap()
}

pub fn carry_out(
    sweep: &Sweep,
    folder: &Path,
    jobs: usize,
    stop: &AtomicBool,
    at_step: impl Fn(&str, u64) + Sync,
) -> Result<SweepEnd, SweepError> {
    sweep.carry_out(folder, Shard::WHOLE, jobs, stop, &AtStep(at_step))
}

/// Carries a sweep out to its end.
pub fn finish(sweep: &Sweep, folder: &Path) {
    let end = carry_out(sweep, folder, 1, &AtomicBool::new(false), |_, _| {});
    assert_eq!(end.unwrap(), SweepEnd::Over);
}

/// A sweep that never stopped.
pub fn uninterrupted(sweep: &Sweep) -> TempDir {
    let folder = tempdir().unwrap();
    finish(sweep, folder.path());
    folder
}

/// Every file below a folder with its bytes.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let inner = files(&path);
            all.extend(inner.into_iter().map(|(k, v)| (format!("{name}/{k}"), v)));
        } else {
            all.insert(name, fs::read(&path).unwrap());
        }
    }
    all
}

#[track_caller]
pub fn assert_same_files(when: &str, found: &Path, expected: &Path) {
    let (found, expected) = (files(found), files(expected));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected), "{when}");
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{when}: {name} differs");
    }
}

pub fn run_folder(sweep: &Path) -> std::path::PathBuf {
    sweep.join("runs").join(RUN)
}

pub fn records(run: &Path) -> Vec<Record> {
    let text = fs::read_to_string(run.join("records.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let read = from_line(line.as_bytes()).unwrap();
            assert_eq!(read.seal, Seal::Intact);
            read.value
        })
        .collect()
}

pub fn outcome(run: &Path) -> RunOutcome {
    serde_json::from_slice(&fs::read(run.join("outcome.json")).unwrap()).unwrap()
}

#[test]
fn runs_side_by_side_leave_the_same_bytes() {
    side_by_side(&sound());
    let mut options = sound();
    options.training = every_option(3);
    side_by_side(&options);
}

fn side_by_side(config: &SweepConfig) {
    let sweep = prepare(config);
    let expected = uninterrupted(&sweep);
    assert_eq!(files(expected.path()).len(), 4 * 4);
    for jobs in [2, 3, 8] {
        let folder = tempdir().unwrap();
        let end = carry_out(
            &sweep,
            folder.path(),
            jobs,
            &AtomicBool::new(false),
            |_, _| {},
        );
        assert_eq!(end.unwrap(), SweepEnd::Over);
        assert_same_files(&format!("{jobs} jobs"), folder.path(), expected.path());
    }
}

#[test]
fn shards_leave_the_same_bytes() {
    let config = sound();
    let sweep = prepare(&config);
    let expected = uninterrupted(&sweep);
    let folder = tempdir().unwrap();
    for index in [2, 0, 1] {
        let shard = Shard { index, count: 3 };
        let nothing = AtStep(|_: &str, _| {});
        let end = sweep.carry_out(folder.path(), shard, 1, &AtomicBool::new(false), &nothing);
        assert_eq!(end.unwrap(), SweepEnd::Over);
    }
    assert_same_files("three shards", folder.path(), expected.path());
}

#[test]
fn a_run_that_another_process_holds_is_skipped() {
    let config = sound();
    let sweep = prepare(&config);
    let expected = uninterrupted(&sweep);
    let folder = tempdir().unwrap();
    let held = folder.path().join("runs/lr0.2-bs10-seed0");
    fs::create_dir_all(&held).unwrap();
    let lock = fs::File::create(held.join("run.lock")).unwrap();
    lock.lock().unwrap();
    let nothing = AtomicBool::new(false);
    let end = carry_out(&sweep, folder.path(), 2, &nothing, |_, _| {}).unwrap();
    assert_eq!(end, SweepEnd::Elsewhere(1));
    assert!(!held.join("run.json").exists());
    let tally = Tally {
        runs: 4,
        completed: 3,
        diverged: 0,
    };
    assert_eq!(sweep.tally(folder.path(), Shard::WHOLE).unwrap(), tally);
    drop(lock);
    finish(&sweep, folder.path());
    assert_same_files("let go", folder.path(), expected.path());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let error = carry_out(
        &prepare(&one_run()),
        &file,
        1,
        &AtomicBool::new(false),
        |_, _| {},
    )
    .unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with(&format!("run {RUN}: ")), "{said}");
    assert!(
        said.contains(&file.join("runs").display().to_string()),
        "{said}"
    );
}
