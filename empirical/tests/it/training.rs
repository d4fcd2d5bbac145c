//! Runs: the same bits whatever is side by side, stopped, killed or resumed;
//! divergence as a result.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use breakeven_empirical::compute::{DeviceKind, Precision};
use breakeven_empirical::config::{Decayed, SweepConfig};
use breakeven_empirical::model::{Architecture, CnnShape};
use breakeven_empirical::sweep::{Progress, Shard, Sweep, SweepEnd, SweepError, Tally};
use breakeven_empirical::train::RunEnd;
use breakeven_sim::record::seal::{Seal, names_a_seal, sha256};
use breakeven_sim::record::{
    Record, RunHeader, RunOutcome, RunStatus, from_line, from_page, to_line, to_page,
};
use serde_json::Value;
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
fn one_run() -> SweepConfig {
    let mut config = sound();
    config.sweep.learning_rates = vec![0.2];
    config.sweep.seeds = vec![7];
    config.measure.hessian_eigenvalues = 2;
    config.measure.lambda_k_per_example = true;
    config.measure.trace_probes = 2;
    config.measure.density_probes = 1;
    config.measure.density_steps = 3;
    config
}

/// The name of its folder.
const RUN: &str = "lr0.2-bs10-seed7";

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
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
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

fn run_folder(sweep: &Path) -> std::path::PathBuf {
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

fn outcome(run: &Path) -> RunOutcome {
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
fn a_record_holds_everything_that_was_asked_for() {
    let folder = uninterrupted(&prepare(&one_run()));
    let records = records(&run_folder(folder.path()));
    let steps: Vec<u64> = records.iter().map(|record| record.step).collect();
    assert_eq!(steps, [0, 1, 4, 8, 12, 16]);
    // What these models do not have, or what was not asked for.
    let absent = ["gamma_norm", "lambda_h_smallest", "condition_h"];
    for record in &records {
        let Value::Object(fields) = serde_json::to_value(record).unwrap() else {
            unreachable!("a record is an object");
        };
        assert_eq!(fields["epoch"].as_f64(), Some(record.step as f64 / 6.0));
        for name in [
            "loss",
            "training_accuracy",
            "validation_accuracy",
            "lambda_k",
            "lambda_k_smallest",
            "condition_k",
            "trace_k",
            "spectrum_k",
            "lambda_k_per_example",
            "trace_k_per_example",
            "lambda_h",
            "lambda_h_error_bound",
            "lambda_h_residual",
            "lambda_h_matvecs",
            "lambda_h_status",
            "trace_h",
            "trace_h_standard_error",
            "spectrum_h",
            "density_h",
            "loss_change",
            "curvature_variance",
            "stability",
            "psi",
            "alignment_hk",
            "subspace_ratio",
            "batch_sharpness",
        ] {
            assert!(fields.contains_key(name), "step {}: no {name}", record.step);
        }
        // The first step has none before it.
        assert_eq!(fields.contains_key("step_cosine"), record.step > 0);
        for name in absent {
            assert!(!fields.contains_key(name), "{name}");
        }
    }
}

#[test]
fn a_record_of_a_complete_spectrum_agrees_with_the_solver() {
    let mut config = one_run();
    config.training.precision = Precision::F64;
    config.model = Architecture::Mlp { hidden: vec![1] };
    config.measure.complete_hessian_spectrum = true;
    config.measure.eigenvalue_tolerance = 1e-8;
    config.measure.every_steps = Some(9);
    config.measure.early_until_step = 0;
    let folder = uninterrupted(&prepare(&config));
    for record in records(&run_folder(folder.path())) {
        let spectrum = record.spectrum_h.unwrap();
        assert_eq!(spectrum.len(), 784 + 1 + 10 + 10);
        let lambda = record.lambda_h.unwrap();
        assert!((spectrum[0] - lambda).abs() <= 1e-8 * lambda);
        let trace: f64 = spectrum.iter().sum();
        assert!((record.trace_h.unwrap() - trace).abs() <= 1e-12 * trace.abs());
        let smallest = record.lambda_h_smallest.unwrap();
        assert!(smallest != 0.0 && spectrum.contains(&smallest));
        assert_eq!(record.condition_h, Some(smallest / spectrum[0]));
    }
}

/// The runs that are stopped and killed, and every how many steps: both
/// precisions, both models.
fn interrupted() -> Vec<(&'static str, usize, SweepConfig)> {
    let mut f64 = one_run();
    f64.training.precision = Precision::F64;
    let mut cnn = one_run();
    cnn.model = Architecture::SimpleCnn(CnnShape {
        first: 2,
        second: 2,
        dense: 4,
    });
    // Everything that the paper's training has beside plain SGD.
    let mut all = one_run();
    all.model = Architecture::SimpleCnnBn(CnnShape {
        first: 2,
        second: 2,
        dense: 4,
    });
    all.training.momentum = 0.9;
    all.training.weight_decay = 1e-4;
    all.training.weight_decay_on = Decayed::Convolutions;
    all.training.decay_epochs = vec![1];
    all.training.clip_norm = Some(1.0);
    let mut diverging = one_run();
    diverging.sweep.learning_rates = vec![1e30];
    let mut options = one_run();
    options.training = every_option(3);
    vec![
        ("f32", 1, one_run()),
        ("every option", 1, options),
        ("f64", 3, f64),
        ("cnn", 7, cnn),
        ("batch norm and all options", 13, all),
        ("diverging", 1, diverging),
    ]
}

#[test]
fn a_run_stopped_at_any_step_and_resumed_equals_one_that_never_stopped() {
    for (name, every, config) in interrupted() {
        let sweep = prepare(&config);
        let expected = uninterrupted(&sweep);
        for last in (0..18).step_by(every) {
            let folder = tempdir().unwrap();
            let stop = AtomicBool::new(last == 0);
            let end = carry_out(&sweep, folder.path(), 1, &stop, |_, done| {
                if done == last {
                    stop.store(true, Ordering::Relaxed);
                }
            });
            if end.unwrap() == SweepEnd::Stopped {
                finish(&sweep, folder.path());
            }
            let when = format!("{name}, stopped at {last}");
            assert_same_files(&when, folder.path(), expected.path());
        }
    }
}

#[test]
fn a_run_stopped_at_every_step_equals_one_that_never_stopped() {
    let config = one_run();
    let sweep = prepare(&config);
    let expected = uninterrupted(&sweep);
    let folder = tempdir().unwrap();
    for _ in 0..18 {
        let stop = AtomicBool::new(false);
        let end = carry_out(&sweep, folder.path(), 1, &stop, |_, _| {
            stop.store(true, Ordering::Relaxed);
        });
        assert_eq!(end.unwrap(), SweepEnd::Stopped);
    }
    finish(&sweep, folder.path());
    assert_same_files("stopped 18 times", folder.path(), expected.path());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// What a kill may leave behind the files that count.
fn litter(run: &Path) {
    let records = run.join("records.jsonl");
    let mut text = fs::read_to_string(&records).unwrap();
    text.push_str("{\"step\":17,\"epoch\":2.8,\"loss\":0.5}\n{\"step\":18,\"epo");
    fs::write(records, text).unwrap();
    for name in [
        "checkpoint.safetensors.12-0.part",
        "run.json.12-1.part",
        ".tmpA1b2C3",
    ] {
        fs::write(run.join(name), b"half a fi").unwrap();
    }
}

#[test]
fn a_run_killed_at_any_step_and_resumed_equals_one_that_never_stopped() {
    // With a checkpoint before every step, and without any before the end.
    killed_at_any_step(Duration::ZERO);
    killed_at_any_step(Duration::MAX);
}

fn killed_at_any_step(checkpoint_every: Duration) {
    for (name, every, config) in interrupted() {
        let sweep = prepare(&config).checkpoint_every(checkpoint_every);
        let expected = tempdir().unwrap();
        let snapshots = tempdir().unwrap();
        // The folder as it is after each step is what a kill then leaves.
        let end = carry_out(
            &sweep,
            expected.path(),
            1,
            &AtomicBool::new(false),
            |run, done| {
                if !done.is_multiple_of(every as u64) {
                    return;
                }
                let killed = snapshots
                    .path()
                    .join(done.to_string())
                    .join("runs")
                    .join(run);
                copy(&expected.path().join("runs").join(run), &killed);
                if done % 2 == 1 {
                    litter(&killed);
                }
            },
        );
        assert_eq!(end.unwrap(), SweepEnd::Over);
        for entry in fs::read_dir(snapshots.path()).unwrap() {
            let folder = entry.unwrap().path();
            finish(&sweep, &folder);
            let when = format!("{name}, killed after {}", folder.display());
            assert_same_files(&when, &folder, expected.path());
        }
    }
}

#[test]
fn a_run_that_is_over_is_left_as_it_is() {
    let config = one_run();
    let sweep = prepare(&config);
    let folder = uninterrupted(&sweep);
    let run = run_folder(folder.path());
    let whole = files(folder.path());
    let stepped = AtomicBool::new(false);
    let end = carry_out(&sweep, folder.path(), 1, &AtomicBool::new(false), |_, _| {
        stepped.store(true, Ordering::Relaxed);
    });
    assert_eq!(end.unwrap(), SweepEnd::Over);
    assert!(!stepped.into_inner());
    assert!(files(folder.path()) == whole);

    // Of an earlier version, without checksums, whatever the records say.
    let mut old = outcome(&run);
    assert_eq!(
        old.records_sha256,
        Some(sha256(&whole["runs/lr0.2-bs10-seed7/records.jsonl"]))
    );
    old.records_sha256 = None;
    fs::write(run.join("outcome.json"), serde_json::to_vec(&old).unwrap()).unwrap();
    fs::write(run.join("records.jsonl"), "kept\n").unwrap();
    finish(&sweep, folder.path());
    assert_eq!(fs::read(run.join("records.jsonl")).unwrap(), b"kept\n");
}

#[test]
fn a_run_stopped_inside_its_measurements_equals_one_that_never_stopped() {
    let mut config = one_run();
    config.measure.every_steps = Some(1);
    config.measure.trace_probes = 40;
    let sweep = prepare(&config);
    let expected = uninterrupted(&sweep);
    let folder = tempdir().unwrap();
    // At moments that no one chooses, each later than the last, so that it
    // ends: nearly all of the time goes into measurements.
    let mut stopped = 0;
    for microseconds in (0..).map(|k| 500 * k) {
        let stop = AtomicBool::new(false);
        let end = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_micros(microseconds));
                stop.store(true, Ordering::Relaxed);
            });
            carry_out(&sweep, folder.path(), 1, &stop, |_, _| {})
        });
        if run_folder(folder.path()).join("outcome.json").exists() {
            break;
        }
        assert_eq!(end.unwrap(), SweepEnd::Stopped);
        stopped += 1;
    }
    assert!(stopped > 0);
    assert_same_files("stopped in between", folder.path(), expected.path());
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
fn a_run_keeps_the_version_and_the_device_that_it_began_with() {
    let config = one_run();
    let sweep = prepare(&config);
    let folder = tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let end = carry_out(&sweep, folder.path(), 1, &stop, |_, done| {
        stop.store(done == 5, Ordering::Relaxed);
    });
    assert_eq!(end.unwrap(), SweepEnd::Stopped);
    let run = run_folder(folder.path());
    let file = run.join("run.json");
    let mut header: RunHeader = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    header.device = "wgpu f32".into();
    fs::write(&file, serde_json::to_vec(&header).unwrap()).unwrap();
    let resumed = |version: &str| {
        let sweep = Sweep::prepare(&config, None, DeviceKind::Flex, version.into()).unwrap();
        let stop = AtomicBool::new(false);
        carry_out(&sweep, folder.path(), 1, &stop, |_, _| {})
    };
    assert_eq!(
        resumed("later").unwrap_err().to_string(),
        format!(
            "run {RUN}: {} says that the run was begun on wgpu f32, not on flex f32: \
             resume it on the same --device",
            file.display()
        )
    );
    header.device = "flex f32".into();
    fs::write(&file, serde_json::to_vec(&header).unwrap()).unwrap();
    assert_eq!(resumed("later").unwrap(), SweepEnd::Over);
    let kept: RunHeader = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept, header);
}

#[test]
fn damage_to_a_run_is_named() {
    let config = one_run();
    let sweep = prepare(&config);
    let stopped = || {
        let folder = tempdir().unwrap();
        let stop = AtomicBool::new(false);
        let end = carry_out(&sweep, folder.path(), 1, &stop, |_, done| {
            stop.store(done == 5, Ordering::Relaxed);
        });
        assert_eq!(end.unwrap(), SweepEnd::Stopped);
        folder
    };
    let said = |folder: &TempDir| {
        let stop = AtomicBool::new(false);
        let error = carry_out(&sweep, folder.path(), 1, &stop, |_, _| {}).unwrap_err();
        let run = run_folder(folder.path());
        error.to_string().replace(&run.display().to_string(), "RUN")
    };

    // Without checksums, as earlier versions wrote, nothing says whether a
    // file was damaged or is of somebody else.
    let folder = stopped();
    let records = run_folder(folder.path()).join("records.jsonl");
    let length = fs::read(&records).unwrap().len();
    let checkpoint = run_folder(folder.path()).join("checkpoint.safetensors");
    let whole = without_checksums(&checkpoint);
    fs::write(&checkpoint, &whole).unwrap();
    fs::write(&records, "kept\n".repeat(3)).unwrap();
    assert_eq!(
        said(&folder),
        format!(
            "run {RUN}: RUN/records.jsonl holds 15 bytes, the checkpoint counts on {length}: \
             remove the run's folder to start it anew"
        )
    );

    let folder = stopped();
    let checkpoint = run_folder(folder.path()).join("checkpoint.safetensors");
    let whole = without_checksums(&checkpoint);
    fs::write(&checkpoint, &whole[..whole.len() / 2]).unwrap();
    let message = said(&folder);
    assert!(
        message.starts_with(&format!(
            "run {RUN}: RUN/checkpoint.safetensors is not a whole safetensors file ("
        )) && message.ends_with("): remove the run's folder to start it anew"),
        "{message}"
    );

    let folder = stopped();
    fs::write(run_folder(folder.path()).join("outcome.json"), "{").unwrap();
    let message = said(&folder);
    assert!(
        message.starts_with("RUN/outcome.json is damaged ("),
        "{message}"
    );
}

/// A checkpoint as earlier versions wrote it.
fn without_checksums(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.iter().filter(|(name, _)| !name.ends_with("sha256"));
    safetensors::serialize(tensors.collect::<Vec<_>>(), None).unwrap()
}

/// Notes why runs are carried out anew.
#[derive(Default)]
struct Anew(Mutex<Vec<String>>);

impl Progress for Anew {
    fn started(&self, _: &str, _: u64, _: u64) {}
    fn stepped(&self, _: &str, _: u64) {}
    fn anew(&self, run: &str, why: &str) {
        self.0.lock().unwrap().push(format!("{run}: {why}"));
    }
    fn ended(&self, _: &str, _: RunEnd) {}
}

/// Resumes a sweep and says which runs were carried out anew, and why.
fn resumed(sweep: &Sweep, folder: &Path) -> Vec<String> {
    let watch = Anew::default();
    let stop = AtomicBool::new(false);
    let end = sweep.carry_out(folder, Shard::WHOLE, 1, &stop, &watch);
    assert_eq!(end.unwrap(), SweepEnd::Over);
    let path = run_folder(folder).display().to_string();
    let said = watch.0.into_inner().unwrap().into_iter();
    said.map(|line| line.replace(&path, "RUN")).collect()
}

/// Flips the lowest bit of the first digit after `after`.
fn flip_after(file: &Path, after: &str) {
    let mut bytes = fs::read(file).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let start = text.find(after).unwrap() + after.len();
    let digit = start + text[start..].find(|c: char| c.is_ascii_digit()).unwrap();
    bytes[digit] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_run_whose_files_changed_is_carried_out_anew_to_the_same_bytes() {
    let config = one_run();
    let sweep = prepare(&config);
    let expected = uninterrupted(&sweep);
    let finished = || {
        let folder = tempdir().unwrap();
        finish(&sweep, folder.path());
        folder
    };
    let stopped = || {
        let folder = tempdir().unwrap();
        let stop = AtomicBool::new(false);
        let end = carry_out(&sweep, folder.path(), 1, &stop, |_, done| {
            stop.store(done == 9, Ordering::Relaxed);
        });
        assert_eq!(end.unwrap(), SweepEnd::Stopped);
        folder
    };
    let text = |path: &Path| fs::read_to_string(path).unwrap();
    type Change = fn(&Path);
    let changes: [(&str, Change, &str); 7] = [
        (
            "a digit of a record",
            |run| {
                flip_after(
                    &run.join("records.jsonl"),
                    "\"step\":0,\"epoch\":0.0,\"loss\":",
                )
            },
            "RUN/records.jsonl, line 1: its checksum says ",
        ),
        (
            "a lost line",
            |run| {
                let file = run.join("records.jsonl");
                let text = fs::read_to_string(&file).unwrap();
                let (first, rest) = text.split_once('\n').unwrap();
                let (_, rest) = rest.split_once('\n').unwrap();
                fs::write(file, format!("{first}\n{rest}")).unwrap();
            },
            "RUN/records.jsonl",
        ),
        (
            "no records",
            |run| fs::remove_file(run.join("records.jsonl")).unwrap(),
            "RUN/records.jsonl",
        ),
        (
            "the header",
            |run| flip_after(&run.join("run.json"), "\"seed\": "),
            "RUN/run.json: its checksum says ",
        ),
        (
            "a record of another file",
            |run| {
                let file = run.join("records.jsonl");
                let text = fs::read_to_string(&file).unwrap();
                let (first, rest) = text.split_once('\n').unwrap();
                let mut record = from_line(first.as_bytes()).unwrap().value;
                record.loss = Some(1.5);
                fs::write(file, format!("{}\n{rest}", to_line(&record).unwrap())).unwrap();
            },
            "RUN/records.jsonl: it",
        ),
        (
            "half a file",
            |run| {
                let file = run.join("records.jsonl");
                let bytes = fs::read(&file).unwrap();
                fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
            },
            "RUN/records.jsonl",
        ),
        (
            "a checksum",
            |run| flip_after(&run.join("records.jsonl"), "\"crc32c\":\""),
            "RUN/records.jsonl, line 1: its checksum says ",
        ),
    ];
    for (what, change, why) in changes {
        for (when, folder) in [("finished", finished()), ("stopped", stopped())] {
            change(&run_folder(folder.path()));
            let said = resumed(&sweep, folder.path());
            let [line] = &said[..] else {
                panic!("{what}, {when}: {said:?}");
            };
            assert!(
                line.starts_with(&format!("{RUN}: {why}")),
                "{what}, {when}: {line}"
            );
            assert_same_files(&format!("{what}, {when}"), folder.path(), expected.path());
        }
    }
    let folder = finished();
    flip_after(
        &run_folder(folder.path()).join("outcome.json"),
        "\"steps\": ",
    );
    let said = resumed(&sweep, folder.path());
    assert!(said[0].starts_with(&format!("{RUN}: RUN/outcome.json: its checksum says ")));
    assert_same_files("outcome", folder.path(), expected.path());

    for part in [3, 2] {
        let folder = stopped();
        let file = run_folder(folder.path()).join("checkpoint.safetensors");
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() * part / 4;
        bytes[middle] ^= 4;
        bytes.truncate(if part == 3 { bytes.len() } else { middle });
        fs::write(&file, bytes).unwrap();
        let said = resumed(&sweep, folder.path());
        assert!(
            said[0].starts_with(&format!(
                "{RUN}: RUN/checkpoint.safetensors changed on disk ("
            )),
            "{said:?}"
        );
        assert_same_files("checkpoint", folder.path(), expected.path());
    }

    // What has not changed goes on.
    let folder = stopped();
    assert!(resumed(&sweep, folder.path()).is_empty());
    assert_same_files("stopped", folder.path(), expected.path());
    assert!(names_a_seal(
        text(&run_folder(folder.path()).join("run.json")).as_bytes()
    ));
}

#[test]
fn a_run_of_an_earlier_version_goes_on_without_checksums() {
    let config = one_run();
    let sweep = prepare(&config);
    let expected = uninterrupted(&sweep);
    let folder = tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let end = carry_out(&sweep, folder.path(), 1, &stop, |_, done| {
        stop.store(done == 9, Ordering::Relaxed);
    });
    assert_eq!(end.unwrap(), SweepEnd::Stopped);
    let run = run_folder(folder.path());
    let begun = records(&run);
    let plain: String = begun
        .iter()
        .map(|record| serde_json::to_string(record).unwrap() + "\n")
        .collect();
    // The checkpoint of an earlier version counts the bytes of plain lines.
    let file = run.join("checkpoint.safetensors");
    let bytes = fs::read(&file).unwrap();
    let parsed = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let progress = [9_u64, plain.len() as u64].map(u64::to_le_bytes).concat();
    let mut tensors: Vec<_> = parsed
        .iter()
        .filter(|(name, _)| !name.starts_with("breakeven.progress") && !name.ends_with("sha256"))
        .collect();
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::I64, vec![2], &progress).unwrap();
    tensors.push(("breakeven.progress", view));
    fs::write(&file, safetensors::serialize(tensors, None).unwrap()).unwrap();
    fs::write(run.join("records.jsonl"), &plain).unwrap();
    let header = from_page::<RunHeader>(&fs::read(run.join("run.json")).unwrap()).unwrap();
    assert!(to_page(&header.value).unwrap().contains("crc32c"));
    fs::write(
        run.join("run.json"),
        serde_json::to_vec(&header.value).unwrap(),
    )
    .unwrap();
    assert!(resumed(&sweep, folder.path()).is_empty());
    let text = fs::read_to_string(run.join("records.jsonl")).unwrap();
    let found: Vec<Record> = text
        .lines()
        .map(|line| from_line(line.as_bytes()).unwrap().value)
        .collect();
    assert_eq!(found, records(&run_folder(expected.path())));
    assert!(text.starts_with(&plain));
}

/// Every number in a JSON value.
fn numbers(value: &Value, visit: &mut impl FnMut(f64)) {
    match value {
        Value::Number(number) => visit(number.as_f64().unwrap()),
        Value::Array(values) => values.iter().for_each(|value| numbers(value, visit)),
        Value::Object(fields) => fields.values().for_each(|value| numbers(value, visit)),
        Value::Null => panic!("null: a number that was not finite"),
        Value::Bool(_) | Value::String(_) => {}
    }
}

#[test]
fn a_diverging_run_ends_as_diverged_and_no_record_holds_what_is_not_finite() {
    for rate in [1e3, 1e10, 1e30, 1e38, 1e150, 1e300] {
        for precision in [Precision::F32, Precision::F64] {
            let mut config = one_run();
            config.training.precision = precision;
            config.sweep.learning_rates = vec![rate];
            config.measure.every_steps = Some(1);
            let folder = uninterrupted(&prepare(&config));
            let runs = fs::read_dir(folder.path().join("runs")).unwrap();
            let run = runs.map(|run| run.unwrap().path()).next().unwrap();
            let outcome = outcome(&run);
            assert_eq!(outcome.status, RunStatus::Diverged, "{rate} {precision}");
            assert!(outcome.steps < 18);
            let reason = outcome.reason.unwrap();
            let at = format!("at step {}", outcome.steps);
            assert!(
                (reason.starts_with("the mini-batch loss ")
                    && reason.contains("passed the bound 100 "))
                    || reason.starts_with("the mini-batch loss was not finite "),
                "{reason}"
            );
            assert!(reason.ends_with(&at), "{reason}");
            let text = fs::read_to_string(run.join("records.jsonl")).unwrap();
            assert_eq!(text.lines().count() as u64, outcome.steps + 1);
            for line in text.lines() {
                let record: Value = serde_json::from_str(line).unwrap();
                numbers(&record, &mut |x| assert!(x.is_finite(), "{line}"));
            }
        }
    }
}

#[test]
fn the_bound_on_the_loss_ends_a_run_and_is_stated() {
    let mut config = one_run();
    config.training.divergence_loss = 1.5;
    let folder = uninterrupted(&prepare(&config));
    let outcome = outcome(&run_folder(folder.path()));
    assert_eq!((outcome.status, outcome.steps), (RunStatus::Diverged, 0));
    let reason = outcome.reason.unwrap();
    assert!(
        reason.ends_with(" passed the bound 1.5 at step 0"),
        "{reason}"
    );
}

#[test]
fn runs_of_a_seed_start_from_the_same_weights() {
    let mut config = sound();
    config.sweep.batch_sizes = vec![10, 20];
    // K^M of the same batches, whatever S.
    config.measure.covariance_batch_size = Some(10);
    let folder = uninterrupted(&prepare(&config));
    let first = |rate: f64, size: usize, seed: u64| {
        let name = format!("lr{rate}-bs{size}-seed{seed}");
        let mut record = records(&folder.path().join("runs").join(name)).swap_remove(0);
        // These two know η or S.
        assert!(record.stability.take().is_some());
        assert!(record.loss_change.take().is_some());
        record
    };
    for seed in [0, 1] {
        let expected = first(0.05, 10, seed);
        for (rate, size) in [(0.2, 10), (0.05, 20), (0.2, 20)] {
            assert_eq!(first(rate, size, seed), expected);
        }
    }
    assert_ne!(first(0.05, 10, 0).loss, first(0.05, 10, 1).loss);
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
