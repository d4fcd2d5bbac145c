//! What is measured: from options, and from a run where one is named.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use breakeven_empirical::config::{BatchNormMode, DataConfig, SweepConfig};
use breakeven_empirical::data::TextRules;
use breakeven_empirical::loaded::{LoadError, Loaded};
use breakeven_empirical::model::pretrained::{vocabulary, weights};
use breakeven_empirical::model::{Architecture, BertShape};
use breakeven_empirical::network::Loss;
use breakeven_empirical::run_folder::CHECKPOINT_FILE;
use breakeven_empirical::weights::Shapes;
use breakeven_sim::record::{CONFIG_FILE, HEADER_FILE, RunHeader, from_page};

use super::{MeasureArgs, ModelArg};
use crate::config::Config;
use crate::failure::{Failure, OrFail};
use crate::streams::say;

/// L and M, where none are given: the paper's L (App. C).
const BATCHES: usize = 25;
const BATCH_SIZE: usize = 64;

/// Weights, network and data, and how K^M and the eigenvalues are asked for.
pub(super) struct Source {
    pub checkpoint: PathBuf,
    pub architecture: Architecture,
    /// The word pieces that came with a BERT, and what is done to texts before.
    pub vocabulary: Option<(PathBuf, TextRules)>,
    /// With as many training examples as are measured on, and no others.
    pub data: DataConfig,
    pub top: usize,
    pub batches: usize,
    pub batch_size: usize,
    pub batch_norm: BatchNormMode,
    pub loss: Loss,
}

impl Source {
    /// From the options, and what they leave open from `--config`.
    pub fn of(args: &MeasureArgs) -> Result<Self, Failure> {
        let run = match &args.config {
            Some(path) => Some(Run::at(path, args.checkpoint.as_deref())?),
            None => None,
        };
        let config = run.as_ref().map(|run| &run.config);
        let measure = config.map(|config| &config.measure);
        let checkpoint = args.checkpoint.clone();
        let of_run = || run.as_ref().and_then(Run::checkpoint);
        let checkpoint = checkpoint.or_else(of_run).ok_or_else(|| {
            Failure::input(
                "--checkpoint is missing: name the weights, or give the folder of one run to --config",
            )
        })?;
        let model = config.map(|config| &config.model);
        let is_bert = match args.model {
            Some(model) => matches!(model, ModelArg::Bert),
            None => matches!(model, Some(Architecture::Bert(_))),
        };
        let checkpoint = match is_bert && checkpoint.is_dir() {
            true => checkpoint.join(weights(&checkpoint).or_input()?),
            false => checkpoint,
        };
        let architecture = architecture(args, model, &checkpoint)?;
        let configured = config.map(|config| &config.data);
        let mut data = data(args, configured, &architecture, &checkpoint)?;
        data.train_examples = args
            .subset
            .or_else(|| configured.and_then(|data| data.train_examples));
        data.validation_examples = Some(0);
        Ok(Self {
            data,
            vocabulary: match args.model {
                Some(ModelArg::Bert) => vocabulary(folder_of(&checkpoint)).or_input()?,
                _ => None,
            },
            checkpoint,
            architecture,
            top: args
                .top
                .or_else(|| measure.map(|measure| measure.hessian_eigenvalues))
                .unwrap_or(1),
            batches: args
                .batches
                .or_else(|| measure.map(|measure| measure.covariance_batches))
                .unwrap_or(BATCHES),
            batch_size: match (args.batch_size, &run) {
                (Some(size), _) => size,
                (None, Some(run)) => run.batch_size()?,
                (None, None) => BATCH_SIZE,
            },
            loss: config.map_or(Loss::CrossEntropy, |config| config.training.loss),
            batch_norm: measure.map_or(BatchNormMode::Batch, |measure| measure.batch_norm),
        })
    }

    /// The data, as the network reads them.
    pub fn load(&self, data_dir: Option<&Path>) -> Result<Loaded, LoadError> {
        match &self.vocabulary {
            None => Loaded::of(&self.data, data_dir, &self.architecture),
            own => Loaded::with_vocabulary(&self.data, data_dir, &self.architecture, own.clone()),
        }
    }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// What the parser sees to, unless `--config` is given.
fn missing(option: &str) -> Failure {
    Failure::input(format!("{option} is missing: give it, or --config"))
}

/// The data that the options name, over those of a configuration.
fn data(
    args: &MeasureArgs,
    configured: Option<&DataConfig>,
    architecture: &Architecture,
    checkpoint: &Path,
) -> Result<DataConfig, Failure> {
    let is_text = matches!(
        architecture,
        Architecture::Lstm { .. } | Architecture::Bert(_)
    );
    refuse(
        "--length",
        args.length.is_some() && !is_text,
        architecture.name(),
    )?;
    let mut data = match (&args.data, configured) {
        (Some(name), _) => {
            let mut data = DataConfig::of(name.clone());
            if let Architecture::Lstm { .. } = architecture {
                // A smaller vocabulary is the beginning of a larger one.
                let [words, _] = Shapes::read(checkpoint)
                    .and_then(|shapes| shapes.of("embedding.weight"))
                    .or_input()?;
                data.vocabulary = Some(words);
            }
            data
        }
        (None, Some(configured)) => configured.clone(),
        (None, None) => return Err(missing("--data")),
    };
    data.length = args.length.or(data.length);
    Ok(data)
}

/// The network `model` in the sizes that the weights in `checkpoint` have,
/// where the options do not say them all.
fn sized(model: ModelArg, args: &MeasureArgs, checkpoint: &Path) -> Result<Architecture, Failure> {
    let name = match model {
        ModelArg::Mlp => "mlp",
        ModelArg::SimpleCnn => "simple_cnn",
        ModelArg::SimpleCnnBn => "simple_cnn_bn",
        ModelArg::Resnet => "resnet",
        ModelArg::Densenet => "densenet",
        ModelArg::Lstm => "lstm",
        ModelArg::Bert => {
            let shape = BertShape::of_config(folder_of(checkpoint)).or_input()?;
            return Ok(Architecture::Bert(shape));
        }
    };
    let is_said = match model {
        ModelArg::Mlp => args.hidden.is_some(),
        ModelArg::SimpleCnn | ModelArg::SimpleCnnBn => {
            args.channels.is_some() && args.dense.is_some()
        }
        _ => false,
    };
    let chosen = Architecture::of_paper(name);
    if is_said {
        return Ok(chosen);
    }
    let shapes = Shapes::read(checkpoint).or_input()?;
    chosen.of_weights(&shapes).or_input()
}

/// The network that the options name, over that of a configuration.
fn architecture(
    args: &MeasureArgs,
    configured: Option<&Architecture>,
    checkpoint: &Path,
) -> Result<Architecture, Failure> {
    let mut chosen = match (args.model, configured) {
        (Some(model), _) => sized(model, args, checkpoint)?,
        (None, Some(configured)) => configured.clone(),
        (None, None) => return Err(missing("--model")),
    };
    let name = chosen.name();
    match &mut chosen {
        Architecture::Mlp { hidden } => {
            refuse("--channels", args.channels.is_some(), name)?;
            refuse("--dense", args.dense.is_some(), name)?;
            if let Some(given) = &args.hidden {
                hidden.clone_from(&given.0);
            }
        }
        Architecture::SimpleCnn(shape) | Architecture::SimpleCnnBn(shape) => {
            refuse("--hidden", args.hidden.is_some(), name)?;
            match args.channels.as_deref() {
                None => {}
                Some(&[one, two]) => (shape.first, shape.second) = (one, two),
                Some(other) => {
                    return Err(Failure::input(format!(
                        "--channels has {} numbers: give two, such as 32,64",
                        other.len()
                    )));
                }
            }
            shape.dense = args.dense.unwrap_or(shape.dense);
        }
        _ => {
            refuse("--hidden", args.hidden.is_some(), name)?;
            refuse("--channels", args.channels.is_some(), name)?;
            refuse("--dense", args.dense.is_some(), name)?;
        }
    }
    Ok(chosen)
}

/// An option of another network would have no effect.
fn refuse(option: &str, given: bool, model: &str) -> Result<(), Failure> {
    if given {
        return Err(Failure::input(format!(
            "{option} is given, but {model} has none: leave it out, or name another --model"
        )));
    }
    Ok(())
}

/// The sweep that `--config` names, and where it names one the run.
struct Run {
    config: SweepConfig,
    /// The run's folder.
    folder: Option<PathBuf>,
    header: Option<RunHeader>,
}

impl Run {
    /// The sweep at `path`: its folder, its configuration, or the folder of a
    /// run of it. Where the path names no run, `checkpoint` may lie in one.
    fn at(path: &Path, checkpoint: Option<&Path>) -> Result<Self, Failure> {
        let (file, folder) = locate(path)?;
        let config = Config::load_saved(&file).or_input()?.sweep();
        let beside = || checkpoint?.parent().map(Path::to_owned);
        let of_run = folder
            .clone()
            .or_else(beside)
            .map(|folder| folder.join(HEADER_FILE));
        let header = match of_run.filter(|file| file.is_file()) {
            Some(file) => Some(read_header(&file).or_input()?),
            None => None,
        };
        Ok(Self {
            config,
            folder,
            header,
        })
    }

    fn checkpoint(&self) -> Option<PathBuf> {
        self.folder
            .as_ref()
            .map(|folder| folder.join(CHECKPOINT_FILE))
    }

    /// M: the run's own where one is known.
    fn batch_size(&self) -> Result<usize, Failure> {
        let measured = self.header.as_ref().and_then(|header| header.covariance);
        let configured = self.config.measure.covariance_batch_size;
        if let Some(size) = measured.map(|of| of.batch_size).or(configured) {
            return Ok(size);
        }
        match self.config.sweep.batch_sizes[..] {
            [size] => Ok(size),
            ref sizes => {
                let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
                Err(Failure::input(format!(
                    "the sweep has the batch sizes {}: give --batch-size, or the folder of one run to --config",
                    sizes.join(", ")
                )))
            }
        }
    }
}

/// The configuration that `path` means, and the run's folder where it is one.
fn locate(path: &Path) -> Result<(PathBuf, Option<PathBuf>), Failure> {
    if path.is_file() {
        return Ok((path.to_owned(), None));
    }
    // A run's folder has no configuration of its own, nor a sweep's one in TOML.
    let is_meant = path.file_stem().is_some_and(|stem| stem == "config");
    let folder = match path.parent() {
        Some(parent) if is_meant && !path.is_dir() => parent,
        _ => path,
    };
    let saved = folder.join(CONFIG_FILE);
    let found = if saved.is_file() {
        (saved, None)
    } else if folder.join(HEADER_FILE).is_file() {
        (
            folder.join("../..").join(CONFIG_FILE),
            Some(folder.to_owned()),
        )
    } else {
        return Err(Failure::input(format!(
            "--config: {} is neither a configuration nor the folder of a sweep, with {CONFIG_FILE} in it, or of a run, with {HEADER_FILE}",
            path.display()
        )));
    };
    if !path.is_dir() {
        say(format!(
            "{} is not there: {} is read",
            path.display(),
            found.0.display()
        ));
    }
    Ok(found)
}

fn read_header(file: &Path) -> anyhow::Result<RunHeader> {
    let text = std::fs::read(file).with_context(|| file.display().to_string())?;
    let header = from_page(&text).map_err(|error| anyhow!("{}: {error}", file.display()))?;
    Ok(header.value)
}
