//! Readers that stop early.

use std::io::pipe;
use std::process::Command;

/// `head` closes its end once it has seen enough: no panic, no failure.
#[test]
fn a_reader_that_has_gone_is_no_failure() {
    for args in [
        &["data", "list"][..],
        &["data", "check", "fashion-mnist-12k", "--json"],
        &[
            "simulate",
            "threshold",
            "--learning-rate=0.1",
            "--batch-size=1",
            "--examples=10",
            "--alpha=1",
            "--psi=1",
        ],
    ] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let status = Command::new(env!("CARGO_BIN_EXE_breakeven"))
            .args(args)
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(0), "{args:?}");
    }
}

/// What is wrong has its exit code, whether it can be said or not.
#[test]
fn an_error_that_nobody_reads_keeps_its_exit_code() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let status = Command::new(env!("CARGO_BIN_EXE_breakeven"))
        .args(["verify", "nowhere"])
        .stderr(writer)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
}
