//! Settings that a sweep refuses.

use super::COMPLETE_SPECTRUM_LIMIT;

/// A setting that can't be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A number outside its range.
    #[error("{key} is {found}: give {expected}")]
    Range {
        /// The key.
        key: &'static str,
        /// What was found.
        found: String,
        /// What is asked for.
        expected: String,
    },
    /// A list without entries.
    #[error("{0} is empty: name at least one")]
    Empty(&'static str),
    /// An entry that occurs twice.
    #[error("{key} holds {value} twice: each run must differ")]
    Twice {
        /// The key.
        key: &'static str,
        /// The entry.
        value: String,
    },
    /// β for all runs, and a list of it.
    #[error(
        "training.momentum and sweep.momenta are both given: leave training.momentum out, as each run has its own"
    )]
    MomentumTwice,
    /// A batch larger than the data.
    #[error("{key} is {size}, but there are {examples} training examples: give at most {examples}")]
    BatchTooLarge {
        /// The key.
        key: &'static str,
        /// What was asked for.
        size: usize,
        /// N.
        examples: usize,
    },
    /// More examples than the data set has.
    #[error("{key} is {asked}, but {data} has {available} such examples: give at most {available}")]
    TooFewExamples {
        /// The key.
        key: &'static str,
        /// What was asked for.
        asked: usize,
        /// The data set.
        data: String,
        /// What it has.
        available: usize,
    },
    /// More eigenvalues than the matrix has.
    #[error(
        "{key} is {asked}, but the model has {parameters} parameters: give at most {parameters}"
    )]
    TooManyEigenvalues {
        /// The key.
        key: &'static str,
        /// What was asked for.
        asked: usize,
        /// D.
        parameters: usize,
    },
    /// A complete spectrum of a network that is too large for it.
    #[error(
        "measure.complete_hessian_spectrum takes at most {COMPLETE_SPECTRUM_LIMIT} parameters, the model has {0}: \
         use measure.density_probes"
    )]
    SpectrumTooLarge(usize),
    /// Weight decay on nothing.
    #[error(
        "training.weight_decay_on is {asked}, which holds no parameter of the model ({names}): give all, \
         weights, convolutions or a pattern such as fc*.weight"
    )]
    NothingDecays {
        /// What was asked for.
        asked: String,
        /// The model's parameters.
        names: String,
    },
    /// Augmentation of what is no image.
    #[error("training.augment crops and mirrors images, which these examples are not: give none")]
    NotImages,
}
