//! What `breakeven explore` computes of the theory: the command line's own
//! answers.

use serde_json::Value;

use crate::explore::MODEL;
use crate::explore::service::{Service, simulate};

/// The commands' own answers are the truth here: they have tests of theirs.
#[test]
fn thresholds_are_those_of_the_command_line() {
    let service = Service::start(None);
    for noise in [
        "alpha=1&psi=0.5",
        "curvature_variance=300",
        "curvature_variance=3&psi=2&momentum=0.9&weight_decay=0.5",
        "alpha=1&psi0=1&lambda0=1&psi_exponent=0.5&momentum=0.5",
        "alpha=1&psi0=1&lambda0=1&psi_exponent=-1",
        "curvature_variance=1e9",
    ] {
        let query = format!("{MODEL}&{noise}");
        let words = format!(
            "--{}",
            query
                .replace('_', "-")
                .replace('&', " --")
                .replace('=', " ")
        );
        let expected: Value = simulate(&format!("threshold {words} --json"));
        assert_eq!(
            service.json(&format!("/api/threshold?{query}")),
            expected,
            "{query}"
        );
    }
}

#[test]
fn trajectories_cross_where_the_command_line_says() {
    let service = Service::start(None);
    let law = "alpha=1&psi0=1&lambda0=1&psi_exponent=0.5";
    let answer = service.json(&format!(
        "/api/trajectory?{MODEL}&{law}&learning_rate_2=0.03"
    ));
    let words = "trajectory --learning-rate 0.1,0.03 --batch-size 32 --json";
    let expected = simulate(words);
    for run in 0..2 {
        let found = &answer["runs"][run]["crossing"];
        assert!(found["lambda_h"].is_f64());
        assert_eq!(found, &expected["trajectories"][run]["crossing"]);
    }
}

#[test]
fn theorems_say_which_assumption_is_missing() {
    let service = Service::start(None);
    let ask = |noise: &str| service.json(&format!("/api/theorems?{MODEL}&{noise}"));
    let law = ask("alpha=1&psi0=1&lambda0=1&psi_exponent=0.5");
    for change in 0..2 {
        for theorem in ["theorem_1", "theorem_2"] {
            assert_eq!(law["changes"][change][theorem]["status"], "holds");
        }
    }
    let rising = ask("alpha=1&psi0=1&lambda0=1&psi_exponent=-1");
    let fixed = ask("curvature_variance=10");
    let start = ask("alpha=1&psi=0.5&start=100");
    for (answer, words) in [
        (
            rising,
            "Assumptions 3 and 4: psi exponent must be 0 or more",
        ),
        (fixed, "Assumption 2 is not made"),
        (
            start,
            "at lambda = 100 SGD is unstable for learning rate 0.1",
        ),
    ] {
        let reason = answer["changes"][0]["theorem_1"]["reason"]
            .as_str()
            .unwrap();
        assert!(reason.starts_with(words), "{reason}");
    }
}

#[test]
fn sampled_paths_depend_on_the_seed_alone() {
    let service = Service::start(None);
    let ask = |seed: u32| {
        let query = format!("{MODEL}&alpha=1&psi=0.1&seed={seed}");
        service.get(&format!("/api/paths/paths.csv?{query}")).body
    };
    assert_eq!(ask(1), ask(1));
    assert_ne!(ask(1), ask(2));
}

#[test]
fn figures_are_files_too() {
    let service = Service::start(None);
    let query = format!("{MODEL}&alpha=1&psi=0.5");
    let svg = service.get(&format!("/api/diagram/diagram.svg?{query}"));
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    assert_eq!(
        svg.header("content-disposition"),
        "attachment; filename=\"breakeven-diagram.svg\""
    );
    assert!(svg.body.starts_with("<svg xmlns=") && svg.body.contains("<style>"));
    let csv = service.get(&format!("/api/trajectory/lambda-h.csv?{query}"));
    assert!(csv.header("content-type").starts_with("text/csv"));
    let mut lines = csv.body.lines();
    assert_eq!(lines.next(), Some("curve,step t,λ_H"));
    assert_eq!(lines.next(), Some("\"A: η = 0.1, S = 32\",0,1"));
    assert_eq!(lines.count(), 200);
    // What the page draws are the same values.
    let answer = service.json(&format!("/api/trajectory?{query}"));
    let figure = &answer["figures"][0];
    assert_eq!(
        (&figure["id"], &figure["x"]["label"]),
        (&"lambda-h".into(), &"step t".into())
    );
    let points = figure["curves"][0]["points"].as_array().unwrap();
    let values = points.iter().map(|point| {
        let [x, y] = [0, 1].map(|i| point[i].as_f64().unwrap());
        format!("\"A: η = 0.1, S = 32\",{x},{y}")
    });
    let listed: Vec<&str> = csv.body.lines().skip(1).collect();
    assert_eq!(values.collect::<Vec<_>>(), listed);
    for path in [
        "/api/diagram/diagram.png",
        "/api/diagram/other.svg",
        "/api/diagram/svg",
    ] {
        assert_eq!(
            service.get(&format!("{path}?{query}")).status,
            404,
            "{path}"
        );
    }
}

#[test]
fn wrong_parameters_are_named() {
    let service = Service::start(None);
    for (path, words) in [
        ("threshold", "learning_rate is missing"),
        (
            "threshold?learning_rate=x",
            "learning_rate must be a number, got \"x\"",
        ),
        ("threshold?eta=1", "eta is no parameter"),
        ("threshold?seed=1&seed=2", "seed is given twice"),
        (
            "threshold?learning_rate=0.1&batch_size=9&examples=5&alpha=1&psi=1",
            "batch size must be between 1 and the number of examples, 5, got 9",
        ),
        (
            "threshold?learning_rate=-1&batch_size=1&examples=5&alpha=1&psi=1",
            "learning rate must be a positive number between 1e-60 and 1e60, got -1",
        ),
        (
            "diagram?learning_rate=1&batch_size=1&examples=5&alpha=1&psi=1&axis=t",
            "axis must be one of learning_rate, batch_size, got t",
        ),
        (
            "trajectory?learning_rate=1&batch_size=1&examples=5&alpha=1&psi=1&steps=99999",
            "steps must be at most 5000, got 99999",
        ),
        (
            "paths?learning_rate=1&batch_size=1&examples=300000&alpha=1&psi=9",
            "paths are sampled up to 200000 examples, got 300000",
        ),
        (
            "curves?runs=a",
            "runs must be numbers with commas, got \"a\"",
        ),
    ] {
        let answer = service.get(&format!("/api/{path}"));
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            (answer.status, body["error"].as_str().unwrap()),
            (400, words),
            "{path}"
        );
    }
    for none in [
        "threshold?learning_rate=1&batch_size=1&examples=5&alpha=1",
        "paths?learning_rate=NaN",
    ] {
        assert_eq!(service.get(&format!("/api/{none}")).status, 400);
    }
}
