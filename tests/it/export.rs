//! `breakeven export`.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

#[allow(dead_code)] // some of it is for the tests of verify alone
use crate::program::{self, run, stderr, stdout};
use crate::synthetic::{Synthetic, run_folder};

fn export(args: &[&str], folder: &Path) -> Output {
    run(&[&["export"], args].concat(), folder)
}

/// A sweep of 15 runs with 32 records each, one of them damaged.
fn sweep() -> TempDir {
    let parent = tempdir().unwrap();
    let folder = Synthetic::learning_rate().write(parent.path());
    fs::write(run_folder(&folder, 0.1, 64, 2).join("records.jsonl"), "{").unwrap();
    parent
}

#[test]
fn records_go_to_stdout_or_a_file_in_every_format() {
    let parent = sweep();
    let output = export(&["mlp-learning-rate", "--format", "csv"], parent.path());
    let text = stdout(&output);
    assert_eq!(text.lines().count(), 1 + 14 * 32);
    assert!(text.starts_with("sweep,run,seed,learning_rate,batch_size,momentum,converged,step,"));
    let said = stderr(&output);
    assert!(
        said.contains("left out: mlp-learning-rate, lr0.1-bs64-seed2: a file cannot be read: "),
        "{said}"
    );
    let output = export(&["mlp-learning-rate", "--format", "jsonl"], parent.path());
    let first = stdout(&output).lines().next().unwrap().to_owned();
    let first: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(
        (&first["step"], &first["lambda_h_status"]),
        (&0.into(), &"converged".into())
    );
    assert_eq!(first["trace_h"], Value::Null);
    let args = [
        "mlp-learning-rate",
        "--format",
        "parquet",
        "--out",
        "records.parquet",
    ];
    let output = export(&args, parent.path());
    assert_eq!(stdout(&output), "");
    let bytes = fs::read(parent.path().join("records.parquet")).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}

#[test]
fn a_table_of_runs_is_one_that_verify_reads() {
    let parent = sweep();
    let args = [
        "mlp-learning-rate",
        "--format",
        "csv",
        "--what",
        "runs",
        "--out",
        "runs.csv",
    ];
    stdout(&export(&args, parent.path()));
    let args = [
        "verify",
        "--table",
        "runs.csv",
        "--same-covariance",
        "--json",
    ];
    let answer: Value = serde_json::from_str(&stdout(&run(&args, parent.path()))).unwrap();
    assert_eq!(answer["summaries"].as_array().unwrap().len(), 14);
    let args = [
        "mlp-learning-rate",
        "--format",
        "jsonl",
        "--what",
        "verdicts",
    ];
    let first = stdout(&export(&args, parent.path()));
    let first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(
        first["id"],
        "mlp-learning-rate/max_lambda_k/learning_rate@batch_size=64"
    );
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let parent = sweep();
    let refusal = |args: &[&str]| program::refusal(&[&["export"], args].concat(), parent.path());
    assert!(refusal(&["nowhere", "--format", "csv"]).contains("cannot read nowhere"));
    assert!(refusal(&["mlp-learning-rate"]).contains("--format"));
    // What is left out is said before.
    let args = [
        "export",
        "mlp-learning-rate",
        "--format",
        "csv",
        "--out",
        "no/such.csv",
    ];
    let output = run(&args, parent.path());
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("cannot write no/such.csv"), "{said}");
}
