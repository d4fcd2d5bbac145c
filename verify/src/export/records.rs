//! One row a record, with what its run is before it.

use breakeven_sim::record::{BoundKind, CovarianceHalf, HessianHalf, Record, SolverStatus};

use super::{Cell, Column, Kind, Table, ToCell};
use crate::input::{Files, Run, Sweep};

/// Columns of the run, which each of its rows has.
pub(super) const OF_RUN: [(&str, Kind); 7] = [
    ("sweep", Kind::Text),
    ("run", Kind::Text),
    ("seed", Kind::Integer),
    ("learning_rate", Kind::Double),
    ("batch_size", Kind::Integer),
    ("momentum", Kind::Double),
    ("converged", Kind::Boolean),
];

/// The fields of a record that are a column each, in its order; a field that a
/// record gains has to be put here before this compiles.
macro_rules! fields {
    ($($field:ident: $kind:ident),* $(,)?) => {
        const FIELDS: &[(&str, Kind)] = &[$((stringify!($field), Kind::$kind)),*];

        fn fields(record: &Record) -> Vec<Cell> {
            let Record { learning_rate: _, density_h: _, loss_line: _, covariance_halves: _, hessian_halves: _, absent: _, $($field),* } = record;
            vec![$($field.cell()),*]
        }
    };
}

fields! {
    step: Integer,
    epoch: Double,
    clipped_share: Double,
    loss: Double,
    training_accuracy: Double,
    validation_accuracy: Double,
    lambda_k: Double,
    lambda_k_error_bound: Double,
    rank_k: Integer,
    lambda_k_smallest: Double,
    condition_k: Double,
    condition_k_error_bound: Double,
    trace_k: Double,
    trace_k_error_bound: Double,
    spectrum_k: Doubles,
    lambda_k_per_example: Double,
    lambda_k_per_example_error_bound: Double,
    lambda_k_per_example_error_bound_kind: Text,
    trace_k_per_example: Double,
    trace_k_per_example_error_bound: Double,
    lambda_h: Double,
    lambda_h_error_bound: Double,
    lambda_h_residual: Double,
    lambda_h_error_bound_kind: Text,
    lambda_h_matvecs: Integer,
    lambda_h_status: Text,
    lambda_h_min: Double,
    lambda_h_min_error_bound: Double,
    lambda_h_min_error_bound_kind: Text,
    lambda_h_smallest: Double,
    condition_h: Double,
    trace_h: Double,
    trace_h_standard_error: Double,
    spectrum_h: Doubles,
    loss_change: Double,
    curvature_variance: Double,
    curvature_variance_standard_error: Double,
    stability: Double,
    stability_standard_error: Double,
    psi: Double,
    alignment_hk: Double,
    step_cosine: Double,
    subspace_ratio: Double,
    gamma_norm: Double,
    batch_sharpness: Double,
}

/// Columns of a record that are not fields of the same name.
const AFTER: [(&str, Kind); 6] = [
    ("next_learning_rate", Kind::Double),
    ("density_h_nodes", Kind::Doubles),
    ("density_h_weights", Kind::Doubles),
    ("loss_line_offsets", Kind::Doubles),
    ("loss_line_losses", Kind::Doubles),
    ("absent", Kind::Text),
];

/// Columns of both halves of a sample: a list of two numbers each.
const HALVES: [(&str, OfHalves); 13] = [
    ("lambda_k_halves", |r| covariance(r, |k| Some(k.lambda_k))),
    ("lambda_k_halves_error_bound", |r| {
        covariance(r, |k| Some(k.lambda_k_error_bound))
    }),
    ("condition_k_halves", |r| covariance(r, |k| k.condition_k)),
    ("condition_k_halves_error_bound", |r| {
        covariance(r, |k| k.condition_k_error_bound)
    }),
    ("trace_k_halves", |r| covariance(r, |k| Some(k.trace_k))),
    ("trace_k_halves_error_bound", |r| {
        covariance(r, |k| Some(k.trace_k_error_bound))
    }),
    ("hessian_halves_examples", |r| {
        hessian(r, |h| Some(h.examples as f64))
    }),
    ("lambda_h_halves", |r| hessian(r, |h| Some(h.lambda_h))),
    ("lambda_h_halves_error_bound", |r| {
        hessian(r, |h| Some(h.lambda_h_error_bound))
    }),
    ("lambda_k_per_example_halves", |r| {
        hessian(r, |h| h.lambda_k_per_example)
    }),
    ("lambda_k_per_example_halves_error_bound", |r| {
        hessian(r, |h| h.lambda_k_per_example_error_bound)
    }),
    ("trace_k_per_example_halves", |r| {
        hessian(r, |h| h.trace_k_per_example)
    }),
    ("trace_k_per_example_halves_error_bound", |r| {
        hessian(r, |h| h.trace_k_per_example_error_bound)
    }),
];

type OfHalves = fn(&Record) -> Option<[Option<f64>; 2]>;

fn covariance(record: &Record, of: fn(&CovarianceHalf) -> Option<f64>) -> Option<[Option<f64>; 2]> {
    Some(record.covariance_halves.as_ref()?.each_ref().map(of))
}

fn hessian(record: &Record, of: fn(&HessianHalf) -> Option<f64>) -> Option<[Option<f64>; 2]> {
    Some(record.hessian_halves.as_ref()?.each_ref().map(of))
}

/// The records of all runs whose files are whole, in the order of the runs.
pub fn records(sweeps: &[Sweep]) -> Table<'_> {
    let names = OF_RUN.iter().chain(FIELDS).chain(&AFTER).copied();
    let names = names.chain(HALVES.map(|(name, _)| (name, Kind::Doubles)));
    let rows = sweeps.iter().flat_map(|sweep| {
        let whole = sweep.runs.iter().filter(|run| is_whole(run));
        whole.flat_map(move |run| {
            let before = of_run(sweep, run);
            let records = run.records.iter();
            records.map(move |record| row(&before, record))
        })
    });
    Table {
        columns: names.map(|(name, kind)| Column::new(name, kind)).collect(),
        rows: Box::new(rows),
    }
}

/// Whether the files of a run are as they were written, as far as is known.
pub(super) fn is_whole(run: &Run) -> bool {
    !matches!(run.files, Some(Files::Changed(_) | Files::Damaged(_)))
}

pub(super) fn of_run(sweep: &Sweep, run: &Run) -> Vec<Cell> {
    let summary = &run.summary;
    vec![
        sweep.name.cell(),
        summary.run.cell(),
        summary.seed.cell(),
        summary.learning_rate.cell(),
        summary.batch_size.cell(),
        summary.momentum.cell(),
        summary.has_converged().cell(),
    ]
}

fn row(before: &[Cell], record: &Record) -> Vec<Cell> {
    let (density, line) = (record.density_h.as_ref(), record.loss_line.as_ref());
    let absent = match record.absent.is_empty() {
        true => Cell::Null,
        false => Cell::Text(serde_json::json!(record.absent).to_string()),
    };
    let after = [
        record.learning_rate.cell(),
        density.map_or(Cell::Null, |density| density.nodes.cell()),
        density.map_or(Cell::Null, |density| density.weights.cell()),
        line.map_or(Cell::Null, |line| line.offsets.cell()),
        line.map_or(Cell::Null, |line| line.losses.cell()),
        absent,
    ];
    let mut cells = before.to_vec();
    cells.extend(fields(record));
    cells.extend(after);
    // What one half lacks is null in the list, as what is no number is.
    let list = |both: [Option<f64>; 2]| both.map(|half| half.unwrap_or(f64::NAN)).to_vec().cell();
    cells.extend(HALVES.map(|(_, of)| of(record).map_or(Cell::Null, list)));
    cells
}

impl ToCell for BoundKind {
    fn cell(&self) -> Cell {
        name(self)
    }
}

impl ToCell for SolverStatus {
    fn cell(&self) -> Cell {
        name(self)
    }
}

/// The name that a value has in JSON.
fn name(value: &impl serde::Serialize) -> Cell {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Cell::Text(name),
        _ => Cell::Null,
    }
}
