//! The built-in data set: files of `fixtures/`, part of the program.

use std::path::PathBuf;

use super::catalog::{self, EMBEDDED};
use super::files::Present;

macro_rules! fixture {
    ($file:literal) => {
        include_bytes!(concat!("../../fixtures/fashion-mnist-12k/", $file))
    };
}

/// In the order of the catalog.
static CONTENT: [&[u8]; 4] = [
    fixture!("train-images-idx3-ubyte.gz"),
    fixture!("train-labels-idx1-ubyte.gz"),
    fixture!("t10k-images-idx3-ubyte.gz"),
    fixture!("t10k-labels-idx1-ubyte.gz"),
];

/// The built-in files, with their names in place of paths.
pub(super) fn files() -> Vec<Present> {
    let entry = catalog::all().iter().find(|entry| entry.name == EMBEDDED);
    let official = entry.map_or(&[][..], |entry| entry.files);
    let named = official.iter().zip(CONTENT);
    named
        .map(|(official, content)| Present {
            official,
            path: PathBuf::from(format!("built-in {}", official.name)),
            embedded: Some(content),
        })
        .collect()
}
