//! The data sets that there are: names, files, checksums, addresses.
//!
//! A checksum is the SHA-256 of a file's content, unpacked, so that it holds
//! for raw and for compressed files, whoever compressed them. The files of
//! which they were taken had the MD5 sums that the data sets' authors publish
//! (`docs/data.md`).

use super::error::DataError;

/// The name of the built-in data set.
pub const EMBEDDED: &str = "fashion-mnist-12k";

/// One data set.
#[derive(Debug)]
pub struct Entry {
    /// What commands and configurations call it.
    pub name: &'static str,
    /// What it is, in words.
    pub title: &'static str,
    /// Its licence, or the terms that its authors state.
    pub licence: &'static str,
    /// \[channels, height, width\] of the official images.
    pub shape: [usize; 3],
    /// What the labels 0, 1, … mean.
    pub class_names: [&'static str; CLASSES],
    /// How the files are laid out.
    pub layout: Layout,
    /// The official files: the training part's, then the test part's.
    pub files: &'static [OfficialFile],
    /// Folders within a data folder that the files may lie in: those that the
    /// archives and torchvision make.
    pub folders: &'static [&'static str],
    /// Where the official files come from.
    pub origin: Origin,
}

/// Every data set here has ten classes.
pub const CLASSES: usize = 10;

/// How the files of a data set are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// IDX files that are part of the program.
    Embedded,
    /// Two pairs of IDX files, images and labels.
    Idx,
    /// CIFAR-10's binary batches.
    Cifar,
}

/// The part of a data set that a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Training examples.
    Train,
    /// The official test examples, used as validation set.
    Validation,
}

/// One official file.
#[derive(Debug)]
pub struct OfficialFile {
    /// Its name, without `.gz`.
    pub name: &'static str,
    /// The part that it belongs to.
    pub part: Part,
    /// Examples in it.
    pub examples: usize,
    /// Bytes of its content, unpacked.
    pub bytes: u64,
    /// SHA-256 of its content, unpacked, in lower-case hexadecimal.
    pub sha256: &'static str,
}

/// Where official files come from.
#[derive(Debug)]
pub enum Origin {
    /// They are part of the program.
    Embedded,
    /// Each file for itself, as `address/NAME.gz`.
    Files {
        /// The official address, without the file's name.
        address: &'static str,
        /// Bytes to transfer, all files together.
        transfer: u64,
    },
    /// All files in one compressed archive.
    Archive {
        /// The official address, without the archive's name.
        address: &'static str,
        /// The archive's name.
        archive: &'static str,
        /// The folder in it that holds the files.
        folder: &'static str,
        /// Bytes to transfer.
        transfer: u64,
    },
}

impl Entry {
    /// Official examples of `part`.
    pub fn examples(&self, part: Part) -> usize {
        let mut names: Vec<_> = self.files.iter().filter(|f| f.part == part).collect();
        if self.layout != Layout::Cifar {
            names.truncate(1); // images and labels are files of the same examples
        }
        names.iter().map(|f| f.examples).sum()
    }
}

/// All data sets, the built-in one first.
pub fn all() -> &'static [Entry] {
    &CATALOG
}

/// The data set called `name`.
///
/// # Errors
/// No data set has this name; the message lists those that exist.
pub fn find(name: &str) -> Result<&'static Entry, DataError> {
    CATALOG.iter().find(|e| e.name == name).ok_or_else(|| {
        let known: Vec<_> = CATALOG.iter().map(|e| format!("`{}`", e.name)).collect();
        DataError::UnknownName {
            name: name.to_owned(),
            known: known.join(", "),
        }
    })
}

const FASHION: [&str; CLASSES] = [
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
];

const DIGITS: [&str; CLASSES] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

const OBJECTS: [&str; CLASSES] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

const fn file(
    name: &'static str,
    part: Part,
    examples: usize,
    bytes: u64,
    sha256: &'static str,
) -> OfficialFile {
    OfficialFile {
        name,
        part,
        examples,
        bytes,
        sha256,
    }
}

use Part::{Train, Validation};

static CATALOG: [Entry; 4] = [
    Entry {
        name: EMBEDDED,
        title: "Fashion-MNIST, first 12,000 training and 2,000 test images",
        licence: "MIT",
        shape: [1, 28, 28],
        class_names: FASHION,
        layout: Layout::Embedded,
        files: &[
            file(
                "train-images-idx3-ubyte",
                Train,
                12_000,
                9_408_016,
                "39fed60d923648a6a26c8891a4a29115b7c8277438b70da22b9c4ba97262f3b4",
            ),
            file(
                "train-labels-idx1-ubyte",
                Train,
                12_000,
                12_008,
                "d3ceaa7f344b00d0a41770262dfcc5d3093a9f5ea49aadeabb5631e7d67e4323",
            ),
            file(
                "t10k-images-idx3-ubyte",
                Validation,
                2_000,
                1_568_016,
                "862035b0a96959b614c9574f4c2b0ae9584ca234813e8d6d7adb7838b12ca46b",
            ),
            file(
                "t10k-labels-idx1-ubyte",
                Validation,
                2_000,
                2_008,
                "aa3f574d30afaf0d4d9da084a6f8541771e20693d6a97fae6e9a4953fca8f078",
            ),
        ],
        folders: &[],
        origin: Origin::Embedded,
    },
    Entry {
        name: "fashion-mnist",
        title: "Fashion-MNIST, clothing, 28×28 grey",
        licence: "MIT",
        shape: [1, 28, 28],
        class_names: FASHION,
        layout: Layout::Idx,
        files: &[
            file(
                "train-images-idx3-ubyte",
                Train,
                60_000,
                47_040_016,
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            ),
            file(
                "train-labels-idx1-ubyte",
                Train,
                60_000,
                60_008,
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            ),
            file(
                "t10k-images-idx3-ubyte",
                Validation,
                10_000,
                7_840_016,
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            ),
            file(
                "t10k-labels-idx1-ubyte",
                Validation,
                10_000,
                10_008,
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        ],
        folders: &["FashionMNIST/raw", "raw"],
        origin: Origin::Files {
            address: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
            transfer: 30_878_645,
        },
    },
    Entry {
        name: "mnist",
        title: "MNIST, handwritten digits, 28×28 grey",
        licence: "CC BY-SA 3.0",
        shape: [1, 28, 28],
        class_names: DIGITS,
        layout: Layout::Idx,
        files: &[
            file(
                "train-images-idx3-ubyte",
                Train,
                60_000,
                47_040_016,
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            ),
            file(
                "train-labels-idx1-ubyte",
                Train,
                60_000,
                60_008,
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
            file(
                "t10k-images-idx3-ubyte",
                Validation,
                10_000,
                7_840_016,
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            ),
            file(
                "t10k-labels-idx1-ubyte",
                Validation,
                10_000,
                10_008,
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ],
        folders: &["MNIST/raw", "raw"],
        origin: Origin::Files {
            address: "https://ossci-datasets.s3.amazonaws.com/mnist",
            transfer: 11_594_722,
        },
    },
    Entry {
        name: "cifar10",
        title: "CIFAR-10, objects, 32×32 colour",
        licence: "none stated; cite Krizhevsky 2009",
        shape: [3, 32, 32],
        class_names: OBJECTS,
        layout: Layout::Cifar,
        files: &[
            file(
                "data_batch_1.bin",
                Train,
                10_000,
                30_730_000,
                "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
            ),
            file(
                "data_batch_2.bin",
                Train,
                10_000,
                30_730_000,
                "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
            ),
            file(
                "data_batch_3.bin",
                Train,
                10_000,
                30_730_000,
                "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
            ),
            file(
                "data_batch_4.bin",
                Train,
                10_000,
                30_730_000,
                "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
            ),
            file(
                "data_batch_5.bin",
                Train,
                10_000,
                30_730_000,
                "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
            ),
            file(
                "test_batch.bin",
                Validation,
                10_000,
                30_730_000,
                "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
            ),
        ],
        folders: &["cifar-10-batches-bin", "cifar-10-batches-py"],
        origin: Origin::Archive {
            address: "https://www.cs.toronto.edu/~kriz",
            archive: "cifar-10-binary.tar.gz",
            folder: "cifar-10-batches-bin",
            transfer: 170_052_171,
        },
    },
];
