//! `breakeven train`: the same bytes however it is cut up, stopped or killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::check::fixture;
use crate::program::{command, files, json, refusal, run, run_words, stderr, stdout};

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

/// One run that is long enough to be caught in its middle.
const LONG: &str = r#"
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
fn in_mid_run(folder: &Path, out: &str, lines: usize, options: &[&str]) -> Child {
    let args = [&TRAIN[..], &["--out", out], options].concat();
    let mut child = command(&args, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let records = long_records(folder, out);
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let found = fs::read(&records).unwrap_or_default();
        if found.iter().filter(|&&byte| byte == b'\n').count() >= lines {
            return child;
        }
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before {lines} records"
        );
        assert!(Instant::now() < deadline, "no {lines} records in time");
        std::thread::sleep(Duration::from_millis(1));
    }
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
fn another_device_is_not_resumed_with_and_the_first_version_is_kept() {
    let folder = world(QUICK);
    train(folder.path(), "out", &[]);
    let file = folder.path().join("out/environment.json");
    let read = || -> Value { serde_json::from_slice(&fs::read(&file).unwrap()).unwrap() };
    let mut environment = read();
    environment["version"] = "0.0.9".into();
    fs::write(&file, environment.to_string()).unwrap();
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
    environment["device"] = "wgpu".into();
    fs::write(&file, environment.to_string()).unwrap();
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

#[test]
fn folders_that_are_not_free_are_refused_and_left_alone() {
    let folder = world(QUICK);
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/thesis.txt"), "kept").unwrap();
    let args = |out: &'static str| [&TRAIN[..], &["--out", out]].concat();
    let said = refusal(&args("mine"), folder.path());
    assert!(
        said.contains("mine is there already: give --resume"),
        "{said}"
    );
    assert_eq!(files(&folder.path().join("mine"), "").len(), 1);
    let said = refusal(&args("sweep.toml"), folder.path());
    assert!(said.contains("sweep.toml: "), "{said}");
    let said = refusal(&args("sweep.toml/below"), folder.path());
    assert!(said.contains("sweep.toml/below: "), "{said}");
}

#[test]
fn another_configuration_is_not_resumed_with() {
    let folder = world(QUICK);
    train(folder.path(), "out", &[]);
    let config = folder.path().join("sweep.toml");
    fs::write(config, QUICK.replace("epochs = 4", "epochs = 5")).unwrap();
    let said = refusal(
        &[&TRAIN[..], &["--out", "out", "--resume"]].concat(),
        folder.path(),
    );
    assert!(
        said.contains("out/config.json differs from the configuration given now"),
        "{said}"
    );
    fs::write(folder.path().join("out/config.json"), "{").unwrap();
    let said = refusal(
        &[&TRAIN[..], &["--out", "out", "--resume"]].concat(),
        folder.path(),
    );
    assert!(said.contains("out/config.json is damaged ("), "{said}");
    assert!(
        said.contains("put it back as it was, or give another --out"),
        "{said}"
    );
}

#[test]
fn configurations_that_cannot_be_are_refused_by_key() {
    let cases = [
        ("epochs = 4", "epoch = 4", "unknown field `epoch`"),
        ("hidden = [6]", "hiden = [6]", "unknown field `hiden`"),
        (
            "seeds = [0, 1]",
            "seeds = [0, 1]\nseed = 1",
            "unknown field `seed`",
        ),
        (
            "[measure]",
            "[verify]\nalpa = 0.1\n[measure]",
            "unknown field `alpa`",
        ),
        ("[measure]", "[extra]\n[measure]", "unknown field `extra`"),
        ("name = \"quick\"", "", "missing field `name`"),
        ("epochs = 4", "", "missing field `epochs`"),
        (
            "epochs = 4",
            "epochs = \"four\"",
            "invalid type: string \"four\", expected u64",
        ),
        ("epochs = 4", "epochs = -4", "-4"),
        ("epochs = 4", "epochs = 4 4", "TOML parse error at line 14"),
        ("name = \"mlp\"", "name = \"vgg\"", "unknown variant `vgg`"),
        (
            "name = \"quick\"",
            "name = \"a/b\"",
            "name is \"a/b\": give letters, digits",
        ),
        (
            "name = \"quick\"",
            "name = \"..\"",
            "name is \"..\": give letters, digits",
        ),
        (
            "0.05, 0.2",
            "0.05, nan",
            "sweep.learning_rates is NaN: give positive numbers",
        ),
        (
            "0.05, 0.2",
            "0.05, inf",
            "sweep.learning_rates is inf: give positive numbers",
        ),
        (
            "0.05, 0.2",
            "0.2, 0.2",
            "sweep.learning_rates holds 0.2 twice",
        ),
        (
            "seeds = [0, 1]",
            "seeds = [1, 1]",
            "sweep.seeds holds 1 twice",
        ),
        (
            "batch_sizes = [20]",
            "batch_sizes = []",
            "sweep.batch_sizes is empty",
        ),
        (
            "batch_sizes = [20]",
            "batch_sizes = [121]",
            "sweep.toml: sweep.batch_sizes is 121, but there are 120 training examples",
        ),
        (
            "every_steps = 6",
            "every_steps = 6\nevery_examples = 100",
            "measure.every_steps and measure.every_examples are both given: give one of them",
        ),
        (
            "[measure]",
            "[verify]\nalpha = 0.5\n[measure]",
            "verify.alpha is 0.5; give a number above 0 and below 0.5",
        ),
        (
            "[0.05, 0.2]",
            "[0.3, 0.30000000000000004]",
            "sweep.learning_rates names 0.3 and 0.30000000000000004, which are one level",
        ),
        (
            "every_steps = 6",
            "covariance_batch_size = 500",
            "measure.covariance_batch_size is 500, but there are 120 training examples",
        ),
        (
            "train_examples = 120",
            "train_examples = 12001",
            "sweep.toml: data.train_examples is 12001, but fashion-mnist-12k has 12000",
        ),
        (
            "fashion-mnist-12k",
            "mnits",
            "no data set is called `mnits`",
        ),
        (
            "name = \"fashion-mnist-12k\"",
            "name = \"cifar10\"",
            "the training files of `cifar10` were not found; looked in ",
        ),
        ("hidden = [6]", "hidden = [0]", "a hidden layer of mlp is 0"),
        (
            "[measure]",
            "[verify]\nalpha = nan\n[measure]",
            "verify.alpha is NaN",
        ),
        (
            "epochs = 4",
            "epochs = 4\ndivergence_loss = inf",
            "training.divergence_loss is inf",
        ),
        (
            "epochs = 4",
            "epochs = 4\nprecision = \"f16\"",
            "unknown variant `f16`, expected `f32` or `f64`",
        ),
    ];
    for (old, new, part) in cases {
        assert!(QUICK.contains(old), "{old}");
        let folder = world(&QUICK.replacen(old, new, 1));
        let said = refusal(&[&TRAIN[..], &["--out", "out"]].concat(), folder.path());
        assert!(said.contains(part), "{new:?}: {said}");
        // Nothing is made before all fits.
        assert!(!folder.path().join("out").exists(), "{new:?}");
    }
}

#[test]
fn wrong_options_are_refused_by_name() {
    let folder = world(QUICK);
    let cases: [(&[&str], &str); 8] = [
        (&["--jobs", "0"], "invalid value '0' for '--jobs"),
        (
            &["--shard", "0/2"],
            "\"0/2\" is no shard: give K/N with 1 ≤ K ≤ N, such as 2/4",
        ),
        (&["--shard", "3/2"], "\"3/2\" is no shard"),
        (&["--shard", "2"], "\"2\" is no shard"),
        (&["--shard", "1/-2"], "\"1/-2\" is no shard"),
        (&["--device", "tpu"], "invalid value 'tpu' for '--device"),
        (
            &["--data-dir", "nowhere"],
            "the data folder nowhere does not exist",
        ),
        (&["--config", "nowhere.toml"], "nowhere.toml"),
    ];
    for (options, part) in cases {
        let mut args = [&["train", "--out", "out"], options].concat();
        if options[0] != "--config" {
            args.extend(["--config", "sweep.toml"]);
        }
        let said = refusal(&args, folder.path());
        assert!(said.contains(part), "{options:?}: {said}");
    }
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
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text.replacen("\"alpha\": 0.05", "\"alpha\": 0.4", 1),
    )
    .unwrap();
    let output = run(&["verify", "out"], folder.path());
    let said = stdout(&output);
    assert!(said.contains("the plan in config.json"), "{said}");
    let found = json(&run(&["verify", "out", "--json"], folder.path()));
    assert_eq!(found["integrity"][0]["plan_changed"], 4);
    for hypothesis in found["hypotheses"].as_array().unwrap() {
        assert_eq!(hypothesis["verdict"], "inconclusive");
    }
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

#[test]
fn a_network_for_texts_is_refused_for_images() {
    let config = QUICK
        .replace("name = \"mlp\"", "name = \"lstm\"")
        .replace("hidden = [6]", "hidden = 6");
    let folder = world(&config);
    let said = refusal(&[&TRAIN[..], &["--out", "out"]].concat(), folder.path());
    assert!(
        said.contains("lstm takes texts, the data set has images"),
        "{said}"
    );
}
