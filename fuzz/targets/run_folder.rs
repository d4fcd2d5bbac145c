//! The files of a run: header, outcome and records, parted by a byte that is in
//! no JSON.
#![no_main]

use breakeven_verify::input::run_folder::in_bytes;
use libfuzzer_sys::fuzz_target;

/// ASCII's record separator.
const PARTS: u8 = 0x1e;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |&byte| byte == PARTS);
    let mut next = || parts.next().unwrap_or_default();
    let [header, outcome, records] = [next(), next(), next()];
    let _ = in_bytes(header, outcome, records);
});
