//! Data sets of images in a folder for each class.

use super::{Entry, Kind, Origin};
use crate::data::image_folder::ClassFolders;

/// Tiny ImageNet.
pub(super) const TINY_IMAGENET: Entry = Entry {
    name: "tiny-imagenet",
    title: "Tiny ImageNet, objects, 64×64 colour",
    licence: "non-commercial research",
    kind: Kind::Images { shape: [3, 64, 64] },
    classes: 200,
    class_names: &[],
    counts: [100_000, 10_000],
    layout: &ClassFolders,
    files: &[],
    folders: &["tiny-imagenet-200"],
    origin: Origin::ByHand {
        how: "get http://cs231n.stanford.edu/tiny-imagenet-200.zip and unpack it into a \
              folder `tiny-imagenet` of the data folder",
    },
};

/// ImageNet, of the competitions since 2012.
pub(super) const IMAGENET: Entry = Entry {
    name: "imagenet",
    title: "ImageNet (ILSVRC 2012), objects, cut to 224×224 colour",
    licence: "non-commercial research, after registration",
    kind: Kind::Images {
        shape: [3, 224, 224],
    },
    classes: 1000,
    class_names: &[],
    counts: [1_281_167, 50_000],
    layout: &ClassFolders,
    files: &[],
    folders: &["ILSVRC/Data/CLS-LOC", "ILSVRC2012"],
    origin: Origin::ByHand {
        how: "https://image-net.org gives ILSVRC 2012 to those with an account; unpack it \
              into a folder `imagenet` of the data folder, as `train/n…/*.JPEG` and \
              `val/n…/*.JPEG`, a folder for each class",
    },
};
