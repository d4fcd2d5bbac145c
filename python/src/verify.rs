//! Verdicts of tables in memory, files and folders.

use std::path::{Path, PathBuf};

use breakeven_verify::quantity::PerRun;
use breakeven_verify::report::{self, ReportContext};
use breakeven_verify::settings::Adjustment;
use breakeven_verify::{
    ColumnMap, Kept, Sweep, VerifySettings, all_sweep_folders, parse_table_as, read_sweep_keeping,
    read_table_as, verify_in_full,
};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::failure;
use crate::work::carry_out;

/// Where runs are.
#[derive(FromPyObject)]
pub enum Runs {
    /// A table in memory: its name, and its text as CSV.
    Table(String, String),
    /// A table's file.
    #[pyo3(transparent)]
    File(PathBuf),
    /// Sweep folders, or folders that hold some.
    #[pyo3(transparent)]
    Folders(Vec<PathBuf>),
}

/// What is asked of a table; a sweep has its own settings.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Asked {
    alpha: Option<f64>,
    adjustment: Option<String>,
    primary: Vec<String>,
    same_covariance: bool,
    /// `NAME=THEIRS` each.
    columns: Vec<String>,
}

/// The JSON of `verdicts.json`; with `out`, the report is written into that folder and
/// says that `command` repeats it.
#[pyfunction]
#[pyo3(signature = (runs, asked, out, command))]
pub fn verify(
    py: Python,
    runs: Runs,
    asked: Asked,
    out: Option<PathBuf>,
    command: String,
) -> PyResult<String> {
    carry_out(py, |_| {
        let sweeps = runs.sweeps(&asked)?;
        let verdicts = verify_in_full(&sweeps).map_err(|error| failure::value(&error))?;
        if let Some(out) = &out {
            let context = ReportContext {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                git: None,
                command,
                wall_time: None,
            };
            let written = report::write(&verdicts, &sweeps, &context, out);
            written.map_err(|error| failure::report(&error))?;
        }
        let text = report::json(&verdicts);
        text.map_err(|error| PyRuntimeError::new_err(error.to_string()))
    })?
}

impl Runs {
    fn sweeps(&self, asked: &Asked) -> PyResult<Vec<Sweep>> {
        let table = match self {
            Self::Folders(paths) => {
                let folders = all_sweep_folders(paths).map_err(|error| failure::input(&error))?;
                let read = |folder: &PathBuf| {
                    let sweep = read_sweep_keeping(folder, Kept::WithoutSpectra);
                    sweep.map_err(|error| failure::input(&error))
                };
                return folders.iter().map(read).collect();
            }
            Self::Table(name, text) => {
                let (settings, columns) = (asked.settings()?, asked.columns()?);
                parse_table_as(Path::new(name), text.as_bytes(), settings, &columns)
            }
            Self::File(path) => read_table_as(path, asked.settings()?, &asked.columns()?),
        };
        Ok(vec![Sweep {
            same_covariance: asked.same_covariance,
            ..table.map_err(|error| failure::input(&error))?
        }])
    }
}

impl Asked {
    fn settings(&self) -> PyResult<VerifySettings> {
        let mut settings = VerifySettings::default();
        settings.alpha = self.alpha.unwrap_or(settings.alpha);
        if let Some(name) = &self.adjustment {
            let own = name.replace('-', "_");
            let found = Adjustment::ALL.into_iter().find(|a| a.name() == own);
            let wrong = || {
                let names = Adjustment::ALL.map(Adjustment::name).join(", ");
                PyValueError::new_err(format!("adjustment is {name:?}: give one of {names}"))
            };
            settings.adjustment = Some(found.ok_or_else(wrong)?);
        }
        let primary = self.primary.iter().map(|name| {
            let wrong = || {
                PyValueError::new_err(format!(
                    "primary has {name:?}: give names such as max_lambda_k or at_accuracy_trace_h"
                ))
            };
            PerRun::from_name(name).ok_or_else(wrong)
        });
        settings.primary = primary.collect::<PyResult<_>>()?;
        Ok(settings)
    }

    fn columns(&self) -> PyResult<ColumnMap> {
        ColumnMap::parse(&self.columns).map_err(|error| failure::value(&error))
    }
}
