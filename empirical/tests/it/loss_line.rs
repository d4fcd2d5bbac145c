//! The loss along H's leading eigenvector, against closed forms.

use breakeven_empirical::compute::Precision;
use breakeven_empirical::config::SweepConfig;
use breakeven_empirical::model::Architecture;
use breakeven_empirical::network::Loss;
use breakeven_sim::record::Record;

use crate::training::{one_run, prepare, records, run_folder, uninterrupted};

const POINTS: usize = 7;

/// The records of [`one_run`] in 64 bits, changed.
fn measured(change: impl Fn(&mut SweepConfig)) -> Vec<Record> {
    let mut config = one_run();
    config.training.precision = Precision::F64;
    change(&mut config);
    let folder = uninterrupted(&prepare(&config));
    records(&run_folder(folder.path()))
}

/// Near its middle the line's slope is ψλ_H, up to the sign of the eigenvector, and
/// its curvature λ_H; of softmax regression, which has no kinks.
#[test]
fn slope_and_curvature_are_those_of_the_record() {
    const FINE: usize = 1001;
    let found = measured(|config| {
        config.model = Architecture::Mlp { hidden: vec![] };
        config.measure.loss_line_points = FINE;
    });
    assert!(!found.is_empty());
    for record in &found {
        let line = record.loss_line.as_ref().unwrap();
        let (loss, lambda) = (record.loss.unwrap(), record.lambda_h.unwrap());
        assert_eq!([line.offsets.len(), line.losses.len()], [FINE; 2]);
        let middle = FINE / 2;
        assert_eq!(line.offsets[middle], 0.0);
        let reach = (2.0 * loss / lambda).sqrt();
        assert!((line.offsets[FINE - 1] / reach - 1.0).abs() < 1e-14);
        assert!((line.losses[middle] / loss - 1.0).abs() < 1e-13);
        let step = reach / middle as f64;
        let [before, here, after] = [-1, 0, 1].map(|k| line.losses[(middle as i64 + k) as usize]);
        let slope = (after - before).abs() / (2.0 * step);
        let curvature = (before - 2.0 * here + after) / (step * step);
        // Third and fourth derivatives, over h² = 8e-6 L/λ.
        assert!(
            (curvature / lambda - 1.0).abs() < 1e-3,
            "{curvature} {lambda}"
        );
        assert!((slope - record.psi.unwrap() * lambda).abs() < 1e-3 * lambda * reach);
    }
}

/// Squared errors of a linear network have one Hessian for each of ten outputs: no
/// eigenvector is the leading one, and there is no line.
#[test]
fn of_a_repeated_eigenvalue_there_is_no_line() {
    let found = measured(|config| {
        config.model = Architecture::Mlp { hidden: vec![] };
        config.training.loss = Loss::Mse;
        config.measure.loss_line_points = POINTS;
    });
    assert!(!found.is_empty());
    for record in &found {
        assert_eq!(record.loss_line, None);
        assert_eq!(record.absent["loss_line"], record.absent["psi"]);
    }
}

/// Nothing else of a run depends on it.
#[test]
fn a_line_of_losses_changes_no_other_number() {
    let with = measured(|config| config.measure.loss_line_points = POINTS);
    let without = measured(|config| config.measure.loss_line_points = 0);
    assert!(without.iter().all(|record| record.loss_line.is_none()));
    let stripped = with.into_iter().map(|record| Record {
        loss_line: None,
        ..record
    });
    assert!(stripped.eq(without));
}
