//! The `[training]` table.

use std::fmt;

use breakeven_sim::record::{StepDecay, TrainingOptions};
use serde::{Deserialize, Serialize};

use crate::compute::Precision;
use crate::model::InputShape;
use crate::parameters::{Parameter, Parameters, Role};

use super::range::{MOMENTUM, at_least_one, distinct, require};
use super::{ConfigError, Loss};

/// The `[training]` table: mini-batch SGD, examples shuffled anew each epoch,
/// batches of S examples exactly (what an epoch leaves over is not seen in
/// it). Plain where nothing else is asked for.
///
/// ```
/// use breakeven_empirical::config::TrainingConfig;
///
/// let training = TrainingConfig {
///     decay_epochs: vec![80, 120],
///     decay_factor: 0.5,
///     ..TrainingConfig::plain(160)
/// };
/// let rates = [79, 80, 120].map(|epoch| training.learning_rate(1.0, epoch));
/// assert_eq!(rates, [1.0, 0.5, 0.25]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Passes over the training set.
    pub epochs: u64,
    /// A mini-batch loss above this, or one that is not finite, ends a run
    /// as diverged. Default 100.
    #[serde(default = "default_divergence_loss")]
    pub divergence_loss: f64,
    /// `f32` (default) or `f64`.
    #[serde(default)]
    pub precision: Precision,
    /// `cross_entropy` (default) or `mse`.
    #[serde(default)]
    pub loss: Loss,
    /// β of heavy-ball momentum, in 0 ≤ β < 1. Default 0.
    #[serde(default)]
    pub momentum: f64,
    /// w: w·θ is added to the gradient of the parameters that
    /// `weight_decay_on` names. Default 0.
    #[serde(default)]
    pub weight_decay: f64,
    /// Which parameters decay. Default `all`.
    #[serde(default)]
    pub weight_decay_on: Decayed,
    /// Epochs, rising, after each of which η is multiplied by `decay_factor`.
    /// Default: none.
    #[serde(default)]
    pub decay_epochs: Vec<u64>,
    /// Default 0.1, as in the paper.
    #[serde(default = "default_decay_factor")]
    pub decay_factor: f64,
    /// Gradients are shortened to this norm, taken over all parameters.
    /// Default: they are not.
    pub clip_norm: Option<f64>,
    /// What is done to the examples of a mini-batch. Default `none`.
    #[serde(default)]
    pub augment: Augmentation,
}

/// The parameters that decay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Decayed {
    /// All.
    #[default]
    All,
    /// The weights of dense layers and convolutions: no bias, nothing of a
    /// normalisation.
    Weights,
    /// The kernels of convolutions (paper, App. D, for ResNet-32).
    Convolutions,
    /// Those whose name fits a pattern, in which `*` stands for any number of
    /// characters: `fc*.weight`.
    Named(String),
}

/// What is done to the examples of a mini-batch before a step. Measurements
/// are on the examples as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Augmentation {
    /// Nothing.
    #[default]
    None,
    /// Four pixels of zeros on each side, a crop of the image's size at a
    /// random place, and a mirror image half of the time (He et al. 2015,
    /// Sec. 4.2).
    PadCropFlip,
}

fn default_divergence_loss() -> f64 {
    100.0
}

fn default_decay_factor() -> f64 {
    0.1
}

impl TrainingConfig {
    /// Plain SGD in 32 bits.
    pub fn plain(epochs: u64) -> Self {
        Self {
            epochs,
            divergence_loss: default_divergence_loss(),
            precision: Precision::default(),
            loss: Loss::default(),
            momentum: 0.0,
            weight_decay: 0.0,
            weight_decay_on: Decayed::default(),
            decay_epochs: Vec::new(),
            decay_factor: default_decay_factor(),
            clip_norm: None,
            augment: Augmentation::default(),
        }
    }

    /// Checks everything that needs neither data nor model.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        at_least_one("training.epochs", Some(self.epochs))?;
        positive("training.divergence_loss", self.divergence_loss)?;
        require(
            "training.momentum",
            self.momentum,
            (0.0..1.0).contains(&self.momentum),
            MOMENTUM,
        )?;
        require(
            "training.weight_decay",
            self.weight_decay,
            self.weight_decay >= 0.0 && self.weight_decay.is_finite(),
            "0 or a positive number",
        )?;
        self.check_decay()?;
        self.clip_norm
            .map_or(Ok(()), |norm| positive("training.clip_norm", norm))
    }

    fn check_decay(&self) -> Result<(), ConfigError> {
        let (epochs, factor) = (&self.decay_epochs, self.decay_factor);
        require(
            "training.decay_factor",
            factor,
            factor > 0.0 && factor <= 1.0,
            "a number above 0 and at most 1",
        )?;
        if epochs.is_empty() {
            return Ok(());
        }
        distinct("training.decay_epochs", epochs)?;
        for (k, &epoch) in epochs.iter().enumerate() {
            require(
                "training.decay_epochs",
                epoch,
                (1..self.epochs).contains(&epoch),
                "epochs from 1 to below training.epochs: η changes once so many are over",
            )?;
            require(
                "training.decay_epochs",
                epoch,
                k == 0 || epochs[k - 1] < epoch,
                "rising epochs",
            )?;
        }
        Ok(())
    }

    /// Checks against examples of shape `inputs` and a model's parameters.
    pub(super) fn check_fits(
        &self,
        inputs: InputShape,
        parameters: &Parameters,
    ) -> Result<(), ConfigError> {
        let is_image = matches!(inputs, InputShape::Image([_, h, w]) if h > 1 && w > 1);
        if self.augment != Augmentation::None && !is_image {
            return Err(ConfigError::NotImages);
        }
        let decays = |parameter: &Parameter| self.weight_decay_on.holds(parameter);
        if self.weight_decay > 0.0 && !parameters.iter().any(decays) {
            let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
            return Err(ConfigError::NothingDecays {
                asked: self.weight_decay_on.to_string(),
                names: names.join(", "),
            });
        }
        Ok(())
    }

    /// η of a run that began with `learning_rate`, once `epoch` epochs are
    /// over.
    pub fn learning_rate(&self, learning_rate: f64, epoch: u64) -> f64 {
        let passed = self.decay_epochs.iter().filter(|&&at| at <= epoch);
        passed.fold(learning_rate, |eta, _| eta * self.decay_factor)
    }

    /// What makes it more than plain SGD on cross entropy, for a run's header;
    /// absent where nothing does.
    pub fn options(&self) -> Option<TrainingOptions> {
        let decays = self.weight_decay > 0.0;
        let options = TrainingOptions {
            loss: match self.loss {
                Loss::CrossEntropy => None,
                Loss::Mse => Some("mse".to_owned()),
            },
            momentum: (self.momentum > 0.0).then_some(self.momentum),
            weight_decay: decays.then_some(self.weight_decay),
            weight_decay_on: decays.then(|| self.weight_decay_on.to_string()),
            step_decay: (!self.decay_epochs.is_empty()).then(|| StepDecay {
                epochs: self.decay_epochs.clone(),
                factor: self.decay_factor,
            }),
            clip_norm: self.clip_norm,
            augment: (self.augment != Augmentation::None).then(|| self.augment.to_string()),
        };
        (options != TrainingOptions::default()).then_some(options)
    }
}

fn positive(key: &'static str, value: f64) -> Result<(), ConfigError> {
    require(
        key,
        value,
        value > 0.0 && value.is_finite(),
        "a positive number",
    )
}

impl Decayed {
    /// Whether `parameter` is one of them.
    pub fn holds(&self, parameter: &Parameter) -> bool {
        let is_kernel = matches!(parameter.role, Role::Convolution { .. });
        match self {
            Self::All => true,
            Self::Weights => is_kernel || matches!(parameter.role, Role::Dense { .. }),
            Self::Convolutions => is_kernel,
            Self::Named(pattern) => matches_glob(pattern, &parameter.name),
        }
    }
}

/// Whether `name` fits a pattern in which `*` stands for any characters.
fn matches_glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, rest)) => name.strip_prefix(before).is_some_and(|name| {
            let mut starts = (0..=name.len()).filter(|&at| name.is_char_boundary(at));
            starts.any(|at| matches_glob(rest, &name[at..]))
        }),
    }
}

impl From<String> for Decayed {
    fn from(name: String) -> Self {
        match name.as_str() {
            "all" => Self::All,
            "weights" => Self::Weights,
            "convolutions" => Self::Convolutions,
            _ => Self::Named(name),
        }
    }
}

impl From<Decayed> for String {
    fn from(decayed: Decayed) -> Self {
        decayed.to_string()
    }
}

impl fmt::Display for Decayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Weights => "weights",
            Self::Convolutions => "convolutions",
            Self::Named(pattern) => pattern,
        })
    }
}

impl fmt::Display for Augmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::PadCropFlip => "pad_crop_flip",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, fits) in [
            ("fc1.weight", "fc1.weight", true),
            ("fc1.weight", "fc1.weights", false),
            ("fc*.weight", "fc12.weight", true),
            ("fc*.weight", "fc1.bias", false),
            ("*.bias", "conv1.bias", true),
            ("*1*t", "conv1.weight", true),
            ("*", "", true),
            ("", "fc1.bias", false),
        ] {
            assert_eq!(matches_glob(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn the_learning_rate_decays_once_the_epochs_are_over() {
        let config = TrainingConfig {
            decay_epochs: vec![2, 5],
            decay_factor: 0.5,
            ..TrainingConfig::plain(10)
        };
        let etas = [0, 1, 2, 4, 5, 9].map(|epoch| config.learning_rate(0.4, epoch));
        assert_eq!(etas, [0.4, 0.4, 0.2, 0.2, 0.1, 0.1]);
        assert_eq!(TrainingConfig::plain(10).learning_rate(0.4, 9), 0.4);
    }

    #[test]
    fn plain_training_has_no_options() {
        assert_eq!(TrainingConfig::plain(3).options(), None);
        let options = TrainingConfig {
            momentum: 0.9,
            weight_decay_on: Decayed::Weights,
            ..TrainingConfig::plain(3)
        };
        let expected = TrainingOptions {
            momentum: Some(0.9),
            ..TrainingOptions::default()
        };
        assert_eq!(options.options(), Some(expected));
    }
}
