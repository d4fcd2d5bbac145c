//! The report as Markdown: the same words and tables, without figures.

use super::facts::{self, Fact};
use super::groups::{Group, groups};
use super::section::{self, Section};
use super::statement::{self, or_absent};
use super::{HTML_FILE, ReportContext, caveats, methods};
use crate::description::Description;
use crate::hypothesis::Hypothesis;
use crate::input::Sweep;
use crate::verdicts::Verdicts;
use breakeven_plot::number::p_value;

/// The report as Markdown.
pub fn markdown(verdicts: &Verdicts, sweeps: &[Sweep], context: &ReportContext) -> String {
    let groups = groups(verdicts);
    let beside = |sections: Vec<Section>| -> String {
        let texts: Vec<String> = sections.iter().map(section::markdown).collect();
        texts.join("\n")
    };
    let sections = [
        format!(
            "# {}\n\n{}\n",
            statement::TITLE,
            escape(&statement::question(verdicts))
        ),
        answer(verdicts, &groups),
        beside(section::first(verdicts)),
        details(verdicts, &groups),
        described(&groups),
        beside(section::later(verdicts, sweeps)),
        excluded(verdicts),
        bear_in_mind(verdicts, sweeps),
        settings(verdicts, sweeps),
        runs(sweeps),
        making(verdicts, sweeps, context),
    ];
    let there = sections.into_iter().filter(|section| !section.is_empty());
    there.collect::<Vec<_>>().join("\n")
}

/// Text that Markdown and the HTML in it leave alone.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// A table; cells are escaped here.
pub(super) fn table(heads: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = format!("|{}\n", " --- |".repeat(heads.len()));
    line(heads) + &rule + &rows.iter().map(|row| line(row)).collect::<String>()
}

fn words(heads: &[&str]) -> Vec<String> {
    heads.iter().map(|&head| head.to_owned()).collect()
}

fn answer(verdicts: &Verdicts, groups: &[Group<'_>]) -> String {
    let mut text = "## The answer\n\n".to_owned();
    for (conjecture, headline) in statement::headlines(verdicts) {
        let name = statement::conjecture_name(conjecture);
        text += &format!("- **{name}**: {headline}\n");
    }
    let tested = groups.iter().filter(|group| !group.hypotheses.is_empty());
    let matrices = tested.map(|group| matrix(group, verdicts));
    text + "\n" + &matrices.collect::<Vec<_>>().join("\n")
}

fn matrix(group: &Group<'_>, verdicts: &Verdicts) -> String {
    let mut heads = words(&["Conjecture", "Claim"]);
    heads.extend(group.statistics().iter().map(|s| s.in_words().to_owned()));
    let cell = |hypothesis: &Option<&Hypothesis>| match hypothesis {
        None => statement::ABSENT.to_owned(),
        Some(h) => format!(
            "{} {}; {}",
            h.verdict.sign(),
            h.verdict.word(),
            statement::why(h, verdicts).join("; ")
        ),
    };
    let rows: Vec<Vec<String>> = group
        .rows()
        .iter()
        .map(|row| {
            let expected = row.quantity.expected(group.factor);
            let mut cells = vec![
                u8::from(row.conjecture).to_string(),
                statement::claim(row.quantity, group.factor, expected),
            ];
            cells.extend(row.cells.iter().map(cell));
            cells
        })
        .collect();
    heading(group) + &table(&heads, &rows)
}

fn heading(group: &Group<'_>) -> String {
    format!("### {} ({})\n\n", group.title(), escape(group.sweep))
}

fn details(verdicts: &Verdicts, groups: &[Group<'_>]) -> String {
    let heads = words(&[
        "Quantity",
        "Expected",
        "Verdict",
        "Means by level",
        "Seeds",
        "L or J",
        "p",
        "Adjusted p",
        "Opposite, adjusted",
        "Smallest p",
        "Log–log slope",
        "Ties",
        "Reason",
    ]);
    let tables: Vec<String> = groups
        .iter()
        .filter(|group| !group.hypotheses.is_empty())
        .map(|group| {
            let rows: Vec<_> = group.hypotheses.iter().map(|h| detail(h)).collect();
            heading(group) + &table(&heads, &rows)
        })
        .collect();
    format!(
        "## Every hypothesis\n\n{} {}\n\n{}",
        statement::method(verdicts),
        statement::slope_method(verdicts),
        tables.join("\n")
    )
}

fn detail(h: &Hypothesis) -> Vec<String> {
    let reached = match h.statistic_largest {
        Some(largest) => format!("{} / {largest}", statement::statistic(h)),
        None => statement::ABSENT.to_owned(),
    };
    vec![
        h.quantity.to_string(),
        format!("{} with {}", h.expected.verb(), h.factor.symbol()),
        format!("{} {}", h.verdict.sign(), h.verdict.word()),
        statement::level_means(h).join(", "),
        h.seeds.len().to_string(),
        reached,
        statement::p_by(h.p_value, h.method),
        or_absent(h.p_adjusted, p_value),
        or_absent(h.opposite_p_adjusted, p_value),
        statement::smallest_p(h),
        statement::slope(h),
        statement::ties(h),
        h.reason.clone(),
    ]
}

/// What is described and not tested; nothing where there is nothing.
fn described(groups: &[Group<'_>]) -> String {
    let heads = words(&["Quantity", "Runs that reached the point, and their mean"]);
    let tables: Vec<String> = groups
        .iter()
        .filter(|group| !group.descriptions.is_empty())
        .map(|group| {
            let row =
                |d: &&Description| vec![d.quantity.to_string(), statement::described(d).join("; ")];
            let rows: Vec<_> = group.descriptions.iter().map(row).collect();
            heading(group) + &table(&heads, &rows)
        })
        .collect();
    if tables.is_empty() {
        return String::new();
    }
    format!(
        "## After the break-even point\n\n{}\n\n{}",
        statement::DESCRIBED,
        tables.join("\n")
    )
}

fn excluded(verdicts: &Verdicts) -> String {
    let rows: Vec<Vec<String>> = verdicts
        .excluded
        .iter()
        .map(|e| facts::exclusion(e, verdicts).to_vec())
        .collect();
    let what = match rows.len() {
        0 => "Nothing: every run counts, and every seed is tested.\n".to_owned(),
        _ => table(&words(&["What", "Where", "For", "Why"]), &rows),
    };
    format!("## What was left out\n\n{what}")
}

fn bear_in_mind(verdicts: &Verdicts, sweeps: &[Sweep]) -> String {
    let caveats = caveats::caveats(verdicts, sweeps);
    let lines: String = caveats
        .iter()
        .map(|c| format!("- {}\n", escape(c)))
        .collect();
    format!("## To bear in mind\n\n{lines}")
}

fn settings(verdicts: &Verdicts, sweeps: &[Sweep]) -> String {
    let of_sweeps: String = sweeps
        .iter()
        .map(|s| {
            format!(
                "\n### {}\n\n{}",
                escape(&s.name),
                fact_table(&facts::of_sweep(s))
            )
        })
        .collect();
    format!(
        "## Settings\n\nLevel α = {} for {} hypotheses, which are one family; p-values by {}.\n{of_sweeps}",
        verdicts.alpha,
        verdicts.hypotheses.len(),
        verdicts.procedure.adjustment.in_words()
    )
}

fn fact_table(facts: &[Fact]) -> String {
    let rows: Vec<Vec<String>> = facts
        .iter()
        .map(|(name, fact)| vec![(*name).to_owned(), fact.clone()])
        .collect();
    table(&words(&["Setting", "Value"]), &rows)
}

fn runs(sweeps: &[Sweep]) -> String {
    let of_sweep = |sweep: &Sweep| {
        let (heads, quantities) = facts::run_heads(sweep);
        let mut heads = words(&heads);
        heads.extend(quantities.iter().map(ToString::to_string));
        let rows: Vec<_> = sweep
            .runs
            .iter()
            .map(|r| facts::run_row(r, &sweep.factors(), &quantities))
            .collect();
        format!("\n### {}\n\n{}", escape(&sweep.name), table(&heads, &rows))
    };
    let tables: String = sweeps.iter().map(of_sweep).collect();
    format!("## Runs\n\nA value's step stands behind it: `1.86 @ 60`.\n{tables}")
}

fn making(verdicts: &Verdicts, sweeps: &[Sweep], context: &ReportContext) -> String {
    let methods: String = methods::paragraphs(verdicts, sweeps)
        .iter()
        .map(|paragraph| format!("{}\n\n", escape(paragraph)))
        .collect();
    let defined: Vec<Vec<String>> = methods::definitions(verdicts)
        .into_iter()
        .map(|[symbol, _, definition]| vec![symbol, definition])
        .collect();
    format!(
        "## Definitions\n\n{}\n## Methods\n\n{methods}```bibtex\n{}```\n\n\
         ## To repeat it\n\n```\n{}\n```\n\n{}\n{}. Figures are in {HTML_FILE}.\n",
        table(&words(&["Quantity", "What it is"]), &defined),
        methods::bibtex(verdicts, context),
        facts::commands(sweeps, context).replace("```", "'''"),
        fact_table(&facts::of_making(verdicts, sweeps, context)),
        escape(statement::PAPER),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_cannot_break_its_table() {
        let found = table(&words(&["a"]), &[vec!["x|y\n<b>_".to_owned()]]);
        assert_eq!(found, "| a |\n| --- |\n| x\\|y &lt;b&gt;\\_ |\n");
    }
}
