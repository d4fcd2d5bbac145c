//! What stands beside the verdicts: theory against networks, statistics side by
//! side, specification curves, and their places in the report.

use breakeven_sim::record::CovarianceHalf;
use breakeven_verify::quantity::{Quantity, Statistic};
use breakeven_verify::report::{self, ReportContext};
use breakeven_verify::specifications::{Choices, Sample, Specification};
use breakeven_verify::{Sweep, Verdicts, VerifySettings, parse_table, read_sweep, verify_in_full};
use std::path::Path;
use tempfile::tempdir;

use crate::synthetic::{Synthetic, seal};

fn sweep(parent: &Path) -> Sweep {
    read_sweep(&Synthetic::learning_rate().write(parent)).unwrap()
}

fn full(sweeps: &[Sweep]) -> Verdicts {
    verify_in_full(sweeps).unwrap()
}

/// Chances are summed in another order.
#[track_caller]
fn close(found: f64, expected: f64) {
    let relative = (found / expected - 1.0).abs();
    assert!(relative < 1e-12, "{found} instead of {expected}");
}

/// The paper's choice is the hypothesis itself: same seeds, same test, same slope.
#[test]
fn the_papers_choice_is_the_hypothesis() {
    let parent = tempdir().unwrap();
    let verdicts = full(&[sweep(parent.path())]);
    let analysis = verdicts.analysis.as_ref().unwrap();
    let mut compared = 0;
    for hypothesis in &verdicts.hypotheses {
        for curve in &analysis.specifications {
            for one in &curve.all {
                let choices = Choices {
                    statistic: hypothesis.quantity.statistic,
                    ..Choices::of_paper(hypothesis.quantity.quantity)
                };
                if one.choices != choices || curve.factor != hypothesis.factor {
                    continue;
                }
                let effect = one.effect.as_ref().unwrap();
                close(effect.p_value, hypothesis.p_value.unwrap());
                close(
                    effect.opposite_p_value,
                    hypothesis.opposite_p_value.unwrap(),
                );
                assert_eq!(effect.slope.as_ref().map(|s| s.slope), hypothesis.log_slope);
                let interval = effect.slope.as_ref().and_then(|s| s.interval);
                assert_eq!(interval, hypothesis.log_slope_interval);
                compared += 1;
            }
        }
    }
    // Four quantities, two statistics.
    assert_eq!(compared, 8);
}

/// λ_H falls whatever one chooses; its counts add up, and slopes are sorted.
#[test]
fn counts_are_those_of_the_list() {
    let parent = tempdir().unwrap();
    let verdicts = full(&[sweep(parent.path())]);
    let curves = &verdicts.analysis.as_ref().unwrap().specifications;
    assert_eq!(curves.len(), 4);
    for curve in curves {
        // 4 statistics × 27, less 9 that would count twice.
        assert_eq!(curve.specifications + curve.without_slope, 99);
        assert!(curve.as_claimed + curve.opposite <= curve.specifications);
        let slopes: Vec<f64> = curve.all.iter().filter_map(|one| one.slope()).collect();
        assert!(slopes.is_sorted(), "{}", curve.id);
        if curve.subject.quantity() == Quantity::LambdaH {
            let falls = slopes.iter().filter(|slope| **slope < 0.0).count();
            assert_eq!(curve.as_claimed, falls);
            // The limits of made-up runs are 6/η^0.6: their maxima fall, smoothed,
            // thinned out or cut off.
            let is_maximum =
                |s: Statistic| matches!(s, Statistic::Max | Statistic::MaxWithoutStepZero);
            for one in curve
                .all
                .iter()
                .filter(|one| is_maximum(one.choices.statistic))
            {
                assert!(one.slope().unwrap() < 0.0, "{:?}", one.choices);
            }
        }
    }
    let table = breakeven_verify::specifications::csv(curves).unwrap();
    assert_eq!(table.lines().count(), 1 + 4 * 99);
}

/// Halves that are measured are two more choices of L and of the examples each; one
/// that says the opposite is counted as such.
#[test]
fn halves_are_choices() {
    let parent = tempdir().unwrap();
    let mut sweep = sweep(parent.path());
    for run in &mut sweep.runs {
        for record in &mut run.records {
            let [lambda_k, trace_k] = [record.lambda_k.unwrap(), record.trace_k.unwrap()];
            let half = |lambda_k| CovarianceHalf {
                lambda_k,
                lambda_k_error_bound: 0.0,
                condition_k: record.condition_k,
                condition_k_error_bound: None,
                trace_k,
                trace_k_error_bound: 0.0,
            };
            record.covariance_halves = Some(Box::new([half(2.0 * lambda_k), half(1.0 / lambda_k)]));
        }
    }
    let verdicts = full(&[sweep]);
    let curves = &verdicts.analysis.as_ref().unwrap().specifications;
    let of = |quantity: Quantity| {
        let found = curves.iter().find(|one| one.subject.quantity() == quantity);
        found.unwrap()
    };
    assert_eq!(of(Quantity::LambdaH).all.len(), 99);
    assert_eq!(of(Quantity::TraceK).all.len(), 3 * 99);
    let of_sample = |sample: Sample| -> Vec<&Specification> {
        let all = of(Quantity::LambdaK).all.iter();
        all.filter(|one| one.choices.measured.sample == sample)
            .collect()
    };
    let [all, first, second] = Sample::ALL.map(of_sample);
    assert_eq!([all.len(), first.len(), second.len()], [99; 3]);
    let paper = |of: &[&Specification]| {
        let plain = Choices::of_paper(Quantity::LambdaK);
        let is_plain = |one: &&&Specification| {
            let measured = one.choices.measured;
            Choices { measured, ..plain } == one.choices
        };
        of.iter().find(is_plain).unwrap().slope().unwrap()
    };
    close(paper(&first), paper(&all));
    assert!(paper(&all) < 0.0 && paper(&second) > 0.0);
    assert!(of(Quantity::LambdaK).opposite > 0);
    let table = breakeven_verify::specifications::csv(curves).unwrap();
    let rows = |sample: &str| {
        let cell = format!(",lambda_k,{sample},");
        table.lines().filter(|line| line.contains(&cell)).count()
    };
    assert_eq!(["all", "first_half", "second_half"].map(rows), [99; 3]);
}

/// In the made-up runs λ_K of all levels of a seed is largest at step 0 nowhere,
/// but conditioning is: the count is that of the summaries.
#[test]
fn statistics_stand_side_by_side() {
    let parent = tempdir().unwrap();
    let sweep = sweep(parent.path());
    let at_zero = sweep
        .runs
        .iter()
        .filter(|run| {
            let values = run.records.iter().map(|r| r.condition_k.unwrap());
            let largest = values.fold(0.0, f64::max);
            run.records[0].condition_k == Some(largest)
        })
        .count();
    let verdicts = full(&[sweep]);
    let all = &verdicts.analysis.as_ref().unwrap().side_by_side;
    let one = all
        .iter()
        .find(|one| one.quantity == Quantity::ConditionK)
        .unwrap();
    assert_eq!(one.maxima_at_step_zero, Some(at_zero));
    let statistics: Vec<Statistic> = one.statistics.iter().map(|of| of.statistic).collect();
    assert_eq!(statistics.len(), 5);
    // No loss was planned: all made-up runs end with the same one.
    let loss = one.loss_threshold.unwrap();
    assert!(!loss.planned);
    let [with, against] = one.signs();
    assert!(!with.contains(&Statistic::MaxAfter) && !against.contains(&Statistic::MaxAfter));
}

/// A column of a table is a statistic like any other, and missing ones say so.
#[test]
fn tables_have_the_statistics_that_they_have_columns_for() {
    let text = "seed,learning_rate,batch_size,at_loss_lambda_k,max_without_step_zero_lambda_k\n\
                0,0.1,8,4,9\n0,0.2,8,2,8\n1,0.1,8,4,9\n1,0.2,8,2,8\n2,0.1,8,4,9\n2,0.2,8,2,8\n";
    let settings = VerifySettings {
        statistics: vec![Statistic::AtLoss, Statistic::MaxWithoutStepZero],
        loss_threshold: Some(0.5),
        ..VerifySettings::default()
    };
    let sweep = parse_table(Path::new("t.csv"), text.as_bytes(), settings).unwrap();
    let verdicts = full(&[sweep]);
    let quantities: Vec<String> = verdicts
        .hypotheses
        .iter()
        .map(|h| h.quantity.to_string())
        .collect();
    assert_eq!(
        quantities,
        ["at_loss_lambda_k", "max_without_step_zero_lambda_k"]
    );
    let analysis = verdicts.analysis.as_ref().unwrap();
    assert!(analysis.thresholds.is_none());
    assert!(analysis.specifications.is_empty() && analysis.assumptions.is_empty());
    let of = |statistic: Statistic| {
        let one = &analysis.side_by_side[0];
        one.statistics
            .iter()
            .find(|of| of.statistic == statistic)
            .unwrap()
    };
    // 4 → 2 at twice η: slope −1. All three seeds in order: 2⁻³.
    let slope = of(Statistic::AtLoss).log_slope.unwrap();
    assert!((slope + 1.0).abs() < 1e-12, "{slope}");
    assert_eq!(of(Statistic::AtLoss).p_value, Some(0.125));
    let absent = of(Statistic::Max).absent.as_deref();
    assert_eq!(absent, Some("no column max_lambda_k"));
}

/// Plans without the new settings keep their hash, and runs count as before.
#[test]
fn sealed_runs_of_default_plans_still_count() {
    let parent = tempdir().unwrap();
    let folder = Synthetic::learning_rate().write(parent.path());
    seal(&folder);
    let sweep = read_sweep(&folder).unwrap();
    assert!(sweep.runs.iter().all(|run| run.summary.has_converged()));
}

#[test]
fn the_report_has_all_sections_once_and_the_same_bytes_twice() {
    let parent = tempdir().unwrap();
    let sweeps = vec![
        sweep(parent.path()),
        read_sweep(&Synthetic::batch_size().write(parent.path())).unwrap(),
    ];
    let verdicts = full(&sweeps);
    let context = ReportContext::default();
    let out = parent.path().join("out");
    report::write(&verdicts, &sweeps, &context, &out).unwrap();
    let page = std::fs::read_to_string(out.join(report::HTML_FILE)).unwrap();
    for id in [
        "thresholds",
        "side-by-side",
        "specifications",
        "assumptions",
    ] {
        assert_eq!(
            page.matches(&format!("<section id=\"{id}\"")).count(),
            1,
            "{id}"
        );
    }
    for forbidden in ["<script", "src=", "<link", "url(http"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.len() < 2_000_000, "{}", page.len());
    let mut ids: Vec<&str> = page
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "an id is there twice");
    let text = std::fs::read_to_string(out.join(report::MARKDOWN_FILE)).unwrap();
    for title in [
        "Theory against networks",
        "Beyond the maximum",
        "The assumptions, tested",
    ] {
        assert!(text.contains(&format!("## {title}")), "{title}");
    }
    assert!(out.join(report::SPECIFICATIONS_FILE).is_file());
    assert!(report::terminal(&verdicts).contains("theory: "));
    let json = report::json(&verdicts).unwrap();
    assert_eq!(json, report::json(&full(&sweeps)).unwrap());
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    for field in [
        "thresholds",
        "assumptions",
        "side_by_side",
        "specifications",
    ] {
        assert!(!read[field].is_null(), "{field}");
    }
}
