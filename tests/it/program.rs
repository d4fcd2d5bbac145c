//! The program, run to its end, and what it says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The fields of a hypothesis that others read.
pub const VERDICT_FIELDS: [&str; 16] = [
    "id",
    "conjecture",
    "quantity",
    "factor",
    "expected",
    "levels",
    "seeds",
    "page_l",
    "p_value",
    "p_adjusted",
    "opposite_p_value",
    "log_slope",
    "log_slope_interval",
    "tied_blocks",
    "verdict",
    "reason",
];

/// `breakeven` with `args` in `folder`, in a world with no data but there.
pub fn command(args: &[&str], folder: &Path) -> Command {
    let nowhere = folder.join("home");
    let mut command = Command::new(env!("CARGO_BIN_EXE_breakeven"));
    command
        .args(args)
        .current_dir(folder)
        .env("HOME", &nowhere)
        .env("XDG_DATA_HOME", &nowhere)
        .env_remove("BREAKEVEN_DATA");
    command
}

/// Runs it to its end.
pub fn run(args: &[&str], folder: &Path) -> Output {
    command(args, folder).output().unwrap()
}

/// The same with the words of `text`.
pub fn run_words(text: &str, folder: &Path) -> Output {
    let words: Vec<&str> = text.split_whitespace().collect();
    run(&words, folder)
}

/// Starts `breakeven` with `args` in `folder` and waits until it has left
/// `lines` lines in the file `records`.
pub fn in_mid_run(args: &[&str], folder: &Path, records: &Path, lines: usize) -> Child {
    let mut command = command(args, folder);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    wait_for_lines(&mut command, records, lines)
}

/// The same of any command.
pub fn wait_for_lines(command: &mut Command, records: &Path, lines: usize) -> Child {
    let mut child = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let found = fs::read(records).unwrap_or_default();
        if found.iter().filter(|&&byte| byte == b'\n').count() >= lines {
            return child;
        }
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before {lines} records"
        );
        assert!(Instant::now() < deadline, "no {lines} records in time");
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a command that has to succeed prints.
#[track_caller]
pub fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The JSON that a command that has to succeed prints.
#[track_caller]
pub fn json(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap()
}

/// What a command that has to fail says: exit code 2, a line that begins with
/// `error: `, nothing on stdout, no panic.
#[track_caller]
pub fn refusal(args: &[&str], folder: &Path) -> String {
    let output = run(args, folder);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
    assert!(said.starts_with("error: "), "{args:?}: {said}");
    assert!(!said.contains("panicked"), "{args:?}: {said}");
    assert!(output.stdout.is_empty(), "{args:?}");
    said
}

/// Every file below `folder` whose name ends with `end`, with its bytes.
pub fn files(folder: &Path, end: &str) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let inner = files(&path, end);
            all.extend(inner.into_iter().map(|(k, v)| (format!("{name}/{k}"), v)));
        } else if name.ends_with(end) {
            all.insert(name, fs::read(&path).unwrap());
        }
    }
    all
}
