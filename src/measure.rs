//! `breakeven measure`: K and H of one checkpoint on given data.

mod densities;
mod figures;
mod leading;
mod line;
mod source;
mod words;

use std::path::PathBuf;
use std::str::FromStr;

use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::config::BatchNormMode;
use breakeven_empirical::network::Loss;
use breakeven_empirical::portrait::Pattern;
use breakeven_empirical::portrait::{
    BatchOrder, DensitySettings, Portrait, PortraitError, PortraitSettings,
};
use breakeven_empirical::weights::save_tensors;
use breakeven_sim::meter::Parts;
use clap::ValueEnum;

use crate::device::{DeviceArg, HELP, LONG_HELP};
use crate::failure::{Failure, OrFail};
use crate::memory::{Gib, PICTURES};
use crate::progress::watched;
use crate::streams::{print, print_json, say};

use source::Source;
use words::table;

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
    /// Measure parameters of these names alone, as the checkpoint has them, the
    /// others held fixed; * and ? stand for any letters: 'conv*', '*.bias'.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    parameters: Vec<Pattern>,
    /// Measure each layer by itself too.
    #[arg(long)]
    per_layer: bool,
    /// Eigenvalues of H and of the per-example K. Default: 1.
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Smallest, most negative eigenvalues of H.
    #[arg(long, value_name = "N", default_value_t = 0)]
    bottom: usize,
    /// Measure other matrices too: the Gauss–Newton matrix (H without second
    /// derivatives of the network; for cross entropy the Fisher information) or the
    /// empirical Fisher, the uncentred K.
    #[arg(long, value_enum, value_name = "MATRIX,…", value_delimiter = ',')]
    also: Vec<AlsoArg>,
    /// Measure how the eigenvalues of these matrices are distributed, by so many
    /// random vectors; from two on with standard errors.
    #[arg(long, value_name = "PROBES", default_value_t = 0)]
    density: usize,
    /// Products for each of these vectors.
    #[arg(long, value_name = "N", default_value_t = 80)]
    density_steps: usize,
    /// Measure H and K on the first half of the examples and on the rest too, and
    /// say where these differ by more than 10 %.
    #[arg(long)]
    halves: bool,
    /// Measure how stable a step of SGD with this learning rate and --batch-size is:
    /// the left side of Eq. 1 with its standard error, the largest eigenvalue of
    /// E[(I − ηH_B)²] over the mini-batches, and the learning rate from which on a
    /// step along the whole gradient raises the loss.
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Measure the loss at so many points along H's top eigenvector, an odd number.
    #[arg(long, value_name = "N", default_value_t = 0)]
    loss_line: usize,
    /// Measure the loss in the plane of H's two top eigenvectors, at so many points
    /// each way, an odd number; takes --top 2 at least.
    #[arg(long, value_name = "N", default_value_t = 0)]
    loss_plane: usize,
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
    memory: Option<Gib>,
    #[arg(long, value_name = "GIB", help = PICTURES, default_value_t = Gib::of_pictures())]
    picture_memory: Gib,
    /// Write each example's curvature along H's top eigenvector to a CSV file.
    #[arg(long, value_name = "FILE")]
    curvatures: Option<PathBuf>,
    /// Write the eigenvectors of H and of the per-example K to safetensors, in
    /// the checkpoint's names: hessian.0.fc1.weight, and so on.
    #[arg(long, value_name = "FILE")]
    eigenvectors: Option<PathBuf>,
    /// Write the diagonal of H and its standard errors to safetensors, in the
    /// checkpoint's names: hessian.diagonal.fc1.weight, and so on.
    #[arg(long, value_name = "FILE")]
    diagonal: Option<PathBuf>,
    /// Random vectors for that; of a network with no more parameters it is exact.
    #[arg(long, value_name = "N", default_value_t = 100)]
    diagonal_probes: usize,
    /// Draw densities, --loss-line and --loss-plane into this folder: SVG and PNG
    /// for a column of a paper, and CSV.
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AlsoArg {
    #[value(alias = "true-fisher")]
    GaussNewton,
    EmpiricalFisher,
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
    let drawn = [args.density, args.loss_line, args.loss_plane];
    if args.figures.is_some() && drawn == [0; 3] {
        let remedy = "--figures has nothing to draw: give --density, --loss-line or --loss-plane";
        return Err(Failure::input(remedy.to_owned()));
    }
    let compute = Compute::new(device, precision).or_input()?;
    let source = Source::of(args)?;
    let settings = args.settings(&source);
    let portrait = watched("measure", |meter| {
        meter.begin(format!("reading {}", source.data.name), Parts::Whole);
        let data_dir = args.data_dir.as_deref();
        let data = source.load(data_dir).or_input()?;
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
    if let Some(path) = &args.eigenvectors {
        save_tensors(path, &portrait.eigenvectors).or_input()?;
    }
    if let Some(path) = &args.diagonal {
        save_tensors(path, &portrait.diagonal).or_input()?;
    }
    if let Some(folder) = &args.figures {
        for file in figures::write(&portrait, folder)? {
            say(format!("drawn: {}", file.display()));
        }
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
    fn settings(&self, source: &Source) -> PortraitSettings {
        PortraitSettings {
            subset: source.data.train_examples,
            parameters: self.parameters.clone(),
            per_layer: self.per_layer,
            eigenvectors: self.eigenvectors.is_some(),
            top: source.top,
            bottom: self.bottom,
            gauss_newton: self.also.contains(&AlsoArg::GaussNewton),
            empirical_fisher: self.also.contains(&AlsoArg::EmpiricalFisher),
            density: (self.density > 0).then_some(DensitySettings {
                probes: self.density,
                steps: self.density_steps,
            }),
            diagonal_probes: self.diagonal.as_ref().map(|_| self.diagonal_probes),
            halves: self.halves,
            learning_rate: self.learning_rate,
            loss_line_points: self.loss_line,
            loss_plane_points: self.loss_plane,
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
            memory: self.memory.map(Gib::bytes),
            decoded_bytes: self.picture_memory.bytes() as usize,
        }
    }
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
