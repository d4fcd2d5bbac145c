//! Spectral densities in words.

use breakeven_empirical::portrait::Portrait;
use breakeven_sim::record::SpectralDensity;

use super::figures::symbol;
use super::line::{line, number};

/// Sizes between which eigenvalues are counted, as parts of the largest node.
const SIZES: [f64; 3] = [0.1, 0.01, 0.001];

/// How many eigenvalues of each matrix are about as large as its largest.
pub(super) fn lines(portrait: &Portrait) -> Vec<String> {
    let of_matrix = |(matrix, density): (&&str, &SpectralDensity)| {
        let title = format!(
            "\nHow the eigenvalues of {} are distributed, by {} random vectors",
            symbol(matrix),
            density.probe_count()
        );
        std::iter::once(title)
            .chain(counts(density, portrait.parameters))
            .collect::<Vec<_>>()
    };
    portrait.densities.iter().flat_map(of_matrix).collect()
}

/// Above some sizes, and below the same with the other sign where there are nodes.
fn counts(density: &SpectralDensity, parameters: usize) -> Vec<String> {
    let size = density
        .nodes
        .iter()
        .copied()
        .map(f64::abs)
        .fold(0.0, f64::max);
    if size == 0.0 {
        return vec![line("all", "zero up to rounding")];
    }
    let above = |part: f64| {
        let share = density.share_above(part * size);
        counted(share.between, share.standard_errors, parameters)
    };
    let below = |part: f64| {
        let share = density.share_above(-part * size);
        let [least, most] = share.between;
        counted([1.0 - most, 1.0 - least], share.standard_errors, parameters)
    };
    let named = |sign: &str, part: f64| format!("{sign}{}", number(part * size));
    let upper = SIZES.map(|part| line(&named("above ", part), &above(part)));
    let lower = SIZES.map(|part| line(&named("below −", part), &below(part)));
    let negative = density
        .nodes
        .first()
        .is_some_and(|node| *node < -SIZES[2] * size);
    let mut lines = upper.to_vec();
    if negative {
        lines.extend(lower);
    }
    let smallest = match density.smallest_nonzero_upper_bound {
        Some(bound) => format!("at most {} in size", number(bound)),
        None => "not bounded: too few products".to_owned(),
    };
    lines.push(line("smallest non-zero", &smallest));
    lines
}

/// A number of eigenvalues from a share: at least and at most, to the error that the
/// choice of vectors leaves.
fn counted([least, most]: [f64; 2], errors: Option<[f64; 2]>, parameters: usize) -> String {
    let count = |share: f64| share.max(0.0) * parameters as f64;
    let error = errors.map(|[a, b]| count(a.max(b)));
    let error = error.map_or(String::new(), |error| format!(" ± {error:.1}"));
    let (least, most) = (count(least), count(most));
    format!("{least:.1} to {most:.1}{error} of {parameters}")
}
