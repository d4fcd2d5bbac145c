use super::*;

fn header() -> RunHeader {
    RunHeader {
        run: "r".into(),
        seed: 3,
        learning_rate: 0.1,
        batch_size: 64,
        model: "m".into(),
        data: "d".into(),
        examples: 10,
        parameters: 2,
        steps: 40,
        training: None,
        pretrained: None,
        covariance: None,
        hessian_examples: None,
        version: "0".into(),
        device: "none".into(),
        plan_sha256: None,
    }
}

/// Steps 0, 10, 20, 30 with (λ_K, accuracy, left side of Eq. 1).
fn records(rows: &[(Option<f64>, f64, f64)]) -> Vec<Record> {
    (0..)
        .zip(rows)
        .map(|(index, &(lambda_k, accuracy, stability))| Record {
            step: 10 * index,
            lambda_k,
            training_accuracy: Some(accuracy),
            stability: Some(stability),
            ..Record::default()
        })
        .collect()
}

fn completed() -> RunOutcome {
    RunOutcome {
        status: RunStatus::Completed,
        steps: 40,
        reason: None,
        records_sha256: None,
        predictions_sha256: None,
    }
}

fn summary(rows: &[(Option<f64>, f64, f64)]) -> RunSummary {
    let settings = VerifySettings::default();
    RunSummary::of_run(&header(), &records(rows), Some(&completed()), &settings)
}

fn lambda_k(statistic: Statistic) -> PerRun {
    PerRun {
        statistic,
        quantity: Quantity::LambdaK,
    }
}

fn at(value: f64, step: u64) -> Option<Reached> {
    Some(Reached {
        value,
        step: Some(step),
        error: None,
    })
}

#[test]
fn a_measured_bound_comes_with_its_value() {
    let record = |step, lambda_h, bound| Record {
        step,
        lambda_h: Some(lambda_h),
        lambda_h_error_bound: Some(bound),
        lambda_k: Some(lambda_h / 50.0),
        lambda_k_error_bound: Some(bound / 100.0),
        trace_h: Some(5.0 * lambda_h),
        trace_h_standard_error: Some(1.0),
        condition_h: Some(lambda_h / 1e6),
        condition_h_error_bound: Some(bound / 1e6),
        ..Record::default()
    };
    let records = [record(0, 9.0, 0.5), record(10, 12.0, 0.25)];
    let settings = VerifySettings::default();
    let found = RunSummary::of_run(&header(), &records, Some(&completed()), &settings);
    let error = |quantity| {
        let statistic = Statistic::Max;
        found.values[&PerRun {
            statistic,
            quantity,
        }]
            .error
    };
    assert_eq!(error(Quantity::LambdaH), Some(0.25));
    assert_eq!(error(Quantity::LambdaK), Some(0.0025));
    assert_eq!(error(Quantity::ConditionH), Some(2.5e-7));
    // A standard error bounds nothing.
    assert_eq!(error(Quantity::TraceH), None);
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["max_lambda_h_error"], 0.25);
}

#[test]
fn each_statistic_looks_at_its_part_of_the_trajectory() {
    let found = summary(&[
        (Some(9.0), 0.1, 0.5),
        (Some(7.0), 0.6, 1.0),
        (Some(3.0), 0.7, 1.2),
        (Some(4.0), 0.9, 0.9),
    ]);
    let value = |statistic| found.values.get(&lambda_k(statistic)).copied();
    assert_eq!(value(Statistic::Max), at(9.0, 0));
    // Strictly after step 10, where the left side is 1 for the first time.
    assert_eq!(found.break_even_step, Some(10));
    assert_eq!(found.break_even_bracket, Some([Some(0), Some(10)]));
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["break_even_bracket"], serde_json::json!([0, 10]));
    assert_eq!(value(Statistic::MaxAfter), at(4.0, 30));
    // Past 0.6, which the accuracy of 0.6 at step 10 is not.
    assert_eq!(value(Statistic::AtAccuracy), at(3.0, 20));
    assert_eq!(found.convergence, Convergence::Converged);
}

#[test]
fn what_was_never_reached_is_absent() {
    let found = summary(&[(Some(2.0), 0.1, 0.5), (Some(5.0), 0.2, 0.9)]);
    assert_eq!(found.break_even_step, None);
    assert_eq!(found.break_even_bracket, None);
    assert_eq!(found.values.len(), 1);
    for (statistic, why) in [
        (Statistic::MaxAfter, "break-even point not reached"),
        (Statistic::AtAccuracy, "accuracy threshold not passed"),
    ] {
        assert_eq!(found.why_absent(lambda_k(statistic)), why);
    }
    let of_h = PerRun {
        statistic: Statistic::MaxAfter,
        quantity: Quantity::LambdaH,
    };
    assert_eq!(found.why_absent(of_h), "not measured");
}

#[test]
fn of_equal_maxima_the_first_counts() {
    let found = summary(&[(Some(2.0), 0.1, 0.5), (Some(2.0), 0.2, 0.5)]);
    assert_eq!(
        found.values.get(&lambda_k(Statistic::Max)).copied(),
        at(2.0, 0)
    );
}

#[test]
fn a_value_at_accuracy_waits_for_its_measurement() {
    let found = summary(&[
        (Some(1.0), 0.1, 0.5),
        (None, 0.7, 0.5),
        (Some(3.0), 0.8, 0.5),
    ]);
    assert_eq!(
        found.values.get(&lambda_k(Statistic::AtAccuracy)).copied(),
        at(3.0, 20)
    );
}

#[test]
fn runs_that_do_not_count_say_why() {
    let settings = VerifySettings::default();
    let reason = |outcome: Option<&RunOutcome>, accuracy| {
        let records = records(&[(Some(1.0), accuracy, 0.5)]);
        match RunSummary::of_run(&header(), &records, outcome, &settings).convergence {
            Convergence::NotConverged(reason) => reason,
            Convergence::Converged => "converged".to_owned(),
        }
    };
    let diverged = RunOutcome {
        status: RunStatus::Diverged,
        steps: 12,
        reason: Some("the loss is NaN".into()),
        records_sha256: None,
        predictions_sha256: None,
    };
    assert_eq!(reason(None, 0.9), "unfinished: it has no outcome yet");
    assert_eq!(
        reason(Some(&diverged), 0.9),
        "diverged after 12 steps: the loss is NaN"
    );
    assert_eq!(
        reason(Some(&completed()), 0.59),
        "did not converge: final training accuracy 0.590 is below 0.6"
    );
    assert_eq!(reason(Some(&completed()), 0.6), "converged");
}

#[test]
fn a_summary_is_one_flat_object() {
    let found = summary(&[(Some(9.0), 0.1, 0.5), (Some(7.0), 0.8, 0.5)]);
    assert_eq!(
        serde_json::to_value(&found).unwrap(),
        serde_json::json!({
            "run": "r", "seed": 3, "learning_rate": 0.1, "batch_size": 64,
            "converged": true, "final_training_accuracy": 0.8,
            "max_lambda_k": 9.0, "max_lambda_k_step": 0,
            "at_accuracy_lambda_k": 7.0, "at_accuracy_lambda_k_step": 10,
        })
    );
}

/// Statistics that a plan does not name are in no summary.
#[test]
fn a_matched_loss_and_maxima_without_step_zero_are_there_where_named() {
    let records: Vec<Record> = [(9.0, 2.0), (5.0, 1.0), (7.0, 0.5), (6.0, 0.4)]
        .into_iter()
        .enumerate()
        .map(|(index, (lambda_k, loss))| Record {
            step: 10 * index as u64,
            lambda_k: (index != 2).then_some(lambda_k),
            loss: Some(loss),
            ..Record::default()
        })
        .collect();
    let of = |settings: &VerifySettings| {
        RunSummary::of_run(&header(), &records, Some(&completed()), settings)
    };
    let value = |found: &RunSummary, s| found.values.get(&lambda_k(s)).copied();
    let by_default = of(&VerifySettings::default());
    assert_eq!(value(&by_default, Statistic::AtLoss), None);
    assert_eq!(value(&by_default, Statistic::MaxWithoutStepZero), None);
    let mut settings = VerifySettings {
        statistics: vec![Statistic::AtLoss, Statistic::MaxWithoutStepZero],
        loss_threshold: Some(0.5),
        ..VerifySettings::default()
    };
    let found = of(&settings);
    // Reached at step 20, where λ_K was not measured.
    assert_eq!(value(&found, Statistic::AtLoss), at(6.0, 30));
    assert_eq!(value(&found, Statistic::MaxWithoutStepZero), at(6.0, 30));
    settings.loss_threshold = Some(0.1);
    let why = of(&settings);
    assert_eq!(value(&why, Statistic::AtLoss), None);
    assert_eq!(
        why.why_absent(lambda_k(Statistic::AtLoss)),
        "loss threshold not reached"
    );
}
