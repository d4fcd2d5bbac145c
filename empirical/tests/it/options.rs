//! What training may have beside plain SGD: update rules against PyTorch's,
//! settings that are refused, and what headers and records say.

use breakeven_empirical::compute::{DeviceKind, Precision};
use breakeven_empirical::config::{Augmentation, Decayed, Loss, SweepConfig, TrainingConfig};
use breakeven_empirical::model::{Architecture, CnnShape};
use breakeven_empirical::optimiser::Sgd;
use breakeven_empirical::sweep::Sweep;
use breakeven_sim::momentum::growth;
use breakeven_sim::record::{Record, RunHeader, StepDecay, TrainingOptions, from_page};
use serde_json::{Value, json};

use crate::config::sound;
use crate::reference::{Reference, fixture};
use crate::tolerance::TRAINED;
use crate::training::{prepare, records, uninterrupted};

/// Every option at once, in effect within three epochs of six steps.
pub fn every_option(epochs: u64) -> TrainingConfig {
    TrainingConfig {
        momentum: 0.5,
        weight_decay: 0.01,
        weight_decay_on: Decayed::Weights,
        decay_epochs: vec![1],
        decay_factor: 0.5,
        clip_norm: Some(1.0),
        augment: Augmentation::PadCropFlip,
        ..TrainingConfig::plain(epochs)
    }
}

/// A run's header and records.
fn trained(training: TrainingConfig) -> (RunHeader, Vec<Record>) {
    let mut config = sound();
    config.training = training;
    config.sweep.learning_rates = vec![0.2];
    config.sweep.seeds = vec![7];
    let folder = uninterrupted(&prepare(&config));
    let run = folder.path().join("runs/lr0.2-bs10-seed7");
    let header = std::fs::read(run.join("run.json")).unwrap();
    (from_page(&header).unwrap().value, records(&run))
}

#[test]
fn every_update_rule_is_pytorchs() {
    let text = std::fs::read_to_string(fixture("training.json")).unwrap();
    let numbers: Value = serde_json::from_str(&text).unwrap();
    let number = |key: &str| numbers[key].as_u64().unwrap();
    let (steps, size) = (number("steps"), number("batch_size") as usize);
    let runs = numbers["runs"].as_object().unwrap();
    assert_eq!(runs.len(), 7);
    for (name, run) in runs {
        let mut setting = run["setting"].clone();
        setting["epochs"] = json!(steps / number("steps_an_epoch"));
        let config: TrainingConfig = serde_json::from_value(setting).unwrap();
        let reference = Reference::load("mlp_tiny", Precision::F64);
        let (network, layout) = (reference.network(), reference.model.parameters());
        let mut theta = layout.split(&reference.theta, &reference.compute);
        let mut sgd = Sgd::new(&config, layout);
        let list = |key: &str| -> Vec<f64> {
            let list = run[key].as_array().unwrap();
            list.iter().map(|x| x.as_f64().unwrap()).collect()
        };
        let (losses, rates, norms) = (
            list("losses"),
            list("learning_rates"),
            list("gradient_norms"),
        );
        for step in 0..steps as usize {
            let epoch = step as u64 / number("steps_an_epoch");
            let initial = numbers["learning_rate"].as_f64().unwrap();
            let rate = config.learning_rate(initial, epoch);
            assert!((rate - rates[step]).abs() < TRAINED, "{name} {step}");
            let rows: Vec<usize> = (0..size)
                .map(|j| (size * step + j) % reference.examples.len())
                .collect();
            let batch = reference.examples.select(&rows);
            let weight = sgd.loss_weight(rate) / size as f64;
            let taken = network.step(&theta, &batch, weight);
            let error = (taken.loss - losses[step]).abs();
            assert!(error < TRAINED, "{name} {step}");
            sgd.step(&mut theta, taken.gradient, rate);
        }
        let found = layout.to_torch(&layout.join(theta));
        for (k, (found, expected)) in found.iter().zip(list("parameters")).enumerate() {
            let error = (found - expected).abs();
            assert!(error < TRAINED, "{name}, parameter {k}: off by {error:e}");
        }
        if let Some(counts) = sgd.clipped() {
            let limit = config.clip_norm.unwrap();
            let longer = norms.iter().filter(|&&norm| norm > limit).count() as u64;
            assert!((1..steps).contains(&longer));
            assert_eq!((counts.clipped, counts.steps), (longer, steps), "{name}");
        }
    }
}

type Change = fn(&mut SweepConfig);

#[test]
fn options_out_of_their_range_are_refused() {
    let cases: [(Change, &str); 21] = [
        (
            |c| c.training.momentum = 1.0,
            "training.momentum is 1: give 0 or more and below 1",
        ),
        (
            |c| c.sweep.momenta = Some(vec![]),
            "sweep.momenta is empty: name at least one",
        ),
        (
            |c| c.sweep.momenta = Some(vec![0.5, 0.9, 0.5]),
            "sweep.momenta holds 0.5 twice: each run must differ",
        ),
        (
            |c| c.sweep.momenta = Some(vec![0.5, 1.0]),
            "sweep.momenta is 1: give 0 or more and below 1",
        ),
        (
            |c| c.sweep.momenta = Some(vec![-0.5]),
            "sweep.momenta is -0.5: give 0 or more and below 1",
        ),
        (
            |c| c.sweep.momenta = Some(vec![f64::NAN]),
            "sweep.momenta is NaN: give 0 or more and below 1",
        ),
        (
            |c| {
                c.training.momentum = 0.5;
                c.sweep.momenta = Some(vec![0.5]);
            },
            "training.momentum and sweep.momenta are both given: leave training.momentum out, as each \
             run has its own",
        ),
        (
            |c| c.training.momentum = -0.1,
            "training.momentum is -0.1: give 0 or more and below 1",
        ),
        (
            |c| c.training.momentum = f64::NAN,
            "training.momentum is NaN: give 0 or more and below 1",
        ),
        (
            |c| c.training.weight_decay = -1e-4,
            "training.weight_decay is -0.0001: give 0 or a positive number",
        ),
        (
            |c| c.training.weight_decay = f64::INFINITY,
            "training.weight_decay is inf: give 0 or a positive number",
        ),
        (
            |c| c.training.clip_norm = Some(0.0),
            "training.clip_norm is 0: give a positive number",
        ),
        (
            |c| c.training.clip_norm = Some(f64::NAN),
            "training.clip_norm is NaN: give a positive number",
        ),
        (
            |c| c.training.decay_factor = 0.0,
            "training.decay_factor is 0: give a number above 0 and at most 1",
        ),
        (
            |c| c.training.decay_factor = 10.0,
            "training.decay_factor is 10: give a number above 0 and at most 1",
        ),
        (
            |c| c.training.decay_epochs = vec![0],
            "training.decay_epochs is 0: give epochs from 1 to below training.epochs: η changes once so \
             many are over",
        ),
        (
            |c| c.training.decay_epochs = vec![3],
            "training.decay_epochs is 3: give epochs from 1 to below training.epochs: η changes once so \
             many are over",
        ),
        (
            |c| c.training.decay_epochs = vec![2, 1],
            "training.decay_epochs is 1: give rising epochs",
        ),
        (
            |c| c.training.decay_epochs = vec![2, 2],
            "training.decay_epochs holds 2 twice: each run must differ",
        ),
        // What needs the model.
        (
            |c| {
                c.training.weight_decay = 1e-4;
                c.training.weight_decay_on = Decayed::Convolutions;
            },
            "training.weight_decay_on is convolutions, which holds no parameter of the model (fc1.weight, \
             fc1.bias, fc2.weight, fc2.bias): give all, weights, convolutions or a pattern such as fc*.weight",
        ),
        (
            |c| {
                c.training.weight_decay = 1e-4;
                c.training.weight_decay_on = Decayed::Named("weight".into());
            },
            "training.weight_decay_on is weight, which holds no parameter of the model (fc1.weight, \
             fc1.bias, fc2.weight, fc2.bias): give all, weights, convolutions or a pattern such as fc*.weight",
        ),
    ];
    for (change, message) in cases {
        let mut config = sound();
        change(&mut config);
        let refused = Sweep::prepare(&config, None, DeviceKind::Flex, "test".into());
        assert_eq!(refused.map(drop).unwrap_err().to_string(), message);
    }
}

#[test]
fn options_are_read_as_documented_and_unknown_keys_refused() {
    let read = |value: Value| serde_json::from_value::<TrainingConfig>(value);
    assert_eq!(
        read(json!({ "epochs": 3 })).unwrap(),
        TrainingConfig::plain(3)
    );
    let all = json!({
        "epochs": 3, "momentum": 0.5, "weight_decay": 0.01, "weight_decay_on": "weights",
        "decay_epochs": [1], "decay_factor": 0.5, "clip_norm": 1.0, "augment": "pad_crop_flip",
        "loss": "cross_entropy",
    });
    assert_eq!(read(all).unwrap(), every_option(3));
    let saved = serde_json::to_value(every_option(3)).unwrap();
    assert_eq!(read(saved).unwrap(), every_option(3));
    let error = read(json!({ "epochs": 3, "nesterov": true })).unwrap_err();
    assert!(error.to_string().contains("unknown field `nesterov`"));
}

#[test]
fn the_header_says_what_training_has_beside_plain_sgd() {
    assert_eq!(trained(TrainingConfig::plain(1)).0.training, None);
    let (mse, _) = trained(TrainingConfig {
        loss: Loss::Mse,
        ..TrainingConfig::plain(1)
    });
    assert_eq!(mse.training.unwrap().loss.as_deref(), Some("mse"));
    let (header, _) = trained(every_option(3));
    let expected = TrainingOptions {
        loss: None,
        momentum: Some(0.5),
        weight_decay: Some(0.01),
        weight_decay_on: Some("weights".into()),
        step_decay: Some(StepDecay {
            epochs: vec![1],
            factor: 0.5,
        }),
        clip_norm: Some(1.0),
        augment: Some("pad_crop_flip".into()),
    };
    assert_eq!(header.training, Some(expected));
    assert_eq!(header.learning_rate, 0.2);
    assert_eq!(header.full_batch_limit(0.2), 15.0);
}

#[test]
fn records_state_the_learning_rate_in_force_and_how_often_gradients_were_clipped() {
    let (_, found) = trained(every_option(3));
    let steps: Vec<u64> = found.iter().map(|record| record.step).collect();
    assert_eq!(steps, [0, 1, 4, 8, 12, 16]);
    // An epoch has six steps.
    let rates: Vec<Option<f64>> = found.iter().map(|record| record.learning_rate).collect();
    assert_eq!(rates, [None, None, None, Some(0.1), Some(0.1), Some(0.1)]);
    // Gradients of this network begin at norms of 1 to 3.
    assert_eq!(found[0].clipped_share, None);
    assert_eq!(found[1].clipped_share, Some(1.0));
    for (record, steps) in found[2..].iter().zip([3.0, 4.0, 4.0, 4.0]) {
        let clipped = record.clipped_share.unwrap() * steps;
        assert!((clipped - clipped.round()).abs() < 1e-12 && clipped <= steps);
    }
    let (_, plain) = trained(TrainingConfig::plain(3));
    for record in plain {
        assert_eq!((record.learning_rate, record.clipped_share), (None, None));
    }
}

#[test]
fn the_left_side_of_eq_1_is_that_of_the_rate_in_force_with_momentum() {
    let (header, found) = trained(every_option(3));
    for record in found {
        let eta = header.learning_rate_at(&record);
        let (lambda, s2) = (record.lambda_h.unwrap(), record.curvature_variance.unwrap());
        let expected = growth(eta, 0.5, lambda, s2, 60, 10);
        assert_eq!(record.stability, Some(expected), "step {}", record.step);
        let error = record.curvature_variance_standard_error.unwrap();
        let moved = growth(eta, 0.5, lambda, s2 + error, 60, 10);
        assert_eq!(record.stability_standard_error, Some(moved - expected));
    }
}

#[test]
fn augmentation_changes_steps_and_no_measurement() {
    let (_, plain) = trained(TrainingConfig::plain(3));
    let (_, augmented) = trained(TrainingConfig {
        augment: Augmentation::PadCropFlip,
        ..TrainingConfig::plain(3)
    });
    // The first measurement is before any step: all but what that step does.
    let unstepped = |record: &Record| Record {
        loss_change: None,
        ..record.clone()
    };
    assert_eq!(unstepped(&plain[0]), unstepped(&augmented[0]));
    assert_ne!(plain[0].loss_change, augmented[0].loss_change);
    assert_ne!(plain[5].loss, augmented[5].loss);
}

#[test]
fn kernels_alone_decay_where_convolutions_are_asked_for() {
    let cnn = Architecture::SimpleCnn(CnnShape {
        first: 1,
        second: 1,
        dense: 2,
    });
    let model = cnn.build([1, 28, 28], 10).unwrap();
    for (on, expected) in [
        (Decayed::Convolutions, 4),
        (Decayed::Weights, 6),
        (Decayed::All, 12),
        (Decayed::Named("conv1.*".into()), 2),
    ] {
        let held = model.parameters().iter().filter(|p| on.holds(p)).count();
        assert_eq!(held, expected, "{on}");
    }
}

#[test]
fn texts_are_not_augmented() {
    let mut config = sound();
    config.data.name = "snli-600".into();
    config.data.validation_examples = None;
    config.model = serde_json::from_value(json!({ "name": "lstm" })).unwrap();
    config.training.augment = Augmentation::PadCropFlip;
    let refused = Sweep::prepare(&config, None, DeviceKind::Flex, "test".into());
    assert_eq!(
        refused.map(drop).unwrap_err().to_string(),
        "training.augment crops and mirrors images, which these examples are not: give none"
    );
}
