//! `breakeven status`: how far runs are, and the command that carries out the rest.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::program::{command, json as answer, refusal, run, stderr, stdout};
use crate::train::{QUICK, assert_same, train, world};

/// What a shell does with `line`, where `breakeven` is the program.
pub fn shell(line: &str, folder: &Path) -> Output {
    let program = command(&[], folder);
    let here = Path::new(program.get_program())
        .parent()
        .unwrap()
        .to_owned();
    let path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("sh");
    for (key, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(key, value),
            None => shell.env_remove(key),
        };
    }
    shell
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", here.display()))
        .output()
        .unwrap()
}

fn status(folder: &Path, of: &str) -> Value {
    answer(&run(&["status", of, "--json"], folder))
}

/// The states of a sweep's runs, by name.
fn states(found: &Value, sweep: usize) -> Vec<(String, String)> {
    let runs = found["sweeps"][sweep]["runs"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    runs.iter()
        .map(|run| (text(&run["run"]), text(&run["state"])))
        .collect()
}

/// A finished sweep of which one run is gone, one is changed and one lost its
/// outcome.
fn damaged(folder: &Path, out: &str) {
    let runs = folder.join(out).join("runs");
    fs::remove_dir_all(runs.join("lr0.05-bs20-seed0")).unwrap();
    let records = runs.join("lr0.2-bs20-seed0/records.jsonl");
    let text = fs::read_to_string(&records).unwrap();
    fs::write(&records, text.replacen("\"loss\":", "\"loss\":1", 1)).unwrap();
    fs::remove_file(runs.join("lr0.05-bs20-seed1/outcome.json")).unwrap();
}

#[test]
fn every_state_is_told_and_the_command_carries_out_the_rest() {
    let folder = world(QUICK);
    let folder = folder.path();
    train(folder, "it's whole", &[]);
    let out = "it's \"$HOME\"";
    train(folder, out, &[]);
    let over = status(folder, out);
    assert_eq!(over["over"], true);
    assert_eq!(over["sweeps"][0]["commands"], json!([]));

    damaged(folder, out);
    let lock = folder.join(out).join("runs/lr0.2-bs20-seed1/run.lock");
    let lock = File::create(lock).unwrap();
    lock.lock().unwrap();
    let found = status(folder, out);
    let expected = [
        ("lr0.05-bs20-seed0", "missing"),
        ("lr0.2-bs20-seed0", "damaged"),
        ("lr0.05-bs20-seed1", "stale"),
        ("lr0.2-bs20-seed1", "running"),
    ];
    let expected = expected.map(|(run, state)| (run.to_owned(), state.to_owned()));
    assert_eq!(states(&found, 0), expected);
    assert_eq!(found["over"], false);
    let stale = &found["sweeps"][0]["runs"][2];
    assert_eq!(
        (&stale["steps"], &stale["planned_steps"]),
        (&json!(24), &json!(24))
    );
    let then = stale["last_written"].as_u64().unwrap();
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(then <= now && now - then < 3600, "{then}, {now}");
    let totals = &found["totals"];
    for state in ["running", "stale", "damaged", "missing"] {
        assert_eq!(totals[state], 1, "{state}");
    }
    drop(lock);

    let said = stdout(&run(&["status", out], folder));
    for part in [
        "it's \"$HOME\": 1 of 4 runs are over, 1 stale, 1 damaged, 1 missing\n",
        "  missing  lr0.05-bs20-seed0\n",
        "  stale    lr0.05-bs20-seed1: 24 of 24 steps saved, last wrote ",
        "records.jsonl, line 1: its checksum says ",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let (_, left) = said.split_once("what is left:\n  ").unwrap();
    let again = shell(left, folder);
    assert!(again.status.success(), "{left}: {}", stderr(&again));
    let said = stderr(&again);
    assert!(
        said.contains("lr0.2-bs20-seed0 is carried out anew"),
        "{said}"
    );
    assert_eq!(status(folder, out)["over"], true);
    assert_same(folder, out, "it's whole");
}

#[test]
fn a_folder_that_resuming_refuses_is_removed_first() {
    let folder = world(QUICK);
    let folder = folder.path();
    train(folder, "whole", &[]);
    train(folder, "out", &[]);
    let run_folder = folder.join("out/runs/lr0.2-bs20-seed0");
    fs::write(run_folder.join("outcome.json"), "{").unwrap();
    let found = status(folder, "out");
    let commands = &found["sweeps"][0]["commands"];
    assert_eq!(
        *commands,
        json!([
            "rm -r out/runs/lr0.2-bs20-seed0",
            "breakeven train --config out/config.json --out out --resume",
        ])
    );
    let damaged = &found["sweeps"][0]["runs"][1];
    assert_eq!(
        (&damaged["state"], &damaged["remove_first"]),
        (&json!("damaged"), &json!(true))
    );
    for line in commands.as_array().unwrap() {
        let done = shell(line.as_str().unwrap(), folder);
        assert!(done.status.success(), "{}", stderr(&done));
    }
    assert_same(folder, "out", "whole");
}

#[test]
fn the_parent_of_sweeps_is_told_sweep_by_sweep_and_in_all() {
    let folder = world(QUICK);
    let folder = folder.path();
    train(folder, "all/one", &[]);
    train(folder, "all/two", &["--shard", "1/2"]);
    let found = status(folder, "all");
    assert_eq!(found["sweeps"][0]["totals"]["completed"], 4);
    assert_eq!(found["sweeps"][1]["totals"]["missing"], 2);
    assert_eq!(found["totals"]["runs"], 8);
    let said = stdout(&run(&["status", "all"], folder));
    assert!(said.contains("all/one: 4 of 4 runs are over\n"), "{said}");
    assert!(
        said.ends_with("all: 6 of 8 runs are over, 2 missing\n"),
        "{said}"
    );
}

#[test]
fn seeds_that_a_look_may_not_need_are_said_to_be_such() {
    let four = QUICK.replace("seeds = [0, 1]", "seeds = [0, 1, 2, 3]");
    let folder = world(&format!("{four}\n[verify]\nlooks = [3, 4]\n"));
    let folder = folder.path();
    train(folder, "out", &["--shard", "1/2"]);
    let said = stdout(&run(&["status", "out"], folder));
    assert!(
        said.contains("note: it is judged at 3, 4 seeds, and the later ones are needed only"),
        "{said}"
    );
}

#[test]
fn runs_are_waited_for() {
    let folder = world(QUICK);
    let folder = folder.path();
    let waiting = command(&["status", "out", "--wait", "1:00", "--json"], folder)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    train(folder, "out", &[]);
    assert_eq!(answer(&waiting.wait_with_output().unwrap())["over"], true);
    // A time that is up is answered with what there is.
    fs::remove_dir_all(folder.join("out/runs/lr0.2-bs20-seed0")).unwrap();
    let found = answer(&run(&["status", "out", "--wait", "0:01", "--json"], folder));
    assert_eq!(found["totals"]["missing"], 1);
}

#[test]
fn what_is_no_sweep_is_refused() {
    let folder = world(QUICK);
    let folder = folder.path();
    for (path, part) in [
        ("nowhere", "nowhere: "),
        (".", "it is no sweep folder, and holds none"),
    ] {
        let said = refusal(&["status", path], folder);
        assert!(said.contains(part), "{said}");
    }
    fs::create_dir(folder.join("other")).unwrap();
    fs::write(folder.join("other/config.json"), "{\"name\": \"x\"}").unwrap();
    let said = refusal(&["status", "other"], folder);
    assert!(
        said.contains("other/config.json is no configuration of a training"),
        "{said}"
    );
}

#[test]
fn verify_names_what_is_missing_and_the_command_that_runs_it() {
    let folder = world(QUICK);
    let folder = folder.path();
    train(folder, "out", &["--shard", "1/4"]);
    // Nothing can be compared yet, which is no reason to say less.
    let output = run(&["verify", "out"], folder);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("3 of the planned runs are missing: "),
        "{said}"
    );
    assert!(
        said.contains("error: there is nothing to compare"),
        "{said}"
    );

    train(folder, "out", &["--shard", "2/4", "--resume"]);
    let output = run(&["verify", "out", "--json"], folder);
    let missing = ["lr0.05-bs20-seed1", "lr0.2-bs20-seed1"];
    let found = answer(&output);
    let excluded = found["excluded"].as_array().unwrap();
    for name in missing {
        let run = excluded.iter().find(|one| one["run"] == name).unwrap();
        let reason = run["reason"].as_str().unwrap();
        assert!(
            reason.starts_with("missing: it is planned and was never begun"),
            "{reason}"
        );
    }
    let said = stderr(&output);
    assert!(
        said.contains(&format!(
            "out: 2 of the planned runs are missing: {}\n",
            missing.join(", ")
        )),
        "{said}"
    );
    let (_, left) = said.split_once("what is left of out:\n  ").unwrap();
    let line = "breakeven train --config out/config.json --out out --resume";
    assert_eq!(left.trim_end(), line);
    assert!(shell(line, folder).status.success());
    let output = run(&["verify", "out"], folder);
    assert!(!stderr(&output).contains("left"), "{}", stderr(&output));
    assert!(!stdout(&output).contains("missing"));
}
