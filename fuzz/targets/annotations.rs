//! The lines that name the classes of Tiny ImageNet's validation pictures.
#![no_main]

use breakeven_empirical::data::doors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = doors::annotations(bytes);
});
