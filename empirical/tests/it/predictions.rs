//! Class probabilities along a run: against a softmax regression by hand, and
//! without effect on anything else.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use breakeven_empirical::compute::{DeviceKind, Precision};
use breakeven_empirical::config::SweepConfig;
use breakeven_empirical::loaded::{Labelled, Loaded};
use breakeven_empirical::model::{Architecture, CnnShape};
use breakeven_empirical::sweep::{Sweep, SweepEnd};
use breakeven_sim::record::seal::{Seal, sha256};
use breakeven_sim::record::{Digits, PREDICTIONS_FILE, Predictions};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use tempfile::tempdir;

use crate::config::sound;
use crate::options::every_option;
use crate::training::{carry_out, files, one_run, outcome, prepare, run_folder, uninterrupted};

/// The run of [`one_run`] with predictions of so many examples.
fn predicting(examples: usize, every_steps: Option<u64>) -> SweepConfig {
    let mut config = one_run();
    config.measure.prediction_examples = examples;
    config.measure.prediction_every_steps = every_steps;
    config
}

fn predictions(run: &Path) -> Vec<Predictions> {
    let text = fs::read_to_string(run.join(PREDICTIONS_FILE)).unwrap();
    let line = |line: &str| {
        let read = Predictions::from_line(line.as_bytes()).unwrap();
        assert_eq!(read.seal, Seal::Intact);
        read.value
    };
    text.lines().map(line).collect()
}

/// The numbers of a tensor, widened.
fn numbers(view: &TensorView) -> Vec<f64> {
    let bytes = view.data();
    match view.dtype() {
        Dtype::F32 => {
            let chunks = bytes.as_chunks().0.iter();
            chunks.map(|&c| f64::from(f32::from_le_bytes(c))).collect()
        }
        _ => {
            let chunks = bytes.as_chunks().0.iter();
            chunks.map(|&c| f64::from_le_bytes(c)).collect()
        }
    }
}

/// Softmax of Wx + b for each of the first images, W and b in PyTorch's layout.
fn by_hand(weight: &[f64], bias: &[f64], images: &Labelled, count: usize) -> Vec<f64> {
    let Labelled::Images(images) = images else {
        unreachable!("the built-in data are images");
    };
    let mut all = Vec::new();
    for index in 0..count {
        let image = images.image(index);
        let exponentials: Vec<f64> = weight
            .chunks(image.len())
            .zip(bias)
            .map(|(row, bias)| {
                let terms = row.iter().zip(image);
                let sum: f64 = terms.map(|(w, &x)| w * f64::from(x) / 255.0).sum();
                (sum + bias).exp()
            })
            .collect();
        let total: f64 = exponentials.iter().sum();
        all.extend(exponentials.iter().map(|e| e / total));
    }
    all
}

#[test]
fn predictions_are_those_of_a_softmax_regression_at_the_saved_weights() {
    // 784 products in 32 bits, of sums of size 1.
    for (precision, digits, tolerance) in [
        (Precision::F64, Digits::F64, 1e-13),
        (Precision::F32, Digits::F32, 2e-6),
    ] {
        let mut config = predicting(7, Some(6));
        config.model = Architecture::Mlp { hidden: vec![] };
        config.training.precision = precision;
        let sweep = prepare(&config);
        let found = predictions(&run_folder(uninterrupted(&sweep).path()));
        let steps: Vec<u64> = found.iter().map(|p| p.step).collect();
        assert_eq!(steps, [0, 6, 12]);
        let loaded = Loaded::of(&config.data, None, &config.model).unwrap();
        let images = loaded.validation.unwrap();
        for of_step in found {
            let folder = tempdir().unwrap();
            let stop = AtomicBool::new(of_step.step == 0);
            let end = carry_out(&sweep, folder.path(), 1, &stop, |_, done| {
                stop.store(done == of_step.step, Ordering::Relaxed);
            });
            assert_eq!(end.unwrap(), SweepEnd::Stopped);
            let checkpoint = run_folder(folder.path()).join("checkpoint.safetensors");
            let bytes = fs::read(checkpoint).unwrap();
            let file = SafeTensors::deserialize(&bytes).unwrap();
            let tensor = |name| numbers(&file.tensor(name).unwrap());
            let expected = by_hand(&tensor("fc1.weight"), &tensor("fc1.bias"), &images, 7);
            assert_eq!((of_step.classes, of_step.precision), (10, digits));
            assert_eq!(of_step.epoch, of_step.step as f64 / 6.0);
            let probabilities = of_step.probabilities.unwrap();
            assert_eq!(probabilities.len(), 70);
            for (found, expected) in probabilities.iter().zip(&expected) {
                assert!((found - expected).abs() <= tolerance, "{found} {expected}");
            }
        }
    }
}

#[test]
fn predictions_come_with_each_measurement_or_at_steps_of_their_own() {
    let steps = |every| {
        let config = predicting(3, every);
        let folder = uninterrupted(&prepare(&config));
        let all = predictions(&run_folder(folder.path()));
        all.iter().map(|p| p.step).collect::<Vec<_>>()
    };
    assert_eq!(steps(None), [0, 1, 4, 8, 12, 16]);
    assert_eq!(steps(Some(7)), [0, 7, 14]);
}

/// Every file of a run, checkpoints as their tensors, without what knows of
/// predictions.
fn all_else(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (name, bytes) in files(folder) {
        if name.ends_with("checkpoint.safetensors") {
            let file = SafeTensors::deserialize(&bytes).unwrap();
            let mut tensors: Vec<_> = file
                .iter()
                .filter(|(name, _)| !name.contains("predictions"))
                .map(|(name, view)| (name.to_owned(), view.data().to_vec()))
                .collect();
            tensors.sort();
            all.extend(tensors);
        } else if name.ends_with("outcome.json") {
            let mut outcome: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let members = outcome.as_object_mut().unwrap();
            members.remove("predictions_sha256");
            members.remove("crc32c");
            all.push((name, outcome.to_string().into_bytes()));
        } else if !name.ends_with(PREDICTIONS_FILE) {
            all.push((name, bytes));
        }
    }
    all
}

#[test]
fn predictions_change_no_bit_of_anything_else() {
    let mut f64 = sound();
    f64.training.precision = Precision::F64;
    let mut options = sound();
    options.training = every_option(3);
    let mut batch_norm = sound();
    batch_norm.model = Architecture::SimpleCnnBn(CnnShape {
        first: 2,
        second: 2,
        dense: 4,
    });
    for without in [sound(), f64, options, batch_norm] {
        let mut with = without.clone();
        with.measure.prediction_examples = 20;
        with.measure.prediction_every_steps = Some(1);
        let plain = uninterrupted(&prepare(&without));
        let folder = uninterrupted(&prepare(&with));
        assert!(all_else(folder.path()) == all_else(plain.path()));
        assert_eq!(
            files(folder.path()).len(),
            files(plain.path()).len() + 4,
            "one file a run"
        );
    }
}

#[test]
fn the_outcome_covers_the_predictions() {
    let config = predicting(4, None);
    let folder = uninterrupted(&prepare(&config));
    let run = run_folder(folder.path());
    let bytes = fs::read(run.join(PREDICTIONS_FILE)).unwrap();
    assert_eq!(outcome(&run).predictions_sha256, Some(sha256(&bytes)));
    let without = uninterrupted(&prepare(&predicting(0, None)));
    assert_eq!(
        outcome(&run_folder(without.path())).predictions_sha256,
        None
    );
}

#[test]
fn outputs_that_are_not_finite_give_no_probabilities_but_the_reason() {
    let mut config = predicting(4, Some(1));
    config.sweep.learning_rates = vec![1e38];
    let folder = uninterrupted(&prepare(&config));
    let run = folder.path().join("runs");
    let run = fs::read_dir(run).unwrap().next().unwrap().unwrap().path();
    let all = predictions(&run);
    assert_eq!(all.len() as u64, outcome(&run).steps + 1);
    assert!(all[0].probabilities.is_ok());
    assert_eq!(
        all.last().unwrap().probabilities,
        Err("the network's outputs are not finite".to_owned())
    );
}

#[test]
fn predictions_that_cannot_be_had_are_refused_with_the_remedy() {
    let said = |change: fn(&mut SweepConfig)| {
        let mut config = predicting(20, None);
        change(&mut config);
        let prepared = Sweep::prepare(&config, None, DeviceKind::Flex, "test".into());
        prepared.err().map(|error| error.to_string())
    };
    assert_eq!(said(|_| ()), None);
    assert_eq!(
        said(|c| c.measure.prediction_examples = 21).unwrap(),
        "measure.prediction_examples is 21, but the runs have 20 validation examples: give at \
         most 20, or more data.validation_examples where the data set has them"
    );
    assert_eq!(
        said(|c| c.data.validation_examples = Some(0)).unwrap(),
        "measure.prediction_examples is 20, but the runs have 0 validation examples: give at \
         most 0, or more data.validation_examples where the data set has them"
    );
    assert_eq!(
        said(|c| c.measure.prediction_every_steps = Some(0)).unwrap(),
        "measure.prediction_every_steps is 0: give at least 1"
    );
    let nothing = said(|c| {
        c.measure.prediction_examples = 0;
        c.measure.prediction_every_steps = Some(5);
    });
    assert_eq!(
        nothing.unwrap(),
        "measure.prediction_every_steps is 5, but no predictions are recorded: give \
         measure.prediction_examples, or leave it out"
    );
}
