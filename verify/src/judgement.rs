//! What follows from a family of tested hypotheses, and why, in words.

mod shortfall;

use crate::blocks::DroppedWhat;
use crate::design::{is_at_most, prospects};
use crate::family::{Family, Towards};
use crate::hypothesis::{Covariances, Hypothesis};
use crate::quantity::Statistic;
use crate::settings::{Adjustment, Procedure};
use crate::shape::{Turn, TurnTest};
use crate::trend::{Method, TrendTest};
use crate::verdict::Verdict;
use breakeven_plot::number::{p_value, significant};

use shortfall::{more_seeds, undecidable};

/// Adjusts the p-values over all `hypotheses`, in both directions, and judges
/// each by `procedure`. A hypothesis that cannot have a verdict, as it was not
/// tested, has fewer than three seeds or cannot be compared, counts in the family
/// with a p-value of 1.
///
/// Four seeds in order at two levels have p = 1/16: no outcome is a verdict.
///
/// ```
/// use breakeven_verify::hypothesis::of_sweep;
/// use breakeven_verify::judgement::judge;
/// # use breakeven_verify::{VerifySettings, parse_table, verdict::Verdict};
/// # let mut table = "seed,learning_rate,batch_size,max_lambda_k\n".to_owned();
/// # for (seed, eta) in (0..8).map(|run| (run / 2, [0.1, 0.2][run % 2])) {
/// #     table += &format!("{seed},{eta},32,{}\n", 1.0 / eta);
/// # }
/// # let path = std::path::Path::new("runs.csv");
/// # let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
///
/// let mut hypotheses = of_sweep(&sweep);
/// judge(&mut hypotheses, sweep.settings.procedure());
/// assert_eq!(hypotheses[0].verdict, Verdict::Inconclusive);
/// assert_eq!((hypotheses[0].decidable, hypotheses[0].seeds_needed), (false, Some(5)));
/// # Ok::<(), breakeven_verify::InputError>(())
/// ```
pub fn judge(hypotheses: &mut [Hypothesis], procedure: Procedure) {
    let family = Family::of(hypotheses);
    let adjusted = family.adjusted(procedure.adjustment, Towards::Claims);
    let opposite = family.adjusted(procedure.adjustment, Towards::Opposites);
    let holm = family.adjusted(Adjustment::Holm, Towards::Claims);
    let opposite_holm = family.adjusted(Adjustment::Holm, Towards::Opposites);
    let smallest = family.smallest(procedure.adjustment);
    let prospects = prospects(&family.designs(), procedure, &smallest);
    let missing = hypotheses.iter().any(|h| h.missing_runs.is_some());
    let at_least = missing.then(|| {
        [Towards::ClaimsAtLeast, Towards::OppositesAtLeast]
            .map(|towards| family.adjusted(procedure.adjustment, towards))
    });
    let judging = Judging {
        procedure,
        family: hypotheses.len(),
    };
    for (index, hypothesis) in hypotheses.iter_mut().enumerate() {
        let prospect = prospects[index];
        hypothesis.p_adjusted = hypothesis.p_value.map(|_| adjusted[index]);
        hypothesis.opposite_p_adjusted = hypothesis.opposite_p_value.map(|_| opposite[index]);
        hypothesis.p_holm = hypothesis.p_value.map(|_| holm[index]);
        hypothesis.opposite_p_holm = hypothesis.opposite_p_value.map(|_| opposite_holm[index]);
        hypothesis.smallest_p_adjusted = hypothesis
            .smallest_p_value
            .map(|_| prospect.smallest_p_adjusted);
        if let (Some(missing), Some([claims, opposites])) =
            (&mut hypothesis.missing_runs, &at_least)
        {
            missing.p_adjusted_least_favourable = Some(claims[index]);
            missing.opposite_p_adjusted_least_favourable = Some(opposites[index]);
        }
        hypothesis.decidable = prospect.decidable;
        hypothesis.seeds_needed = prospect.seeds_needed;
        hypothesis.verdict = judging.verdict(hypothesis);
        hypothesis.reason = judging.reason(hypothesis);
    }
}

/// How each hypothesis of a family is judged.
struct Judging {
    procedure: Procedure,
    /// How many there are.
    family: usize,
}

impl Judging {
    fn verdict(&self, hypothesis: &Hypothesis) -> Verdict {
        let at_most = |p: Option<f64>, alpha| p.is_some_and(|p| is_at_most(p, alpha));
        let Procedure {
            alpha_supported,
            alpha_refuted,
            ..
        } = self.procedure;
        if !hypothesis.can_have_verdict() || hypothesis.turns.is_some() {
            Verdict::Inconclusive
        } else if at_most(hypothesis.p_adjusted, alpha_supported) {
            Verdict::Supported
        } else if at_most(hypothesis.opposite_p_adjusted, alpha_refuted) {
            Verdict::Refuted
        } else {
            Verdict::Inconclusive
        }
    }

    /// The reason of a verdict: what decided it first, then what to bear in
    /// mind.
    fn reason(&self, hypothesis: &Hypothesis) -> String {
        let (Some(_), Some(opposite)) = (hypothesis.p_adjusted, hypothesis.opposite_p_adjusted)
        else {
            return sentences([
                Some(untested(hypothesis)),
                more_seeds(hypothesis),
                left_out(hypothesis),
            ]);
        };
        let decision = match hypothesis.verdict {
            Verdict::Supported => Some(in_order(hypothesis, self.procedure.alpha)),
            Verdict::Refuted => Some(format!(
                "the trend is the opposite one, with an adjusted p of {}",
                p_value(opposite)
            )),
            Verdict::Inconclusive => incomparable(hypothesis).or_else(|| turns(hypothesis)),
        };
        let is_open = decision.is_none();
        let undecidable = || undecidable(hypothesis, self.family);
        let weak = || self.weak(hypothesis);
        sentences([
            decision,
            self.missing(hypothesis),
            step_zero(hypothesis),
            ties(hypothesis),
            is_open.then(undecidable).flatten(),
            (is_open && hypothesis.can_have_verdict()).then(weak),
            left_out(hypothesis),
        ])
    }

    /// Where the runs that don't count could have taken a verdict away.
    fn missing(&self, hypothesis: &Hypothesis) -> Option<String> {
        let p = overturning_p(hypothesis, self.procedure)?;
        let count = hypothesis.missing_runs.as_ref()?.count;
        let runs = if count == 1 {
            "the run that does not count".to_owned()
        } else {
            format!("the {count} runs that do not count")
        };
        Some(format!(
            "if {runs} had the ranks that speak most against it, the adjusted p would be {}, and \
             that is no verdict",
            p_value(p)
        ))
    }

    /// What the test says where that is no verdict.
    fn weak(&self, hypothesis: &Hypothesis) -> String {
        let shown = |p: Option<f64>| p.map_or_else(String::new, p_value);
        let after = format!("after adjustment for {} hypotheses", self.family);
        match strongest(hypothesis, self.procedure) {
            Strongest::Expected => format!(
                "the expected trend has p {}, which is not significant {after}: {}",
                shown(hypothesis.p_value),
                shown(hypothesis.p_adjusted)
            ),
            Strongest::Opposite => format!(
                "the opposite trend has p {}, which is not significant {after}: {}",
                shown(hypothesis.opposite_p_value),
                shown(hypothesis.opposite_p_adjusted)
            ),
            Strongest::Neither => format!(
                "no significant trend at alpha {}: p {}, adjusted {}",
                self.procedure.alpha,
                shown(hypothesis.p_value),
                shown(hypothesis.p_adjusted)
            ),
        }
    }
}

/// The adjusted p of a verdict if the runs that don't count spoke against it,
/// where that is no verdict.
pub(crate) fn overturning_p(hypothesis: &Hypothesis, procedure: Procedure) -> Option<f64> {
    let missing = hypothesis.missing_runs.as_ref()?;
    let (p, alpha) = match hypothesis.verdict {
        Verdict::Supported => (
            missing.p_adjusted_least_favourable,
            procedure.alpha_supported,
        ),
        Verdict::Refuted => (
            missing.opposite_p_adjusted_least_favourable,
            procedure.alpha_refuted,
        ),
        Verdict::Inconclusive => return None,
    };
    p.filter(|p| !is_at_most(*p, alpha))
}

/// Where the values turn back, whatever the trend.
fn turns(hypothesis: &Hypothesis) -> Option<String> {
    let Turn {
        between: [low, high],
        against,
        seeds,
        p_value: p,
        test,
    } = hypothesis.turns.as_ref()?;
    let factor = hypothesis.factor.symbol();
    let (of, test) = match test {
        TurnTest::Sign => ("seeds", "sign test"),
        TurnTest::MannWhitney => ("pairs of runs", "Mann and Whitney's test"),
    };
    Some(format!(
        "the values turn: from {factor} = {low} to {high} they go against the trend of all \
         levels in {against} of {seeds} {of} ({test}, p {}), so that “{}” describes them badly",
        p_value(*p),
        hypothesis.expected.verb()
    ))
}

/// Why values cannot be compared, where they cannot.
fn incomparable(hypothesis: &Hypothesis) -> Option<String> {
    match hypothesis.covariances {
        Covariances::Alike => None,
        Covariances::Different => Some(
            "K^M was measured with different L or M in these runs; K^M is about K/M, so they \
             cannot be compared"
                .to_owned(),
        ),
        Covariances::Unknown => Some(
            "nothing says that M of K^M is the same for every S; K^M is about K/M, so where M is \
             S they cannot be compared. Columns batches and covariance_batch_size say L and M, \
             or --same-covariance that they are the same in all runs"
                .to_owned(),
        ),
    }
}

/// The direction whose p-value would be a verdict before adjustment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strongest {
    Expected,
    Opposite,
    Neither,
}

pub(crate) fn strongest(hypothesis: &Hypothesis, procedure: Procedure) -> Strongest {
    let at_most = |p: Option<f64>, alpha| p.is_some_and(|p| is_at_most(p, alpha));
    if at_most(hypothesis.p_value, procedure.alpha_supported) {
        Strongest::Expected
    } else if at_most(hypothesis.opposite_p_value, procedure.alpha_refuted) {
        Strongest::Opposite
    } else {
        Strongest::Neither
    }
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
    if hypothesis.is_zero {
        let symbol = hypothesis.quantity.quantity.symbol();
        return format!("not tested: {symbol} is zero in every run, up to its stated error");
    }
    match hypothesis.levels.len() {
        0 => format!("not tested: no run with this quantity counts at any {factor}"),
        1 => format!(
            "not tested: only {factor} = {} is left",
            hypothesis.levels[0]
        ),
        _ => format!(
            "not tested: no seed has runs that count at two {factor}, and fewer than three at one"
        ),
    }
}

fn in_order(hypothesis: &Hypothesis, alpha: f64) -> String {
    let limit = match hypothesis.method {
        Some(Method::Normal) => ", and p its normal limit",
        _ => "",
    };
    let symbol = hypothesis.test.map_or("", TrendTest::symbol);
    let (statistic, largest) = (hypothesis.statistic, hypothesis.statistic_largest);
    let reached = statistic
        .zip(largest)
        .map(|(statistic, largest)| format!("{symbol} is {statistic} of at most {largest}{limit}"));
    let (seeds, found) = (hypothesis.seeds.len(), hypothesis.seeds_in_order);
    if hypothesis.test == Some(TrendTest::JonckheereTerpstra) {
        let reached = reached.map_or_else(String::new, |reached| format!(": {reached}"));
        return format!("the {seeds} runs, of a seed each, go in the expected direction{reached}");
    }
    let lacking = hypothesis.seeds_that_lack_levels();
    let among = match lacking {
        0 => String::new(),
        _ => format!(" ({lacking} of them among the levels that they have)"),
    };
    if found == seeds {
        return format!("all {seeds} seeds are in the expected order{among}");
    }
    let percent = |share: f64| significant(100.0 * share, 2);
    let share = hypothesis
        .seeds_in_order_interval
        .map_or_else(String::new, |[low, high]| {
            format!(
                " ({} %; {} % interval {} to {} %; by chance {} %)",
                percent(found as f64 / seeds as f64),
                significant(100.0 * (1.0 - alpha), 4),
                percent(low),
                percent(high),
                percent(by_chance(hypothesis)),
            )
        });
    let reached = reached.map_or_else(String::new, |reached| format!("; {reached}"));
    format!("{found} of {seeds} seeds are in the expected order{share}{reached}")
}

/// The share of seeds that would be in order if every order were as likely.
fn by_chance(hypothesis: &Hypothesis) -> f64 {
    let chances = hypothesis.blocks.iter().map(|block| {
        let orders: f64 = (1..=block.labels.len()).map(|k| k as f64).product();
        1.0 / orders
    });
    chances.sum::<f64>() / hypothesis.blocks.len() as f64
}

/// Levels whose value sits at step 0, before the factor had any effect.
fn step_zero(hypothesis: &Hypothesis) -> Option<String> {
    let blocks = hypothesis.step_zero_blocks.filter(|&blocks| blocks > 0)?;
    let what = match hypothesis.quantity.statistic {
        Statistic::Max | Statistic::MaxAfter | Statistic::MaxWithoutStepZero => "the maximum",
        Statistic::AtAccuracy | Statistic::AtLoss => "the value",
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
    if hypothesis.test == Some(TrendTest::JonckheereTerpstra) {
        let (tied, runs) = (hypothesis.tied_blocks, hypothesis.seeds.len());
        return (tied > 0).then(|| format!("{tied} of {runs} runs tie"));
    }
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
