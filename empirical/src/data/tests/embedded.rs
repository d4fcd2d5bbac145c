//! The built-in data against facts that NumPy 2 took from the official files
//! (`empirical/fixtures/fashion-mnist-12k/subset.py` checks those by their published
//! MD5 sums).

use super::files::{check, load};
use crate::data::catalog::{self, Part};
use crate::data::check::Verdict;
use crate::data::search::Search;
use crate::data::{EMBEDDED, Source};

fn pixel_sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|&pixel| u64::from(pixel)).sum()
}

#[test]
fn the_built_in_examples_are_the_first_official_ones() {
    let set = load(EMBEDDED, None).unwrap();
    assert_eq!(set.source, Source::Embedded);
    let train = &set.train;
    assert_eq!(
        (train.len(), train.shape(), train.classes()),
        (12_000, [1, 28, 28], 10)
    );
    assert_eq!(
        train.labels()[..16],
        [9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9]
    );
    assert_eq!(pixel_sum(train.image(0)), 76_247);
    assert_eq!(pixel_sum(train.image(11_999)), 68_378);
    assert_eq!(pixel_sum(train.bytes()), 686_484_334);
    assert_eq!(
        train.class_counts(),
        [1122, 1220, 1201, 1212, 1181, 1204, 1244, 1192, 1195, 1229]
    );
    let test = set.validation.unwrap();
    assert_eq!((test.len(), test.shape()), (2_000, [1, 28, 28]));
    assert_eq!(
        test.labels()[..16],
        [9, 2, 1, 1, 6, 1, 4, 6, 5, 7, 4, 5, 7, 3, 4, 1]
    );
    assert_eq!(pixel_sum(test.image(0)), 33_456);
    assert_eq!(pixel_sum(test.bytes()), 114_763_281);
    assert_eq!(
        test.class_counts(),
        [200, 203, 214, 190, 219, 195, 197, 200, 194, 188]
    );
}

#[test]
fn the_built_in_files_have_their_checksums() {
    let entry = catalog::find(EMBEDDED).unwrap();
    let report = check(entry, &Search::only("nowhere".into())).unwrap();
    assert_eq!(report.source, "built in");
    assert_eq!(report.files.len(), 4);
    assert!(report.files.iter().all(|f| f.verdict == Verdict::Official));
    assert!(report.is_official());
}

#[test]
fn the_catalog_counts_examples_of_both_parts() {
    let count = |name: &str, part| catalog::find(name).unwrap().examples(part);
    assert_eq!(count(EMBEDDED, Part::Train), 12_000);
    assert_eq!(count(EMBEDDED, Part::Validation), 2_000);
    assert_eq!(count("mnist", Part::Train), 60_000);
    assert_eq!(count("fashion-mnist", Part::Validation), 10_000);
    assert_eq!(count("cifar10", Part::Train), 50_000);
    assert_eq!(count("cifar10", Part::Validation), 10_000);
}

#[test]
fn checksums_are_64_hexadecimal_digits() {
    for file in catalog::all().iter().flat_map(|entry| entry.files) {
        assert_eq!(file.sha256.len(), 64, "{}", file.name);
        let digits = file.sha256.bytes();
        assert!(
            digits
                .into_iter()
                .all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f'))
        );
    }
}
