//! Momentum as a third factor: groups, claims, fields and words.

use std::fmt::Write as _;
use std::path::Path;

use breakeven_sim::record::{RunHeader, TrainingOptions};
use breakeven_verify::quantity::{Direction, Factor};
use breakeven_verify::report::{self, ReportContext};
use breakeven_verify::verdict::Verdict;
use breakeven_verify::{Sweep, VerifySettings, parse_table, read_sweep, verify};
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::synthetic::{Synthetic, run_folder};

fn read(table: &str) -> Sweep {
    let settings = VerifySettings::default();
    parse_table(Path::new("three.csv"), table.as_bytes(), settings).unwrap()
}

/// λ_H ∝ √(S(1−β)/η) and λ_K*/λ_K ∝ 1/λ_H, for every combination of η, S and β.
fn table(etas: &[f64], sizes: &[u64], betas: &[f64], seeds: u64) -> String {
    let mut text =
        "seed,lr,batch_size,beta,max_lambda_h,max_condition_k,batches,covariance_batch_size"
            .to_owned();
    for seed in 0..seeds {
        for eta in etas {
            for size in sizes {
                for beta in betas {
                    let law = (*size as f64 * (1.0 - beta) / eta).sqrt();
                    let value = law * (1.0 + 0.1 * seed as f64);
                    write!(
                        text,
                        "\n{seed},{eta},{size},{beta},{value},{},25,128",
                        1.0 / value
                    )
                    .unwrap();
                }
            }
        }
    }
    text
}

fn context() -> ReportContext {
    ReportContext {
        version: "0.1.0".into(),
        git: None,
        command: "breakeven verify".into(),
        wall_time: None,
    }
}

/// By hand: η varies at 2·3 pairs of S and β, S at 2·3 of η and β, β at 2·2 of η
/// and S: 16 groups, with two quantities each.
#[test]
fn a_factors_group_fixes_all_other_factors() {
    let sweep = read(&table(&[0.01, 0.1], &[32, 64], &[0.0, 0.5, 0.9], 3));
    let verdicts = verify(&[sweep]).unwrap();
    let by = |factor| {
        verdicts
            .hypotheses
            .iter()
            .filter(move |h| h.factor == factor)
    };
    assert_eq!(by(Factor::LearningRate).count(), 12);
    assert_eq!(by(Factor::BatchSize).count(), 12);
    assert_eq!(by(Factor::Momentum).count(), 8);
    for h in &verdicts.hypotheses {
        let levels = if h.factor == Factor::Momentum { 3 } else { 2 };
        assert_eq!((h.levels.len(), h.seeds.len()), (levels, 3), "{}", h.id);
        // The law holds in each: all seeds are in order.
        assert_eq!(h.seeds_in_order, 3, "{}", h.id);
    }
    let ids: Vec<&str> = by(Factor::Momentum).map(|h| h.id.as_str()).collect();
    assert_eq!(
        ids[0],
        "three.csv/max_lambda_h/momentum@learning_rate=0.01,batch_size=32"
    );
    let first = by(Factor::LearningRate).next().unwrap();
    assert_eq!(
        first.id,
        "three.csv/max_lambda_h/learning_rate@batch_size=32,momentum=0"
    );
    let fields = |id: &str| {
        let all = serde_json::to_value(&verdicts.hypotheses).unwrap();
        let of_it = |h: &&Value| h["id"] == id;
        let found = all.as_array().unwrap().iter().find(of_it).unwrap();
        (found["fixed"].clone(), found["fixed_levels"].clone())
    };
    assert_eq!(
        fields("three.csv/max_condition_k/momentum@learning_rate=0.1,batch_size=64"),
        (
            json!(0.1),
            json!({ "learning_rate": 0.1, "batch_size": 64 })
        )
    );
    assert_eq!(
        fields("three.csv/max_lambda_h/batch_size@learning_rate=0.1,momentum=0.9"),
        (json!(0.1), json!({ "learning_rate": 0.1, "momentum": 0.9 }))
    );
}

/// Fig. 20: λ falls as β grows, λ*/λ rises; the slope is against 1/(1−β), so
/// that β = 0 has one too.
#[test]
fn a_larger_momentum_is_expected_to_act_like_a_larger_learning_rate() {
    let verdicts = verify(&[read(&table(&[0.1], &[64], &[0.0, 0.5, 0.9], 5))]).unwrap();
    let [lambda_h, condition] = &verdicts.hypotheses[..] else {
        panic!("{} hypotheses", verdicts.hypotheses.len())
    };
    for (h, expected, slope) in [
        (lambda_h, Direction::Decreasing, -0.5),
        (condition, Direction::Increasing, 0.5),
    ] {
        assert_eq!(h.factor, Factor::Momentum);
        assert_eq!(h.expected, expected);
        assert_eq!(h.verdict, Verdict::Supported, "{}", h.reason);
        // Page's L of five seeds in order at three levels: 5·(1 + 4 + 9).
        assert_eq!(h.page_l, Some(70.0));
        assert!((h.log_slope.unwrap() - slope).abs() < 1e-12);
    }
}

/// Where β does not vary, its column changes nothing but a note and the
/// summaries.
#[test]
fn one_momentum_for_all_runs_is_no_factor() {
    let with = table(&[0.01, 0.03, 0.1], &[64], &[0.9], 5);
    let without = with.replace(",beta,", ",nothing,");
    let of = |text: &str| serde_json::to_value(verify(&[read(text)]).unwrap()).unwrap();
    let (with, without) = (of(&with), of(&without));
    assert_eq!(with["hypotheses"], without["hypotheses"]);
    assert_eq!(with["hypotheses"][0].get("fixed_levels"), None);
    assert_eq!(with["summaries"][0]["momentum"], 0.9);
    assert_eq!(without["summaries"][0].get("momentum"), None);
    let said = with["notes"].to_string();
    assert!(said.contains("three.csv: trained with momentum."), "{said}");
    assert!(!said.contains("App. F"), "{said}");
}

#[test]
fn runs_that_do_not_count_are_named_with_their_momentum() {
    let text = table(&[0.1], &[64], &[0.0, 0.5, 0.9], 4).replacen("lr,", "converged,lr,", 1);
    let mut lines = text.lines().map(str::to_owned);
    let mut found = lines.next().unwrap();
    for line in lines {
        let (seed, rest) = line.split_once(',').unwrap();
        let counts = !line.starts_with("3,0.1,64,0.5,");
        write!(found, "\n{seed},{counts},{rest}").unwrap();
    }
    let sweeps = [read(&found)];
    let verdicts = verify(&sweeps).unwrap();
    let excluded = serde_json::to_value(&verdicts.excluded).unwrap();
    assert_eq!(excluded[0]["momentum"], 0.5);
    assert_eq!(excluded.as_array().unwrap().len(), 1);
    let terminal = report::terminal(&verdicts);
    assert!(
        terminal.contains("(η = 0.1, S = 64, β = 0.5, seed 3)"),
        "{terminal}"
    );
}

/// Sweep folders: β is that of the header, 0 of runs without `training`.
#[test]
fn a_sweep_folder_over_momenta_has_a_report_that_names_them() {
    let folder = tempdir().unwrap();
    let sweep = Synthetic {
        name: "by-momentum",
        learning_rates: vec![0.03],
        ..Synthetic::learning_rate()
    };
    let written = sweep.write(folder.path());
    for seed in &sweep.seeds {
        let plain = run_folder(&written, 0.03, 64, *seed);
        for beta in [0.5, 0.9] {
            let name = format!("lr0.03-bs64-beta{beta}-seed{seed}");
            let run = plain.with_file_name(&name);
            std::fs::create_dir(&run).unwrap();
            for file in ["records.jsonl", "outcome.json"] {
                std::fs::copy(plain.join(file), run.join(file)).unwrap();
            }
            let text = std::fs::read_to_string(plain.join("run.json")).unwrap();
            let mut header: RunHeader = serde_json::from_str(&text).unwrap();
            header.run = name;
            header.training = Some(TrainingOptions {
                momentum: Some(beta),
                weight_decay: Some(1e-4),
                ..TrainingOptions::default()
            });
            let text = serde_json::to_string(&header).unwrap();
            std::fs::write(run.join("run.json"), text).unwrap();
        }
    }
    let sweeps = [read_sweep(&written).unwrap()];
    let verdicts = verify(&sweeps).unwrap();
    assert!(
        verdicts
            .hypotheses
            .iter()
            .all(|h| h.factor == Factor::Momentum)
    );
    assert_eq!(verdicts.hypotheses[0].levels.len(), 3);
    // Copies of one run: equal values at every β.
    assert!(verdicts.hypotheses.iter().all(|h| h.tied_blocks == 5));

    let out = folder.path().join("report");
    report::write(&verdicts, &sweeps, &context(), &out).unwrap();
    let markdown = std::fs::read_to_string(out.join(report::MARKDOWN_FILE)).unwrap();
    for part in [
        "### β varies, η = 0.03, S = 64 (by-momentum)",
        "| Momenta β | 0, 0.5, 0.9 |",
        "| Training | weight decay 0.0001 on all |",
        "| Run | Seed | η | S | β | Counts |",
        "of β against log 1/(1−β)",
        "A larger momentum β is expected to act like a larger η",
        "λ\\_H falls as β grows",
        "The paper's theory is that of plain SGD",
        "That a larger β acts like a larger η is what the paper's App. F observes",
    ] {
        assert!(markdown.contains(part), "{part}: {markdown}");
    }
    let html = std::fs::read_to_string(out.join(report::HTML_FILE)).unwrap();
    assert!(html.contains("β varies, η = 0.03, S = 64"));
    let trajectories = html.matches("id=\"path-0-").count();
    assert!(trajectories >= 4, "{trajectories} figures");
    for beta in ["0", "0.5", "0.9"] {
        assert!(
            html.contains(&format!("β = {beta}: the mean of 5 seeds")),
            "{beta}"
        );
    }
    let terminal = report::terminal(&verdicts);
    assert!(
        terminal.contains("by-momentum, as β grows (0, 0.5, 0.9; η = 0.03, S = 64)"),
        "{terminal}"
    );
}

#[test]
fn a_run_whose_momentum_cannot_be_is_left_out() {
    let folder = tempdir().unwrap();
    let written = Synthetic::learning_rate().write(folder.path());
    let file = run_folder(&written, 0.01, 64, 0).join("run.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut header: RunHeader = serde_json::from_str(&text).unwrap();
    header.training = Some(TrainingOptions {
        momentum: Some(1.0),
        ..TrainingOptions::default()
    });
    std::fs::write(&file, serde_json::to_string(&header).unwrap()).unwrap();
    let sweep = read_sweep(&written).unwrap();
    let [lost] = &sweep.lost[..] else {
        panic!("{:?}", sweep.lost);
    };
    let expected = "training.momentum is 1; it has to be 0 or more and below 1";
    assert!(lost.reason.contains(expected), "{}", lost.reason);
}
