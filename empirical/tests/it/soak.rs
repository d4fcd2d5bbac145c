//! Memory over many products, and over many steps.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use breakeven_empirical::compute::Precision;
use breakeven_empirical::operator::{HessianOp, LinearOperator, PointSettings};

use breakeven_empirical::sweep::SweepEnd;
use tempfile::tempdir;

use crate::config::changed;
use crate::operators::with_point;
use crate::training::{carry_out, prepare, records, run_folder};

const PRODUCTS: usize = 10_000;

/// What an allocator may keep between products beyond what it had, in bytes.
const SLACK: u64 = 4 << 20;

/// Bytes of this process in memory.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    1024 * kilobytes.unwrap().parse::<u64>().unwrap()
}

/// Pieces that are kept and pieces that are computed anew, each time after a tenth of
/// the products: what is allocated once has been by then.
#[test]
#[ignore = "half a minute; only Linux tells its memory"]
fn ten_thousand_products_take_no_more_memory_than_a_thousand() {
    for kept_numbers in [usize::MAX, 0] {
        let settings = PointSettings {
            kept_numbers,
            ..PointSettings::default()
        };
        with_point("simplecnn_tiny", Precision::F32, settings, |_, point| {
            let h = HessianOp(point);
            let mut v = point.gradient().to_vec();
            let mut early = 0;
            for product in 0..PRODUCTS {
                v = h.apply(&v);
                let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
                v.iter_mut().for_each(|x| *x /= length);
                if product == PRODUCTS / 10 {
                    early = resident();
                }
            }
            let late = resident();
            assert!(late < early + SLACK, "{early} bytes, then {late}");
        });
    }
}

const STEPS: u64 = 100_000;

/// A run with momentum, a measurement every hundred steps and predictions, from a
/// tenth of the steps on.
#[test]
#[ignore = "a minute; only Linux tells its memory"]
fn a_hundred_thousand_steps_take_no_more_memory_than_ten_thousand() {
    let config = changed(|config| {
        config.sweep.learning_rates = vec![0.2];
        config.sweep.seeds = vec![7];
        config.training.momentum = 0.5;
        // Of six steps each.
        config.training.epochs = STEPS.div_ceil(6);
        config.measure.every_steps = Some(100);
        config.measure.lambda_k_per_example = true;
        config.measure.prediction_examples = 5;
    });
    let sweep = prepare(&config);
    let folder = tempdir().unwrap();
    let [early, late] = [AtomicU64::new(0), AtomicU64::new(0)];
    let end = carry_out(
        &sweep,
        folder.path(),
        1,
        &AtomicBool::new(false),
        |_, done| match done {
            _ if done == STEPS / 10 => early.store(resident(), Ordering::Relaxed),
            STEPS => late.store(resident(), Ordering::Relaxed),
            _ => {}
        },
    );
    assert_eq!(end.unwrap(), SweepEnd::Over);
    let [early, late] = [early, late].map(AtomicU64::into_inner);
    println!(
        "{early} bytes after {} steps, {late} after {STEPS}",
        STEPS / 10
    );
    let measured = records(&run_folder(folder.path())).len() as u64;
    assert!(measured > STEPS / 100 && early > 0, "{measured} records");
    assert!(late < early + SLACK, "{early} bytes, then {late}");
}
