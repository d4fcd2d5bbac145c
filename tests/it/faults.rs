//! What faults have in common: moments and places that a seed chooses, and a
//! sweep that was stopped in its middle.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{files, run, stderr};
use crate::train::{TRAIN, train, world};

/// Two runs of 60 steps with all that has a file: records, predictions,
/// momentum's velocity and warm starts in the checkpoint.
pub const SMALL: &str = r#"
name = "small"

[data]
name = "fashion-mnist-12k"
train_examples = 120
validation_examples = 20

[model]
name = "mlp"
hidden = [4]

[training]
epochs = 10
momentum = 0.5
clip_norm = 3.0

[sweep]
learning_rates = [0.05, 0.2]
batch_sizes = [20]
seeds = [3]

[measure]
every_steps = 5
hessian_examples = 40
covariance_batches = 4
lambda_k_per_example = true
prediction_examples = 4
"#;

/// What saves a checkpoint before each step.
pub const EACH_STEP: [&str; 2] = ["--checkpoint-every", "0"];

/// Marsaglia's xorshift (J. Stat. Soft. 8 (2003), 14): enough to choose places by.
pub struct Chance(u64);

impl Chance {
    /// Of a seed that is not 0.
    pub fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Every file below a folder, with its bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

pub fn all_files(folder: &Path) -> Files {
    files(folder, "")
}

/// Puts a folder back as it was.
pub fn restore(folder: &Path, files: &Files) {
    for name in all_files(folder)
        .keys()
        .filter(|name| !files.contains_key(*name))
    {
        fs::remove_file(folder.join(name)).unwrap();
    }
    for (name, bytes) in files {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
}

/// A folder with the sweep `SMALL` as `whole`, and as `stopped`: killed in its
/// middle.
pub fn stopped() -> TempDir {
    let folder = world(SMALL);
    train(folder.path(), "whole", &[]);
    let args = [&TRAIN[..], &["--out", "stopped", "--jobs", "1"], &EACH_STEP].concat();
    let records = folder
        .path()
        .join("stopped/runs/lr0.2-bs20-seed3/records.jsonl");
    let mut child = crate::program::in_mid_run(&args, folder.path(), &records, 4);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!records.with_file_name("outcome.json").exists());
    folder
}

/// Changes a file on purpose: it has no checksum then.
pub fn change(file: &Path, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    value.as_object_mut().unwrap().remove("crc32c");
    change(&mut value);
    fs::write(file, value.to_string()).unwrap();
}

/// `train --resume` of the folder `out`.
pub fn resume(folder: &Path, out: &str) -> Output {
    run(&[&TRAIN[..], &["--out", out, "--resume"]].concat(), folder)
}

/// What a command says that ended as one of these exit codes says, without a
/// panic.
#[track_caller]
pub fn said(output: &Output, codes: &[i32], what: &str) -> String {
    let said = stderr(output);
    let code = output.status.code();
    assert!(
        code.is_some_and(|code| codes.contains(&code)),
        "{what}: {code:?}, {said}"
    );
    assert!(!said.contains("panicked"), "{what}: {said}");
    said
}
