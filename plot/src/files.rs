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
/// A file that can't be written is named:
///
/// ```
/// use breakeven_plot::write_file;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("breakeven-plot-{}.csv", std::process::id()));
/// write_file(&path, b"step\n10\n")?;
/// assert_eq!(std::fs::read(&path)?, b"step\n10\n");
/// let error = write_file(&path.join("inside.csv"), b"").unwrap_err();
/// assert!(error.to_string().contains("inside.csv"));
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
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
    /// ```
    /// # use breakeven_plot::{Axis, Curve, Figure, Scale, Size, Ticks, Weight};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let axis = |label: &str| Axis {
    /// #     label: label.to_owned(), scale: Scale::Linear(0.0, 1.0), ticks: Ticks::Round,
    /// # };
    /// # let (points, label, marks) = (vec![(0.25, 0.5)], None, Vec::new());
    /// # let figure = Figure {
    /// #     id: "path".to_owned(), title: "ψ".to_owned(), description: "A point.".to_owned(),
    /// #     x: axis("step"), y: axis("ψ"), guides: Vec::new(), ground: None, size: Size::Column,
    /// #     curves: vec![Curve { label, points, look: 0, weight: Weight::Bold, marks }],
    /// # };
    /// # let folder = std::env::temp_dir().join(format!("breakeven-figure-{}", std::process::id()));
    /// // A figure with the identifier `path` and one point at (0.25, 0.5).
    /// let files = figure.write(&folder)?;
    /// assert_eq!(files, ["path.svg", "path.png", "path.csv"].map(|name| folder.join(name)));
    /// let table = std::fs::read_to_string(&files[2])?;
    /// assert_eq!(table, "kind,label,line,x,y\nbold,,0,0.25,0.5\n");
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
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
