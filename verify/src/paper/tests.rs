//! Panels of hand-made records, against values computed by hand.

mod spectra;

use std::collections::BTreeMap;

use breakeven_sim::record::{Digits, Predictions, Record, RunHeader, RunOutcome, RunStatus};

use super::compared::compare;
use super::drawing::{Drawing, draw};
use super::*;
use crate::VerifySettings;
use crate::input::{Run, SettingsOrigin, Source, Sweep};
use crate::settings::ConvergenceRule;
use crate::summary::RunSummary;
use crate::trajectories::Whose;
use breakeven_plot::{Across, Shape};

fn header(learning_rate: f64, seed: u64) -> RunHeader {
    RunHeader {
        run: format!("lr{learning_rate}-seed{seed}"),
        seed,
        learning_rate,
        batch_size: 128,
        model: "m".into(),
        data: "d".into(),
        examples: 1280,
        parameters: 100,
        steps: 30,
        training: None,
        pretrained: None,
        covariance: None,
        hessian_examples: None,
        version: "0".into(),
        device: "none".into(),
        plan_sha256: None,
    }
}

/// A run that counts if it is completed.
fn run(learning_rate: f64, seed: u64, status: RunStatus, records: Vec<Record>) -> Run {
    let header = header(learning_rate, seed);
    let outcome = RunOutcome {
        status,
        steps: 30,
        reason: None,
        records_sha256: None,
        predictions_sha256: None,
    };
    let summary = RunSummary::of_run(&header, &records, Some(&outcome), &settings());
    Run {
        summary,
        header: Some(header),
        records,
        outcome: Some(outcome),
        plan: None,
        files: None,
    }
}

fn settings() -> VerifySettings {
    VerifySettings {
        convergence: ConvergenceRule::Completed,
        accuracy_threshold: 0.5,
        ..VerifySettings::default()
    }
}

fn sweep(runs: Vec<Run>) -> Sweep {
    Sweep {
        name: "s".into(),
        source: Source::Folder,
        settings: settings(),
        settings_origin: SettingsOrigin::Config,
        config: None,
        training_command: None,
        runs,
        same_covariance: true,
        lost: Vec::new(),
        missing: Vec::new(),
        notes: Vec::new(),
    }
}

/// Records at steps 0, 10, 20, …, an epoch each ten steps, from
/// (λ_K, λ_H, accuracy, left side of Eq. 1).
fn records(rows: &[(f64, f64, f64, f64)]) -> Vec<Record> {
    (0..)
        .zip(rows)
        .map(|(k, &(lambda_k, lambda_h, accuracy, stability))| Record {
            step: 10 * k,
            epoch: k as f64,
            lambda_k: Some(lambda_k),
            lambda_h: Some(lambda_h),
            training_accuracy: Some(accuracy),
            stability: Some(stability),
            ..Record::default()
        })
        .collect()
}

const ID: &str = "simplecnn-cifar10-learning-rate";

/// Two seeds that count at η = 0.1, one that diverged, and one at η = 0.01.
fn three_levels() -> Sweep {
    let done = RunStatus::Completed;
    sweep(vec![
        run(
            0.01,
            0,
            done,
            records(&[(4.0, 9.0, 0.1, 0.0), (6.0, 8.0, 0.2, 0.0)]),
        ),
        run(
            0.1,
            0,
            done,
            records(&[
                (1.0, 5.0, 0.1, 0.2),
                (3.0, 7.0, 0.6, 1.0),
                (2.0, 6.0, 0.7, 1.2),
            ]),
        ),
        run(
            0.1,
            1,
            done,
            records(&[
                (3.0, 6.0, 0.1, 0.1),
                (5.0, 8.0, 0.4, 0.3),
                (4.0, 4.0, 0.8, 0.4),
            ]),
        ),
        run(
            0.1,
            2,
            RunStatus::Diverged,
            records(&[(90.0, 90.0, 0.1, 9.0)]),
        ),
    ])
}

fn drawings(number: u32, sweep: &Sweep, aids: &Aids) -> Vec<Result<Drawing, String>> {
    let sweeps = BTreeMap::from([(ID.to_owned(), sweep.clone())]);
    let figure = paper().figure(number).unwrap();
    let panels = draw(paper(), figure, &sweeps, &Predicted::new(), aids);
    panels.into_iter().map(|panel| panel.drawing).collect()
}

fn drawing(number: u32, panel: usize, sweep: &Sweep) -> Drawing {
    drawings(number, sweep, &Aids::default())
        .swap_remove(panel)
        .unwrap()
}

fn points(drawing: &Drawing, level: &str, whose: Whose) -> Vec<(f64, f64)> {
    let mut series = drawing.series.iter();
    let found = series.find(|one| one.level == level && one.whose == whose);
    found.unwrap().curve.points.clone()
}

#[test]
fn a_mean_is_over_the_seeds_that_count() {
    let drawn = drawing(4, 0, &three_levels());
    let mean = points(&drawn, "η = 0.1", Whose::Mean);
    assert_eq!(mean, [(0.0, 2.0), (1.0, 4.0), (2.0, 3.0)]);
    assert_eq!(points(&drawn, "η = 0.1", Whose::Seed(2)), [(0.0, 90.0)]);
    // The scale is that of the runs that count.
    assert!(drawn.figure.y.scale.ends().1 < 10.0);
    let labels: Vec<_> = drawn
        .figure
        .curves
        .iter()
        .filter_map(|c| c.label.as_deref())
        .collect();
    assert_eq!(labels, ["η = 0.01", "η = 0.1"]);
}

#[test]
fn break_even_points_and_matched_accuracy_are_marked() {
    let drawn = drawing(4, 0, &three_levels());
    let of_seed = |seed| {
        let is_it = |one: &&crate::trajectories::Series| {
            one.level == "η = 0.1" && one.whose == Whose::Seed(seed)
        };
        &drawn.series.iter().find(is_it).unwrap().curve.marks
    };
    assert_eq!(of_seed(0).len(), 1);
    assert_eq!(
        (of_seed(0)[0].at, of_seed(0)[0].shape),
        ((1.0, 3.0), Shape::Cross)
    );
    assert!(of_seed(1).is_empty());
    // η = 0.1 passes 0.5 at epochs 1 and 2; η = 0.01 never does.
    let guides: Vec<_> = drawn.figure.guides.iter().map(|guide| guide.at).collect();
    assert_eq!(guides, [Across::X(1.5)]);
}

#[test]
fn smoothing_averages_what_is_drawn_and_no_printed_value() {
    let aids = Aids {
        smooth: 3,
        ..Aids::default()
    };
    let sweep = three_levels();
    let drawn = drawings(4, &sweep, &aids).swap_remove(0).unwrap();
    let mean = points(&drawn, "η = 0.1", Whose::Mean);
    assert_eq!(mean, [(0.0, 3.0), (1.0, 3.0), (2.0, 3.5)]);
    assert!(aids.in_words()[0].contains("over 3 records"));
}

#[test]
fn a_log_axis_is_one_when_asked_for() {
    use breakeven_plot::Scale;
    let aids = Aids {
        log_x: true,
        log_y: true,
        ..Aids::default()
    };
    let usual = drawing(4, 0, &three_levels()).figure;
    assert!(matches!(
        (usual.x.scale, usual.y.scale),
        (Scale::Linear(..), Scale::Linear(..))
    ));
    let drawn = drawings(4, &three_levels(), &aids)
        .swap_remove(0)
        .unwrap()
        .figure;
    assert!(matches!(
        (drawn.x.scale, drawn.y.scale),
        (Scale::Log(..), Scale::Log(..))
    ));
}

#[test]
fn what_was_not_measured_is_absent_with_a_reason() {
    let drawn = drawings(4, &three_levels(), &Aids::default());
    assert_eq!(
        drawn[1].as_ref().unwrap_err(),
        "no record of these runs has condition_k"
    );
    let of_others = drawn[4].as_ref().unwrap_err();
    assert_eq!(
        of_others,
        "there are no runs of resnet-cifar10-learning-rate"
    );
}

#[test]
fn a_scatter_has_a_point_for_each_record_of_runs_that_count() {
    let drawn = drawing(2, 0, &three_levels());
    let seed = points(&drawn, "η = 0.1", Whose::Seed(0));
    assert_eq!(seed, [(1.0, 5.0), (3.0, 7.0), (2.0, 6.0)]);
    assert_eq!(drawn.series.len(), 3);
    assert_eq!(drawn.series[1].curve.marks[0].at, (3.0, 7.0));
}

/// r = 1/√2 in the first run (see `correlation.rs`); in the second y falls
/// where it rose, r = −1/√2, so that the mean of artanh r is 0; Student's
/// quantile of one degree of freedom is 12.7062, artanh(1/√2) = 0.881374, the
/// standard error of the mean the same, so that the interval ends at
/// tanh(11.1989) = 1.
#[test]
fn correlations_are_taken_along_runs_and_averaged_over_seeds() {
    let of = |rows: [(f64, f64); 4]| -> Vec<Record> {
        let record = |(k, (x, y)): (u64, (f64, f64))| Record {
            step: k,
            lambda_k: Some(x),
            lambda_k_per_example: Some(y),
            ..Record::default()
        };
        (0..).zip(rows).map(record).collect()
    };
    let rises = [(1.0, 2.0), (2.0, 1.0), (3.0, 5.0), (4.0, 4.0)];
    let falls = rises.map(|(x, y)| (x, 6.0 - y));
    let done = RunStatus::Completed;
    let drawn = drawing(
        9,
        0,
        &sweep(vec![
            run(0.1, 0, done, of(rises)),
            run(0.1, 1, done, of(falls)),
            run(0.01, 0, done, of(rises)),
        ]),
    );
    assert_eq!(
        drawn.said[0],
        "η = 0.01: Pearson's r along a run is 0.707 over 1 seeds (no interval: it takes two seeds that differ)"
    );
    assert!(
        drawn.said[1].contains("over 2 seeds (95 % interval -1 to 1)"),
        "{:?}",
        drawn.said
    );
    let labels: Vec<_> = drawn
        .figure
        .curves
        .iter()
        .filter_map(|c| c.label.clone())
        .collect();
    assert_eq!(labels[0], "η = 0.01, r = 0.71");
}

#[test]
fn printed_values_stand_beside_means_over_runs_that_count() {
    let sweeps = BTreeMap::from([(ID.to_owned(), three_levels())]);
    let compared = compare(paper(), paper().figure(5).unwrap(), &sweeps);
    let row = |level: &str| {
        let is_it = |row: &&Compared| row.experiment == ID && row.level == level;
        compared.iter().find(is_it).unwrap()
    };
    // Largest λ_H of seeds 0 and 1: 7 and 8; sd = 1/√2.
    let ours = row("η = 0.1").ours.unwrap();
    assert_eq!((ours.mean, ours.runs, ours.ratio), (7.5, 2, 7.5 / 26.27));
    assert!((ours.standard_deviation.unwrap() - 0.5_f64.sqrt()).abs() < 1e-15);
    assert_eq!(row("η = 0.01").ours.unwrap().standard_deviation, None);
    // Accuracies at the largest λ_H: 0.1, 0.6 and 0.4.
    let accuracy = row("all").ours.unwrap();
    assert!((accuracy.mean - 1.1 / 3.0).abs() < 1e-15);
}

#[test]
fn a_printed_value_without_its_level_is_absent_with_a_reason() {
    let only = vec![run(
        0.03,
        0,
        RunStatus::Completed,
        records(&[(1.0, 2.0, 0.1, 0.0)]),
    )];
    let sweeps = BTreeMap::from([(ID.to_owned(), sweep(only))]);
    let compared = compare(paper(), paper().figure(4).unwrap(), &sweeps);
    let why = compared[0].absent.as_deref().unwrap();
    assert_eq!(why, "not among the levels of these runs (0.03)");
    assert!(compared[0].ours.is_none());
    let diverged = vec![run(
        0.1,
        0,
        RunStatus::Diverged,
        records(&[(1.0, 2.0, 0.1, 0.0)]),
    )];
    let sweeps = BTreeMap::from([(ID.to_owned(), sweep(diverged))]);
    let compared = compare(paper(), paper().figure(4).unwrap(), &sweeps);
    assert_eq!(compared[0].absent.as_deref(), Some("none of 1 runs counts"));
}

/// Two classes of one example, at so many steps.
fn predictions(steps: u64) -> Vec<Predictions> {
    let at = |k: u64| Predictions {
        step: k,
        epoch: k as f64 / 10.0,
        classes: 2,
        precision: Digits::F64,
        probabilities: Ok(vec![0.5 + 0.01 * k as f64, 0.5 - 0.01 * k as f64]),
    };
    (0..steps).map(at).collect()
}

#[test]
fn paths_are_those_of_the_first_seed_at_the_ends_of_the_levels() {
    let sweep = three_levels();
    let names = ["lr0.01-seed0", "lr0.1-seed0"].map(|run| (ID.to_owned(), run.to_owned()));
    let predicted: Predicted = names
        .into_iter()
        .map(|name| (name, predictions(9)))
        .collect();
    let sweeps = BTreeMap::from([(ID.to_owned(), sweep)]);
    let figure = paper().figure(1).unwrap();
    let panels = draw(paper(), figure, &sweeps, &predicted, &Aids::default());
    assert_eq!(panels.len(), 2);
    for panel in panels {
        let drawing = panel.drawing.unwrap();
        let labels = drawing.figure.curves.iter().map(|c| c.label.as_deref());
        assert_eq!(
            labels.collect::<Vec<_>>(),
            [Some("η = 0.01"), Some("η = 0.1")]
        );
        // The header, what stands above it, and nine steps of each run.
        let table = drawing.table.unwrap();
        assert!(table.lines().count() >= 19, "{table}");
        assert!(
            drawing.said[0].starts_with("Seed 0."),
            "{}",
            drawing.said[0]
        );
    }
}

#[test]
fn runs_without_predictions_have_no_path_and_the_reason_says_why() {
    for drawing in drawings(8, &three_levels(), &Aids::default()) {
        let why = drawing.unwrap_err();
        assert!(why.contains("measure.prediction_examples"), "{why}");
    }
}
