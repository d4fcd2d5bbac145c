//! Break-even points as Eq. 4 predicts them and as they are observed: hand-made
//! records with numbers worked out by hand, and shares of variance as SciPy has
//! them.

use std::collections::BTreeMap;

use breakeven_plot::Weight;
use breakeven_sim::record::{
    MiniBatches, Record, RunHeader, RunOutcome, RunStatus, TrainingOptions,
};
use breakeven_verify::VerifySettings;
use breakeven_verify::input::Run;
use breakeven_verify::paper::thresholds::{
    Explained, Located, Network, Observed, Predictor, comparison, csv, explained, figures, locate,
};
use breakeven_verify::summary::RunSummary;
use serde::Deserialize;

/// η = 0.1, S = 10, N = 100: p = 90/(10 · 99) = 1/11.
fn header(run: &str) -> RunHeader {
    RunHeader {
        run: run.to_owned(),
        seed: 0,
        learning_rate: 0.1,
        batch_size: 10,
        model: "mlp".to_owned(),
        data: "hand".to_owned(),
        examples: 100,
        parameters: 5,
        steps: 40,
        training: None,
        pretrained: None,
        covariance: Some(MiniBatches {
            batches: 25,
            batch_size: 20,
        }),
        hessian_examples: None,
        version: "test".to_owned(),
        device: "flex f64".to_owned(),
        plan_sha256: None,
    }
}

/// α = 4/8 and ψ = 0.5 give α/ψ² = 2; s²/λ_H = 5.5. It breaks even at step 30.
fn records() -> Vec<Record> {
    let record = |step: u64, lambda_h, stability| Record {
        step,
        epoch: step as f64 / 10.0,
        lambda_h: Some(lambda_h),
        lambda_k_per_example: Some(4.0),
        lambda_k: Some(8.0 / 33.0),
        psi: Some(0.5),
        curvature_variance: Some(44.0),
        stability: Some(stability),
        ..Record::default()
    };
    vec![
        record(0, 5.0, 0.3),
        record(10, 6.0, 0.6),
        record(20, 8.0, 0.9),
        record(30, 16.0, 1.1),
        record(40, 18.0, 1.3),
        record(50, 12.0, 0.8),
    ]
}

fn run(header: RunHeader, records: Vec<Record>, status: Option<RunStatus>) -> Run {
    let outcome = status.map(|status| RunOutcome {
        status,
        steps: 40,
        reason: None,
        records_sha256: None,
        predictions_sha256: None,
    });
    Run {
        summary: RunSummary::of_run(
            &header,
            &records,
            outcome.as_ref(),
            &VerifySettings::default(),
        ),
        header: Some(header),
        records,
        outcome,
        plan: None,
        files: None,
    }
}

fn completed(header: RunHeader, records: Vec<Record>) -> Run {
    run(header, records, Some(RunStatus::Completed))
}

fn located(run: &Run) -> Located {
    let network = Network {
        name: "MLP".to_owned(),
        runs: vec![run],
    };
    locate(&[network]).remove(0)
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-12 * expected.abs(),
        "{found} instead of {expected}"
    );
}

#[test]
fn predictions_are_those_of_the_last_stable_record() {
    let found = located(&completed(header("a"), records()));
    assert_eq!(found.at, Ok(20));
    assert_eq!(found.break_even_step, Some(30));
    assert_eq!(found.inputs.alpha(), Some(0.5));
    let predicted = |predictor| found.predicted(predictor).clone().unwrap();
    // 2/0.1 − 2/11, 2/0.1 − 5.5/11, 2/0.1. For M = 20 K^M is 80/(20 · 99) = 4/99
    // of K: λ_K = (8/33)/(4/99) = 6, α/ψ² = 3.
    close(predicted(Predictor::Eq4), 20.0 - 2.0 / 11.0);
    close(predicted(Predictor::Eq4MiniBatch), 20.0 - 3.0 / 11.0);
    close(predicted(Predictor::Eq4Variance), 19.5);
    close(predicted(Predictor::Null), 20.0);
    assert_eq!(found.observed(Observed::BreakEven), &Ok((16.0, 30)));
    assert_eq!(found.observed(Observed::Largest), &Ok((18.0, 40)));
    assert_eq!(
        found.pair(Predictor::Null, Observed::Largest),
        Some((20.0, 18.0))
    );
}

#[test]
fn momentum_and_a_decayed_learning_rate_count() {
    let mut with = header("a");
    with.training = Some(TrainingOptions {
        momentum: Some(0.5),
        ..TrainingOptions::default()
    });
    let mut records = records();
    for record in &mut records[2..] {
        record.learning_rate = Some(0.05);
    }
    let found = located(&completed(with, records));
    // 2 · 1.5/0.05, and κ = 3 times the noise.
    close(found.predicted(Predictor::Null).clone().unwrap(), 60.0);
    close(
        found.predicted(Predictor::Eq4).clone().unwrap(),
        60.0 - 6.0 / 11.0,
    );
}

#[test]
fn what_does_not_exist_is_absent_with_its_reason() {
    let why = |run: &Run, predictor| located(run).predicted(predictor).clone().unwrap_err();
    let mut stable = records();
    stable
        .iter_mut()
        .for_each(|record| record.stability = Some(0.5));
    let stable = completed(header("a"), stable);
    assert_eq!(
        why(&stable, Predictor::Null),
        "Eq. 1 holds at every record: no break-even point"
    );
    assert_eq!(
        located(&stable)
            .observed(Observed::BreakEven)
            .clone()
            .unwrap_err(),
        "no break-even point"
    );
    let mut unmeasured = records();
    unmeasured
        .iter_mut()
        .for_each(|record| record.stability = None);
    assert_eq!(
        why(&completed(header("a"), unmeasured), Predictor::Null),
        "the left side of Eq. 1 was not measured"
    );
    let mut at_once = records();
    at_once[0].stability = Some(1.0);
    assert_eq!(
        why(&completed(header("a"), at_once), Predictor::Eq4),
        "unstable from the first record on"
    );
    let mut lacking = records();
    lacking[2].lambda_k_per_example = None;
    lacking[2].curvature_variance = None;
    let reason = "an example has no gradient of its own".to_owned();
    lacking[2].absent = BTreeMap::from([("curvature_variance".to_owned(), reason)]);
    let lacking = completed(header("a"), lacking);
    assert_eq!(
        why(&lacking, Predictor::Eq4),
        "lambda_k_per_example was not measured at step 20"
    );
    assert_eq!(
        why(&lacking, Predictor::Eq4Variance),
        "curvature_variance does not exist at step 20: an example has no gradient of its own"
    );
    assert!(located(&lacking).predicted(Predictor::Null).is_ok());
    let mut whole = header("a");
    whole.covariance = whole.covariance.map(|covariance| MiniBatches {
        batch_size: 100,
        ..covariance
    });
    assert_eq!(
        why(&completed(whole, records()), Predictor::Eq4MiniBatch),
        "K^M of all examples says nothing of single ones"
    );
    let mut noisy = records();
    noisy[2].lambda_k_per_example = Some(8.0 * 221.0 * 0.25);
    assert_eq!(
        why(&completed(header("a"), noisy), Predictor::Eq4),
        "no λ_H is stable: the noise alone breaks Eq. 1"
    );
    for (status, reason) in [
        (Some(RunStatus::Diverged), "the run diverged"),
        (None, "the run is unfinished"),
    ] {
        let found = located(&run(header("a"), records(), status));
        assert_eq!(found.observed(Observed::Largest), &Err(reason.to_owned()));
        assert!(found.observed(Observed::BreakEven).is_ok());
    }
    let empty = completed(header("a"), Vec::new());
    assert_eq!(why(&empty, Predictor::Null), "no records");
}

#[derive(Deserialize)]
struct Reference {
    good: Case,
    biased: Case,
    versions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Case {
    pairs: Vec<(f64, f64)>,
    r2_of_identity: f64,
    interval_of_identity: [f64; 2],
    r2_of_line: f64,
    interval_of_line: [f64; 2],
    slope: f64,
    intercept: f64,
}

#[test]
fn shares_of_variance_are_those_of_scipy() {
    let text = include_str!("../../../fixtures/reference/explained.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    assert_eq!(reference.versions["scipy"], "1.17.1");
    for case in [reference.good, reference.biased] {
        let Explained {
            runs,
            itself,
            fitted,
        } = explained(&case.pairs);
        let (itself, fitted) = (itself.unwrap(), fitted.unwrap());
        assert_eq!(runs, 24);
        close(itself.r2, case.r2_of_identity);
        close(fitted.share.r2, case.r2_of_line);
        close(fitted.slope, case.slope);
        close(fitted.intercept, case.intercept);
        for (found, expected) in [
            (itself.interval, case.interval_of_identity),
            (fitted.share.interval, case.interval_of_line),
        ] {
            // Two bootstraps of 9999 samples: percentiles differ by a few
            // hundredths of the interval's length.
            let length = expected[1] - expected[0];
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() <= 0.06 * length,
                    "{found} {expected}"
                );
            }
        }
    }
}

#[test]
fn what_has_no_variance_to_explain_says_so() {
    let two = explained(&[(1.0, 2.0), (3.0, 4.0)]);
    assert_eq!(two.itself.unwrap_err(), "2 runs: at least 3 are needed");
    assert_eq!(two.fitted.unwrap_err(), "2 runs: at least 3 are needed");
    let equal = explained(&[(1.0, 2.0), (3.0, 2.0), (4.0, 2.0)]);
    let why = "all observations are equal: there is no variance to explain";
    assert_eq!(equal.itself.unwrap_err(), why);
    let one_level = explained(&[(20.0, 10.0), (20.0, 12.0), (20.0, 15.0)]);
    // ln 20 against ln 10, 12 and 15: worse than their mean.
    assert!(one_level.itself.unwrap().r2 < 0.0);
    assert_eq!(
        one_level.fitted.unwrap_err(),
        "all predictions are equal: no line can be fitted"
    );
    let exact = explained(&[(1.0, 1.0), (2.0, 2.0), (5.0, 5.0)]);
    let share = exact.itself.unwrap();
    assert_eq!((share.r2, share.interval), (1.0, [1.0, 1.0]));
}

/// Two networks: of the second the per-example K was not measured.
fn two_networks() -> (Vec<Run>, Vec<Run>) {
    let at = |eta: f64, scale: f64, per_example: bool| {
        let mut header = header(&format!("lr{eta}"));
        header.learning_rate = eta;
        let mut records = records();
        for record in &mut records {
            record.lambda_h = record.lambda_h.map(|lambda| scale * lambda);
            if !per_example {
                record.lambda_k_per_example = None;
            }
        }
        completed(header, records)
    };
    let rates = [(0.1, 1.0), (0.05, 2.2), (0.02, 4.5)];
    (
        rates.map(|(eta, scale)| at(eta, scale, true)).into(),
        rates.map(|(eta, scale)| at(eta, 0.8 * scale, false)).into(),
    )
}

#[test]
fn figures_and_tables_show_the_runs_that_have_both_numbers() {
    let (first, second) = two_networks();
    let networks = [("MLP", &first), ("CNN", &second)].map(|(name, runs)| Network {
        name: name.to_owned(),
        runs: runs.iter().collect(),
    });
    let located = locate(&networks);
    let all = figures(&located);
    assert_eq!(all.len(), 8);
    let figure = |index: usize| all[index].as_ref().unwrap();
    // Eq. 4 with α has the first network alone, 2/η has both.
    let labels = |index: usize| -> Vec<&str> {
        let points = figure(index)
            .curves
            .iter()
            .filter(|c| c.weight == Weight::Points);
        points.map(|c| c.label.as_deref().unwrap()).collect()
    };
    assert_eq!((labels(0), labels(3)), (vec!["MLP"], vec!["MLP", "CNN"]));
    assert_eq!(figure(3).curves[1].points[1], (40.0, 35.2));
    assert_eq!(figure(0).x.scale, figure(3).y.scale);

    let rows = comparison(&located);
    let numbers: Vec<(usize, usize)> = rows
        .iter()
        .map(|row| (row.explained.runs, row.null.runs))
        .collect();
    let each = [(3, 3), (6, 6), (6, 6), (6, 6)];
    assert_eq!(numbers, [each, each].concat());
    assert_eq!(rows[3].explained, rows[3].null);

    let text = csv(&located).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2 + 6);
    let cells: Vec<&str> = lines[2].split(',').collect();
    let known = "MLP lr0.1 0 0.1 10 30 20 0.1 8 0.5 0.24242424242424243 0.5 44";
    assert_eq!(cells[..13].join(" "), known);
    let predicted: Vec<f64> = cells[13..17].iter().map(|x| x.parse().unwrap()).collect();
    for (found, noise) in predicted.into_iter().zip([2.0, 3.0, 5.5, 0.0]) {
        close(found, 20.0 - noise / 11.0);
    }
    assert_eq!(cells[17..], ["16", "18", "40", ""]);
    assert!(
        lines[5].ends_with("lambda_k_per_example was not measured at step 20"),
        "{}",
        lines[5]
    );
}

#[test]
fn without_runs_a_figure_is_absent_with_a_reason() {
    let mut stable = records();
    stable
        .iter_mut()
        .for_each(|record| record.stability = Some(0.5));
    let stable = completed(header("a"), stable);
    let all = figures(&[located(&stable)]);
    assert_eq!(
        all[0].as_ref().unwrap_err(),
        "no run has both numbers, as in a: Eq. 1 holds at every record: no break-even point"
    );
    let none = figures(&[]);
    assert_eq!(
        none[7].as_ref().unwrap_err(),
        "no run has both numbers, there are no runs"
    );
}
