//! `breakeven simulate trajectory`, of the model and along measured paths.

use std::fs;

use serde_json::Value;
use tempfile::tempdir;

use crate::program::{self, run};
use crate::simulate::{json, simulate, simulate_in};

#[test]
fn a_curvature_that_falls_reaches_no_break_even_point() {
    let answer = json("trajectory --curvature-rate -1 --lambda0 5 --learning-rate 0.1 --steps 8");
    assert!(answer["trajectories"][0]["crossing"].is_null(), "{answer}");
}

#[test]
fn a_measured_path_has_nothing_before_its_first_value() {
    let folder = tempdir().unwrap();
    let rows = "step,lambda_h,psi\n0,100,1\n10,50,1.2\n20,5,2\n";
    fs::write(folder.path().join("falling.csv"), rows).unwrap();
    let rows = "step,lambda_h\n0,10\n10,20\n";
    fs::write(folder.path().join("rising.csv"), rows).unwrap();
    // Two steps on, then back from where the larger rate finds it.
    let words = "trajectory --measured rising.csv --learning-rate 0.05 --schedule 3:1";
    let output = simulate_in(folder.path(), words);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("SGD is unstable at step 5"), "{errors}");
    let words = "trajectory --measured falling.csv --json --learning-rate";
    let output = simulate_in(folder.path(), &format!("{words} 0.1"));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains(
            "unstable at step 0 and would have to go back before the first measured lambda_H, 100"
        ),
        "{errors}"
    );
    assert!(
        simulate_in(folder.path(), &format!("{words} 0.001"))
            .status
            .success()
    );
}

#[test]
fn trajectories_of_two_learning_rates() {
    insta::assert_snapshot!("trajectory_text", simulate("trajectory --steps 160"));
    assert!(json("trajectory --steps 1 --examples 1e9")["trajectories"][0]["points"].is_array());
    let words = "trajectory --steps 4 --learning-rate 0.1 --csv";
    insta::assert_snapshot!("trajectory_csv", simulate(words));
    let answer = json("trajectory --learning-rate 0.1 --at-break-even cross --steps 120");
    let run = &answer["trajectories"][0];
    let step = run["crossing"]["step"].as_u64().unwrap() as usize;
    let stable = |step: usize| run["points"][step]["stable"].as_bool().unwrap();
    assert!(stable(step - 1) && !stable(step) && stable(step + 1));
}

#[test]
fn runs_of_the_model_are_read_by_verify_and_as_measured_paths() {
    let folder = tempdir().unwrap();
    let words = "trajectory --learning-rate 0.01,0.03,0.1 --seeds 5 --jitter 0.2 --steps 300 \
                 --out runs --json";
    assert!(simulate_in(folder.path(), words).status.success());
    let verdicts = program::json(&run(&["verify", "runs", "--json"], folder.path()));
    let hypotheses = verdicts["hypotheses"].as_array().unwrap();
    let of = |quantity: &str| {
        hypotheses
            .iter()
            .find(|found| found["quantity"] == quantity)
            .unwrap()
    };
    for quantity in ["max_lambda_h", "max_lambda_k_per_example"] {
        assert_eq!(of(quantity)["verdict"], "supported", "{quantity}");
        // Three levels in order in all five blocks: Page's exact test.
        assert_eq!(of(quantity)["page_l"], 70.0, "{quantity}");
    }

    // The model has no mini-batches, and so no K^M.
    assert!(
        hypotheses
            .iter()
            .all(|found| found["quantity"] != "max_lambda_k")
    );
    let found = &verdicts["integrity"][0];
    assert_eq!(found["runs_checked"], 15);
    assert_eq!(found["plan_kept"], 15);

    let again = simulate_in(folder.path(), words);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        String::from_utf8(again.stderr)
            .unwrap()
            .contains("runs is not empty")
    );

    let measured = "trajectory --measured runs/runs/lr0.01-bs32-seed0/records.jsonl \
                    --learning-rate 0.1 --steps 300 --json";
    let output = simulate_in(folder.path(), measured);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let run = &answer["trajectories"][0];
    let reached = run["crossing"]["lambda_h"].as_f64().unwrap();
    assert!(reached > 15.0 && reached < 20.0, "{reached}");

    let file = folder
        .path()
        .join("runs/runs/lr0.01-bs32-seed0/records.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("\"lambda_h\":1", "\"lambda_h\":2", 1)).unwrap();
    let output = simulate_in(folder.path(), measured);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("records.jsonl: line "), "{said}");
    assert!(said.contains("it changed on disk"), "{said}");
}
