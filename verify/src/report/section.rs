//! Sections that are the same in HTML and Markdown: text, tables and figures,
//! written once.

mod assumptions;
mod assumptions_figures;
mod side_by_side;
mod specifications;
mod specifications_figure;
mod thresholds;

pub use thresholds::section as of_thresholds;

use maud::{Markup, PreEscaped, html};

use super::markdown::{escape, table as table_markdown};
use super::pictures::{Picture, Pictures};
use crate::input::Sweep;
use crate::verdicts::Verdicts;
use breakeven_plot::text;

/// A section of the report.
pub struct Section {
    /// Its name in the page's address.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it holds.
    pub blocks: Vec<Block>,
}

/// A part of a section.
pub enum Block {
    /// A heading below the section's.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// The sentence that a section is there for.
    Answer(String),
    /// A table.
    Table(Table),
    /// Figures beside each other; not in Markdown.
    Figures {
        /// The drawings.
        drawn: Vec<Picture>,
        /// How much room each has.
        room: Room,
        /// Where they fold, what stands above them.
        folded: Option<String>,
    },
}

/// Room of a figure on the page.
#[derive(Clone, Copy, PartialEq)]
pub enum Room {
    /// Some beside each other.
    Some,
    /// Four beside each other.
    Many,
    /// The width of the page.
    Whole,
}

/// A table of text.
pub struct Table {
    /// Heads of the columns.
    pub heads: Vec<String>,
    /// Rows; the first cell names the row.
    pub rows: Vec<Vec<String>>,
    /// Where it folds, what stands above it.
    pub folded: Option<String>,
}

impl Table {
    /// A table that is open.
    pub fn new(heads: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            heads: heads.iter().map(|&head| head.to_owned()).collect(),
            rows,
            folded: None,
        }
    }

    /// The same, folded below these words.
    pub fn folded(self, words: impl Into<String>) -> Self {
        Self {
            folded: Some(words.into()),
            ..self
        }
    }
}

/// Theory against networks: the sections before the details of hypotheses.
pub fn first(verdicts: &Verdicts) -> Vec<Section> {
    let Some(analysis) = &verdicts.analysis else {
        return Vec::new();
    };
    let thresholds = analysis.thresholds.as_ref();
    thresholds.map(of_thresholds).into_iter().collect()
}

/// The sections after them.
pub fn later(verdicts: &Verdicts, sweeps: &[Sweep]) -> Vec<Section> {
    let Some(analysis) = &verdicts.analysis else {
        return Vec::new();
    };
    let all = [
        side_by_side::section(&analysis.side_by_side, sweeps),
        specifications::section(&analysis.specifications, verdicts.alpha),
        assumptions::section(&analysis.assumptions, sweeps),
    ];
    all.into_iter()
        .filter(|section| !section.blocks.is_empty())
        .collect()
}

/// A section as HTML.
pub fn html(section: &Section, pictures: &Pictures) -> Markup {
    html! {
        section id=(section.id) {
            h2 { (section.title) }
            @for block in &section.blocks { (block_html(block, pictures)) }
        }
    }
}

fn label(label: &str) -> Markup {
    PreEscaped(text::html(label))
}

/// A part of a section as HTML.
pub fn block_html(block: &Block, pictures: &Pictures) -> Markup {
    match block {
        Block::Heading(heading) => html! { h3 { (label(heading)) } },
        Block::Text(words) => html! { p { (label(words)) } },
        Block::Answer(words) => html! { p.answer { strong { (label(words)) } } },
        Block::Table(table) => folding(table.folded.as_deref(), table_html(table)),
        Block::Figures {
            drawn,
            room,
            folded,
        } => {
            let class = match room {
                Room::Some => "figures",
                Room::Many => "figures small-figures",
                Room::Whole => "figures whole-figures",
            };
            let figures = html! {
                div class=(class) { @for picture in drawn { (pictures.place(picture)) } }
            };
            folding(folded.as_deref(), figures)
        }
    }
}

fn folding(summary: Option<&str>, inner: Markup) -> Markup {
    match summary {
        None => inner,
        Some(summary) => html! { details { summary { (label(summary)) } (inner) } },
    }
}

fn table_html(table: &Table) -> Markup {
    html! {
        div.scroll { table.numbers {
            thead { tr { @for head in &table.heads { th scope="col" { (label(head)) } } } }
            tbody {
                @for row in &table.rows {
                    tr {
                        @for (column, cell) in row.iter().enumerate() {
                            @if column == 0 { th scope="row" { (label(cell)) } }
                            @else { td { (label(cell)) } }
                        }
                    }
                }
            }
        } }
    }
}

/// A section as Markdown.
pub fn markdown(section: &Section) -> String {
    let blocks: Vec<String> = section.blocks.iter().filter_map(block_markdown).collect();
    format!("## {}\n\n{}", section.title, blocks.join("\n"))
}

fn block_markdown(block: &Block) -> Option<String> {
    match block {
        Block::Heading(heading) => Some(format!("### {}\n", escape(heading))),
        Block::Text(words) => Some(format!("{}\n", escape(words))),
        Block::Answer(words) => Some(format!("**{}**\n", escape(words))),
        Block::Table(table) => {
            let above = table.folded.as_ref();
            let above = above.map_or_else(String::new, |words| format!("{}:\n\n", escape(words)));
            Some(above + &table_markdown(&table.heads, &table.rows))
        }
        Block::Figures { .. } => None,
    }
}
