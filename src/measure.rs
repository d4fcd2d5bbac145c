//! `breakeven measure`: K and H of one checkpoint on given data.

use std::path::PathBuf;

use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::data;
use breakeven_empirical::model::Architecture;
use breakeven_empirical::portrait::{
    BatchOrder, HessianPortrait, Leading, Portrait, PortraitError, PortraitSettings,
};
use breakeven_sim::meter::Parts;
use breakeven_sim::record::SolverStatus;
use clap::ValueEnum;

use crate::device::DeviceArg;
use crate::failure::{Failure, OrFail};
use crate::progress::watched;
use crate::streams::{print, print_json};

pub const EXAMPLES: &str = "\
Examples:
  breakeven measure --checkpoint runs/smoke/runs/lr0.1-bs20-seed0/checkpoint.safetensors \\
      --model mlp --hidden 16 --data fashion-mnist-12k --subset 600
  breakeven measure --model mlp --hidden 300,100 --checkpoint W.safetensors \\
      --data fashion-mnist --data-dir DIR --top 3 --batches 10 --batch-size 64 \\
      --batch-order sequential --json";

/// Measures K and H at the weights of one checkpoint.
///
/// H and the per-example K are exact, over all training examples found (or
/// --subset): their largest eigenvalues with error bounds, their traces, the
/// angle between their top eigenvectors, and the spread of the examples'
/// curvatures along H's. K^M is that of mini-batch gradients, about K/M.
#[derive(Debug, clap::Args)]
pub struct MeasureArgs {
    /// Weights as safetensors, in PyTorch's names and layout.
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,
    /// The network.
    #[arg(long, value_enum)]
    model: ModelArg,
    /// Units of the MLP's hidden layers.
    #[arg(
        long,
        value_name = "N,…",
        value_delimiter = ',',
        default_value = "300,100"
    )]
    hidden: Vec<usize>,
    /// Channels of SimpleCNN's first and second pair of convolutions.
    #[arg(
        long,
        value_name = "N,N",
        value_delimiter = ',',
        default_value = "32,64"
    )]
    channels: Vec<usize>,
    /// Units of SimpleCNN's dense layer.
    #[arg(long, value_name = "N", default_value_t = 128)]
    dense: usize,
    /// A data set that `breakeven data list` names.
    #[arg(long, value_name = "NAME")]
    data: String,
    /// Folder of the data set's files.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Measure on the first N training examples. Default: all.
    #[arg(long, value_name = "N")]
    subset: Option<usize>,
    /// Eigenvalues of H and of the per-example K.
    #[arg(long, value_name = "N", default_value_t = 1)]
    top: usize,
    /// L, the mini-batch gradients of K^M.
    #[arg(long, value_name = "L", default_value_t = 25)]
    batches: usize,
    /// M, the examples of each.
    #[arg(long, value_name = "M", default_value_t = 64)]
    batch_size: usize,
    /// Which examples batches hold.
    #[arg(long, value_enum, default_value_t)]
    batch_order: OrderArg,
    /// Bound on eigenvalues' errors, relative to the largest.
    #[arg(long, value_name = "X", default_value = "1e-6")]
    tolerance: f64,
    /// Standard error of the trace of H, relative to it, at which its estimate
    /// stops.
    #[arg(long, value_name = "X", default_value = "0.01")]
    trace_tolerance: f64,
    /// Products and random probes for the trace of H, at most; the trace is
    /// exact where the model has no more parameters than that.
    #[arg(long, value_name = "N", default_value_t = 100)]
    trace_probes: usize,
    /// Seed of probes and random batches.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Where the network is computed.
    #[arg(long, value_enum, default_value_t)]
    device: DeviceArg,
    /// Floats. Default: f64 on flex, f32 elsewhere.
    #[arg(long, value_enum)]
    precision: Option<PrecisionArg>,
    /// Threads; no number depends on it. Default: all cores on flex, otherwise
    /// 1.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Memory for values that are kept between products, in GiB; what does not
    /// fit is computed anew for each, and no number depends on it. Default:
    /// half of what is free (128 MiB where the system does not tell, and on
    /// other devices than flex).
    #[arg(long, value_name = "GIB")]
    memory: Option<f64>,
    /// Write each example's curvature along H's top eigenvector to a CSV file.
    #[arg(long, value_name = "FILE")]
    curvatures: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModelArg {
    Mlp,
    #[value(name = "simplecnn", alias = "simple-cnn", alias = "simple_cnn")]
    SimpleCnn,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum OrderArg {
    /// Drawn at random, each batch without replacement.
    #[default]
    Random,
    /// Batch j holds examples jM to (j+1)M − 1.
    Sequential,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PrecisionArg {
    F32,
    F64,
}

/// Runs the command.
pub fn run(args: &MeasureArgs) -> Result<(), Failure> {
    let device = DeviceKind::from(args.device);
    let precision = match (args.precision, device) {
        (Some(PrecisionArg::F32), _) => Precision::F32,
        (Some(PrecisionArg::F64), _) | (None, DeviceKind::Flex) => Precision::F64,
        (None, _) => Precision::F32,
    };
    let compute = Compute::new(device, precision).or_input()?;
    let architecture = args.architecture()?;
    let settings = args.settings()?;
    let portrait = watched("measure", |meter| {
        meter.begin(format!("reading {}", args.data), Parts::Whole);
        let data = data::load(&args.data, args.data_dir.as_deref()).or_input()?;
        let checkpoint = &args.checkpoint;
        Portrait::measure(
            &architecture,
            checkpoint,
            &data.train,
            &compute,
            &settings,
            meter,
        )
        .map_err(failure)
    })?;
    if let Some(path) = &args.curvatures {
        write_curvatures(path, &portrait)?;
    }
    if args.json {
        print_json(&portrait)
    } else {
        print(table(&portrait))
    }
}

fn failure(error: PortraitError) -> Failure {
    match error {
        PortraitError::Threads(_) => Failure::Work(error.into()),
        _ => Failure::Input(error.into()),
    }
}

impl MeasureArgs {
    fn architecture(&self) -> Result<Architecture, Failure> {
        Ok(match self.model {
            ModelArg::Mlp => Architecture::Mlp {
                hidden: self.hidden.clone(),
            },
            ModelArg::SimpleCnn => {
                let [first, second] = self.channels[..] else {
                    return Err(Failure::input(format!(
                        "--channels has {} numbers: give two, such as 32,64",
                        self.channels.len()
                    )));
                };
                Architecture::SimpleCnn {
                    first,
                    second,
                    dense: self.dense,
                }
            }
        })
    }

    fn settings(&self) -> Result<PortraitSettings, Failure> {
        Ok(PortraitSettings {
            subset: self.subset,
            top: self.top,
            batches: self.batches,
            batch_size: self.batch_size,
            batch_order: match self.batch_order {
                OrderArg::Random => BatchOrder::Random,
                OrderArg::Sequential => BatchOrder::Sequential,
            },
            tolerance: self.tolerance,
            trace_probes: self.trace_probes,
            trace_tolerance: self.trace_tolerance,
            seed: self.seed,
            threads: self.threads.map(usize::from),
            memory: self.memory.map(bytes).transpose()?,
        })
    }
}

/// Bytes of so many GiB.
fn bytes(gib: f64) -> Result<u64, Failure> {
    if !(gib.is_finite() && gib >= 0.0) {
        return Err(Failure::input(format!(
            "--memory is {gib}: give a number of GiB, 0 or more"
        )));
    }
    Ok((gib * f64::from(1 << 30)) as u64)
}

fn write_curvatures(path: &PathBuf, portrait: &Portrait) -> Result<(), Failure> {
    let rows = portrait
        .curvatures
        .iter()
        .map(|curvature| format!("{curvature:e}\n"));
    let text: String = std::iter::once("curvature\n".to_owned())
        .chain(rows)
        .collect();
    std::fs::write(path, text)
        .map_err(|error| Failure::input(format!("{}: {error}", path.display())))
}

fn table(portrait: &Portrait) -> String {
    let h = &portrait.hessian;
    let k = &portrait.covariance_per_example;
    let mini = &portrait.covariance_mini_batch;
    let along = portrait.curvature_along_top;
    let or_none = |x: Option<f64>| x.map_or("none".to_owned(), number);
    let lines = [
        format!(
            "{} parameters, {} examples, mean loss {}, accuracy {:.4}\n",
            portrait.parameters,
            portrait.examples,
            number(portrait.loss),
            portrait.accuracy
        ),
        "H, the Hessian of the mean loss".to_owned(),
        line("largest", &with_bounds(&h.leading)),
        line("trace", &plus_minus(h.trace, h.trace_standard_error)),
        line("trace's estimate", &trace_effort(h)),
        line("solver", &solver(&h.leading)),
        "\nK, the covariance of the examples' gradients".to_owned(),
        line("largest", &with_bounds(&k.leading)),
        line("trace", &number(k.trace)),
        line("solver", &solver(&k.leading)),
        format!(
            "\nK^M, the covariance of {} gradients of {} examples; about K/{}",
            mini.batches, mini.batch_size, mini.batch_size
        ),
        line("eigenvalues", &leading(&mini.eigenvalues)),
        line("smallest non-zero", &or_none(mini.smallest_nonzero)),
        line("smallest/largest", &or_none(mini.ratio)),
        line("trace", &number(mini.trace)),
        line("batch sharpness", &number(portrait.batch_sharpness)),
        "\nAlong e, the top eigenvector of H".to_owned(),
        line("|cos(e, e_K)|", &number(portrait.cosine_hessian_covariance)),
        line("mean of eᵀH_i e", &number(along.mean)),
        line(
            "variance, s²",
            &format!("{} (1/N, as in Eq. 1)", number(along.variance)),
        ),
    ];
    lines.join("\n") + "\n"
}

fn line(name: &str, value: &str) -> String {
    format!("  {name:<18} {value}")
}

/// Seven digits, without an exponent where that is readable.
fn number(x: f64) -> String {
    let size = x.abs();
    if size != 0.0 && !(1e-4..1e7).contains(&size) {
        return format!("{x:.6e}");
    }
    let whole = if size < 1.0 {
        1
    } else {
        size.log10() as usize + 1
    };
    format!("{x:.*}", 7 - whole)
}

/// The first five.
fn leading(values: &[f64]) -> String {
    let shown: Vec<String> = values.iter().take(5).map(|&x| number(x)).collect();
    let more = if values.len() > 5 { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn with_bounds(found: &Leading) -> String {
    let largest = found.error_bounds.iter().copied().fold(0.0, f64::max);
    format!(
        "{} (error at most {largest:.0e})",
        leading(&found.eigenvalues)
    )
}

fn plus_minus(value: f64, error: f64) -> String {
    if error == 0.0 {
        return format!("{} (exact)", number(value));
    }
    format!("{} ± {} (standard error)", number(value), number(error))
}

/// What the trace took, and whether it is as exact as was asked.
fn trace_effort(h: &HessianPortrait) -> String {
    let probes = format!("{} products and probes", h.trace_probes);
    match h.trace_status {
        SolverStatus::Converged if h.trace_standard_error == 0.0 => format!("{probes}, exact"),
        status => format!(
            "{probes}, {} directions exact, {}",
            h.trace_exact_directions,
            status.in_words()
        ),
    }
}

fn solver(found: &Leading) -> String {
    format!("{} products, {}", found.matvecs, found.status.in_words())
}
