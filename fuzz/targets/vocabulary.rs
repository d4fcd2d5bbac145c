//! A vocabulary of word pieces and, after a zero, a text that it encodes.
#![no_main]

use breakeven_empirical::data::doors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let middle = bytes.iter().position(|&byte| byte == 0);
    let (pieces, text) = bytes.split_at(middle.unwrap_or(bytes.len()));
    let _ = doors::vocabulary(pieces, &String::from_utf8_lossy(text));
});
