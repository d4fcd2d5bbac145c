//! `breakeven explore` over plain HTTP; in a browser: `tests/browser`.

pub mod service;

use tempfile::tempdir;

use service::{Service, write_run};

/// The program under test.
fn program() -> String {
    env!("CARGO_BIN_EXE_breakeven").to_owned()
}

pub const MODEL: &str = "learning_rate=0.1&batch_size=32&examples=50000";

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
