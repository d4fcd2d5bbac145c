//! A figure's page as HTML: no scripts, nothing from elsewhere.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::drawing::Panel;
use super::facts::Facts;
use super::page::{FigurePage, ours_in_words};
use breakeven_plot::number::exact;
use breakeven_plot::text;

const STYLE: &str = include_str!("page.css");

/// A page with this title and body.
pub(super) fn page(title: &str, body: Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:";
                title { (text::plain(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    }
    .into_string()
}

pub(super) fn label(label: &str) -> Markup {
    PreEscaped(text::html(label))
}

pub(super) fn html(figure: &FigurePage<'_>) -> String {
    let spec = figure.figure;
    let style = format!(
        "grid-template-columns: repeat({}, minmax(0, 1fr))",
        spec.columns
    );
    let body = html! {
        p.above { a href="../index.html" { "All figures" } }
        h1 { (label(&figure.heading())) }
        p.lead {
            "Jastrzebski et al., ICLR 2020, " (spec.place) ", at scale "
            strong { (figure.context.scale) } ": " (figure.context.scale_in_words) "."
        }
        @if let Some(note) = &spec.note { p.lead { (label(note)) } }
        div.panels style=(style) {
            @for panel in &figure.panels { (one_panel(panel)) }
        }
        (compared(figure))
        h2 { "How to read it" }
        ul {
            @for line in figure.legend() { li { (label(line)) } }
            @for line in &figure.aids { li { (line) } }
        }
        h2 { "The runs" }
        @for facts in &figure.facts { (runs(facts)) }
        h2 { "Made by" }
        p { code { (figure.context.command) } " · breakeven " (figure.context.version) }
    };
    page(&figure.heading(), body)
}

fn one_panel(panel: &Panel) -> Markup {
    let file = |end: &str| format!("{}.{end}", panel.stem);
    html! {
        figure {
            @match &panel.drawing {
                Ok(drawing) => {
                    img src=(file("svg")) alt=(drawing.figure.description);
                    figcaption {
                        @for said in &drawing.said { div { (label(said)) } }
                        a href=(file("svg")) { "SVG" } " "
                        a href=(file("png")) { "PNG" } " "
                        a href=(file("csv")) { "CSV" }
                    }
                }
                Err(why) => p.absent { strong { (label(&panel.title)) } " is absent: " (why) "." },
            }
        }
    }
}

fn compared(figure: &FigurePage<'_>) -> Markup {
    html! {
        h2 { "Printed in the paper" }
        @if figure.compared.is_empty() {
            p { "The text prints no measured value of this figure." }
        } @else {
            table {
                thead { tr {
                    th { "network" } th { "quantity" } th { "level" } th.number { "paper" }
                    th { "place" } th { "ours: mean ± sd over runs" } th.number { "ours/paper" }
                } }
                tbody {
                    @for row in &figure.compared {
                        @let [ours, ratio] = ours_in_words(row);
                        tr {
                            td { (row.network) } td { (label(&row.quantity)) } td.level { (row.level) }
                            td.number { (exact(row.paper)) }
                            td { (row.place) @if let Some(note) = &row.note { ". " (note) } }
                            td { (ours) } td.number { (ratio) }
                        }
                    }
                }
            }
        }
    }
}

fn runs(facts: &Facts) -> Markup {
    html! {
        h3 { (facts.id) }
        p { "In the paper " (facts.paper) ". Here " (facts.trained) "; " (facts.levels) "." }
        p { (facts.counted) "." }
        @if !facts.left_out.is_empty() {
            ul { @for run in &facts.left_out { li { (run) } } }
        }
        @if let Some(command) = &facts.command { p { "Trained by " code { (command) } } }
    }
}
