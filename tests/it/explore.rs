//! `breakeven explore` over plain HTTP; in a browser: `tests/browser`.

mod service;

use serde_json::Value;
use tempfile::tempdir;

use service::{Service, simulate, write_run};

/// The program under test.
fn program() -> String {
    env!("CARGO_BIN_EXE_breakeven").to_owned()
}

const MODEL: &str = "learning_rate=0.1&batch_size=32&examples=50000";

#[test]
fn the_page_and_its_files_are_served_under_a_strict_policy() {
    let service = Service::start(None);
    for (path, kind) in [
        ("/", "text/html"),
        ("/explore.js", "text/javascript"),
        ("/page.js", "text/javascript"),
        ("/chart.js", "text/javascript"),
        ("/figures.js", "text/javascript"),
        ("/reader.js", "text/javascript"),
        ("/slider.js", "text/javascript"),
        ("/state.js", "text/javascript"),
        ("/theory.js", "text/javascript"),
        ("/runs.js", "text/javascript"),
        ("/explore.css", "text/css"),
        ("/plot.css", "text/css"),
        ("/icon.svg", "image/svg+xml"),
        ("/uplot.js", "text/javascript"),
        ("/uplot.css", "text/css"),
    ] {
        let answer = service.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-type").starts_with(kind), "{path}");
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data: blob:",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        // Nothing that a page could load from elsewhere: a name space, a comment.
        let elsewhere = answer
            .body
            .replace("http://www.w3.org/2000/svg", "")
            .replace("/*! https://github.com/leeoniya/uPlot", "");
        assert!(!elsewhere.contains("://"), "{path}");
    }
}

#[test]
fn other_sites_and_methods_are_refused() {
    let service = Service::start(None);
    let own = format!("Host: 127.0.0.1:{}", service.port);
    let ask = |method: &str, headers: &[&str]| {
        service
            .send(
                &format!("{method} /api/threshold?{MODEL}&alpha=1&psi=1"),
                headers,
            )
            .status
    };
    assert_eq!(ask("GET", &[&own]), 200);
    assert_eq!(
        ask("GET", &[&format!("Host: localhost:{}", service.port)]),
        200
    );
    for host in [
        "Host: example.org",
        "Host: 127.0.0.1",
        "Host: 127.0.0.1:1",
        "X: y",
    ] {
        assert_eq!(ask("GET", &[host]), 403, "{host}");
    }
    for origin in [
        "Origin: http://example.org",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
    ] {
        assert_eq!(ask("GET", &[&own, origin]), 403, "{origin}");
    }
    assert_eq!(
        ask(
            "GET",
            &[&own, &format!("Origin: http://127.0.0.1:{}", service.port)]
        ),
        200
    );
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"] {
        assert_eq!(ask(method, &[&own]), 405, "{method}");
    }
}

#[test]
fn nothing_outside_the_runs_can_be_read() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    let runs = folder.path().join("runs");
    write_run(&runs.join("inside"), "inside", 2);
    write_run(&folder.path().join("outside"), "outside", 2);
    #[cfg(unix)]
    {
        let link = |to: &str, at: &str| {
            std::os::unix::fs::symlink(folder.path().join(to), runs.join(at)).unwrap();
        };
        link("outside", "linked");
        std::fs::create_dir(runs.join("half")).unwrap();
        link("outside/run.json", "half/run.json");
    }
    let service = Service::start(Some(&runs));
    let listed = service.json("/api/runs");
    let names: Vec<&str> = listed["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["inside"]);
    for path in [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/api/../secret.txt",
        "/api/runs/../../secret.txt",
        "/api/runs/..%2f..%2fsecret.txt",
        "/api/runs/inside",
        "/api/runs/1",
        "/api/runs/-1",
        "/api/curves/../../secret.txt?runs=0",
        "/runs/inside/run.json",
        "//secret.txt",
        "/etc/passwd",
    ] {
        let answer = service.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("secret\n"), "{path}");
    }
    assert_eq!(service.get("/api/curves?runs=..").status, 400);
    assert_eq!(service.json("/api/runs/0")["header"]["run"], "inside");
}

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
    service.json("/api/runs");
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
fn a_folder_that_is_none_and_a_port_in_use_are_refused() {
    let taken = Service::start(None);
    let port = taken.port.to_string();
    for (words, message) in [
        (
            vec!["no-such-folder"],
            "no-such-folder is not a folder: name one with runs".to_owned(),
        ),
        (
            vec!["--port", &port],
            format!("--port {port}: give another, or 0 for any"),
        ),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_breakeven"))
            .args(["explore", "--no-open"])
            .args(words)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(&message), "{errors}");
    }
}

#[test]
fn only_the_loopback_address_listens() {
    let service = Service::start(None);
    // All of 127.0.0.0/8 is this machine: a server on every address would answer here.
    let other = std::net::TcpStream::connect(("127.0.0.2", service.port));
    assert!(other.is_err());
}

/// Browsers open connections ahead and leave them silent.
#[test]
fn silent_connections_stall_nothing() {
    let service = Service::start(None);
    let connect = || std::net::TcpStream::connect(("127.0.0.1", service.port)).unwrap();
    let silent: Vec<_> = (0..40).map(|_| connect()).collect();
    assert_eq!(service.get("/").status, 200);
    drop(silent);
}

/// kill -INT is what Ctrl-C sends. A connection that is silent, and one that
/// stopped within its request, hold nothing up.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_cleanly() {
    use std::io::Write;
    let mut service = Service::start(None);
    let connect = || std::net::TcpStream::connect(("127.0.0.1", service.port)).unwrap();
    let (_silent, mut stopped) = (connect(), connect());
    stopped.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
    assert_eq!(service.get("/").status, 200);
    let start = std::time::Instant::now();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &service.process.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert!(service.process.wait().unwrap().success());
    assert!(start.elapsed() < std::time::Duration::from_secs(20));
}
