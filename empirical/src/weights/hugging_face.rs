//! Names of BERT's tensors in Hugging Face's files, old and new, of the encoder
//! alone and with heads.

use std::collections::BTreeSet;

use crate::parameters::{Parameter, Parameters};

/// Before the names of the encoder, unless it was saved alone.
const ENCODER: &str = "bert.";
/// The parts of an encoder that was saved alone.
const PARTS: [&str; 3] = ["embeddings.", "encoder.", "pooler."];
/// Ends of names in files of 2019, as TensorFlow's were.
const OLD: [(&str, &str); 2] = [(".gamma", ".weight"), (".beta", ".bias")];
/// What stands behind the encoder: a model that was trained for something else
/// has none or another.
const HEAD: [&str; 2] = ["bert.pooler.dense.", CLASSIFIER];
const CLASSIFIER: &str = "classifier.";

/// A tensor that is no weight of the classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ignored {
    /// Heads of pretraining.
    Heads,
    /// The numbers 0, 1, 2, …
    Positions,
}

impl Ignored {
    pub fn in_words(self, count: usize) -> String {
        match self {
            Self::Heads => format!(
                "`cls.*` was ignored, {count} tensors: heads of pretraining, which the model does not have"
            ),
            Self::Positions => {
                "`embeddings.position_ids` was ignored: it counts positions and is no weight"
                    .to_owned()
            }
        }
    }
}

/// Whether these are a BERT's.
pub(super) fn is_bert(parameters: &Parameters) -> bool {
    parameters.iter().any(|of| of.name.starts_with(ENCODER))
}

/// Why the tensor of this name is no weight of the classifier, where it is
/// none.
pub(super) fn ignored(name: &str) -> Option<Ignored> {
    let of_encoder = name.strip_prefix(ENCODER).unwrap_or(name);
    match of_encoder {
        "embeddings.position_ids" => Some(Ignored::Positions),
        _ if name.starts_with("cls.") => Some(Ignored::Heads),
        _ => None,
    }
}

/// What the model calls the tensor of this name; what was changed is `said`.
pub(super) fn own_name(name: &str, said: &mut BTreeSet<&'static str>) -> String {
    let mut own = name.to_owned();
    if PARTS.iter().any(|part| name.starts_with(part)) {
        own.insert_str(0, ENCODER);
        said.insert("`bert.` was put before the names of tensors: the encoder was saved alone");
    }
    for (old, new) in OLD {
        if let Some(rest) = own.strip_suffix(old) {
            own = format!("{rest}{new}");
            said.insert("`gamma` and `beta` are the weights and biases of layer normalisations");
        }
    }
    own
}

/// Whether `parameter` of a model may be missing, and is drawn then.
pub(super) fn may_be_drawn(model: &Parameters, parameter: &Parameter) -> bool {
    is_bert(model) && HEAD.iter().any(|part| parameter.name.starts_with(part))
}

/// Whether `parameter` of a model is its classifier's.
pub(super) fn is_classifier(model: &Parameters, parameter: &Parameter) -> bool {
    is_bert(model) && parameter.name.starts_with(CLASSIFIER)
}
