//! `breakeven verify --against`, `--junit`, `--markdown` and `--column`.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

#[allow(dead_code)] // some of it is for the tests of verify alone
use crate::program::{self, run, stderr};
use crate::synthetic::{Synthetic, diverge, run_folder};

fn verify(args: &[&str], folder: &Path) -> Output {
    run(&[&["verify"], args].concat(), folder)
}

fn refusal(args: &[&str], folder: &Path) -> String {
    program::refusal(&[&["verify"], args].concat(), folder)
}

/// A sweep, and in `base` the answer about it.
fn judged() -> TempDir {
    let parent = tempdir().unwrap();
    Synthetic::learning_rate().write(parent.path());
    let output = verify(&["mlp-learning-rate", "--out", "base"], parent.path());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    parent
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_same_runs_have_not_changed_and_their_verdicts_are_the_same_bytes() {
    let parent = judged();
    for baseline in ["base", "base/verdicts.json"] {
        let args = [
            "mlp-learning-rate",
            "--against",
            baseline,
            "--out",
            "now",
            "--json",
            "--junit",
            "verdicts.xml",
            "--markdown",
            "summary.md",
        ];
        let output = verify(&args, parent.path());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let answer: Value = serde_json::from_str(&text(&output)).unwrap();
        assert_eq!(answer["against"]["changed"], false);
        assert_eq!(answer["against"]["runs"]["identical"], 15);
        let read = |name: &str| fs::read_to_string(parent.path().join(name)).unwrap();
        assert_eq!(read("now/verdicts.json"), read("base/verdicts.json"));
        let beside: Value = serde_json::from_str(&read("now/against.json")).unwrap();
        assert_eq!(beside, answer["against"]);
        assert!(read("verdicts.xml").starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
        assert!(read("verdicts.xml").contains("failures=\"0\""));
        assert!(read("summary.md").contains("against the baseline: **nothing changed**"));
    }
}

#[test]
fn a_change_is_named_and_is_exit_code_1_once_everything_is_written() {
    let parent = judged();
    diverge(&run_folder(
        &parent.path().join("mlp-learning-rate"),
        0.1,
        64,
        4,
    ));
    let args = [
        "mlp-learning-rate",
        "--against",
        "base",
        "--out",
        "now",
        "--junit",
        "a.xml",
    ];
    let output = verify(&args, parent.path());
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(said.contains("1 run counted otherwise"), "{said}");
    assert!(
        said.contains("lr0.1-bs64-seed4: no longer counts (diverged after 301 steps"),
        "{said}"
    );
    assert!(stderr(&output).contains("changed since the baseline: "));
    for file in ["now/report.html", "now/against.json", "a.xml"] {
        assert!(parent.path().join(file).exists(), "{file}");
    }
    let xml = fs::read_to_string(parent.path().join("a.xml")).unwrap();
    assert!(xml.contains("failures=\"1\""), "{xml}");
}

#[test]
fn markdown_may_take_the_place_of_the_answer() {
    let parent = judged();
    let output = verify(&["mlp-learning-rate", "--markdown", "-"], parent.path());
    assert!(text(&output).starts_with("### breakeven verify\n"));
    let said = refusal(
        &["mlp-learning-rate", "--markdown", "-", "--json"],
        parent.path(),
    );
    assert!(said.contains("both print the answer"), "{said}");
}

#[test]
fn what_is_no_baseline_is_refused_before_any_run_is_read() {
    let parent = judged();
    let against = |baseline: &str| refusal(&["nowhere", "--against", baseline], parent.path());
    assert!(against("missing.json").starts_with("error: cannot read missing.json: "));
    let said = against("base/report.md");
    assert!(
        said.contains("base/report.md: it is no verdicts.json"),
        "{said}"
    );
    let said = refusal(
        &["mlp-learning-rate", "--against-alpha", "0.1"],
        parent.path(),
    );
    assert!(said.contains("--against"), "{said}");

    Synthetic::batch_size().write(parent.path());
    let said = refusal(&["mlp-batch-size", "--against", "base"], parent.path());
    assert!(
        said.contains("is about mlp-learning-rate, and these runs are of mlp-batch-size"),
        "{said}"
    );
}

#[test]
fn columns_of_another_program_are_read_under_their_names() {
    let folder = tempdir().unwrap();
    let table = "\"Name\",\"State\",\"config.lr\",\"batch size\",\"seed\",\"lambda_k_max\"\n\
                 \"a\",\"finished\",\"0.01\",\"64\",\"0\",\"2\"\n\
                 \"b\",\"crashed\",\"0.1\",\"64\",\"0\",\"1\"\n";
    fs::write(folder.path().join("wandb.csv"), table).unwrap();
    let with = |columns: &[&'static str]| {
        let given = columns.iter().flat_map(|&column| ["--column", column]);
        ["--table", "wandb.csv", "--json"]
            .into_iter()
            .chain(given)
            .collect::<Vec<_>>()
    };
    let all = [
        "learning_rate=config.lr",
        "converged=State",
        "max_lambda_k=lambda_k_max",
    ];
    let output = verify(&with(&all), folder.path());
    let answer: Value = serde_json::from_str(&text(&output)).unwrap();
    assert_eq!(answer["summaries"][0]["max_lambda_k"], 2.0);
    assert_eq!(
        answer["excluded"][0]["reason"],
        "did not finish: the table says crashed"
    );
    let said = refusal(&with(&["learning_rate=config.eta"]), folder.path());
    assert!(said.contains("there is no column `config.eta`"), "{said}");
    let said = refusal(&with(&["lerning_rate=config.lr"]), folder.path());
    assert!(said.contains("did you mean learning_rate?"), "{said}");
}
