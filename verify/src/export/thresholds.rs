//! One row a run, with its break-even λ_H as predicted and as observed.

mod read;

pub use read::{parse_thresholds, read_thresholds};

use std::collections::BTreeMap;

use super::{Cell, Column, Kind, Table, ToCell};
use crate::thresholds::{Known, Located, Observed, Predictor};

const COLUMNS: [(&str, Kind); 14] = [
    ("network", Kind::Text),
    ("run", Kind::Text),
    ("seed", Kind::Integer),
    ("learning_rate", Kind::Double),
    ("batch_size", Kind::Integer),
    ("break_even_step", Kind::Integer),
    ("predicted_at_step", Kind::Integer),
    ("learning_rate_there", Kind::Double),
    ("lambda_h_there", Kind::Double),
    ("lambda_k_per_example_there", Kind::Double),
    ("alpha", Kind::Double),
    ("lambda_k_there", Kind::Double),
    ("psi", Kind::Double),
    ("curvature_variance", Kind::Double),
];

/// The runs as they were located; what there is not, `absent` says why, as JSON,
/// by its column. [`read_thresholds`] reads them back from CSV.
///
/// ```
/// use breakeven_verify::export::{thresholds, write_csv};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut text = Vec::new();
/// write_csv(thresholds(&[]), &mut text)?;
/// assert!(text.starts_with(b"network,run,seed,"));
/// # Ok(())
/// # }
/// ```
pub fn thresholds(located: &[Located]) -> Table<'_> {
    let column = |(name, kind): (&str, Kind)| Column::new(name, kind);
    let mut columns: Vec<Column> = COLUMNS.into_iter().map(column).collect();
    let predicted = Predictor::ALL.map(|predictor| (predictor.name(), Kind::Double));
    columns.extend(predicted.into_iter().map(column));
    columns.extend(
        [
            (Observed::BreakEven.column(), Kind::Double),
            (Observed::Largest.column(), Kind::Double),
            ("largest_lambda_h_step", Kind::Integer),
            ("absent", Kind::Text),
        ]
        .map(column),
    );
    Table {
        columns,
        rows: Box::new(located.iter().map(row)),
    }
}

fn row(one: &Located) -> Vec<Cell> {
    let inputs = &one.inputs;
    let mut cells = vec![
        one.network.cell(),
        one.run.cell(),
        one.seed.cell(),
        one.learning_rate.cell(),
        one.batch_size.cell(),
        one.break_even_step.cell(),
        one.at.as_ref().ok().copied().cell(),
        inputs.learning_rate.cell(),
        inputs.lambda_h.cell(),
        inputs.lambda_k_per_example.cell(),
        inputs.alpha().cell(),
        inputs.lambda_k.cell(),
        inputs.psi.cell(),
        inputs.curvature_variance.cell(),
    ];
    let predicted = |predictor| one.predicted(predictor).as_ref().ok().copied();
    cells.extend(Predictor::ALL.map(|predictor| predicted(predictor).cell()));
    let seen = |observed| one.observed(observed).as_ref().ok();
    cells.extend(Observed::ALL.map(|observed| seen(observed).map(|seen| seen.0).cell()));
    cells.push(seen(Observed::Largest).map(|seen| seen.1).cell());
    cells.push(absent(one));
    cells
}

/// Why numbers are missing, by their columns.
fn absent(one: &Located) -> Cell {
    fn why<T>(known: &Known<T>) -> Option<&String> {
        known.as_ref().err()
    }
    let mut reasons = BTreeMap::new();
    let mut note = |name: &'static str, why: Option<&String>| {
        reasons.extend(why.map(|why| (name, why.clone())));
    };
    note("predicted_at_step", why(&one.at));
    for predictor in Predictor::ALL {
        note(predictor.name(), why(one.predicted(predictor)));
    }
    for observed in Observed::ALL {
        note(observed.column(), why(one.observed(observed)));
    }
    match reasons.is_empty() {
        true => Cell::Null,
        false => Cell::Text(serde_json::json!(reasons).to_string()),
    }
}
