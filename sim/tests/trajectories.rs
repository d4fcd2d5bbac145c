//! Trajectories against the thresholds that Eq. 1 gives in closed form.

use breakeven_sim::path::{CurvatureLaw, DistanceLaw, Path};
use breakeven_sim::schedule::Schedule;
use breakeven_sim::trajectory::{AtBreakEven, Coupling, Point, Settings, Trajectory};
use breakeven_sim::{Model, Noise, Sampling};

const ETA: f64 = 0.1;
const ALPHA: f64 = 0.8;
const PSI0: f64 = 0.5;

/// λ_H grows by 3 % a step from `start`, ψ = ψ₀ (λ/start)^−½.
fn settings(start: f64, at_break_even: AtBreakEven) -> Settings {
    Settings {
        schedule: Schedule::constant(ETA).unwrap(),
        sampling: Sampling::new(8, 1000).unwrap(),
        coupling: Coupling::Proportional { alpha: ALPHA },
        path: Path::new(
            CurvatureLaw::Geometric {
                start,
                factor: 1.03,
            },
            DistanceLaw::Power {
                start: PSI0,
                exponent: 0.5,
            },
        )
        .unwrap(),
        steps: 200,
        at_break_even,
    }
}

/// ψ² = ψ₀²·λ₀/λ turns Eq. 3 into λ + cλ = 2/η with c = αp/(ψ₀²λ₀).
fn closed_form(start: f64, eta: f64) -> f64 {
    let p = (1000.0 - 8.0) / (8.0 * 999.0);
    2.0 / eta / (1.0 + ALPHA * p / (PSI0 * PSI0 * start))
}

fn largest(trajectory: &Trajectory) -> f64 {
    trajectory
        .points
        .iter()
        .map(|point| point.lambda_h)
        .fold(0.0, f64::max)
}

#[test]
fn a_stable_start_reaches_the_break_even_point_and_holds_there() {
    let expected = closed_form(1.0, ETA);
    let trajectory = settings(1.0, AtBreakEven::Hold).run().unwrap();
    let crossing = trajectory.crossing.unwrap();
    assert!((crossing.lambda_h / expected - 1.0).abs() < 1e-12);
    assert!((crossing.lambda_k / (ALPHA * expected) - 1.0).abs() < 1e-12);
    // 1.03^u reaches it between these steps.
    let steps = (expected.ln() / 1.03f64.ln()).ceil() as u64;
    assert_eq!(crossing.step, steps);
    assert!(trajectory.points.iter().all(|point| point.stable));
    assert!((largest(&trajectory) / expected - 1.0).abs() < 1e-12);
    // Equality there, not next to it.
    let (before, held) = trajectory.points.split_at(steps as usize);
    assert!(before.iter().all(|point| point.stability < 1.0));
    assert!(held.iter().all(|point| point.stability == 1.0));
}

/// The run's λ_H changes by `rate` a step instead of by a factor.
fn linear(start: f64, rate: f64, exponent: f64) -> Settings {
    let distance = DistanceLaw::Power {
        start: PSI0,
        exponent,
    };
    let path = Path::new(CurvatureLaw::Linear { start, rate }, distance);
    Settings {
        path: path.unwrap(),
        ..settings(start, AtBreakEven::Hold)
    }
}

#[test]
fn a_curvature_that_falls_to_nothing_is_no_break_even_point() {
    let trajectory = linear(5.0, -1.0, 0.5).run().unwrap();
    assert_eq!(trajectory.crossing, None);
    for point in &trajectory.points {
        assert!(point.lambda_h > 0.0 && point.stable && point.stability < 1.0);
    }
    // With k = 0 and αp/ψ² above 2/η no λ is stable, nor is 0 a way out.
    let mut noisy = linear(5.0, 1.0, 0.0);
    noisy.coupling = Coupling::Proportional { alpha: 50.0 };
    let trajectory = noisy.run().unwrap();
    assert_eq!(trajectory.crossing, None);
    let unstable = |point: &Point| !point.stable && point.stability > 1.0;
    assert!(trajectory.points.iter().all(unstable));
}

#[test]
fn at_the_minimum_itself_the_noise_has_no_bound() {
    let mut settings = settings(1.0, AtBreakEven::Cross);
    settings.path = Path::new(
        CurvatureLaw::Linear {
            start: 1.0,
            rate: 0.0,
        },
        DistanceLaw::Linear {
            start: 1.0,
            rate: 1.0,
        },
    )
    .unwrap();
    let trajectory = settings.run().unwrap();
    let point = trajectory.points[1];
    assert!(point.psi == 0.0 && !point.stable && point.stability == f64::INFINITY);
}

#[test]
fn below_the_lower_end_assumption_3_leads_away_from_what_is_stable() {
    // k < 0: too small a λ_H is unstable, and falls further.
    let alpha = 100.0 * ALPHA;
    let noise = Noise::DistanceLaw {
        alpha,
        psi0: PSI0,
        lambda0: 1e-3,
        exponent: -0.45,
    };
    let settings = Settings {
        path: Path::new(
            CurvatureLaw::Geometric {
                start: 1e-3,
                factor: 1.03,
            },
            DistanceLaw::Power {
                start: PSI0,
                exponent: -0.45,
            },
        )
        .unwrap(),
        coupling: Coupling::Proportional { alpha },
        ..settings(1e-3, AtBreakEven::Hold)
    };
    let model = Model::new(ETA, settings.sampling, noise).unwrap();
    let [low, _] = model.stable_set().interval().unwrap();
    assert!(low > 1e-3, "{low}");
    let trajectory = settings.run().unwrap();
    assert_eq!(trajectory.crossing, None);
    for pair in trajectory.points.windows(2) {
        assert!(!pair[1].stable && pair[1].lambda_h < pair[0].lambda_h);
    }
}

#[test]
fn a_run_that_crosses_turns_back_and_oscillates_about_the_break_even_point() {
    let expected = closed_form(1.0, ETA);
    let trajectory = settings(1.0, AtBreakEven::Cross).run().unwrap();
    let crossing = trajectory.crossing.unwrap();
    assert!((crossing.lambda_h / expected - 1.0).abs() < 1e-12);
    let after = &trajectory.points[crossing.step as usize..];
    for pair in after.windows(2) {
        assert_ne!(pair[0].stable, pair[1].stable);
        assert!(pair[0].lambda_h <= expected * 1.03 && pair[0].lambda_h >= expected / 1.03);
    }
}

#[test]
fn an_unstable_start_becomes_stable_at_the_threshold_of_its_own_law() {
    let start = 30.0;
    let trajectory = settings(start, AtBreakEven::Hold).run().unwrap();
    assert!(!trajectory.points[0].stable);
    let crossing = trajectory.crossing.unwrap();
    let expected = closed_form(start, ETA);
    assert!((crossing.lambda_h / expected - 1.0).abs() < 1e-12);
    let before = &trajectory.points[..crossing.step as usize];
    for pair in before.windows(2) {
        assert!(pair[1].lambda_h < pair[0].lambda_h && pair[1].psi > pair[0].psi);
    }
}

#[test]
fn a_lower_learning_rate_from_the_middle_on_lets_the_curvature_grow_again() {
    let mut settings = settings(1.0, AtBreakEven::Hold);
    settings.schedule = Schedule::new(ETA, vec![(120, ETA / 2.0)]).unwrap();
    let trajectory = settings.run().unwrap();
    let [before, last] = [119, 200].map(|step: usize| trajectory.points[step].lambda_h);
    assert!((before / closed_form(1.0, ETA) - 1.0).abs() < 1e-12);
    assert!((last / closed_form(1.0, ETA / 2.0) - 1.0).abs() < 1e-12);
}

#[test]
fn records_carry_what_the_model_has_and_nothing_else() {
    let settings = settings(1.0, AtBreakEven::Cross);
    let trajectory = settings.run().unwrap();
    let noise = Noise::DistanceLaw {
        alpha: ALPHA,
        psi0: PSI0,
        lambda0: 1.0,
        exponent: 0.5,
    };
    let model = Model::new(ETA, settings.sampling, noise).unwrap();
    for point in &trajectory.points {
        let record = point.record(settings.sampling);
        let left = record.stability.unwrap();
        assert!((left / model.stability(point.lambda_h) - 1.0).abs() < 1e-12);
        // The loss rises in expectation exactly where Eq. 1 is broken.
        assert_eq!(record.loss_change.unwrap() < 0.0, left > 1.0);
        // 300 of 1000: an epoch is ⌊N/S⌋ = 3 steps, as in training.
        let thirds = point.record(Sampling::new(300, 1000).unwrap());
        assert_eq!(thirds.epoch, point.step as f64 / 3.0);
        assert!(record.trace_k.is_none() && record.training_accuracy.is_none());
    }
}
