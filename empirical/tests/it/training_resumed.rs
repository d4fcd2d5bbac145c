//! Runs that were stopped or killed and resumed: the same bits.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use breakeven_empirical::compute::{DeviceKind, Precision};
use breakeven_empirical::config::{Decayed, SweepConfig};
use breakeven_empirical::model::{Architecture, CnnShape};
use breakeven_empirical::sweep::{Sweep, SweepEnd};
use breakeven_sim::record::RunHeader;
use breakeven_sim::record::seal::sha256;
use tempfile::tempdir;

use crate::options::every_option;
use crate::training::{
    RUN, assert_same_files, carry_out, files, finish, one_run, outcome, prepare, run_folder,
    uninterrupted,
};

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
    let predictions = run.join("predictions.jsonl");
    let mut text = fs::read_to_string(&predictions).unwrap();
    text.push_str("{\"step\":18,\"epo");
    fs::write(predictions, text).unwrap();
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
