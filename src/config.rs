//! One TOML file: a sweep, and how it is verified.

use std::path::Path;

use anyhow::{Context, anyhow};
use breakeven_empirical::config::{
    DataConfig, MeasureConfig, SweepAxes, SweepConfig, TrainingConfig,
};
use breakeven_empirical::model::Architecture;
use breakeven_verify::VerifySettings;
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
}

impl Config {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: the configuration can't be read", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// Reads and checks the text of a file.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let config: Self = toml::from_str(text).map_err(|error| anyhow!("{error}"))?;
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
