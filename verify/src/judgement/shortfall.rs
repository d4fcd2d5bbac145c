//! Designs that could not decide, and what would do.

use crate::blocks::FEWEST_SEEDS;
use crate::hypothesis::Hypothesis;
use crate::trend::TrendTest;
use breakeven_plot::number::p_value;

/// Why no outcome would have been a verdict, and how many seeds would do.
pub fn undecidable(hypothesis: &Hypothesis, family: usize) -> Option<String> {
    if hypothesis.decidable {
        return None;
    }
    let seeds = hypothesis.seeds.len();
    let remedy = remedy(hypothesis);
    if seeds < FEWEST_SEEDS {
        let have = if seeds == 1 { "1 has" } else { "2 have" };
        let what = match hypothesis.test {
            Some(TrendTest::IncompleteBlocks) => "two levels or more",
            _ => "every level",
        };
        return Some(format!(
            "fewer than three seeds never give a verdict, and {have} {what}{remedy}"
        ));
    }
    let ties = match hypothesis.tied_blocks {
        0 => "",
        _ => ", given their ties,",
    };
    let levels = hypothesis.levels.len();
    let with = match hypothesis.test {
        Some(TrendTest::IncompleteBlocks) => format!("some of {levels} levels each"),
        Some(TrendTest::JonckheereTerpstra) => format!("one of {levels} levels each"),
        Some(TrendTest::Page) | None => format!("{levels} levels"),
    };
    Some(format!(
        "no outcome of these {seeds} seeds would be a verdict: with {with}{ties} they \
         reach p = {} at best, {} after adjustment for {family} hypotheses{remedy}",
        p_value(hypothesis.smallest_p_value?),
        p_value(hypothesis.smallest_p_adjusted?),
    ))
}

fn remedy(hypothesis: &Hypothesis) -> String {
    let Some(enough) = hypothesis.seeds_needed else {
        return String::new();
    };
    if hypothesis.test == Some(TrendTest::JonckheereTerpstra) {
        return format!("; {enough} seeds with every level would do");
    }
    let mut conditions = Vec::new();
    if hypothesis.tied_blocks > 0 {
        conditions.push("do not tie");
    }
    if hypothesis.test == Some(TrendTest::IncompleteBlocks) {
        conditions.push("have every level");
    }
    let condition = match conditions.is_empty() {
        true => String::new(),
        false => format!(", if the further ones {}", conditions.join(" and ")),
    };
    format!("; {enough} seeds would do{condition}")
}

/// How many seeds would do for what could not be tested.
pub fn more_seeds(hypothesis: &Hypothesis) -> Option<String> {
    let enough = hypothesis.seeds_needed?;
    Some(format!("{enough} seeds with every level would do"))
}
