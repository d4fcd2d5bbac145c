//! One TOML file: a sweep, and how it is verified.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use breakeven_empirical::config::{
    DataConfig, MeasureConfig, SweepAxes, SweepConfig, TrainingConfig,
};
use breakeven_empirical::model::Architecture;
use breakeven_verify::VerifySettings;
use breakeven_verify::quantity::Quantity;
use serde::{Deserialize, Serialize};

/// The sweeps that `check` runs where it is given none.
pub const DEFAULTS: [&str; 2] = [
    include_str!("../fixtures/configs/fashion-mlp-learning-rate.toml"),
    include_str!("../fixtures/configs/fashion-mlp-batch-size.toml"),
];

/// A configuration, with every default filled in once it is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    name: String,
    data: DataConfig,
    model: Architecture,
    training: TrainingConfig,
    sweep: SweepAxes,
    #[serde(default)]
    measure: MeasureConfig,
    #[serde(default)]
    verify: VerifySettings,
    /// The file that it was read from.
    #[serde(skip)]
    file: Option<PathBuf>,
}

impl Config {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: the configuration can't be read", path.display()))?;
        let config = Self::parse(&text).with_context(|| path.display().to_string())?;
        Ok(Self {
            file: Some(path.into()),
            ..config
        })
    }

    /// Reads and checks a file, or the copy in JSON that a sweep's folder has.
    pub fn load_saved(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: the configuration can't be read", path.display()))?;
        if !text.trim_start().starts_with('{') {
            return Self::load(path);
        }
        let config: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is no configuration of a training", path.display()))?;
        config.check().with_context(|| path.display().to_string())?;
        Ok(config)
    }

    /// Reads and checks the text of a file.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let config: Self = toml::from_str(text).map_err(|error| anyhow!("{error}"))?;
        one_cadence(text)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || self.name.starts_with('.') || !self.name.chars().all(plain) {
            return Err(anyhow!(
                "name is {:?}: give letters, digits, '-', '_' and '.' alone, since it names a folder",
                self.name
            ));
        }
        self.sweep().check()?;
        self.verify.check()?;
        Ok(())
    }

    /// The file that it was read from, unless it is built in.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Whether `saved`, read from a sweep's folder, is the same configuration.
    pub fn is(&self, saved: Self) -> bool {
        let file = self.file.clone();
        *self == Self { file, ..saved }
    }

    /// The level of the family-wise error rate.
    pub fn alpha(&self) -> f64 {
        self.verify.alpha
    }

    /// Whether its runs can be compared: two learning rates or two batch sizes.
    pub fn has_levels(&self) -> bool {
        self.sweep.learning_rates.len() > 1 || self.sweep.batch_sizes.len() > 1
    }

    /// Whether any quantity that is to be tested is measured.
    pub fn measures_what_it_tests(&self) -> bool {
        let measure = &self.measure;
        let measured = |quantity: &Quantity| match quantity {
            Quantity::LambdaK | Quantity::LambdaH | Quantity::ConditionK | Quantity::TraceK => true,
            Quantity::LambdaKPerExample => measure.lambda_k_per_example,
            Quantity::TraceKPerExample => measure.trace_k_per_example,
            Quantity::ConditionH => measure.complete_hessian_spectrum,
            Quantity::TraceH => measure.trace_probes > 0 || measure.complete_hessian_spectrum,
        };
        self.verify.quantities.iter().any(measured)
    }

    /// Name of the sweep.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same configuration with seeds 0 to `count` − 1.
    pub fn with_seeds(mut self, count: u64) -> Self {
        self.sweep.seeds = (0..count).collect();
        self
    }

    /// The part that training needs.
    pub fn sweep(&self) -> SweepConfig {
        SweepConfig {
            name: self.name.clone(),
            data: self.data.clone(),
            model: self.model.clone(),
            training: self.training.clone(),
            sweep: self.sweep.clone(),
            measure: self.measure.clone(),
        }
    }
}

/// Refuses two cadences: which one was meant is not for us to say.
fn one_cadence(text: &str) -> anyhow::Result<()> {
    let table: toml::Table = toml::from_str(text)?;
    let given = |key| table.get("measure").and_then(|m| m.get(key)).is_some();
    if given("every_steps") && given("every_examples") {
        return Err(anyhow!(
            "measure.every_steps and measure.every_examples are both given: give one of them"
        ));
    }
    Ok(())
}
