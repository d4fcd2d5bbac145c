use super::*;

#[test]
fn an_empty_table_means_the_defaults() {
    let settings: VerifySettings = serde_json::from_str("{}").unwrap();
    assert_eq!(settings.check(), Ok(()));
    assert_eq!(settings.with_adjustment(), VerifySettings::default());
}

/// A plan that names no adjustment is of a version that had one alone.
#[test]
fn older_plans_are_judged_by_the_rule_of_their_time() {
    let older: VerifySettings = serde_json::from_str("{}").unwrap();
    let Procedure {
        adjustment,
        alpha_supported,
        alpha_refuted,
        ..
    } = older.procedure();
    assert_eq!(adjustment, Adjustment::Holm);
    assert_eq!([alpha_supported, alpha_refuted], [0.05, 0.05]);

    let now = VerifySettings::default().procedure();
    assert_eq!(now.adjustment, Adjustment::WestfallYoung);
    let spent = now.alpha_supported + now.alpha_refuted;
    assert!((spent - 0.05).abs() < 1e-15, "{spent}");
    // Two levels of five seeds reach 1/32.
    assert!(now.alpha_supported > 1.0 / 32.0);
}

#[test]
fn both_convergence_rules_read_as_documented() {
    let completed: VerifySettings =
        serde_json::from_str(r#"{"convergence": "completed"}"#).unwrap();
    assert_eq!(completed.convergence, ConvergenceRule::Completed);
    let accuracy: VerifySettings =
        serde_json::from_str(r#"{"convergence": {"final_training_accuracy": 0.75}}"#).unwrap();
    assert_eq!(
        accuracy.convergence,
        ConvergenceRule::FinalTrainingAccuracy(0.75)
    );
}

/// Plans that name none of the settings that were added keep their hash.
#[test]
fn settings_without_a_loss_are_written_as_before() {
    let written = serde_json::to_value(VerifySettings::default()).unwrap();
    assert!(written.get("loss_threshold").is_none());
    let statistics = serde_json::json!(["max", "max_after", "at_accuracy"]);
    assert_eq!(written["statistics"], statistics);
    let given = r#"{"statistics": ["at_loss", "max_without_step_zero"], "loss_threshold": 0.5}"#;
    let settings: VerifySettings = serde_json::from_str(given).unwrap();
    assert_eq!(settings.check(), Ok(()));
    assert_eq!(
        serde_json::to_value(&settings).unwrap()["loss_threshold"],
        0.5
    );
}

#[test]
fn the_bootstrap_of_earlier_versions_is_read_and_not_written() {
    let saved = r#"{"bootstrap": {"resamples": 10000, "seed": 0}}"#;
    let settings: VerifySettings = serde_json::from_str(saved).unwrap();
    assert!(settings.bootstrap.is_some());
    assert_eq!(settings.check(), Ok(()));
    let again = serde_json::to_value(&settings).unwrap();
    assert!(again.get("bootstrap").is_none());
}

/// Plans without it keep their hash, as they are saved as before.
#[test]
fn primary_quantities_are_read_by_name_and_absent_where_there_are_none() {
    let saved = serde_json::to_value(VerifySettings::default()).unwrap();
    assert!(saved.get("primary").is_none());
    let text = r#"{"primary": ["max_lambda_k", "at_accuracy_trace_h"]}"#;
    let settings: VerifySettings = serde_json::from_str(text).unwrap();
    assert_eq!(settings.check(), Ok(()));
    let names: Vec<String> = settings.primary.iter().map(PerRun::to_string).collect();
    assert_eq!(names, ["max_lambda_k", "at_accuracy_trace_h"]);
    let again = serde_json::to_value(&settings).unwrap();
    assert_eq!(again["primary"], serde_json::json!(names));
}

#[test]
fn primary_quantities_that_are_unknown_or_not_tested_are_refused() {
    let unknown = serde_json::from_str::<VerifySettings>(r#"{"primary": ["lambda_k"]}"#);
    let error = unknown.unwrap_err().to_string();
    assert!(error.contains("verify.primary names `lambda_k`"), "{error}");
    let refused = |text: &str| {
        let settings: VerifySettings = serde_json::from_str(text).unwrap();
        settings.check().unwrap_err().to_string()
    };
    let described = refused(r#"{"primary": ["max_after_lambda_k"]}"#);
    assert!(described.contains("`max_after_lambda_k`"), "{described}");
    let left_out = refused(r#"{"quantities": ["lambda_h"], "primary": ["max_lambda_k"]}"#);
    assert!(left_out.contains("do not test"), "{left_out}");
    let twice = refused(r#"{"primary": ["max_lambda_k", "max_lambda_k"]}"#);
    assert!(twice.contains("`max_lambda_k` twice"), "{twice}");
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let error = serde_json::from_str::<VerifySettings>(r#"{"alfa": 0.1}"#).unwrap_err();
    assert!(
        error.to_string().contains("unknown field `alfa`"),
        "{error}"
    );
}

#[test]
fn settings_outside_their_range_are_refused() {
    let with = |change: fn(&mut VerifySettings)| {
        let mut settings = VerifySettings::default();
        change(&mut settings);
        settings.check().unwrap_err().to_string()
    };
    assert!(with(|s| s.alpha = 1.0).contains("verify.alpha is 1;"));
    assert!(with(|s| s.alpha = 0.5).contains("verify.alpha is 0.5; give a number above 0"));
    assert!(with(|s| s.alpha = f64::NAN).contains("verify.alpha is NaN;"));
    assert!(with(|s| s.accuracy_threshold = 1.0).contains("accuracy_threshold is 1;"));
    assert!(with(|s| s.loss_threshold = Some(0.0)).contains("loss_threshold is 0;"));
    assert!(with(|s| s.loss_threshold = Some(f64::NAN)).contains("loss_threshold is NaN;"));
    assert!(with(|s| s.statistics.push(Statistic::AtLoss)).contains("no verify.loss_threshold"));
    assert!(with(|s| s.statistics.clear()).contains("verify.statistics is empty"));
    assert!(with(|s| s.quantities.push(Quantity::LambdaK)).contains("`lambda_k` twice"));
    assert!(with(|s| s.alpha = 1e-101).contains("verify.alpha is 1e-101; give at least"));
    assert!(
        with(|s| s.convergence = ConvergenceRule::FinalTrainingAccuracy(60.0))
            .contains("final_training_accuracy is 60;")
    );
}
