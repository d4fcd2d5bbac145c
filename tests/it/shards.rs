//! Shards that several processes begin at the same moment, in one folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::faults::change;
use crate::program::{command, files, refusal, run, stderr};
use crate::train::{QUICK, TRAIN, assert_same, train, world};

fn start(folder: &Path, out: &str, shard: usize, count: usize) -> Child {
    let shard = format!("{shard}/{count}");
    let args = [&TRAIN[..], &["--out", out, "--resume", "--shard", &shard]].concat();
    command(&args, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn all_succeed(shards: Vec<Child>) {
    for shard in shards {
        let output = shard.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

/// Every command line that a folder's environments name, however often.
fn command_lines(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for (name, bytes) in files(folder, ".json") {
        if !name.starts_with("environment") {
            continue;
        }
        let environment: Value = serde_json::from_slice(&bytes).unwrap();
        let resumed = environment["resumed"].as_array().into_iter().flatten();
        let all = std::iter::once(&environment).chain(resumed);
        found.extend(all.map(|one| one["command_line"].as_str().unwrap().to_owned()));
    }
    found
}

#[test]
fn shards_that_begin_at_once_leave_what_one_process_leaves_and_lose_no_word() {
    const COUNT: usize = 6;
    let folder = world(QUICK);
    let folder = folder.path();
    train(folder, "one", &[]);
    for round in 0..5 {
        let out = format!("round {round}");
        all_succeed((1..=COUNT).map(|k| start(folder, &out, k, COUNT)).collect());
        assert_same(folder, &out, "one");
        // Each shard's call is there once, and nothing half-written is.
        let lines = command_lines(&folder.join(&out));
        let distinct: BTreeSet<&String> = lines.iter().collect();
        assert_eq!((lines.len(), distinct.len()), (COUNT, COUNT), "{lines:?}");
        assert!(files(&folder.join(&out), ".part").is_empty());
        // Once more: all is known.
        all_succeed((1..=COUNT).map(|k| start(folder, &out, k, COUNT)).collect());
        assert_eq!(command_lines(&folder.join(&out)), lines);
    }
}

#[test]
fn of_two_sweeps_that_begin_at_once_in_a_folder_one_is_refused() {
    let folder = world(QUICK);
    let folder = folder.path();
    fs::write(
        folder.join("other.toml"),
        QUICK.replace("epochs = 4", "epochs = 5"),
    )
    .unwrap();
    for round in 0..5 {
        let out = format!("round {round}");
        let both = ["sweep.toml", "other.toml"].map(|config| {
            command(
                &["train", "--config", config, "--out", &out, "--resume"],
                folder,
            )
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
        });
        let codes = both.map(|child| child.wait_with_output().unwrap().status.code());
        assert!(
            codes == [Some(0), Some(2)] || codes == [Some(2), Some(0)],
            "{codes:?}"
        );
    }
}

#[test]
fn looking_at_a_sweep_takes_no_run_from_it() {
    let folder = world(QUICK);
    let folder = folder.path();
    for round in 0..3 {
        let out = format!("round {round}");
        let mut sweep = start(folder, &out, 1, 1);
        while sweep.try_wait().unwrap().is_none() {
            run(&["status", &out], folder);
        }
        let output = sweep.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[test]
fn a_shard_on_another_device_is_refused() {
    let folder = world(QUICK);
    let folder = folder.path();
    all_succeed(vec![start(folder, "out", 1, 2)]);
    let file = folder.join("out/environment.json");
    change(&file, |environment| environment["device"] = "cuda".into());
    let said = refusal(
        &[&TRAIN[..], &["--out", "out", "--resume", "--shard", "2/2"]].concat(),
        folder,
    );
    assert!(said.contains("was begun on cuda, not on flex"), "{said}");
}
