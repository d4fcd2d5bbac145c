//! Sums of what may be absent.

use super::{Matrix, Op, Tape};

/// A derivative by every parameter; zero where a parameter has no part in it.
pub(super) fn every_one(tape: &Tape, derivatives: Vec<Option<Matrix>>) -> Vec<Matrix> {
    let parameters = tape.nodes.iter().filter_map(|node| match node.op {
        Op::Parameter(_) => node.value.as_ref(),
        _ => None,
    });
    derivatives
        .into_iter()
        .zip(parameters)
        .map(|(derivative, value)| derivative.unwrap_or_else(|| value.zeros_like()))
        .collect()
}

pub(super) fn sum(a: Option<Matrix>, b: Option<Matrix>) -> Option<Matrix> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

pub(super) fn add(total: &mut Option<Matrix>, share: Option<Matrix>) {
    *total = sum(total.take(), share);
}

pub(super) fn both(
    a: Option<&Matrix>,
    b: Option<&Matrix>,
    combine: impl Fn(&Matrix, &Matrix) -> Matrix,
) -> Option<Matrix> {
    Some(combine(a?, b?))
}

/// A sum over those of two pairs that are there.
pub(super) fn either_or_both(
    pairs: [Option<(&Matrix, &Matrix)>; 2],
    one: impl Fn(&Matrix, &Matrix) -> Matrix,
    two: impl Fn([(&Matrix, &Matrix); 2]) -> Matrix,
) -> Option<Matrix> {
    match pairs {
        [Some(first), Some(second)] => Some(two([first, second])),
        [first, second] => first.or(second).map(|(a, b)| one(a, b)),
    }
}
