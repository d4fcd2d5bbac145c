//! One row a run: its summary, under the names that `verify --table` reads.

use super::records::{OF_RUN, is_whole, of_run};
use super::{Cell, Column, Kind, Table, ToCell};
use crate::input::{Run, Sweep};
use crate::quantity::PerRun;
use crate::summary::Convergence;

/// The summaries of all runs whose files are whole.
///
/// ```
/// use breakeven_verify::export::{runs, write_jsonl};
/// use breakeven_verify::{VerifySettings, parse_table};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let table = "seed,learning_rate,batch_size,max_lambda_h\n3,0.1,32,20.5\n";
/// let path = std::path::Path::new("runs.csv");
/// let sweeps = [parse_table(path, table.as_bytes(), VerifySettings::default())?];
/// let mut lines = Vec::new();
/// write_jsonl(runs(&sweeps), &mut lines)?;
/// let row: serde_json::Value = serde_json::from_slice(&lines)?;
/// assert_eq!((row["seed"].as_u64(), row["max_lambda_h"].as_f64()), (Some(3), Some(20.5)));
/// assert!(row["max_lambda_k"].is_null());
/// # Ok(())
/// # }
/// ```
pub fn runs(sweeps: &[Sweep]) -> Table<'_> {
    let names = OF_RUN.into_iter().chain([
        ("reason", Kind::Text),
        ("final_training_accuracy", Kind::Double),
        ("batches", Kind::Integer),
        ("covariance_batch_size", Kind::Integer),
        ("break_even_step", Kind::Integer),
        ("break_even_last_stable_step", Kind::Integer),
        ("break_even_first_unstable_step", Kind::Integer),
    ]);
    let mut columns: Vec<Column> = names.map(|(name, kind)| Column::new(name, kind)).collect();
    for quantity in PerRun::all() {
        columns.extend([
            Column::new(quantity.to_string(), Kind::Double),
            Column::new(format!("{quantity}_step"), Kind::Integer),
            Column::new(format!("{quantity}_error"), Kind::Double),
        ]);
    }
    let rows = sweeps.iter().flat_map(|sweep| {
        let whole = sweep.runs.iter().filter(|run| is_whole(run));
        whole.map(move |run| row(sweep, run))
    });
    Table {
        columns,
        rows: Box::new(rows),
    }
}

/// The runs of which a file has changed or cannot be read, with the reason.
pub fn left_out(sweeps: &[Sweep]) -> Vec<String> {
    let mut found = Vec::new();
    for sweep in sweeps {
        for run in sweep.runs.iter().filter(|run| !is_whole(run)) {
            let summary = &run.summary;
            if let Convergence::NotConverged(reason) = &summary.convergence {
                found.push(format!("{}, {}: {reason}", sweep.name, summary.run));
            }
        }
        let lost = sweep.lost.iter();
        found.extend(lost.map(|lost| format!("{}, {}: {}", sweep.name, lost.run, lost.reason)));
    }
    found
}

fn row(sweep: &Sweep, run: &Run) -> Vec<Cell> {
    let summary = &run.summary;
    let reason = match &summary.convergence {
        Convergence::Converged => Cell::Null,
        Convergence::NotConverged(reason) => reason.cell(),
    };
    let [after, up_to] = summary.break_even_bracket.unwrap_or_default();
    let mut cells = of_run(sweep, run);
    cells.extend([
        reason,
        summary.final_training_accuracy.cell(),
        summary.covariance.batches.cell(),
        summary.covariance.batch_size.cell(),
        summary.break_even_step.cell(),
        after.cell(),
        up_to.cell(),
    ]);
    for quantity in PerRun::all() {
        let reached = summary.values.get(&quantity);
        cells.extend([
            reached.map(|reached| reached.value).cell(),
            reached.and_then(|reached| reached.step).cell(),
            reached.and_then(|reached| reached.error).cell(),
        ]);
    }
    cells
}
