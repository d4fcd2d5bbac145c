//! `breakeven measure`: K and H of one checkpoint on given data.

mod source;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::config::BatchNormMode;
use breakeven_empirical::loaded::Loaded;
use breakeven_empirical::network::Loss;
use breakeven_empirical::portrait::{
    BatchOrder, Leading, Portrait, PortraitError, PortraitSettings, Values,
};
use breakeven_sim::meter::Parts;
use clap::ValueEnum;

use crate::device::{DeviceArg, HELP, LONG_HELP};
use crate::failure::{Failure, OrFail};
use crate::progress::watched;
use crate::streams::{print, print_json};

use source::Source;

pub const EXAMPLES: &str = "\
Examples:
  breakeven measure --config runs/smoke/runs/lr0.1-bs20-seed0
  breakeven measure --checkpoint W.safetensors --model mlp --hidden none --data mnist
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
    /// Take network, data, L, M and the number of eigenvalues from a sweep's or
    /// a run's folder, or from a configuration; options given beside it count.
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
    /// Weights as safetensors, in PyTorch's names and layout; of a BERT also the
    /// folder in which Hugging Face saves it. Default: those of the run whose
    /// folder --config names.
    #[arg(long, value_name = "FILE", required_unless_present = "config")]
    checkpoint: Option<PathBuf>,
    /// The network, with the sizes that the weights have; those of a BERT are
    /// in the config.json beside them.
    #[arg(long, value_enum, required_unless_present = "config")]
    model: Option<ModelArg>,
    /// Units of the MLP's hidden layers; `none` for softmax regression.
    /// Default: those of the weights.
    #[arg(long, value_name = "N,…", num_args = 0..=1, default_missing_value = "none")]
    hidden: Option<HiddenArg>,
    /// Channels of SimpleCNN's first and second pair of convolutions. Default:
    /// those of the weights.
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    channels: Option<Vec<usize>>,
    /// Units of SimpleCNN's dense layer. Default: those of the weights.
    #[arg(long, value_name = "N")]
    dense: Option<usize>,
    /// A data set that `breakeven data list` names.
    #[arg(long, value_name = "NAME", required_unless_present = "config")]
    data: Option<String>,
    /// Folder of the data set's files.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Words of a text, or word pieces, at most. Default: 80 words, 40 pieces, or
    /// with --config what the run had.
    #[arg(long, value_name = "N")]
    length: Option<usize>,
    /// Measure on the first N training examples. Default: all, or with --config
    /// those that the run trained on.
    #[arg(long, value_name = "N")]
    subset: Option<usize>,
    /// Eigenvalues of H and of the per-example K. Default: 1.
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Smallest, most negative eigenvalues of H.
    #[arg(long, value_name = "N", default_value_t = 0)]
    bottom: usize,
    /// L, the mini-batch gradients of K^M. Default: 25.
    #[arg(long, value_name = "L")]
    batches: Option<usize>,
    /// M, the examples of each. Default: 64, or with --config the run's.
    #[arg(long, value_name = "M")]
    batch_size: Option<usize>,
    /// Which examples batches hold.
    #[arg(long, value_enum, default_value_t)]
    batch_order: OrderArg,
    /// What an example loses. Default: cross-entropy, or with --config what the
    /// run was trained on.
    #[arg(long, value_enum)]
    loss: Option<LossArg>,
    /// What batch normalisations normalise by. Default: batch, or with --config
    /// what the run measured with.
    #[arg(long, value_enum)]
    batch_norm: Option<BatchNormArg>,
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
    #[arg(long, help = HELP, long_help = LONG_HELP, default_value_t)]
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
enum LossArg {
    /// That of the softmax of the outputs.
    CrossEntropy,
    /// Half the squared distance of the outputs from a one at the true class.
    Mse,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum BatchNormArg {
    /// Each batch's own statistics, as in training: H is the mean over batches
    /// of --batch-size examples, and there is no per-example K.
    Batch,
    /// The checkpoint's running statistics: examples don't depend on each other.
    Running,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModelArg {
    Mlp,
    #[value(name = "simplecnn", alias = "simple-cnn", alias = "simple_cnn")]
    SimpleCnn,
    #[value(alias = "simple_cnn_bn")]
    SimpleCnnBn,
    Resnet,
    Densenet,
    Lstm,
    Bert,
}

/// Units of each hidden layer; none of them is softmax regression.
#[derive(Clone, Debug)]
struct HiddenArg(Vec<usize>);

impl FromStr for HiddenArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if matches!(text.trim(), "" | "none") {
            return Ok(Self(Vec::new()));
        }
        let units = text.split(',').map(|units| {
            units.trim().parse().map_err(|_| {
                format!("{units:?} is no number of units: give such as 300,100, or none")
            })
        });
        units.collect::<Result<_, _>>().map(Self)
    }
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
    let asked = match args.precision {
        Some(PrecisionArg::F64) => Precision::F64,
        Some(PrecisionArg::F32) | None => Precision::F32,
    };
    let device = args.device.device(asked);
    let precision = match (args.precision, device.kind) {
        (Some(PrecisionArg::F32), _) => Precision::F32,
        (Some(PrecisionArg::F64), _) | (None, DeviceKind::Flex) => Precision::F64,
        (None, _) => Precision::F32,
    };
    let compute = Compute::new(device, precision).or_input()?;
    let source = Source::of(args)?;
    let settings = args.settings(&source)?;
    let portrait = watched("measure", |meter| {
        meter.begin(format!("reading {}", source.data.name), Parts::Whole);
        let data_dir = args.data_dir.as_deref();
        let data = Loaded::of(&source.data, data_dir, &source.architecture).or_input()?;
        Portrait::measure(
            &source.architecture,
            &source.checkpoint,
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
    fn settings(&self, source: &Source) -> Result<PortraitSettings, Failure> {
        Ok(PortraitSettings {
            subset: source.subset,
            top: source.top,
            bottom: self.bottom,
            batches: source.batches,
            batch_size: source.batch_size,
            batch_order: match self.batch_order {
                OrderArg::Random => BatchOrder::Random,
                OrderArg::Sequential => BatchOrder::Sequential,
            },
            tolerance: self.tolerance,
            trace_probes: self.trace_probes,
            trace_tolerance: self.trace_tolerance,
            loss: match self.loss {
                Some(LossArg::CrossEntropy) => Loss::CrossEntropy,
                Some(LossArg::Mse) => Loss::Mse,
                None => source.loss,
            },
            batch_norm: match self.batch_norm {
                Some(BatchNormArg::Batch) => BatchNormMode::Batch,
                Some(BatchNormArg::Running) => BatchNormMode::Running,
                None => source.batch_norm,
            },
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
    if let Some(why) = portrait.absent.get("curvature_along_top") {
        return Err(Failure::input(format!(
            "--curvatures {}: there are none, as {why}; leave the option out",
            path.display()
        )));
    }
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
    // A number, or why there is none.
    let or_why = |field: &str, shown: Option<String>| {
        let why = || portrait.absent.get(field).map_or("none", String::as_str);
        shown.unwrap_or_else(|| format!("absent: {}", why()))
    };
    let along = portrait.curvature_along_top;
    let notes = portrait.notes.iter().map(|note| format!("note: {note}\n"));
    let notes: String = notes.collect();
    let mut lines = vec![
        format!(
            "{notes}{} parameters, {} examples, mean loss {}, accuracy {:.4}\n",
            portrait.parameters,
            portrait.examples,
            number(portrait.loss),
            portrait.accuracy
        ),
        "H, the Hessian of the mean loss".to_owned(),
    ];
    lines.extend(values("largest", &h.leading.values));
    if let Some(smallest) = &h.smallest {
        lines.extend(values("smallest", smallest));
    }
    lines.extend([
        line("trace", &trace(portrait)),
        line("trace's cost", &trace_effort(portrait)),
        line("solver", &solver(&h.leading)),
        "\nK, the covariance of the examples' gradients".to_owned(),
    ]);
    match k {
        Some(k) => {
            lines.extend(values("largest", &k.leading.values));
            lines.push(line("trace", &within(k.trace, k.trace_error_bound)));
            lines.push(line("solver", &solver(&k.leading)));
        }
        None => lines.push(line("largest", &or_why("covariance_per_example", None))),
    }
    lines.extend([
        format!(
            "\nK^M, the covariance of {} gradients of {} examples; about K/{}",
            mini.batches, mini.batch_size, mini.batch_size
        ),
        line(
            "eigenvalues",
            &format!(
                "{} (rank {}, error at most {:.0e})",
                leading(&mini.eigenvalues),
                mini.rank,
                largest(&mini.error_bounds)
            ),
        ),
        line(
            "smallest non-zero",
            &or_why(
                "covariance_mini_batch.smallest_nonzero",
                mini.smallest_nonzero.map(number),
            ),
        ),
        line(
            "smallest/largest",
            &or_why(
                "covariance_mini_batch.ratio",
                mini.ratio
                    .zip(mini.ratio_error_bound)
                    .map(|(ratio, error)| within(ratio, error)),
            ),
        ),
        line("trace", &within(mini.trace, mini.trace_error_bound)),
        line(
            "batch sharpness",
            &or_why("batch_sharpness", portrait.batch_sharpness.map(number)),
        ),
        "\nAlong e, the top eigenvector of H".to_owned(),
        line(
            "|cos(e, e_K)|",
            &or_why(
                "cosine_hessian_covariance",
                portrait.cosine_hessian_covariance.map(number),
            ),
        ),
    ]);
    if let (Some(cosines), None) = (
        &portrait.eigenspace_cosines,
        portrait.cosine_hessian_covariance,
    ) {
        let meaning = "cosines between the top eigenspaces of H and K";
        lines.push(line("angles", &format!("{} ({meaning})", leading(cosines))));
    }
    lines.extend([
        line(
            "mean of eᵀH_i e",
            &or_why("curvature_along_top", along.map(|along| number(along.mean))),
        ),
        line(
            "variance, s²",
            &along.map_or("absent".to_owned(), |along| {
                format!("{} (1/N, as in Eq. 1)", number(along.variance))
            }),
        ),
    ]);
    lines.join("\n") + "\n"
}

/// Eigenvalues at one end, with what their bounds say and how often they are
/// repeated.
fn values(name: &str, found: &Values) -> Vec<String> {
    let kinds: BTreeSet<&str> = found
        .error_bound_kinds
        .iter()
        .map(|k| k.in_words())
        .collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let mut lines = vec![line(
        name,
        &format!(
            "{} (error at most {:.0e}: {})",
            leading(&found.eigenvalues),
            largest(&found.error_bounds),
            kinds.join(", ")
        ),
    )];
    let mut repeated = Vec::new();
    let mut place = 0;
    while place < found.eigenvalues.len() {
        let size = found.multiplicities[place].unwrap_or(1);
        if size > 1 {
            repeated.push(format!(
                "{} comes {size} times",
                number(found.eigenvalues[place])
            ));
        }
        place += size;
    }
    if !repeated.is_empty() {
        lines.push(line("repeated", &repeated.join(", ")));
    }
    lines
}

fn largest(errors: &[f64]) -> f64 {
    errors.iter().copied().fold(0.0, f64::max)
}

fn within(value: f64, error: f64) -> String {
    if error == 0.0 {
        return format!("{} (exact)", number(value));
    }
    format!("{} (error at most {error:.0e})", number(value))
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

fn trace(portrait: &Portrait) -> String {
    let h = &portrait.hessian;
    if is_exact(portrait) {
        return within(h.trace, h.trace_standard_error);
    }
    let error = number(h.trace_standard_error);
    format!("{} ± {error} (standard error)", number(h.trace))
}

/// Whether no direction is left to an estimate of the trace.
fn is_exact(portrait: &Portrait) -> bool {
    portrait.hessian.trace_exact_directions == portrait.parameters
}

/// What the trace took, and whether it is as exact as was asked.
fn trace_effort(portrait: &Portrait) -> String {
    let h = &portrait.hessian;
    if is_exact(portrait) {
        return format!("{} products or sweeps, exact", h.trace_probes);
    }
    format!(
        "{} products and probes, {} directions exact, {}",
        h.trace_probes,
        h.trace_exact_directions,
        h.trace_status.in_words()
    )
}

fn solver(found: &Leading) -> String {
    format!("{} products, {}", found.matvecs, found.status.in_words())
}
