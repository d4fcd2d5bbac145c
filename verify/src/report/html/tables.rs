//! The report's tables: every hypothesis, what was left out, settings, runs.

use maud::{Markup, html};

use super::{badge, label};
use crate::hypothesis::Hypothesis;
use crate::input::Sweep;
use crate::quantity::{Factor, PerRun};
use crate::report::facts::{self, Fact};
use crate::report::groups::Group;
use crate::report::statement::{self, or_absent};
use crate::report::{ReportContext, caveats, methods};
use crate::verdicts::Verdicts;
use breakeven_plot::number::p_value;

pub fn details(verdicts: &Verdicts, groups: &[Group<'_>]) -> Markup {
    html! {
        section #details {
            h2 { "Every hypothesis" }
            p { (statement::method(verdicts)) " " (statement::slope_method(verdicts)) }
            @for group in groups.iter().filter(|group| !group.hypotheses.is_empty()) {
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

const DETAIL_HEADS: [&str; 12] = [
    "Quantity",
    "Expected",
    "Verdict",
    "Means by level",
    "Seeds",
    "L or J",
    "p",
    "adjusted p",
    "opposite, adjusted",
    "smallest p",
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
                @if let Some(largest) = h.statistic_largest {
                    (statement::statistic(h)) span.muted { " / " (largest) }
                } @else { (statement::ABSENT) }
            }
            td { (statement::p_by(h.p_value, h.method)) }
            td { (or_absent(h.p_adjusted, p_value)) }
            td { (or_absent(h.opposite_p_adjusted, p_value)) }
            td { (statement::smallest_p(h)) }
            td { (statement::slope(h)) }
            td { (statement::ties(h)) }
        }
        tr.reason { td colspan=(DETAIL_HEADS.len()) { (label(&h.reason)) } }
    }
}

/// What is described and not tested.
pub fn described(groups: &[Group<'_>]) -> Markup {
    let there: Vec<&Group<'_>> = groups
        .iter()
        .filter(|group| !group.descriptions.is_empty())
        .collect();
    html! {
        @if !there.is_empty() {
            section #described {
                h2 { "After the break-even point" }
                p { (statement::DESCRIBED) }
                @for group in there {
                    h3 { (group.title()) " " span.muted { (group.sweep) } }
                    div.scroll { table.numbers {
                        thead { tr {
                            th scope="col" { "Quantity" }
                            th scope="col" { "Runs that reached the point, and their mean" }
                        } }
                        tbody {
                            @for description in &group.descriptions {
                                tr {
                                    th scope="row" { (label(&description.quantity.symbol())) }
                                    td {
                                        @for level in statement::described(description) {
                                            div.nowrap { (level) }
                                        }
                                    }
                                }
                            }
                        }
                    } }
                }
            }
        }
    }
}

pub fn excluded(verdicts: &Verdicts) -> Markup {
    html! {
        section #excluded {
            h2 { "What was left out" }
            p {
                "A run counts only if it converged. A level at which most runs fail is set aside. A \
                seed is tested among the levels that it has, if these are two or more."
            }
            @if verdicts.excluded.is_empty() {
                p { strong { "Nothing: every run counts, and every seed is tested." } }
            } @else {
                div.scroll { table {
                    thead { tr {
                        @for head in ["What", "Where", "For", "Why"] { th scope="col" { (head) } }
                    } }
                    tbody {
                        @for exclusion in &verdicts.excluded {
                            @let [what, place, whose, why] = facts::exclusion(exclusion, verdicts);
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

pub fn bear_in_mind(verdicts: &Verdicts, sweeps: &[Sweep]) -> Markup {
    html! {
        section #caveats {
            h2 { "To bear in mind" }
            ul { @for caveat in caveats::caveats(verdicts, sweeps) { li { (label(&caveat)) } } }
        }
    }
}

pub fn settings(verdicts: &Verdicts, sweeps: &[Sweep]) -> Markup {
    html! {
        section #settings {
            h2 { "Settings" }
            p {
                "Level α = " (verdicts.alpha) " for " (verdicts.hypotheses.len())
                " hypotheses, which are one family; p-values by "
                (verdicts.procedure.adjustment.in_words()) "."
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

pub fn runs(sweeps: &[Sweep]) -> Markup {
    html! {
        section #runs {
            h2 { "Runs" }
            p { "A value’s step stands behind it: " code { "1.86 @ 60" } "." }
            @for sweep in sweeps {
                @let (heads, quantities) = facts::run_heads(sweep);
                @let factors = sweep.factors();
                details {
                    summary { (sweep.name) ": " (sweep.runs.len()) " runs" }
                    div.scroll { table.numbers {
                        thead { tr {
                            @for head in heads { th scope="col" { (head) } }
                            @for quantity in &quantities { th scope="col" { (quantity_head(*quantity)) } }
                        } }
                        tbody { @for run in &sweep.runs { (run_row(run, &factors, &quantities)) } }
                    } }
                }
            }
        }
    }
}

fn quantity_head(quantity: PerRun) -> Markup {
    label(&quantity.symbol())
}

fn run_row(run: &crate::input::Run, factors: &[Factor], quantities: &[PerRun]) -> Markup {
    let row = facts::run_row(run, factors, quantities);
    html! {
        tr {
            @for (index, cell) in row.iter().enumerate() {
                @if index == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
            }
        }
    }
}

/// What each quantity is: where the names in the answer lead.
pub fn definitions(verdicts: &Verdicts) -> Markup {
    html! {
        section #definitions {
            h2 { "Definitions" }
            table.facts { tbody {
                @for [symbol, anchor, definition] in methods::definitions(verdicts) {
                    tr id=(anchor) { th scope="row" { (label(&symbol)) } td { (label(&definition)) } }
                }
            } }
        }
    }
}

/// What a paper would say, and whom to cite.
pub fn to_cite(verdicts: &Verdicts, sweeps: &[Sweep], context: &ReportContext) -> Markup {
    html! {
        section #methods {
            h2 { "Methods, for a paper" }
            @for paragraph in methods::paragraphs(verdicts, sweeps) { p { (label(&paragraph)) } }
            details {
                summary { "BibTeX" }
                pre { (methods::bibtex(verdicts, context)) }
            }
        }
    }
}

pub fn making(verdicts: &Verdicts, sweeps: &[Sweep], context: &ReportContext) -> Markup {
    html! {
        section #making {
            h2 { "To repeat it" }
            pre.command { (facts::commands(sweeps, context)) }
            (fact_table(&facts::of_making(verdicts, sweeps, context)))
            p.muted { (statement::PAPER) "." }
        }
    }
}
