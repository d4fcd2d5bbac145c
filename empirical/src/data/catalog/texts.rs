//! Data sets of texts.

use super::{Entry, Kind, Origin};
use crate::data::text::{imdb, mnli, snli};

/// What the labels of pairs of sentences mean, in the order of MNLI's and
/// SNLI's authors.
pub(in crate::data) const RELATIONS: [&str; 3] = ["entailment", "neutral", "contradiction"];

/// The first pairs of an extract of SNLI, built in.
pub(super) const SNLI_600: Entry = Entry {
    name: "snli-600",
    title: "SNLI, 600 pairs of sentences, for trials",
    licence: "CC BY-SA 4.0",
    kind: Kind::Pairs { length: 40 },
    classes: 3,
    class_names: &RELATIONS,
    counts: [500, 100],
    layout: &snli::BuiltIn,
    files: &[],
    folders: &[],
    origin: Origin::Embedded,
};

/// IMDB's reviews.
pub(super) const IMDB: Entry = Entry {
    name: "imdb",
    title: "IMDB, film reviews, the last 80 words of each",
    licence: "none stated; cite Maas et al. 2011",
    kind: Kind::Texts { length: 80 },
    classes: 2,
    class_names: &["negative", "positive"],
    counts: [25_000, 25_000],
    layout: &imdb::Reviews,
    files: &[],
    folders: &[],
    origin: Origin::Whole {
        address: "https://ai.stanford.edu/~amaas/data/sentiment",
        archive: "aclImdb_v1.tar.gz",
        sha256: "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
        transfer: 84_125_825,
    },
};

/// MNLI's pairs of sentences.
pub(super) const MNLI: Entry = Entry {
    name: "mnli",
    title: "MNLI, pairs of sentences, 40 word pieces of each",
    licence: "OANC, CC BY 3.0 and CC BY-SA 3.0 by section; cite Williams et al. 2018",
    kind: Kind::Pairs { length: 40 },
    classes: 3,
    class_names: &RELATIONS,
    counts: [392_702, 9_815],
    layout: &mnli::Pairs,
    files: &[],
    folders: &["multinli_1.0", "MNLI", "glue_data/MNLI"],
    origin: Origin::ByHand {
        how: "get https://cims.nyu.edu/~sbowman/multinli/multinli_1.0.zip and unpack it into \
              a folder `mnli` of the data folder",
    },
};
