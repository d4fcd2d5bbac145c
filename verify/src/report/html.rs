//! The report as one HTML file: no scripts, nothing loaded.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::facts::{self, Fact};
use super::groups::{Group, groups};
use super::statement::{self, or_absent};
use super::{ReportContext, caveats, level_figures, trajectory_figures};
use crate::hypothesis::Hypothesis;
use crate::input::Sweep;
use crate::number::p_value;
use crate::plot::{self, Figure, text};
use crate::quantity::{Conjecture, PerRun, Statistic};
use crate::verdict::Verdict;
use crate::verdicts::Verdicts;

const STYLE: &str = include_str!("report.css");

/// The report as HTML.
pub fn html(verdicts: &Verdicts, sweeps: &[Sweep], context: &ReportContext) -> String {
    let groups = groups(verdicts);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'";
                title { (statement::TITLE) }
                style { (PreEscaped(STYLE)) (PreEscaped(plot::STYLE)) }
            }
            body {
                header {
                    h1 { (statement::TITLE) }
                    p.question { (statement::QUESTION) }
                }
                main {
                    (answer(verdicts, &groups))
                    (trajectories(sweeps, &groups))
                    (per_run_values(sweeps, &groups))
                    (details(verdicts, &groups))
                    (excluded(verdicts))
                    (bear_in_mind(verdicts, sweeps))
                    (settings(verdicts, sweeps))
                    (runs(sweeps))
                    (making(verdicts, sweeps, context))
                }
            }
        }
    }
    .into_string()
}

/// A label with its subscripts.
fn label(label: &str) -> Markup {
    PreEscaped(text::html(label))
}

fn answer(verdicts: &Verdicts, groups: &[Group<'_>]) -> Markup {
    html! {
        section #answer {
            h2 { "The answer" }
            ul.headlines {
                @for (conjecture, headline) in statement::headlines(verdicts) {
                    li {
                        span.name { (statement::conjecture_name(conjecture)) }
                        (share(verdicts, conjecture))
                        span { (headline) }
                    }
                }
            }
            div.matrices { @for group in groups { (matrix(group)) } }
        }
    }
}

/// A bar of one cell for each hypothesis, by verdict.
fn share(verdicts: &Verdicts, conjecture: Conjecture) -> Markup {
    let of_it = || {
        verdicts
            .hypotheses
            .iter()
            .filter(|h| h.conjecture == conjecture)
    };
    html! {
        span.share aria-hidden="true" {
            @for verdict in [Verdict::Supported, Verdict::Inconclusive, Verdict::Refuted] {
                @for _ in of_it().filter(|h| h.verdict == verdict) {
                    span class=(verdict.word()) { (verdict.sign()) }
                }
            }
        }
    }
}

/// The verdicts of a group: claims down, statistics across.
fn matrix(group: &Group<'_>) -> Markup {
    let statistics = group.statistics();
    html! {
        div.scroll {
            table.matrix {
                caption { strong { (group.title()) } " · " span.muted { (group.sweep) } }
                thead {
                    tr {
                        th scope="col" { "Claim" }
                        @for statistic in &statistics { th scope="col" { (short(*statistic)) } }
                    }
                }
                tbody {
                    @for row in group.rows() {
                        @let expected = row.quantity.expected(group.factor);
                        tr {
                            th scope="row" {
                                (label(&statement::claim(row.quantity, group.factor, expected)))
                                " " span.muted.nowrap { "C" (u8::from(row.conjecture)) }
                            }
                            @for cell in &row.cells { td { (matrix_cell(*cell)) } }
                        }
                    }
                }
            }
        }
    }
}

fn short(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Max => "Maximum (the paper's)",
        Statistic::MaxAfter => "Maximum after break-even",
        Statistic::AtAccuracy => "At accuracy threshold",
    }
}

fn matrix_cell(hypothesis: Option<&Hypothesis>) -> Markup {
    let Some(hypothesis) = hypothesis else {
        return html! { span.muted { "not tested" } };
    };
    html! {
        (badge(hypothesis.verdict))
        @if let Some(p) = hypothesis.p_adjusted {
            div.small { "adjusted p " (p_value(p)) }
        } @else {
            div.small { "no test" }
        }
        @if let Some(blocks) = hypothesis.step_zero_blocks.filter(|&blocks| blocks > 0) {
            div.small.warning {
                "⚠ step 0 in " (blocks) " of " (hypothesis.seeds.len()) " seeds"
            }
        }
    }
}

fn badge(verdict: Verdict) -> Markup {
    html! {
        span.badge.(verdict.word()) {
            span aria-hidden="true" { (verdict.sign()) } " " (verdict.word())
        }
    }
}

fn trajectories(sweeps: &[Sweep], groups: &[Group<'_>]) -> Markup {
    let with_sweep = groups.iter().enumerate().filter_map(|(index, group)| {
        let sweep = sweeps.iter().find(|sweep| sweep.name == group.sweep)?;
        trajectory_figures::has_trajectories(sweep).then_some((index, group, sweep))
    });
    let all: Vec<_> = with_sweep.collect();
    html! {
        @if !all.is_empty() {
            section #trajectories {
                h2 { "Along training" }
                p {
                    "Bold: mean over the seeds that count. Thin: each seed. "
                    strong { "×" } " break-even point of a seed, the first measurement at which \
                    the left side of Eq. 1 is at least 1. Vertical dashes: the training accuracy \
                    passes its threshold, mean over seeds."
                }
                @for (index, group, sweep) in all {
                    h3 { (group.title()) " " span.muted { (group.sweep) } }
                    div.figures {
                        @let id = format!("path-{index}");
                        @for figure in trajectory_figures::figures(sweep, group, &id) {
                            (drawn(&figure))
                        }
                    }
                }
            }
        }
    }
}

fn drawn(figure: &Figure) -> Markup {
    html! { figure { (PreEscaped(figure.svg())) } }
}

fn per_run_values(sweeps: &[Sweep], groups: &[Group<'_>]) -> Markup {
    html! {
        section #values {
            h2 { "Level by level" }
            p {
                "What the test sees: one thin line a seed, bold their mean. A claim that falls has \
                to fall within the seeds. Hollow squares sit at step 0, where all levels of a seed \
                share their weights."
            }
            @for (index, group) in groups.iter().enumerate() {
                @if let Some(sweep) = sweeps.iter().find(|sweep| sweep.name == group.sweep) {
                    h3 { (group.title()) " " span.muted { (group.sweep) } }
                    @for statistic in group.statistics() {
                        (values_of(sweep, group, statistic, &format!("values-{index}")))
                    }
                }
            }
        }
    }
}

/// The figures of a statistic; the paper's own is open, the others fold.
fn values_of(sweep: &Sweep, group: &Group<'_>, statistic: Statistic, id: &str) -> Markup {
    let of_it = group
        .hypotheses
        .iter()
        .filter(|h| h.quantity.statistic == statistic);
    let figures: Vec<Figure> = of_it
        .filter_map(|h| level_figures::figure(sweep, h, id))
        .collect();
    html! {
        @if !figures.is_empty() {
            details open[statistic == group.statistics()[0]] {
                summary { (capitalised(statistic.in_words())) }
                div.figures.small-figures { @for figure in &figures { (drawn(figure)) } }
            }
        }
    }
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn details(verdicts: &Verdicts, groups: &[Group<'_>]) -> Markup {
    html! {
        section #details {
            h2 { "Every hypothesis" }
            p { (statement::method(verdicts.alpha)) " " (statement::slope_method(verdicts.alpha)) }
            @for group in groups {
                h3 { (group.title()) " " span.muted { (group.sweep) } }
                div.scroll { table.numbers {
                    thead { tr {
                        @for head in DETAIL_HEADS { th scope="col" { (head) } }
                    } }
                    tbody { @for hypothesis in &group.hypotheses { (detail(hypothesis)) } }
                } }
            }
        }
    }
}

const DETAIL_HEADS: [&str; 11] = [
    "Quantity",
    "Expected",
    "Verdict",
    "Means by level",
    "Seeds",
    "L",
    "p",
    "adjusted p",
    "opposite, adjusted",
    "log–log slope",
    "Ties",
];

fn detail(h: &Hypothesis) -> Markup {
    html! {
        tr.main {
            th scope="row" { (label(&h.quantity.symbol())) }
            td { (h.expected.verb()) " with " (h.factor.symbol()) }
            td { (badge(h.verdict)) }
            td { @for pair in statement::level_means(h) { div.nowrap { (pair) } } }
            td { (h.seeds.len()) }
            td.nowrap {
                (or_absent(h.page_l, |l| l.to_string()))
                @if let Some(largest) = h.page_l_largest { span.muted { " / " (largest) } }
            }
            td { (or_absent(h.p_value, p_value)) }
            td { (or_absent(h.p_adjusted, p_value)) }
            td { (or_absent(h.opposite_p_adjusted, p_value)) }
            td { (statement::slope(h)) }
            td { (statement::ties(h)) }
        }
        tr.reason { td colspan=(DETAIL_HEADS.len()) { (label(&h.reason)) } }
    }
}

fn excluded(verdicts: &Verdicts) -> Markup {
    html! {
        section #excluded {
            h2 { "What was left out" }
            p {
                "A run counts only if it converged. A level that no seed has is dropped, then \
                every seed that lacks a remaining level."
            }
            @if verdicts.excluded.is_empty() {
                p { strong { "Nothing: every run counts, and every block is complete." } }
            } @else {
                div.scroll { table {
                    thead { tr {
                        @for head in ["What", "Where", "For", "Why"] { th scope="col" { (head) } }
                    } }
                    tbody {
                        @for exclusion in &verdicts.excluded {
                            @let [what, place, whose, why] = facts::exclusion(exclusion);
                            tr {
                                th scope="row" { (what) }
                                td { (place) } td { (whose) } td { (why) }
                            }
                        }
                    }
                } }
            }
        }
    }
}

fn bear_in_mind(verdicts: &Verdicts, sweeps: &[Sweep]) -> Markup {
    html! {
        section #caveats {
            h2 { "To bear in mind" }
            ul { @for caveat in caveats::caveats(verdicts, sweeps) { li { (label(&caveat)) } } }
        }
    }
}

fn settings(verdicts: &Verdicts, sweeps: &[Sweep]) -> Markup {
    html! {
        section #settings {
            h2 { "Settings" }
            p {
                "Level α = " (verdicts.alpha) " for " (verdicts.hypotheses.len())
                " hypotheses, which are one family."
            }
            @for sweep in sweeps {
                h3 { (sweep.name) }
                (fact_table(&facts::of_sweep(sweep)))
                @if let Some(config) = &sweep.config {
                    details {
                        summary { "Full configuration, as it was saved" }
                        // A parsed value always has a JSON form.
                        pre { (serde_json::to_string_pretty(config).unwrap_or_default()) }
                    }
                }
            }
        }
    }
}

fn fact_table(facts: &[Fact]) -> Markup {
    html! {
        table.facts { tbody {
            @for (name, fact) in facts {
                tr { th scope="row" { (label(name)) } td { (fact) } }
            }
        } }
    }
}

fn runs(sweeps: &[Sweep]) -> Markup {
    html! {
        section #runs {
            h2 { "Runs" }
            p { "A value’s step stands behind it: " code { "1.86 @ 60" } "." }
            @for sweep in sweeps {
                @let (heads, quantities) = facts::run_heads(sweep);
                details {
                    summary { (sweep.name) ": " (sweep.runs.len()) " runs" }
                    div.scroll { table.numbers {
                        thead { tr {
                            @for head in heads { th scope="col" { (head) } }
                            @for quantity in &quantities { th scope="col" { (quantity_head(*quantity)) } }
                        } }
                        tbody { @for run in &sweep.runs { (run_row(run, &quantities)) } }
                    } }
                }
            }
        }
    }
}

fn quantity_head(quantity: PerRun) -> Markup {
    label(&quantity.symbol())
}

fn run_row(run: &crate::input::Run, quantities: &[PerRun]) -> Markup {
    let row = facts::run_row(run, quantities);
    html! {
        tr {
            @for (index, cell) in row.iter().enumerate() {
                @if index == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
            }
        }
    }
}

fn making(verdicts: &Verdicts, sweeps: &[Sweep], context: &ReportContext) -> Markup {
    html! {
        section #making {
            h2 { "To repeat it" }
            pre.command { (context.command) }
            (fact_table(&facts::of_making(verdicts, sweeps, context)))
            p.muted { (statement::PAPER) "." }
        }
    }
}
