//! One step of SGD, plain or with what the paper's App. F and D add to it.

use serde::{Deserialize, Serialize};

use crate::config::TrainingConfig;
use crate::parameters::{Parameters, Role};
use crate::tape::Matrix;

/// Which parameters weight decay draws towards zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decayed {
    /// All.
    #[default]
    All,
    /// Matrices and kernels, but no bias, scale or embedding.
    Weights,
    /// Kernels of convolutions alone.
    Convolutions,
}

impl Decayed {
    fn holds(self, role: Role) -> bool {
        match self {
            Self::All => true,
            Self::Weights => matches!(role, Role::Dense { .. } | Role::Convolution { .. }),
            Self::Convolutions => matches!(role, Role::Convolution { .. }),
        }
    }
}

/// SGD with heavy-ball momentum β and weight decay w, in PyTorch's form:
/// g is clipped to a norm, v ← βv + g + wθ, θ ← θ − ηv.
#[derive(Clone, Debug)]
pub struct Sgd {
    momentum: f64,
    weight_decay: f64,
    decayed: Vec<bool>,
    clip_norm: Option<f64>,
}

impl Sgd {
    /// As `training` says, for these parameters.
    pub fn new(training: &TrainingConfig, parameters: &Parameters) -> Self {
        let on = training.weight_decay_on;
        let decays = |role| training.weight_decay > 0.0 && on.holds(role);
        Self {
            momentum: training.momentum,
            weight_decay: training.weight_decay,
            decayed: parameters.iter().map(|p| decays(p.role)).collect(),
            clip_norm: training.clip_norm,
        }
    }

    /// Whether a step is ηg and nothing else.
    pub fn is_plain(&self) -> bool {
        self.momentum == 0.0 && self.clip_norm.is_none() && !self.decayed.contains(&true)
    }

    /// The step ηv that is taken off `parameters`, from the gradient of the
    /// mean loss; `velocity` is v, empty before the first step and always empty
    /// without momentum.
    pub fn step(
        &self,
        parameters: &[Matrix],
        gradient: Vec<Matrix>,
        velocity: &mut Vec<Matrix>,
        learning_rate: f64,
    ) -> Vec<Matrix> {
        let factor = self.clip_norm.map(|most| clip_factor(&gradient, most));
        let mut moves: Vec<Matrix> = gradient
            .into_iter()
            .zip(parameters)
            .zip(&self.decayed)
            .map(|((g, parameter), &decays)| {
                let g = match factor {
                    Some(factor) => g.mul_scalar(factor),
                    None => g,
                };
                match decays {
                    true => g + parameter.clone().mul_scalar(self.weight_decay),
                    false => g,
                }
            })
            .collect();
        if self.momentum > 0.0 {
            if !velocity.is_empty() {
                for (g, v) in moves.iter_mut().zip(velocity.iter()) {
                    g.inplace(|g| v.clone().mul_scalar(self.momentum) + g);
                }
            }
            velocity.clone_from(&moves);
        }
        let scaled = moves.into_iter().map(|v| v.mul_scalar(learning_rate));
        scaled.collect()
    }
}

/// PyTorch's factor: 1, or less where the gradient is longer than `most`.
fn clip_factor(gradient: &[Matrix], most: f64) -> f64 {
    let squares = gradient
        .iter()
        .map(|g| g.clone().square().sum().into_scalar::<f64>());
    let norm = squares.sum::<f64>().sqrt();
    (most / (norm + 1e-6)).min(1.0)
}

impl TrainingConfig {
    /// η in force in the epoch of this number, from 0.
    pub fn rate_in(&self, learning_rate: f64, epoch: u64) -> f64 {
        let passed = self.decay_epochs.iter().filter(|&&at| at <= epoch);
        passed.fold(learning_rate, |rate, _| rate * self.decay_factor)
    }

    /// What differs from plain SGD with one learning rate, in words.
    pub fn deviations(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.momentum > 0.0 {
            all.push(format!("momentum {}", self.momentum));
        }
        if self.weight_decay > 0.0 {
            let on = match self.weight_decay_on {
                Decayed::All => "all parameters",
                Decayed::Weights => "weights",
                Decayed::Convolutions => "convolutions",
            };
            all.push(format!("weight decay {} on {on}", self.weight_decay));
        }
        if !self.decay_epochs.is_empty() {
            let epochs: Vec<String> = self.decay_epochs.iter().map(u64::to_string).collect();
            all.push(format!(
                "learning rate times {} at epoch {}",
                self.decay_factor,
                epochs.join(", ")
            ));
        }
        if let Some(norm) = self.clip_norm {
            all.push(format!("gradients clipped to a norm of {norm}"));
        }
        all
    }
}
