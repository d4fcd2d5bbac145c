//! The same numbers on a graphics card, or on a software Vulkan.

use breakeven_empirical::compute::{DeviceKind, Precision};
use breakeven_empirical::operator::PointSettings;
use breakeven_empirical::sweep::Sweep;

use crate::config::sound;
use crate::operators::check_reference;
use crate::reference::Reference;
use crate::tolerance;
use crate::training::{finish, records};

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
    let config = sound();
    let first = |kind| {
        let folder = tempfile::tempdir().unwrap();
        let sweep = Sweep::prepare(&config, None, kind, "test".into()).unwrap();
        finish(&sweep, folder.path());
        let runs = ["lr0.05-bs10-seed0", "lr0.2-bs10-seed1"];
        runs.map(|run| {
            let folder = folder.path().join("runs").join(run);
            assert!(folder.join("outcome.json").exists());
            let records = records(&folder);
            assert_eq!(records.len(), 6);
            records[0].clone()
        })
    };
    let (cpu, card) = (first(DeviceKind::Flex), first(DeviceKind::Wgpu));
    for (cpu, card) in cpu.iter().zip(&card) {
        assert_eq!(cpu.training_accuracy, card.training_accuracy);
        for (what, cpu, card, tolerance) in [
            ("loss", cpu.loss, card.loss, tolerance::F32),
            (
                "lambda_h",
                cpu.lambda_h,
                card.lambda_h,
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
            let error = (cpu - card).abs() / cpu.abs();
            assert!(error <= tolerance, "{what}: {cpu} and {card}, {error:.1e}");
        }
    }
}
