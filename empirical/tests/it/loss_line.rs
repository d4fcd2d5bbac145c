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

/// With squared errors of a linear network the loss is a parabola along every
/// line: all second differences are λ_H h², whatever the eigenvector's error.
#[test]
fn squared_errors_of_a_linear_network_are_a_parabola() {
    let found = measured(|config| {
        config.model = Architecture::Mlp { hidden: vec![] };
        config.training.loss = Loss::Mse;
        config.measure.loss_line_points = POINTS;
    });
    assert!(!found.is_empty());
    for record in &found {
        let line = record.loss_line.as_ref().unwrap();
        let (loss, lambda) = (record.loss.unwrap(), record.lambda_h.unwrap());
        assert_eq!([line.offsets.len(), line.losses.len()], [POINTS; 2]);
        assert_eq!(line.offsets[POINTS / 2], 0.0);
        let reach = (2.0 * loss / lambda).sqrt();
        assert!((line.offsets[POINTS - 1] / reach - 1.0).abs() < 1e-14);
        assert!((line.losses[POINTS / 2] / loss - 1.0).abs() < 1e-13);
        let step = line.offsets[1] - line.offsets[0];
        for three in line.losses.windows(3) {
            let second = (three[0] - 2.0 * three[1] + three[2]) / (step * step);
            // The losses' rounding, 1e-16·L, over h² = 2L/(9λ).
            assert!((second / lambda - 1.0).abs() < 1e-12, "{second} {lambda}");
        }
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
