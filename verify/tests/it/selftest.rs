//! The verification of studies whose truth is known.

use breakeven_sim::meter::Meter;
use breakeven_verify::selftest::{Calibration, Found, Scenario, Selftest};

fn run(studies: usize) -> Calibration {
    Selftest { studies, seed: 0 }.run(&Meter::default())
}

fn of(calibration: &Calibration, scenario: Scenario) -> &Found {
    let found = calibration.scenarios.iter();
    found.clone().find(|f| f.scenario == scenario).unwrap()
}

/// All promises are kept; and the studies can tell: where runs diverge because
/// of what they show, false verdicts are far more frequent than α.
#[test]
fn promises_hold_and_the_studies_could_break_them() {
    let calibration = run(200);
    assert!(calibration.holds, "{calibration:#?}");
    assert_eq!(
        of(&calibration, Scenario::InformativeDivergence).promised,
        None
    );
    for scenario in [Scenario::Effect, Scenario::Reversed] {
        let power = of(&calibration, scenario).power.unwrap();
        assert!(power.rate > 0.5, "{scenario:?}: {power:?}");
    }
    // Φ(0.3/(0.2·√2))⁵ (SciPy 1.17.1 `norm.cdf`), within the interval or `holds`
    // were false.
    let expected = of(&calibration, Scenario::TwoLevels)
        .power
        .unwrap()
        .expected
        .unwrap();
    assert!(
        (expected - 0.855_577_816_826_757_5_f64.powi(5)).abs() < 1e-9,
        "{expected}"
    );
    eprintln!("{calibration:#?}");
}
