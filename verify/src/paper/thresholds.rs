//! The folder of predicted and observed break-even points of all networks
//! ([`crate::thresholds`]): a page, pictures, and a table.

use std::path::Path;

use maud::{Markup, html};

use super::files::PAGE_FILE;
use super::html::{label, page};
use crate::export::{thresholds as table, write_csv};
use crate::report::{Block, Pictures, block_html, of_thresholds};
use crate::thresholds::{Observed, Thresholds, figures};
use breakeven_plot::{Figure, WriteError, write_file};

/// The folder, beside those of the figures.
pub const THRESHOLDS_FOLDER: &str = "thresholds";
/// The table in it, a row a run.
pub const THRESHOLDS_TABLE: &str = "thresholds.csv";
const TITLE: &str = "Predicted and observed break-even points";

/// Writes page, pictures and table into `folder`.
///
/// # Errors
/// The first file that can't be written.
pub fn write(thresholds: &Thresholds, folder: &Path) -> Result<(), WriteError> {
    std::fs::create_dir_all(folder).map_err(|cause| WriteError::File {
        path: folder.to_owned(),
        cause,
    })?;
    let path = folder.join(THRESHOLDS_TABLE);
    let mut text = Vec::new();
    write_csv(table(&thresholds.located), &mut text).map_err(|error| WriteError::File {
        path: path.clone(),
        cause: std::io::Error::other(error),
    })?;
    write_file(&path, &text)?;
    let panels = Observed::ALL.into_iter();
    let panels: Vec<_> = panels
        .flat_map(|observed| figures(thresholds, observed))
        .collect();
    for figure in panels.iter().flatten() {
        figure.write(folder)?;
    }
    let body = body(thresholds, &panels);
    write_file(&folder.join(PAGE_FILE), page(TITLE, body).as_bytes())
}

/// The report's section, with all pictures open and each a link to its file.
fn body(thresholds: &Thresholds, panels: &[Result<Figure, String>]) -> Markup {
    let blocks = of_thresholds(thresholds).blocks;
    let is_words = |block: &Block| !matches!(block, Block::Figures { .. } | Block::Table(_));
    let (before, after) = blocks.split_at(blocks.iter().take_while(|b| is_words(b)).count());
    let after = after.iter();
    let after = after.filter(|block| !matches!(block, Block::Figures { .. }));
    let placed = |block: &Block| block_html(block, &Pictures::on_page());
    html! {
        p.above { a href="../index.html" { "All figures" } }
        h1 { (TITLE) }
        @for block in before { (placed(block)) }
        div.panels style="grid-template-columns: repeat(2, minmax(0, 1fr))" {
            @for panel in panels { (drawn(panel)) }
        }
        @for block in after { (placed(block)) }
        p { "Each run: " a href=(THRESHOLDS_TABLE) { (THRESHOLDS_TABLE) } "." }
    }
}

fn drawn(panel: &Result<Figure, String>) -> Markup {
    match panel {
        Ok(figure) => html! {
            figure {
                a href=(format!("{}.svg", figure.id)) {
                    img src=(format!("{}.svg", figure.id)) alt=(figure.description);
                }
            }
        },
        Err(why) => html! { figure { figcaption { "absent: " (label(why)) } } },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_runs_all_is_absent_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        write(&Thresholds::of(Vec::new(), 0.05), folder.path()).unwrap();
        let page = std::fs::read_to_string(folder.path().join(PAGE_FILE)).unwrap();
        assert!(page.contains("absent: no run has both numbers"), "{page}");
        assert!(page.contains("No run of 0 goes from stable"), "{page}");
        assert!(folder.path().join(THRESHOLDS_TABLE).is_file());
    }
}
