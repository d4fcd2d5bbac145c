//! Eigenvalues and traces of a matrix in words.

use std::collections::BTreeSet;

use breakeven_empirical::portrait::{CovariancePortrait, Leading, Portrait, TracePortrait, Values};
use breakeven_sim::record::Outliers;

use super::line::{line, number};

/// The eigenvalues of the matrix in `field` that stand out, or why none do; nothing where
/// too few were asked for.
pub(super) fn outliers(
    portrait: &Portrait,
    field: &str,
    found: &Option<Outliers>,
) -> Option<String> {
    let shown = found.as_ref().map(|found| {
        format!(
            "{} above {}, by a gap at least {:.1} times as wide as any below",
            found.count,
            number(found.bulk_edge),
            found.separation
        )
    });
    let why = || portrait.absent.get(&format!("{field}.outliers"));
    let shown = shown.or_else(|| Some(format!("absent: {}", why()?)))?;
    Some(line("outliers", &shown))
}

/// What is said of K, or of F, below its name.
pub(super) fn covariance(
    portrait: &Portrait,
    field: &str,
    found: &CovariancePortrait,
) -> Vec<String> {
    let mut lines = values("largest", &found.leading.values);
    lines.extend(outliers(portrait, field, &found.leading.outliers));
    lines.push(line("trace", &within(found.trace, found.trace_error_bound)));
    lines.push(line("solver", &solver(&found.leading)));
    lines
}

/// An estimated trace, what it took, and the search for eigenvalues.
pub(super) fn traced(found: &TracePortrait, leading: &Leading, parameters: usize) -> [String; 3] {
    [
        line("trace", &trace(found, parameters)),
        line("trace's cost", &trace_effort(found, parameters)),
        line("solver", &solver(leading)),
    ]
}

/// Eigenvalues at one end, with what their bounds say and how often they are
/// repeated.
pub(super) fn values(name: &str, found: &Values) -> Vec<String> {
    let kinds: BTreeSet<&str> = found
        .error_bound_kinds
        .iter()
        .map(|k| k.in_words())
        .collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let mut lines = vec![line(
        name,
        &format!(
            "{} (error at most {:.0e}: {})",
            leading(&found.eigenvalues),
            largest(&found.error_bounds),
            kinds.join(", ")
        ),
    )];
    let mut repeated = Vec::new();
    let mut place = 0;
    while place < found.eigenvalues.len() {
        let size = found.multiplicities[place].unwrap_or(1);
        if size > 1 {
            repeated.push(format!(
                "{} comes {size} times",
                number(found.eigenvalues[place])
            ));
        }
        place += size;
    }
    if !repeated.is_empty() {
        lines.push(line("repeated", &repeated.join(", ")));
    }
    lines
}

pub(super) fn largest(errors: &[f64]) -> f64 {
    errors.iter().copied().fold(0.0, f64::max)
}

pub(super) fn estimated(value: f64, standard_error: Option<f64>) -> String {
    match standard_error {
        Some(error) => format!("{} ± {} (standard error)", number(value), number(error)),
        None => number(value),
    }
}

pub(super) fn within(value: f64, error: f64) -> String {
    if error == 0.0 {
        return format!("{} (exact)", number(value));
    }
    format!("{} (error at most {error:.0e})", number(value))
}

/// The first five.
pub(super) fn leading(values: &[f64]) -> String {
    let shown: Vec<String> = values.iter().take(5).map(|&x| number(x)).collect();
    let more = if values.len() > 5 { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn trace(found: &TracePortrait, parameters: usize) -> String {
    if found.exact_directions == parameters {
        return within(found.value, found.standard_error);
    }
    estimated(found.value, Some(found.standard_error))
}

/// What the trace took, and whether it is as exact as was asked.
fn trace_effort(found: &TracePortrait, parameters: usize) -> String {
    // No direction is left to an estimate.
    if found.exact_directions == parameters {
        return format!("{} products or sweeps, exact", found.probes);
    }
    format!(
        "{} products and probes, {} directions exact, {}",
        found.probes,
        found.exact_directions,
        found.status.in_words()
    )
}

fn solver(found: &Leading) -> String {
    format!("{} products, {}", found.matvecs, found.status.in_words())
}
