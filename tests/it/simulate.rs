//! `breakeven simulate`: thresholds, theorems and what is refused.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::tempdir;

use crate::program::{self, run, stdout};

/// `breakeven simulate` and `words`.
pub fn words_of(words: &str) -> Vec<&str> {
    ["simulate"]
        .into_iter()
        .chain(words.split_whitespace())
        .collect()
}

/// `breakeven simulate` with `words` in `folder`.
pub fn simulate_in(folder: &Path, words: &str) -> Output {
    run(&words_of(words), folder)
}

pub fn simulate(words: &str) -> String {
    stdout(&simulate_in(Path::new("."), words))
}

pub fn json(words: &str) -> Value {
    serde_json::from_str(&simulate(&format!("{words} --json"))).unwrap()
}

/// What a command that has to fail says.
#[track_caller]
fn refusal(words: &str) -> String {
    program::refusal(&words_of(words), Path::new("."))
}

const ONE: &str = "threshold --learning-rate 0.1 --batch-size 32 --examples 50000";

#[test]
fn one_threshold_for_people() {
    insta::assert_snapshot!(simulate(&format!("{ONE} --alpha 1 --psi 0.5")));
}

#[test]
fn one_threshold_as_json_has_the_promised_fields() {
    insta::assert_snapshot!(simulate(&format!("{ONE} --alpha 1 --psi 0.5 --json")));
    // Eq. 3 divided by ηλ: 2/η − αp/ψ².
    let answer = json(&format!("{ONE} --alpha 1 --psi 0.5"));
    let expected = 20.0 - 4.0 * (50_000.0 - 32.0) / (32.0 * 49_999.0);
    assert!((answer["lambda_h"].as_f64().unwrap() / expected - 1.0).abs() < 1e-14);
}

#[test]
fn a_law_for_the_distance_and_other_rules_than_plain_sgd() {
    let law = "--alpha 1 --psi0 1 --lambda0 1 --psi-exponent 0.5";
    insta::assert_snapshot!("threshold_law", simulate(&format!("{ONE} {law} --json")));
    let rules = "--curvature-variance 30 --momentum 0.9 --weight-decay 0.5";
    insta::assert_snapshot!(
        "threshold_rules",
        simulate(&format!("{ONE} {rules} --json"))
    );
}

#[test]
fn thresholds_of_the_command_match_80_digits_to_1e_12() {
    // mpmath's answers, η from 1e-8 to 10, N to 1e9, S = 1 and S = N among
    // them; `sim` is tested on all of them, the command on every eighth.
    let fixture: Value =
        serde_json::from_str(include_str!("../../fixtures/thresholds.json")).unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    let close = |found: &Value, expected: f64| {
        let found = found.as_f64().unwrap();
        found == expected || (found / expected - 1.0).abs() <= 1e-12
    };
    let mut stable = 0;
    for case in cases.iter().step_by(8) {
        let given = case.as_object().unwrap().iter();
        let option = |(name, value): (&String, &Value)| {
            let known = !["kind", "low", "high"].contains(&name.as_str());
            (known && !value.is_null()).then(|| format!("--{} {value}", name.replace('_', "-")))
        };
        let options: Vec<String> = given.filter_map(option).collect();
        let answer = json(&format!("threshold {}", options.join(" ")));
        let Some(high) = case["high"].as_f64() else {
            assert!(answer["lambda_h"].is_null() && answer["stable_interval"].is_null());
            continue;
        };
        assert!(close(&answer["lambda_h"], high), "{case} {answer}");
        let low = case["low"].as_f64().unwrap();
        assert!(close(&answer["stable_interval"][0], low), "{case} {answer}");
        let limit = 2.0 / case["learning_rate"].as_f64().unwrap();
        assert!(close(&answer["full_batch_limit"], limit), "{case} {answer}");
        stable += 1;
    }
    assert!(stable > 50, "{stable}");
}

#[test]
fn eq_4_as_printed_is_shown_with_its_difference() {
    let words = "threshold --learning-rate 0.1 --batch-size 1 --examples 50000 --alpha 0.1";
    // 2/η − α/ψ against 2/η − α/ψ².
    let answer = json(&format!("{words} --psi 0.1"));
    let difference = answer["printed_difference"].as_f64().unwrap();
    assert!((difference - 9.0).abs() < 1e-12, "{answer}");
    let same = json(&format!("{words} --psi 1"));
    assert_eq!(same["printed_difference"], 0.0);
    let none = json(&format!("{ONE} --curvature-variance 4"));
    assert!(none["printed_difference"].is_null());
}

#[test]
fn a_lower_end_is_named_however_small_it_is() {
    let words = "threshold --learning-rate 0.0020487059 --batch-size 33 --examples 50000 \
                 --alpha 728483.73 --psi0 50.43 --lambda0 373635.4 --psi-exponent=-4.1e-5";
    let answer = json(words);
    assert_eq!(answer["crossings"], 2);
    assert_eq!(answer["stable_interval"][0], 5e-324);
    let text = simulate(words);
    assert!(
        text.contains("Below 5e-324 SGD is unstable as well."),
        "{text}"
    );
}

#[test]
fn no_noise_stays_none_where_the_law_overflows() {
    let answer = json(
        "threshold --learning-rate 1.7e-8 --batch-size 1 --examples 3 --alpha 0 --psi0 12 \
         --lambda0 1e5 --psi-exponent 145",
    );
    assert_eq!(answer["lambda_h"], answer["full_batch_limit"]);
    assert_eq!(answer["curvature_variance"], 0.0);
    assert!((answer["stability"].as_f64().unwrap() - 1.0).abs() < 1e-15);
}

#[test]
fn nothing_stable_is_an_answer_with_a_reason() {
    let answer = json(&format!("{ONE} --alpha 1e6 --psi 0.5"));
    assert!(answer["lambda_h"].is_null() && answer["stable_interval"].is_null());
    assert!(
        answer["reason"]
            .as_str()
            .unwrap()
            .starts_with("no positive lambda is stable")
    );
}

#[test]
fn a_sweep_of_thresholds_as_text_and_csv() {
    let words = "threshold --learning-rate 1e-2..1:5 --batch-size 1,32 --examples 50000 \
                 --curvature-variance 4";
    insta::assert_snapshot!("sweep_text", simulate(words));
    insta::assert_snapshot!("sweep_csv", simulate(&format!("{words} --csv")));
    assert_eq!(json(words)["points"].as_array().unwrap().len(), 10);
}

#[test]
fn figures_are_written_where_asked() {
    let folder = tempdir().unwrap();
    let output = simulate_in(
        folder.path(),
        &format!("{ONE} --alpha 1 --psi 0.5 --plot left.svg"),
    );
    assert!(output.status.success());
    insta::assert_snapshot!(fs::read_to_string(folder.path().join("left.svg")).unwrap());
    let missing = simulate_in(
        folder.path(),
        &format!("{ONE} --alpha 1 --psi 0.5 --plot no/x.svg"),
    );
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        String::from_utf8(missing.stderr)
            .unwrap()
            .contains("--plot: can't write no/x.svg")
    );
}

#[test]
fn both_theorems_and_their_counterexamples() {
    insta::assert_snapshot!(simulate("theorems --alpha 0.3 --psi0 1 --boxes 500"));
    // Of 5 × 6 × 3³ = 810 pairs each is accounted for.
    let all = simulate("theorems --boxes 10");
    let start = "793 of 793 pairs of runs; 17 more do not start as the theorem demands";
    let end = "795 of 795 pairs of runs; in 15 more a run does not get there";
    assert!(all.contains(start) && all.contains(end), "{all}");
    let csv = simulate("theorems --alpha 0.3 --psi0 1 --boxes 10 --csv");
    assert!(csv.starts_with(
        "statement,grid_hold,grid_compared,grid_not_reached,grid_premise_not_met,proved,violated,vacuous,"
    ));
}

#[test]
fn bad_input_is_refused_by_the_name_of_the_option() {
    let noise = "--alpha 1 --psi 0.5";
    for (words, says) in [
        (
            "--learning-rate NaN --batch-size 32 --examples 50000 --alpha 1 --psi 1",
            "--learning-rate must be a positive number",
        ),
        (
            "--learning-rate -1 --batch-size 32 --examples 50000 --alpha 1 --psi 1",
            "--learning-rate must be a positive number",
        ),
        (
            "--learning-rate 0.1 --batch-size 32 --examples 5 --alpha 1 --psi 1",
            "--batch-size must be between 1 and the number of examples, 5, got 32",
        ),
        (
            "--learning-rate 0.1 --batch-size 0 --examples 5 --alpha 1 --psi 1",
            "--batch-size must be between 1",
        ),
        (
            "--learning-rate 0.1 --batch-size 1 --examples 0 --alpha 1 --psi 1",
            "--examples must be between 1",
        ),
        (
            "--learning-rate 0.1 --batch-size 1.5 --examples 5 --alpha 1 --psi 1",
            "--batch-size",
        ),
        (
            "--learning-rate 0.1 --batch-size 1 --examples 5 --alpha -1 --psi 1",
            "--alpha must be",
        ),
        (
            "--learning-rate 0.1 --batch-size 1 --examples 5 --alpha 1 --psi 0",
            "--psi must be",
        ),
        (
            "--learning-rate 0.1 --batch-size 1 --examples 5 --curvature-variance inf",
            "--curvature-variance must be",
        ),
        (
            "--learning-rate 0.1 --batch-size 1 --examples 5 --alpha 1",
            "give --curvature-variance, or --alpha with --psi",
        ),
        (
            "--learning-rate 1..2 --batch-size 1 --examples 5 --alpha 1 --psi 1",
            "`1..2` is not a range",
        ),
    ] {
        let errors = refusal(&format!("threshold {words}"));
        assert!(errors.contains(says), "{words}: {errors}");
    }
    let errors = refusal(&format!("{ONE} {noise} --curvature-variance 1"));
    assert!(errors.contains("cannot be used with"), "{errors}");
    let errors = refusal("trajectory --schedule 10");
    assert!(
        errors.contains("--schedule: `10` is not STEP:ETA"),
        "{errors}"
    );
    let errors = refusal("trajectory --learning-rate 0.1,0.2,1e-1");
    assert!(
        errors.contains("--learning-rate names 0.1 twice"),
        "{errors}"
    );
    let errors = refusal("trajectory --batch-size 4,4");
    assert!(errors.contains("--batch-size names 4 twice"), "{errors}");
    let errors = refusal("trajectory --examples 1.5");
    assert!(errors.contains("`1.5` is not a count"), "{errors}");
    let errors = refusal("montecarlo --learning-rate 1 --batch-size 4 --paths 0");
    assert!(errors.contains("--paths must be 1 or more"), "{errors}");
    let errors = refusal("montecarlo --learning-rate 1 --batch-size 4 --examples 5000000000");
    assert!(errors.contains("--examples"), "{errors}");
    let errors = refusal("theorems --boxes 0");
    assert!(errors.contains("--boxes"), "{errors}");
    let errors = refusal("theorems --psi-exponent -1");
    assert!(
        errors.contains("--psi-exponent must be 0 or more"),
        "{errors}"
    );
}
