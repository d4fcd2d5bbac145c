//! Word pieces, as BERT's models read texts: the uncased ones, where nothing
//! else is said.
//!
//! Texts are put into lower case without accents, parted at white space,
//! punctuation and Chinese characters, and each word into the longest pieces of
//! a vocabulary from its beginning on, those within a word written with `##`; a
//! word of more than 100 characters, or with a part that is no piece, is
//! `[UNK]`. A text becomes `[CLS] a [SEP]`, a pair `[CLS] a [SEP] b [SEP]` with
//! token types 0 up to the first `[SEP]` and 1 from there on. Where that is too
//! long, the longer of the two texts loses its last pieces until both are
//! equally long, then both.
//!
//! Names of such tokens within a text, as `[SEP]`, are taken for what they are
//! in print: punctuation and a word.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tokenizers::models::wordpiece::WordPiece as Model;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::utils::truncation::{
    TruncationDirection, TruncationParams, TruncationStrategy, truncate_encodings,
};
use tokenizers::{TokenizerImpl, decoders};

use crate::data::error::{DataError, FormatProblem};
use crate::data::files::{Content, Problem};

use super::lines::{self, wrong};

/// The name of a vocabulary's file.
pub const FILE: &str = "vocab.txt";

/// The pieces that stand for no part of a text.
const PADDING: &str = "[PAD]";
const UNKNOWN: &str = "[UNK]";
const BEGIN: &str = "[CLS]";
const SEPARATE: &str = "[SEP]";

type Tokenizer = TokenizerImpl<
    Model,
    BertNormalizer,
    BertPreTokenizer,
    BertProcessing,
    decoders::wordpiece::WordPiece,
>;

/// What is done to texts before they are parted, under the names of Hugging
/// Face's `tokenizer_config.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TextRules {
    /// Whether they are put into lower case. Default true.
    pub do_lower_case: bool,
    /// Whether accents are taken away. Default: where they are put into lower
    /// case.
    pub strip_accents: Option<bool>,
    /// Whether Chinese characters are words. Default true.
    pub tokenize_chinese_chars: bool,
}

impl Default for TextRules {
    fn default() -> Self {
        Self {
            do_lower_case: true,
            strip_accents: None,
            tokenize_chinese_chars: true,
        }
    }
}

impl TextRules {
    fn normalizer(self) -> BertNormalizer {
        let Self {
            do_lower_case,
            strip_accents,
            tokenize_chinese_chars,
        } = self;
        BertNormalizer::new(true, tokenize_chinese_chars, strip_accents, do_lower_case)
    }
}

/// A vocabulary of word pieces.
///
/// ```
/// use breakeven_empirical::data::TextRules;
/// use breakeven_empirical::data::text::word_piece::WordPiece;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let file = std::env::temp_dir().join(format!("breakeven-pieces-{}", std::process::id()));
/// std::fs::write(&file, "[PAD]\n[UNK]\n[CLS]\n[SEP]\nplay\n##ing\n")?;
/// let pieces = WordPiece::open(&file, TextRules::default())?;
/// // [CLS] play ##ing [UNK] [SEP]
/// let (ids, types) = pieces.encode("Playing chess", None, 10)?;
/// assert_eq!(ids, [2, 4, 5, 1, 3]);
/// assert_eq!(types, [0; 5]);
/// # std::fs::remove_file(&file)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WordPiece {
    tokenizer: Tokenizer,
    vocabulary: usize,
    begin: u32,
    separate: u32,
}

impl WordPiece {
    /// The vocabulary in the file at `path`: one piece a line, whose id is the
    /// line's number from 0.
    ///
    /// # Errors
    /// If it cannot be read, is not UTF-8, names a piece twice, lacks `[UNK]`,
    /// `[CLS]` or `[SEP]`, or does not begin with `[PAD]`.
    pub fn open(path: &Path, text: TextRules) -> Result<Self, DataError> {
        Self::of(Content::open(path), path, text)
    }

    /// The vocabulary in `content`, which is that of `file`.
    pub(in crate::data) fn of(
        content: Result<Content, Problem>,
        file: &Path,
        text: TextRules,
    ) -> Result<Self, DataError> {
        let file = file.to_owned();
        content
            .and_then(|content| Self::read(content, text))
            .map_err(|problem| match problem {
                Problem::Io(source) => DataError::Read { file, source },
                Problem::Format(problem) => DataError::Vocabulary { file, problem },
            })
    }

    fn read(content: Content, text: TextRules) -> Result<Self, Problem> {
        let mut pieces: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        lines::for_each(content, &mut |number, line| {
            if number != pieces.len() + 1 {
                return Err(wrong(
                    number - 1,
                    "is empty, expected a piece in every line",
                ));
            }
            let piece = line.trim_end();
            if !seen.insert(piece.to_owned()) {
                return Err(wrong(number, format!("names `{piece}` a second time")));
            }
            pieces.push(piece.to_owned());
            Ok(())
        })?;
        Ok(Self::new(pieces, text)?)
    }

    fn new(pieces: Vec<String>, text: TextRules) -> Result<Self, FormatProblem> {
        let lacks = |piece: &str| FormatProblem::Layout {
            detail: format!("is no vocabulary of BERT's: it lacks `{piece}`"),
        };
        if pieces.first().is_none_or(|first| first != PADDING) {
            return Err(wrong(1, format!("is not `{PADDING}`, which has the id 0")));
        }
        let vocabulary = pieces.len();
        let model = Model::read_bytes(pieces.join("\n").as_bytes())
            .and_then(|ids| {
                let builder = Model::builder().vocab(ids);
                builder.unk_token(UNKNOWN.to_owned()).build()
            })
            .map_err(failed)?;
        let mut tokenizer = Tokenizer::new(model);
        tokenizer
            .with_normalizer(Some(text.normalizer()))
            .map_err(failed)?;
        tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
        let id = |piece: &str| tokenizer.token_to_id(piece).ok_or_else(|| lacks(piece));
        let [begin, separate, _] = [id(BEGIN)?, id(SEPARATE)?, id(UNKNOWN)?];
        Ok(Self {
            tokenizer,
            vocabulary,
            begin,
            separate,
        })
    }

    /// Number of pieces.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Ids and token types of a text, or of a pair of texts, at most `length` of
    /// each.
    ///
    /// # Errors
    /// If `length` has no room for what stands between the texts.
    pub fn encode(
        &self,
        first: &str,
        second: Option<&str>,
        length: usize,
    ) -> Result<(Vec<u32>, Vec<u8>), FormatProblem> {
        let between = if second.is_some() { 3 } else { 2 };
        let Some(room) = length.checked_sub(between) else {
            return Err(FormatProblem::Layout {
                detail: format!("a length of {length} was asked for, expected at least {between}"),
            });
        };
        let encode = |text: &str| self.tokenizer.encode_fast(text, false);
        let parameters = TruncationParams {
            direction: TruncationDirection::Right,
            max_length: room,
            strategy: TruncationStrategy::LongestFirst,
            stride: 0,
        };
        let pieces = encode(first).and_then(|first| {
            let second = second.map(encode).transpose()?;
            truncate_encodings(first, second, &parameters)
        });
        let (first, second) = pieces.map_err(failed)?;
        let mut ids = vec![self.begin];
        ids.extend(first.get_ids());
        ids.push(self.separate);
        let mut types = vec![0; ids.len()];
        if let Some(second) = second {
            ids.extend(second.get_ids());
            ids.push(self.separate);
            types.resize(ids.len(), 1);
        }
        Ok((ids, types))
    }
}

/// What the tokenizer's library says.
fn failed(error: tokenizers::Error) -> FormatProblem {
    FormatProblem::Layout {
        detail: error.to_string(),
    }
}
