//! A pair of IDX files, raw or gzipped: two bytes say how long the first is.
#![no_main]

use breakeven_empirical::data::doors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&length, rest)) = bytes.split_first_chunk() else {
        return;
    };
    let middle = usize::from(u16::from_be_bytes(length)).min(rest.len());
    let (images, labels) = rest.split_at(middle);
    let _ = doors::idx(images, labels);
});
