//! The quantities that the paper's figures show.

use breakeven_sim::record::Record;
use serde::{Deserialize, Serialize};

/// A number of a record, under its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// λ_K¹ of K^M.
    LambdaK,
    /// λ_K¹ of the per-example K.
    LambdaKPerExample,
    /// λ_K*/λ_K¹ of K^M.
    ConditionK,
    /// Tr K^M.
    TraceK,
    /// λ_H¹.
    LambdaH,
    /// ΔL of a step.
    LossChange,
    /// Accuracy on the training subset.
    TrainingAccuracy,
    /// Accuracy on the validation subset.
    ValidationAccuracy,
    /// ‖g‖/‖g₅‖.
    SubspaceRatio,
    /// ‖γ‖ of the last batch normalisation.
    GammaNorm,
}

impl Field {
    /// Its name in records, and in the names of files.
    pub fn name(self) -> &'static str {
        match self {
            Self::LambdaK => "lambda_k",
            Self::LambdaKPerExample => "lambda_k_per_example",
            Self::ConditionK => "condition_k",
            Self::TraceK => "trace_k",
            Self::LambdaH => "lambda_h",
            Self::LossChange => "loss_change",
            Self::TrainingAccuracy => "training_accuracy",
            Self::ValidationAccuracy => "validation_accuracy",
            Self::SubspaceRatio => "subspace_ratio",
            Self::GammaNorm => "gamma_norm",
        }
    }

    /// Its symbol.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::LambdaK => "λ_K¹",
            Self::LambdaKPerExample => "λ_K¹ (M = 1)",
            Self::ConditionK => "λ_K*/λ_K¹",
            Self::TraceK => "Tr K^M",
            Self::LambdaH => "λ_H¹",
            Self::LossChange => "ΔL",
            Self::TrainingAccuracy => "training accuracy",
            Self::ValidationAccuracy => "validation accuracy",
            Self::SubspaceRatio => "‖g‖/‖g₅‖",
            Self::GammaNorm => "‖γ‖ of the last batch norm",
        }
    }

    /// Whether it is a share in \[0, 1\].
    pub fn is_accuracy(self) -> bool {
        matches!(self, Self::TrainingAccuracy | Self::ValidationAccuracy)
    }

    /// Its value, where it was measured and is finite.
    pub fn of(self, record: &Record) -> Option<f64> {
        let value = match self {
            Self::LambdaK => record.lambda_k,
            Self::LambdaKPerExample => record.lambda_k_per_example,
            Self::ConditionK => record.condition_k,
            Self::TraceK => record.trace_k,
            Self::LambdaH => record.lambda_h,
            Self::LossChange => record.loss_change,
            Self::TrainingAccuracy => record.training_accuracy,
            Self::ValidationAccuracy => record.validation_accuracy,
            Self::SubspaceRatio => record.subspace_ratio,
            Self::GammaNorm => record.gamma_norm,
        };
        value.filter(|v| v.is_finite())
    }
}
