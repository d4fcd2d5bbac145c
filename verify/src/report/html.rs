//! The report as one HTML file: no scripts, nothing loaded.

mod overview;
mod tables;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::groups::{Group, groups};
use super::pictures::Pictures;
use super::statement;
use super::{ReportContext, level_figures, methods, section, trajectory_figures};
use crate::hypothesis::Hypothesis;
use crate::input::Sweep;
use crate::quantity::{Conjecture, Statistic};
use crate::verdict::Verdict;
use crate::verdicts::Verdicts;
use breakeven_plot::{Figure, text};

const STYLE: &str = include_str!("report.css");

/// The report as HTML, one file with nothing beside it.
pub fn html(verdicts: &Verdicts, sweeps: &[Sweep], context: &ReportContext) -> String {
    page(verdicts, sweeps, context, &Pictures::on_page())
}

/// The report as HTML, its figures placed by `pictures`.
pub(super) fn page(
    verdicts: &Verdicts,
    sweeps: &[Sweep],
    context: &ReportContext,
    pictures: &Pictures,
) -> String {
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
                style { (PreEscaped(STYLE)) (PreEscaped(breakeven_plot::STYLE)) }
            }
            body {
                header {
                    h1 { (statement::TITLE) }
                    p.question { (statement::question(verdicts)) }
                }
                main {
                    (answer(verdicts, &groups))
                    @for one in section::first(verdicts) { (section::html(&one, pictures)) }
                    (trajectories(sweeps, &groups, pictures))
                    (per_run_values(sweeps, &groups, pictures))
                    (tables::details(verdicts, &groups))
                    (tables::described(&groups))
                    @for one in section::later(verdicts, sweeps) { (section::html(&one, pictures)) }
                    (tables::excluded(verdicts))
                    (tables::bear_in_mind(verdicts, sweeps))
                    (tables::settings(verdicts, sweeps))
                    (tables::runs(sweeps))
                    (tables::definitions(verdicts))
                    (tables::to_cite(verdicts, sweeps, context))
                    (tables::making(verdicts, sweeps, context))
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
            (overview::overview(groups))
            div.matrices {
                @for group in groups.iter().filter(|group| !group.hypotheses.is_empty()) {
                    (matrix(group, verdicts))
                }
            }
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
fn matrix(group: &Group<'_>, verdicts: &Verdicts) -> Markup {
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
                                a.defined href={ "#" (methods::anchor(row.quantity)) } {
                                    (label(&statement::claim(row.quantity, group.factor, expected)))
                                }
                                " " span.muted.nowrap { "C" (u8::from(row.conjecture)) }
                            }
                            @for (cell, statistic) in row.cells.iter().zip(&statistics) {
                                // Named where narrow screens stack the cells.
                                td data-statistic=(short(*statistic)) {
                                    (matrix_cell(*cell, verdicts))
                                }
                            }
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
        Statistic::AtLoss => "At loss threshold",
        Statistic::MaxWithoutStepZero => "Maximum without step 0",
    }
}

fn matrix_cell(hypothesis: Option<&Hypothesis>, verdicts: &Verdicts) -> Markup {
    let Some(hypothesis) = hypothesis else {
        return html! { span.muted { "not tested" } };
    };
    html! {
        (badge(hypothesis.verdict))
        @for words in statement::why(hypothesis, verdicts) { div.small { (label(&words)) } }
        @if hypothesis.step_zero_blocks.is_some_and(|blocks| blocks > 0) {
            div.small.warning { "⚠ step 0 says nothing about " (hypothesis.factor.symbol()) }
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

fn trajectories(sweeps: &[Sweep], groups: &[Group<'_>], pictures: &Pictures) -> Markup {
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
                        @let draw = |figure: &Figure| pictures.draw(figure);
                        @for figure in trajectory_figures::figures(sweep, group, &id, draw) {
                            (figure)
                        }
                    }
                }
            }
        }
    }
}

fn per_run_values(sweeps: &[Sweep], groups: &[Group<'_>], pictures: &Pictures) -> Markup {
    html! {
        section #values {
            h2 { "Level by level" }
            p {
                "One thin line a seed, bold their mean, as the test sees them. A claim that falls has \
                to fall within the seeds. Hollow squares sit at step 0, where all levels of a seed \
                share their weights."
            }
            @for (index, group) in groups.iter().enumerate() {
                @if let Some(sweep) = sweeps.iter().find(|sweep| sweep.name == group.sweep) {
                    h3 { (group.title()) " " span.muted { (group.sweep) } }
                    @for statistic in Statistic::ALL {
                        @let id = format!("values-{index}");
                        (values_of(sweep, group, statistic, &id, pictures))
                    }
                }
            }
        }
    }
}

/// The figures of a statistic; the paper's own is open, the others fold.
fn values_of(
    sweep: &Sweep,
    group: &Group<'_>,
    statistic: Statistic,
    id: &str,
    pictures: &Pictures,
) -> Markup {
    let of_it = group
        .hypotheses
        .iter()
        .filter(|h| h.quantity.statistic == statistic);
    let tested = of_it.filter_map(|h| level_figures::figure(sweep, h, id));
    let beside = group
        .descriptions
        .iter()
        .filter(|d| d.quantity.statistic == statistic);
    let described = beside.filter_map(|d| level_figures::described(sweep, d, id));
    let figures: Vec<Figure> = tested.chain(described).collect();
    let note = if statistic.is_tested() {
        ""
    } else {
        " (described, not tested)"
    };
    html! {
        @if !figures.is_empty() {
            details open[statistic == Statistic::ALL[0]] {
                summary { (capitalised(statistic.in_words())) (note) }
                div.figures.small-figures { @for figure in &figures { (pictures.draw(figure)) } }
            }
        }
    }
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
