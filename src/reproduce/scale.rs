//! How large the paper's experiments are carried out.

use std::path::Path;

use anyhow::{Context, anyhow};
use breakeven_verify::paper::{Experiment, Minutes};

use crate::config::Config;

/// How large the experiments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scale {
    /// Tiny networks on built-in data, in seconds: to see that all works.
    Smoke,
    /// Parts of the paper's data, a figure in under half an hour on two cores.
    Laptop,
    /// The paper's own setting; where its text leaves it open, ours.
    Paper,
}

/// The texts of an experiment's configurations: smoke, laptop, paper.
type Texts = [&'static str; 3];

macro_rules! configurations {
    ($($id:literal),* $(,)?) => {
        [$(($id, [
            include_str!(concat!("../../fixtures/configs/smoke/", $id, ".toml")),
            include_str!(concat!("../../fixtures/configs/laptop/", $id, ".toml")),
            include_str!(concat!("../../fixtures/configs/paper/", $id, ".toml")),
        ])),*]
    };
}

/// The configurations of all experiments, by name.
const CONFIGURATIONS: [(&str, Texts); 14] = configurations![
    "mlp-fashion-mnist",
    "simplecnn-cifar10-learning-rate",
    "simplecnn-cifar10-batch-size",
    "simplecnn-cifar10-betas",
    "simplecnn-cifar10-momentum",
    "simplecnn-cifar10-learning-rate-decay",
    "simplecnn-bn-cifar10-learning-rate",
    "simplecnn-bn-cifar10-batch-size",
    "resnet-cifar10-learning-rate",
    "resnet-cifar10-batch-size",
    "lstm-imdb-learning-rate",
    "lstm-imdb-batch-size",
    "bert-mnli-learning-rate",
    "densenet-imagenet-learning-rate",
];

impl Scale {
    /// All of them, smallest first.
    pub const ALL: [Self; 3] = [Self::Smoke, Self::Laptop, Self::Paper];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Laptop => "laptop",
            Self::Paper => "paper",
        }
    }

    /// What it stands for.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Smoke => {
                "tiny networks on built-in data, which show that all works and say nothing about \
                 the paper"
            }
            Self::Laptop => "fewer examples, fewer epochs and where stated smaller networks",
            Self::Paper => "the paper's own setting, and ours where its text leaves it open",
        }
    }

    /// The minutes of this scale.
    pub fn minutes(self, of: Minutes) -> f64 {
        match self {
            Self::Smoke => of.smoke,
            Self::Laptop => of.laptop,
            Self::Paper => of.paper,
        }
    }

    /// How many seeds an experiment has.
    pub fn seeds(self, experiment: &Experiment) -> anyhow::Result<usize> {
        let table: toml::Table = toml::from_str(self.text(experiment)?)?;
        let seeds = table.get("sweep").and_then(|sweep| sweep.get("seeds"));
        let seeds = seeds.and_then(toml::Value::as_array);
        let seeds = seeds.ok_or_else(|| anyhow!("{} has no seeds", self.file(experiment)))?;
        Ok(seeds.len())
    }

    fn text(self, experiment: &Experiment) -> anyhow::Result<&'static str> {
        let found = CONFIGURATIONS.iter().find(|(id, _)| *id == experiment.id);
        let (_, texts) = found.ok_or_else(|| anyhow!("{} has no configuration", experiment.id))?;
        Ok(texts[self as usize])
    }

    /// Where its text lies, from the project's root.
    fn file(self, experiment: &Experiment) -> String {
        format!("fixtures/configs/{}/{}.toml", self.name(), experiment.id)
    }

    /// The configuration of an experiment. Pretrained weights that it names are
    /// looked for in `data_dir`, else in the current folder.
    pub fn config(
        self,
        experiment: &Experiment,
        data_dir: Option<&Path>,
    ) -> anyhow::Result<Config> {
        let folder = data_dir.unwrap_or(Path::new(""));
        Config::parse(self.text(experiment)?, folder).with_context(|| self.file(experiment))
    }
}

#[cfg(test)]
mod tests {
    use breakeven_verify::paper::paper;
    use breakeven_verify::quantity::Factor;
    use tempfile::tempdir;

    use super::*;

    /// A folder with small weights under each name that a configuration has.
    fn with_weights() -> tempfile::TempDir {
        let folder = tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reference/bert_tiny");
        for text in CONFIGURATIONS.iter().flat_map(|(_, texts)| texts) {
            let table: toml::Table = toml::from_str(text).unwrap();
            let Some(named) = table["model"].get("pretrained") else {
                continue;
            };
            let to = folder.path().join(named.as_str().unwrap());
            std::fs::create_dir_all(&to).unwrap();
            for file in std::fs::read_dir(&from).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
        folder
    }

    /// The levels that a configuration trains.
    fn levels(config: &Config, varies: Factor) -> Vec<f64> {
        let key = match varies {
            Factor::LearningRate => "learning_rates",
            Factor::BatchSize => "batch_sizes",
            Factor::Momentum => "momenta",
        };
        let config = serde_json::to_value(config).unwrap();
        let levels = config["sweep"][key].as_array().unwrap();
        levels.iter().map(|level| level.as_f64().unwrap()).collect()
    }

    #[test]
    fn every_experiment_has_a_sound_configuration_at_each_scale() {
        let weights = with_weights();
        for experiment in &paper().experiments {
            for scale in Scale::ALL {
                let config = scale.config(experiment, Some(weights.path())).unwrap();
                assert_eq!(config.name(), format!("{}-{}", scale.name(), experiment.id));
                let levels = levels(&config, experiment.varies);
                assert!(levels.len() >= 3, "{}: {levels:?}", config.name());
            }
        }
    }

    #[test]
    fn every_printed_value_has_its_level_at_the_papers_scale() {
        let weights = with_weights();
        for value in &paper().values {
            let experiment = paper().experiment(&value.experiment).unwrap();
            let config = Scale::Paper
                .config(experiment, Some(weights.path()))
                .unwrap();
            if let Some(level) = value.level {
                let levels = levels(&config, experiment.varies);
                assert!(levels.contains(&level), "{value:?}: {levels:?}");
            }
        }
    }
}
