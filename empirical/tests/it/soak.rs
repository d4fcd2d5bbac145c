//! Memory over many products.

use std::fs;

use breakeven_empirical::compute::Precision;
use breakeven_empirical::operator::{HessianOp, LinearOperator, PointSettings};

use crate::operators::with_point;

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
