//! Data sets of images that come as bytes.

use super::Part::{Train, Validation};
use super::{CLASSES, EMBEDDED, Entry, Kind, OfficialFile, Origin, Part};
use crate::data::bytes;

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

/// The built-in images.
pub(super) const FASHION_MNIST_12K: Entry = Entry {
    name: EMBEDDED,
    title: "Fashion-MNIST, first 12,000 training and 2,000 test images",
    licence: "MIT",
    kind: Kind::Images { shape: [1, 28, 28] },
    classes: CLASSES,
    class_names: &FASHION,
    counts: [12_000, 2_000],
    layout: bytes::EMBEDDED,
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
};

/// Fashion-MNIST.
pub(super) const FASHION_MNIST: Entry = Entry {
    name: "fashion-mnist",
    title: "Fashion-MNIST, clothing, 28×28 grey",
    licence: "MIT",
    kind: Kind::Images { shape: [1, 28, 28] },
    classes: CLASSES,
    class_names: &FASHION,
    counts: [60_000, 10_000],
    layout: bytes::IDX,
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
        address: "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        transfer: 30_878_645,
    },
};

/// MNIST.
pub(super) const MNIST: Entry = Entry {
    name: "mnist",
    title: "MNIST, handwritten digits, 28×28 grey",
    licence: "CC BY-SA 3.0",
    kind: Kind::Images { shape: [1, 28, 28] },
    classes: CLASSES,
    class_names: &DIGITS,
    counts: [60_000, 10_000],
    layout: bytes::IDX,
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
};

/// CIFAR-10.
pub(super) const CIFAR10: Entry = Entry {
    name: "cifar10",
    title: "CIFAR-10, objects, 32×32 colour",
    licence: "none stated; cite Krizhevsky 2009",
    kind: Kind::Images { shape: [3, 32, 32] },
    classes: CLASSES,
    class_names: &OBJECTS,
    counts: [50_000, 10_000],
    layout: bytes::CIFAR,
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
};
