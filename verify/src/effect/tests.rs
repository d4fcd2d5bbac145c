use super::*;

fn stratum(levels: &[usize], values: &[f64], groups: &[usize]) -> Stratum {
    Stratum {
        levels: levels.to_vec(),
        values: values.to_vec(),
        groups: groups.to_vec(),
    }
}

fn sample(test: TrendTest, strata: Vec<Stratum>) -> Sample {
    Sample {
        test,
        levels: 3,
        strata,
    }
}

fn levels() -> Vec<Level> {
    [1, 2, 3].map(Level::BatchSize).to_vec()
}

fn assert_close(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!(
        (found - expected).abs() < 1e-12 * expected,
        "{found} {expected}"
    );
}

/// Values double or quadruple from the first level to the last: of ratios 2, 2 and
/// 8 the Walsh averages of logarithms are 1, 1, 1, 2, 2, 3 in units of log 2.
#[test]
fn ratios_of_seeds_have_their_hodges_lehmann_estimate() {
    let seed =
        |low: f64, ratio: f64| stratum(&[0, 1, 2], &[low, 1.5 * low, ratio * low], &[0, 1, 2]);
    let strata = vec![seed(1.0, 2.0), seed(5.0, 2.0), seed(0.3, 8.0)];
    let sample = sample(TrendTest::Page, strata);
    let found = between_extremes(&levels(), &sample, 0.05).unwrap();
    assert_eq!(
        (found.levels, found.seeds),
        ([Level::BatchSize(1), Level::BatchSize(3)], 3)
    );
    assert_close(found.hodges_lehmann_ratio, 2.0_f64.powf(1.5));
    // Three seeds reach 1 − 2·2⁻³.
    assert_close(found.coverage, 0.75);
    let [low, high] = found.interval.unwrap();
    assert!((low - 2.0).abs() < 1e-12 && (high - 8.0).abs() < 1e-12);
    assert_close(found.geometric_mean_ratio, 32.0_f64.cbrt());
    assert_eq!(found.probability_of_superiority, 1.0);
    assert_close(found.wilcoxon_p, 0.25);
    assert_close(found.sign_p, 0.25);
    let steps = between_neighbours(&levels(), &sample, 0.05);
    assert_eq!(steps.len(), 2);
    assert_close(steps[0].hodges_lehmann_ratio, 1.5);
    assert_eq!(steps[0].bca_interval, None);
}

/// Tied values have the ratio 1 and count half.
#[test]
fn ties_count_half_and_have_the_ratio_one() {
    let strata = vec![
        stratum(&[0, 2], &[1.0, 1.2], &[0, 0]),
        stratum(&[0, 2], &[1.0, 4.0], &[0, 1]),
    ];
    let found = between_extremes(
        &levels(),
        &sample(TrendTest::IncompleteBlocks, strata),
        0.05,
    );
    let found = found.unwrap();
    assert_eq!(found.probability_of_superiority, 0.75);
    // Of logarithms 0 and log 4 the median Walsh average is half of it.
    assert_close(found.hodges_lehmann_ratio, 2.0);
    assert_eq!(found.wilcoxon_p, Some(1.0));
    assert_close(found.sign_p, 1.0);
}

/// One seed has all levels, three the first two.
#[test]
fn the_extremes_are_levels_that_enough_seeds_share() {
    let two = || stratum(&[0, 1], &[1.0, 2.0], &[0, 1]);
    let strata = vec![
        two(),
        two(),
        two(),
        stratum(&[0, 1, 2], &[1.0, 2.0, 3.0], &[0, 1, 2]),
    ];
    let incomplete = sample(TrendTest::IncompleteBlocks, strata);
    let found = between_extremes(&levels(), &incomplete, 0.05).unwrap();
    assert_eq!((found.levels[1], found.seeds), (Level::BatchSize(2), 4));
    let steps = between_neighbours(&levels(), &incomplete, 0.05);
    assert_eq!(
        (steps[1].seeds, steps[1].interval, steps[1].coverage),
        (1, None, None)
    );
    let nothing = sample(TrendTest::Page, Vec::new());
    assert_eq!(between_extremes(&levels(), &nothing, 0.05), None);
}

/// Ratios of all pairs are 2, 3, 4, 6 and the like; of two runs and two runs one of
/// six arrangements is the clearest.
#[test]
fn runs_of_different_seeds_are_compared_pair_by_pair() {
    let all = stratum(&[0, 0, 2, 2], &[1.0, 2.0, 4.0, 12.0], &[0, 1, 2, 3]);
    let found = between_extremes(
        &levels(),
        &sample(TrendTest::JonckheereTerpstra, vec![all]),
        0.05,
    );
    let found = found.unwrap();
    assert_eq!(
        (found.seeds, found.sign_p, found.bca_interval),
        (4, None, None)
    );
    // Of 2, 4, 6 and 12 the geometric mean of the middle two.
    assert_close(found.hodges_lehmann_ratio, 24.0_f64.sqrt());
    assert_close(found.wilcoxon_p, 1.0 / 3.0);
    assert_close(found.coverage, 1.0 - 2.0 / 6.0);
}

#[test]
fn a_value_without_logarithm_has_no_ratio_but_an_order() {
    let strata = vec![stratum(&[0, 2], &[-1.0, 1.2], &[0, 1]); 3];
    let found = between_extremes(
        &levels(),
        &sample(TrendTest::IncompleteBlocks, strata),
        0.05,
    );
    let found = found.unwrap();
    assert_eq!(
        (found.hodges_lehmann_ratio, found.interval, found.wilcoxon_p),
        (None, None, None)
    );
    assert_eq!(found.probability_of_superiority, 1.0);
    assert_close(found.sign_p, 0.25);
}
