//! One row a record, with what its run is before it.

use breakeven_sim::record::{BoundKind, Record, SolverStatus, SpectralDensity};

use super::{Cell, Column, Kind, Table, ToCell};
use crate::input::{Files, Run, Sweep};
use crate::quantity::Quantity;
use crate::specifications::{Measured, Sample};

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
            let Record { learning_rate: _, density_h: _, density_k_per_example: _, density_g: _, density_f: _, loss_line: _, covariance_halves: _, hessian_halves: _, absent: _, $($field),* } = record;
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
    outliers_k: Integer,
    outliers_k_separation: Double,
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
    lambda_h_smallest_error_bound: Double,
    condition_h: Double,
    condition_h_error_bound: Double,
    trace_h: Double,
    trace_h_standard_error: Double,
    spectrum_h: Doubles,
    outliers_h: Integer,
    outliers_h_separation: Double,
    loss_change: Double,
    curvature_variance: Double,
    curvature_variance_standard_error: Double,
    stability: Double,
    stability_standard_error: Double,
    psi: Double,
    alignment_hk: Double,
    overlap_h: Double,
    overlap_h_error_bound: Double,
    step_cosine: Double,
    subspace_ratio: Double,
    gamma_norm: Double,
    batch_sharpness: Double,
    batch_sharpness_standard_error: Double,
    batch_sharpness_ratio_of_means: Double,
    batch_sharpness_ratio_of_means_standard_error: Double,
}

/// Columns of a record that are not fields of the same name.
const AFTER: [(&str, Kind); 7] = [
    ("next_learning_rate", Kind::Double),
    ("density_h_nodes", Kind::Doubles),
    ("density_h_weights", Kind::Doubles),
    ("density_h_probes", Kind::Integers),
    ("loss_line_offsets", Kind::Doubles),
    ("loss_line_losses", Kind::Doubles),
    ("absent", Kind::Text),
];

/// The matrices of which a record may hold a density beside H's: the columns of each
/// follow all others, under names as those of `density_h`.
const FURTHER_DENSITIES: [&str; 3] = ["k_per_example", "g", "f"];

fn names_of_densities() -> Vec<(String, Kind)> {
    let mut names = vec![(format!("density_h_{SMALLEST}"), Kind::Double)];
    for matrix in FURTHER_DENSITIES {
        names.extend([
            (format!("density_{matrix}_nodes"), Kind::Doubles),
            (format!("density_{matrix}_weights"), Kind::Doubles),
            (format!("density_{matrix}_probes"), Kind::Integers),
            (format!("density_{matrix}_{SMALLEST}"), Kind::Double),
        ]);
    }
    names
}

const SMALLEST: &str = "smallest_nonzero_upper_bound";

/// In the order of their names.
fn densities(record: &Record) -> Vec<Cell> {
    let smallest = |density: &Option<Box<SpectralDensity>>| {
        density
            .as_ref()
            .and_then(|density| density.smallest_nonzero_upper_bound)
            .cell()
    };
    let mut cells = vec![smallest(&record.density_h)];
    for density in [
        &record.density_k_per_example,
        &record.density_g,
        &record.density_f,
    ] {
        cells.extend(quadrature(density.as_deref()));
        cells.push(smallest(density));
    }
    cells
}

/// Nodes, weights and probes.
fn quadrature(density: Option<&SpectralDensity>) -> [Cell; 3] {
    let Some(density) = density else {
        return [Cell::Null, Cell::Null, Cell::Null];
    };
    let probes = density.probes.iter().map(|&probe| probe as u64).collect();
    [
        density.nodes.cell(),
        density.weights.cell(),
        Cell::Integers(probes),
    ]
}

/// Quantities of which a record may hold both halves: a column each for the two
/// values and for their bounds.
const OF_COVARIANCE: [Quantity; 3] = [Quantity::LambdaK, Quantity::ConditionK, Quantity::TraceK];
const OF_HESSIAN: [Quantity; 3] = [
    Quantity::LambdaH,
    Quantity::LambdaKPerExample,
    Quantity::TraceKPerExample,
];

fn names_of_halves() -> Vec<String> {
    let of = |quantity: Quantity| {
        let name = quantity.name();
        [
            format!("{name}_halves"),
            format!("{name}_halves_error_bound"),
        ]
    };
    let mut names = OF_COVARIANCE.map(of).concat();
    names.push("hessian_halves_examples".to_owned());
    names.extend(OF_HESSIAN.map(of).concat());
    names
}

/// In the order of their names.
fn halves(record: &Record) -> Vec<Cell> {
    // What one half lacks is null in the list, as what is no number is.
    let list = |both: [Option<f64>; 2]| both.map(|half| half.unwrap_or(f64::NAN)).to_vec().cell();
    let of = |quantity: Quantity| {
        let both = [Sample::FirstHalf, Sample::SecondHalf];
        let both = both.map(|sample| Measured { quantity, sample }.of(record));
        let values = both.map(|half| half.map(|(value, _)| value));
        [list(values), list(both.map(|half| half?.1))]
    };
    let mut cells = match record.covariance_halves {
        Some(_) => OF_COVARIANCE.map(of).concat(),
        None => vec![Cell::Null; 2 * OF_COVARIANCE.len()],
    };
    match &record.hessian_halves {
        Some(both) => {
            cells.push(list(both.each_ref().map(|half| Some(half.examples as f64))));
            cells.extend(OF_HESSIAN.map(of).concat());
        }
        None => cells.extend(vec![Cell::Null; 1 + 2 * OF_HESSIAN.len()]),
    }
    cells
}

/// The records of all runs whose files are whole, in the order of the runs.
pub fn records(sweeps: &[Sweep]) -> Table<'_> {
    let names = OF_RUN.iter().chain(FIELDS).chain(&AFTER);
    let columns = names.map(|(name, kind)| Column::new(*name, *kind));
    let of_halves = names_of_halves().into_iter();
    let of_halves = of_halves.map(|name| Column::new(name, Kind::Doubles));
    let of_densities = names_of_densities().into_iter();
    let of_densities = of_densities.map(|(name, kind)| Column::new(name, kind));
    let rows = sweeps.iter().flat_map(|sweep| {
        let whole = sweep.runs.iter().filter(|run| is_whole(run));
        whole.flat_map(move |run| {
            let before = of_run(sweep, run);
            let records = run.records.iter();
            records.map(move |record| row(&before, record))
        })
    });
    Table {
        columns: columns.chain(of_halves).chain(of_densities).collect(),
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
    let line = record.loss_line.as_ref();
    let [nodes, weights, probes] = quadrature(record.density_h.as_deref());
    let absent = match record.absent.is_empty() {
        true => Cell::Null,
        false => Cell::Text(serde_json::json!(record.absent).to_string()),
    };
    let after = [
        record.learning_rate.cell(),
        nodes,
        weights,
        probes,
        line.map_or(Cell::Null, |line| line.offsets.cell()),
        line.map_or(Cell::Null, |line| line.losses.cell()),
        absent,
    ];
    let mut cells = before.to_vec();
    cells.extend(fields(record));
    cells.extend(after);
    cells.extend(halves(record));
    cells.extend(densities(record));
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
