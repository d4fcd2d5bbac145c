//! A JPEG or PNG file.
#![no_main]

use breakeven_empirical::data::doors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = doors::picture(bytes);
});
