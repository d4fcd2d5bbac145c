//! The reason of a verdict in a few words, for one line of a table.

use std::collections::BTreeSet;

use crate::blocks::{Dropped, DroppedWhat, FEWEST_SEEDS};
use crate::hypothesis::{Covariances, Hypothesis};
use crate::judgement::{Strongest, overturning_p, strongest};
use crate::settings::Procedure;
use crate::trend::TrendTest;
use crate::verdict::Verdict;
use breakeven_plot::number::p_value;

/// What decided, then what to bear in mind: `ties at step 0 in 4 of 5 seeds`.
pub fn short_reason(h: &Hypothesis, procedure: Procedure) -> String {
    let causes = [
        decision(h),
        missing(h, procedure),
        turns(h),
        ties(h),
        undecidable(h),
    ];
    let mut said: Vec<String> = causes.into_iter().flatten().collect();
    if said.is_empty() {
        said.push(weak(h, procedure));
    }
    said.extend(without(h));
    said.join("; ")
}

/// What settles the matter, where something does.
fn decision(h: &Hypothesis) -> Option<String> {
    if h.is_zero {
        return Some("not tested: zero up to its error in every run".to_owned());
    }
    if h.p_adjusted.is_none() {
        let all = h.dropped.iter().flat_map(|d| causes(&d.reason));
        let all: Vec<&str> = all.collect::<BTreeSet<_>>().into_iter().collect();
        return Some(match all.is_empty() {
            true => "not tested".to_owned(),
            false => format!("not tested: {}", all.join("; ")),
        });
    }
    let (found, seeds) = (h.seeds_in_order, h.seeds.len());
    let apart = h.test == Some(TrendTest::JonckheereTerpstra);
    match (h.verdict, h.covariances) {
        (Verdict::Supported, _) if apart => Some(format!("{seeds} runs of a seed each")),
        (Verdict::Supported, _) if found == seeds => Some(format!("all {seeds} seeds in order")),
        (Verdict::Supported, _) => Some(format!("{found} of {seeds} seeds in order")),
        (Verdict::Refuted, _) => Some("the opposite trend".to_owned()),
        (Verdict::Inconclusive, Covariances::Different) => {
            Some("K^M measured with different L or M".to_owned())
        }
        (Verdict::Inconclusive, Covariances::Unknown) => {
            Some("M of K^M not known where S varies".to_owned())
        }
        (Verdict::Inconclusive, Covariances::Alike) => None,
    }
}

/// What the test says where that is no verdict.
fn weak(h: &Hypothesis, procedure: Procedure) -> String {
    let shown = |p: Option<f64>| p.map_or_else(String::new, p_value);
    match strongest(h, procedure) {
        Strongest::Expected => format!("before adjustment p {}", shown(h.p_value)),
        Strongest::Opposite => {
            format!(
                "the opposite, before adjustment, p {}",
                shown(h.opposite_p_value)
            )
        }
        Strongest::Neither => "no significant trend".to_owned(),
    }
}

/// Where the runs that don't count could have taken the verdict away.
fn missing(h: &Hypothesis, procedure: Procedure) -> Option<String> {
    let p = p_value(overturning_p(h, procedure)?);
    Some(format!("p {p} at worst"))
}

/// Where the values go against their trend.
fn turns(h: &Hypothesis) -> Option<String> {
    let [low, high] = h.turns.as_ref()?.between;
    let is_open = h.verdict == Verdict::Inconclusive && h.covariances == Covariances::Alike;
    is_open.then(|| format!("the values turn from {low} to {high}"))
}

fn ties(h: &Hypothesis) -> Option<String> {
    let seeds = h.seeds.len();
    match (h.step_zero_blocks, h.tied_blocks) {
        (Some(at_step_zero @ 1..), _) => {
            Some(format!("ties at step 0 in {at_step_zero} of {seeds} seeds"))
        }
        (_, 0) => None,
        (_, tied) if h.test == Some(TrendTest::JonckheereTerpstra) => {
            Some(format!("{tied} of {seeds} runs tie"))
        }
        (_, tied) => Some(format!("ties in {tied} of {seeds} seeds")),
    }
}

/// Whether no outcome could have been a verdict.
fn undecidable(h: &Hypothesis) -> Option<String> {
    let seeds = h.seeds.len();
    // Ties say why already.
    let is_explained = h.tied_blocks > 0 && seeds >= FEWEST_SEEDS;
    if h.decidable || h.p_adjusted.is_none() || !h.is_comparable() || is_explained {
        return None;
    }
    let of_all = match dropped_seeds(h).len() {
        0 => String::new(),
        dropped => format!(" of {}", seeds + dropped),
    };
    let word = match (seeds, of_all.as_str()) {
        (1, "") => "seed",
        _ => "seeds",
    };
    let enough = h
        .seeds_needed
        .map_or_else(String::new, |n| format!(", {n} could"));
    Some(format!("{seeds}{of_all} {word} cannot decide{enough}"))
}

/// Levels and seeds that were left out of a test.
fn without(h: &Hypothesis) -> Option<String> {
    // An untested one has said why already.
    h.p_adjusted?;
    let levels: Vec<String> = h.dropped.iter().filter_map(dropped_level).collect();
    let seeds = dropped_seeds(h);
    let mut parts = Vec::new();
    if !levels.is_empty() {
        parts.push(format!("{} = {}", h.factor.symbol(), levels.join(", ")));
    }
    match &seeds[..] {
        [] => {}
        [seed] => parts.push(format!("seed {seed}")),
        seeds => parts.push(format!("{} seeds", seeds.len())),
    }
    (!parts.is_empty()).then(|| format!("without {}", parts.join(" and ")))
}

fn dropped_level(dropped: &Dropped) -> Option<String> {
    match dropped.what {
        DroppedWhat::Level(level) => Some(level.to_string()),
        DroppedWhat::Seed(_) => None,
    }
}

fn dropped_seeds(h: &Hypothesis) -> Vec<u64> {
    let seed = |dropped: &Dropped| match dropped.what {
        DroppedWhat::Level(_) => None,
        DroppedWhat::Seed(seed) => Some(seed),
    };
    h.dropped.iter().filter_map(seed).collect()
}

/// What is at the bottom of a reason: of `incomplete block: η = 0.1: diverged`
/// the last part.
pub fn causes(reason: &str) -> impl Iterator<Item = &str> {
    let last = |part: &'_ str| part.rfind(": ").map_or(0, |at| at + 2);
    reason.split("; ").map(move |part| &part[last(part)..])
}
