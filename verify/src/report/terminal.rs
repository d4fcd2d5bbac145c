//! The answer as a compact table for a terminal.

use super::groups::{Group, groups};
use super::statement::{self, or_absent};
use crate::hypothesis::Hypothesis;
use crate::number::p_value;
use crate::verdict::Verdict;
use crate::verdicts::{Scope, Verdicts};

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
    let levels = group
        .hypotheses
        .iter()
        .map(|h| &h.levels)
        .max_by_key(|levels| levels.len());
    let levels: Vec<String> = levels
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    let mut text = format!(
        "\n{}: {} ({} = {})\n",
        group.sweep,
        group.title(),
        group.factor.symbol(),
        levels.join(", ")
    );
    text += &line(&rows[0]);
    for (row, hypothesis) in rows[1..].iter().zip(&group.hypotheses) {
        text += &line(row);
        if needs_reason(hypothesis) {
            text += &format!("   {}\n", hypothesis.reason);
        }
    }
    text
}

/// A supported hypothesis needs one only where it went without something, or
/// where levels tie.
fn needs_reason(hypothesis: &Hypothesis) -> bool {
    hypothesis.verdict != Verdict::Supported
        || hypothesis.tied_blocks > 0
        || !hypothesis.dropped.is_empty()
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
    let runs: Vec<_> = verdicts
        .excluded
        .iter()
        .filter(|e| e.scope == Scope::Run)
        .collect();
    if runs.is_empty() {
        return "\nAll runs count.\n".to_owned();
    }
    let line = |e: &&crate::verdicts::Exclusion| {
        format!(
            "  {}/{}: {}\n",
            e.sweep,
            e.run.as_deref().unwrap_or_default(),
            e.reason
        )
    };
    format!(
        "\nRuns left out:\n{}",
        runs.iter().map(line).collect::<String>()
    )
}
