//! `breakeven train` and `verify` on sweeps whose files have changed.

use std::fs;
use std::path::Path;

use crate::faults::change;
use crate::program::{json, run, stderr, stdout};
use crate::train::{QUICK, TRAIN, assert_same, train, world};
use crate::train_resume::{LONG, in_mid_run};

#[test]
fn damaged_files_are_wrong_input() {
    let folder = world(LONG);
    let mut child = in_mid_run(folder.path(), "out", 10, &[]);
    child.kill().unwrap();
    child.wait().unwrap();
    let run = folder.path().join("out/runs/lr0.1-bs20-seed3");
    let args = [&TRAIN[..], &["--out", "out", "--resume"]].concat();
    for (file, part) in [
        ("outcome.json", "outcome.json is damaged ("),
        (
            "checkpoint.safetensors",
            "checkpoint.safetensors is not a whole safetensors file (",
        ),
    ] {
        let file = run.join(file);
        let kept = fs::read(&file).ok();
        fs::write(&file, "{").unwrap();
        let said = refusal_at_work(&args, folder.path());
        assert!(said.contains(part), "{said}");
        assert!(
            said.contains("remove the run's folder to start it anew"),
            "{said}"
        );
        match kept {
            Some(bytes) => fs::write(&file, bytes).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
    }
}

/// Like `refusal`, after the line that names the sweep.
#[track_caller]
fn refusal_at_work(args: &[&str], folder: &Path) -> String {
    let output = run(args, folder);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("error: ") && !said.contains("panicked"));
    said
}

#[test]
fn a_line_that_changed_on_disk_is_named_left_out_and_computed_anew() {
    let folder = world(QUICK);
    train(folder.path(), "out", &[]);
    train(folder.path(), "again", &[]);
    let records = folder
        .path()
        .join("out/runs/lr0.2-bs20-seed1/records.jsonl");
    let text = fs::read_to_string(&records).unwrap();
    // The lowest bit of the second record's first digit of λ_H.
    let line = text.find('\n').unwrap() + 1;
    let digit = line + text[line..].find("\"lambda_h\":").unwrap() + "\"lambda_h\":".len();
    let mut bytes = text.into_bytes();
    bytes[digit] ^= 1;
    fs::write(&records, bytes).unwrap();

    let verdicts = |out: &str| json(&run(&["verify", out, "--json"], folder.path()));
    let found = verdicts("out");
    let excluded = found["excluded"].as_array().unwrap();
    let changed = excluded.iter().find(|one| one["run"] == "lr0.2-bs20-seed1");
    let reason = changed.unwrap()["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("a file has changed: out/runs/lr0.2-bs20-seed1/records.jsonl, line 2: "),
        "{reason}"
    );
    assert_eq!(found["integrity"][0]["runs_changed"], 1);

    let output = run(
        &[&TRAIN[..], &["--out", "out", "--resume"]].concat(),
        folder.path(),
    );
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("lr0.2-bs20-seed1 is carried out anew: "),
        "{said}"
    );
    assert!(
        said.contains("records.jsonl, line 2: its checksum says "),
        "{said}"
    );
    assert_same(folder.path(), "out", "again");
    assert_eq!(verdicts("out")["integrity"][0]["runs_checked"], 4);
}

#[test]
fn a_plan_that_changed_after_training_is_seen() {
    let folder = world(QUICK);
    train(folder.path(), "out", &[]);
    let config = folder.path().join("out/config.json");
    change(&config, |config| config["verify"]["alpha"] = 0.4.into());
    let output = run(&["verify", "out"], folder.path());
    let said = stdout(&output);
    assert!(said.contains("the plan in config.json"), "{said}");
    let found = json(&run(&["verify", "out", "--json"], folder.path()));
    assert_eq!(found["integrity"][0]["plan_changed"], 4);
    for hypothesis in found["hypotheses"].as_array().unwrap() {
        assert_eq!(hypothesis["verdict"], "inconclusive");
    }
}
