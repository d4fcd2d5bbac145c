//! Runs that `breakeven explore` reads while they grow.

use serde_json::Value;
use tempfile::tempdir;

use crate::explore::service::{self, Service, write_run};

#[test]
fn a_growing_run_is_read_to_its_last_whole_line() {
    let folder = tempdir().unwrap();
    let run = folder.path().join("runs/one");
    write_run(&run, "one", 2);
    let service = Service::start(Some(folder.path()));
    let state = || service.json("/api/runs")["runs"][0].clone();
    assert_eq!(
        (&state()["records"], &state()["break_even_step"]),
        (&2.into(), &Value::Null)
    );

    service::append(&run, "{\"step\":20,\"epoch\":0.2,\"lambda_h\":9.5,\"stabi");
    assert_eq!(state()["records"], 2);
    service::append(&run, "lity\":1.25,\"curvature_variance\":75}\n");
    assert_eq!(
        (&state()["records"], &state()["break_even_step"]),
        (&3.into(), &20.into())
    );

    let told = service.json("/api/runs/0");
    // Eq. 1 with η = 0.2, S = 10, N = 100: (1 + √(1 − η²s²p))/η, p = 90/990.
    let expected = (1.0 + (1.0 - 0.04 * 75.0 * 90.0 / 990.0_f64).sqrt()) / 0.2;
    let found = told["thresholds"][2].as_f64().unwrap();
    assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
    assert_eq!(
        (&told["thresholds"][0], &told["full_batch_limit"]),
        (&Value::Null, &10.0.into())
    );
    let csv = service.get("/api/curves/run-lambda-h.csv?runs=0").body;
    assert!(csv.contains("one,20,9.5"), "{csv}");

    service::append(&run, "nonsense\n");
    assert!(
        state()["problem"]
            .as_str()
            .unwrap()
            .starts_with("records.jsonl: line 4")
    );
    // Resumed from a checkpoint before: fewer lines, then others.
    write_run(&run, "one", 1);
    assert_eq!(
        (&state()["records"], &state()["problem"]),
        (&1.into(), &Value::Null)
    );
    std::fs::write(
        run.join("outcome.json"),
        "{\"status\":\"completed\",\"steps\":30}",
    )
    .unwrap();
    assert_eq!(state()["outcome"]["status"], "completed");
}

#[test]
fn limits_are_those_of_the_momentum_and_of_each_learning_rate_in_force() {
    let folder = tempdir().unwrap();
    let run = folder.path().join("runs/one");
    write_run(&run, "one", 0);
    let header = run.join("run.json");
    let mut changed: Value = serde_json::from_slice(&std::fs::read(&header).unwrap()).unwrap();
    changed["training"] = serde_json::json!({ "momentum": 0.5 });
    std::fs::write(&header, changed.to_string()).unwrap();
    service::append(
        &run,
        "{\"step\":0,\"epoch\":0,\"lambda_h\":4,\"curvature_variance\":0}\n\
         {\"step\":10,\"epoch\":1,\"lambda_h\":4,\"curvature_variance\":0,\"learning_rate\":0.1}\n",
    );
    let service = Service::start(Some(folder.path()));
    let listed = service.json("/api/runs");
    assert_eq!(listed["runs"][0]["momentum"], 0.5);
    // 2(1+β)/η.
    let told = service.json("/api/runs/0");
    assert_eq!(told["full_batch_limit"], 15.0);
    let found = [0, 1].map(|k| told["thresholds"][k].as_f64().unwrap());
    for (found, expected) in found.into_iter().zip([15.0, 30.0]) {
        assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
    }
    let figure = &service.json("/api/curves?runs=0")["figures"][0];
    let labels = [0, 1].map(|k| figure["guides"][k]["label"].clone());
    assert_eq!(
        labels,
        ["2(1+β)/η, η = 0.2, β = 0.5", "2(1+β)/η, η = 0.1, β = 0.5"]
    );
}

#[test]
fn what_is_known_is_not_told_again_until_it_changes() {
    let folder = tempdir().unwrap();
    let run = folder.path().join("runs/one");
    write_run(&run, "one", 2);
    let outcome = run.join("outcome.json");
    std::fs::write(&outcome, "{\"status\":\"completed\",\"steps\":30}").unwrap();
    let service = Service::start(Some(folder.path()));
    let first = service.json("/api/runs");
    assert_eq!(
        (&first["left_out"], &first["most_drawn"]),
        (&0.into(), &40.into())
    );
    let again = |known: &Value| {
        service.json(&format!(
            "/api/runs?version={}",
            known["version"].as_str().unwrap()
        ))
    };
    assert_eq!(
        again(&first),
        serde_json::json!({ "version": first["version"] })
    );

    // A run that had ended goes on.
    service::append(&run, &service::record(20));
    let second = again(&first);
    assert_eq!(second["runs"][0]["records"], 3);
    std::fs::write(&outcome, "{\"status\":\"diverged\",\"steps\":30}").unwrap();
    let third = again(&second);
    assert_eq!(third["runs"][0]["outcome"]["status"], "diverged");
    assert!(again(&third).get("runs").is_none());
    // What was damaged is read until it is mended.
    service::append(&run, "nonsense\n");
    assert!(again(&third)["runs"][0]["problem"].is_string());
    write_run(&run, "one", 1);
    assert_eq!(again(&third)["runs"][0]["problem"], Value::Null);
    // A page that another process was asked for.
    assert!(service.json("/api/runs?version=7")["runs"].is_array());
}

#[test]
#[ignore = "makes 20,000 folders"]
fn runs_beyond_the_most_that_are_shown_are_counted() {
    let folder = tempdir().unwrap();
    let first = folder.path().join("run-0");
    write_run(&first, "0", 0);
    for number in 1..20_003 {
        let run = folder.path().join(format!("run-{number}"));
        std::fs::create_dir(&run).unwrap();
        std::fs::hard_link(first.join("run.json"), run.join("run.json")).unwrap();
    }
    let service = Service::start(Some(folder.path()));
    let listed = service.json("/api/runs");
    assert_eq!(listed["left_out"], 3);
    let runs = listed["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 20_000);
    // The first by their names, whatever order the system lists them in.
    assert_eq!(runs[19_999]["name"], "run-9996");
}
