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
