//! Break-even points as Eq. 4 predicts them and as they are observed: hand-made
//! records with numbers worked out by hand.

use std::collections::BTreeMap;
use std::path::Path;

use breakeven_plot::Weight;
use breakeven_sim::record::{
    MiniBatches, Record, RunHeader, RunOutcome, RunStatus, TrainingOptions,
};
use breakeven_verify::VerifySettings;
use breakeven_verify::export::{parse_thresholds as parse, thresholds, write_csv};
use breakeven_verify::input::Run;
use breakeven_verify::summary::RunSummary;
use breakeven_verify::thresholds::{
    Located, Network, Observed, Predictor, Thresholds, figures, locate,
};

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
fn figures_show_the_runs_that_have_both_numbers() {
    let (first, second) = two_networks();
    let networks = [("MLP", &first), ("CNN", &second)].map(|(name, runs)| Network {
        name: name.to_owned(),
        runs: runs.iter().collect(),
    });
    let found = Thresholds::of(locate(&networks), 0.05);
    let all = Observed::ALL.map(|observed| figures(&found, observed));
    let figure = |index: usize| all[0][index].as_ref().unwrap();
    // Eq. 4 with α has the first network alone, 2/η has both.
    let labels = |index: usize| -> Vec<&str> {
        let points = figure(index)
            .curves
            .iter()
            .filter(|c| c.weight == Weight::Points);
        points.map(|c| c.label.as_deref().unwrap()).collect()
    };
    assert_eq!((labels(0), labels(3)), (vec!["MLP"], vec!["MLP", "CNN"]));
    assert_eq!(figure(3).curves[2].points[1], (40.0, 35.2));
    assert_eq!(figure(0).x.scale, figure(3).y.scale);
    // Upright lines from λ_H at step 20 to that at step 30, each a run.
    let upright = &figure(0).curves[1].points;
    assert_eq!(upright.len(), 3 * 3);
    let predicted = 20.0 - 2.0 / 11.0;
    assert_eq!(upright[..2], [(predicted, 8.0), (predicted, 16.0)]);

    let of_all = found.comparisons.iter().filter(|c| c.sweep.is_none());
    let compared: Vec<(usize, usize)> = of_all.map(|c| (c.runs, c.compared)).collect();
    let each = [(6, 3), (6, 6), (6, 6)];
    assert_eq!(compared, [each, each].concat());
    let networks = found.comparisons.iter().filter_map(|c| c.sweep.as_deref());
    assert_eq!(
        networks.collect::<Vec<_>>(),
        [["MLP"; 6], ["CNN"; 6]].concat()
    );
}

fn table(located: &[Located]) -> String {
    let mut text = Vec::new();
    write_csv(thresholds(located), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn a_table_has_the_numbers_and_is_read_back_as_it_was() {
    let (first, second) = two_networks();
    let mut stable = records();
    stable
        .iter_mut()
        .for_each(|record| record.stability = Some(0.5));
    let others = vec![
        completed(header("stable"), stable),
        run(
            header("late, \"odd\""),
            records(),
            Some(RunStatus::Diverged),
        ),
    ];
    let networks = [("MLP", &first), ("CNN", &second), ("Others", &others)];
    let networks = networks.map(|(name, runs)| Network {
        name: name.to_owned(),
        runs: runs.iter().collect(),
    });
    let located = locate(&networks);
    let text = table(&located);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 8);
    for (column, expected) in [
        ("network", "MLP"),
        ("run", "lr0.1"),
        ("seed", "0"),
        ("learning_rate", "0.1"),
        ("batch_size", "10"),
        ("break_even_step", "30"),
        ("predicted_at_step", "20"),
        ("learning_rate_there", "0.1"),
        ("lambda_h_there", "8.0"),
        ("lambda_k_per_example_there", "4.0"),
        ("alpha", "0.5"),
        ("lambda_k_there", "0.24242424242424243"),
        ("psi", "0.5"),
        ("curvature_variance", "44.0"),
        ("null", "20.0"),
        ("break_even_lambda_h", "16.0"),
        ("largest_lambda_h", "18.0"),
        ("largest_lambda_h_step", "40"),
        ("absent", ""),
    ] {
        assert_eq!(rows[0][column], expected, "{column}");
    }
    for (column, noise) in [("eq4", 2.0), ("eq4_mini_batch", 3.0), ("eq4_variance", 5.5)] {
        close(rows[0][column].parse().unwrap(), 20.0 - noise / 11.0);
    }
    assert_eq!(rows[3]["eq4"], "");
    assert_eq!(
        rows[3]["absent"],
        r#"{"eq4":"lambda_k_per_example was not measured at step 20"}"#
    );

    let read = parse(Path::new("runs.csv"), text.as_bytes()).unwrap();
    assert_eq!(table(&read), text);
    for (read, written) in read.iter().zip(&located) {
        assert_eq!(read.at, written.at);
        assert_eq!(read.predicted, written.predicted);
        assert_eq!(read.observed, written.observed);
        assert_eq!(read.inputs, written.inputs);
        assert_eq!(read.bracket.as_ref().ok(), written.bracket.as_ref().ok());
    }
}

#[test]
fn what_is_no_such_table_is_refused_with_its_place() {
    let (first, _) = two_networks();
    let network = Network {
        name: "MLP".to_owned(),
        runs: first.iter().collect(),
    };
    let text = table(&locate(&[network]));
    let refusal = |text: &str| {
        let error = parse(Path::new("runs.csv"), text.as_bytes()).unwrap_err();
        error.to_string()
    };
    let remedy = "; give a table that `breakeven export --what thresholds --format csv` writes";
    for (from, to, expected) in [
        (
            ",8.0,",
            ",inf,",
            "runs.csv, line 2, column 9 (lambda_h_there): inf is no finite number",
        ),
        (
            ",20.0,16.0,",
            ",0.0,16.0,",
            "runs.csv, line 2, column 18 (null): 0 is no λ_H above 0",
        ),
        (
            ",18.0,40,",
            ",18.0,,",
            "runs.csv, line 2, column 21 (largest_lambda_h_step): largest_lambda_h has no step",
        ),
        (
            ",30,20,",
            ",30,,",
            "runs.csv, line 2, column 7 (predicted_at_step): there is a prediction, and no step that it was made at",
        ),
        (
            ",30,20,",
            ",30,x,",
            "runs.csv, line 2, column 7 (predicted_at_step): invalid digit found in string",
        ),
        (",psi,", ",phi,", "runs.csv: there is no column psi"),
    ] {
        assert!(text.contains(from), "{from} is not in {text}");
        let said = refusal(&text.replacen(from, to, 1));
        assert!(said.starts_with(expected), "{said}");
        assert!(said.ends_with(remedy), "{said}");
    }
    let names = text.lines().next().unwrap();
    assert_eq!(
        refusal(names),
        format!("runs.csv: there are no rows{remedy}")
    );
    let cut = refusal(&format!("{names}\nMLP,lr0.1\n"));
    assert!(cut.starts_with("runs.csv, line 2: "), "{cut}");
    let odd = text.replacen(",40,\n", ",40,why\n", 1);
    let said = refusal(&odd);
    assert!(
        said.starts_with("runs.csv, line 2, column 22 (absent): no reasons by column"),
        "{said}"
    );
}

#[test]
fn without_runs_a_figure_is_absent_with_a_reason() {
    let mut stable = records();
    stable
        .iter_mut()
        .for_each(|record| record.stability = Some(0.5));
    let stable = completed(header("a"), stable);
    let of = |located| figures(&Thresholds::of(located, 0.05), Observed::BreakEven);
    let all = of(vec![located(&stable)]);
    assert_eq!(
        all[0].as_ref().unwrap_err(),
        "no run has both numbers, as in a: Eq. 1 holds at every record: no break-even point"
    );
    let none = of(Vec::new());
    assert_eq!(
        none[3].as_ref().unwrap_err(),
        "no run has both numbers, there are no runs"
    );
}
