//! The report's figures: on its page, and as files beside it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use maud::{Markup, PreEscaped, html};

use super::{ReportError, make_folder, write_file};
use breakeven_plot::Figure;

/// The folder beside the report that holds each figure and its data.
pub const FIGURES_FOLDER: &str = "figures";

/// A drawing, and what is drawn.
pub struct Picture {
    /// Its name; letters, digits and `-`.
    pub id: String,
    /// An `svg` element for a page.
    pub svg: String,
    /// The data as CSV.
    pub table: Result<String, csv::Error>,
}

impl Picture {
    /// A figure drawn.
    pub fn of(figure: &Figure) -> Self {
        Self {
            id: figure.id.clone(),
            svg: figure.svg(),
            table: figure.csv(),
        }
    }
}

/// Where pictures go.
pub struct Pictures {
    /// Where they are files too.
    folder: Option<PathBuf>,
    /// The first file that could not be written.
    failure: Mutex<Option<ReportError>>,
}

impl Pictures {
    /// On the page alone.
    pub fn on_page() -> Self {
        Self {
            folder: None,
            failure: Mutex::default(),
        }
    }

    /// Into [`FIGURES_FOLDER`] of the report's folder too, with links to the files.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn beside(out: &Path) -> Result<Self, ReportError> {
        let folder = out.join(FIGURES_FOLDER);
        make_folder(&folder)?;
        Ok(Self {
            folder: Some(folder),
            failure: Mutex::default(),
        })
    }

    /// A figure in its place on the page.
    pub fn draw(&self, figure: &Figure) -> Markup {
        match &self.folder {
            Some(_) => self.place(&Picture::of(figure)),
            None => html! { figure { (PreEscaped(figure.svg())) } },
        }
    }

    /// A picture in its place on the page.
    pub fn place(&self, picture: &Picture) -> Markup {
        if let Some(folder) = &self.folder {
            self.write(folder, picture);
        }
        let file = |end: &str| format!("{FIGURES_FOLDER}/{}.{end}", picture.id);
        html! {
            figure {
                (PreEscaped(&picture.svg))
                @if self.folder.is_some() {
                    figcaption.files {
                        @for (end, name) in [("svg", "SVG"), ("csv", "CSV")] {
                            a href=(file(end)) download { (name) }
                        }
                    }
                }
            }
        }
    }

    fn write(&self, folder: &Path, picture: &Picture) {
        let path = |end: &str| folder.join(format!("{}.{end}", picture.id));
        let drawn = write_file(&path("svg"), &breakeven_plot::standalone(&picture.svg));
        let table = match &picture.table {
            Ok(table) => write_file(&path("csv"), table),
            Err(cause) => {
                let cause = io::Error::other(cause.to_string());
                Err(ReportError::unwritable(&path("csv"), cause))
            }
        };
        if let Err(failure) = drawn.and(table) {
            let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(failure);
        }
    }

    /// Nothing, unless a file could not be written.
    ///
    /// # Errors
    /// The first of them.
    pub fn end(self) -> Result<(), ReportError> {
        let failure = self.failure.into_inner();
        failure
            .unwrap_or_else(PoisonError::into_inner)
            .map_or(Ok(()), Err)
    }
}
