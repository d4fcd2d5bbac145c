use std::fs;
use std::io::Cursor;
use std::path::Path;

use breakeven_sim::meter::Meter;
use image::{ImageFormat, RgbImage};
use serde::Deserialize;
use tempfile::tempdir;

use super::{ImageFolder, ImageFolders, open, picture};
use crate::data::DataError;
use crate::data::catalog::{self, Entry, Part};
use crate::data::tests::files::{Folder, check};

/// Numbers of Pillow and torchvision, whose versions the file has.
#[derive(Deserialize)]
struct Reference {
    cut: Vec<Cut>,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct Cut {
    width: u32,
    height: u32,
    side: usize,
    pixels: Vec<u8>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    jpeg: String,
    pixels: Vec<u8>,
}

fn reference() -> Reference {
    let text = include_str!("../../../../fixtures/reference/pictures.json");
    serde_json::from_str(text).unwrap()
}

impl File {
    fn bytes(&self) -> Vec<u8> {
        let digits = self.jpeg.as_bytes().chunks(2);
        let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
        digits.map(byte).collect()
    }
}

/// The colour JPEG of 8 × 8 pixels.
fn jpeg() -> Vec<u8> {
    reference().files[0].bytes()
}

/// A picture of the script's formula, as a PNG, which loses nothing.
fn png(width: u32, height: u32) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([0, 1, 2].map(|c| ((31 * x + 57 * y + 83 * c + x * y) % 256) as u8))
    });
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn furthest(found: &[u8], expected: &[u8]) -> u8 {
    assert_eq!(found.len(), expected.len());
    let apart = found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b));
    apart.max().unwrap()
}

fn read(bytes: &[u8], side: usize) -> Vec<u8> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.JPEG");
    fs::write(&path, bytes).unwrap();
    picture::read(&path, side).unwrap_or_else(|_| panic!("it is a picture"))
}

#[test]
fn pictures_are_cut_as_torchvision_cuts_them() {
    for cut in reference().cut {
        let found = read(&png(cut.width, cut.height), cut.side);
        let off = furthest(&found, &cut.pixels);
        let exact = cut.width.min(cut.height) as usize == cut.side;
        let most = if exact { 0 } else { 1 }; // Pillow rounds between its two passes
        assert!(off <= most, "{}×{}: {off}", cut.width, cut.height);
    }
}

#[test]
fn colour_grey_and_ink_jpegs_are_decoded_as_by_pillow() {
    for file in reference().files {
        let off = furthest(&read(&file.bytes(), 8), &file.pixels);
        // Decoders may round the cosine transform and the change of colours
        // each their own way.
        assert!(off <= 2, "{}: {off}", file.name);
    }
}

fn entry() -> &'static Entry {
    catalog::find("tiny-imagenet").unwrap()
}

fn tree(files: &[&str]) -> Folder {
    let files = files.iter();
    files.fold(Folder::of("tiny-imagenet"), |folder, file| {
        folder.with(file, &jpeg())
    })
}

fn folders(folder: &Folder) -> Result<ImageFolders, DataError> {
    open(entry(), folder.root(), 8)
}

fn message<T: std::fmt::Debug>(folder: &Folder, result: Result<T, DataError>) -> String {
    folder.shown(&result.unwrap_err())
}

/// Names of files with their labels, by name.
fn named(part: &ImageFolder) -> Vec<(String, u16)> {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let all = (0..part.len()).map(|index| (name(part.file(index)), part.labels()[index]));
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

fn expected(files: &[(&str, u16)]) -> Vec<(String, u16)> {
    let files = files.iter();
    files
        .map(|(name, label)| ((*name).into(), *label))
        .collect()
}

#[test]
fn ilsvrc_has_class_folders_in_both_parts() {
    let folder = tree(&[
        "train/n02/b.JPEG",
        "train/n01/a.jpg",
        "train/n01/c.jpeg",
        "val/n02/v.JPEG",
    ]);
    let set = folders(&folder).unwrap();
    assert_eq!(set.train.class_names(), ["n01", "n02"]);
    let train = expected(&[("a.jpg", 0), ("b.JPEG", 1), ("c.jpeg", 0)]);
    assert_eq!(named(&set.train), train);
    // a validation part need not have every class
    let validation = set.validation.unwrap();
    assert_eq!(named(&validation), expected(&[("v.JPEG", 1)]));
    assert_eq!(validation.class_counts(), [0, 1]);
}

#[test]
fn tiny_imagenet_names_the_classes_of_its_validation_part() {
    let annotations = "v_1.JPEG\tn02\t0\t0\t7\t7\nv_0.JPEG\tn01\t0\t0\t7\t7\n";
    let folder = tree(&[
        "train/n01/images/a.JPEG",
        "train/n02/images/b.JPEG",
        "val/images/v_0.JPEG",
        "val/images/v_1.JPEG",
    ])
    .with("train/n01/n01_boxes.txt", b"a.JPEG\t0\t0\t7\t7\n")
    .with("val/val_annotations.txt", annotations.as_bytes());
    let set = folders(&folder).unwrap();
    assert_eq!(named(&set.train), expected(&[("a.JPEG", 0), ("b.JPEG", 1)]));
    let validation = set.validation.unwrap();
    let both = expected(&[("v_0.JPEG", 0), ("v_1.JPEG", 1)]);
    assert_eq!(named(&validation), both);
}

#[test]
fn annotations_that_do_not_go_with_the_pictures_are_named() {
    let cases = [
        (
            "v.JPEG n01\n",
            "line 1: has one column, expected a file's name and its class, parted by a tab",
        ),
        (
            "v.JPEG\tn09\n",
            "line 1: names the class `n09`, which `train` has not",
        ),
        (
            "v.JPEG\tn01\nw.JPEG\tn01\n",
            "line 2: names `w.JPEG`, which is not in `images` or was named before",
        ),
    ];
    for (annotations, problem) in cases {
        let folder = tree(&["train/n01/images/a.JPEG", "val/images/v.JPEG"])
            .with("val/val_annotations.txt", annotations.as_bytes());
        let said = message(&folder, folders(&folder));
        let expected = format!("DIR/val/val_annotations.txt: {problem}; ");
        assert!(said.starts_with(&expected), "{said}");
    }
    let folder = tree(&["train/n01/images/a.JPEG", "val/images/v.JPEG"])
        .with("val/val_annotations.txt", b"\n");
    let said = message(&folder, folders(&folder));
    let expected = "DIR/val/images/v.JPEG: has no line in val_annotations.txt that says its class";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn one_class_is_read_and_an_empty_one_is_named() {
    let one = tree(&["train/n01/a.JPEG"]);
    assert_eq!(folders(&one).unwrap().train.class_counts(), [1]);
    fs::create_dir(one.path("train/n02")).unwrap();
    let said = message(&one, folders(&one));
    let expected =
        "DIR/train/n02: holds no JPEG files, expected at least 1; the official files: get ";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn other_files_and_hidden_ones_are_passed_over() {
    let folder = tree(&[
        "train/n01/a.JPEG",
        "train/n01/._a.JPEG",
        "train/.git/x.JPEG",
    ])
    .with("train/n01/readme.txt", b"no picture")
    .with("train/list.csv", b"a.JPEG,n01\n");
    let train = folders(&folder).unwrap().train;
    assert_eq!(named(&train), expected(&[("a.JPEG", 0)]));
}

#[test]
fn a_validation_part_has_no_classes_of_its_own() {
    let folder = tree(&["train/n01/a.JPEG", "val/n07/v.JPEG"]);
    let said = message(&folder, folders(&folder));
    let expected = "DIR/val: holds the folder `n07`, which `train` has not; ";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn a_file_that_is_no_whole_picture_is_named_with_the_remedy() {
    let whole = jpeg();
    let cases: [(&[u8], &str); 4] = [
        (&whole[..whole.len() - 20], "it is truncated"),
        (b"", "it is empty"),
        (b"GIF89a..........", "it is of the kind Gif"),
        (
            b"no picture at all",
            "The image format could not be determined",
        ),
    ];
    for (bytes, detail) in cases {
        let folder = tree(&["train/n01/good.JPEG"]).with("train/n01/bad.JPEG", bytes);
        let error = folders(&folder).unwrap().train.verify(2, &Meter::new());
        let said = message(&folder, error);
        let expected = format!("DIR/train/n01/bad.JPEG: is no image that can be read ({detail}");
        assert!(said.starts_with(&expected), "{said}");
        let remedy = "), expected a whole JPEG; the official files: get http://cs231n.stanford.edu";
        assert!(said.contains(remedy), "{said}");
        // and a check of the whole set says the same
        let checked = check(folder.entry, &folder.search());
        assert!(message(&folder, checked).starts_with(&expected));
    }
}

#[test]
fn pictures_much_longer_than_wide_are_refused() {
    let folder = tree(&[]).with("train/n01/long.JPEG", &png(3, 195));
    let said = message(&folder, folders(&folder).unwrap().train.read(0));
    assert!(
        said.contains("it has 3×195 pixels, sides of more than 64 to 1"),
        "{said}"
    );
}

/// A picture is refused for what its first bytes say, before there is memory for it.
#[test]
fn pictures_of_too_many_pixels_are_refused() {
    let with_size = |[width, height]: [u16; 2]| {
        let mut bytes = jpeg();
        // The frame header: marker, length, precision, height, width (ITU-T T.81, B.2.2).
        let frame = bytes
            .windows(2)
            .position(|two| two == [0xff, 0xc0])
            .unwrap();
        bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        let folder = tree(&[]).with("train/n01/large.JPEG", &bytes);
        message(&folder, folders(&folder).unwrap().train.read(0))
    };
    let said = with_size([8193, 8192]);
    let expected = "it has 8193×8192 pixels, more than 67108864 in all";
    assert!(said.contains(expected), "{said}");
    let said = with_size([65_500, 65_500]);
    assert!(said.contains("it has 65500×65500 pixels"), "{said}");
}

#[test]
fn a_check_decodes_every_picture_and_counts_classes() {
    let folder = tree(&[
        "train/a/1.JPEG",
        "train/a/2.JPEG",
        "train/b/3.JPEG",
        "val/b/4.JPEG",
    ]);
    let report = check(folder.entry, &folder.search()).unwrap();
    assert_eq!(report.class_names, ["a", "b"]);
    let counts = report
        .parts
        .iter()
        .map(|part| (part.part, &part.class_counts[..]));
    let expected = [(Part::Train, &[2, 1][..]), (Part::Validation, &[0, 1])];
    assert_eq!(counts.collect::<Vec<_>>(), expected);
    assert_eq!(report.parts[0].shape, Some([3, 64, 64]));
    assert!(!report.has_official_counts);
}

#[test]
fn pictures_of_any_selection_are_those_of_the_whole() {
    let folder = Folder::of("tiny-imagenet")
        .with("train/a/1.JPEG", &png(9, 8))
        .with("train/a/2.JPEG", &png(8, 8))
        .with("train/b/3.JPEG", &png(20, 13));
    let train = folders(&folder).unwrap().train;
    let all = train.load(3).unwrap();
    let some = train.at(&[2, 0]).unwrap();
    assert_eq!(some.image(0), all.image(2));
    assert_eq!(some.image(1), all.image(0));
    assert_eq!(some.labels(), all.labels_at(&[2, 0]));
    assert_eq!(some.normalisation(), all.normalisation());
    assert!(all.normalisation().is_some());
}
