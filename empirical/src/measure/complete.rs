//! All of H's eigenvalues.

use breakeven_sim::record::{BoundKind, Outliers, Record};

use crate::known::{Known, keep};
use crate::operator::LinearOperator;
use crate::solver::{write_out, written_out_error};
use crate::spectrum::Spectrum;

/// All eigenvalues of H, from D products; whether they could be had.
pub(super) fn complete_spectrum(h: &impl LinearOperator, record: &mut Record) -> bool {
    let Some(values) = write_out(h).and_then(|matrix| Spectrum::values_of(&matrix)) else {
        return false;
    };
    let scale = values.iter().fold(0.0_f64, |a, x| a.max(x.abs()));
    let error = written_out_error(h, scale);
    let or_zero = |x: f64| if x.abs() <= error { 0.0 } else { x };
    let values: Vec<f64> = values.into_iter().map(or_zero).collect();
    record.trace_h = Some(values.iter().sum());
    record.trace_h_standard_error = None;
    let (largest, least) = (values[0], values[values.len() - 1]);
    record.lambda_h = Some(largest);
    record.lambda_h_min = Some(least);
    for (bound, kind) in [
        (
            &mut record.lambda_h_error_bound,
            &mut record.lambda_h_error_bound_kind,
        ),
        (
            &mut record.lambda_h_min_error_bound,
            &mut record.lambda_h_min_error_bound_kind,
        ),
    ] {
        *bound = Some(error);
        *kind = Some(BoundKind::Complete);
    }
    let nonzero = values.iter().copied().filter(|&x| x != 0.0);
    record.lambda_h_smallest = nonzero.min_by(|a, b| a.abs().total_cmp(&b.abs()));
    record.lambda_h_smallest_error_bound = record.lambda_h_smallest.map(|_| error);
    match record.lambda_h_smallest {
        Some(smallest) if largest > 0.0 => {
            let ratio = smallest / largest;
            record.condition_h = Some(ratio);
            record.condition_h_error_bound = Some(error * (1.0 + ratio.abs()) / largest);
        }
        Some(_) => {
            let why = "H has no positive eigenvalue".to_owned();
            record.absent.insert("condition_h".to_owned(), why);
        }
        None => {
            for field in ["lambda_h_smallest", "condition_h"] {
                let why = "H is zero up to rounding".to_owned();
                record.absent.insert(field.to_owned(), why);
            }
        }
    }
    let with_errors: Vec<(f64, f64)> = values.iter().map(|&x| (x, error)).collect();
    outliers_h(Outliers::among("H", &with_errors), record);
    record.spectrum_h = Some(values);
    true
}

/// The outliers among the eigenvalues of `spectrum_h`.
pub(super) fn outliers_h(found: Known<Outliers>, record: &mut Record) {
    let found = keep(&mut record.absent, "outliers_h", found);
    record.outliers_h = found.as_ref().map(|found| found.count);
    record.outliers_h_separation = found.map(|found| found.separation);
}
