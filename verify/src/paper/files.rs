//! The files of a figure: three a panel, and its page.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::drawing::Drawing;
use super::page::FigurePage;
use super::{html, markdown};
use crate::trajectories::{Series, Whose};
use breakeven_plot::{Across, Guide, Weight, WriteError, write_file};

/// The page of a figure, in its folder.
pub(super) const PAGE_FILE: &str = "index.html";
/// The same in Markdown.
const MARKDOWN_FILE: &str = "figure.md";

/// The files of a panel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PanelFiles {
    /// What it shows.
    pub title: String,
    /// Picture, picture in pixels, and table; empty where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathBuf>,
    /// Why there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
}

/// The folder of a figure: `figure-04`.
///
/// ```
/// assert_eq!(breakeven_verify::paper::folder_name(4), "figure-04");
/// ```
pub fn folder_name(number: u32) -> String {
    format!("figure-{number:02}")
}

/// Writes a figure into `folder`.
///
/// # Errors
/// The first file that can't be written.
pub fn write(figure: &FigurePage<'_>, folder: &Path) -> Result<Vec<PanelFiles>, WriteError> {
    fs::create_dir_all(folder).map_err(|cause| WriteError::File {
        path: folder.to_owned(),
        cause,
    })?;
    let mut written = Vec::new();
    for panel in &figure.panels {
        let files = match &panel.drawing {
            Ok(drawing) => write_panel(drawing, &folder.join(&panel.stem))?,
            Err(_) => Vec::new(),
        };
        written.push(PanelFiles {
            title: panel.title.clone(),
            files,
            absent: panel.drawing.as_ref().err().cloned(),
        });
    }
    write_file(&folder.join(PAGE_FILE), html::html(figure).as_bytes())?;
    let text = markdown::markdown(figure);
    write_file(&folder.join(MARKDOWN_FILE), text.as_bytes())?;
    Ok(written)
}

fn write_panel(drawing: &Drawing, stem: &Path) -> Result<Vec<PathBuf>, WriteError> {
    let table = stem.with_added_extension("csv");
    let [svg, pixels] = drawing.figure.write_picture(stem)?;
    let rows = match &drawing.table {
        Some(text) => text.clone().into_bytes(),
        None => rows(drawing).map_err(|cause| WriteError::Table {
            path: table.clone(),
            cause,
        })?,
    };
    write_file(&table, &rows)?;
    Ok(vec![svg, pixels, table])
}

/// What is drawn: a row a point, mark or guide line.
fn rows(drawing: &Drawing) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["series", "level", "seed", "x", "y"])?;
    // A tinted area has the points of its outline.
    let lines = drawing.series.iter();
    for one in lines.filter(|one| one.curve.weight != Weight::Area) {
        let seed = match one.whose {
            Whose::Seed(seed) => seed.to_string(),
            Whose::Mean => String::new(),
        };
        let drawn = one.curve.points.iter().filter(|point| point.1.is_finite());
        for &(x, y) in drawn {
            table.write_record([kind(one), &one.level, &seed, &digits(x), &digits(y)])?;
        }
        for mark in &one.curve.marks {
            let (x, y) = mark.at;
            table.write_record(["break_even", &one.level, &seed, &digits(x), &digits(y)])?;
        }
    }
    for guide in &drawing.figure.guides {
        let [x, y] = place(guide);
        table.write_record(["accuracy_threshold", level_of(drawing, guide), "", &x, &y])?;
    }
    table.flush()?;
    Ok(table.into_inner().map_err(|error| error.into_error())?)
}

fn kind(series: &Series) -> &'static str {
    match series.whose {
        Whose::Seed(_) => "seed",
        Whose::Mean => "mean",
    }
}

/// The level whose curves have the look of a guide line.
fn level_of<'a>(drawing: &'a Drawing, guide: &Guide) -> &'a str {
    let mut series = drawing.series.iter();
    let found = series.find(|one| Some(one.curve.look) == guide.look);
    found.map_or("", |one| &one.level)
}

fn place(guide: &Guide) -> [String; 2] {
    match guide.at {
        Across::X(x) => [digits(x), String::new()],
        Across::Y(y) => [String::new(), digits(y)],
    }
}

/// Seventeen significant digits, which are enough for any double.
fn digits(value: f64) -> String {
    format!("{value:.16e}")
}
