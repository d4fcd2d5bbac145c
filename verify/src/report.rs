//! The report: `report.html` in one file that needs no network, `report.md`
//! with the same content, and `verdicts.json`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::input::Sweep;
use crate::specifications;
use crate::verdicts::Verdicts;

mod caveats;
mod facts;
mod groups;
mod html;
mod level_figures;
mod markdown;
mod methods;
mod pictures;
mod section;
mod short_reason;
pub(crate) mod statement;
mod terminal;
mod trajectory_figures;

pub(crate) use groups::{Group, groups};
pub use html::html;
pub(crate) use markdown::escape;
pub use markdown::markdown;
pub use pictures::FIGURES_FOLDER;
pub(crate) use pictures::Pictures;
pub(crate) use section::{Block, block_html, of_thresholds};
pub(crate) use statement::decisive_p;
pub use terminal::terminal;

/// The report for people.
pub const HTML_FILE: &str = "report.html";
/// The same without figures.
pub const MARKDOWN_FILE: &str = "report.md";
/// The same for machines.
pub const JSON_FILE: &str = "verdicts.json";
/// Every claim under every choice, where there are records.
pub const SPECIFICATIONS_FILE: &str = "specifications.csv";

/// What the report says of its own making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportContext {
    /// Version of breakeven: `0.1.0`.
    pub version: String,
    /// Commit that it was built from, where known.
    pub git: Option<String>,
    /// The command that repeats the report.
    pub command: String,
    /// How long the work took, in words: `2 min 41 s`.
    pub wall_time: Option<String>,
}

/// The report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file or folder refused.
    #[error("cannot write {}: {cause}; choose a folder that can be written to", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A table cannot be made.
    #[error("there is no table of the specifications: {0}")]
    Table(#[from] csv::Error),
    /// The answer has no JSON form.
    #[error("the verdicts have no JSON form: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes the three files into `out`, which is made where it is missing, the table
/// of specifications where there are some, and each figure with its data into
/// [`FIGURES_FOLDER`].
///
/// ```
/// use breakeven_verify::report::{self, ReportContext};
/// use breakeven_verify::verify_in_full;
/// # use breakeven_verify::{VerifySettings, parse_table};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut table = "seed,learning_rate,batch_size,max_lambda_h\n".to_owned();
/// # for (seed, eta) in (0..15).map(|run| (run / 3, [0.1, 0.2, 0.4][run % 3])) {
/// #     table += &format!("{seed},{eta},32,{}\n", 1.0 / eta);
/// # }
/// # let path = std::path::Path::new("runs.csv");
/// # let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
/// # let out = std::env::temp_dir().join(format!("breakeven-report-{}", std::process::id()));
///
/// // λ_H is 1/η in each of five seeds.
/// let sweeps = [sweep];
/// let verdicts = verify_in_full(&sweeps)?;
/// report::write(&verdicts, &sweeps, &ReportContext::default(), &out)?;
/// let text = std::fs::read(out.join(report::JSON_FILE))?;
/// let answer: serde_json::Value = serde_json::from_slice(&text)?;
/// assert_eq!(answer["hypotheses"][0]["verdict"], "supported");
/// assert!(out.join(report::HTML_FILE).is_file());
/// # std::fs::remove_dir_all(&out)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A folder or file that cannot be written.
pub fn write(
    verdicts: &Verdicts,
    sweeps: &[Sweep],
    context: &ReportContext,
    out: &Path,
) -> Result<(), ReportError> {
    make_folder(out)?;
    let pictures = Pictures::beside(out)?;
    let page = html::page(verdicts, sweeps, context, &pictures);
    pictures.end()?;
    for (name, text) in [
        (JSON_FILE, json(verdicts)?),
        (MARKDOWN_FILE, markdown(verdicts, sweeps, context)),
        (HTML_FILE, page),
    ] {
        write_file(&out.join(name), &text)?;
    }
    let analysis = verdicts.analysis.as_ref();
    if let Some(found) = analysis.filter(|found| !found.specifications.is_empty()) {
        let table = specifications::csv(&found.specifications)?;
        write_file(&out.join(SPECIFICATIONS_FILE), &table)?;
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(path).map_err(|cause| ReportError::unwritable(path, cause))
}

fn write_file(path: &Path, text: &str) -> Result<(), ReportError> {
    fs::write(path, text).map_err(|cause| ReportError::unwritable(path, cause))
}

impl ReportError {
    fn unwritable(path: &Path, cause: io::Error) -> Self {
        let path = path.to_owned();
        Self::Unwritable { path, cause }
    }
}

/// The answer as JSON.
///
/// # Errors
/// A value without JSON form.
pub fn json(verdicts: &Verdicts) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(verdicts)? + "\n")
}
