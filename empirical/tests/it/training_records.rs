//! What records of a run hold; divergence as a result.

use std::fs;

use breakeven_empirical::compute::Precision;
use breakeven_empirical::model::Architecture;
use breakeven_sim::record::RunStatus;
use serde_json::Value;

use crate::config::sound;
use crate::training::{one_run, outcome, prepare, records, run_folder, uninterrupted};

#[test]
fn a_record_holds_everything_that_was_asked_for() {
    let folder = uninterrupted(&prepare(&one_run()));
    let records = records(&run_folder(folder.path()));
    let steps: Vec<u64> = records.iter().map(|record| record.step).collect();
    assert_eq!(steps, [0, 1, 4, 8, 12, 16]);
    // What these models do not have, or what was not asked for.
    let absent = [
        "gamma_norm",
        "lambda_h_smallest",
        "condition_h",
        "density_g",
    ];
    for record in &records {
        let Value::Object(fields) = serde_json::to_value(record).unwrap() else {
            unreachable!("a record is an object");
        };
        assert_eq!(fields["epoch"].as_f64(), Some(record.step as f64 / 6.0));
        for name in [
            "loss",
            "training_accuracy",
            "validation_accuracy",
            "lambda_k",
            "lambda_k_smallest",
            "condition_k",
            "trace_k",
            "spectrum_k",
            "lambda_k_per_example",
            "trace_k_per_example",
            "lambda_h",
            "lambda_h_error_bound",
            "lambda_h_residual",
            "lambda_h_matvecs",
            "lambda_h_status",
            "trace_h",
            "trace_h_standard_error",
            "spectrum_h",
            "density_h",
            "density_k_per_example",
            "loss_change",
            "curvature_variance",
            "curvature_variance_standard_error",
            "stability",
            "stability_standard_error",
            "psi",
            "alignment_hk",
            "subspace_ratio",
            "batch_sharpness",
            "batch_sharpness_standard_error",
            "batch_sharpness_ratio_of_means",
            "batch_sharpness_ratio_of_means_standard_error",
        ] {
            assert!(fields.contains_key(name), "step {}: no {name}", record.step);
        }
        // The first step has none before it.
        assert_eq!(fields.contains_key("step_cosine"), record.step > 0);
        let overlap = record.overlap_h.is_some() || record.absent.contains_key("overlap_h");
        assert_eq!(overlap, record.step > 0);
        for name in absent {
            assert!(!fields.contains_key(name), "{name}");
        }
    }
}

#[test]
fn a_record_of_a_complete_spectrum_agrees_with_the_solver() {
    let mut config = one_run();
    config.training.precision = Precision::F64;
    config.model = Architecture::Mlp { hidden: vec![1] };
    config.measure.complete_hessian_spectrum = true;
    config.measure.eigenvalue_tolerance = 1e-8;
    config.measure.every_steps = Some(9);
    config.measure.early_until_step = 0;
    let folder = uninterrupted(&prepare(&config));
    for record in records(&run_folder(folder.path())) {
        let spectrum = record.spectrum_h.unwrap();
        assert_eq!(spectrum.len(), 784 + 1 + 10 + 10);
        let lambda = record.lambda_h.unwrap();
        assert!((spectrum[0] - lambda).abs() <= 1e-8 * lambda);
        let trace: f64 = spectrum.iter().sum();
        assert!((record.trace_h.unwrap() - trace).abs() <= 1e-12 * trace.abs());
        let smallest = record.lambda_h_smallest.unwrap();
        assert!(smallest != 0.0 && spectrum.contains(&smallest));
        assert_eq!(record.condition_h, Some(smallest / spectrum[0]));
        // The ratio where both are off as far as they may be, each way.
        let error = record.lambda_h_smallest_error_bound.unwrap();
        assert_eq!(record.lambda_h_error_bound, Some(error));
        let ratio = smallest / spectrum[0];
        let moved = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)]
            .map(|(a, b)| ((smallest + a * error) / (spectrum[0] + b * error) - ratio).abs());
        let worst = moved.into_iter().fold(0.0, f64::max);
        let bound = record.condition_h_error_bound.unwrap();
        assert!((worst / bound - 1.0).abs() < 2e-2, "{worst} {bound}");
        let density = record.density_h.unwrap();
        assert!(density.smallest_nonzero_upper_bound.unwrap() >= smallest.abs());
    }
}

/// Every number in a JSON value.
fn numbers(value: &Value, visit: &mut impl FnMut(f64)) {
    match value {
        Value::Number(number) => visit(number.as_f64().unwrap()),
        Value::Array(values) => values.iter().for_each(|value| numbers(value, visit)),
        Value::Object(fields) => fields.values().for_each(|value| numbers(value, visit)),
        Value::Null => panic!("null: a number that was not finite"),
        Value::Bool(_) | Value::String(_) => {}
    }
}

#[test]
fn a_diverging_run_ends_as_diverged_and_no_record_holds_what_is_not_finite() {
    for rate in [1e3, 1e10, 1e30, 1e38, 1e150, 1e300] {
        for precision in [Precision::F32, Precision::F64] {
            let mut config = one_run();
            config.training.precision = precision;
            config.sweep.learning_rates = vec![rate];
            config.measure.every_steps = Some(1);
            let folder = uninterrupted(&prepare(&config));
            let runs = fs::read_dir(folder.path().join("runs")).unwrap();
            let run = runs.map(|run| run.unwrap().path()).next().unwrap();
            let outcome = outcome(&run);
            assert_eq!(outcome.status, RunStatus::Diverged, "{rate} {precision}");
            assert!(outcome.steps < 18);
            let reason = outcome.reason.unwrap();
            let at = format!("at step {}", outcome.steps);
            assert!(
                (reason.starts_with("the mini-batch loss ")
                    && reason.contains("passed the bound 100 "))
                    || reason.starts_with("the mini-batch loss was not finite "),
                "{reason}"
            );
            assert!(reason.ends_with(&at), "{reason}");
            let text = fs::read_to_string(run.join("records.jsonl")).unwrap();
            assert_eq!(text.lines().count() as u64, outcome.steps + 1);
            for line in text.lines() {
                let record: Value = serde_json::from_str(line).unwrap();
                numbers(&record, &mut |x| assert!(x.is_finite(), "{line}"));
            }
        }
    }
}

#[test]
fn the_bound_on_the_loss_ends_a_run_and_is_stated() {
    let mut config = one_run();
    config.training.divergence_loss = 1.5;
    let folder = uninterrupted(&prepare(&config));
    let outcome = outcome(&run_folder(folder.path()));
    assert_eq!((outcome.status, outcome.steps), (RunStatus::Diverged, 0));
    let reason = outcome.reason.unwrap();
    assert!(
        reason.ends_with(" passed the bound 1.5 at step 0"),
        "{reason}"
    );
}

#[test]
fn runs_of_a_seed_start_from_the_same_weights() {
    let mut config = sound();
    config.sweep.batch_sizes = vec![10, 20];
    // K^M of the same batches, whatever S.
    config.measure.covariance_batch_size = Some(10);
    let folder = uninterrupted(&prepare(&config));
    let first = |rate: f64, size: usize, seed: u64| {
        let name = format!("lr{rate}-bs{size}-seed{seed}");
        let mut record = records(&folder.path().join("runs").join(name)).swap_remove(0);
        // These three know η or S.
        assert!(record.stability.take().is_some());
        assert!(record.stability_standard_error.take().is_some());
        assert!(record.loss_change.take().is_some());
        record
    };
    for seed in [0, 1] {
        let expected = first(0.05, 10, seed);
        for (rate, size) in [(0.2, 10), (0.05, 20), (0.2, 20)] {
            assert_eq!(first(rate, size, seed), expected);
        }
    }
    assert_ne!(first(0.05, 10, 0).loss, first(0.05, 10, 1).loss);
}
