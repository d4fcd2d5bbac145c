use std::path::Path;

use super::files::{Folder, check, images, labels, load, record};
use crate::data::check::Verdict;
use crate::data::{DataError, EMBEDDED};

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let error = load("imagenette", None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no data set is called `imagenette`; there are `fashion-mnist-12k`, `fashion-mnist`, \
         `mnist`, `cifar10`, `snli-600`, `imdb`, `mnli`, `tiny-imagenet`, `imagenet`"
    );
}

#[test]
fn a_data_folder_that_is_not_there_is_named() {
    let error = load("mnist", Some(Path::new("/no/such/folder"))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the data folder /no/such/folder does not exist; create it, or name another with --data-dir; \
         it has to hold `train-images-idx3-ubyte` or `train-images.idx3-ubyte`, \
         `train-labels-idx1-ubyte` or `train-labels.idx1-ubyte`, each with or without `.gz`"
    );
}

#[test]
fn every_place_is_listed_where_nothing_was_found() {
    assert_eq!(
        Folder::of("mnist").message(),
        "the training files of `mnist` were not found; looked in DIR/mnist, DIR, \
         DIR/mnist/MNIST/raw, DIR/mnist/raw, DIR/MNIST/raw, DIR/raw for \
         `train-images-idx3-ubyte` or `train-images.idx3-ubyte`, `train-labels-idx1-ubyte` or `train-labels.idx1-ubyte`, each \
         with or without `.gz`; \
         `breakeven data fetch mnist` gets the official files"
    );
    assert_eq!(
        Folder::of("cifar10").message(),
        "the training files of `cifar10` were not found; looked in DIR/cifar10, DIR, \
         DIR/cifar10/cifar-10-batches-bin, DIR/cifar10/cifar-10-batches-py, \
         DIR/cifar-10-batches-bin, DIR/cifar-10-batches-py for \
         `data_batch_1.bin` or `data_batch_1`, `data_batch_2.bin` or `data_batch_2`, \
         `data_batch_3.bin` or `data_batch_3`, `data_batch_4.bin` or `data_batch_4`, \
         `data_batch_5.bin` or `data_batch_5`, each with or without `.gz`; \
         `breakeven data fetch cifar10` gets the official files"
    );
}

#[test]
fn test_files_alone_are_not_a_data_set() {
    let folder = Folder::of("cifar10").with("test_batch.bin", &record(1, 1));
    assert!(matches!(folder.load(), Err(DataError::NotFound { .. })));
}

#[test]
fn the_folder_with_the_name_goes_before_the_folder_itself() {
    let folder = Folder::of("cifar10")
        .with("data_batch_1.bin", &record(1, 1))
        .with("cifar10/data_batch_1.bin", &record(2, 1));
    assert_eq!(folder.load().unwrap().train.labels(), [2]);
}

#[test]
fn the_built_in_data_need_no_folder() {
    let folder = Folder::of(EMBEDDED);
    assert_eq!(folder.load().unwrap().train.len(), 12_000);
}

#[test]
fn a_check_tells_own_data_from_official_data() {
    let folder = Folder::of("fashion-mnist")
        .with("train-images-idx3-ubyte", &images(2, 1, 1, &[5, 6]))
        .with("train-labels-idx1-ubyte", &labels(2, &[3, 3]));
    let report = check(folder.entry, &folder.search()).unwrap();
    assert!(report.files.iter().all(|f| f.verdict == Verdict::Own));
    assert_eq!(report.files[1].bytes, 10);
    assert_eq!(
        report.missing,
        ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
    );
    assert!(!report.is_official());
    assert_eq!(report.parts.len(), 1);
    assert_eq!(report.parts[0].class_counts, [0, 0, 0, 2, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn a_check_names_a_file_with_a_wrong_checksum() {
    let folder = Folder::of("mnist")
        .with(
            "train-images-idx3-ubyte",
            &images(60_000, 28, 28, &vec![0; 47_040_000]),
        )
        .with("train-labels-idx1-ubyte", &labels(60_000, &[0; 60_000]));
    let error = check(folder.entry, &folder.search()).unwrap_err();
    let message = folder.shown(&error);
    // the sum of 0x00000803, 60000, 28, 28 and 47,040,000 zeros, by Python's hashlib
    let sum = "ba2048faa0242d852ccfba31d5efa227046ebcc173e3a4951fb9c906fb61ebdb";
    assert_eq!(
        message,
        format!(
            "DIR/train-images-idx3-ubyte: its SHA-256 is {sum}, expected \
             ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db, \
             the official file's; `breakeven data fetch mnist` gets the official files"
        )
    );
}

#[test]
fn a_check_refuses_a_batch_of_another_length() {
    let folder = Folder::of("cifar10").with("data_batch_1.bin", &record(1, 1));
    let error = check(folder.entry, &folder.search()).unwrap_err();
    assert_eq!(
        folder.shown(&error),
        "DIR/data_batch_1.bin: truncated: ends after 3073 bytes, expected 30730000; \
         `breakeven data fetch cifar10` gets the official files"
    );
}

#[test]
fn the_folders_that_torchvision_makes_are_searched() {
    let pair = |name, folder: &str, label| {
        Folder::of(name)
            .with(
                &format!("{folder}/train-images-idx3-ubyte"),
                &images(1, 1, 1, &[5]),
            )
            .with(
                &format!("{folder}/train-labels-idx1-ubyte.gz"),
                &labels(1, &[label]),
            )
    };
    for (name, folder) in [
        ("mnist", "MNIST/raw"),
        ("fashion-mnist", "FashionMNIST/raw"),
        ("mnist", "raw"),
        ("fashion-mnist", "fashion-mnist/FashionMNIST/raw"),
    ] {
        let set = pair(name, folder, 7).load().unwrap();
        assert_eq!(set.train.labels(), [7], "{folder}");
    }
    let error = pair("mnist", "FashionMNIST/raw", 7).load().unwrap_err();
    assert!(matches!(error, DataError::NotFound { .. }));
}

#[test]
fn idx_files_with_a_dot_in_their_names_are_found() {
    let folder = Folder::of("mnist")
        .with("train-images.idx3-ubyte", &images(1, 1, 1, &[5]))
        .with("train-labels.idx1-ubyte.gz", &labels(1, &[7]))
        .with("t10k-images.idx3-ubyte", &images(1, 1, 1, &[6]))
        .with("t10k-labels-idx1-ubyte", &labels(1, &[8]));
    let set = folder.load().unwrap();
    assert_eq!(set.train.labels(), [7]);
    assert_eq!(set.validation.unwrap().labels(), [8]);
}
