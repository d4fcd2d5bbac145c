//! Whether values that trend also turn: Page's test is of a trend over all
//! levels, and 3, 1, 2 trends downwards.

use serde::Serialize;
use statrs::distribution::{Binomial, DiscreteCDF};

use crate::level::Level;

/// A step against the trend counts where the exact sign test gives it at most
/// this p, divided by the number of steps: of three levels 1/8, which is all of
/// three seeds or four, or five of six.
pub const LARGEST_P: f64 = 0.25;

/// Two neighbouring levels between which the values go against the trend of all
/// levels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Turn {
    /// The two levels, rising.
    pub between: [Level; 2],
    /// Seeds in which they go against the trend.
    pub against: usize,
    /// Seeds in which the two do not tie.
    pub seeds: usize,
    /// P(at least so many seeds against it), if either way were as likely: the
    /// exact sign test.
    pub p_value: f64,
}

/// The step that goes most clearly against the trend, where one does; `rising`
/// says which way the trend goes along the levels, `blocks` are groups of ties
/// \[seeds\]\[levels\].
pub fn turn(levels: &[Level], blocks: &[Vec<usize>], rising: bool) -> Option<Turn> {
    if levels.len() < 3 {
        return None;
    }
    let step = |low: usize| {
        let differ = blocks.iter().filter(|b| b[low] != b[low + 1]).count();
        let falls = blocks.iter().filter(|b| b[low] > b[low + 1]).count();
        let against = if rising { falls } else { differ - falls };
        Turn {
            between: [levels[low], levels[low + 1]],
            against,
            seeds: differ,
            p_value: sign_test(against, differ),
        }
    };
    (0..levels.len() - 1)
        .map(step)
        .filter(|turn| turn.p_value <= LARGEST_P / (levels.len() - 1) as f64)
        .min_by(|a, b| a.p_value.total_cmp(&b.p_value))
}

/// P(X ≥ `found`) of `n` fair coins: SciPy's `binomtest(found, n, alternative =
/// "greater")`.
fn sign_test(found: usize, n: usize) -> f64 {
    match (found, Binomial::new(0.5, n as u64)) {
        (1.., Ok(coins)) => coins.sf(found as u64 - 1),
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<const K: usize>(blocks: &[[usize; K]], rising: bool) -> Option<(f64, usize, usize)> {
        let levels: Vec<Level> = (1..=K as u64).map(Level::BatchSize).collect();
        let blocks: Vec<Vec<usize>> = blocks.iter().map(|b| b.to_vec()).collect();
        turn(&levels, &blocks, rising).map(|t| (t.between[0].value(), t.against, t.seeds))
    }

    #[test]
    fn three_one_two_turns_after_the_second_level() {
        assert_eq!(found(&[[2, 0, 1]; 3], false), Some((2.0, 3, 3)));
        assert_eq!(found(&[[0, 2, 1]; 5], true), Some((2.0, 5, 5)));
    }

    #[test]
    fn a_trend_with_ties_or_few_seeds_against_it_does_not() {
        assert_eq!(found(&[[2, 1, 0]; 5], false), None);
        assert_eq!(found(&[[1, 0, 0]; 5], false), None);
        assert_eq!(found(&[[2, 0, 1], [2, 1, 0], [2, 1, 0]], false), None);
        // Two levels cannot turn.
        assert_eq!(found(&[[0, 1]; 5], false), None);
        assert_eq!(found(&[[2, 0, 1]; 2], false), None);
    }

    /// SciPy 1.17.1: `binomtest(k, n, alternative="greater").pvalue`.
    #[test]
    fn the_sign_test_is_scipys() {
        for (k, n, expected) in [
            (3, 3, 0.125),
            (5, 6, 0.109375),
            (4, 5, 0.1875),
            (0, 4, 1.0),
            (17, 20, 0.0012884140014648438),
            (0, 0, 1.0),
        ] {
            assert!((sign_test(k, n) - expected).abs() < 1e-15, "{k} of {n}");
        }
    }
}
