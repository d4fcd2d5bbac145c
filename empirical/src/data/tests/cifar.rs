//! CIFAR-10's batches, binary and pickled.

use super::files::{Folder, check, gzip, record};
use super::readers::real;
use breakeven_sim::record::seal::sha256;

use crate::data::Needed;
use crate::data::check::Verdict;

#[test]
fn batches_that_are_there_are_joined_in_order() {
    let folder = Folder::of("cifar10")
        .with("cifar-10-batches-bin/data_batch_3.bin", &record(1, 30))
        .with(
            "cifar-10-batches-bin/data_batch_1.bin",
            &[record(9, 10), record(0, 20)].concat(),
        );
    let set = folder.load().unwrap();
    assert_eq!(set.train.labels(), [9, 0, 1]);
    assert_eq!(set.train.shape(), [3, 32, 32]);
    assert_eq!(set.train.image(1), &record(0, 20)[1..]);
    assert_eq!(set.train.image(2), &record(1, 30)[1..]);
    assert!(set.validation.is_none());
}

#[test]
fn batches_beyond_what_is_needed_are_not_read() {
    let folder = Folder::of("cifar10")
        .with("data_batch_1.bin", &[record(9, 1), record(8, 2)].concat())
        .with("data_batch_2.bin", &record(7, 3))
        .with("data_batch_3.bin", b"no batch")
        .with("test_batch.bin", b"no batch");
    for (train, labels) in [
        (0, &[9, 8][..]),
        (1, &[9, 8]),
        (2, &[9, 8]),
        (3, &[9, 8, 7]),
    ] {
        let needed = Needed {
            train: Some(train),
            validation: Some(0),
        };
        let set = folder.load_first(needed).unwrap();
        assert_eq!(set.train.labels(), labels, "{train}");
        assert!(set.validation.is_none());
    }
    assert!(folder.message().contains("data_batch_3.bin"));
}

#[test]
fn batches_may_lie_in_the_folder_itself() {
    let folder = Folder::of("cifar10")
        .with("data_batch_2.bin", &record(1, 0))
        .with("test_batch.bin", &record(8, 1));
    let set = folder.load().unwrap();
    assert_eq!(set.train.labels(), [1]);
    assert_eq!(set.validation.unwrap().labels(), [8]);
}

#[test]
fn every_fault_of_a_batch_is_named() {
    let cut = record(1, 0)[..3000].to_vec();
    let cases = [
        (vec![], "holds no images, expected at least 1"),
        (
            [record(1, 0), cut].concat(),
            "is 6073 bytes long, expected a multiple of 3073, one record an image",
        ),
        (
            [record(1, 0), record(77, 0)].concat(),
            "example 1 has the label 77, expected 0 to 9",
        ),
    ];
    for (content, problem) in cases {
        let folder = Folder::of("cifar10")
            .with("data_batch_1.bin", &record(3, 3))
            .with("data_batch_2.bin", &content);
        let remedy = "`breakeven data fetch cifar10` gets the official files";
        assert_eq!(
            folder.message(),
            format!("DIR/data_batch_2.bin: {problem}; {remedy}")
        );
    }
}

#[test]
fn batches_of_cifars_python_version_are_read_whatever_wrote_them() {
    let expected: Vec<u8> = (0..2 * 3072_u32).map(|k| (k * 37 % 251) as u8).collect();
    for name in [
        "batch-python2",
        "batch-protocol2",
        "batch-protocol4",
        "batch-protocol5",
        "batch-text-keys",
    ] {
        let folder = Folder::of("cifar10")
            .with("cifar-10-batches-py/data_batch_1", &real(name))
            .with("cifar-10-batches-py/test_batch", &gzip(&real(name)));
        let set = folder.load().unwrap();
        assert_eq!(set.train.labels(), [6, 9], "{name}");
        assert_eq!(set.train.shape(), [3, 32, 32]);
        assert!(set.train.bytes() == expected, "{name}");
        assert_eq!(set.validation.unwrap().labels(), [6, 9], "{name}");
    }
}

#[test]
fn pickled_and_binary_batches_are_joined_and_checked_alike() {
    let pixels: Vec<u8> = (0..2 * 3072_u32).map(|k| (k * 37 % 251) as u8).collect();
    let binary = [&[6], &pixels[..3072], &[9], &pixels[3072..]].concat();
    let folder = Folder::of("cifar10")
        .with("data_batch_1.bin", &record(1, 1))
        .with("data_batch_2", &real("batch-python2"));
    assert_eq!(folder.load().unwrap().train.labels(), [1, 6, 9]);
    let folder = Folder::of("cifar10").with("data_batch_2", &real("batch-python2"));
    let report = check(folder.entry, &folder.search()).unwrap();
    let file = &report.files[0];
    assert_eq!((file.bytes, file.verdict), (6146, Verdict::Own));
    assert_eq!(file.sha256, sha256(&binary));
}

#[test]
fn every_cut_and_changed_pickle_is_refused_or_read_whole() {
    let whole = real("batch-protocol4");
    let read = |bytes: &[u8]| {
        let folder = Folder::of("cifar10").with("data_batch_1", bytes);
        folder.load().map_err(|error| folder.shown(&error))
    };
    for length in (1..whole.len()).step_by(61) {
        let said = read(&whole[..length]).unwrap_err();
        assert!(
            said.starts_with("DIR/data_batch_1: is no batch of CIFAR-10's Python version ("),
            "{said}"
        );
    }
    // Opcodes and lengths that are not what they were: no panic, no other size.
    for bit in (8..8 * 300).chain(8 * (whole.len() - 200)..8 * whole.len()) {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(set) = read(&flipped) {
            assert_eq!(set.train.len(), 2, "bit {bit}");
        }
    }
}

/// A byte is a tuple around what there is, or a mark: a million of them are a
/// tower that takes a million calls to pull down, or four gigabytes of stacks.
#[test]
fn towers_of_tuples_and_marks_are_refused() {
    let head = &real("batch-protocol2")[..2];
    for (below, story) in [(&b"]"[..], b'\x85'), (b"", b'('), (b"K\x01", b'\x85')] {
        let tower = [head, below, &vec![story; 1_000_000], b"."].concat();
        let said = Folder::of("cifar10").with("data_batch_1", &tower).message();
        assert!(said.contains("it holds values within values"), "{said}");
    }
    // What looks like one within a text is none.
    let text = [head, b"X\xff\xff\0\0", &[b'('; 0xffff], b"."].concat();
    let said = Folder::of("cifar10").with("data_batch_1", &text).message();
    assert!(said.contains("invalid type: string"), "{said}");
}

/// A pair of a value and its copy is twice as large, thirty times over; a saved value
/// that is saved again, or handed to a function, is copied too.
#[test]
fn pickles_that_copy_values_are_refused() {
    let head = &real("batch-protocol2")[..2];
    let text = [b"X\xff\xff\0\0", &[b'a'; 0xffff][..]].concat();
    let called = b"cbuiltins\nbytearray\nh\0\x85R".repeat(300);
    let laughter: [&[u8]; 5] = [
        &b"]2\x86".repeat(30),
        &[&text, &b"q\0q\x01"[..]].concat(),
        &[&text, &b"q\0N0q\x01"[..]].concat(),
        &b"]q\0K\x01aq\x01"[..],
        &[text.repeat(200), b"q\0".to_vec(), called].concat(),
    ];
    for (case, story) in laughter.into_iter().enumerate() {
        let pickle = [head, story, b"."].concat();
        let said = Folder::of("cifar10")
            .with("data_batch_1", &pickle)
            .message();
        assert!(said.contains("it copies values"), "{case}: {said}");
    }
    let again = [head, b"Nq\0", &b"h\0".repeat(1_001), b"."].concat();
    let said = Folder::of("cifar10").with("data_batch_1", &again).message();
    assert!(said.contains("it holds values within values"), "{said}");
}

#[test]
fn pickles_of_something_else_are_refused_with_what_was_expected() {
    // Python 3.11: pickle.dumps of each.
    let cases: [(&[u8], &str); 4] = [
        (b"\x80\x04]\x94.", "invalid length 0"),
        (
            b"\x80\x04}\x94\x8c\x06labels\x94]\x94s.",
            "missing field `data`",
        ),
        (
            b"\x80\x04}\x94\x8c\x04mean\x94K\x01s.",
            "unknown field `mean`",
        ),
        (
            // os.system("false") as an object's __reduce__: nothing is called.
            b"\x80\x04cposix\nsystem\n\x8c\x05false\x85R.",
            "invalid type: string \"false\", expected a NumPy array",
        ),
    ];
    for (bytes, part) in cases {
        let said = Folder::of("cifar10").with("data_batch_1", bytes).message();
        assert!(said.contains(part), "{part}: {said}");
        assert!(said.contains("expected a pickled dict of `data`, bytes of shape [n, 3072]"));
    }
}
