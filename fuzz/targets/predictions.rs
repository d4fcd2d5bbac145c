//! A line of predictions, which is read back as it was written.
#![no_main]

use breakeven_sim::record::Predictions;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(read) = Predictions::from_line(bytes) else {
        return;
    };
    let line = read.value.to_line().expect("what was read can be written");
    let again = Predictions::from_line(line.as_bytes()).expect("what was written can be read");
    assert_eq!(again.value, read.value);
});
