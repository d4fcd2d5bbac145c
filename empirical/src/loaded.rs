//! Data sets of images or texts, as networks take them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use breakeven_sim::meter::Meter;

use crate::compute::Compute;
use crate::config::DataConfig;
use crate::data::image_folder::ImageFolder;
use crate::data::{
    self, DataError, Encoding, Images, Needed, Pieces, Set, TextRules, Tokens, catalog, text,
};
use crate::examples::{Examples, Inputs, Words};
use crate::model::pretrained::{Pretrained, PretrainedError};
use crate::model::{Architecture, InputShape};
use crate::stream::Stream;

/// Bytes that pictures of class folders may take as numbers on a device; more
/// of them stay on disk and are decoded when they are needed, to the same bits.
pub const DECODED_BYTES: usize = 2 << 30;

/// Data that can't be had for a network.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The vocabulary that came with pretrained weights.
    #[error(transparent)]
    Pretrained(#[from] PretrainedError),
}

/// Examples with their labels, in the order of the data set.
#[derive(Clone, Debug)]
pub enum Labelled {
    /// Images in memory.
    Images(Images),
    /// Images in files of their own.
    Pictures(Arc<ImageFolder>),
    /// Texts.
    Texts(Tokens),
}

/// A data set for training and validation.
///
/// ```
/// use breakeven_empirical::config::DataConfig;
/// use breakeven_empirical::data::EMBEDDED;
/// use breakeven_empirical::loaded::Loaded;
/// use breakeven_empirical::model::{Architecture, InputShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mlp = Architecture::Mlp { hidden: vec![300, 100] };
/// let data = DataConfig { train_examples: Some(100), ..DataConfig::of(EMBEDDED.into()) };
/// let loaded = Loaded::of(&data, None, &mlp)?;
/// assert!(loaded.train.len() >= 100);
/// assert_eq!(loaded.train.shape(), InputShape::Image([1, 28, 28]));
/// assert_eq!(loaded.train.classes(), 10);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Training examples.
    pub train: Labelled,
    /// Validation examples, where there are some.
    pub validation: Option<Labelled>,
}

impl Loaded {
    /// The data set that `data` names, at least as many examples as it takes,
    /// looked for in `data_dir`; texts become
    /// word pieces for BERT, of its own vocabulary where it is a pretrained one
    /// that has one, and words by frequency for other networks.
    ///
    /// # Errors
    /// As [`data::open`] and [`text::encode`], or another vocabulary than it
    /// was.
    pub fn of(
        data: &DataConfig,
        data_dir: Option<&Path>,
        architecture: &Architecture,
    ) -> Result<Self, LoadError> {
        let own = architecture.pretrained().map(Pretrained::vocabulary);
        let own = own.transpose()?.flatten();
        Self::with_vocabulary(data, data_dir, architecture, own)
    }

    /// The same with the word pieces in this file and what is done to texts
    /// before, where a BERT has pieces of its own.
    ///
    /// # Errors
    /// As [`data::open`] and [`text::encode`].
    pub fn with_vocabulary(
        data: &DataConfig,
        data_dir: Option<&Path>,
        architecture: &Architecture,
        own: Option<(PathBuf, TextRules)>,
    ) -> Result<Self, LoadError> {
        let needed = Needed {
            train: data.train_examples,
            validation: data.validation_examples,
        };
        let set = data::open(&data.name, data_dir, needed)?;
        Ok(match set {
            Set::Images(set) => Self::new(set.train, set.validation, Labelled::Images),
            Set::Pictures(set) => Self::new(set.train, set.validation, |folder| {
                Labelled::Pictures(Arc::new(folder))
            }),
            Set::Texts(texts) => {
                let entry = catalog::find(&data.name)?;
                let pieces = own
                    .as_ref()
                    .map(|(file, text)| Pieces { file, text: *text });
                let set = text::encode(entry, texts, &encoding(data, architecture, pieces))?;
                Self::new(set.train, set.validation, Labelled::Texts)
            }
        })
    }

    fn new<T>(train: T, validation: Option<T>, labelled: impl Fn(T) -> Labelled) -> Self {
        Self {
            train: labelled(train),
            validation: validation.map(labelled),
        }
    }
}

/// How the texts of `data` become tokens for this network, a pretrained one's
/// with its own `pieces`.
fn encoding<'a>(
    data: &DataConfig,
    architecture: &Architecture,
    pieces: Option<Pieces<'a>>,
) -> Encoding<'a> {
    let mut encoding = match architecture {
        Architecture::Bert(_) => Encoding::BERT,
        _ => Encoding::KERAS,
    };
    if let Encoding::Pieces { vocabulary, .. } = &mut encoding {
        *vocabulary = pieces;
    }
    let (Encoding::Words { length, .. } | Encoding::Pieces { length, .. }) = &mut encoding;
    *length = data.length.unwrap_or(*length);
    if let Encoding::Words { vocabulary, .. } = &mut encoding {
        *vocabulary = data.vocabulary.unwrap_or(*vocabulary);
    }
    encoding
}

impl Labelled {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Images(images) => images.len(),
            Self::Pictures(folder) => folder.len(),
            Self::Texts(tokens) => tokens.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What they have in common.
    pub fn shape(&self) -> InputShape {
        match self {
            Self::Images(images) => images.shape().into(),
            Self::Pictures(folder) => folder.shape().into(),
            Self::Texts(tokens) => InputShape::Text {
                vocabulary: tokens.vocabulary(),
                length: tokens.length(),
            },
        }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        match self {
            Self::Images(images) => images.classes(),
            Self::Pictures(folder) => folder.class_names().len(),
            Self::Texts(tokens) => tokens.classes(),
        }
    }

    /// The first `count`, on a device; pictures stay on disk where they would
    /// take more than `budget` bytes there, and are each decoded once to see
    /// that they can be, which `meter` counts.
    ///
    /// # Errors
    /// If a picture cannot be read.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn first(
        &self,
        count: usize,
        compute: &Compute,
        budget: usize,
        meter: &Meter,
    ) -> Result<Examples, DataError> {
        match self {
            Self::Images(images) => Ok(Examples::first(images, count, compute)),
            Self::Texts(tokens) => Ok(first_texts(tokens, count, compute)),
            Self::Pictures(folder) => {
                let each = folder.pixels_per_image() * compute.number_bytes();
                let bytes = count.saturating_mul(each);
                if count > 0 && bytes <= budget {
                    let images = folder.load(count)?;
                    return Ok(Examples::first(&images, count, compute));
                }
                let stream = Stream::first(Arc::clone(folder), count, meter)?;
                let labels = &folder.labels()[..count];
                Ok(Examples::streamed(stream, labels, self.classes(), compute))
            }
        }
    }
}

/// The first `count` texts on a device.
fn first_texts(tokens: &Tokens, count: usize, compute: &Compute) -> Examples {
    let length = tokens.length();
    let words = Words::new(
        &tokens.ids()[..count * length],
        tokens.token_types().map(|types| &types[..count * length]),
        tokens.lengths()[..count]
            .iter()
            .map(|&k| k as usize)
            .collect(),
        length,
        compute,
    );
    let labels = tokens.labels()[..count].iter().map(|&k| k.into());
    let labels: Vec<usize> = labels.collect();
    Examples::of(Inputs::Words(words), &labels, tokens.classes(), compute)
}
