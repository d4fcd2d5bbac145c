//! The sentences that open the report, and those that name hypotheses.

use crate::description::Description;
use crate::effect::Effect;
use crate::hypothesis::Hypothesis;
use crate::judgement::overturning_p;
use crate::quantity::{Conjecture, Direction, Factor, Quantity};
use crate::settings::{Adjustment, Procedure};
use crate::trend::{Method, TrendTest};
use crate::verdict::Verdict;
use crate::verdicts::Verdicts;
use breakeven_plot::number::{p_value, significant};

use super::short_reason::short_reason;

/// Title of the report.
pub const TITLE: &str = "Do the break-even conjectures hold?";

/// The paper that states the conjectures.
pub const PAPER: &str = "Jastrzębski et al., The Break-Even Point on Optimization Trajectories of \
                         Deep Neural Networks, ICLR 2020";

/// What is asked.
pub fn question(verdicts: &Verdicts) -> String {
    match tests_momentum(verdicts) {
        true => format!("{QUESTION} {QUESTION_OF_MOMENTUM}"),
        false => QUESTION.to_owned(),
    }
}

/// Whether β varies in any hypothesis.
fn tests_momentum(verdicts: &Verdicts) -> bool {
    let by_momentum = |h: &Hypothesis| h.factor == Factor::Momentum;
    verdicts.hypotheses.iter().any(by_momentum)
}

const QUESTION: &str = "Training with a larger learning rate η or a smaller batch size S is \
    conjectured to keep the gradients' covariance K and the Hessian H smaller along the whole \
    trajectory (Conjecture 1), and K and H better conditioned (Conjecture 2). Each row below is \
    one such claim, tested across seeds.";

const QUESTION_OF_MOMENTUM: &str = "A larger momentum β is expected to act like a larger η, as the \
    paper's App. F observes.";

/// How verdicts are reached.
pub fn method(verdicts: &Verdicts) -> String {
    let is_normal = |h: &Hypothesis| [h.method, h.opposite_method].contains(&Some(Method::Normal));
    let exact = if verdicts.hypotheses.iter().any(is_normal) {
        "exact, also with ties, but where it is called a normal limit, as enumeration is out of \
         reach"
    } else {
        "exact, also with ties"
    };
    let uses = |test| verdicts.hypotheses.iter().any(|h| h.test == Some(test));
    let incomplete = match uses(TrendTest::IncompleteBlocks) {
        true => " A seed that lacks levels is ranked among those that it has.",
        false => "",
    };
    let apart = match uses(TrendTest::JonckheereTerpstra) {
        true => {
            " Where no seed has several levels, Jonckheere and Terpstra's test compares all runs \
             with each other."
        }
        false => "",
    };
    format!(
        "Seeds are blocks: runs of one seed share their initial weights. Page's trend test ranks \
         the levels within each seed; values that their errors do not tell apart tie.{incomplete}\
         {apart} The p-value \
         is one-sided and {exact}. {}{} A verdict needs at least three seeds and values that do not \
         turn back along the levels. The smallest p is what the seeds, levels and ties allow.",
        adjustment(verdicts.procedure),
        gate(verdicts)
    )
}

/// What “at worst” means, where it is said.
pub fn at_worst(verdicts: &Verdicts) -> Option<&'static str> {
    let is_said = |h: &Hypothesis| overturning_p(h, verdicts.procedure).is_some();
    verdicts.hypotheses.iter().any(is_said).then_some(
        "“At worst” is the adjusted p if the runs that do not count had spoken against the verdict.",
    )
}

/// How primary hypotheses come first, where there are any.
fn gate(verdicts: &Verdicts) -> String {
    let all = verdicts.hypotheses.len();
    match verdicts.hypotheses.iter().filter(|h| h.primary).count() {
        0 => String::new(),
        primary => format!(
            " {primary} of {all} hypotheses are primary and a family of their own; the adjusted p \
             of another is at least the largest of theirs."
        ),
    }
}

/// The statistic with its letter: `L 70`.
pub fn statistic(hypothesis: &Hypothesis) -> String {
    let symbol = hypothesis.test.map_or("", TrendTest::symbol);
    or_absent(hypothesis.statistic, |value| format!("{symbol} {value}"))
}

/// What the adjustment bounds, and by how much.
pub(crate) fn adjustment(procedure: Procedure) -> String {
    let Procedure {
        adjustment,
        alpha,
        looks,
        alpha_supported,
        alpha_refuted,
    } = procedure;
    let shown = |alpha: f64| significant(alpha, 3);
    let how = match adjustment {
        Adjustment::WestfallYoung => {
            "Westfall and Young's step-down minP adjustment lets the runs of each seed change \
             levels, each with all its quantities, and bounds the chance of even one false verdict"
        }
        Adjustment::Holm => "Holm's adjustment bounds the chance of even one false verdict",
        Adjustment::BenjaminiHochberg => {
            "Benjamini and Hochberg's adjustment bounds the expected share of false verdicts"
        }
    };
    if alpha_supported == alpha_refuted {
        return format!(
            "{how} “supported” by {0}, and likewise that of “refuted”, as was planned: an adjusted p \
             of at most {0}, for “refuted” that of the opposite trend.",
            shown(alpha)
        );
    }
    let parts = looks.map_or_else(String::new, |looks| {
        format!(", in equal parts at each of {looks} planned looks at the runs")
    });
    format!(
        "{how} by {}{parts}: “supported” needs an adjusted p of at most {}, “refuted” one of at most \
         {} for the opposite trend.",
        shown(alpha),
        shown(alpha_supported),
        shown(alpha_refuted)
    )
}

/// How slopes and intervals are found.
pub fn slope_method(verdicts: &Verdicts) -> String {
    let of_momentum = match tests_momentum(verdicts) {
        true => ", of β against log 1/(1−β)",
        false => "",
    };
    format!(
        "The slope is that of log quantity against log factor{of_momentum}, the mean over seeds; it \
         and the means by level have Student's {} % interval over seeds. A factor ×r between two \
         levels is Hodges and Lehmann's estimate of the ratio over seeds, with the exact interval \
         and the coverage that it reaches.",
        significant(100.0 * (1.0 - verdicts.alpha), 4)
    )
}

/// What the maxima after the break-even point are, and are not.
pub const DESCRIBED: &str = "A run has a maximum after the break-even point only if it reached \
    that point, so this selects on η, S and the outcome: a trend over such runs can come of the \
    selection alone. It is described here and never tested.";

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
    let undecidable = match of_it().filter(|h| !h.decidable).count() {
        0 => String::new(),
        some => format!(" ({some} that no outcome could have decided)"),
    };
    (all > 0).then(|| {
        format!(
            "{} of {all} hypotheses supported, {} refuted, {} inconclusive{undecidable}",
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

/// A hypothesis' levels with the quantity's mean and its interval:
/// `0.01: 1.86 [1.8, 1.9]`.
pub fn level_means(hypothesis: &Hypothesis) -> Vec<String> {
    if hypothesis.level_means.is_empty() {
        return hypothesis.levels.iter().map(ToString::to_string).collect();
    }
    let means = hypothesis
        .level_means
        .iter()
        .zip(&hypothesis.level_mean_intervals);
    let levels = hypothesis.levels.iter();
    levels
        .zip(means)
        .map(|(level, (mean, interval))| {
            let interval = interval.map_or_else(String::new, |[low, high]| {
                format!(" [{}, {}]", digits(low, 3), digits(high, 3))
            });
            format!("{level}: {}{interval}", digits(*mean, 3))
        })
        .collect()
}

/// The levels of a description, with how many runs have the quantity and their
/// mean: `0.01: 3 of 5 runs, mean 1.86`.
pub fn described(description: &Description) -> Vec<String> {
    (0..description.levels.len())
        .map(|index| {
            let mean = description.level_means[index];
            let mean = mean.map_or_else(String::new, |m| format!(", mean {}", digits(m, 3)));
            format!(
                "{}: {} of {} runs{mean}",
                description.levels[index],
                description.runs_with_value[index],
                description.runs[index]
            )
        })
        .collect()
}

/// What a verdict rests on, in a few words: the adjusted p, where there was a
/// test, and the shortest reason; then how large the difference is.
pub fn why(hypothesis: &Hypothesis, verdicts: &Verdicts) -> Vec<String> {
    let p = decisive_p(hypothesis).map(|p| match hypothesis.verdict {
        Verdict::Refuted => format!("the opposite's adjusted p {}", p_value(p)),
        Verdict::Supported | Verdict::Inconclusive => format!("adjusted p {}", p_value(p)),
    });
    let reason = short_reason(hypothesis, verdicts.procedure);
    let ratio = hypothesis.effect.as_ref().and_then(ratio);
    p.into_iter().chain([reason]).chain(ratio).collect()
}

/// By what factor a quantity changes between two levels, with its interval:
/// `0.01 → 0.1: ×0.42 [0.35, 0.5] (93.75 %)`.
fn ratio(effect: &Effect) -> Option<String> {
    let [low, high] = effect.levels;
    let ratio = digits(effect.hodges_lehmann_ratio?, 2);
    let interval = effect.interval.zip(effect.coverage);
    let interval = interval.map_or_else(String::new, |([from, to], coverage)| {
        let percent = significant(100.0 * coverage, 3);
        format!(" [{}, {}] ({percent} %)", digits(from, 2), digits(to, 2))
    });
    Some(format!("{low} → {high}: ×{ratio}{interval}"))
}

/// The adjusted p-value that the verdict rests on: of a refuted hypothesis that
/// of the opposite trend.
pub fn decisive_p(hypothesis: &Hypothesis) -> Option<f64> {
    match hypothesis.verdict {
        Verdict::Refuted => hypothesis.opposite_p_adjusted,
        Verdict::Supported | Verdict::Inconclusive => hypothesis.p_adjusted,
    }
}

/// A p-value, called a normal limit where it is one.
pub fn p_by(p: Option<f64>, method: Option<Method>) -> String {
    match method {
        Some(Method::Normal) => format!("{} (normal limit)", or_absent(p, p_value)),
        Some(Method::Exact) | None => or_absent(p, p_value),
    }
}

/// The smallest p-value there could be, and the same adjusted.
pub fn smallest_p(hypothesis: &Hypothesis) -> String {
    match (hypothesis.smallest_p_value, hypothesis.smallest_p_adjusted) {
        (Some(p), Some(adjusted)) => format!("{}; adjusted {}", p_value(p), p_value(adjusted)),
        _ => ABSENT.to_owned(),
    }
}

fn digits(value: f64, digits: usize) -> String {
    significant(value, digits).replace('-', "−")
}

/// A slope with its interval, or what is known of it.
pub fn slope(hypothesis: &Hypothesis) -> String {
    let digits = |v: f64| digits(v, 2);
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
