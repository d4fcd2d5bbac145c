//! The answer for a terminal: the paper's statistic first, one line for each
//! hypothesis, with the shortest reason. The report has the long ones.

use std::collections::BTreeSet;

use super::facts;
use super::groups::{Group, groups};
use super::short_reason::{causes, short_reason};
use super::statement::{self, or_absent};
use crate::description::Description;
use crate::hypothesis::Hypothesis;
use crate::quantity::Statistic;
use crate::verdict::Verdict;
use crate::verdicts::{Exclusion, Scope, Verdicts};
use breakeven_plot::number::{p_value, significant};

/// Levels up to which the mean of each is shown; beyond, those of both ends.
const SHOWN_LEVELS: usize = 4;

/// The verdicts, statistic by statistic, and what was left out.
pub fn terminal(verdicts: &Verdicts) -> String {
    let mut text = String::new();
    for (conjecture, headline) in statement::headlines(verdicts) {
        text += &format!("{}: {headline}\n", statement::conjecture_name(conjecture));
    }
    let groups = groups(verdicts);
    for statistic in Statistic::ALL {
        text += &section(statistic, &groups, verdicts);
    }
    text += &described(&groups);
    text += &legend(verdicts);
    if let Some(thresholds) = verdicts
        .analysis
        .as_ref()
        .and_then(|a| a.thresholds.as_ref())
    {
        text += &format!("theory: {}\n", thresholds.sentence);
    }
    text += &left_out(verdicts);
    for note in &verdicts.notes {
        text += &format!("note: {note}\n");
    }
    text
}

/// What the numbers are.
fn legend(verdicts: &Verdicts) -> String {
    if verdicts.hypotheses.is_empty() {
        return "\nNothing was tested: maxima after the break-even point are described only.\n"
            .to_owned();
    }
    let hypotheses = match verdicts.hypotheses.len() {
        1 => "one hypothesis".to_owned(),
        all => format!("all {all} hypotheses"),
    };
    let procedure = verdicts.procedure;
    let shown = |alpha: f64| significant(alpha, 3);
    let refuted = match verdicts.count(Verdict::Refuted) {
        0 => String::new(),
        _ => format!(
            " Of a refuted claim it is that of the opposite trend, and needs to be at most {}.",
            shown(procedure.alpha_refuted)
        ),
    };
    let at_worst = statement::at_worst(verdicts).map_or_else(String::new, |s| format!(" {s}"));
    format!(
        "\np is adjusted for {hypotheses}; “supported” needs at most {} and three seeds.{refuted}\
         {at_worst} Other numbers are means over seeds.\n",
        shown(procedure.alpha_supported)
    )
}

/// What is described and not tested, a line each.
fn described(groups: &[Group<'_>]) -> String {
    let tables: String = groups
        .iter()
        .filter(|group| !group.descriptions.is_empty())
        .map(|group| {
            let symbol = |d: &Description| d.quantity.quantity.symbol();
            let width = group
                .descriptions
                .iter()
                .map(|d| symbol(d).chars().count())
                .max();
            let width = width.unwrap_or(0);
            let line = |d: &&Description| format!("  {:<width$}  {}\n", symbol(d), reached(d));
            let lines: String = group.descriptions.iter().map(line).collect();
            let (sweep, factor) = (group.sweep, group.factor.symbol());
            format!(
                "{sweep}, by {factor}: mean (runs that reached it of those that count)\n{lines}"
            )
        })
        .collect();
    if tables.is_empty() {
        return tables;
    }
    format!("\nMaximum after the break-even point: described, not tested\n{tables}")
}

/// Means with the runs behind them, in the levels' order: `1.86 (3/5) → – (0/5)`.
fn reached(description: &Description) -> String {
    let words: Vec<String> = (0..description.levels.len())
        .map(|index| {
            let mean = description.level_means[index];
            let mean = or_absent(mean, |mean| significant(mean, 3));
            let (with, all) = (description.runs_with_value[index], description.runs[index]);
            format!("{mean} ({with}/{all})")
        })
        .collect();
    match &words[..] {
        [first, .., last] if words.len() > SHOWN_LEVELS => format!("{first} … {last}"),
        _ => words.join(" → "),
    }
}

/// All hypotheses about one statistic; nothing where there are none.
fn section(statistic: Statistic, groups: &[Group<'_>], verdicts: &Verdicts) -> String {
    let tables: String = groups
        .iter()
        .map(|group| table(statistic, group, verdicts))
        .collect();
    if tables.is_empty() {
        return tables;
    }
    let mut title = statistic.in_words().to_owned();
    title[..1].make_ascii_uppercase();
    let whose = match statistic {
        Statistic::Max => ", the paper's statistic",
        Statistic::MaxAfter
        | Statistic::AtAccuracy
        | Statistic::AtLoss
        | Statistic::MaxWithoutStepZero => "",
    };
    format!("\n{title}{whose}\n{tables}")
}

/// The hypotheses of a group about one statistic, a line each.
fn table(statistic: Statistic, group: &Group<'_>, verdicts: &Verdicts) -> String {
    let of_it = group.hypotheses.iter();
    let rows: Vec<_> = of_it
        .filter(|h| h.quantity.statistic == statistic)
        .map(|h| row(h, verdicts))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let widest = |column: usize| rows.iter().map(|r| r[column].chars().count()).max();
    let line = |row: &[String; 5]| {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = widest(column).unwrap_or(0);
            format!("{cell:<width$}")
        });
        format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let lines: String = rows.iter().map(line).collect();
    format!("{}\n{lines}", heading(group))
}

/// A group with the levels that are left where most are:
/// `mlp, as η grows (0.01, 0.1; S = 64)`.
fn heading(group: &Group<'_>) -> String {
    let tested = group.hypotheses.iter().map(|h| &h.levels);
    let most = tested.max_by_key(|levels| levels.len());
    let words: Vec<String> = most
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    let levels = match words.len() {
        0 => String::new(),
        _ => format!("{}; ", words.join(", ")),
    };
    format!(
        "{}, as {} grows ({levels}{})",
        group.sweep,
        group.factor.symbol(),
        group.fixed
    )
}

fn row(h: &Hypothesis, verdicts: &Verdicts) -> [String; 5] {
    [
        format!("{} {}", h.verdict.sign(), h.verdict.word()),
        format!("{} {}", h.quantity.quantity.symbol(), h.expected.verb()),
        format!("p {}", or_absent(statement::decisive_p(h), p_value)),
        means(h),
        short_reason(h, verdicts.procedure),
    ]
}

/// The means of the levels tested, in the levels' order.
fn means(h: &Hypothesis) -> String {
    let words: Vec<String> = h.level_means.iter().map(|m| significant(*m, 3)).collect();
    match &words[..] {
        [] => statement::ABSENT.to_owned(),
        [first, .., last] if words.len() > SHOWN_LEVELS => format!("{first} … {last}"),
        _ => words.join(" → "),
    }
}

/// Runs that do not count, each; of the rest, how much and why.
fn left_out(verdicts: &Verdicts) -> String {
    let (runs, blocks): (Vec<&Exclusion>, Vec<_>) = verdicts
        .excluded
        .iter()
        .partition(|exclusion| exclusion.scope == Scope::Run);
    let run = |exclusion: &&Exclusion| {
        let [what, place, _, why] = facts::exclusion(exclusion, verdicts);
        format!("left out: {what} ({place}): {why}\n")
    };
    let mut text: String = runs.iter().map(run).collect();
    let causes: BTreeSet<&str> = blocks.iter().flat_map(|e| causes(&e.reason)).collect();
    if !causes.is_empty() {
        text += &format!(
            "left out of some hypotheses: levels and seeds ({}); the report names each\n",
            causes.into_iter().collect::<Vec<_>>().join("; ")
        );
    }
    if text.is_empty() {
        text += "Nothing was left out.\n";
    }
    text
}
