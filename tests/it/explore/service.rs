//! A running `breakeven explore`, spoken to over plain TCP.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// The program, which ends with this value.
pub struct Service {
    pub process: Child,
    pub port: u16,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Service {
    pub fn start(runs: Option<&Path>) -> Self {
        let mut process = Command::new(super::program())
            .arg("explore")
            .args(runs)
            .args(["--port", "0", "--no-open"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = process.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let port = line.trim_end().strip_prefix("http://127.0.0.1:");
        let port = port.and_then(|rest| rest.strip_suffix('/')).expect(&line);
        let port = port.parse().unwrap();
        Self { process, port }
    }

    pub fn get(&self, path: &str) -> Answer {
        let host = format!("Host: 127.0.0.1:{}", self.port);
        self.send(&format!("GET {path}"), &[&host])
    }

    pub fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// `request` is the method and the path. HTTP/1.0, so that the body ends
    /// with the connection.
    pub fn send(&self, request: &str, headers: &[&str]) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let headers = headers.join("\r\n");
        write!(stream, "{request} HTTP/1.0\r\n{headers}\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let (head, body) = (head.to_owned(), body.to_owned());
        Answer { status, head, body }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value).unwrap_or_default()
    }
}

/// The JSON that `breakeven simulate` prints.
pub fn simulate(words: &str) -> Value {
    let output = Command::new(super::program())
        .arg("simulate")
        .args(words.split(' '))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A run of 30 steps with `records` measurements, at steps 0, 10, …
pub fn write_run(folder: &Path, name: &str, records: usize) {
    fs::create_dir_all(folder).unwrap();
    let header = json!({
        "run": name, "seed": 3, "learning_rate": 0.2, "batch_size": 10, "model": "mlp",
        "data": "none", "examples": 100, "parameters": 5, "steps": 30, "version": "0",
        "device": "none",
    });
    fs::write(folder.join("run.json"), header.to_string()).unwrap();
    let lines = (0..records).map(|i| record(10 * i));
    fs::write(folder.join("records.jsonl"), lines.collect::<String>()).unwrap();
}

/// A line of records, stable and without s².
pub fn record(step: usize) -> String {
    let record = json!({
        "step": step, "epoch": step as f64 / 10.0, "loss": 2.0, "lambda_h": 4.0 + step as f64 / 10.0,
        "stability": 0.5,
    });
    format!("{record}\n")
}

/// Adds text to a run's records.
pub fn append(folder: &Path, text: &str) {
    let path = folder.join("records.jsonl");
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
