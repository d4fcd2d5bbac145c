//! The files of a figure.

use std::fs;
use std::path::{Path, PathBuf};

use super::Figure;
use super::png::{PngError, png};

/// Why a figure was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file can't be written.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A table can't be.
    #[error("{}: {cause}", path.display())]
    Table {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: csv::Error,
    },
    /// A picture can't be drawn.
    #[error("{}: {cause}", path.display())]
    Picture {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: PngError,
    },
}

/// Writes a file.
///
/// # Errors
/// It can't be written.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    fs::write(path, bytes).map_err(|cause| WriteError::File {
        path: path.to_owned(),
        cause,
    })
}

impl Figure {
    /// Writes the picture for a column of a paper, as SVG and in pixels, to `stem`
    /// with their extensions.
    ///
    /// # Errors
    /// A file that can't be written, or a picture that can't be drawn.
    pub fn write_picture(&self, stem: &Path) -> Result<[PathBuf; 2], WriteError> {
        let [svg, pixels] = ["svg", "png"].map(|end| stem.with_added_extension(end));
        let drawn = self.print();
        write_file(&svg, drawn.as_bytes())?;
        let bytes = png(&drawn).map_err(|cause| WriteError::Picture {
            path: pixels.clone(),
            cause,
        })?;
        write_file(&pixels, &bytes)?;
        Ok([svg, pixels])
    }

    /// Writes [`Self::write_picture`] and what it shows as a table into `folder`,
    /// which is made, under the figure's identifier.
    ///
    /// # Errors
    /// As there, and a table that can't be made.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, WriteError> {
        fs::create_dir_all(folder).map_err(|cause| WriteError::File {
            path: folder.to_owned(),
            cause,
        })?;
        let stem = folder.join(&self.id);
        let [svg, pixels] = self.write_picture(&stem)?;
        let table = stem.with_added_extension("csv");
        let rows = self.csv().map_err(|cause| WriteError::Table {
            path: table.clone(),
            cause,
        })?;
        write_file(&table, rows.as_bytes())?;
        Ok(vec![svg, pixels, table])
    }
}
