//! `breakeven train`: what a sweep leaves, the same bytes however it is cut up.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::check::fixture;
use crate::program::{command, files, json, run, run_words, stdout};

/// Two rates and two seeds of a few steps.
pub const QUICK: &str = r#"
name = "quick"

[data]
name = "fashion-mnist-12k"
train_examples = 120
validation_examples = 50

[model]
name = "mlp"
hidden = [6]

[training]
epochs = 4

[sweep]
learning_rates = [0.05, 0.2]
batch_sizes = [20]
seeds = [0, 1]

[measure]
every_steps = 6
hessian_examples = 60
covariance_batches = 5
"#;

/// A folder with a configuration in it.
pub fn world(config: &str) -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("sweep.toml"), config).unwrap();
    folder
}

pub const TRAIN: [&str; 3] = ["train", "--config", "sweep.toml"];

pub fn train(folder: &Path, out: &str, options: &[&str]) -> String {
    let args = [&TRAIN[..], &["--out", out], options].concat();
    stdout(&run(&args, folder))
}

#[track_caller]
pub fn assert_same(folder: &Path, found: &str, expected: &str) {
    // All but environment.json, which names the command line.
    for end in [
        ".jsonl",
        ".safetensors",
        "run.json",
        "outcome.json",
        "config.json",
    ] {
        let of = |name: &str| files(&folder.join(name), end);
        let (found, expected) = (of(found), of(expected));
        assert!(!expected.is_empty(), "{end}");
        let names = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
            files.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(&found), names(&expected));
        for (name, bytes) in &expected {
            assert!(found[name] == *bytes, "{name} differs");
        }
    }
}

#[test]
fn a_sweep_leaves_what_the_documentation_says() {
    let folder = world(QUICK);
    let said = train(folder.path(), "out", &[]);
    assert!(said.contains("breakeven verify out"), "{said}");
    let out = folder.path().join("out");
    let config: Value =
        serde_json::from_slice(&fs::read(out.join("config.json")).unwrap()).unwrap();
    assert_eq!(config["name"], "quick");
    // Defaults are filled in.
    assert_eq!(config["training"]["divergence_loss"], 100.0);
    assert_eq!(config["measure"]["eigenvalue_tolerance"], 1e-3);
    assert_eq!(config["verify"]["alpha"], 0.05);
    let environment = fs::read(out.join("environment.json")).unwrap();
    let environment: Value = serde_json::from_slice(&environment).unwrap();
    assert_eq!(
        environment["command_line"],
        "breakeven train --config sweep.toml --out out"
    );
    assert_eq!(environment["device"], "flex");
    let runs = files(&out.join("runs"), "");
    let names: Vec<&str> = runs.keys().map(String::as_str).collect();
    let mut expected = Vec::new();
    for run in [
        "lr0.05-bs20-seed0",
        "lr0.05-bs20-seed1",
        "lr0.2-bs20-seed0",
        "lr0.2-bs20-seed1",
    ] {
        for file in [
            "checkpoint.safetensors",
            "outcome.json",
            "records.jsonl",
            "run.json",
        ] {
            expected.push(format!("{run}/{file}"));
        }
    }
    assert_eq!(names, expected);
    let header: Value = serde_json::from_slice(&runs["lr0.2-bs20-seed1/run.json"]).unwrap();
    assert_eq!(header["model"], "mlp 784-6-10");
    assert_eq!(header["parameters"], 784 * 6 + 6 + 6 * 10 + 10);
    assert_eq!(
        (&header["examples"], &header["steps"]),
        (&120.into(), &24.into())
    );
    let records = String::from_utf8(runs["lr0.2-bs20-seed1/records.jsonl"].clone()).unwrap();
    let steps: Vec<u64> = records
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["step"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert_eq!(steps, [0, 6, 12, 18]);

    let measured = json(&run_words(
        "measure --checkpoint out/runs/lr0.2-bs20-seed1/checkpoint.safetensors --model mlp \
         --hidden 6 --data fashion-mnist-12k --subset 60 --batch-size 10 --batches 6 --json",
        folder.path(),
    ));
    assert_eq!(measured["parameters"], header["parameters"]);
}

#[test]
fn jobs_and_shards_change_no_byte() {
    let folder = world(QUICK);
    train(folder.path(), "one", &["--jobs", "1"]);
    train(folder.path(), "two", &["--jobs", "2"]);
    assert_same(folder.path(), "two", "one");
    for shard in ["2/3", "1/3", "3/3"] {
        train(folder.path(), "shards", &["--resume", "--shard", shard]);
    }
    assert_same(folder.path(), "shards", "one");
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_utf_8_is_taken() {
    use std::os::unix::ffi::OsStrExt;
    let folder = world(QUICK);
    let out = std::ffi::OsStr::from_bytes(b"n\xff");
    let args = [&TRAIN[..], &["--json", "--out"]].concat();
    let output = command(&args, folder.path()).arg(out).output().unwrap();
    let answer: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(answer["out"], "n\u{fffd}");
    assert!(folder.path().join(out).join("config.json").exists());
}

#[test]
fn a_diverging_run_is_a_result() {
    let folder = world(&QUICK.replace("[0.05, 0.2]", "[0.05, 1e30]"));
    train(folder.path(), "out", &[]);
    let outcomes = files(&folder.path().join("out/runs"), "outcome.json");
    let status = |run: &str| -> Value {
        let outcome = &outcomes[&format!("{run}/outcome.json")];
        serde_json::from_slice::<Value>(outcome).unwrap()["status"].clone()
    };
    assert_eq!(status("lr0.05-bs20-seed0"), "completed");
    assert_eq!(status("lr1e30-bs20-seed0"), "diverged");
}

/// A small one of every network, trained on built-in data and measured, with
/// each mode of batch normalisation.
#[test]
fn every_network_trains_and_is_measured() {
    for name in [
        "simple-cnn",
        "simple-cnn-bn",
        "resnet",
        "densenet",
        "lstm",
        "bert",
    ] {
        let folder = tempdir().unwrap();
        let config = fixture(&format!("smoke/{name}.toml"));
        let train = ["train", "--config", &config, "--out", "out"];
        assert_eq!(run(&train, folder.path()).status.code(), Some(0), "{name}");
        let of_run = "out/runs/lr0.02-bs20-seed0";
        let records = fs::read_to_string(folder.path().join(of_run).join("records.jsonl")).unwrap();
        let first: Value = serde_json::from_str(records.lines().next().unwrap()).unwrap();
        let coupled = ["simple-cnn-bn", "resnet", "densenet"].contains(&name);
        assert!(
            first["lambda_h"].is_f64() && first["stability"].is_f64(),
            "{name}"
        );
        assert_eq!(first["trace_k_per_example"].is_null(), coupled, "{name}");
        assert_eq!(first["gamma_norm"].is_f64(), coupled, "{name}");
        let why = first["absent"]["trace_k_per_example"].as_str();
        assert_eq!(
            why.is_some_and(|why| why.contains("batch normalisation")),
            coupled,
            "{name}"
        );

        for (mode, single) in [("batch", !coupled), ("running", true)] {
            let options = ["--subset", "20", "--batches", "2", "--batch-size", "10"];
            let fixed = [
                "measure",
                "--config",
                of_run,
                "--batch-norm",
                mode,
                "--json",
            ];
            let found = json(&run(&[&fixed[..], &options].concat(), folder.path()));
            let k = &found["covariance_per_example"];
            assert_eq!(k.is_object(), single, "{name}, {mode}: {found}");
            let why = &found["absent"]["covariance_per_example"];
            assert_eq!(why.is_string(), !single, "{name}, {mode}");
            let shown = run(&[&fixed[..5], &options].concat(), folder.path());
            let says = stdout(&shown).contains("absent: batch normalisation");
            assert_eq!(says, !single, "{name}, {mode}");
        }
    }
}
