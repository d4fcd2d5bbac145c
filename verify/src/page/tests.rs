use super::*;
use crate::trend::Method;

fn rows(ranks: &[&[u32]]) -> Vec<Vec<f64>> {
    let row = |r: &&[u32]| r.iter().map(|&v| f64::from(v)).collect();
    ranks.iter().map(row).collect()
}

/// Relative error of sums of up to 10⁴ positive terms in f64.
const ROUNDING: f64 = 1e-12;

fn assert_close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= ROUNDING * expected,
        "{found} is not {expected}"
    );
}

/// Relative error of statrs' erfc, far below that of the limit itself.
const LIMIT: f64 = 1e-9;

fn assert_nearly(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= LIMIT * expected,
        "{found} is not {expected}"
    );
}

struct SciPyCase {
    blocks: &'static [&'static [u32]],
    l: f64,
    p: f64,
    opposite: f64,
    asymptotic: f64,
}

/// `scipy.stats.page_trend_test` of SciPy 1.17.1, methods `exact` (also on
/// the negated values) and `asymptotic`.
const SCIPY: [SciPyCase; 6] = [
    SciPyCase {
        blocks: &[&[1, 3, 2], &[1, 3, 2], &[1, 2, 3]],
        l: 40.0,
        p: 0.08796296296296297,
        opposite: 0.9675925925925926,
        asymptotic: 0.051235217429874684,
    },
    SciPyCase {
        blocks: &[&[1, 2, 3], &[1, 2, 3], &[1, 2, 3], &[1, 2, 3], &[1, 2, 3]],
        l: 70.0,
        p: 0.00012860082304526747,
        opposite: 1.0,
        asymptotic: 0.000782701129001274,
    },
    SciPyCase {
        blocks: &[&[2, 3, 1, 4], &[1, 4, 2, 3], &[1, 2, 3, 4], &[3, 2, 1, 4]],
        l: 110.0,
        p: 0.05041051793981481,
        opposite: 0.9662995515046297,
        asymptotic: 0.0416322583317752,
    },
    SciPyCase {
        blocks: &[
            &[1, 2, 3],
            &[2, 3, 1],
            &[1, 3, 2],
            &[1, 2, 3],
            &[1, 2, 3],
            &[1, 3, 2],
            &[2, 1, 3],
        ],
        l: 92.0,
        p: 0.021133401920438954,
        opposite: 0.9902692043895743,
        asymptotic: 0.016254722322859756,
    },
    SciPyCase {
        blocks: &[
            &[3, 2, 4, 1, 5],
            &[3, 1, 5, 2, 4],
            &[1, 3, 4, 2, 5],
            &[3, 1, 2, 5, 4],
            &[2, 1, 4, 3, 5],
            &[1, 3, 2, 5, 4],
        ],
        l: 305.0,
        p: 0.0016893168098020622,
        opposite: 0.9987732574290418,
        asymptotic: 0.002133362411088065,
    },
    SciPyCase {
        blocks: &[
            &[1, 5, 3, 4, 2, 7, 6],
            &[3, 4, 2, 6, 1, 5, 7],
            &[4, 3, 5, 1, 2, 6, 7],
        ],
        l: 379.0,
        p: 0.014411412029538447,
        opposite: 0.9875579592755312,
        asymptotic: 0.014934320537351765,
    },
];

#[test]
fn without_ties_it_is_scipys_exact_test() {
    for case in &SCIPY {
        let found = page_trend_test(&rows(case.blocks)).unwrap();
        assert_eq!(found.method, Method::Exact);
        assert_eq!(found.statistic, case.l);
        assert_close(found.p_value, case.p);
        assert_close(found.opposite_p_value, case.opposite);
    }
}

#[test]
fn the_normal_approximation_is_scipys_asymptotic_one() {
    for case in &SCIPY {
        let found = page_trend_test(&rows(case.blocks)).unwrap();
        assert_nearly(found.normal_p_value, case.asymptotic);
    }
}

/// SciPy 1.17.1, `page_trend_test(method="asymptotic")`: a block of 13 levels
/// in order but for the first two, another but for the last two, and the
/// same of falling values.
#[test]
fn beyond_enumeration_it_is_the_normal_limit_and_called_so() {
    let mut first: Vec<f64> = (0..13).map(f64::from).collect();
    let mut second = first.clone();
    first.swap(0, 1);
    second.swap(11, 12);
    let blocks = [first, second];
    let found = page_trend_test(&blocks).unwrap();
    assert_eq!(found.statistic, SCIPY_13.0);
    assert_nearly(found.p_value, SCIPY_13.1);
    assert_nearly(found.opposite_p_value, SCIPY_13.2);
    assert_eq!(found.p_value, found.normal_p_value);
    assert_eq!(found.method, Method::Normal);
    assert_eq!(found.opposite_method, Method::Normal);
    assert_close(found.smallest_p_value, 1.0 / 6_227_020_800.0_f64.powi(2));
}

const SCIPY_13: (f64, f64, f64) = (1636.0, 5.521974419902587e-07, 0.999999447802558);

/// The ends of the distribution need no enumeration: one order out of all.
#[test]
fn beyond_enumeration_both_ends_are_exact() {
    let rising: Vec<f64> = (0..13).map(f64::from).collect();
    let mut falling = rising.clone();
    falling.reverse();
    let found = page_trend_test(&[rising]).unwrap();
    assert_eq!(found.method, Method::Exact);
    assert_close(found.p_value, 1.0 / 6_227_020_800.0);
    let found = page_trend_test(&[falling]).unwrap();
    assert_eq!(found.opposite_method, Method::Exact);
    assert_eq!(found.method, Method::Normal);
    assert_close(found.opposite_p_value, 1.0 / 6_227_020_800.0);
    // Three tied values: 13!/3! orders.
    let tied: Vec<f64> = (0..13).map(|v| f64::from(v).max(2.0)).collect();
    let found = page_trend_test(&[tied]).unwrap();
    assert_close(found.p_value, 6.0 / 6_227_020_800.0);
    let all_tied = page_trend_test(&[vec![1.0; 13]]).unwrap();
    assert_eq!((all_tied.p_value, all_tied.opposite_p_value), (1.0, 1.0));
    assert_eq!(all_tied.method, Method::Exact);
}

/// 6⁻⁵⁰⁰ is below the smallest number: no p-value is 0.
#[test]
fn a_p_value_is_never_zero() {
    let blocks = vec![vec![1.0, 2.0, 3.0]; 500];
    let found = page_trend_test(&blocks).unwrap();
    assert_eq!(found.p_value, f64::MIN_POSITIVE);
    assert_eq!(found.smallest_p_value, f64::MIN_POSITIVE);
    assert_close(found.opposite_p_value, 1.0);
}

/// The sign test, from the binomial distribution.
#[test]
fn two_levels_are_the_binomial_distribution() {
    use statrs::distribution::{Binomial, DiscreteCDF};
    for rising in 0..=9_usize {
        let block = |seed| {
            if seed < rising {
                vec![1.0, 2.0]
            } else {
                vec![2.0, 1.0]
            }
        };
        let blocks: Vec<_> = (0..9).map(block).collect();
        let found = page_trend_test(&blocks).unwrap();
        let binomial = Binomial::new(0.5, 9).unwrap();
        let at_least = 1.0
            - (rising as u64)
                .checked_sub(1)
                .map_or(0.0, |k| binomial.cdf(k));
        assert!((found.p_value - at_least).abs() < 1e-12, "{rising}");
    }
}

/// Numerators and denominators from enumerating every within-block
/// permutation in exact fractions (Python 3.11, `itertools`, `fractions`).
#[test]
fn with_ties_it_is_the_enumeration_of_all_permutations() {
    type Case = (&'static [&'static [u32]], f64, f64, f64);
    let cases: [Case; 5] = [
        (
            &[&[1, 1, 2], &[1, 2, 3], &[2, 1, 2]],
            39.5,
            5.0 / 54.0,
            17.0 / 18.0,
        ),
        (&[&[1, 1, 1], &[1, 2, 3]], 26.0, 1.0 / 6.0, 1.0),
        (
            &[&[3, 3, 1, 4], &[1, 2, 2, 2], &[5, 1, 2, 5], &[1, 2, 3, 4]],
            110.0,
            457.0 / 13824.0,
            499.0 / 512.0,
        ),
        (
            &[&[1, 1, 2, 2, 3], &[2, 2, 2, 1, 5], &[1, 2, 3, 4, 5]],
            156.0,
            79.0 / 24000.0,
            4789.0 / 4800.0,
        ),
        (
            &[&[1, 1, 2], &[1, 1, 2], &[1, 1, 2], &[1, 1, 2], &[1, 2, 3]],
            68.0,
            1.0 / 486.0,
            1.0,
        ),
    ];
    for (blocks, l, p, opposite) in cases {
        let found = page_trend_test(&rows(blocks)).unwrap();
        assert_eq!(found.statistic, l);
        assert_close(found.p_value, p);
        assert_close(found.opposite_p_value, opposite);
    }
}

#[test]
fn two_levels_are_the_sign_test() {
    // Three of four seeds rise: P(at least 3 of 4 heads) = 5/16.
    let blocks = rows(&[&[1, 2], &[1, 2], &[2, 1], &[1, 2]]);
    let found = page_trend_test(&blocks).unwrap();
    assert_close(found.p_value, 5.0 / 16.0);
    assert_close(found.smallest_p_value, 1.0 / 16.0);
}

#[test]
fn blocks_that_tie_throughout_say_nothing() {
    let found = page_trend_test(&rows(&[&[4, 4, 4], &[7, 7, 7]])).unwrap();
    assert_eq!((found.p_value, found.opposite_p_value), (1.0, 1.0));
    assert_eq!(found.smallest_p_value, 1.0);
}

#[test]
fn the_smallest_p_value_is_one_order_out_of_all() {
    let found = page_trend_test(&rows(&[&[1, 2, 3, 4], &[2, 1, 4, 3]])).unwrap();
    assert_close(found.smallest_p_value, 1.0 / (24.0 * 24.0));
    let tied = page_trend_test(&rows(&[&[1, 1, 2]])).unwrap();
    assert_close(tied.smallest_p_value, 1.0 / 3.0);
}

#[test]
fn twelve_levels_are_enumerated() {
    let twelve: Vec<f64> = (0..12).map(f64::from).collect();
    let found = page_trend_test(&[twelve]).unwrap();
    assert_eq!(found.method, Method::Exact);
    assert_close(found.p_value, 1.0 / 479_001_600.0);
}

#[test]
fn unsound_blocks_are_refused() {
    assert_eq!(
        page_trend_test(&[vec![1.0]]),
        Err(PageError::TooSmall {
            blocks: 1,
            levels: 1
        })
    );
    assert!(page_trend_test(&[]).is_err());
    assert_eq!(
        page_trend_test(&[vec![1.0, 2.0], vec![1.0]]),
        Err(PageError::Ragged {
            block: 1,
            found: 1,
            expected: 2
        })
    );
    assert_eq!(
        page_trend_test(&[vec![1.0, f64::NAN]]),
        Err(PageError::NotANumber { block: 0 })
    );
}
