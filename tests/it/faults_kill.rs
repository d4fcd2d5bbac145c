//! `breakeven train`, killed at moments that nobody chooses.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::faults::{Chance, EACH_STEP, SMALL, all_files, resume, said};
use crate::program::{command, json, run, stdout};
use crate::train::{TRAIN, assert_same, train, world};

/// The longest that a process lives.
const LONGEST: u64 = 200;

/// Steps that are saved of each run, by its folder's name.
fn saved(folder: &Path, out: &str) -> Vec<(String, u64)> {
    let found = json(&run(&["status", out, "--json"], folder));
    let runs = found["sweeps"][0]["runs"].as_array().unwrap();
    let of = |run: &Value| {
        let state = run["state"].as_str().unwrap();
        assert!(["missing", "stale", "completed"].contains(&state), "{run}");
        let name = run["run"].as_str().unwrap().to_owned();
        (name, run["steps"].as_u64().unwrap_or(0))
    };
    runs.iter().map(of).collect()
}

/// The step of the last record that is whole.
fn last_recorded(folder: &Path, out: &str, run: &str) -> Option<u64> {
    let file = folder
        .join(out)
        .join("runs")
        .join(run)
        .join("records.jsonl");
    let text = fs::read_to_string(file).ok()?;
    let (whole, _) = text.rsplit_once('\n')?;
    let last: Value = serde_json::from_str(whole.lines().next_back()?).unwrap();
    last["step"].as_u64()
}

/// Kills the sweep `kills` times, and each time carries it on.
fn killed(config: &str, kills: usize, seed: u64) {
    let folder = world(config);
    let folder = folder.path();
    train(folder, "whole", &[]);
    let verdicts = |out: &str| {
        let found = run(&["verify", out, "--json"], folder);
        stdout(&found).replace(out, "OUT")
    };
    let expected = verdicts("whole");
    let mut chance = Chance::of(seed);
    let (mut killed, mut sweeps) = (0, 0);
    while killed < kills {
        sweeps += 1;
        let out = format!("killed{sweeps}");
        let args = [&TRAIN[..], &["--out", &out, "--resume"], &EACH_STEP].concat();
        let mut before: Vec<(String, u64)> = Vec::new();
        while killed < kills {
            let mut child = command(&args, folder)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(chance.below(LONGEST)));
            child.kill().unwrap();
            let ended = child.wait().unwrap();
            if ended.code().is_some() {
                assert!(ended.success());
                break;
            }
            killed += 1;
            if !folder.join(&out).join("config.json").exists() {
                continue;
            }
            let now = saved(folder, &out);
            for ((name, then), (_, now)) in before.iter().zip(&now) {
                assert!(then <= now, "{name} had {then} steps, then {now}");
            }
            for (name, steps) in &now {
                // A record is of the step in progress, or of one that is saved.
                let recorded = last_recorded(folder, &out, name);
                assert!(
                    recorded <= Some(*steps),
                    "{name}: {recorded:?}, {steps} saved"
                );
            }
            before = now;
        }
        said(&resume(folder, &out), &[0], &out);
        assert_same(folder, &out, "whole");
        assert_eq!(verdicts(&out), expected);
        let kept = |out: &str| all_files(&folder.join(out).join("runs")).into_keys();
        assert!(
            kept(&out).eq(kept("whole")),
            "something half-written is left"
        );
    }
}

#[test]
fn what_is_killed_at_any_moment_goes_on_where_it_was() {
    killed(&SMALL.replace("epochs = 10", "epochs = 60"), 12, 1);
}

#[test]
#[ignore = "half a minute"]
fn two_hundred_kills_cost_no_step_but_those_in_progress() {
    let long = SMALL
        .replace("epochs = 10", "epochs = 300")
        .replace("every_steps = 5", "every_steps = 25")
        .replace("seeds = [3]", "seeds = [0, 1, 2, 3]");
    killed(&long, 200, 2);
}
