//! What follows from a family of tested hypotheses, and why, in words.

use serde::Serialize;

use crate::blocks::DroppedWhat;
use crate::holm::holm;
use crate::hypothesis::{Covariances, Hypothesis};
use crate::number::{p_value, significant};
use crate::quantity::Statistic;

/// What the data say of a hypothesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

/// Adjusts the p-values over all `hypotheses`, in both directions, and judges
/// each at level `alpha`. A hypothesis that could not be tested counts in the
/// family with a p-value of 1.
pub fn judge(hypotheses: &mut [Hypothesis], alpha: f64) {
    let all = |p: fn(&Hypothesis) -> Option<f64>, hypotheses: &[Hypothesis]| {
        let p_values: Vec<f64> = hypotheses.iter().map(|h| p(h).unwrap_or(1.0)).collect();
        holm(&p_values)
    };
    let adjusted = all(|h| h.p_value, hypotheses);
    let opposite = all(|h| h.opposite_p_value, hypotheses);
    let family = hypotheses.len();
    for (index, hypothesis) in hypotheses.iter_mut().enumerate() {
        hypothesis.p_adjusted = hypothesis.p_value.map(|_| adjusted[index]);
        hypothesis.opposite_p_adjusted = hypothesis.opposite_p_value.map(|_| opposite[index]);
        hypothesis.verdict = verdict(hypothesis, alpha);
        hypothesis.reason = reason(hypothesis, alpha, family);
    }
}

fn verdict(hypothesis: &Hypothesis, alpha: f64) -> Verdict {
    let at_most_alpha = |p: Option<f64>| p.is_some_and(|p| p <= alpha);
    if hypothesis.covariances == Covariances::Different {
        Verdict::Inconclusive
    } else if at_most_alpha(hypothesis.p_adjusted) {
        Verdict::Supported
    } else if at_most_alpha(hypothesis.opposite_p_adjusted) {
        Verdict::Refuted
    } else {
        Verdict::Inconclusive
    }
}

/// The reason of a verdict: what decided it first, then what to bear in mind.
fn reason(hypothesis: &Hypothesis, alpha: f64, family: usize) -> String {
    let (Some(adjusted), Some(opposite)) = (hypothesis.p_adjusted, hypothesis.opposite_p_adjusted)
    else {
        return sentences([Some(untested(hypothesis)), left_out(hypothesis)]);
    };
    let decision = match hypothesis.verdict {
        Verdict::Supported => Some(in_order(hypothesis)),
        Verdict::Refuted => Some(format!(
            "the trend is the opposite one, with an adjusted p of {}",
            p_value(opposite)
        )),
        Verdict::Inconclusive if hypothesis.covariances == Covariances::Different => Some(
            "K^M was measured with different L or M in these runs; K^M is about K/M, so they \
             cannot be compared"
                .to_owned(),
        ),
        Verdict::Inconclusive => None,
    };
    let weak = decision.is_none().then(|| {
        format!(
            "no trend at alpha {alpha}: adjusted p {}",
            p_value(adjusted)
        )
    });
    let few = decision
        .is_none()
        .then(|| too_few(hypothesis, alpha, family))
        .flatten();
    sentences([
        decision,
        step_zero(hypothesis),
        ties(hypothesis),
        few,
        weak,
        left_out(hypothesis),
    ])
}

/// Joins what there is to sentences.
fn sentences<const N: usize>(parts: [Option<String>; N]) -> String {
    let sentence = |part: String| {
        let mut letters = part.chars();
        let first = letters.next().map(|c| c.to_uppercase().to_string());
        format!("{}{}.", first.unwrap_or_default(), letters.as_str())
    };
    let all: Vec<String> = parts.into_iter().flatten().map(sentence).collect();
    all.join(" ")
}

fn untested(hypothesis: &Hypothesis) -> String {
    let factor = hypothesis.factor.symbol();
    match hypothesis.levels.len() {
        0 => format!("not tested: no run with this quantity counts at any {factor}"),
        1 => format!(
            "not tested: only {factor} = {} is left",
            hypothesis.levels[0]
        ),
        _ => format!("not tested: no seed has a run that counts at every {factor}"),
    }
}

fn in_order(hypothesis: &Hypothesis) -> String {
    let seeds = hypothesis.seeds.len();
    match (hypothesis.page_l, hypothesis.page_l_largest) {
        (Some(l), Some(largest)) if l == largest => {
            format!("all {seeds} seeds are in the expected order")
        }
        (Some(l), Some(largest)) => {
            format!("L is {l} of at most {largest} over {seeds} seeds")
        }
        _ => format!("{seeds} seeds"),
    }
}

/// Levels whose value sits at step 0, before the factor had any effect.
fn step_zero(hypothesis: &Hypothesis) -> Option<String> {
    let blocks = hypothesis.step_zero_blocks.filter(|&blocks| blocks > 0)?;
    let what = match hypothesis.quantity.statistic {
        Statistic::Max | Statistic::MaxAfter => "the maximum",
        Statistic::AtAccuracy => "the value",
    };
    Some(format!(
        "ties at step 0: in {blocks} of {} seeds {what} of several levels sits at step 0, where they share their \
         weights, and says nothing about {}",
        hypothesis.seeds.len(),
        hypothesis.factor.symbol()
    ))
}

/// Ties that step 0 does not explain.
fn ties(hypothesis: &Hypothesis) -> Option<String> {
    let explained = hypothesis.step_zero_blocks.unwrap_or(0);
    let steps = match (hypothesis.step_zero_blocks, hypothesis.quantity.statistic) {
        (None, Statistic::Max) => ", as they do where the maximum sits at step 0",
        _ => "",
    };
    (hypothesis.tied_blocks > explained).then(|| {
        format!(
            "levels tie in {} of {} seeds{steps}",
            hypothesis.tied_blocks,
            hypothesis.seeds.len()
        )
    })
}

/// The smallest p-value that so many seeds and levels allow without ties.
fn best_p_value(hypothesis: &Hypothesis) -> f64 {
    orders(hypothesis).powf(-(hypothesis.seeds.len() as f64))
}

/// Orders of the levels within a seed.
fn orders(hypothesis: &Hypothesis) -> f64 {
    (1..=hypothesis.levels.len()).map(|k| k as f64).product()
}

/// How many seeds could pass, where even the clearest result of these could
/// not.
pub(crate) fn seeds_that_could_pass(
    hypothesis: &Hypothesis,
    alpha: f64,
    family: usize,
) -> Option<f64> {
    let family = family as f64;
    (best_p_value(hypothesis) * family > alpha)
        .then(|| ((family / alpha).ln() / orders(hypothesis).ln()).ceil())
}

/// Whether even the clearest result could not pass, in words.
fn too_few(hypothesis: &Hypothesis, alpha: f64, family: usize) -> Option<String> {
    let enough = seeds_that_could_pass(hypothesis, alpha, family)?;
    let smallest = best_p_value(hypothesis);
    Some(format!(
        "too few seeds: {} with {} levels reach p = {} at best, {} after adjustment for \
         {family} hypotheses; {enough} seeds could pass",
        hypothesis.seeds.len(),
        hypothesis.levels.len(),
        significant(smallest, 2),
        p_value((smallest * family as f64).min(1.0)),
    ))
}

fn left_out(hypothesis: &Hypothesis) -> Option<String> {
    if hypothesis.dropped.is_empty() {
        return None;
    }
    let name = |what: &DroppedWhat| match what {
        DroppedWhat::Level(level) => format!("{} = {level}", hypothesis.factor.symbol()),
        DroppedWhat::Seed(seed) => format!("seed {seed}"),
    };
    let dropped: Vec<String> = hypothesis
        .dropped
        .iter()
        .map(|d| format!("{} ({})", name(&d.what), d.reason))
        .collect();
    Some(format!("left out: {}", dropped.join(", ")))
}
