//! `breakeven simulate montecarlo`.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::program::command;
use crate::simulate::{json, simulate, simulate_in, words_of};

#[test]
fn simulated_sgd_against_eq_1() {
    insta::assert_snapshot!(
        "montecarlo_text",
        simulate("montecarlo --learning-rate 1.2 --batch-size 4 --paths 1000 --steps 20")
    );
    let words = "montecarlo --learning-rate 0.5..3:6 --batch-size 4 --distribution two-point \
                 --paths 500 --steps 20";
    insta::assert_snapshot!("montecarlo_csv", simulate(&format!("{words} --csv")));
}

#[test]
fn thresholds_that_are_not_there_have_a_reason() {
    let answer = json(
        "montecarlo --learning-rate 0.5 --batch-size 1 --examples 10 --distribution normal --mean -1 \
         --paths 10 --steps 2",
    );
    assert!(answer["thresholds"].is_null());
    let reason = answer["reason"].as_str().unwrap();
    assert!(
        reason.contains("mean curvature is not positive"),
        "{reason}"
    );
}

#[test]
fn the_bits_of_a_simulation_do_not_depend_on_the_threads() {
    let words = "montecarlo --learning-rate 1.2 --batch-size 4 --json";
    let with = |threads: &str| {
        let output = command(&words_of(words), Path::new("."))
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        assert!(output.status.success());
        output.stdout
    };
    assert_eq!(with("1"), with("3"));
}

#[test]
fn measured_curvatures_are_read_by_column() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("two.csv"), "curvature\n1\n3\n").unwrap();
    fs::write(folder.path().join("bad.csv"), "a,b\n1,2\n1,x\n").unwrap();
    let words = "montecarlo --learning-rate 0.5 --batch-size 1 --curvatures";
    let output = simulate_in(folder.path(), &format!("{words} two.csv --json"));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (
            answer["lambda"].as_f64(),
            answer["curvature_variance"].as_f64()
        ),
        (Some(2.0), Some(1.0))
    );
    // Curvatures 1 and 3: (1 − η)² and (1 − 3η)² are both 1/4.
    let growth = answer["enumerated"]["growth"].as_f64().unwrap();
    let exponent = answer["enumerated"]["lyapunov_exponent"].as_f64().unwrap();
    assert!((growth - 0.25).abs() < 1e-15 && (exponent - 0.5f64.ln()).abs() < 1e-15);
    // λ = 2, s² = 1: 2λ/(λ² + s²); and |(1 − η)(1 − 3η)| = 1.
    assert_eq!(answer["thresholds"]["mean_square"], 0.8);
    let almost_sure = answer["thresholds"]["almost_sure"].as_f64().unwrap();
    assert!((almost_sure - 4.0 / 3.0).abs() < 1e-12);
    for (file, says) in [
        (
            "bad.csv --column b",
            "--curvatures: bad.csv: line 3: `x` is not a number",
        ),
        ("bad.csv --column c", "there is no column `c`"),
        ("none.csv", "--curvatures: none.csv"),
    ] {
        let output = simulate_in(folder.path(), &format!("{words} {file}"));
        assert_eq!(output.status.code(), Some(2), "{file}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(says), "{errors}");
    }
}
