//! What can be said of a hypothesis.

use serde::{Deserialize, Serialize};

/// What the data say of a hypothesis.
///
/// ```
/// use breakeven_verify::verdict::Verdict;
///
/// let answer: Verdict = serde_json::from_str("\"refuted\"")?;
/// assert_eq!((answer, answer.sign()), (Verdict::Refuted, "✗"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The trend is as expected: its adjusted p-value is at most α.
    Supported,
    /// The trend is the opposite: that one's adjusted p-value is at most α.
    Refuted,
    /// Neither.
    Inconclusive,
}

impl Verdict {
    /// The word for readers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Refuted => "refuted",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// A sign that tells the verdicts apart without colour.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Supported => "✓",
            Self::Refuted => "✗",
            Self::Inconclusive => "?",
        }
    }
}
