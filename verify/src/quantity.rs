//! The quantities that the conjectures speak of, the statistics of a run that
//! are made of them, and the direction that each conjecture expects.

use std::fmt;

use breakeven_sim::record::Record;
use serde::{Deserialize, Serialize};

/// A measured quantity that one of the conjectures speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// λ_K¹ of the mini-batch covariance K^M.
    LambdaK,
    /// λ_K¹ of the exact per-example covariance.
    LambdaKPerExample,
    /// λ_H¹.
    LambdaH,
    /// λ_K*/λ_K¹ of K^M.
    ConditionK,
    /// λ_H*/λ_H¹.
    ConditionH,
    /// Tr K^M.
    TraceK,
    /// Tr K of the exact per-example covariance.
    TraceKPerExample,
    /// Tr H.
    TraceH,
}

impl Quantity {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::LambdaK,
        Self::LambdaKPerExample,
        Self::LambdaH,
        Self::ConditionK,
        Self::ConditionH,
        Self::TraceK,
        Self::TraceKPerExample,
        Self::TraceH,
    ];

    /// The record field that holds it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LambdaK => "lambda_k",
            Self::LambdaKPerExample => "lambda_k_per_example",
            Self::LambdaH => "lambda_h",
            Self::ConditionK => "condition_k",
            Self::ConditionH => "condition_h",
            Self::TraceK => "trace_k",
            Self::TraceKPerExample => "trace_k_per_example",
            Self::TraceH => "trace_h",
        }
    }

    /// The symbol for readers.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::LambdaK => "λ_K",
            Self::LambdaKPerExample => "λ_K per example",
            Self::LambdaH => "λ_H",
            Self::ConditionK => "λ_K*/λ_K",
            Self::ConditionH => "λ_H*/λ_H",
            Self::TraceK => "Tr K",
            Self::TraceKPerExample => "Tr K per example",
            Self::TraceH => "Tr H",
        }
    }

    /// What it is, with its normalisation.
    pub fn definition(self) -> &'static str {
        match self {
            Self::LambdaK => {
                "largest eigenvalue of K^M = (1/L) Σ (g_j − ḡ)(g_j − ḡ)ᵀ, the covariance of L \
                 mini-batch gradients of M examples; about 1/M of that of K"
            }
            Self::LambdaKPerExample => {
                "largest eigenvalue of K = (1/n) Σ (g_i − g)(g_i − g)ᵀ over the gradients of the n \
                 examples that H is measured on"
            }
            Self::LambdaH => {
                "largest eigenvalue of H, the Hessian of the mean loss on a fixed part of the \
                 training set"
            }
            Self::ConditionK => {
                "smallest eigenvalue of K^M that is not zero by construction, its (L − 1)th largest, \
                 divided by the largest; larger is better conditioned"
            }
            Self::ConditionH => {
                "smallest non-zero eigenvalue of H divided by the largest, from the complete \
                 spectrum"
            }
            Self::TraceK => "trace of K^M",
            Self::TraceKPerExample => "trace of K over the examples that H is measured on",
            Self::TraceH => {
                "trace of H: Hutchinson's estimate, or exact where the spectrum is complete"
            }
        }
    }

    /// Its value in a record, where it was measured.
    pub fn of(self, record: &Record) -> Option<f64> {
        match self {
            Self::LambdaK => record.lambda_k,
            Self::LambdaKPerExample => record.lambda_k_per_example,
            Self::LambdaH => record.lambda_h,
            Self::ConditionK => record.condition_k,
            Self::ConditionH => record.condition_h,
            Self::TraceK => record.trace_k,
            Self::TraceKPerExample => record.trace_k_per_example,
            Self::TraceH => record.trace_h,
        }
    }

    /// The bound on the absolute error of its value in a record, where the
    /// record states one. A standard error bounds nothing.
    pub fn error_bound_of(self, record: &Record) -> Option<f64> {
        match self {
            Self::LambdaH => record.lambda_h_error_bound,
            Self::LambdaK => record.lambda_k_error_bound,
            Self::LambdaKPerExample => record.lambda_k_per_example_error_bound,
            Self::ConditionK => record.condition_k_error_bound,
            Self::TraceK => record.trace_k_error_bound,
            Self::TraceKPerExample => record.trace_k_per_example_error_bound,
            Self::ConditionH => record.condition_h_error_bound,
            Self::TraceH => None,
        }
    }

    /// Whether it is read off K^M, and so depends on L and M.
    pub fn is_of_mini_batches(self) -> bool {
        matches!(self, Self::LambdaK | Self::ConditionK | Self::TraceK)
    }

    /// The conjecture that speaks of it (paper, Sec. 3).
    pub fn conjecture(self) -> Conjecture {
        match self {
            Self::LambdaK | Self::LambdaKPerExample | Self::LambdaH => {
                Conjecture::VarianceReduction
            }
            _ => Conjecture::PreConditioning,
        }
    }

    /// How its maximum changes as `factor` grows, if the conjecture is true:
    /// eigenvalues and traces fall with η and rise with S; the ratio λ*/λ¹
    /// does the opposite. A larger β acts like a larger η (paper, App. F).
    ///
    /// ```
    /// use breakeven_verify::quantity::{Direction, Factor, Quantity};
    ///
    /// let expected = Quantity::LambdaK.expected(Factor::LearningRate);
    /// assert_eq!(expected, Direction::Decreasing);
    /// ```
    pub fn expected(self, factor: Factor) -> Direction {
        let falls_with_learning_rate = !matches!(self, Self::ConditionK | Self::ConditionH);
        match (factor, falls_with_learning_rate) {
            (Factor::LearningRate | Factor::Momentum, true) | (Factor::BatchSize, false) => {
                Direction::Decreasing
            }
            (Factor::LearningRate | Factor::Momentum, false) | (Factor::BatchSize, true) => {
                Direction::Increasing
            }
        }
    }
}

/// How a trajectory is reduced to one number a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The maximum over the whole trajectory: the paper's statistic.
    Max,
    /// The maximum after the break-even point. A run has it only if it reached
    /// that point, so it selects on η, S and the outcome: it is described and
    /// never tested.
    MaxAfter,
    /// The value at the first measurement past the accuracy threshold.
    AtAccuracy,
    /// The value at the first measurement whose training loss is at most the
    /// loss threshold.
    AtLoss,
    /// The maximum without step 0, where all runs of a seed share their weights.
    MaxWithoutStepZero,
}

impl Statistic {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 5] = [
        Self::Max,
        Self::MaxAfter,
        Self::AtAccuracy,
        Self::AtLoss,
        Self::MaxWithoutStepZero,
    ];
    /// Those that are tested or described where no plan says otherwise.
    pub const DEFAULT: [Self; 3] = [Self::Max, Self::MaxAfter, Self::AtAccuracy];

    /// Its name, which is also the prefix of per-run quantities.
    pub fn name(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::MaxAfter => "max_after",
            Self::AtAccuracy => "at_accuracy",
            Self::AtLoss => "at_loss",
            Self::MaxWithoutStepZero => "max_without_step_zero",
        }
    }

    /// Whether hypotheses are tested on it.
    pub fn is_tested(self) -> bool {
        match self {
            Self::Max | Self::AtAccuracy | Self::AtLoss | Self::MaxWithoutStepZero => true,
            Self::MaxAfter => false,
        }
    }

    /// The statistic for readers.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Max => "maximum over the trajectory",
            Self::MaxAfter => "maximum after the break-even point",
            Self::AtAccuracy => "value at the accuracy threshold",
            Self::AtLoss => "value at the loss threshold",
            Self::MaxWithoutStepZero => "maximum without step 0",
        }
    }
}

/// A number that a run is reduced to, such as `max_after_lambda_k`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PerRun {
    /// How.
    pub statistic: Statistic,
    /// Of what.
    pub quantity: Quantity,
}

impl PerRun {
    /// All of them, quantity by quantity.
    pub fn all() -> impl Iterator<Item = Self> {
        Quantity::ALL.into_iter().flat_map(|quantity| {
            Statistic::ALL.map(|statistic| Self {
                statistic,
                quantity,
            })
        })
    }

    /// The one with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|per_run| per_run.to_string() == name)
    }

    /// Its symbol for readers.
    pub fn symbol(self) -> String {
        let symbol = self.quantity.symbol();
        match self.statistic {
            Statistic::Max => format!("max {symbol}"),
            Statistic::MaxAfter => format!("max {symbol} after break-even"),
            Statistic::AtAccuracy => format!("{symbol} at accuracy"),
            Statistic::AtLoss => format!("{symbol} at loss"),
            Statistic::MaxWithoutStepZero => format!("max {symbol} without step 0"),
        }
    }
}

impl fmt::Display for PerRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.statistic.name(), self.quantity.name())
    }
}

/// One of the paper's conjectures; its number in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Conjecture {
    /// Conjecture 1.
    VarianceReduction,
    /// Conjecture 2.
    PreConditioning,
}

impl From<Conjecture> for u8 {
    fn from(conjecture: Conjecture) -> Self {
        match conjecture {
            Conjecture::VarianceReduction => 1,
            Conjecture::PreConditioning => 2,
        }
    }
}

impl TryFrom<u8> for Conjecture {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        match number {
            1 => Ok(Self::VarianceReduction),
            2 => Ok(Self::PreConditioning),
            _ => Err(format!("there is no Conjecture {number}; only 1 and 2")),
        }
    }
}

/// The hyperparameter that a hypothesis varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// η.
    LearningRate,
    /// S.
    BatchSize,
    /// β of heavy-ball momentum.
    Momentum,
}

impl Factor {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 3] = [Self::LearningRate, Self::BatchSize, Self::Momentum];

    /// Its name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::LearningRate => "learning_rate",
            Self::BatchSize => "batch_size",
            Self::Momentum => "momentum",
        }
    }

    /// Its symbol for readers.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::LearningRate => "η",
            Self::BatchSize => "S",
            Self::Momentum => "β",
        }
    }
}

/// The direction of a trend as the factor grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The quantity falls.
    Decreasing,
    /// The quantity rises.
    Increasing,
}

impl Direction {
    /// The verb for readers.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Decreasing => "falls",
            Self::Increasing => "rises",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_record_fields_and_lead_back() {
        for per_run in PerRun::all() {
            assert_eq!(PerRun::from_name(&per_run.to_string()), Some(per_run));
        }
        assert_eq!(
            PerRun::from_name("max_after_trace_k_per_example"),
            Some(PerRun {
                statistic: Statistic::MaxAfter,
                quantity: Quantity::TraceKPerExample
            })
        );
        assert_eq!(PerRun::from_name("lambda_k"), None);
    }

    #[test]
    fn directions_are_those_of_the_two_conjectures() {
        use Direction::{Decreasing, Increasing};
        for (quantity, by_learning_rate, by_batch_size) in [
            (Quantity::LambdaK, Decreasing, Increasing),
            (Quantity::LambdaKPerExample, Decreasing, Increasing),
            (Quantity::LambdaH, Decreasing, Increasing),
            (Quantity::ConditionK, Increasing, Decreasing),
            (Quantity::ConditionH, Increasing, Decreasing),
            (Quantity::TraceK, Decreasing, Increasing),
            (Quantity::TraceKPerExample, Decreasing, Increasing),
            (Quantity::TraceH, Decreasing, Increasing),
        ] {
            assert_eq!(quantity.expected(Factor::LearningRate), by_learning_rate);
            assert_eq!(quantity.expected(Factor::BatchSize), by_batch_size);
            // Fig. 20: as by the learning rate.
            assert_eq!(quantity.expected(Factor::Momentum), by_learning_rate);
        }
    }
}
