//! The sentences that open the report, and those that name hypotheses.

use crate::hypothesis::Hypothesis;
use crate::number::{p_value, significant};
use crate::quantity::{Conjecture, Direction, Factor, Quantity};
use crate::verdict::Verdict;
use crate::verdicts::Verdicts;

use super::short_reason::short_reason;

/// Title of the report.
pub const TITLE: &str = "Do the break-even conjectures hold?";

/// The paper that states the conjectures.
pub const PAPER: &str = "Jastrzębski et al., The Break-Even Point on Optimization Trajectories of \
                         Deep Neural Networks, ICLR 2020";

/// What is asked.
pub const QUESTION: &str = "Training with a larger learning rate η or a smaller batch size S is \
    conjectured to keep the gradients' covariance K and the Hessian H smaller along the whole \
    trajectory (Conjecture 1), and K and H better conditioned (Conjecture 2). Each row below is \
    one such claim, tested across seeds.";

/// How verdicts are reached.
pub fn method(alpha: f64) -> String {
    format!(
        "Seeds are blocks: runs of one seed share their initial weights. Page's trend test ranks \
         the levels within each seed; its p-value is exact, also with ties, and one-sided. Holm's \
         adjustment bounds the chance of even one false “supported” among all hypotheses by \
         {alpha}, and likewise that of one false “refuted”. A verdict needs an adjusted p of at \
         most {alpha}."
    )
}

/// How the slope is found.
pub fn slope_method(alpha: f64) -> String {
    format!(
        "The slope is that of log quantity against log factor, the mean over seeds, with a {} % \
         percentile-bootstrap interval over seeds.",
        significant(100.0 * (1.0 - alpha), 4)
    )
}

/// A conjecture's name.
pub fn conjecture_name(conjecture: Conjecture) -> &'static str {
    match conjecture {
        Conjecture::VarianceReduction => "Conjecture 1, variance reduction",
        Conjecture::PreConditioning => "Conjecture 2, pre-conditioning",
    }
}

/// One sentence for each conjecture that is tested.
pub fn headlines(verdicts: &Verdicts) -> Vec<(Conjecture, String)> {
    [Conjecture::VarianceReduction, Conjecture::PreConditioning]
        .into_iter()
        .filter_map(|conjecture| Some((conjecture, headline(verdicts, conjecture)?)))
        .collect()
}

fn headline(verdicts: &Verdicts, conjecture: Conjecture) -> Option<String> {
    let of_it = || {
        verdicts
            .hypotheses
            .iter()
            .filter(|h| h.conjecture == conjecture)
    };
    let count = |verdict| of_it().filter(|h| h.verdict == verdict).count();
    let all = of_it().count();
    (all > 0).then(|| {
        format!(
            "{} of {all} hypotheses supported, {} refuted, {} inconclusive",
            count(Verdict::Supported),
            count(Verdict::Refuted),
            count(Verdict::Inconclusive)
        )
    })
}

/// A claim about a quantity: `λ_K falls as η grows`.
pub fn claim(quantity: Quantity, factor: Factor, expected: Direction) -> String {
    format!(
        "{} {} as {} grows",
        quantity.symbol(),
        expected.verb(),
        factor.symbol()
    )
}

/// A hypothesis' levels with the quantity's mean: `0.01: 1.86`.
pub fn level_means(hypothesis: &Hypothesis) -> Vec<String> {
    let pair = |(level, mean): (_, &f64)| format!("{level}: {}", significant(*mean, 3));
    let means = hypothesis.level_means.iter();
    if hypothesis.level_means.is_empty() {
        return hypothesis.levels.iter().map(ToString::to_string).collect();
    }
    hypothesis.levels.iter().zip(means).map(pair).collect()
}

/// What a verdict rests on, in a few words: the adjusted p, where there was a
/// test, and the shortest reason.
pub fn why(hypothesis: &Hypothesis, verdicts: &Verdicts) -> Vec<String> {
    let p = hypothesis.p_adjusted;
    let p = p.map(|p| format!("adjusted p {}", p_value(p)));
    let reason = short_reason(hypothesis, verdicts.alpha, verdicts.hypotheses.len());
    p.into_iter().chain([reason]).collect()
}

/// A slope with its interval, or what is known of it.
pub fn slope(hypothesis: &Hypothesis) -> String {
    let digits = |v: f64| significant(v, 2).replace('-', "−");
    match (hypothesis.log_slope, hypothesis.log_slope_interval) {
        (Some(slope), Some([low, high])) => {
            format!("{} [{}, {}]", digits(slope), digits(low), digits(high))
        }
        (Some(slope), None) => digits(slope),
        (None, _) => ABSENT.to_owned(),
    }
}

/// What stands where there is no number.
pub const ABSENT: &str = "–";

/// A number that may be absent.
pub fn or_absent(value: Option<f64>, show: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| ABSENT.to_owned(), show)
}

/// Ties of a hypothesis: `3 of 5`, of which at step 0.
pub fn ties(hypothesis: &Hypothesis) -> String {
    let tied = format!("{} of {}", hypothesis.tied_blocks, hypothesis.seeds.len());
    match hypothesis.step_zero_blocks {
        Some(blocks) if blocks > 0 => format!("{tied}; {blocks} at step 0"),
        _ => tied,
    }
}
