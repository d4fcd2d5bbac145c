//! What is minimised.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// The loss of an example, from its logits z and its class y.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// −log softmax(z)_y.
    #[default]
    CrossEntropy,
    /// ½‖z − e_y‖², e_y the row of the class.
    Mse,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CrossEntropy => "cross_entropy",
            Self::Mse => "mse",
        })
    }
}

/// Refuses what no network computes yet.
pub(super) fn check(loss: Loss) -> Result<(), ConfigError> {
    match loss {
        Loss::CrossEntropy => Ok(()),
        Loss::Mse => Err(ConfigError::LossNotComputed(loss)),
    }
}
