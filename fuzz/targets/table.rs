//! A table of runs for `verify`, raw or gzipped.
#![no_main]

use std::path::Path;

use breakeven_verify::{VerifySettings, parse_table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let sweep = parse_table(Path::new("table.csv"), bytes, VerifySettings::default());
    if let Ok(sweep) = sweep {
        assert!(!sweep.runs.is_empty());
        for run in &sweep.runs {
            assert!(run.summary.learning_rate.is_finite() && run.summary.batch_size > 0);
        }
    }
});
