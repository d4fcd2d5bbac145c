//! Tells the program what it is built from: the commit, where there is one, and the
//! version of Burn, where the versions are locked.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/refs/heads");
    println!("cargo::rerun-if-changed=Cargo.lock");
    if let Some(hash) = commit() {
        println!("cargo::rustc-env=BREAKEVEN_GIT_HASH={hash}");
    }
    if let Some(version) = locked_version("burn") {
        println!("cargo::rustc-env=BREAKEVEN_BURN_VERSION={version}");
    }
}

fn commit() -> Option<String> {
    let output = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()?;
    let hash = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| hash.trim().to_owned())
}

/// The version of a package in `Cargo.lock`.
fn locked_version(package: &str) -> Option<String> {
    let lock = std::fs::read_to_string("Cargo.lock").ok()?;
    let (_, entry) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    let (version, _) = entry.split_once('"')?;
    Some(version.to_owned())
}
