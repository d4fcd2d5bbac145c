//! The fuzzers' seeds, and what fuzzers found, through the doors that they go
//! through.

use std::fs;
use std::path::{Path, PathBuf};

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
            let (images, labels) = rest.split_at(u16::from_be_bytes(length).into());
            doors::idx(images, labels)
        }
        "imdb_lines" => doors::imdb_lines(bytes),
        "mnli" => doors::mnli(bytes[0], &bytes[1..]),
        "picture" => doors::picture(bytes),
        "vocabulary" => {
            let middle = bytes.iter().position(|&byte| byte == 0).unwrap();
            let (pieces, text) = bytes.split_at(middle);
            doors::vocabulary(pieces, std::str::from_utf8(text).unwrap())
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
