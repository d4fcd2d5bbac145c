use std::fs;

use super::files::{Folder, gzip, images, labels, load};

use crate::data::{Images, ImagesError, Source};

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// Two images of 2×3 pixels.
const PIXELS: [u8; 12] = [0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6];

fn pair() -> Folder {
    Folder::of("fashion-mnist")
        .with(TRAIN_IMAGES, &images(2, 2, 3, &PIXELS))
        .with(TRAIN_LABELS, &labels(2, &[7, 0]))
}

#[test]
fn a_training_pair_alone_is_enough() {
    let folder = pair();
    let set = folder.load().unwrap();
    assert_eq!(set.name, "fashion-mnist");
    assert_eq!(set.source, Source::Folder(folder.root().to_owned()));
    assert_eq!(set.train.len(), 2);
    assert_eq!(set.train.shape(), [1, 2, 3]);
    assert_eq!(set.train.labels(), [7, 0]);
    assert_eq!(set.train.bytes(), PIXELS);
    assert_eq!(set.train.image(1), [1, 2, 3, 4, 5, 6]);
    assert!(set.validation.is_none());
}

#[test]
fn pixels_are_scaled_by_255_to_the_unit_interval() {
    let train = pair().load().unwrap().train;
    let expected = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]; // k · 51 / 255 = k / 5
    assert_eq!(train.scaled(0..1), expected);
    let second: Vec<_> = (1..=6).map(|k| k as f32 / 255.0).collect();
    assert_eq!(train.scaled_at(&[1, 0]), [&second[..], &expected].concat());
    assert_eq!(train.labels_at(&[1, 0]), [0, 7]);
}

#[test]
fn compression_is_seen_by_content_whatever_the_name_says() {
    let folder = Folder::of("mnist")
        .with(
            "mnist/train-images-idx3-ubyte.gz",
            &images(2, 2, 3, &PIXELS),
        )
        .with("mnist/train-labels-idx1-ubyte", &gzip(&labels(2, &[7, 0])))
        .with(
            "mnist/t10k-images-idx3-ubyte.gz",
            &gzip(&images(1, 2, 3, &[9; 6])),
        )
        .with("mnist/t10k-labels-idx1-ubyte.gz", &gzip(&labels(1, &[4])));
    let set = folder.load().unwrap();
    assert_eq!(set.train.bytes(), PIXELS);
    let validation = set.validation.unwrap();
    assert_eq!(validation.bytes(), [9; 6]);
    assert_eq!(validation.labels(), [4]);
}

#[test]
fn the_data_folder_that_is_named_is_searched_first() {
    let folder = pair();
    let set = load("fashion-mnist", Some(folder.root())).unwrap();
    assert_eq!(set.train.labels(), [7, 0]);
}

#[test]
fn every_fault_of_an_idx_file_is_named() {
    let good_images = images(2, 2, 3, &PIXELS);
    let good_labels = labels(2, &[7, 0]);
    let mut flipped = gzip(&good_labels);
    let middle = flipped.len() - 6; // in the stored CRC-32
    flipped[middle] ^= 1;
    let cases: [(&str, Vec<u8>, &str); 16] = [
        (
            TRAIN_IMAGES,
            vec![],
            "truncated: ends after 0 bytes, expected 4",
        ),
        (
            TRAIN_IMAGES,
            vec![0, 0, 8],
            "truncated: ends after 3 bytes, expected 4",
        ),
        (
            TRAIN_IMAGES,
            good_labels.clone(),
            "starts with 0x00000801, expected 0x00000803 (images: bytes in 3 dimensions)",
        ),
        (
            TRAIN_LABELS,
            good_images.clone(),
            "starts with 0x00000803, expected 0x00000801 (labels: bytes in 1 dimension)",
        ),
        (
            TRAIN_IMAGES,
            good_images[..10].to_vec(),
            "truncated: ends after 10 bytes, expected 12",
        ),
        (
            TRAIN_IMAGES,
            good_images[..20].to_vec(),
            "truncated: ends after 20 bytes, expected 28",
        ),
        (
            TRAIN_IMAGES,
            gzip(&good_images[..20]),
            "truncated: ends after 20 bytes, expected 28",
        ),
        (
            TRAIN_IMAGES,
            images(u32::MAX, 1024, 1024, &PIXELS),
            "truncated: ends after 28 bytes, expected 4503599626321936",
        ),
        (
            TRAIN_IMAGES,
            images(2, 2, 3, &[0; 13]),
            "goes on after 28 bytes, expected to end there",
        ),
        (
            TRAIN_LABELS,
            gzip(&labels(2, &[7, 0, 1])),
            "goes on after 10 bytes, expected to end there",
        ),
        (
            TRAIN_IMAGES,
            images(2, 0, 3, &[]),
            "holds images of 0×3 pixels, expected sides from 1 to 1024",
        ),
        (
            TRAIN_IMAGES,
            images(2, 2, 1025, &[]),
            "holds images of 2×1025 pixels, expected sides from 1 to 1024",
        ),
        (
            TRAIN_IMAGES,
            images(0, 2, 3, &[]),
            "holds no images, expected at least 1",
        ),
        (
            TRAIN_LABELS,
            labels(3, &[7, 0, 1]),
            "holds 3 labels, expected 2, one for each image of DIR/train-images-idx3-ubyte",
        ),
        (
            TRAIN_LABELS,
            labels(2, &[9, 10]),
            "example 1 has the label 10, expected 0 to 9",
        ),
        (
            TRAIN_LABELS,
            flipped,
            "is damaged: its gzip stream does not unpack \
             (corrupt gzip stream does not have a matching checksum)",
        ),
    ];
    for (file, content, problem) in cases {
        let message = pair().with(file, &content).message();
        let remedy = "`breakeven data fetch fashion-mnist` gets the official files";
        assert_eq!(message, format!("DIR/{file}: {problem}; {remedy}"));
    }
}

#[test]
fn a_compressed_file_cut_anywhere_is_refused() {
    let whole = gzip(&images(2, 2, 3, &PIXELS));
    for length in 0..whole.len() {
        let message = pair().with(TRAIN_IMAGES, &whole[..length]).message();
        let known = ["truncated", "is damaged", "starts with"];
        assert!(
            known.iter().any(|problem| message.contains(problem)),
            "{length}: {message}"
        );
    }
}

#[test]
fn bytes_after_a_compressed_stream_are_refused() {
    let packed = [gzip(&labels(2, &[7, 0])), b"rest".to_vec()].concat();
    let message = pair().with(TRAIN_LABELS, &packed).message();
    assert!(
        message.contains("is damaged: its gzip stream does not unpack"),
        "{message}"
    );
}

#[test]
fn half_a_pair_is_named() {
    let folder = pair();
    fs::remove_file(folder.path(TRAIN_LABELS)).unwrap();
    assert_eq!(
        folder.message(),
        "DIR/train-labels-idx1-ubyte is missing, though DIR/train-images-idx3-ubyte is there; \
         `breakeven data fetch fashion-mnist` gets the official files"
    );
    let folder = pair().with(TEST_LABELS, &labels(1, &[3]));
    assert_eq!(
        folder.message(),
        "DIR/t10k-images-idx3-ubyte is missing, though DIR/t10k-labels-idx1-ubyte is there; \
         `breakeven data fetch fashion-mnist` gets the official files"
    );
}

#[test]
fn test_images_of_another_shape_are_refused() {
    let folder = pair()
        .with(TEST_IMAGES, &images(1, 3, 3, &[0; 9]))
        .with(TEST_LABELS, &labels(1, &[3]));
    assert_eq!(
        folder.message(),
        "DIR/t10k-images-idx3-ubyte: holds images of shape [1, 3, 3], expected [1, 2, 3] \
         as in the training part; `breakeven data fetch fashion-mnist` gets the official files"
    );
}

#[test]
fn a_folder_in_place_of_a_file_cannot_be_read() {
    let folder = pair();
    fs::remove_file(folder.path(TRAIN_IMAGES)).unwrap();
    fs::create_dir(folder.path(TRAIN_IMAGES)).unwrap();
    assert_eq!(
        folder.message(),
        "cannot read DIR/train-images-idx3-ubyte; check that it is a file that you may read"
    );
}

#[test]
fn images_are_checked_when_they_are_made() {
    let make = |pixels: usize, labels: &[u8], shape| {
        Images::new(vec![0; pixels], labels.to_vec(), shape, 3).unwrap_err()
    };
    assert_eq!(make(0, &[], [1, 2, 2]), ImagesError::Empty);
    let shape = [1, 0, 2];
    assert_eq!(make(0, &[1], shape), ImagesError::EmptyShape { shape });
    let shape = [1, 2, 2];
    let (found, images) = (7, 2);
    assert_eq!(
        make(7, &[1, 2], shape),
        ImagesError::Pixels {
            found,
            images,
            shape
        }
    );
    let (index, label, classes) = (1, 3, 3);
    assert_eq!(
        make(8, &[1, 3], shape),
        ImagesError::Label {
            index,
            label,
            classes
        }
    );
    let shape = [usize::MAX, 2, 2];
    assert_eq!(
        make(8, &[1, 2], shape),
        ImagesError::Pixels {
            found: 8,
            images,
            shape
        }
    );
}

#[test]
fn a_subset_is_the_first_examples() {
    let train = pair().load().unwrap().train;
    let first = train.first(1).unwrap();
    assert_eq!(first.labels(), [7]);
    assert_eq!(first.bytes(), &PIXELS[..6]);
    for asked in [0, 3] {
        let available = 2;
        assert_eq!(
            train.first(asked).unwrap_err(),
            ImagesError::Subset { asked, available }
        );
    }
    assert_eq!(
        train.first(3).unwrap_err().to_string(),
        "a subset of 3 examples was asked for, expected 1 to 2"
    );
}

/// The official test labels of Fashion-MNIST, whole.
const FASHION_LABELS: &[u8] =
    include_bytes!("../../../fixtures/fashion-mnist-12k/official-t10k-labels-idx1-ubyte.gz");

#[test]
fn the_labels_of_another_data_set_are_refused() {
    let there = |name: &str| {
        Folder::of(name)
            .with(TRAIN_IMAGES, &images(1, 1, 1, &[0]))
            .with(TRAIN_LABELS, &labels(1, &[0]))
            .with(TEST_IMAGES, &images(10_000, 1, 1, &[0; 10_000]))
            .with(TEST_LABELS, FASHION_LABELS)
    };
    assert_eq!(
        there("mnist").message(),
        "DIR/t10k-labels-idx1-ubyte: holds the labels of `fashion-mnist`, expected those of \
         `mnist`; `breakeven data fetch mnist` gets the official files"
    );
    assert!(there("fashion-mnist").load().is_ok());
}

/// A file in `fixtures/files`.
pub fn real(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/files/");
    fs::read(format!("{folder}{name}")).unwrap()
}

#[test]
fn members_of_gzip_follow_each_other_and_zeros_may_pad_the_last() {
    let padded = real("padded.gz");
    let parts = |bytes: &[u8]| {
        // The image's bytes are those of the text: 12 images of one pixel.
        let text = [gzip(&images(12, 1, 1, &[])), bytes.to_vec()].concat();
        Folder::of("mnist")
            .with(TRAIN_IMAGES, &text)
            .with(TRAIN_LABELS, &labels(12, &[1; 12]))
    };
    assert_eq!(
        parts(&padded).load().unwrap().train.bytes(),
        b"first second"
    );
    let end = padded.iter().rposition(|&byte| byte != 0).unwrap() + 1;
    // The last bytes of a member are the length, 6, as four bytes.
    let bare = &padded[..end + 3];
    for zeros in [0, 1, 2, 70_000] {
        let text = [bare, &vec![0; zeros][..]].concat();
        assert_eq!(
            parts(&text).load().unwrap().train.bytes(),
            b"first second",
            "{zeros}"
        );
    }
    for rest in [&b"\0\0x"[..], b"x", b"\0\x1f\x8b", &bare[..9]] {
        let text = [bare, rest].concat();
        let said = parts(&text).message();
        assert!(
            said.contains("is damaged: its gzip stream does not unpack"),
            "{said}"
        );
    }
}
