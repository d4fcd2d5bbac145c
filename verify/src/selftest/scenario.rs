//! What is planted.

use serde::Serialize;

use crate::verdict::Verdict;

/// What a study is made to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// All runs of a seed have one η and one S, whatever their labels.
    Null,
    /// The same, with spreads between runs as of Student's t with two degrees
    /// of freedom.
    HeavyTails,
    /// The same, where curvature falls from a start that a seed's runs share.
    TiesAtStepZero,
    /// The same, and one in five runs is missing.
    MissingRuns,
    /// The same, and runs diverge, the more often the larger the η or S that
    /// they are labelled with.
    Divergence,
    /// The same, and of the largest level just those runs diverge whose curvature
    /// is large.
    InformativeDivergence,
    /// The null, with seeds added at planned looks until all is decided.
    Looks,
    /// Runs have the η and S of their labels, and do what Theorem 1 says.
    Effect,
    /// Labels are turned round.
    Reversed,
    /// One quantity at two levels, log-normal, of which the power has a formula.
    TwoLevels,
}

impl Scenario {
    /// All of them, those without an effect first.
    pub const ALL: [Self; 10] = [
        Self::Null,
        Self::HeavyTails,
        Self::TiesAtStepZero,
        Self::MissingRuns,
        Self::Divergence,
        Self::InformativeDivergence,
        Self::Looks,
        Self::Effect,
        Self::Reversed,
        Self::TwoLevels,
    ];

    /// What is planted, in words.
    pub fn planted(self) -> &'static str {
        match self {
            Self::Null => "no effect",
            Self::HeavyTails => "no effect; runs scatter with heavy tails (t, 2 degrees)",
            Self::TiesAtStepZero => "no effect; maxima at a common step 0",
            Self::MissingRuns => "no effect; 20 % of runs missing",
            Self::Divergence => "no effect; 5, 15, 30 % of runs diverge as η or S grows",
            Self::InformativeDivergence => {
                "no effect; at the largest level the runs of large λ diverge"
            }
            Self::Looks => "no effect; seeds added until decided (3 looks)",
            Self::Effect => "Theorem 1",
            Self::Reversed => "Theorem 1, labels reversed",
            Self::TwoLevels => "one log-normal quantity at two levels",
        }
    }

    /// The verdict that is right, where one is: without an effect none is.
    pub fn right(self) -> Option<Verdict> {
        match self {
            Self::Effect | Self::TwoLevels => Some(Verdict::Supported),
            Self::Reversed => Some(Verdict::Refuted),
            _ => None,
        }
    }

    /// The share of studies with a false verdict that is promised not to be
    /// passed. None is where missing runs depend on what they would have shown.
    pub fn promised(self, alpha: f64) -> Option<f64> {
        (self != Self::InformativeDivergence).then_some(alpha)
    }
}
