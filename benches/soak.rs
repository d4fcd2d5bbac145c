//! Memory of a training of 100,000 steps: what the program has resident, at its steps.
//!
//!     cargo bench --bench soak -- DIR
//!
//! Trains a small MLP with `breakeven train`, a measurement every hundred steps and
//! predictions beside them, and looks all the time at its resident size and at how many
//! records it has written. The figure and its numbers go to DIR.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use breakeven_plot::{Axis, Curve, Figure, Scale, Size, Ticks, Weight};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const EVERY: usize = 100;
/// Six steps an epoch.
const EPOCHS: usize = 16_667;

fn main() -> Result<(), Failure> {
    let [out] = &common::words()[..] else {
        return Err("give the folder for the figure".into());
    };
    fs::create_dir_all(out)?;
    let folder = std::env::temp_dir().join(format!("breakeven-soak-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let points = train(&folder);
    fs::remove_dir_all(&folder)?;
    let points = points?;
    let early = points.iter().find(|(step, _)| *step >= 1e4);
    for (step, size) in early.into_iter().chain(points.last()) {
        println!("{step} steps: {size:.2} MB");
    }
    for file in figure(points).write(Path::new(out))? {
        println!("{}", file.display());
    }
    Ok(())
}

/// Steps, by the records that are written, and MB.
fn train(folder: &Path) -> Result<Vec<(f64, f64)>, Failure> {
    let config = folder.join("soak.toml");
    let text = format!(
        "name = \"soak\"\n\
         [data]\nname = \"fashion-mnist-12k\"\ntrain_examples = 60\nvalidation_examples = 20\n\
         [model]\nname = \"mlp\"\nhidden = [8]\n\
         [training]\nepochs = {EPOCHS}\nmomentum = 0.5\n\
         [sweep]\nlearning_rates = [0.2]\nbatch_sizes = [10]\nseeds = [7]\n\
         [measure]\nevery_steps = {EVERY}\nhessian_examples = 30\ncovariance_batches = 3\n\
         lambda_k_per_example = true\nprediction_examples = 5\n"
    );
    fs::write(&config, text)?;
    let out = folder.join("out");
    let mut program = Command::new(env!("CARGO_BIN_EXE_breakeven"))
        .args(["train", "--jobs", "1", "--config"])
        .arg(&config)
        .arg("--out")
        .arg(&out)
        .stdout(Stdio::null())
        .spawn()?;
    let records = out.join("runs/lr0.2-bs10-seed7/records.jsonl");
    let status = format!("/proc/{}/status", program.id());
    let mut points: Vec<(f64, f64)> = Vec::new();
    let ended = loop {
        sleep(Duration::from_millis(20));
        if let Some(ended) = program.try_wait()? {
            break ended;
        }
        // None before the first, and after the last the process may be gone.
        let lines = fs::read(&records).map_or(0, |text| text.split(|&c| c == b'\n').count() - 1);
        let size = fs::read_to_string(&status).ok();
        let size = size.and_then(|status| common::memory(&status, "VmRSS:"));
        let step = (lines.saturating_sub(1) * EVERY) as f64;
        let new = points.last().is_none_or(|(last, _)| step > *last);
        if let Some(size) = size.filter(|_| lines > 0 && new) {
            points.push((step, size));
        }
    };
    match ended.success() {
        true => Ok(points),
        false => Err(format!("train: {ended}").into()),
    }
}

fn figure(points: Vec<(f64, f64)>) -> Figure {
    let axis = |label: &str, part: fn(&(f64, f64)) -> f64| Axis {
        label: label.to_owned(),
        scale: Scale::linear_around(points.iter().map(part).chain([0.0])),
        ticks: Ticks::Round,
    };
    Figure {
        id: "soak-memory".to_owned(),
        title: "Resident memory, MB".to_owned(),
        description: "Resident memory of a training of 100,000 steps with a measurement every \
                      hundred, against the steps."
            .to_owned(),
        x: axis("step", |point| point.0),
        y: axis("resident memory, MB", |point| point.1),
        curves: vec![Curve {
            label: None,
            points,
            look: 0,
            weight: Weight::Bold,
            marks: Vec::new(),
        }],
        guides: Vec::new(),
        ground: None,
        size: Size::Wide,
    }
}
