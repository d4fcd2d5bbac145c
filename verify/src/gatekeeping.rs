//! Serial gatekeeping (P. Bauer, J. Röhmel, W. Maurer & L. Hothorn, 1998): the
//! hypotheses that a plan declares primary are a family that has all of α, and
//! the others are tested only where every primary one has its verdict.
//!
//! A secondary hypothesis is then rejected only after all primary ones, so that
//! its adjusted p is the larger of its own, within the secondary family, and the
//! largest primary one. If any primary hypothesis is true, the chance to reject
//! it is at most α, and without that nothing secondary is rejected; if none is,
//! only secondary rejections can be false. So the chance of any false one is at
//! most α whatever the dependence.

/// A hypothesis within a family that may have a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entrant {
    /// Whether the plan declares it primary.
    pub primary: bool,
    /// Whether any outcome could be a verdict. Primary ones of which none could
    /// hold up no other, unless all are so.
    pub testable: bool,
}

/// Adjusted p-values, where `adjust` adjusts those of some hypotheses, given by
/// index, as a family of their own. Without primary ones all are one family.
///
/// A secondary hypothesis has no smaller p than the primary one:
///
/// ```
/// use breakeven_verify::gatekeeping::{Entrant, gated};
/// use breakeven_verify::holm::holm;
///
/// let p = [0.02, 0.001, 0.03];
/// let entrant = |primary| Entrant { primary, testable: true };
/// let entrants = [entrant(true), entrant(false), entrant(false)];
/// let adjusted = gated(&entrants, |some| {
///     holm(&some.iter().map(|&index| p[index]).collect::<Vec<_>>())
/// });
/// assert_eq!(adjusted, [0.02, 0.02, 0.03]);
/// ```
pub fn gated(entrants: &[Entrant], adjust: impl Fn(&[usize]) -> Vec<f64>) -> Vec<f64> {
    let those = |primary: bool| -> Vec<usize> {
        let all = 0..entrants.len();
        all.filter(|&index| entrants[index].primary == primary)
            .collect()
    };
    let (first, second) = (those(true), those(false));
    let mut adjusted = vec![1.0; entrants.len()];
    for (index, p) in first.iter().zip(adjust(&first)) {
        adjusted[*index] = p;
    }
    let holds_up = |index: &&usize| entrants[**index].testable;
    let at_gate: Vec<f64> = first
        .iter()
        .filter(holds_up)
        .map(|&i| adjusted[i])
        .collect();
    let gate = match (first.is_empty(), at_gate.is_empty()) {
        (true, _) => 0.0,
        (false, true) => 1.0,
        (false, false) => at_gate.into_iter().fold(0.0, f64::max),
    };
    for (index, p) in second.iter().zip(adjust(&second)) {
        adjusted[*index] = p.max(gate);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::holm::holm;

    fn by_holm(p: &[f64], primary: &[bool], testable: &[bool]) -> Vec<f64> {
        let entrant = |(&primary, &testable): (&bool, &bool)| Entrant { primary, testable };
        let entrants: Vec<Entrant> = primary.iter().zip(testable).map(entrant).collect();
        gated(&entrants, |some| {
            let p: Vec<f64> = some.iter().map(|&index| p[index]).collect();
            holm(&p)
        })
    }

    /// By hand: primary .01 and .02 become .02 and .02; secondary .001 and .03
    /// become .002 and .03, and the gate lifts the first to .02.
    #[test]
    fn secondary_hypotheses_wait_for_all_primary_ones() {
        let p = [0.001, 0.01, 0.03, 0.02];
        let primary = [false, true, false, true];
        let all = [true; 4];
        assert_eq!(by_holm(&p, &primary, &all), [0.02, 0.02, 0.03, 0.02]);
        // Without primary ones Holm's of all four.
        assert_eq!(by_holm(&p, &[false; 4], &all), holm(&p));
        assert_eq!(by_holm(&p, &all, &all), holm(&p));
    }

    #[test]
    fn a_primary_hypothesis_without_a_test_holds_up_others_only_if_alone() {
        let p = [0.001, 0.01, 1.0];
        let primary = [false, true, true];
        let found = by_holm(&p, &primary, &[true, true, false]);
        assert_eq!(found, [0.02, 0.02, 1.0]);
        let closed = by_holm(&p, &[false, false, true], &[true, true, false]);
        assert_eq!(closed, [1.0, 1.0, 1.0]);
        assert_eq!(by_holm(&[], &[], &[]), [0.0; 0]);
    }
}
