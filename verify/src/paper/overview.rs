//! The page that links all figures of a folder.

use std::path::Path;

use maud::html;

use super::files::{PAGE_FILE, folder_name};
use super::html::{label, page};
use super::paper;
use super::thresholds::THRESHOLDS_FOLDER;
use breakeven_plot::{WriteError, write_file};

/// The page, in the folder that holds the figures.
pub const OVERVIEW_FILE: &str = "index.html";

/// Writes the page of all figures that were drawn into folders of `folder`, by
/// this call or earlier ones.
///
/// # Errors
/// If the file can't be written.
pub fn write_overview(folder: &Path) -> Result<(), WriteError> {
    let page_of = |number| format!("{}/{PAGE_FILE}", folder_name(number));
    let figures = &paper().figures;
    let is_there = |number| folder.join(page_of(number)).is_file();
    let thresholds = format!("{THRESHOLDS_FOLDER}/{PAGE_FILE}");
    let body = html! {
        h1 { "The break-even point: the paper's figures" }
        p.lead {
            "Jastrzebski et al., The Break-Even Point on Optimization Trajectories of Deep Neural \
             Networks, ICLR 2020."
        }
        table {
            thead { tr { th { "figure" } th { "what it shows" } th { "place" } } }
            tbody {
                @for figure in figures.iter().filter(|figure| is_there(figure.number)) {
                    tr {
                        td.number { a href=(page_of(figure.number)) { (figure.number) } }
                        td { (label(&figure.title)) }
                        td { (figure.place) }
                    }
                }
                @if folder.join(&thresholds).is_file() {
                    tr {
                        td.number { a href=(thresholds) { "+" } }
                        td { "Predicted and observed break-even points, all runs" }
                        td { "Eq. 1 and 4" }
                    }
                }
            }
        }
    };
    let text = page("The paper's figures", body);
    write_file(&folder.join(OVERVIEW_FILE), text.as_bytes())
}
