//! Sweep folders with made-up runs: a curvature that grows to a limit set by
//! η and S and then decays, from an initial value set by the seed.

use std::fs;
use std::path::{Path, PathBuf};

use breakeven_sim::record::seal::{plan_sha256, sha256};
use breakeven_sim::record::{
    CONFIG_FILE, HEADER_FILE, MiniBatches, OUTCOME_FILE, RECORDS_FILE, RUNS_FOLDER, Record,
    RunHeader, RunOutcome, RunStatus, SolverStatus, to_line, to_page,
};
use serde_json::{Value, json};

/// A sweep to be written.
pub struct Synthetic {
    pub name: &'static str,
    pub learning_rates: Vec<f64>,
    pub batch_sizes: Vec<usize>,
    pub seeds: Vec<u64>,
    /// M of K^M; without it the batch size.
    pub measured_batch: Option<usize>,
    /// The value of the key `verify` in the configuration.
    pub verify: Option<Value>,
}

impl Synthetic {
    /// Learning rates 0.01, 0.03 and 0.1 at batch size 64, five seeds.
    pub fn learning_rate() -> Self {
        Self {
            name: "mlp-learning-rate",
            learning_rates: vec![0.01, 0.03, 0.1],
            batch_sizes: vec![64],
            seeds: (0..5).collect(),
            measured_batch: None,
            verify: Some(json!({})),
        }
    }

    /// Batch sizes 16, 64 and 256 at learning rate 0.05, five seeds.
    pub fn batch_size() -> Self {
        Self {
            name: "mlp-batch-size",
            learning_rates: vec![0.05],
            batch_sizes: vec![16, 64, 256],
            measured_batch: Some(128),
            ..Self::learning_rate()
        }
    }

    /// Writes the sweep into `parent` and says where it is.
    pub fn write(&self, parent: &Path) -> PathBuf {
        let folder = parent.join(self.name);
        fs::create_dir_all(folder.join(RUNS_FOLDER)).unwrap();
        let mut config = json!({ "model": "mlp", "seeds": self.seeds });
        if let Some(verify) = &self.verify {
            config["verify"] = verify.clone();
        }
        write_json(&folder.join(CONFIG_FILE), &config);
        for &learning_rate in &self.learning_rates {
            for &batch_size in &self.batch_sizes {
                for &seed in &self.seeds {
                    let measured = self.measured_batch.unwrap_or(batch_size);
                    let header = header(learning_rate, batch_size, seed, measured);
                    write_run(&folder, &header);
                }
            }
        }
        folder
    }
}

/// The folder of a run.
pub fn run_folder(sweep: &Path, learning_rate: f64, batch_size: usize, seed: u64) -> PathBuf {
    sweep
        .join(RUNS_FOLDER)
        .join(run_name(learning_rate, batch_size, seed))
}

/// Gives the runs of a sweep what training writes now: checksums, and the hash
/// of the plan.
#[allow(dead_code)] // the program's own tests have trained runs for that
pub fn seal(sweep: &Path) {
    let text = fs::read_to_string(sweep.join(CONFIG_FILE)).unwrap();
    let plan = plan_sha256(&serde_json::from_str(&text).unwrap());
    for entry in fs::read_dir(sweep.join(RUNS_FOLDER)).unwrap() {
        let run = entry.unwrap().path();
        let read = |name: &str| fs::read_to_string(run.join(name)).unwrap();
        let mut header: RunHeader = serde_json::from_str(&read(HEADER_FILE)).unwrap();
        header.plan_sha256 = Some(plan.clone());
        fs::write(run.join(HEADER_FILE), to_page(&header).unwrap()).unwrap();
        let lines: String = read(RECORDS_FILE)
            .lines()
            .map(|line| to_line(&serde_json::from_str(line).unwrap()).unwrap() + "\n")
            .collect();
        fs::write(run.join(RECORDS_FILE), &lines).unwrap();
        let mut outcome: RunOutcome = serde_json::from_str(&read(OUTCOME_FILE)).unwrap();
        outcome.records_sha256 = Some(sha256(lines.as_bytes()));
        fs::write(run.join(OUTCOME_FILE), to_page(&outcome).unwrap()).unwrap();
    }
}

/// Turns a run into one that diverged after five measurements.
pub fn diverge(run: &Path) {
    let text = fs::read_to_string(run.join(RECORDS_FILE)).unwrap();
    let lines: Vec<&str> = text.lines().take(5).collect();
    fs::write(run.join(RECORDS_FILE), lines.join("\n") + "\n").unwrap();
    let outcome = RunOutcome {
        status: RunStatus::Diverged,
        steps: 301,
        reason: Some("the loss is not finite".to_owned()),
        records_sha256: None,
        predictions_sha256: None,
    };
    write_json(&run.join(OUTCOME_FILE), &outcome);
}

fn run_name(learning_rate: f64, batch_size: usize, seed: u64) -> String {
    format!("lr{learning_rate}-bs{batch_size}-seed{seed}")
}

fn write_json(path: &Path, value: &impl serde::Serialize) {
    fs::write(path, serde_json::to_string_pretty(value).unwrap()).unwrap();
}

const EXAMPLES: usize = 12_000;
const EPOCHS: u64 = 10;
const MEASUREMENTS: u64 = 32;

fn header(learning_rate: f64, batch_size: usize, seed: u64, measured: usize) -> RunHeader {
    RunHeader {
        run: run_name(learning_rate, batch_size, seed),
        seed,
        learning_rate,
        batch_size,
        model: "mlp 784-300-100-10".to_owned(),
        data: "made-up".to_owned(),
        examples: EXAMPLES,
        parameters: 266_610,
        steps: EPOCHS * EXAMPLES.div_ceil(batch_size) as u64,
        training: None,
        pretrained: None,
        covariance: Some(MiniBatches {
            batches: 25,
            batch_size: measured,
        }),
        hessian_examples: Some(1000),
        version: "0.1.0".to_owned(),
        device: "none f64".to_owned(),
        plan_sha256: None,
    }
}

fn write_run(sweep: &Path, header: &RunHeader) {
    let folder = sweep.join(RUNS_FOLDER).join(&header.run);
    fs::create_dir_all(&folder).unwrap();
    write_json(&folder.join(HEADER_FILE), header);
    let lines: String = records(header)
        .iter()
        .map(|record| serde_json::to_string(record).unwrap() + "\n")
        .collect();
    fs::write(folder.join(RECORDS_FILE), lines).unwrap();
    let outcome = RunOutcome {
        status: RunStatus::Completed,
        steps: header.steps,
        reason: None,
        records_sha256: None,
        predictions_sha256: None,
    };
    write_json(&folder.join(OUTCOME_FILE), &outcome);
}

fn records(header: &RunHeader) -> Vec<Record> {
    let mut noise = Noise(header.seed);
    let initial = 14.0 * (1.0 + 0.2 * noise.next());
    let mut noise =
        Noise(1000 * header.seed + header.batch_size as u64 + (1e4 * header.learning_rate) as u64);
    let limit = 6.0 / header.learning_rate.powf(0.6)
        * (header.batch_size as f64 / 64.0).powf(0.25)
        * (1.0 + 0.06 * noise.next());
    (0..MEASUREMENTS)
        .map(|index| record(header, index, initial, limit, &mut noise))
        .collect()
}

fn record(header: &RunHeader, index: u64, initial: f64, limit: f64, noise: &mut Noise) -> Record {
    let step = index * header.steps / MEASUREMENTS;
    let time = index as f64 / MEASUREMENTS as f64;
    // No noise at step 0: runs of a seed share their weights.
    let mut wobble = |size: f64| {
        if index == 0 {
            1.0
        } else {
            1.0 + size * noise.next()
        }
    };
    let risen = 1.0 - (-time / 0.12).exp();
    let lambda_h = (initial + (limit - initial) * risen) * (-0.8 * time).exp() * wobble(0.06);
    let lambda_k = 0.02 * lambda_h * wobble(0.1);
    let condition_k = match index {
        0 => 0.02 * initial,
        _ => (0.09 + 0.12 * header.learning_rate) * wobble(0.15) + 0.15 * (-time / 0.02).exp(),
    };
    Record {
        step,
        epoch: time * EPOCHS as f64,
        loss: Some(2.3 * (-3.0 * time).exp() + 0.2),
        training_accuracy: Some(
            0.1 + 0.8 * (1.0 - (-time * (6.0 + 80.0 * header.learning_rate)).exp()),
        ),
        lambda_k: Some(lambda_k),
        condition_k: Some(condition_k),
        trace_k: Some(4.5 * lambda_k * wobble(0.05)),
        lambda_h: Some(lambda_h),
        lambda_h_status: Some(SolverStatus::Converged),
        stability: Some((lambda_h / limit / 0.62).powi(2)),
        ..Record::default()
    }
}

/// Uniform numbers in \[−1, 1\] from SplitMix64, the same on every machine.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bits = (z ^ (z >> 31)) >> 11;
        bits as f64 / (1_u64 << 52) as f64 - 1.0
    }
}
