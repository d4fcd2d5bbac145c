//! Sweep folders: what they say, and what is refused.

use std::fs;
use std::path::Path;

use breakeven_verify::quantity::Factor;
use breakeven_verify::verdict::Verdict;
use breakeven_verify::{read_sweep, verify};
use serde_json::json;
use tempfile::tempdir;

use crate::synthetic::{Synthetic, diverge, run_folder};

fn error(sweep: &Path) -> String {
    read_sweep(sweep)
        .unwrap_err()
        .to_string()
        .replace(&sweep.display().to_string(), "SWEEP")
}

#[test]
fn two_sweeps_are_one_family_and_never_pooled() {
    let parent = tempdir().unwrap();
    let sweeps = [Synthetic::learning_rate(), Synthetic::batch_size()]
        .map(|sweep| read_sweep(&sweep.write(parent.path())).unwrap());
    let verdicts = verify(&sweeps).unwrap();
    // 4 quantities × 2 statistics in each, and a third that is not tested.
    assert_eq!(verdicts.hypotheses.len(), 16);
    assert_eq!(verdicts.descriptive.len(), 8);
    for h in &verdicts.hypotheses {
        let by = if h.factor == Factor::LearningRate {
            "mlp-learning-rate"
        } else {
            "mlp-batch-size"
        };
        assert_eq!(h.sweep, by);
        assert!(h.id.starts_with(by), "{}", h.id);
        assert_eq!(h.levels.len(), 3);
    }
    let max_lambda_h = &verdicts.hypotheses[2];
    assert_eq!(
        max_lambda_h.id,
        "mlp-learning-rate/max_lambda_h/learning_rate@batch_size=64"
    );
    assert_eq!(max_lambda_h.verdict, Verdict::Supported);
    assert!(verdicts.excluded.is_empty());
}

#[test]
fn another_batch_size_for_k_makes_its_quantities_incomparable() {
    let parent = tempdir().unwrap();
    let sweep = Synthetic {
        measured_batch: None,
        ..Synthetic::batch_size()
    };
    let sweep = read_sweep(&sweep.write(parent.path())).unwrap();
    for h in verify(&[sweep]).unwrap().hypotheses {
        let of_k = h.quantity.quantity.is_of_mini_batches();
        assert_eq!(
            h.reason.contains("K^M was measured with different L or M"),
            of_k
        );
        if of_k {
            assert_eq!(h.verdict, Verdict::Inconclusive);
        }
    }
}

#[test]
fn unfinished_and_diverged_runs_are_left_out_and_listed() {
    let parent = tempdir().unwrap();
    let folder = Synthetic::learning_rate().write(parent.path());
    diverge(&run_folder(&folder, 0.1, 64, 2));
    fs::remove_file(run_folder(&folder, 0.03, 64, 4).join("outcome.json")).unwrap();
    let verdicts = verify(&[read_sweep(&folder).unwrap()]).unwrap();
    let excluded = serde_json::to_value(&verdicts.excluded).unwrap();
    assert_eq!(excluded[0]["run"], "lr0.03-bs64-seed4");
    assert_eq!(excluded[0]["reason"], "unfinished: it has no outcome yet");
    assert_eq!(excluded[1]["run"], "lr0.1-bs64-seed2");
    assert_eq!(
        excluded[1]["reason"],
        "diverged after 301 steps: the loss is not finite"
    );
    // Their seeds are tested at the levels that they have left.
    for h in &verdicts.hypotheses {
        assert_eq!(h.seeds, [0, 1, 2, 3, 4]);
        let levels: Vec<usize> = h.levels_of_seeds.iter().map(Vec::len).collect();
        assert_eq!(levels, [3, 3, 2, 3, 2]);
        assert!(
            h.missing_runs
                .as_ref()
                .is_none_or(|missing| missing.count == 2)
        );
    }
}

#[test]
fn settings_come_from_the_sweeps_configuration() {
    let parent = tempdir().unwrap();
    let sweep = Synthetic {
        verify: Some(json!({
            "alpha": 0.01,
            "convergence": { "final_training_accuracy": 0.899 },
            "statistics": ["max"],
            "quantities": ["lambda_h"],
        })),
        ..Synthetic::learning_rate()
    };
    let verdicts = verify(&[read_sweep(&sweep.write(parent.path())).unwrap()]).unwrap();
    assert_eq!(verdicts.alpha, 0.01);
    assert_eq!(verdicts.hypotheses.len(), 1);
    // 0.9 − 0.8·exp(−31/32·(6 + 80η)) is below 0.899 for η = 0.01 alone.
    let reason = "did not converge: final training accuracy 0.899 is below 0.899";
    assert_eq!(
        verdicts
            .excluded
            .iter()
            .filter(|e| e.reason == reason)
            .count(),
        5
    );
}

#[test]
fn a_configuration_without_settings_is_noted() {
    let parent = tempdir().unwrap();
    let sweep = Synthetic {
        verify: None,
        ..Synthetic::learning_rate()
    };
    let verdicts = verify(&[read_sweep(&sweep.write(parent.path())).unwrap()]).unwrap();
    assert_eq!(verdicts.notes.len(), 1);
    assert!(
        verdicts.notes[0].contains("has no `verify` table"),
        "{}",
        verdicts.notes[0]
    );
}

/// Why the one run that does not count is left out.
#[track_caller]
fn left_out(sweep: &Path) -> String {
    let found = verify(&[read_sweep(sweep).unwrap()]).unwrap();
    let of_runs: Vec<_> = found.excluded.iter().filter(|e| e.run.is_some()).collect();
    let [exclusion] = of_runs[..] else {
        panic!("{:?}", found.excluded)
    };
    assert_eq!(exclusion.run.as_deref(), Some("lr0.1-bs64-seed2"));
    assert!(
        found.notes[0].contains("files of 1 run cannot be read"),
        "{:?}",
        found.notes
    );
    exclusion
        .reason
        .replace(&sweep.display().to_string(), "SWEEP")
}

#[test]
fn runs_that_cannot_be_read_are_left_out_and_named_and_the_others_judged() {
    let parent = tempdir().unwrap();
    let folder = Synthetic::learning_rate().write(parent.path());
    let run = run_folder(&folder, 0.1, 64, 2);
    let records = run.join("records.jsonl");
    let whole = fs::read_to_string(&records).unwrap();
    let last = whole.trim_end().rfind('\n').unwrap() + 1;
    for (text, message) in [
        (
            whole[..last + 9].to_owned(),
            "a file cannot be read: SWEEP/runs/lr0.1-bs64-seed2/records.jsonl, line 32, column 9: \
             it is cut off (EOF while parsing an object); remove the run's folder, then resume \
             the sweep with `--resume`",
        ),
        (
            whole.replacen("\"lambda_k\":", "\"lambda_q\":", 1),
            "unknown field `lambda_q`",
        ),
        (
            whole.replacen("\"epoch\":0.0", "\"epoch\":NaN", 1),
            "SWEEP/runs/lr0.1-bs64-seed2/records.jsonl, line 1, column 19: expected value; \
             correct it, or remove the run's folder, then resume the sweep with `--resume`",
        ),
        (
            whole.clone() + &whole,
            "SWEEP/runs/lr0.1-bs64-seed2/records.jsonl, line 33: step 0 comes after step 1821; \
             steps have to rise; remove the lines that were written twice, or remove the run's \
             folder, then resume the sweep with `--resume`",
        ),
    ] {
        fs::write(&records, text).unwrap();
        let found = left_out(&folder);
        assert!(found.contains(message), "{found}");
    }
    fs::remove_file(&records).unwrap();
    let missing = left_out(&folder);
    assert!(
        missing.starts_with(
            "a file cannot be read: cannot read SWEEP/runs/lr0.1-bs64-seed2/records.jsonl: "
        ),
        "{missing}"
    );
    fs::write(&records, &whole).unwrap();

    for (file, from, to, message) in [
        (
            "run.json",
            "\"learning_rate\": 0.1",
            "\"learning_rate\": 0",
            "run.json: learning_rate is 0; it has to be above 0",
        ),
        (
            "run.json",
            "\"seed\": 2",
            "\"seed\": two",
            "run.json, line 3, column 12: expected",
        ),
        (
            "outcome.json",
            "completed",
            "finished",
            "unknown variant `finished`",
        ),
    ] {
        let text = fs::read_to_string(run.join(file)).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(run.join(file), text.replace(from, to)).unwrap();
        let found = left_out(&folder);
        assert!(found.contains(message), "{found}");
        fs::write(run.join(file), text).unwrap();
    }
    fs::remove_file(run.join("run.json")).unwrap();
    assert!(left_out(&folder).contains("cannot read SWEEP/runs/lr0.1-bs64-seed2/run.json: "));

    let read = read_sweep(&folder).unwrap();
    assert_eq!((read.runs.len(), read.lost.len()), (14, 1));
    for entry in fs::read_dir(folder.join("runs")).unwrap() {
        let header = entry.unwrap().path().join("run.json");
        fs::write(header, "{").unwrap();
    }
    let found = error(&folder);
    assert!(found.contains("the headers of all its runs have changed or cannot be read"));
}

#[test]
fn runs_of_another_version_are_left_out_and_named() {
    let parent = tempdir().unwrap();
    let folder = Synthetic::learning_rate().write(parent.path());
    let set_version = |learning_rate: f64, seed: u64, version: &str| {
        let header = run_folder(&folder, learning_rate, 64, seed).join("run.json");
        let text = fs::read_to_string(&header).unwrap();
        let said = |version: &str| format!("\"version\": \"{version}\"");
        fs::write(header, text.replace(&said("0.1.0"), &said(version))).unwrap();
    };
    // Another commit is no other version.
    set_version(0.01, 0, "0.1.0 (1a2b3c4)");
    let excluded = || verify(&[read_sweep(&folder).unwrap()]).unwrap().excluded;
    assert_eq!(excluded(), []);
    set_version(0.1, 2, "0.2.0 (1a2b3c4)");
    let found = excluded();
    assert_eq!(found[0].run.as_deref(), Some("lr0.1-bs64-seed2"));
    assert_eq!(
        found[0].reason,
        "of another version: measured by breakeven 0.2.0, and 14 of 15 runs of the sweep by \
         0.1.0, whose numbers may differ; train the sweep anew with one version"
    );
}

#[test]
fn bad_folders_are_refused_with_their_place_and_a_remedy() {
    let parent = tempdir().unwrap();
    let folder = Synthetic::learning_rate().write(parent.path());
    let run = run_folder(&folder, 0.1, 64, 2);
    let missing = error(&parent.path().join("nowhere"));
    assert!(
        missing.starts_with("cannot read SWEEP/config.json: "),
        "{missing}"
    );
    assert!(
        missing.ends_with("with config.json and runs/ in it"),
        "{missing}"
    );

    let header = fs::read_to_string(run.join("run.json")).unwrap();
    fs::write(
        run.join("run.json"),
        header.replace("\"seed\": 2", "\"seed\": 3"),
    )
    .unwrap();
    assert_eq!(
        error(&folder),
        "SWEEP/runs/lr0.1-bs64-seed3: seed 3, learning_rate 0.1, batch_size 64 was given before, \
         in SWEEP/runs/lr0.1-bs64-seed2; keep one of the two folders"
    );
    fs::write(run.join("run.json"), &header).unwrap();

    fs::write(
        folder.join("config.json"),
        "{\n  \"verify\": {\"alfa\": 0.1}\n}",
    )
    .unwrap();
    let found = error(&folder);
    assert!(
        found.starts_with("SWEEP/config.json, line 2, column 19: unknown field `alfa`"),
        "{found}"
    );
    fs::write(folder.join("config.json"), "{").unwrap();
    let found = error(&folder);
    let remedy = "remove the file, then resume the sweep with `--resume`, which writes it anew";
    assert!(found.ends_with(remedy), "{found}");
    fs::write(folder.join("config.json"), "{\"verify\": {\"alpha\": 5.0}}").unwrap();
    let found = error(&folder);
    assert!(
        found.starts_with("SWEEP/config.json: verify.alpha is 5; give"),
        "{found}"
    );
    fs::write(folder.join("config.json"), "{}").unwrap();

    fs::remove_dir_all(folder.join("runs")).unwrap();
    assert!(error(&folder).starts_with("cannot read SWEEP/runs: "));
    fs::create_dir(folder.join("runs")).unwrap();
    assert!(error(&folder).starts_with("SWEEP/runs: there are no runs in it; "));
}

#[test]
fn the_cut_records_of_an_unfinished_run_need_no_new_start() {
    let parent = tempdir().unwrap();
    let folder = Synthetic::learning_rate().write(parent.path());
    let run = run_folder(&folder, 0.1, 64, 2);
    fs::remove_file(run.join("outcome.json")).unwrap();
    let records = run.join("records.jsonl");
    let whole = fs::read_to_string(&records).unwrap();
    fs::write(&records, &whole[..whole.len() - 20]).unwrap();
    let found = left_out(&folder);
    assert!(found.starts_with("unfinished: SWEEP/runs/"), "{found}");
    let remedy = "resume the sweep with `--resume`, which goes on from the run's checkpoint";
    assert!(found.ends_with(remedy), "{found}");
}

#[test]
fn hidden_folders_are_not_runs() {
    let parent = tempdir().unwrap();
    let folder = Synthetic::learning_rate().write(parent.path());
    fs::create_dir(folder.join("runs/.ipynb_checkpoints")).unwrap();
    assert_eq!(read_sweep(&folder).unwrap().runs.len(), 15);
}

#[test]
fn a_damaged_environment_is_named() {
    let parent = tempdir().unwrap();
    let folder = Synthetic::learning_rate().write(parent.path());
    fs::write(folder.join("environment.json"), "{").unwrap();
    let found = error(&folder);
    assert!(
        found.starts_with("SWEEP/environment.json, line 1"),
        "{found}"
    );
    assert!(
        found.ends_with("remove the file: no verdict depends on it"),
        "{found}"
    );
}
