//! A summary of one screen: hypotheses × verdicts, and what changed.

use crate::against::{Against, Compared, compared_in_words};
use crate::hypothesis::Hypothesis;
use crate::quantity::PerRun;
use crate::report::{Group, escape, groups};
use crate::verdict::Verdict;
use crate::verdicts::{Scope, Verdicts};

/// Groups up to which each has a column; beyond, each has a row of counts.
const MOST_COLUMNS: usize = 6;
/// Changes, and runs left out, that are named; of the rest the number is said.
const MOST_LINES: usize = 20;

/// The verdicts in Markdown, of a screen: what GitHub shows of a job's step
/// (`GITHUB_STEP_SUMMARY`).
pub fn summary(verdicts: &Verdicts, against: Option<&Against>) -> String {
    let mut text = "### breakeven verify\n\n".to_owned();
    let count = |verdict| verdicts.count(verdict);
    text += &format!(
        "{} supported, {} refuted, {} inconclusive{}\n\n",
        count(Verdict::Supported),
        count(Verdict::Refuted),
        count(Verdict::Inconclusive),
        against.map_or(String::new(), |against| format!(
            "; against the baseline: **{}**",
            against.in_words()
        ))
    );
    let groups: Vec<Group<'_>> = groups(verdicts)
        .into_iter()
        .filter(|group| !group.hypotheses.is_empty())
        .collect();
    text += &match groups.len() {
        0 => String::new(),
        1..=MOST_COLUMNS => matrix(&groups, against),
        _ => counts(&groups),
    };
    let changes = against.map(changes).unwrap_or_default();
    text += &list("Changed", &changes);
    text += &list("Left out", &left_out(verdicts));
    if let Some(against) = against {
        for sentence in compared_in_words(against).iter().chain(&against.notes) {
            text += &format!("{}.\n", escape(&sentence_case(sentence)));
        }
    }
    text
}

/// A row for each quantity and statistic, a column for each group.
fn matrix(groups: &[Group<'_>], against: Option<&Against>) -> String {
    let head = |group: &Group<'_>| {
        let (sweep, factor) = (escape(group.sweep), group.factor.symbol());
        format!(
            "{sweep}, by {factor} ({})",
            escape(&group.fixed.to_string())
        )
    };
    let heads: Vec<String> = groups.iter().map(head).collect();
    let mut text = format!("| | {} |\n", heads.join(" | "));
    text += &format!("|---|{}\n", "---|".repeat(groups.len()));
    for quantity in PerRun::all() {
        if groups.iter().all(|group| about(group, quantity).is_none()) {
            continue;
        }
        let cells = groups.iter().map(|group| match about(group, quantity) {
            Some(hypothesis) => cell(hypothesis, against),
            None => String::new(),
        });
        let cells: Vec<String> = cells.collect();
        text += &format!("| {} | {} |\n", quantity.symbol(), cells.join(" | "));
    }
    text + "\n"
}

/// What a group tests of a quantity.
fn about<'a>(group: &Group<'a>, quantity: PerRun) -> Option<&'a Hypothesis> {
    let mut own = group.hypotheses.iter();
    own.find(|h| h.quantity == quantity).copied()
}

/// `✓ falls`, and where the verdict moved `**✓ → ? falls**`.
fn cell(hypothesis: &Hypothesis, against: Option<&Against>) -> String {
    let expected = hypothesis.expected.verb();
    let now = hypothesis.verdict.sign();
    let compared = against.and_then(|against| {
        let mut all = against.hypotheses.iter();
        all.find(|compared| compared.id == hypothesis.id)
    });
    match compared.filter(|compared| compared.is_changed()) {
        None => format!("{now} {expected}"),
        Some(Compared {
            verdict_before: Some(before),
            ..
        }) if *before != hypothesis.verdict => {
            format!("**{} → {now} {expected}**", before.sign())
        }
        Some(_) => format!("**{now} {expected}**"),
    }
}

/// Of many groups, how many hypotheses have which verdict.
fn counts(groups: &[Group<'_>]) -> String {
    let mut text = "| | supported | refuted | inconclusive |\n|---|---|---|---|\n".to_owned();
    for group in groups {
        let count = |verdict| {
            group
                .hypotheses
                .iter()
                .filter(|h| h.verdict == verdict)
                .count()
        };
        text += &format!(
            "| {}, by {} ({}) | {} | {} | {} |\n",
            escape(group.sweep),
            group.factor.symbol(),
            escape(&group.fixed.to_string()),
            count(Verdict::Supported),
            count(Verdict::Refuted),
            count(Verdict::Inconclusive)
        );
    }
    text + "\n"
}

fn changes(against: &Against) -> Vec<String> {
    let of_hypotheses = against.hypotheses.iter().flat_map(|compared| {
        let changes = compared.changes();
        changes
            .into_iter()
            .map(|change| format!("`{}`: {}", compared.id.replace('`', "'"), escape(&change)))
    });
    let of_runs = against.runs.counted_otherwise.iter();
    of_hypotheses
        .chain(of_runs.map(|run| escape(&run.in_words())))
        .collect()
}

/// Runs that do not count, with the reason in few words.
fn left_out(verdicts: &Verdicts) -> Vec<String> {
    let runs = verdicts.excluded.iter().filter(|e| e.scope == Scope::Run);
    runs.map(|exclusion| {
        let run = exclusion.run.as_deref().unwrap_or_default();
        let few = exclusion.reason.split(':').next().unwrap_or_default();
        escape(&format!("{}, {run}: {few}", exclusion.sweep))
    })
    .collect()
}

/// The first of many lines as a list, and how many more there are.
fn list(title: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut text = format!("{title}:\n\n");
    for line in lines.iter().take(MOST_LINES) {
        text += &format!("- {line}\n");
    }
    match lines.len().saturating_sub(MOST_LINES) {
        0 => {}
        more => text += &format!("- and {more} more\n"),
    }
    text + "\n"
}

fn sentence_case(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
