//! The choices between records and a verdict that can be made anew without
//! training again.

use breakeven_sim::record::{CovarianceHalf, HessianHalf, Record};
use serde::Serialize;

use crate::quantity::{Quantity, Statistic};

/// A quantity of a claim, whichever covariance it is read off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// λ_K.
    LambdaK,
    /// λ_H.
    LambdaH,
    /// λ_K*/λ_K.
    ConditionK,
    /// λ_H*/λ_H.
    ConditionH,
    /// Tr K.
    TraceK,
    /// Tr H.
    TraceH,
}

impl Subject {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::LambdaK,
        Self::LambdaH,
        Self::ConditionK,
        Self::ConditionH,
        Self::TraceK,
        Self::TraceH,
    ];

    /// The measured quantities that stand for it: of K that of K^M, the paper's,
    /// and that of single examples.
    pub fn quantities(self) -> &'static [Quantity] {
        match self {
            Self::LambdaK => &[Quantity::LambdaK, Quantity::LambdaKPerExample],
            Self::LambdaH => &[Quantity::LambdaH],
            Self::ConditionK => &[Quantity::ConditionK],
            Self::ConditionH => &[Quantity::ConditionH],
            Self::TraceK => &[Quantity::TraceK, Quantity::TraceKPerExample],
            Self::TraceH => &[Quantity::TraceH],
        }
    }

    /// The first of them, which has its name, symbol and claim.
    pub fn quantity(self) -> Quantity {
        self.quantities()[0]
    }
}

/// Of which of the L mini-batches, or of the examples that H is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sample {
    /// All.
    All,
    /// The first half, where it was measured by itself.
    FirstHalf,
    /// The rest.
    SecondHalf,
}

impl Sample {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::All, Self::FirstHalf, Self::SecondHalf];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::FirstHalf => "first_half",
            Self::SecondHalf => "second_half",
        }
    }

    /// In words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::All => "whole sample",
            Self::FirstHalf => "its first half",
            Self::SecondHalf => "its second half",
        }
    }
}

/// What is read off a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// The measured quantity: of K that of K^M or of single examples.
    pub quantity: Quantity,
    /// What it was measured on.
    pub sample: Sample,
}

impl Measured {
    /// The quantities of a subject, on every sample.
    pub fn all(subject: Subject) -> impl Iterator<Item = Self> {
        let of = |&quantity: &Quantity| Sample::ALL.map(|sample| Self { quantity, sample });
        subject.quantities().iter().flat_map(of)
    }

    /// Its value in a record and the bound on its error, where they are there.
    pub fn of(self, record: &Record) -> Option<(f64, Option<f64>)> {
        let quantity = self.quantity;
        let half = match self.sample {
            Sample::All => {
                return Some((quantity.of(record)?, quantity.error_bound_of(record)));
            }
            Sample::FirstHalf => 0,
            Sample::SecondHalf => 1,
        };
        let of_covariance = |of: fn(&CovarianceHalf) -> (Option<f64>, Option<f64>)| {
            Some(of(&record.covariance_halves.as_ref()?[half]))
        };
        let of_hessian = |of: fn(&HessianHalf) -> (Option<f64>, Option<f64>)| {
            Some(of(&record.hessian_halves.as_ref()?[half]))
        };
        let (value, bound) = match quantity {
            Quantity::LambdaK => {
                of_covariance(|k| (Some(k.lambda_k), Some(k.lambda_k_error_bound)))
            }
            Quantity::ConditionK => of_covariance(|k| (k.condition_k, k.condition_k_error_bound)),
            Quantity::TraceK => of_covariance(|k| (Some(k.trace_k), Some(k.trace_k_error_bound))),
            Quantity::LambdaH => of_hessian(|h| (Some(h.lambda_h), Some(h.lambda_h_error_bound))),
            Quantity::LambdaKPerExample => {
                of_hessian(|h| (h.lambda_k_per_example, h.lambda_k_per_example_error_bound))
            }
            Quantity::TraceKPerExample => {
                of_hessian(|h| (h.trace_k_per_example, h.trace_k_per_example_error_bound))
            }
            Quantity::ConditionH | Quantity::TraceH => None,
        }?;
        Some((value?, bound))
    }
}

/// Which records of those that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    /// All.
    Every,
    /// Every second, from the first.
    EverySecond,
    /// Every third, from the first.
    EveryThird,
}

impl Cadence {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Every, Self::EverySecond, Self::EveryThird];

    /// One of how many.
    pub fn one_of(self) -> usize {
        match self {
            Self::Every => 1,
            Self::EverySecond => 2,
            Self::EveryThird => 3,
        }
    }

    /// In words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Every => "every record",
            Self::EverySecond => "every second",
            Self::EveryThird => "every third",
        }
    }
}

/// A centred moving average, over fewer records at both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Smoothing {
    /// None.
    None,
    /// Over three records.
    OverThree,
    /// Over five.
    OverFive,
}

impl Smoothing {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::None, Self::OverThree, Self::OverFive];

    /// Over how many records.
    pub fn records(self) -> usize {
        match self {
            Self::None => 1,
            Self::OverThree => 3,
            Self::OverFive => 5,
        }
    }

    /// In words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::None => "not smoothed",
            Self::OverThree => "mean of 3 records",
            Self::OverFive => "mean of 5 records",
        }
    }
}

/// Which part of the training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// All of it.
    Whole,
    /// Its first half, by steps.
    FirstHalf,
    /// What comes after its first tenth.
    AfterFirstTenth,
}

impl Window {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Whole, Self::FirstHalf, Self::AfterFirstTenth];

    /// Whether a step of a training of so many is in it.
    pub fn has(self, step: u64, steps: u64) -> bool {
        match self {
            Self::Whole => true,
            Self::FirstHalf => 2 * step <= steps,
            Self::AfterFirstTenth => 10 * step > steps,
        }
    }

    /// Whether a step comes before it.
    pub fn is_before(self, step: u64, steps: u64) -> bool {
        match self {
            Self::Whole | Self::FirstHalf => false,
            Self::AfterFirstTenth => !self.has(step, steps),
        }
    }

    /// In words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Whole => "whole training",
            Self::FirstHalf => "first half",
            Self::AfterFirstTenth => "after first tenth",
        }
    }
}

/// One of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Choices {
    /// What is read off each record.
    #[serde(flatten)]
    pub measured: Measured,
    /// What is made of a trajectory.
    pub statistic: Statistic,
    /// Which part of it.
    pub window: Window,
    /// Whether it is smoothed before.
    pub smoothing: Smoothing,
    /// Which records it consists of.
    pub cadence: Cadence,
}

/// The statistics that are compared. The maximum after the break-even point is
/// not among them: which runs have it depends on the outcome.
pub const STATISTICS: [Statistic; 4] = [
    Statistic::Max,
    Statistic::MaxWithoutStepZero,
    Statistic::AtAccuracy,
    Statistic::AtLoss,
];

impl Choices {
    /// The paper's: the maximum over all records as they are.
    pub fn of_paper(quantity: Quantity) -> Self {
        Self {
            measured: Measured {
                quantity,
                sample: Sample::All,
            },
            statistic: Statistic::Max,
            window: Window::Whole,
            smoothing: Smoothing::None,
            cadence: Cadence::Every,
        }
    }

    /// All choices for what is read off records.
    ///
    /// ```
    /// use breakeven_verify::quantity::Quantity;
    /// use breakeven_verify::specifications::Choices;
    ///
    /// let paper = Choices::of_paper(Quantity::LambdaH);
    /// let all = Choices::all(paper.measured);
    /// // Four statistics in three windows but for one pair, three smoothings, three cadences.
    /// assert_eq!(all.len(), (4 * 3 - 1) * 3 * 3);
    /// assert!(all.contains(&paper));
    /// ```
    pub fn all(measured: Measured) -> Vec<Self> {
        let mut all = Vec::new();
        for cadence in Cadence::ALL {
            for smoothing in Smoothing::ALL {
                all.extend(Self::beneath(measured, cadence, smoothing));
            }
        }
        all
    }

    /// Those of one cadence and smoothing. After the first tenth there is no step
    /// 0, so that the maximum without it would count twice.
    pub fn beneath(
        measured: Measured,
        cadence: Cadence,
        smoothing: Smoothing,
    ) -> impl Iterator<Item = Self> {
        let twice = (Statistic::MaxWithoutStepZero, Window::AfterFirstTenth);
        let pairs = STATISTICS.into_iter();
        let pairs = pairs.flat_map(|statistic| Window::ALL.map(|window| (statistic, window)));
        pairs
            .filter(move |pair| *pair != twice)
            .map(move |(statistic, window)| Self {
                measured,
                statistic,
                window,
                smoothing,
                cadence,
            })
    }
}
