//! Trajectories against the thresholds that Eq. 1 gives in closed form.

use breakeven_sim::path::{CurvatureLaw, DistanceLaw, Path};
use breakeven_sim::schedule::Schedule;
use breakeven_sim::trajectory::{AtBreakEven, Coupling, Settings, Trajectory};
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
        assert_eq!(record.epoch, record.step as f64 * 8.0 / 1000.0);
        assert!(record.trace_k.is_none() && record.training_accuracy.is_none());
    }
}
