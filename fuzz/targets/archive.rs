//! Tar archives, raw or gzipped: IMDB's, which is read as it is, and CIFAR-10's,
//! of which files are unpacked.
//!
//! Headers have checksums, which a change would break: those of plain archives
//! are made right before.
#![no_main]

use std::path::Path;

use breakeven_empirical::data::{catalog, doors};
use libfuzzer_sys::fuzz_target;

const BLOCK: usize = 512;
const CHECKSUM: std::ops::Range<usize> = 148..156;
const MAGIC: std::ops::Range<usize> = 257..262;

fuzz_target!(|bytes: &[u8]| {
    let mut archive = bytes.to_vec();
    for block in archive.chunks_exact_mut(BLOCK) {
        if &block[MAGIC] == b"ustar" {
            block[CHECKSUM].fill(b' ');
            let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
            block[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    let _ = doors::imdb_archive(&archive);
    let cifar = catalog::find("cifar10").expect("the catalog has it");
    // None of the official files has so few bytes that it could be written.
    let nowhere = Path::new("/nowhere");
    assert!(doors::archive(cifar, &archive, nowhere).is_err());
    assert!(!nowhere.exists());
});
