//! Texts, and sequences of tokens made of them.
//!
//! | stage | module |
//! |---|---|
//! | reading lines, with their numbers | `lines` |
//! | reviews of IMDB | [`imdb`] |
//! | pairs of sentences: MNLI, and the built-in extract of SNLI | [`mnli`], `snli` |
//! | words by frequency, as Keras numbers them | [`words`] |
//! | word pieces, as BERT reads them | [`word_piece`] |

pub mod imdb;
mod lines;
pub mod mnli;
pub(super) mod snli;
#[cfg(test)]
mod tests;
pub mod word_piece;
pub mod words;

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::catalog::{Entry, Kind, Part};
use super::error::{DataError, FormatProblem};
use super::files;
use super::layout::{Layout, Needed, Set, Source};
use super::search::Search;
use super::tokens::{TokenParts, Tokens};
use word_piece::{TextRules, WordPiece};
use words::Words;

/// One text, or a pair of them, with its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The text, or the first of a pair.
    pub first: String,
    /// The second text of a pair.
    pub second: Option<String>,
    /// Its class.
    pub label: u16,
}

/// The examples of one part of a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextPart {
    /// In a fixed order.
    pub examples: Vec<Example>,
    /// Examples that were left out, since their annotators did not agree.
    pub skipped: usize,
}

/// A data set of texts, as it was read.
#[derive(Clone, Debug)]
pub struct Texts {
    /// Where it came from.
    pub source: Source,
    /// The files and folders that were read.
    pub read: Vec<PathBuf>,
    /// Training examples, at least one.
    pub train: TextPart,
    /// Validation examples; `None` where there are none.
    pub validation: Option<TextPart>,
}

/// Texts whose files lie in one folder.
trait InFolder: Debug + Sync {
    /// What is looked for, in words.
    const LOOKED_FOR: &'static str;

    /// The files that were found.
    type Files;

    /// Those in `folder`, where there are any.
    fn find(folder: &Path) -> Option<Self::Files>;

    /// The texts of `entry` in the files found; they come from `source`.
    fn read(entry: &'static Entry, files: Self::Files, source: Source) -> Result<Texts, DataError>;
}

impl<T: InFolder> Layout for T {
    fn looked_for(&self, _: &Entry) -> String {
        T::LOOKED_FOR.to_owned()
    }

    fn is_in(&self, _: &Entry, folder: &Path) -> bool {
        T::find(folder).is_some()
    }

    fn open(&self, entry: &'static Entry, search: &Search, _: Needed) -> Result<Set, DataError> {
        let folder = search.folder_of(entry)?;
        let Some(files) = T::find(&folder) else {
            return Err(DataError::NotFound {
                name: entry.name,
                looked: vec![folder],
                files: T::LOOKED_FOR.to_owned(),
            });
        };
        T::read(entry, files, Source::Folder(folder)).map(Set::Texts)
    }
}

/// The training part and the validation part of a data set while it is read.
#[derive(Default)]
pub(super) struct Both<T = TextPart> {
    pub(super) train: T,
    pub(super) validation: T,
}

impl<T> Both<T> {
    fn of(&mut self, part: Part) -> &mut T {
        match part {
            Part::Train => &mut self.train,
            Part::Validation => &mut self.validation,
        }
    }
}

impl Both {
    /// The same as texts, if there are training examples.
    fn into_texts(self, source: Source, read: Vec<PathBuf>) -> Result<Texts, FormatProblem> {
        if self.train.examples.is_empty() {
            let detail = "holds no training examples, expected at least 1".to_owned();
            return Err(FormatProblem::Layout { detail });
        }
        let validation = !self.validation.examples.is_empty();
        Ok(Texts {
            source,
            read,
            train: self.train,
            validation: validation.then_some(self.validation),
        })
    }
}

/// The word pieces that a model was trained with.
#[derive(Clone, Copy, Debug)]
pub struct Pieces<'a> {
    /// A `vocab.txt`.
    pub file: &'a Path,
    /// What is done to texts before.
    pub text: TextRules,
}

/// How texts become sequences of tokens.
#[derive(Clone, Debug)]
pub enum Encoding<'a> {
    /// Words by their frequency in the training part ([`words`]); of a pair,
    /// those of the second text.
    Words {
        /// The most ids, those of padding, start and unknown words included.
        vocabulary: usize,
        /// The most tokens: the last ones are kept.
        length: usize,
    },
    /// Word pieces of a given vocabulary ([`word_piece`]).
    Pieces {
        /// A model's own; without it, that in the data set's folder or, of a
        /// built-in data set, the one that comes with it.
        vocabulary: Option<Pieces<'a>>,
        /// The most tokens: the longer text of a pair loses its last ones first.
        length: usize,
    },
}

impl Encoding<'_> {
    /// As in Keras' example of an LSTM on IMDB: 20,000 ids, the last 80 tokens.
    pub const KERAS: Self = Self::Words {
        vocabulary: 20_000,
        length: 80,
    };

    /// Word pieces, 40 of each pair or text.
    pub const BERT: Self = Self::Pieces {
        vocabulary: None,
        length: 40,
    };
}

/// A data set of texts as sequences of tokens.
#[derive(Clone, Debug)]
pub struct TextSet {
    /// Its name in the catalog.
    pub name: &'static str,
    /// Where it came from.
    pub source: Source,
    /// The training examples.
    pub train: Tokens,
    /// The validation examples; `None` where there are none.
    pub validation: Option<Tokens>,
}

/// The `texts` of `entry` as sequences of tokens.
///
/// ```
/// use breakeven_empirical::data::text::encode;
/// use breakeven_empirical::data::{Encoding, Needed, Set, catalog, open};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let Set::Texts(texts) = open("snli-600", None, Needed::default())? else {
///     return Err("SNLI has texts".into());
/// };
/// let set = encode(catalog::find("snli-600")?, texts, &Encoding::BERT)?;
/// assert_eq!((set.train.len(), set.train.length()), (500, 40));
/// // The tokens of a pair's second text have the type 1.
/// assert!(set.train.token_types().is_some());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A vocabulary that is missing or not what it should be, and a length or a
/// number of words that is too small.
pub fn encode(
    entry: &'static Entry,
    texts: Texts,
    encoding: &Encoding,
) -> Result<TextSet, DataError> {
    let coder = Coder::new(entry, &texts, encoding)?;
    let wrong = |problem: FormatProblem| {
        let path = texts.read.first().cloned().unwrap_or_default();
        files::Problem::from(problem).of(entry, &path)
    };
    let train = coder.tokens(&texts.train, entry.classes).map_err(wrong)?;
    let validation = texts.validation.as_ref();
    let validation = validation.map(|part| coder.tokens(part, entry.classes));
    Ok(TextSet {
        name: entry.name,
        train,
        validation: validation.transpose().map_err(wrong)?,
        source: texts.source,
    })
}

/// An encoding with its vocabulary.
enum Coder {
    Words(Words, usize),
    Pieces(Box<WordPiece>, usize, bool),
}

impl Coder {
    fn new(entry: &'static Entry, texts: &Texts, encoding: &Encoding) -> Result<Self, DataError> {
        match *encoding {
            Encoding::Words { vocabulary, length } => {
                let examples = texts.train.examples.iter();
                let words = Words::count(examples.map(spoken), vocabulary);
                Ok(Self::Words(words, length))
            }
            Encoding::Pieces { vocabulary, length } => {
                let is_pairs = matches!(entry.kind, Kind::Pairs { .. });
                let pieces = pieces(entry, &texts.source, vocabulary)?;
                Ok(Self::Pieces(Box::new(pieces), length, is_pairs))
            }
        }
    }

    /// The sequences of all examples of `part`, in their order.
    fn tokens(&self, part: &TextPart, classes: usize) -> Result<Tokens, FormatProblem> {
        let examples = part.examples.par_iter();
        let coded = examples.map(|example| match self {
            Self::Words(words, length) => {
                let ids = words.encode(spoken(example), *length);
                Ok((ids, Vec::new()))
            }
            Self::Pieces(pieces, length, _) => {
                pieces.encode(&example.first, example.second.as_deref(), *length)
            }
        });
        let coded: Vec<(Vec<u32>, Vec<u8>)> = coded.collect::<Result<_, FormatProblem>>()?;
        let (length, vocabulary, has_types) = match self {
            Self::Words(words, length) => (*length, words.vocabulary(), false),
            Self::Pieces(pieces, length, is_pairs) => (*length, pieces.vocabulary(), *is_pairs),
        };
        let labels = part.examples.iter().map(|example| example.label);
        let padded_ids = coded.iter().flat_map(|(ids, _)| padded(ids, length));
        let padded_types = coded.iter().flat_map(|(_, types)| padded(types, length));
        let tokens = Tokens::new(TokenParts {
            ids: padded_ids.collect(),
            lengths: coded.iter().map(|(ids, _)| ids.len() as u32).collect(), // at most `length`
            token_types: has_types.then(|| padded_types.collect()),
            length,
            labels: labels.collect(),
            classes,
            vocabulary,
        })?;
        Ok(tokens)
    }
}

/// The text whose words count: of a pair the second.
fn spoken(example: &Example) -> &str {
    example.second.as_ref().unwrap_or(&example.first)
}

fn padded<T: Copy + Default>(values: &[T], length: usize) -> impl Iterator<Item = T> {
    let own = values.iter().copied();
    own.chain(std::iter::repeat(T::default())).take(length)
}

/// The vocabulary `own`, or that of the data set.
fn pieces(
    entry: &'static Entry,
    source: &Source,
    own: Option<Pieces>,
) -> Result<WordPiece, DataError> {
    match (own, source) {
        (Some(own), _) => WordPiece::open(own.file, own.text),
        (None, Source::Embedded) => snli::vocabulary(),
        (None, Source::Folder(folder)) => {
            let looked = folder.join(word_piece::FILE);
            match looked.exists() {
                true => WordPiece::open(&looked, TextRules::default()),
                false => Err(DataError::NoVocabulary {
                    name: entry.name,
                    looked,
                }),
            }
        }
    }
}
