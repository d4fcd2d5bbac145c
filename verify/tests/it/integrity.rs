//! Files that changed on disk, and plans that changed after training.

use std::fs;
use std::path::{Path, PathBuf};

use breakeven_sim::record::ONE_DIMENSIONAL_MODEL;
use breakeven_verify::input::{Files, Plan, Run};
use breakeven_verify::integrity::Integrity;
use breakeven_verify::report::{self, ReportContext};
use breakeven_verify::verdict::Verdict;
use breakeven_verify::verdicts::Verdicts;
use breakeven_verify::{Sweep, read_sweep, verify};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::synthetic::{Synthetic, run_folder, seal};

/// Three learning rates and five seeds, with checksums and plan.
fn sealed() -> (TempDir, PathBuf) {
    let parent = tempdir().unwrap();
    let folder = Synthetic::learning_rate().write(parent.path());
    seal(&folder);
    (parent, folder)
}

fn judged(folder: &Path) -> (Verdicts, Vec<Sweep>) {
    let sweeps = vec![read_sweep(folder).unwrap()];
    (verify(&sweeps).unwrap(), sweeps)
}

fn markdown(verdicts: &Verdicts, sweeps: &[Sweep]) -> String {
    let context = ReportContext {
        version: "0".to_owned(),
        git: None,
        command: "breakeven verify".to_owned(),
        wall_time: None,
    };
    report::markdown(verdicts, sweeps, &context)
}

fn supported(verdicts: &Verdicts) -> usize {
    verdicts.count(Verdict::Supported)
}

fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn what_holds_is_said_and_what_nothing_vouches_for_too() {
    let (_parent, folder) = sealed();
    let (verdicts, sweeps) = judged(&folder);
    assert!(verdicts.excluded.is_empty() && verdicts.notes.is_empty());
    let found = serde_json::to_value(&verdicts.integrity).unwrap();
    let expected = json!([{
        "sweep": "mlp-learning-rate",
        "runs_checked": 15, "runs_unchecked": 0, "runs_changed": 0,
        "plan_kept": 15, "plan_unchecked": 0, "plan_changed": 0,
    }]);
    assert_eq!(found, expected);
    let text = markdown(&verdicts, &sweeps);
    assert!(
        text.contains("| Files | 15 runs: checksums hold |"),
        "{text}"
    );
    assert!(text.contains("(fixed in the sweep's configuration, before training)"));

    let parent = tempdir().unwrap();
    let (plain, sweeps) = judged(&Synthetic::learning_rate().write(parent.path()));
    assert_eq!(plain.hypotheses, verdicts.hypotheses);
    let text = markdown(&plain, &sweeps);
    for said in [
        "| Files | 15 runs: unchecked, as their files carry no checksums |",
        "| Plan | 15 runs: unchecked, as their headers carry no hash of the plan |",
        "(as the sweep's configuration has it now)",
    ] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    let found = Integrity::of(&sweeps[0]).unwrap();
    assert_eq!((found.runs_unchecked, found.plan_unchecked), (15, 15));
}

#[test]
fn another_plan_than_that_of_the_training_gives_no_verdict() {
    let (_parent, folder) = sealed();
    let config = folder.join("config.json");
    let whole = fs::read_to_string(&config).unwrap();
    let (before, _) = judged(&folder);
    assert!(supported(&before) > 0);
    for plan in [
        r#"{"alpha": 0.4}"#,
        r#"{"quantities": ["lambda_h"]}"#,
        r#"{"accuracy_threshold": 0.61}"#,
        r#"{"convergence": "completed"}"#,
    ] {
        replace(&config, r#""verify": {}"#, &format!(r#""verify": {plan}"#));
        let (verdicts, sweeps) = judged(&folder);
        for h in &verdicts.hypotheses {
            assert_eq!(h.verdict, Verdict::Inconclusive, "{plan}: {}", h.id);
        }
        let of_runs = verdicts.excluded.iter().filter(|e| e.run.is_some());
        assert_eq!(of_runs.count(), 15);
        let reason = &verdicts.excluded[0].reason;
        assert!(
            reason
                .starts_with("the plan in config.json is not the one that the run began with: put"),
            "{reason}"
        );
        assert!(
            verdicts.notes[0].contains("the plan in config.json"),
            "{:?}",
            verdicts.notes
        );
        assert!(markdown(&verdicts, &sweeps).contains("15 runs: began with another plan"));
        assert_eq!(verdicts.integrity[0].integrity.plan_changed, 15);
        fs::write(&config, &whole).unwrap();
    }
    // What verdicts do not depend on is no part of the plan, nor is the layout.
    let mut value: Value = serde_json::from_str(&whole).unwrap();
    value["model"] = "renamed".into();
    fs::write(&config, value.to_string()).unwrap();
    assert_eq!(judged(&folder).0.hypotheses, before.hypotheses);
}

#[test]
fn a_run_with_a_line_that_changed_is_left_out_and_the_line_named() {
    let (_parent, folder) = sealed();
    let run = run_folder(&folder, 0.1, 64, 2);
    let records = run.join("records.jsonl");
    let whole = fs::read_to_string(&records).unwrap();
    let second = whole.lines().nth(1).unwrap();
    let place = "SWEEP/runs/lr0.1-bs64-seed2/records.jsonl";
    let remedy = "; resume the sweep with `--resume`, which carries the run out anew";
    let reason = |text: &str| {
        fs::write(&records, text).unwrap();
        let (verdicts, _) = judged(&folder);
        assert_eq!(verdicts.integrity[0].integrity.runs_changed, 1);
        let exclusion = &verdicts.excluded[0];
        assert_eq!(exclusion.run.as_deref(), Some("lr0.1-bs64-seed2"));
        for h in &verdicts.hypotheses {
            // The seed has its other levels.
            assert_eq!(h.levels_of_seeds[2].len(), 2, "{}", h.id);
        }
        let reason = exclusion
            .reason
            .replace(&folder.display().to_string(), "SWEEP");
        assert!(reason.ends_with(remedy), "{reason}");
        reason
    };
    let changed = second.replacen("\"lambda_k\":0.", "\"lambda_k\":1.", 1);
    assert_ne!(changed, second);
    assert!(
        reason(&whole.replacen(second, &changed, 1)).starts_with(&format!(
            "a file has changed: {place}, line 2: its checksum says "
        ))
    );
    let broken = second.replacen("\"lambda_k\":", "\"lambda_k\";", 1);
    reason(&whole.replacen(second, &broken, 1));
    let lost = whole.replacen(&format!("{second}\n"), "", 1);
    assert!(reason(&lost).starts_with(&format!(
        "a file has changed: {place}: its lines are not those that were written"
    )));
    let twice = whole.replacen(second, &format!("{second}\n{second}"), 1);
    assert!(
        reason(&twice).contains("line 3: step 58 comes after step 58"),
        "{}",
        reason(&twice)
    );
    reason(&whole[..whole.len() - 20]);
    reason(whole.trim_end());
    fs::remove_file(&records).unwrap();
    let (verdicts, _) = judged(&folder);
    assert!(
        verdicts.excluded[0]
            .reason
            .contains("records.jsonl: it is missing")
    );
}

#[test]
fn a_run_whose_header_changed_is_left_out_by_its_folders_name() {
    let (_parent, folder) = sealed();
    let header = run_folder(&folder, 0.1, 64, 2).join("run.json");
    replace(&header, "\"seed\": 2", "\"seed\": 3");
    let (verdicts, sweeps) = judged(&folder);
    let exclusion = serde_json::to_value(&verdicts.excluded[0]).unwrap();
    assert_eq!(exclusion["scope"], "run");
    assert_eq!(exclusion["run"], "lr0.1-bs64-seed2");
    assert!(exclusion.get("seed").is_none());
    assert!(
        exclusion["reason"]
            .as_str()
            .unwrap()
            .contains("run.json: its checksum says ")
    );
    assert!(markdown(&verdicts, &sweeps).contains("lr0.1-bs64-seed2"));
    for entry in fs::read_dir(folder.join("runs")).unwrap() {
        let header = entry.unwrap().path().join("run.json");
        if !header.starts_with(run_folder(&folder, 0.1, 64, 2)) {
            replace(&header, "\"examples\": 12000", "\"examples\": 12001");
        }
    }
    let said = read_sweep(&folder).unwrap_err().to_string();
    assert!(
        said.contains("the headers of all its runs have changed"),
        "{said}"
    );
}

/// Whether two runs say the same.
fn is_same(a: &Run, b: &Run) -> bool {
    a.summary == b.summary
        && a.header == b.header
        && a.records == b.records
        && a.outcome == b.outcome
}

#[test]
fn every_flipped_bit_of_a_run_is_seen_or_changes_nothing() {
    let parent = tempdir().unwrap();
    let folder = Synthetic {
        learning_rates: vec![0.1],
        seeds: vec![0],
        verify: Some(json!({"convergence": "completed"})),
        ..Synthetic::learning_rate()
    }
    .write(parent.path());
    let run = run_folder(&folder, 0.1, 64, 0);
    let records = run.join("records.jsonl");
    let text = fs::read_to_string(&records).unwrap();
    let lines: Vec<&str> = text.lines().take(3).collect();
    fs::write(&records, lines.join("\n") + "\n").unwrap();
    seal(&folder);
    let whole = read_sweep(&folder).unwrap();
    assert_eq!(whole.runs[0].files, Some(Files::Checked));
    assert_eq!(whole.runs[0].plan, Some(Plan::Kept));
    assert!(whole.runs[0].summary.has_converged());
    for name in ["records.jsonl", "run.json", "outcome.json"] {
        let file = run.join(name);
        let bytes = fs::read(&file).unwrap();
        let mut left_out = 0;
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(&file, flipped).unwrap();
            match read_sweep(&folder) {
                // Named, and nothing is judged.
                Err(error) => assert!(error.to_string().contains(name), "{error}"),
                Ok(sweep) => match sweep.runs.first() {
                    Some(found) if found.summary.has_converged() => {
                        assert!(is_same(found, &whole.runs[0]), "{name}, bit {bit}");
                    }
                    _ => left_out += 1,
                },
            }
        }
        // Of a lone run whose header changed nothing is left to judge.
        let least = if name == "run.json" {
            0
        } else {
            7 * bytes.len()
        };
        assert!(
            left_out >= least,
            "{name}: {left_out} of {}",
            8 * bytes.len()
        );
        fs::write(&file, bytes).unwrap();
    }
}

#[test]
fn the_models_lambda_k_of_earlier_versions_is_that_of_the_per_example_k() {
    let (_parent, folder) = sealed();
    let lambda_k: Vec<_> = read_sweep(&folder).unwrap().runs[0]
        .records
        .iter()
        .map(|record| record.lambda_k)
        .collect();
    let parent = tempdir().unwrap();
    let old = Synthetic::learning_rate().write(parent.path());
    for entry in fs::read_dir(old.join("runs")).unwrap() {
        let header = entry.unwrap().path().join("run.json");
        replace(&header, "mlp 784-300-100-10", ONE_DIMENSIONAL_MODEL);
    }
    let sweep = read_sweep(&old).unwrap();
    for (record, lambda_k) in sweep.runs[0].records.iter().zip(lambda_k) {
        assert_eq!(record.lambda_k, None);
        assert_eq!(record.lambda_k_per_example, lambda_k);
    }
    let verdicts = verify(&[sweep]).unwrap();
    let quantities: Vec<String> = verdicts
        .hypotheses
        .iter()
        .map(|h| h.quantity.to_string())
        .collect();
    assert!(quantities.contains(&"max_lambda_k_per_example".to_owned()));
    assert!(!quantities.contains(&"max_lambda_k".to_owned()));
}
