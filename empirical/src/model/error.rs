//! Architectures that do not fit.

/// Units, or channels, of the largest layer that is built.
pub(super) const LARGEST_LAYER: usize = 1 << 20;

/// Parameters of the largest model that is built: a vector of them in f64
/// takes 2 GiB.
pub(super) const LARGEST_MODEL: usize = 1 << 28;

/// Why an architecture does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A layer without units.
    #[error("{0} is 0: give every layer at least one unit")]
    Empty(&'static str),
    /// Examples without numbers, or of no class.
    #[error("{0} is 0: a network needs data and classes")]
    Nothing(&'static str),
    /// A layer that no memory holds.
    #[error("a layer has {0} units: give at most {LARGEST_LAYER}")]
    LargeLayer(usize),
    /// A model that no memory holds.
    #[error(
        "the model would have {0} parameters: give it smaller layers, for at most {LARGEST_MODEL}"
    )]
    LargeModel(usize),
    /// An image that pooling leaves nothing of.
    #[error(
        "{model} needs images of at least {least} × {least} pixels, these have {height} × {width}: use mlp"
    )]
    SmallImage {
        /// The network.
        model: &'static str,
        /// The least side.
        least: usize,
        /// Rows of pixels.
        height: usize,
        /// Columns of pixels.
        width: usize,
    },
    /// A network for images on texts, or the other way round.
    #[error("{model} takes {takes}, the data set has {has}: choose another model or data set")]
    Inputs {
        /// The network.
        model: &'static str,
        /// What it takes.
        takes: &'static str,
        /// What there is.
        has: &'static str,
    },
    /// Features that heads can't share evenly.
    #[error("{features} features can't be shared by {heads} heads: give a multiple")]
    Heads {
        /// Features of a word.
        features: usize,
        /// Heads.
        heads: usize,
    },
    /// Texts with more words than there are positions.
    #[error("texts have {length} words, bert has {most} positions: raise max_position_embeddings")]
    LongText {
        /// Words.
        length: usize,
        /// Positions.
        most: usize,
    },
    /// The same of pretrained weights, whose positions are what they are.
    #[error(
        "texts have {length} word pieces, the pretrained bert has {most} positions (max_position_embeddings \
         of its config.json): give a length of at most {most}"
    )]
    LongPretrainedText {
        /// Word pieces.
        length: usize,
        /// Positions.
        most: usize,
    },
    /// Texts in other word pieces than the model's.
    #[error(
        "the texts' vocabulary has {found} word pieces, the bert has embeddings of {rows} (vocab_size): \
         put the vocab.txt that the weights were trained with beside them"
    )]
    Vocabulary {
        /// Pieces of the vocabulary.
        found: usize,
        /// Embeddings.
        rows: usize,
    },
    /// A layer normalisation that divides by zero.
    #[error("layer_norm_eps is {0}: give a positive number, such as 1e-12")]
    Epsilon(String),
}
