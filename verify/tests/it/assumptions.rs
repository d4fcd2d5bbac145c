//! The paper's assumptions on hand-made records whose answers are worked out by
//! hand.

use breakeven_sim::record::{LossLine, MiniBatches, Record, RunHeader, RunOutcome, RunStatus};
use breakeven_verify::assumptions::{Assumptions, Tested, of_sweeps, parabola};
use breakeven_verify::input::{Run, SettingsOrigin, Source};
use breakeven_verify::summary::RunSummary;
use breakeven_verify::{Sweep, VerifySettings};

/// η = 0.1, S = 10, N = 100, and K^M of 20: (N−M)/(M(N−1)) = 4/99.
fn run(seed: u64, records: Vec<Record>) -> Run {
    let header = RunHeader {
        run: format!("seed{seed}"),
        seed,
        learning_rate: 0.1,
        batch_size: 10,
        model: "mlp".to_owned(),
        data: "hand".to_owned(),
        examples: 100,
        parameters: 50,
        steps: 100,
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
    };
    let outcome = RunOutcome {
        status: RunStatus::Completed,
        steps: 100,
        reason: None,
        records_sha256: None,
        predictions_sha256: None,
    };
    let settings = VerifySettings::default();
    Run {
        summary: RunSummary::of_run(&header, &records, Some(&outcome), &settings),
        header: Some(header),
        records,
        outcome: Some(outcome),
        plan: None,
        files: None,
    }
}

fn tested(runs: Vec<Run>) -> Assumptions {
    let sweep = Sweep {
        name: "hand".to_owned(),
        source: Source::Folder,
        settings: VerifySettings::default(),
        settings_origin: SettingsOrigin::Config,
        config: None,
        training_command: None,
        runs,
        same_covariance: false,
        lost: Vec::new(),
        missing: Vec::new(),
        notes: Vec::new(),
    };
    of_sweeps(&[sweep]).remove(0)
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        "{found} instead of {expected}"
    );
}

fn record(step: u64) -> Record {
    Record {
        step,
        ..Record::default()
    }
}

/// Offsets −2 … 2 with a + bt + ½ct² for a = 1, b = 0.5, c = 3.
fn line(extra: f64) -> LossLine {
    let offsets: Vec<f64> = (-4..=4).map(|k| f64::from(k) / 2.0).collect();
    let loss = |t: &f64| 1.0 + 0.5 * t + 1.5 * t * t + extra * t * t * t;
    LossLine {
        losses: offsets.iter().map(loss).collect(),
        offsets,
    }
}

#[test]
fn a_parabola_is_found_and_a_cubic_is_not_one() {
    let LossLine {
        offsets, losses, ..
    } = line(0.0);
    let free = parabola(&offsets, &losses, None).unwrap();
    close(free.level, 1.0);
    close(free.slope, 0.5);
    close(free.curvature, 3.0);
    close(free.r2, 1.0);
    assert!(free.largest_residual < 1e-12);
    // With c = 2 the rest is ½t², of which a constant takes the mean: for −2 … 2
    // in halves Σ (½t² − mean)² over Σ (loss − mean)², Σt² = 15, Σt⁴ = 44.25.
    let fixed = parabola(&offsets, &losses, Some(2.0)).unwrap();
    let quartic = 44.25 - 15.0 * 15.0 / 9.0;
    let total = 0.25 * 15.0 + 2.25 * quartic;
    close(fixed.r2, 1.0 - 0.25 * quartic / total);
    assert_eq!(fixed.curvature, 2.0);
}

#[test]
fn lines_that_cannot_be_fitted_have_a_reason() {
    let of = |offsets: &[f64], losses: &[f64]| parabola(offsets, losses, None).unwrap_err();
    assert!(of(&[-1.0, 0.0, 1.0], &[1.0, 0.0, 1.0]).contains("3 points: at least 4"));
    assert!(of(&[-1.0, 0.0, 1.0, 2.0], &[1.0, 1.0, 1.0]).contains("4 offsets and 3 losses"));
    let flat = of(&[-1.0, 0.0, 1.0, 2.0], &[2.0; 4]);
    assert!(flat.contains("the same along the line"), "{flat}");
    let broken = of(&[-1.0, 0.0, 1.0, 2.0], &[1.0, 0.0, f64::INFINITY, 4.0]);
    assert!(broken.contains("inf among the numbers"), "{broken}");
}

#[test]
fn lines_are_counted_by_run() {
    let with = |step, lambda_h, extra| Record {
        lambda_h: Some(lambda_h),
        loss_line: Some(Box::new(line(extra))),
        ..record(step)
    };
    // A cubic part of 2 spoils the second run; λ_H = −1 has no parabola.
    let runs = vec![
        run(0, vec![with(0, 3.0, 0.0), with(10, 6.0, 0.0), record(20)]),
        run(1, vec![with(0, 3.0, 2.0), with(10, -1.0, 0.0)]),
    ];
    let Tested::Found(found) = tested(runs).quadratic else {
        panic!("there are lines");
    };
    assert_eq!(
        (found.lines, found.quadratic, found.quadratic_runs),
        (3, 2, 1)
    );
    // Of the two parabolas one has the recorded curvature.
    assert_eq!(found.quadratic_with_lambda_h, 1);
    close(found.per_run[0].median_curvature_ratio, 0.75);
    let (refused, first) = found.unfitted.unwrap();
    assert_eq!(refused, 1);
    assert!(first.contains("seed1 at step 10: λ_H is -1"), "{first}");
    let absent = tested(vec![run(0, vec![record(0)])]).quadratic;
    assert!(
        absent.reason().unwrap().contains("loss_line_points"),
        "{absent:?}"
    );
}

/// λ_K = 2λ_H^1.5 up to the break-even point at step 30, and something else after
/// it: slope 1.5, α = 2·√λ_H.
#[test]
fn lambda_k_follows_lambda_h_up_to_the_break_even_point() {
    let with = |step, lambda_h: f64, lambda_k, stability| Record {
        lambda_h: Some(lambda_h),
        lambda_k_per_example: Some(lambda_k),
        stability: Some(stability),
        alignment_hk: Some(0.5 + 0.01 * step as f64),
        ..record(step)
    };
    let law =
        |step, lambda_h: f64, stability| with(step, lambda_h, 2.0 * lambda_h.powf(1.5), stability);
    let records = vec![
        law(0, 1.0, 0.2),
        law(10, 4.0, 0.5),
        law(30, 16.0, 1.0),
        with(40, 16.0, 1e6, 1.5),
    ];
    let found = tested(vec![
        run(0, records.clone()),
        run(1, records.clone()),
        run(1, records),
    ]);
    let Tested::Found(ratio) = &found.proportionality else {
        panic!("both were measured");
    };
    assert_eq!(ratio.lambda_k, "lambda_k_per_example");
    // √λ_H is 1, 2 and 4: geometric mean 2.
    close(ratio.alpha.mean, 4.0);
    close(ratio.spread.unwrap(), 4.0);
    let slope = ratio.slope.unwrap();
    close(slope.mean, 1.5);
    assert_eq!((slope.seeds, slope.runs, slope.interval), (2, 3, None));
    close(ratio.per_run[0].correlation.unwrap(), 1.0);
    close(ratio.rises_together.unwrap().p_value, 0.25);
    let Tested::Found(cosine) = &found.colinearity else {
        panic!("it was measured");
    };
    // 0.5, 0.6 and 0.8.
    close(cosine.cosine.mean, 0.6);
    assert_eq!(cosine.records, 9);
    close(
        cosine.at_random.unwrap(),
        (2.0 / (std::f64::consts::PI * 50.0)).sqrt(),
    );
}

/// Without the per-example K: λ_K of K^M over 4/99.
#[test]
fn lambda_k_of_batches_stands_for_that_of_examples() {
    let with = |step| Record {
        lambda_h: Some(2.0),
        lambda_k: Some(4.0 / 99.0),
        ..record(step)
    };
    let found = tested(vec![run(0, vec![with(0), with(10), with(20)])]);
    let Tested::Found(ratio) = &found.proportionality else {
        panic!("both were measured");
    };
    assert_eq!(ratio.lambda_k, "lambda_k");
    close(ratio.alpha.mean, 0.5);
    // λ_H is the same everywhere: no slope.
    assert_eq!(ratio.slope, None);
    assert!(
        ratio
            .slope_absent
            .as_ref()
            .unwrap()
            .contains("measure more often")
    );
}

/// Stable: λ_H up, up, within its error; then unstable: down, up. ψ does the
/// opposite of what it should but once.
#[test]
fn signs_of_changes_are_counted_by_phase() {
    let with = |step, lambda_h, psi, stability| Record {
        lambda_h: Some(lambda_h),
        lambda_h_error_bound: Some(0.1),
        psi: Some(psi),
        stability: Some(stability),
        loss_change: Some(1.0 - 0.05 * step as f64),
        ..record(step)
    };
    let records = vec![
        with(0, 1.0, 5.0, 0.5),
        with(10, 2.0, 4.0, 0.6),
        with(20, 3.0, 4.5, 0.9),
        with(30, 3.1, 4.7, 1.0),
        with(40, 2.0, 4.6, 1.2),
        with(50, 2.5, 4.2, 0.9),
    ];
    let found = tested(vec![
        run(0, records.clone()),
        run(1, records.clone()),
        run(2, records),
    ]);
    let Tested::Found(phases) = &found.phases else {
        panic!("both were measured");
    };
    let counts: Vec<_> = phases
        .statements
        .iter()
        .map(|s| {
            (
                s.assumption,
                s.quantity,
                s.as_assumed,
                s.changes,
                s.undecided,
            )
        })
        .collect();
    assert_eq!(
        counts,
        [
            (4, "lambda_h", 6, 6, 3),
            (4, "psi", 3, 9, 0),
            (3, "lambda_h", 3, 6, 0),
            (3, "psi", 0, 6, 0),
        ]
    );
    // Three seeds above one half: 1/8. At one half: nothing.
    close(phases.statements[0].test.unwrap().p_value, 0.125);
    assert_eq!(phases.statements[2].test, None);
    let contrast = phases.contrast.unwrap();
    close(contrast.difference, 0.5);
    close(contrast.test.unwrap().p_value, 0.125);

    // ΔL < 0 from step 30 on (1 − 1.5), as Eq. 1; at 50 they differ.
    let Tested::Found(proxy) = &found.proxy else {
        panic!("both were measured");
    };
    assert_eq!((proxy.runs, proxy.same, proxy.neither), (3, 3, 0));
    assert_eq!(proxy.median_difference, Some(0.0));
    close(proxy.agreement, 5.0 / 6.0);
    // 1/2·1/3 + 1/2·2/3.
    close(proxy.agreement_by_chance, 0.5);
}

#[test]
fn what_was_not_measured_is_absent_with_its_reason() {
    let mut without = record(0);
    without
        .absent
        .insert("alignment_hk".to_owned(), "no gap".to_owned());
    let found = tested(vec![run(0, vec![without, record(10)])]);
    let said = |tested: Option<&str>| tested.unwrap().to_owned();
    assert!(said(found.colinearity.reason()).contains("alignment_hk does not exist: no gap"));
    assert!(said(found.proportionality.reason()).contains("not both measured"));
    assert!(said(found.phases.reason()).contains("no two neighbouring records"));
    assert_eq!(said(found.proxy.reason()), "loss_change was not measured");
    let json = serde_json::to_value(&found).unwrap();
    assert!(json["proxy"]["absent"].is_string(), "{json}");
}
