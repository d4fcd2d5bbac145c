//! `breakeven check`: from a configuration to a report.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::tempdir;

use crate::program::{VERDICT_FIELDS, files, json, refusal, run, stderr, stdout};
use crate::train::QUICK;

/// A configuration of `fixtures/configs`.
pub fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/configs")
        .join(name);
    path.to_str().unwrap().to_owned()
}

fn read(path: PathBuf) -> String {
    fs::read_to_string(path).unwrap()
}

/// The fields that others read.
#[track_caller]
fn assert_verdicts(verdicts: &Value) {
    let hypotheses = verdicts["hypotheses"].as_array().unwrap();
    assert!(!hypotheses.is_empty());
    for hypothesis in hypotheses {
        let Value::Object(fields) = hypothesis else {
            panic!("a hypothesis is {hypothesis}");
        };
        for field in VERDICT_FIELDS {
            assert!(fields.contains_key(field), "no {field} in {hypothesis}");
        }
        assert!([1, 2].contains(&hypothesis["conjecture"].as_u64().unwrap()));
        let one_of = |field: &str, words: &[&str]| {
            let word = hypothesis[field].as_str().unwrap();
            assert!(words.contains(&word), "{field} is {word}");
        };
        one_of("factor", &["learning_rate", "batch_size"]);
        one_of("expected", &["decreasing", "increasing"]);
        one_of("verdict", &["supported", "refuted", "inconclusive"]);
    }
    assert!(verdicts["excluded"].is_array());
}

#[test]
fn the_smoke_sweep_gives_a_report() {
    let folder = tempdir().unwrap();
    let config = fixture("smoke.toml");
    let args = ["check", "--config", &config, "--out", "out"];
    let said = stdout(&run(&args, folder.path()));
    let page = Path::new("out").join("report.html");
    assert!(said.contains(&page.display().to_string()), "{said}");

    let out = folder.path().join("out");
    let verdicts: Value = serde_json::from_str(&read(out.join("verdicts.json"))).unwrap();
    assert_verdicts(&verdicts);
    let hypotheses = verdicts["hypotheses"].as_array().unwrap();
    let described = verdicts["descriptive"].as_array().unwrap();
    for (statistic, those) in [
        ("max", hypotheses),
        ("at_accuracy", hypotheses),
        ("max_after", described),
    ] {
        for quantity in ["lambda_k", "lambda_h", "condition_k", "trace_k"] {
            let name = format!("{statistic}_{quantity}");
            assert!(
                those.iter().any(|h| h["quantity"] == name.as_str()),
                "no {name}"
            );
        }
    }
    for hypothesis in hypotheses {
        assert_eq!(hypothesis["factor"], "learning_rate");
        // A level whose runs do not converge is left out.
        for level in hypothesis["levels"].as_array().unwrap() {
            assert!([0.05, 0.1, 0.2].contains(&level.as_f64().unwrap()));
        }
    }
    let page = read(out.join("report.html"));
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("<svg"));
    let text = read(out.join("report.md"));
    for part in ["smoke", "max", "breakeven check --config"] {
        assert!(text.contains(part), "no {part} in report.md");
    }

    let records = files(&out.join("smoke/runs"), "records.jsonl");
    assert_eq!(records.len(), 9);
    for (name, bytes) in &records {
        let text = String::from_utf8(bytes.clone()).unwrap();
        // Steps 0 and 4, then every 20 of 120.
        assert_eq!(text.lines().count(), 7, "{name}");
        assert!(!text.contains("null"), "{name}");
    }

    // The same verdicts from the folder that it left.
    let again = json(&run(&["verify", "out/smoke", "--json"], folder.path()));
    assert_eq!(again["hypotheses"], verdicts["hypotheses"]);

    let said = refusal(&args, folder.path());
    assert!(
        said.contains("out is there already: give --resume"),
        "{said}"
    );
    let resumed = [&args[..], &["--resume", "--json"]].concat();
    let again = json(&run(&resumed, folder.path()));
    assert_eq!(again["hypotheses"], verdicts["hypotheses"]);
    assert_eq!(files(&out.join("smoke/runs"), "records.jsonl"), records);
    // Nobody knows how long the first call took.
    assert!(text.contains("Wall time"));
    assert!(!read(out.join("report.md")).contains("Wall time"));
}

#[test]
fn several_configurations_are_one_family() {
    let folder = tempdir().unwrap();
    let by_rate = QUICK.replace("\"quick\"", "\"by-rate\"");
    let by_size = QUICK
        .replace("\"quick\"", "\"by-size\"")
        .replace("[0.05, 0.2]", "[0.1]")
        .replace("batch_sizes = [20]", "batch_sizes = [10, 20]");
    fs::write(folder.path().join("a.toml"), by_rate).unwrap();
    fs::write(folder.path().join("b.toml"), by_size).unwrap();
    let args = [
        "check", "--config", "a.toml", "--config", "b.toml", "--seeds", "3", "--json",
    ];
    let output = run(&args, folder.path());
    let verdicts = json(&output);
    assert_verdicts(&verdicts);
    let said = stderr(&output);
    for warning in [
        "warning: by-rate: no outcome of 3 seeds at 2 values of learning_rate would be a verdict",
        "warning: by-size: K^M is measured on batches of S examples and S varies",
        "warning: by-size: no outcome of 3 seeds at 2 values of batch_size would be a verdict",
    ] {
        assert!(said.contains(warning), "{said}");
    }
    let hypotheses = verdicts["hypotheses"].as_array().unwrap();
    assert!(hypotheses.iter().all(|h| h["decidable"] == false));
    let out = folder.path().join("breakeven-check");
    for sweep in ["by-rate", "by-size"] {
        assert_eq!(
            files(&out.join(sweep).join("runs"), "outcome.json").len(),
            6
        );
    }
}

#[test]
fn everything_is_checked_before_anything_is_trained() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("good.toml"), QUICK).unwrap();
    let bad = QUICK
        .replace("\"quick\"", "\"bad\"")
        .replace("batch_sizes = [20]", "batch_sizes = [121]");
    fs::write(folder.path().join("bad.toml"), bad).unwrap();
    fs::write(
        folder.path().join("one.toml"),
        QUICK.replace("[0.05, 0.2]", "[0.1]"),
    )
    .unwrap();
    let other = |verify: &str| {
        QUICK
            .replace("\"quick\"", "\"other\"")
            .replace("[measure]", &format!("[verify]\n{verify}\n[measure]"))
    };
    fs::write(folder.path().join("alpha.toml"), other("alpha = 0.1")).unwrap();
    fs::write(
        folder.path().join("described.toml"),
        other("statistics = [\"max_after\"]"),
    )
    .unwrap();
    fs::write(
        folder.path().join("none.toml"),
        other("quantities = [\"condition_h\"]"),
    )
    .unwrap();
    let cases: [(&[&str], &str); 10] = [
        (
            &["--config", "one.toml"],
            "one.toml: there is nothing to compare; give two learning rates, two batch sizes or two momenta",
        ),
        (
            &["--config", "good.toml", "--config", "alpha.toml"],
            "verify.alpha is 0.05 in good.toml and 0.1 in alpha.toml: give all the same",
        ),
        (
            &["--config", "described.toml"],
            "described.toml: verify.statistics names max_after alone",
        ),
        (
            &["--config", "none.toml"],
            "none.toml: none of verify.quantities is measured",
        ),
        (
            &["--config", "good.toml", "--config", "bad.toml"],
            "sweep.batch_sizes is 121, but there are 120 training examples",
        ),
        (
            &["--config", "good.toml", "--config", "good.toml"],
            "two configurations have the name \"quick\", which names their folder: change one",
        ),
        (
            &["--config", "nowhere.toml"],
            "nowhere.toml: the configuration can't be read",
        ),
        (
            &["--config", "good.toml", "--seeds", "0"],
            "invalid value '0' for '--seeds",
        ),
        (
            &["--config", "good.toml", "--seeds", "99999999999"],
            "invalid value '99999999999' for '--seeds",
        ),
        (
            &["--config", "good.toml", "--data-dir", "nowhere"],
            "nowhere does not exist",
        ),
    ];
    for (options, part) in cases {
        let args = [&["check", "--out", "out"], options].concat();
        let said = refusal(&args, folder.path());
        assert!(said.contains(part), "{options:?}: {said}");
        assert!(!folder.path().join("out").exists(), "{options:?}");
    }
    let below_a_file = ["check", "--config", "good.toml", "--out", "bad.toml/below"];
    let said = refusal(&below_a_file, folder.path());
    assert!(said.contains("bad.toml/below: "), "{said}");
}

#[test]
fn the_built_in_configurations_are_sound() {
    let folder = tempdir().unwrap();
    // It has to read, check and fit both to come as far as its folder.
    fs::write(folder.path().join("file"), "in the way").unwrap();
    let said = refusal(&["check", "--out", "file/below"], folder.path());
    assert!(said.contains("file/below: "), "{said}");
}

#[test]
fn a_network_is_named_as_in_configurations_and_said_first() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("file"), "in the way").unwrap();
    for (name, first) in [
        ("mlp", "mlp 784-300-100-10 on fashion-mnist-12k\n"),
        ("simple_cnn", "simple_cnn 1x28x28-"),
        ("simple-cnn-bn", "simple_cnn_bn 1x28x28-"),
        ("resnet", "resnet 8 layers, 1x28x28-"),
        ("densenet", "densenet "),
        ("lstm", "lstm "),
        ("bert", "bert "),
    ] {
        // It has to fit its data to come as far as its folder.
        let args = ["check", "--network", name, "--out", "file/below"];
        let output = run(&args, folder.path());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.starts_with(first), "{name}: {said}");
        assert!(said.contains("\nerror: file/below: "), "{name}: {said}");
        let differs = said.contains("; the paper's ");
        assert_eq!(differs, name != "mlp", "{name}: {said}");
    }
}

#[test]
fn another_network_is_refused_with_the_seven_names_and_one_beside_a_file_too() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("good.toml"), QUICK).unwrap();
    let said = refusal(&["check", "--network", "vgg"], folder.path());
    for part in [
        "invalid value 'vgg' for '--network <NAME>'",
        "mlp, simple_cnn, simple_cnn_bn, resnet, densenet, lstm, bert",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let both = ["check", "--network", "mlp", "--config", "good.toml"];
    let said = refusal(&both, folder.path());
    assert!(said.contains("cannot be used with '--config"), "{said}");
    assert!(!folder.path().join("breakeven-check").exists());
}
