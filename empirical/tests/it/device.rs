//! The same numbers on a graphics card, or on a software Vulkan.

use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::config::{BatchNormMode, DataConfig, SweepConfig, TrainingConfig};
use breakeven_empirical::layers::Activation;
use breakeven_empirical::model::{Architecture, BertShape, CnnShape, Shortcut};
use breakeven_empirical::operator::PointSettings;
use breakeven_empirical::sweep::{Shard, Sweep};
use breakeven_sim::record::Record;

use crate::config::sound;
use crate::operators::check_reference;
use crate::reference::Reference;
use crate::tolerance;
use crate::training::{finish, records};

/// The device that tests of wgpu are on.
pub fn wgpu() -> Compute {
    Compute::new(DeviceKind::Wgpu, Precision::F32).unwrap()
}

#[test]
#[ignore = "needs a Vulkan device"]
fn products_on_wgpu_match_pytorch() {
    for case in ["mlp_tiny", "mlp", "simplecnn_tiny"] {
        let reference = Reference::load_on(case, DeviceKind::Wgpu, Precision::F32);
        check_reference(&reference, PointSettings::default());
    }
}

/// The first record of each run, before rounding has parted their ways, and
/// that all runs come to their end.
#[test]
#[ignore = "needs a Vulkan device"]
fn a_sweep_on_wgpu_starts_as_on_the_cpu() {
    let all = starts_as_on_the_cpu(&sound());
    assert_eq!(all, [6; 4]);
}

/// Two steps and a measurement of every network.
macro_rules! every_network {
    ($($name:ident: $data:expr, $batch_norm:ident, $model:expr;)*) => {
        mod on_wgpu {
            use super::*;

            $(#[test]
            #[ignore = "needs a Vulkan device"]
            fn $name() {
                let config = short($data, BatchNormMode::$batch_norm, $model);
                assert_eq!(starts_as_on_the_cpu(&config), [1]);
            })*
        }
    };
}

const IMAGES: &str = "fashion-mnist-12k";
const TEXTS: &str = "snli-600";
const CNN: CnnShape = CnnShape {
    first: 2,
    second: 3,
    dense: 4,
};

fn resnet(shortcut: Shortcut) -> Architecture {
    Architecture::Resnet {
        blocks: 1,
        width: 2,
        shortcut,
    }
}

fn densenet() -> Architecture {
    Architecture::Densenet {
        growth: 2,
        blocks: vec![2, 2],
        first: 4,
    }
}

fn bert() -> Architecture {
    Architecture::Bert(BertShape {
        hidden_size: 8,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 6,
        max_position_embeddings: 40,
        type_vocab_size: 2,
        hidden_act: Activation::Gelu,
        layer_norm_eps: 1e-12,
        vocab_size: None,
        pretrained: None,
    })
}

fn lstm() -> Architecture {
    Architecture::Lstm {
        embedding: 3,
        hidden: 4,
    }
}

/// One run of two steps that is measured before the first.
fn short(data: &str, batch_norm: BatchNormMode, model: Architecture) -> SweepConfig {
    let mut config = sound();
    config.data = DataConfig {
        train_examples: Some(8),
        validation_examples: Some(1),
        length: (data != IMAGES).then_some(8),
        ..DataConfig::of(data.into())
    };
    config.model = model;
    config.training = TrainingConfig::plain(1);
    config.sweep.learning_rates = vec![0.05];
    config.sweep.batch_sizes = vec![4];
    config.sweep.seeds = vec![0];
    config.measure.every_steps = Some(4);
    config.measure.early_until_step = 0;
    config.measure.hessian_examples = Some(4);
    config.measure.covariance_batches = 2;
    config.measure.eigenvalue_tolerance = 0.1;
    config.measure.batch_norm = batch_norm;
    config
}

/// Carries all runs out on both devices and compares their first records;
/// gives the number of records of each.
fn starts_as_on_the_cpu(config: &SweepConfig) -> Vec<usize> {
    let all = |kind: DeviceKind| -> Vec<Vec<Record>> {
        let folder = tempfile::tempdir().unwrap();
        let sweep = Sweep::prepare(config, None, kind, "test".into()).unwrap();
        finish(&sweep, folder.path());
        let runs = sweep.runs(Shard::WHOLE);
        let folders = runs
            .iter()
            .map(|run| folder.path().join("runs").join(run.name()));
        folders
            .map(|folder| {
                assert!(folder.join("outcome.json").exists());
                records(&folder)
            })
            .collect()
    };
    let (cpu, card) = (all(DeviceKind::Flex), all(DeviceKind::Wgpu));
    for (cpu, card) in cpu.iter().zip(&card) {
        assert_eq!(cpu.len(), card.len());
        assert_same(&cpu[0], &card[0]);
    }
    card.iter().map(Vec::len).collect()
}

fn assert_same(cpu: &Record, card: &Record) {
    assert_eq!(cpu.training_accuracy, card.training_accuracy);
    let loss = cpu.loss.unwrap();
    for (what, cpu, card, tolerance) in [
        ("loss", cpu.loss, card.loss, tolerance::F32),
        (
            "lambda_h",
            cpu.lambda_h,
            card.lambda_h,
            tolerance::F32_KINKS,
        ),
        (
            "lambda_k",
            cpu.lambda_k,
            card.lambda_k,
            tolerance::F32_KINKS,
        ),
        (
            "trace_k",
            cpu.trace_k,
            card.trace_k,
            tolerance::F32_CANCELLING,
        ),
        (
            "loss_change",
            cpu.loss_change,
            card.loss_change,
            tolerance::F32_DIFFERENCES,
        ),
    ] {
        let (cpu, card) = (cpu.unwrap(), card.unwrap());
        // Of a difference of losses, relative to these.
        let scale = if what == "loss_change" {
            loss
        } else {
            cpu.abs()
        };
        let error = (cpu - card).abs() / scale;
        assert!(error <= tolerance, "{what}: {cpu} and {card}, {error:.1e}");
    }
}

every_network! {
    simple_cnn: IMAGES, Batch, Architecture::SimpleCnn(CNN);
    simple_cnn_bn: IMAGES, Batch, Architecture::SimpleCnnBn(CNN);
    simple_cnn_bn_running: IMAGES, Running, Architecture::SimpleCnnBn(CNN);
    resnet_a: IMAGES, Batch, resnet(Shortcut::A);
    resnet_b_running: IMAGES, Running, resnet(Shortcut::B);
    densenet: IMAGES, Batch, super::densenet();
    densenet_running: IMAGES, Running, super::densenet();
    lstm: TEXTS, Batch, super::lstm();
    bert: TEXTS, Batch, super::bert();
}
