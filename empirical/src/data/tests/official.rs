//! The official files themselves, which are not part of the repository: the
//! heavy tier, with `BREAKEVEN_DATA` naming a folder that holds
//! `fashion-mnist`, `mnist` and `cifar10`.

use std::fs;
use std::path::Path;

use super::files::{Folder, check, load};
use super::server::{Manner, Server};
use crate::data::EMBEDDED;
use crate::data::catalog::{self, Entry};
use crate::data::fetch::fetch;
use crate::data::search::Search;

fn official(name: &str) -> (&'static Entry, Search) {
    (catalog::find(name).unwrap(), Search::new(None).unwrap())
}

#[test]
#[ignore = "needs the official files, in BREAKEVEN_DATA"]
fn the_official_files_are_read_and_have_their_checksums() {
    for name in ["fashion-mnist", "mnist", "cifar10"] {
        let (entry, search) = official(name);
        let report = check(entry, &search).unwrap();
        assert!(report.is_official(), "{name}: {report:?}");
    }
}

#[test]
#[ignore = "needs the official files, in BREAKEVEN_DATA"]
fn the_classes_of_the_official_sets_are_balanced_as_published() {
    // Fashion-MNIST and CIFAR-10 have as many examples of each class; MNIST's
    // counts are NumPy 2's
    let counts = |name: &str| load(name, None).unwrap().train.class_counts();
    assert_eq!(counts("fashion-mnist"), [6000; 10]);
    assert_eq!(counts("cifar10"), [5000; 10]);
    assert_eq!(
        counts("mnist"),
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    );
}

#[test]
#[ignore = "needs the official files, in BREAKEVEN_DATA"]
fn the_built_in_set_begins_the_official_one() {
    let whole = load("fashion-mnist", None).unwrap();
    let built_in = load(EMBEDDED, None).unwrap();
    assert_eq!(whole.train.first(12_000).unwrap(), built_in.train);
    let validation = whole.validation.unwrap().first(2_000).unwrap();
    assert_eq!(Some(validation), built_in.validation);
}

#[test]
#[ignore = "needs the official files, in BREAKEVEN_DATA"]
fn official_files_are_fetched_from_a_mirror() {
    for name in ["fashion-mnist", "mnist"] {
        let (entry, search) = official(name);
        let from = search.folder_of(entry).unwrap();
        let names: Vec<_> = entry
            .files
            .iter()
            .map(|f| format!("{}.gz", f.name))
            .collect();
        let names = names.iter().map(String::as_str);
        let files: Vec<_> = names
            .map(|name| (name, fs::read(from.join(name)).unwrap()))
            .collect();
        fetched_whole(name, &Server::start(Manner::Ranges, &files));
    }
}

#[test]
#[ignore = "needs the official files, in BREAKEVEN_DATA"]
fn an_official_archive_is_fetched_from_a_mirror() {
    let (entry, search) = official("cifar10");
    let packed = pack(&search.folder_of(entry).unwrap());
    let server = Server::start(Manner::Ranges, &[("cifar-10-binary.tar.gz", packed)]);
    fetched_whole("cifar10", &server);
}

/// An archive of the folder of batches, as the official one is laid out.
fn pack(batches: &Path) -> Vec<u8> {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(encoder);
    builder
        .append_dir_all("cifar-10-batches-bin", batches)
        .unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

fn fetched_whole(name: &str, server: &Server) {
    let folder = Folder::of(name);
    let target = folder.search().download_folder(folder.entry).unwrap();
    fetch(folder.entry, &target, Some(&server.address), &mut |_| ()).unwrap();
    let report = check(folder.entry, &folder.search()).unwrap();
    assert!(report.is_official(), "{report:?}");
}
