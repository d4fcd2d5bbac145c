//! All verdicts of several experiments at a glance.

use maud::{Markup, html};

use super::{label, short};
use crate::quantity::{Quantity, Statistic};
use crate::report::groups::{Group, Row};
use crate::report::methods;

/// Settings with so many are compared: fewer are seen at once anyway.
const SEVERAL: usize = 3;

/// A line for each sweep and factor, a column for each quantity, a cell with the
/// verdict of each statistic.
pub fn overview(groups: &[Group<'_>]) -> Markup {
    let tested: Vec<&Group> = groups.iter().filter(|g| !g.hypotheses.is_empty()).collect();
    let rows: Vec<Vec<Row>> = tested.iter().map(|group| group.rows()).collect();
    let has = |quantity: &Quantity| rows.iter().flatten().any(|row| row.quantity == *quantity);
    let quantities: Vec<Quantity> = Quantity::ALL.into_iter().filter(has).collect();
    let statistics: Vec<&str> = Statistic::ALL
        .into_iter()
        .filter(|s| tested.iter().any(|group| group.statistics().contains(s)))
        .map(short)
        .collect();
    if tested.len() < SEVERAL {
        return html! {};
    }
    html! {
        div.scroll {
            table.overview {
                caption {
                    strong { "All experiments" } " "
                    span.muted {
                        "✓ supported, ✗ refuted, ? inconclusive; in each cell: "
                        (statistics.join(", ").to_lowercase())
                    }
                }
                thead { tr {
                    th scope="col" { "Sweep" }
                    th scope="col" { "Varies" }
                    @for quantity in &quantities {
                        th scope="col" {
                            a.defined href={ "#" (methods::anchor(*quantity)) } { (label(quantity.symbol())) }
                        }
                    }
                } }
                tbody {
                    @for (group, rows) in tested.iter().zip(&rows) {
                        tr {
                            th scope="row" { (group.sweep) }
                            td { (group.title()) }
                            @for quantity in &quantities {
                                td { @if let Some(row) = rows.iter().find(|r| r.quantity == *quantity) { (cell(row)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cell(row: &Row) -> Markup {
    html! {
        span.share {
            @for hypothesis in row.cells.iter().flatten() {
                @let verdict = hypothesis.verdict;
                span class=(verdict.word()) title=(verdict.word()) aria-label=(verdict.word()) {
                    (verdict.sign())
                }
            }
        }
    }
}
