//! Simulated SGD against Eq. 1 and exact enumeration. Seeds are fixed; each
//! statistical bound names its error rate.

use breakeven_sim::curvatures::{CurvatureDistribution, Curvatures};
use breakeven_sim::lyapunov::BatchMeans;
use breakeven_sim::montecarlo::{MonteCarlo, Simulated};

const GAMMA: CurvatureDistribution = CurvatureDistribution::Gamma {
    mean: 1.0,
    deviation: 1.0,
};

fn gamma(examples: usize) -> Curvatures {
    Curvatures::draw(GAMMA, examples, 11).unwrap()
}

fn simulate(eta: f64, batch_size: usize, curvatures: Curvatures, seed: u64) -> Simulated {
    MonteCarlo::new(eta, batch_size, curvatures, 50, 500, seed)
        .unwrap()
        .run()
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| simulate(1.3, 5, gamma(300), 4))
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(7));
    assert_ne!(one, simulate(1.3, 5, gamma(300), 5));
}

#[test]
fn intervals_of_the_growth_cover_eq_1_as_often_as_they_say() {
    // 200 intervals of 95 %: fewer than 180 or more than 199 hits have a
    // probability of 1.2e-3 (SciPy 1.17.1, binom(200, 0.95)).
    let curvatures = gamma(300);
    let hits = (0..200).filter(|&seed| {
        let simulated = simulate(1.3, 5, curvatures.clone(), seed);
        let [low, high] = simulated.growth.interval();
        (low..=high).contains(&simulated.expected_growth)
    });
    let hits = hits.count();
    assert!((180..=199).contains(&hits), "{hits}");
}

/// Nothing is random where a batch has all examples, but sums still round.
#[test]
fn intervals_cover_eq_1_where_every_batch_has_all_examples() {
    for examples in [3, 10, 97] {
        for eta in [0.013, 0.1, 0.7, 1.9] {
            let simulated = simulate(eta, examples, gamma(examples), 5);
            let [low, high] = simulated.growth.interval();
            assert!((low..=high).contains(&simulated.expected_growth));
            let exponent = simulated.expected_growth.ln() / 2.0;
            let [low, high] = simulated.exponent.interval();
            assert!((low..=high).contains(&exponent), "{low} {exponent} {high}");
        }
    }
}

#[test]
fn the_lyapunov_exponent_agrees_with_all_batches() {
    let curvatures = gamma(12);
    let exact = BatchMeans::new(&curvatures, 4, 0).unwrap();
    assert!(exact.is_exact());
    for eta in [0.5, 1.5, 2.5] {
        let simulated = simulate(eta, 4, curvatures.clone(), 8);
        let error = (simulated.exponent.value - exact.exponent(eta).value).abs();
        // Four standard errors: 6e-5 for each η.
        assert!(
            error < 4.0 * simulated.exponent.standard_error.unwrap(),
            "{eta}"
        );
    }
}

#[test]
fn between_the_thresholds_paths_shrink_while_their_mean_square_grows() {
    let curvatures = gamma(1000);
    let means = BatchMeans::new(&curvatures, 1, 0).unwrap();
    let thresholds = means.thresholds(&curvatures, 1).unwrap();
    assert!(thresholds.almost_sure.value > 1.3 * thresholds.mean_square);
    let eta = 0.5 * (thresholds.mean_square + thresholds.almost_sure.value);
    let simulated = MonteCarlo::new(eta, 1, curvatures, 400, 2000, 0)
        .unwrap()
        .run();
    assert!(simulated.expected_growth > 1.0);
    assert!(simulated.exponent.value < 0.0);
    let last = simulated.moments.last().unwrap();
    assert!(last.log10_expected > 0.0 && last.log10_median_square < 0.0);
    assert!(simulated.shrunk > 0.5);
    // The mean over 2,000 paths has lost E[ψ²]: one path makes most of it.
    assert!(
        last.log10_mean_square < last.log10_expected - 1.0,
        "{last:?}"
    );
    assert!(last.largest_share > 0.2, "{last:?}");
}

#[test]
fn below_both_thresholds_everything_shrinks_and_above_both_everything_grows() {
    let curvatures = gamma(1000);
    let means = BatchMeans::new(&curvatures, 8, 0).unwrap();
    let thresholds = means.thresholds(&curvatures, 8).unwrap();
    let at = |eta: f64| {
        MonteCarlo::new(eta, 8, curvatures.clone(), 2000, 100, 0)
            .unwrap()
            .run()
    };
    let below = at(0.9 * thresholds.mean_square);
    assert!(below.expected_growth < 1.0 && below.shrunk == 1.0);
    let above = at(1.2 * thresholds.almost_sure.value);
    assert!(above.exponent.value > 0.0 && above.shrunk == 0.0);
}

#[test]
fn a_path_is_sgd_on_the_model() {
    // Without noise ψ(t) = (1 − ηλ)^t.
    let curvatures = Curvatures::new(vec![1.0, 2.0, 3.0]).unwrap();
    let problem = MonteCarlo::new(0.25, 3, curvatures, 4, 1, 0).unwrap();
    assert_eq!(problem.path(0), [1.0, 0.5, 0.25, 0.125, 0.0625]);
    let simulated = problem.run();
    assert_eq!(simulated.growth.value, 0.25);
    assert!((simulated.exponent.value - 0.5f64.ln()).abs() < 1e-15);
    assert_eq!(simulated.exponent.standard_error, None);
}

#[test]
fn what_can_not_be_simulated_is_refused_by_name() {
    let refused = |eta, batch_size, steps, paths| {
        MonteCarlo::new(eta, batch_size, gamma(10), steps, paths, 0)
            .unwrap_err()
            .to_string()
    };
    assert!(refused(f64::NAN, 1, 1, 1).starts_with("learning rate must be"));
    assert!(refused(0.1, 11, 1, 1).starts_with("batch size must be between 1 and"));
    assert!(refused(0.1, 1, 0, 1).starts_with("steps must be 1 or more"));
    assert!(refused(0.1, 1, 1, 0).starts_with("paths must be 1 or more"));
}
