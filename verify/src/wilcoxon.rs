//! Wilcoxon's signed-rank test (F. Wilcoxon, 1945) of paired differences, exact
//! also where they tie.
//!
//! Differences of 0 are left out and the others ranked by their size, ties
//! sharing the mean of their ranks; W⁺ sums the ranks of the positive ones. Under
//! the null hypothesis that differences scatter symmetrically about 0 either sign
//! of each rank is equally likely. SciPy's `wilcoxon(d)` is the same without
//! ties; with ties its exact method does not account for them.

use crate::null::chance;

/// Up to so many differences the distribution is counted; of more there is no
/// p-value.
pub const MOST_DIFFERENCES: usize = 200;

/// Differences whose sizes differ by a smaller share tie: rounding.
const ROUNDING: f64 = 1e-9;

/// The two-sided p-value; `None` without a difference that is not 0.
///
/// ```
/// use breakeven_verify::wilcoxon::signed_rank_p;
///
/// // All of 2³ signs alike, either way.
/// assert_eq!(signed_rank_p(&[0.5, 1.0, 3.0]), Some(0.25));
/// ```
pub fn signed_rank_p(differences: &[f64]) -> Option<f64> {
    let mut sizes: Vec<(f64, bool)> = differences
        .iter()
        .filter(|d| **d != 0.0)
        .map(|d| (d.abs(), *d > 0.0))
        .collect();
    if sizes.is_empty() || sizes.len() > MOST_DIFFERENCES {
        return None;
    }
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let doubled = doubled_ranks(&sizes);
    let positive = sizes.iter().zip(&doubled).filter(|((_, up), _)| *up);
    let observed: usize = positive.map(|(_, rank)| rank).sum();
    let masses = distribution(&doubled);
    let upper: f64 = masses[observed..].iter().rev().sum();
    let lower: f64 = masses[..=observed].iter().sum();
    Some(chance(2.0 * upper.min(lower)))
}

/// Twice the midranks of sizes that rise.
fn doubled_ranks(sizes: &[(f64, bool)]) -> Vec<usize> {
    let ties = |a: &(f64, bool), b: &(f64, bool)| b.0 <= a.0 * (1.0 + ROUNDING);
    let mut below = 0;
    let mut ranks = Vec::new();
    for group in sizes.chunk_by(ties) {
        ranks.extend(std::iter::repeat_n(
            2 * below + group.len() + 1,
            group.len(),
        ));
        below += group.len();
    }
    ranks
}

/// The chances of each sum of the ranks that have one of two equally likely
/// signs.
pub(crate) fn distribution(ranks: &[usize]) -> Vec<f64> {
    let mut masses = vec![0.0; ranks.iter().sum::<usize>() + 1];
    masses[0] = 1.0;
    let mut highest = 0;
    for rank in ranks {
        highest += rank;
        for sum in (0..=highest).rev() {
            let with = sum.checked_sub(*rank).map_or(0.0, |before| masses[before]);
            masses[sum] = 0.5 * (masses[sum] + with);
        }
    }
    masses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= 1e-12 * expected,
            "{found} {expected}"
        );
    }

    #[derive(serde::Deserialize)]
    struct Reference {
        signed_rank: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        differences: Vec<f64>,
        p: f64,
    }

    /// All 2ⁿ signs of the midranks, by `fixtures/reference/make_effects.py`; without
    /// ties they are SciPy 1.17.1's `wilcoxon(d, method="exact").pvalue`.
    #[test]
    fn it_is_the_enumeration_of_all_signs() {
        let reference: Reference =
            serde_json::from_str(crate::bootstrap::tests::REFERENCE).unwrap();
        for case in &reference.signed_rank {
            assert_close(signed_rank_p(&case.differences).unwrap(), case.p);
        }
        // SciPy's, of the last three.
        let last: Vec<f64> = reference.signed_rank[3..]
            .iter()
            .map(|case| case.p)
            .collect();
        assert_eq!(last, [0.041259765625, 0.0625, 0.3125]);
    }

    #[test]
    fn differences_of_nothing_say_nothing() {
        assert_eq!(signed_rank_p(&[0.0, 0.0]), None);
        assert_eq!(signed_rank_p(&[]), None);
        assert_eq!(signed_rank_p(&[0.0, 1.0, 2.0]), signed_rank_p(&[1.0, 2.0]));
        // Equal up to rounding.
        assert_eq!(signed_rank_p(&[1.0, -1.0_f64.next_up()]), Some(1.0));
    }
}
