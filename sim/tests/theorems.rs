//! Theorems 1 and 2: over a grid, over random parameters, certified over
//! boxes, and what becomes of them without one assumption.

use breakeven_sim::interval::Interval;
use breakeven_sim::theorem::certify::{Claim, End, ParameterBox};
use breakeven_sim::theorem::grid::{Grid, Theorem};
use breakeven_sim::theorem::statements::{Checked, Effort, check_all};
use breakeven_sim::theorem::{
    Change, Factor, FallingDistance, Hyperparameters, PremiseError, Premises, Proportional,
    StableStart, UnstableStart, theorem_1, theorem_2,
};
use breakeven_sim::{Model, Noise, Sampling};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

fn run(learning_rate: f64, batch_size: usize) -> Hyperparameters {
    Hyperparameters {
        learning_rate,
        batch_size,
    }
}

fn premises(alpha: f64, psi0: f64, exponent: f64, examples: usize) -> Premises {
    let distance = FallingDistance::new(psi0, 1.0, exponent).unwrap();
    Premises {
        proportional: Proportional::new(alpha).unwrap(),
        distance,
        examples,
    }
}

#[test]
fn both_theorems_hold_over_the_whole_grid() {
    let grid = Grid::default();
    for theorem in [Theorem::One, Theorem::Two] {
        for factor in [Factor::LearningRate, Factor::BatchSize] {
            let tally = grid.tally(theorem, factor).unwrap();
            assert!(tally.compared > 300, "{theorem:?} {factor:?} {tally:?}");
            assert_eq!(tally.hold, tally.compared, "{theorem:?} {factor:?}");
            // With k = 0 and much noise no λ is stable, so that an unstable
            // start stays unstable; a stable start always ends.
            let ends = tally.not_reached == 0;
            assert!(ends || theorem == Theorem::Two, "{theorem:?} {factor:?}");
        }
    }
}

#[test]
fn both_theorems_hold_for_random_parameters() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(20);
    let mut compared = [0, 0];
    for _ in 0..600 {
        let mut log = |low: f64, high: f64| (rng.random_range(low.ln()..high.ln())).exp();
        let examples = log(2.0, 1e6) as usize + 1;
        let premises = premises(log(1e-3, 1e2), log(1e-2, 1e2), log(1e-2, 3.0), examples);
        let (slow, fast) = (log(1e-4, 1.0), log(1.0, 10.0));
        let large = (log(1.0, examples as f64) as usize).max(2);
        let small = 1 + (log(1.0, large as f64) as usize - 1).min(large - 2);
        let changes = [
            Change::new(run(slow, large), run(slow * fast, large)),
            Change::new(run(slow, large), run(slow, small)),
        ];
        for change in changes.into_iter().map(Result::unwrap) {
            let stable = StableStart::new(premises, change, 1e-3).ok();
            let unstable = UnstableStart::new(premises, change, 1e6).ok();
            let found = [
                stable.and_then(|start| theorem_1(&start)),
                unstable.and_then(|start| theorem_2(&start)),
            ];
            for (compared, found) in compared.iter_mut().zip(found) {
                let Some(found) = found else { continue };
                assert!(found.holds(), "{premises:?} {change:?} {found:?}");
                *compared += 1;
            }
        }
    }
    assert!(compared.into_iter().all(|many| many > 500), "{compared:?}");
}

#[test]
fn assumptions_that_do_not_hold_can_not_be_made() {
    assert!(Proportional::new(-1.0).is_err());
    let error = FallingDistance::new(1.0, 1.0, -0.5).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("falls where the curvature rises"),
        "{error}"
    );
    let error = FallingDistance::new(1.0, 1.0, 1001.0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "psi exponent must be at most 1000, got 1001"
    );
    let change = Change::new(run(0.1, 8), run(0.2, 16));
    assert_eq!(change, Err(PremiseError::NotAChange));
    let change = Change::new(run(0.1, 8), run(0.2, 8)).unwrap();
    let premises = premises(1.0, 1.0, 0.5, 100);
    let error = StableStart::new(premises, change, 15.0).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("at lambda = 15 SGD is unstable"),
        "{error}"
    );
    assert!(UnstableStart::new(premises, change, 1.0).is_err());
}

fn statements() -> Vec<Checked> {
    let grid = Grid {
        alphas: vec![0.3],
        psi0s: vec![1.0],
        ..Grid::default()
    };
    check_all(&grid, Effort { most_boxes: 3000 }).unwrap()
}

#[test]
fn the_theorems_are_proved_over_their_box_and_fall_without_an_assumption() {
    let statements = statements();
    let find = |id: &str| statements.iter().find(|checked| checked.id == id).unwrap();
    for id in [
        "theorem-1-learning-rate",
        "theorem-1-batch-size",
        "theorem-2-learning-rate",
        "theorem-2-batch-size",
        "rising-distance-upper",
        "large-batch",
    ] {
        let checked = find(id);
        assert!(checked.certificate.is_proved(), "{checked:?}");
        assert_eq!(checked.counterexample, None);
    }

    let rising = find("rising-distance-lower");
    assert_eq!(rising.certificate.proved, 0.0);
    assert!(rising.certificate.violated > 0.9, "{rising:?}");

    let moving = find("moving-noise");
    let certificate = &moving.certificate;
    assert!(certificate.proved > 0.4 && certificate.violated > 0.4);
    assert!(certificate.undecided < 0.15, "{moving:?}");

    for checked in [rising, moving] {
        let found = checked.counterexample.as_ref().unwrap();
        assert!(found.learning_rate[1] > found.learning_rate[0]);
        assert!(found.lambda_h[1] > found.lambda_h[0], "{found:?}");
        // Eq. 3 divided by ηλ, at both ends, is an equality.
        for i in 0..2 {
            let (eta, lambda) = (found.learning_rate[i], found.lambda_h[i]);
            let (n, s) = (found.examples as f64, found.batch_size[i] as f64);
            let psi = found.psi0 * (lambda / found.lambda0).powf(-found.psi_exponent);
            let noise = found.alpha[i] / psi.powi(2) * (n - s) / (s * (n - 1.0));
            assert!(((lambda + noise) * eta / 2.0 - 1.0).abs() < 1e-12);
        }
    }
}

/// The upper end of the stable interval where α goes as η^−m.
fn upper_end(eta: f64, alpha: f64, m: f64, exponent: f64) -> Option<f64> {
    let noise = Noise::DistanceLaw {
        alpha: alpha * (eta / 0.1).powf(-m),
        psi0: 0.5,
        lambda0: 1.0,
        exponent,
    };
    let sampling = Sampling::new(8, 50_000).unwrap();
    let model = Model::new(eta, sampling, noise).unwrap();
    model.stable_set().break_even()
}

#[test]
fn what_is_decided_over_a_box_is_seen_at_parameters_within_it() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let claim = Claim {
        factor: Factor::LearningRate,
        end: End::Upper,
    };
    let mut seen = [0, 0];
    for _ in 0..4000 {
        let mut near = |low: f64, high: f64, width: f64| {
            let at = rng.random_range(low..high);
            Interval::new(at, at + width * (high - low))
        };
        let part = ParameterBox {
            learning_rate: near(0.05, 0.3, 0.02),
            batch_size: Interval::point(8.0),
            alpha: near(5.0, 30.0, 0.02),
            psi0: Interval::point(0.5),
            psi_exponent: near(0.0, 0.5, 0.02),
            noise_exponent: near(0.0, 3.0, 0.02),
            lambda0: 1.0,
            reference_rate: 0.1,
            examples: 50_000,
        };
        // Without dividing it, so that all of it shares a verdict.
        let verdict = claim.certify(&part, 1);
        let mut within = |interval: Interval| rng.random_range(interval.low..interval.high);
        let (eta, alpha) = (within(part.learning_rate), within(part.alpha));
        let (m, k) = (within(part.noise_exponent), within(part.psi_exponent));
        let ends = [eta, 1.0001 * eta].map(|eta| upper_end(eta, alpha, m, k));
        let [Some(before), Some(after)] = ends else {
            continue;
        };
        if verdict.proved == 1.0 {
            assert!(after < before, "{part:?}");
            seen[0] += 1;
        } else if verdict.violated == 1.0 {
            assert!(after > before, "{part:?}");
            seen[1] += 1;
        }
    }
    assert!(seen.into_iter().all(|many| many > 200), "{seen:?}");
}
