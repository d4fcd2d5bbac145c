//! MNLI's pairs as JSON lines of two forms and as a table: the first byte says
//! which.
#![no_main]

use breakeven_empirical::data::doors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some((&form, lines)) = bytes.split_first() {
        let _ = doors::mnli(form, lines);
    }
});
