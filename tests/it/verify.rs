//! `breakeven verify`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::program::{self, VERDICT_FIELDS, command, json, run, stderr, stdout};
use crate::synthetic::{Synthetic, diverge, run_folder};

/// `breakeven verify` with `args` in `folder`.
fn verify(args: &[&str], folder: &Path) -> Output {
    run(&[&["verify"], args].concat(), folder)
}

/// What a call of it that has to fail says.
#[track_caller]
fn refusal(args: &[&str], folder: &Path) -> String {
    program::refusal(&[&["verify"], args].concat(), folder)
}

/// Both sweeps, with one run that diverged and one that is unfinished.
fn sweeps() -> TempDir {
    let parent = tempdir().unwrap();
    let by_learning_rate = Synthetic::learning_rate().write(parent.path());
    diverge(&run_folder(&by_learning_rate, 0.1, 64, 4));
    let by_batch_size = Synthetic::batch_size().write(parent.path());
    let unfinished = run_folder(&by_batch_size, 0.05, 256, 0);
    fs::remove_file(unfinished.join("outcome.json")).unwrap();
    parent
}

/// Five seeds: λ_K in order, λ*/λ at its initial value almost everywhere.
const TABLE: &str = "\
seed,learning_rate,batch_size,converged,max_lambda_k,max_lambda_k_step,max_condition_k,max_condition_k_step,comment
0,0.01,64,true,1.86,120,0.31,0,
0,0.03,64,true,1.34,120,0.31,0,
0,0.1,64,true,0.61,60,0.31,0,
1,0.01,64,true,1.90,120,0.29,0,
1,0.03,64,true,1.31,120,0.29,0,
1,0.1,64,true,0.66,60,0.29,0,
2,0.01,64,true,1.80,120,0.33,0,
2,0.03,64,true,1.38,120,0.33,0,
2,0.1,64,true,0.60,60,0.33,0,
3,0.01,64,true,1.88,120,0.28,0,
3,0.03,64,true,1.35,120,0.28,0,
3,0.1,64,true,0.58,60,0.28,0,
4,0.01,64,true,1.84,120,0.30,0,
4,0.03,64,true,1.33,120,0.30,0,
4,0.1,64,true,0.62,60,0.32,600,late
5,0.01,64,true,1.84,120,0.30,0,
5,0.03,64,true,1.33,120,0.30,0,
5,0.1,64,false,,,,,loss exploded
";

fn table(text: &str) -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("runs.csv"), text).unwrap();
    folder
}

/// Hides what changes with every release or commit.
fn without_version(text: &str) -> String {
    let line = |line: &str| {
        if line.starts_with("| Report by | ") {
            return "| Report by | [version] |".to_owned();
        }
        let line = line.replace(env!("CARGO_PKG_VERSION"), "[version]");
        // Where it was built from a commit.
        match line.split_once(", commit ") {
            Some((before, _)) if line.starts_with("  note = ") => format!("{before}}}"),
            _ => line,
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn sweeps_give_a_table_for_people() {
    let parent = sweeps();
    let output = verify(&["mlp-learning-rate", "mlp-batch-size"], parent.path());
    insta::assert_snapshot!("sweeps_terminal", stdout(&output));
}

#[test]
fn a_folder_of_sweeps_means_the_sweeps_in_it() {
    let parent = sweeps();
    let output = verify(&["."], parent.path());
    let named = verify(&["mlp-batch-size", "mlp-learning-rate"], parent.path());
    assert_eq!(stdout(&output), stdout(&named));
}

#[test]
fn a_report_holds_page_text_and_verdicts() {
    let parent = sweeps();
    let args = [
        "mlp-learning-rate",
        "mlp-batch-size",
        "--out",
        "report",
        "--json",
    ];
    let output = verify(&args, parent.path());
    let report = parent.path().join("report");
    let text = fs::read_to_string(report.join("report.md")).unwrap();
    insta::assert_snapshot!("sweeps_report_md", without_version(&text));
    assert_eq!(
        fs::read_to_string(report.join("verdicts.json")).unwrap(),
        stdout(&output)
    );
    let page = fs::read_to_string(report.join("report.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("breakeven verify mlp-learning-rate mlp-batch-size --out report --json"));
}

#[test]
fn a_table_gives_verdicts_as_json() {
    let folder = table(TABLE);
    let output = verify(&["--table", "runs.csv", "--json"], folder.path());
    insta::assert_snapshot!("table_verdicts_json", without_version(&stdout(&output)));
}

#[test]
fn the_fields_that_others_read_are_there() {
    let folder = table(TABLE);
    let output = verify(&["--table", "runs.csv", "--json"], folder.path());
    let answer: Value = serde_json::from_str(&stdout(&output)).unwrap();
    for hypothesis in answer["hypotheses"].as_array().unwrap() {
        for field in VERDICT_FIELDS {
            assert!(!hypothesis[field].is_null(), "{field}");
        }
    }
    assert!(answer["excluded"].is_array());
}

#[test]
fn a_level_can_be_chosen_for_a_table_but_not_for_sweeps() {
    let folder = table(TABLE);
    let output = verify(&["--table", "runs.csv", "--alpha", "0.0002"], folder.path());
    assert!(
        stdout(&output).contains("0 of 1 hypotheses supported"),
        "{}",
        stdout(&output)
    );
    let said = refusal(&["--table", "runs.csv", "--alpha", "2"], folder.path());
    assert!(
        said.starts_with("error: --alpha is 2; give a number above 0 and below 0.5"),
        "{said}"
    );
    let said = refusal(&["--table", "runs.csv", "--alpha", "0.5"], folder.path());
    assert!(said.starts_with("error: --alpha is 0.5; give"), "{said}");
    // Of earlier versions: it changes nothing, and says so.
    let with = |more: &[&str]| verify(&[&["--table", "runs.csv"], more].concat(), folder.path());
    let (before, now) = (with(&["--resamples", "50"]), with(&[]));
    assert_eq!(stdout(&before), stdout(&now));
    assert!(stderr(&before).contains("--resamples has no effect"));
    let said = refusal(&["somewhere", "--alpha", "0.1"], folder.path());
    assert!(said.contains("--alpha"), "{said}");
}

#[test]
fn primary_quantities_of_a_table_come_first() {
    let mut text = "seed,learning_rate,batch_size,max_lambda_k,max_lambda_h".to_owned();
    for seed in 0..5 {
        for (place, eta) in [0.01, 0.1].iter().enumerate() {
            let turned = if seed == 0 { 1 + place } else { 2 - place };
            text += &format!("\n{seed},{eta},64,{turned},{}", 2 - place);
        }
    }
    let folder = table(&text);
    let adjusted = |primary: &str| {
        let output = verify(
            &["--table", "runs.csv", "--json", "--primary", primary],
            folder.path(),
        );
        let hypotheses = json(&output)["hypotheses"].clone();
        [0, 1].map(|index: usize| hypotheses[index]["p_adjusted"].as_f64().unwrap())
    };
    // 6/32 of λ_K, which one seed goes against, and 1/32 of λ_H.
    assert_eq!(adjusted("max_lambda_k"), [0.1875, 0.1875]);
    assert_eq!(adjusted("max_lambda_h"), [0.1875, 0.03125]);
    let refused = |primary: &str| {
        refusal(
            &["--table", "runs.csv", "--primary", primary],
            folder.path(),
        )
    };
    let said = refused("lambda_k");
    assert!(said.contains("give names such as max_lambda_k"), "{said}");
    let said = refused("max_after_lambda_k");
    assert!(
        said.contains("--primary names max_after_lambda_k, which is described"),
        "{said}"
    );
    let said = refused("max_lambda_k,max_lambda_k");
    assert!(
        said.contains("--primary names max_lambda_k twice"),
        "{said}"
    );
}

/// The same answer however the table comes.
#[test]
fn a_table_comes_from_a_file_or_standard_input_in_any_form() {
    let folder = table(TABLE);
    let answer = |args: &[&str], input: &str| {
        let mut command = command(&[&["verify"], args].concat(), folder.path());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let text = stdout(&child.wait_with_output().unwrap());
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["hypotheses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|h| (h["p_adjusted"].clone(), h["verdict"].clone()))
            .collect::<Vec<_>>()
    };
    let expected = answer(&["--table", "runs.csv", "--json"], "");
    assert_eq!(expected[0].1, "supported");
    let german = TABLE.replace(',', ";").replace('.', ",");
    for input in [
        TABLE,
        &german,
        &format!("# a comment\n{}", TABLE.to_uppercase()),
    ] {
        assert_eq!(
            answer(&["--table", "-", "--json"], input),
            expected,
            "{input}"
        );
    }
}

#[test]
fn mini_batches_can_be_vouched_for() {
    let text = TABLE
        .replace(",0.01,64,", ",0.1,16,")
        .replace(",0.03,64,", ",0.1,32,");
    let folder = table(&text);
    let said = stdout(&verify(&["--table", "runs.csv"], folder.path()));
    assert!(said.contains("M of K^M not known where S varies"), "{said}");
    let vouched = ["--table", "runs.csv", "--same-covariance"];
    let said = stdout(&verify(&vouched, folder.path()));
    assert!(said.contains("✗ refuted"), "{said}");
    assert!(said.contains("as --same-covariance says"), "{said}");
}

#[test]
fn wrong_input_is_refused_with_the_offender_and_a_remedy() {
    let folder = table(&TABLE.replace("1.34", "NaN"));
    assert_eq!(
        refusal(&["--table", "runs.csv"], folder.path()),
        "error: runs.csv, line 3, column 5 (max_lambda_k): `NaN` is not a finite number; leave \
         the cell empty where nothing was measured\n"
    );
    let said = refusal(&["--table", "nowhere.csv"], folder.path());
    assert!(
        said.starts_with("error: cannot read nowhere.csv: "),
        "{said}"
    );
    let said = refusal(&["nowhere"], folder.path());
    assert!(said.starts_with("error: cannot read nowhere: "), "{said}");
    let said = refusal(&["."], folder.path());
    assert!(
        said.starts_with("error: .: it is no sweep folder, and holds none; give"),
        "{said}"
    );
    refusal(&[], folder.path());

    let parent = sweeps();
    let said = refusal(&["mlp-batch-size", "mlp-batch-size"], parent.path());
    assert!(
        said.starts_with("error: two sweeps are called `mlp-batch-size`; "),
        "{said}"
    );
    let records = run_folder(&parent.path().join("mlp-batch-size"), 0.05, 16, 1);
    let records = records.join("records.jsonl");
    let whole = fs::read_to_string(&records).unwrap();
    fs::write(&records, &whole[..whole.len() - 20]).unwrap();
    // The run's alone: the others are judged, and it is named.
    let output = stdout(&verify(&["mlp-batch-size"], parent.path()));
    assert!(output.contains("left out: "), "{output}");
    assert!(
        output.contains("records.jsonl, line 32, column "),
        "{output}"
    );
    assert!(output.contains("it is cut off"), "{output}");
    fs::write(&records, &whole).unwrap();

    let in_the_way = ["mlp-batch-size", "--out", "mlp-batch-size/config.json"];
    let said = refusal(&in_the_way, parent.path());
    assert!(
        said.starts_with("error: cannot write mlp-batch-size/config.json"),
        "{said}"
    );
}
