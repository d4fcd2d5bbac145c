//! The answer as a compact table for a terminal.

use super::facts;
use super::groups::{Group, groups};
use super::statement::{self, or_absent};
use crate::hypothesis::Hypothesis;
use crate::number::p_value;
use crate::verdict::Verdict;
use crate::verdicts::{Exclusion, Verdicts};

/// The verdicts, group by group, with reasons below those that need one.
pub fn terminal(verdicts: &Verdicts) -> String {
    let mut text = String::new();
    for (conjecture, headline) in statement::headlines(verdicts) {
        text += &format!("{}: {headline}\n", statement::conjecture_name(conjecture));
    }
    for group in groups(verdicts) {
        text += &of_group(&group);
    }
    text += &left_out(verdicts);
    for note in &verdicts.notes {
        text += &format!("note: {note}\n");
    }
    text
}

const HEADS: [&str; 9] = [
    "",
    "verdict",
    "quantity",
    "expected",
    "seeds",
    "L",
    "p",
    "adjusted p",
    "log-log slope",
];

fn of_group(group: &Group<'_>) -> String {
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(group.hypotheses.iter().map(|h| row(h)));
    let widths: Vec<usize> = (0..HEADS.len())
        .map(|column| {
            rows.iter()
                .map(|r| r[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |row: &[String; HEADS.len()]| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    let mut text = format!("\n{}: {}{}\n", group.sweep, group.title(), levels(group));
    text += &line(&rows[0]);
    for (row, hypothesis) in rows[1..].iter().zip(&group.hypotheses) {
        text += &line(row);
        if needs_reason(hypothesis) {
            text += &format!("   {}\n", hypothesis.reason);
        }
    }
    text
}

/// The levels that are left where most are: ` (η = 0.01, 0.1)`.
fn levels(group: &Group<'_>) -> String {
    let tested = group.hypotheses.iter().map(|h| &h.levels);
    let most = tested.max_by_key(|levels| levels.len());
    let words: Vec<String> = most
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    match words.len() {
        0 => String::new(),
        _ => format!(" ({} = {})", group.factor.symbol(), words.join(", ")),
    }
}

/// A supported hypothesis needs none, unless levels tie.
fn needs_reason(hypothesis: &Hypothesis) -> bool {
    hypothesis.verdict != Verdict::Supported || hypothesis.tied_blocks > 0
}

fn row(h: &Hypothesis) -> [String; HEADS.len()] {
    let l = match (h.page_l, h.page_l_largest) {
        (Some(l), Some(largest)) => format!("{l}/{largest}"),
        _ => statement::ABSENT.to_owned(),
    };
    [
        h.verdict.sign().to_owned(),
        h.verdict.word().to_owned(),
        h.quantity.to_string(),
        format!("{} with {}", h.expected.verb(), h.factor.symbol()),
        h.seeds.len().to_string(),
        l,
        or_absent(h.p_value, p_value),
        or_absent(h.p_adjusted, p_value),
        statement::slope(h),
    ]
}

fn left_out(verdicts: &Verdicts) -> String {
    if verdicts.excluded.is_empty() {
        return "\nNothing was left out.\n".to_owned();
    }
    let line = |exclusion: &Exclusion| {
        let [what, place, whose, why] = facts::exclusion(exclusion, verdicts);
        format!("  {what} ({place}), for {whose}: {why}\n")
    };
    let lines: String = verdicts.excluded.iter().map(line).collect();
    format!("\nLeft out:\n{lines}")
}
