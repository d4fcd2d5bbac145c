//! Training beyond plain SGD, from the file to the report.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::program::{files, json, refusal, run, stdout};
use crate::train::QUICK;

const OPTIONS: &str = "epochs = 4
momentum = 0.9
weight_decay = 1e-3
weight_decay_on = \"fc*.weight\"
decay_epochs = [2, 3]
decay_factor = 0.5
clip_norm = 0.5
augment = \"pad_crop_flip\"";

fn with(options: &str) -> String {
    assert!(QUICK.contains("epochs = 4"));
    QUICK.replacen("epochs = 4", options, 1)
}

fn train(folder: &Path, out: &str, jobs: &str) {
    let args = [
        "train",
        "--config",
        "sweep.toml",
        "--out",
        out,
        "--jobs",
        jobs,
    ];
    stdout(&run(&args, folder));
}

#[test]
fn every_option_goes_from_the_file_to_the_report() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("sweep.toml"), with(OPTIONS)).unwrap();
    train(folder.path(), "one", "1");
    train(folder.path(), "two", "2");
    let runs = |out: &str| files(&folder.path().join(out).join("runs"), "");
    assert!(!runs("one").is_empty());
    assert!(runs("one") == runs("two"), "--jobs changes no bit");

    let header = &runs("one")["lr0.05-bs20-seed0/run.json"];
    let header: Value = serde_json::from_slice(header).unwrap();
    assert_eq!(
        header["training"],
        serde_json::json!({
            "momentum": 0.9,
            "weight_decay": 0.001,
            "weight_decay_on": "fc*.weight",
            "step_decay": { "epochs": [2, 3], "factor": 0.5 },
            "clip_norm": 0.5,
            "augment": "pad_crop_flip",
        })
    );
    // Six steps an epoch, measured every six.
    let records = &runs("one")["lr0.05-bs20-seed0/records.jsonl"];
    let records = String::from_utf8(records.clone()).unwrap();
    let rates: Vec<Value> = records
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["learning_rate"].clone())
        .collect();
    assert_eq!(
        rates,
        [Value::Null, Value::Null, 0.025.into(), 0.0125.into()]
    );

    let beyond = "one: trained with momentum, weight decay, a learning rate that decays, clipped \
                  gradients and augmented examples.";
    let verdicts = json(&run(
        &["verify", "one", "--json", "--out", "report"],
        folder.path(),
    ));
    let notes = verdicts["notes"].to_string();
    assert!(notes.contains(beyond), "{notes}");
    assert!(notes.contains("2(1+β)/η"), "{notes}");
    let report = fs::read_to_string(folder.path().join("report/report.md")).unwrap();
    assert!(
        report.contains(
            "| Training | momentum 0.9; weight decay 0.001 on fc\\*.weight; η × 0.5 after epoch 2, 3; \
             gradients clipped to norm 0.5; examples augmented by pad\\_crop\\_flip |"
        ),
        "{report}"
    );
    assert!(report.contains(beyond));
}

#[test]
fn options_that_are_none_are_refused_before_anything_is_made() {
    for (options, part) in [
        (
            "epochs = 4\naugment = \"flip\"",
            "unknown variant `flip`, expected `none` or `pad_crop_flip`",
        ),
        (
            "epochs = 4\nloss = \"hinge\"",
            "unknown variant `hinge`, expected `cross_entropy` or `mse`",
        ),
        ("epochs = 4\nmomentum = 1.0", "training.momentum is 1"),
        ("epochs = 4\nnesterov = true", "unknown field `nesterov`"),
        (
            "epochs = 4\nweight_decay = 0.1\nweight_decay_on = \"convolutions\"",
            "training.weight_decay_on is convolutions, which holds no parameter of the model",
        ),
        (
            "epochs = 4\ndecay_epochs = [4]",
            "training.decay_epochs is 4",
        ),
    ] {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join("sweep.toml"), with(options)).unwrap();
        let args = ["train", "--config", "sweep.toml", "--out", "out"];
        let said = refusal(&args, folder.path());
        assert!(said.contains(part), "{options}: {said}");
        assert!(!folder.path().join("out").exists(), "{options}");
    }
}
