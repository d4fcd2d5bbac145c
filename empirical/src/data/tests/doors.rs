//! The fuzzers' seeds, and what fuzzers found, through the doors that they go
//! through.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::data::catalog;
use crate::data::doors::{self, Found};

/// Gives a fuzzer's input to the readers that it gives it to.
fn read(fuzzer: &str, bytes: &[u8]) -> Found {
    match fuzzer {
        "annotations" => doors::annotations(bytes),
        "archive" => doors::imdb_archive(bytes),
        "cifar" => doors::cifar(bytes),
        "idx" => {
            let (&length, rest) = bytes.split_first_chunk().unwrap();
            let middle = usize::from(u16::from_be_bytes(length)).min(rest.len());
            let (images, labels) = rest.split_at(middle);
            doors::idx(images, labels)
        }
        "imdb_lines" => doors::imdb_lines(bytes),
        "mnli" => doors::mnli(bytes[0], &bytes[1..]),
        "picture" => doors::picture(bytes),
        "vocabulary" => {
            let middle = bytes.iter().position(|&byte| byte == 0);
            let (pieces, text) = bytes.split_at(middle.unwrap_or(bytes.len()));
            doors::vocabulary(pieces, &String::from_utf8_lossy(text))
        }
        other => panic!("{other} has no door"),
    }
}

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds")
}

#[test]
fn fuzzers_begin_with_what_is_read_whole() {
    // How many examples each has.
    for (fuzzer, found) in [
        ("annotations", &[("three", 3)][..]),
        ("archive", &[("gnu", 2), ("pax", 2), ("plain", 1)]),
        (
            "cifar",
            &[
                ("batch-protocol2", 2),
                ("batch-protocol5", 2),
                ("batch-python2", 2),
                ("binary", 1),
                ("pickle3", 1),
                ("pickle4", 1),
            ],
        ),
        ("idx", &[("packed", 2), ("padded", 2), ("raw", 2)]),
        ("imdb_lines", &[("packed", 2), ("two", 2)]),
        ("mnli", &[("form0", 1), ("form1", 1), ("form2", 1)]),
        (
            "picture",
            &[("jpeg", 1), ("png0", 1), ("png2", 1), ("png6", 1)],
        ),
        ("vocabulary", &[("few", 11), ("long", 11)]),
    ] {
        for &(name, examples) in found {
            let bytes = fs::read(seeds().join(fuzzer).join(name)).unwrap();
            assert_eq!(read(fuzzer, &bytes), Ok(examples), "{fuzzer}, {name}");
        }
    }
}

/// The archive of the seeds has official names with `..`, from the root, and as
/// links and devices.
#[test]
fn an_archive_of_the_fuzzers_writes_nothing() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("folder");
    let cifar = catalog::find("cifar10").unwrap();
    for name in ["gnu", "pax"] {
        let bytes = fs::read(seeds().join("archive").join(name)).unwrap();
        let said = doors::archive(cifar, &bytes, &folder).unwrap_err();
        assert!(said.contains("its data_batch_1.bin has 4 bytes"), "{said}");
        assert!(fs::read_dir(outer.path()).unwrap().next().is_none());
    }
}

/// Seeds, unpacked, with bytes changed, put in, left out and doubled at places
/// that a seed chooses: no reader panics. A fuzzer's poor relation, which needs no
/// nightly compiler. `BREAKEVEN_CHANGES` asks for more of each seed.
#[test]
fn changed_seeds_make_no_reader_panic() {
    let changes = std::env::var("BREAKEVEN_CHANGES");
    let changes: usize = changes.map_or(100, |text| text.parse().unwrap());
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for fuzzer in [
        "annotations",
        "archive",
        "cifar",
        "idx",
        "imdb_lines",
        "mnli",
        "picture",
        "vocabulary",
    ] {
        for seed in fs::read_dir(seeds().join(fuzzer)).unwrap() {
            let seed = unpacked(fs::read(seed.unwrap().path()).unwrap());
            for _ in 0..changes {
                let changed = changed(&seed, &mut rng);
                // What the fuzzers' own inputs begin with stays.
                let _ = read(fuzzer, &[&seed[..2], &changed[..]].concat());
            }
        }
    }
}

fn unpacked(bytes: Vec<u8>) -> Vec<u8> {
    let mut unpacked = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(&bytes[..]);
    match reader.read_to_end(&mut unpacked) {
        Ok(_) => unpacked,
        Err(_) => bytes, // it was not packed
    }
}

/// All of `seed` but its first two bytes, changed in one to four places.
fn changed(seed: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = seed[2..].to_vec();
    for _ in 0..rng.random_range(1..5) {
        let at = rng.random_range(0..bytes.len().max(1));
        match rng.random_range(0..5) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << rng.random_range(0..8),
            1 if !bytes.is_empty() => bytes[at] = rng.random(),
            2 => bytes.insert(at.min(bytes.len()), rng.random()),
            3 => bytes.truncate(at),
            _ => {
                let end = (at + rng.random_range(0..64)).min(bytes.len());
                let part = bytes[at.min(end)..end].to_vec();
                bytes.splice(at.min(end)..at.min(end), part);
            }
        }
    }
    bytes
}
