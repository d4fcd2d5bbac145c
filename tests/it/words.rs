//! What every command says of itself, and the shape of what it answers.

use tempfile::tempdir;

use crate::program::{run_words, stderr, stdout};
use crate::train::QUICK;

const COMMANDS: [&str; 23] = [
    "",
    "check",
    "train",
    "status",
    "cluster",
    "cluster slurm",
    "cluster kubernetes",
    "measure",
    "verify",
    "export",
    "reproduce",
    "explore",
    "data",
    "data list",
    "data fetch",
    "data check",
    "simulate",
    "simulate threshold",
    "simulate trajectory",
    "simulate montecarlo",
    "simulate theorems",
    "completions",
    "manual",
];

#[test]
fn every_command_explains_itself() {
    let here = tempdir().unwrap();
    for command in COMMANDS {
        let said = stdout(&run_words(&format!("{command} --help"), here.path()));
        let name = format!("help {command}").trim_end().replace(' ', "-");
        insta::assert_snapshot!(name, said);
    }
}

#[test]
fn the_version_says_what_the_program_computes_with() {
    let here = tempdir().unwrap();
    let said = stdout(&run_words("--version", here.path()));
    let (first, second) = said.trim_end().split_once('\n').unwrap();
    assert!(first.starts_with(concat!("breakeven ", env!("CARGO_PKG_VERSION"))));
    assert!(second.starts_with("Burn 0.22.1, devices: flex"), "{second}");
}

#[test]
fn a_shell_gets_its_completions_and_man_a_page_for_each_command() {
    let here = tempdir().unwrap();
    let script = stdout(&run_words("completions bash", here.path()));
    for option in ["--loss-plane", "--learning-rate", "kubernetes"] {
        assert!(script.contains(option), "{option}");
    }

    run_words("manual pages/man1", here.path());
    for command in COMMANDS {
        let page = format!("breakeven {command}").trim_end().replace(' ', "-");
        let page = here.path().join(format!("pages/man1/{page}.1"));
        let text = std::fs::read_to_string(&page).unwrap_or_else(|_| panic!("{page:?}"));
        assert!(text.contains(".SH OPTIONS"), "{page:?}");
    }

    std::fs::write(here.path().join("file"), "").unwrap();
    let refused = run_words("manual file", here.path());
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).starts_with("error: can't write manual pages to file"));
}

/// Numbers become `#`: they are tested elsewhere, and their last digits may
/// differ between processors.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if !c.is_ascii_digit() {
            shape.push(c);
            continue;
        }
        shape.push('#');
        while rest
            .next_if(|c| c.is_ascii_digit() || ".e-".contains(*c))
            .is_some()
        {}
    }
    shape
}

#[test]
fn a_sweep_its_verdicts_and_a_measurement_have_their_shape() {
    let here = tempdir().unwrap();
    std::fs::write(here.path().join("quick.toml"), QUICK).unwrap();
    let trained = run_words("train --config quick.toml --out runs", here.path());
    insta::assert_snapshot!("train", shape(&stdout(&trained)));
    let measured = run_words(
        "measure --model mlp --hidden 6 --data fashion-mnist-12k --subset 120 --batches 5 \
         --batch-size 20 --checkpoint runs/runs/lr0.2-bs20-seed1/checkpoint.safetensors",
        here.path(),
    );
    insta::assert_snapshot!("measure", shape(&stdout(&measured)));
}
