//! Predictions as `verify` reads them.

use std::fs;
use std::path::Path;

use breakeven_sim::record::seal::sha256;
use breakeven_sim::record::{Digits, PREDICTIONS_FILE, Predictions, RunOutcome, RunStatus};
use breakeven_verify::read_predictions;
use tempfile::tempdir;

/// So many lines, at steps 0, 5, 10 and so on.
fn lines(count: u64) -> String {
    let line = |k: u64| {
        let predictions = Predictions {
            step: 5 * k,
            epoch: k as f64 / 2.0,
            classes: 2,
            precision: Digits::F64,
            probabilities: Ok(vec![0.25, 0.75]),
        };
        predictions.to_line().unwrap() + "\n"
    };
    (0..count).map(line).collect()
}

fn outcome(text: &str) -> RunOutcome {
    RunOutcome {
        status: RunStatus::Completed,
        steps: 15,
        reason: None,
        records_sha256: None,
        predictions_sha256: Some(sha256(text.as_bytes())),
    }
}

fn said(folder: &Path, text: &str, outcome: Option<&RunOutcome>) -> String {
    fs::write(folder.join(PREDICTIONS_FILE), text).unwrap();
    let error = read_predictions(folder, outcome).unwrap_err().to_string();
    error.replace(&folder.display().to_string(), "RUN")
}

#[test]
fn predictions_are_read_back_in_their_order() {
    let folder = tempdir().unwrap();
    let text = lines(3);
    fs::write(folder.path().join(PREDICTIONS_FILE), &text).unwrap();
    for outcome in [None, Some(outcome(&text))] {
        let read = read_predictions(folder.path(), outcome.as_ref()).unwrap();
        let steps: Vec<u64> = read.iter().map(|p| p.step).collect();
        assert_eq!(steps, [0, 5, 10]);
        assert_eq!(read[1].probabilities, Ok(vec![0.25, 0.75]));
    }
}

#[test]
fn what_changed_is_cut_off_or_missing_is_named_with_the_remedy() {
    let folder = tempdir().unwrap();
    let anew = "resume the sweep with `--resume`, which carries the run out anew";
    let missing = read_predictions(folder.path(), None).unwrap_err();
    let missing = missing.to_string();
    assert!(missing.ends_with("; train the run with prediction_examples in [measure]"));

    let text = lines(3);
    let written = outcome(&text);
    let found = said(folder.path(), &text.replacen("0.25", "0.35", 1), None);
    assert!(
        found.starts_with("RUN/predictions.jsonl, line 1: its checksum says "),
        "{found}"
    );
    assert!(found.ends_with(anew), "{found}");
    let lost = said(folder.path(), &lines(2), Some(&written));
    assert!(lost.starts_with("RUN/predictions.jsonl: its lines are not those that were written"));
    let twice = said(folder.path(), &(text.clone() + &lines(1)), Some(&written));
    assert_eq!(
        twice,
        format!("RUN/predictions.jsonl, line 4: step 0 comes after step 10; {anew}")
    );
    let cut = said(folder.path(), &text[..text.len() - 150], None);
    assert!(cut.contains("it is cut off"), "{cut}");
    assert!(
        cut.ends_with("which goes on from the run's checkpoint"),
        "{cut}"
    );
}
