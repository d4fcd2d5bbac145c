//! Writes a sweep folder of made-up runs, as large as asked for, to time
//! `verify` on: `many_runs FOLDER [RUNS] [RECORDS]`. Records hold what the
//! defaults measure, K^M's spectrum of eight batches among it, with checksums.

use std::error::Error;
use std::fs;
use std::path::Path;

use breakeven_sim::record::seal::{plan_sha256, sha256};
use breakeven_sim::record::{
    BoundKind, CONFIG_FILE, HEADER_FILE, MiniBatches, OUTCOME_FILE, RECORDS_FILE, RUNS_FOLDER,
    Record, RunHeader, RunOutcome, RunStatus, SolverStatus, to_line, to_page,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

const LEARNING_RATES: [f64; 4] = [0.01, 0.03, 0.1, 0.3];
const BATCH_SIZE: usize = 64;
const EXAMPLES: usize = 12_000;
const BATCHES: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("give the folder to write")?;
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (runs, records) = (number(1000)?, number(500)?);
    write_sweep(Path::new(&folder), runs, records)
}

fn write_sweep(folder: &Path, runs: u64, records: u64) -> Result<(), Box<dyn Error>> {
    let levels = LEARNING_RATES.len() as u64;
    let seeds: Vec<u64> = (0..runs.div_ceil(levels)).collect();
    let config = json!({
        "sweep": { "learning_rates": LEARNING_RATES, "batch_sizes": [BATCH_SIZE], "seeds": seeds },
        "verify": {},
    });
    fs::create_dir_all(folder.join(RUNS_FOLDER))?;
    fs::write(folder.join(CONFIG_FILE), serde_json::to_string(&config)?)?;
    let plan = plan_sha256(&config);
    for run in 0..runs {
        let level = LEARNING_RATES[(run % levels) as usize];
        write_run(
            folder,
            &header(level, run / levels, records, &plan),
            records,
        )?;
    }
    Ok(())
}

fn header(learning_rate: f64, seed: u64, records: u64, plan: &str) -> RunHeader {
    RunHeader {
        run: format!("lr{learning_rate}-bs{BATCH_SIZE}-seed{seed}"),
        seed,
        learning_rate,
        batch_size: BATCH_SIZE,
        model: "mlp 784-300-100-10".to_owned(),
        data: "made-up".to_owned(),
        examples: EXAMPLES,
        parameters: 266_610,
        steps: 10 * records,
        training: None,
        pretrained: None,
        covariance: Some(MiniBatches {
            batches: BATCHES,
            batch_size: BATCH_SIZE,
        }),
        hessian_examples: Some(1000),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        device: "none f64".to_owned(),
        plan_sha256: Some(plan.to_owned()),
    }
}

fn write_run(sweep: &Path, header: &RunHeader, records: u64) -> Result<(), Box<dyn Error>> {
    let folder = sweep.join(RUNS_FOLDER).join(&header.run);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(HEADER_FILE), to_page(header)?)?;
    // A stream a run, whatever is written before it.
    let stream = header.seed * 1_000_000 + (1e5 * header.learning_rate) as u64;
    let mut random = ChaCha8Rng::seed_from_u64(stream);
    let mut lines = String::new();
    for index in 0..records {
        lines += &to_line(&record(header, index, records, &mut random))?;
        lines.push('\n');
    }
    fs::write(folder.join(RECORDS_FILE), &lines)?;
    let outcome = RunOutcome {
        status: RunStatus::Completed,
        steps: header.steps,
        reason: None,
        records_sha256: Some(sha256(lines.as_bytes())),
        predictions_sha256: None,
    };
    fs::write(folder.join(OUTCOME_FILE), to_page(&outcome)?)?;
    Ok(())
}

/// λ_H rises to a limit near 2/η and stays; all else follows it.
fn record(header: &RunHeader, index: u64, records: u64, random: &mut impl Rng) -> Record {
    let time = index as f64 / records as f64;
    let mut around = |value: f64| value * (1.0 + 0.1 * (random.random::<f64>() - 0.5));
    let limit = 2.0 / header.learning_rate;
    let lambda_h = around(5.0 + (limit - 5.0) * (1.0 - (-time / 0.1).exp()));
    let spectrum_k: Vec<f64> = (0..BATCHES)
        .map(|k| around(0.02 * lambda_h * 0.7_f64.powi(k as i32)))
        .collect();
    let lambda_k = spectrum_k[0];
    let smallest = spectrum_k[BATCHES - 2];
    Record {
        step: 10 * index,
        epoch: 10.0 * index as f64 / (header.examples / header.batch_size) as f64,
        loss: Some(around(2.3 * (-3.0 * time).exp() + 0.2)),
        training_accuracy: Some(0.1 + 0.8 * (1.0 - (-6.0 * time).exp())),
        validation_accuracy: Some(0.1 + 0.7 * (1.0 - (-6.0 * time).exp())),
        lambda_k: Some(lambda_k),
        lambda_k_error_bound: Some(around(1e-6)),
        rank_k: Some(BATCHES - 1),
        lambda_k_smallest: Some(smallest),
        condition_k: Some(smallest / lambda_k),
        condition_k_error_bound: Some(around(1e-5)),
        trace_k: Some(spectrum_k.iter().sum()),
        trace_k_error_bound: Some(around(1e-5)),
        lambda_k_per_example: Some(around(13.0 * lambda_k)),
        lambda_k_per_example_error_bound: Some(around(1e-4)),
        lambda_k_per_example_error_bound_kind: Some(BoundKind::GapEstimate),
        trace_k_per_example: Some(around(50.0 * lambda_k)),
        trace_k_per_example_error_bound: Some(around(1e-4)),
        lambda_h: Some(lambda_h),
        lambda_h_error_bound: Some(around(1e-3)),
        lambda_h_residual: Some(around(0.1)),
        lambda_h_error_bound_kind: Some(BoundKind::GapEstimate),
        lambda_h_matvecs: Some(4),
        lambda_h_status: Some(SolverStatus::Converged),
        trace_h: Some(around(4.0 * lambda_h)),
        trace_h_standard_error: Some(around(0.5)),
        loss_change: Some(around(0.01)),
        curvature_variance: Some(around(91.0)),
        stability: Some((lambda_h / limit).powi(2) * 1.05),
        psi: Some(around(0.04)),
        alignment_hk: Some(around(0.09)),
        step_cosine: Some(around(-0.36)),
        subspace_ratio: Some(around(1.1)),
        batch_sharpness: Some(around(6.9)),
        spectrum_k: Some(spectrum_k),
        ..Record::default()
    }
}
