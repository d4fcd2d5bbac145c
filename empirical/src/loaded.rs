//! Data sets of images or texts, as networks take them.

use std::path::Path;

use crate::compute::Compute;
use crate::config::DataConfig;
use crate::data::catalog::{self, Kind};
use crate::data::{self, DataError, Encoding, Images, Pieces, Tokens};
use crate::examples::{Examples, Inputs, Words};
use crate::model::{Architecture, InputShape};
use crate::pretrained::{Pretrained, PretrainedError};

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
    /// Images.
    Images(Images),
    /// Texts.
    Texts(Tokens),
}

/// A data set for training and validation.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Training examples.
    pub train: Labelled,
    /// Validation examples, where there are some.
    pub validation: Option<Labelled>,
}

impl Loaded {
    /// The data set that `data` names, looked for in `data_dir`; texts become
    /// word pieces for BERT, of its own vocabulary where it is a pretrained one
    /// that has one, and words by frequency for other networks.
    ///
    /// # Errors
    /// As [`data::load`] and [`data::load_text`], or another vocabulary than it
    /// was.
    pub fn of(
        data: &DataConfig,
        data_dir: Option<&Path>,
        architecture: &Architecture,
    ) -> Result<Self, LoadError> {
        let name = data.name.as_str();
        if let Kind::Images { .. } = catalog::find(name)?.kind {
            let set = data::load(name, data_dir)?;
            return Ok(Self {
                train: Labelled::Images(set.train),
                validation: set.validation.map(Labelled::Images),
            });
        }
        let pretrained = architecture.pretrained();
        let own = pretrained
            .map(Pretrained::vocabulary)
            .transpose()?
            .flatten();
        let mut encoding = match architecture {
            Architecture::Bert(_) => Encoding::BERT,
            _ => Encoding::KERAS,
        };
        if let Encoding::Pieces { vocabulary, .. } = &mut encoding {
            *vocabulary = own
                .as_ref()
                .map(|(file, text)| Pieces { file, text: *text });
        }
        let (Encoding::Words { length, .. } | Encoding::Pieces { length, .. }) = &mut encoding;
        *length = data.length.unwrap_or(*length);
        if let Encoding::Words { vocabulary, .. } = &mut encoding {
            *vocabulary = data.vocabulary.unwrap_or(*vocabulary);
        }
        let set = data::load_text(name, data_dir, &encoding)?;
        Ok(Self {
            train: Labelled::Texts(set.train),
            validation: set.validation.map(Labelled::Texts),
        })
    }
}

impl Labelled {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Images(images) => images.len(),
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
            Self::Texts(tokens) => tokens.classes(),
        }
    }

    /// The first `count` on a device.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn first(&self, count: usize, compute: &Compute) -> Examples {
        let tokens = match self {
            Self::Images(images) => return Examples::first(images, count, compute),
            Self::Texts(tokens) => tokens,
        };
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
}
