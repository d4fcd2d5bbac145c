//! `breakeven train` stopped, killed or shared between processes: the same
//! bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::faults::change;
use crate::program::{self, command, refusal, run, stderr};
use crate::train::{QUICK, TRAIN, assert_same, train, world};

/// One run that is long enough to be caught in its middle.
pub const LONG: &str = r#"
name = "long"

[data]
name = "fashion-mnist-12k"
train_examples = 1000
validation_examples = 100

[model]
name = "mlp"
hidden = [30]

[training]
epochs = 40

[sweep]
learning_rates = [0.1]
batch_sizes = [20]
seeds = [3]

[measure]
every_steps = 10
hessian_examples = 200
covariance_batches = 5
lambda_k_per_example = true
"#;

#[test]
fn what_is_finished_is_not_trained_again() {
    let folder = world(QUICK);
    let answer = train(folder.path(), "out", &["--json"]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        answer,
        serde_json::json!({
            "out": "out", "status": "over", "runs": 4, "completed": 4, "diverged": 0,
            "interrupted": 0, "elsewhere": 0,
        })
    );
    let records = folder
        .path()
        .join("out/runs/lr0.2-bs20-seed1/records.jsonl");
    let written = fs::metadata(&records).unwrap().modified().unwrap();
    train(folder.path(), "out", &["--resume"]);
    assert_eq!(fs::metadata(&records).unwrap().modified().unwrap(), written);
}

fn long_records(folder: &Path, out: &str) -> PathBuf {
    folder.join(out).join("runs/lr0.1-bs20-seed3/records.jsonl")
}

/// Starts the long run and waits until it has left `lines` records.
pub fn in_mid_run(folder: &Path, out: &str, lines: usize, options: &[&str]) -> Child {
    let args = [&TRAIN[..], &["--out", out], options].concat();
    program::in_mid_run(&args, folder, &long_records(folder, out), lines)
}

fn finished(folder: &Path, out: &str) -> bool {
    long_records(folder, out)
        .with_file_name("outcome.json")
        .exists()
}

#[test]
fn a_killed_sweep_goes_on_as_if_it_had_never_stopped() {
    let folder = world(LONG);
    train(folder.path(), "whole", &[]);
    // Killed three times, at moments that no one chooses.
    for lines in [3, 40, 90] {
        let mut child = in_mid_run(folder.path(), "killed", lines, &["--resume"]);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!finished(folder.path(), "killed"));
    }
    train(folder.path(), "killed", &["--resume"]);
    assert_same(folder.path(), "killed", "whole");
    // Nothing half-written is left, and no lock.
    let run = folder.path().join("killed/runs/lr0.1-bs20-seed3");
    assert_eq!(fs::read_dir(run).unwrap().count(), 4);
}

#[test]
fn two_processes_in_one_folder_leave_what_one_leaves() {
    let folder = world(LONG);
    train(folder.path(), "one", &[]);
    let first = in_mid_run(folder.path(), "both", 10, &[]);
    let args = [&TRAIN[..], &["--out", "both", "--resume", "--json"]].concat();
    let second = run(&args, folder.path());
    let said = stderr(&second);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(
        said.contains("lr0.1-bs20-seed3 skipped: another process carries it out"),
        "{said}"
    );
    assert!(
        said.contains("another process carries 1 of the runs out"),
        "{said}"
    );
    let answer: Value = serde_json::from_slice(&second.stdout).unwrap();
    assert_eq!(
        (&answer["status"], &answer["elsewhere"]),
        (&"elsewhere".into(), &1.into())
    );
    assert!(first.wait_with_output().unwrap().status.success());
    assert_same(folder.path(), "both", "one");
}

#[test]
fn shards_may_start_together() {
    let folder = world(QUICK);
    train(folder.path(), "one", &[]);
    let shards: Vec<Child> = (1..=4)
        .map(|k| {
            let shard = format!("{k}/4");
            let args = [&TRAIN[..], &["--out", "all", "--resume", "--shard", &shard]].concat();
            command(&args, folder.path())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for shard in shards {
        let output = shard.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert_same(folder.path(), "all", "one");
}

#[test]
fn another_device_is_not_resumed_with_and_the_first_version_is_kept() {
    let folder = world(QUICK);
    train(folder.path(), "out", &[]);
    let file = folder.path().join("out/environment.json");
    let read = || -> Value { serde_json::from_slice(&fs::read(&file).unwrap()).unwrap() };
    let environment = read();
    change(&file, |environment| environment["version"] = "0.0.9".into());
    for _ in 0..2 {
        train(folder.path(), "out", &["--resume"]);
    }
    let found = read();
    assert_eq!(found["version"], "0.0.9");
    assert_eq!(found["command_line"], environment["command_line"]);
    let resumed = found["resumed"].as_array().unwrap();
    assert_eq!(resumed.len(), 1);
    assert_eq!(
        resumed[0]["command_line"],
        "breakeven train --config sweep.toml --out out --resume"
    );
    change(&file, |environment| environment["device"] = "wgpu".into());
    let said = refusal(
        &[&TRAIN[..], &["--out", "out", "--resume"]].concat(),
        folder.path(),
    );
    assert!(
        said.contains("was begun on wgpu, not on flex: resume with --device wgpu"),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_cleanly_and_says_how_to_go_on() {
    let folder = world(LONG);
    train(folder.path(), "whole", &[]);
    let child = in_mid_run(folder.path(), "stopped", 20, &[]);
    let signal = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(signal.success());
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("stopping: runs save where they are"),
        "{said}"
    );
    assert!(
        said.contains("stopped before the end; the same command with --resume goes on"),
        "{said}"
    );
    assert!(!finished(folder.path(), "stopped"));
    let args = [&TRAIN[..], &["--out", "stopped"]].concat();
    let said = refusal(&args, folder.path());
    assert!(
        said.contains("stopped is there already: give --resume"),
        "{said}"
    );
    train(folder.path(), "stopped", &["--resume"]);
    assert_same(folder.path(), "stopped", "whole");
}

#[cfg(unix)]
#[test]
fn a_scheduler_that_sends_sigterm_twice_ends_it_cleanly_and_a_hangup_is_ignored() {
    let folder = world(LONG);
    train(folder.path(), "whole", &[]);
    let out = "stopped";
    let args = [
        &["nohup", env!("CARGO_BIN_EXE_breakeven")],
        &TRAIN[..],
        &["--out", out],
    ]
    .concat();
    let mut child = program::wait_for_lines(
        std::process::Command::new(args[0])
            .args(&args[1..])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped()),
        &long_records(folder.path(), out),
        20,
    );
    let send = |signal: &str| {
        let sent = std::process::Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    };
    send("-HUP");
    for _ in 0..2 {
        send("-TERM");
    }
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let said = stderr(&child.wait_with_output().unwrap());
    assert!(
        said.contains("stopping: runs save where they are (told by SIGTERM)"),
        "{said}"
    );
    assert!(
        said.contains("stopped before the end; the same command with --resume"),
        "{said}"
    );
    assert!(!finished(folder.path(), out));
    train(folder.path(), out, &["--resume"]);
    assert_same(folder.path(), out, "whole");
}
